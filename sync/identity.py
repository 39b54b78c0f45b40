"""The unit's own keys and certificates, and whom this store trusts; inside the caller's transaction (decision 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import Signer
from models.domain.units import ROLE_LABELS, Actor, Role, Tier, Unit
from models.services.units import find_unit, own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now, now_text
from sync.certificates import (
    ISSUING,
    OPENING,
    PERSON,
    RENEW_DAYS,
    SIGNING,
    Certificate,
    Subject,
    issue,
    load_private,
    new_private_key,
    parse,
    public_der,
)
from sync.suites import key_id
from sync.trust import Trust
from sync.words import words_of


@dataclass(frozen=True)
class UnitSigner:
    """The unit's signing key; it seals envelopes and enrolment files, never in a person's name."""

    certificate: bytes | None
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    person_id: str = ""

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return public_der(self.key)

    def sign(self, message: bytes) -> bytes:
        """ECDSA P-256 / SHA-256 signature (DER) over `message`."""
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class CertifiedSigner:
    """A person's key with the certificate in force, which may be newer than the one the vault knows."""

    signer: Signer
    certificate: bytes | None

    @property
    def person_id(self) -> str:
        """UUID of the person."""
        return self.signer.person_id

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""
        return self.signer.public_key

    def sign(self, message: bytes) -> bytes:
        """ECDSA P-256 / SHA-256 signature (DER) over `message`."""
        return self.signer.sign(message)


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


def ensure(session: Session) -> Unit:
    """Make what is missing of the own keys, and of the certificates a unit above the schools issues itself."""
    unit = own_unit(session)
    certifies = unit.tier is not Tier.SCHOOL
    for purpose in (SIGNING, OPENING, *((ISSUING,) if certifies else ())):
        if not private_keys(session, purpose):
            row = {
                "purpose": purpose,
                "generation": 1,
                "private_key": _pkcs8(new_private_key()),
                "created_at": now_text(),
            }
            session.execute(insert(t.unit_key).values(**row))
    if certifies:
        _certify_self(session, unit)
    return unit


def _certify_self(session: Session, unit: Unit) -> None:
    if own_anchor(session) is None:
        subject = Subject(unit.id, unit.name, ISSUING, frozenset({unit.line.value}))
        key = private_keys(session, ISSUING)[0]
        remember(session, issue(subject, public_der(key), subject, key, now(session)))
    for purpose in (SIGNING, OPENING):
        certify(session, unit, purpose, public_der(private_keys(session, purpose)[0]))
    people = list(_operators(session))
    for known in in_force(session, unit.id):
        if known.subject.purpose == PERSON and known.subject.person_id not in {person[0] for person in people}:
            revoke(session, None, known.fingerprint, now(session), "已停用")
    for person_id, name, roles, key_der in people:
        _note_operator(session, certify(session, unit, PERSON, key_der, (person_id, name, roles)))
    _note_unit(session, unit.id)


def _note_unit(session: Session, unit_id: str) -> None:
    certificate = newest(session, unit_id, SIGNING)
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
    session: Session, unit: Unit, purpose: str, public_key: bytes, person: tuple[str, str, frozenset[str]] | None = None
) -> Certificate:
    """The certificate in force for a key of `unit` or of its `person`; a new one when there is none or it expires soon.

    Raises ValueError for a key that is not P-256.
    """
    person_id, name, roles = person or ("", unit.name, frozenset())
    known = newest(session, unit.id, purpose, person_id)
    subject = Subject(unit.id, name, purpose, frozenset({unit.line.value}), person_id, roles)
    if (
        known is not None
        and (known.public_key, known.subject) == (public_key, subject)
        and not expires_soon(session, known)
    ):
        return known
    if known is not None and (known.public_key, known.subject) != (public_key, subject):
        revoke(session, None, known.fingerprint, now(session), "密钥或职责已变更")
    anchor = own_anchor(session)
    assert anchor is not None
    certificate = issue(subject, public_key, anchor.subject, private_keys(session, ISSUING)[0], now(session))
    remember(session, certificate)
    body = {"unit": unit.id, "person": person_id, "purpose": purpose, "until": certificate.not_after}
    audit.append(session, None, "certificate.issue", f"certificate:{certificate.fingerprint[:16]}", body)
    return certificate


def expires_soon(session: Session, certificate: Certificate) -> bool:
    """Whether the certificate should be renewed with the next receipt."""
    left = func.julianday(certificate.not_after) - func.julianday(now(session))
    return float(session.execute(select(left)).scalar_one()) < RENEW_DAYS


def remember(session: Session, certificate: Certificate) -> None:
    """Keep a certificate that was judged before."""
    s = certificate.subject
    row = {
        "fingerprint": certificate.fingerprint, "unit_id": s.unit_id, "person_id": s.person_id or None,
        "purpose": s.purpose, "der": certificate.der, "not_after": certificate.not_after, "received_at": now_text(),
    }  # fmt: skip
    session.execute(upsert(t.certificate).values(**row).on_conflict_do_nothing())


