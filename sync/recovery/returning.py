"""A superior answers a unit that asks again and remembers less than it was sent, or than it sent (decision 9).

What went down since then goes once more, in a new epoch of the channel that is greater than any before: first the
items the unit lost, then messages and receipts as they were signed. What the unit knows of them does nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, tuple_
from sqlalchemy.orm import Session

from models.domain.units import Actor, Tier, Unit
from models.store import audit
from models.store import tables as t
from sync.joining.requests import Request
from sync.messages import sealing
from sync.packages import ledger
from sync.packages.ledger import Place
from sync.recovery import channels, founding, telling
from sync.recovery.memory import NOTHING, common_place, read_memory
from sync.refusals import Fault, MalformedError


def answer(session: Session, actor: Actor, own: Unit, asked: Request) -> dict[str, Any] | None:
    """Give back to a unit what it lost since the memory its request tells; what the reply says of the channel down.

    None when nothing is lost. Everything is sealed for the certificates just issued, in the caller's transaction.
    Raises UserError, MalformedError.
    """
    try:
        memory = read_memory(asked.body.get("memory"))
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.BAD_REQUEST, what="收发编号") from None
    if memory is None:
        if "memory" not in asked.body:  # an older program, which says nothing of it
            return None
        memory = NOTHING
    unit, folder = asked.unit, Path(tempfile.gettempdir())  # only ciphertext is spooled
    taken = ledger.place_of(session, unit.id, own.id, own.line.value)
    common = common_place(session, unit, memory)
    forgot_sent = bool(taken.sequence) and taken.last_id != common.last_id
    lost_here = founding.begin_anew(session, unit, own, memory.up)
    if not (forgot_sent or lost_here or _forgot_taken(session, own, unit, memory.down)):
        return None
    given = ledger.place_of(session, own.id, unit.id, own.line.value).epoch
    if given > channels.latest_epoch(session, memory.down.epoch):  # begun by a clock of 2099: no unit has taken it
        given = memory.down.epoch
    if memory.down.epoch > channels.latest_epoch(session, given):
        raise MalformedError(Fault.BAD_REQUEST, what="收发编号")
    epoch = max(given, memory.down.epoch) + 1
    rows = _missed(session, own, unit, memory.down)
    ledger.place(session, channels.channel(own, unit), Place(epoch, 0, ""))
    items = telling.tell(session, actor, unit, common, folder) if forgot_sent else 0
    if unit.tier is not Tier.SCHOOL:
        founding.tell_units(session, actor, unit)
    messages = channels.messages_wait_again(session, [row.id for row in rows if row.purpose == "messages"])
    sealing.seal_waiting(session, actor, folder, unit.id)
    receipts = [row for row in rows if row.purpose == "receipt" and _is_of_use(session, row, common)]
    channels.send_receipts_again(session, actor, unit, receipts, folder)
    facts = {"epoch": epoch, "items": items, "messages": messages, "receipts": len(receipts)}
    audit.append(session, actor, "recovery.restart", f"unit:{unit.id}", facts)
    return {"epoch": epoch}


def _later(down: Place) -> ColumnElement[bool]:
    c = t.package.c
    return tuple_(c.epoch, c.sequence) > (down.epoch, down.sequence)


def _forgot_taken(session: Session, own: Unit, unit: Unit, down: Place) -> bool:
    """Whether the unit lacks something it had acknowledged, or remembers what this store does not."""
    here, c = ledger.place_of(session, own.id, unit.id, own.line.value), t.package.c
    if (down.epoch, down.sequence) > (here.epoch, here.sequence):
        return True
    sent = channels.sent_to(own, unit)
    if down.sequence and session.execute(select(c.id).where(*sent, c.id == down.last_id)).first() is None:
        return True
    gone = select(c.id).where(*sent, _later(down), c.state == ledger.RECEIPTED)
    return session.execute(gone.limit(1)).first() is not None


def _missed(session: Session, own: Unit, unit: Unit, down: Place) -> list[Row[Any]]:
    """What went down after a place, and what of before nobody has acknowledged, in its order."""
    c = t.package.c
    wanted = or_(_later(down), c.state.in_((ledger.SEALED, ledger.DELIVERED)))
    query = select(t.package).where(*channels.sent_to(own, unit), wanted)
    return list(session.execute(query.order_by(c.epoch, c.sequence)))


def _is_of_use(session: Session, receipt: Row[Any], up: Place) -> bool:
    """Not the answer to a package that was refused whole, or to a report, of which the unit remembers nothing."""
    row = ledger.find(session, receipt.in_reply_to)
    if row is None or (row.epoch, row.sequence) <= (up.epoch, up.sequence):
        return True
    statement = ledger.recall(session, receipt.id)
    return statement is not None and row.purpose == "changes" and statement.content["package_verdict"] == "opened"
