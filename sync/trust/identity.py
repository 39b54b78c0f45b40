"""The unit's own keys and certificates, and whom this store trusts; inside the caller's transaction (decision 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import Signer
from models.domain.units import ROLE_LABELS, Actor, Role, Tier, Unit
from models.services.units import ancestors, find_unit, own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now, now_text
from sync.trust.certificates import (
    ISSUING,
    OPENING,
    PERSON,
    RENEW_DAYS,
    SIGNING,
    Certificate,
    Subject,
    begin_under,
    is_issued_by,
    issue,
    key_mark,
    load_private,
    new_private_key,
    public_der,
)
from sync.trust.known import every, is_key_revoked, of_key
from sync.trust.known import in_force as in_force
from sync.trust.known import newest as newest
from sync.trust.known import remember as remember
from sync.trust.known import revoke as revoke
from sync.trust.known import trust_of as trust_of
from sync.trust.signers import CertifiedSigner as CertifiedSigner
from sync.trust.signers import UnitSigner as UnitSigner
from sync.trust.words import words_of
from sync.wire.suites import key_id

_MOST_LATE: Final = 730
_READY: Final = "identity.ready"
"""Where a transaction notes that `ensure` has been through it."""
_PATH_LENGTH: Final = {Tier.COUNTY: 0, Tier.CITY: 1, Tier.PROVINCE: 2}
"""How many issuing certificates may follow below that of a bureau."""


def superior_of(session: Session) -> Unit | None:
    """The unit that certifies this one and takes its packages; None for one that works alone."""
    superior_id = session.execute(select(t.unit.c.superior_id).where(t.unit.c.is_self == 1)).scalar()
    return find_unit(session, superior_id) if superior_id else None


def require_superior(session: Session) -> Unit:
    """The superior. Raises UserError that says how to get one."""
    superior = superior_of(session)
    if superior is None:
        raise UserError("本单位还没有加入上级，暂时不能报送。请先生成入网申请，交上级办理后导入批复。")
    return superior


def private_keys(session: Session, purpose: str) -> list[ec.EllipticCurvePrivateKey]:
    """The unit's keys for a purpose, newest first; older ones open what was sealed before a replacement."""
    c = t.unit_key.c
    query = select(c.private_key).where(c.purpose == purpose).order_by(c.generation.desc())
    return [load_private(der) for der in session.execute(query).scalars()]


def opening_keys(session: Session) -> dict[str, bytes]:
    """The unit's opening keys as {key id: DER PKCS8}."""
    return {key_id(public_der(key)): _pkcs8(key) for key in private_keys(session, OPENING)}


