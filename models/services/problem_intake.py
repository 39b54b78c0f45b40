"""What other units say of problems, taken into this store: asked, answered, decided, closed (E8-E11).

The signatures are judged and the shapes read before (`sync/problems/bodies.py`); here is who may say it, and when.
Every refusal is a sentence that goes back to the sender.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.problems import CLAIM_LABELS, OUTCOME_LABELS, PROBLEM_KIND, SUBJECT_KINDS, Claim, outcome_fault
from models.domain.signing import canonical
from models.domain.times import local_day
from models.domain.units import Actor
from models.services import problem_log as log
from models.services.problem_answers import File, keep_files
from models.services.problems import mark_closed, settle
from models.services.records import page
from models.services.units import is_below
from models.store import audit
from models.store.clock import now_text


@dataclass(frozen=True, slots=True)
class AskedSide:
    """A side of a problem as its owner tells of it; for another unit's record without subject and details."""

    unit_id: str
    unit_name: str
    bureau_id: str
    bureau_name: str
    subject_kind: str
    subject_id: str
    label: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """A problem as its owner asks about it; `due` is a day, `priority` 1 for graduating pupils."""

    id: str
    kind: str
    note: str
    due: str
    priority: int
    opened_at: str
    details: Mapping[str, str]
    sides: tuple[AskedSide, ...]


@dataclass(frozen=True, slots=True)
class Word:
    """What a school or a bureau says of a side."""

    claim: Claim
    opinion: str
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer on its way up; `values` what it proposes; `bureau` is None from the school to its bureau."""

    problem_id: str
    position: int
    school: Word
    change_number: str
    values: Mapping[str, str]
    files: tuple[File, ...]
    bureau: Word | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision by its owner: one outcome a side, in their order."""

    problem_id: str
    outcomes: tuple[Claim, ...]
    opinion: str
    by: str
    at: str


def take_ask(session: Session, actor: Actor, owner_id: str, matter: str, asked: Asked) -> bool:
    """Keep a problem this unit is asked about; False when only its day was changed. Raises FileRefusedError."""
    own = actor.unit.id
    if not is_below(session, own, owner_id):
        raise FileRefusedError("问题核查只能由上级下发，发件单位不是本单位的上级。")
    mine = [place for place, side in enumerate(asked.sides) if own in (side.unit_id, side.bureau_id)]
    if not mine:
        raise FileRefusedError("问题核查中没有本单位或所属学校的学生或账户，请核对后重新下发。")
    for place in mine:
        _check_side(session, actor, owner_id, asked.sides[place])
    known = log.by_id(session, asked.id)
    if known is not None:
        return _renew(session, actor, owner_id, known, asked, mine)
    now = now_text()
    values = log.new_values(
        asked.id, PROBLEM_KIND[asked.kind], owner_id, asked.details, asked.note, matter, asked.priority
    )
    log.insert_problem(
        session,
        {**values, "due": asked.due, "opened_at": asked.opened_at},
        [_side_row(side, now if place in mine else None) for place, side in enumerate(asked.sides)],
    )
    log.restate(session, asked.id)
    body = {"what": "ask", "owner": owner_id, "kind": asked.kind, "due": asked.due}
    audit.append(session, actor, "problem.receive", f"problem:{asked.id}", body)
    return True


def _side_row(side: AskedSide, asked_at: str | None) -> dict[str, Any]:
    return {
        "unit_id": side.unit_id,
        "unit_name": side.unit_name,
        "bureau_id": side.bureau_id,
        "bureau_name": side.bureau_name,
        "subject_kind": side.subject_kind,
        "subject_id": side.subject_id,
        "label": side.label,
        "details": canonical(dict(side.details)).decode(),
        "asked_at": asked_at,
    }


