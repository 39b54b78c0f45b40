"""A unit renamed, or merged into another one: former names, pupils and problems that move (issue 3, point 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.units import Actor, Role, Tier, Unit, code_fault, unit_fault
from models.services import problem_log, reported
from models.services.records import TABLE_OF
from models.services.units import find_unit, own_unit, superior_id_of
from models.store import audit, clock
from models.store import tables as t

CLOSED: Final = "closed"
_MOST_FORMER: Final = 20
_MOST_REASON: Final = 60
_UNDER_WAY: Final = ("held", "opened", "reviewed")
_KEYS: Final = ("name", "code", "until", "reason")


@dataclass(frozen=True)
class FormerName:
    """What a unit was called until a time (UTC text), and why that changed."""

    name: str
    code: str
    until: str
    reason: str


@dataclass(frozen=True)
class MergerPlan:
    """What merging `closed` into `into` would move, and what stands in its way, each in a sentence."""

    closed: Unit
    into: Unit
    pupils: int
    accounts: int
    problems: int
    faults: tuple[str, ...]

    @property
    def warning(self) -> str:
        """What will happen and that it cannot be taken back."""
        moved = f"{self.pupils} 名学生" + (f"、{self.accounts} 个账户" if self.accounts else "")
        return (
            f"“{self.closed.name}”将并入“{self.into.name}”：{moved}和 {self.problems} 个未办结的问题学籍转到"
            f"“{self.into.name}”，“{self.closed.name}”的证书吊销，其名册只供查看。合并后不能撤回。"
        )


# --- names ------------------------------------------------------------------------------------------------


def rename(session: Session, actor: Actor, name: str, code: str, since: str, reason: str) -> Unit:
    """Give this unit a new name or code from a time (UTC text) on; the unit as it is now.

    Its superior learns of it with the next enrolment request. Raises NotAllowedError, UserError.
    """
    if not actor.has(Role.ADMINISTRATOR):
        raise NotAllowedError("单位更名须由系统管理员登录后办理。")
    own = own_unit(session)
    made = Unit(own.id, name.strip() or own.name, code.strip() or own.code, own.tier, own.line, own.city, own.county)
    if made == own:
        raise UserError("新的名称和代码与现在的一样，没有要更改的。")
    fault = unit_fault(made) or (code_fault(made.code, made.tier, made.line) if made.code != own.code else None)
    if fault:
        raise UserError(fault)
    require_dated(session, since, reason, "更名")
    _note_former(session, own.id, FormerName(own.name, own.code, since, reason.strip()))
    session.execute(update(t.unit).where(t.unit.c.id == own.id).values(name=made.name, code=made.code))
    _recode(session, own.id, own.code, made.code)
    facts = {"before": [own.name, own.code], "after": [made.name, made.code], "since": since, "reason": reason.strip()}
    audit.append(session, actor, "unit.rename", f"unit:{own.id}", facts)
    return made


def require_dated(session: Session, since: str, reason: str, act: str) -> None:
    """An act with a day that is not to come and a reason. Raises UserError."""
    if not reason.strip() or len(reason.strip()) > _MOST_REASON or not reason.strip().isprintable():
        raise UserError(f"请写明{act}的依据或原因（最长 {_MOST_REASON} 字），例如批文名称。")
    if since > clock.now(session):
        raise UserError(f"{act}的日期不能晚于今天，请核对日期。")


def _recode(session: Session, unit_id: str, before: str, after: str) -> None:
    if before != after:
        c = t.student.c
        session.execute(
            update(t.student).where(c.unit_id == unit_id, c.school_code == before).values(school_code=after)
        )


def _note_former(session: Session, unit_id: str, former: FormerName) -> None:
    row = {"unit_id": unit_id, **vars(former)}
    session.execute(upsert(t.unit_history).values(**row).on_conflict_do_nothing())


def former_names(session: Session, unit_id: str) -> list[FormerName]:
    """What a unit was called before, latest first."""
    c = t.unit_history.c
    query = select(c.name, c.code, c.until, c.reason).where(c.unit_id == unit_id).order_by(c.until.desc())
    return [FormerName(*row) for row in session.execute(query.limit(_MOST_FORMER))]


def former_json(session: Session, unit_id: str) -> list[dict[str, str]]:
    """`former_names` as enrolment files, directories and lists of tiers carry them."""
    return [dict(vars(one)) for one in former_names(session, unit_id)]


def read_former(value: Any) -> tuple[FormerName, ...]:
    """`former_json`'s form; None for an older program's. Raises TypeError, KeyError, ValueError."""
    told = tuple(FormerName(*(entry[key] for key in _KEYS)) for entry in (value or [])[:_MOST_FORMER])
    if not all(isinstance(text, str) and len(text) <= 100 for former in told for text in vars(former).values()):
        raise ValueError("former")
    return told


def take_former(session: Session, unit: Unit, told: Sequence[FormerName]) -> None:
    """Keep the former names another unit told of; call it before the unit's new row is written."""
    for former in told:
        _note_former(session, unit.id, former)
    known = find_unit(session, unit.id)
    if known is not None:
        _recode(session, unit.id, known.code, unit.code)


