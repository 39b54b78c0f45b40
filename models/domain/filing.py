"""Filing of accounts (备案): what an account is filed as, and in which part of the year (A5, A13-A15).

"此后每年 5 月、10 月新增、禁用账户一律备案" (A15); the first filing of all accounts is due by 30 June (A13, A14). A
unit founded later files its first list in the window that comes, as all its accounts are new.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from models.domain.forms import FilingKind
from models.domain.policy_settings import Period
from models.domain.times import from_text


class Act(StrEnum):
    """What a filing says of an account, compared with what was filed last."""

    ADDED = "added"  # in use, and not filed so: new, or enabled again
    DISABLED = "disabled"
    CHANGED = "changed"  # in use as before, with other values


ACT_LABELS: Final = {Act.ADDED: "新增", Act.DISABLED: "禁用", Act.CHANGED: "更改"}
STATUS_OF: Final = {Act.ADDED: "active", Act.DISABLED: "disabled", Act.CHANGED: "active"}
"""Act -> the status of an account filed so."""
MONTHS: Final = (5, 10)
FIRST_MONTHS: Final = (1, 6)
"""The first filing may come in any month from January to June; it belongs to the period of May."""
_PERIOD: Final = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_HEAD: Final = {"period", "kind", "as_of"}
_ROW: Final = {"id", "values", "status", "act", "revision"}
_MOST: Final = 1 << 31


def act_of(status: str, revision: int, filed_status: str, filed_revision: int) -> Act | None:
    """What an account has to be filed as, by its state now and as last filed ("" for never); None for nothing."""
    if status == "pending":
        return None
    if status != filed_status:
        return Act.DISABLED if status == "disabled" else Act.ADDED
    return Act.CHANGED if status == "active" and revision > filed_revision else None


# --- what travels ---------------------------------------------------------------------------------------


def is_head(value: Any) -> bool:
    """Whether `value` is what a filing says of itself: {"period": YYYY-MM, "kind", "as_of": UTC text}."""
    if type(value) is not dict or set(value) != _HEAD or set(map(type, value.values())) != {str}:
        return False
    try:
        from_text(value["as_of"])
    except ValueError:
        return False
    return is_period(value["period"]) and value["kind"] in (FilingKind.FIRST, FilingKind.DELTA)


def is_filed_row(row: Mapping[str, Any]) -> bool:
    """Whether a row of a filing has its marks: a status that fits its act, and the revision of the unit's own row."""
    act, revision = row.get("act"), row.get("revision")
    if set(row) != _ROW or type(act) is not str or act not in list(Act):
        return False
    return bool(row.get("status") == STATUS_OF[Act(act)]) and type(revision) is int and 0 < revision < _MOST


# --- windows --------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Window:
    """A part of the year in which is filed: first and last day (YYYY-MM-DD), and the period it is called by."""

    first: str
    last: str
    period: str

    def __contains__(self, day: object) -> bool:
        """Whether a day lies in it."""
        return isinstance(day, str) and self.first <= day <= self.last

    @property
    def text(self) -> str:
        """The days in words."""
        return f"{self.first} 至 {self.last}"


def is_period(text: str) -> bool:
    """Whether `text` is a period, YYYY-MM."""
    return bool(_PERIOD.fullmatch(text))


def period_text(period: str) -> str:
    """A period in words: 2026年5月."""
    year, _, month = period.partition("-")
    return f"{year}年{int(month)}月" if is_period(period) else period


def windows(year: int, kind: FilingKind, given: Sequence[Period] = ()) -> tuple[Window, ...]:
    """The windows that begin in a year, in their order: those a tier has `given`, else those of the notice."""
    own = [Window(first, last, first[:7]) for first, last in given if first.startswith(f"{year:04}-")]
    return tuple(sorted(own)) or tuple(_usual(year, kind))


def _usual(year: int, kind: FilingKind) -> Iterator[Window]:
    for month in MONTHS:
        first, last = (month, month)
        if kind is FilingKind.FIRST and month == MONTHS[0]:
            first, last = FIRST_MONTHS
        end = date(year, last, monthrange(year, last)[1])
        yield Window(date(year, first, 1).isoformat(), end.isoformat(), f"{year:04}-{month:02}")


def window_of(day: str, kind: FilingKind, given: Sequence[Period] = ()) -> Window:
    """The window a filing of a day belongs to: the one that is open, else the last that has begun."""
    year = int(day[:4])
    begun = [one for at in (year - 1, year) for one in windows(at, kind, given) if one.first <= day]
    return next((one for one in begun if day in one), max(begun)) if begun else windows(year, kind, given)[0]


def next_window(day: str, kind: FilingKind, given: Sequence[Period] = ()) -> Window:
    """The next window that begins after a day."""
    year = int(day[:4])
    return min(one for at in (year, year + 1) for one in windows(at, kind, given) if one.first > day or at > year)


def window_named(period: str, kind: FilingKind, given: Sequence[Period] = ()) -> Window | None:
    """The window of a period; None when none is called so."""
    year = int(period[:4])
    return next((one for one in windows(year, kind, given) if one.period == period), None)


def counts(acts: Iterable[str]) -> dict[Act, int]:
    """How many of each act there are, in their order."""
    found = list(acts)
    return {act: found.count(act.value) for act in Act}


def counts_text(numbers: Mapping[Act, int]) -> str:
    """Numbers by act in words: 新增 3 个、禁用 1 个; "" for none."""
    return "、".join(f"{ACT_LABELS[act]} {number} 个" for act, number in numbers.items() if number)
