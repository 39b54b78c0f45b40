"""Which fonts of this computer a PDF is set in, and which characters none of them has."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.domain.errors import UserError

if TYPE_CHECKING:
    from typst import FontInfo, Fonts

FAMILIES: Final = ("SimSun", "NSimSun", "FangSong", "Microsoft YaHei", "Noto Serif CJK SC", "Source Han Serif SC")
"""By preference: those of Windows, then the free ones; never shipped, since the first may not be passed on."""
MORE: Final = ("SimSun-ExtB", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei")
"""For rare characters, and where nothing better is installed."""
_NO_FONT: Final = (
    "这台电脑没有中文字体，不能生成 PDF。请安装宋体、仿宋或微软雅黑（Linux 上安装 fonts-noto-cjk），"
    "重新打开本程序后再试；在此之前可以先导出 Excel 表格。"
)


@cache
def installed() -> Fonts:
    """The fonts of this computer; looking for them takes a second, so it is done once."""
    from typst import Fonts

    return Fonts(include_system_fonts=True, include_embedded_fonts=False)


def families(fonts: Fonts) -> list[str]:
    """The families to set a document in, best first. Raises UserError when there is no Chinese font."""
    there = {name.lower(): name for name in fonts.families()}
    chosen = [there[name.lower()] for name in (*FAMILIES, *MORE) if name.lower() in there]
    if not chosen:
        raise UserError(_NO_FONT)
    return chosen


def not_shown(texts: Iterable[str], fonts: Fonts) -> list[str]:
    """The characters of `texts` that no font has, each once, in order of code: they would be printed as boxes."""
    wanted = {ord(char) for text in texts for char in text if not char.isspace()}
    preferred = {name: number for number, name in enumerate(families(fonts))}
    for font in sorted(fonts.fonts(), key=lambda one: (preferred.get(one.family, len(preferred)), one.family)):
        if not wanted:
            break
        wanted -= _covered(font, wanted)
    return [chr(code) for code in sorted(wanted)]


def _covered(font: FontInfo, wanted: Iterable[int]) -> set[int]:
    if font.path is None:
        return set()
    try:
        groups = _groups(font.path, font.index)
    except (OSError, struct.error, IndexError):
        return set()
    return {code for code in wanted if any(first <= code <= last for first, last in groups)}


@cache
def _groups(path: str, index: int) -> list[tuple[int, int]]:
    """Ranges of the characters a font has, from its table cmap (OpenType 1.9: formats 4 and 12)."""
    with Path(path).open("rb") as file:

        def read(at: int, length: int) -> bytes:
            file.seek(at)
            return file.read(length)

        start = struct.unpack(">I", read(12 + 4 * index, 4))[0] if read(0, 4) == b"ttcf" else 0
        count = struct.unpack(">H", read(start + 4, 2))[0]
        tables = {row[:4]: struct.unpack(">II", row[8:]) for row in _rows(read(start + 12, 16 * count), 16)}
        place, length = tables.get(b"cmap", (0, 0))
        cmap = read(place, length)
    found: list[tuple[int, int]] = []
    for row in _rows(cmap[4 : 4 + 8 * struct.unpack_from(">H", cmap, 2)[0]], 8):
        platform, _, at = struct.unpack(">HHI", row)
        if platform in (0, 3):
            found += _ranges(cmap[at:])
    return found


def _rows(table: bytes, width: int) -> list[bytes]:
    return [table[at : at + width] for at in range(0, len(table) - width + 1, width)]


def _ranges(table: bytes) -> list[tuple[int, int]]:
    kind = struct.unpack_from(">H", table)[0]
    if kind == 12:
        count = struct.unpack_from(">I", table, 12)[0]
        return [(first, last) for first, last, _ in struct.iter_unpack(">III", table[16 : 16 + 12 * count])]
    if kind != 4:
        return []
    size = struct.unpack_from(">H", table, 6)[0]
    ends = struct.unpack_from(f">{size // 2}H", table, 14)
    starts = struct.unpack_from(f">{size // 2}H", table, 16 + size)
    return [(first, last) for first, last in zip(starts, ends, strict=True) if first <= last < 0xFFFF]
