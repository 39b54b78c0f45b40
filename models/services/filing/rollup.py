"""Annex 3 of a unit with all below it, annex 2 of the province: who is filed in a period, and who has not filed
(A11, A13-A15). A county's goes into its city's, a city's to the province; the province collects all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS
from models.domain.filing import Act, window_of
from models.domain.forms import FilingKind
from models.domain.states import END_STATES, State
from models.domain.times import end_of_day
from models.domain.units import Line, Tier, Unit, reports_own
from models.rules.naming import pinyin_keys
from models.services.baseline import frozen_lines
from models.services.checking import value_text
from models.services.filing import calendar
from models.services.filing.calendar import filings, given_periods, window_for
from models.services.filing.rows import kind_now, rows_to_file
from models.services.units import ancestors, descendants, own_unit, standing_for
from models.store import tables as t

_WORDS: Final = ("name", "sex", "username", "email", "office_phone", "employment", "on_staff", "note")
_ROLE: Final = "教师"
"""Annex 2 and 3 are lists of teachers' accounts."""
_STATES: Final = {Act.ADDED: "新增", Act.DISABLED: "禁用"}
_KEPT: Final = "保留"
_NAMED: Final = 30
"""Units named on the form itself at most; the result names all."""
_SENT: Final = frozenset(State) - END_STATES - {State.DRAFT}


@dataclass(frozen=True, slots=True)
class Entry:
    """An account of a filing; `kind` of filing, `filed_at` when it stood so (UTC text)."""

    account_id: str
    unit_id: str
    act: Act
    kind: FilingKind
    filed_at: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Numbers:
    """How many accounts of a unit were filed in the period; none of anything: it has not filed."""

    unit: str
    added: int
    disabled: int
    changed: int


@dataclass(frozen=True)
class Rollup:
    """The rows of annex 3 by column key, and units by what they filed. `changed`: accounts with other values, which the
    form does not list; `missing`: names of the units that have not filed."""

    period: str
    kind: FilingKind
    rows: tuple[Mapping[str, str], ...]
    units: tuple[Numbers, ...]
    missing: tuple[str, ...] = field(default=())

    @property
    def changed(self) -> int:
        """Accounts that were changed otherwise than added or disabled."""
        return sum(one.changed for one in self.units)

    @property
    def remark(self) -> str:
        """What the form itself should say of what it does not list."""
        parts = [f"另有 {self.changed} 个账户更改了信息，随备案数据报送，表中不列"] if self.changed else []
        more = f"等 {len(self.missing)} 个" if len(self.missing) > _NAMED else ""
        names = "、".join(self.missing[:_NAMED])
        parts += [f"本期未备案（或没有新增、禁用）的单位：{names}{more}"] if names else []
        return "；".join(parts)


def rollup(session: Session, period: str, *, planned: bool = False) -> Rollup:
    """Everything filed in a period (YYYY-MM) by this unit and by those below, as this tier has accepted it.

    This unit's own filing counts from the moment it is submitted: the form goes with it. `planned`: also what it would
    file if it did so now.
    """
    own = own_unit(session)
    units = _units(session, own)
    own_ones = [*_under_way(session, period), *(_planned(session) if planned else ())]
    entries = _last_words([*_filed(session, period), *own_ones])
    entries = [one for one in entries if one.unit_id in units]
    if own.id in units and not _holds_accounts(session, own) and all(one.unit_id != own.id for one in entries):
        del units[own.id]  # nothing it could file; of those below only their filings are known
    numbers = [_numbers(unit, entries) for unit in units.values()]
    missing = [one.unit for one in numbers if not one.added + one.disabled + one.changed]
    first = all(one.kind is FilingKind.FIRST for one in entries)
    places = {unit.id: _place(session, unit) for unit in units.values()}
    order = {unit_id: number for number, unit_id in enumerate(units)}
    listed = sorted(
        (one for one in entries if one.act in _STATES),
        key=lambda one: (order[one.unit_id], one.act.value, pinyin_keys(one.values.get("name", ""))[0], one.account_id),
    )
    rows = tuple({**places[one.unit_id], **words(one.values), "state": _state(one)} for one in listed)
    kind = FilingKind.FIRST if first and entries else FilingKind.DELTA
    return Rollup(period, kind, rows, tuple(numbers), tuple(missing))


def _units(session: Session, own: Unit) -> dict[str, Unit]:
    """The units that file, this one and those below: each county after its city, in the order of their codes."""
    c = t.unit.c
    gone = set(session.scalars(select(c.id).where(c.state != "active")))
    below = [unit for unit in descendants(session, own.id) if unit.line is Line.OPEN and unit.id not in gone]
    ways = {unit.id: [*reversed([one.code for one in ancestors(session, unit.id)]), unit.code] for unit in below}
    found = [unit for unit in (own, *sorted(below, key=lambda unit: ways[unit.id])) if reports_own(unit)]
    return {unit.id: unit for unit in found}


