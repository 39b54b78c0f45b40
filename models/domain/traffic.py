"""What waits to leave a unit, and when its superior was last heard of: as the window and the command line show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REMIND_DAYS: Final = 30
"""Days without a word from the superior after which the person is reminded."""


@dataclass(frozen=True)
class Traffic:
    """Approved changes and letters not sealed, accepted items not reported on, files sealed and not handed over;
    `since` the oldest of them (UTC text, "" for none); `superior` its name ("" for none) and when it was `heard` of
    last: the last receipt or letter, or the first package it has not answered ("" when nothing was ever sent)."""

    changes: int = 0
    letters: int = 0
    items: int = 0
    files: int = 0
    since: str = ""
    superior: str = ""
    heard: str = ""

    @property
    def total(self) -> int:
        """Everything that waits."""
        return self.changes + self.letters + self.items + self.files
