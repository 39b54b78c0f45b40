"""Duplicates looked for at every merge: what was just written against all others of this tier (E9, E10, A17 h)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.problems import ID_TWICE, IDENTITY_TWICE, ProblemKind
from models.domain.units import Actor
from models.services import problems
from models.services.duplicates import Side, username_pairs
from models.services.records import label_of
from models.store import tables as t

_AT_ONCE: Final = 2000
_SHOWN: Final = ("name", "sex", "birth_date", "id_type", "id_number", "grade", "class_name")
_FIELDS: Final = tuple(key for key in _SHOWN if key in t.student.c)
_SAME: Final = (
    (ID_TWICE, "m.id_number <> '' AND o.id_number = m.id_number"),
    (
        IDENTITY_TWICE,
        "m.name <> '' AND m.sex <> '' AND m.birth_date <> '' AND o.name = m.name AND o.sex = m.sex "
        "AND o.birth_date = m.birth_date AND (m.id_number = '' OR o.id_number = '')",
    ),
)
_COLUMNS: Final = ", ".join(f"o.{key}" for key in _FIELDS)
_QUERY: Final = """
SELECT m.id AS mine, {columns}, o.id, o.unit_id
FROM json_each(:ids) j CROSS JOIN student m ON m.id = j.value CROSS JOIN student o ON {same}
WHERE m.status = 'enrolled' AND o.status = 'enrolled' AND m.unit_id <> o.unit_id ORDER BY m.id, o.unit_id, o.id
"""
_QUERIES: Final = tuple((kind, text(_QUERY.format(columns=_COLUMNS, same=same))) for kind, same in _SAME)
_MINE: Final = text(f"SELECT {_COLUMNS}, o.id, o.unit_id FROM json_each(:ids) j JOIN student o ON o.id = j.value")


class Touched:
    """Pupils and accounts that accepted items have written, each once."""

    def __init__(self) -> None:
        self._ids: dict[str, dict[str, None]] = {STUDENTS: {}, ACCOUNTS: {}}

    def add(self, item: Mapping[str, Any], ids: Iterable[str]) -> None:
        """Note what `review_apply.apply_item` returned for an item."""
        self._ids[CHANGE_KIND[item["kind"]].subjects or STUDENTS].update(dict.fromkeys(ids))

    def of(self, roster: str) -> list[str]:
        """Ids of a roster (students or teachers)."""
        return list(self._ids[roster])


def open_duplicates(session: Session, actor: Actor | None, touched: Touched) -> int:
    """Open a problem for each group of records, one of them touched, that cannot all be right; the number opened.

    Pupils of different units by ID number, or by name, sex and birth date where one has none; accounts by user name
    (A17 h). Nothing is reverted (decision 14); what a unit below leads is left to it.
    """
    pupils = touched.of(STUDENTS)
    problems.close_resolved(session, actor, [*pupils, *touched.of(ACCOUNTS)])
    found: list[tuple[str, Sequence[Side]]] = []
    for start in range(0, len(pupils), _AT_ONCE):
        part = json.dumps(pupils[start : start + _AT_ONCE])
        for kind, query in _QUERIES:
            pairs = session.execute(query, {"ids": part}).all()
            found += [(kind.key, sides) for sides in _groups(session, kind, pairs)]
    found += [(pair.kind, pair.sides) for pair in username_pairs(session, touched.of(ACCOUNTS))]
    return sum(problems.open_found(session, actor, kind, sides) is not None for kind, sides in found)


def found_words(count: int) -> str:
    """What to do about the problems a merge has opened; "" for none."""
    return f"发现 {count} 个问题学籍，请到“问题学籍”办理（problem list）。" if count else ""


def _groups(session: Session, kind: ProblemKind, pairs: Sequence[Row[Any]]) -> list[list[Side]]:
    """The pairs as groups by what makes the problem, each record once."""
    if not pairs:
        return []
    mine = session.execute(_MINE, {"ids": json.dumps(sorted({row.mine for row in pairs}))}).all()
    groups: dict[tuple[str, ...], dict[str, Side]] = {}
    for row in [*mine, *pairs]:
        groups.setdefault(tuple(getattr(row, key) for key in kind.fields), {})[row.id] = _side(row)
    return [list(sides.values()) for sides in groups.values()]


def _side(row: Row[Any]) -> Side:
    details = {key: str(getattr(row, key)) for key in _FIELDS if getattr(row, key)}
    return row.unit_id, "student", row.id, label_of(details), details
