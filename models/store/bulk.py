"""Many rows at once: driver-level inserts with their search entries (performance page: <= 1.3x raw executemany)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.pause import collector_paused
from models.store import search
from models.store.search import Spell
from models.store.tables import account, student

Row = Mapping[str, Any]
_TABLES = {STUDENTS: student, ACCOUNTS: account}


def insert_students(session: Session, rows: Sequence[Row], spell: Spell) -> None:
    """Insert pupils: `id unit_id status revision updated_at updated_by [batch_id]` and fields.

    The same columns in each row (ValueError, KeyError otherwise); fields that no row has become "".
    """
    _insert(session, STUDENTS, rows, spell)


def insert_accounts(session: Session, rows: Sequence[Row], spell: Spell) -> None:
    """Insert accounts, as `insert_students` does."""
    _insert(session, ACCOUNTS, rows, spell)


def _insert(session: Session, kind: str, rows: Sequence[Row], spell: Spell) -> None:
    if not rows:
        return
    table = _TABLES[kind]
    first = (session.scalar(select(func.max(table.c.row))) or 0) + 1
    names = _columns(table, rows)
    values = itemgetter(*names)
    speller = search.Speller(kind, spell)
    order, entry = speller.order, speller.entry
    connection = session.connection()
    with collector_paused():
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} (row, name_order, {', '.join(names)}) VALUES (?, ?{', ?' * len(names)})",
            [(number, order(row.get("name", "")), *values(row)) for number, row in enumerate(rows, first)],
        )
        connection.exec_driver_sql(
            search.insert_statement(kind), [(number, *entry(row)) for number, row in enumerate(rows, first)]
        )


def _columns(table: Table, rows: Sequence[Row]) -> list[str]:
    """Columns the rows give, the same ones each; the others have their defaults. Raises ValueError for a mixture."""
    names = list(rows[0])
    if any(len(row) != len(names) for row in rows) or not {"row", *names}.issuperset(rows[-1]):
        raise ValueError("rows of a bulk insert must have the same columns")
    unknown = set(names) - set(table.c.keys()) | {"row", "name_order"} & set(names)
    if unknown:
        raise ValueError(f"no columns of {table.name}: {sorted(unknown)}")
    return names
