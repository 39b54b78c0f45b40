"""Packages and channels as the store remembers them; every function works inside the caller's transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.states import State
from models.services.approvals import store_statement
from models.services.units import find_unit
from models.store import tables as t
from models.store.clock import now_text
from sync.refusals import Fault, OutOfTurnError
from sync.wire.envelope import Address
from sync.wire.statements import Signature, Statement

MOST_HELD: Final = 64
"""How far ahead of its turn a package may arrive and still be kept aside."""

SEALED, DELIVERED, RECEIPTED, REFUSED = "sealed", "delivered", "receipted", "refused"
HELD, OPENED, ANSWERED = "held", "opened", "answered"
PURPOSE_LABELS: Final = {
    "changes": "变更包",
    "evidence": "证明材料包",
    "receipt": "回执",
    "messages": "往来函件包",
    "report": "汇总上报包",
}
ACKNOWLEDGED: Final = ("receipt", "messages")
"""Purposes that nobody answers: the other direction's number closes them."""


@dataclass(frozen=True)
class Place:
    """Where a channel stands: the last number taken or given, and the package that had it."""

    epoch: int
    sequence: int
    last_id: str


def keep(session: Session, statement: Statement) -> None:
    """Store a signed statement once; statements are never changed."""
    signatures = [s.to_json() for s in statement.signatures]
    store_statement(session, statement.type, statement.body, signatures, now_text())


def recall(session: Session, statement_id: str) -> Statement | None:
    """A stored statement."""
    row = session.execute(select(t.statement).where(t.statement.c.id == statement_id)).first()
    if row is None:
        return None
    return Statement(row.type, row.body, tuple(Signature.from_json(s) for s in json.loads(row.signatures)))


def place_of(session: Session, issuer: str, audience: str, line: str) -> Place:
    """Where the channel stands; number 0 of epoch 1 when nothing has gone through it."""
    c = t.channel.c
    query = select(t.channel).where(c.issuer_id == issuer, c.audience_id == audience, c.line == line)
    row = session.execute(query).first()
    return Place(row.epoch, row.last_sequence, row.last_id) if row else Place(1, 0, "")


def move(session: Session, address: Address) -> None:
    """The channel has taken or given this package."""
    channel = {"issuer_id": address.issuer, "audience_id": address.audience, "line": address.line}
    place(session, channel, Place(address.epoch, address.sequence, address.content))


def place(session: Session, channel: Mapping[str, str], at: Place) -> None:
    """Put a channel (issuer_id, audience_id, line) at a place."""
    values = {"epoch": at.epoch, "last_sequence": at.sequence, "last_id": at.last_id}
    statement = upsert(t.channel).values(**channel, **values)
    session.execute(statement.on_conflict_do_update(index_elements=list(channel), set_=values))


