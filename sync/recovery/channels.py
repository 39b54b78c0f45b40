"""A channel that begins again in a new epoch, and all that waits in it, sent once more under new numbers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from models.domain.units import Actor, Unit
from models.store import clock
from models.store import tables as t
from models.store.clock import now_text
from sync.messages.post import WAITING
from sync.packages import ledger
from sync.packages.dispatch import Draft, dispatch
from sync.packages.ledger import Place
from sync.refusals import Fault, MalformedError, OutOfTurnError
from sync.trust.certificates import to_time
from sync.trust.identity import certificates_toward
from sync.wire.jsonlines import long_value
from sync.wire.statements import unbase64

_NOTE: Final = "已按新的编号重发"
_MOST_SKIPPED: Final = 1000
_CLOCKS_APART: Final = 60
"""Days by which two clocks may differ (decision 8)."""


def channel(issuer: Unit, audience: Unit) -> dict[str, str]:
    """The columns that name a channel."""
    return {"issuer_id": issuer.id, "audience_id": audience.id, "line": issuer.line.value}


def stamp(moment: dt.datetime) -> int:
    """An epoch named by the minute it begins in, greater than any given before it."""
    return int(f"{moment.astimezone(dt.UTC):%Y%m%d%H%M}")


def latest_epoch(session: Session, held: int, days: int = 1) -> int:
    """The greatest epoch that anybody can have begun until `days` from now: they count on, or are a stamp.

    One that was taken for granted and lies beyond would leave no room for the next.
    """
    return max(held + _MOST_SKIPPED, stamp(to_time(clock.now(session)) + dt.timedelta(days=days)))


def begin_taking(session: Session, issuer: Unit, own: Unit, epoch: int) -> bool:
    """From now on take packages of the issuer in a new epoch; False when it has begun already.

    What was kept aside of the old one is given up. Raises OutOfTurnError for an older epoch, or one out of reach.
    """
    held = ledger.place_of(session, issuer.id, own.id, own.line.value).epoch
    if epoch < held:
        raise OutOfTurnError(Fault.OLDER_EPOCH, epoch=epoch, held=held, issuer=issuer.name)
    if epoch == held:
        return False
    if epoch > latest_epoch(session, held, _CLOCKS_APART):
        raise OutOfTurnError(Fault.EPOCH_AHEAD, epoch=epoch, issuer=issuer.name)
    for row in ledger.held_in(session, issuer.id, own.id, own.line.value):
        ledger.drop_file(session, row.id)
        ledger.set_state(session, row.id, ledger.REFUSED, _NOTE)
    ledger.place(session, channel(issuer, own), Place(epoch, 0, ""))
    return True


def unbase64_all(values: Sequence[Any]) -> list[bytes]:
    """Certificates (DER) from their texts. Raises MalformedError."""
    try:
        return [unbase64(one) for one in values]
    except (TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None


def sent_to(own: Unit, audience: Unit) -> tuple[Any, ...]:
    """The condition of packages that went out with a number to `audience`."""
    c = t.package.c
    return (c.direction == "out", c.issuer_id == own.id, c.audience_id == audience.id, c.sequence > 0)


def messages_wait_again(session: Session, package_ids: Sequence[str]) -> int:
    """Let the messages of these packages wait for the next one, also those their unit once dealt with; how many."""
    c, count = t.message.c, 0
    for package_id in package_ids:
        this = (c.package_id == package_id, c.direction.in_(("out", "transit")), c.state != "refused")
        ids = session.execute(select(c.id).where(*this)).scalars().all()
        session.execute(update(t.message).where(c.id.in_(ids)).values(state=WAITING, package_id=None))
        values = {"state": ledger.REFUSED, "note": _NOTE, "handled_at": now_text()}
        session.execute(update(t.package).where(t.package.c.id == package_id).values(**values))
        count += len(ids)
    return count


def send_receipts_again(session: Session, actor: Actor, unit: Unit, rows: Sequence[Row[Any]], folder: Path) -> None:
    """Seal receipts, as they were signed, under new numbers."""
    for row in rows:
        statement = ledger.recall(session, row.id)
        assert statement is not None
        ledger.forget(session, row.id)
        statement = statement.with_certificates(certificates_toward(session, above=False))
        draft = Draft("receipt", unit, statement, row._mapping["items"], in_reply_to=row.in_reply_to)
        dispatch(session, actor, folder, draft, long_value("c", statement.to_json()))
