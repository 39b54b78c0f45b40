"""What an attacker with the keys of a school, a county or a city still tried: shown once, and refused."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.orders import read_order
from models.domain.times import local_day
from models.domain.units import Role
from models.services import maintenance, reported, review_apply
from models.services.items import row_line
from models.store import audit, backup, clock
from models.store import tables as t
from sync.joining import enrolment
from sync.joining.requests import unit_from, unit_json
from sync.messages import sending
from sync.messages.post import post
from sync.packages import inbox, ledger, outbox, receipts
from sync.recovery import channels, memory
from sync.refusals import Fault, OutOfTurnError, RefusedError
from sync.trust import authority, identity, new_keys, revocation
from sync.trust.certificates import Subject, issue, new_private_key, public_der, to_time
from sync.wire.statements import base64_text, sign
from tests.integration.test_reports import bring_roster
from tests.sync_world import COUNTY, PEOPLE, PROVINCE, SCHOOL, TIERS, Member, deliver, enrol, make_tiers, opened
from ui.moments import moment

World = dict[str, Member]


@pytest.fixture(scope="session")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("review") / "units")


@pytest.fixture
def world(tiers: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(tiers, tmp_path / "units")
    with opened(tmp_path / "units", *TIERS) as members:
        yield dict(zip(TIERS, members, strict=True))


# --- traces (decision 12) -------------------------------------------------------------------------------


def cut_tail(member: Member, keep: int) -> None:
    """What somebody does who can write the open store: the newest entries are gone, the triggers stay as they were."""
    with member.store._engine.execution_options(write=True).begin() as connection:
        trigger = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'audit_no_delete'")).scalar_one()
        connection.execute(text("DROP TRIGGER audit_no_delete"))
        for table in ("audit_body", "audit"):
            connection.execute(text(f"DELETE FROM {table} WHERE sequence > :keep"), {"keep": keep})
        connection.execute(text(trigger))


def length(member: Member) -> int:
    return member.store.read(audit.head)[0]


def go_round(school: Member, county: Member) -> list[inbox.Received]:
    """A package goes up and its receipt comes down; what the school says of what it got."""
    package = school.build(["赵小明"]).package_id
    assert package is not None
    deliver(school, county)
    county.review_all(package)
    time.sleep(1.1)  # times are whole seconds
    return deliver(county, school)


def test_a_cut_tail_shows_against_the_superiors_countersignature(world: World) -> None:
    """The backups are cut as well: what the county countersigned is left."""
    school, county = world["school"], world["county"]
    before = length(school)
    received = go_round(school, county)
    assert not any(one.warnings for one in received)
    assert maintenance.check(school.store).ok
    head = school.store.read(maintenance.countersigned_head)
    assert head is not None
    assert before < head[0] <= length(school)
    assert school.store.read(audit.holds, head)
    for path in backup.list_backups(school.store.home):
        path.unlink()
    cut_tail(school, head[0] - 1)
    assert any("末尾缺了记录" in problem for problem in maintenance.check(school.store).problems)
    assert not school.store.read(maintenance.verify_chain).ok


def test_the_superior_sees_a_chain_that_went_back(world: World) -> None:
    """Once, at the next package, with an entry of its own; the package is taken all the same."""
    school, county = world["school"], world["county"]
    before = length(school)
    go_round(school, county)
    cut_tail(school, before)
    school.build(["赵小丽"])
    (received,) = [one for one in deliver(school, county) if one.kind.value == "changes"]
    assert not received.refused
    assert any("接不上" in warning for warning in received.warnings)
    assert county.store.read(audit.entries, audit.AuditFilter(act="head.differs"))
    school.build(["赵小强"])
    assert not any(one.warnings for one in deliver(school, county))


def test_a_receipt_shows_its_reader_that_the_tail_was_cut(world: World) -> None:
    school, county = world["school"], world["county"]
    before = length(school)
    package = school.build(["赵小明"]).package_id
    assert package is not None
    deliver(school, county)
    county.review_all(package)
    cut_tail(school, before)
    (received,) = [one for one in deliver(county, school) if one.kind.value == "receipt"]
    assert not received.refused
    assert any("上级回签" in warning for warning in received.warnings)


# --- times nobody lives in (decision 8) -----------------------------------------------------------------


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_time_off_the_calendar_stops_no_list(at: str, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    """A superior's signed time reaches every start, every list; in China the year 9999 ends eight hours early."""
    monkeypatch.setitem(os.environ, "TZ", "CST-8")
    time.tzset()
    try:
        assert local_day(at)[:4] in ("0001", "9999")
        assert moment(at)
        school = world["school"].store

        def told(session: Session) -> None:
            clock.advance(session, at)
            audit.append(session, school.actor, "test", "clock", {})

        school.write(told)
        school.read(clock.warning)
        school.read(clock.now)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("due", ["2026-99-99", "2026-02-30", "9999-12-31", "0001-01-01"])
