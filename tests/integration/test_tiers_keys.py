"""Revocation lists, lost and stolen keys, and a unit that joins its superior late (decisions 5, 6, 8)."""

from __future__ import annotations

import base64
import datetime as dt
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.units import Role
from models.services import units
from models.store import audit, clock
from models.store import tables as t
from models.store.errors import WrongSecretError
from sync import policies
from sync.joining import enrolment
from sync.joining.requests import read_request
from sync.messages.message import Message
from sync.packages import inbox, outbox
from sync.refusals import Fault, RefusedError
from sync.trust import authority, directory, identity, known, new_keys, revocation
from sync.trust.certificates import (
    PERSON,
    TIME,
    Subject,
    is_issued_by,
    issue,
    key_mark,
    new_private_key,
    public_der,
    to_time,
)
from sync.wire.statements import Statement, base64_text, sign
from tests.sync_world import (
    CITY,
    COUNTY,
    OTHER,
    PEOPLE,
    PROVINCE,
    SCHOOL,
    TIERS,
    WHITE_SCHOOL,
    Member,
    deliver,
    enrol,
    make_apart,
    make_tiers,
    opened,
    settle,
)

LONG_AGO = "2026-01-01T00:00:00Z"
World = dict[str, Member]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("tiers"))


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    with opened(folder, *TIERS) as members:
        yield dict(zip(TIERS, members, strict=True))


def revoke(member: Member, whom: str, since: str = LONG_AGO) -> int:
    passphrase = member.act(Role.ADMINISTRATOR)
    number = revocation.revoke(member.store, whom, since, "U 盘遗失", passphrase, PEOPLE[Role.REGISTRAR])
    member.act(Role.REGISTRAR)
    return number


def replace_keys(member: Member, since: str = "") -> int:
    number = new_keys.new_keys(member.store, member.act(Role.ADMINISTRATOR), since)
    member.act(Role.REGISTRAR)
    return number


def fault_of(member: Member, statement: Statement, unit_id: str) -> Fault | None:
    """Why a statement of a unit is not believed; None when it is."""
    trust = member.store.read(identity.trust_of)
    try:
        trust.signed_by_unit(statement, unit_id, "basic", statement.content["at"])
    except RefusedError as error:
        return error.fault
    return None


def said(member: Member, at: str = "", above: bool = True) -> Statement:
    def make(session: Session) -> Statement:
        body = {"type": "test", "at": at or clock.now(session)}
        return sign(body, [identity.unit_signer(session, above)])

    return member.store.write(make)


# --- revocation -----------------------------------------------------------------------------------------


def hours_ago(member: Member, hours: int) -> str:
    """Certificates begin a day before they are issued."""
    return (to_time(member.store.read(clock.now)) - dt.timedelta(hours=hours)).strftime(TIME)


def without(world: World, *names: str) -> World:
    """Everybody but those whose keys are revoked: nothing can be sealed for them."""
    return {name: member for name, member in world.items() if name not in names}


def test_a_revoked_school_is_refused_at_every_tier(world: World) -> None:
    """What it signed before stays good."""
    before, later = said(world["school"], hours_ago(world["school"], 20)), said(world["school"])
    since = hours_ago(world["county"], 10)
    assert revoke(world["county"], "青禾县第一小学", since) == 1
    settle(without(world, "school"))
    for name in ("county", "city", "province", "second"):
        assert fault_of(world[name], later, SCHOOL.id) is Fault.REVOKED
        assert fault_of(world[name], before, SCHOOL.id) is None
    listed = world["province"].store.read(known.list_certificates)
    assert {one.revoked for one in listed if one.unit == SCHOOL.name and not one.person} == {since}


def test_a_list_is_signed_by_two_and_only_grows(world: World) -> None:
    revoke(world["county"], "青禾县第一小学")
    old = world["county"].store.read(revocation.told)[0]
    revoke(world["county"], "青禾县第二小学")
    settle(without(world, "school", "second"))
    school = world["white_school"]
    statement = Statement.from_json(old)
    with pytest.raises(RefusedError, match=r"旧的证书吊销名单（第 1 号），本单位已在执行第 2 号"):
        world["city"].store.write(revocation.take, world["city"].store.actor, statement)
    alone = replace(statement, signatures=statement.signatures[:1])
    with pytest.raises(RefusedError, match="两人签名"):
        school.store.write(revocation.take, school.store.actor, _renumbered(world, alone))
    edited = Statement.from_json({**old, "body": _raised(old["body"])})
    with pytest.raises(RefusedError, match="签名对不上"):
        world["city"].store.write(revocation.take, world["city"].store.actor, edited)


