"""The user names a person chose for rows of a file, where the rule leaves a choice (A17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS


def choose_names(checked: Any, pairs: Sequence[str]) -> None:
    """Put user names into rows of a `CheckedImport`; `pairs`: 行=用户名 or 工作表!行=用户名.

    Raises UserError for a pair of another form, a row that is not there or named twice, and a list of pupils.
    """
    from models.services import imports

    if pairs and checked.kind != ACCOUNTS:
        raise UserError("--username 只用于教师名单，学生没有用户名。")
    cells: dict[tuple[int, int], str] = {}
    for pair in pairs:
        where, equals, name = (part.strip() for part in pair.partition("="))
        if not (equals and where and name):
            raise UserError(f"--username “{pair}”应写成 行=用户名，例如 3=czwangming。")
        cell = _cell(checked, where)
        if cell in cells:
            raise UserError(f"--username 给第 {where} 行选了不止一个用户名，请只留一个。")
        cells[cell] = name
    if cells:
        imports.set_cells(checked, [(*cell, "username", name) for cell, name in cells.items()])


def _cell(checked: Any, where: str) -> tuple[int, int]:
    """Sheet and row index of a row as a person names it."""
    sheet, _, row = where.rpartition("!")
    places = [
        (place, data.rows.index(int(row)))
        for place, data in enumerate(checked.workbook.sheets)
        if sheet in ("", data.sheet) and row.isascii() and row.isdigit() and int(row) in data.rows
    ]
    if len(places) == 1:
        return places[0]
    names = "、".join(data.sheet for data in checked.workbook.sheets)
    if places:
        raise UserError(f"--username：第 {row} 行在几个工作表中都有（{names}），请写 工作表!行=用户名。")
    raise UserError(f"--username：没有“{where}”这一行；行号是文件中的行号，工作表有：{names}。")