def test_an_order_is_due_on_a_day(due: str) -> None:
    """What is no day would stop the list of orders at the school for good."""
    items = [{"position": 0, "account": "00000000-0000-4000-8000-000000000001", "username": "a", "label": "甲"}]
    body = {"reason": "idle", "note": "", "due": due, "by": "登记员", "items": items}
    with pytest.raises(ValueError, match=r".+"):
        read_order(body)
    assert read_order({**body, "due": "2026-12-31"}).due == "2026-12-31"


# --- a stolen issuing key (decision 8) ------------------------------------------------------------------


def test_what_was_signed_under_a_stolen_county_key_goes_up_under_the_new_one(world: World) -> None:
    """The school's and the county's persons kept their keys: their newest certificates travel with what they signed."""
    school, county, city, province = (world[name] for name in ("school", "county", "city", "province"))
    school.build(["赵小明"])
    new_keys.new_keys(county.store, county.act(Role.ADMINISTRATOR), "2026-01-01T00:00:00Z")
    passphrase = city.act(Role.ADMINISTRATOR)
    revocation.revoke(
        city.store, "青禾县教育局", "2026-01-01T00:00:00Z", "U 盘遗失", passphrase, PEOPLE[Role.REGISTRAR]
    )
    enrol(county, city)
    (received,) = [one for one in deliver(school, county) if one.kind.value == "changes"]
    county.review_all(received.package_id or "")
    for below, above in ((county, city), (city, province)):
        outbox.build(below.store, below.act(Role.REGISTRAR), below.out)
        (report,) = [one for one in deliver(below, above) if one.kind.value == "report"]
        assert (report.warnings, report.counts["items"]) == ((), 1)
        receipts.finish_review(above.store, report.package_id or "", above.act(Role.REGISTRAR), above.out)


# --- rosters (decisions 9, 14, 16) ----------------------------------------------------------------------


def pupils(member: Member) -> int:
    return int(member.store.read(lambda s: s.execute(select(func.count()).select_from(t.student)).scalar_one()))


def send(frm: Member, to: Member, kind: str, body: dict[str, Any]) -> inbox.Received:
    """A message under the unit's key alone."""
    frm.store.write(post, None, kind, to.store.actor.unit.id, body, title="测试函件")
    sending.send(frm.store, to.store.actor.unit.id, frm.out)
    (received,) = deliver(frm, to)
    return received


def test_a_county_key_alone_adds_nobody_to_a_school(world: World) -> None:
    """Rows given back carry no signature of the school: only after it asked, and two persons of the county replied."""
    school, county = world["school"], world["county"]
    row = row_line(new_id(), {"name": "赵小虚"}).decode()
    body = {"kind": "students", "batch": new_id(), "change": "", "rows": [row]}
    received = send(county, school, "recovery.rows", body)
    assert received.counts["refused"] == 1
    assert Fault.NOTHING_LOST.value in received.warnings[0]
    assert pupils(school) == 0


