"""What a bureau tells its superior of the units below it: who they are and what certifies them (decision 5).

Every tier vouches for what it passes on under its own name. So a statement of a school can be judged at the city and
the province, where nobody has ever compared a word with that school.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.units import Actor, Unit
from models.services.unit_changes import FormerName, former_json, read_former, take_former
from models.services.units import ancestors, descendants, find_unit, is_within, own_unit, superior_id_of, unit_name
from models.store import audit
from models.store import tables as t
from sync.joining.requests import unit_from, unit_json
from sync.messages.message import Message, portions
from sync.messages.post import post
from sync.refusals import Fault, MalformedError, UntrustedError
from sync.trust.certificates import OPENING, SIGNING, Certificate
from sync.trust.chains import Trust
from sync.trust.identity import superior_of
from sync.trust.known import in_force, issuing, remember, trust_of
from sync.wire.statements import base64_text, unbase64

Found = TypeVar("Found")
KIND: Final = "directory"
_MOST_CERTIFICATES: Final = 80
_STATES: Final = ("active", "closed")


@dataclass(frozen=True)
class Entry:
    """A unit below as the directory has it; certificates are those its superior issued."""

    unit: Unit
    superior_id: str
    state: str
    issuing: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    former: tuple[FormerName, ...] = ()


def tell(session: Session, actor: Actor | None, units: Iterable[Unit]) -> None:
    """Let the superior know of units below; nothing to do for a unit that has none."""
    superior = superior_of(session)
    if superior is None:
        return
    for entries in portions(entry_of(session, unit) for unit in units):
        post(session, actor, KIND, superior.id, {"units": entries}, title=f"单位名录（{len(entries)} 个单位）")


def tell_all(session: Session, actor: Actor | None) -> None:
    """Let a new superior know of every unit below."""
    tell(session, actor, descendants(session, own_unit(session).id))


def entry_of(session: Session, unit: Unit) -> dict[str, Any]:
    """A unit as the directory has it: who it is, its superior, and what is in force of its certificates."""
    superior_id = superior_id_of(session, unit.id)
    state = session.execute(select(t.unit.c.state).where(t.unit.c.id == unit.id)).scalar()
    return {
        "unit": unit_json(unit),
        "superior": superior_id,
        "state": state,
        "former": former_json(session, unit.id),
        "issuing": [base64_text(one.der) for one in issuing(session, unit.id)],
        "certificates": [base64_text(one.der) for one in in_force(session, unit.id, superior_id)],
    }


# --- at the superior ------------------------------------------------------------------------------------


def take(session: Session, actor: Actor, message: Message) -> str:
    """Enter the units a bureau below tells of, and pass them on upwards; what was done.

    Raises UntrustedError or MalformedError: nothing of the message is entered.
    """
    own = own_unit(session)
    if superior_id_of(session, message.origin_id) != own.id:
        raise UntrustedError(Fault.NOT_SUBORDINATE)
    entries = [read_entry(value) for value in message.body["units"]]
    known = trust_of(session)
    trust = replace(known, superiors={**known.superiors, **{entry.unit.id: entry.superior_id for entry in entries}})
    trust = trust.extended(der for entry in entries for der in entry.issuing)
    for entry in entries:
        _check(session, own, message.origin_id, entry)
        _enter(session, entry, _judged(trust, entry, message.at))
    tell(session, actor, [entry.unit for entry in entries])
    facts = {"from": message.origin_id, "units": len(entries)}
    audit.append(session, actor, "directory.take", f"unit:{message.origin_id}", facts)
    return f"已登记“{unit_name(session, message.origin_id)}”之下的 {len(entries)} 个单位"


def read_entry(value: Any) -> Entry:
    """`entry_of`'s form. Raises KeyError, TypeError, ValueError or MalformedError."""
    ways, given = (tuple(unbase64(text) for text in value[key]) for key in ("issuing", "certificates"))
    former = read_former(value.get("former"))
    entry = Entry(unit_from(value["unit"]), value["superior"], value["state"], ways, given, former)
    if not isinstance(entry.superior_id, str) or entry.state not in _STATES:
        raise ValueError("entry")
    if len(ways) + len(given) > _MOST_CERTIFICATES:
        raise MalformedError(Fault.TOO_MANY_SIGNATURES, limit=_MOST_CERTIFICATES)
    return entry


def _check(session: Session, own: Unit, bureau_id: str, entry: Entry) -> None:
    """The unit stands below the bureau that tells of it, in its line, and nobody else has claimed it."""
    unit, superior = entry.unit, find_unit(session, entry.superior_id)
    above = {own.id, bureau_id, *(one.id for one in ancestors(session, own.id))}
    if superior is None or not is_within(session, superior.id, bureau_id) or unit.id in above:
        raise UntrustedError(Fault.NOT_ITS_UNIT, unit=unit.name)
    if unit.line is not own.line or unit.tier.rank >= superior.tier.rank:
        raise UntrustedError(Fault.NOT_ITS_UNIT, unit=unit.name)
    present = superior_id_of(session, unit.id)
    if present and not is_within(session, present, bureau_id):
        names = {"present": unit_name(session, present), "claimed": superior.name}
        raise UntrustedError(Fault.CLAIMED_TWICE, unit=unit.name, **names)


def _judged(trust: Trust, entry: Entry, at: str) -> Sequence[Certificate]:
    ways = [one for der in entry.issuing for one in _good(partial(trust.issuing, der, at))]
    given = [one for der in entry.certificates for one, _ in _good(partial(trust.certificate, der, at))]
    if any((one.subject.unit_id, one.issuer_id) != (entry.unit.id, entry.superior_id) for one in given):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    if any(one.subject.unit_id != entry.unit.id for one in ways):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    return [*ways, *given]


def _good(judge: Callable[[], Found]) -> Iterator[Found]:
    """What was judged well; what a list of revocations has taken out of force already is left out."""
    try:
        yield judge()
    except UntrustedError as error:
        if error.fault not in (Fault.REVOKED, Fault.ISSUER_REVOKED):
            raise


def _enter(session: Session, entry: Entry, certificates: Sequence[Certificate]) -> None:
    take_former(session, entry.unit, entry.former)
    for certificate in certificates:
        remember(session, certificate)
    keys = {one.subject.purpose: one for one in certificates if not one.subject.person_id}
    row: dict[str, Any] = {**unit_json(entry.unit), "superior_id": entry.superior_id, "state": entry.state}
    row |= {"certificate": keys[SIGNING].der} if SIGNING in keys else {}
    row |= {"opening_key": keys[OPENING].public_key} if OPENING in keys else {}
    statement = upsert(t.unit).values(**row, is_self=0)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
