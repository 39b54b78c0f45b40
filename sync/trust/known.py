"""The certificates a store knows and whom it trusts; inside the caller's transaction (decisions 5, 8).

A bureau's keys and persons are certified twice: by the bureau itself, for the units below that trust its anchor, and
by its superior, for those above and across. So every look-up says whose certificates it wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.units import Actor
from models.services.units import own_unit, unit_name
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync.trust.certificates import ISSUING, RENEW_DAYS, Certificate, parse, to_time
from sync.trust.chains import Trust

PURPOSE_LABELS: Final = {
    "issuing": "签发证书",
    "signing": "单位签名证书",
    "opening": "单位加密证书",
    "person": "个人证书",
}


@dataclass(frozen=True)
class CertificateInfo:
    """A certificate for lists: whose, who issued it, from when to when, and since when it is revoked ("" for not).

    `subject_id` is the UID of the person, or of the unit.
    """

    fingerprint: str
    subject_id: str
    unit: str
    issuer: str
    purpose: str
    person: str
    since: str
    until: str
    revoked: str


def ends_soon(info: CertificateInfo, now: str) -> bool:
    """Whether a certificate in force is to be renewed at a time (UTC text), or has expired."""
    return not info.revoked and (to_time(info.until) - to_time(now)).days < RENEW_DAYS


def remember(session: Session, certificate: Certificate) -> None:
    """Keep a certificate that was judged before; one whose key is on a list of revocations is kept as revoked."""
    s = certificate.subject
    c = t.revoked.c
    by_issuer = (c.mark == certificate.fingerprint) & (c.issuer_id == certificate.issuer_id)
    marks = select(c.since).where((c.mark == certificate.key_mark) | by_issuer)
    row = {
        "fingerprint": certificate.fingerprint, "unit_id": s.unit_id, "person_id": s.person_id or None,
        "purpose": s.purpose, "der": certificate.der, "not_after": certificate.not_after, "received_at": now_text(),
        "issuer_id": certificate.issuer_id, "revoked_since": min(session.execute(marks).scalars(), default=None),
    }  # fmt: skip
    session.execute(upsert(t.certificate).values(**row).on_conflict_do_nothing())


def newest(
    session: Session, unit_id: str, purpose: str, person_id: str = "", issuer_id: str | None = None
) -> Certificate | None:
    """The latest certificate, not revoked, of a unit's key or of a person; `issuer_id` None: whoever issued it."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose == purpose, c.revoked_since.is_(None))
    query = query.where(c.person_id == person_id if person_id else c.person_id.is_(None))
    query = _by(query, issuer_id)
    der = session.execute(query.order_by(c.not_after.desc(), text("rowid DESC")).limit(1)).scalar()
    return None if der is None else parse(der)


def every(session: Session, unit_id: str, issuer_id: str) -> list[Certificate]:
    """Every certificate of keys and persons of a unit that one unit issued and that is not revoked, older ones too."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose != ISSUING, c.revoked_since.is_(None))
    return [parse(der) for der in session.execute(query.where(c.issuer_id == issuer_id)).scalars()]


def in_force(session: Session, unit_id: str, issuer_id: str | None = None) -> list[Certificate]:
    """The latest certificate of each key and person of a unit that is not revoked, of each who issued any."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose != ISSUING, c.revoked_since.is_(None))
    found: dict[tuple[str, str, str], Certificate] = {}
    for der in session.execute(_by(query, issuer_id).order_by(c.not_after, text("rowid"))).scalars():
        certificate = parse(der)
        found[certificate.issuer_id, certificate.subject.purpose, certificate.subject.person_id] = certificate
    return list(found.values())


def issuing(session: Session, unit_id: str) -> list[Certificate]:
    """Every issuing certificate of a unit that a superior gave, revoked ones included: history is judged by them."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose == ISSUING, c.issuer_id != unit_id)
    return [parse(der) for der in session.execute(query.order_by(text("rowid"))).scalars()]


def _by(query: Select[tuple[bytes]], issuer_id: str | None) -> Select[tuple[bytes]]:
    return query if issuer_id is None else query.where(t.certificate.c.issuer_id == issuer_id)


def anchor_of(session: Session, unit_id: str) -> Certificate | None:
    """The newest self-signed certificate of an issuing key of a unit, as far as it is not revoked."""
    return newest(session, unit_id, ISSUING, issuer_id=unit_id)


def anchors(session: Session, unit_id: str) -> list[Certificate]:
    """Every self-signed certificate of an issuing key of a unit, revoked ones included."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose == ISSUING, c.issuer_id == unit_id)
    return [parse(der) for der in session.execute(query).scalars()]


