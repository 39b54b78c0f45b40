"""Changes of post on their way: sent by the unit, filed or refused by the province, then in effect (A4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, text, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import FILED as FILED_KINDS
from models.domain.errors import FileRefusedError, UserError
from models.domain.ids import id_end
from models.domain.monitoring import (
    APPLICATION_LABELS,
    FILED,
    REFUSED,
    Answer,
    Application,
    read_answer,
    read_application,
)
from models.domain.signing import canonical
from models.domain.states import Event, State
from models.domain.units import Actor, Role, Tier, Unit
from models.services.change_log import Decider, changes_by_id, record
from models.services.change_writing import checked_reason
from models.services.monitoring.checks import account_row, place_faults, values_of
from models.services.monitoring.effects import apply_register
from models.services.permissions import require_role
from models.services.units import ancestors, find_unit, is_below, own_unit, unit_name
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

_ACTS: Final = {FILED: "monitoring.file", REFUSED: "monitoring.refuse"}


@dataclass(frozen=True)
class Pending:
    """An application as the province looks at it; `faults` are why it cannot be filed."""

    number: str
    change_id: str
    attempt: int
    message_id: str
    unit_id: str
    unit_name: str
    change_number: str
    label: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    reason: str
    approved_by: str
    received_at: str
    state: str
    state_label: str
    opinion: str
    decided_by: str
    decided_at: str
    faults: tuple[str, ...]


# --- at the unit ----------------------------------------------------------------------------------------------


def province_of(session: Session) -> Unit | None:
    """The province's school above this unit, as far as known."""
    return next((unit for unit in ancestors(session, own_unit(session).id) if unit.tier is Tier.PROVINCE), None)


def to_send(session: Session) -> list[Application]:
    """The changes of post the own head has approved and nobody has sent yet."""
    c = t.change.c
    query = select(t.change).where(c.kind.in_(FILED_KINDS), c.state == State.APPROVED.value).order_by(c.number)
    return [application_of(session, row) for row in session.execute(query)]


def application_of(session: Session, change: Row[Any]) -> Application:
    """A change as it is applied for, with the approval of the own head."""
    d = t.decision.c
    approved = select(d.person_name, d.at).where(d.change_id == change.id, d.event == Event.APPROVE.value)
    by, at = session.execute(approved.order_by(d.position.desc()).limit(1)).one()
    row = account_row(session, change.subject_id)
    assert row is not None  # its approval has found it in use
    before = values_of(row)
    return Application(
        change.id, change.attempt, change.number, change.subject_id, before, {**before, **json.loads(change.after)},
        change.reason[:500], change.initiator_name, by, at,
    )  # fmt: skip


def mark_sent(session: Session, actor: Actor, change_id: str) -> None:
    """An application is on its way to the province."""
    record(session, actor, [change_id], Event.SEAL, "报省校教务处教学督导与质量监控科备案")


def take_back_refused(session: Session, actor: Actor, message_kind: str) -> None:
    """Changes whose application could not be taken are drafts again, with what the other side said."""
    c, m = t.change.c, t.message.c
    sealed = select(c.id).where(c.kind.in_(FILED_KINDS), c.state == State.SEALED.value)
    for change_id in session.execute(sealed).scalars().all():
        sent = select(m.state, m.note).where(m.matter == change_id, m.kind == message_kind, m.direction == "out")
        newest = session.execute(sent.order_by(m.at.desc(), text("message.rowid DESC")).limit(1)).first()
        if newest is not None and newest.state == "refused":
            record(session, actor, [change_id], Event.RECEIPT_RETURN, newest.note)


def settle(session: Session, actor: Actor, origin_id: str, body: Mapping[str, Any]) -> str:
    """Take the province's answer: filed, the change takes effect and the permission may be changed; what was done.

    Raises FileRefusedError for another unit's word, or for a change that does not wait for one; ValueError, KeyError
    or TypeError for another shape.
    """
    answer, province = read_answer(body), province_of(session)
    if province is None or origin_id != province.id:
        raise FileRefusedError("质量监控账户岗位变动的备案结果只能由省校作出，没有采用。")
    (change,) = changes_by_id(session, [answer.change])
    if (change.kind, change.state, change.attempt) != (FILED_KINDS[0], State.SEALED, answer.attempt):
        raise FileRefusedError(f"变更 {change.number} 没有在等待备案，省校的备案结果没有采用。")
    decider = Decider(origin_id, "", answer.by)
    if answer.verdict == REFUSED:
        record(session, actor, [change.id], Event.RECEIPT_REFUSE, answer.opinion, decider=decider)
        return f"省校不予备案：{change.subject_label}（{answer.opinion}），权限不得修改"
    record(session, actor, [change.id], Event.RECEIPT_ACCEPT, answer.opinion, decider=decider)
    apply_register(session, actor, [change], f"{province.name} {answer.by}")
    return f"省校已备案：{change.subject_label}，岗位变动生效，允许修改权限"


