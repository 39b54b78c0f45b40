"""Which column of the platform's list is what: recognised by its title, or as a person says (A6, A12)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.domain.errors import FileRefusedError
from models.exchange.columns import cell_text
from models.exchange.layout import guess_header
from models.exchange.reading import header_signature
from models.exchange.sheets import Cell, Column, Grid, index_of, letter_of
from models.exchange.titles import canonical

FIELDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "username": ("用户名", ("username", "账号", "登录名", "登录账号", "用户账号", "学习网账户", "账户名", "login")),
    "name": ("姓名", ("真实姓名", "全名", "用户姓名", "教师姓名", "fullname", "name", "名字/姓氏", "姓氏/名字")),
    "lastname": ("姓", ("姓氏", "lastname", "surname", "familyname")),
    "firstname": ("名", ("名字", "firstname", "givenname")),
    "email": ("邮箱", ("email", "e-mail", "emailaddress", "email地址", "电子邮件", "电子邮箱", "电子邮件地址", "mail")),
    "suspended": ("是否停用", ("suspended", "停用", "禁用", "是否禁用", "已停用", "已暂停", "暂停", "冻结", "锁定")),
    "enabled": ("是否启用", ("enabled", "启用", "是否有效", "有效", "是否可用", "enableduser", "active")),
    "state": ("状态", ("账户状态", "账号状态", "用户状态", "status", "state", "使用状态")),
    "last_access": (
        "最近登录",
        ("lastaccess", "最后登录", "最近访问", "最后访问", "最近登录时间", "最后登录时间", "最近访问时间", "上次登录",
         "上次访问", "上次登录时间", "上次访问网站时间", "最后访问时间", "lastlogin", "currentlogin", "lastsiteaccess"),
    ),
    "created": ("创建时间", ("timecreated", "注册时间", "开通时间", "创建日期", "注册日期", "firstaccess", "created")),
    "department": ("部门", ("department", "所在部门", "科室", "院系")),
    "institution": ("单位", ("institution", "机构", "所属单位", "所在单位", "学校", "所属机构", "学习中心")),
    "phone": ("电话", ("phone1", "phone", "办公电话", "联系电话", "电话号码", "固定电话")),
    "mobile": ("手机", ("phone2", "mobile", "手机号", "手机号码", "移动电话", "mobilephone")),
    "idnumber": ("编号", ("idnumber", "id编号", "工号", "教工号", "人员编号", "学工号")),
    "role": ("角色", ("role", "roles", "用户角色", "权限", "sysrole1")),
}  # fmt: skip
"""Field -> what people call it, and the titles it is recognised by besides."""
_SEARCHED_ROWS: Final = 40
_SHOWN_ROWS: Final = 8
_LONGEST: Final = 300
_LETTERS: Final = re.compile(r"[A-Za-z]{1,3}")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet: its header row from 1, its columns (each with its title and field), and the texts of the first rows
    below, by which a person sees what a column holds."""

    sheet: str
    header_row: int
    columns: tuple[Column, ...]
    first_rows: tuple[tuple[str, ...], ...] = ()

    @property
    def signature(self) -> str:
        """What a remembered mapping of these titles is found by."""
        return header_signature(self.columns)

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> letter of its column."""
        return {column.field: column.letter for column in self.columns if column.field}


def _fold(text: str) -> str:
    return canonical(text).replace("_", "").replace("-", "")


_BY_TITLE: Final = {
    _fold(title): key for key, (label, aliases) in reversed(list(FIELDS.items())) for title in (label, *aliases)
}


def table_of(grid: Grid, mapping: Mapping[str, str | None]) -> Table | None:
    """The table of a sheet, None without a column of user names. Raises FileRefusedError as `_place` does."""
    place = _header_row(grid, mapping)
    table = None if place is None else _titled(grid, place, mapping)
    return table if table is not None and "username" in table.mapping else None


def titles_of(grid: Grid, mapping: Mapping[str, str | None]) -> Table | None:
    """The columns of a sheet, with or without user names, for a person to say which is what; None without titles.
    Raises FileRefusedError as `_place` does."""
    place = _header_row(grid, mapping or dict.fromkeys(FIELDS))
    return None if place is None else _titled(grid, place, mapping)


def _titled(grid: Grid, place: int, mapping: Mapping[str, str | None]) -> Table:
    columns = _columns([word(cell) for cell in grid.rows[place]], mapping, grid.name)
    below = [tuple(map(word, row[: len(columns)])) for row in grid.rows[place + 1 : place + 1 + _SHOWN_ROWS]]
    return Table(grid.name, place + 1, columns, tuple(below))


def _header_row(grid: Grid, mapping: Mapping[str, str | None]) -> int | None:
    """The row of the beginning with most known titles; with a mapping by hand also the fullest one."""
    wanted = {_fold(title) for title in mapping.values() if title}
    best, most = None, 0
    for number, row in enumerate(grid.rows[:_SEARCHED_ROWS]):
        titles = {_fold(word(cell)) for cell in row} - {""}
        hits = len({_BY_TITLE[title] for title in titles & _BY_TITLE.keys()}) + 2 * len(titles & wanted)
        if hits > most:
            best, most = number, hits
    if best is None and mapping:
        header = guess_header(grid)
        return None if header is None else header.top
    return best


def _columns(titles: Sequence[str], mapping: Mapping[str, str | None], sheet: str) -> tuple[Column, ...]:
    chosen = {_place(titles, text, sheet): key for key, text in mapping.items() if text}
    taken, columns = set(mapping), []
    for index, title in enumerate(titles):
        key = chosen.get(index) or _BY_TITLE.get(_fold(title))
        if index not in chosen and key in taken:
            key = None
        if key:
            taken.add(key)
        columns.append(Column(letter_of(index), title, key))
    while columns and not columns[-1].title and not columns[-1].field:
        columns.pop()
    return tuple(columns)


def _place(titles: Sequence[str], text: str, sheet: str) -> int:
    """The column that a title or a letter names, from 0. Raises FileRefusedError."""
    folded = [_fold(title) for title in titles]
    if _fold(text) in folded:
        return folded.index(_fold(text))
    if _LETTERS.fullmatch(text) and index_of(text.upper()) < len(titles):
        return index_of(text.upper())
    raise FileRefusedError(f"工作表“{sheet}”里没有“{text}”这一列。请写列的标题，或列的字母（如 B）。")


def word(cell: Cell) -> str:
    """The text of a cell in one line, cut at 300 characters."""
    return " ".join(cell_text(cell).split())[:_LONGEST] if cell not in ("", None) else ""
