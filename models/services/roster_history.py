"""What happened to a pupil or account: its import, direct edits, batches, and the steps of its changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.acts import ACTS
from models.domain.states import Event
from models.services.records import table_of
from models.store import tables as t


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened to a pupil or account; `before` and `after` hold field texts where known."""

    at: str
    person: str
    text: str
    before: Mapping[str, str]
    after: Mapping[str, str]


def history(session: Session, kind: str, row_id: str) -> list[HistoryEntry]:
    """What happened to a row, newest first: its import, direct edits, and the steps of its changes."""
    row = session.execute(select(table_of(kind)).where(table_of(kind).c.id == row_id)).first()
    entries: list[HistoryEntry] = []
    if row is not None and row.batch_id:
        batch = session.execute(select(t.batch).where(t.batch.c.id == row.batch_id)).first()
        if batch is not None:
            words = batch.source if batch.kind.startswith("create.") else f"导入自 {batch.source}"
            entries.append(HistoryEntry(batch.created_at, batch.created_by, words, {}, {}))
    entries += _audited(session, f"{kind}:{row_id}") + _batched(session, row_id) + _steps(session, row_id)
    return sorted(entries, key=lambda entry: entry.at)[::-1]


def edited_since_import(session: Session, kind: str, digest: str) -> dict[str, set[str]]:
    """What was changed by hand or by other files since the file of that digest was first imported: {subject: fields};
    nothing when it never was, or was taken back."""
    batch, b, a = t.batch.c, t.batch_before.c, t.audit.c
    came = (batch.source_digest == digest, batch.kind == f"import.{kind}", batch.state == "applied")
    first = session.execute(select(batch.id, batch.created_at).where(*came).order_by(batch.created_at).limit(1)).first()
    if first is None:
        return {}
    found: dict[str, set[str]] = {}
    later = select(b.subject_id, b.before).join(t.batch, batch.id == b.batch_id)
    later = later.where(batch.created_at >= first.created_at, batch.id != first.id, batch.state == "applied")
    for subject_id, before in session.execute(later):
        found.setdefault(subject_id, set()).update(json.loads(before))
    start = select(a.sequence).where(a.object == f"batch:{first.id}").order_by(a.sequence).limit(1).scalar_subquery()
    edits = select(a.object, t.audit_body.c.body).join(t.audit_body, t.audit_body.c.sequence == a.sequence)
    for object_, body in session.execute(edits.where(a.act == "roster.set", a.sequence > start)):
        found.setdefault(object_.partition(":")[2], set()).update(json.loads(body)["after"])
    return found


_ACT_TEXT = {
    "roster.set": "修改",
    "roster.reveal": "查看完整号码",
    "roster.receipt": "按上级回执更新",
    "account.add": "新增账户",
    "account.rename": "账户更名",
    "account.disable": "禁用账户",
    "account.enable": "恢复账户",
}


def _audited(session: Session, object_: str) -> list[HistoryEntry]:
    a, body, who = t.audit.c, t.audit_body.c, t.operator.c
    query = (
        select(a.at, who.name, a.act, body.body)
        .select_from(t.audit)
        .outerjoin(t.audit_body, body.sequence == a.sequence)
        .outerjoin(t.operator, who.person_id == a.actor)
        .where(a.object == object_)
        .order_by(a.sequence)
    )
    entries = []
    for at, name, act, text in session.execute(query):
        said: dict[str, Any] = json.loads(text) if text else {}
        words = _ACT_TEXT.get(act, ACTS.get(act, act)) + (f"：{said['reason']}" if said.get("reason") else "")
        entries.append(HistoryEntry(at, name or "上级回执", words, said.get("before") or {}, said.get("after") or {}))
    return entries


def _batched(session: Session, row_id: str) -> list[HistoryEntry]:
    b, batch = t.batch_before.c, t.batch.c
    query = (
        select(batch.created_at, batch.created_by, batch.source, b.before)
        .join_from(t.batch_before, t.batch, b.batch_id == batch.id)
        .where(b.subject_id == row_id)
    )
    return [HistoryEntry(at, by, source, json.loads(before), {}) for at, by, source, before in session.execute(query)]


def _steps(session: Session, row_id: str) -> list[HistoryEntry]:
    c, d = t.change.c, t.decision.c
    query = (
        select(c.number, c.before, c.after, d.event, d.person_name, d.at, d.opinion)
        .join_from(t.change, t.decision, c.id == d.change_id)
        .where(c.subject_id == row_id)
        .order_by(d.at, d.position)
    )
    words = {
        Event.PROPOSE: "发起变更",
        Event.APPROVE: "本单位批准变更",
        Event.RECEIPT_ACCEPT: "变更生效",
        Event.RECEIPT_REFUSE: "上级未予通过变更",
        Event.REFUSE: "本单位未予通过变更",
        Event.WITHDRAW: "撤回变更",
    }
    return [
        HistoryEntry(
            row.at,
            row.person_name,
            f"{words[Event(row.event)]} {row.number}" + (f"：{row.opinion}" if row.opinion else ""),
            json.loads(row.before),
            json.loads(row.after),
        )
        for row in session.execute(query)
        if row.event in words
    ]
