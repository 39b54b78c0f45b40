"""The platform's own list of its accounts: any csv or xlsx with a column of user names (A6, A12)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from models.domain.errors import FileRefusedError
from models.domain.pause import collector_paused
from models.domain.progress import SILENT, Progress
from models.domain.text import without_blanks
from models.exchange.columns import cell_text
from models.exchange.layout import guess_header
from models.exchange.platform.account_values import NEVER, Seen, read_enabled, read_seen, read_state, read_suspended
from models.exchange.reading import bytes_of, header_signature
from models.exchange.sheets import Cell, Column, Grid, Skipped, index_of, letter_of
from models.exchange.sniffing import sniff
from models.exchange.sources import read_grids
from models.exchange.titles import canonical

__all__ = ["FIELDS", "NEVER", "AccountsList", "ListedAccount", "Table", "read_accounts_list"]

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
_TEXTS: Final = ("email", "department", "institution", "phone", "mobile", "idnumber", "role")
_SEARCHED_ROWS: Final = 40
_LONGEST: Final = 300
_LETTERS: Final = re.compile(r"[A-Za-z]{1,3}")


@dataclass(frozen=True, slots=True)
class ListedAccount:
    """One account as the platform has it. `row` counts as in the file; `suspended` is None when the list does not
    say; `last_access`, `created`: YYYY-MM-DD, "never", or "" when it is not said or cannot be read."""

    sheet: str
    row: int
    username: str
    name: str
    suspended: bool | None
    last_access: str
    created: str
    email: str
    department: str
    institution: str
    phone: str
    mobile: str
    idnumber: str
    role: str


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet with accounts: its header rows from 1, its columns (each with its title and field), its signature."""

    sheet: str
    header_row: int
    columns: tuple[Column, ...]

    @property
    def signature(self) -> str:
        """What a remembered mapping of these titles is found by."""
        return header_signature(self.columns)

    @property
    def mapping(self) -> dict[str, str]:
        """Field -> letter of its column."""
        return {column.field: column.letter for column in self.columns if column.field}


