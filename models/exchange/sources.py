"""The sheets of a file, whatever its format: bytes in, grids out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from models.domain.errors import FileRefusedError
from models.domain.progress import Progress
from models.exchange.package import SheetFacts, open_package
from models.exchange.sheets import MAX_COLUMNS, Cell, Grid, Merge, Skipped
from models.exchange.sniffing import decode

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

_DATEMODE_1904 = b"\x22\x00\x02\x00\x01\x00"
_HIDDEN = "隐藏的工作表"


def read_grids(data: bytes, format_: str, name: str, progress: Progress) -> tuple[list[Grid], list[Skipped]]:
    """The visible sheets of a file of format `format_`, and what was left out.

    Raises FileRefusedError for files that are damaged, hostile, protected or too large.
    """
    if format_ in ("xlsx", "xls"):
        return _read_excel(data, format_, progress)
    # The other readers are loaded when such a file is met.
    if format_ == "csv":
        from models.exchange.delimited import read_delimited

        return [read_delimited(decode(data), name)], []
    from models.exchange.markup import read_html, read_xml

    if format_ == "html":
        return read_html(decode(data)), []
    grids, hidden = read_xml(decode(data))
    return grids, [Skipped(sheet, 0, _HIDDEN) for sheet in hidden]


def _read_excel(data: bytes, format_: str, progress: Progress) -> tuple[list[Grid], list[Skipped]]:
    if format_ == "xls":
        return _read_by_calamine(data, {}, progress, epoch1904=_DATEMODE_1904 in data[:65536])
    package = open_package(data)
    if any(sheet.rows is None for sheet in package.sheets):
        facts = {sheet.name: sheet.facts for sheet in package.sheets}
        return _read_by_calamine(data, facts, progress, package.epoch1904)
    grids = [
        Grid(s.name, s.rows or [], s.merges, s.facts.hidden_rows, s.facts.errors, s.facts.unsaved, package.epoch1904)
        for s in package.sheets
    ]
    return grids, [Skipped(name, 0, _HIDDEN) for name in package.hidden]


def _read_by_calamine(
    data: bytes, facts: dict[str, SheetFacts], progress: Progress, epoch1904: bool
) -> tuple[list[Grid], list[Skipped]]:
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    grids, skipped = [], []
    try:
        book = CalamineWorkbook.from_object(io.BytesIO(data))
        sheets = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
        for number, meta in enumerate(sheets):
            progress.report(number, len(sheets), "读取工作表")
            if meta.visible != SheetVisibleEnum.Visible:
                skipped.append(Skipped(meta.name, 0, _HIDDEN))
            else:
                grids.append(_grid(book.get_sheet_by_name(meta.name), facts.get(meta.name, SheetFacts()), epoch1904))
    except (CalamineError, ValueError, OSError) as error:
        raise _refusal(error) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a fault inside calamine, met with damaged files
            raise
        raise _refusal(None) from None
    return grids, skipped


def _grid(sheet: CalamineSheet, facts: SheetFacts, epoch1904: bool) -> Grid:
    if sheet.total_width > MAX_COLUMNS:
        raise FileRefusedError(f"工作表“{sheet.name}”超过 {MAX_COLUMNS} 列。请删掉表格右边多余的内容后重新保存。")
    rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)  # type: ignore[assignment]
    merges = [Merge(a[0], a[1], b[0], b[1]) for a, b in sheet.merged_cell_ranges or ()]
    return Grid(sheet.name, rows, merges, facts.hidden_rows, facts.errors, facts.unsaved, epoch1904)


def _refusal(error: Exception | None) -> FileRefusedError:
    if error is not None and "password" in str(error).lower():
        return FileRefusedError(
            "这个表格设了打开密码，读不了。请用 Excel 或 WPS 输入密码打开，去掉密码后另存，再导入。"
        )
    return FileRefusedError(
        "这个 Excel 文件已损坏或没有传完整，打不开。请向对方重新索取，或用 Excel 打开并修复后另存。"
    )
