"""What waits to be sent to the superior, as `sync/packages/outbox` asks for it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import FILED
from models.domain.errors import DataFaultError, UserError
from models.domain.states import STATE_LABELS, Event, State
from models.domain.units import Actor, Role
from models.services.approvals import load_statements
from models.services.baseline import frozen_lines
from models.services.change_log import changes_by_id, in_chunks, record
from models.services.companions import own_pc
from models.services.items import build_items
from models.services.permissions import require_own, require_role
from models.services.policy_checks import policy_faults
from models.store import tables as t


@dataclass(frozen=True)
class Waiting:
    """Approved changes not sealed yet: number by kind of change, and of all."""

    kinds: Mapping[str, int]
    total: int


def waiting(session: Session) -> Waiting:
    """What the next package would carry; nothing on a unit's second PC, which seals nothing (decision 2)."""
    if own_pc(session):
        return Waiting({}, 0)
    c = t.change.c
    kinds = Counter(session.scalars(select(c.kind).where(c.state == State.APPROVED.value, c.kind.not_in(FILED))))
    return Waiting(dict(kinds), kinds.total())


def items_to_seal(session: Session, change_ids: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """The items of all approved changes, or of those named, oldest first.

    Raises UserError when one is not approved, DataFaultError when the policy of today stands against it (decision 15).
    """
    if change_ids is None:
        c = t.change.c
        query = select(t.change).where(c.state == State.APPROVED.value, c.kind.not_in(FILED))
        query = query.order_by(c.created_at, c.number)
        rows: list[Row[Any]] = list(session.execute(query))
    else:
        rows = changes_by_id(session, change_ids)
    for row in rows:
        if row.kind in FILED:
            raise UserError(f"变更 {row.number} 随函件报省校备案，不在数据包中；请用 package send 送出。")
        if row.state != State.APPROVED:
            raise UserError(f"变更 {row.number} 现在是“{STATE_LABELS[State(row.state)]}”，只有已批准的变更可以打包。")
    faults = policy_faults(session, rows)
    if faults:
        raise DataFaultError("；".join(faults) + "（先由主管领导撤销批准，或只打包其他事项）。")
    return build_items(session, rows)


def approvals_for(session: Session, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The signed approval statements that cover `items`, each once."""
    d = t.decision.c
    found: dict[str, None] = {}
    for part in in_chunks([str(item["id"]) for item in items]):
        query = (
            select(d.change_id, d.statement_id)
            .where(d.change_id.in_(part), d.event == Event.APPROVE.value)
            .order_by(d.change_id, d.position)
        )
        newest = {change_id: statement_id for change_id, statement_id in session.execute(query)}
        found |= dict.fromkeys(newest.values())
    return load_statements(session, list(found))


def rows_of(session: Session, item: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of a baseline item as approved: {"id", "values"}; nothing for other kinds."""
    for line in frozen_lines(session, str(item["id"])):
        yield json.loads(line)


def evidence_to_send(session: Session, items: Sequence[Mapping[str, Any]], audience_id: str) -> list[dict[str, Any]]:
    """Evidence entries ({"digest", "name", "media_type", "size", "kind"}) the audience does not have yet, each once;
    their bytes are `evidence.content(session, digest)`."""
    wanted = {entry["digest"]: entry for item in items for entry in item["evidence"]}
    sent = t.evidence_sent.c
    known: set[str] = set()
    for part in in_chunks(list(wanted)):
        query = select(sent.digest).where(sent.digest.in_(part), sent.audience_id == audience_id)
        known |= set(session.execute(query).scalars())
    return [entry for digest, entry in wanted.items() if digest not in known]


def mark_evidence_sent(session: Session, digests: Sequence[str], audience_id: str, package_id: str) -> None:
    """Remember that a package carries these files to the audience."""
    rows = [{"digest": digest, "audience_id": audience_id, "package_id": package_id} for digest in digests]
    if rows:
        session.execute(upsert(t.evidence_sent).on_conflict_do_nothing(), rows)


def mark_sealed(session: Session, actor: Actor, change_ids: Sequence[str], package_id: str) -> None:
    """The changes went into a package (sealed by the registrar)."""
    require_role(actor, Role.REGISTRAR, "打包上报")
    for row in changes_by_id(session, change_ids):
        require_own(actor, row.unit_id, "打包上报")
    record(session, actor, change_ids, Event.SEAL)
    for part in in_chunks(change_ids):
        session.execute(update(t.change).where(t.change.c.id.in_(part)).values(package_id=package_id))
