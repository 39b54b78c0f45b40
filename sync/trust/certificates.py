"""X.509 certificates of units and persons (P-256), with private extensions for who they speak for (decision 5).

An internal public-key infrastructure of the tiers; not a licensed certification authority.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from cryptography.x509.oid import NameOID

_ARC: Final = "2.25.210384710295527043312790716329518347043"
"""A UUID-based arc (X.667): needs no registration and belongs to Rollbook alone."""

UNIT_ID = x509.ObjectIdentifier(f"{_ARC}.2.1")
PERSON_ID = x509.ObjectIdentifier(f"{_ARC}.2.2")
ROLES = x509.ObjectIdentifier(f"{_ARC}.2.3")
LINES = x509.ObjectIdentifier(f"{_ARC}.2.4")

ISSUING: Final = "issuing"
SIGNING: Final = "signing"
OPENING: Final = "opening"
PERSON: Final = "person"
KEY_USE: Final = {
    ISSUING: x509.ObjectIdentifier(f"{_ARC}.1.0"),
    SIGNING: x509.ObjectIdentifier(f"{_ARC}.1.1"),
    OPENING: x509.ObjectIdentifier(f"{_ARC}.1.2"),
    PERSON: x509.ObjectIdentifier(f"{_ARC}.1.3"),
}
VALID_DAYS: Final = {ISSUING: 365 * 20, SIGNING: 365 * 5, OPENING: 365 * 5, PERSON: 365 * 3}
RENEW_DAYS: Final = 90
"""A certificate that expires within this many days is renewed with the next receipt (decision 8)."""

_REMEMBERED: Final = 2048
"""How many certificates are remembered: those of a large county."""
_USUAL: Final = 4096
"""Longer ones (bytes) are none of ours, or made to fill the memory, and are not remembered."""

TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_REFUSED: Final = (x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """Whom a certificate speaks for: a unit, or a person (person_id) of it with roles."""

    unit_id: str
    name: str
    purpose: str
    lines: frozenset[str]
    person_id: str = ""
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Certificate:
    """A parsed certificate; times are UTC text, `public_key` is DER SubjectPublicKeyInfo. Says nothing of trust.

    `issuer_id` is the unit that the certificate names as its issuer; its own for an anchor.
    """

    der: bytes
    subject: Subject
    public_key: bytes
    not_before: str
    not_after: str
    issuer_id: str

    @property
    def is_anchor(self) -> bool:
        """Whether it is the certificate of an issuing key that names itself as issuer."""
        return self.subject.purpose == ISSUING and self.issuer_id == self.subject.unit_id

    @property
    def key_mark(self) -> str:
        """Names the key of this unit or person wherever it is certified: unit and SHA-256 (hex) of the public key."""
        return key_mark(self.subject.unit_id, self.public_key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the DER bytes."""
        return hashlib.sha256(self.der).hexdigest()


def key_mark(unit_id: str, public_key: bytes) -> str:
    """How lists of revocations name a key of a unit or of one of its persons."""
    return f"{unit_id}/{hashlib.sha256(public_key).hexdigest()}"


def new_private_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def public_der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """DER SubjectPublicKeyInfo of the key's public part."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def load_private(der: bytes) -> ec.EllipticCurvePrivateKey:
    """A P-256 private key from DER PKCS8 that this program wrote."""
    key = load_der_private_key(der, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def load_public(der: bytes) -> ec.EllipticCurvePublicKey:
    """A P-256 public key from DER that came from elsewhere. Raises ValueError."""
    try:
        key = load_der_public_key(der)
    except UnsupportedAlgorithm:
        raise ValueError("algorithm") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("curve")
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != der:
        raise ValueError("encoding")
    return key


def to_time(text: str) -> dt.datetime:
    """A moment from `YYYY-MM-DDTHH:MM:SSZ`. Raises ValueError."""
    if _MOMENT.fullmatch(text) is None:
        raise ValueError("time")
    return dt.datetime.fromisoformat(text)


def _texts(subject: Subject) -> Iterable[tuple[x509.ObjectIdentifier, str]]:
    yield UNIT_ID, subject.unit_id
    yield LINES, " ".join(sorted(subject.lines))
    if subject.person_id:
        yield PERSON_ID, subject.person_id
        yield ROLES, " ".join(sorted(subject.roles))


def _usage(purpose: str) -> x509.KeyUsage:
    signs = purpose in (SIGNING, PERSON)
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,  # a unit's too: programs that check signed PDF ask for it (decision record 9)
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=purpose == OPENING,
        key_cert_sign=purpose == ISSUING,
        crl_sign=purpose == ISSUING,
        encipher_only=False,
        decipher_only=False,
    )


def issue(
    subject: Subject,
    public_key: bytes,
    issuer: Subject,
    issuer_key: ec.EllipticCurvePrivateKey,
    at: str,
    path_length: int = 3,
) -> Certificate:
    """A certificate for `subject` and its key, signed by `issuer`; an anchor names itself as issuer.

    It begins a day before `at`, since the clocks of two PCs differ. `path_length`: how many issuing certificates may
    follow below an issuing one. Raises ValueError for a key that is not P-256.
    """
    ca = subject.purpose == ISSUING
    begin = to_time(at) - dt.timedelta(days=1)
    key = load_public(public_key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=VALID_DAYS[subject.purpose]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length if ca else None), critical=True)
        .add_extension(_usage(subject.purpose), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not ca:
        builder = builder.add_extension(x509.ExtendedKeyUsage([KEY_USE[subject.purpose]]), critical=False)
    for oid, text in _texts(subject):
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, _utf8(text)), critical=False)
    return parse(builder.sign(issuer_key, hashes.SHA256()).public_bytes(Encoding.DER))


def begin_under(anchor: Certificate, purpose: str, at: str) -> str:
    """When a certificate issued `at` may begin: within the life of the issuing key, so that a clock of 2099 makes none
    that everybody else refuses (decision 8)."""
    days = min(VALID_DAYS[purpose], VALID_DAYS[SIGNING])
    first, last = to_time(anchor.not_before), to_time(anchor.not_after) - dt.timedelta(days=days)
    return max(first, min(to_time(at), last)).strftime(TIME)


def _name(subject: Subject) -> x509.Name:
    """The unit's UID stands in the name, so that two units called alike do not become one issuer."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, subject.name[:64])]
    parts.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, subject.person_id or subject.unit_id))
    return x509.Name(parts)


