"""Sheets of text, numbers and empty cells, read straight from the XML that was inflated for its checks.

Most rosters are nothing else, and their repeated words are shared strings: looking these up by their number is three
times faster than a general reader, and equal texts are one object. Whatever else a sheet holds (dates, formulas,
rich text, other writers' ways) gives None, and calamine reads it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from models.exchange.sheets import Cell, Merge, index_of, letter_of

_STRINGS = re.compile(r'<si><t(?: xml:space="preserve")?(?:/>|>([^<]*)</t>)</si>')
_VALUES = re.compile(rb"<v>([0-9]+)</v>")
_CELLS = re.compile(rb'<c r="([A-Z]{1,3})[0-9]+"(?: s="([0-9]+)")?(?:/>|></c>|( t="s")?>(?:<v>([0-9.E+-]+)</v></c>))')
_FORMATS = re.compile(rb"<cellXfs\b.*?</cellXfs>", re.DOTALL)
_FORMAT = re.compile(rb"<xf\b[^>]*?\bnumFmtId=\"([0-9]+)\"")
_CUSTOM = re.compile(rb'<numFmt\b[^>]*?\bnumFmtId="([0-9]+)"[^>]*?\bformatCode="([^"]*)"')
_NUMBER_CODE = re.compile(rb"(?:General|[0#?.,%@()+_*;E -]|\\.)+")
_MERGES = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"\s*/>')
_NUMBERS = frozenset(b"%d" % n for n in (0, 1, 2, 3, 4, 9, 10, 11, 37, 38, 39, 40, 49))
"""Built-in formats that are no dates (General, 0, 0.00, %, @ ...)."""


def shared_strings(part: bytes) -> list[str] | None:
    """The shared strings of a workbook in their order; None when one is more than plain text."""
    text = part.decode("utf-8", "replace")
    if "\r" in text or "_x" in text or "<!" in text:
        return None
    found = _STRINGS.findall(text)
    if len(found) != text.count("<si>") + text.count("<si/") + text.count("<si "):
        return None
    return [html.unescape(one) if "&" in one else one for one in found]


def number_styles(part: bytes) -> frozenset[bytes]:
    """The style numbers under which a number is a plain number, never a date."""
    found = _FORMATS.search(part)
    formats = _FORMAT.findall(found[0]) if found else []
    custom = {number for number, code in _CUSTOM.findall(part) if _NUMBER_CODE.fullmatch(code)}
    return frozenset(b"%d" % i for i, one in enumerate(formats) if one in _NUMBERS or one in custom) | {b""}


def plain_rows(
    xml: bytes, spans: Sequence[tuple[int, int, int]], strings: list[str], numbers: frozenset[bytes]
) -> list[list[Cell]] | None:
    """The rows of a sheet from their (number from 0, start, end) in `xml`; None when a cell is not plain."""
    texts: dict[bytes, Cell] = {b"%d" % i: text for i, text in enumerate(strings)}
    look_up = texts.__getitem__
    lasts: dict[int, bytes] = {}
    rows: list[list[Cell]] = []
    try:
        for number, start, end in spans:
            row = xml[start:end]
            found = _VALUES.findall(row)
            count = len(found)
            last = lasts.get(count) or lasts.setdefault(count, b'<c r="%s%%d"' % letter_of(count - 1).encode())
            whole = count == row.count(b' t="s"') == row.count(b"<c ") and (last % (number + 1)) in row
            cells = list(map(look_up, found)) if whole else _mixed(row, texts, numbers)
            if cells is None:
                return None
            rows.extend([] for _ in range(number - len(rows)))
            rows.append(cells)
    except (KeyError, ValueError):
        return None
    return rows


def _mixed(row: bytes, texts: dict[bytes, Cell], numbers: frozenset[bytes]) -> list[Cell] | None:
    """The cells of a row with gaps and numbers; None when the pattern does not account for every cell."""
    found = _CELLS.findall(row)
    if len(found) != row.count(b"<c ") or row.count(b"</c>") + row.count(b"/>") != len(found):
        return None
    cells: list[Cell] = []
    for letters, style, shared, value in found:
        place = index_of(letters.decode())
        if place < len(cells):
            return None
        if value:
            if not shared and style not in numbers:
                return None
            cells.extend([""] * (place - len(cells)))
            cells.append(texts[value] if shared else float(value))
    return cells


def merges_of(xml: bytes) -> list[Merge]:
    """The merged ranges of a sheet."""
    tail = xml[max(xml.rfind(b"</sheetData>"), 0) :]
    return [
        Merge(int(top) - 1, index_of(left.decode()), int(bottom) - 1, index_of(right.decode()))
        for left, top, right, bottom in _MERGES.findall(tail)
    ]
