"""The password lending register: consent of the administrator before, a new password after (E36, C3, D6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, insert, or_, select, update
from sqlalchemy.orm import Session

from models.domain import lending as domain
from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.ids import id_end, new_id
from models.domain.times import local_day
from models.domain.units import Actor, Role
from models.services.duties.register import checked_day, checked_text, today
from models.services.permissions import require_any_role, require_role
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

_ANY: Final = (Role.REGISTRAR, Role.HEAD, Role.ADMINISTRATOR)
_LONGEST: Final = 300


@dataclass(frozen=True)
class Loan:
    """A loan as lists show it; days YYYY-MM-DD, times UTC text; `overdue`: what is late, in a sentence, or ""."""

    id: str
    number: str
    kind_label: str
    label: str
    holder: str
    borrower: str
    purpose: str
    first_day: str
    last_day: str
    state: str
    state_label: str
    asked_by: str
    asked_at: str
    decided_by: str
    decided_at: str
    opinion: str
    returned_at: str
    changed_at: str
    changed_by: str
    overdue: str
    asker_id: str = ""


def ask(session: Session, actor: Actor, kind: str, account: str, values: Mapping[str, str]) -> str:
    """Ask the administrator to let somebody use another's password; the id of the loan.

    `kind`: teacher (an own account by id or user name), system (`account` names it), student (refused).
    `values`: holder (default: the account's), borrower, purpose, from, until (days). Raises DataFaultError with the
    clause for a student's account (C3, D6), UserError for days that have passed: consent comes before (E36).
    """
    require_any_role(actor, _ANY, "申请借用密码")
    if kind not in domain.KIND_LABELS:
        raise UserError(f"账户种类只能是：{'、'.join(domain.KIND_LABELS.values())}。")
    if kind == domain.STUDENT or _is_students(session, account):
        raise DataFaultError(f"{domain.STUDENT_CLAUSE}。")
    row = _account(session, account) if kind == domain.TEACHER else None
    first, last = _days(values)
    holder = checked_text(values.get("holder", "") or (row.name if row else ""), "账户持有人")
    borrower = checked_text(values.get("borrower", ""), "借用人")
    if borrower == holder:
        raise DataFaultError(f"借用人与账户持有人都是{holder}，不需要登记。")
    loan = {
        "id": new_id(), "kind": kind, "account_id": row.id if row else None,
        "label": row.username if row else checked_text(account, "账户名称"), "holder": holder, "borrower": borrower,
        "purpose": checked_text(values.get("purpose", ""), "用途", _LONGEST), "first_day": first, "last_day": last,
        "state": domain.ASKED, "asked_by": actor.name, "asker_id": actor.person_id, "asked_at": now_text(),
        "decided_by": "", "decided_at": None, "opinion": "", "returned_at": None, "changed_at": None,
        "changed_by": "",
    }  # fmt: skip
    session.execute(insert(t.password_loan).values(**loan))
    _audit(session, actor, "lending.ask", str(loan["id"]), {"account": loan["label"], "person": borrower})
    return str(loan["id"])


def _is_students(session: Session, text: str) -> bool:
    """Whether a number or id given as the account is a pupil's."""
    c = t.student.c
    same = or_(c.id == text, c.student_number == text, c.local_number == text, c.id_number == text)
    return bool(text.strip()) and session.execute(select(c.id).where(same).limit(1)).first() is not None


def _account(session: Session, text: str) -> Row[Any]:
    c = t.account.c
    query = select(c.id, c.name, c.username).where(c.unit_id == own_unit(session).id, c.status == "active")
    rows = session.execute(query.where(or_(c.id == text, c.username == text)).limit(2)).all()
    if len(rows) != 1:
        raise UserError(f"本单位没有用户名是“{text}”的在用教师账户，请用 accounts list 查看。")
    return rows[0]


def _days(values: Mapping[str, str]) -> tuple[str, str]:
    first = checked_day(values.get("from", ""), "起始日期") or today()
    last = checked_day(values.get("until", ""), "截止日期")
    if not last:
        raise UserError("请写明借用到哪一天（截止日期）。")
    if first < today():
        raise UserError(f"起始日期 {first} 已经过去：密码必须事先经系统管理员同意后方可借出（E36），不能事后补办。")
    if last < first:
        raise UserError(f"截止日期 {last} 早于起始日期 {first}，请核对。")
    if date.fromisoformat(last) - date.fromisoformat(first) > timedelta(days=domain.LONGEST_DAYS):
        raise UserError(f"一次最多借用 {domain.LONGEST_DAYS} 天；长期需要的，请为其开通自己的账户。")
    return first, last


def consent(session: Session, actor: Actor, number: str, opinion: str = "") -> None:
    """The administrator consents before the password is lent (E36). Raises NotAllowedError, UserError."""
    loan = _decided(session, actor, number, "同意借用密码")
    if loan.last_day < today():
        raise UserError(f"申请的借用期到 {loan.last_day} 已经过去，不能再同意；仍需借用的，请重新申请。")
    _decide(session, actor, loan, domain.CONSENTED, opinion.strip()[:_LONGEST])


def refuse(session: Session, actor: Actor, number: str, opinion: str) -> None:
    """The administrator does not consent and says why. Raises NotAllowedError, UserError."""
    loan = _decided(session, actor, number, "办理密码借用")
    if not opinion.strip():
        raise UserError("不同意借用须写明意见，让申请人知道原因。")
    _decide(session, actor, loan, domain.REFUSED, opinion.strip()[:_LONGEST])


def _decided(session: Session, actor: Actor, number: str, act: str) -> Row[Any]:
    require_role(actor, Role.ADMINISTRATOR, act)
    loan = _in_state(session, number, domain.ASKED, act)
    if loan.asker_id == actor.person_id:
        raise NotAllowedError("这次借用由您本人申请，须由另一位系统管理员同意。")
    return loan


def _decide(session: Session, actor: Actor, loan: Row[Any], state: str, opinion: str) -> None:
    values = {"state": state, "opinion": opinion, "decided_by": actor.name, "decided_at": now_text()}
    _write(session, loan, values)
    act = "lending.consent" if state == domain.CONSENTED else "lending.refuse"
    _audit(session, actor, act, loan.id, {"account": loan.label, "reason": opinion})


def return_(session: Session, actor: Actor, number: str) -> None:
    """The password is given back; it has to be changed now (E36). Raises NotAllowedError, UserError."""
    require_any_role(actor, _ANY, "登记归还")
    loan = _in_state(session, number, domain.CONSENTED, "登记归还")
    _write(session, loan, {"state": domain.RETURNED, "returned_at": now_text()})
    _audit(session, actor, "lending.return", loan.id, {"account": loan.label})


def changed(session: Session, actor: Actor, number: str, by: str = "") -> None:
    """The password was changed after its return, which ends the loan (E36); `by`: who changed it, default the actor.

    Raises NotAllowedError, UserError.
    """
    require_any_role(actor, _ANY, "登记修改密码")
    loan = _in_state(session, number, domain.RETURNED, "登记修改密码")
    who = checked_text(by or actor.name, "修改人")
    if who == loan.borrower:
        raise UserError(f"原密码应由持有人修改，不能由借用人{who}修改（E36）。")
    _write(session, loan, {"state": domain.CHANGED, "changed_at": now_text(), "changed_by": who})
    _audit(session, actor, "lending.changed", loan.id, {"account": loan.label, "person": who})


def _in_state(session: Session, number: str, state: str, act: str) -> Row[Any]:
    rows = session.execute(select(t.password_loan)).all()
    found = [row for row in rows if number in (row.id, id_end(row.id))]
    if len(found) != 1:
        raise UserError(f"没有编号为“{number}”的密码借用登记，请用 lending list 查看。")
    if found[0].state != state:
        raise UserError(f"借用登记 {id_end(found[0].id)} 现在是“{_words(found[0])}”，不能{act}。")
    return found[0]


def _write(session: Session, loan: Row[Any], values: Mapping[str, str]) -> None:
    session.execute(update(t.password_loan).where(t.password_loan.c.id == loan.id).values(**values))


def _audit(session: Session, actor: Actor, act: str, loan_id: str, body: dict[str, Any]) -> None:
    audit.append(session, actor, act, f"lending:{loan_id}", body)


def list_loans(session: Session, open_only: bool = False) -> list[Loan]:
    """The loans, newest first; `open_only`: those that are not settled."""
    c = t.password_loan.c
    query = select(t.password_loan).order_by(c.asked_at.desc(), c.id.desc())
    if open_only:
        query = query.where(c.state.not_in((domain.REFUSED, domain.CHANGED)))
    return [_loan(row) for row in session.execute(query)]


def overdue(session: Session) -> list[Loan]:
    """The loans of which something is late: not returned in time, or the password not changed (E36)."""
    return [one for one in list_loans(session, open_only=True) if one.overdue]


def _words(row: Row[Any]) -> str:
    lent = row.state == domain.CONSENTED and row.first_day <= today()
    return domain.LENT_LABEL if lent else domain.STATE_LABELS[row.state]


def _overdue(row: Row[Any]) -> str:
    if row.state == domain.CONSENTED and row.last_day < today():
        return f"{row.borrower}借用 {row.label} 应于 {row.last_day} 归还，已逾期。请收回并立即修改密码"
    if row.state == domain.RETURNED and local_day(row.returned_at) < today():
        day = local_day(row.returned_at)
        return f"{row.label} 已于 {day} 归还，原密码还没有修改。请持有人{row.holder}立即修改并登记"
    return ""


def _loan(row: Row[Any]) -> Loan:
    return Loan(
        row.id, id_end(row.id), domain.KIND_LABELS[row.kind], row.label, row.holder, row.borrower, row.purpose,
        row.first_day, row.last_day, row.state, _words(row), row.asked_by, row.asked_at, row.decided_by,
        row.decided_at or "", row.opinion, row.returned_at or "", row.changed_at or "", row.changed_by, _overdue(row),
        row.asker_id,
    )  # fmt: skip
