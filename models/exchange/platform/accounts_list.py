"""The platform's own list of its accounts: any csv or xlsx with a column of user names (A6, A12)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

from models.domain.errors import FileRefusedError
from models.domain.pause import collector_paused
from models.domain.progress import SILENT, Progress
from models.domain.text import without_blanks
from models.exchange.platform.account_values import NEVER, Seen, read_enabled, read_seen, read_state, read_suspended
from models.exchange.platform.accounts_columns import FIELDS, Table, table_of, titles_of, word
from models.exchange.reading import bytes_of
from models.exchange.sheets import Cell, Grid, Skipped, index_of
from models.exchange.sniffing import sniff
from models.exchange.sources import read_grids

__all__ = ["FIELDS", "NEVER", "AccountsList", "ListedAccount", "Table", "read_accounts_list", "read_titles"]

_TEXTS: Final = ("email", "department", "institution", "phone", "mobile", "idnumber", "role")


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


def read_titles(
    path: Path, mapping: Mapping[str, str | None] | None = None, progress: Progress = SILENT
) -> list[Table]:
    """The columns of every sheet that has titles, for a list whose user names are not recognised: a person says
    which column they are. Raises FileRefusedError as read_accounts_list; CancelledError."""
    data = bytes_of(path)
    grids, _ = read_grids(data, sniff(data), path.stem, progress)
    found = [titles_of(grid, mapping or {}) for grid in grids if any(map(any, grid.rows))]
    return [table for table in found if table is not None]


def _tables(grids: Sequence[Grid], mapping: Mapping[str, str | None]) -> list[tuple[Grid, Table | None]]:
    """The table of each sheet. A mapping by hand is for the first sheet it fits and those with the same titles.

    Raises FileRefusedError when it fits none.
    """
    tables: list[tuple[Grid, Table | None]] = []
    signature, refusal = "", None
    for grid in grids:
        table = None
        try:
            table = table_of(grid, mapping)
        except FileRefusedError as error:
            refusal = refusal or error
        if table is None or signature not in ("", table.signature):
            table = table_of(grid, {}) if mapping else None
        else:
            signature = table.signature
        tables.append((grid, table))
    if refusal is not None and not signature:
        raise refusal
    return tables


# --- rows -----------------------------------------------------------------------------------------------------


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
    titles = [word(cell) for cell in grid.rows[table.header_row - 1]]
    for number in range(table.header_row, len(grid.rows)):
        words = [word(cell) for cell in grid.rows[number]]
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
