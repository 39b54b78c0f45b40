"""Changes as people look at them: lists, one in full, its timeline and what comes next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND, FILED, WITHDRAWAL
from models.domain.states import STATE_LABELS, Event, State
from models.domain.units import Actor, Role, reports_own
from models.services.baseline import rows_of
from models.services.change_checks import Check, checks_of
from models.services.change_log import OPEN_STATES, find_change
from models.services.change_words import done_text, next_step, steps_to_come
from models.services.checking import field_label, value_text
from models.services.duties.training import approver_warning
from models.services.items import build_items
from models.services.policies import effective
from models.services.units import own_unit, unit_name
from models.store import tables as t


@dataclass(frozen=True)
class ChangeQuery:
    """Which changes: empty parts do not filter. `text` is part of the number or the subject's label."""

    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    text: str = ""
    subject_id: str = ""
    initiator_id: str = ""
    package_id: str = ""
    open_only: bool = False
    limit: int = 1000
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ChangeSummary:
    """A change in a list; `summary` says in words what it changes."""

    id: str
    number: str
    kind: str
    kind_label: str
    subject_id: str
    subject_label: str
    state: str
    state_label: str
    attempt: int
    summary: str
    initiator_id: str
    initiator_name: str
    created_at: str
    updated_at: str
    package_id: str | None


@dataclass(frozen=True, slots=True)
class FieldDiff:
    """One field before and after, as stored and as people read it."""

    field: str
    label: str
    before: str
    after: str
    before_text: str
    after_text: str


