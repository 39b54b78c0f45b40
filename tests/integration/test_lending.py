"""The password lending register and the security incidents (E36, C3, D6, D7)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.units import Role
from models.services import incidents, lending
from models.services.duties.register import today
from models.store import audit
from models.store import tables as t

SYSTEM = "全国学籍系统 admin99"


def day(ahead: int) -> str:
    return (date.fromisoformat(today()) + timedelta(days=ahead)).isoformat()


def values(**given: str) -> dict[str, str]:
    return {"holder": "王管理", "borrower": "李老师", "purpose": "月报期间代为核对", "until": day(3), **given}


def asked(school, **given: str) -> str:
    return school.write(lending.ask, school.registrar, "system", SYSTEM, values(**given))


def the_loan(school) -> lending.Loan:
    (one,) = school.read(lending.list_loans)
    return one


def set_back(school, **columns: str) -> None:
    """As if time had passed."""

    def work(session):
        session.execute(update(t.password_loan).values(**columns))
        audit.append(session, school.registrar, "test.time", "lending:test", {})

    school.write(work)


def test_a_loan_goes_from_consent_to_a_new_password(school):
    s, loan = school, asked(school)
    assert the_loan(s).state_label == "待系统管理员同意"
    for actor in (s.registrar, s.head):
        with pytest.raises(NotAllowedError, match="系统管理员"):
            s.write(lending.consent, actor, loan)
    with pytest.raises(UserError, match="不能登记归还"):
        s.write(lending.return_, s.registrar, loan)  # nothing was lent yet
    s.write(lending.consent, s.administrator, loan, "限三天")
    assert (the_loan(s).state_label, the_loan(s).decided_by) == ("借出中", s.administrator.name)
    s.write(lending.return_, s.registrar, the_loan(s).number)
    assert the_loan(s).state_label == "已归还，待修改密码"
    with pytest.raises(UserError, match="不能由借用人李老师修改"):
        s.write(lending.changed, s.registrar, loan, "李老师")
    s.write(lending.changed, s.registrar, loan, "王管理")
    assert (the_loan(s).state_label, the_loan(s).changed_by) == ("已办结", "王管理")
    assert s.read(lending.list_loans, open_only=True) == []
    acts = [entry.act for entry in s.read(audit.entries) if entry.act.startswith("lending.")]
    assert acts == ["lending.changed", "lending.return", "lending.consent", "lending.ask"]


def test_a_students_account_is_never_lent(school, pupils):
    s = school
    s.take_in(pupils(1))
    number = s.read(lambda x: x.execute(select(t.student.c.id_number)).scalar_one())
    with pytest.raises(DataFaultError, match=r"学习账户不得出借：教高〔2022〕1号第九条.*C3、D6"):
        s.write(lending.ask, s.registrar, "student", "学号 20260001", values())
    with pytest.raises(DataFaultError, match="不得出借"):
        s.write(lending.ask, s.registrar, "system", number, values())
    assert s.read(lending.list_loans) == []


def test_consent_comes_before_and_from_somebody_else(school):
    s = school
    with pytest.raises(UserError, match="不能事后补办"):
        asked(s, **{"from": day(-1)})
    with pytest.raises(UserError, match="早于起始日期"):
        asked(s, **{"from": day(4)})
    with pytest.raises(UserError, match="最多借用 31 天"):
        asked(s, until=day(60))
    with pytest.raises(DataFaultError, match="不需要登记"):
        asked(s, borrower="王管理")
    with pytest.raises(UserError, match="没有用户名是“zhangsan”的在用教师账户"):
        s.write(lending.ask, s.registrar, "teacher", "zhangsan", values())
    loan = s.write(lending.ask, s.administrator, "system", SYSTEM, values())
    with pytest.raises(NotAllowedError, match="由您本人申请"):
        s.write(lending.consent, s.administrator, loan)
    other = asked(s)
    with pytest.raises(UserError, match="须写明意见"):
        s.write(lending.refuse, s.administrator, other, "")
    s.write(lending.refuse, s.administrator, other, "请本人办理")
    with pytest.raises(UserError, match="现在是“不同意”"):
        s.write(lending.consent, s.administrator, other)
    late = asked(s)
    set_back(s, last_day=day(-1))
    with pytest.raises(UserError, match="已经过去"):
        s.write(lending.consent, s.administrator, late)


def test_what_is_late_is_a_finding(school):
    s, loan = school, asked(school)
    s.write(lending.consent, s.administrator, loan)
    assert s.read(lending.overdue) == []
    set_back(s, last_day=day(-1))
    (late,) = s.read(lending.overdue)
    assert "应于" in late.overdue
    s.write(lending.return_, s.registrar, loan)
    assert s.read(lending.overdue) == []  # today it may still be changed in time
    set_back(s, returned_at=f"{day(-2)}T00:00:00Z")
    (late,) = s.read(lending.overdue)
    assert "原密码还没有修改" in late.overdue
    s.write(lending.changed, s.registrar, loan)
    assert s.read(lending.overdue) == []


def test_an_incident_is_closed_once_somebody_was_told(school):
    s = school
    facts = {"what": "账户在异地登录", "affected": "1 个教师账户", "measures": "停用账户并修改密码"}
    with pytest.raises(NotAllowedError):
        s.write(incidents.add, s.head, facts)
    with pytest.raises(DataFaultError, match="影响范围不能为空"):
        s.write(incidents.add, s.registrar, {**facts, "affected": " "})
    with pytest.raises(UserError, match="还没有到"):
        s.write(incidents.add, s.registrar, {**facts, "found_on": day(2)})
    number = s.write(incidents.add, s.registrar, {**facts, "found_on": day(-1)})
    assert s.write(incidents.add, s.administrator, facts) == number + 1
    with pytest.raises(UserError, match="向谁报告"):
        s.write(incidents.close, s.registrar, number, "已查清")
    with pytest.raises(UserError, match="早于发现日期"):
        s.write(incidents.close, s.registrar, number, "已查清", "教育局", day(-5))
    s.write(incidents.close, s.registrar, number, "密码外泄，已追责", "教育局")
    with pytest.raises(UserError, match="已办结"):
        s.write(incidents.close, s.registrar, number, "再办", "教育局")
    second, first = s.read(incidents.list_incidents)
    assert (first.state_label, first.reported_to, first.reported_on) == ("已办结", "教育局", today())
    assert [one.number for one in s.read(incidents.list_incidents, open_only=True)] == [second.number]
    assert s.signer(Role.REGISTRAR)  # the store is whole after all of it
