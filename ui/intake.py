"""Which page takes a file that was dropped on the window or opened with Ctrl+O, and what to say when none does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from models.domain.errors import system_sentence

SPREADSHEETS = frozenset({".xlsx", ".xls", ".xlsm", ".csv", ".ods", ".et", ".txt"})
SIGNED = ".rollbook"
TAKE_TABLES = frozenset({"inspections"})
"""Pages that take a spreadsheet themselves while they are in front."""
WORD = frozenset({".doc", ".docx", ".wps", ".rtf", ".odt"})
SLIDES = frozenset({".ppt", ".pptx", ".dps"})
ARCHIVES = frozenset({".zip", ".rar", ".7z"})
_START = 8
_PART = b"ROLLPART"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Route:
    """The key of the page that takes a file, or (`page` empty) the sentence that says why none does."""

    page: str
    sentence: str = ""


def route(path: Path, shown: str) -> Route:
    """Where a file goes, by what is in it; `shown` is the page in front, which may take evidence.

    Reads the file, so not in the window's thread. Raises what `page_for_signed` raises.
    """
    name, ending = path.name, path.suffix.lower()
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as source:
            start = source.read(_START)
    except OSError as error:
        return Route("", f"打不开“{name}”：{system_sentence(error)}")
    if not start:
        return Route("", f"“{name}”是空文件（0 字节），多半没有复制完整。请从原处重新复制一份。")
    if ending == SIGNED or start.startswith((b"RBBACKUP", _PART)):
        return Route(page_for_signed(path))
    return _by_content(path, start, shown)


def _folder(path: Path) -> Route:
    """A folder with signed files or parts of a mail is received as a whole."""
    from sync.transport.watching import files_in

    for file, _ in files_in(path):
        with suppress(OSError), file.open("rb") as source:
            if source.read(_START) in (_PART, b"ROLLBOOK"):
                return Route("packages")
    return Route("", f"文件夹“{path.name}”里没有数据包、回执或邮件分卷。请打开里面的文件。")


def _by_content(path: Path, start: bytes, shown: str) -> Route:
    name, ending = path.name, path.suffix.lower()
    if start.startswith((b"%PDF-", b"\xff\xd8\xff", b"\x89PNG")):
        if shown == "filing" and start.startswith(b"%PDF-"):  # its signature is looked at there
            return Route(shown)
        what = "PDF 文件" if start.startswith(b"%PDF-") else "图片"
        words = f"“{name}”是{what}，只能作为证明材料。请在变更中添加；要导入名册，请打开原来的表格（xlsx、xls、csv）。"
        return Route(shown) if shown in ("changes", "review", "accounts") else Route("", words)
    kind = _zip_kind(path) if start.startswith(b"PK") else ""
    if kind == "word" or (not kind and ending in WORD):
        return Route("", f"“{name}”是文字文档（Word、WPS）。请把其中的表格复制到 Excel，另存为 xlsx 后再打开。")
    if kind == "slides" or ending in SLIDES:
        return Route("", f"“{name}”是演示文稿，里面没有可以导入的名册。请打开名册表格（xlsx、xls、csv）。")
    if kind == "archive" or (not kind and ending in ARCHIVES):
        return Route("", f"“{name}”是压缩文件。请先解压，再打开里面的文件。")
    if ending in SPREADSHEETS or kind == "table" or start == _OLE:
        return Route(shown if shown in TAKE_TABLES else "import")
    return Route("", f"“{name}”不是名册能打开的文件。可以打开表格（xlsx、xls、csv）、数据包和回执（.rollbook）。")


def _zip_kind(path: Path) -> str:
    """What a zip file holds; "table" also when it is damaged, since the import says so best."""
    import zipfile  # not needed before the first window

    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            sort = packed.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, KeyError, RuntimeError, NotImplementedError):
        return "table" if path.suffix.lower() in SPREADSHEETS else "archive"
    for folder, kind in (("xl/", "table"), ("word/", "word"), ("ppt/", "slides")):
        if any(name.startswith(folder) for name in names):
            return kind
    if b"opendocument" in sort:
        return "table" if b"spreadsheet" in sort else "word"
    return "archive"


def page_for_signed(path: Path) -> str:
    """The key of the page for a signed file, by what it says it is; reads the file, so not in the window's thread."""
    from sync.formats import PAIRING_KINDS, FileKind, sniff

    kind = sniff(path)
    if kind is FileKind.BACKUP:
        return "backup"
    settings = (FileKind.ENROLMENT_REQUEST, FileKind.ENROLMENT_REPLY, *PAIRING_KINDS)
    return "settings" if kind in settings else "packages"
