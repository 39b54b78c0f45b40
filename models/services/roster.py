"""The rosters of pupils and accounts: which rows, in what order, how many; and the acts on them (`roster_edit`).

A page asks for the ids once and for the rows it shows; nothing here loads all rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import STUDENTS
from models.domain.units import Tier
from models.services.change_log import OPEN_STATES
from models.services.records import KEYS_OF, Row, get, page, table_of
from models.services.roster_edit import BulkResult, bulk_set, reveal, set_fields, undo_batch
from models.services.roster_history import HistoryEntry, history
from models.services.units import descendants, own_unit
from models.store import search
from models.store import tables as t

__all__ = [
    "ALL_UNITS",
    "BulkResult",
    "Counts",
    "HistoryEntry",
    "RosterQuery",
    "Row",
    "bulk_set",
    "counts",
    "facets",
    "get",
    "history",
    "list_ids",
    "page",
    "reveal",
    "set_fields",
    "undo_batch",
    "units_in_care",
]

ALL_UNITS = "*"
VIEWS = ("all", "open_changes", "no_id", "problems")
_CURRENT = {"students": ("enrolled",), "teachers": ("active", "pending")}


@dataclass(frozen=True)
class RosterQuery:
    """Which rows. `filters`: field key -> exact value ("state" filters the open change's state); `sort`: field key and
    whether ascending; `status` "" takes every one, "enrolled" means accounts in use or waiting for their approval;
    `unit_id` None is the own unit, ALL_UNITS every one, an id that unit and those below it; `view` one of VIEWS."""

    text: str = ""
    filters: dict[str, str] = field(default_factory=dict)
    sort: tuple[str, bool] = ("name", True)
    kind: str = STUDENTS
    status: str = "enrolled"
    unit_id: str | None = None
    view: str = "all"


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers on the tabs of the roster: enrolled pupils, with an open change, without ID number, with problems."""

    all: int
    open_changes: int
    no_id: int
    problems: int


def units_in_care(session: Session) -> str | None:
    """The `unit_id` of a query for all a unit looks after: its own rows at a school, every unit's at a bureau."""
    return None if own_unit(session).tier is Tier.SCHOOL else ALL_UNITS


def list_ids(session: Session, q: RosterQuery) -> list[str]:
    """Ids of the rows that fit, sorted; names by their pinyin, rows with equal values by name.

    Raises UserError for an unknown field or view.
    """
    table = table_of(q.kind)
    key, ascending = q.sort
    if key not in table.c:
        raise UserError(f"不能按“{key}”排序，没有这个字段。")
    columns = (table.c.name_order,) if key == "name" else (table.c[key], table.c.name_order)
    order = [column if ascending else column.desc() for column in (*columns, table.c.id)]
    found = select(table.c.id).where(_condition(session, q)).order_by(*order).subquery()
    # One text of all ids: handing over 20,000 rows would take five times as long.
    ids = session.scalar(select(func.group_concat(found.c.id, " ")))
    return ids.split() if ids else []


def _condition(session: Session, q: RosterQuery) -> ColumnElement[bool]:
    table = table_of(q.kind)
    parts = [_scope(session, q.kind, q.unit_id, q.status)]
    if q.text.strip():
        parts.append(search.fits(q.kind, q.text))
    for key, value in q.filters.items():
        if key == "state":
            parts.append(table.c.id.in_(_with_open_change((value,))))
        elif key in table.c:
            parts.append(table.c[key] == value)
        else:
            raise UserError(f"不能按“{key}”筛选，没有这个字段。")
    if q.view != "all":
        parts.append(_view(q.kind, q.view, _scope(session, q.kind, q.unit_id, q.status)))
    return and_(*parts)


def _scope(session: Session, kind: str, unit_id: str | None, status: str = "enrolled") -> ColumnElement[bool]:
    table = table_of(kind)
    wanted = _CURRENT[kind] if status == "enrolled" else (status,)
    parts: list[ColumnElement[bool]] = []
    if not status:
        parts.append(table.c.row.is_not(None))
    elif len(wanted) == 1:  # an equation lets the covering index give the order too
        parts.append(table.c.status == wanted[0])
    else:
        parts.append(table.c.status.in_(wanted))
    if unit_id is None:
        parts.append(table.c.unit_id == own_unit(session).id)
    elif unit_id != ALL_UNITS:
        parts.append(table.c.unit_id.in_([unit_id, *(unit.id for unit in descendants(session, unit_id))]))
    return and_(*parts)


def _with_open_change(states: tuple[str, ...]) -> Select[Any]:
    return select(t.change.c.subject_id).where(t.change.c.state.in_(states))


def _view(kind: str, view: str, scope: ColumnElement[bool]) -> ColumnElement[bool]:
    table = table_of(kind)
    if view == "open_changes":
        return table.c.id.in_(_with_open_change(OPEN_STATES))
    if view == "no_id":
        return table.c.id_number == ""
    if view == "problems":
        return _problems(kind, scope)
    raise UserError(f"没有“{view}”这个视图，可用的有：{'、'.join(VIEWS)}。")


def _problems(kind: str, scope: ColumnElement[bool]) -> ColumnElement[bool]:
    """Problem rosters of types 2 and 3 (E9, E10): equal ID numbers, or without one equal name, sex, birth date."""
    table = table_of(kind)
    c = table.c
    equal = select(c.id_number).where(scope, c.id_number != "").group_by(c.id_number).having(func.count() > 1)
    groups = (
        select(c.name, c.sex, c.birth_date)
        .where(scope, c.id_number == "", c.birth_date != "")
        .group_by(c.name, c.sex, c.birth_date)
        .having(func.count() > 1)
        .subquery()
    )
    same = select(c.id).where(
        c.id_number == "", c.name == groups.c.name, c.sex == groups.c.sex, c.birth_date == groups.c.birth_date
    )
    return or_(c.id_number.in_(equal), c.id.in_(same.correlate(None)))


def facets(session: Session, kind: str, key: str, unit_id: str | None = None) -> list[tuple[str, int]]:
    """Values of a field with how many rows have each, most frequent first for codes, by value for others; key "state"
    counts the states of open changes."""
    table = table_of(kind)
    scope = _scope(session, kind, unit_id)
    if key == "state":
        c = t.change.c
        query = (
            select(c.state, func.count(c.subject_id.distinct()))
            .where(c.state.in_(OPEN_STATES), c.subject_id.in_(select(table.c.id).where(scope)))
            .group_by(c.state)
        )
    elif key in KEYS_OF[kind] or key == "unit_id":
        column = table.c[key]
        query = select(column, func.count()).where(scope).group_by(column).order_by(column)
    else:
        raise UserError(f"不能按“{key}”统计，没有这个字段。")
    return [(value, number) for value, number in session.execute(query)]


def counts(session: Session, kind: str = STUDENTS, unit_id: str | None = None) -> Counts:
    """The numbers of the views, in the same order as VIEWS."""
    table = table_of(kind)
    scope = _scope(session, kind, unit_id)
    found = [
        session.execute(select(func.count()).select_from(table).where(scope, *conditions)).scalar() or 0
        for conditions in ((), *((_view(kind, view, scope),) for view in VIEWS[1:]))
    ]
    return Counts(*found)