# --- mergers ----------------------------------------------------------------------------------------------


def plan_merger(session: Session, closed: Unit, into: Unit) -> MergerPlan:
    """What a merger of two units directly below would do, and what stands in its way; in a writing transaction."""
    count = {kind: _count(session, kind, closed.id) for kind in (STUDENTS, ACCOUNTS)}
    faults = _faults(session, closed, into)
    return MergerPlan(closed, into, count[STUDENTS], count[ACCOUNTS], len(_open_problems(session, closed.id)), faults)


def _faults(session: Session, closed: Unit, into: Unit) -> tuple[str, ...]:
    own, found = own_unit(session), []
    if closed.id == into.id:
        return ("两个单位是同一个，不能合并。",)
    for unit in (closed, into):
        if superior_id_of(session, unit.id) != own.id:
            found.append(f"“{unit.name}”不是本单位的直接下级，合并须由两个单位的共同上级办理。")
        elif _state(session, unit.id) == CLOSED:
            found.append(f"“{unit.name}”此前已经并入其他单位。")
        elif unit.tier is not Tier.SCHOOL:
            found.append(f"“{unit.name}”不是学校。主管部门合并时，请让它的学校逐个向接管的主管部门重新入网。")
    c = t.package.c
    waiting = select(func.count()).where(c.issuer_id == closed.id, c.direction == "in", c.state.in_(_UNDER_WAY))
    if number := session.execute(waiting.where(c.purpose == "changes")).scalar():
        found.append(f"“{closed.name}”还有 {number} 个数据包没有核办完，请先核办并出回执。")
    sections = [one for one in reported.waiting(session) if one.unit_id == closed.id]
    if own.tier is not Tier.PROVINCE and superior_id_of(session, own.id) and sections:
        found.append(f"“{closed.name}”已核办通过的事项还没有上报，请先打包上报。")
    return tuple(found)


def _count(session: Session, kind: str, unit_id: str) -> int:
    table = TABLE_OF[kind]
    return int(session.execute(select(func.count()).where(table.c.unit_id == unit_id)).scalar() or 0)


def _state(session: Session, unit_id: str) -> str | None:
    return session.execute(select(t.unit.c.state).where(t.unit.c.id == unit_id)).scalar()


def is_closed(session: Session, unit_id: str) -> bool:
    """Whether a unit was merged into another one."""
    return _state(session, unit_id) == CLOSED


def take_unit(session: Session, unit: Unit, superior_id: str) -> None:
    """Know the unit that is merged into this one, for what came from it."""
    row = {key: str(value) for key, value in vars(unit).items()} | {"superior_id": superior_id, "state": "active"}
    session.execute(upsert(t.unit).values(**row, is_self=0).on_conflict_do_nothing())


def close(session: Session, closed: Unit, into: Unit) -> None:
    """From now on `closed` stands for nothing; what it held is `into`'s."""
    values = {"state": CLOSED, "successor_id": into.id}
    session.execute(update(t.unit).where(t.unit.c.id == closed.id).values(**values))


def move(session: Session, closed: Unit, into: Unit) -> dict[str, int]:
    """Let what this tier holds of `closed` belong to `into`; how many of each kind."""
    moved: dict[str, int] = {}
    _recode(session, closed.id, closed.code, into.code)
    for kind in (STUDENTS, ACCOUNTS):
        table = TABLE_OF[kind]
        moved[kind] = _count(session, kind, closed.id)
        session.execute(update(table).where(table.c.unit_id == closed.id).values(unit_id=into.id))
    problems = _open_problems(session, closed.id)
    moved["problems"] = len(problems)
    for problem_id in problems:
        s = t.problem_side.c
        this = (s.problem_id == problem_id, s.unit_id == closed.id)
        values: dict[str, Any] = {"unit_id": into.id, "unit_name": into.name}
        session.execute(update(t.problem_side).where(*this, s.answered_at.is_(None)).values(asked_at=None))
        session.execute(update(t.problem_side).where(*this).values(**values))
        problem_log.restate(session, problem_id)
    return moved


def _open_problems(session: Session, unit_id: str) -> Sequence[str]:
    """Problems not closed in which the unit has a side; who has not answered yet is asked anew where it moved to."""
    p, s = t.problem.c, t.problem_side.c
    query = select(p.id).join(t.problem_side, s.problem_id == p.id).where(s.unit_id == unit_id, p.closed_at.is_(None))
    return session.execute(query.distinct()).scalars().all()


def facts_of(plan: MergerPlan) -> Mapping[str, Any]:
    """A plan for the audit log."""
    return {"closed": plan.closed.id, "into": plan.into.id, "pupils": plan.pupils, "problems": plan.problems}
