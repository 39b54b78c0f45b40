"""The units a store knows: its own, those above and below."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.units import Line, Tier, Unit
from models.store import tables as t


def _unit(row: Row[Any]) -> Unit:
    return Unit(row.id, row.name, row.code, Tier(row.tier), Line(row.line), row.city, row.county)


def own_unit(session: Session) -> Unit:
    """The unit this store belongs to. Raises UserError in a store that has none."""
    row = session.execute(select(t.unit).where(t.unit.c.is_self == 1)).first()
    if row is None:
        raise UserError("数据库中没有本单位的信息，请先初始化（rollbook init）。")
    return _unit(row)


def find_unit(session: Session, unit_id: str) -> Unit | None:
    """A known unit by its UID."""
    row = session.execute(select(t.unit).where(t.unit.c.id == unit_id)).first()
    return None if row is None else _unit(row)


def unit_name(session: Session, unit_id: str) -> str:
    """The name of a unit, or a phrase for one nobody has told of."""
    unit = find_unit(session, unit_id)
    return unit.name if unit else "未知单位"
