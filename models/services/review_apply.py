"""What an accepted item changes at a tier above the school: its own copy of the roster (decisions 14, 16)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, CHANGE_KIND, KEY_FIELD
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.units import Actor
from models.rules.naming import pinyin_keys
from models.services.change_log import in_chunks
from models.services.filing.applying import apply_filing
from models.services.records import IN_USE, KEYS_OF, TABLE_OF
from models.services.units import standing_for
from models.store import audit, bulk, search
from models.store import tables as t
from models.store.clock import now_text

_AT_ONCE: Final = 500
"""Rows of a baseline in memory at a time."""
_INSERT: Final = {STUDENTS: bulk.insert_students, ACCOUNTS: bulk.insert_accounts}


def apply_item(
    session: Session, actor: Actor, unit_id: str, item: Mapping[str, Any], rows: Iterable[bytes] = ()
) -> list[str]:
    """Bring an accepted item of a unit into this tier's copy; ids of the pupils it touched.

    `rows` are the canonical rows of a baseline. A pupil this tier does not know is left for a later baseline. What a
    unit sent before it was merged into another one concerns the other one's pupils now.
    """
    unit_id = standing_for(session, unit_id)
    if item["kind"] == ACCOUNT_FILING.key:
        return apply_filing(session, actor, unit_id, item, _parts(rows))
    if CHANGE_KIND[item["kind"]].subjects:
        return _apply_baseline(session, actor, unit_id, item, rows)
    if item["kind"] == KEY_FIELD.key:
        return _apply_key_field(session, actor, unit_id, item)
    return []


def _apply_key_field(session: Session, actor: Actor, unit_id: str, item: Mapping[str, Any]) -> list[str]:
    s = t.student.c
    pupil = item["subject"]
    values = {"revision": item["base_revision"] + 1, "updated_at": now_text(), "updated_by": actor.name}
    found = session.execute(
        update(t.student).where(s.id == pupil, s.unit_id == unit_id).values(**item["after"], **values)
    )
    if not found.rowcount:  # type: ignore[attr-defined]
        return []
    search.index(session, STUDENTS, [pupil], pinyin_keys)
    body = {"before": item["before"], "after": item["after"], "reason": f"核办 {item['number']}"}
    audit.append(session, actor, "roster.accept", f"{STUDENTS}:{pupil}", body)
    return [pupil]


def _apply_baseline(
    session: Session, actor: Actor, unit_id: str, item: Mapping[str, Any], rows: Iterable[bytes]
) -> list[str]:
    kind = CHANGE_KIND[item["kind"]].subjects
    shared = {"unit_id": unit_id, "updated_at": now_text(), "updated_by": actor.name}
    touched: list[str] = []
    new = 0
    for part in _parts(rows):
        added, again = _apply_part(session, kind, unit_id, part, shared)
        touched += [*added, *again]
        new += len(added)
    body = {"new": new, "again": len(touched) - new, "rows_digest": item["batch"]["rows_digest"]}
    audit.append(session, actor, "roster.baseline", f"unit:{unit_id}", body)
    return touched


def _parts(rows: Iterable[bytes]) -> Iterator[list[dict[str, Any]]]:
    lines = iter(rows)
    while part := [json.loads(line) for line in islice(lines, _AT_ONCE)]:
        yield part


def _apply_part(
    session: Session, kind: str, unit_id: str, rows: Sequence[dict[str, Any]], shared: dict[str, str]
) -> tuple[list[str], list[str]]:
    """Ids of the pupils or accounts that are new here, and of those that were written over.

    A row that is there keeps its status.
    """
    table, insert_rows = TABLE_OF[kind], _INSERT[kind]
    rows = list({entry["id"]: entry for entry in rows}.values())  # the last word on each
    known = _known(session, kind, [entry["id"] for entry in rows])
    given = sorted({key for entry in rows for key in entry["values"]})  # empty values do not travel
    blank = dict.fromkeys(given, "")
    started = {**shared, "status": IN_USE[kind], "revision": 1}
    new = [{**blank, **e["values"], **started, "id": e["id"]} for e in rows if e["id"] not in known]
    insert_rows(session, new, pinyin_keys)
    # A row whose id another unit holds is never taken over from it.
    again = [entry for entry in rows if known.get(entry["id"]) == unit_id]
    for entry in again:
        values = {key: entry["values"].get(key, "") for key in KEYS_OF[kind]}
        session.execute(update(table).where(table.c.id == entry["id"]).values(**values, **shared))
    search.index(session, kind, [entry["id"] for entry in again], pinyin_keys)
    return [str(row["id"]) for row in new], [entry["id"] for entry in again]


def take_rows(session: Session, item_id: str) -> Iterator[bytes]:
    """The rows of a baseline under review, which are gone from there afterwards."""
    c = t.received_row.c
    start = 0
    while True:
        query = select(c.body).where(c.item_id == item_id, c.position >= start, c.position < start + _AT_ONCE)
        bodies = session.execute(query.order_by(c.position)).scalars().all()
        if not bodies:
            break
        for body in bodies:
            yield body.encode()
        start += _AT_ONCE
    session.execute(delete(t.received_row).where(c.item_id == item_id))


def _known(session: Session, kind: str, ids: Sequence[str]) -> dict[str, str]:
    s = TABLE_OF[kind].c
    return {
        row_id: unit_id
        for part in in_chunks(ids)
        for row_id, unit_id in session.execute(select(s.id, s.unit_id).where(s.id.in_(part)))
    }
