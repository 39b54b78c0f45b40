"""The sides of a closed problem are told with the next delivery, signed by the unit's key alone (E9)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.units import Actor
from models.services import problem_log as log
from models.services import problems as services
from models.store.clock import now_text
from sync.messages.post import post
from sync.problems import bodies

CLOSED: Final = "problem.closed"


def tell_closed(session: Session, actor: Actor | None) -> int:
    """Let the closings that the sides have not heard of wait for the next delivery, signed by the unit; how many."""
    found = services.untold(session)
    for problem in found:
        sides = [side for side in log.sides_of(session, problem.id) if side.asked_at is not None]
        title = f"问题已办结：{log.kind_of(problem).label}"
        for unit_id in others_of(problem, sides):
            with suppress(UserError):  # a unit nobody knows the way to any more does not hold up the others
                post(session, actor, CLOSED, unit_id, bodies.closed_body(problem), title=title, matter=problem.matter)
        log.update_problem(session, problem.id, {"told_at": now_text()})
    return len(found)


def others_of(problem: Row[Any], sides: Sequence[Row[Any]]) -> list[str]:
    """The units a problem is about and their bureaux, without its owner."""
    units = dict.fromkeys(one for side in sides for one in (side.unit_id, side.bureau_id))
    return [one for one in units if one != problem.owner_id]
