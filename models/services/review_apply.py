"""What an accepted item changes at the tier that accepted it: its own copy of the school's roster (decision 16)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE, KEY_FIELD
from models.domain.fields import STUDENTS
from models.domain.units import Actor
from models.rules.naming import pinyin_keys
from models.services.change_log import in_chunks
from models.services.records import KEYS_OF
from models.store import audit, bulk, search
from models.store import tables as t
from models.store.clock import now_text


def apply_item(session: Session, actor: Actor, row: Row[Any]) -> None:
    """Bring an accepted item into this tier's copy; a pupil this tier does not know is left for a later baseline."""
    if row.kind == BASELINE.key:
        _apply_baseline(session, actor, row)
    elif row.kind == KEY_FIELD.key:
        _apply_key_field(session, actor, row)


def _apply_key_field(session: Session, actor: Actor, row: Row[Any]) -> None:
    item = json.loads(row.body)
    s = t.student.c
    values = {"revision": item["base_revision"] + 1, "updated_at": now_text(), "updated_by": actor.name}
    found = session.execute(
        update(t.student).where(s.id == row.subject_id, s.unit_id == row.unit_id).values(**item["after"], **values)
    )
    if found.rowcount:  # type: ignore[attr-defined]
        search.index(session, STUDENTS, [row.subject_id], pinyin_keys)
        body = {"before": item["before"], "after": item["after"], "reason": f"核办 {item['number']}"}
        audit.append(session, actor, "roster.accept", f"{STUDENTS}:{row.subject_id}", body)


def _apply_baseline(session: Session, actor: Actor, row: Row[Any]) -> None:
    bodies = session.execute(
        select(t.received_row.c.body).where(t.received_row.c.item_id == row.id).order_by(t.received_row.c.position)
    ).scalars()
    rows = [json.loads(body) for body in bodies]
    known = _known(session, [entry["id"] for entry in rows])
    shared: dict[str, str | int] = {
        "unit_id": row.unit_id,
        "status": "enrolled",
        "updated_at": now_text(),
        "updated_by": actor.name,
    }
    given = sorted({key for entry in rows for key in entry["values"]})  # empty values do not travel
    blank = dict.fromkeys(given, "")
    new = [{**blank, **e["values"], **shared, "id": e["id"], "revision": 1} for e in rows if e["id"] not in known]
    bulk.insert_students(session, new, pinyin_keys)
    # A row whose id another unit holds is never taken over from it.
    again = [entry for entry in rows if known.get(entry["id"]) == row.unit_id]
    for entry in again:
        values = {key: entry["values"].get(key, "") for key in KEYS_OF[STUDENTS]}
        session.execute(update(t.student).where(t.student.c.id == entry["id"]).values(**values, **shared))
    search.index(session, STUDENTS, [entry["id"] for entry in again], pinyin_keys)
    session.execute(delete(t.received_row).where(t.received_row.c.item_id == row.id))
    digest = json.loads(row.body)["batch"]["rows_digest"]
    body = {"new": len(new), "again": len(again), "rows_digest": digest}
    audit.append(session, actor, "roster.baseline", f"unit:{row.unit_id}", body)


def _known(session: Session, ids: Sequence[str]) -> dict[str, str]:
    s = t.student.c
    return {
        row_id: unit_id
        for part in in_chunks(ids)
        for row_id, unit_id in session.execute(select(s.id, s.unit_id).where(s.id.in_(part)))
    }
