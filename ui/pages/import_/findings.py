"""Findings of one sheet by cell and by group, ready to be shown: an immutable picture made off the GUI thread."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from models.domain.findings import Finding, Level, LocatedFinding
from models.exchange.sheets import SheetData

TITLES = {
    "BIRTH_DIFFERS_FROM_ID": "出生日期与证件号不符", "SEX_DIFFERS_FROM_ID": "性别与证件号不符",
    "ID_LENGTH": "证件号位数不对", "ID_IMPOSSIBLE_DATE": "证件号中的出生日期不可能", "CODE_UNKNOWN": "不在代码表里",
    "DATE_MONTH_FIRST": "日期写法是“月/日/年”", "DIVISION_UNKNOWN": "不认识的行政区划代码",
    "NAME_TRADITIONAL": "姓名里有繁体字", "DOCUMENT_EXPIRED": "证件已到期", "USERNAME_TAKEN": "用户名已被使用",
    "USERNAME_KEPT": "账户已有用户名", "NAME_NEEDS_CHOICE": "姓名有几种读音，请选用户名",
    "USERNAME_NUMBERED": "重名，用户名加了序号", "SECOND_ACCOUNT": "此人已有账户",
    "STORE_EDITED": "名册中已改动，保留名册中的值",
    "STORE_KEY_FIELD": "与名册的关键信息不一致", "CLASS_UNLIKE": "班级只有一人，像是另一个班",
}  # fmt: skip
"""Headings of groups whose sentences name the single value."""


CONFIRMED = frozenset({"NAME_NEEDS_CHOICE", "USERNAME_NUMBERED"})
"""Remarks that end when the person agrees to the user name proposed, or takes another one (A17 b, f)."""


class Show(StrEnum):
    """The tabs over the grid."""

    ALL = "all"
    ERRORS = "errors"
    WARNINGS = "warnings"
    CLEAN = "clean"


@dataclass(frozen=True)
class Group:
    """Findings of one kind in one field, as the side list shows them."""

    code: str
    field: str
    level: Level
    title: str
    hint: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Marks:
    """What was found in one sheet. Rows are indices from 0; `cells` holds the findings of (row, field)."""

    total: int = 0
    cells: dict[tuple[int, str], tuple[Finding, ...]] = field(default_factory=dict)
    error_rows: frozenset[int] = frozenset()
    warning_rows: frozenset[int] = frozenset()
    groups: tuple[Group, ...] = ()
    left_out: frozenset[int] = frozenset()

    @property
    def only_warned(self) -> int:
        """Rows with remarks and no errors."""
        return len(self.warning_rows - self.error_rows)

    def places_to_confirm(self) -> list[tuple[int, str]]:
        """Cells with a user name that a person has to agree to."""
        return [place for place, found in self.cells.items() if any(f.code in CONFIRMED for f in found)]

    def rows(self, show: Show) -> list[int]:
        """The rows of a tab, in the order of the file."""
        if show is Show.ERRORS:
            return sorted(self.error_rows)
        if show is Show.WARNINGS:
            return sorted(self.warning_rows)
        if show is Show.CLEAN:
            return [row for row in range(self.total) if row not in self.error_rows and row not in self.left_out]
        return list(range(self.total))

    def count(self, show: Show) -> int:
        """How many rows a tab has."""
        sizes = {Show.ERRORS: len(self.error_rows), Show.WARNINGS: len(self.warning_rows), Show.ALL: self.total}
        return sizes.get(show, self.total - len(self.error_rows) - len(self.left_out))

    def worst(self, row: int, key: str) -> Level | None:
        """The gravest level in a cell."""
        found = self.cells.get((row, key))
        if not found:
            return None
        return Level.ERROR if any(f.level is Level.ERROR for f in found) else Level.WARNING

    def error_places(self, columns: Sequence[str]) -> list[tuple[int, str]]:
        """Cells with errors, row by row and in the order of `columns`: the way F8 goes."""
        order = {key: place for place, key in enumerate(columns)}
        places = [place for place in self.cells if self.worst(*place) is Level.ERROR]
        return sorted(places, key=lambda place: (place[0], order.get(place[1], -1)))


def make_marks(sheet: SheetData, findings: Iterable[LocatedFinding], left_out: frozenset[int] = frozenset()) -> Marks:
    """Sort the findings of `sheet` into cells and groups; those of other sheets are left out."""
    place = {number: index for index, number in enumerate(sheet.rows)}
    anchor = "name" if "name" in sheet.values else next(iter(sheet.values), "")
    cells: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    errors: set[int] = set()
    warnings: set[int] = set()
    for located in findings:
        if located.sheet != sheet.sheet or located.row not in place:
            continue
        row, finding = place[located.row], located.finding
        cell = cells[row, finding.field or anchor]
        if finding not in cell:
            cell.append(finding)
        (errors if finding.level is Level.ERROR else warnings).add(row)
    frozen = {key: tuple(found) for key, found in cells.items()}
    return Marks(len(sheet.rows), frozen, frozenset(errors), frozenset(warnings), _groups(frozen), left_out)


def _groups(cells: dict[tuple[int, str], tuple[Finding, ...]]) -> tuple[Group, ...]:
    rows: dict[tuple[str, str, Level], list[int]] = defaultdict(list)
    messages: dict[tuple[str, str, Level], Counter[str]] = defaultdict(Counter)
    for (row, field_key), found in cells.items():
        for finding in found:
            rows[finding.code, field_key, finding.level].append(row)
            messages[finding.code, field_key, finding.level][finding.message] += 1
    groups = []
    for (code, name, level), where in rows.items():
        title, hint = _split(code, messages[code, name, level].most_common(1)[0][0])
        groups.append(Group(code, name, level, title, hint, tuple(sorted(set(where)))))
    return tuple(sorted(groups, key=lambda g: (g.level is not Level.ERROR, -len(g.rows), g.code)))


def _split(code: str, message: str) -> tuple[str, str]:
    """A heading and what to do: the first clause and the rest, or a heading of its own and the last sentence."""
    if code in TITLES:
        return TITLES[code], message.strip("。").rpartition("。")[2]
    end = min((place for stop in "，。；：" if (place := message.find(stop)) > 0), default=len(message))
    return message[:end], message[end:].strip("，。；：")
