"""The zip package of an xlsx, looked at before any reader opens it.

calamine inflates without limits and takes memory for the whole rectangle of used cells; it says nothing of hidden
rows, errors and formulas without a result. So every part it will open is inflated here within its limit, searched
for document types and measured. Since the XML is at hand then, plain sheets are read from it at once.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from xml.etree import ElementTree

from models.domain.errors import FileRefusedError
from models.exchange.bounds import MAX_CELLS, rectangle
from models.exchange.dates import EPOCH_1900, EPOCH_1904
from models.exchange.plain_sheet import merges_of, plain_rows, read_styles, shared_strings
from models.exchange.sheets import MAX_COLUMNS, MAX_EXPANDED, MAX_ROWS, Cell, Merge, index_of

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_MAIN = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_STRICT_REL_ID = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_DAMAGED = "这个 Excel 文件已损坏或没有传完整，打不开。请向对方重新索取，或用 Excel 打开并修复后另存。"
_BOMB = "这个文件展开后大得不正常，像是有意做坏的，已拒绝读取。请向对方核实来源。"
_HOSTILE = "文件里带有外部引用（DTD 实体），正常的表格不会有，已拒绝读取。请向对方核实来源。"
_KEPT = re.compile(r"(?i)^(\[content_types\]\.xml|_rels/\.rels|xl/[^/]+\.xml|xl/_rels/workbook\.xml\.rels)$")

_PREFIX = re.compile(rb"<(\w+:)?worksheet\b")
_CELL_REF = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_VALUELESS = re.compile(rb"<(?:\w+:)?c\b[^<>]*></(?:\w+:)?c>")
"""A cell with a format and nothing else, as openpyxl writes it where lxml is installed; calamine leaves it out."""
_ERROR = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\bt="e"[^>]*>(?:<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?<(?:\w+:)?v>([^<]*)'
)
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
class PackagedSheet:
    """A visible sheet; `rows` and `merges` when it is plain, `rows` None when calamine has to read it."""

    name: str
    facts: SheetFacts
    rows: list[list[Cell]] | None
    merges: list[Merge]


@dataclass
class Package:
    """What an xlsx holds; every part a reader will open was inflated once, within its limit."""

    sheets: list[PackagedSheet]
    hidden: list[str]
    epoch1904: bool


def open_package(data: bytes) -> Package:
    """Read the zip `data` of an xlsx. Raises FileRefusedError for damaged, encrypted, hostile or too large files."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as source:
            _check_directory(source)
            return _look(data, source)
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, KeyError, NotImplementedError, ValueError):
        raise FileRefusedError(_DAMAGED) from None
    except (ElementTree.ParseError, LookupError):  # LookupError: an encoding that does not exist
        raise FileRefusedError(_DAMAGED) from None


def _check_directory(source: zipfile.ZipFile) -> None:
    entries = source.infolist()
    expanded = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if len(entries) > 10_000 or expanded > MAX_EXPANDED or (expanded > 50_000_000 and expanded > 250 * packed):
        raise FileRefusedError(_BOMB)