def _pkcs8(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def own_anchor(session: Session) -> Certificate | None:
    """The self-signed certificate of the issuing key this unit uses now."""
    keys, own = private_keys(session, ISSUING), own_unit(session).id
    return of_key(session, own, ISSUING, public_der(keys[0]), own) if keys else None


def ensure(session: Session) -> Unit:
    """Make what is missing of the own keys, and of the certificates a unit above the schools issues itself."""
    unit = own_unit(session)
    certifies = unit.tier is not Tier.SCHOOL
    for purpose in (SIGNING, OPENING, *((ISSUING,) if certifies else ())):
        if not private_keys(session, purpose):
            add_key(session, purpose)
    if certifies:
        _certify_self(session, unit)
    session.info[_READY] = True
    return unit


def add_key(session: Session, purpose: str) -> None:
    """Make a new key for a purpose, of the next generation; the older ones stay."""
    session.info.pop(_READY, None)
    c = t.unit_key.c
    last = session.execute(select(func.max(c.generation)).where(c.purpose == purpose)).scalar() or 0
    row = {"purpose": purpose, "generation": last + 1, "private_key": _pkcs8(new_private_key())}
    session.execute(insert(t.unit_key).values(**row, created_at=now_text()))


def _certify_self(session: Session, unit: Unit) -> None:
    anchor = own_anchor(session)
    if anchor is None:
        key = private_keys(session, ISSUING)[0]
        subject = Subject(unit.id, unit.name, ISSUING, frozenset({unit.line.value}))
        anchor = issue(subject, public_der(key), subject, key, now(session))
        remember(session, anchor)
    for purpose in (SIGNING, OPENING):
        certify(session, unit, purpose, public_der(private_keys(session, purpose)[0]), anchor=anchor)
    people = list(_operators(session))
    for known in in_force(session, unit.id, unit.id):
        if known.subject.purpose == PERSON and known.subject.person_id not in {person[0] for person in people}:
            revoke(session, None, known.fingerprint, now(session), "已停用")
    for person_id, name, roles, key_der in people:
        _note_operator(session, certify(session, unit, PERSON, key_der, (person_id, name, roles), anchor))
    _note_unit(session, unit.id, unit.id)


def _note_unit(session: Session, unit_id: str, issuer_id: str) -> None:
    certificate = newest(session, unit_id, SIGNING, issuer_id=issuer_id)
    known = session.execute(select(t.unit.c.certificate).where(t.unit.c.id == unit_id)).scalar()
    if certificate is not None and certificate.der != known:
        session.execute(update(t.unit).where(t.unit.c.id == unit_id).values(certificate=certificate.der))


def _operators(session: Session) -> Iterable[tuple[str, str, frozenset[str], bytes]]:
    c = t.operator.c
    query = select(c.person_id, c.name, c.roles, c.signing_key).where(c.state == "active", c.signing_key.is_not(None))
    for person_id, name, roles, key in session.execute(query):
        yield person_id, name, frozenset(roles.split()), key


def persons(session: Session) -> list[tuple[str, str, frozenset[str], bytes]]:
    """Active persons of this unit who have a key: id, name, roles, DER public key."""
    return sorted(_operators(session))


def certify(
    session: Session,
    unit: Unit,
    purpose: str,
    public_key: bytes,
    person: tuple[str, str, frozenset[str]] | None = None,
    anchor: Certificate | None = None,
) -> Certificate:
    """The certificate this unit issued for a key of `unit` or of its `person`; a new one when none fits or it expires.

    `anchor`: the own one, by which it is issued, when at hand. Raises ValueError for a key that is not P-256.
    """
    person_id, name, roles = person or ("", unit.name, frozenset())
    subject = Subject(unit.id, name, purpose, frozenset({unit.line.value}), person_id, roles)
    return _issue(session, subject, public_key, anchor=anchor)


def certify_issuing(session: Session, unit: Unit, anchor: Certificate) -> Certificate:
    """The certificate this unit issued for the issuing key of a bureau below, under the name of the bureau's anchor.

    What the bureau certified itself leads to this unit by it (decision 5).
    """
    return _issue(session, anchor.subject, anchor.public_key, _PATH_LENGTH[unit.tier])


def _issue(
    session: Session, subject: Subject, public_key: bytes, path_length: int = 0, anchor: Certificate | None = None
) -> Certificate:
    anchor = anchor or own_anchor(session)
    assert anchor is not None
    known = newest(session, subject.unit_id, subject.purpose, subject.person_id, anchor.subject.unit_id)
    same = known is not None and (known.public_key, known.subject) == (public_key, subject)
    if known is not None and same and not expires_soon(session, known) and is_issued_by(known, anchor):
        return known
    if is_key_revoked(session, key_mark(subject.unit_id, public_key)):
        gone = of_key(session, subject.unit_id, subject.purpose, public_key, anchor.subject.unit_id)
        if gone is not None:  # nothing new for it: it is to be replaced
            return gone
    renamed = known is not None and _but_for_name(known, subject, public_key)  # what was signed under it stays good
    if known is not None and not (same or renamed) and subject.purpose != ISSUING:  # by which history is judged
        for one in every(session, subject.unit_id, anchor.subject.unit_id):
            if (one.subject.purpose, one.subject.person_id) == (subject.purpose, subject.person_id):
                revoke(session, None, one.fingerprint, now(session), "密钥或职责已变更")
    key = private_keys(session, ISSUING)[0]
    begin = begin_under(anchor, subject.purpose, now(session))
    certificate = issue(subject, public_key, anchor.subject, key, begin, path_length)
    remember(session, certificate)
    body = {"unit": subject.unit_id, "person": subject.person_id, "purpose": subject.purpose}
    body["until"] = certificate.not_after
    audit.append(session, None, "certificate.issue", f"certificate:{certificate.fingerprint[:16]}", body)
    return certificate


def _but_for_name(known: Certificate, subject: Subject, public_key: bytes) -> bool:
    same_unit = not subject.person_id and replace(known.subject, name=subject.name) == subject
    return known.public_key == public_key and same_unit


def expires_soon(session: Session, certificate: Certificate) -> bool:
    """Whether the certificate should be renewed with the next receipt.

    When it ended years ago the clock is doubted instead: the last one is good until new keys are made (decision 8).
    """
    left = func.julianday(certificate.not_after) - func.julianday(now(session))
    return -_MOST_LATE < float(session.execute(select(left)).scalar_one()) < RENEW_DAYS


def _note_operator(session: Session, certificate: Certificate) -> None:
    c = t.operator.c
    this = c.person_id == certificate.subject.person_id
    if session.execute(select(c.certificate).where(this)).scalar() != certificate.der:
        session.execute(update(t.operator).where(this).values(certificate=certificate.der))


def adopt(session: Session, certificate: Certificate) -> None:
    """Take over a certificate from the superior for this unit or one of its persons."""
    remember(session, certificate)
    if own_unit(session).tier is not Tier.SCHOOL:  # its own certificate is the one noted
        return
    if certificate.subject.purpose == PERSON:
        _note_operator(session, certificate)
    elif certificate.subject.purpose == SIGNING:
        _note_unit(session, certificate.subject.unit_id, certificate.issuer_id)


def certificates_toward(session: Session, above: bool) -> Mapping[bytes, bytes]:
    """Certificates in force of this unit's keys and persons, {DER public key: DER certificate}.

    `above`: for the tiers above and across (issued by the superior), else for the units below (issued here). A school
    has only the superior's. A signature's certificate is not signed, so the one that fits is put in when a package is
    sealed (decision 5).
    """
    return certificates_by(session, _issuer_toward(session, own_unit(session), above))


def certificates_by(session: Session, issuer_id: str) -> Mapping[bytes, bytes]:
    """Certificates in force of this unit's keys and persons that one unit issued, {DER public key: DER}."""
    return {c.public_key: c.der for c in in_force(session, own_unit(session).id, issuer_id)}


def _issuer_toward(session: Session, own: Unit, above: bool) -> str:
    """Who certified what the receiver believes.

    Units below compared the words of the first issuing key; for a later one the superior speaks, whom they know.
    """
    superior = superior_of(session)
    if superior is None:
        return own.id
    below = own.tier is not Tier.SCHOOL and not above
    return own.id if below and len(private_keys(session, ISSUING)) < 2 else superior.id


def unit_signer(session: Session, above: bool = False) -> UnitSigner:
    """The unit's current signing key with its certificate in force for those above, or for those below."""
    if not session.info.get(_READY):
        ensure(session)
    return ready_signer(session, above)


def ready_signer(session: Session, above: bool = False) -> UnitSigner:
    """`unit_signer` after `ensure` was called in the same transaction."""
    key = private_keys(session, SIGNING)[0]
    return UnitSigner(certificates_toward(session, above).get(public_der(key)), key)


def certified(session: Session, signer: Signer, above: bool = False) -> CertifiedSigner:
    """The signer with the certificate in force for those above, or for those below."""
    return CertifiedSigner(signer, certificates_toward(session, above).get(signer.public_key))


def is_above(session: Session, unit_id: str) -> bool:
    """Whether what goes to a unit needs the certificates the superior issued: it is not below this one."""
    return all(one.id != own_unit(session).id for one in ancestors(session, unit_id))


def opening_certificate(session: Session, unit: Unit) -> Certificate:
    """The certificate of the key that packages for `unit` are encrypted to. Raises UserError."""
    certificate = find_opening(session, unit.id)
    if certificate is None:
        raise UserError(f"没有“{unit.name}”的在用加密证书，不能给它打包。请先重新办理入网登记。")
    return certificate


def find_opening(session: Session, unit_id: str) -> Certificate | None:
    """The certificate in force of a unit's opening key, best by whom this unit believes; None when it has none."""
    issuer = unit_id if is_above(session, unit_id) else own_unit(session).id
    return newest(session, unit_id, OPENING, issuer_id=issuer) or newest(session, unit_id, OPENING)


def anchor_words(anchor: Certificate) -> str:
    """The words two people compare by telephone before the anchor is trusted."""
    return words_of({"unit": anchor.subject.unit_id, "key": anchor.public_key.hex()})


def require_signer(actor: Actor, signer: Signer, role: Role, act: str) -> None:
    """Refuse `act` unless the signer is the actor and holds `role`. Raises NotAllowedError."""
    if signer.person_id != actor.person_id or not actor.has(role):
        raise NotAllowedError(f"{act}须由{ROLE_LABELS[role]}本人用自己的口令签名办理。")
