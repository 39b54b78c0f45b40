"""Orders to disable accounts as people look at them: what was given, what was received, and how far it is (A12)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from models.domain.orders import ITEM_LABELS, OVERDUE_LABEL, REASON_LABELS, ItemState
from models.services import orders
from models.services.change_log import in_chunks
from models.services.units import own_unit, unit_names
from models.store import clock
from models.store import tables as t


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order in a list; `given`: by this unit, else received. `due` is a day; `overdue`: open accounts after it."""

    id: str
    number: str
    given: bool
    owner_id: str
    owner_name: str
    reason: str
    reason_label: str
    note: str
    due: str
    issued_at: str
    issued_by: str
    state: str
    state_label: str
    total: int
    done: int
    objected: int
    open: int
    overdue: int


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One account of an order. `account_status` is that of this store's row, "" when it has none; `note` the reason of
    an objection, or a remark."""

    position: int
    unit_id: str
    unit_name: str
    account_id: str
    username: str
    label: str
    state: str
    state_label: str
    overdue: bool
    done_at: str
    done_by: str
    note: str
    account_status: str


@dataclass(frozen=True)
class OrderDetail:
    """An order with its accounts."""

    summary: OrderSummary
    items: tuple[OrderItem, ...]


def list_orders(session: Session, *, open_only: bool = False) -> list[OrderSummary]:
    """Orders given and received, the newest first; `open_only`: with accounts nobody has dealt with."""
    o, i = t.disable_order.c, t.disable_order_item.c
    query = select(t.disable_order).order_by(o.issued_at.desc(), o.id.desc())
    rows = list(session.execute(query.where(o.state == "open") if open_only else query))
    states: dict[str, Counter[str]] = defaultdict(Counter)
    for part in in_chunks([row.id for row in rows]):
        for order_id, state in session.execute(select(i.order_id, i.state).where(i.order_id.in_(part))):
            states[order_id][state] += 1
    names, own, now = unit_names(session, (row.owner_id for row in rows)), own_unit(session).id, clock.now(session)
    return [_summary(names[row.owner_id], row, states[row.id], own, now) for row in rows]


def count_to_do(session: Session) -> int:
    """How many orders of tiers above have accounts nobody here has dealt with."""
    c = t.disable_order.c
    query = select(func.count()).where(c.state == "open", c.owner_id != own_unit(session).id)
    return int(session.execute(query).scalar_one())


def show_order(session: Session, order_id: str) -> OrderDetail:
    """One order, by its id or number. Raises UserError."""
    row = orders.find_order(session, order_id)
    items = orders.items_of(session, row.id)
    status = _statuses(session, items)
    now, names = clock.now(session), unit_names(session, (row.owner_id, *(item.unit_id for item in items)))
    late = _is_late(row, now)
    found = tuple(_item(names[item.unit_id], item, status.get(item.account_id, ""), late) for item in items)
    states = Counter(item.state for item in items)
    return OrderDetail(_summary(names[row.owner_id], row, states, own_unit(session).id, now), found)


def _summary(owner: str, row: Row[Any], states: Counter[str], own: str, now: str) -> OrderSummary:
    left = states[ItemState.OPEN]
    overdue = left if _is_late(row, now) else 0
    label = OVERDUE_LABEL if overdue else ITEM_LABELS[ItemState.OPEN] if left else "已办结"
    return OrderSummary(
        row.id, orders.number_of(row.id), row.owner_id == own, row.owner_id, owner, row.reason,
        REASON_LABELS.get(row.reason, row.reason), row.note, row.due, row.issued_at, row.issued_by, row.state, label,
        states.total(), states[ItemState.DONE], states[ItemState.OBJECTED], left, overdue,
    )  # fmt: skip


def _is_late(row: Row[Any], now: str) -> bool:
    return bool(row.due) and now >= orders.end_of_day(row.due)


def _statuses(session: Session, items: list[Row[Any]]) -> dict[str, str]:
    c = t.account.c
    ids = [item.account_id for item in items]
    query = select(c.id, c.status)
    return {row.id: row.status for part in in_chunks(ids) for row in session.execute(query.where(c.id.in_(part)))}


def _item(unit: str, item: Row[Any], status: str, late: bool) -> OrderItem:
    state = ItemState(item.state)
    overdue = late and state is ItemState.OPEN
    return OrderItem(
        item.position, item.unit_id, unit, item.account_id or "", item.username,
        item.label, state.value, OVERDUE_LABEL if overdue else ITEM_LABELS[state], overdue, item.done_at or "",
        item.done_by, item.note, status,
    )  # fmt: skip
