"""Rows of the two rosters as everyone above the store sees them, and the one place that writes their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import Table, and_, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.units import Actor
from models.rules.naming import pinyin_keys
from models.services.change_log import OPEN_STATES, in_chunks
from models.store import search
from models.store import tables as t
from models.store.clock import now_text

TABLE_OF: dict[str, Table] = {STUDENTS: t.student, ACCOUNTS: t.account}
KEYS_OF: dict[str, tuple[str, ...]] = {kind: tuple(f.key for f in fields) for kind, fields in FIELDS_OF.items()}
NOUN = {STUDENTS: "学生", ACCOUNTS: "账户"}
COUNTED = {STUDENTS: "名学生", ACCOUNTS: "个账户"}
"""Kind of roster -> what one row is called, and how rows are counted."""
IN_USE = {STUDENTS: "enrolled", ACCOUNTS: "active"}
"""Kind of roster -> the status of a row in use."""


@dataclass(frozen=True, slots=True)
class Row:
    """One pupil or account. `open_change` is the state of the newest open change of it, or of the creation an account
    waits for; None when there is none."""

    id: str
    unit_id: str
    status: str
    revision: int
    updated_at: str
    updated_by: str
    values: dict[str, str]
    open_change: str | None


def table_of(kind: str) -> Table:
    """The table of a kind of roster. Raises UserError for an unknown kind."""
    table = TABLE_OF.get(kind)
    if table is None:
        raise UserError(f"没有“{kind}”这种名册，只有 students（学生）和 teachers（教师账户）。")
    return table


def page(session: Session, kind: str, ids: Sequence[str]) -> list[Row]:
    """The rows of `ids` in that order; ids that are gone are left out."""
    table = table_of(kind)
    found: dict[str, Row] = {}
    for part in in_chunks(ids):
        marks = _open_states(session, part) | (_creations(session, part) if kind == ACCOUNTS else {})
        for row in session.execute(select(table).where(table.c.id.in_(part))):
            found[row.id] = _row(kind, row, marks.get(row.id))
    return [found[row_id] for row_id in ids if row_id in found]


def get(session: Session, kind: str, row_id: str) -> Row:
    """One row. Raises UserError when it is not there."""
    rows = page(session, kind, [row_id])
    if not rows:
        raise UserError(gone(kind))
    return rows[0]


def gone(kind: str) -> str:
    """The sentence for a row that is not there any more."""
    return f"找不到该{NOUN[kind]}，可能已被撤销导入。请刷新名册后再试。"


def _row(kind: str, row: SqlRow[Any], mark: str | None) -> Row:
    mapping = row._mapping
    values = {key: mapping[key] for key in KEYS_OF[kind]}
    return Row(row.id, row.unit_id, row.status, row.revision, row.updated_at, row.updated_by, values, mark)


def _open_states(session: Session, ids: Sequence[str]) -> dict[str, str]:
    c = t.change.c
    query = select(c.subject_id, c.state).where(c.subject_id.in_(ids), c.state.in_(OPEN_STATES)).order_by(c.created_at)
    return {subject_id: state for subject_id, state in session.execute(query)}


def write_values(session: Session, actor_name: str, kind: str, row: Row, values: Mapping[str, str]) -> int:
    """Write checked values into a row with its revision raised by one and its search entry renewed; the revision."""
    table = table_of(kind)
    revision = row.revision + 1
    session.execute(
        update(table)
        .where(table.c.id == row.id)
        .values(**values, revision=revision, updated_at=now_text(), updated_by=actor_name)
    )
    search.index(session, kind, [row.id], pinyin_keys)
    return revision


def _creations(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """For accounts that wait for their approval the state of the batch's creation."""
    c, a = t.change.c, t.account.c
    asked = (c.batch_id == a.batch_id, c.kind == ACCOUNT_CREATE.key, c.state.in_(OPEN_STATES))
    query = select(a.id, c.state).join(t.change, and_(*asked)).where(a.id.in_(ids), a.status == "pending")
    return {account_id: state for account_id, state in session.execute(query)}


def label_of(values: Mapping[str, str]) -> str:
    """How lists and packages name a pupil: 张三 三(2)班."""
    return " ".join(part for part in (values.get("name", ""), values.get("class_name", "")) if part)


def system_name(actor: Actor | None) -> str:
    """Whose name stands at a row that changed: the person's, or the receipt's."""
    return actor.name if actor else "上级回执"
