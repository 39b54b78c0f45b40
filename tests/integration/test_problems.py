"""Problem rosters of one county: asked, answered, decided, closed; what does not fit has its sentence."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.ids import new_id
from models.domain.problems import Claim, is_graduating, kind_of_words
from models.domain.units import Role
from models.exchange.problem_list import read_problem_list
from models.services import changes, problem_answers
from models.services import problem_log as log
from models.services import problems as services
from models.services.evidence_export import export_evidence
from models.services.problem_lists import open_list
from models.services.problem_views import ProblemQuery, get_problem, list_problems
from models.store import audit
from models.store import tables as t
from sync.problems import acts as sync_problems
from sync.problems import bodies
from sync.refusals import ContentRefusedError
from tests.problem_world import (
    RIGHT,
    SHARED,
    answer,
    ask,
    change_id_number,
    decide,
    faults,
    hand_over,
    id_number,
    letter,
    open_at,
    put,
    send,
    side,
    state,
    unit_of,
)
from tests.sync_world import PNG, Member, make_template, opened
from tests.unit.spreadsheets import xlsx


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


def test_answer_says_what_it_rests_on(found: Any) -> None:
    (school, _, county), _, _, problem = found
    with pytest.raises(UserError, match="找不到编号"):
        answer(school, problem, Claim.KEEP)
    ask(county)
    send(county, school)
    with pytest.raises(UserError, match="须附证明材料"):
        answer(school, problem, Claim.KEEP, files=[])
    with pytest.raises(UserError, match="请写明原因"):
        answer(school, problem, Claim.DELETE, "")
    with pytest.raises(FileRefusedError, match="超过 180 KB"):
        answer(school, problem, Claim.KEEP, files=[("大.png", PNG + b"0" * (200 << 10))])
    with pytest.raises(FileRefusedError, match="不是 JPG"):
        answer(school, problem, Claim.KEEP, files=[("程序.png", b"MZ")])
    with pytest.raises(NotAllowedError, match="共同上级裁定"):
        decide(school, problem, Claim.KEEP, Claim.CHANGE)
    with pytest.raises(NotAllowedError, match="由所在学校答复"):
        answer(county, problem, Claim.KEEP)
    done = answer(school, problem, Claim.CHANGE, values={"id_number": RIGHT})
    shown = school.store.read(get_problem, problem, school.store.actor)
    assert shown.sides[0].change_number == done.change_number != ""
    assert state(school, problem) == "answered"
    (draft,) = school.store.read(changes.list_changes)
    assert draft.number == done.change_number
    assert school.store.read(changes.get, draft.id).evidence == ()


def test_what_an_answer_proposes_goes_up_with_it(found: Any, tmp_path: Path) -> None:
    (school, _, county), _, _, problem = found
    ask(county)
    send(county, school)
    done = answer(
        school, problem, Claim.CHANGE, values={"id_number": RIGHT, "name": "赵鸣"}, files=[("户口簿.png", PNG)]
    )
    draft = next(one for one in school.store.read(changes.list_changes) if one.number == done.change_number)
    assert [one.name for one in school.store.read(changes.get, draft.id).evidence] == ["户口簿.png"]
    with pytest.raises(UserError, match=f"已于 .* 答复，变更 {done.change_number} 正在办理"):
        answer(school, problem, Claim.CHANGE, values={"id_number": RIGHT})
    send(school, county)
    shown = county.store.read(get_problem, problem).sides[0]
    texts = {title: (old, new) for title, old, new in shown.proposed}
    assert texts.pop("姓名") == ("赵明", "赵鸣")
    ((old, new),) = texts.values()
    assert (old[:6], new[:6]) == ("130999", "130999")
    assert "****" in new
    assert RIGHT not in str(shown)
    (path,) = county.store.write(
        lambda s, a: export_evidence(s, a, problem[-8:], shown.evidence, tmp_path, "problem"), county.store.actor
    )
    assert path.read_bytes() == PNG


def test_who_is_late_is_not_waited_for(found: Any) -> None:
    (school, second, county), _, _, problem = found
    with pytest.raises(UserError, match="已经过去"):
        ask(county, due="2020-01-01")
    with pytest.raises(UserError, match="还没有向"):
        decide(county, problem, Claim.KEEP, Claim.CHANGE)
    ask(county)
    send(county, school)
    answer(school, problem, Claim.KEEP)
    send(school, county)
    county.store.write(lambda s: log.update_problem(s, problem, {"due": "2026-01-05"}))
    (row,) = county.store.read(list_problems, ProblemQuery(mine=False))
    assert row.late > 300
    assert row.turn == "青禾县第二小学答复"
    assert decide(county, problem, Claim.KEEP, Claim.CHANGE) == "decided"
    send(county, second)
    assert state(second, problem) == "decided"
    with pytest.raises(UserError, match="裁定，不能再答复"):
        answer(second, problem, Claim.KEEP)


def test_answer_after_the_decision_is_told_so(found: Any) -> None:
    (school, second, county), _, _, problem = found
    ask(county)
    send(county, school)
    send(county, second)
    answer(second, problem, Claim.KEEP)
    county.store.write(lambda s: log.update_problem(s, problem, {"due": "2026-01-05"}))
    decide(county, problem, Claim.KEEP, Claim.CHANGE)
    hand_over(second, county)
    (fault,) = faults(county)
    assert "裁定，答复晚到" in fault
    assert county.store.read(log.sides_of, problem)[1].claim == ""


def test_ask_must_fit_the_unit(found: Any) -> None:
    (school, _, county), _, _, problem = found
    ask(county)
    good = county.store.read(
        lambda s: bodies.ask_entry(log.find(s, problem), log.sides_of(s, problem), unit_of(school))
    )

    def told(change: Any, to: Member = school) -> str:
        entry = json.loads(json.dumps(good)) | {"id": new_id()}
        change(entry)
        return letter(county, to, "problem.ask", {"problems": [entry]})[-1]

    assert "没有本单位" in told(lambda e: e["sides"].pop(0))
    assert "不是本单位的主管部门" in told(lambda e: e["sides"][0].update(bureau=new_id()))
    assert "读不懂" in told(lambda e: e.update(due="2026-13-01"))
    assert "读不懂" in told(lambda e: e["sides"][0]["details"].update(passphrase="x"))
    foreign = put([school], new_id(), "李外", id_number(17))
    assert "不在所列的单位" in told(lambda e: e["sides"][0].update(subject=foreign))
    assert "不完整" in told(lambda e: e["sides"][0].update(subject=""))
    assert [one.id for one in school.store.read(list_problems)] == [problem]


def test_foreign_bodies_are_judged_before_use() -> None:
    said = {"claim": "keep", "opinion": "是", "by": "登记员", "at": "2026-11-22T08:00:00Z"}
    evidence_ = [{"name": "户口簿.png", "data": base64.b64encode(PNG).decode()}]
    answered = {
        "problem": new_id(), "position": 0, "school": said, "change": "", "values": {}, "evidence": evidence_,
        "bureau": None,
    }  # fmt: skip
    decided = {"problem": new_id(), "outcomes": ["keep"], "opinion": "是", "by": "甲", "at": said["at"]}
    closed = {"problem": new_id(), "note": "是", "at": said["at"]}
    readers: tuple[Any, ...] = (
        (bodies.read_answer, answered),
        (bodies.read_decision, decided),
        (bodies.read_closed, closed),
    )
    odd: tuple[Any, ...] = (None, 1, -1, True, "", "x" * 2000, "\u202e", [], {}, [[]], {"a": 1}, "../x", ["keep"] * 60)
    refused = 0
    for read, body in readers:
        read(body)
        for key in body:
            for value in odd:
                if value == body[key]:
                    continue
                try:
                    read({**body, key: value})
                except ContentRefusedError:
                    refused += 1
        strange: tuple[Any, ...] = (None, [], "x", {**body, "more": 1})
        for other in strange:
            with pytest.raises(ContentRefusedError):
                read(other)
    assert refused > 150
    for name in ("../户口簿.png", "a\\b.png", "C:x"):
        with pytest.raises(ContentRefusedError):
            bodies.read_answer({**answered, "evidence": [{**evidence_[0], "name": name}]})


def test_the_same_name_may_be_two_people(world: list[Member]) -> None:
    school, second, county = world
    a = put([school, county], unit_of(school), "赵明", "")
    b = put([second, county], unit_of(second), "赵明", "")
    sides = [side(school, a, "赵明", ""), side(second, b, "赵明", "")]
    problem = open_at(county, "identity_twice", sides)
    assert problem is not None
    ask(county)
    for one in (school, second):
        send(county, one)
        answer(one, problem, Claim.KEEP)
        send(one, county)
    assert decide(county, problem, Claim.KEEP, Claim.KEEP) == "closed"
    send(county, school)
    assert state(school, problem) == "closed"
    assert open_at(county, "identity_twice", sides) is None


def test_a_third_record_joins_and_decisions_do_not_contradict(found: Any) -> None:
    (school, second, county), a, b, problem = found
    c = put([second, county], unit_of(second), "孙远", SHARED)
    sides = [side(school, a, "赵明"), side(second, c, "孙远")]
    assert open_at(county, "id_twice", sides) == problem
    wrong = open_at(county, "id_wrong", [side(school, a, "赵明")])
    assert wrong is not None
    shown = county.store.read(get_problem, problem)
    assert any("身份证号错误" in text for text in shown.others)
    assert [one.label for one in shown.sides] == ["赵明 三(2)班", "钱亮 三(2)班", "孙远 三(2)班"]
    ask(county)
    for one in (school, second):
        send(county, one)
    with pytest.raises(UserError, match="第几方"):
        answer(second, problem, Claim.CHANGE)
    for one in (problem, wrong):
        county.store.write(lambda s, p=one: log.update_problem(s, p, {"due": "2026-01-05"}))
    with pytest.raises(UserError, match="涉及 3 方"):
        decide(county, problem, Claim.KEEP, Claim.CHANGE)
    decide(county, problem, Claim.KEEP, Claim.CHANGE, Claim.DELETE)
    with pytest.raises(UserError, match="与这里的裁定相反"):
        decide(county, wrong, Claim.CHANGE)
    sync_problems.close(county.store, problem[-8:], "重复建籍的已在全国系统注销")
    with pytest.raises(UserError, match="已经办结"):
        sync_problems.close(county.store, problem, "再办一次")
    send(county, second)
    assert state(second, problem) == "closed"
    assert b != c


def test_list_from_the_police(world: list[Member], tmp_path: Path) -> None:
    school, second, county = world
    a = put([school, county], unit_of(school), "赵明", SHARED, student_number=f"G{SHARED}", class_name="六(1)班")
    b = put([second, county], unit_of(second), "钱亮", id_number(17))
    path = xlsx(
        tmp_path / "清单.xlsx",
        [
            ["问题学籍清单"],
            ["序号", "姓名", "身份证号码", "学籍号", "学校名称", "问题类型", "说明"],
            [1, "赵明", SHARED, f"G{SHARED}", "青禾县第一小学", "身份证号不存在", "公安核查"],
            [2, "钱亮", "", "", "", "身份证号与姓名不匹配", ""],
            [3, "钱亮", id_number(17), "", "青禾县第二小学", "身份证号与姓名不匹配", ""],
            [4, "无名", id_number(19), "", "", "", ""],
        ],
    )
    listed = read_problem_list(path)
    county.act(Role.REGISTRAR)
    result = county.store.write(open_list, county.store.actor, listed, path)
    assert (len(result.opened), result.already, [one.row for one in result.unmatched]) == (2, 0, [4, 6])
    assert "请核对姓名" in result.unmatched[0].reason
    again = county.store.write(open_list, county.store.actor, listed, path)
    assert (again.opened, again.already) == ((), 2)
    rows = county.store.read(list_problems)
    assert [(row.priority, row.label) for row in rows] == [(True, "赵明 六(1)班"), (False, "钱亮 三(2)班")]
    assert ask(county).problems == 2
    send(county, school)
    (mine,) = school.store.read(list_problems, ProblemQuery(mine=True))
    detail = school.store.read(get_problem, mine.number)
    assert (detail.note, detail.sides[0].subject_id) == ("身份证号不存在；公安核查", a)
    assert SHARED not in str(detail.facts)
    with pytest.raises(NotAllowedError, match="由主管部门导入"):
        school.store.write(open_list, school.store.actor, listed, path)
    answer(school, mine.number, Claim.KEEP)
    send(school, county)
    assert decide(county, mine.id, Claim.KEEP) == "closed"
    assert b
    with pytest.raises(FileRefusedError, match="没有找到问题学籍清单"):
        read_problem_list(xlsx(tmp_path / "别的.xlsx", [["甲", "乙"], [1, 2]]))


def test_words_of_lists_and_graduating_classes() -> None:
    assert kind_of_words("身份证号重复(外省已注册有学籍)").key == "id_twice"
    assert kind_of_words("姓名性别出生日期重复").key == "identity_twice"
    assert kind_of_words("公安部校验不通过:身份证号不存在").key == "id_wrong"
    assert is_graduating("", "六(1)班")
    assert is_graduating("九年级", "")
    assert is_graduating("", "高三(2)班")
    assert not is_graduating("", "三(2)班")
    assert not is_graduating("五年级", "五(6)班")


def test_a_user_name_is_held_by_one(world: list[Member]) -> None:
    """One of the two accounts is the leading county's own: it answers for itself and no bureau stands between."""
    school, _, county = world
    ids = {unit_of(school): new_id(), unit_of(county): new_id()}

    def insert(session: Session) -> None:
        for unit_id, account in ids.items():
            row = {
                "id": account, "unit_id": unit_id, "status": "active", "revision": 1, "updated_by": "登记员",
                "updated_at": "2026-09-01T00:00:00Z", "name": "张三", "username": "czhjzhangsan",
            }  # fmt: skip
            session.execute(t.account.insert().values(**row))
        audit.append(session, None, "test.accounts", "batch:test", {"count": 2})

    county.store.write(insert)
    sides = [(unit, "account", account, "张三", {"username": "czhjzhangsan"}) for unit, account in ids.items()]
    problem = open_at(county, "username_twice", sides)
    assert problem is not None
    assert ask(county).units == 1
    send(county, school)
    with pytest.raises(UserError, match="可以答复的是：佐证无误、变更"):
        answer(school, problem, Claim.DELETE)
    answer(school, problem, Claim.CHANGE, files=[])
    send(school, county)
    assert "县教育局答复" in county.store.read(list_problems)[0].turn
    answer(county, problem, Claim.KEEP, files=[])
    assert state(county, problem) == "answered"
    decide(county, problem, Claim.CHANGE, Claim.KEEP)
    send(county, school)
    with pytest.raises(UserError, match="直接在“教师账户”中修改"):
        school.store.write(problem_answers.start_change, school.store.actor, problem, {"name": "张三"}, "")

    def rename(session: Session) -> list[str]:
        own = ids[unit_of(school)]
        session.execute(t.account.update().where(t.account.c.id == own).values(username="czhjzhangsan2"))
        audit.append(session, None, "test.accounts", "batch:test", {"count": 1})
        return services.close_resolved(session, None, [own])

    assert county.store.write(rename) == [problem]
    send(county, school)
    assert state(school, problem) == "closed"
