"""When is filed: the windows in force here, and what a person is reminded of (A5, A13-A15)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import DataFaultError
from models.domain.filing import (
    Act,
    Window,
    counts,
    counts_text,
    is_period,
    next_window,
    period_text,
    window_named,
    window_of,
)
from models.domain.forms import KIND_LABELS, FilingKind
from models.domain.policy_settings import FILING, Period, read_periods
from models.domain.states import END_STATES, State
from models.domain.times import local_day
from models.domain.units import reports_own
from models.services.filing.rows import kind_now, rows_to_file
from models.services.policies import effective
from models.services.units import own_unit
from models.store import clock
from models.store import tables as t

SOON: Final = 14
"""Days before a window from which on it is spoken of."""
_UNDER_WAY: Final = tuple(state.value for state in State if state not in END_STATES and state is not State.DRAFT)


@dataclass(frozen=True)
class Reminder:
    """What a person of this unit should know of filing today.

    `state`: open (the window is open, `days` to its end), soon (`days` to its beginning), missed (`days` since its
    end). `kind` and the numbers are those of the filing to be made.
    """

    state: str
    period: str
    kind: FilingKind
    first: str
    last: str
    days: int
    added: int
    disabled: int
    changed: int
    sentence: str


def given_periods(session: Session) -> tuple[Period, ...]:
    """The periods the policy in force sets for filing; none when the windows of the notice hold."""
    text = effective(session).window(FILING)
    return read_periods(text) if text else ()


def moment(session: Session) -> str:
    """The time filings are judged by (UTC text)."""
    return clock.now(session)


def window_for(session: Session, kind: FilingKind, period: str = "") -> Window:
    """The window of a period, or the one a filing of today belongs to. Raises DataFaultError for no such period."""
    given = given_periods(session)
    if not period:
        return window_of(local_day(moment(session)), kind, given)
    found = window_named(period, kind, given) if is_period(period) else None
    if found is None:
        known = window_of(local_day(moment(session)), kind, given)
        raise DataFaultError(f"没有“{period}”这一备案时间，请写成 年-月，例如 {known.period}。")
    return found


def present_window(session: Session, kind: FilingKind, period: str = "") -> Window:
    """`window_for` a filing that is made now: of the window that is open or was last, or of the next one.

    What was opened or disabled later does not belong to older windows (A15). Raises DataFaultError.
    """
    given, day = given_periods(session), local_day(moment(session))
    wanted, now, coming = window_for(session, kind, period), window_of(day, kind, given), next_window(day, kind, given)
    if wanted.period not in (now.period, coming.period):
        raise DataFaultError(
            f"现在不能办理{period_text(wanted.period)}的备案（{wanted.text}），只能办理{period_text(now.period)}的"
            f"（--period {now.period}）或{period_text(coming.period)}的（--period {coming.period}）。"
        )
    return wanted


def late_fault(session: Session, head: Mapping[str, str], reason: str) -> str | None:
    """Why a filing needs a reason: it was handed in outside of its window (A15); None when it needs none or has one."""
    kind, day = FilingKind(head["kind"]), local_day(head["as_of"])
    window = window_named(head["period"], kind, given_periods(session))
    if reason or (window is not None and day in window):
        return None
    what = f"{period_text(head['period'])}{KIND_LABELS[kind]}"
    if window is None:
        return f"现行政策没有{what}的时间，请填写备案的原因"
    when = "已过" if day > window.last else "未到"
    return f"{day} {when}{what}的时间（{window.text}），请填写逾期或提前备案的原因"


def filings(session: Session, period: str = "") -> list[Row[Any]]:
    """The filings of this unit, newest first; of a period, or all."""
    c = t.change.c
    query = select(t.change).where(c.kind == ACCOUNT_FILING.key).order_by(c.created_at.desc(), c.number.desc())
    return [row for row in session.execute(query) if not period or json.loads(row.after)["period"] == period]


def reminder(session: Session) -> Reminder | None:
    """What to remind of today; None for nothing, and where no filing goes up."""
    unit = own_unit(session)
    if unit.line not in ACCOUNT_FILING.lines or not reports_own(unit):
        return None
    rows = list(rows_to_file(session))
    if not rows:
        return None
    kind, given, day = kind_now(session), given_periods(session), local_day(moment(session))
    window = window_of(day, kind, given)
    if any(row.state in _UNDER_WAY for row in filings(session)):
        return None
    filed = {row.state for row in filings(session, window.period)}
    if day not in window:
        late = [row for row in rows if not row.since or local_day(row.since) <= window.last]
        coming = next_window(day, kind, given)
        if late and State.EFFECTIVE.value not in filed:
            return _reminder("missed", window, kind, _days(window.last, day), rows)
        if _days(day, coming.first) > SOON:
            return None
        return _reminder("soon", coming, kind, _days(day, coming.first), rows)
    return _reminder("open", window, kind, _days(day, window.last), rows)


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def _reminder(state: str, window: Window, kind: FilingKind, days: int, rows: list[Any]) -> Reminder:
    numbers = counts(row.act for row in rows)
    what = f"{period_text(window.period)}账户备案"
    told = {
        "open": f"{what}：今天是最后一天" if not days else f"{what}：还有 {days} 天（{window.last} 止）",
        "soon": f"{what} {days} 天后开始（{window.first}）",
        "missed": f"{what}已逾期 {days} 天，补报须写明原因",
    }[state]
    sentence = f"{told}；待备案 {counts_text(numbers)}。"
    return Reminder(
        state, window.period, kind, window.first, window.last, days,
        numbers[Act.ADDED], numbers[Act.DISABLED], numbers[Act.CHANGED], sentence,
    )  # fmt: skip