# --- at the province ------------------------------------------------------------------------------------------


def receive(session: Session, actor: Actor, message_id: str, origin_id: str, body: Mapping[str, Any]) -> str:
    """Keep an application of a unit below until the registrar files or refuses it; what was done.

    Raises FileRefusedError when this is not the province or the unit not below it; ValueError, KeyError or TypeError
    for another shape.
    """
    application, own = read_application(body), own_unit(session)
    if own.tier is not Tier.PROVINCE or not is_below(session, origin_id, own.id):
        raise FileRefusedError("质量监控账户的岗位变动须报所属省校备案，没有采用。")
    _refuse_foreign(session, origin_id, application)
    known = _row(session, application.change, application.attempt)
    if known is None:
        _enter(session, origin_id, message_id, application)
        facts = {"from": origin_id, "change": application.number}
        audit.append(session, actor, "monitoring.receive", f"monitoring:{application.account}", facts)
    name = application.after["name"]
    return f"“{unit_name(session, origin_id)}”申请{name}的岗位变动备案，请备案或不予备案"


def _refuse_foreign(session: Session, origin_id: str, application: Application) -> None:
    """A unit speaks of its own changes and accounts, and what it says later stands. Raises FileRefusedError."""
    c, account = t.monitoring_application.c, account_row(session, application.account)
    rows = session.execute(select(c.unit_id, c.attempt).where(c.change_id == application.change)).all()
    if any(row.unit_id != origin_id for row in rows) or (account is not None and account.unit_id != origin_id):
        raise FileRefusedError("岗位变动申请涉及其他单位的申请或账户，没有采用。请该单位核对后重新报来。")
    if any(row.attempt > application.attempt for row in rows):
        raise FileRefusedError("这份岗位变动申请已有更新的一次，没有采用。")


def enter_own(session: Session) -> None:
    """At the province its own changes of post lie with its registrar once the head has approved them."""
    if own_unit(session).tier is Tier.PROVINCE:
        for application in to_send(session):
            if _row(session, application.change, application.attempt) is None:
                _enter(session, own_unit(session).id, "", application)


def _enter(session: Session, unit_id: str, message_id: str, application: Application) -> None:
    c = t.monitoring_application.c  # one that was taken back and comes again takes the place of the earlier one
    session.execute(delete(t.monitoring_application).where(c.change_id == application.change, c.state == "received"))
    row = {
        "change_id": application.change, "attempt": application.attempt, "message_id": message_id, "unit_id": unit_id,
        "number": application.number, "account_id": application.account,
        "before": canonical(dict(application.before)).decode(), "after": canonical(dict(application.after)).decode(),
        "reason": application.reason, "initiator": application.initiator, "approved_by": application.approved_by,
        "approved_at": application.approved_at, "received_at": now_text(), "state": "received", "opinion": "",
        "decided_by": "", "decided_at": None,
    }  # fmt: skip
    session.execute(insert(t.monitoring_application).values(**row))


def _row(session: Session, change_id: str, attempt: int) -> Row[Any] | None:
    c = t.monitoring_application.c
    this = (c.change_id == change_id, c.attempt == attempt)
    return session.execute(select(t.monitoring_application).where(*this)).first()


def applications(session: Session, open_only: bool = False) -> list[Pending]:
    """The applications the province has, newest first."""
    c = t.monitoring_application.c
    query = select(t.monitoring_application).order_by(c.received_at.desc(), c.change_id)
    if open_only:
        query = query.where(c.state == "received")
    return [_pending(session, row) for row in session.execute(query)]


