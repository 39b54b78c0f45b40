"""The rows of a baseline, kept as they were submitted: what is approved is what is sent (decision 16)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import STUDENTS
from models.services.change_log import in_chunks
from models.services.items import row_line, rows_digest
from models.services.records import KEYS_OF
from models.store import tables as t


def freeze(session: Session, change: Row[Any]) -> None:
    """Copy the batch's pupils as they stand now beside the change; count and digest go into the batch.

    Raises UserError when none of them is left.
    """
    thaw(session, [change.id])
    keys = KEYS_OF[STUDENTS]
    s = t.student.c
    query = select(s.id, *(s[key] for key in keys)).where(s.batch_id == change.batch_id).order_by(s.id)
    lines = [row_line(row[0], dict(zip(keys, row[1:], strict=True))) for row in session.execute(query)]
    if not lines:
        raise UserError("这批导入的学生已全部撤销，没有可上报的内容。请撤回此申请。")
    bodies = [{"change_id": change.id, "position": place, "body": line.decode()} for place, line in enumerate(lines)]
    session.execute(insert(t.baseline_row), bodies)
    session.execute(
        update(t.batch).where(t.batch.c.id == change.batch_id).values(count=len(lines), rows_digest=rows_digest(lines))
    )


def thaw(session: Session, change_ids: Sequence[str]) -> None:
    """Drop the copies of changes that are not on their way any more."""
    for part in in_chunks(change_ids):
        session.execute(delete(t.baseline_row).where(t.baseline_row.c.change_id.in_(part)))


def pupils_of(session: Session, change: Row[Any]) -> list[dict[str, Any]]:
    """The pupils a baseline reports, {"id", "values"}: as submitted, else those of its batch as they stand now."""
    lines = [json.loads(line) for line in frozen_lines(session, change.id)]
    if lines:
        return lines
    keys, s = KEYS_OF[STUDENTS], t.student.c
    query = select(s.id, *(s[key] for key in keys)).where(s.batch_id == change.batch_id).order_by(s.id)
    return [{"id": row[0], "values": dict(zip(keys, row[1:], strict=True))} for row in session.execute(query)]


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