def _renumbered(world: World, statement: Statement) -> Statement:
    """The list of the county above the white school, signed by one person only."""
    county = world["other"]
    passphrase = county.act(Role.ADMINISTRATOR)
    signer = county.store.signer(passphrase)
    body = {**statement.content, "unit": OTHER.id, "number": 7, "entries": []}
    return county.store.write(lambda s: sign(body, [identity.certified(s, signer)]))


def _raised(body: str) -> str:
    return base64.b64encode(base64.b64decode(body).replace(b'"number":1', b'"number":9')).decode()


def test_nobody_revokes_for_another(world: World) -> None:
    """A county's list that names a school of the other county is refused whole."""
    county = world["county"]
    key = world["white_school"].store.read(identity.private_keys, "signing")[0]
    mark = key_mark(WHITE_SCHOOL.id, public_der(key))
    entry = {"mark": mark, "unit": WHITE_SCHOOL.id, "person": "", "since": LONG_AGO, "reason": "冒名"}
    passphrase = county.act(Role.ADMINISTRATOR)
    signers = policies.two_signers(county.store, passphrase, PEOPLE[Role.REGISTRAR], "吊销")

    def forge(session: Session) -> Statement:
        head = {"type": revocation.TYPE, "v": 1, "unit": COUNTY.id, "line": "basic", "number": 5}
        body = {**head, "at": clock.now(session), "entries": [entry]}
        return sign(body, [identity.certified(session, one) for one in signers])

    city = world["city"]
    with pytest.raises(RefusedError, match="不在申报单位之下"):
        city.store.write(revocation.take, city.store.actor, county.store.write(forge))


def test_who_may_revoke_what(world: World) -> None:
    county, school = world["county"], world["school"]
    passphrase = school.act(Role.ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="学校不签发证书"):
        revocation.revoke(school.store, "青禾县教育局", LONG_AGO, "遗失", passphrase, PEOPLE[Role.REGISTRAR])
    passphrase = county.act(Role.ADMINISTRATOR)
    for whom, reason, since, sentence in (
        ("白石县中心小学", "遗失", LONG_AGO, "没有“白石县中心小学”的"),
        ("登记员", "遗失", LONG_AGO, "有多个单位或人员叫"),
        ("青禾县第一小学", " ", LONG_AGO, "写明吊销原因"),
        ("青禾县第一小学", "遗失", "2099-01-01T00:00:00Z", "不能晚于现在"),
    ):
        with pytest.raises(UserError, match=sentence):
            revocation.revoke(county.store, whom, since, reason, passphrase, PEOPLE[Role.REGISTRAR])
    with pytest.raises(WrongSecretError):
        revocation.revoke(county.store, "青禾县第一小学", LONG_AGO, "遗失", passphrase, ("登记员", "wrong passage 00"))


def test_a_revoked_key_is_not_certified_again(world: World) -> None:
    """The reply after a replacement carries the list, so the school itself knows."""
    school, county = world["school"], world["county"]
    revoke(county, "青禾县第一小学")
    asked = enrolment.request(school.store, school.out)
    passphrase = county.act(Role.ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="单位签名密钥已被吊销"):
        enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.REGISTRAR], asked.words, county.out)
    old = said(school)
    assert replace_keys(school) == 2
    with pytest.raises(UserError, match="重新生成入网申请"):
        school.build(["赵小明"])
    enrol(school, county)
    assert fault_of(county, said(school), SCHOOL.id) is None
    assert fault_of(county, old, SCHOOL.id) is Fault.REVOKED
    assert fault_of(school, old, SCHOOL.id) is Fault.REVOKED


# --- replacement ----------------------------------------------------------------------------------------


def test_a_package_to_the_old_key_still_opens(world: World) -> None:
    """The county replaces its keys while a package is on its way."""
    school, county = world["school"], world["county"]
    built = school.build(["赵小明"])
    replace_keys(county)
    received = county.receive(built.paths[0])
    assert not received.refused
    assert received.counts["items"] == 1


