"""Who signs: the unit's own key, or a person's key with the certificate that its reader believes."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from models.domain.signing import Signer
from sync.trust.certificates import public_der


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
