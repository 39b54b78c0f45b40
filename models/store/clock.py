"""Time: UTC text, and a "now" that only a superior's signed time moves forward (decision 8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError
from models.domain.times import from_text, local_day, to_text
from models.domain.times import now_text as now_text
from models.domain.units import Actor
from models.store import audit
from models.store.tables import audit as audit_table
from models.store.tables import setting

MOST_AHEAD = timedelta(days=30)
_DOUBT_BACK, _DOUBT_FORWARD = timedelta(days=2), timedelta(days=400)
_SIGNED = "clock.signed"


@dataclass(frozen=True)
class ClockWarning:
    """The computer's clock is doubtful; work goes on, the sentence is shown."""

    sentence: str


def advance(session: Session, signed_time: str) -> None:
    """Take note of a time signed by a superior; an earlier one than known changes nothing."""
    from_text(signed_time)
    if signed_time > _signed(session):
        _set(session, signed_time)


def now(session: Session) -> str:
    """The time to judge certificates and deadlines by: the own clock, moved forward by at most 30 days."""
    own = datetime.now(UTC)
    signed = _signed(session)
    if not signed:
        return to_text(own)
    return to_text(max(own, min(from_text(signed), own + MOST_AHEAD)))


def set_back(session: Session, first: Actor, second: Actor, to: str) -> None:
    """Two persons take back a signed time that proved wrong; raises NotAllowedError for one person alone."""
    if first.person_id == second.person_id:
        raise NotAllowedError("调回时间需要两个人同时确认，请另一位操作员也输入口令。")
    from_text(to)
    body = {"from": _signed(session), "to": to, "second": second.person_id}
    _set(session, to)
    audit.append(session, first, "clock.set_back", "clock", body)


def warning(session: Session) -> ClockWarning | None:
    """A sentence when the own clock lies far behind or ahead of what the store has already seen."""
    last = session.scalar(select(func.max(audit_table.c.at))) or ""
    seen = max(last, _signed(session))
    if not seen:
        return None
    own, known = datetime.now(UTC), from_text(seen)
    if own < known - _DOUBT_BACK:
        return ClockWarning(
            f"电脑时间是 {own.astimezone():%Y-%m-%d}，比名册里最近的记录（{local_day(seen)}）还早。"
            "请校正电脑时间；在此之前照常可以工作。"
        )
    if own > known + _DOUBT_FORWARD:
        return ClockWarning(
            f"电脑时间是 {own.astimezone():%Y-%m-%d}，离上一次记录（{local_day(seen)}）超过一年。"
            "如果时间不对请先校正，否则证书会被误认为过期。"
        )
    return None


def _signed(session: Session) -> str:
    return session.scalar(select(setting.c.value).where(setting.c.key == _SIGNED)) or ""


def _set(session: Session, value: str) -> None:
    statement = insert(setting).values(key=_SIGNED, value=value)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
