"""Packages that are missing before one that came early: asked for again by `resend` (decisions 7, 9).

What nobody has acknowledged goes with every delivery anyway. A unit that came back from a backup misses packages it
once acknowledged: they are offered again as they are, and what it knows of them does nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.domain.units import Actor
from models.services.units import unit_name
from models.store import audit
from models.store import tables as t
from sync.messages.message import Message
from sync.messages.post import WAITING, post
from sync.packages import ledger
from sync.wire.envelope import Address
from sync.wire.jsonlines import is_number

KIND: Final = "resend"


def ask(session: Session, address: Address, missing: Sequence[int]) -> None:
    """Ask the issuer of an early package for the numbers before it, unless such a question waits already."""
    c = t.message.c
    asked = select(c.id).where(c.kind == KIND, c.state == WAITING, c.next_id == address.issuer)
    if session.execute(asked.limit(1)).first() is None:
        body = {"epoch": address.epoch, "numbers": list(missing)}
        post(session, None, KIND, address.issuer, body, title=f"请补发第 {'、'.join(map(str, missing))} 号包")


def take(session: Session, actor: Actor, message: Message) -> str:
    """Offer the packages asked for again, as far as they are ones that only need to be known.

    Raises KeyError, TypeError or ValueError for another shape.
    """
    epoch, numbers = message.body["epoch"], message.body["numbers"]
    good = isinstance(numbers, list) and len(numbers) <= ledger.MOST_HELD
    if not good or not all(is_number(number) for number in (epoch, *numbers)):
        raise ValueError("numbers")
    c = t.package.c
    sent = (c.direction == "out", c.audience_id == message.origin_id, c.epoch == epoch, c.sequence.in_(numbers))
    again = (*sent, c.purpose.in_(ledger.ACKNOWLEDGED), c.state.in_((ledger.RECEIPTED, ledger.REFUSED)))
    found = session.execute(select(c.sequence).where(*again).order_by(c.sequence)).scalars().all()
    session.execute(update(t.package).where(*again).values(state=ledger.SEALED))
    name = unit_name(session, message.origin_id)
    audit.append(session, actor, "package.resend", f"unit:{message.origin_id}", {"numbers": list(found)})
    told = f"将随下一次送件补发第 {'、'.join(map(str, found))} 号" if found else "没有需要补发的"
    return f"“{name}”缺收第 {'、'.join(map(str, numbers))} 号包，{told}"
