"""Reading a spreadsheet: bytes sniffed, tables found, columns recognised, values normalised. Nothing is written."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from models.domain.errors import FileRefusedError
from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS, Field
from models.domain.findings import Finding, Level, LocatedFinding
from models.domain.pause import collector_paused
from models.domain.progress import SILENT, Progress
from models.exchange.columns import normalise_column, raw_texts
from models.exchange.dates import EPOCH_1900, EPOCH_1904
from models.exchange.layout import Header, find_body, find_header, guess_header
from models.exchange.sheets import MAX_FILE, Cell, Column, Grid, SheetData, Skipped, Workbook, index_of, letter_of
from models.exchange.sniffing import sniff
from models.exchange.sources import read_grids
from models.exchange.titles import REASONS_TITLE, canonical, header_signature, kind_of, recognise

__all__ = ["bytes_of", "header_signature", "read_data", "read_workbook"]

Mapped = Mapping[str, Mapping[str, str | None]]


def read_workbook(
    path: Path, kind: str | None = None, mapping: Mapped | None = None, progress: Progress = SILENT
) -> Workbook:
    """Read `path` into columns of normalised text.

    `kind`: students or teachers, None to tell it from the titles. `mapping`: sheet -> column letter -> field key, or
    None for "not taken over"; columns it does not name are recognised. Raises FileRefusedError, CancelledError.
    """
    return read_data(bytes_of(path), path, kind, mapping, progress)


def read_data(
    data: bytes, path: Path, kind: str | None = None, mapping: Mapped | None = None, progress: Progress = SILENT
) -> Workbook:
    """As `read_workbook`, for bytes at hand (a pasted block, a file read before); `path` only names them."""
    with collector_paused():
        return _read(data, path, kind, mapping, progress)


def _read(data: bytes, path: Path, kind: str | None, mapping: Mapped | None, progress: Progress) -> Workbook:
    format_ = sniff(data)
    progress.report(0, None, "读取文件")
    grids, skipped = read_grids(data, format_, path.stem, progress)
    digest = hashlib.sha256(data).hexdigest()
    kind = kind or _recognise_kind(grids, path)
    sheets: list[SheetData] = []
    for number, grid in enumerate(grids):
        progress.report(number, len(grids), "整理数据")
        if any(any(row) for row in grid.rows):
            overrides = (mapping or {}).get(grid.name, {})
            sheets.extend(_tables(grid, kind, overrides, skipped, least=2 if len(grids) > 1 else 1))
    if not sheets:
        raise FileRefusedError(
            "没有找到名册表格：没有一行是“姓名、性别、身份证件号”这样的表头。"
            "请确认选对了文件；如果表头用了别的叫法，请改成模板上的名称。"
        )
    return Workbook(path, kind, format_, digest, sheets, skipped)


def bytes_of(path: Path) -> bytes:
    """The bytes of a spreadsheet file. Raises FileRefusedError for one that is too large or cannot be read."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):  # a pipe or device would be read for ever
            raise FileRefusedError(f"“{path.name}”不是文件，不能读取。请选择 Excel 或 CSV 表格文件。")
        size = facts.st_size
        if size > MAX_FILE:
            raise FileRefusedError(
                f"文件有 {size // 1024 // 1024} MB，超过 {MAX_FILE // 1024 // 1024} MB。"
                "请删掉图片和多余的格式，或分成几个文件再导入。"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise FileRefusedError(f"找不到文件“{path.name}”。请确认它没有被移走或改名，U 盘仍插着。") from None
    except OSError:
        raise FileRefusedError(
            f"读不了文件“{path.name}”。请确认它是一个文件、没有被别的程序独占，并且有权限打开。"
        ) from None


def _recognise_kind(grids: Sequence[Grid], path: Path) -> str:
    """Students or teachers, by the titles; by the words of file, sheets and headings when those fit both."""
    words = [
        cell for grid in grids for row in grid.rows[:40] for cell in row if isinstance(cell, str) and len(cell) < 40
    ]
    best, _, tied = kind_of(words)
    if tied:
        text = " ".join([path.name, *(grid.name for grid in grids), *words[:20]])
        return ACCOUNTS if ("教师" in text or "教职工" in text) and "学生" not in text else STUDENTS
    return best


def _tables(
    grid: Grid, kind: str, overrides: Mapping[str, str | None], skipped: list[Skipped], least: int
) -> list[SheetData]:
    """Every table of a sheet: where another header with other columns follows, another table begins."""
    tables: list[SheetData] = []
    start: int | None = 0
    while start is not None:
        header = find_header(grid, kind, start, least)
        if header is None and overrides and not tables:
            header = guess_header(grid)
        if header is None:
            break
        columns = _columns(kind, header, overrides)
        body = find_body(grid, kind, header, [column.field for column in columns])
        skipped.extend(body.skipped)
        tables.append(_sheet(grid, kind, header, columns, body.rows))
        start = body.next_header
    if not tables:
        skipped.append(Skipped(grid.name, 0, "没有认出名册表头的工作表"))
    return tables


def _columns(kind: str, header: Header, overrides: Mapping[str, str | None]) -> tuple[Column, ...]:
    found = recognise(kind, [(h.title, h.group, h.code) for h in header.headings])
    known = {field.key for field in FIELDS_OF[kind]}
    chosen = {index_of(letter): key for letter, key in overrides.items()}
    wanted = {key for key in chosen.values() if key}
    if wanted - known:
        raise FileRefusedError(f"没有“{'、'.join(sorted(wanted - known))}”这个字段。请重新选择列的对应关系。")
    columns = []
    for index, heading in enumerate(header.headings):
        key = chosen[index] if index in chosen else (None if found[index] in wanted else found[index])
        columns.append(Column(letter_of(index), heading.title, key, heading.group))
    return tuple(columns)


def _sheet(grid: Grid, kind: str, header: Header, columns: tuple[Column, ...], rows: list[int]) -> SheetData:
    sheet = SheetData(grid.name, header.rows, columns, [row + 1 for row in rows], {}, {}, [])
    by_column = _transposed(grid.rows, rows, len(columns))
    fields = {field.key: field for field in FIELDS_OF[kind]}
    epoch = EPOCH_1904 if grid.epoch1904 else EPOCH_1900
    for column, cells in zip(columns, by_column, strict=True):
        if column.field:
            _take(sheet, column, fields[column.field], cells, epoch)
        elif column.title and canonical(column.title) != REASONS_TITLE:
            sheet.other[column.letter] = raw_texts(cells)
    _report_cells(sheet, grid, fields)
    return sheet


def _take(sheet: SheetData, column: Column, field: Field, cells: Sequence[Cell], epoch: date) -> None:
    values, raw, found = normalise_column(field, cells, epoch)
    sheet.values[field.key], sheet.raw[field.key] = values, raw
    sheet.problems.extend(LocatedFinding(sheet.sheet, sheet.rows[i], column.letter, one) for i, one in found)


def _transposed(rows: list[list[Cell]], chosen: list[int], width: int) -> Sequence[Sequence[Any]]:
    """The first `width` columns of the chosen rows; short rows are filled with empty cells."""
    if not chosen:
        return [()] * width
    whole = len(chosen) == chosen[-1] - chosen[0] + 1
    picked = rows[chosen[0] : chosen[-1] + 1] if whole else [rows[i] for i in chosen]
    shortest = min(map(len, picked))
    if shortest < width:
        picked = [row if len(row) >= width else row + [""] * (width - len(row)) for row in picked]
    return list(zip(*picked, strict=False))[:width]


def _report_cells(sheet: SheetData, grid: Grid, fields: Mapping[str, Field]) -> None:
    """Name hidden rows that were read, error cells, and formulas the file holds no result of."""
    rows = set(sheet.rows)
    report = sheet.problems.append
    for row in grid.hidden_rows:
        if row + 1 in rows:
            message = "这一行在表格里是隐藏的，也已读入。如果不该导入，请取消隐藏后删除这一行。"
            report(LocatedFinding(sheet.sheet, row + 1, "", Finding("ROW_HIDDEN", Level.WARNING, "", message)))
    at = {index_of(column.letter): column for column in sheet.columns if column.field}
    for (row, place), text in grid.errors.items():
        if row + 1 in rows and place in at:
            key = at[place].field or ""
            message = f"{fields[key].label}这一格是公式错误 {text}，没有内容。请在表格里改正公式或直接填写。"
            report(_located(sheet, row, place, Finding("CELL_ERROR", Level.ERROR, key, message, text)))
    for row, place in grid.unsaved:
        if row + 1 in rows and place in at:
            key = at[place].field or ""
            message = f"{fields[key].label}这一格是公式，但文件里没有存下结果。请用 Excel 打开、保存一次，或直接填写。"
            report(_located(sheet, row, place, Finding("FORMULA_WITHOUT_VALUE", Level.WARNING, key, message)))


def _located(sheet: SheetData, row: int, place: int, finding: Finding) -> LocatedFinding:
    return LocatedFinding(sheet.sheet, row + 1, letter_of(place), finding)
