"""Tables saved as web pages (.xls files that are HTML) and as XML spreadsheets (2003)."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any
from xml.parsers import expat

from models.domain.errors import FileRefusedError
from models.exchange.sheets import MAX_COLUMNS, MAX_ROWS, Grid, Merge

_SPACES = re.compile(r"[ \t\r\n\f]+")
_SS = "urn:schemas-microsoft-com:office:spreadsheet "


def _check_size(row: int, column: int) -> None:
    if row >= MAX_ROWS or column >= MAX_COLUMNS:
        raise FileRefusedError(
            f"表格写到了第 {row + 1} 行、第 {column + 1} 列，超过 {MAX_ROWS} 行或 {MAX_COLUMNS} 列。"
            "请分成几个文件再导入。"
        )


def _number(value: str | None, default: int) -> int:
    return int(value) if value and value.isdecimal() and len(value) < 8 else default


class _Cells:
    """Builds a grid cell by cell, filling what spans over columns and rows."""

    def __init__(self, name: str) -> None:
        self.grid = Grid(name, [])
        self._covered: dict[tuple[int, int], bool] = {}
        self.row = -1
        self.column = 0

    def start_row(self, index: int | None = None, hidden: bool = False) -> None:
        self.row = self.row + 1 if index is None else max(self.row + 1, index)
        _check_size(self.row, 0)
        self.column = 0
        self.grid.rows.extend([] for _ in range(self.row + 1 - len(self.grid.rows)))
        if hidden:
            self.grid.hidden_rows.append(self.row)

    def put(self, value: object, across: int = 0, down: int = 0, index: int | None = None) -> None:
        """Put a cell; `across`, `down`: how many further columns and rows it covers."""
        if self.row < 0:
            self.start_row()
        self.column = self.column if index is None else max(self.column, index)
        while self._covered.pop((self.row, self.column), False):
            self.column += 1
        _check_size(self.row, self.column + across)
        cells = self.grid.rows[self.row]
        cells.extend([""] * (self.column + across + 1 - len(cells)))
        cells[self.column] = value
        if across or down:
            self.grid.merges.append(Merge(self.row, self.column, self.row + down, self.column + across))
        for below in range(1, min(down, 20) + 1):
            for beside in range(across + 1):
                self._covered[self.row + below, self.column + beside] = True
        self.column += across + 1


class _Html(HTMLParser):
    """Collects the outermost tables; a nested table counts as text of its cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Cells] = []
        self._depth = 0
        self._text: list[str] | None = None
        self._span = (0, 0)
        self._mute = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "table":
            self._depth += 1
            if self._depth == 1:
                self.tables.append(_Cells(f"表{len(self.tables) + 1}"))
        elif self._depth == 1 and tag == "tr":
            self._close()
            style = _SPACES.sub("", values.get("style") or "").lower()
            self.tables[-1].start_row(hidden="display:none" in style)
        elif self._depth == 1 and tag in ("td", "th"):
            self._close()
            self._text = []
            self._span = (_number(values.get("colspan"), 1) - 1, _number(values.get("rowspan"), 1) - 1)
        elif tag == "br" and self._text is not None:
            self._text.append("\n")
        elif tag in ("script", "style"):
            self._mute = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._mute = False
        elif tag == "table" and self._depth:
            if self._depth == 1:
                self._close()
            self._depth -= 1
        elif tag in ("td", "th", "tr") and self._depth == 1:
            self._close()

    def handle_data(self, data: str) -> None:
        if self._text is not None and not self._mute:
            self._text.append(_SPACES.sub(" ", data))

    def _close(self) -> None:
        if self._text is not None:
            across, down = self._span
            self.tables[-1].put("".join(self._text).strip(), max(across, 0), max(down, 0))
            self._text = None


def read_html(text: str) -> list[Grid]:
    """The tables of a web page. Raises FileRefusedError when there is none or one is too large."""
    parser = _Html()
    try:
        parser.feed(text)
        parser.close()
    except AssertionError:  # how html.parser ends at a marked section it does not know: "<![..."
        raise FileRefusedError("这个网页格式的表格已损坏。请用 Excel 打开后另存为 .xlsx 再导入。") from None
    grids = [table.grid for table in parser.tables if table.grid.rows]
    if not grids:
        raise FileRefusedError("这是网页文件，里面没有表格。如果是从网站导出的，可能导出时没有登录，请重新导出。")
    return grids


class _Spreadsheet:
    """Handler of the XML spreadsheet format; ss:Index moves on, ss:Merge* spans."""

    def __init__(self) -> None:
        self.sheets: list[_Cells] = []
        self.hidden: list[str] = []
        self._text: list[str] | None = None
        self._cell: dict[str, str] = {}
        self._kind = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name, values = tag.rpartition(" ")[2], {k.rpartition(" ")[2]: v for k, v in attributes.items()}
        if name == "Worksheet":
            self.sheets.append(_Cells(values.get("Name", "")))
        elif not self.sheets:
            return
        elif name == "Row":
            index = _number(values.get("Index"), 0)
            self.sheets[-1].start_row(index - 1 if index else None, values.get("Hidden") == "1")
        elif name == "Cell":
            self._cell, self._text, self._kind = values, None, ""
        elif name == "Data":
            self._text, self._kind = [], values.get("Type", "")
        elif name == "Visible":
            self._text = []

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        name = tag.rpartition(" ")[2]
        if name == "Cell" and self.sheets:
            self._put("".join(self._text or ()))
            self._text = None
        elif name == "Visible" and self.sheets:
            if "".join(self._text or ()).strip() != "SheetVisible":
                self.hidden.append(self.sheets[-1].grid.name)
            self._text = None

    def _put(self, text: str) -> None:
        cells, values = self.sheets[-1], self._cell
        value: object = text
        if self._kind == "Number" and re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text.strip()):
            value = float(text)
        elif self._kind == "DateTime":
            value = text[:10]
        index = _number(values.get("Index"), 0)
        across, down = _number(values.get("MergeAcross"), 0), _number(values.get("MergeDown"), 0)
        cells.put("" if self._kind == "Error" else value, across, down, index - 1 if index else None)
        if self._kind == "Error":
            cells.grid.errors[cells.row, cells.column - across - 1] = text


def read_xml(text: str) -> tuple[list[Grid], list[str]]:
    """The visible sheets of an XML spreadsheet and the names of the hidden ones.

    Raises FileRefusedError for damaged XML, document types, and too large sheets.
    """

    def refuse(*_: Any) -> None:
        raise FileRefusedError("文件里带有外部引用（DTD 实体），正常的表格不会有，已拒绝读取。请向对方核实来源。")

    handler = _Spreadsheet()
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        raise FileRefusedError(
            "这个 XML 表格已损坏或没有传完整。请用 Excel 打开并修复后另存为 .xlsx 再导入。"
        ) from None
    grids = [cells.grid for cells in handler.sheets if cells.grid.name not in handler.hidden]
    return grids, handler.hidden
