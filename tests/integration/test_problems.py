"""Problem rosters over real stores: asked, answered, confirmed, decided, closed; what does not fit has its sentence."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.problems import Claim
from models.domain.units import Role
from models.rules.naming import pinyin_keys
from models.services import changes, evidence, problem_answers
from models.services import problems as services
from models.services.problem_views import get_problem
from models.store import audit, bulk
from models.store import tables as t
from sync import outbox
from sync import problems as sync_problems
from sync.messages import sending
from tests.sync_world import PNG, TIERS, Member, deliver, make_template, make_tiers, opened


def id_number(serial: int) -> str:
    """A number of the invented area with its check digit."""
    body = f"13099920180305{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


SHARED, RIGHT = id_number(11), id_number(13)


def put(members: list[Member], unit_id: str, name: str, number: str, **more: str) -> str:
    """A pupil of a unit, the same record in each of these stores; its id."""
    pupil = new_id()
    row: dict[str, str | int] = {
        "id": pupil, "unit_id": unit_id, "status": "enrolled", "revision": 1, "updated_at": "2026-09-01T00:00:00Z",
        "updated_by": "登记员", "name": name, "sex": "1", "birth_date": "2018-03-05", "class_name": "三(2)班",
        "id_type": "1", "id_number": number, "ethnicity": "01", "nationality": "CHN", **more,
    }  # fmt: skip

    def insert(session: Session) -> None:
        bulk.insert_students(session, [row], pinyin_keys)
        audit.append(session, None, "test.pupils", "batch:test", {"count": 1})

    for member in members:
        member.store.write(insert)
    return pupil


def unit_of(member: Member) -> str:
    return member.store.actor.unit.id


def side(member: Member, pupil: str, name: str, number: str = SHARED) -> tuple[str, str, str, str, dict[str, str]]:
    details = {"name": name, "sex": "1", "birth_date": "2018-03-05", "id_number": number, "class_name": "三(2)班"}
    return unit_of(member), "student", pupil, f"{name} 三(2)班", details


def open_at(owner: Member, kind: str, sides: list[Any]) -> str | None:
    return owner.store.write(services.open_found, None, kind, sides)


def state(member: Member, problem_id: str) -> str:
    query = select(t.problem.c.state).where(t.problem.c.id == problem_id)
    return str(member.store.read(lambda s: s.execute(query).scalar()))


def send(frm: Member, to: Member) -> list[Any]:
    """Deliver what waits; nothing of it may be refused."""
    frm.act(Role.REGISTRAR)
    sending.send(frm.store, unit_of(to), frm.out)
    received = deliver(frm, to)
    assert not [one for one in received if one.refused]
    return received


def faults(member: Member) -> list[str]:
    """The sentences of messages this unit refused."""
    query = select(t.message.c.note).where(t.message.c.state == "refused", t.message.c.direction == "in")
    return list(member.store.read(lambda s: s.execute(query).scalars().all()))


def ask(owner: Member, *ids: str, due: str = "") -> sync_problems.AskResult:
    return sync_problems.ask(owner.store, owner.act(Role.REGISTRAR), list(ids) or None, due)


def answer(member: Member, problem: str, claim: Claim, opinion: str = "经核实", **more: Any) -> Any:
    if claim is Claim.KEEP and "files" not in more:
        more["files"] = [("户口簿.png", PNG)]
    return sync_problems.answer(member.store, member.act(Role.REGISTRAR), problem, claim, opinion, **more)


def decide(owner: Member, problem: str, *outcomes: Claim) -> str:
    secret = owner.act(Role.REGISTRAR)
    return sync_problems.decide(owner.store, secret, problem, dict(enumerate(outcomes)), "材料齐全，予以认定").value


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("problems") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    """First school, second school, county."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "second", "county") as members:
        yield members


@pytest.fixture
def found(world: list[Member]) -> tuple[list[Member], str, str, str]:
    """One ID number at both schools, opened at their county: the stores, both pupils, the problem."""
    school, second, county = world
    a = put([school, county], unit_of(school), "赵明", SHARED)
    b = put([second, county], unit_of(second), "钱亮", SHARED)
    problem = open_at(county, "id_twice", [side(school, a, "赵明"), side(second, b, "钱亮")])
    assert problem is not None
    return world, a, b, problem


def change_id_number(school: Member, county: Member, problem: str) -> None:
    """The school's whole way of the change a decision asks for."""
    school.act(Role.REGISTRAR)
    number = school.store.write(
        problem_answers.start_change, school.store.actor, problem, {"id_number": RIGHT}, "按裁定更正"
    )
    change = school.store.read(lambda s: s.execute(select(t.change.c.id).where(t.change.c.number == number)).scalar())
    school.store.write(changes.attach, school.store.actor, change, "户口簿.png", PNG + b"2", "image/png", "household")
    school.store.write(changes.submit, school.store.actor, change)
    school.approve([change])
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    deliver(school, county)
    county.review_all(built.new[0])
    deliver(county, school)


