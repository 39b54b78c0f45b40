"""Persons whose part changes: who lost a role or left cannot sign as before, what was signed before stays good."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.domain.units import Role
from models.store import tables as t
from sync.trust import identity
from tests.sync_world import COUNTY, SCHOOL, Member, enrol, make_template, opened


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("people") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "county") as members:
        yield members


def change_operator(member: Member, name: str, **values: str) -> None:
    def act(session: Any) -> None:
        session.execute(update(t.operator).where(t.operator.c.name == name).values(**values))
        identity.audit.append(session, None, "test.operator", "operator", {})

    member.store.write(act)


def test_changed_roles_end_the_old_certificate(world: list[Member]) -> None:
    school, county = world
    school.act(Role.HEAD)
    person = school.actors[Role.HEAD].person_id
    old = county.store.read(identity.newest, SCHOOL.id, "person", person)
    change_operator(school, "负责人", roles="registrar")
    enrol(school, county)
    new = county.store.read(identity.newest, SCHOOL.id, "person", person)
    assert old is not None
    assert new is not None
    assert (old.subject.roles, new.subject.roles) == ({"head"}, {"registrar"})
    assert old.fingerprint in county.store.read(identity.trust_of).revoked


def test_who_left_the_bureau_loses_the_certificate(world: list[Member]) -> None:
    county = world[1]
    change_operator(county, "负责人", state="disabled")
    county.store.write(identity.ensure)
    names = {c.subject.name for c in county.store.read(identity.in_force, COUNTY.id) if c.subject.purpose == "person"}
    assert names == {"管理员", "登记员"}
