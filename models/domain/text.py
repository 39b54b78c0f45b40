"""Text as people type it, made comparable: widths, invisible characters, dots, blanks, traditional characters.

Pure functions shared by the checks, the names and the spreadsheets; all of them are idempotent.
"""

from __future__ import annotations

import re
from functools import cache

import resources

MIDDLE_DOT = "·"
DOTS = "\u2022\u2027\u2219\u22c5\u30fb\uff65\u0387\u2024\u25cf\uff0e"
"""What is typed for the middle dot of a name (NFKC does not unify them; gb2312 decodes A1A4 as U+30FB)."""

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U000323af"
"""Character class (for a regular expression) of Chinese characters, private use included: old rare characters."""

_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]+"
)
_BLANKS = re.compile(r"\s+")
_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_WIDE_WORDS = {c: c - 0xFEE0 for a, b in ((0xFF10, 0xFF1A), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B)) for c in range(a, b)}
_DOT_TABLE = {ord(dot): MIDDLE_DOT for dot in DOTS}


def fold_width(text: str) -> str:
    """Full-width letters, digits, signs and the ideographic blank as half-width."""
    return text.translate(_WIDE)


def fold_wide_words(text: str) -> str:
    """Full-width letters and digits as half-width; Chinese punctuation stays as it is (addresses)."""
    return text.translate(_WIDE_WORDS)


def strip_invisible(text: str) -> str:
    """Without format and control characters (zero width, direction marks, BOM, selectors); blanks stay."""
    return _INVISIBLE.sub("", text)


def squeeze(text: str) -> str:
    """Without invisible characters, blanks of any kind as one blank, none at the ends."""
    return _BLANKS.sub(" ", strip_invisible(text)).strip()


def without_blanks(text: str) -> str:
    """Without invisible characters and without any blank."""
    return _BLANKS.sub("", strip_invisible(text))


def unify_dots(text: str) -> str:
    """Every variant of the middle dot as U+00B7."""
    return text.translate(_DOT_TABLE)


@cache
def traditional_characters() -> frozenset[str]:
    """Traditional characters that no simplified standard holds; variants admitted in names are not among them."""
    with resources.open_text("codes/traditional.txt") as file:
        return frozenset("".join(line.strip() for line in file if not line.startswith("#")))


def traditional_in(text: str) -> str:
    """The traditional characters of `text`, in their order."""
    known = traditional_characters()
    return "" if known.isdisjoint(text) else "".join([char for char in text if char in known])