def test_county_leads_what_lies_between_its_schools(found: Any) -> None:
    (school, second, county), a, b, problem = found
    assert open_at(county, "id_twice", [side(second, b, "钱亮"), side(school, a, "赵明")]) is None
    assert state(county, problem) == "open"
    result = ask(county)
    assert (result.problems, result.units) == (1, 2)
    for one in (school, second):
        send(county, one)
        assert state(one, problem) == "asked"
    answer(school, problem, Claim.KEEP)
    assert state(school, problem) == "answered"
    send(school, county)
    assert state(county, problem) == "asked"
    with pytest.raises(UserError, match="青禾县第二小学还没有答复"):
        decide(county, problem, Claim.KEEP, Claim.CHANGE)
    answer(second, problem, Claim.KEEP)
    send(second, county)
    assert state(county, problem) == "answered"
    with pytest.raises(UserError, match="只能保留一个为正确的"):
        decide(county, problem, Claim.KEEP, Claim.KEEP)
    assert decide(county, problem, Claim.KEEP, Claim.CHANGE) == "decided"
    with pytest.raises(UserError, match="不能再次裁定"):
        decide(county, problem, Claim.CHANGE, Claim.KEEP)
    for one in (school, second):
        send(county, one)
        assert state(one, problem) == "decided"
    with pytest.raises(UserError, match="保留"):
        change_id_number(school, county, problem)
    change_id_number(second, county, problem)
    closed = county.store.write(sync_problems.close_resolved, None, [b])
    assert closed in ([problem], [])  # the review itself may have closed it
    assert state(county, problem) == "closed"
    for one in (school, second):
        send(county, one)
        assert state(one, problem) == "closed"
    assert not faults(school) + faults(second) + faults(county)


# --- between two counties, led by their city ------------------------------------------------------------------------

WAY = ("school", "county", "city", "other", "white_school")
Tiers = dict[str, Member]


@pytest.fixture(scope="module")
def tiers_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four tiers whose directories have gone up and whose chains have come down."""
    folder = make_tiers(tmp_path_factory.mktemp("problems_tiers"))
    with opened(folder, *TIERS) as members:
        units = dict(zip(TIERS, members, strict=True))
        for name, (_, above) in reversed(TIERS.items()):
            if above:
                send(units[name], units[above])
        for name, (_, above) in TIERS.items():
            if above:
                send(units[above], units[name])
    return folder


@pytest.fixture
def tiers(tiers_template: Path, tmp_path: Path) -> Iterator[Tiers]:
    folder = tmp_path / "tiers"
    shutil.copytree(tiers_template, folder)
    with opened(folder, *WAY) as members:
        yield dict(zip(WAY, members, strict=True))


def down(tiers: Tiers) -> None:
    """What waits goes from the city to both schools."""
    for frm, to in (("city", "county"), ("city", "other"), ("county", "school"), ("other", "white_school")):
        send(tiers[frm], tiers[to])


def up(tiers: Tiers, *names: str) -> None:
    """What waits goes up along these units."""
    for frm, to in pairwise(names):
        send(tiers[frm], tiers[to])


@pytest.fixture
def between(tiers: Tiers) -> tuple[Tiers, str, str, str]:
    """One number at schools of two counties, found at their city and asked: the stores, both pupils, the problem."""
    school, county, city, other, white = (tiers[name] for name in WAY)
    a = put([school, county, city], unit_of(school), "赵明", SHARED)
    b = put([white, other, city], unit_of(white), "钱亮", SHARED)
    sides = [side(school, a, "赵明"), side(white, b, "钱亮")]
    problem = open_at(city, "id_twice", sides)
    assert problem is not None
    ask(city)
    down(tiers)
    return tiers, a, b, problem


def confirm(member: Member, problem: str, claim: Claim | None = None, opinion: str = "") -> int:
    return sync_problems.confirm(member.store, member.act(Role.REGISTRAR), [problem], claim, opinion)


def test_city_decides_between_two_counties(between: Any) -> None:
    tiers, _, _, problem = between
    school, county, city, other, white = (tiers[name] for name in WAY)
    assert [state(tiers[name], problem) for name in WAY] == ["asked"] * 5
    answer(school, problem, Claim.KEEP, "户口簿与学籍一致")
    answer(white, problem, Claim.KEEP, "家长坚持无误")
    with pytest.raises(UserError, match="还没有答复"):
        confirm(county, problem)
    send(school, county)
    send(white, other)
    confirm(county, problem)
    with pytest.raises(UserError, match="请写明理由"):
        confirm(other, problem, Claim.CHANGE)
    confirm(other, problem, Claim.CHANGE, "户籍部门查明号码录错")
    up(tiers, "county", "city")
    up(tiers, "other", "city")
    assert state(city, problem) == "answered"
    detail = city.store.read(get_problem, problem, city.store.actor)
    assert [(one.claim, one.bureau_claim) for one in detail.sides] == [("keep", "keep"), ("keep", "change")]
    assert detail.summary.my_turn
    assert "decide" in detail.allowed
    (proof,) = detail.sides[0].evidence
    assert city.store.read(evidence.content, proof.digest) == PNG
    decide(city, problem, Claim.KEEP, Claim.CHANGE)
    down(tiers)
    assert [state(tiers[name], problem) for name in WAY] == ["decided"] * 5
    turns = {name: tiers[name].store.read(get_problem, problem).summary.my_turn for name in WAY}
    assert turns == {"school": False, "county": False, "city": False, "other": False, "white_school": True}
    change_id_number(white, other, problem)
    outbox.build(other.store, other.act(Role.REGISTRAR), other.out)
    assert not [one for one in deliver(other, city) if one.refused]
    down(tiers)
    assert [state(tiers[name], problem) for name in WAY] == ["closed"] * 5
    assert [fault for name in WAY for fault in faults(tiers[name])] == []
