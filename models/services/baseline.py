"""The rows of a baseline, kept as they were submitted: what is approved is what is sent (decision 16)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE, ACCOUNT_FILING, CHANGE_KIND
from models.domain.errors import UserError
from models.domain.states import State
from models.services.change_log import in_chunks
from models.services.filing.rows import rows_to_file
from models.services.items import entry_line, rows_digest
from models.services.records import KEYS_OF, TABLE_OF
from models.store import tables as t


def freeze(session: Session, change: Row[Any]) -> None:
    """Copy the batch's pupils or accounts as they stand now beside the change; count and digest go into the batch.

    A filing's are the accounts that differ from what was last filed, whatever batch they came with.
    Raises UserError when none of them is left.
    """
    thaw(session, [change.id])
    lines = [entry_line(entry) for entry in _entries(session, change)]
    if not lines:
        raise UserError("这批记录已全部撤销，没有可上报的内容。请撤回此申请。")
    bodies = [{"change_id": change.id, "position": place, "body": line.decode()} for place, line in enumerate(lines)]
    session.execute(insert(t.baseline_row), bodies)
    session.execute(
        update(t.batch).where(t.batch.c.id == change.batch_id).values(count=len(lines), rows_digest=rows_digest(lines))
    )


def is_moved(session: Session, change: Row[Any]) -> bool:
    """Whether a submitted batch is not what it was when it was submitted: what is approved is what was looked at."""
    kept = list(frozen_lines(session, change.id))
    return bool(kept) and kept != [entry_line(entry) for entry in _entries(session, change)]


def thaw(session: Session, change_ids: Sequence[str]) -> None:
    """Drop the copies of changes that are not on their way any more."""
    for part in in_chunks(change_ids):
        session.execute(delete(t.baseline_row).where(t.baseline_row.c.change_id.in_(part)))


def rows_of(session: Session, change: Row[Any]) -> list[dict[str, Any]]:
    """The pupils or accounts of a baseline, {"id", "values"}: as submitted, else those of its batch as they are now.

    Those of a filing also say their status, act and revision.
    """
    lines = [json.loads(line) for line in frozen_lines(session, change.id)]
    return lines or list(_entries(session, change))


def _entries(session: Session, change: Row[Any]) -> Iterator[dict[str, Any]]:
    """The batch's rows, or those to file, as they stand now."""
    if change.kind == ACCOUNT_FILING.key:
        yield from (row.entry for row in rows_to_file(session) if change.state == State.DRAFT)
        return
    kind = CHANGE_KIND[change.kind].subjects
    keys, c = KEYS_OF[kind], TABLE_OF[kind].c
    query = select(c.id, *(c[key] for key in keys)).where(c.batch_id == change.batch_id).order_by(c.id)
    if change.kind == ACCOUNT_CREATE.key:  # others of the same file had their account before
        query = query.where(c.status == "pending")
    for row_id, *values in session.execute(query):
        yield {"id": row_id, "values": dict(zip(keys, values, strict=True))}


def frozen_lines(session: Session, change_id: str) -> Iterator[bytes]:
    """The canonical lines of a submitted baseline, in their order."""
    c = t.baseline_row.c
    query = select(c.body).where(c.change_id == change_id).order_by(c.position)
    for (body,) in session.execute(query.execution_options(yield_per=1000)):
        yield body.encode()


def frozen_count(session: Session, change_id: str) -> int:
    """How many rows a submitted baseline carries."""
    query = select(func.count()).select_from(t.baseline_row).where(t.baseline_row.c.change_id == change_id)
    return int(session.execute(query).scalar() or 0)
