"""Pupils of a received baseline whom this tier knows already, or who stand in another baseline under review (E9, E10).

One query over all rows asked for, whatever their number: the rows are read once and joined by ID number, or by name,
sex and birth date for a row without one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from models.services.records import label_of

_SHOWN: Final = 20
_ROWS: Final = """
WITH received AS MATERIALIZED (
    SELECT r.item_id, r.position, i.unit_id, r.body ->> '$.id' AS id,
        coalesce(r.body ->> '$.values.id_number', '') AS id_number, r.body ->> '$.values.name' AS name,
        r.body ->> '$.values.sex' AS sex, r.body ->> '$.values.birth_date' AS birth_date,
        coalesce(r.body ->> '$.values.class_name', '') AS class_name
    FROM received_item i JOIN received_row r ON r.item_id = i.id
    WHERE i.receipt_id IS NULL AND i.state <> 'withdrawn'
), mine AS MATERIALIZED (SELECT * FROM received WHERE item_id IN :items)
"""
_SAME: Final = (
    ("id_number", "m.id_number = o.id_number AND m.id_number <> ''"),
    ("identity", "m.name = o.name AND m.sex = o.sex AND m.birth_date = o.birth_date AND m.id_number = ''"),
)
_OTHERS: Final = (
    ("student", "o.status = 'enrolled'", 0),
    ("received", "o.item_id <> m.item_id", 1),
)
_ARM: Final = """SELECT m.item_id, m.position, m.name, m.class_name, coalesce(u.name, '未知单位') AS unit,
    o.name AS other_name, o.class_name AS other_class, '{by}' AS by, {waiting} AS waiting
FROM mine m JOIN {table} o ON {same} LEFT JOIN unit u ON u.id = o.unit_id
WHERE {condition} AND (o.id <> m.id OR o.unit_id <> m.unit_id)"""
_ARMS: Final = " UNION ALL ".join(
    _ARM.format(by=by, waiting=waiting, table=table, same=same, condition=condition)
    for by, same in _SAME
    for table, condition, waiting in _OTHERS
)
_QUERY: Final = text(f"{_ROWS} {_ARMS} ORDER BY 1, 2, 5").bindparams(bindparam("items", expanding=True))
_WHY: Final = {"id_number": "身份证件号相同", "identity": "姓名、性别、出生日期都相同"}


@dataclass(frozen=True, slots=True)
class BaselineDuplicate:
    """A row of a received baseline that agrees with another pupil; `by` is id_number or identity; `waiting`: the
    other stands in a baseline that is under review too."""

    item_id: str
    position: int
    label: str
    unit: str
    other: str
    by: str
    waiting: bool

    @property
    def sentence(self) -> str:
        """Who is the same as whom, and what to do."""
        place = f"{self.unit}（待核办的基线）" if self.waiting else self.unit
        return f"第 {self.position + 1} 条 {self.label} 与{place}的 {self.other} {_WHY[self.by]}，请核实是否为同一人。"


def baseline_duplicates(session: Session, item_ids: Sequence[str]) -> list[BaselineDuplicate]:
    """The rows of these baselines, not answered yet, that agree with a known pupil or with another baseline's."""
    if not item_ids:
        return []
    return [
        BaselineDuplicate(
            row.item_id,
            row.position,
            label_of({"name": row.name, "class_name": row.class_name}),
            row.unit,
            label_of({"name": row.other_name, "class_name": row.other_class}),
            row.by,
            bool(row.waiting),
        )
        for row in session.execute(_QUERY, {"items": list(item_ids)})
    ]


def sentences(found: Sequence[BaselineDuplicate]) -> list[str]:
    """The first of them in words, and how many there are."""
    if not found:
        return []
    pupils = len({one.position for one in found})
    head = f"这份基线中有 {pupils} 名学生与已登记的或其他待核办的学生疑似为同一人："
    more = [f"……共 {len(found)} 处，其余略。"] if len(found) > _SHOWN else []
    return [head, *(one.sentence for one in found[:_SHOWN]), *more]
