"""Orders to disable accounts at the unit that holds them: carried out or objected to, and the proof of it (A12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.orders import (
    LONGEST_NOTE,
    MOST_LINES,
    REASON_LABELS,
    ItemState,
    OrderLine,
    ProofLine,
    read_order,
)
from models.domain.units import Actor, Role
from models.services import orders
from models.services.accounts.effects import set_status
from models.services.permissions import require_role
from models.services.records import get
from models.services.units import ancestors, is_below, own_unit, unit_name
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

ALREADY: Final = "收到通知单时该账户已是禁用状态"


def take(session: Session, actor: Actor | None, order_id: str, origin_id: str, body: Mapping[str, Any]) -> list[int]:
    """Keep an order of a tier above; positions of the accounts that are disabled already, whose proof is due at once.

    A long order comes in several messages. Raises FileRefusedError for an order of others than a tier above, or of
    another unit under the same number; ValueError, KeyError or TypeError for another shape.
    """
    said, own = read_order(body), own_unit(session).id
    if not is_below(session, own, origin_id):
        raise FileRefusedError("停用通知单不是上级单位下达的，没有采用。")
    known = session.execute(select(t.disable_order).where(t.disable_order.c.id == order_id)).first()
    if known is None:
        orders.insert_received(session, order_id, origin_id, said, now_text())
    elif known.owner_id != origin_id:
        raise FileRefusedError("停用通知单的编号与另一单位的通知单相同，没有采用。")
    held = {item.position for item in orders.items_of(session, order_id)}
    new = {line.position: line for line in said.lines if line.position not in held}
    orders.insert_items(session, order_id, [(own, line) for line in new.values()])
    facts = {"from": origin_id, "reason": said.reason, "accounts": len(new), "due": said.due}
    audit.append(session, actor, "order.receive", f"order:{order_id}", facts)
    return _already_disabled(session, order_id, list(new.values()))


def _already_disabled(session: Session, order_id: str, lines: Sequence[OrderLine]) -> list[int]:
    found = []
    for line in lines:
        row = _account(session, line.account_id, line.username)
        if row is not None and row.status == "disabled":
            done = {"state": ItemState.DONE.value, "done_at": now_text(), "done_by": row.updated_by, "note": ALREADY}
            orders.settle(session, order_id, line.position, done)
            found.append(line.position)
    return found


def _account(session: Session, account_id: str | None, username: str) -> Row[Any] | None:
    """The own account an item means: by its id, else by its user name (a list that was entered anew)."""
    c, own = t.account.c, own_unit(session).id
    query = select(c.id, c.username, c.status, c.revision, c.updated_by).where(c.unit_id == own)
    row = session.execute(query.where(c.id == account_id)).first()
    if row is None and username:
        row = session.execute(query.where(c.username == username).order_by(c.status, c.id)).first()
    return row


def execute(session: Session, actor: Actor, order_id: str, positions: Sequence[int] | None = None) -> list[ProofLine]:
    """Disable the accounts of an order (None: all that are open), each with a reason that names it; the proof.

    Raises NotAllowedError for others than the registrar of the unit that holds them, UserError when an account is not
    there or the item is done.
    """
    require_role(actor, Role.REGISTRAR, "执行停用通知单")
    order = _received(session, actor, order_id)
    items = _chosen(session, order, positions, (ItemState.OPEN, ItemState.OBJECTED))
    reason = (
        f"{unit_name(session, order.owner_id)}停用通知单 {orders.number_of(order.id)}：{REASON_LABELS[order.reason]}"
    )
    for item in items:
        row = _account(session, item.account_id, item.username)
        if row is None:
            raise UserError(f"本单位没有用户名为“{item.username}”的账户，不能执行。请对这一项提出异议并说明情况。")
        if row.status == "active":
            held = get(session, ACCOUNTS, row.id)
            set_status(session, actor, held, "disabled", order.reason, f"{reason} {order.note}".strip())
        done = {"state": ItemState.DONE.value, "done_at": now_text(), "done_by": actor.name, "note": ""}
        orders.settle(session, order.id, item.position, done)
    audit.append(session, actor, "order.execute", f"order:{order.id}", {"accounts": len(items)})
    return proof_of(session, order.id, [item.position for item in items])


def object_(
    session: Session, actor: Actor, order_id: str, positions: Sequence[int] | None, reason: str
) -> list[ProofLine]:
    """Say why accounts of an order (None: all that are open) should not be disabled; what is told to the issuer.

    Raises NotAllowedError, UserError without a reason or for an item that is not open.
    """
    require_role(actor, Role.REGISTRAR, "对停用通知单提出异议")
    order = _received(session, actor, order_id)
    if not reason.strip() or len(reason.strip()) > LONGEST_NOTE:
        raise UserError(f"提出异议须写明理由（最多 {LONGEST_NOTE} 字），让下达单位能够判断。")
    items = _chosen(session, order, positions, (ItemState.OPEN,))
    said = {
        "state": ItemState.OBJECTED.value, "done_at": now_text(), "done_by": actor.name, "note": reason.strip()
    }  # fmt: skip
    for item in items:
        orders.settle(session, order.id, item.position, said)
    audit.append(
        session, actor, "order.object", f"order:{order.id}", {"accounts": len(items), "reason": reason.strip()}
    )
    return proof_of(session, order.id, [item.position for item in items])


def _received(session: Session, actor: Actor, order_id: str) -> Row[Any]:
    order = orders.find_order(session, order_id)
    if order.owner_id == actor.unit.id:
        raise NotAllowedError("这份停用通知单由本单位下达，应由账户所在单位执行；可以用 order show 查看进度。")
    return order


def _chosen(
    session: Session, order: Row[Any], positions: Sequence[int] | None, states: tuple[ItemState, ...]
) -> list[Row[Any]]:
    items = {item.position: item for item in orders.items_of(session, order.id)}
    if positions is None:
        found = [item for item in items.values() if item.state == ItemState.OPEN]
        if not found:
            raise UserError("这份停用通知单已没有待执行的账户。")
        return found
    wanted = list(dict.fromkeys(positions))
    if not wanted or any(place not in items for place in wanted):
        raise UserError("停用通知单中没有所选的序号，请用 order show 查看。")
    closed = [items[place].username for place in wanted if items[place].state not in states]
    if closed:
        raise UserError(f"账户 {closed[0]} 这一项已经办理过，请刷新后再试。")
    return [items[place] for place in wanted]


def proof_of(session: Session, order_id: str, positions: Sequence[int]) -> list[ProofLine]:
    """What became of items that are done or objected to, with how their rows stand now (A12)."""
    wanted = set(positions)
    lines = []
    for item in orders.items_of(session, order_id):
        if item.position not in wanted or item.state == ItemState.OPEN:
            continue
        row = _account(session, item.account_id, item.username)
        status, revision = (row.status, row.revision) if row is not None else ("", 0)
        lines.append(
            ProofLine(
                item.position, item.account_id, item.username, ItemState(item.state), item.done_at, item.done_by,
                item.note, status, revision,
            )
        )  # fmt: skip
    return lines


def proof_bodies(order_id: str, lines: Sequence[ProofLine]) -> list[dict[str, Any]]:
    """The proof as bodies of messages."""
    parts = [lines[start : start + MOST_LINES] for start in range(0, len(lines), MOST_LINES)]
    return [{"order": order_id, "items": [line.to_json() for line in part]} for part in parts]


def told(session: Session, order_id: str) -> list[str]:
    """The units that get a proof: who gave the order, and every tier above this unit, whose copies follow."""
    owner = orders.find_order(session, order_id).owner_id
    return list(dict.fromkeys([owner, *(unit.id for unit in ancestors(session, own_unit(session).id))]))
