"""Where a form's columns, rows and footer stand in a sheet somebody else laid out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from models.domain.errors import FileRefusedError
from models.domain.forms import NUMBER, Form, FormData
from models.exchange.titles import canonical

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

_HEAD_WITHIN: Final = 40
_MOST_COLUMNS: Final = 100
_FEWEST: Final = 3
_EXAMPLE = re.compile(r"\s*[（(]?(示例|样例|例[：:如子\s]|填写示例)")
_BLANK: Final = r"[\s_＿\u3000]*"


@dataclass(frozen=True)
class Layout:
    """A sheet's head (rows `top` to `bottom`, from 1), the rows ready to be filled up to `end` (`bottom` when none),
    the column number of each key, and titles that belong to none."""

    sheet: Worksheet
    top: int
    bottom: int
    end: int
    columns: Mapping[str, int]
    foreign: tuple[str, ...]


def text_of(value: object) -> str:
    """A cell's value as text, "" for an empty one."""
    return "" if value is None else str(value)


def plain(title: str) -> str:
    """A title without blanks, widths, hints and signs."""
    return re.sub(r"[/、()\-_,，]", "", canonical(title))


def find_layout(book: Workbook, form: Form) -> Layout:
    """The visible sheet and rows that hold the most columns of `form`, one or two rows of head.

    Raises FileRefusedError when there is no head with the name and two more columns.
    """
    known = {plain(title): c.key for c in reversed(form.columns) for title in (*c.aliases, c.title)}
    best: tuple[int, Worksheet, int, int, dict[str, int]] | None = None
    for sheet in cast("list[Worksheet]", book.worksheets):
        if sheet.sheet_state != "visible":
            continue
        for top, bottom, columns in _heads(sheet, known):
            if "name" in columns and (best is None or len(columns) > best[0]):
                best = len(columns), sheet, top, bottom, columns
    if best is None or best[0] < _FEWEST:
        wanted = "、".join(column.title for column in form.columns if column.key != NUMBER)
        raise FileRefusedError(f"模板里没有找到“{form.title}”的表头。表头要写明各列的名称，如：{wanted}。")
    _, sheet, top, bottom, columns = best
    for merged in sheet.merged_cells.ranges:
        if top <= merged.min_row <= bottom:
            bottom = max(bottom, merged.max_row)
    number = columns.get(NUMBER, 0)
    return Layout(sheet, top, bottom, _end(sheet, bottom, number), columns, _foreign(sheet, top, bottom, columns))


def _heads(sheet: Worksheet, known: Mapping[str, str]) -> Iterable[tuple[int, int, dict[str, int]]]:
    width = min(sheet.max_column, _MOST_COLUMNS)
    rows = list(sheet.iter_rows(1, min(sheet.max_row, _HEAD_WITHIN + 1), 1, width, values_only=True))
    found = [[known.get(plain(text_of(value)[:60]), "") for value in row] for row in rows]
    for number, row in enumerate(found, start=1):
        yield number, number, _placed(row)
        if number < len(found) and any(found[number]):
            both = [lower or upper for upper, lower in zip(row, found[number], strict=True)]
            yield number, number + 1, _placed(both)


def _placed(keys: Iterable[str]) -> dict[str, int]:
    columns: dict[str, int] = {}
    for column, key in enumerate(keys, start=1):
        if key:
            columns.setdefault(key, column)
    return columns


def _foreign(sheet: Worksheet, top: int, bottom: int, columns: Mapping[str, int]) -> tuple[str, ...]:
    """Titles of columns that hold nothing of the form: those stay blank."""
    titles = []
    for column in range(1, min(sheet.max_column, _MOST_COLUMNS) + 1):
        own = [text_of(sheet.cell(row, column).value).strip() for row in range(bottom, top - 1, -1)]
        title = next((text for text in own if text), "")
        if title and column not in columns.values():
            titles.append(" ".join(title.split()))
    return tuple(titles)


def _end(sheet: Worksheet, bottom: int, number: int) -> int:
    """The last row before the footer: rows are ready to be filled as long as nothing but numbers or examples stand."""
    for row in range(bottom + 1, sheet.max_row + 1):
        texts = {column: text_of(sheet.cell(row, column).value).strip() for column in range(1, sheet.max_column + 1)}
        filled = {column: text for column, text in texts.items() if text}
        if any(_EXAMPLE.match(text) for text in filled.values()):
            continue
        if any(column != number or not text.isdigit() for column, text in filled.items()):
            return row - 1
    return sheet.max_row if sheet.max_row > bottom else bottom


def _spaced(label: str) -> str:
    """A label as a pattern: blanks may stand between its characters, brackets may be of either width."""
    return r"\s*".join({"（": "[（(]", "）": "[）)]"}.get(char, re.escape(char)) for char in label)


class Labels:
    """The footer labels of a form as they are met in templates, and their values."""

    def __init__(self, data: FormData) -> None:
        values = data.footer
        self._values = {
            plain(name): values[field.key] for field in data.form.footer for name in (field.label, *field.aliases)
        }
        names = {name for field in data.form.footer for name in (field.label, *field.aliases)}
        label = "|".join(_spaced(name) for name in sorted(names, key=len, reverse=True))
        start = rf"(?<![\u4e00-\u9fff])({label})"
        blank = rf"{_BLANK}(?:年{_BLANK}月{_BLANK}日{_BLANK})?"
        self._blank = re.compile(rf"{start}(\s*[：:])({blank})(?=$|{label})")
        self._alone = re.compile(rf"\s*(?:{label})\s*")

    def filled(self, text: str) -> str:
        """`text` with values after each label that is followed by a colon and nothing."""

        def put(found: re.Match[str]) -> str:
            value = self._values.get(plain(found[1]), "")
            last = found.end() == len(text)
            return f"{found[1]}{found[2]}{value}{'' if last else '　　　'}" if value else found[0]

        return self._blank.sub(put, text)

    def beside(self, text: str) -> str:
        """The value for the cell to the right of one that holds nothing but a label; "" for others."""
        return self._values.get(plain(text), "") if self._alone.fullmatch(text) else ""