def test_a_stolen_key_of_a_county(world: World) -> None:
    """City revokes, county replaces and joins again; its schools learn it from above and go on by receipts."""
    county, school, city = world["county"], world["school"], world["city"]
    thief = county.store.read(lambda s: identity.private_keys(s, "issuing")[0])
    stolen = county.store.read(identity.own_anchor)
    assert stolen is not None
    replace_keys(county, LONG_AGO)
    revoke(city, "青禾县教育局")
    enrol(county, city)
    settle(world)
    mine = new_private_key()
    subject = Subject(SCHOOL.id, SCHOOL.name, "signing", frozenset({"basic"}))
    forged = issue(subject, public_der(mine), stolen.subject, thief, county.store.read(clock.now))
    body = {"type": "test", "at": county.store.read(clock.now)}
    statement = sign(body, [identity.UnitSigner(forged.der, mine)])
    for name in ("county", "second", "city", "province"):
        assert fault_of(world[name], statement, SCHOOL.id) is Fault.ISSUER_REVOKED
    (received,) = [one for one in _up(school, county, ["赵小明"]) if one.kind.value == "changes"]
    county.review_all(received.package_id or "")
    (answer,) = [one for one in deliver(county, school) if one.kind.value == "receipt"]
    assert answer.counts["accepted"] == 1
    anchor = county.store.read(identity.own_anchor)
    ours = school.store.read(identity.newest, SCHOOL.id, "signing")
    assert ours is not None
    assert anchor is not None
    assert school.store.read(known.anchor_of, COUNTY.id) == anchor
    assert is_issued_by(ours, anchor)
    settle(world)
    assert fault_of(world["province"], said(school), SCHOOL.id) is None


def _up(frm: Member, to: Member, names: list[str]) -> list[inbox.Received]:
    frm.build(names)
    return deliver(frm, to)


def test_a_person_of_a_county_gets_a_new_key(world: World) -> None:
    """The old one ends at the city; the list says so further up."""
    county, city = world["county"], world["city"]
    person = county.actors[Role.REGISTRAR].person_id
    old = county.store.read(identity.newest, COUNTY.id, PERSON, person, CITY.id)
    assert old is not None
    fresh = public_der(new_private_key())

    def swap(session: Session) -> None:
        session.execute(update(t.operator).where(t.operator.c.person_id == person).values(signing_key=fresh))
        audit.append(session, county.store.actor, "test.key", f"person:{person}", {})

    county.store.write(swap)
    enrol(county, city)
    settle(world)
    for name in ("city", "province", "county"):
        trust = world[name].store.read(identity.trust_of)
        with pytest.raises(RefusedError) as caught:
            trust.certificate(old.der, world[name].store.read(clock.now))
        assert caught.value.fault is Fault.REVOKED
    now = county.store.read(identity.newest, COUNTY.id, PERSON, person, CITY.id)
    assert now is not None
    assert now.public_key == fresh


# --- joining late, and what is refused -------------------------------------------------------------------


def test_a_county_joins_late_and_keeps_its_history(tmp_path: Path) -> None:
    """School and county work alone; then city and province come above them."""
    folder = make_apart(tmp_path / "w")
    with opened(folder, "province", "city", "county", "school") as members:
        w = dict(zip(("province", "city", "county", "school"), members, strict=True))
        w["school"].add_pupils(2)
        approved = w["school"].approved(["赵小明"])
        enrol(w["school"], w["county"])
        early = said(w["school"], "2026-11-01T00:00:00Z")
        enrol(w["county"], w["city"])
        enrol(w["city"], w["province"])
        settle(w)
        assert [unit.id for unit in w["school"].store.read(lambda s: units.ancestors(s, SCHOOL.id))] == [
            COUNTY.id, CITY.id, PROVINCE.id,
        ]  # fmt: skip
        assert fault_of(w["school"], said(w["province"], above=False), PROVINCE.id) is None
        for name in ("county", "city", "province"):
            assert fault_of(w[name], early, SCHOOL.id) is None
        outbox.build(w["school"].store, w["school"].act(Role.REGISTRAR), w["school"].out)
        (received,) = [one for one in deliver(w["school"], w["county"]) if one.kind.value == "changes"]
        w["county"].review_all(received.package_id or "")
        deliver(w["county"], w["school"])
        assert w["school"].state_of(approved[0]) == "effective"


