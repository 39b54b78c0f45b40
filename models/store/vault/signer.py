"""A person's signing key, unlocked for one act."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.store.vault import keys


@dataclass(frozen=True)
class PersonSigner:
    """Signs as one person (models.domain.signing.Signer); the private part never shows in a repr."""

    person_id: str
    certificate: bytes | None
    public_key: bytes
    private: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """ECDSA P-256 / SHA-256 signature (DER) over `message`."""
        return keys.sign(self.private, message)
