"""The record of an inspection or patrol, as it is signed when it is closed: after that nothing of it changes (A12)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.inspection import OVERDUE_LABEL, RECORD, STATE_LABELS
from models.domain.signing import canonical, digest
from models.domain.units import Actor
from models.services.inspection.log import Standing, find_inspection, findings_of, require_open, standings_of, write
from models.services.roster_edit import require_editor
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

_NAMED: Final = 20


def settle(session: Session, actor: Actor, inspection_id: str, *, open_left: bool = False) -> dict[str, Any]:
    """Write down where every finding stands and give the record that is to be signed. `open_left`: also with
    findings something is still to be done about. Raises UserError, which names these, NotAllowedError."""
    require_editor(actor, ACCOUNTS, "办结核查")
    found = require_open(session, inspection_id)
    stand = standings_of(session, found)
    if not open_left:
        _refuse_left([one for one in stand if one.is_left])
    by_state: dict[str, list[int]] = {}
    for one in stand:
        if one.state.value != one.row.state:
            by_state.setdefault(one.state.value, []).append(one.row.position)
    for state, places in by_state.items():
        write(session, found.id, places, {"state": state})
    details = {**json.loads(found.details), "overdue": [one.row.position for one in stand if one.overdue]}
    this = t.inspection.c.id == found.id
    session.execute(update(t.inspection).where(this).values(details=canonical(details).decode()))
    found = find_inspection(session, found.id)
    facts = {
        "type": RECORD, "v": 1, "line": actor.unit.line.value, "person_id": actor.person_id,
        "person_name": actor.name, "at": now_text(),
    }  # fmt: skip
    return {**facts, **record_of(found, findings_of(session, found.id), actor.unit.id)}


def _refuse_left(left: Sequence[Standing]) -> None:
    """What is closed changes no more, so nobody closes by mistake what is not done."""
    if not left:
        return
    late = sum(one.overdue for one in left)
    kinds = Counter(STATE_LABELS[one.state] for one in left if not one.overdue)
    counted = [*([f"{OVERDUE_LABEL} {late} 项"] if late else []), *(f"{words} {n} 项" for words, n in kinds.items())]
    numbers = "、".join(str(one.row.position + 1) for one in left[:_NAMED]) + ("等" if len(left) > _NAMED else "")
    raise UserError(
        f"还有 {len(left)} 项没有了结（{'，'.join(counted)}）：第 {numbers} 项。办结后不能再改动，"
        "请先处理并核实；确要就此办结的，须写明带着未了结的问题办结（--open-left）。没有办结。"
    )


def record_of(found: Row[Any], rows: Sequence[Row[Any]], unit_id: str) -> dict[str, Any]:
    """The part of the record that follows from the rows, so that it can be compared later."""
    return {
        "unit": unit_id, "inspection": found.id, "kind": found.kind, "source": found.source,
        "source_digest": found.source_digest, "made_at": found.made_at, "made_by": found.made_by,
        "checked": found.checked, "note": found.note, "details": digest(json.loads(found.details)),
        "counts": dict(Counter(row.code for row in rows)), "states": dict(Counter(row.state for row in rows)),
        "findings": digest([{**row._mapping, "details": json.loads(row.details)} for row in rows]),
    }  # fmt: skip


def close(session: Session, actor: Actor, inspection_id: str, statement_id: str) -> None:
    """Close an inspection under its signed record."""
    values = {"state": "closed", "statement_id": statement_id}
    session.execute(update(t.inspection).where(t.inspection.c.id == inspection_id).values(values))
    audit.append(session, actor, "inspection.close", f"inspection:{inspection_id}", {"statement": statement_id})
