"""A problem between two counties: asked, answered and confirmed on both sides, decided at their city, told to all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.problems import Claim
from models.domain.units import Role
from models.exchange.problem_list import read_problem_list
from models.services import evidence
from models.services import problem_log as log
from models.services.matters import show_matter
from models.services.problem_lists import open_list
from models.services.problem_views import ProblemQuery, get_problem, list_problems
from sync.packages import outbox
from tests.problem_world import (
    SHARED,
    answer,
    ask,
    change_id_number,
    confirm,
    decide,
    faults,
    hand_over,
    letter,
    open_at,
    put,
    send,
    side,
    state,
    unit_of,
)
from tests.sync_world import PNG, TIERS, Member, deliver, make_tiers, opened
from tests.unit.spreadsheets import xlsx

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


def test_only_the_owner_decides_and_only_what_was_asked(between: Any) -> None:
    tiers, _, _, problem = between
    school, county, city = (tiers[name] for name in WAY[:3])
    body = {
        "problem": problem, "outcomes": ["keep", "change"], "opinion": "由县裁定", "by": "登记员",
        "at": "2026-11-22T08:00:00Z",
    }  # fmt: skip
    assert "不是由发件单位裁定" in letter(county, school, "problem.decision", body)[-1]
    closed = {"problem": problem, "note": "不查了", "at": "2026-11-22T08:00:00Z"}
    assert "不是由发件单位发起" in letter(county, school, "problem.closed", closed)[-1]
    assert "没有这个问题的核查记录" in letter(city, county, "problem.decision", {**body, "problem": new_id()})[-1]
    twice = letter(city, county, "problem.decision", {**body, "outcomes": ["keep", "keep"]})[-1]
    assert "只能保留一个" in twice
    assert [state(one, problem) for one in (school, county)] == ["asked", "asked"]
    said = {"claim": "keep", "opinion": "", "by": "登记员", "at": "2026-11-22T08:00:00Z"}
    answered = {"problem": problem, "position": 1, "school": said, "change": "", "values": {}, "evidence": []}
    answered["bureau"] = said
    assert "不是由该学校或其主管部门" in letter(county, city, "problem.answer", answered)[-1]
    assert city.store.read(log.sides_of, problem)[1].claim == ""


def test_bureau_speaks_once(between: Any) -> None:
    tiers, _, _, problem = between
    school, county = tiers["school"], tiers["county"]
    answer(school, problem, Claim.KEEP)
    send(school, county)
    confirm(county, problem)
    answer(school, problem, Claim.CHANGE, "再核实")
    hand_over(school, county)
    assert "后来的答复未作处理" in faults(county)[-1]
    with pytest.raises(UserError, match="确认并上报"):
        confirm(county, problem)


def test_a_city_leaves_to_a_county_what_lies_within_it(tiers: Tiers) -> None:
    school, county, city = (tiers[name] for name in WAY[:3])
    a = put([school, county, city], unit_of(school), "赵明", SHARED)
    b = put([county, city], TIERS["second"][0].id, "钱亮", SHARED)
    other = (TIERS["second"][0].id, "student", b, "钱亮 三(2)班", {"name": "钱亮", "id_number": SHARED})
    assert open_at(city, "id_twice", [side(school, a, "赵明"), other]) is None
    assert open_at(county, "id_twice", [side(school, a, "赵明"), other]) is not None


def test_a_list_of_the_city_reaches_a_school_through_its_county(tiers: Tiers, tmp_path: Path) -> None:
    school, county, city = (tiers[name] for name in WAY[:3])
    put([school, county, city], unit_of(school), "赵明", SHARED)
    path = xlsx(tmp_path / "清单.xlsx", [["姓名", "身份证号", "问题类型"], ["赵明", SHARED, "身份证号不存在"]])
    city.act(Role.REGISTRAR)
    result = city.store.write(open_list, city.store.actor, read_problem_list(path), path)
    (problem,) = result.opened
    assert ask(city).units == 2
    down(tiers)
    assert [state(tiers[name], problem) for name in WAY[:3]] == ["asked"] * 3
    answer(school, problem, Claim.KEEP)
    send(school, county)
    assert county.store.read(list_problems, ProblemQuery(mine=True))[0].turn == "青禾县教育局确认"
    confirm(county, problem)
    send(county, city)
    shown = city.store.read(show_matter, city.store.read(get_problem, problem).matter)
    assert {one.from_name for one in shown.letters} == {"虚州市教育局", "青禾县教育局"}
    assert decide(city, problem, Claim.KEEP) == "closed"
    down(tiers)
    assert [state(tiers[name], problem) for name in WAY[:3]] == ["closed"] * 3
