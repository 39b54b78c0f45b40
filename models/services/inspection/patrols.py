"""The record of an inspection or patrol, as it is signed when it is closed: after that nothing of it changes (A12)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS
from models.domain.inspection import RECORD
from models.domain.signing import digest
from models.domain.units import Actor
from models.services.inspection.log import findings_of, require_open, standings, write
from models.services.roster_edit import require_editor
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


def settle(session: Session, actor: Actor, inspection_id: str) -> dict[str, Any]:
    """Write down where every finding stands and give the record that is to be signed. Raises UserError,
    NotAllowedError."""
    require_editor(actor, ACCOUNTS, "办结核查")
    found = require_open(session, inspection_id)
    by_state: dict[str, list[int]] = {}
    for one in standings(session, findings_of(session, found.id)):
        if one.state.value != one.row.state:
            by_state.setdefault(one.state.value, []).append(one.row.position)
    for state, places in by_state.items():
        write(session, found.id, places, {"state": state})
    facts = {
        "type": RECORD, "v": 1, "line": actor.unit.line.value, "person_id": actor.person_id,
        "person_name": actor.name, "at": now_text(),
    }  # fmt: skip
    return {**facts, **record_of(found, findings_of(session, found.id), actor.unit.id)}


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
