"""Pupils who may be the same person (E9, E10, E15): by ID number, or by name, sex and birth date without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

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