@dataclass
class AccountsList:
    """A list as read. `digest`: SHA-256 hex of the file; `problems`: (sheet, row, column, sentence) of values that
    could not be read; `skipped`: sheets and rows that were left out, with the reason."""

    path: Path
    digest: str
    tables: list[Table] = field(default_factory=list)
    accounts: list[ListedAccount] = field(default_factory=list)
    problems: list[tuple[str, int, str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def read_accounts_list(
    path: Path,
    mapping: Mapping[str, str | None] | None = None,
    as_of: date | None = None,
    progress: Progress = SILENT,
) -> AccountsList:
    """Read the platform's list of accounts.

    `mapping`: field -> title or letter of its column, "" or None for one that is not to be taken; what it does not
    name is recognised. `as_of`: the day of the list, from which "3 天前" is counted. Raises FileRefusedError when
    the file is no table, has no column of user names, or has not the column that `mapping` names; CancelledError.
    """
    mapping = mapping or {}
    if unknown := mapping.keys() - FIELDS.keys():
        raise FileRefusedError(f"没有“{'、'.join(sorted(unknown))}”这个字段。请重新选择列的对应关系。")
    with collector_paused():
        data = bytes_of(path)
        grids, skipped = read_grids(data, sniff(data), path.stem, progress)
        found = AccountsList(path, hashlib.sha256(data).hexdigest(), skipped=skipped)
        progress.report(0, None, "整理数据")
        for grid, table in _tables([grid for grid in grids if any(map(any, grid.rows))], mapping):
            if table is None:
                skipped.append(Skipped(grid.name, 0, "没有用户名这一列的工作表"))
            else:
                found.tables.append(table)
                _take(found, grid, table, as_of)
    if not found.tables:
        raise FileRefusedError(
            f"“{path.name}”里没有找到账户清单：要有一行表头，至少有“用户名”（或 username、账号、登录名）。"
            "如果用户名那一列用了别的叫法，请指定它是哪一列。"
        )
    return found


def _tables(grids: Sequence[Grid], mapping: Mapping[str, str | None]) -> list[tuple[Grid, Table | None]]:
    """The table of each sheet. A mapping by hand is for the first sheet it fits and those with the same titles.

    Raises FileRefusedError when it fits none.
    """
    tables: list[tuple[Grid, Table | None]] = []
    signature, refusal = "", None
    for grid in grids:
        table = None
        try:
            table = _table(grid, mapping)
        except FileRefusedError as error:
            refusal = refusal or error
        if table is None or signature not in ("", table.signature):
            table = _table(grid, {}) if mapping else None
        else:
            signature = table.signature
        tables.append((grid, table))
    if refusal is not None and not signature:
        raise refusal
    return tables


# --- columns --------------------------------------------------------------------------------------------------


def _fold(text: str) -> str:
    return canonical(text).replace("_", "").replace("-", "")


_BY_TITLE: Final = {
    _fold(title): key for key, (label, aliases) in reversed(list(FIELDS.items())) for title in (label, *aliases)
}


def _table(grid: Grid, mapping: Mapping[str, str | None]) -> Table | None:
    """The table of a sheet, None without a column of user names. Raises FileRefusedError as `_place` does."""
    place = _header_row(grid, mapping)
    if place is None:
        return None
    columns = _columns([_word(cell) for cell in grid.rows[place]], mapping, grid.name)
    return Table(grid.name, place + 1, columns) if any(column.field == "username" for column in columns) else None


def _header_row(grid: Grid, mapping: Mapping[str, str | None]) -> int | None:
    """The row of the beginning with most known titles; with a mapping by hand also the fullest one."""
    wanted = {_fold(title) for title in mapping.values() if title}
    best, most = None, 0
    for number, row in enumerate(grid.rows[:_SEARCHED_ROWS]):
        titles = {_fold(_word(cell)) for cell in row} - {""}
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


# --- rows -----------------------------------------------------------------------------------------------------


def _word(cell: Cell) -> str:
    return " ".join(cell_text(cell).split())[:_LONGEST] if cell not in ("", None) else ""


@dataclass(frozen=True, slots=True)
class _Line:
    """One row: its number from 1, its cells, their texts, and the place of each field."""

    row: int
    cells: Sequence[Cell]
    words: Sequence[str]
    at: Mapping[str, int]

    def cell(self, key: str) -> Cell:
        place = self.at.get(key, -1)
        return self.cells[place] if 0 <= place < len(self.cells) else ""

    def text(self, key: str) -> str:
        place = self.at.get(key, -1)
        return self.words[place] if 0 <= place < len(self.words) else ""


def _take(found: AccountsList, grid: Grid, table: Table, as_of: date | None) -> None:
    at = {key: index_of(letter) for key, letter in table.mapping.items()}
    titles = [_word(cell) for cell in grid.rows[table.header_row - 1]]
    for number in range(table.header_row, len(grid.rows)):
        words = [_word(cell) for cell in grid.rows[number]]
        if any(words) and words != titles:
            _take_row(found, table, _Line(number + 1, grid.rows[number], words, at), grid.epoch1904, as_of)


def _take_row(found: AccountsList, table: Table, line: _Line, epoch1904: bool, as_of: date | None) -> None:
    username = line.text("username").lower()
    if not username:
        text = " ".join(filter(None, line.words))[:80]
        found.skipped.append(Skipped(table.sheet, line.row, "没有用户名的行", text))
        return

    def unread(key: str) -> None:
        sentence = f"{FIELDS[key][0]}“{line.text(key)[:40]}”看不懂，按没有填写处理。"
        found.problems.append((table.sheet, line.row, table.mapping[key], sentence))

    seen: dict[str, str] = {}
    for key in ("last_access", "created"):
        seen[key] = read_seen(Seen(line.cell(key), epoch1904, as_of))
        if not seen[key] and line.text(key):
            unread(key)
    texts = {key: line.text(key) for key in _TEXTS}
    suspended = _suspended(line, unread)
    found.accounts.append(ListedAccount(table.sheet, line.row, username, _name(line), suspended, **seen, **texts))


def _suspended(line: _Line, unread: Callable[[str], None]) -> bool | None:
    for key, read in (("suspended", read_suspended), ("enabled", read_enabled), ("state", read_state)):
        text = line.text(key)
        if text:
            verdict = read(text)
            if verdict is not None:
                return verdict
            unread(key)
    return None


def _name(line: _Line) -> str:
    """The whole name; put together as the platform shows it, Chinese ones without a blank."""
    last, first = line.text("lastname"), line.text("firstname")
    if line.text("name") or not (last or first):
        return line.text("name")
    return f"{first} {last}".strip() if (last + first).isascii() else without_blanks(last + first)
