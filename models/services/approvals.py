"""The head's decisions at a school: approve with a signature, return, refuse, revoke (E1, decisions 3 and 13)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.signing import Signer, canonical, digest, pae
from models.domain.states import STATE_LABELS, Event, State
from models.domain.units import Actor, Role
from models.services.accounts.effects import apply_local, drop_pending
from models.services.baseline import thaw
from models.services.change_checks import faults_of
from models.services.change_log import changes_by_id, in_chunks, record
from models.services.companions import own_pc
from models.services.duties.training import require_certificate
from models.services.items import build_items
from models.services.monitoring.effects import apply_register
from models.services.monitoring.filing import enter_own
from models.services.permissions import require_head, require_own, require_role
from models.services.policies import effective
from models.store import tables as t
from models.store.clock import now_text

APPROVAL = "rollbook.approval"


def approve(session: Session, actor: Actor, signer: Signer, change_ids: Sequence[str], opinion: str = "") -> str:
    """Approve a queue of pending changes with one signature; the statement's id (decision 3).

    Raises NotAllowedError for other roles and for what the person started, DataFaultError when a change does not
    fulfil what is asked any more; then nothing is approved.
    """
    rows = _pending(session, actor, change_ids, "批准变更")
    require_certificate(session, actor)
    _refuse_own(session, actor, rows)
    if signer.person_id != actor.person_id:
        raise NotAllowedError("签名密钥不属于当前登录的人员，请用本人的密码签名。")
    for number, faults in faults_of(session, rows).items():
        raise DataFaultError(f"变更 {number} 不能批准：{'；'.join(faults)}。可以退回补正。")
    statement_id = _sign(session, actor, signer, rows)
    record(session, actor, [row.id for row in rows], Event.APPROVE, opinion.strip(), statement_id)
    take_effect(session, actor, [row for row in rows if CHANGE_KIND[row.kind].local])
    return statement_id


def take_effect(session: Session, actor: Actor, rows: Sequence[Row[Any]]) -> None:
    """Changes of accounts just approved end here and hold from now on; they are filed afterwards (decision 14, D4).

    A change of post waits until the province has filed it (A4). On a unit's second PC nothing takes effect: the main
    one holds the accounts, and takes the decision over.
    """
    if own_pc(session):
        return
    enter_own(session)
    ready = [row for row in rows if not CHANGE_KIND[row.kind].filed]
    if ready:
        apply_local(session, actor, [row for row in ready if not CHANGE_KIND[row.kind].register])
        apply_register(session, actor, [row for row in ready if CHANGE_KIND[row.kind].register])
        record(session, actor, [row.id for row in ready], Event.APPLY)
        thaw(session, [row.id for row in ready])


def _sign(session: Session, actor: Actor, signer: Signer, rows: Sequence[Row[Any]]) -> str:
    at = now_text()
    items = build_items(session, rows)
    body = canonical(
        {
            "type": APPROVAL,
            "v": 1,
            "unit": actor.unit.id,
            "line": actor.unit.line.value,
            "person_id": actor.person_id,
            "person_name": actor.name,
            "at": at,
            "policy_version": effective(session).version,
            "items": [{"id": item["id"], "attempt": item["attempt"], "digest": digest(item)} for item in items],
        }
    )
    signature = {
        "person_id": signer.person_id,
        "certificate": base64.b64encode(signer.certificate).decode() if signer.certificate else None,
        "public_key": base64.b64encode(signer.public_key).decode(),
        "signature": base64.b64encode(signer.sign(pae(APPROVAL, body))).decode(),
    }
    return store_statement(session, APPROVAL, body, [signature], at)


def store_statement(session: Session, type_: str, body: bytes, signatures: Sequence[dict[str, Any]], at: str) -> str:
    """Keep a signed statement; its id, the SHA-256 of its body. One already there stays as it is."""
    statement_id = hashlib.sha256(body).hexdigest()
    values = {
        "id": statement_id,
        "type": type_,
        "body": body,
        "signatures": canonical(list(signatures)).decode(),
        "at": at,
    }
    session.execute(upsert(t.statement).values(values).on_conflict_do_nothing())
    return statement_id


def load_statements(session: Session, statement_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Signed statements in the shape they travel in: body (base64), type, signatures."""
    found = []
    for part in in_chunks(statement_ids):
        for row in session.execute(select(t.statement).where(t.statement.c.id.in_(part)).order_by(t.statement.c.id)):
            body = base64.b64encode(row.body).decode()
            found.append({"body": body, "type": row.type, "signatures": json.loads(row.signatures)})
    return found


def _pending(session: Session, actor: Actor, change_ids: Sequence[str], act: str) -> list[Row[Any]]:
    rows = changes_by_id(session, change_ids)
    if not rows:
        raise UserError("没有选中任何变更。")
    _require_decider(actor, rows, act)
    for row in rows:
        require_own(actor, row.unit_id, act)
        if row.state != State.PENDING:
            raise UserError(f"变更 {row.number} 现在是“{STATE_LABELS[State(row.state)]}”，不在待核办之列。")
    return rows


def _require_decider(actor: Actor, rows: Sequence[Row[Any]], act: str) -> None:
    """The head; of changes of accounts the head of any unit, also of one that reports nothing."""
    if all(CHANGE_KIND[row.kind].local for row in rows):
        require_role(actor, Role.HEAD, act)
    else:
        require_head(actor, act)


def _refuse_own(session: Session, actor: Actor, rows: Sequence[Row[Any]]) -> None:
    """Nobody approves what he proposed or submitted himself."""
    d = t.decision.c
    acts = (Event.PROPOSE.value, Event.SUBMIT.value)
    numbers = {row.id: row.number for row in rows}
    for part in in_chunks(list(numbers)):
        query = select(d.change_id).where(d.change_id.in_(part), d.event.in_(acts), d.person_id == actor.person_id)
        mine = session.execute(query).scalar()
        if mine is not None:
            raise NotAllowedError(f"变更 {numbers[mine]} 由您本人发起，须由另一位主管领导核办。")


def return_(session: Session, actor: Actor, change_ids: Sequence[str], opinion: str) -> None:
    """Send pending changes back to the registrar for correction; the next attempt begins (decision 13)."""
    _decide(session, actor, change_ids, Event.RETURN, opinion, "退回补正")


def refuse(session: Session, actor: Actor, change_ids: Sequence[str], opinion: str) -> None:
    """End pending changes without effect."""
    _decide(session, actor, change_ids, Event.REFUSE, opinion, "不予通过")
    drop_pending(session, changes_by_id(session, change_ids))


def _decide(session: Session, actor: Actor, change_ids: Sequence[str], event: Event, opinion: str, act: str) -> None:
    rows = _pending(session, actor, change_ids, act)
    if not opinion.strip():
        raise UserError(f"{act}须写明意见，让发起人知道原因和该怎么办。")
    record(session, actor, [row.id for row in rows], event, opinion.strip())
    thaw(session, [row.id for row in rows])


def revoke(session: Session, actor: Actor, change_ids: Sequence[str], opinion: str = "") -> None:
    """Take back an approval before the change is sealed; it is a draft again."""
    rows = changes_by_id(session, change_ids)
    _require_decider(actor, rows, "撤销批准")
    for row in rows:
        require_own(actor, row.unit_id, "撤销批准")
        if row.state == State.SEALED:
            raise UserError(f"变更 {row.number} 已打包，不能撤销批准；可由学籍管理员发起“撤回申请”。")
    record(session, actor, change_ids, Event.REVOKE, opinion.strip())
    thaw(session, change_ids)
