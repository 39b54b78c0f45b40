"""How large the rectangle of a sheet's cells is, measured before calamine takes memory for it."""

from __future__ import annotations

import re
from typing import Final

from models.exchange.sheets import index_of

MAX_CELLS: Final = 40_000_000
"""Of the rectangle: 200,000 rows of 200 columns; calamine takes 24 bytes for each, used or not."""
_ATTRIBUTE = rb"""\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*')"""
_TAG = re.compile(rb"<(?:[\w.-]+:)?(?:row|c)((?:%s)*)\s*(/?)>" % _ATTRIBUTE)
_BEGIN = re.compile(rb"<(?:[\w.-]+:)?(?:row|c)(?![\w:.-])")
_REFERENCE = re.compile(rb"""\sr\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_PLACE = re.compile(rb"([A-Z]{0,3})([1-9][0-9]{0,6})")


def rectangle(xml: bytes) -> int:
    """Cells of the rectangle that holds every cell of a sheet's XML with a value.

    Raises ValueError for a tag or a place that no spreadsheet program writes: a reader might see another cell there.
    """
    rows, columns = _Range(), _Range()
    tags = 0
    for tag in _TAG.finditer(xml):
        tags += 1
        found = _REFERENCE.findall(tag[1])
        if len(found) > 1:
            raise ValueError("reference")
        if found and not (tag[2] and found[0]):
            _take(found[0][0] or found[0][1], rows, columns)
    if tags != len(_BEGIN.findall(xml)):
        raise ValueError("tag")
    return rows.length * columns.length


class _Range:
    def __init__(self) -> None:
        self.first, self.last = 1 << 30, -1

    def add(self, number: int) -> None:
        self.first, self.last = min(self.first, number), max(self.last, number)

    @property
    def length(self) -> int:
        return max(self.last - self.first + 1, 0)


def _take(reference: bytes, rows: _Range, columns: _Range) -> None:
    place = _PLACE.fullmatch(reference)
    if place is None:
        raise ValueError("reference")
    if place[1]:
        rows.add(int(place[2]))
        columns.add(index_of(place[1].decode()))