@dataclass(frozen=True, slots=True)
class EvidenceInfo:
    """An attached file; `kind` household or other; `here` False while its bytes have not arrived."""

    digest: str
    name: str
    media_type: str
    size: int
    kind: str
    here: bool = True


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A step in words; `done` False for steps still to come (then without time and person)."""

    at: str
    unit: str
    person: str
    text: str
    opinion: str
    done: bool


@dataclass(frozen=True)
class ChangeDetail:
    """One change in full."""

    summary: ChangeSummary
    reason: str
    base_revision: int
    policy_version: int
    diffs: tuple[FieldDiff, ...]
    evidence: tuple[EvidenceInfo, ...]
    timeline: tuple[TimelineEntry, ...]
    next_step: str
    checks: tuple[Check, ...]
    origin: Mapping[str, tuple[str, ...]]
    allowed: frozenset[str] = frozenset()


def _filtered(query: Select[Any], q: ChangeQuery) -> Select[Any]:
    c = t.change.c
    if q.states:
        query = query.where(c.state.in_(q.states))
    if q.open_only:
        query = query.where(c.state.in_(OPEN_STATES))
    if q.kinds:
        query = query.where(c.kind.in_(q.kinds))
    if q.subject_id:
        query = query.where(c.subject_id == q.subject_id)
    if q.initiator_id:
        query = query.where(c.initiator_id == q.initiator_id)
    if q.package_id:
        query = query.where(c.package_id == q.package_id)
    if q.text:
        places = (c.number, c.subject_label)
        query = query.where(or_(*(place.contains(q.text, autoescape=True) for place in places)))
    return query


def list_changes(session: Session, q: ChangeQuery | None = None) -> list[ChangeSummary]:
    """Changes of this unit, the last touched first."""
    q = q or ChangeQuery()
    c = t.change.c
    query = _filtered(select(t.change), q).order_by(c.updated_at.desc(), c.number.desc())
    return [_summary(row) for row in session.execute(query.limit(q.limit).offset(q.offset))]


def count_changes(session: Session) -> dict[str, int]:
    """Number of changes by state."""
    c = t.change.c
    return {state: number for state, number in session.execute(select(c.state, func.count()).group_by(c.state))}


STATE_FIELDS = ("status", "disabled_reason")
"""What 禁用账户 and 恢复账户 say themselves."""


def _summary(row: Row[Any]) -> ChangeSummary:
    kind = CHANGE_KIND[row.kind]
    after = changed_fields(row.kind, json.loads(row.after))
    fields = "、".join(field_label(key) for key in after if key not in STATE_FIELDS)
    return ChangeSummary(
        row.id,
        row.number,
        row.kind,
        kind.label,
        row.subject_id,
        row.subject_label,
        row.state,
        STATE_LABELS[State(row.state)],
        row.attempt,
        f"{kind.label}：{fields}" if fields else kind.label,
        row.initiator_id,
        row.initiator_name,
        row.created_at,
        row.updated_at,
        row.package_id,
    )


def get_change(session: Session, id_or_number: str, actor: Actor | None = None) -> ChangeDetail:
    """One change in full, by id or number; with `actor` also what that person may do with it now."""
    row = find_change(session, id_or_number)
    item = build_items(session, [row])[0]
    state = State(row.state)
    checks = tuple(checks_of(session, row)) if row.state in OPEN_STATES and state is not State.SEALED else ()
    if actor is not None and actor.has(Role.HEAD) and state is State.PENDING:
        warning = approver_warning(session, actor)
        checks += (Check("note", warning),) if warning else ()
    policy, after = effective(session), changed_fields(row.kind, item["after"])
    return ChangeDetail(
        _summary(row),
        row.reason,
        row.base_revision,
        row.policy_version,
        diffs(item["before"], after),
        tuple(EvidenceInfo(**entry) for entry in item["evidence"]),
        tuple(_timeline(session, row)),
        next_step(row.kind, state),
        checks,
        {key: policy.origin.get(key, ()) for key in after},
        _allowed(row, state, actor) if actor else frozenset(),
    )


def pupils(session: Session, id_or_number: str) -> list[dict[str, Any]]:
    """The pupils or accounts a baseline reports, {"id", "values"}, those of a filing with "status", "act", "revision";
    none for other kinds."""
    row = find_change(session, id_or_number)
    return rows_of(session, row) if CHANGE_KIND[row.kind].subjects else []


def changed_fields(kind: str, after: Mapping[str, str]) -> Mapping[str, str]:
    """The fields among what a change says: none of a batch, which says what it is instead."""
    return {} if CHANGE_KIND[kind].subjects else after


def diffs(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldDiff, ...]:
    """Before and after side by side, with codes as labels."""
    return tuple(
        FieldDiff(
            key,
            field_label(key),
            before.get(key, ""),
            value,
            value_text(key, before.get(key, "")),
            value_text(key, value),
        )
        for key, value in sorted(after.items(), key=lambda entry: entry[0] != "status")  # what becomes of it, then why
    )


def _timeline(session: Session, change: Row[Any]) -> list[TimelineEntry]:
    d = t.decision.c
    query = select(t.decision).where(d.change_id == change.id).order_by(d.position)
    entries = []
    for row in session.execute(query):
        what = done_text(change.kind, Event(row.event))
        entries.append(TimelineEntry(row.at, unit_name(session, row.unit_id), row.person_name, what, row.opinion, True))
    to_come = steps_to_come(change.kind, State(change.state), own_unit(session).line)
    return entries + [TimelineEntry("", "", "", text, "", False) for text in to_come]


def _allowed(row: Row[Any], state: State, actor: Actor) -> frozenset[str]:
    """Names of the functions of `changes` this person may call for this change now."""
    if row.unit_id != actor.unit.id:
        return frozenset()
    acts: set[str] = set()
    local = CHANGE_KIND[row.kind].local
    if any(map(actor.has, CHANGE_KIND[row.kind].initiators)):
        if state is State.DRAFT:
            acts |= {"update_draft", "attach", "detach", "submit", "withdraw"}
        elif state is State.PENDING or (state is State.SEALED and row.kind not in (WITHDRAWAL.key, *FILED)):
            acts.add("withdraw")
    if actor.has(Role.HEAD) and (local or reports_own(actor.unit)):
        if state is State.PENDING:
            acts |= {"return_", "refuse"}
            if row.initiator_id != actor.person_id:
                acts.add("approve")
        elif state is State.APPROVED:
            acts.add("revoke")
    return frozenset(acts)
