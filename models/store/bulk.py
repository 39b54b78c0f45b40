"""Many rows at once: driver-level inserts with their search entries (performance page: <= 1.3x raw executemany)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table, func, select
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS, STUDENTS
from models.store import search
from models.store.search import Spell
from models.store.tables import account, student

_TABLES = {STUDENTS: student, ACCOUNTS: account}


def insert_students(session: Session, rows: Sequence[Mapping[str, str | int]], spell: Spell) -> None:
    """Insert pupils: `id unit_id status revision updated_at updated_by [batch_id]` and fields; absent ones are ""."""
    _insert(session, STUDENTS, rows, spell)


def insert_accounts(session: Session, rows: Sequence[Mapping[str, str | int]], spell: Spell) -> None:
    """Insert accounts, as `insert_students` does."""
    _insert(session, ACCOUNTS, rows, spell)


def _insert(session: Session, kind: str, rows: Sequence[Mapping[str, str | int]], spell: Spell) -> None:
    if not rows:
        return
    table = _TABLES[kind]
    first = (session.scalar(select(func.max(table.c.row))) or 0) + 1
    names = [column.name for column in table.c if column.name != "row"]
    absent = [None if table.c[name].nullable else "" for name in names]
    known = list(zip(names, absent, strict=True))
    connection = session.connection()
    connection.exec_driver_sql(
        _insert_statement(table, names),
        [(number, *[row.get(name, default) for name, default in known]) for number, row in enumerate(rows, first)],
    )
    entries = _entries(kind, rows, spell)
    connection.exec_driver_sql(
        search.insert_statement(kind), [(number, *found) for number, found in enumerate(entries, first)]
    )


def _entries(kind: str, rows: Sequence[Mapping[str, str | int]], spell: Spell) -> Sequence[tuple[str, str, str, str]]:
    # Given names repeat a lot; spelling one twice costs more than remembering it.
    known: dict[str, tuple[str, str]] = {}

    def spelled(name: str) -> tuple[str, str]:
        if name not in known:
            known[name] = spell(name)
        return known[name]

    fields = search.needed_fields(kind)
    return [search.entry(kind, {field: str(row.get(field, "")) for field in fields}, spelled) for row in rows]


def _insert_statement(table: Table, names: Sequence[str]) -> str:
    marks = ", ".join("?" * (len(names) + 1))
    return f"INSERT INTO {table.name} (row, {', '.join(names)}) VALUES ({marks})"
