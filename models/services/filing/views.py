"""Filings as people look at them: what was filed, what is to be filed next, what to mend before (A11, A13-A15)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.fields import ACCOUNTS
from models.domain.filing import Act, counts, counts_text, next_window, window_named
from models.domain.forms import FilingKind
from models.domain.states import State
from models.domain.times import local_day
from models.domain.units import Actor, reports_own
from models.rules.checks import check_record
from models.services import changes
from models.services.baseline import frozen_lines
from models.services.change_log import find_change
from models.services.changes import ChangeDetail
from models.services.checking import check_context
from models.services.filing import calendar
from models.services.filing.calendar import filings, given_periods, reminder, window_for
from models.services.filing.overview import filed_rows
from models.services.filing.proposing import propose_filing, under_way
from models.services.filing.rows import kind_now, rows_to_file
from models.services.units import own_unit
from models.store import tables as t

TO_DO: Final = "to_do"
"""State of a filing nobody has drafted yet; its line has no id."""
_OPEN: Final = (TO_DO, State.DRAFT.value, State.PENDING.value)


@dataclass(frozen=True, slots=True)
class FilingLine:
    """A filing in a list. `numbers` in words; `first`, `last`: its days ("" when the policy has none for it any more);
    `needs_reason`: handed in, or to be handed in now, outside of them; `reason` what was given for it."""

    id: str
    number: str
    period: str
    kind: FilingKind
    numbers: str
    state: str
    attempt: int
    first: str
    last: str
    day: str
    needs_reason: bool
    reason: str
    updated_at: str

    @property
    def late(self) -> bool:
        """Whether it comes after its days (A15)."""
        return self.needs_reason and bool(self.last) and self.day > self.last


@dataclass(frozen=True, slots=True)
class FiledAccount:
    """An account as a filing tells it; `faults`: what is to be mended before, in sentences."""

    id: str
    act: Act
    values: Mapping[str, str]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class FilingDetail:
    """A filing in full: its accounts, those with faults first; `change` None while it is not drafted."""

    line: FilingLine
    rows: tuple[FiledAccount, ...]
    change: ChangeDetail | None

    @property
    def faulty(self) -> int:
        """How many accounts have something to be mended."""
        return sum(bool(row.faults) for row in self.rows)


def filing_lines(session: Session) -> list[FilingLine]:
    """What is to be filed next (when nothing is under way), then the filings of this unit, newest first."""
    coming = _next_line(session)
    return [*([coming] if coming else []), *(_line(session, change) for change in filings(session))]


def _next_line(session: Session) -> FilingLine | None:
    unit = own_unit(session)
    if unit.line not in ACCOUNT_FILING.lines or not reports_own(unit) or under_way(session):
        return None
    numbers = counts_text(counts(row.act for row in rows_to_file(session)))
    if not numbers:
        return None
    kind, given, day = kind_now(session), given_periods(session), local_day(calendar.moment(session))
    due = reminder(session)
    window = window_for(session, kind, due.period) if due else next_window(day, kind, given)
    return FilingLine(
        "", "", window.period, kind, numbers, TO_DO, 1, window.first, window.last, day, day not in window, "", ""
    )  # fmt: skip


def _line(session: Session, change: Row[Any]) -> FilingLine:
    head = json.loads(change.after)
    numbers = change.subject_label.partition("：")[2]
    kind, day = FilingKind(head["kind"]), local_day(head["as_of"])
    if change.state == State.DRAFT:  # what it says is written down when it is handed in
        numbers = counts_text(counts(row.act for row in rows_to_file(session)))
        kind, day = kind_now(session), local_day(calendar.moment(session))
    window = window_named(head["period"], kind, given_periods(session))
    first, last = (window.first, window.last) if window else ("", "")
    return FilingLine(
        change.id, change.number, head["period"], kind, numbers, change.state, change.attempt, first, last, day,
        window is None or day not in window, change.reason, change.updated_at,
    )  # fmt: skip


def show_filing(session: Session, actor: Actor, change_id: str) -> FilingDetail | None:
    """A filing in full, "" for the one that is to be made; None when there is nothing to be made.

    Faults are looked for until the unit's head has decided. Raises NotFoundError for an unknown id.
    """
    if not change_id:
        line = _next_line(session)
        return FilingDetail(line, _accounts(session, _to_file(session), faults=True), None) if line else None
    change = find_change(session, change_id)
    line = _line(session, change)
    entries = _to_file(session) if line.state == State.DRAFT else _told(session, change)
    rows = _accounts(session, entries, faults=line.state in _OPEN)
    return FilingDetail(line, rows, changes.get(session, change_id, actor))


def _to_file(session: Session) -> Iterator[Mapping[str, Any]]:
    return (row.entry for row in rows_to_file(session))


def _told(session: Session, change: Row[Any]) -> Sequence[Mapping[str, Any]]:
    """The accounts as they were handed in, or as they were taken when the copy is gone."""
    return [json.loads(line) for line in frozen_lines(session, change.id)] or filed_rows(session, change.id)


def _accounts(session: Session, entries: Iterable[Mapping[str, Any]], *, faults: bool) -> tuple[FiledAccount, ...]:
    context, found = check_context(session), []
    for entry in entries:
        act = Act(entry["act"])
        said: tuple[str, ...] = ()
        if faults and act is not Act.DISABLED:
            said = tuple(one.message.rstrip("。") for one in check_record(ACCOUNTS, entry["values"], context))
        found.append(FiledAccount(entry["id"], act, entry["values"], said))
    order = list(Act)
    found.sort(key=lambda row: (not row.faults, order.index(row.act), row.values.get("username", "")))
    return tuple(found)


def draft_filing(session: Session, actor: Actor, change_id: str, period: str, reason: str) -> str:
    """Keep a filing as a draft with its reason, making it when `change_id` is ""; its id. Raises like its parts."""
    if not change_id:
        return propose_filing(session, actor, period, reason)
    changes.update_draft(session, actor, change_id, None, reason)
    return change_id


def submit_filing(session: Session, actor: Actor, change_id: str, period: str, reason: str) -> str:
    """Hand a filing in to the head in one step, making it when `change_id` is ""; its id.

    Raises DataFaultError with what is missing (a filing outside of its days needs a reason, A15), NotAllowedError,
    UserError; nothing is drafted then.
    """
    made = draft_filing(session, actor, change_id, period, reason)
    (changes.submit if change_id else changes.submit_new)(session, actor, made)
    return made


def filed_periods(session: Session) -> list[str]:
    """The periods in which anything was filed here, and that of today (YYYY-MM), newest first."""
    now = window_for(session, FilingKind.DELTA).period
    own = {json.loads(change.after)["period"] for change in filings(session)}
    return sorted({now, *own, *session.scalars(select(t.filed_account.c.period).distinct())}, reverse=True)