def _message(member: Member, to: Member, kind: str, body: dict[str, Any]) -> Message:
    frm = member.store.actor.unit.id
    statement = sign({"type": "test", "at": LONG_AGO}, [])
    at = to.store.read(clock.now)
    return Message("m", kind, "x", frm, to.store.actor.unit.id, at, "", "", "", body, (), statement)


def test_a_unit_is_not_claimed_twice(world: World) -> None:
    county, city = world["county"], world["city"]
    entry = world["other"].store.write(lambda s: directory.entry_of(s, WHITE_SCHOOL))
    stolen = _message(county, city, "directory", {"units": [{**entry, "superior": COUNTY.id}]})
    with pytest.raises(RefusedError, match="已登记在“白石县教育局”之下，不能再登记到“青禾县教育局”之下"):
        city.store.write(directory.take, city.store.actor, stolen)
    upward = {**entry, "unit": {**entry["unit"], "id": CITY.id, "tier": "city"}, "superior": COUNTY.id}
    with pytest.raises(RefusedError, match="不在申报单位之下"):
        city.store.write(directory.take, city.store.actor, _message(county, city, "directory", {"units": [upward]}))
    message = _message(county, world["province"], "directory", {"units": [entry]})
    with pytest.raises(RefusedError, match="不是本单位的下级"):
        world["province"].store.write(directory.take, world["province"].store.actor, message)


def test_a_county_certifies_neither_a_city_nor_anothers_school(world: World) -> None:
    county, city = world["county"], world["city"]
    passphrase = county.act(Role.ADMINISTRATOR)
    officer = PEOPLE[Role.REGISTRAR]
    asked = enrolment.request(world["cloud_city"].store, county.out)
    with pytest.raises(NotAllowedError, match="不是本单位同一业务线的下级"):
        enrolment.certify(county.store, asked.path, passphrase, officer, asked.words, county.out)
    now = county.store.read(clock.now)
    key = new_private_key()
    for unit, sees in ((WHITE_SCHOOL, city), (CITY, city), (WHITE_SCHOOL, world["province"])):
        anchor, issuing = county.store.read(identity.own_anchor), county.store.read(identity.private_keys, "issuing")[0]
        assert anchor is not None
        subject = Subject(unit.id, unit.name, "signing", frozenset({"basic"}))
        forged = issue(subject, public_der(key), anchor.subject, issuing, now)
        statement = sign({"type": "test", "at": now}, [identity.UnitSigner(forged.der, key)])
        assert fault_of(sees, statement, unit.id) is Fault.NOT_ITS_SUPERIOR


def test_tiers_that_do_not_join_up_are_refused(world: World) -> None:
    """The superior cannot pass off another province as its own, nor a unit below as one above."""
    school, county = world["school"], world["county"]
    told = county.store.read(authority.tiers)
    foreign = world["other"].store.read(authority.tiers)
    superior = school.store.read(identity.require_superior)
    now = school.store.read(clock.now)
    for value, sentence in (
        ([told[0], foreign[0]], "先后不符或互不衔接"),
        ([told[0], told[2]], "不是由其直接上级|不是由本单位所信任"),
        ([told[0], {**told[1], "anchor": told[2]["anchor"]}], "发件单位与签名证书上的单位不符"),
        ([foreign[0]], "不是本单位的上级"),
    ):
        with pytest.raises(RefusedError, match=sentence):
            school.store.write(authority.take, superior, value, now)


def test_a_request_shows_that_the_issuing_key_is_held(world: World, tmp_path: Path) -> None:
    """A county cannot ask for a certificate of another county's issuing key."""
    county = world["county"]
    asked = read_request(enrolment.request(county.store, tmp_path).path)
    assert asked.anchor is not None
    assert asked.anchor.subject.unit_id == COUNTY.id
    anchor = world["other"].store.read(identity.own_anchor)
    assert anchor is not None
    body = world["county"].store.write(enrolment._request, county.store.actor, "").content
    key = county.store.read(identity.private_keys, "signing")[0]
    forged = sign({**body, "anchor": base64_text(anchor.der)}, [identity.UnitSigner(None, key)])
    policies.write_statement(forged, tmp_path / "x.rollbook")
    with pytest.raises(RefusedError, match="入网申请的内容不完整（签发证书）"):
        read_request(tmp_path / "x.rollbook")
