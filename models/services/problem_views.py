"""Problems as people look at them: lists with whose turn it is and who is late, and one in full (E8-E11, A17h)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from models.domain.fields import FIELDS_OF
from models.domain.masking import mask
from models.domain.problems import (
    CLAIM_LABELS,
    OUTCOME_LABELS,
    PROBLEM_KIND,
    STATE_LABELS,
    Claim,
    ProblemKind,
    ProblemState,
)
from models.domain.times import local_day
from models.domain.units import Actor
from models.services import problem_log as log
from models.services.checking import value_text
from models.services.problem_turns import allowed_acts, stand_of, turn_of
from models.services.problems import evidence_of
from models.services.units import own_unit, unit_name, unit_names
from models.store import tables as t
from models.store.clock import now


@dataclass(frozen=True)
class ProblemQuery:
    """Which problems: empty parts do not filter. `mine`: only those that wait for this unit."""

    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    open_only: bool = False
    mine: bool = False
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class ProblemSummary:
    """A problem in a list. `number`: the end of its id, which commands take; `sides`: unit and pupil of each; `turn`:
    who is waited for, in words; `my_turn`: this unit; `late`: whole days beyond the due day, 0 for none."""

    id: str
    number: str
    kind: str
    kind_label: str
    label: str
    sides: tuple[str, ...]
    state: str
    state_label: str
    due: str
    late: int
    turn: str
    my_turn: bool
    priority: bool
    owner_name: str
    opened_at: str


@dataclass(frozen=True, slots=True)
class ProblemEvidence:
    """An evidence file of an answer; its bytes are in the store."""

    digest: str
    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class SideView:
    """A side in full; `facts` are (title, text) of its record, none for another unit's; `proposed` are (title,
    present text, new text) of what an answer 变更 would have instead; `stand`: where it stands."""

    position: int
    unit_id: str
    unit_name: str
    bureau_name: str
    subject_id: str
    label: str
    facts: tuple[tuple[str, str], ...]
    claim: str
    claim_label: str
    opinion: str
    answered_by: str
    answered_at: str
    change_number: str
    proposed: tuple[tuple[str, str, str], ...]
    evidence: tuple[ProblemEvidence, ...]
    bureau_claim: str
    bureau_claim_label: str
    bureau_opinion: str
    bureau_by: str
    bureau_at: str
    outcome: str
    outcome_label: str
    stand: str
    mine: bool


@dataclass(frozen=True)
class ProblemDetail:
    """One problem in full; `allowed`: which of ask, answer, confirm, decide, change, close the person may do now;
    `claims` are (key, label) this kind takes; `others`: other open problems of the same records, in words."""

    summary: ProblemSummary
    explanation: str
    clause: str
    note: str
    facts: tuple[tuple[str, str], ...]
    sides: tuple[SideView, ...]
    claims: tuple[tuple[str, str], ...]
    opinion: str
    decided_by: str
    decided_at: str
    closed_at: str
    closed_note: str
    matter: str
    others: tuple[str, ...] = ()
    allowed: frozenset[str] = frozenset()


def list_problems(session: Session, query: ProblemQuery | None = None) -> list[ProblemSummary]:
    """Problems of this unit: those that wait first, then graduating pupils, then by due day (E11)."""
    q = query or ProblemQuery()
    p = t.problem.c
    chosen = select(t.problem)
    if q.states:
        chosen = chosen.where(p.state.in_(q.states))
    if q.kinds:
        chosen = chosen.where(p.kind.in_(q.kinds))
    if q.open_only or q.mine:
        chosen = chosen.where(p.closed_at.is_(None))
    order = (p.closed_at.is_not(None), p.priority.desc(), p.due == "", p.due, p.opened_at, p.id)
    rows = session.execute(chosen.order_by(*order)).all()
    sides, names = _sides(session, q), unit_names(session, (row.owner_id for row in rows))
    own, today = own_unit(session).id, date.fromisoformat(local_day(now(session)))
    found = [_summary(names[row.owner_id], row, sides.get(row.id, []), own, today) for row in rows]
    return [one for one in found if one.my_turn or not q.mine][: q.limit]


def count_problems(session: Session) -> dict[str, int]:
    """Number of problems by state, and under "mine" those that wait for this unit."""
    p = t.problem.c
    counts: dict[str, int] = {
        key: number for key, number in session.execute(select(p.state, func.count()).group_by(p.state))
    }
    rows = session.execute(select(t.problem).where(p.closed_at.is_(None))).all()
    sides, own = _sides(session, ProblemQuery(mine=True)), own_unit(session).id
    return counts | {"mine": sum(own in turn_of("", row, sides.get(row.id, []), own).units for row in rows)}


def _sides(session: Session, query: ProblemQuery) -> dict[str, list[Row[Any]]]:
    c = t.problem_side.c
    chosen = select(t.problem_side).order_by(c.problem_id, c.position)
    if query.open_only or query.mine:
        chosen = chosen.join(t.problem, t.problem.c.id == c.problem_id).where(t.problem.c.closed_at.is_(None))
    grouped: dict[str, list[Row[Any]]] = {}
    for side in session.execute(chosen):
        grouped.setdefault(side.problem_id, []).append(side)
    return grouped


def _summary(owner: str, row: Row[Any], sides: Sequence[Row[Any]], own: str, today: date) -> ProblemSummary:
    kind, state = PROBLEM_KIND[row.kind], ProblemState(row.state)
    turn = turn_of(owner, row, sides, own)
    late = max(0, (today - date.fromisoformat(row.due)).days) if row.due and state is not ProblemState.CLOSED else 0
    return ProblemSummary(
        row.id,
        log.short(row.id),
        kind.key,
        kind.label,
        "、".join(dict.fromkeys(side.label for side in sides)),
        tuple(f"{side.unit_name} {side.label}" for side in sides),
        state.value,
        STATE_LABELS[state],
        row.due,
        late,
        turn.words,
        own in turn.units,
        bool(row.priority),
        owner,
        row.opened_at,
    )


def get_problem(session: Session, ending: str, actor: Actor | None = None) -> ProblemDetail:
    """One problem in full by its id or its number; with `actor` also what that person may do with it now.

    Raises UserError when there is none.
    """
    row = log.find(session, ending)
    kind, sides = PROBLEM_KIND[row.kind], log.sides_of(session, row.id)
    own, today = own_unit(session).id, date.fromisoformat(local_day(now(session)))
    return ProblemDetail(
        _summary(unit_name(session, row.owner_id), row, sides, own, today),
        kind.explanation,
        kind.clause,
        row.note,
        _facts(kind, log.details_of(row)),
        tuple(_side_view(row, side, kind, own) for side in sides),
        tuple((claim.value, CLAIM_LABELS[claim]) for claim in kind.claims),
        row.opinion,
        row.decided_by,
        row.decided_at or "",
        row.closed_at or "",
        row.closed_note,
        row.matter,
        tuple(_others(session, row, sides)),
        allowed_acts(row, sides, actor) if actor else frozenset(),
    )


def _facts(kind: ProblemKind, details: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Titles and texts of fields; what the roster masks is masked here too."""
    fields = {field.key: field for field in FIELDS_OF[kind.roster]}
    known = ((field, details[key]) for key, field in fields.items() if key in details)
    return tuple((field.label, value_text(field.key, mask(field, text), kind.roster)) for field, text in known)


