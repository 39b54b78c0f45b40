"""That an item stands under a root its school signed, shown without the other items (RFC 6962; decision 4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence


def path_to(leaves: Sequence[bytes], position: int) -> list[bytes]:
    """The hashes beside the way from a leaf to the root, lowest first."""
    path: list[bytes] = []
    level = list(leaves)
    while len(level) > 1:
        beside = position ^ 1
        if beside < len(level):
            path.append(level[beside])
        paired = [_pair(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired if len(level) % 2 == 0 else [*paired, level[-1]]
        position //= 2
    return path


def root_by(leaf: bytes, path: Sequence[bytes], position: int, count: int) -> str:
    """The root (hex) that a leaf at `position` of `count` leads to. Raises ValueError for a path of another length."""
    if not 0 <= position < count:
        raise ValueError("position")
    beside: Iterator[bytes] = iter(path)
    found = leaf
    while count > 1:
        if position ^ 1 < count:
            other = next(beside, b"")
            found = _pair(other, found) if position % 2 else _pair(found, other)
        position, count = position // 2, (count + 1) // 2
    if next(beside, None) is not None:
        raise ValueError("path")
    return found.hex()


def _pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
