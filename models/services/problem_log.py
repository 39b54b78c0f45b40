"""Problems and their sides as the store holds them: found, opened, and their state kept in step (E8-E11)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.problems import PROBLEM_KIND, ProblemKind, ProblemState, follow, is_graduating
from models.domain.signing import canonical
from models.services.units import ancestors, own_unit, unit_name
from models.store import tables as t
from models.store.clock import now_text

_BLANK: Final = {
    "claim": "", "opinion": "", "evidence": "[]", "change_number": "", "proposed": "{}", "answered_by": "",
    "answered_at": None,
    "bureau_claim": "", "bureau_opinion": "", "bureau_by": "", "bureau_at": None, "outcome": "",
}  # fmt: skip


class FoundSide(NamedTuple):
    """One of the records a problem is about; `subject_kind` is student or account, `details` {field: text}."""

    unit_id: str
    subject_kind: str
    subject_id: str
    label: str
    details: Mapping[str, str]


def find(session: Session, ending: str) -> Row[Any]:
    """A problem by its id, or by the last characters of it that lists show. Raises UserError."""
    c = t.problem.c
    rows = session.execute(select(t.problem).where(c.id.endswith(ending, autoescape=True)).limit(2)).all()
    if len(rows) != 1 or len(ending) < 4:
        raise UserError(f"找不到编号为“{ending}”的问题学籍，请核对编号（problem list 中的 8 位编号）。")
    return rows[0]


def by_id(session: Session, problem_id: str) -> Row[Any] | None:
    """A problem by its whole id."""
    return session.execute(select(t.problem).where(t.problem.c.id == problem_id)).first()


def sides_of(session: Session, problem_id: str) -> list[Row[Any]]:
    """The sides of a problem in their order."""
    c = t.problem_side.c
    return list(session.execute(select(t.problem_side).where(c.problem_id == problem_id).order_by(c.position)))


def kind_of(problem: Row[Any]) -> ProblemKind:
    """The declared kind of a problem's row."""
    return PROBLEM_KIND[problem.kind]


def short(problem_id: str) -> str:
    """What lists show of an id: its last eight characters, which are random."""
    return problem_id[-8:]


def update_side(session: Session, side: Row[Any], values: Mapping[str, Any]) -> None:
    """Write into one side."""
    c = t.problem_side.c
    at = (c.problem_id == side.problem_id, c.position == side.position)
    session.execute(update(t.problem_side).where(*at).values(**values))


def update_problem(session: Session, problem_id: str, values: Mapping[str, Any]) -> None:
    """Write into a problem."""
    session.execute(update(t.problem).where(t.problem.c.id == problem_id).values(**values))


def last_answer(side: Row[Any], owner_id: str, own_id: str) -> str | None:
    """When the last answer of a side was given as far as this unit waits for it: the school's own at the school, at the
    bureau and the owner the bureau's confirmation, unless no bureau stands between (E9)."""
    between = side.bureau_id not in (owner_id, side.unit_id)
    given: str | None = side.bureau_at if between and side.unit_id != own_id else side.answered_at
    return given


def is_mine(side: Row[Any], own_id: str) -> bool:
    """Whether this unit answers or confirms for the side."""
    return own_id in (side.unit_id, side.bureau_id)


def restate(session: Session, problem_id: str) -> ProblemState:
    """Compute the state from the sides this unit has to do with, and keep it."""
    problem = by_id(session, problem_id)
    assert problem is not None
    own = own_unit(session).id
    sides = sides_of(session, problem_id)
    if problem.owner_id != own:
        sides = [side for side in sides if is_mine(side, own)]
    asked = sum(side.asked_at is not None for side in sides)
    answered = sum(last_answer(side, problem.owner_id, own) is not None for side in sides)
    state = follow(
        asked, answered, len(sides), decided=problem.decided_at is not None, closed=problem.closed_at is not None
    )
    update_problem(session, problem_id, {"state": state.value})
    return state


def insert_problem(session: Session, values: Mapping[str, Any], sides: Sequence[Mapping[str, Any]]) -> None:
    """Write a new problem; each side as in the table without what nobody has said yet."""
    nothing = {
        "opinion": "", "decided_by": "", "decided_at": None, "closed_at": None, "closed_note": "", "told_at": None,
    }  # fmt: skip
    session.execute(insert(t.problem).values(**nothing, **values))
    add_sides(session, str(values["id"]), 0, sides)


def add_sides(session: Session, problem_id: str, first: int, sides: Sequence[Mapping[str, Any]]) -> None:
    """Write sides from position `first` on."""
    rows = [
        {**_BLANK, "asked_at": None, **side, "problem_id": problem_id, "position": first + place}
        for place, side in enumerate(sides)
    ]
    session.execute(insert(t.problem_side), rows)


def side_values(session: Session, found: FoundSide, owner_id: str) -> dict[str, Any]:
    """A new side as the table holds it, with the names of its unit and of the bureau above it."""
    chain = line_of(session, found.unit_id)
    bureau = chain[1] if len(chain) > 1 and found.unit_id != owner_id else owner_id
    return {
        "unit_id": found.unit_id,
        "unit_name": unit_name(session, found.unit_id),
        "bureau_id": bureau,
        "bureau_name": unit_name(session, bureau),
        "subject_kind": found.subject_kind,
        "subject_id": found.subject_id,
        "label": found.label,
        "details": canonical(dict(found.details)).decode(),
    }


def line_of(session: Session, unit_id: str) -> list[str]:
    """A unit and those above it, nearest first, as far as this store knows them."""
    return [unit_id, *(unit.id for unit in ancestors(session, unit_id))]


def leader_of(session: Session, unit_ids: Sequence[str]) -> str | None:
    """The lowest unit all of these stand under (E9); a single one's is its superior. None when it is not known."""
    lines = [line_of(session, unit_id) for unit_id in unit_ids]
    if len(set(unit_ids)) == 1:
        lines = [line[1:] for line in lines]
    return next((one for one in lines[0] if all(one in line for line in lines)), None)


def priority_of(sides: Sequence[FoundSide]) -> int:
    """1 for a problem of a graduating pupil, else 0 (E11)."""
    return int(any(is_graduating(s.details.get("grade", ""), s.details.get("class_name", "")) for s in sides))


def new_values(
    problem_id: str, kind: ProblemKind, owner_id: str, details: Mapping[str, str], note: str, matter: str, priority: int
) -> dict[str, Any]:
    """A new problem as the table holds it."""
    return {
        "id": problem_id,
        "kind": kind.key,
        "owner_id": owner_id,
        "matter": matter,
        "note": note,
        "details": canonical(dict(details)).decode(),
        "state": ProblemState.OPEN.value,
        "priority": priority,
        "due": "",
        "opened_at": now_text(),
    }


def details_of(row: Row[Any]) -> dict[str, str]:
    """The fields of a problem or of a side."""
    found: dict[str, str] = json.loads(row.details)
    return found


def proposed_of(side: Row[Any]) -> dict[str, str]:
    """What an answer 变更 would have instead: {field: text}, empty when it named nothing."""
    found: dict[str, str] = json.loads(side.proposed)
    return found