@pytest.mark.parametrize("raw", ["[" * 100_000, '{"id":1e999,"values":{}}', "null", '{"id":["a"],"values":{}}'])
def test_no_message_stops_the_package_it_came_in(world: World, raw: str) -> None:
    """A body of whatever shape is refused alone; else every later delivery would stop at it as well."""
    school, county = world["school"], world["county"]
    open_epoch(county, school)
    body = {"kind": "students", "batch": new_id(), "change": "", "rows": [raw]}
    received = send(county, school, "recovery.rows", body)
    assert not received.refused
    assert received.counts["refused"] == 1
    assert send(county, school, "names.taken", {"taken": [], "freed": []}).counts["handled"] == 1


def open_epoch(frm: Member, to: Member) -> None:
    """The channel down goes on in a second epoch, as after a recovery."""
    issuer, audience = frm.store.actor.unit, to.store.actor.unit
    for member in (frm, to):
        member.store.write(ledger.place, channels.channel(issuer, audience), ledger.Place(2, 0, ""))


def test_an_epoch_leaves_room_for_the_next(world: World) -> None:
    """Two stolen keys of a county, or a school's request, could name an epoch nothing comes after."""
    school = world["school"].store
    today = school.read(lambda s: channels.stamp(to_time(clock.now(s))))
    for epoch in (1 << 52, today + 10**9):
        with pytest.raises(OutOfTurnError) as caught:
            school.write(channels.begin_taking, COUNTY, SCHOOL, epoch)
        assert caught.value.fault is Fault.EPOCH_AHEAD
    assert school.write(channels.begin_taking, COUNTY, SCHOOL, today)


def test_a_schools_request_does_not_use_up_the_countys_epochs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    school, county = world["school"], world["county"]
    told = {"up": {"epoch": 1, "sequence": 0, "last": ""}, "down": {"epoch": (1 << 53) - 2, "sequence": 0, "last": ""}}
    monkeypatch.setattr(enrolment, "memory_of", lambda *args: {**(memory.memory_of(*args) or {}), **told})
    asked = enrolment.request(school.store, school.out)
    go_round(school, county)
    with pytest.raises(RefusedError) as caught:
        enrolment.certify(
            county.store, asked.path, county.act(Role.ADMINISTRATOR), PEOPLE[Role.REGISTRAR], asked.words, county.out
        )
    assert caught.value.fault is Fault.BAD_REQUEST


def test_a_pupil_twice_in_a_list_holds_up_nobody(world: World) -> None:
    """A school's list that names an id twice stood in the way of the county's receipt, and of the county's reports."""
    county = world["county"]
    pupil = new_id()
    rows = [row_line(pupil, {"name": name}) for name in ("赵小明", "赵小亮")]
    item = {"kind": "roster.baseline", "batch": {"rows_digest": ""}}
    touched = county.store.write(review_apply.apply_item, county.store.actor, SCHOOL.id, item, rows)
    assert touched == [pupil]
    assert county.store.read(lambda s: s.execute(select(t.student.c.name)).scalars().all()) == ["赵小亮"]


# --- the tiers above (decision 5) -----------------------------------------------------------------------


