"""Messages that wait for a neighbour, sealed as packages of their own in its channel (decisions 4, 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Final

from sqlalchemy import case, func, select, text, update
from sqlalchemy.orm import Session

from models.domain.units import Actor, Unit
from models.services.unit_changes import is_closed
from models.services.units import find_unit, own_unit
from models.store import tables as t
from models.store.clock import now_text
from sync import monitoring, registers, taken_names
from sync.messages.post import WAITING, record_step
from sync.packages import ledger
from sync.packages.dispatch import Draft, content_head, dispatch
from sync.packages.opening import MOST_MESSAGES
from sync.problems.closings import tell_closed
from sync.trust.certificates import Certificate, parse
from sync.trust.identity import certificates_toward, find_opening, is_above, unit_signer
from sync.trust.known import issuing
from sync.wire.content import leaf_hash, state_content
from sync.wire.jsonlines import long_value
from sync.wire.statements import Statement, base64_text

_MOST_BYTES: Final = 64 << 20
_MOST_UNITS, _MOST_EACH = 4, 2
"""Units whose issuing certificates go along, and how many of each: what `opening` takes."""


def neighbours_waiting(session: Session) -> list[str]:
    """UIDs of the neighbours some message waits for."""
    c = t.message.c
    return list(session.execute(select(c.next_id).where(c.state == WAITING).distinct()).scalars())


def seal_waiting(session: Session, actor: Actor, folder: Path, neighbour_id: str | None = None) -> list[str]:
    """Seal what waits for a neighbour (None: for each), news of taken user names among it; ids of the new packages.

    Signed by the unit's key only. For a unit whose keys are revoked they wait until it has new ones; a unit that was
    merged into another one says nothing more.

    Raises UserError when a neighbour has no certificate to encrypt to.
    """
    if is_closed(session, own_unit(session).id):
        return []
    taken_names.tell(session, actor, neighbour_id)
    registers.tell(session, actor)
    monitoring.tell(session, actor)
    tell_closed(session, actor)  # problems that a merge has closed
    sealed: list[str] = []
    for hop in neighbours_waiting(session):
        unit = find_unit(session, hop)
        if unit is not None and neighbour_id in (None, hop) and find_opening(session, hop) is not None:
            sealed += [_seal(session, actor, folder, unit, ids) for ids in _portions(session, hop)]
    return sealed


def _portions(session: Session, hop: str) -> list[list[str]]:
    c = t.message.c
    query = select(c.id, func.length(t.statement.c.body)).join(t.statement, t.statement.c.id == c.id)
    query = query.where(c.state == WAITING, c.next_id == hop).order_by(text("message.rowid"))
    portions: list[list[str]] = []
    size = _MOST_BYTES
    for message_id, length in session.execute(query):
        size += length
        if size > _MOST_BYTES or len(portions[-1]) >= MOST_MESSAGES:
            portions.append([])
            size = length
        portions[-1].append(message_id)
    return portions


def _seal(session: Session, actor: Actor, folder: Path, unit: Unit, ids: Sequence[str]) -> str:
    head = {**content_head(session, "messages"), "policy_version": 0}
    content = state_content(
        head,
        [leaf_hash(bytes.fromhex(message_id)) for message_id in ids],
        unit_signer(session, is_above(session, unit.id)),
    )
    draft = Draft("messages", unit, content, len(ids))
    c = t.message.c
    lines = _lines(session, content, unit, ids)
    package_id = dispatch(session, actor, folder, draft, lines)
    state = case((c.direction == "transit", "passed"), else_="sent")
    values = {"state": state, "package_id": package_id, "handled_at": now_text()}
    session.execute(update(t.message).where(c.id.in_(ids)).values(**values))
    own = own_unit(session)
    for message_id in session.execute(select(c.id).where(c.package_id == package_id, c.kind != "trace")).scalars():
        record_step(session, message_id, own, "sent", unit.name)
    return package_id


def _lines(session: Session, content: Statement, unit: Unit, ids: Sequence[str]) -> Iterator[bytes]:
    own = certificates_toward(session, is_above(session, unit.id))
    ways = cache(partial(issuing, session))
    yield from long_value("c", content.to_json())
    for message_id in ids:
        statement = ledger.recall(session, message_id)
        assert statement is not None
        # our own signatures get the certificates that the receiver's side believes; others travel as they came
        signatures = (replace(s, certificate=own.get(s.public_key, s.certificate)) for s in statement.signatures)
        statement = replace(statement, signatures=tuple(signatures))
        chain = [base64_text(der) for der in _way_up(ways, statement)]
        yield from long_value("m", {"statement": statement.to_json(), "chain": chain})


def _way_up(ways: Callable[[str], list[Certificate]], statement: Statement) -> list[bytes]:
    """The issuing certificates (DER) that lead from a message's signatures towards the root, as known here."""
    units = [parse(s.certificate).issuer_id for s in statement.signatures if s.certificate]
    found: dict[str, list[Certificate]] = {}
    while units and len(found) < _MOST_UNITS:
        unit_id = units.pop(0)
        if unit_id not in found:
            found[unit_id] = ways(unit_id)[-_MOST_EACH:]
            units += [certificate.issuer_id for certificate in found[unit_id]]
    return [certificate.der for certificates in found.values() for certificate in certificates]
