"""What one cell of a table shows, and the roles by which models hand it to the delegate."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import Qt

CELL_ROLE = Qt.ItemDataRole.UserRole + 1
"""data(index, CELL_ROLE) gives a Cell or None (not read yet)."""


class Cell(NamedTuple):
    """Text with what surrounds it. `tone` + `icon`: a pill; `tone` alone: coloured text; `mark`: found part of the
    text, from and to; `corner`: "bad" or "warn", a faulty cell (tint, corner, icon); `steps`: done, total, failed."""

    text: str = ""
    tone: str = ""
    icon: str = ""
    mark: tuple[int, int] | None = None
    corner: str = ""
    tip: str = ""
    right: bool = False
    steps: tuple[int, int, bool] | None = None


@lru_cache(maxsize=4096)
def _sounds(name: str) -> tuple[tuple[str, ...], ...]:
    """Per character of `name` every syllable it is read as."""
    from models.rules.naming import readings

    reading = readings(name)
    ways = [way for way in (*reading.ways, *reading.also) if len(way) == len(name)]
    return tuple(tuple(dict.fromkeys(way[place] for way in ways)) for place in range(len(name))) if ways else ()


def find_mark(name: str, words: Sequence[str]) -> tuple[int, int] | None:
    """The part of `name` that the first fitting search word means: characters, pinyin or initials (ux 1.3)."""
    for word in words:
        start = name.find(word)
        if start >= 0:
            return start, start + len(word)
        if word.isascii() and word.isalpha():
            sounds = _sounds(name)
            for start in range(len(sounds)):
                end = _spelled(sounds, start, word.lower())
                if end:
                    return start, end
    return None


def _spelled(sounds: Sequence[Sequence[str]], place: int, word: str) -> int:
    """Where the characters from `place` that spell `word` end; 0 when they do not."""
    if not word:
        return place
    if place >= len(sounds):
        return 0
    for sound in sounds[place]:
        pieces = [sound, *(sound[:size] for size in range(len(sound) - 1, 0, -1))]
        for piece in pieces:
            if word.startswith(piece):
                end = _spelled(sounds, place + 1, word[len(piece) :])
                if end:
                    return end
    return 0
