"""Problems between units: asked, answered, confirmed, decided and closed by signed messages (E8-E11, A17h).

What a person signs takes one passphrase for a whole batch. A problem inside one county is led by that county: then
no bureau stands between, and what would be a message to oneself is only kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.problems import DEFAULT_DAYS, Claim, ProblemState
from models.domain.signing import Signer
from models.domain.times import local_day, start_of_day
from models.domain.units import Actor, Role
from models.services import problem_answers
from models.services import problem_log as log
from models.services import problems as services
from models.services.problem_answers import File
from models.store import audit
from models.store import tables as t
from models.store.clock import now, now_text
from sync.messages.post import post
from sync.problems import bodies
from sync.problems.closings import others_of, tell_closed
from sync.problems.handlers import ANSWER, ASK, DECISION, finish_asks
from sync.trust.identity import require_signer

if TYPE_CHECKING:
    from models.store.store import Store


@dataclass(frozen=True)
class AskResult:
    """How many problems were sent down, to how many units, and until which day an answer is due."""

    problems: int
    units: int
    due: str


def ask(store: Store, passphrase: str, problem_ids: Sequence[str] | None = None, due: str = "") -> AskResult:
    """Send problems down to schools and their bureaux, all that wait when none is named; one passphrase a batch.

    One named again reminds those who have not answered. `due`: day YYYY-MM-DD, default 30 days from now. Raises
    UserError, NotAllowedError, WrongSecretError.
    """
    return store.write(_ask, store.actor, store.signer(passphrase), problem_ids, due)


def _ask(session: Session, actor: Actor, signer: Signer, ids: Sequence[str] | None, due: str) -> AskResult:
    require_signer(actor, signer, Role.REGISTRAR, "下发问题核实")
    day = _due_day(session, due)
    chosen = _to_ask(session, actor, ids)
    letters: dict[tuple[str, str], list[Row[Any]]] = {}
    for problem in chosen:
        log.update_problem(session, problem.id, {"due": day})
        for unit_id in _ask_sides(session, problem):
            letters.setdefault((unit_id, problem.matter), []).append(problem)
        log.restate(session, problem.id)
    for (unit_id, matter), group in letters.items():
        for start in range(0, len(group), bodies.MOST_PROBLEMS):
            part = group[start : start + bodies.MOST_PROBLEMS]
            entries = [_entry(session, problem, unit_id) for problem in part]
            title = (
                f"{log.kind_of(part[0]).label}等 {len(part)} 个问题" if len(part) > 1 else log.kind_of(part[0]).label
            )
            post(
                session, actor, ASK, unit_id, {"problems": entries},
                title=f"问题核查：{title}", signers=[signer], matter=matter, due=_end_of(day),
            )  # fmt: skip
    body = {"problems": [problem.id for problem in chosen], "due": day}
    audit.append(session, actor, "problem.ask", f"problems:{len(chosen)}", body)
    return AskResult(len(chosen), len({unit_id for unit_id, _ in letters}), day)


def _entry(session: Session, problem: Row[Any], to: str) -> dict[str, Any]:
    renewed = log.find(session, problem.id)
    return bodies.ask_entry(renewed, log.sides_of(session, problem.id), to)


def _due_day(session: Session, due: str) -> str:
    today = date.fromisoformat(local_day(now(session)))
    if not due:
        return (today + timedelta(days=DEFAULT_DAYS)).isoformat()
    try:
        day = date.fromisoformat(due)
    except ValueError:
        raise UserError(f"期限“{due}”应写成 2026-12-31 这样的日期。") from None
    if day < today:
        raise UserError(f"期限 {due} 已经过去，请填写今天或以后的日期。")
    return day.isoformat()


def _end_of(day: str) -> str:
    return start_of_day((date.fromisoformat(day) + timedelta(days=1)).isoformat())


def _to_ask(session: Session, actor: Actor, ids: Sequence[str] | None) -> list[Row[Any]]:
    p = t.problem.c
    if ids is None:
        this = (p.owner_id == actor.unit.id, p.state == ProblemState.OPEN.value)
        found = list(session.execute(select(t.problem).where(*this).order_by(p.priority.desc(), p.opened_at)))
    else:
        found = [log.find(session, one) for one in dict.fromkeys(ids)]
    if not found:
        raise UserError("没有待下发核实的问题。")
    for problem in found:
        if problem.owner_id != actor.unit.id:
            raise NotAllowedError(f"问题 {log.short(problem.id)} 由上级发起，本单位不能下发核实。")
        if problem.state in (ProblemState.DECIDED, ProblemState.CLOSED):
            raise UserError(f"问题 {log.short(problem.id)} 已经裁定或办结，不需要再核实。")
    return found


def _ask_sides(session: Session, problem: Row[Any]) -> list[str]:
    """Mark the sides as asked; the units to write to: those who have not given their last answer."""
    told: list[str] = []
    for side in log.sides_of(session, problem.id):
        if log.last_answer(side, problem.owner_id, problem.owner_id) is not None:
            continue
        if side.asked_at is None:
            log.update_side(session, side, {"asked_at": now_text()})
        told += [one for one in (side.unit_id, side.bureau_id) if one != problem.owner_id and one not in told]
    return told


def answer(
    store: Store,
    passphrase: str,
    problem_id: str,
    claim: Claim,
    opinion: str,
    *,
    files: Sequence[File] = (),
    values: Mapping[str, str] | None = None,
    position: int | None = None,
) -> Row[Any]:
    """Answer a problem with the registrar's signature; it goes to the bureau, or straight to the owner when none stands
    between. The side as it stands then. Raises like `problem_answers.answer`, WrongSecretError."""
    signer = store.signer(passphrase)

    def work(session: Session, actor: Actor) -> Row[Any]:
        require_signer(actor, signer, Role.REGISTRAR, "答复问题核实")
        side = problem_answers.answer(
            session, actor, problem_id, claim, opinion, files=files, values=values, position=position
        )
        problem = log.find(session, problem_id)
        to = problem.owner_id if side.bureau_id == side.unit_id else side.bureau_id
        _post_answer(session, actor, signer, problem, side, str(to), by_bureau=False)
        finish_asks(session, actor, problem, "已答复")
        return side

    return store.write(work, store.actor)


def confirm(
    store: Store,
    passphrase: str,
    problem_ids: Sequence[str],
    claim: Claim | None,
    opinion: str,
    position: int | None = None,
) -> int:
    """The bureau's word on its schools' answers, for one or several problems with one passphrase; how many went up.

    `claim` None agrees with what each school said. Raises like `problem_answers.confirm`, WrongSecretError.
    """
    signer = store.signer(passphrase)

    def work(session: Session, actor: Actor) -> int:
        require_signer(actor, signer, Role.REGISTRAR, "确认答复")
        for ending in dict.fromkeys(problem_ids):
            problem = log.find(session, ending)
            word = claim or _claim_of(session, actor, problem, position)
            side = problem_answers.confirm(session, actor, ending, word, opinion, position)
            _post_answer(session, actor, signer, problem, side, problem.owner_id, by_bureau=True)
            finish_asks(session, actor, problem, "已确认")
        return len(set(problem_ids))

    return store.write(work, store.actor)


def _claim_of(session: Session, actor: Actor, problem: Row[Any], position: int | None) -> Claim:
    """What the school said; a side without an answer is refused afterwards with its sentence."""
    sides = [side for side in log.sides_of(session, problem.id) if side.bureau_id == actor.unit.id]
    said = next((side.claim for side in sides if position in (None, side.position) and side.claim), "")
    return Claim(said) if said else Claim.KEEP


def _post_answer(
    session: Session, actor: Actor, signer: Signer, problem: Row[Any], side: Row[Any], to: str, *, by_bureau: bool
) -> None:
    if to == actor.unit.id:
        return
    title = f"核查意见：{log.kind_of(problem).label} {side.label}"[:100]
    body = bodies.answer_body(session, side, by_bureau=by_bureau)
    post(session, actor, ANSWER, to, body, title=title, signers=[signer], matter=problem.matter)


def decide(store: Store, passphrase: str, problem_id: str, outcomes: Mapping[int, Claim], opinion: str) -> ProblemState:
    """Decide what becomes of each side (position from 0 -> outcome), signed; both bureaux and both schools get it (E9).

    Raises like `problems.decide`, WrongSecretError.
    """
    signer = store.signer(passphrase)

    def work(session: Session, actor: Actor) -> ProblemState:
        require_signer(actor, signer, Role.REGISTRAR, "裁定问题学籍")
        state = services.decide(session, actor, problem_id, outcomes, opinion)
        problem = log.find(session, problem_id)
        sides = log.sides_of(session, problem.id)
        title = f"问题处理决定：{log.kind_of(problem).label}"
        for unit_id in others_of(problem, sides):
            body = bodies.decision_body(problem, sides)
            post(session, actor, DECISION, unit_id, body, title=title, signers=[signer], matter=problem.matter)
        tell_closed(session, actor)
        return state

    return store.write(work, store.actor)


def close(store: Store, problem_id: str, note: str) -> None:
    """Close a problem by hand and tell its sides. Raises like `problems.close`."""

    def work(session: Session, actor: Actor) -> None:
        services.close(session, actor, problem_id, note)
        tell_closed(session, actor)

    store.write(work, store.actor)


def close_resolved(session: Session, actor: Actor | None, subject_ids: Sequence[str]) -> list[str]:
    """Close the problems whose reason is gone after these records changed, and tell their sides; their ids."""
    closed = services.close_resolved(session, actor, subject_ids)
    tell_closed(session, actor)
    return closed
