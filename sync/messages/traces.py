"""Where a message has been: steps kept at each unit, told to the origin by `trace` messages (decision 7)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.message_kinds import ALWAYS, NEVER, ON_REFUSAL, find_kind
from models.domain.units import Actor
from models.services.units import find_unit, own_unit, unit_name
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync.messages.message import Message
from sync.messages.post import OPEN, post, record_step
from sync.packages import ledger
from sync.recovery.channels import send_receipts_again
from sync.trust.certificates import to_time
from sync.wire.envelope import Address

PASSED, RECEIVED, HANDLED, REFUSED = "passed", "received", "handled", "refused"
MOST_ENTRIES: Final = 200
"""Steps in one trace at most."""
MAX_NOTE: Final = 300
_EVENTS: Final = (PASSED, RECEIVED, HANDLED, REFUSED)


@dataclass
class Gathered:
    """Steps to be told while a package is read; one trace an origin goes out at the end."""

    _entries: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def tell(self, session: Session, origin_id: str, kind: str, message_id: str, event: str, note: str = "") -> None:
        """Keep a step of this unit and note it for the origin as its kind asks."""
        at = now_text()
        record_step(session, message_id, own_unit(session), event, note, at)
        found = find_kind(kind)
        traced = found.traced if found else ON_REFUSAL
        if traced == NEVER or (traced != ALWAYS and event != REFUSED) or origin_id == own_unit(session).id:
            return
        entry = {"message": message_id, "event": event, "at": at, "note": note[:MAX_NOTE]}
        self._entries.setdefault(origin_id, []).append(entry)

    def post(self, session: Session) -> None:
        """Let the traces wait for the next delivery."""
        for origin_id, entries in self._entries.items():
            for start in range(0, len(entries), MOST_ENTRIES):
                _post(session, origin_id, {"entries": entries[start : start + MOST_ENTRIES]})
        self._entries.clear()


def _post(session: Session, to: str, body: dict[str, Any]) -> None:
    try:
        post(session, None, "trace", to, body, title="办理踪迹")
    except UserError:  # nobody between us knows the way back: the step stays in our own store
        return


def tell(session: Session, row: Row[Any], event: str, note: str = "") -> None:
    """Keep one step of a received message (row of `message`) and tell its origin."""
    gathered = Gathered()
    gathered.tell(session, row.from_id, row.kind, row.id, event, note)
    gathered.post(session)


def finish(session: Session, actor: Actor, message_id: str, note: str) -> None:
    """A person has dealt with a received message that waited for one: closed here, told to its origin.

    Does nothing for one that is closed already. Raises UserError for an unknown one.
    """
    row = session.execute(select(t.message).where(t.message.c.id == message_id, t.message.c.direction == "in")).first()
    if row is None:
        raise UserError(f"没有收到过编号“{message_id[:12]}”的函件，请核对编号。")
    if row.state != OPEN:
        return
    values = {"state": HANDLED, "note": note, "handled_at": now_text()}
    session.execute(update(t.message).where(t.message.c.id == message_id).values(**values))
    audit.append(session, actor, "message.finish", f"message:{message_id}", {"kind": row.kind, "note": note})
    tell(session, row, HANDLED, note)


def bounce(session: Session, address: Address, reason: str) -> None:
    """Tell the sender of a package of messages that it could not be opened, so that the messages come again."""
    _post(session, address.issuer, {"entries": [], "package": address.content, "reason": reason[:MAX_NOTE]})


# --- at the unit that is told ---------------------------------------------------------------------------


def take(session: Session, actor: Actor, message: Message) -> str:
    """Keep the steps a trace tells of. Raises KeyError, TypeError or ValueError for another shape."""
    steps = sum(_take_step(session, message, entry) for entry in _entries(message.body))
    package = message.body.get("package")
    if package is not None:
        return _again(session, actor, str(package), message)
    return f"记下 {steps} 步办理情况"


def peek(session: Session, message: Message) -> None:
    """Keep the steps of a trace that only passes through, for messages that passed here too."""
    for entry in _entries(message.body):
        _take_step(session, message, entry)


def _entries(body: Mapping[str, Any]) -> Iterable[Mapping[str, str]]:
    entries = body["entries"]
    if not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise ValueError("entries")
    for entry in entries:
        if entry["event"] not in _EVENTS or not isinstance(entry["note"], str) or len(entry["note"]) > MAX_NOTE:
            raise ValueError("entry")
        to_time(entry["at"])
        yield entry


def _take_step(session: Session, trace: Message, entry: Mapping[str, str]) -> int:
    row = session.execute(select(t.message).where(t.message.c.id == str(entry["message"]))).first()
    if row is None or row.direction == "in" or trace.origin_id == own_unit(session).id:
        return 0
    unit = find_unit(session, trace.origin_id)
    name = unit.name if unit else trace.origin_name
    record_step(session, row.id, (trace.origin_id, name), entry["event"], entry["note"], entry["at"])
    ends = entry["event"] == REFUSED or (entry["event"] == HANDLED and trace.origin_id == row.to_id)
    if ends and row.direction == "out":
        values = {"state": entry["event"], "note": entry["note"], "handled_at": now_text()}
        session.execute(update(t.message).where(t.message.c.id == row.id).values(**values))
    return 1


def _again(session: Session, actor: Actor, package_id: str, trace: Message) -> str:
    row = ledger.find(session, package_id)
    if row is None or (row.id, row.direction) != (package_id, "out") or row.purpose not in ledger.ACKNOWLEDGED:
        return "没有这个函件包，未作处理"
    if row.audience_id != trace.origin_id:
        return "函件包不是发给该单位的，未作处理"
    if row.purpose == "receipt":
        return _receipt_again(session, actor, row)
    count = requeue(session, actor, [package_id])
    reason = str(trace.body["reason"])[:MAX_NOTE]
    ledger.set_state(session, package_id, ledger.REFUSED, reason)
    return f"“{unit_name(session, row.audience_id)}”没能打开函件包（{reason}），其中 {count} 件等待重发"


def _receipt_again(session: Session, actor: Actor, row: Row[Any]) -> str:
    unit = find_unit(session, row.audience_id)
    assert unit is not None
    send_receipts_again(session, actor, unit, [row], Path(tempfile.gettempdir()))  # only ciphertext is spooled
    return f"“{unit.name}”没能打开回执，已重新加密，随下一次送件重发"


def requeue(session: Session, actor: Actor | None, package_ids: Iterable[str]) -> int:
    """Let the messages of packages that nobody could take wait for the next delivery; how many."""
    c, count = t.message.c, 0
    for package_id in package_ids:
        lost = (c.package_id == package_id, c.state.in_(("sent", "passed")))
        found = session.execute(select(func.count()).select_from(t.message).where(*lost)).scalar_one()
        session.execute(update(t.message).where(*lost).values(state="waiting", package_id=None))
        audit.append(session, actor, "message.requeue", f"package:{package_id}", {"messages": found})
        count += found
    return count