def _pending(session: Session, row: Row[Any]) -> Pending:
    before, after = json.loads(row.before), json.loads(row.after)
    return Pending(
        id_end(row.change_id), row.change_id, row.attempt, row.message_id, row.unit_id,
        unit_name(session, row.unit_id), row.number, f"{after['name']} {before['post']} → {after['post']}", before,
        after, row.reason, row.approved_by, row.received_at, row.state, APPLICATION_LABELS[row.state], row.opinion,
        row.decided_by, row.decided_at or "", tuple(_faults(session, row)) if row.state == "received" else (),
    )  # fmt: skip


def _faults(session: Session, row: Row[Any]) -> list[str]:
    """Posts, quota and persons once more, by what this tier knows (A3)."""
    unit = find_unit(session, row.unit_id)
    if unit is None:
        return ["申请单位不在单位名录中，请核对"]
    if row.unit_id == own_unit(session).id:
        (change,) = changes_by_id(session, [row.change_id])
        if (change.state, change.attempt) != (State.APPROVED, row.attempt):
            return ["主管领导的批准已撤销"]
    after = json.loads(row.after)
    return place_faults(session, unit, row.account_id, after, promised=_promised(session, row, after["post"]))


def _promised(session: Session, row: Row[Any], post: str) -> int:
    """Applications of the unit for the same post that were filed since it last told of its accounts."""
    c = t.monitoring_application.c
    told = session.execute(select(t.registers_told.c.at).where(t.registers_told.c.unit_id == row.unit_id)).scalar()
    this = (c.unit_id == row.unit_id, c.state == FILED, c.decided_at >= (told or ""), c.account_id != row.account_id)
    afters = session.execute(select(c.after).where(*this)).scalars()
    return sum(json.loads(after)["post"] == post for after in afters) if row.unit_id != own_unit(session).id else 0


def find_application(session: Session, number: str) -> Pending:
    """The application of that number: the last eight digits, or the change's number. Raises UserError."""
    found = [one for one in applications(session) if number in (one.number, one.change_id, one.change_number)]
    waiting = [one for one in found if one.state == "received"] or found[:1]
    if len(waiting) != 1:
        said = "有多份" if waiting else "没有"
        raise UserError(f"{said}编号为“{number}”的岗位变动申请，请用 monitoring list --applications 查看 8 位编号。")
    return waiting[0]


def decide(session: Session, actor: Actor, number: str, verdict: str, opinion: str) -> tuple[Pending, Answer]:
    """The province's registrar files an application or refuses it with an opinion; with what is to be answered.

    An own one is settled at once. Raises NotAllowedError, UserError, and UserError with the clause beyond the quota.
    """
    require_role(actor, Role.REGISTRAR, "办理岗位变动备案")
    one = find_application(session, number)
    if one.state != "received":
        raise UserError(f"申请 {one.number} 已办理（{one.state_label}），不能再办。")
    opinion = checked_reason(opinion)[:500]
    if verdict == REFUSED and not opinion:
        raise UserError("不予备案须写明意见，让申请单位知道原因。")
    if verdict == FILED and one.faults:
        raise UserError(f"申请 {one.number} 不能备案：{'；'.join(one.faults)}。请不予备案并写明意见。")
    c = t.monitoring_application.c
    values = {"state": verdict, "opinion": opinion, "decided_by": actor.name, "decided_at": now_text()}
    this = (c.change_id == one.change_id, c.attempt == one.attempt)
    if one.unit_id == actor.unit.id:
        _settle_own(session, actor, one, verdict, opinion)
    session.execute(update(t.monitoring_application).where(*this).values(**values))
    facts = {"unit": one.unit_id, "change": one.change_number, "opinion": opinion}
    audit.append(session, actor, _ACTS[verdict], f"monitoring:{one.change_id}", facts)
    return one, Answer(one.change_id, one.attempt, verdict, opinion, actor.name)


def _settle_own(session: Session, actor: Actor, one: Pending, verdict: str, opinion: str) -> None:
    (change,) = changes_by_id(session, [one.change_id])
    if verdict == REFUSED:
        if (change.state, change.attempt) == (State.APPROVED, one.attempt):
            record(session, actor, [change.id], Event.REFUSE, opinion)
        return
    apply_register(session, actor, [change], f"{actor.unit.name} {actor.name}")
    record(session, actor, [change.id], Event.APPLY, opinion)
