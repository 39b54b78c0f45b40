"""A filing form as a PDF, and the stamp of an electronic signature, both set by typst (decision record 9).

Texts reach typst as JSON in `sys.inputs`; the markup is ours alone, in `resources/forms`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import resources
from models.domain.errors import UserError
from models.domain.forms import FormData
from models.domain.text import squeeze
from models.exchange.forms import fonts
from models.exchange.placing import PDF, place

STAMP_SIZE: Final = (345.0, 44.0)
"""Width and height of the stamp in points."""
STAMP_INSET: Final = (34.0, 12.0)
"""How far its right and lower edges are from those of the page: inside the bottom margin of our forms."""
_LONGEST: Final = 2000


@dataclass(frozen=True)
class Paper:
    """A PDF and what is to be told of it: characters that no font has, printed as boxes."""

    content: bytes
    not_shown: tuple[str, ...] = ()

    @property
    def remark(self) -> str:
        """A sentence on the characters that are not shown; "" for none."""
        if not self.not_shown:
            return ""
        named = "、".join(f"{char}（U+{ord(char):04X}）" for char in self.not_shown[:20])
        more = f"等 {len(self.not_shown)} 个字" if len(self.not_shown) > 20 else ""
        what_to_do = "请安装收全生僻字的字体，重新打开本程序后再生成。"
        return f"本机没有能显示这些字的字体，PDF 里印成了方框：{named}{more}。{what_to_do}"


def form_pdf(data: FormData) -> Paper:
    """`data` as PDF: A4 landscape, head repeated, page x of y. Raises UserError when there is no Chinese font."""
    form, footer = data.form, data.footer
    rows = [[_text(cell) for cell in data.cells(index)] for index in range(len(data.rows))]
    headline = [_text(part) for part in data.headline]
    foot = [_text(f"{field.label}：{footer[field.key]}") for field in form.footer]
    values = {
        "title": form.title,
        "annex": form.annex,
        "heading": f"{form.annex}　{form.title}",
        "headline": headline,
        "widths": [column.width for column in form.columns],
        "titles": [column.title for column in form.columns],
        "rows": rows,
        "footer": foot,
    }
    return typeset("forms/form.typ", values, [*headline, *foot, *(cell for row in rows for cell in row)])


def write_form_pdf(path: Path, data: FormData) -> Paper:
    """Write `data` as PDF to `path`; the file appears only when it is complete. Raises UserError."""
    paper = form_pdf(data)
    place(path, paper.content, PDF)
    return paper


def write_table_pdf(
    path: Path,
    title: str,
    headline: Sequence[str],
    columns: Sequence[tuple[str, int]],
    rows: Sequence[Sequence[str]],
    footer: Sequence[str],
) -> Paper:
    """Write a table as PDF to `path`, laid out like a form: `columns` are titles with widths in Chinese characters.

    The file appears only when it is complete. Raises UserError.
    """
    cells = [[_text(cell) for cell in row] for row in rows]
    values = {
        "title": _text(title),
        "annex": "",
        "heading": _text(title),
        "headline": [_text(part) for part in headline],
        "widths": [width for _, width in columns],
        "titles": [heading for heading, _ in columns],
        "rows": cells,
        "footer": [_text(line) for line in footer],
        "empty": "（没有内容）",
    }
    paper = typeset("forms/form.typ", values, [title, *headline, *footer, *(cell for row in cells for cell in row)])
    place(path, paper.content, PDF)
    return paper


def stamp_pdf(heading: str, words: str) -> bytes:
    """The stamp of a signature as a page of `STAMP_SIZE` with its fonts in it. Raises UserError without a font."""
    width, height = STAMP_SIZE
    values = {"width": width, "height": height, "heading": _text(heading), "words": _text(words)}
    return typeset("forms/stamp.typ", values, [heading, words]).content


def _text(text: str) -> str:
    """Without what has no place on paper: control characters, direction marks, broken surrogates."""
    return squeeze(text.encode("utf-8", "replace").decode())[:_LONGEST]


def typeset(source: str, values: dict[str, Any], texts: Iterable[str]) -> Paper:
    """The PDF of the markup `source` in `resources`, which finds `values` and the fonts as JSON in `sys.inputs.data`;
    `texts` are looked through for characters that cannot be shown. Raises UserError when there is no Chinese font."""
    from typst import TypstError, compile_with_warnings

    there = fonts.installed()
    given = json.dumps({**values, "fonts": fonts.families(there)}, ensure_ascii=False)
    with resources.open_text(source) as file:
        markup = file.read()
    try:
        content, _ = compile_with_warnings(
            markup.encode(), font_paths=there, ignore_system_fonts=True, sys_inputs={"data": given}, pdf_tags=False
        )
    except TypstError as error:
        raise UserError(f"PDF 没有生成：{error.message}。请把这句话告诉维护人员；可以先导出 Excel 表格。") from error
    return Paper(content, tuple(fonts.not_shown(texts, there)))
