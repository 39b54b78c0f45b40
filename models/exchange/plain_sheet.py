"""Sheets of text, numbers, days and empty cells, read straight from the XML that was inflated for its checks.

Most rosters are nothing else, and their repeated words are shared strings: looking these up by their number is three
times faster than a general reader, and equal texts are one object. Whatever else a sheet holds (times, formulas,
rich text, other writers' ways) gives None, and calamine reads it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from models.exchange.sheets import Cell, Merge, index_of, letter_of

_STRINGS = re.compile(r'<si><t(?: xml:space="preserve")?(?:/>|>([^<]*)</t>)</si>')
_CELL = re.compile(rb'<c r="[A-Z]{1,3}[0-9]+"([^<]*(?:<v>[^<]*)?)')
_SHARED = re.compile(rb"<v>([0-9]+)</v>")
_LETTERS = re.compile(rb'<c r="([A-Z]{1,3})')
_CONTENT = re.compile(rb'(?: s="([0-9]+)")?(?: t="([sn])")?(?:/>|><v>([0-9.eE+-]+))')
_FORMATS = re.compile(rb"<cellXfs\b.*?</cellXfs>", re.DOTALL)
_FORMAT = re.compile(rb"<xf\b[^>]*?\bnumFmtId=\"([0-9]+)\"")
_CUSTOM = re.compile(rb'<numFmt\b[^>]*?\bnumFmtId="([0-9]+)"[^>]*?\bformatCode="([^"]*)"')
_QUOTED = re.compile(rb"&quot;.*?&quot;|\\.|\[\$-[^]]*\]|;@$")
_DATE_CODE = re.compile(rb"[yY]{2,4}[-/.]?[mM]{1,2}([-/.]?[dD]{1,2})?")
_NUMBER_CODE = re.compile(rb"(?:General|[0#?.,%@()+_*;E -])+")
_MERGES = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"\s*/>')
_NUMBERS = frozenset(b"%d" % n for n in (0, 1, 2, 3, 4, 9, 10, 11, 37, 38, 39, 40, 49))
"""Built-in formats that are no dates (General, 0, 0.00, %, @ ...)."""


_DATES = frozenset({b"14", b"31", b"57"})


def shared_strings(part: bytes) -> list[str] | None:
    """The shared strings of a workbook in their order; None when one is more than plain text."""
    text = part.decode("utf-8", "replace")
    if text.startswith("<?xml"):  # Excel ends the declaration with a carriage return
        text = text.partition("?>")[2].lstrip()
    if "\r" in text or "_x" in text or "<!" in text:
        return None
    found = _STRINGS.findall(text)
    if len(found) != text.count("<si>") + text.count("<si/") + text.count("<si "):
        return None
    return [html.unescape(one) if "&" in one else one for one in found]


@dataclass(frozen=True)
class Styles:
    """The style numbers under which a number is a plain number or a day; `epoch` is day zero."""

    numbers: frozenset[bytes]
    dates: frozenset[bytes]
    epoch: date


def read_styles(part: bytes, epoch: date) -> Styles:
    """What styles.xml says of numbers; styles that are neither plain number nor whole day are in no set."""
    found = _FORMATS.search(part)
    formats = _FORMAT.findall(found[0]) if found else []
    custom = [(number, _QUOTED.sub(b"", code)) for number, code in _CUSTOM.findall(part)]
    numbers = _NUMBERS | {number for number, code in custom if _NUMBER_CODE.fullmatch(code)}
    dates = _DATES | {number for number, code in custom if _DATE_CODE.fullmatch(code)}
    return Styles(
        frozenset(b"%d" % i for i, one in enumerate(formats) if one in numbers) | {b""},
        frozenset(b"%d" % i for i, one in enumerate(formats) if one in dates),
        epoch,
    )


class _Contents(dict[bytes, Cell]):
    """The attributes and value of a cell as bytes -> the cell. Raises ValueError for what is not plain."""

    def __init__(self, strings: Sequence[str], styles: Styles) -> None:
        super().__init__()
        self._strings, self._styles = strings, styles

    def __missing__(self, content: bytes) -> Cell:
        match = _CONTENT.fullmatch(content)
        if match is None:
            raise ValueError
        style, kind, value = match.groups()
        cell: Cell = ""
        if value is not None and kind == b"s":
            cell = self._strings[int(value)]
        elif value is not None:
            cell = self._number(style or b"", float(value))
        self[content] = cell
        return cell

    def _number(self, style: bytes, number: float) -> Cell:
        if style in self._styles.numbers:
            return number
        # Excel's calendar has a 29 February 1900: earlier serials are left to calamine.
        if style in self._styles.dates and number.is_integer() and 61 <= number < 2_000_000:
            return self._styles.epoch + timedelta(days=int(number))
        raise ValueError


def plain_rows(
    xml: bytes, spans: Sequence[tuple[int, int, int]], strings: list[str], styles: Styles
) -> list[list[Cell]] | None:
    """The rows of a sheet from their (number from 0, start, end) in `xml`; None when a cell is not plain."""
    look_up = _Contents(strings, styles).__getitem__
    shared = {b"%d" % number: text for number, text in enumerate(strings)}.__getitem__
    rows: list[list[Cell]] = []
    try:
        for number, start, end in spans:
            row = xml[start:end]
            count = row.count(b"<c ")
            if row.count(b"<") != 1 + count + 3 * row.count(b"<v>"):  # something beside cells and their values
                return None
            if count == row.count(b' t="s"><v>'):
                cells: list[Cell] = list(map(shared, _SHARED.findall(row)))
            else:
                cells = list(map(look_up, _CELL.findall(row)))
            if len(cells) != count:
                return None
            if count and not row.startswith(b'<c r="%s%d"' % (_letters(count - 1), number + 1), row.rfind(b"<c r=")):
                cells = _spread(cells, _LETTERS.findall(row))
            rows.extend([] for _ in range(number - len(rows)))
            rows.append(cells)
    except (LookupError, ValueError):
        return None
    return rows


@cache
def _letters(index: int) -> bytes:
    return letter_of(index).encode()


@cache
def _place(letters: bytes) -> int:
    return index_of(letters.decode())


def _spread(cells: list[Cell], letters: list[bytes]) -> list[Cell]:
    """The cells of a row with gaps at their places. Raises ValueError when they are out of order."""
    places = list(map(_place, letters))
    if places != sorted(set(places)):
        raise ValueError
    spread: list[Cell] = [""] * (places[-1] + 1)
    for place, cell in zip(places, cells, strict=True):
        spread[place] = cell
    return spread


def merges_of(xml: bytes) -> list[Merge]:
    """The merged ranges of a sheet."""
    tail = xml[max(xml.rfind(b"</sheetData>"), 0) :]
    return [
        Merge(int(top) - 1, index_of(left.decode()), int(bottom) - 1, index_of(right.decode()))
        for left, top, right, bottom in _MERGES.findall(tail)
    ]