def of_key(session: Session, unit_id: str, purpose: str, public_key: bytes, issuer_id: str) -> Certificate | None:
    """The latest certificate one unit issued for a key, whether it is revoked or not."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose == purpose, c.issuer_id == issuer_id)
    found = (parse(der) for der in session.execute(query.order_by(c.not_after.desc(), text("rowid DESC"))).scalars())
    return next((one for one in found if one.public_key == public_key), None)


def is_key_revoked(session: Session, mark: str, issuer_id: str | None = None) -> bool:
    """Whether a key stands in a list of revocations, of any unit or of one."""
    c = t.revoked.c
    query = select(c.mark).where(c.mark == mark)
    return session.execute(query if issuer_id is None else query.where(c.issuer_id == issuer_id)).first() is not None


def revoke(session: Session, actor: Actor | None, fingerprint: str, since: str, reason: str) -> None:
    """Take a certificate out of force from `since` on; what was signed before stays good (decision 8)."""
    session.execute(update(t.certificate).where(t.certificate.c.fingerprint == fingerprint).values(revoked_since=since))
    audit.append(
        session, actor, "certificate.revoke", f"certificate:{fingerprint[:16]}", {"since": since, "reason": reason}
    )


def superiors(session: Session) -> dict[str, str]:
    """Who stands above each known unit; "" for nobody as far as this store knows."""
    c = t.unit.c
    return {unit_id: above or "" for unit_id, above in session.execute(select(c.id, c.superior_id))}


def trust_of(session: Session) -> Trust:
    """What this store believes: its own anchor and those of the tiers above, issuing certificates, revocations."""
    own, above = own_unit(session), superiors(session)
    trusted, step = {own.id}, above.get(own.id, "")
    while step and step not in trusted:
        trusted.add(step)
        step = above.get(step, "")
    c = t.certificate.c
    ways = session.execute(select(c.der, c.unit_id, c.issuer_id).where(c.purpose == ISSUING)).all()
    anchors = tuple(row.der for row in ways if row.unit_id == row.issuer_id and row.unit_id in trusted)
    between = tuple(row.der for row in ways if row.unit_id != row.issuer_id)
    issued = session.execute(select(c.fingerprint).where(c.issuer_id == own.id, c.purpose != ISSUING)).scalars()
    return Trust(anchors, _revoked(session), _latest(session), between, above, frozenset(issued))


def _latest(session: Session) -> frozenset[str]:
    c = t.certificate.c
    query = select(c.fingerprint, c.unit_id, c.person_id, c.purpose, c.issuer_id).order_by(c.not_after, text("rowid"))
    return frozenset({tuple(row[1:]): str(row.fingerprint) for row in session.execute(query)}.values())


def _revoked(session: Session) -> Mapping[str, str]:
    c, listed = t.certificate.c, t.revoked.c
    own = session.execute(select(c.fingerprint, c.revoked_since).where(c.revoked_since.is_not(None)))
    since = {str(mark): str(when) for mark, when in own}
    for mark, issuer_id, when in session.execute(select(listed.mark, listed.issuer_id, listed.since)):
        key = mark if "/" in mark else f"{issuer_id}:{mark}"  # a certificate is revoked by who issued it
        since[key] = min(when, since.get(key, when))
    return since


def list_certificates(session: Session, unit_id: str | None = None) -> list[CertificateInfo]:
    """Every certificate known, or those of one unit: whose, by whom, until when, revoked since when."""
    c = t.certificate.c
    query = select(c.der, c.revoked_since).order_by(c.unit_id, c.purpose, c.not_after)
    found = []
    for der, revoked in session.execute(query if unit_id is None else query.where(c.unit_id == unit_id)):
        one = parse(der)
        s = one.subject
        names = unit_name(session, s.unit_id), unit_name(session, one.issuer_id)
        person = s.name if s.person_id else ""
        dates = one.not_before, one.not_after, revoked or ""
        found.append(CertificateInfo(one.fingerprint, s.person_id or s.unit_id, *names, s.purpose, person, *dates))
    return found
