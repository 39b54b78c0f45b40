"""What a county accepted travels on to the city and the province: signatures kept, the rest as digests (issue 3)."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes as change_services
from models.services import reported, review
from models.store import tables as t
from sync.formats import FileKind
from sync.joining import rejoining
from sync.packages import inbox, ledger, outbox, receipts
from sync.refusals import Fault, OutOfTurnError
from sync.reports import building, sections
from sync.trust.identity import require_superior
from sync.wire.jsonlines import line
from tests.sync_world import SCHOOL, Member, deliver, enrol, found, make_tiers, opened

Units = dict[str, Member]
NAMES = ("school", "second", "county", "white_school", "other", "city", "province")


@pytest.fixture(scope="session")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("tiers") / "units")


@pytest.fixture
def world(tiers: Path, tmp_path: Path) -> Iterator[Units]:
    shutil.copytree(tiers, tmp_path / "units")
    with opened(tmp_path / "units", *NAMES) as members:
        yield dict(zip(NAMES, members, strict=True))


def accept(school: Member, county: Member, names: list[str], returned: int = 0) -> str:
    """A package of changes of name goes up; the last `returned` of them come back for correction. Its id."""
    package = school.build(names).package_id
    assert package is not None
    deliver(school, county)
    decide(county, package, {place: Verdict.RETURN for place in range(len(names) - returned, len(names))}, len(names))
    return package


def decide(county: Member, package: str, verdicts: dict[int, Verdict], count: int, first: int = 0) -> None:
    """Say accept of each item from `first` on, except where `verdicts` says otherwise, and sign the receipt."""
    passphrase = county.act(Role.REGISTRAR)
    for place in range(first, count):
        verdict = verdicts.get(place, Verdict.ACCEPT)
        opinion = "" if verdict is Verdict.ACCEPT else "请附户口簿首页"
        county.store.write(review.decide, county.store.actor, f"{package}:{place}", verdict, opinion)
    receipts.finish_review(county.store, package, passphrase, county.out)


def report(below: Member, above: Member) -> list[inbox.Received]:
    """The unit builds its report and carries it up; what the superior says of each report."""
    outbox.build(below.store, below.act(Role.REGISTRAR), below.out)
    return [one for one in deliver(below, above) if one.kind is FileKind.REPORT]


def answer(above: Member, below: Member, package: str | None) -> list[inbox.Received]:
    """The superior signs the receipt of a report and sends it down."""
    assert package is not None
    receipts.finish_review(above.store, package, above.act(Role.REGISTRAR), above.out)
    return [one for one in deliver(above, below) if one.kind is FileKind.RECEIPT]


def bring_roster(school: Member, county: Member, count: int = 3) -> list[str]:
    """The school's pupils become known above by a baseline that the county accepts; their ids."""
    pupils = school.add_pupils(count)
    county.review_all(send_roster(school, county))
    return pupils


def send_roster(school: Member, county: Member) -> str:
    """The school's first list lies at the county, to be reviewed; the package."""
    school.act(Role.REGISTRAR)
    actor = school.store.actor
    change = school.store.write(change_services.propose, actor, "roster.baseline", "", {}, "首次上报")
    school.store.write(change_services.submit, actor, change)
    school.approve([change])
    package = outbox.build(school.store, school.act(Role.REGISTRAR), school.out).package_id
    assert package is not None
    deliver(school, county)
    return package


def rows(member: Member, table: Any) -> int:
    query = select(func.count()).select_from(table)
    return int(member.store.read(lambda s: s.execute(query).scalar_one()))


def name_at(member: Member, pupil: str) -> str | None:
    return member.store.read(lambda s: s.execute(select(t.student.c.name).where(t.student.c.id == pupil)).scalar())


def problems_of(member: Member) -> list[str]:
    return list(member.store.read(lambda s: s.execute(select(t.problem.c.kind)).scalars().all()))


# --- the way up -----------------------------------------------------------------------------------------