def _check_side(session: Session, actor: Actor, owner_id: str, side: AskedSide) -> None:
    """An asked unit answers for itself, its bureau stands right above it, and the record is not another unit's."""
    own = actor.unit.id
    chain = log.line_of(session, side.unit_id)
    if side.unit_id != own and chain[1:2] != [own]:
        raise FileRefusedError("问题核查所列的学校不是本单位的直属下级，请核对单位隶属关系后重新下发。")
    if side.unit_id == own and side.bureau_id not in (owner_id, *chain[1:2]):
        raise FileRefusedError("问题核查所列的主管部门不是本单位的主管部门，请核对单位隶属关系后重新下发。")
    if not side.subject_id:
        raise FileRefusedError("问题核查所列的学生或账户不完整，请上级重新下发。")
    known = page(session, SUBJECT_KINDS[side.subject_kind], [side.subject_id])
    if any(row.unit_id != side.unit_id for row in known):
        raise FileRefusedError("问题核查所列的学生或账户不在所列的单位，请核对后重新下发。")


def _renew(session: Session, actor: Actor, owner_id: str, known: Row[Any], asked: Asked, mine: list[int]) -> bool:
    """The same problem asked again: a new day, a reminder, or a further side."""
    if (known.owner_id, known.kind) != (owner_id, asked.kind):
        raise FileRefusedError("这个问题由另一个上级发起，或与此前下发的不同，发件单位不能更改它。")
    if known.decided_at is not None or known.closed_at is not None:
        raise FileRefusedError("这个问题已经裁定或办结，不再核实。")
    sides = log.sides_of(session, known.id)
    for place, side in enumerate(sides):
        told = asked.sides[place] if place < len(asked.sides) else None
        if told is None or told.unit_id != side.unit_id:
            raise FileRefusedError("这个问题涉及的单位与此前下发的不同，请核对后另行下发。")
    further = asked.sides[len(sides) :]
    now = now_text()
    if further:
        rows = [_side_row(one, now if len(sides) + n in mine else None) for n, one in enumerate(further)]
        log.add_sides(session, known.id, len(sides), rows)
    log.update_problem(session, known.id, {"due": asked.due})
    log.restate(session, known.id)
    body = {"what": "ask", "owner": owner_id, "due": asked.due}
    audit.append(session, actor, "problem.receive", f"problem:{known.id}", body)
    return bool(further)


def take_answer(session: Session, actor: Actor, origin_id: str, said: Answered) -> str:
    """Keep an answer of a school here at its bureau, or of a bureau here at the owner; what was done, in words.

    Raises FileRefusedError for another's record, an answer too late, or one nobody asked for.
    """
    problem = _known(session, said.problem_id)
    sides = log.sides_of(session, problem.id)
    if not 0 <= said.position < len(sides):
        raise FileRefusedError("答复所指的一方不在这个问题中，请核对后重新答复。")
    side = sides[said.position]
    _check_answer(problem, side, actor.unit.id, origin_id, said)
    _refuse_after(problem, side)
    entries = keep_files(session, said.files)
    values: dict[str, Any] = {
        "claim": said.school.claim.value,
        "opinion": said.school.opinion,
        "answered_by": said.school.by,
        "answered_at": said.school.at,
        "change_number": said.change_number,
        "proposed": canonical(dict(said.values)).decode(),
        "evidence": canonical(entries).decode(),
    }
    if said.bureau is not None:
        values |= {
            "bureau_claim": said.bureau.claim.value,
            "bureau_opinion": said.bureau.opinion,
            "bureau_by": said.bureau.by,
            "bureau_at": said.bureau.at,
        }
    log.update_side(session, side, values)
    log.restate(session, problem.id)
    claim = (said.bureau or said.school).claim
    body = {"what": "answer", "from": origin_id, "claim": claim.value}
    audit.append(session, actor, "problem.receive", f"problem:{problem.id}", body)
    return f"{side.unit_name}对“{side.label}”的答复：{CLAIM_LABELS[claim]}"


