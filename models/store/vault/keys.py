"""Key material: P-256 pairs, wrapping of the data key (HPKE, RFC 9180), derived keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from models.domain.signing import canonical

_NONCE = 12
_CURVE = ec.SECP256R1()


class MisfitError(Exception):
    """A secret does not open what was sealed (wrong secret or changed context)."""


@dataclass(frozen=True)
class Pair:
    """A P-256 key pair: DER PKCS8 and DER SubjectPublicKeyInfo."""

    private: bytes
    public: bytes


def new_data_key() -> bytes:
    """32 random bytes; everything in the store hangs from them."""
    return secrets.token_bytes(32)


def new_pair() -> Pair:
    """A fresh pair for signing or for opening."""
    key = ec.generate_private_key(_CURVE)
    return Pair(
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
    )


def subkey(secret: bytes, purpose: str) -> bytes:
    """Key of 32 bytes for one purpose, from a secret that is already uniformly random."""
    return HKDFExpand(hashes.SHA256(), 32, f"rollbook-1 {purpose}".encode()).derive(secret)


def seal(key: bytes, content: bytes, context: Any) -> bytes:
    """AES-256-GCM under `key`, bound to `context` (canonical JSON): nonce and ciphertext."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, canonical(context))


def unseal(key: bytes, sealed: bytes, context: Any) -> bytes:
    """Content of `seal`; raises MisfitError."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], canonical(context))
    except (InvalidTag, ValueError):
        raise MisfitError from None


def wrap(content: bytes, public: bytes, context: Any) -> bytes:
    """HPKE to the public key (DER), bound to `context`; raises MisfitError for a key of another kind."""
    key = serialization.load_der_public_key(public)
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != _CURVE.name:
        raise MisfitError
    return _suite().encrypt(content, key, canonical(context))


def unwrap(wrapped: bytes, private: bytes, context: Any) -> bytes:
    """Content of `wrap`; raises MisfitError."""
    try:
        return _suite().decrypt(wrapped, _load(private), canonical(context))
    except (InvalidTag, ValueError):
        raise MisfitError from None


def sign(private: bytes, message: bytes) -> bytes:
    """ECDSA P-256 / SHA-256 signature (DER)."""
    return _load(private).sign(message, ec.ECDSA(hashes.SHA256()))


def signature_fits(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` over `message` was made with the private part of `public` (DER)."""
    try:
        key = serialization.load_der_public_key(public)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def public_part(private: bytes) -> bytes:
    """DER SubjectPublicKeyInfo that belongs to a private key."""
    return (
        _load(private)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _load(private: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_der_private_key(private, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise MisfitError
    return key


def _suite() -> Suite:
    return Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