def test_eighteen_of_twenty_one_reach_the_province_under_the_schools_signature(world: Units) -> None:
    school, county, city, province = (world[name] for name in ("school", "county", "city", "province"))
    package = accept(school, county, [f"赵明{chr(0x4E00 + n)}" for n in range(21)], returned=3)
    (received,) = report(county, city)
    assert (received.refused, received.counts["items"], received.counts["sections"]) == (False, 18, 1)
    (settled,) = answer(city, county, received.package_id)
    assert settled.counts["filed"] == 18
    assert "已上报备案 18 项" in settled.sentence
    (passed,) = report(city, province)
    assert (passed.refused, passed.counts["items"]) == (False, 18)
    for member in (city, province):
        assert rows(member, t.reported_item) == 18
        leaves = member.store.read(reported.stored_leaves, package)
        assert leaves is not None
        assert len(leaves) == 21
        bodies = member.store.read(lambda s: s.execute(select(t.reported_item.c.body)).scalars().all())
        assert not any(f"赵明{chr(0x4E00 + n)}" in body for n in (18, 19, 20) for body in bodies)
    own, theirs = (member.store.read(ledger.recall, package) for member in (school, province))
    assert own is not None
    assert theirs is not None
    assert theirs.body == own.body
    assert theirs.signatures[0].signature == own.signatures[0].signature


def test_a_baseline_and_a_change_of_it_are_the_same_at_every_tier(world: Units) -> None:
    school, county, city, province = (world[name] for name in ("school", "county", "city", "province"))
    first, *_ = bring_roster(school, county)
    deliver(county, school)
    (received,) = report(county, city)
    assert (received.counts["items"], received.counts["rows"]) == (1, 3)
    report(city, province)
    change = school.propose(first, "赵明华")
    school.approve([change])
    package = outbox.build(school.store, school.act(Role.REGISTRAR), school.out).package_id
    assert package is not None
    deliver(school, county)
    county.review_all(package)
    answer(city, county, received.package_id)
    report(county, city)
    report(city, province)
    assert [name_at(member, first) for member in (county, city, province)] == ["赵明华"] * 3
    units = province.store.read(lambda s: s.execute(select(t.student.c.unit_id).distinct()).scalars().all())
    assert units == [SCHOOL.id]


def test_rows_are_kept_until_the_superior_has_them(world: Units) -> None:
    school, county, city, province = (world[name] for name in ("school", "county", "city", "province"))
    bring_roster(school, county)
    assert rows(county, t.kept_rows) == 1
    assert rows(county, t.received_row) == 0
    (received,) = report(county, city)
    assert rows(county, t.kept_rows) == 1
    answer(city, county, received.package_id)
    assert (rows(county, t.kept_rows), rows(city, t.kept_rows)) == (0, 1)
    (passed,) = report(city, province)
    answer(province, city, passed.package_id)
    assert rows(city, t.kept_rows) == 0


def test_what_is_answered_later_is_reported_later(world: Units) -> None:
    school, county, city = (world[name] for name in ("school", "county", "city"))
    package = school.build(["赵明华", "赵明亮", "赵明丽"]).package_id
    assert package is not None
    deliver(school, county)
    decide(county, package, {}, 1)
    (first,) = report(county, city)
    decide(county, package, {2: Verdict.RETURN}, 3, first=1)
    (second,) = report(county, city)
    assert [one.counts["items"] for one in (first, second)] == [1, 1]
    assert rows(city, t.report_section) == 2
    answer(city, county, first.package_id)
    answer(city, county, second.package_id)
    with pytest.raises(UserError, match="待打包"):
        report(county, city)


def test_a_county_that_joins_later_reports_what_it_accepted_before(tmp_path: Path) -> None:
    from tests.sync_world import CITY, COUNTY

    for name, unit in (("school", SCHOOL), ("county", COUNTY), ("city", CITY)):
        found(tmp_path / name, unit)
    with opened(tmp_path, "school", "county", "city") as (school, county, city):
        enrol(school, county)
        pupil, *_ = bring_roster(school, county)
        with pytest.raises(UserError, match="上级"):
            report(county, city)
        enrol(county, city)
        (received,) = report(county, city)
        assert received.counts["rows"] == 3
        assert name_at(city, pupil) == "赵明"


# --- refused --------------------------------------------------------------------------------------------


Lines = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Callable[[Lines], None]:
    """The county's program sends other lines of each section than an honest one; all else is signed rightly."""
    honest = sections.write

    def use(change: Lines) -> None:
        def write(session: Session, section: reported.Section) -> Iterator[bytes]:
            yield from change(list(honest(session, section)))

        monkeypatch.setattr(sections, "write", write)

    return use


