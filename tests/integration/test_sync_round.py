"""The whole way of a change between two stores: enrolled, built, received, reviewed, answered, in effect."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from models.domain.states import Verdict
from models.domain.units import Role
from models.store import tables as t
from sync.formats import FileKind, describe
from sync.packages import ledger
from tests.sync_world import Member, make_template, opened


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("world") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    """First school, second school, county, each opened from a copy."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "second", "county") as members:
        yield members


def name_of(member: Member, change_id: str) -> str:
    query = select(t.student.c.name).join(t.change, t.change.c.subject_id == t.student.c.id)
    return str(member.store.read(lambda s: s.execute(query.where(t.change.c.id == change_id)).scalar()))


def test_change_travels_up_and_takes_effect(world: list[Member]) -> None:
    school, _, county = world
    ids = school.approved(["赵明华", "赵明亮"])
    from sync.packages import outbox

    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    assert [school.state_of(i) for i in ids] == ["sealed", "sealed"]
    assert len(built.new) == 2
    assert len(built.paths) == 2
    assert describe(built.paths[0]).kind is FileKind.CHANGES
    for path in reversed(built.paths):
        received = county.receive(path)
        assert not received.refused
    received_id = built.new[0]
    reply = county.review_all(received_id)
    answered = school.receive(reply)
    assert answered.counts["accepted"] == 2
    assert [school.state_of(i) for i in ids] == ["effective", "effective"]
    assert name_of(school, ids[0]) == "赵明华"
    packages = school.store.read(ledger.list_packages, "out")
    assert {p["state"] for p in packages} == {"receipted"}


def test_returned_item_is_a_draft_again(world: list[Member]) -> None:
    school, _, county = world
    built = school.build(["赵明华"])
    county.receive(built.paths[0])
    reply = county.review_all(built.new[0], Verdict.RETURN, "请附户口簿首页")
    answered = school.receive(reply)
    assert answered.counts["returned"] == 1
    assert "补正" in answered.next_step
