"""Passphrases: what is accepted as a new one, and how it becomes a key (Argon2id, RFC 9106)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from models.store.errors import PassphraseRefusedError

MINIMUM_LENGTH = 12
_MINIMUM_DISTINCT = 5
_COMMON = (
    "password",
    "passw0rd",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "admin",
    "123456",
    "654321",
    "111111",
    "888888",
    "iloveyou",
)


@dataclass(frozen=True)
class KdfParameters:
    """Cost of Argon2id: memory in KiB, passes, lanes."""

    memory: int = 65536
    passes: int = 3
    lanes: int = 4

    def within_limits(self) -> bool:
        """Neither cheaper than the floor (a downgrade) nor dearer than the ceiling (a stalled program)."""
        return 19456 <= self.memory <= 1 << 20 and 2 <= self.passes <= 16 and 1 <= self.lanes <= 16


STANDARD = KdfParameters()


def derive(passphrase: str, salt: bytes, cost: KdfParameters) -> bytes:
    """Key of 32 bytes; raises ValueError for a cost outside the limits, before any work is done."""
    if not cost.within_limits():
        raise ValueError("key derivation cost out of limits")
    kdf = Argon2id(salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory)
    return kdf.derive(_normal(passphrase).encode())


def check_new(passphrase: str, *avoid: str) -> None:
    """Raise PassphraseRefusedError with the reason when `passphrase` is too easy to guess.

    `avoid` are words near at hand for a guesser: the person's and the unit's name.
    """
    reason = _weakness(_normal(passphrase), [word for word in avoid if len(word) > 1])
    if reason:
        raise PassphraseRefusedError(f"这个口令不能用：{reason}。请换一个，例如用几个互不相关的词连成一句。")


def check_other(passphrase: str, old: str) -> None:
    """Raise PassphraseRefusedError when the new passphrase is the old one."""
    if _normal(passphrase) == _normal(old):
        raise PassphraseRefusedError("新口令与现在的口令相同，没有修改。请换一个。")


def _weakness(text: str, avoid: list[str]) -> str | None:
    folded = text.casefold()
    if len(text) < MINIMUM_LENGTH:
        return f"只有 {len(text)} 个字符，至少要 {MINIMUM_LENGTH} 个"
    if len(set(folded)) < _MINIMUM_DISTINCT:
        return "不同的字符太少"
    if _is_sequence(folded):
        return "字符是连续的（如 abcdef、123456）"
    rest = folded
    for word in (*_COMMON, *(word.casefold() for word in avoid)):
        rest = rest.replace(word, "")
    if len(rest) < MINIMUM_LENGTH // 2:
        return "除去常见口令、姓名和单位名称后剩得太少"
    return None


def _is_sequence(text: str) -> bool:
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    return sum(step in (-1, 0, 1) for step in steps) >= len(steps) * 0.8


def _normal(passphrase: str) -> str:
    # Full-width letters from an input method left on must give the same key.
    return unicodedata.normalize("NFKC", passphrase)