def spoil_name(lines: list[bytes]) -> list[bytes]:
    return [one.replace("赵明华".encode(), "赵光华".encode()) if one.startswith(b'["i"') else one for one in lines]


def spoil_row(lines: list[bytes]) -> list[bytes]:
    return [one.replace("赵明".encode(), "赵光".encode()) if one.startswith(b'["r"') else one for one in lines]


def without(tag: bytes) -> Lines:
    """Leave out a long value with this tag, pieces included."""

    def change(lines: list[bytes]) -> list[bytes]:
        start = next(place for place, one in enumerate(lines) if one.startswith(b'["%s"' % tag))
        rest = range(start + 1, len(lines))
        end = next((place for place in rest if not lines[place].startswith(b'["p"')), len(lines))
        return lines[:start] + lines[end:]

    return change


def one_less(lines: list[bytes]) -> list[bytes]:
    """An accepted item as its digest."""
    from sync.wire.content import leaf_hash

    place = next(place for place, one in enumerate(lines) if one.startswith(b'["i"'))
    return [*lines[:place], line("h", leaf_hash(lines[place][5:-2]).hex()), *lines[place + 1 :]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (spoil_name, Fault.CONTENT_EDITED.value),
        (without(b"v"), "应为 v"),
        (without(b"a"), "缺少有效的批准签名"),
        (one_less, Fault.APPROVAL_EDITED.value),
    ],
    ids=["tampered item", "no receipt", "no approval", "accepted item left out"],
)
def test_a_section_that_does_not_hold_is_left_out_and_the_answer_says_why(
    world: Units, forge: Callable[[Lines], None], change: Lines, words: str
) -> None:
    school, county, city = (world[name] for name in ("school", "county", "city"))
    accept(school, county, ["赵明华", "赵明亮"])
    forge(change)
    (received,) = report(county, city)
    assert received.counts["items"] == 0
    assert words in received.warnings[0]
    assert rows(city, t.reported_item) == 0
    (settled,) = answer(city, county, received.package_id)
    assert settled.counts["unfiled"] == 2
    assert received.warnings[0] in settled.sentence


def test_rows_that_were_edited_leave_nothing_of_their_section(world: Units, forge: Callable[[Lines], None]) -> None:
    school, county, city = (world[name] for name in ("school", "county", "city"))
    bring_roster(school, county)
    forge(spoil_row)
    (received,) = report(county, city)
    assert received.warnings == (Fault.ROWS_EDITED.value,)
    assert [rows(city, table) for table in (t.student, t.kept_rows, t.reported_item)] == [0, 0, 0]


