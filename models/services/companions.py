"""The PCs of one unit: the one that holds the sealing store, and others that exchange with it by file (decision 2).

A row of table `companion` is the other side of such an exchange: at the main PC each second PC, there the main one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.store import tables as t
from models.store.opening import COMPANION

ACTIVE, ENDED = "active", "ended"


@dataclass(frozen=True, slots=True)
class Companion:
    """The other side of an exchange. Times are UTC text, "" for never; `ready`: files can be exchanged now."""

    id: str
    name: str
    person_name: str
    state: str
    ready: bool
    paired_at: str
    sent: int
    sent_at: str
    received: int
    received_at: str


def own_pc(session: Session) -> str:
    """The id of this PC when it is a unit's second one, "" for the one that seals."""
    return session.execute(select(t.setting.c.value).where(t.setting.c.key == COMPANION)).scalar() or ""


def require_main(session: Session, act: str) -> None:
    """Refuse on a second PC what only the unit's sealing store does (decision 2). Raises NotAllowedError."""
    if own_pc(session):
        raise NotAllowedError(
            f"这台是主管领导用的第二台电脑，不能{act}。请在本单位学籍管理员的电脑上办理；"
            "这里只核办从那台电脑交来的待核办，并写出核办结果。"
        )


def wants_pairing(session: Session) -> bool:
    """Whether this is a second PC that belongs to no unit yet."""
    return bool(own_pc(session)) and not rows(session)


def require_second(session: Session, act: str) -> str:
    """The id of this second PC. Raises NotAllowedError on the one that seals."""
    pc = own_pc(session)
    if not pc:
        raise NotAllowedError(f"{act}在主管领导用的第二台电脑上办理，这台是本单位的主电脑。")
    return pc


def rows(session: Session, state: str = ACTIVE) -> list[Row[Any]]:
    """The rows of the other sides in a state, the latest pairing first."""
    c = t.companion.c
    query = select(t.companion).where(c.state == state).order_by(c.paired_at.desc(), c.id)
    return list(session.execute(query).all())


def list_companions(session: Session) -> list[Companion]:
    """The other sides, those in use first."""
    second = bool(own_pc(session))
    people = {row.person_id: row for row in session.execute(select(t.operator))}
    return [
        Companion(
            row.id, row.name, people[row.person_id].name if row.person_id in people else "", row.state,
            row.state == ACTIVE and (second or keeps_key(people.get(row.person_id))), row.paired_at, row.sent,
            row.sent_at, row.received, row.received_at,
        )
        for row in rows(session) + rows(session, ENDED)
    ]  # fmt: skip


def keeps_key(person: Row[Any] | None) -> bool:
    """Whether a person still is the one whose keys lie on another PC."""
    return person is not None and person.state == "active" and bool(person.signing_key) and person.opening_key is None


def person_of(session: Session, companion: Row[Any]) -> Row[Any]:
    """At the main PC: the operator at a second one. Raises UserError when that person's key was taken away since."""
    person = session.execute(select(t.operator).where(t.operator.c.person_id == companion.person_id)).first()
    if person is None or not keeps_key(person):
        name = person.name if person is not None else companion.name
        raise UserError(
            f"“{name}”在第二台电脑上的密钥已停用，不能再与那台电脑交换文件。需要时请在那台电脑上重新配对（“设置”，“第二台电脑”）。"
        )
    return person


def pc_names(session: Session) -> dict[str, str]:
    """How lists call this second PC and the other sides of exchanges, {id: name}."""
    own = own_pc(session)
    return {row.id: _pc_name(session, row) for state in (ENDED, ACTIVE) for row in rows(session, state)} | (
        {own: "主管领导的电脑（本机）"} if own else {}
    )


def _pc_name(session: Session, row: Row[Any]) -> str:
    return f"{_name(session, row.person_id)}的电脑（{row.name}）"


def find(session: Session, companion: str = "") -> Row[Any]:
    """The one other side in use, or the one of that person's or PC's name or id. Raises UserError."""
    active = rows(session)
    if not companion and len(active) == 1:
        return active[0]
    names = {row.id: (row.id, row.name, _name(session, row.person_id)) for row in active}
    found = [row for row in active if companion in names[row.id]]
    if len(found) == 1:
        return found[0]
    if not active:
        raise UserError("还没有配对的第二台电脑。请先在主管领导的电脑上生成配对申请（“设置”，“第二台电脑”）。")
    known = "、".join(f"{name}（{person}）" for _, name, person in names.values())
    raise UserError(f"请说明是哪一台电脑：{known}。")


def _name(session: Session, person_id: str) -> str:
    return session.execute(select(t.operator.c.name).where(t.operator.c.person_id == person_id)).scalar() or ""
