"""What a file is, told by its bytes and never by its name."""

from __future__ import annotations

import codecs
import io
import re
import zipfile

from models.domain.errors import FileRefusedError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_RESAVE = "请用 Excel 或 WPS 打开后另存为“Excel 工作簿（.xlsx）”再导入。"

_NOT_TABLES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "PDF 文件"),
    (b"\x89PNG", "图片（PNG）"),
    (b"\xff\xd8\xff", "图片（JPG）"),
    (b"GIF8", "图片（GIF）"),
    (b"BM", "图片（BMP）"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x1f\x8b", "GZ 压缩包"),
    (b"{\\rtf", "写字板文档（RTF）"),
    (b"MZ", "程序文件"),
)
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def sniff(data: bytes) -> str:
    """The format of a spreadsheet: xlsx, xls, html, xml (XML spreadsheet 2003) or csv.

    Raises FileRefusedError, with what the file is instead, for anything else.
    """
    if not data.strip(b"\0 \t\r\n"):
        raise FileRefusedError("文件是空的，没有任何内容。请确认选对了文件，或请对方重新发送。")
    if data.startswith(b"PK"):
        return _zip_format(data)
    if data.startswith(_OLE):
        return _ole_format(data)
    for magic, what in _NOT_TABLES:
        if data.startswith(magic):
            raise FileRefusedError(f"这是{what}，不是表格，只是文件名像表格。请选择 Excel 或 CSV 表格文件。")
    return _text_format(data)


def _zip_format(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = {name.replace("\\", "/").lower() for name in package.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise FileRefusedError(
            "这个 Excel 文件已损坏或没有传完整，打不开。请向对方重新索取，或换一个 U 盘再拷。"
        ) from None
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise FileRefusedError(f"这是 Excel 二进制工作簿（xlsb），不能直接读取。{_RESAVE}")
    if "word/document.xml" in names:
        raise FileRefusedError("这是 Word 文档，不是表格。请把其中的表格复制到 Excel 后保存，再导入。")
    if "ppt/presentation.xml" in names:
        raise FileRefusedError("这是演示文稿，不是表格。请选择 Excel 或 CSV 表格文件。")
    if "content.xml" in names:
        raise FileRefusedError(f"这是 OpenDocument 表格，不能直接读取。{_RESAVE}")
    raise FileRefusedError("这是压缩包或别的文件，不是表格。如果是压缩包，请先解压，再选择里面的表格。")


def _ole_format(data: bytes) -> str:
    def holds(stream: str) -> bool:
        return stream.encode("utf-16-le") in data

    if holds("EncryptedPackage"):
        raise FileRefusedError("这个表格设了打开密码，读不了。请用 Excel 或 WPS 输入密码打开，去掉密码后另存，再导入。")
    if holds("Workbook") or holds("Book"):
        return "xls"
    if holds("WordDocument"):
        raise FileRefusedError("这是 Word 文档，不是表格。请把其中的表格复制到 Excel 后保存，再导入。")
    raise FileRefusedError(f"这不是表格文件，或者文件已损坏。如果它能用 Excel 打开，{_RESAVE}")


def _text_format(data: bytes) -> str:
    head = decode(data[:4096], partial=True).lstrip("\ufeff \t\r\n").lower()
    if head.startswith("mime-version"):
        raise FileRefusedError(f"这是网页归档文件，不能直接读取。{_RESAVE}")
    if not head.startswith("<"):
        return "csv"
    if "urn:schemas-microsoft-com:office:spreadsheet" in head and "<workbook" in head:
        return "xml"
    return "html"


def decode(data: bytes, partial: bool = False) -> str:
    """The text of `data` in the encoding it shows: BOM, UTF-8, UTF-16 without BOM, else GB 18030.

    GB 18030 because the codec gb2312 turns the middle dot A1A4 into U+30FB. `partial`: the end may be cut off.
    Raises FileRefusedError for bytes that are no text.
    """
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), "") or _guess(data)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        text = decoder.decode(data, final=not partial)
    except UnicodeDecodeError:
        text = _forgiving(data, encoding)
    if "\0" in text:
        raise FileRefusedError("这不是表格文件（内容是二进制数据），或者文件已损坏。请选择 Excel 或 CSV 表格文件。")
    return text


def _guess(data: bytes) -> str:
    sample = data[:4096]
    if sample.count(0) > len(sample) // 5:
        return "utf-16-le" if sample[1::2].count(0) >= sample[::2].count(0) else "utf-16-be"
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", sample)
    if declared and declared[1].lower() in (b"gbk", b"gb2312", b"gb18030"):
        return "gb18030"
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(data, final=False)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _forgiving(data: bytes, encoding: str) -> str:
    """Text with U+FFFD where bytes are damaged, unless there are too many for a text file."""
    text = data.decode(encoding, "replace")
    if text.count("\ufffd") > max(3, len(text) // 100):
        raise FileRefusedError("文件里的文字读不出来（编码不明或文件损坏）。请用 Excel 打开后另存为 .xlsx 再导入。")
    return text
