"""What is done with messages about problems that have come: one function a kind (E8-E11, A17h)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.problems import ProblemState
from models.domain.units import Actor
from models.services import problem_intake
from models.services import problem_log as log
from models.store import tables as t
from sync.messages.traces import finish
from sync.problems import bodies
from sync.problems.closings import CLOSED as CLOSED

if TYPE_CHECKING:
    from sync.messages.message import Message

ASK: Final = "problem.ask"
ANSWER: Final = "problem.answer"
DECISION: Final = "problem.decision"


def finish_asks(session: Session, actor: Actor, problem: Row[Any], note: str) -> None:
    """The ask is dealt with when nothing of its matter waits for this unit any more."""
    p, m = t.problem.c, t.message.c
    waits = (p.matter == problem.matter, p.owner_id != actor.unit.id, p.state == ProblemState.ASKED.value)
    if session.execute(select(p.id).where(*waits)).first() is not None:
        return
    asks = (m.kind == ASK, m.matter == problem.matter, m.direction == "in", m.state == "open")
    for message_id in session.execute(select(m.id).where(*asks)).scalars().all():
        finish(session, actor, message_id, note)


def take_ask(session: Session, actor: Actor, message: Message) -> str:
    """A list of problems has come from above."""
    asked = bodies.read_ask(message.body)
    new = sum(problem_intake.take_ask(session, actor, message.origin_id, message.matter, one) for one in asked)
    due = max(one.due for one in asked)
    return f"收到 {new} 个需要核实的问题，请于 {due} 前答复" if new else f"问题核实的期限现为 {due}，请及时答复"


def take_answer(session: Session, actor: Actor, message: Message) -> str:
    """A school or its bureau has answered."""
    return problem_intake.take_answer(session, actor, message.origin_id, bodies.read_answer(message.body))


def take_decision(session: Session, actor: Actor, message: Message) -> str:
    """The owner has decided."""
    said = bodies.read_decision(message.body)
    told = problem_intake.take_decision(session, actor, message.origin_id, said)
    finish_asks(session, actor, log.find(session, said.problem_id), "上级已裁定")
    return told


def take_closed(session: Session, actor: Actor, message: Message) -> str:
    """The owner has closed a problem."""
    problem_id, note, at = bodies.read_closed(message.body)
    told = problem_intake.take_closed(session, actor, message.origin_id, problem_id, note, at)
    finish_asks(session, actor, log.find(session, problem_id), "上级已办结")
    return told
