"""A filing form as a spreadsheet, ready to be printed, signed and stamped on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from models.domain.forms import FormData
from models.domain.text import squeeze
from models.exchange.placing import WORKBOOK, place
from models.exchange.writing import defused, workbook_bytes

_TELEPHONE = re.compile(r"\+\d[\d -]{4,20}", re.ASCII)
_NOT_XML = re.compile("[\ufffe\uffff]")
_HEAD_ROW: Final = 2
_A4: Final = 9
_LONGEST: Final = 2000
_TEXT: Final = {"num_format": "@", "text_wrap": True, "valign": "vcenter", "border": 1, "font_name": "宋体"}


def cell_text(text: str) -> str:
    """A value as it may stand in a cell: no invisible characters, no formula; +86... stays a telephone number."""
    clean = squeeze(_NOT_XML.sub("", text.encode("utf-8", "replace").decode()))[:_LONGEST]
    return clean if _TELEPHONE.fullmatch(clean) else defused(clean)


def write_form(path: Path, data: FormData) -> None:
    """Write `data` as xlsx: title, one line on the filing, head, rows as text, footer; A4 landscape.

    The file appears only when it is complete. Raises UserError when it cannot be written.
    """
    place(path, workbook_bytes(path, lambda book: _fill(book, data)), WORKBOOK)


def _fill(book: xlsxwriter.Workbook, data: FormData) -> None:
    form, last = data.form, len(data.form.columns) - 1
    plain = book.add_format(_TEXT)
    centred = book.add_format({**_TEXT, "align": "center"})
    head = book.add_format({**_TEXT, "align": "center", "bold": True, "bg_color": "#F2F2F2"})
    title = book.add_format(
        {"bold": True, "font_size": 18, "align": "center", "valign": "vcenter", "font_name": "宋体"}
    )
    line = book.add_format({"num_format": "@", "text_wrap": True, "valign": "vcenter", "font_name": "宋体"})
    sheet = book.add_worksheet(form.annex)
    sheet.merge_range(0, 0, 0, last, f"{form.annex}　{form.title}", title)
    sheet.set_row(0, 32)
    headline = "　　".join(map(cell_text, data.headline))
    sheet.merge_range(1, 0, 1, last, headline, line)
    across = sum(column.width for column in form.columns)
    sheet.set_row(1, min(409, 4 + 16 * (1 + len(headline) // across)))
    for number, column in enumerate(form.columns):
        sheet.set_column(number, number, column.width * 2 + 1)
        sheet.write_string(_HEAD_ROW, number, column.title, head)
    sheet.set_row(_HEAD_ROW, 32)
    for index in range(len(data.rows)):
        for number, text in enumerate(data.cells(index)):
            style = centred if form.columns[number].width <= 4 else plain
            sheet.write_string(_HEAD_ROW + 1 + index, number, cell_text(text), style)
    _foot(sheet, data, _HEAD_ROW + 1 + len(data.rows), line)
    _set_up(sheet)


def _foot(sheet: Worksheet, data: FormData, row: int, line: object) -> None:
    """The footer fields side by side in one row, each over as many columns as there are."""
    values, fields, columns = data.footer, data.form.footer, len(data.form.columns)
    for number, field in enumerate(fields):
        first, last = number * columns // len(fields), (number + 1) * columns // len(fields) - 1
        sheet.merge_range(row, first, row, last, cell_text(f"{field.label}：{values[field.key]}"), line)
    sheet.set_row(row, 40)


def _set_up(sheet: Worksheet) -> None:
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.7)
    sheet.fit_to_pages(1, 0)
    sheet.center_horizontally()
    sheet.repeat_rows(0, _HEAD_ROW)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    sheet.freeze_panes(_HEAD_ROW + 1, 0)
