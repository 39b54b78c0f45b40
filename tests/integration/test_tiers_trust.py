"""Four tiers by real files: who believes whom, up and down; and each refusal with its sentence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.domain.units import Unit
from models.services import units
from models.store import clock
from sync.refusals import Fault, RefusedError
from sync.trust import identity
from sync.trust.certificates import parse
from sync.wire.statements import Statement, sign
from tests.sync_world import (
    BLACK_SCHOOL,
    CITY,
    CLOUD_CITY,
    COUNTY,
    PROVINCE,
    SCHOOL,
    TIERS,
    Member,
    make_tiers,
    opened,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("tiers"))


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    with opened(folder, *TIERS) as members:
        yield dict(zip(TIERS, members, strict=True))


def said(member: Member, above: bool) -> Statement:
    """A statement of the unit, signed by its key with the certificate for those above or below."""

    def make(session: Session) -> Statement:
        body = {"type": "test", "at": clock.now(session)}
        return sign(body, [identity.unit_signer(session, above)])

    return member.store.write(make)


def believes(member: Member, statement: Statement, unit: Unit) -> bool:
    trust = member.store.read(identity.trust_of)
    at = statement.content["at"]
    return trust.signed_by_unit(statement, unit.id, unit.line.value, at)[0].subject.unit_id == unit.id


def test_the_chain_downwards(world: dict[str, Member]) -> None:
    for name, unit in (("county", COUNTY), ("city", CITY), ("province", PROVINCE)):
        assert believes(world["school"], said(world[name], above=False), unit)


def test_the_chain_upwards(world: dict[str, Member]) -> None:
    for name, unit in (("school", SCHOOL), ("county", COUNTY), ("black_school", BLACK_SCHOOL)):
        assert believes(world["province"], said(world[name], above=True), unit)
    assert believes(world["city"], said(world["school"], above=True), SCHOOL)


def test_a_bureau_speaks_with_two_certificates(world: dict[str, Member]) -> None:
    """What the county signs for its schools leads to the province as well, by the way its city certified."""
    for above in (True, False):
        assert believes(world["province"], said(world["county"], above), COUNTY)
    assert parse(said(world["county"], above=True).signatures[0].certificate or b"").issuer_id == CITY.id
    assert parse(said(world["county"], above=False).signatures[0].certificate or b"").issuer_id == COUNTY.id


def test_nobody_reaches_into_another_branch(world: dict[str, Member]) -> None:
    """The sentence for a school nobody here knows, until its city's superior has told."""
    with pytest.raises(RefusedError) as caught:
        believes(world["county"], said(world["black_school"], above=True), BLACK_SCHOOL)
    assert caught.value.fault is Fault.FOREIGN_ANCHOR


def test_ways_through_the_tiers(world: dict[str, Member]) -> None:
    school = world["school"].store
    assert [unit.id for unit in school.read(units.ancestors, SCHOOL.id)] == [COUNTY.id, CITY.id, PROVINCE.id]
    province = world["province"].store
    assert province.read(units.next_hop, BLACK_SCHOOL.id).id == CLOUD_CITY.id
    assert world["school"].store.read(units.next_hop, BLACK_SCHOOL.id).id == COUNTY.id
    assert len(province.read(units.descendants, PROVINCE.id)) == len(TIERS) - 1