def _note_operator(session: Session, certificate: Certificate) -> None:
    c = t.operator.c
    this = c.person_id == certificate.subject.person_id
    if session.execute(select(c.certificate).where(this)).scalar() != certificate.der:
        session.execute(update(t.operator).where(this).values(certificate=certificate.der))


def adopt(session: Session, certificate: Certificate) -> None:
    """Take over a certificate from the superior for this unit or one of its persons."""
    remember(session, certificate)
    if certificate.subject.purpose == PERSON:
        _note_operator(session, certificate)
    elif certificate.subject.purpose == SIGNING:
        _note_unit(session, certificate.subject.unit_id)


def newest(session: Session, unit_id: str, purpose: str, person_id: str = "") -> Certificate | None:
    """The latest certificate, not revoked, of a unit's key or of a person."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose == purpose, c.revoked_since.is_(None))
    query = query.where(c.person_id == person_id if person_id else c.person_id.is_(None))
    der = session.execute(query.order_by(c.not_after.desc(), text("rowid DESC")).limit(1)).scalar()
    return None if der is None else parse(der)


def in_force(session: Session, unit_id: str) -> list[Certificate]:
    """The latest certificate of each key and person of a unit that is not revoked."""
    c = t.certificate.c
    query = select(c.der).where(c.unit_id == unit_id, c.purpose != ISSUING, c.revoked_since.is_(None))
    found: dict[tuple[str, str], Certificate] = {}
    for der in session.execute(query.order_by(c.not_after, text("rowid"))).scalars():
        certificate = parse(der)
        found[certificate.subject.purpose, certificate.subject.person_id] = certificate
    return list(found.values())


def own_anchor(session: Session) -> Certificate | None:
    """The self-signed certificate of this unit's issuing key."""
    return newest(session, own_unit(session).id, ISSUING)


def trust_of(session: Session) -> Trust:
    """What this store believes: its own anchor and its superior's, with the revocations it knows."""
    own = own_unit(session)
    superior = superior_of(session)
    trusted = [own.id, *([superior.id] if superior else [])]
    c = t.certificate.c
    anchors = session.execute(select(c.der).where(c.purpose == ISSUING, c.unit_id.in_(trusted))).scalars()
    revoked = session.execute(select(c.fingerprint, c.revoked_since).where(c.revoked_since.is_not(None)))
    query = select(c.fingerprint, c.unit_id, c.person_id, c.purpose).order_by(c.not_after, text("rowid"))
    latest = {(unit, person, use): fingerprint for fingerprint, unit, person, use in session.execute(query)}
    return Trust(tuple(anchors), {row.fingerprint: row.revoked_since for row in revoked}, frozenset(latest.values()))


def revoke(session: Session, actor: Actor | None, fingerprint: str, since: str, reason: str) -> None:
    """Take a certificate out of force from `since` on; what was signed before stays good (decision 8)."""
    session.execute(update(t.certificate).where(t.certificate.c.fingerprint == fingerprint).values(revoked_since=since))
    audit.append(
        session, actor, "certificate.revoke", f"certificate:{fingerprint[:16]}", {"since": since, "reason": reason}
    )


def unit_signer(session: Session) -> UnitSigner:
    """The unit's current signing key with its certificate in force."""
    unit = ensure(session)
    certificate = newest(session, unit.id, SIGNING)
    key = private_keys(session, SIGNING)[0]
    fits = certificate is not None and certificate.public_key == public_der(key)
    return UnitSigner(certificate.der if certificate and fits else None, key)


def certified(session: Session, signer: Signer) -> CertifiedSigner:
    """The signer with the certificate in force for the key."""
    known = known_certificates(session)
    return CertifiedSigner(signer, known.get(signer.public_key, signer.certificate))


def known_certificates(session: Session) -> Mapping[bytes, bytes]:
    """Certificates in force of this unit's persons, {DER public key: DER certificate}."""
    own = in_force(session, own_unit(session).id)
    return {c.public_key: c.der for c in own if c.subject.purpose == PERSON}


def opening_certificate(session: Session, unit: Unit) -> Certificate:
    """The certificate of the key that packages for `unit` are encrypted to. Raises UserError."""
    certificate = newest(session, unit.id, OPENING)
    if certificate is None:
        raise UserError(f"没有“{unit.name}”的加密证书，不能给它打包。请先重新办理入网登记。")
    return certificate


def anchor_words(anchor: Certificate) -> str:
    """The words two people compare by telephone before the anchor is trusted."""
    return words_of({"unit": anchor.subject.unit_id, "key": anchor.public_key.hex()})


def require_signer(actor: Actor, signer: Signer, role: Role, act: str) -> None:
    """Refuse `act` unless the signer is the actor and holds `role`. Raises NotAllowedError."""
    if signer.person_id != actor.person_id or not actor.has(role):
        raise NotAllowedError(f"{act}须由{ROLE_LABELS[role]}本人用自己的口令签名办理。")
