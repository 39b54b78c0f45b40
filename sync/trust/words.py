"""Fingerprints as Chinese words, to be compared over the telephone before anybody is trusted (decision 5)."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any, Final

from sync.wire.jsonlines import encode

COUNT: Final = 10
"""Ten words of 256: 80 bits, after 4096 rounds of hashing."""
_ROUNDS: Final = 4096


def word_list() -> tuple[str, ...]:
    """The 256 words, plain two-character nouns that sound unlike each other."""
    return tuple(files("resources").joinpath("fingerprint_words.txt").read_text("utf-8").split())


def words_of(value: Any) -> str:
    """The words of any value with a canonical form, separated by blanks."""
    raw = hashlib.pbkdf2_hmac("sha256", encode(value), b"rollbook words", _ROUNDS, COUNT)
    chosen = word_list()
    return " ".join(chosen[byte] for byte in raw)


def same_words(given: str, expected: str) -> bool:
    """Whether a person typed the expected words; blanks and punctuation between them do not matter."""
    return "".join(ch for ch in given if ch.isalnum()) == expected.replace(" ", "")
