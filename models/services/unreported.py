"""Pupils no baseline reports: theirs was refused or withdrawn, so the tier above does not know them (decision 16)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE
from models.domain.ids import new_id
from models.domain.states import State
from models.domain.units import Actor
from models.services.change_log import OPEN_STATES
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

BATCH_KIND = "baseline.students"


def _unreported(session: Session, except_batch: str) -> Select[Any]:
    s, c = t.student.c, t.change.c
    reported = select(c.batch_id).where(
        c.kind == BASELINE.key, c.batch_id.is_not(None), c.state.in_((*OPEN_STATES, State.EFFECTIVE.value))
    )
    return select(s.id).where(
        s.unit_id == own_unit(session).id,
        s.status == "enrolled",
        or_(s.batch_id.is_(None), s.batch_id.not_in([except_batch]) & s.batch_id.not_in(reported)),
    )


def count_unreported(session: Session, except_batch: str = "") -> int:
    """Enrolled pupils of this unit in no accepted or open baseline; `except_batch` is an import being written."""
    query = select(func.count()).select_from(_unreported(session, except_batch).subquery())
    return int(session.execute(query).scalar() or 0)


def gather(session: Session, actor: Actor, source: str, except_batch: str = "") -> tuple[str, int]:
    """Bring these pupils together as one batch, so that a baseline can report them; its id and their number.

    The batch cannot be taken back: undoing an import removes its pupils, and these have been here before.
    """
    number = count_unreported(session, except_batch)
    if not number:
        return "", 0
    batch_id = new_id()
    s = t.student.c
    ids = _unreported(session, except_batch)
    session.execute(update(t.student).where(s.id.in_(ids)).values(batch_id=batch_id))
    values = {
        "id": batch_id,
        "kind": BATCH_KIND,
        "unit_id": actor.unit.id,
        "source": source,
        "source_digest": "",
        "rows_digest": "",
        "count": number,
        "state": "applied",
        "created_at": now_text(),
        "created_by": actor.name,
    }
    session.execute(insert(t.batch).values(values))
    audit.append(session, actor, "roster.gather", f"batch:{batch_id}", {"pupils": number})
    return batch_id, number