def test_an_item_the_receipt_did_not_accept_is_refused(world: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    school, county, city = (world[name] for name in ("school", "county", "city"))
    package = accept(school, county, ["赵明华", "赵明亮"], returned=1)

    def pretend(session: Session) -> None:
        item = t.received_item.c
        session.execute(update(t.received_item).where(item.package_id == package).values(state="accept"))

    county.store.write(pretend)
    (received,) = report(county, city)
    assert "没有被所附的主管部门回执通过" in received.warnings[0]
    assert rows(city, t.reported_item) == 0


def test_a_school_of_another_county_is_refused(world: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    school, county, other, city = (world[name] for name in ("school", "county", "other", "city"))
    accept(school, county, ["赵明华"])
    stolen = county.store.read(_stolen)
    monkeypatch.setattr(reported, "waiting", lambda session: [stolen[0]])
    monkeypatch.setattr(sections, "write", lambda session, section: iter(stolen[1]))
    (received,) = report(other, city)
    assert "不都在“白石县教育局”之下" in received.warnings[0]
    assert rows(city, t.reported_item) == 0


def _stolen(session: Session) -> tuple[reported.Section, list[bytes]]:
    (row,) = session.execute(
        select(t.received_item.c.receipt_id, t.received_item.c.package_id, t.received_item.c.unit_id)
    ).all()
    section = reported.Section(row.receipt_id, row.package_id, row.unit_id, "c0000200-0000-4000-8000-000000000004", 1)
    return section, list(sections.write(session, section))


def test_one_bad_section_does_not_hold_up_the_others(world: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    school, second, county, city = (world[name] for name in ("school", "second", "county", "city"))
    bad = accept(school, county, ["赵明华"])
    accept(second, county, ["赵明亮"])
    honest = sections.write

    def write(session: Session, section: reported.Section) -> Iterator[bytes]:
        lines = list(honest(session, section))
        yield from spoil_name(lines) if section.package_id == bad else lines

    monkeypatch.setattr(sections, "write", write)
    (received,) = report(county, city)
    assert (received.counts["items"], len(received.warnings)) == (1, 1)
    monkeypatch.setattr(sections, "write", honest)
    (settled,) = answer(city, county, received.package_id)
    assert (settled.counts["filed"], settled.counts["unfiled"]) == (1, 1)
    (again,) = report(county, city)
    assert (again.counts["items"], again.warnings) == (1, ())
    assert rows(city, t.reported_item) == 2


def test_a_report_that_is_not_as_signed_is_refused_as_a_whole_and_sent_again(
    world: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    school, county, city = (world[name] for name in ("school", "county", "city"))
    accept(school, county, ["赵明华"])
    honest = building.leaf_hash
    monkeypatch.setattr(building, "leaf_hash", lambda raw: bytes(32))
    (received,) = report(county, city)
    monkeypatch.setattr(building, "leaf_hash", honest)
    assert received.refused
    assert Fault.CONTENT_EDITED.value in received.sentence
    assert (rows(city, t.reported_item), rows(city, t.report_section)) == (0, 0)
    answer(city, county, received.package_id)
    (again,) = report(county, city)
    assert (again.refused, again.counts["items"]) == (False, 1)


def test_the_same_report_again_and_the_same_section_in_a_new_one_change_nothing(world: Units) -> None:
    school, county, city = (world[name] for name in ("school", "county", "city"))
    accept(school, county, ["赵明华"])
    outbox.build(county.store, county.act(Role.REGISTRAR), county.out)
    (path,) = county.out.glob("汇总上报包*")
    city.receive(path)
    with pytest.raises(OutOfTurnError) as refused:
        city.receive(path)
    assert refused.value.fault is Fault.ALREADY_RECEIVED
    path.unlink()
    county.store.write(lambda s: s.execute(update(t.report_section).values(report_id=None)))
    (again,) = report(county, city)
    assert (again.counts["items"], again.counts["known"]) == (0, 1)
    assert rows(city, t.reported_item) == 1


def test_a_report_that_cannot_arrive_any_more_is_made_again(world: Units) -> None:
    """The county comes back from an old backup: what lay in reports the city has not taken waits again."""
    school, county, city = (world[name] for name in ("school", "county", "city"))
    accept(school, county, ["赵明华"])
    outbox.build(county.store, county.act(Role.REGISTRAR), county.out)

    def rejoin(session: Session) -> None:
        superior = require_superior(session)
        told = {"epoch": 1, "sequence": 40, "last": "e" * 64, "taken": []}
        rejoining.rejoin(session, county.store.actor, county.store.actor.unit, superior, told)

    county.store.write(rejoin)
    assert [section.items for section in county.store.read(reported.waiting)] == [1]
    built = outbox.build(county.store, county.act(Role.REGISTRAR), county.out)
    assert any("汇总上报包" in path.name for path in built.paths)
    assert city.store.read(reported.waiting) == []


# --- duplicates -----------------------------------------------------------------------------------------


def test_duplicates_are_opened_where_the_two_meet(world: Units) -> None:
    """A pair in one county is the county's, one between two counties is the city's; nothing is reverted."""
    county, other, city, province = (world[name] for name in ("county", "other", "city", "province"))
    bring_roster(world["school"], county, 1)
    assert problems_of(county) == []
    world["second"].add_pupils(1)
    package = send_roster(world["second"], county)
    secret = county.act(Role.REGISTRAR)
    for item in county.store.read(review.list_items, review.ReviewQuery(open_only=True)):
        county.store.write(review.decide, county.store.actor, item.id, Verdict.ACCEPT)
    assert receipts.answer(county.store, package, secret, county.out).problems == 1
    assert problems_of(county) == ["identity_twice"]
    report(county, city)
    assert problems_of(city) == []
    bring_roster(world["white_school"], other, 1)
    assert problems_of(other) == []
    (received,) = report(other, city)
    assert received.counts["problems"] == 1
    assert received.sentence.endswith("发现 1 个问题学籍，请到“问题学籍”办理（problem list）。")
    assert problems_of(city) == ["identity_twice"]
    assert rows(city, t.student) == 3
    report(city, province)
    assert problems_of(province) == []