def forged_tiers(county: Member, changed: int, unit: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The tiers as a county with all its keys tells them that has put an issuing key of its own in a place above it."""
    told = county.store.read(authority.tiers)
    now, own = county.store.read(clock.now), county.store.read(identity.own_anchor)
    assert own is not None
    units = [unit_from(one["unit"]) for one in told]
    units[changed] = unit_from(unit) if unit else units[changed]
    keys = [new_private_key() for _ in told]
    subjects = [Subject(one.id, one.name, "issuing", frozenset({"basic"})) for one in units]
    made = [issue(subject, public_der(key), subject, key, now) for subject, key in zip(subjects, keys, strict=True)]
    for place in range(changed, 0, -1):  # down to the county, whose own key stays
        below = own if place == 1 else made[place - 1]
        way = issue(below.subject, below.public_key, made[place].subject, keys[place], now)
        told[place] |= {"unit": unit_json(units[place]), "anchor": base64_text(made[place].der)}
        told[place - 1]["issued"] = [base64_text(way.der)]
    if changed + 1 < len(told):
        told = told[: changed + 1]
    return told


@pytest.mark.parametrize("changed", [1, 2])
def test_a_county_does_not_become_the_tiers_above_it(world: World, changed: int) -> None:
    """Not under the names they have, nor as other units in their place."""
    school, county = world["school"], world["county"]
    before = school.store.read(authority.tiers)
    stranger = {**unit_json(PROVINCE), "id": "a0000100-0000-4000-8000-0000000000ff", "name": "他省教育厅"}
    fewer, other = "中少了", "签发密钥与本单位所信任的不同"
    for unit, sentences in ((None, (fewer, other)), (stranger, (fewer,))):
        told = forged_tiers(county, changed, unit)
        received = send(county, school, "authority", {"tiers": told, "certificates": []})
        assert received.counts["refused"] == 1
        assert any(words in received.warnings[0] for words in sentences), received.warnings
        assert school.store.read(authority.tiers) == before


# --- tiers that agree (decision 14) ---------------------------------------------------------------------


def name_at(member: Member, pupil: str) -> str | None:
    return member.store.read(lambda s: s.execute(select(t.student.c.name).where(t.student.c.id == pupil)).scalar())


def rename(school: Member, county: Member, pupil: str, name: str) -> str:
    """A change of name goes up, is accepted and comes back; the package's id."""
    change = school.propose(pupil, name)
    school.approve([change])
    package = outbox.build(school.store, school.act(Role.REGISTRAR), school.out).package_id
    assert package is not None
    deliver(school, county)
    county.review_all(package)
    deliver(county, school)
    return package


def go_up(below: Member, above: Member) -> inbox.Received:
    outbox.build(below.store, below.act(Role.REGISTRAR), below.out)
    (received,) = [one for one in deliver(below, above) if one.kind.value == "report"]
    receipts.finish_review(above.store, received.package_id or "", above.act(Role.REGISTRAR), above.out)
    deliver(above, below)
    return received


def test_a_section_that_comes_late_does_not_undo_what_came_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was refused at first arrives behind later ones: the city ends with the county's values all the same."""
    school, county, city = world["school"], world["county"], world["city"]
    (pupil,) = bring_roster(school, county, 1)
    deliver(county, school)
    go_up(county, city)
    honest = reported.waiting
    first = rename(school, county, pupil, "赵小明")
    time.sleep(1.1)
    rename(school, county, pupil, "赵小亮")
    monkeypatch.setattr(reported, "waiting", lambda s: [one for one in honest(s) if one.package_id != first])
    go_up(county, city)
    monkeypatch.setattr(reported, "waiting", honest)
    assert go_up(county, city).warnings == ()
    assert [name_at(one, pupil) for one in (school, county, city)] == ["赵小亮"] * 3


def test_a_second_receipt_for_the_same_item_changes_nothing_above(world: World) -> None:
    """A county that accepts an old item once more would turn back what came after it."""
    school, county, city = world["school"], world["county"], world["city"]
    (pupil,) = bring_roster(school, county, 1)
    deliver(county, school)
    first = rename(school, county, pupil, "赵小明")
    rename(school, county, pupil, "赵小亮")
    go_up(county, city)
    time.sleep(1.1)
    passphrase = county.act(Role.REGISTRAR)
    signer = county.store.signer(passphrase)

    def again(session: Session) -> None:
        c = t.received_item.c
        (old,) = session.execute(select(c.receipt_id).where(c.package_id == first)).scalars()
        body = ledger.recall(session, old).content | {"at": clock.now(session)}  # type: ignore[union-attr]
        statement = sign(body, [identity.certified(session, signer)])
        ledger.keep(session, statement)
        session.execute(update(t.received_item).where(c.package_id == first).values(receipt_id=statement.id))
        reported.note_answered(session, reported.Section(statement.id, first, SCHOOL.id, COUNTY.id, 1))

    county.store.write(again)
    assert go_up(county, city).warnings == ()
    assert name_at(city, pupil) == "赵小亮"
