"""Certificates renewed by the superior without anybody asking: with receipts, and when its issuing key was replaced."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Final

from sqlalchemy.orm import Session

from models.domain.units import Unit
from models.services.units import own_unit
from sync.refusals import ContentRefusedError, Fault, UntrustedError
from sync.trust import directory
from sync.trust.certificates import ISSUING, OPENING, PERSON, Certificate, parse, public_der
from sync.trust.chains import Trust
from sync.trust.identity import adopt, certify, certify_issuing, own_anchor, persons, private_keys
from sync.trust.known import in_force, issuing, newest, remember, trust_of
from sync.wire.statements import unbase64

_MOST: Final = 200


def renewed(session: Session, school: Unit) -> list[Certificate]:
    """Every certificate in force for the unit below; what expires soon or has expired is renewed (decision 8).

    After a replacement of the issuing key the way to it from a tier above comes first.
    """
    fresh: list[Certificate] = []
    own = own_unit(session)
    way = _way(session, own) if len(private_keys(session, ISSUING)) > 1 else []
    before = in_force(session, school.id, own.id)
    for known in before:
        s = known.subject
        person = (s.person_id, s.name, s.roles) if s.purpose == PERSON else None
        fresh.append(certify(session, school, s.purpose, known.public_key, person))
    bureau = newest(session, school.id, ISSUING, issuer_id=own.id)
    if bureau is not None:
        before.append(bureau)
        fresh.append(certify_issuing(session, school, bureau))
    if fresh != before:
        directory.tell(session, None, [school])
    return way + fresh + [c for c in in_force(session, own.id, own.id) if c.subject.purpose == OPENING]


def _way(session: Session, own: Unit) -> list[Certificate]:
    """What the superior certified the issuing key in use with."""
    anchor = own_anchor(session)
    return [one for one in issuing(session, own.id) if anchor is not None and one.public_key == anchor.public_key]


def take(session: Session, texts: Sequence[str], superior_id: str, at: str) -> None:
    """Take over what the superior (UID) sent, base64 texts of certificates. Raises ContentRefusedError."""
    trust = trust_of(session)
    for text in islice(texts, _MOST):
        certificate = _judged(trust, text, at)
        if certificate is not None and _take(session, certificate, superior_id):
            trust = trust_of(session)


def _judged(trust: Trust, text: str, at: str) -> Certificate | None:
    """A certificate that is good; None for one revoked since: what came late or once more says nothing wrong by it."""
    try:
        der = unbase64(text)
        issues = parse(der).subject.purpose == ISSUING
        return trust.issuing(der, at) if issues else trust.certificate(der, at)[0]
    except (ValueError, UntrustedError) as error:
        if isinstance(error, UntrustedError) and error.fault in (Fault.REVOKED, Fault.ISSUER_REVOKED):
            return None
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="上级所附的证书") from None


def _take(session: Session, certificate: Certificate, superior_id: str) -> bool:
    """Take over a certificate of one of our own keys or persons, or of a key of the superior; whether others hang on
    it."""
    subject = certificate.subject
    if subject.unit_id == superior_id and subject.purpose in (OPENING, ISSUING):
        remember(session, certificate)
    elif subject.unit_id == own_unit(session).id and certificate.public_key in _own_keys(session, certificate):
        adopt(session, certificate)
    return subject.purpose == ISSUING


def _own_keys(session: Session, certificate: Certificate) -> set[bytes]:
    subject = certificate.subject
    if subject.purpose == PERSON:
        return {key for person_id, _, _, key in persons(session) if person_id == subject.person_id}
    return {public_der(key) for key in private_keys(session, subject.purpose)}
