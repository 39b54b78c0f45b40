"""Pupils no baseline reports: theirs was refused or withdrawn, or they were added one by one, so the tier above does
not know them (decision 16). What is to be filed of accounts is asked of `filing.rows`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE_OF
from models.domain.fields import STUDENTS
from models.domain.ids import new_id
from models.domain.states import State
from models.domain.units import Actor
from models.services.change_log import OPEN_STATES
from models.services.records import IN_USE, NOUN, TABLE_OF
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

_GATHERED = "baseline."
MERGED = "merged"
"""State of a batch of rows that came with a unit that was merged into this one."""


def is_gathered(batch_kind: str) -> bool:
    """Whether a batch only brings together rows that have been here before, so that it cannot be taken back."""
    return batch_kind.startswith(_GATHERED)


def source_text(kind: str) -> str:
    """How a baseline of such rows is called."""
    return f"尚未上报的{NOUN[kind]}"


def _unreported(session: Session, kind: str, except_batch: str) -> Select[Any]:
    row, c = TABLE_OF[kind].c, t.change.c
    reported = select(c.batch_id).where(
        c.kind == BASELINE_OF[kind].key, c.batch_id.is_not(None), c.state.in_((*OPEN_STATES, State.EFFECTIVE.value))
    )
    told = select(t.batch.c.id).where(t.batch.c.state == MERGED)  # by the superior, who has them
    return select(row.id).where(
        row.unit_id == own_unit(session).id,
        row.status == IN_USE[kind],
        or_(row.batch_id.is_(None), row.batch_id.not_in([except_batch]) & row.batch_id.not_in(reported.union(told))),
    )


def count_unreported(session: Session, kind: str = STUDENTS, except_batch: str = "") -> int:
    """Rows of this unit in use and in no accepted or open baseline; `except_batch` is an import being written."""
    query = select(func.count()).select_from(_unreported(session, kind, except_batch).subquery())
    return int(session.execute(query).scalar() or 0)


def gather(session: Session, actor: Actor, kind: str, except_batch: str = "") -> tuple[str, int]:
    """Bring these rows together as one batch, so that a baseline can report them; its id and their number.

    The batch cannot be taken back: undoing an import removes its rows, and these have been here before.
    """
    number = count_unreported(session, kind, except_batch)
    if not number:
        return "", 0
    batch_id = new_id()
    table = TABLE_OF[kind]
    ids = _unreported(session, kind, except_batch)
    session.execute(update(table).where(table.c.id.in_(ids)).values(batch_id=batch_id))
    values = {
        "id": batch_id,
        "kind": f"{_GATHERED}{kind}",
        "unit_id": actor.unit.id,
        "source": source_text(kind),
        "source_digest": "",
        "rows_digest": "",
        "count": number,
        "state": "applied",
        "created_at": now_text(),
        "created_by": actor.name,
    }
    session.execute(insert(t.batch).values(values))
    audit.append(session, actor, "roster.gather", f"batch:{batch_id}", {"rows": number})
    return batch_id, number
