"""The units a store knows: its own, those above and below."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.units import Line, Tier, Unit
from models.store import tables as t

_DEEPEST: Final = 16
"""Units above one another at most; what claims to be deeper goes in a circle."""
_OWN: Final = select(t.unit).where(t.unit.c.is_self == 1)
"""Asked more often than anything else, so it is put together once."""


def _unit(row: Row[Any]) -> Unit:
    return Unit(row.id, row.name, row.code, Tier(row.tier), Line(row.line), row.city, row.county)


def own_unit(session: Session) -> Unit:
    """The unit this store belongs to. Raises UserError in a store that has none."""
    row = session.execute(_OWN).first()
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


def unit_names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """`unit_name` of several units, each asked for once; {UID: name}."""
    return {unit_id: unit_name(session, unit_id) for unit_id in set(ids)}


def known_names(session: Session) -> dict[str, str]:
    """What every known unit is called, by UID."""
    return {unit_id: name for unit_id, name in session.execute(select(t.unit.c.id, t.unit.c.name))}


def unit_by(session: Session, text: str) -> Unit:
    """The known unit of that UID, code or name. Raises UserError when it is none or several."""
    c = t.unit.c
    rows = session.execute(select(t.unit).where(or_(c.id == text, c.code == text, c.name == text)).limit(2)).all()
    if len(rows) != 1:
        raise UserError(f"{'有多个' if rows else '没有'}名称、代码或标识是“{text}”的单位，请用 unit list 查看。")
    return _unit(rows[0])


def superior_id_of(session: Session, unit_id: str) -> str | None:
    """UID of the unit above, as far as this store knows."""
    return session.execute(select(t.unit.c.superior_id).where(t.unit.c.id == unit_id)).scalar()


def ancestors(session: Session, unit_id: str) -> list[Unit]:
    """The known units above a unit, nearest first."""
    found: list[Unit] = []
    above = superior_id_of(session, unit_id)
    while above and len(found) < _DEEPEST:
        unit = find_unit(session, above)
        if unit is None or unit in found:
            break
        found.append(unit)
        above = superior_id_of(session, above)
    return found


def descendants(session: Session, unit_id: str) -> list[Unit]:
    """The known units below a unit, tier by tier, each tier by code."""
    found: dict[str, Unit] = {}
    tier = [unit_id]
    while tier:
        query = select(t.unit).where(t.unit.c.superior_id.in_(tier)).order_by(t.unit.c.code)
        below = [_unit(row) for row in session.execute(query) if row.id not in found and row.id != unit_id]
        found |= {unit.id: unit for unit in below}
        tier = [unit.id for unit in below]
    return list(found.values())


def enrolled_below(session: Session) -> list[Unit]:
    """The active units directly below this one that have joined it, by code."""
    c = t.unit.c
    joined = (c.superior_id == own_unit(session).id, c.state == "active", c.certificate.is_not(None))
    return [_unit(row) for row in session.execute(select(t.unit).where(*joined).order_by(c.code))]


def standing_for(session: Session, unit_id: str) -> str:
    """The unit that now holds what a unit held: itself, or the one it was merged into."""
    c = t.unit.c
    for _ in range(_DEEPEST):
        following = session.execute(select(c.successor_id).where(c.id == unit_id, c.state == "closed")).scalar()
        if not following:
            break
        unit_id = following
    return unit_id


def has_below(session: Session, unit_id: str) -> bool:
    """Whether any known unit stands directly below."""
    return session.execute(select(t.unit.c.id).where(t.unit.c.superior_id == unit_id).limit(1)).first() is not None


def is_below(session: Session, unit_id: str, above_id: str) -> bool:
    """Whether `above_id` is one of the units above `unit_id`."""
    return any(unit.id == above_id for unit in ancestors(session, unit_id))


def is_within(session: Session, unit_id: str, top_id: str) -> bool:
    """Whether a unit is `top_id` or stands below it."""
    return unit_id == top_id or is_below(session, unit_id, top_id)


def next_hop(session: Session, to_id: str) -> Unit:
    """The neighbour on the way to a unit: the one below that leads to it, else the superior.

    Raises UserError when there is no way.
    """
    own = own_unit(session)
    way = [to_id, *(unit.id for unit in ancestors(session, to_id))]
    step = way[way.index(own.id) - 1] if own.id in way[1:] else superior_id_of(session, own.id)
    hop = find_unit(session, step) if step else None
    if hop is None:
        raise UserError(f"没有通往“{unit_name(session, to_id)}”的路径：它不在本单位之下，本单位也没有上级可以转交。")
    return hop
