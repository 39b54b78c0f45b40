"""Where filing stands: what this unit has to file, and who below has not filed in the period."""

from __future__ import annotations

import json
from dataclasses import dataclass

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import NotAllowedError
from models.domain.filing import Act, counts
from models.domain.forms import FilingKind
from models.domain.states import STATE_LABELS, State
from models.domain.times import local_day
from models.domain.units import reports_own
from models.services.change_log import find_change
from models.services.filing.calendar import filings, moment, reminder, window_for
from models.services.filing.proposing import under_way
from models.services.filing.rollup import Numbers, rollup
from models.services.filing.rows import count_waiting, kind_now, rows_to_file
from models.services.units import has_below, own_unit
from models.store import tables as t


@dataclass(frozen=True)
class Overview:
    """The window a filing of today belongs to, what it would carry, and for a tier above who filed what in it.

    `files`: whether this unit files with a tier above; `under_way`: number of the filing not ended yet, "" for none;
    `waiting`: new accounts that wait for the head's approval and are not among those to be filed.
    """

    period: str
    kind: FilingKind
    first: str
    last: str
    open: bool
    files: bool
    added: int
    disabled: int
    changed: int
    under_way: str
    reminder: str
    units: tuple[Numbers, ...]
    missing: tuple[str, ...]
    waiting: int = 0


def overview(session: Session) -> Overview:
    """Where filing stands today. Raises NotAllowedError in basic education."""
    own = own_unit(session)
    if own.line not in ACCOUNT_FILING.lines:
        raise NotAllowedError("账户备案属于开放教育，本单位不办理。")
    kind = kind_now(session) if reports_own(own) else FilingKind.DELTA
    window = window_for(session, kind)
    numbers = counts(row.act for row in rows_to_file(session)) if reports_own(own) else counts(())
    below = rollup(session, window.period) if has_below(session, own.id) else None
    told = reminder(session)
    return Overview(
        window.period, kind, window.first, window.last, local_day(moment(session)) in window, reports_own(own),
        numbers[Act.ADDED], numbers[Act.DISABLED], numbers[Act.CHANGED], under_way(session),
        told.sentence if told else "", below.units if below else (), below.missing if below else (),
        count_waiting(session),
    )  # fmt: skip


@dataclass(frozen=True)
class FilingSummary:
    """A filing of this unit in a list; `period` YYYY-MM, `as_of` when it was last submitted or drafted (UTC text)."""

    id: str
    number: str
    period: str
    kind: FilingKind
    label: str
    state: str
    state_label: str
    as_of: str
    reason: str


def list_filings(session: Session) -> list[FilingSummary]:
    """The filings of this unit, newest first."""
    return [_summary(row) for row in filings(session)]


def find_filing(session: Session, number: str) -> FilingSummary | None:
    """One filing by number or id; None for a change of another kind. Raises UserError for an unknown one."""
    row = find_change(session, number)
    return _summary(row) if row.kind == ACCOUNT_FILING.key else None


def _summary(row: Row[tuple[object, ...]]) -> FilingSummary:
    head = json.loads(row.after)
    state = State(row.state)
    return FilingSummary(
        row.id, row.number, head["period"], FilingKind(head["kind"]), row.subject_label, state.value,
        STATE_LABELS[state], head["as_of"], row.reason,
    )  # fmt: skip


def filed_rows(session: Session, change_id: str) -> list[dict[str, object]]:
    """The accounts of a filing that was accepted, as entries with "id", "values", "act"."""
    c = t.filed_account.c
    query = select(c.account_id, c.act, c.body).where(c.change_id == change_id).order_by(c.account_id)
    return [{"id": one, "act": act, "values": json.loads(body)} for one, act, body in session.execute(query)]
