"""Room for more rows in the middle of a sheet: what stands below moves down with all that belongs to it.

openpyxl moves cells only; merged ranges, heights, links, breaks, the print area, lists to choose from, conditional
formats, pictures and formulas are moved here.
"""

from __future__ import annotations

import re
from copy import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openpyxl.worksheet.cell_range import CellRange
    from openpyxl.worksheet.worksheet import Worksheet

_AREA = re.compile(r"(\$?[A-Z]{1,3}\$?)(\d+)(?::(\$?[A-Z]{1,3}\$?)(\d+))?", re.ASCII)


def make_room(sheet: Worksheet, at: int, by: int) -> None:
    """Move row `at` (from 1) and all below it down by `by` rows; ranges that end right above `at` grow."""
    if at <= sheet.max_row:
        _move_cells(sheet, at, by)
        _move_heights(sheet, at, by)
    _move_merges(sheet, at, by)
    _move_rules(sheet, at, by)
    _move_print(sheet, at, by)
    for drawn in (*sheet._images, *sheet._charts):  # type: ignore[attr-defined]  # openpyxl keeps them nowhere else
        for corner in (getattr(drawn.anchor, "_from", None), getattr(drawn.anchor, "to", None)):
            if corner is not None and corner.row >= at - 1:
                corner.row += by


def _move_cells(sheet: Worksheet, at: int, by: int) -> None:
    from openpyxl.utils import get_column_letter

    for row in sheet.iter_rows():
        for cell in row:
            if cell.data_type == "f" and isinstance(cell.value, str):
                cell.value = _AREA.sub(lambda found: _moved(found, at, by), cell.value)
    sheet.move_range(f"A{at}:{get_column_letter(sheet.max_column)}{sheet.max_row}", rows=by)
    for row in sheet.iter_rows(min_row=at + by):
        for cell in row:
            link = getattr(cell, "hyperlink", None)
            if link is not None:
                link.ref = cell.coordinate


def _moved(found: re.Match[str], at: int, by: int) -> str:
    """A reference of a formula to this sheet or another after the move; one to another sheet is not told apart, since
    forms have none."""
    start, first, end, last = found.groups()
    top = int(first) + (by if int(first) >= at else 0)
    if end is None:
        return f"{start}{top}"
    return f"{start}{top}:{end}{int(last) + (by if int(last) >= at - 1 else 0)}"


def _move_heights(sheet: Worksheet, at: int, by: int) -> None:
    kept = {number: (row.height, row.hidden) for number, row in sheet.row_dimensions.items() if number >= at}
    for number in kept:
        sheet.row_dimensions[number].height, sheet.row_dimensions[number].hidden = None, False
    for number, (height, hidden) in kept.items():
        sheet.row_dimensions[number + by].height, sheet.row_dimensions[number + by].hidden = height, hidden


def _stretch(area: CellRange, at: int, by: int) -> None:
    """Move an area that lies below, let one grow that reaches down to the row above."""
    if area.min_row >= at:
        area.shift(row_shift=by)
    elif area.max_row >= at - 1:
        area.expand(down=by)


def _move_merges(sheet: Worksheet, at: int, by: int) -> None:
    below = [area for area in sheet.merged_cells.ranges if area.min_row >= at]
    kept = [area for area in sheet.merged_cells.ranges if area.min_row < at]
    for area in below:
        area.shift(row_shift=by)
    sheet.merged_cells.ranges = {*kept, *below}  # their place is part of their hash


def _move_rules(sheet: Worksheet, at: int, by: int) -> None:
    from openpyxl.formatting.formatting import ConditionalFormattingList
    from openpyxl.worksheet.cell_range import MultiCellRange

    def stretched(areas: Any) -> str:
        moved = [copy(area) for area in areas.ranges]
        for area in moved:
            _stretch(area, at, by)
        return str(MultiCellRange(moved))

    for validation in sheet.data_validations.dataValidation:
        validation.sqref = MultiCellRange(stretched(validation.sqref))
    formats = ConditionalFormattingList()
    for given in sheet.conditional_formatting:
        for rule in given.rules:
            formats.add(stretched(given.sqref), rule)
    sheet.conditional_formatting = formats


def _move_print(sheet: Worksheet, at: int, by: int) -> None:
    areas = sheet.print_area
    if areas:
        listed = areas.split(",") if isinstance(areas, str) else list(areas)
        inside = [area.rpartition("!")[2].replace("$", "") for area in listed]
        sheet.print_area = ",".join(_AREA.sub(lambda found: _moved(found, at, by), area) for area in inside)
    for line in sheet.row_breaks.brk:
        if line.id >= at - 1:
            line.id += by


def continue_style(sheet: Worksheet, model: int, rows: range, widths: int) -> None:
    """Give `rows` the styles, the height and the merged columns of row `model`."""
    merges = [area for area in sheet.merged_cells.ranges if area.min_row == area.max_row == model]
    height = sheet.row_dimensions[model].height
    models: list[Any] = [sheet.cell(model, column) for column in range(1, widths + 1)]
    for row in rows:
        for column, one in enumerate(models, start=1):
            cell: Any = sheet.cell(row, column)
            cell._style = copy(one._style)
        sheet.row_dimensions[row].height = height
        for area in merges:
            sheet.merge_cells(start_row=row, end_row=row, start_column=area.min_col, end_column=area.max_col)
