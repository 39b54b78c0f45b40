"""The zip package of an xlsx: inflated once within limits, looked at, and handed on as a clean package.

calamine inflates without limits and takes memory for the whole rectangle of used cells; it says nothing of hidden
rows, errors and formulas without a result. So every part it gets was bounded, searched for document types and
measured here. Storing the inflated parts again costs no time: calamine then has nothing to inflate.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from xml.etree import ElementTree

from models.domain.errors import FileRefusedError
from models.exchange.sheets import MAX_COLUMNS, MAX_EXPANDED, MAX_ROWS, index_of, letter_of

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_MAIN = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_STRICT_REL_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_DAMAGED = "这个 Excel 文件已损坏或没有传完整，打不开。请向对方重新索取，或用 Excel 打开并修复后另存。"
_BOMB = "这个文件展开后大得不正常，像是有意做坏的，已拒绝读取。请向对方核实来源。"
_KEPT = re.compile(r"(?i)^(\[content_types\]\.xml|_rels/\.rels|xl/[^/]+\.xml|xl/_rels/workbook\.xml\.rels)$")

_CELL_REF = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ROW_REF = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="([0-9]{1,7})"')
_HIDDEN = re.compile(rb"<(?:\w+:)?row\b[^>]*\bhidden=\"(?:1|true)\"")
_ERROR = re.compile(rb'<(?:\w+:)?c\b[^>]*?\bt="e"[^>]*>.*?<(?:\w+:)?v>([^<]*)', re.DOTALL)
_UNSAVED = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)


@dataclass
class SheetFacts:
    """What the XML of a sheet says that calamine does not; rows and columns from 0."""

    hidden_rows: list[int] = field(default_factory=list)
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    unsaved: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Package:
    """A clean package for calamine, with the facts of each visible sheet by its name."""

    stream: io.BytesIO
    facts: dict[str, SheetFacts]
    epoch1904: bool


def open_package(data: bytes) -> Package:
    """Read the zip `data` of an xlsx. Raises FileRefusedError for damaged, encrypted, hostile or too large files."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            _check_directory(source)
            return _rebuild(source)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, NotImplementedError, ValueError):
        raise FileRefusedError(_DAMAGED) from None
    except RuntimeError:  # zipfile: the entry is encrypted
        raise FileRefusedError("这个压缩的表格设了密码，读不了。请去掉密码后重新保存，再导入。") from None
    except ElementTree.ParseError:
        raise FileRefusedError(_DAMAGED) from None


def _check_directory(source: zipfile.ZipFile) -> None:
    entries = source.infolist()
    expanded = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > 10_000 or expanded > MAX_EXPANDED or (expanded > 50_000_000 and expanded > 250 * packed):
        raise FileRefusedError(_BOMB)


def _part(source: zipfile.ZipFile, name: str) -> bytes:
    """The inflated part, never more than its directory entry says. Raises FileRefusedError for document types."""
    entry = source.getinfo(name)
    with source.open(entry) as stream:
        data = stream.read(entry.file_size + 1)
    if len(data) > entry.file_size:
        raise FileRefusedError(_BOMB)
    if b"<!DOCTYPE" in data[:65536] or b"<!ENTITY" in data[:65536]:
        raise FileRefusedError("文件里带有外部引用（DTD 实体），正常的表格不会有，已拒绝读取。请向对方核实来源。")
    return data


def _rebuild(source: zipfile.ZipFile) -> Package:
    names = {name.replace("\\", "/").lower().lstrip("/"): name for name in source.namelist()}
    book = ElementTree.fromstring(_part(source, names["xl/workbook.xml"]))
    targets = _targets(source, names)
    properties = next((node for node in book if node.tag.endswith("}workbookPr")), None)
    epoch1904 = properties is not None and properties.get("date1904", "") in ("1", "true")
    stream, facts = io.BytesIO(), {}
    with zipfile.ZipFile(stream, "w") as clean:
        for lowered, name in names.items():
            if _KEPT.match(lowered):
                clean.writestr(name.replace("\\", "/").lstrip("/"), _part(source, name))
        for sheet in book.iter():
            if not sheet.tag.endswith("}sheet"):
                continue
            target = targets.get(sheet.get(_REL_ID) or sheet.get(_STRICT_REL_ID) or "", "")
            name = names.get(target.lower(), "")
            if name and sheet.get("state", "visible") == "visible" and "worksheets" in target.lower():
                data = _part(source, name)
                facts[sheet.get("name", "")] = sheet_facts(data, sheet.get("name", ""))
                clean.writestr(target, data)
    stream.seek(0)
    return Package(stream, facts, epoch1904)


def _targets(source: zipfile.ZipFile, names: dict[str, str]) -> dict[str, str]:
    """Relation id -> path inside the package."""
    relations = ElementTree.fromstring(_part(source, names["xl/_rels/workbook.xml.rels"]))
    return {
        node.get("Id", ""): posixpath.normpath(posixpath.join("/xl", node.get("Target", ""))).lstrip("/")
        for node in relations
    }


def sheet_facts(xml: bytes, sheet: str) -> SheetFacts:
    """Look through the XML of a sheet, row by row. Raises FileRefusedError when it is too long or too wide."""
    facts = SheetFacts()
    prefix = re.search(rb"<(\w+:)?worksheet\b", xml[:4096])
    p = (prefix[1] or b"") if prefix else b""
    end_row, end_cell, cell = b"</" + p + b"row>", b"</" + p + b"c>", b"<" + p + b"c "
    rows = xml.split(end_row)
    has_hidden, has_error = b'hidden="' in xml, b't="e"' in xml
    has_formula = b"<" + p + b"f" in xml
    widest = last_row = 0
    for number, row in enumerate(rows):
        end = row.rfind(end_cell)
        if end < 0:
            continue
        start = row.rfind(cell, 0, end)
        place = _CELL_REF.search(row, start, end)
        column, index = (index_of(place[1].decode()), int(place[2]) - 1) if place else (row.count(end_cell) - 1, number)
        if column >= MAX_COLUMNS:
            raise FileRefusedError(
                f"工作表“{sheet}”第 {index + 1} 行一直写到 {letter_of(column)} 列，超过 {MAX_COLUMNS} 列。"
                "请删掉表格右边多余的内容后重新保存。"
            )
        last_row = max(last_row, index)
        widest = max(widest, column)
        if has_hidden and _HIDDEN.search(row, 0, max(start, 0) + 1):
            facts.hidden_rows.append(index)
        if has_error and b't="e"' in row:
            facts.errors.update(_errors(row))
        if has_formula and b"<" + p + b"f" in row:
            facts.unsaved.extend(_unsaved(row))
    if last_row >= MAX_ROWS:
        raise FileRefusedError(
            f"工作表“{sheet}”写到了第 {last_row + 1} 行，超过 {MAX_ROWS} 行。"
            "请分成几个文件，或删掉下面多余的内容后重新保存。"
        )
    return facts


def _errors(row: bytes) -> dict[tuple[int, int], str]:
    found = {}
    for match in _ERROR.finditer(row):
        if place := _CELL_REF.search(match[0]):
            found[int(place[2]) - 1, index_of(place[1].decode())] = match[1].decode("utf-8", "replace")
    return found


def _unsaved(row: bytes) -> list[tuple[int, int]]:
    places = (_CELL_REF.search(match[1]) for match in _UNSAVED.finditer(row))
    return [(int(place[2]) - 1, index_of(place[1].decode())) for place in places if place]