def _utf8(text: str) -> bytes:
    raw = text.encode()
    if len(raw) > 127:
        raise ValueError("extension too long")
    return bytes((0x0C, len(raw))) + raw


def _text_of(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str:
    value = certificate.extensions.get_extension_for_oid(oid).value
    raw = value.value if isinstance(value, x509.UnrecognizedExtension) else b""
    if len(raw) < 2 or raw[0] != 0x0C or raw[1] != len(raw) - 2:
        raise ValueError("extension")
    return raw[2:].decode()


def parse(der: bytes) -> Certificate:
    """Read a certificate from elsewhere. Raises ValueError for whatever is not one of ours.

    The same few certificates are read with every statement; what the same bytes say is remembered.
    """
    return _remembered(der) if len(der) <= _USUAL else _strictly(der)


def _strictly(der: bytes) -> Certificate:
    try:
        with warnings.catch_warnings():  # what the library only warns of is refused here
            warnings.simplefilter("error")
            return _parse(der)
    except (Warning, *_REFUSED, UnsupportedAlgorithm, TypeError):
        raise ValueError("certificate") from None


_remembered: Final = lru_cache(_REMEMBERED)(_strictly)


def _parse(der: bytes) -> Certificate:
    certificate = x509.load_der_x509_certificate(der)
    if certificate.public_bytes(Encoding.DER) != der:
        raise ValueError("encoding")
    name, serial = (_named(certificate.subject, oid) for oid in (NameOID.COMMON_NAME, NameOID.SERIAL_NUMBER))
    purpose = _purpose(certificate)
    person = purpose == PERSON
    subject = Subject(
        unit_id=_text_of(certificate, UNIT_ID),
        name=name,
        purpose=purpose,
        lines=frozenset(_text_of(certificate, LINES).split()),
        person_id=_text_of(certificate, PERSON_ID) if person else "",
        roles=frozenset(_text_of(certificate, ROLES).split()) if person else frozenset(),
    )
    if serial != (subject.person_id or subject.unit_id):  # the verifier goes by the name, all else by the extensions
        raise ValueError("name")
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    load_public(key)
    issuer_id = _named(certificate.issuer, NameOID.SERIAL_NUMBER)
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return Certificate(der, subject, key, since.strftime(TIME), until.strftime(TIME), issuer_id)


def _named(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    """The one value of an attribute of a name; "" for none."""
    found = name.get_attributes_for_oid(oid)
    if len(found) > 1:
        raise ValueError("name")
    return str(found[0].value) if found else ""


def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether the issuer's key signed the certificate and the names fit; says nothing of time or trust."""
    return issuer.subject.purpose == ISSUING and _is_signed_by(certificate.der, issuer.der)


@lru_cache(_REMEMBERED)
def _is_signed_by(certificate: bytes, issuer: bytes) -> bool:
    try:
        below, above = (x509.load_der_x509_certificate(der) for der in (certificate, issuer))
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _purpose(certificate: x509.Certificate) -> str:
    if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        return ISSUING
    uses = list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    for purpose in (SIGNING, OPENING, PERSON):
        if uses == [KEY_USE[purpose]]:
            return purpose
    raise ValueError("key use")
