"""Where a matter stands: with whom it lies, until when, and how late it is (decision 7; E8-E10)."""

from __future__ import annotations

import datetime as dt
from collections import ChainMap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.message_kinds import ALWAYS, MESSAGE_KINDS, ON_REFUSAL, kind_label
from models.domain.times import from_text, local_day, to_text
from models.services.units import known_names, own_unit, unit_name
from models.store import clock
from models.store import tables as t

DIRECTION_LABELS: Final = {"out": "发出", "in": "收到", "transit": "转交"}
STATE_LABELS: Final = {
    "waiting": "等待发送",
    "sent": "已发出",
    "passed": "已转交",
    "open": "待本单位办理",
    "handled": "已办结",
    "refused": "未办理",
}
EVENT_LABELS: Final = {
    "posted": "写成",
    "sent": "已打包发往",
    "passed": "收到，转往",
    "received": "收到，待办理",
    "handled": "已办理",
    "refused": "未办理",
}
_UNKNOWN: Final = "名录外单位"
_FEW: Final = 500
"""Messages up to which their steps are looked up one by one."""
_CLOSED: Final = ("handled", "refused")
_MATTERS: Final = tuple(kind.key for kind in MESSAGE_KINDS if kind.traced == ALWAYS)
_ONCE_REFUSED: Final = tuple(kind.key for kind in MESSAGE_KINDS if kind.traced == ON_REFUSAL)
"""What the program tells by itself is a matter for people only when it was refused."""


@dataclass(frozen=True)
class Step:
    """What a unit said of a message, and when (UTC text)."""

    unit_id: str
    unit_name: str
    event: str
    at: str
    note: str

    @property
    def text(self) -> str:
        """The step in words."""
        return f"{self.unit_name}：{EVENT_LABELS.get(self.event, self.event)}{self.note and f' {self.note}'}"