def _known(session: Session, problem_id: str) -> Row[Any]:
    problem = log.by_id(session, problem_id)
    if problem is None:
        raise FileRefusedError("本单位没有这个问题的核查记录，未作处理。请核对是否发错了单位。")
    return problem


def _check_answer(problem: Row[Any], side: Row[Any], own: str, origin: str, said: Answered) -> None:
    if side.asked_at is None:
        raise FileRefusedError(f"没有向{side.unit_name}下发过这个问题的核查，答复未作处理。")
    between = side.bureau_id not in (problem.owner_id, side.unit_id)
    if own == problem.owner_id:
        fits = origin == (side.bureau_id if between else side.unit_id) and (said.bureau is not None) == between
    else:
        fits = own == side.bureau_id and origin == side.unit_id and said.bureau is None
    if not fits:
        raise FileRefusedError("答复不是由该学校或其主管部门发来的，未作处理。")
    claims = log.kind_of(problem).claims
    if any(word is not None and word.claim not in claims for word in (said.school, said.bureau)):
        raise FileRefusedError(f"“{log.kind_of(problem).label}”不能这样答复，未作处理。请对方升级程序后重新答复。")


def _refuse_after(problem: Row[Any], side: Row[Any]) -> None:
    if problem.closed_at is not None:
        raise FileRefusedError("这个问题已经办结，答复未作处理。")
    if problem.decided_at is not None:
        day = local_day(problem.decided_at)
        raise FileRefusedError(f"这个问题已于 {day} 由{problem.decided_by}裁定，答复晚到，未作处理。")
    if side.bureau_at is not None:
        raise FileRefusedError(f"{side.bureau_name}已于 {local_day(side.bureau_at)} 确认，后来的答复未作处理。")


def take_decision(session: Session, actor: Actor, origin_id: str, said: Decided) -> str:
    """Keep the owner's decision; what it asks of this unit, in words. Raises FileRefusedError for another's decision, a
    second one, or one on a problem this unit was never asked about."""
    problem = _known(session, said.problem_id)
    if origin_id != problem.owner_id or origin_id == actor.unit.id:
        raise FileRefusedError("这个问题不是由发件单位裁定的，未作处理。")
    if problem.decided_at is not None:
        raise FileRefusedError(f"这个问题已于 {local_day(problem.decided_at)} 裁定，第二次裁定未作处理。")
    if problem.closed_at is not None:
        raise FileRefusedError("这个问题已经办结，裁定未作处理。")
    sides = log.sides_of(session, problem.id)
    outcomes = dict(enumerate(said.outcomes))
    fault = outcome_fault(log.kind_of(problem), outcomes, len(sides))
    if fault is not None:
        raise FileRefusedError(f"裁定不合规定，未作处理：{fault}")
    settle(session, problem, outcomes, said.opinion, said.by, said.at)
    body = {"what": "decision", "outcomes": [one.value for one in said.outcomes]}
    audit.append(session, actor, "problem.receive", f"problem:{problem.id}", body)
    mine = [side for side in sides if log.is_mine(side, actor.unit.id)]
    words = "、".join(f"{side.label}{OUTCOME_LABELS[outcomes[side.position]]}" for side in mine)
    todo = any(side.unit_id == actor.unit.id and outcomes[side.position] is not Claim.KEEP for side in mine)
    return f"已裁定：{words}" + ("，请按裁定办理" if todo else "")


def take_closed(session: Session, actor: Actor, origin_id: str, problem_id: str, note: str, at: str) -> str:
    """Keep that the owner closed a problem. Raises FileRefusedError."""
    problem = _known(session, problem_id)
    if origin_id != problem.owner_id or origin_id == actor.unit.id:
        raise FileRefusedError("这个问题不是由发件单位发起的，未作处理。")
    if problem.closed_at is None:
        mark_closed(session, problem.id, note, at)
        audit.append(session, actor, "problem.receive", f"problem:{problem.id}", {"what": "closed", "note": note})
    return f"问题已办结：{note}"
