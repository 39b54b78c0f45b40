"""Who is waited for in a problem, where each side stands, and what a person may do now (E9, E11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from models.domain.problems import CLAIM_LABELS, OUTCOME_LABELS, Claim, ProblemState
from models.domain.units import Actor, Role
from models.services import problem_log as log


@dataclass(frozen=True, slots=True)
class Turn:
    """Units that are waited for, and what each is to do."""

    units: tuple[str, ...]
    words: str


def turn_of(owner: str, row: Row[Any], sides: Sequence[Row[Any]], own: str) -> Turn:
    """Who is waited for, as far as this unit knows; `owner`: the name of the unit that leads the problem."""
    state = ProblemState(row.state)
    if state is ProblemState.CLOSED:
        return Turn((), "")
    if state is ProblemState.DECIDED:
        losers = [side for side in sides if side.outcome != Claim.KEEP]
        names = "、".join(dict.fromkeys(side.unit_name for side in losers))
        return Turn(tuple(side.unit_id for side in losers), f"{names}按裁定办理")
    if state is ProblemState.OPEN:
        return Turn((row.owner_id,), f"{owner}下发核实")
    waits = _answering(row, sides, own)
    if waits:
        return Turn(tuple(unit for unit, _ in waits), "，".join(dict.fromkeys(words for _, words in waits)))
    if row.owner_id == own:
        return Turn((own,), f"{owner}裁定")
    return Turn((row.owner_id,), f"{owner}裁定（等待各方答复后）")


def _answering(row: Row[Any], sides: Sequence[Row[Any]], own: str) -> list[tuple[str, str]]:
    """(unit, words) of those who have not given their last answer, among the sides this unit knows of."""
    waits: list[tuple[str, str]] = []
    for side in sides:
        known = row.owner_id == own or log.is_mine(side, own)
        between = side.bureau_id not in (row.owner_id, side.unit_id)
        if not known or side.bureau_at is not None or (side.answered_at is not None and not between):
            continue
        if side.answered_at is None and not (row.owner_id == own and between and side.bureau_at):
            waits.append((side.unit_id, f"{side.unit_name}答复"))
        else:
            waits.append((side.bureau_id, f"{side.bureau_name}确认"))
    return waits


def stand_of(row: Row[Any], side: Row[Any], own: str) -> str:
    """Where a side stands, in words."""
    if side.outcome:
        return f"裁定{OUTCOME_LABELS[Claim(side.outcome)]}"
    if row.owner_id != own and not log.is_mine(side, own):
        return "由对方答复"
    if side.bureau_at:
        return f"{side.bureau_name}已确认：{CLAIM_LABELS[Claim(side.bureau_claim)]}"
    if side.answered_at:
        return f"学校已答复：{CLAIM_LABELS[Claim(side.claim)]}"
    return "待答复" if side.asked_at else "尚未下发"


def allowed_acts(row: Row[Any], sides: Sequence[Row[Any]], actor: Actor) -> frozenset[str]:
    """Which of ask, answer, confirm, decide, change, close the person may do with a problem now (E1-E3)."""
    if not actor.has(Role.REGISTRAR) or row.closed_at is not None:
        return frozenset()
    own, acts = actor.unit.id, set[str]()
    decided = row.decided_at is not None
    if row.owner_id == own:
        acts |= {"close"} if decided else {"close", "ask"}
        if not decided and all(side.asked_at is not None for side in sides):
            acts.add("decide")
    for side in sides:
        if side.unit_id == own and decided and side.outcome == Claim.CHANGE and side.subject_kind == "student":
            acts.add("change")
        if side.unit_id == own and not decided and side.asked_at is not None and side.bureau_at is None:
            acts.add("answer")
        confirms = side.bureau_id == own and row.owner_id != own and side.answered_at and not side.bureau_at
        if confirms and not decided:
            acts.add("confirm")
    return frozenset(acts)
