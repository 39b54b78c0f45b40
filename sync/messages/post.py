"""Writing a message: signed, kept, and waiting for the next delivery towards its unit (decisions 4, 7)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.message_kinds import DOWN, REGISTRAR, TWO, UNIT, UP, MessageKind, find_kind
from models.domain.signing import Signer
from models.domain.units import Actor, Role, Unit
from models.services.units import is_below, next_hop, own_unit, unit_name
from models.store import audit, clock
from models.store import tables as t
from models.store.clock import now_text
from sync.messages.message import state_message
from sync.packages import ledger
from sync.trust.identity import CertifiedSigner, certified, is_above, require_signer, unit_signer
from sync.wire.statements import Signs

WAITING: Final = "waiting"
OPEN: Final = "open"
_WANTED: Final = {UNIT: 0, REGISTRAR: 1, TWO: 2}


def post(
    session: Session,
    actor: Actor | None,
    kind: str,
    to: str,
    body: dict[str, Any],
    *,
    title: str,
    signers: Sequence[Signer | CertifiedSigner] = (),
    matter: str = "",
    due: str = "",
    in_reply_to: str = "",
) -> str:
    """Sign a message to the unit `to` and let it wait for the next hop; its id.

    `matter`: UUID that groups messages, a new one when "". Raises UserError when there is no way to the unit, the
    kind does not go that way, or the message is too large; ValueError for an unknown kind or wrong signers.
    """
    entry = find_kind(kind)
    if entry is None or len(signers) != _WANTED[entry.signers]:
        raise ValueError(kind)
    own, hop = own_unit(session), _hop(session, entry, to)
    head = {
        "kind": kind, "matter": matter or str(uuid.uuid4()), "from": own.id, "from_name": own.name, "to": to,
        "line": own.line.value, "at": clock.now(session), "due": due, "title": title, "in_reply_to": in_reply_to,
    }  # fmt: skip
    try:
        statement = state_message(head, body, _signs(session, actor, entry, signers, is_above(session, to)))
    except ValueError:
        raise UserError(f"“{title[:40]}”太长（标题最多 200 字，全文最多 256 KiB），不能发出。请缩短后再试。") from None
    ledger.keep(session, statement)
    row = {
        **{key: head[key] for key in ("kind", "matter", "at", "due", "title")}, "id": statement.id, "from_id": own.id,
        "to_id": to, "direction": "out", "state": WAITING, "next_id": hop.id, "package_id": None,
        "in_reply_to": in_reply_to or None, "note": "", "handled_at": now_text(),
    }  # fmt: skip
    session.execute(insert(t.message).values(**row))
    if kind != "trace":
        record_step(session, statement.id, own, "posted")
        audit.append(session, actor, "message.post", f"message:{statement.id}", {"kind": kind, "to": to})
    return statement.id


def _hop(session: Session, kind: MessageKind, to: str) -> Unit:
    own, name = own_unit(session), unit_name(session, to)
    if to == own.id:
        raise UserError("不能给本单位自己发函件，请选择其他单位。")
    if kind.way == DOWN and not is_below(session, to, own.id):
        raise UserError(f"“{name}”不是本单位的下级，不能向它发{kind.label}。请核对单位隶属关系。")
    if kind.way == UP and is_below(session, to, own.id):
        raise UserError(f"“{name}”是本单位的下级，{kind.label}只能报送上级。")
    return next_hop(session, to)


def _signs(
    session: Session, actor: Actor | None, kind: MessageKind, signers: Sequence[Signer | CertifiedSigner], above: bool
) -> list[Signs]:
    if not signers:
        return [unit_signer(session, above)]
    if kind.signers == REGISTRAR and actor is not None:
        require_signer(actor, signers[0], Role.REGISTRAR, f"发出{kind.label}")
    return [s if isinstance(s, CertifiedSigner) else certified(session, s, above) for s in signers]


def record_step(
    session: Session, message_id: str, unit: Unit | tuple[str, str], event: str, note: str = "", at: str = ""
) -> None:
    """Keep where a message has been; `unit`: the one that says so, or its id and name."""
    unit_id, name = (unit.id, unit.name) if isinstance(unit, Unit) else unit
    c = t.message_step.c
    place = select(func.coalesce(func.max(c.position) + 1, 0)).where(c.message_id == message_id).scalar_subquery()
    row = {
        "message_id": message_id, "position": place, "unit_id": unit_id, "unit_name": name,
        "event": event, "at": at or now_text(), "note": note,
    }  # fmt: skip
    session.execute(insert(t.message_step).values(**row))
