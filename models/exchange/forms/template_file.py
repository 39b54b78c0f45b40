"""The upper tier's own xlsx, looked at before openpyxl opens it: nothing hostile, nothing that takes all memory."""

from __future__ import annotations

import io
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final
from xml.etree.ElementTree import Element, ParseError

from models.domain.errors import FileRefusedError, system_sentence
from models.exchange.bounds import rectangle
from models.exchange.package import inflated_part, open_package, plain_tree
from models.exchange.sheets import index_of
from models.exchange.sniffing import sniff

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_LARGEST: Final = 10_000_000
_MOST_PARTS: Final = 1000
_MOST_EXPANDED: Final = 60_000_000
_MOST_CELLS: Final = 1_000_000
_MOST_LAID_OUT: Final = 300_000
"""Cells of a sheet up to its last one, be it only formatted."""
_MOST_COVERED: Final = 100_000
"""Cells that merged ranges and links cover: openpyxl makes an object for each."""
_DAMAGED: Final = "这个模板已损坏，打不开。请用 Excel 打开并修复后另存，或请上级重新发送。"
_OVERSIZED: Final = "这个模板大得不正常，不像一张备案表，没有打开。请删掉多余的工作表和内容后另存，或请上级核实。"
_NOT_XLSX: Final = "模板要用“Excel 工作簿（.xlsx）”格式。请用 Excel 或 WPS 打开后另存为 .xlsx，再选择它。"
_PROHIBITED: Final = (
    (r"vbaproject|/macrosheets/|/dialogsheets/|/activex/", "宏或控件"),
    (r"/externallinks/|/connections\.xml|/querytables/", "指向别的文件或数据库的链接"),
    (r"/embeddings/", "嵌入的别的文件"),
)
_LOST: Final = (
    (r"/ctrlprops/|/slicers/|/threadedcomments/", "表单控件、切片器或会话批注"),
    (r"/charts/", "图表（样式可能有变化）"),
)
_SHAPE = re.compile(rb"<(?:\w+:)?(?:sp|cxnSp|grpSp)\b")
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def open_template(path: Path) -> tuple[Workbook, list[str]]:
    """The workbook at `path`, and what of it cannot be kept (Chinese phrases).

    Raises FileRefusedError, with what is wrong, for anything that is not a plain xlsx of reasonable size.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise FileRefusedError(system_sentence(error)) from None
    if len(data) > _LARGEST:
        raise FileRefusedError(_OVERSIZED)
    if sniff(data) != "xlsx":
        raise FileRefusedError(_NOT_XLSX)
    lost = _looked_through(data)
    open_package(data)
    return _opened(data, lost), lost


def _looked_through(data: bytes) -> list[str]:
    lost: dict[str, None] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            entries = [entry for entry in source.infolist() if not entry.is_dir()]
            if len(entries) > _MOST_PARTS or sum(entry.file_size for entry in entries) > _MOST_EXPANDED:
                raise FileRefusedError(_OVERSIZED)
            if len({entry.filename for entry in entries}) < len(entries):
                raise FileRefusedError(_DAMAGED)
            for entry in entries:
                name = "/" + entry.filename.replace("\\", "/").lower()
                _check_part(name, inflated_part(data, entry), lost)
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, NotImplementedError, ValueError, ParseError):
        raise FileRefusedError(_DAMAGED) from None
    return list(lost)


def _check_part(name: str, part: bytes, lost: dict[str, None]) -> None:
    for pattern, what in _PROHIBITED:
        if re.search(pattern, name):
            raise FileRefusedError(f"模板里有{what}，没有打开它。请在 Excel 里去掉后另存为 .xlsx，或请上级核实。")
    lost.update((what, None) for pattern, what in _LOST if re.search(pattern, name))
    if name.startswith("/xl/media/") and not part.startswith(_PICTURES):
        raise FileRefusedError("模板里的图片不是 PNG 或 JPG，没有打开它。请删掉这张图片后另存，再选择模板。")
    if name.endswith((".xml", ".rels")):
        tree = plain_tree(part)
        if name == "/[content_types].xml" and b"macroenabled" in part.lower():
            raise FileRefusedError(f"模板里有宏，没有打开它。{_NOT_XLSX}")
        if name.endswith(".rels"):
            _check_relations(tree)
        if name.startswith("/xl/worksheets/"):
            _check_sheet(part, tree)
        if name.startswith("/xl/drawings/") and _SHAPE.search(part):
            lost["文本框、线条等图形"] = None


def _check_relations(tree: Element) -> None:
    for node in tree:
        if node.get("TargetMode") == "External" and not node.get("Type", "").endswith("/hyperlink"):
            raise FileRefusedError("模板里有指向别处的链接，没有打开它。请在 Excel 里断开链接后另存，或请上级核实。")


def _check_sheet(part: bytes, tree: Element) -> None:
    covered = 0
    for node in tree.iter():
        if node.tag.endswith(("}mergeCell", "}hyperlink")):
            found = _RANGE.fullmatch(node.get("ref", "").replace("$", "").upper())
            if found is None:
                raise FileRefusedError(_DAMAGED)
            covered += _cells(found)
    if covered > _MOST_COVERED or rectangle(part) > _MOST_CELLS:
        raise FileRefusedError(_OVERSIZED)


def _cells(found: re.Match[str]) -> int:
    left, top, right, bottom = found.groups()
    if right is None:
        return 1
    return (abs(index_of(right) - index_of(left)) + 1) * (abs(int(bottom) - int(top)) + 1)


def _opened(data: bytes, lost: list[str]) -> Workbook:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always")
            book = load_workbook(io.BytesIO(data), keep_links=False, rich_text=True)
    except (InvalidFileException, zipfile.BadZipFile, zlib.error, SyntaxError, ArithmeticError):  # SyntaxError: XML
        raise FileRefusedError(_DAMAGED) from None
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError, OSError):
        raise FileRefusedError(_DAMAGED) from None
    if any(sheet.max_row * sheet.max_column > _MOST_LAID_OUT for sheet in book.worksheets):
        raise FileRefusedError(_OVERSIZED)
    if any(issubclass(one.category, UserWarning) for one in noted):
        lost.append("Excel 的扩展功能（如扩展的下拉列表、条件格式）")
    return book