@dataclass(frozen=True)
class Letter:
    """One message of a matter; `holder` is the name of the unit it lies with, "" when it is closed."""

    id: str
    kind: str
    title: str
    direction: str
    from_name: str
    to_name: str
    at: str
    due: str
    state: str
    note: str
    holder: str
    days_late: int
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many letters wait for the next file to a neighbour."""

    unit_name: str
    number: int


@dataclass(frozen=True)
class Matter:
    """A matter in one line. `due`: the nearest of its open messages, "" for none; `days_late` 0 when in time.

    `total` and `done` count its messages; `holders` are the units it lies with.
    """

    matter: str
    kind: str
    title: str
    from_name: str
    started_at: str
    due: str
    days_late: int
    holders: tuple[str, ...]
    total: int
    done: int

    @property
    def is_open(self) -> bool:
        """Whether something of it is still to be done somewhere."""
        return self.done < self.total

    @property
    def standing(self) -> str:
        """Where it stands, in words."""
        if not self.is_open:
            return "已办结"
        where = f"停在{'、'.join(self.holders[:3])}{f'等 {len(self.holders)} 个单位' if len(self.holders) > 3 else ''}"
        until = f"{last_day(self.due)} 前办结，" if self.due else ""
        return f"逾期 {self.days_late} 天，{where}" if self.days_late else f"{until}{where}"


@dataclass(frozen=True)
class MatterDetail:
    """A matter with its messages, oldest first, each with its steps."""

    matter: Matter
    letters: tuple[Letter, ...]


def last_day(due: str) -> str:
    """The last day on which what is due then is in time: a day ends at its last second or as the next begins."""
    return local_day(to_text(from_text(due) - dt.timedelta(seconds=1)))


def list_matters(session: Session, open_only: bool = False) -> list[Matter]:
    """The matters this unit sent, received or passed on: late ones first, then open ones, newest first."""
    groups: dict[str, list[_Found]] = {}
    for letter, matter in _letters(session, session.execute(_shown()).all()):
        groups.setdefault(matter, []).append((letter, matter))
    found = [_matter(letters) for letters in groups.values()]
    found = [one for one in found if one.is_open or not open_only]
    found.sort(key=lambda one: one.started_at, reverse=True)
    return sorted(found, key=lambda one: (-one.days_late, not one.is_open))


def _shown() -> Select[Any]:
    c = t.message.c
    refused = and_(c.kind.in_(_ONCE_REFUSED), c.state == "refused")
    return select(t.message).where(or_(c.kind.in_(_MATTERS), refused)).order_by(c.at, c.id)


def show_matter(session: Session, matter: str) -> MatterDetail:
    """A matter by its id, or the end or the beginning of it, with all its messages and steps. Raises UserError."""
    c = t.message.c
    named = or_(c.matter.startswith(matter, autoescape=True), c.matter.endswith(matter, autoescape=True))
    ids = set(session.execute(select(c.matter).where(named)).scalars())
    if len(ids) != 1 or not matter:
        raise UserError(f"{'有多个' if ids else '没有'}编号为“{matter}”的事项，请用 matter list 查看编号。")
    letters = _letters(session, session.execute(_shown().where(c.matter == ids.pop())).all())
    if not letters:
        raise UserError(f"没有编号为“{matter}”的事项，请用 matter list 查看编号。")
    return MatterDetail(_matter(letters), tuple(letter for letter, _ in letters))


def waiting_letters(session: Session) -> list[Waiting]:
    """What waits to be sealed, by neighbour; what the program tells by itself counts too."""
    c = t.message.c
    query = select(c.next_id, func.count()).where(c.state == "waiting").group_by(c.next_id)
    rows = session.execute(query).all()
    return sorted(
        (Waiting(unit_name(session, next_id), number) for next_id, number in rows), key=lambda one: one.unit_name
    )


def kinds_sent(session: Session, package_id: str) -> list[tuple[str, int]]:
    """What a package with letters carries: (kind in words, number)."""
    c = t.message.c
    query = select(c.kind, func.count()).where(c.package_id == package_id).group_by(c.kind).order_by(c.kind)
    return [(kind_label(kind), number) for kind, number in session.execute(query)]


def matters_to_do(session: Session) -> set[str]:
    """The matters with a letter that waits for a person of this unit."""
    c = t.message.c
    return set(session.execute(select(c.matter).where(c.state == "open", c.direction == "in").distinct()).scalars())


_Found = tuple[Letter, str]
"""A message and the matter it belongs to."""


def _matter(letters: Sequence[_Found]) -> Matter:
    first, matter = letters[0]
    still = [letter for letter, _ in letters if letter.holder]
    return Matter(
        matter, first.kind, first.title or kind_label(first.kind), first.from_name, first.at,
        min((letter.due for letter in still if letter.due), default=""),
        max((letter.days_late for letter in still), default=0),
        tuple(dict.fromkeys(letter.holder for letter in still)), len(letters), len(letters) - len(still),
    )  # fmt: skip


def _letters(session: Session, rows: Sequence[Row[Any]]) -> list[_Found]:
    answered = {row.in_reply_to for row in rows if row.in_reply_to and row.state != "refused"}
    now, own, steps = clock.now(session), own_unit(session), _steps(session, rows)
    names = known_names(session)
    found = []
    for row in rows:
        taken = steps.get(row.id, ())
        # a unit outside of the own directory is called what it called itself on the way
        called = ChainMap(names, {step.unit_id: step.unit_name for step in taken if step.unit_name})
        holder_id = "" if row.id in answered else _holder(own.id, row, taken)
        late = _days_late(row.due, now) if holder_id else 0
        letter = Letter(
            row.id, row.kind, row.title, row.direction, called.get(row.from_id, _UNKNOWN),
            called.get(row.to_id, _UNKNOWN), row.at, row.due, row.state, row.note,
            called.get(holder_id, _UNKNOWN) if holder_id else "", late, taken,
        )  # fmt: skip
        found.append((letter, row.matter))
    return found


def _steps(session: Session, rows: Sequence[Row[Any]]) -> dict[str, tuple[Step, ...]]:
    """The steps of messages, in the order of time."""
    c = t.message_step.c
    query = select(t.message_step).order_by(c.at, c.position)
    if len(rows) <= _FEW:
        query = query.where(c.message_id.in_([row.id for row in rows]))
    found: dict[str, list[Step]] = {}
    for row in session.execute(query):
        found.setdefault(row.message_id, []).append(Step(row.unit_id, row.unit_name, row.event, row.at, row.note))
    return {message_id: tuple(steps) for message_id, steps in found.items()}


def _holder(own_id: str, row: Row[Any], steps: Sequence[Step]) -> str:
    """UID of the unit a message lies with as far as anybody has told; "" when nothing is to be done any more."""
    others = [step for step in steps if step.unit_id != own_id]
    ended = any(step.event == "refused" or (step.event, step.unit_id) == ("handled", row.to_id) for step in others)
    if row.state in _CLOSED or ended:
        return ""
    if row.state in ("waiting", "open"):
        return own_id
    told = [step for step in others if step.event in ("passed", "received")]
    return told[-1].unit_id if told else str(row.next_id)


def _days_late(due: str, now: str) -> int:
    """Whole days, begun ones counted, since the day a message was due."""
    if not due or now <= due:
        return 0
    days = dt.date.fromisoformat(local_day(now)) - dt.date.fromisoformat(last_day(due))
    return max(1, days.days)
