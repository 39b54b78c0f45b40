"""What changed between two texts, character by character, as a reviewer reads it."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

ID_GROUPS = (6, 14)
"""After which characters an 18-digit number is spaced: division, birth date, sequence with check digit."""

_ID_PARTS = ((6, "地址码"), (14, "出生日期码"), (17, "顺序码"), (18, "校验码"))


@dataclass(frozen=True)
class Segment:
    """A run of characters that are all the same in both texts, or all not."""

    text: str
    changed: bool


def _changed_places(before: str, after: str) -> tuple[set[int], set[int]]:
    """Places that differ in each text. Texts of one length are compared place by place: digits do not wander."""
    if len(before) == len(after):
        places = {place for place, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}
        return places, places
    old: set[int] = set()
    new: set[int] = set()
    for tag, a1, a2, b1, b2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            old.update(range(a1, a2))
            new.update(range(b1, b2))
    return old, new


def _segments(text: str, changed: set[int]) -> tuple[Segment, ...]:
    spaced = ID_GROUPS if len(text) == 18 and text[:17].isdigit() else ()
    runs: list[tuple[str, bool]] = []
    for place, character in enumerate(text):
        if place in spaced:
            runs.append((" ", False))
        mark = place in changed
        if runs and runs[-1][1] == mark and runs[-1][0] != " ":
            runs[-1] = (runs[-1][0] + character, mark)
        else:
            runs.append((character, mark))
    return tuple(Segment(text, mark) for text, mark in runs)


def character_diff(before: str, after: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Segments of the text before and of the text after; ID numbers are grouped 6-8-4 (ux 3)."""
    old, new = _changed_places(before, after)
    return _segments(before, old), _segments(after, new)


def describe_difference(before: str, after: str) -> str:
    """One line on what differs: `改 2 位：第 17–18 位（顺序码、校验码）`; empty when nothing can be said shortly."""
    if not before or not after or len(before) != len(after):
        return ""
    places = sorted(_changed_places(before, after)[0])
    if not places:
        return "没有变化"
    words = f"改 {len(places)} 位：第 {'、'.join(_ranges(places))} 位"
    if len(after) == 18 and after[:17].isdigit():
        words += f"（{'、'.join(_id_parts(places))}）"
    return words


def _ranges(places: list[int]) -> list[str]:
    """Places (from 0) as counted ranges (from 1): [0, 1, 4] is 1–2, 5."""
    runs: list[list[int]] = []
    for place in places:
        if runs and runs[-1][1] == place - 1:
            runs[-1][1] = place
        else:
            runs.append([place, place])
    return [f"{a + 1}" if a == b else f"{a + 1}–{b + 1}" for a, b in runs]


def _id_parts(places: list[int]) -> list[str]:
    start, named = 0, []
    for end, name in _ID_PARTS:
        if any(start <= place < end for place in places):
            named.append(name)
        start = end
    return named
