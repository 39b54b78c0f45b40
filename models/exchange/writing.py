"""Spreadsheets out: exports, and the workbook of rows with faults that comes back after correction."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from models.domain.codes import code_table
from models.domain.fields import FIELDS_OF, Field, FieldType
from models.domain.findings import Finding, Level, LocatedFinding, joined
from models.domain.progress import SILENT, Progress
from models.exchange.placing import WORKBOOK, place, unwritable
from models.exchange.sheets import SheetData, Workbook
from models.exchange.titles import REASONS_TITLE

_FORBIDDEN_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\", " "))
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_HARMLESS = frozenset({FieldType.PHONE, FieldType.ID_NUMBER, FieldType.INTEGER})
_WIDE, _NARROW = 22, 12


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula, also after it was saved as CSV (decision 20)."""
    return "'" + text if text.startswith(_DANGEROUS) else text


def write_records(
    path: Path,
    fields: Sequence[Field],
    records: Iterable[Mapping[str, str]],
    sheet_title: str,
    labels: bool = True,
    progress: Progress = SILENT,
) -> None:
    """Write an xlsx with one column a field and one row a record; every cell is text, so that no digit is lost.

    `labels`: codes as their words, as a person reads them and as they can be read in again. The file appears only
    when it is complete. Raises UserError when it cannot be written, CancelledError.
    """
    tables = [code_table(field.code_table) if labels and field.code_table else None for field in fields]

    def fill(book: xlsxwriter.Workbook) -> None:
        sheet, text = _new_sheet(book, sheet_title, [field.label for field in fields])
        for column, field in enumerate(fields):
            sheet.set_column(column, column, _NARROW if field.code_table else _WIDE, text)
        for number, record in enumerate(records, start=1):
            if number % 1000 == 0:
                progress.report(number, None, "写入表格")
            for column, field in enumerate(fields):
                value = record.get(field.key, "")
                if value:
                    table = tables[column]
                    word = (table.label(value) or value) if table else value
                    sheet.write_string(number, column, word if field.type in _HARMLESS else defused(word), text)

    _write(path, fill)


def write_table(path: Path, sheet_title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write an xlsx of plain texts under titles. The file appears only when it is complete. Raises UserError."""

    def fill(book: xlsxwriter.Workbook) -> None:
        sheet, text = _new_sheet(book, sheet_title, heads)
        sheet.set_column(0, len(heads) - 1, _WIDE, text)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                sheet.write_string(number, column, defused(value), text)

    _write(path, fill)


def write_error_workbook(path: Path, workbook: Workbook, findings: Iterable[LocatedFinding]) -> int:
    """Write the rows with errors as they stood in the file, with reasons in the last column and as comments.

    The workbook can be corrected and imported again: the column of reasons is left out then. Returns how many rows
    were written. Raises UserError when it cannot be written.
    """
    by_sheet: dict[str, dict[int, list[LocatedFinding]]] = {}
    for located in findings:
        if located.row:
            by_sheet.setdefault(located.sheet, {}).setdefault(located.row, []).append(located)
    written = 0

    def fill(book: xlsxwriter.Workbook) -> None:
        nonlocal written
        used: set[str] = set()
        for sheet in workbook.sheets:
            rows = by_sheet.get(sheet.sheet, {})
            faulty = [i for i, row in enumerate(sheet.rows) if any(_is_error(f) for f in rows.get(row, ()))]
            if faulty:
                _error_sheet(book, workbook.kind, sheet, faulty, rows, used)
                written += len(faulty)
        if not written:
            _new_sheet(book, "没有错误", ["没有需要改正的行"])

    _write(path, fill)
    return written


def _is_error(located: LocatedFinding) -> bool:
    return located.finding.level is Level.ERROR


def _error_sheet(
    book: xlsxwriter.Workbook,
    kind: str,
    sheet: SheetData,
    faulty: list[int],
    rows: Mapping[int, list[LocatedFinding]],
    used: set[str],
) -> None:
    labels = {field.key: field.label for field in FIELDS_OF[kind]}
    columns = [column for column in sheet.columns if column.field or column.letter in sheet.other]
    titles = [labels[column.field] if column.field else column.title for column in columns]
    target, text = _new_sheet(book, _free_name(sheet.sheet, used), [*titles, REASONS_TITLE])
    target.set_column(0, len(columns) - 1, _WIDE, text)
    target.set_column(len(columns), len(columns), 60, text)
    marked = book.add_format({"num_format": "@", "bg_color": "#FDE2E1"})
    for line, index in enumerate(faulty, start=1):
        row = sheet.rows[index]
        found = rows[row]
        faults: dict[str, list[Finding]] = {}
        for located in found:
            faults.setdefault(located.finding.field or located.column, []).append(located.finding)
        for at, column in enumerate(columns):
            key = column.field or column.letter
            value = sheet.raw[key][index] if column.field else sheet.other[key][index]
            target.write_string(line, at, defused(value), marked if key in faults else text)
            if key in faults:
                comment = "\n".join(finding.message for finding in faults[key])
                target.write_comment(line, at, comment, {"x_scale": 2, "author": ""})
        reasons = joined(located.finding.message for located in found if _is_error(located))
        target.write_string(line, len(columns), f"原表第 {row} 行：{reasons}", text)


def _free_name(wanted: str, used: set[str]) -> str:
    """A sheet name Excel admits (31 characters, no signs, unique whatever the case)."""
    base = wanted.translate(_FORBIDDEN_IN_NAMES).strip().strip("'")[:28] or "Sheet"
    name, number = base, 1
    while name.lower() in used:
        number += 1
        name = f"{base}_{number}"
    used.add(name.lower())
    return name


def _new_sheet(book: xlsxwriter.Workbook, name: str, titles: Sequence[str]) -> tuple[Worksheet, Format]:
    """A sheet with its title row frozen, and the format of text cells."""
    text = book.add_format({"num_format": "@"})
    bold = book.add_format({"bold": True, "num_format": "@", "bg_color": "#E8EDF3", "text_wrap": True})
    sheet = book.add_worksheet(_free_name(name, set()))
    for column, title in enumerate(titles):
        sheet.write_string(0, column, defused(title), bold)
    sheet.freeze_panes(1, 0)
    return sheet, text


def _write(path: Path, fill: Callable[[xlsxwriter.Workbook], None]) -> None:
    """Let `fill` write a workbook, then put it in its place at once."""
    place(path, workbook_bytes(path, fill), WORKBOOK)


def workbook_bytes(path: Path, fill: Callable[[xlsxwriter.Workbook], None]) -> memoryview:
    """The workbook that `fill` writes; `path` is what sentences call it. Raises UserError."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    try:
        content = io.BytesIO()  # a zip that meets a full disk half-way complains once more when it is thrown away
        book = xlsxwriter.Workbook(content, {**options, "in_memory": True})
        fill(book)
        book.close()
    except (OSError, XlsxWriterException) as error:
        raise unwritable(path, error) from None
    return content.getbuffer()
