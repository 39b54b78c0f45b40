"""New identifiers: UUIDs of version 7 (RFC 9562), which sort by the time they were made."""

from __future__ import annotations

import secrets
import time
import uuid


def new_id() -> str:
    """A fresh UUIDv7 as text of 36 characters."""
    milliseconds = time.time_ns() // 1_000_000 & (1 << 48) - 1
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


def id_end(id_: str) -> str:
    """What tells an id from others at a glance: its end, since the beginning is a time that several may share."""
    return id_[-8:]


def check_code(package_id: str) -> str:
    """The beginning of a package's id in groups: the same for giver and taker, on paper, in mails and on the screen."""
    return " ".join(package_id[start : start + 4].upper() for start in range(0, 16, 4))
