"""Problems at the unit that leads them: opened at merges, decided, closed when the reason is gone (E8-E11, A17h).

Found by the program, asked and decided by the registrar. What one unit says to another is signed and sent by
`sync/problems/acts.py`; here is what it means.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.ids import new_id
from models.domain.problems import (
    IDENTITY_TWICE,
    OUTCOME_LABELS,
    PROBLEM_KIND,
    STATE_LABELS,
    SUBJECT_KINDS,
    Claim,
    ProblemKind,
    ProblemState,
    outcome_fault,
)
from models.domain.times import local_day
from models.domain.units import Actor, Role
from models.services import problem_log as log
from models.services.change_log import in_chunks
from models.services.permissions import require_role
from models.services.problem_log import FoundSide
from models.services.records import page
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now, now_text

_LONGEST: Final = 1000
_PRESENT: Final = {"student": "enrolled", "account": "active"}


def open_found(
    session: Session,
    actor: Actor | None,
    kind: str,
    sides: Sequence[tuple[str, str, str, str, Mapping[str, str]]],
    details: Mapping[str, str] | None = None,
    *,
    note: str = "",
    matter: str = "",
    led_here: bool = False,
) -> str | None:
    """Open a problem of `kind` on these records, or add a record to the open one; its id.

    `sides`: (unit id, "student" or "account", subject id, label, {field: text}); `details`: the fields that make the
    problem (default: from the first side). None when there is nothing new: it is open already, was decided, or is
    led by a unit below this one, which finds it itself (E9) unless it is `led_here`, as what stands in a list (E11).
    """
    declared = PROBLEM_KIND[kind]
    found = [FoundSide(*side) for side in sides]
    own = own_unit(session).id
    leader = log.leader_of(session, [side.unit_id for side in found])
    if not led_here and leader not in (own, None) and own in log.line_of(session, leader or ""):
        return None
    shared = dict(details or {key: found[0].details.get(key, "") for key in declared.fields})
    known = _same(session, declared, shared, found)
    if known is not None:
        return _widen(session, actor, known, found)
    problem_id = new_id()
    values = log.new_values(problem_id, declared, own, shared, note, matter or problem_id, log.priority_of(found))
    log.insert_problem(session, values, [log.side_values(session, side, own) for side in found])
    body = {"kind": kind, "units": sorted({side.unit_id for side in found}), "records": len(found)}
    audit.append(session, actor, "problem.open", f"problem:{problem_id}", body)
    return problem_id


def _same(
    session: Session, kind: ProblemKind, shared: Mapping[str, str], found: Sequence[FoundSide]
) -> Row[Any] | None:
    """The problem these records are in already: one not closed, or one in which all of them were kept (E10)."""
    p, s = t.problem.c, t.problem_side.c
    subjects = {side.subject_id for side in found}
    query = select(t.problem).join(t.problem_side, s.problem_id == p.id).distinct()
    for row in session.execute(query.where(p.kind == kind.key, s.subject_id.in_(subjects))):
        if log.details_of(row) != shared:
            continue
        sides = log.sides_of(session, row.id)
        if row.decided_at is None and row.closed_at is None:
            return row
        settled = row.closed_at is None or all(side.outcome == Claim.KEEP for side in sides)
        if settled and subjects <= {side.subject_id for side in sides}:
            return row
    return None


def _widen(session: Session, actor: Actor | None, problem: Row[Any], found: Sequence[FoundSide]) -> str | None:
    sides = log.sides_of(session, problem.id)
    known = {side.subject_id for side in sides}
    new = [side for side in found if side.subject_id not in known]
    if not new or problem.decided_at is not None or problem.owner_id != own_unit(session).id:
        return None
    log.add_sides(session, problem.id, len(sides), [log.side_values(session, s, problem.owner_id) for s in new])
    log.restate(session, problem.id)
    body = {"kind": problem.kind, "units": sorted({side.unit_id for side in new}), "records": len(new)}
    audit.append(session, actor, "problem.open", f"problem:{problem.id}", body)
    return str(problem.id)


# --- decided --------------------------------------------------------------------------------------------------


def decide(
    session: Session, actor: Actor, problem_id: str, outcomes: Mapping[int, Claim], opinion: str
) -> ProblemState:
    """Say what becomes of each side (position -> outcome); where nothing is to be changed the problem closes (E9, E10).

    Raises NotAllowedError, UserError for a problem that is not ready or decided already.
    """
    problem = _own_problem(session, actor, problem_id, "裁定问题学籍")
    sides = log.sides_of(session, problem.id)
    _refuse_early(session, problem, sides)
    fault = outcome_fault(log.kind_of(problem), dict(outcomes), len(sides))
    if fault is None and not opinion.strip():
        fault = "请写明裁定的理由，各方都会看到。"
    if fault is not None:
        raise UserError(fault)
    _refuse_contradiction(session, problem, sides, outcomes)
    at = now_text()
    settle(session, problem, outcomes, opinion.strip()[:_LONGEST], actor.name, at)
    body = {"outcomes": [outcomes[side.position].value for side in sides], "opinion": opinion.strip()}
    audit.append(session, actor, "problem.decide", f"problem:{problem.id}", body)
    if all(one is Claim.KEEP for one in outcomes.values()):
        _close(session, actor, problem.id, "裁定全部保留，无需变更。")
    return log.restate(session, problem.id)


def settle(session: Session, problem: Row[Any], outcomes: Mapping[int, Claim], opinion: str, by: str, at: str) -> None:
    """Write a decision, made here or told by the owner."""
    for side in log.sides_of(session, problem.id):
        log.update_side(session, side, {"outcome": outcomes[side.position].value})
    log.update_problem(session, problem.id, {"opinion": opinion, "decided_by": by, "decided_at": at})
    log.restate(session, problem.id)


def _own_problem(session: Session, actor: Actor, problem_id: str, act: str) -> Row[Any]:
    """A problem this unit leads and has not decided. Raises NotAllowedError, UserError."""
    require_role(actor, Role.REGISTRAR, act)
    problem = log.find(session, problem_id)
    if problem.owner_id != actor.unit.id:
        raise NotAllowedError(f"不能{act}：这个问题由各方的共同上级裁定，本单位只负责核实和确认。")
    if problem.closed_at is not None:
        raise UserError("这个问题已经办结，不能再办理。")
    if problem.decided_at is not None:
        raise UserError(f"这个问题已于 {local_day(problem.decided_at)} 由{problem.decided_by}裁定，不能再次裁定。")
    return problem


def _refuse_early(session: Session, problem: Row[Any], sides: Sequence[Row[Any]]) -> None:
    """Both sides are heard first; who has let the due day pass is not waited for."""
    unasked = [side.unit_name for side in sides if side.asked_at is None]
    if unasked:
        raise UserError(
            f"还没有向{'、'.join(unasked)}下发核实（当前状态：{STATE_LABELS[ProblemState(problem.state)]}）。"
        )
    own = own_unit(session).id
    silent = [side for side in sides if log.last_answer(side, problem.owner_id, own) is None]
    if silent and problem.due >= local_day(now(session)):
        who = "、".join(side.unit_name for side in silent)
        raise UserError(f"{who}还没有答复（期限 {problem.due}），请等答复或过了期限后再裁定。")


def _refuse_contradiction(
    session: Session, problem: Row[Any], sides: Sequence[Row[Any]], outcomes: Mapping[int, Claim]
) -> None:
    """Two problems of one record on the same field cannot be decided against each other."""
    p, s = t.problem.c, t.problem_side.c
    fields = set(log.kind_of(problem).fields)
    for side in sides:
        query = select(p.id, p.kind, s.outcome).join(t.problem_side, s.problem_id == p.id)
        others = query.where(
            s.subject_id == side.subject_id, p.id != problem.id, p.decided_at.is_not(None), p.closed_at.is_(None)
        )
        for other_id, kind, outcome in session.execute(others):
            kept = (outcomes[side.position] is Claim.KEEP, outcome == Claim.KEEP)
            if kept[0] != kept[1] and fields & set(PROBLEM_KIND[kind].fields):
                raise UserError(
                    f"{side.label}的另一个问题（{PROBLEM_KIND[kind].label}，编号 {log.short(other_id)}）已裁定为"
                    f"“{OUTCOME_LABELS[Claim(outcome)]}”，与这里的裁定相反，请先核对。"
                )


# --- closed ---------------------------------------------------------------------------------------------------


def close_resolved(session: Session, actor: Actor | None, subject_ids: Sequence[str]) -> list[str]:
    """Close the problems led here whose reason is gone after these records changed; their ids.

    A problem is gone when fewer records than two still agree, of a one-sided one (E8) when the record has changed.
    """
    p, s = t.problem.c, t.problem_side.c
    own = own_unit(session).id
    query = select(p.id).join(t.problem_side, s.problem_id == p.id).where(p.owner_id == own, p.closed_at.is_(None))
    ids = [
        problem_id
        for part in in_chunks(list(dict.fromkeys(subject_ids)))
        for problem_id in session.execute(query.where(s.subject_id.in_(part)).distinct()).scalars()
    ]
    closed = [problem_id for problem_id in dict.fromkeys(ids) if not _remains(session, problem_id)]
    for problem_id in closed:
        _close(session, actor, problem_id, "相关信息已更正，问题不再存在。")
    return closed


def _remains(session: Session, problem_id: str) -> bool:
    problem = log.by_id(session, problem_id)
    assert problem is not None
    kind, wanted = log.kind_of(problem), log.details_of(problem)
    sides = log.sides_of(session, problem_id)
    holding = []
    for side in sides:
        for row in page(session, SUBJECT_KINDS[side.subject_kind], [side.subject_id]):
            here = row.status == _PRESENT[side.subject_kind]
            if here and all(row.values[key] == wanted.get(key, "") for key in kind.fields):
                holding.append(row.values)
    if kind is IDENTITY_TWICE and len(sides) > 1 and all(values["id_number"] for values in holding):
        return False  # told apart by their numbers; equal numbers are a problem of their own (E9)
    return len(holding) > (1 if len(sides) > 1 else 0)


def close(session: Session, actor: Actor, problem_id: str, note: str) -> None:
    """Close a problem by hand, as done outside the program or opened by mistake, with a note that all sides get.

    Raises NotAllowedError, UserError.
    """
    require_role(actor, Role.REGISTRAR, "办结问题学籍")
    problem = log.find(session, problem_id)
    if problem.owner_id != actor.unit.id:
        raise NotAllowedError("不能办结：这个问题由发起核实的上级办结。")
    if problem.closed_at is not None:
        raise UserError("这个问题已经办结，不能再办理。")
    if not note.strip():
        raise UserError("请写明办结的理由，各方都会看到。")
    _close(session, actor, problem.id, note.strip()[:_LONGEST])


def _close(session: Session, actor: Actor | None, problem_id: str, note: str) -> None:
    mark_closed(session, problem_id, note, now_text())
    audit.append(session, actor, "problem.close", f"problem:{problem_id}", {"note": note})


def mark_closed(session: Session, problem_id: str, note: str, at: str) -> None:
    """Write that a problem is closed, here or by the owner's word."""
    log.update_problem(session, problem_id, {"closed_at": at, "closed_note": note})
    log.restate(session, problem_id)


def untold(session: Session) -> list[Row[Any]]:
    """Problems led here that are closed and whose other units have not been told."""
    p = t.problem.c
    own = own_unit(session).id
    query = select(t.problem).where(p.owner_id == own, p.closed_at.is_not(None), p.told_at.is_(None))
    return list(session.execute(query.order_by(p.closed_at)))


def evidence_of(side: Row[Any]) -> list[dict[str, Any]]:
    """The evidence a side named: {"digest", "name", "media_type", "size"}."""
    entries: list[dict[str, Any]] = json.loads(side.evidence)
    return entries
