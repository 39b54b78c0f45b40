"""What the second PC keeps of pupils and evidence: only what the decisions that wait there need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.fields import STUDENTS
from models.domain.progress import Progress
from models.rules.naming import pinyin_keys
from models.services.change_log import in_chunks
from models.services.records import KEYS_OF
from models.store import bulk, clock, search
from models.store import tables as t
from sync.companions.exchange import damaged
from sync.packages.opening import read_file
from sync.wire.jsonlines import LineReader
from sync.wire.statements import base64_text


def read_pupils(reader: LineReader) -> Iterator[dict[str, Any]]:
    """The pupils of a file as rows of table `student`. Raises KeyError, TypeError, ValueError, AttributeError."""
    now, keys = clock.now_text(), KEYS_OF[STUDENTS]
    while reader.peek() == "s":
        pupil, _ = reader.take("s")
        values = {key: str(pupil["values"].get(key, "")) for key in keys}
        yield {
            "id": str(pupil["id"]), "unit_id": str(pupil["unit"]), "status": str(pupil["status"]),
            "revision": int(pupil["revision"]), "updated_at": now, "updated_by": "", **values,
        }  # fmt: skip


def put_pupils(session: Session, pupils: Sequence[dict[str, Any]]) -> None:
    """The pupils of this file, and of the other changes that wait, are all this PC keeps of the roster."""
    c = t.companion_change.c
    waiting = select(t.change.c.subject_id).join(t.companion_change, c.change_id == t.change.c.id).where(c.waits == 1)
    keep = set(session.execute(waiting).scalars()) - {pupil["id"] for pupil in pupils}
    unneeded = [row for row in session.execute(select(t.student.c.id)).scalars() if row not in keep]
    for part in in_chunks(unneeded):
        search.remove(session, STUDENTS, part)
        session.execute(delete(t.student).where(t.student.c.id.in_(part)))
    bulk.insert_students(session, pupils, pinyin_keys)


def read_evidence(session: Session, reader: LineReader, progress: Progress) -> int:
    """Take the evidence of a file, each under its limit and with its digest; how many files. Raises RefusedError."""
    count = 0
    while reader.peek() == "e":
        head, _ = reader.take("e")
        file = read_file(reader, head)
        count += 1
        progress.report(count, None, "正在接收证明材料")
        row = {"digest": file.digest, "media_type": file.media_type, "size": len(file.data), "content": file.data}
        session.execute(upsert(t.evidence).values(**row, added_at=clock.now_text()).on_conflict_do_nothing())
    if reader.peek() is not None:
        raise damaged("末尾有多余的记录")
    return count


def tidy(session: Session) -> None:
    """Evidence and baseline rows of what is decided and taken over are not kept here."""
    c = t.companion_change.c
    waiting = select(c.change_id).where(c.waits == 1)
    session.execute(delete(t.baseline_row).where(t.baseline_row.c.change_id.not_in(waiting)))
    needed = select(t.change_evidence.c.digest).where(t.change_evidence.c.change_id.in_(waiting))
    session.execute(delete(t.evidence).where(t.evidence.c.digest.not_in(needed)))


def remove(session: Session, change_ids: Sequence[str]) -> None:
    """Drop changes with all that is kept of them."""
    for part in in_chunks(change_ids):
        for table in (t.decision, t.change_evidence, t.baseline_row, t.companion_change):
            session.execute(delete(table).where(table.c.change_id.in_(part)))
        session.execute(delete(t.change).where(t.change.c.id.in_(part)))


def forget_signed_by_other_keys(session: Session, key: bytes) -> None:
    """Drop changes approved here under a key the person has no more, so that the next picture brings them anew."""
    k, d, s = t.companion_change.c, t.decision.c, t.statement.c
    query = select(k.change_id, s.signatures).join(
        t.decision, (d.change_id == k.change_id) & (d.position > k.decisions)
    )
    found = session.execute(query.join(t.statement, s.id == d.statement_id)).all()
    signed = base64_text(key)
    remove(session, [row.change_id for row in found if json.loads(row.signatures)[0]["public_key"] != signed])
