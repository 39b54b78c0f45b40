"""Initial passwords for the learning platform, handed out on sealed slips and changed at the first login (D6, E36)."""

from __future__ import annotations

import secrets
from typing import Final

LENGTH: Final = 12
LOWER: Final = "abcdefghijkmnpqrstuvwxyz"
UPPER: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS: Final = "23456789"
SIGNS: Final = "#%*+=?@"
_CLASSES: Final = (LOWER, UPPER, DIGITS, SIGNS)


def initial_password() -> str:
    """A random password of 12 characters without look-alikes (0 O o, 1 l I), with at least one of every class that
    Moodle's usual policy asks for. It begins with a letter, so that no spreadsheet takes it for a formula."""
    while True:
        text = secrets.choice(LOWER + UPPER)
        text += "".join(secrets.choice("".join(_CLASSES)) for _ in range(LENGTH - 1))
        if all(any(sign in group for sign in text) for group in _CLASSES):
            return text