def _proposed(kind: ProblemKind, now: dict[str, str], then: dict[str, str]) -> tuple[tuple[str, str, str], ...]:
    """What of a record would differ; where only hidden characters do, it says so."""
    moved = {key: text for key, text in then.items() if text != now.get(key)}
    present = dict(_facts(kind, now))
    found = [(title, present.get(title, ""), text) for title, text in _facts(kind, moved)]
    return tuple((title, old, new + "（遮盖的部分不同）" * (old == new)) for title, old, new in found)


def _side_view(row: Row[Any], side: Row[Any], kind: ProblemKind, own: str) -> SideView:
    return SideView(
        side.position,
        side.unit_id,
        side.unit_name,
        side.bureau_name,
        side.subject_id,
        side.label,
        _facts(kind, log.details_of(side)),
        side.claim,
        CLAIM_LABELS[Claim(side.claim)] if side.claim else "",
        side.opinion,
        side.answered_by,
        side.answered_at or "",
        side.change_number,
        _proposed(kind, log.details_of(side), log.proposed_of(side)),
        tuple(ProblemEvidence(**entry) for entry in evidence_of(side)),
        side.bureau_claim,
        CLAIM_LABELS[Claim(side.bureau_claim)] if side.bureau_claim else "",
        side.bureau_opinion,
        side.bureau_by,
        side.bureau_at or "",
        side.outcome,
        OUTCOME_LABELS[Claim(side.outcome)] if side.outcome else "",
        stand_of(row, side, own),
        log.is_mine(side, own),
    )


def _others(session: Session, row: Row[Any], sides: Sequence[Row[Any]]) -> list[str]:
    p, s = t.problem.c, t.problem_side.c
    subjects = [side.subject_id for side in sides if side.subject_id]
    query = select(p.id, p.kind, s.label).join(t.problem_side, s.problem_id == p.id)
    query = query.where(s.subject_id.in_(subjects), p.id != row.id, p.closed_at.is_(None)).order_by(p.opened_at)
    return [
        f"{label}另有未办结的问题：{PROBLEM_KIND[kind].label}（编号 {log.short(problem_id)}）"
        for problem_id, kind, label in session.execute(query)
    ]
