"""Signed statements: what a person or a unit has said, kept and passed on as the bytes that were signed (DSSE)."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from models.domain.signing import pae
from sync.trust.certificates import parse
from sync.wire.jsonlines import decode, encode

MAX_SIGNATURES: Final = 8
_SIGNATURE_KEYS = {"person_id", "certificate", "public_key", "signature"}


class Signs(Protocol):
    """A key that signs: a person's (models.domain.signing.Signer) or the unit's (person_id "")."""

    @property
    def person_id(self) -> str: ...
    @property
    def certificate(self) -> bytes | None: ...
    @property
    def public_key(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True)
class Signature:
    """One signature with the key and, once enrolled, the certificate (DER) it can be judged by."""

    person_id: str
    certificate: bytes | None
    public_key: bytes
    signature: bytes

    def to_json(self) -> dict[str, Any]:
        """The shape of the contract: base64 texts, certificate null while there is none."""
        certificate = None if self.certificate is None else base64_text(self.certificate)
        return {
            "person_id": self.person_id,
            "certificate": certificate,
            "public_key": base64_text(self.public_key),
            "signature": base64_text(self.signature),
        }

    @classmethod
    def from_json(cls, value: Any) -> Signature:
        """Read `to_json`'s form. Raises ValueError."""
        if not isinstance(value, dict) or set(value) != _SIGNATURE_KEYS or not isinstance(value["person_id"], str):
            raise ValueError("signature")
        certificate = None if value["certificate"] is None else unbase64(value["certificate"])
        return cls(value["person_id"], certificate, unbase64(value["public_key"]), unbase64(value["signature"]))


@dataclass(frozen=True)
class Statement:
    """A signed body of canonical JSON; `type` is repeated inside the body."""

    type: str
    body: bytes
    signatures: tuple[Signature, ...]

    @property
    def id(self) -> str:
        """SHA-256 (hex) of the body; never of a signature."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def content(self) -> dict[str, Any]:
        """The parsed body."""
        content: dict[str, Any] = json.loads(self.body)
        return content

    def to_json(self) -> dict[str, Any]:
        """The shape of the contract."""
        body = base64_text(self.body)
        return {"body": body, "type": self.type, "signatures": [s.to_json() for s in self.signatures]}

    @classmethod
    def from_json(cls, value: Any) -> Statement:
        """Read `to_json`'s form strictly: canonical body, same type inside. Raises ValueError."""
        if not isinstance(value, dict) or set(value) != {"body", "type", "signatures"}:
            raise ValueError("statement")
        return cls.of(value["type"], unbase64(value["body"]), value["signatures"])

    @classmethod
    def of(cls, type_: Any, body: bytes, signatures: Any) -> Statement:
        """A statement from parts that came from elsewhere. Raises ValueError."""
        content = decode(body)
        if not isinstance(type_, str) or not isinstance(content, dict) or content.get("type") != type_:
            raise ValueError("type")
        return cls(type_, body, _signatures(signatures))

    @classmethod
    def built(cls, content: dict[str, Any], signatures: Any) -> Statement:
        """A statement whose body was put together again from parts. Raises ValueError, KeyError."""
        if not isinstance(content["type"], str):
            raise ValueError("type")
        return cls(content["type"], encode(content), _signatures(signatures))

    def with_certificates(self, known: Mapping[bytes, bytes]) -> Statement:
        """The statement with certificates (by public key) where a signature has none, or one of another issuer."""
        filled = (replace(s, certificate=_fitting(s.certificate, known.get(s.public_key))) for s in self.signatures)
        return replace(self, signatures=tuple(filled))


def _fitting(present: bytes | None, known: bytes | None) -> bytes | None:
    """Certificates are not signed over, so each reader gets the one of the issuer that reader believes.

    One that says the same is a renewal; one with other roles would say something else than was true when it was signed.
    """
    if present is None or known is None:
        return present or known
    old, new = parse(present), parse(known)
    return present if old.issuer_id == new.issuer_id and old.subject != new.subject else known


def _signatures(values: Any) -> tuple[Signature, ...]:
    if not isinstance(values, list) or len(values) > MAX_SIGNATURES:
        raise ValueError("signatures")
    return tuple(Signature.from_json(value) for value in values)


def base64_text(raw: bytes) -> str:
    """Base64 text of bytes."""
    return base64.b64encode(raw).decode()


def unbase64(text: Any) -> bytes:
    """Bytes of a base64 text, one text for each value only. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError("base64")
    raw = base64.b64decode(text, validate=True)
    if base64_text(raw) != text:
        raise ValueError("base64")
    return raw


def sign(body: Mapping[str, Any], signers: Sequence[Signs]) -> Statement:
    """A statement over `body` (its "type" is the payload type), signed by each of `signers`."""
    raw, type_ = encode(body), str(body["type"])
    message = pae(type_, raw)
    signatures = (Signature(s.person_id, s.certificate, s.public_key, s.sign(message)) for s in signers)
    return Statement(type_, raw, tuple(signatures))


def is_signed_by(statement: Statement, signature: Signature) -> bool:
    """Whether the signature's own public key made it over this statement; says nothing of whose key it is."""
    try:
        key = load_der_public_key(signature.public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            return False
        key.verify(signature.signature, pae(statement.type, statement.body), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True
