"""The upper tier's own form, filled in: its title, layout, footer and print set-up stay as they are."""

from __future__ import annotations

import io
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from models.domain.errors import FileRefusedError, UserError
from models.domain.forms import NUMBER, FormData
from models.exchange.forms.template_file import open_template
from models.exchange.forms.template_layout import Labels, Layout, find_layout, text_of
from models.exchange.forms.template_rows import continue_style, make_room
from models.exchange.forms.xlsx import cell_text
from models.exchange.placing import WORKBOOK, place

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_MOST_ROWS: Final = 20_000
_LABELS_WITHIN: Final = 60
"""Rows above and below the table that are looked through for labels."""


@dataclass(frozen=True)
class Filled:
    """What became of a template: the sheet, columns of the form it has no place for, its own columns that stayed
    blank, and what else a person should know (Chinese phrases)."""

    sheet: str
    missing: tuple[str, ...]
    blank: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """All of it in sentences, "" when there is nothing to say."""
        said = [f"模板里没有这些列，其内容没有填：{'、'.join(self.missing)}。"] if self.missing else []
        said += [f"模板里的这些列留空了，请补填：{'、'.join(self.blank)}。"] if self.blank else []
        return "".join((*said, *self.notes))


def fill_template(template: Path, target: Path, data: FormData) -> Filled:
    """Write `data` into a copy of `template` at `target`; the file appears only when it is complete.

    Raises FileRefusedError for a template that is not a plain xlsx or has no head of this form, UserError when
    `target` is the template or cannot be written.
    """
    if target.exists() and template.exists() and target.samefile(template):
        raise UserError("填好的表不能写回模板本身，请另起一个文件名。")
    book, lost = open_template(template)
    layout = find_layout(book, data.form)
    notes = [f"模板里的{'、'.join(lost)}可能没有保留，请核对。"] if lost else []
    if len(data.rows) > _MOST_ROWS:
        raise UserError(f"一张备案表最多填 {_MOST_ROWS} 行，这次有 {len(data.rows)} 行。请分单位报送。")
    end = _prepare(layout, len(data.rows))
    _write_rows(layout, data)
    _fill_labels(layout, data, end)
    if data.late_reason:
        notes.append(f"模板里没有写逾期原因的地方，请在报送时说明：{data.late_reason}。")
    if data.remark:
        notes.append(f"模板里没有写说明的地方，请在报送时说明：{data.remark}。")
    content = io.BytesIO()
    try:
        book.save(content)
    except (ValueError, TypeError, AttributeError, KeyError, OSError):
        raise FileRefusedError("这个模板填好后存不下来。请在 Excel 里把表格复制到新的工作簿，用它作模板。") from None
    place(target, content.getbuffer(), WORKBOOK)
    titles = tuple(c.title for c in data.form.columns if c.key not in layout.columns and c.key != NUMBER)
    return Filled(layout.sheet.title, titles, layout.foreign, tuple(notes))


def _prepare(layout: Layout, count: int) -> int:
    """Make the sheet hold `count` rows below its head; the last row of the table."""
    sheet, first, end = layout.sheet, layout.bottom + 1, layout.end
    for area in sheet.merged_cells.ranges:
        if area.min_row != area.max_row and first <= area.max_row and area.min_row <= end:
            raise FileRefusedError(
                f"模板表头下面有跨行合并的单元格（{area.coord}），一行填不了一个人。请取消合并后再用它作模板。"
            )
    _clear(layout)
    last, width = layout.bottom + count, sheet.max_column
    if last > end:
        make_room(sheet, end + 1, last - end)
        if end >= first:
            continue_style(sheet, first, range(end + 1, last + 1), width)
        else:
            _ruled_like_head(layout, range(first, last + 1))
    return max(end, last)


def _clear(layout: Layout) -> None:
    """Examples are taken out; numbers that are already there stay."""
    for row in layout.sheet.iter_rows(layout.bottom + 1, layout.end):
        for cell in row:
            if text_of(cell.value).strip() and not (cell.column == layout.columns.get(NUMBER) and _is_number(cell)):
                cell.value = None


def _is_number(cell: Any) -> bool:
    return text_of(cell.value).strip().isdigit()


def _ruled_like_head(layout: Layout, rows: range) -> None:
    """Rows of a template that shows none: the lines of its head, not its weight."""
    from openpyxl.styles import Alignment

    for column in range(1, layout.sheet.max_column + 1):
        border = layout.sheet.cell(layout.bottom, column).border
        for row in rows:
            cell: Any = layout.sheet.cell(row, column)
            cell.border, cell.alignment = copy(border), Alignment(vertical="center", wrap_text=True)


def _write_rows(layout: Layout, data: FormData) -> None:
    from openpyxl.cell.cell import MergedCell

    places = [(number, layout.columns.get(c.key)) for number, c in enumerate(data.form.columns)]
    for index in range(len(data.rows)):
        texts = data.cells(index)
        for number, column in places:
            if column is None:
                continue
            cell = layout.sheet.cell(layout.bottom + 1 + index, column)
            if isinstance(cell, MergedCell):
                raise FileRefusedError(
                    f"模板的单元格 {cell.coordinate} 并入了左边的一列，填不了。请取消合并后再用它作模板。"
                )
            cell.value = cell_text(texts[number]) or None
            if cell.value is not None:
                cell.data_type, cell.number_format = "s", "@"


def _fill_labels(layout: Layout, data: FormData, end: int) -> None:
    from openpyxl.cell.rich_text import CellRichText

    labels = Labels(data)
    for cell in _around(layout.sheet, layout.top, end):
        if not isinstance(cell.value, str | CellRichText) or cell.data_type == "f":
            continue
        text = text_of(cell.value)
        filled = labels.filled(text)
        if filled != text:
            cell.value, cell.data_type = _line(filled), "s"
        elif beside := labels.beside(text):
            _put_beside(layout.sheet, cell, beside)


def _around(sheet: Worksheet, top: int, end: int) -> Iterator[Any]:
    """The cells above the head and below the table."""
    for first, last in ((max(1, top - _LABELS_WITHIN), top - 1), (end + 1, min(sheet.max_row, end + _LABELS_WITHIN))):
        if first <= last:
            for row in sheet.iter_rows(first, last):
                yield from row


def _line(text: str) -> str:
    """A footer line that begins with the template's own words: its blanks stay, it cannot become a formula."""
    return "".join(char for char in text if char.isprintable() or char in "\n\u3000")[:2000]


def _put_beside(sheet: Worksheet, cell: Any, value: str) -> None:
    from openpyxl.cell.cell import MergedCell

    right = cell.column + 1
    for area in sheet.merged_cells.ranges:
        if cell.coordinate in area:
            right = area.max_col + 1
    target = sheet.cell(cell.row, right)
    if not isinstance(target, MergedCell) and target.value is None:
        target.value = cell_text(value)
        target.data_type, target.number_format = "s", "@"
