"""The same pupil, account or number twice in one list (E9, E10; D6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.findings import Finding, Level

_SHOWN_ROWS = 5


@dataclass(frozen=True)
class _Key:
    """Fields that together must differ from row to row; rows with `unless` filled are compared otherwise."""

    code: str
    level: Level
    fields: tuple[str, ...]
    message: str
    unless: str = ""


_ID = _Key(
    "ID_DUPLICATE", Level.ERROR, ("id_number",), "身份证件号与第 {rows} 行相同。一个号码只能是一个人，请对照证件。"
)
_PERSON = _Key(
    "PERSON_DUPLICATE",
    Level.WARNING,
    ("name", "sex", "birth_date"),
    "姓名、性别、出生日期与第 {rows} 行完全一致，又没有身份证件号。请核对是不是同一个人。",
    unless="id_number",
)
_KEYS = {
    STUDENTS: (
        _ID,
        _PERSON,
        _Key("STUDENT_NUMBER_DUPLICATE", Level.ERROR, ("student_number",), "学籍号与第 {rows} 行相同。请核对。"),
    ),
    ACCOUNTS: (
        _ID,
        _PERSON,
        _Key("USERNAME_DUPLICATE", Level.ERROR, ("username",), "用户名与第 {rows} 行相同。请给其中一人另定用户名。"),
    ),
}


def duplicates_inside(
    kind: str, values: Mapping[str, Sequence[str]], row_numbers: Sequence[int] | None = None
) -> list[tuple[int, Finding]]:
    """Rows of one list that are the same: (row index, finding), for every row of each set, since none is known right.

    By identity number; by name, sex and birth date where there is none (E10: a warning); by student number; by user
    name. `row_numbers` are the numbers the sentences use (default: from 1).
    """
    numbers = row_numbers or range(1, len(next(iter(values.values()), ())) + 1)
    found = [pair for key in _KEYS[kind] for pair in _same(key, values, numbers)]
    return sorted(found, key=lambda pair: pair[0])


def _same(key: _Key, values: Mapping[str, Sequence[str]], numbers: Sequence[int]) -> list[tuple[int, Finding]]:
    if not all(field in values for field in key.fields):
        return []
    others = values.get(key.unless, ())
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, combination in enumerate(zip(*(values[field] for field in key.fields), strict=True)):
        if all(combination) and not (others and others[row]):
            rows.setdefault(combination, []).append(row)
    return [
        (row, Finding(key.code, key.level, key.fields[0], _sentence(key, row, same, numbers), combination[0]))
        for combination, same in rows.items()
        if len(same) > 1
        for row in same
    ]


def _sentence(key: _Key, row: int, same: list[int], numbers: Sequence[int]) -> str:
    """The message naming the nearest other rows."""
    others = [str(numbers[other]) for other in same if other != row]
    text = "、".join(others[:_SHOWN_ROWS]) + ("、…" if len(others) > _SHOWN_ROWS else "")
    return key.message.replace("{rows}", text)