def _holds_accounts(session: Session, own: Unit) -> bool:
    """Whether this unit has an account that was approved, in use or disabled."""
    c = t.account.c
    query = select(c.id).where(c.unit_id == own.id, c.status != "pending").limit(1)
    return session.scalar(query) is not None


def _filed(session: Session, period: str) -> Iterator[Entry]:
    """What was accepted; a unit that was merged into another since is named by that one."""
    c = t.filed_account.c
    query = select(t.filed_account).where(c.period == period).order_by(c.filed_at, c.change_id)
    holders: dict[str, str] = {}
    for row in session.execute(query):
        if row.unit_id not in holders:
            holders[row.unit_id] = standing_for(session, row.unit_id)
        acts = Act(row.act), FilingKind(row.kind)
        yield Entry(row.account_id, holders[row.unit_id], *acts, row.filed_at, json.loads(row.body))


def _under_way(session: Session, period: str) -> Iterator[Entry]:
    """The own filing that waits for an answer, as it was submitted."""
    for change in filings(session, period):
        head = json.loads(change.after)
        if change.state in _SENT:
            for line in frozen_lines(session, change.id):
                one = json.loads(line)
                kind = FilingKind(head["kind"])
                yield Entry(one["id"], change.unit_id, Act(one["act"]), kind, head["as_of"], one["values"])


def _planned(session: Session) -> Iterator[Entry]:
    """What a filing of now would carry."""
    kind, unit_id, now = kind_now(session), own_unit(session).id, calendar.moment(session)
    return (Entry(row.id, unit_id, row.act, kind, now, row.values) for row in rows_to_file(session))


def _last_words(entries: Iterable[Entry]) -> list[Entry]:
    """Each account once, as it was filed last; one added and then changed in one period is still an added one."""
    found: dict[str, Entry] = {}
    for one in sorted(entries, key=lambda entry: entry.filed_at):
        earlier = found.get(one.account_id)
        act = Act.ADDED if earlier and (earlier.act, one.act) == (Act.ADDED, Act.CHANGED) else one.act
        kind = earlier.kind if earlier and act is not one.act else one.kind
        found[one.account_id] = Entry(one.account_id, one.unit_id, act, kind, one.filed_at, one.values)
    return list(found.values())


def _numbers(unit: Unit, entries: Iterable[Entry]) -> Numbers:
    acts = Counter(one.act for one in entries if one.unit_id == unit.id)
    return Numbers(unit.name, acts[Act.ADDED], acts[Act.DISABLED], acts[Act.CHANGED])


def _place(session: Session, unit: Unit) -> dict[str, str]:
    """The city school and the county school (or teaching point) a row stands under."""
    above = [one for one in ancestors(session, unit.id) if one.tier is Tier.CITY]
    if unit.tier is Tier.CITY:
        return {"city": unit.name, "county": ""}
    return {"city": above[0].name if above else "", "county": unit.name}


def words(values: Mapping[str, str]) -> dict[str, str]:
    """An account's values as the forms show them."""
    told = {key: value_text(key, values.get(key, ""), ACCOUNTS) for key in _WORDS}
    return {**told, "roles": _ROLE}


def _state(one: Entry) -> str:
    """In a first filing what is in use is kept, since it was there before."""
    return _KEPT if one.kind is FilingKind.FIRST and one.act is Act.ADDED else _STATES[one.act]


# --- annex 2 ----------------------------------------------------------------------------------------------


def province_rows(session: Session, period: str) -> list[dict[str, str]]:
    """The own accounts of the province by department, as annex 2 lists them (A13): new ones since the window before,
    those disabled since, and those kept."""
    own, keys = own_unit(session), (*_WORDS, "department")
    window = window_for(session, FilingKind.DELTA, period)
    eve = date.fromisoformat(window.first) - timedelta(days=1)
    before = window_of(eve.isoformat(), FilingKind.DELTA, given_periods(session))
    start, end = end_of_day(before.last), end_of_day(window.last)
    c = t.account.c
    query = select(c.status, c.opened_at, c.disabled_at, *(c[key] for key in keys))
    query = query.where(c.unit_id == own.id, c.status != "pending")
    rows = []
    for row in session.execute(query.order_by(c.department, c.name_order, c.id)):
        state = _standing(row, start, end)
        if state:
            values = {key: row._mapping[key] for key in keys}
            rows.append({**words(values), "department": values["department"], "state": state})
    return sorted(rows, key=lambda row: (not row["department"], pinyin_keys(row["department"])[0]))


def _standing(row: Any, start: str, end: str) -> str:
    """What became of an account between two times; "" when it was gone before."""
    if row.status == "disabled":
        return _STATES[Act.DISABLED] if row.disabled_at > start else ""
    return _STATES[Act.ADDED] if start < row.opened_at <= end else _KEPT
