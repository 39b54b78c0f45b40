"""Suites of algorithms, one string each, and the chunked encryption of a payload (age's STREAM construction).

The receiver decides which suites it accepts; a file only names one. SM2/SM3/SM4 would be a further entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM
from cryptography.hazmat.primitives.hpke import Suite as Hpke

from sync.refusals import Fault, MalformedError
from sync.trust.certificates import load_private, load_public

CHUNK: Final = 65536
TAG: Final = 16


@dataclass(frozen=True)
class Suite:
    """`wrap(key, public key DER, info)` and `unwrap(wrapped, private key DER, info)` seal the payload's key."""

    name: str
    wrap: Callable[[bytes, bytes, bytes], bytes]
    unwrap: Callable[[bytes, bytes, bytes], bytes]
    cipher: type[AESGCM]


def _hpke() -> Hpke:
    return Hpke(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _wrap(key: bytes, public_key: bytes, info: bytes) -> bytes:
    return _hpke().encrypt(key, load_public(public_key), info=info)


def _unwrap(wrapped: bytes, private_key: bytes, info: bytes) -> bytes:
    """Raises ValueError when the key was not wrapped for us under this info."""
    try:
        key = _hpke().decrypt(wrapped, load_private(private_key), info=info)
    except (InvalidTag, ValueError):
        raise ValueError("wrap") from None
    if len(key) != 32:
        raise ValueError("key")
    return key


P256_AES: Final = Suite("P256-HPKE-A256GCM-SHA256", _wrap, _unwrap, AESGCM)
SUITES: Final = (P256_AES,)


def key_id(public_key: bytes) -> str:
    """How a wrap names its recipient: SHA-256 (hex) of the DER public key."""
    return hashlib.sha256(public_key).hexdigest()


class SealingWriter:
    """Encrypts what is written to it, chunk by chunk, into `target`; `close` writes the last chunk."""

    def __init__(self, suite: Suite, key: bytes, target: BinaryIO) -> None:
        self._cipher = suite.cipher(key)
        self._target = target
        self._buffer = bytearray()
        self._count = 0
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Take in `data`; a full chunk is written only when more follows, since the last one is marked."""
        self._buffer += data
        while len(self._buffer) > CHUNK:
            self._seal(bytes(self._buffer[:CHUNK]), last=False)
            del self._buffer[:CHUNK]
        return len(data)

    def close(self) -> str:
        """Write the last chunk; SHA-256 (hex) of the whole ciphertext."""
        self._seal(bytes(self._buffer), last=True)
        return self._hash.hexdigest()

    def _seal(self, chunk: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(self._count.to_bytes(11, "big") + bytes((last,)), chunk, None)
        self._count += 1
        self._hash.update(sealed)
        self.size += len(sealed)
        self._target.write(sealed)


def open_chunks(suite: Suite, key: bytes, source: BinaryIO, size: int) -> Iterator[bytes]:
    """The plain chunks of `size` bytes of ciphertext. Raises MalformedError for a cut or changed chunk."""
    cipher = suite.cipher(key)
    count, left = 0, size
    while left:
        sealed = source.read(min(CHUNK + TAG, left))
        left -= len(sealed)
        try:
            yield cipher.decrypt(count.to_bytes(11, "big") + bytes((left == 0,)), sealed, None)
        except (InvalidTag, ValueError):
            raise MalformedError(Fault.PAYLOAD_DAMAGED) from None
        if not sealed:
            raise MalformedError(Fault.CUT_SHORT)
        count += 1