def find(session: Session, package_id: str) -> Row[Any] | None:
    """A package's row by its id, or by the beginning of it (8 characters or more)."""
    c = t.package.c
    exact = session.execute(select(t.package).where(c.id == package_id)).first()
    if exact is not None or len(package_id) < 8:
        return exact
    rows = session.execute(select(t.package).where(c.id.startswith(package_id, autoescape=True)).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def title_of(session: Session, address: Address, items: int) -> str:
    """How lists name a package."""
    label = PURPOSE_LABELS.get(address.purpose, "包")
    issuer = find_unit(session, address.issuer)
    name = issuer.name if issuer else "未登记的单位"
    number = f" 第 {address.sequence} 号" if address.sequence else ""
    count = f"（{items} 项）" if items else ""
    return f"{name} {label}{number}{count}"


def add(
    session: Session,
    address: Address,
    *,
    direction: str,
    state: str,
    items: int,
    file: tuple[str, int, str],
    note: str = "",
) -> None:
    """Record a package; `file` is name, size and SHA-256 of its file."""
    name, size, digest = file
    _move_aside(session, address)
    row = {
        "id": address.content, "direction": direction, "purpose": address.purpose,
        "title": title_of(session, address, items), "issuer_id": address.issuer, "audience_id": address.audience,
        "line": address.line, "epoch": address.epoch, "sequence": address.sequence, "previous": address.previous,
        "created_at": address.created, "items": items, "state": state, "in_reply_to": address.in_reply_to, "note": note,
        "file_name": name, "size": size, "file_digest": digest, "handled_at": now_text(),
    }  # fmt: skip
    moving = ("title", "items", "state", "note", "handled_at", "epoch", "sequence", "previous")
    changing = {key: row[key] for key in moving}
    session.execute(upsert(t.package).values(**row).on_conflict_do_update(index_elements=["id"], set_=changing))


def _move_aside(session: Session, address: Address) -> None:
    """A package that was never opened may have claimed the id of another unit's: it loses it to the right one."""
    c = t.package.c
    squatting = select(c.id).where(c.id == address.content, c.issuer_id != address.issuer)
    if session.execute(squatting).first() is not None:
        drop_file(session, address.content)
        aside = {"id": f"{address.content}:not-{address.issuer}", "state": REFUSED}
        session.execute(update(t.package).where(c.id == address.content).values(**aside))


def set_state(session: Session, package_id: str, state: str, note: str | None = None) -> None:
    """Move a package on; a note replaces the one there."""
    values: dict[str, Any] = {"state": state, "handled_at": now_text()}
    if note is not None:
        values["note"] = note
    session.execute(update(t.package).where(t.package.c.id == package_id).values(**values))


def keep_file(session: Session, package_id: str, blocks: Iterable[bytes]) -> tuple[int, str]:
    """Store a package's bytes, one piece a block; size and SHA-256 (hex) of the whole. The head is the first piece."""
    session.execute(delete(t.package_file).where(t.package_file.c.package_id == package_id))
    sha, size = hashlib.sha256(), 0
    for position, block in enumerate(blocks):
        sha.update(block)
        size += len(block)
        session.execute(insert(t.package_file).values(package_id=package_id, position=position, content=block))
    return size, sha.hexdigest()


def file_of(session: Session, package_id: str) -> Iterator[bytes]:
    """The stored bytes of a package, piece by piece."""
    c = t.package_file.c
    count = session.execute(select(func.count()).where(c.package_id == package_id)).scalar_one()
    for position in range(count):
        yield session.execute(select(c.content).where(c.package_id == package_id, c.position == position)).scalar_one()


def drop_file(session: Session, package_id: str) -> None:
    """Forget the stored bytes of a package that was opened."""
    session.execute(delete(t.package_file).where(t.package_file.c.package_id == package_id))


def is_renumbered(session: Session, address: Address, known: Row[Any]) -> bool:
    """Whether it is the turn of a package that was taken under an older number: its number is used up, nothing else."""
    at = place_of(session, address.issuer, address.audience, address.line)
    new = (address.epoch, address.sequence) != (known.epoch, known.sequence) and address.sequence > 0
    return new and (address.epoch, address.sequence) == (at.epoch, at.sequence + 1)


def pass_over(session: Session, address: Address) -> bool:
    """Use up the number of a package that was taken under another one; False for one that is not known."""
    known = find(session, address.content)
    if known is None or known.id != address.content or known.direction != "in" or known.state in (HELD, REFUSED):
        return False
    if known.issuer_id != address.issuer or not is_renumbered(session, address, known):
        return False
    numbers = {"epoch": address.epoch, "sequence": address.sequence, "previous": address.previous}
    session.execute(update(t.package).where(t.package.c.id == address.content).values(**numbers))
    move(session, address)
    acknowledge(session, address)
    return True


def forget(session: Session, package_id: str) -> None:
    """Drop a package that is about to be sent once more under another number; what it says is kept as a statement."""
    drop_file(session, package_id)
    session.execute(delete(t.package).where(t.package.c.id == package_id))


def check_turn(session: Session, address: Address, issuer_name: str) -> list[int]:
    """The numbers still missing before this package; none when it is its turn (decision 7).

    Raises OutOfTurnError for a fork and for what is too far ahead.
    """
    place = place_of(session, address.issuer, address.audience, address.line)
    fork = OutOfTurnError(Fault.FORK, sequence=address.sequence, issuer=issuer_name)
    if address.epoch > place.epoch:
        raise OutOfTurnError(Fault.NEWER_EPOCH, epoch=address.epoch, held=place.epoch, issuer=issuer_name)
    if address.epoch < place.epoch:
        raise OutOfTurnError(Fault.OLD_NUMBERING, issuer=issuer_name)
    if address.sequence <= place.sequence:
        raise fork
    if address.sequence == place.sequence + 1:
        if address.previous != place.last_id:
            raise fork
        return []
    missing = address.sequence - place.sequence - 1
    if missing > MOST_HELD:
        raise OutOfTurnError(Fault.TOO_FAR_AHEAD, sequence=address.sequence, missing=missing)
    held = {row.sequence for row in held_in(session, address.issuer, address.audience, address.line)}
    return [n for n in range(place.sequence + 1, address.sequence) if n not in held]


def held_in(session: Session, issuer: str, audience: str, line: str) -> Sequence[Row[Any]]:
    """Packages of the channel that wait for an earlier one, in their order."""
    c = t.package.c
    channel = (c.issuer_id == issuer, c.audience_id == audience, c.line == line, c.direction == "in")
    return session.execute(select(t.package).where(*channel, c.state == HELD).order_by(c.sequence)).all()


def acknowledge(session: Session, address: Address) -> None:
    """The issuer says up to which number it has our packages; receipts and messages need not be offered again."""
    c = t.package.c
    condition = (c.issuer_id == address.audience, c.audience_id == address.issuer, c.line == address.line)
    session.execute(
        update(t.package)
        .where(*condition, c.direction == "out", c.purpose.in_(ACKNOWLEDGED), c.state.in_((SEALED, DELIVERED)))
        .where(c.sequence <= address.acknowledged, c.epoch == address.acknowledged_epoch)
        .values(state=RECEIPTED, handled_at=now_text())
    )
    _close_offered_again(session, address)


def _close_offered_again(session: Session, address: Address) -> None:
    """What had been answered before it was offered once more waits for no other answer (decision 9)."""
    c, change = t.package.c, t.change.c
    sealed = select(change.id).where(change.package_id == c.id, change.state == State.SEALED.value)
    pair = (c.issuer_id == address.audience, c.audience_id == address.issuer)
    this = (c.direction == "out", *pair, c.line == address.line)
    query = select(c.id).where(*this, c.purpose == "changes", c.state.in_((SEALED, DELIVERED)), ~sealed.exists())
    query = query.where(c.sequence <= address.acknowledged, c.epoch == address.acknowledged_epoch)
    for package_id in session.execute(query).scalars().all():
        both = or_(c.id == package_id, (c.in_reply_to == package_id) & (c.purpose == "evidence"))
        session.execute(update(t.package).where(*this, both).values(state=RECEIPTED, handled_at=now_text()))


def unanswered(session: Session, audience: str | None = None) -> Sequence[Row[Any]]:
    """Packages sent that nobody has answered yet; every delivery carries them all (decision 7)."""
    c = t.package.c
    query = select(t.package).where(c.direction == "out", c.state.in_((SEALED, DELIVERED)))
    if audience is not None:
        query = query.where(c.audience_id == audience)
    return session.execute(query.order_by(c.created_at, c.purpose, c.sequence)).all()


def list_packages(session: Session, direction: str | None = None, states: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Packages, newest first, as mappings of the columns of table `package`."""
    query = select(t.package).order_by(t.package.c.handled_at.desc(), t.package.c.sequence.desc())
    if direction is not None:
        query = query.where(t.package.c.direction == direction)
    if wanted := tuple(states):
        query = query.where(t.package.c.state.in_(wanted))
    return [dict(row._mapping) for row in session.execute(query)]
