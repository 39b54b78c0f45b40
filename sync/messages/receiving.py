"""Messages coming in: each is judged for itself, then dealt with here or passed on to its next hop (decision 7)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.message_kinds import DOWN, UP, MessageKind
from models.domain.units import Actor, Unit
from models.services.units import find_unit, is_below, next_hop, own_unit, superior_id_of, unit_name
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync.messages import traces
from sync.messages.handlers import HANDLERS
from sync.messages.message import Message, read_message, require_kind, verified
from sync.messages.post import OPEN, WAITING, record_step
from sync.packages import ledger, opening
from sync.packages.arrival import Arrival
from sync.refusals import ContentRefusedError, Fault, RefusedError, UntrustedError
from sync.trust.chains import Trust
from sync.trust.known import remember, trust_of
from sync.wire.jsonlines import LineReader
from sync.wire.misshapen import MISSHAPEN
from sync.wire.statements import Statement

HANDLED, REFUSED = traces.HANDLED, traces.REFUSED
LABELS: Final = (
    ("handled", "已办理"),
    ("open", "待办理"),
    ("passed", "待转交"),
    ("known", "此前已收到"),
    ("refused", "未办理"),
)
_MOST_TOLD: Final = 5
_CHANGE_TRUST: Final = ("authority", "directory", "revocation")
_log = logging.getLogger(__name__)
_WAYS: Final = {DOWN: "由上级发给下级", UP: "由下级报送上级"}


@dataclass
class Outcome:
    """What came of the messages of a package: how many of each (keys of LABELS), and sentences about them."""

    counts: Counter[str] = field(default_factory=Counter)
    done: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """All of it in one line."""
        said = "、".join(f"{label} {self.counts[key]} 件" for key, label in LABELS if self.counts[key])
        more = "".join(f"{text.rstrip('。')}。" for text in self.done[:_MOST_TOLD])
        return f"函件包已处理：{said or '没有函件'}。{more}"

    @property
    def next_step(self) -> str:
        """What a person should do next; "" for nothing."""
        steps = (
            ("open", "请办理待办的函件（“事项”，或命令 matter list）"),
            ("passed", "请把待转交的函件送往下一站（命令 package send）"),
        )
        return "".join(f"{step}。" for key, step in steps if self.counts[key])


@dataclass
class _Turn:
    """What every message of a package is judged by; `trust` follows what the messages themselves change.

    `since`: when the neighbour last sent something. Each delivery carries all that waits, so what it says itself is
    not older: a stolen key that was revoked since cannot date its messages back (decision 8).
    """

    actor: Actor
    own: Unit
    neighbour: Unit
    trust: Trust
    at: str
    since: str
    gathered: traces.Gathered
    outcome: Outcome

    def trusting(self, chain: Sequence[bytes]) -> Trust:
        """What is believed, with issuing certificates that came along."""
        more = [der for der in chain if der not in self.trust.intermediates]
        return self.trust.extended(more) if more else self.trust


def take(session: Session, actor: Actor, arrival: Arrival, reader: LineReader) -> Outcome:
    """Take the messages of an authentic package; one that is refused does not stop the others.

    Raises ContentRefusedError when the package itself is damaged.
    """
    content, found = opening.read_messages(reader, arrival.address, arrival.trust, arrival.at)
    ledger.keep(session, content)
    own = own_unit(session)
    since = _last_sent(session, arrival.issuer.id, own.id)
    turn = _Turn(actor, own, arrival.issuer, arrival.trust, arrival.at, since, traces.Gathered(), Outcome())
    for statement, chain in found:
        turn.outcome.counts[_take_one(session, turn, statement, chain)] += 1
    turn.gathered.post(session)
    return turn.outcome


def _last_sent(session: Session, issuer: str, audience: str) -> str:
    c = t.package.c
    query = select(func.max(c.created_at)).where(c.issuer_id == issuer, c.audience_id == audience, c.sequence > 0)
    return session.execute(query.where(c.direction == "in", c.state != ledger.HELD)).scalar() or ""


def _take_one(session: Session, turn: _Turn, statement: Statement, chain: Sequence[bytes]) -> str:
    try:
        message = read_message(statement)
    except ContentRefusedError as error:
        turn.outcome.faults.append(error.sentence)
        return REFUSED
    if _is_known(session, message.id):
        return "known"
    try:
        kind = require_kind(message)
        _check_side(session, turn, message, kind)
        signed = max(message.at, turn.since) if message.origin_id == turn.neighbour.id else message.at
        trust, line = turn.trusting(chain), turn.own.line.value
        message = verified(message, kind, trust, line, min(signed, turn.at))
    except RefusedError as error:
        return _refuse(session, turn, message, error.sentence, authentic=False)
    try:
        with session.begin_nested():
            _remember_chain(session, turn, message, chain)
            return _pass_on(session, turn, message) if message.to_id != turn.own.id else _handle(session, turn, message)
    except UserError as error:
        sentence = error.sentence if isinstance(error, RefusedError) else str(error)
    except MISSHAPEN as error:  # a package must never stand still because of one message
        _log.warning("message of kind %s refused: %s", message.kind, type(error).__name__)
        sentence = Fault.CONTENT_DAMAGED.value.format(what=f"{kind.label}的内容")
    return _refuse(session, turn, message, sentence, authentic=True)


def _is_known(session: Session, message_id: str) -> bool:
    """Whether the message was here; what was refused as not authentic is no message and may come rightly later."""
    if session.execute(select(t.message.c.id).where(t.message.c.id == message_id)).first() is None:
        return False
    return session.execute(select(t.statement.c.id).where(t.statement.c.id == message_id)).first() is not None


def _check_side(session: Session, turn: _Turn, message: Message, kind: MessageKind) -> None:
    """A neighbour below speaks for itself and those below it, the one above for all others; nothing turns back."""
    own, neighbour = turn.own, turn.neighbour
    below = superior_id_of(session, neighbour.id) == own.id
    if kind.way == (DOWN if below else UP):
        raise ContentRefusedError(Fault.WRONG_WAY, label=kind.label, way=_WAYS[kind.way])
    side = (neighbour.id if below else own.id, below)
    if not _is_on(session, message.origin_id, side):
        unknown = below and find_unit(session, message.origin_id) is None
        if unknown:
            raise UntrustedError(Fault.UNKNOWN_ORIGIN)
        origin = unit_name(session, message.origin_id)
        raise UntrustedError(Fault.NOT_BEHIND, issuer=neighbour.name, origin=origin)
    if message.to_id != own.id and _is_on(session, message.to_id, side):
        raise ContentRefusedError(Fault.WRONG_PATH, issuer=neighbour.name)


def _is_on(session: Session, unit_id: str, side: tuple[str, bool]) -> bool:
    top, below = side
    return (unit_id == top or is_below(session, unit_id, top)) == below


def _remember_chain(session: Session, turn: _Turn, message: Message, chain: Sequence[bytes]) -> None:
    """Keep the issuing certificates a message from afar was judged by: who gets it next needs them too."""
    if find_unit(session, message.origin_id) is not None:
        return
    trust = turn.trusting(chain)
    for der in chain:
        remember(session, trust.issuing(der, turn.at))


def _row(message: Message, direction: str, state: str, next_id: str = "", note: str = "") -> dict[str, Any]:
    return {
        "id": message.id, "kind": message.kind, "matter": message.matter, "from_id": message.origin_id,
        "to_id": message.to_id, "at": message.at, "due": message.due, "title": message.title, "direction": direction,
        "state": state, "next_id": next_id, "package_id": None, "in_reply_to": message.in_reply_to or None,
        "note": note, "handled_at": now_text(),
    }  # fmt: skip


def _keep(session: Session, message: Message, row: Mapping[str, Any], authentic: bool = True) -> None:
    """Keep a message, and what was signed when it is what its origin said."""
    if authentic:
        ledger.keep(session, message.statement)
        if message.kind != "trace":
            record_step(session, message.id, (message.origin_id, message.origin_name), "posted", "", message.at)
    statement = upsert(t.message).values(**row)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=dict(row)))


def _pass_on(session: Session, turn: _Turn, message: Message) -> str:
    hop = next_hop(session, message.to_id)
    if hop.id == turn.neighbour.id:
        raise ContentRefusedError(Fault.WRONG_PATH, issuer=turn.neighbour.name)
    _keep(session, message, _row(message, "transit", WAITING, hop.id))
    if message.kind == "trace":
        traces.peek(session, message)
        return traces.PASSED
    turn.gathered.tell(session, message.origin_id, message.kind, message.id, traces.PASSED, hop.name)
    body = {"kind": message.kind, "from": message.origin_id, "to": message.to_id}
    audit.append(session, turn.actor, "message.pass", f"message:{message.id}", body)
    return traces.PASSED


def _handle(session: Session, turn: _Turn, message: Message) -> str:
    kind = require_kind(message)
    handler = HANDLERS.get(message.kind)
    if handler is None:
        raise ContentRefusedError(Fault.UNKNOWN_MESSAGE, kind=kind.label)
    state = OPEN if kind.awaits else HANDLED
    _keep(session, message, _row(message, "in", state))
    told = handler(session, turn.actor, message)
    session.execute(update(t.message).where(t.message.c.id == message.id).values(note=told))
    if message.kind == "trace":
        return HANDLED
    if message.kind in _CHANGE_TRUST:
        turn.trust = trust_of(session)
    turn.outcome.done.append(told)
    event = traces.RECEIVED if kind.awaits else traces.HANDLED
    turn.gathered.tell(session, message.origin_id, message.kind, message.id, event)
    body = {"kind": message.kind, "from": message.origin_id, "done": told}
    audit.append(session, turn.actor, "message.handle", f"message:{message.id}", body)
    return state


def _refuse(session: Session, turn: _Turn, message: Message, sentence: str, *, authentic: bool) -> str:
    """Keep the refusal and its sentence; the origin is told when it is known to have sent the message or is known."""
    direction = "in" if message.to_id == turn.own.id else "transit"
    _keep(session, message, _row(message, direction, REFUSED, note=sentence), authentic)
    if authentic or find_unit(session, message.origin_id) is not None:
        turn.gathered.tell(session, message.origin_id, message.kind, message.id, traces.REFUSED, sentence)
    body = {"kind": message.kind, "from": message.origin_id, "reason": sentence}
    audit.append(session, turn.actor, "message.refuse", f"message:{message.id}", body)
    turn.outcome.faults.append(f"《{message.title or message.kind}》：{sentence}")
    return REFUSED
