"""A block of cells from the clipboard: how it is read and which cells it fills (ux 1.2)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

Block = list[list[str]]
Place = tuple[int, int]
"""Row and column as the person sees them, from 0: only visible rows are counted (ux 1.2, rule 2)."""


def read_block(text: str) -> Block:
    """The cells of a tab-separated clipboard text; quoted cells may hold line breaks. Short rows are filled up."""
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t"))
    while rows and not any(rows[-1]):
        rows.pop()
    width = max((len(row) for row in rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]


def as_csv(block: Sequence[Sequence[str]]) -> bytes:
    """The block as UTF-8 comma-separated bytes, for the same reader that reads files."""
    target = io.StringIO(newline="")
    csv.writer(target).writerows(block)
    return target.getvalue().encode("utf-8-sig")


def spread(block: Block, selection: Sequence[Place], rows: int, columns: int) -> dict[Place, str]:
    """Which visible cell gets which text (ux 1.2, rule 1).

    One cell fills the whole selection; a block repeats when the selection is a multiple of it, otherwise it goes
    once from the top-left cell. What would lie outside the visible `rows` and `columns` is left out.
    """
    if not block or not selection:
        return {}
    top, left = min(row for row, _ in selection), min(column for _, column in selection)
    height = max(row for row, _ in selection) - top + 1
    width = max(column for _, column in selection) - left + 1
    deep, wide = len(block), len(block[0])
    if deep == wide == 1:
        return dict.fromkeys(selection, block[0][0])
    repeats = height % deep == 0 and width % wide == 0
    down, across = (height, width) if repeats else (deep, wide)
    return {
        (top + r, left + c): block[r % deep][c % wide]
        for r in range(min(down, rows - top))
        for c in range(min(across, columns - left))
    }
