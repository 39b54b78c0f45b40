"""A unit set up again after its store was lost with every backup: same UID, new keys, an empty memory (decision 9).

Its superior tells it the units below it as they were last told upwards, so that it certifies their keys anew without
a telephone call to each; the units below believe it because their common superior certified its new keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.units import Actor, Tier, Unit
from models.services.units import descendants, find_unit, own_unit, superior_id_of
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync.joining.requests import unit_json
from sync.messages.message import Message, portions
from sync.messages.post import post
from sync.packages import ledger
from sync.packages.ledger import Place
from sync.recovery import channels
from sync.recovery.taking import require_from_above
from sync.refusals import Fault, UntrustedError
from sync.trust import authority, directory
from sync.trust.certificates import ISSUING, OPENING, PERSON, SIGNING, Certificate, key_mark, parse
from sync.trust.directory import Entry
from sync.trust.identity import add_key, certify, certify_issuing, ensure
from sync.trust.known import is_key_revoked, remember, trust_of

if TYPE_CHECKING:
    from models.store.store import Store

UNITS: Final = "recovery.units"
_FOUNDED: Final = "recovery.founded_anew"


def found_anew(store: Store) -> None:
    """Say of a new store that its unit is not new; the keys count as replaced ones. Called once, after `init`."""
    store.write(_found_anew, store.actor)


def _found_anew(session: Session, actor: Actor) -> None:
    own = ensure(session)
    purposes = (SIGNING, OPENING) if own.tier is Tier.SCHOOL else (SIGNING, OPENING, ISSUING)
    for purpose in purposes:
        add_key(session, purpose)
    ensure(session)
    session.execute(upsert(t.setting).values(key=_FOUNDED, value=now_text()).on_conflict_do_nothing())
    audit.append(session, actor, "recovery.found", f"unit:{own.id}", {})


def is_founded_anew(session: Session) -> bool:
    """Whether this unit lost its store and was set up again."""
    return session.execute(select(t.setting.c.value).where(t.setting.c.key == _FOUNDED)).first() is not None


def begin_anew(session: Session, unit: Unit, own: Unit, up: Place) -> bool:
    """Whether this store was lost and `unit` does not know it yet; then the channel up from it begins again."""
    place = ledger.place_of(session, unit.id, own.id, own.line.value)
    if not is_founded_anew(session) or place != Place(1, 0, "") or not up.sequence:
        return False
    ledger.place(session, channels.channel(unit, own), Place(up.epoch + 1, 0, ""))
    return True


# --- the superior tells the units below -----------------------------------------------------------------


def tell_units(session: Session, actor: Actor, bureau: Unit) -> None:
    """Let a bureau that lost a part of its memory know the units below it, as it once told of them."""
    units = descendants(session, bureau.id)
    for entries in portions(directory.entry_of(session, unit) for unit in units):
        post(session, actor, UNITS, bureau.id, {"units": entries}, title=f"补回下级单位名录（{len(entries)} 个单位）")


def take_units(session: Session, actor: Actor, message: Message) -> str:
    """Register the units below that are not known any more, and certify their keys; what was done.

    Raises UntrustedError, KeyError, TypeError or ValueError.
    """
    require_from_above(session, message.origin_id)
    own = own_unit(session)
    count = 0
    for value in message.body["units"]:
        entry = directory.read_entry(value)
        _check(session, own, entry)
        if find_unit(session, entry.unit.id) is None:
            count += 1
            _register(session, entry)
            _certify(session, own, entry, message.at)
    audit.append(session, actor, "recovery.units", f"unit:{message.origin_id}", {"units": count})
    if not count:
        return "下级单位名录本单位都有，无需补回"
    authority.tell_below(session, actor)
    return f"已按上级保存的名录补登 {count} 个下级单位，请生成重建通道通知发给各下级单位"


def _check(session: Session, own: Unit, entry: Entry) -> None:
    """The unit stands below this one, as far as is known. Raises UntrustedError."""
    above = {own.id, *(unit.id for unit in descendants(session, own.id))}
    present = superior_id_of(session, entry.unit.id)
    fits = entry.superior_id in above and entry.unit.id != own.id and entry.unit.line is own.line
    if not fits or present not in (None, entry.superior_id):
        raise UntrustedError(Fault.NOT_ITS_UNIT, unit=entry.unit.name)


def _register(session: Session, entry: Entry) -> None:
    row = {**unit_json(entry.unit), "superior_id": entry.superior_id, "state": entry.state}
    session.execute(upsert(t.unit).values(**row, is_self=0).on_conflict_do_nothing())


def _certify(session: Session, own: Unit, entry: Entry, at: str) -> None:
    """The keys of a unit directly below under the own issuing key; others as their superior certified them."""
    given = [parse(der) for der in (*entry.issuing, *entry.certificates)]
    if any(one.subject.unit_id != entry.unit.id for one in given):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    trust = trust_of(session).extended(entry.issuing)
    if entry.superior_id != own.id:
        for one in given:
            remember(session, trust.issuing(one.der, at) if _issues(one) else trust.certificate(one.der, at)[0])
        return
    row: dict[str, Any] = {}
    for one in given:
        if is_key_revoked(session, key_mark(entry.unit.id, one.public_key)):
            continue
        certificate = _again(session, entry.unit, one)
        row |= {"certificate": certificate.der} if one.subject.purpose == SIGNING else {}
        row |= {"opening_key": one.public_key} if one.subject.purpose == OPENING else {}
    session.execute(t.unit.update().where(t.unit.c.id == entry.unit.id).values(**row or {"state": entry.state}))


def _issues(certificate: Certificate) -> bool:
    return certificate.subject.purpose == ISSUING


def _again(session: Session, unit: Unit, one: Certificate) -> Certificate:
    if _issues(one):
        return certify_issuing(session, unit, one)
    s = one.subject
    return certify(
        session, unit, s.purpose, one.public_key, (s.person_id, s.name, s.roles) if s.purpose == PERSON else None
    )
