"""What waits to leave this unit and since when, and when its superior was last heard of (decision 7)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import FILED
from models.domain.message_kinds import ALWAYS, MESSAGE_KINDS
from models.domain.states import State
from models.domain.traffic import Traffic
from models.services import reported
from models.services.companions import own_pc
from models.services.units import find_unit
from models.store import tables as t

_LETTERS = tuple(kind.key for kind in MESSAGE_KINDS if kind.traced == ALWAYS)
"""What people write; what the program tells by itself goes along with the next package and is nobody's errand."""


def traffic(session: Session) -> Traffic:
    """The state of what travels; a unit's second PC sends nothing itself (decision 2)."""
    if own_pc(session):
        return Traffic()
    c, m, p, r = t.change.c, t.message.c, t.package.c, t.report_section.c
    superior_id = session.execute(select(t.unit.c.superior_id).where(t.unit.c.is_self == 1)).scalar()
    changes = select(func.count(), func.min(c.updated_at)).where(c.state == State.APPROVED.value)
    if not superior_id:  # what the province files itself goes nowhere (A4)
        changes = changes.where(c.kind.not_in(FILED))
    letters = select(func.count(), func.min(m.at)).where(m.state == "waiting", m.kind.in_(_LETTERS))
    files = select(func.count(), func.min(p.created_at)).where(p.direction == "out", p.state == "sealed")
    kept = select(func.min(r.at)).where(r.state == reported.KEPT, r.report_id.is_(None))
    counts, dates = zip(*(_counted(session, query) for query in (changes, letters, files)), strict=True)
    superior = find_unit(session, superior_id) if superior_id else None
    items = reported.count_waiting(session) if superior else 0
    oldest = [*dates, session.execute(kept).scalar() if items else ""]
    return Traffic(
        counts[0], counts[1], items, counts[2], min((one for one in oldest if one), default=""),
        superior.name if superior else "", _heard(session, superior_id) if superior_id else "",
    )  # fmt: skip


def _counted(session: Session, query: Select[Any]) -> tuple[int, str]:
    number, oldest = session.execute(query).one()
    return number, oldest or ""


def _heard(session: Session, superior_id: str) -> str:
    """The last package of the superior that was taken in; else the first one sent to it."""
    p = t.package.c
    came = select(func.max(p.handled_at)).where(
        p.direction == "in", p.issuer_id == superior_id, p.state.in_(("opened", "reviewed", "answered"))
    )
    went = select(func.min(p.created_at)).where(p.direction == "out", p.audience_id == superior_id)
    return session.execute(came).scalar() or session.execute(went).scalar() or ""
