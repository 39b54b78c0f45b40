"""Printed codes: 128 random bits in Crockford base32 with a checksum that sees every single typo."""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum

from models.store.errors import WrongSecretError

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_DIGITS, _CHECK, _GROUP = 26, 4, 5


class CodeKind(StrEnum):
    """What a code is for; the checksum tells them apart."""

    RECOVERY = "recovery"
    ACTIVATION = "activation"
    INVITATION = "invitation"


KIND_LABELS = {CodeKind.RECOVERY: "恢复码", CodeKind.ACTIVATION: "激活码", CodeKind.INVITATION: "一次性码"}


def new_code(kind: CodeKind) -> str:
    """A fresh code as 6 groups of 5 characters."""
    return encode(secrets.token_bytes(16), kind)


def encode(secret: bytes, kind: CodeKind) -> str:
    """The code of 16 bytes."""
    number = int.from_bytes(secret, "big") << 2
    digits = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_DIGITS)))
    text = digits + _checksum(secret, kind)
    return "-".join(text[start : start + _GROUP] for start in range(0, len(text), _GROUP))


def decode(text: str, kind: CodeKind) -> bytes:
    """The 16 bytes of a code as a person types it; raises WrongSecretError that says what is wrong with it."""
    label = KIND_LABELS[kind]
    typed = "".join(text.upper().replace("-", "").split()).translate(str.maketrans("OIL", "011"))
    if len(typed) != _DIGITS + _CHECK:
        raise WrongSecretError(f"{label}应为 {_DIGITS + _CHECK} 个字符，现在是 {len(typed)} 个。请对照纸上的重新输入。")
    for place, character in enumerate(typed):
        if character not in _ALPHABET:
            group = place // _GROUP + 1
            raise WrongSecretError(f"{label}第 {group} 组里的“{character}”不是可用的字符。请对照纸上的重新输入。")
    number = 0
    for character in typed[:_DIGITS]:
        number = number << 5 | _ALPHABET.index(character)
    secret = (number >> 2).to_bytes(16, "big")
    for other in CodeKind:
        if encode(secret, other).replace("-", "") == typed:
            if other is kind:
                return secret
            raise WrongSecretError(f"这是一个{KIND_LABELS[other]}，这里要输入的是{label}。")
    raise WrongSecretError(f"{label}有一处输错了。请对照纸上的重新输入。")


def _checksum(secret: bytes, kind: CodeKind) -> str:
    tag = hashlib.sha256(f"rollbook-{kind}-1".encode() + secret).digest()
    number = int.from_bytes(tag[:3], "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_CHECK))