def inflated_part(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The inflated part, never more than its directory entry says; calamine verifies the checksum.

    Raises FileRefusedError for parts that lie about their size and for document types.
    """
    if entry.flag_bits & 1:
        raise FileRefusedError("这个压缩的表格设了密码，读不了。请去掉密码后重新保存，再导入。")
    name_size, extra_size = struct.unpack_from("<HH", data, entry.header_offset + 26)
    start = entry.header_offset + 30 + name_size + extra_size
    packed = data[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        part = packed
    elif entry.compress_type == zipfile.ZIP_DEFLATED:
        part = zlib.decompressobj(-15).decompress(packed, entry.file_size + 1)
    else:
        raise FileRefusedError(_DAMAGED)
    if len(part) != entry.file_size:
        raise FileRefusedError(_BOMB if len(part) > entry.file_size else _DAMAGED)
    if b"<!DOCTYPE" in part[:65536] or b"<!ENTITY" in part[:65536]:
        raise FileRefusedError(_HOSTILE)
    return part


def plain_tree(part: bytes) -> ElementTree.Element:
    """A small part as a tree, without document types in any encoding. Raises FileRefusedError, ParseError."""
    if b"<!" in part.replace(b"<!--", b"") or b"\0" in part:
        raise FileRefusedError(_HOSTILE)
    try:
        return ElementTree.fromstring(part)
    except (LookupError, ValueError) as error:  # an encoding that does not exist, or of several bytes a character
        raise ElementTree.ParseError(str(error)) from None


def _look(data: bytes, source: zipfile.ZipFile) -> Package:
    entries = {entry.filename.replace("\\", "/").lower().lstrip("/"): entry for entry in source.infolist()}
    parts = {name: inflated_part(data, entry) for name, entry in entries.items() if _KEPT.match(name)}
    book, relations = plain_tree(parts["xl/workbook.xml"]), plain_tree(parts["xl/_rels/workbook.xml.rels"])
    targets = _targets(relations)
    properties = next((node for node in book if node.tag.endswith("}workbookPr")), None)
    epoch1904 = properties is not None and properties.get("date1904", "") in ("1", "true")
    strings = shared_strings(parts.pop("xl/sharedstrings.xml", b""))
    styles = read_styles(parts.pop("xl/styles.xml", b""), EPOCH_1904 if epoch1904 else EPOCH_1900)
    package = Package([], [], epoch1904)
    for sheet in book.iter():
        target = targets.get(sheet.get(_REL_ID) or sheet.get(_STRICT_REL_ID) or "", "").lower()
        if not sheet.tag.endswith("}sheet") or "worksheets" not in target or target not in entries:
            continue
        name = sheet.get("name", "")
        if sheet.get("state", "visible") != "visible":
            package.hidden.append(name)
            continue
        xml = inflated_part(data, entries[target])
        facts, spans = look_through(xml, name)
        rows = plain_rows(xml, spans, strings, styles) if strings is not None else None
        if rows is None and rectangle(_VALUELESS.sub(b"", xml)) > MAX_CELLS:
            raise FileRefusedError(_BOMB)
        package.sheets.append(PackagedSheet(name, facts, rows, merges_of(xml)))
    return package


def _targets(relations: ElementTree.Element) -> dict[str, str]:
    """Relation id -> path inside the package."""
    return {
        node.get("Id", ""): posixpath.normpath(posixpath.join("/xl", node.get("Target", ""))).lstrip("/")
        for node in relations
    }


def look_through(xml: bytes, sheet: str) -> tuple[SheetFacts, list[tuple[int, int, int]]]:
    """The facts of a sheet and (row number from 0, start, end) of its rows in `xml`.

    Raises FileRefusedError when it is too long, too wide, or out of order.
    """
    facts, spans = SheetFacts(), list[tuple[int, int, int]]()
    found = _PREFIX.search(xml, 0, 4096)
    prefix = (found[1] or b"") if found else b""
    start_row, end_row = b"<" + prefix + b"row", b"</" + prefix + b"row>"
    end_cell = b"</" + prefix + b"c>"
    has_error, has_formula = b't="e"' in xml, b"</" + prefix + b"f>" in xml
    position, number = 0, -1
    while (end := xml.find(end_row, position)) >= 0:
        start = xml.find(start_row, position, end)
        head = xml[start : xml.find(b">", start, end)]
        while head.endswith(b"/"):  # an empty row before this one
            start = xml.find(start_row, start + len(head), end)
            head = xml[start : xml.find(b">", start, end)]
        number = _row_number(head, number)
        if number >= MAX_ROWS and end_cell in _VALUELESS.sub(b"", xml[start:end]):
            raise FileRefusedError(
                f"工作表“{sheet}”写到了第 {number + 1} 行，超过 {MAX_ROWS} 行。"
                "请分成几个文件，或删掉下面多余的内容后重新保存。"
            )
        reference = xml.rfind(b' r="', start + len(head), end)
        letters = xml[reference + 4 : reference + 7]
        if reference >= 0 and letters >= b"SG" and not letters[1:2].isdigit():
            _check_width(_VALUELESS.sub(b"", xml[start:end]), prefix, sheet, number)
        if b"hidden" in head and (b'hidden="1"' in head or b'hidden="true"' in head):
            facts.hidden_rows.append(number)
        if has_error and xml.find(b't="e"', start, end) >= 0:
            facts.errors.update(_errors(xml[start:end]))
        if has_formula and xml.find(b"f>", start, end) >= 0:
            facts.unsaved.extend(_unsaved(xml[start:end]))
        spans.append((number, start, end))
        position = end + len(end_row)
    return facts, spans


def _row_number(head: bytes, before: int) -> int:
    """The number from 0 of the row whose tag is `head`; rows out of order would make calamine take all memory."""
    at = head.find(b' r="')
    number = int(head[at + 4 : head.find(b'"', at + 4)]) - 1 if at >= 0 else before + 1
    if number <= before:
        raise FileRefusedError(_DAMAGED)
    return number


def _check_width(row: bytes, prefix: bytes, sheet: str, number: int) -> None:
    """Refuse values beyond MAX_COLUMNS; cells that only carry a format may lie anywhere."""
    for cell in row.split(b"</" + prefix + b"c>")[:-1]:
        references = _CELL_REF.findall(cell)
        if references and index_of(references[-1][0].decode()) >= MAX_COLUMNS:
            raise FileRefusedError(
                f"工作表“{sheet}”第 {number + 1} 行一直写到 {references[-1][0].decode()} 列，超过 {MAX_COLUMNS} 列。"
                "请删掉表格右边多余的内容后重新保存。"
            )


def _errors(row: bytes) -> dict[tuple[int, int], str]:
    found = {}
    for match in _ERROR.finditer(row):
        if place := _CELL_REF.search(match[0]):
            found[int(place[2]) - 1, index_of(place[1].decode())] = match[1].decode("utf-8", "replace")
    return found


def _unsaved(row: bytes) -> list[tuple[int, int]]:
    places = (_CELL_REF.search(match[1]) for match in _UNSAVED.finditer(row))
    return [(int(place[2]) - 1, index_of(place[1].decode())) for place in places if place]
