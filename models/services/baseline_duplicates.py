"""Pupils of a received baseline whom this tier knows already, or who stand in another baseline under review (E9, E10);
accounts likewise, by user name (A17 h) and by ID number: one person, one account (D6).

One query over all rows asked for, whatever their number: the rows are read once and joined by ID number, or by name,
sex and birth date for a row without one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, BASELINE
from models.domain.fields import STUDENTS
from models.services.records import COUNTED, NOUN, label_of

_SHOWN: Final = 20
_ROWS: Final = """
WITH received AS MATERIALIZED (
    SELECT r.item_id, r.position, i.kind, i.unit_id, r.body ->> '$.id' AS id,
        coalesce(r.body ->> '$.values.id_number', '') AS id_number, r.body ->> '$.values.name' AS name,
        r.body ->> '$.values.sex' AS sex, r.body ->> '$.values.birth_date' AS birth_date,
        coalesce(r.body ->> '$.values.username', '') AS username,
        coalesce(r.body ->> '$.values.class_name', r.body ->> '$.values.department', '') AS place
    FROM received_item i JOIN received_row r ON r.item_id = i.id
    WHERE i.receipt_id IS NULL AND i.state <> 'withdrawn' AND coalesce(r.body ->> '$.status', '') <> 'disabled'
), mine AS MATERIALIZED (SELECT * FROM received WHERE item_id IN :items)
"""
_ID: Final = ("id_number", "m.id_number = o.id_number AND m.id_number <> ''")
_SAME: Final = {
    BASELINE.key: (
        _ID,
        ("identity", "m.name = o.name AND m.sex = o.sex AND m.birth_date = o.birth_date AND m.id_number = ''"),
    ),
    ACCOUNT_FILING.key: (_ID, ("username", "m.username = o.username AND m.username <> ''")),
}
_OTHERS: Final = {
    BASELINE.key: ("student", "class_name", "o.status = 'enrolled'"),
    ACCOUNT_FILING.key: ("account", "department", "o.status = 'active'"),
}
_ARM: Final = """SELECT m.item_id, m.position, m.name, m.place, coalesce(u.name, '未知单位') AS unit,
    o.name AS other_name, o.{place} AS other_place, '{by}' AS by, {waiting} AS waiting
FROM mine m JOIN {table} o ON {same} LEFT JOIN unit u ON u.id = o.unit_id
WHERE m.kind = '{kind}' AND {condition} AND (o.id <> m.id OR o.unit_id <> m.unit_id)"""


def _arms() -> Iterator[str]:
    """One SELECT for each kind of list, way of being the same, and place where the other may stand."""
    for kind, ways in _SAME.items():
        for by, same in ways:
            shared = {"kind": kind, "by": by, "same": same}
            table, place, condition = _OTHERS[kind]
            yield _ARM.format(**shared, table=table, place=place, condition=condition, waiting=0)
            condition = "o.item_id <> m.item_id AND o.kind = m.kind"
            yield _ARM.format(**shared, table="received", place="place", condition=condition, waiting=1)


_QUERY: Final = text(f"{_ROWS} {' UNION ALL '.join(_arms())} ORDER BY 1, 2, 5").bindparams(
    bindparam("items", expanding=True)
)
_WHY: Final = {
    "id_number": "身份证件号相同，请核实是否为同一人",
    "identity": "姓名、性别、出生日期都相同，请核实是否为同一人",
    "username": "用户名相同，平台上只能有一人使用",
}


@dataclass(frozen=True, slots=True)
class BaselineDuplicate:
    """A row of a received baseline that agrees with another pupil or account; `by` is id_number, identity or username;
    `waiting`: the other stands in a baseline that is under review too."""

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
        return f"第 {self.position + 1} 条 {self.label} 与{place}的 {self.other} {_WHY[self.by]}。"


def baseline_duplicates(session: Session, item_ids: Sequence[str]) -> list[BaselineDuplicate]:
    """The rows of these baselines, not answered yet, that agree with a known pupil or with another baseline's."""
    if not item_ids:
        return []
    return [
        BaselineDuplicate(
            row.item_id,
            row.position,
            label_of({"name": row.name, "class_name": row.place}),
            row.unit,
            label_of({"name": row.other_name, "class_name": row.other_place}),
            row.by,
            bool(row.waiting),
        )
        for row in session.execute(_QUERY, {"items": list(item_ids)})
    ]


def sentences(found: Sequence[BaselineDuplicate], kind: str) -> list[str]:
    """The first of them in words, and how many there are; `kind` of roster (students, teachers)."""
    if not found:
        return []
    rows = len({one.position for one in found})
    same = "疑似为同一人" if kind == STUDENTS else "用户名或身份证件号重复"
    head = f"这份基线中有 {rows} {COUNTED[kind]}与已登记的或其他待核办的{NOUN[kind]}{same}："
    more = [f"……共 {len(found)} 处，其余略。"] if len(found) > _SHOWN else []
    return [head, *(one.sentence for one in found[:_SHOWN]), *more]
