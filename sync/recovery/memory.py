"""Where a unit's memory of the channels with its superior stands, as its enrolment request says (decision 9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.units import Unit
from models.store import tables as t
from sync.packages import ledger
from sync.packages.ledger import Place
from sync.wire.jsonlines import is_number

_MOST_TOLD: Final = 200


@dataclass(frozen=True)
class Memory:
    """The last package a unit remembers to have sent to its superior (`up`) and taken from it (`down`).

    `sent`: ids of the packages it remembers to have sent, the newest ones.
    """

    up: Place
    down: Place
    sent: frozenset[str]


NOTHING: Final = Memory(Place(1, 0, ""), Place(1, 0, ""), frozenset())
"""What a unit remembers that never had a superior, or lost its store."""


def memory_of(session: Session, own: Unit, superior: Unit | None) -> dict[str, Any] | None:
    """What the request of `own` says; None for a unit that has no superior yet."""
    if superior is None:
        return None
    ways = {"up": (own.id, superior.id), "down": (superior.id, own.id)}
    places = {key: place_json(ledger.place_of(session, *way, own.line.value)) for key, way in ways.items()}
    c = t.package.c
    query = select(c.id).where(c.direction == "out", c.audience_id == superior.id, c.sequence > 0)
    newest = query.order_by(c.epoch.desc(), c.sequence.desc()).limit(_MOST_TOLD)
    return {**places, "sent": list(session.execute(newest).scalars())}


def read_memory(value: Any) -> Memory | None:
    """`memory_of`'s form. Raises KeyError, TypeError or ValueError."""
    if value is None:
        return None
    sent = frozenset(str(one) for one in value["sent"][:_MOST_TOLD])
    return Memory(read_place(value["up"]), read_place(value["down"]), sent)


def common_place(session: Session, issuer: Unit, memory: Memory) -> Place:
    """The newest package of the issuer that both sides know; number 0 when there is none."""
    c = t.package.c
    known = (c.direction == "in", c.issuer_id == issuer.id, c.sequence > 0, c.state != ledger.HELD)
    query = select(c.epoch, c.sequence, c.id).where(*known, c.id.in_(memory.sent))
    row = session.execute(query.order_by(c.epoch.desc(), c.sequence.desc()).limit(1)).first()
    return Place(row.epoch, row.sequence, row.id) if row else Place(0, 0, "")


def place_json(place: Place) -> dict[str, Any]:
    """A place as files carry it."""
    return {"epoch": place.epoch, "sequence": place.sequence, "last": place.last_id}


def read_place(value: Any) -> Place:
    """`place_json`'s form. Raises KeyError, TypeError or ValueError."""
    place = Place(value["epoch"], value["sequence"], value["last"])
    if not is_number(place.epoch) or not is_number(place.sequence):
        raise ValueError("place")
    if not isinstance(place.last_id, str) or len(place.last_id) > 100:
        raise ValueError("place")
    return place
