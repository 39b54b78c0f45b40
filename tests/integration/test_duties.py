"""People named for duties, what is missing, certificates and trainings (A7, A18, B4, E34, E39)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.domain.errors import DataFaultError, FileRefusedError, NotAllowedError, UserError
from models.domain.policy import Policy
from models.domain.units import Role
from models.services import changes, policies, registers
from models.services.duties import register, training
from models.services.duties.register import name_person, today
from models.services.duties.training import Attendance, approver_warning, record_training
from models.services.duties.vacancies import vacancies
from models.store import audit
from models.store import tables as t
from tests.integration.conftest import Office, stand_below
from tests.open_world import LU, LUAN, PROVINCE, TANG, carry, make_open_tiers, open_world
from tests.sync_world import Member

World = dict[str, Member]
PERSON = {"name": "王敏", "phone": "13800000001", "email": "wangmin@example.org"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("duties") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def day(ahead: int) -> str:
    return (date.fromisoformat(today()) + timedelta(days=ahead)).isoformat()


def named(member: Member, code: str, **given: str) -> str:
    member.act(Role.ADMINISTRATOR)
    return member.store.write(name_person, member.store.actor, code, {**PERSON, **given})


def trained(member: Member, *people: Attendance) -> str:
    member.act(Role.ADMINISTRATOR)
    return member.store.write(record_training, member.store.actor, day(-1), "管理员培训", "账户备案", people)


def missing(member: Member) -> list[tuple[str, str, str]]:
    """(unit, kind, duty or person) of the findings."""
    return [(one.unit_name, one.kind, one.person or one.code) for one in member.store.read(vacancies)]


def test_a_vacancy_is_a_finding_here_and_above(world: World) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    both = [(LU.name, "vacancy", "account_admin"), (LU.name, "vacancy", "contact")]
    assert missing(lu) == both
    assert missing(tang)[2:] == [(LU.name, "untold", ""), (LUAN.name, "untold", "")]  # nobody has told of them
    named(lu, "account_admin")
    named(tang, "account_admin", name="刘强")
    carry(world)
    assert missing(lu) == [(LU.name, "vacancy", "contact"), (LU.name, "uncertified", "王敏")]
    assert missing(tang) == [
        (TANG.name, "vacancy", "contact"), (TANG.name, "uncertified", "刘强"),
        (LU.name, "vacancy", "contact"), (LU.name, "uncertified", "王敏"), (LUAN.name, "untold", ""),
    ]  # fmt: skip
    above = missing(province)
    assert [one for one in above if one[0] == LU.name] == missing(lu)
    assert (PROVINCE.name, "vacancy", "account_admin") in above
    named(lu, "contact", name="赵联", business="学籍业务")
    trained(lu, Attendance("王敏", "passed", "冀培 001", day(400)))
    carry(world)
    assert missing(lu) == []
    assert [one for one in missing(tang) if one[0] == LU.name] == []
    (held,) = [one for one in tang.store.read(register.list_named) if one.unit_id == LU.id and one.code != "contact"]
    assert (held.certificate, held.training, held.trained_on) == ("冀培 001", "管理员培训", day(-1))
    lu.act(Role.ADMINISTRATOR)
    lu.store.write(register.end, lu.store.actor, "王敏")
    carry(world)
    assert [one for one in missing(tang) if one[0] == LU.name] == [(LU.name, "vacancy", "account_admin")]


def test_who_is_named_can_be_reached_and_is_named_once(world: World) -> None:
    lu = world["lu"]
    named(lu, "account_admin")
    with pytest.raises(UserError, match="已是本单位的账户管理员"):
        named(lu, "account_admin")
    named(lu, "account_admin", name="副手")  # at least one: a second one is no fault
    for wrong, said in (
        ({"phone": ""}, "联系电话"), ({"phone": "123"}, "11 位手机号"), ({"email": "x"}, "邮箱"),
        ({"name": ""}, "姓名"),
    ):  # fmt: skip
        with pytest.raises(DataFaultError, match=said):
            named(lu, "support", **wrong)
    with pytest.raises(DataFaultError, match="对接的业务"):
        named(lu, "contact", name="赵联")
    with pytest.raises(UserError, match="没有“chief”这项职责"):
        named(lu, "chief")
    with pytest.raises(UserError, match="应写成"):
        named(lu, "support", since="昨天")
    lu.act(Role.HEAD)
    with pytest.raises(NotAllowedError):
        lu.store.write(name_person, lu.store.actor, "support", PERSON)
    lu.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="早于任职日期"):
        lu.store.write(register.end, lu.store.actor, "副手", day(-3))
    assert [one.name for one in lu.store.read(register.list_named)] == ["王敏", "副手"]


def test_certificates_are_told_before_and_after_they_end(world: World) -> None:
    lu = world["lu"]
    named(lu, "account_admin")
    named(lu, "contact", name="赵联", business="学籍业务")
    trained(lu, Attendance("王敏", "passed", "冀培 001", day(59)), Attendance("赵联", "attended"))
    assert missing(lu) == [(LU.name, "soon", "王敏")]
    assert f"将于 {day(59)} 到期" in lu.store.read(vacancies)[0].sentence
    lu.act(Role.ADMINISTRATOR)
    early = lu.store.write(
        record_training,
        lu.store.actor,
        "2020-01-01",
        "旧培训",
        "",
        [Attendance("钱旧", "passed", "旧 1", "2021-01-01")],
    )
    assert early
    named(lu, "account_admin", name="钱旧")
    assert (LU.name, "expired", "钱旧") in missing(lu)
    trained(lu, Attendance("钱旧", "passed", "冀培 002"))  # without an end
    assert missing(lu) == [(LU.name, "soon", "王敏")]
    newest, _, oldest = lu.store.read(training.list_trainings)
    assert (newest.people[0].certificate, oldest.title) == ("冀培 002", "旧培训")


def test_a_training_is_entered_whole_or_not_at_all(world: World) -> None:
    lu = world["lu"]
    for people, said in (
        ([], "1 至 500"), ([Attendance("甲", "failed", "冀培 9")], "不能有合格证书"),
        ([Attendance("甲", "good")], "只能是"), ([Attendance("甲", "passed", "冀培 9", "2000-01-01")], "不能早于"),
        ([Attendance("甲", "passed"), Attendance(" ", "passed")], "姓名"),
    ):  # fmt: skip
        with pytest.raises(DataFaultError, match=said):
            trained(lu, *people)
    with pytest.raises(UserError, match="还没有到"):
        lu.store.write(record_training, lu.store.actor, day(1), "培训", "", [Attendance("甲", "passed")])
    assert lu.store.read(training.list_trainings) == []


def test_an_approver_without_a_certificate_is_warned_and_refused_where_the_policy_says_so(
    school: Office, county: Office, pupils: Any, scan: bytes
) -> None:
    s = school
    s.write(stand_below, county.unit)
    s.take_in(pupils(2))
    warning = s.read(approver_warning, s.head)
    assert "没有登记培训合格证书" in warning
    pupil = s.read(lambda x: x.execute(select(t.student.c.id).order_by(t.student.c.id)).scalars().first())
    change = s.write(changes.propose, s.registrar, "student.key_field", pupil, {"name": "慕容安"}, "更正")
    s.write(changes.attach, s.registrar, change, "户籍证明.png", scan, "image/png", "household")
    s.write(changes.submit, s.registrar, change)
    body = Policy(1, (), {"certified": "block"}, (), "2020-01-01T00:00:00Z").to_json()
    s.write(policies.record_received_policy, county.unit.id, "county", body, "0" * 64)
    with pytest.raises(NotAllowedError, match="未持证不得核办"):
        s.write(changes.approve, s.head, s.signer(Role.HEAD), [change])
    people = [Attendance(s.head.name, "passed", "冀培 003", day(30))]
    s.write(record_training, s.administrator, day(-1), "上岗培训", "", people)
    assert s.read(approver_warning, s.head) == ""
    s.write(changes.approve, s.head, s.signer(Role.HEAD), [change])
    assert s.read(audit.entries)[0].act == "change.approve"


def test_what_a_unit_below_tells_is_its_own_and_of_the_right_shape(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    named(lu, "account_admin")
    entries = lu.store.read(registers.news)
    assert entries is not None
    tang.act(Role.REGISTRAR)

    def told(origin: str, rows: list[dict[str, str]]) -> str:
        body = {"entries": rows, "goes_on": False}
        return tang.store.write(registers.take, tang.store.actor, origin, "2026-01-01T00:00:00Z", body)

    assert told(LU.id, entries) == f"记下“{LU.name}”的专人和质量监控账户 1 项"
    assert told(LU.id, entries)  # again: the same list takes the place of the former
    with pytest.raises(FileRefusedError, match="其他单位的记录"):
        told(LUAN.id, entries)
    with pytest.raises(FileRefusedError, match="不是所辖单位"):
        told(PROVINCE.id, entries)
    for wrong in ({"since": "昨天"}, {"id": "x"}, {"name": "a" * 501}, {"phone": "1\x00"}):
        with pytest.raises(ValueError, match=r"."):
            told(LU.id, [{**entries[0], **wrong}])
    with pytest.raises(KeyError):
        told(LU.id, [{**entries[0], "register": "student"}])
    assert [one.name for one in tang.store.read(register.list_named)] == ["王敏"]
