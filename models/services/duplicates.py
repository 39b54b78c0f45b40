"""Pupils who may be the same person (E9, E10, E15): by ID number, or by name, sex and birth date without one.

And user names that two units use on the one platform of the province (A17 h).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.problems import USERNAME_TWICE
from models.services.change_log import in_chunks
from models.services.records import label_of
from models.services.units import unit_name
from models.store import tables as t


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A pupil of the store that agrees with the one looked at; `by` is id_number or identity."""

    id: str
    unit_id: str
    label: str
    by: str
    sentence: str


def find_same(session: Session, record: Mapping[str, str], except_id: str, limit: int = 20) -> list[Duplicate]:
    """Enrolled pupils of all units of this store who agree with `record`, without the pupil itself."""
    s = t.student.c
    number = record.get("id_number", "")
    identity = tuple(record.get(key, "") for key in ("name", "sex", "birth_date"))
    if number:
        by, condition = "id_number", s.id_number == number
        why = "身份证件号相同"
    elif all(identity):
        by = "identity"
        condition = (s.name == identity[0]) & (s.sex == identity[1]) & (s.birth_date == identity[2])
        why = "姓名、性别、出生日期都相同"
    else:
        return []
    query = (
        select(s.id, s.unit_id, s.name, s.class_name)
        .where(condition, s.id != except_id, s.status == "enrolled")
        .limit(limit)
    )
    found = []
    for row in session.execute(query):
        label = label_of({"name": row.name, "class_name": row.class_name})
        sentence = f"与{unit_name(session, row.unit_id)}的 {label} {why}，请核实是否为同一人。"
        found.append(Duplicate(row.id, row.unit_id, label, by, sentence))
    return found


Side = tuple[str, str, str, str, Mapping[str, str]]
"""A record in a problem: unit id, "account", the record's id, its label, what makes the problem ({field: text})."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that cannot both be right, as `problems.open_found` takes them: `kind` of problem, its two sides."""

    kind: str
    sides: tuple[Side, Side]


def username_pairs(session: Session, account_ids: Sequence[str]) -> list[Pair]:
    """Accounts in use that have the user name of one of these, in another unit (A17 h); each pair once.

    Asked for the accounts a merge has touched; the names of those not touched were compared when they came.
    """
    mine, other = t.account.alias("mine"), t.account.alias("other")
    query = (
        select(mine.c.id, other.c.id.label("other_id"))
        .join(other, (other.c.username == mine.c.username) & (other.c.unit_id != mine.c.unit_id))
        .where(mine.c.username != "", mine.c.status == "active", other.c.status == "active")
        .order_by(mine.c.username, other.c.id)
    )
    mates: dict[tuple[str, str], None] = {}
    for part in in_chunks(account_ids):
        for row in session.execute(query.where(mine.c.id.in_(part))):
            if (row.other_id, row.id) not in mates:
                mates[row.id, row.other_id] = None
    rows = _accounts(session, sorted({account_id for pair in mates for account_id in pair}))
    return [Pair(USERNAME_TWICE.key, (_side(rows[a]), _side(rows[b]))) for a, b in mates]


def _accounts(session: Session, ids: Sequence[str]) -> dict[str, Row[Any]]:
    c = t.account.c
    query = select(c.id, c.unit_id, c.name, c.department, c.username)
    return {row.id: row for part in in_chunks(ids) for row in session.execute(query.where(c.id.in_(part)))}


def _side(row: Row[Any]) -> Side:
    label = label_of({"name": row.name, "class_name": row.department})
    return row.unit_id, "account", row.id, label, {"username": row.username}
