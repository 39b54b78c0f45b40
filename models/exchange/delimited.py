"""Comma, semicolon and tab separated text."""

from __future__ import annotations

import csv
import io
import re

from models.domain.errors import FileRefusedError
from models.exchange.sheets import MAX_COLUMNS, MAX_ROWS, Grid

_FORMULA_TEXT = re.compile(r'^=\s*"(.*)"$', re.DOTALL)


def read_delimited(text: str, name: str) -> Grid:
    """The table of a delimited text; `grid.rows` follow the lines, a quoted line break counts as one row.

    Raises FileRefusedError for text that is not a table or is too large.
    """
    delimiter = _delimiter(text)
    rows: list[list[object]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(row) > MAX_COLUMNS or len(rows) >= MAX_ROWS:
                raise FileRefusedError(
                    f"第 {len(rows) + 1} 行超出了 {MAX_ROWS} 行或 {MAX_COLUMNS} 列。请检查文件，或分成几个文件再导入。"
                )
            rows.append([_plain(cell) for cell in row])
    except csv.Error:
        raise FileRefusedError(
            f"第 {len(rows) + 1} 行读不出来，可能有没有配对的引号。请用 Excel 打开后另存为 .xlsx 再导入。"
        ) from None
    return Grid(name, rows)


def _plain(cell: str) -> str:
    """Without the `="..."` that keeps Excel from turning an ID into a number; a trailing tab likewise."""
    if cell.startswith("="):
        found = _FORMULA_TEXT.match(cell.strip())
        return found[1].replace('""', '"') if found else cell
    return cell.strip("\t") if "\t" in cell else cell


def _delimiter(text: str) -> str:
    """The separator most lines of the beginning agree on; a comma when nothing speaks for another."""
    lines = [line for line in text[:20_000].splitlines()[:30] if line.strip()]
    best, score = ",", 0
    for candidate in ",;\t":
        counts = [line.count(candidate) for line in lines]
        agreed = max((counts.count(n) * n for n in set(counts) if n), default=0)
        if agreed > score:
            best, score = candidate, agreed
    return best
