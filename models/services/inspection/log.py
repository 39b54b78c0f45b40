"""Inspections and findings as rows, and where each finding stands now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.inspection import FindingState, Proof
from models.domain.orders import ItemState
from models.domain.states import END_STATES, State
from models.domain.times import local_day
from models.services.change_log import in_chunks
from models.services.orders import DEFAULT_DAYS, end_of_day
from models.store import clock
from models.store import tables as t

OVERDUE_IN: Final = (FindingState.LISTED.value, FindingState.DONE.value)
"""States in which what was not ended in time is overdue."""
_LEFT: Final = (FindingState.OPEN, FindingState.LISTED, FindingState.OBJECTED)
_NUMBER: Final = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding's row and where it stands: it follows from the change or the order; `overdue`: was to be disabled by
    now and is not; `waiting`: a later list still has it in use, and its day has not passed."""

    row: Row[Any]
    state: FindingState
    overdue: bool
    waiting: bool = False

    @property
    def is_left(self) -> bool:
        """Whether something is still to be done about it."""
        return self.state in _LEFT or self.overdue


def number_of(inspection_id: str) -> str:
    """The number people name an inspection by: the last eight digits of its id."""
    return inspection_id[-_NUMBER:]


def find_inspection(session: Session, text: str) -> Row[Any]:
    """An inspection by its id or its number. Raises UserError."""
    c = t.inspection.c
    query = select(t.inspection).where((c.id == text) | (func.substr(c.id, -_NUMBER) == text.lower())).limit(2)
    rows = session.execute(query).all()
    if len(rows) != 1:
        raise UserError(f"{'有多次' if rows else '没有'}编号为“{text}”的核查或巡查，请用 inspection list 查看编号。")
    return rows[0]


def require_open(session: Session, text: str) -> Row[Any]:
    """An inspection that can still be worked on. Raises UserError: what is closed changes no more."""
    found = find_inspection(session, text)
    if found.state != "open":
        raise UserError("这次核查已经办结并签名，不能再改动。需要时请重新核查。")
    return found


def findings_of(session: Session, inspection_id: str) -> list[Row[Any]]:
    """The findings by position."""
    c = t.inspection_finding.c
    query = select(t.inspection_finding).where(c.inspection_id == inspection_id).order_by(c.position)
    return list(session.execute(query))


def standings_of(session: Session, inspection: Row[Any]) -> list[Standing]:
    """Where all findings of an inspection stand; those of a closed one as they were written down then."""
    rows = findings_of(session, inspection.id)
    if inspection.state == "open":
        return standings(session, rows)
    late = json.loads(inspection.details).get("overdue")
    overdue = {row.position for row in rows if _is_still(row)} if late is None else set(late)
    return [_as_written(row, row.position in overdue) for row in rows]


def _as_written(row: Row[Any], overdue: bool) -> Standing:
    may = row.state in OVERDUE_IN
    return Standing(row, FindingState(row.state), may and overdue, may and not overdue and _is_still(row))


def standings(session: Session, rows: Sequence[Row[Any]]) -> list[Standing]:
    """Where findings of an open inspection stand, read together."""
    changes = _changes(session, {row.change_id for row in rows if row.change_id})
    orders = _orders(session, {row.order_id for row in rows if row.order_id})
    now = clock.now(session)
    return [_standing(row, changes, orders, now) for row in rows]


def _standing(
    row: Row[Any], changes: Mapping[str, State], orders: Mapping[tuple[str, str], tuple[ItemState, str]], now: str
) -> Standing:
    state, still, due, silent = FindingState(row.state), _is_still(row), "", False
    if state is FindingState.LISTED and row.change_id:
        change = changes.get(row.change_id)
        if change is State.EFFECTIVE:
            state = FindingState.DONE
        elif change is None or change in END_STATES:
            state = FindingState.OPEN
    elif state is FindingState.LISTED and row.order_id:
        item, due = orders.get((row.order_id, row.account_id), (ItemState.OPEN, ""))
        state = {ItemState.DONE: FindingState.DONE, ItemState.OBJECTED: FindingState.OBJECTED}.get(item, state)
        silent = bool(due) and item is ItemState.OPEN
    if state.value not in OVERDUE_IN:
        return Standing(row, state, False)
    passed = now >= end_of_day(due or _list_due(row))
    return Standing(row, state, passed and (still or silent), still and not passed)


def _list_due(row: Row[Any]) -> str:
    """The day until which an account on the list is to be ended when no order names one."""
    return (date.fromisoformat(local_day(row.handled_at)) + timedelta(days=DEFAULT_DAYS)).isoformat()


def _is_still(row: Row[Any]) -> bool:
    return bool(row.proof == Proof.STILL)


def _changes(session: Session, ids: set[str]) -> dict[str, State]:
    c = t.change.c
    return {
        change_id: State(state)
        for part in in_chunks(sorted(ids))
        for change_id, state in session.execute(select(c.id, c.state).where(c.id.in_(part)))
    }


def _orders(session: Session, ids: set[str]) -> dict[tuple[str, str], tuple[ItemState, str]]:
    """(order, account) -> where it stands, and the day of the order."""
    i, o = t.disable_order_item.c, t.disable_order.c
    query = select(i.order_id, i.account_id, i.state, o.due).join(t.disable_order, o.id == i.order_id)
    return {
        (row.order_id, row.account_id): (ItemState(row.state), row.due or "")
        for part in in_chunks(sorted(ids))
        for row in session.execute(query.where(i.order_id.in_(part)))
    }


def write(session: Session, inspection_id: str, positions: Sequence[int], values: Mapping[str, Any]) -> None:
    """Write the same values into findings."""
    c = t.inspection_finding.c
    for start in range(0, len(positions), 500):
        part = positions[start : start + 500]
        this = (c.inspection_id == inspection_id, c.position.in_(part))
        session.execute(update(t.inspection_finding).where(*this).values(**values))
