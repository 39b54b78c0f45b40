"""What the domain needs of a signing key, without knowing any cryptography."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol

import rfc8785

_plain = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


class Signer(Protocol):
    """A person's unlocked signing key (P-256); created by the vault for one act."""

    @property
    def person_id(self) -> str:
        """UUID of the person who signs."""

    @property
    def certificate(self) -> bytes | None:
        """DER of the person's certificate, or None while the unit is not enrolled."""

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo of the signing key."""

    def sign(self, message: bytes) -> bytes:
        """ECDSA P-256 / SHA-256 signature (DER) over `message`."""


def canonical(value: Any) -> bytes:
    """Canonical JSON (RFC 8785) of `value`; every digest and signature is taken over these bytes."""
    return rfc8785.dumps(value)


def canonical_plain(value: Any) -> bytes:
    """`canonical` for texts, whole numbers, truth values and None under ASCII keys: the standard encoder gives the same
    bytes many times faster. For what this program itself wrote, never for what came in a file."""
    return _plain(value).encode()


def digest(value: Any) -> str:
    """SHA-256 (hex) over the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value)).hexdigest()


def pae(payload_type: str, body: bytes) -> bytes:
    """DSSE pre-authentication encoding: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(body), body)
