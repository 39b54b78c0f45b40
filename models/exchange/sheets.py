"""What was read of a spreadsheet: by column, normalised, with every place as the spreadsheet counts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from models.domain.findings import LocatedFinding

MAX_FILE = 200 * 1024 * 1024
MAX_EXPANDED = 1024 * 1024 * 1024
MAX_ROWS = 200_000
MAX_COLUMNS = 500

Cell = object
"""A cell as the readers give it: str, int, float, bool, date, time or timedelta; "" for an empty one."""


@dataclass(frozen=True)
class Merge:
    """A merged range, from 0, both ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass
class Grid:
    """One sheet as its cells: `rows[0]` is row 1 of the spreadsheet, `rows[r][0]` column A.

    `errors`: (row, column from 0) -> error text such as #REF!; `unsaved`: cells of formulas whose result the file
    does not hold; `epoch1904`: bare serial numbers count from 1904.
    """

    name: str
    rows: list[list[Cell]]
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    unsaved: list[tuple[int, int]] = field(default_factory=list)
    epoch1904: bool = False


@dataclass(frozen=True)
class Column:
    """One column: `title` is its own heading as it stands in the file, `group` the merged heading above it;
    `field` the key it was recognised as, None for a column that is not taken over."""

    letter: str
    title: str
    field: str | None
    group: str = ""


@dataclass(frozen=True)
class Skipped:
    """A part of the file that was not taken over: `row` 0 means the whole sheet; `reason` is a Chinese phrase."""

    sheet: str
    row: int
    reason: str
    text: str = ""


@dataclass
class SheetData:
    """One table of the file, by column. `values` and `raw` run over the recognised fields, one text a row;
    `other` holds the columns that are not taken over, by letter; `header_rows` and `rows` count from 1."""

    sheet: str
    header_rows: tuple[int, ...]
    columns: tuple[Column, ...]
    rows: list[int]
    values: dict[str, list[str]]
    raw: dict[str, list[str]]
    problems: list[LocatedFinding]
    other: dict[str, list[str]] = field(default_factory=dict)

    def record(self, index: int) -> dict[str, str]:
        """The normalised values of row number `index` of the table (from 0), empty ones left out."""
        return {key: column[index] for key, column in self.values.items() if column[index]}

    def column_of(self, key: str) -> str:
        """The letter of the column that holds field `key`, "" when none does."""
        return next((column.letter for column in self.columns if column.field == key), "")


@dataclass
class Workbook:
    """A file as read. `kind`: students or teachers; `format`: xlsx, xls, html, xml or csv; `digest`: SHA-256 hex of
    its bytes; `skipped`: hidden sheets, notes and repeated headers, so that nothing is lost unseen."""

    path: Path
    kind: str
    format: str
    digest: str
    sheets: list[SheetData]
    skipped: list[Skipped]


def letter_of(index: int) -> str:
    """Column letters of the column `index` from 0: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def index_of(letters: str) -> int:
    """Column number from 0 of column letters; the inverse of `letter_of`."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
