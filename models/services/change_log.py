"""The append-only decisions of changes and the state that follows from them (decision 13)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Integer, Row, cast, func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.states import END_STATES, NEW_ATTEMPT, STATE_LABELS, TRANSITIONS, Event, State, follow
from models.domain.units import Actor
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

OPEN_STATES = tuple(state.value for state in State if state not in END_STATES)
"""States in which a change still holds its subject's fields."""

_CHUNK = 500

_WORDS = {
    Event.SUBMIT: "提交",
    Event.RETURN: "退回",
    Event.REFUSE: "不予通过",
    Event.WITHDRAW: "撤回",
    Event.APPROVE: "批准",
    Event.REVOKE: "撤销批准",
    Event.SEAL: "打包",
}


@dataclass(frozen=True, slots=True)
class Decider:
    """Who of which unit decided, when it was not the one at this keyboard: the signer of a receipt."""

    unit_id: str
    person_id: str
    name: str


def in_chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """Slices short enough for one SQL statement's parameters."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]


def changes_by_id(session: Session, change_ids: Sequence[str]) -> list[Row[Any]]:
    """The changes' rows in the order asked for, each once. Raises UserError when one is not there."""
    change_ids = list(dict.fromkeys(change_ids))
    found: dict[str, Row[Any]] = {}
    for part in in_chunks(change_ids):
        for row in session.execute(select(t.change).where(t.change.c.id.in_(part))):
            found[row.id] = row
    if len(found) < len(change_ids):
        raise UserError("找不到该变更，可能已被删除。请刷新列表后再试。")
    return [found[change_id] for change_id in change_ids]


def find_change(session: Session, id_or_number: str) -> Row[Any]:
    """One change by its id or its number (BG-2026-0001). Raises UserError."""
    query = select(t.change).where((t.change.c.id == id_or_number) | (t.change.c.number == id_or_number))
    row = session.execute(query).first()
    if row is None:
        raise UserError(f"找不到变更“{id_or_number}”，请核对编号（如 BG-2026-0001）。")
    return row


def events_of(session: Session, change_ids: Sequence[str]) -> dict[str, list[Event]]:
    """The recorded events of each change, oldest first."""
    events: dict[str, list[Event]] = defaultdict(list)
    d = t.decision.c
    for part in in_chunks(change_ids):
        query = select(d.change_id, d.event).where(d.change_id.in_(part)).order_by(d.change_id, d.position)
        for change_id, event in session.execute(query):
            events[change_id].append(Event(event))
    return events


def record(
    session: Session,
    actor: Actor | None,
    change_ids: Sequence[str],
    event: Event,
    opinion: str = "",
    statement_id: str | None = None,
    decider: Decider | None = None,
) -> State:
    """Append one decision to each change and move the projection `change.state`; all or none.

    `actor` is who acts here, for the audit, None for what arrives without a person of this unit; `decider` whose
    decision it is, when somebody else's. Raises UserError when a
    change cannot take this step from where it stands.
    """
    rows = changes_by_id(session, change_ids)
    history = events_of(session, change_ids)
    target = _target(rows, history, event)
    at = now_text()
    if decider is None:
        decider = Decider(actor.unit.id, actor.person_id, actor.name) if actor else _nobody(session)
    shared = {
        "event": event.value,
        "unit_id": decider.unit_id,
        "person_id": decider.person_id,
        "person_name": decider.name,
        "opinion": opinion,
        "at": at,
        "statement_id": statement_id,
    }
    decisions = [
        {
            "id": new_id(),
            "change_id": row.id,
            "position": len(history.get(row.id, ())) + 1,
            "attempt": row.attempt,
            **shared,
        }
        for row in rows
    ]
    session.execute(insert(t.decision), decisions)
    step = 1 if event in NEW_ATTEMPT else 0
    for part in in_chunks(change_ids):
        session.execute(
            update(t.change)
            .where(t.change.c.id.in_(part))
            .values(state=target.value, attempt=t.change.c.attempt + step, updated_at=at)
        )
    body = {"changes": [row.number for row in rows], "opinion": opinion, "statement": statement_id}
    object_ = f"change:{rows[0].number}" if len(rows) == 1 else f"changes:{len(rows)}"
    audit.append(session, actor, f"change.{event.value}", object_, body)
    return target


def _nobody(session: Session) -> Decider:
    return Decider(own_unit(session).id, "", "上级回执")


def _target(rows: Sequence[Row[Any]], history: dict[str, list[Event]], event: Event) -> State:
    """Where `event` takes all the rows. Raises UserError naming the first that cannot take it."""
    if not rows:
        raise UserError("没有选中任何变更。")
    target: State | None = None
    for row in rows:
        present = follow(history.get(row.id, ()))
        target = TRANSITIONS.get((present, event))
        if target is None:
            now = STATE_LABELS[present] if present else "未建立"
            raise UserError(f"变更 {row.number} 现在是“{now}”，不能{_WORDS.get(event, '办理这一步')}。")
    assert target is not None
    return target


def next_number(session: Session) -> int:
    """The next free running number of this year's changes, as in BG-2026-0001."""
    prefix = number_text(0)[:-4]
    serial = func.max(cast(func.substr(t.change.c.number, len(prefix) + 1), Integer))
    return int(session.execute(select(serial).where(t.change.c.number.startswith(prefix))).scalar() or 0) + 1


def number_text(serial: int) -> str:
    """The number a person reads: year and serial."""
    return f"BG-{now_text()[:4]}-{serial:04d}"
