"""Orders to disable accounts at the unit that issues them, and the proofs that come back (A9, A10, A12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.domain.orders import MOST_LINES, ItemState, OrderBody, OrderLine, ProofLine, order_fault, read_proof
from models.domain.times import local_day, start_of_day
from models.domain.units import Actor, Line, Role, Tier
from models.exchange.reading import read_workbook
from models.services.change_log import in_chunks
from models.services.permissions import require_role
from models.services.units import descendants, own_unit, unit_name
from models.store import audit, clock
from models.store import tables as t
from models.store.clock import now_text

DEFAULT_DAYS: Final = 15
"""Days until an order is to be carried out when nobody says otherwise; the notice names none."""
_SHOWN: Final = 10
_NUMBER: Final = 8


@dataclass(frozen=True)
class Issued:
    """An order as it goes out: to each unit one or more bodies."""

    order_id: str
    due: str
    count: int
    letters: tuple[tuple[str, OrderBody], ...]


def names_in_file(path: Path) -> list[str]:
    """The user names of a list (xlsx, csv) with a column 用户名, each once, blanks left out.

    Raises FileRefusedError for a file without such a column or without names.
    """
    workbook = read_workbook(path, ACCOUNTS)
    names = [name for sheet in workbook.sheets for name in sheet.raw.get("username", ())]
    found = list(dict.fromkeys(text for name in names if (text := name.strip())))
    if not found:
        raise FileRefusedError(f"“{path.name}”中没有“用户名”这一列，或这一列是空的。请核对文件。")
    return found


def accounts_named(session: Session, usernames: Sequence[str]) -> list[str]:
    """Ids of the accounts with these user names in the units below.

    Raises UserError that names those nobody below has, and those several units have (A17 h): these are chosen by id.
    """
    below = {unit.id for unit in descendants(session, own_unit(session).id)}
    found: dict[str, list[str]] = {name: [] for name in usernames}
    c = t.account.c
    for part in in_chunks(list(found)):
        query = select(c.id, c.username, c.unit_id).where(c.username.in_(part)).order_by(c.id)
        for account_id, username, unit_id in session.execute(query):
            if unit_id in below:
                found[username].append(account_id)
    missing = [name for name, ids in found.items() if not ids]
    if missing:
        raise UserError(f"所辖单位报来的账户中没有这些用户名：{_some(missing)}。请核对，或请下级先报送账户备案。")
    several = [name for name, ids in found.items() if len(ids) > 1]
    if several:
        raise UserError(f"这些用户名有不止一个单位在用：{_some(several)}。请按账户逐个选定，不要按用户名。")
    return [ids[0] for ids in found.values()]


def _some(names: Sequence[str]) -> str:
    more = f"……共 {len(names)} 个" if len(names) > _SHOWN else ""
    return "、".join(names[:_SHOWN]) + more


def issue(
    session: Session, actor: Actor, account_ids: Sequence[str], reason: str, note: str = "", due: str = ""
) -> Issued:
    """Write an order on accounts of units below; `due`: day YYYY-MM-DD (default: in 15 days).

    Raises NotAllowedError for others than the registrar of a supervising tier, UserError for accounts that are not
    supervised, disabled already or in an open order of this unit.
    """
    require_role(actor, Role.REGISTRAR, "下达停用通知单")
    if actor.unit.line is not Line.OPEN or actor.unit.tier is Tier.SCHOOL:
        raise NotAllowedError("停用通知单由省校、市校、县校对所辖单位的学习网账户下达，本单位不办理。")
    ids = list(dict.fromkeys(account_ids))
    fault = order_fault(reason, note.strip(), len(ids))
    if fault is not None:
        raise UserError(fault)
    rows = _supervised(session, actor, ids)
    _refuse_ordered(session, rows)
    order_id, day = new_id(), due_day(session, due)
    _insert(session, order_id, actor.unit.id, (reason, note.strip(), day, now_text(), actor.name))
    lines = [(row.unit_id, OrderLine(n, row.id, row.username, str(row.name)[:100])) for n, row in enumerate(rows)]
    insert_items(session, order_id, lines)
    letters: dict[str, list[OrderLine]] = {}
    for unit_id, line in lines:
        letters.setdefault(unit_id, []).append(line)
    body = {"reason": reason, "accounts": len(rows), "units": sorted(letters), "due": day}
    audit.append(session, actor, "order.issue", f"order:{order_id}", body)
    head = (reason, note.strip(), day, actor.name)
    parts = ((unit_id, OrderBody(*head, part)) for unit_id, own in letters.items() for part in _parts(own))
    return Issued(order_id, day, len(rows), tuple(parts))


def _parts(lines: Sequence[OrderLine]) -> Iterator[tuple[OrderLine, ...]]:
    for start in range(0, len(lines), MOST_LINES):
        yield tuple(lines[start : start + MOST_LINES])


def _supervised(session: Session, actor: Actor, ids: Sequence[str]) -> list[Row[Any]]:
    c = t.account.c
    query = select(c.id, c.unit_id, c.username, c.name, c.status)
    found = {row.id: row for part in in_chunks(ids) for row in session.execute(query.where(c.id.in_(part)))}
    below = {unit.id for unit in descendants(session, actor.unit.id)}
    if any(row.unit_id == actor.unit.id for row in found.values()):
        raise UserError("其中有本单位自己的账户，请直接在账户中禁用，不需要通知单。")
    if len(found) < len(ids) or any(row.unit_id not in below for row in found.values()):
        raise UserError("其中有的账户不属于所辖单位，或已不在本级登记中。请刷新账户列表后重新选择。")
    disabled = [row.username or row.name for row in found.values() if row.status != "active"]
    if disabled:
        raise UserError(f"这些账户已经是禁用状态：{_some(disabled)}。请去掉后再下达。")
    return [found[account_id] for account_id in ids]


def _refuse_ordered(session: Session, rows: Sequence[Row[Any]]) -> None:
    """One open order an account."""
    i, o = t.disable_order_item.c, t.disable_order.c
    named = {row.id: row.username or row.name for row in rows}
    query = select(i.account_id).join(t.disable_order, o.id == i.order_id)
    query = query.where(o.owner_id == own_unit(session).id, i.state == ItemState.OPEN.value)
    again = [
        named[account_id]
        for part in in_chunks(list(named))
        for account_id in session.execute(query.where(i.account_id.in_(part))).scalars()
    ]
    if again:
        raise UserError(f"这些账户已在未办结的停用通知单中：{_some(again)}。请等待执行，或去掉后再下达。")


def due_day(session: Session, due: str) -> str:
    """The last day for carrying an order out, YYYY-MM-DD. Raises UserError for none, or one that has passed."""
    today = date.fromisoformat(local_day(clock.now(session)))
    if not due.strip():
        return (today + timedelta(days=DEFAULT_DAYS)).isoformat()
    try:
        day = date.fromisoformat(due.strip())
        end_of_day(day.isoformat())
    except (ValueError, OverflowError):
        raise UserError(f"期限“{due}”应写成 2026-12-31 这样的日期。") from None
    if day < today:
        raise UserError(f"期限 {due} 已经过去，请填写今天或以后的日期。")
    return day.isoformat()


def end_of_day(day: str) -> str:
    """When the day is over, as UTC text. Raises ValueError, OverflowError."""
    return start_of_day((date.fromisoformat(day) + timedelta(days=1)).isoformat())


def _insert(session: Session, order_id: str, owner_id: str, said: tuple[str, str, str, str, str]) -> None:
    keys = ("reason", "note", "due", "issued_at", "issued_by")
    values = {"id": order_id, "owner_id": owner_id, "state": "open", **dict(zip(keys, said, strict=True))}
    session.execute(insert(t.disable_order).values(values))


def insert_items(session: Session, order_id: str, lines: Sequence[tuple[str, OrderLine]]) -> None:
    """Keep the accounts of an order, (unit that holds it, line) each, open."""
    rows = [
        {
            "order_id": order_id, "position": line.position, "unit_id": unit_id, "username": line.username,
            "label": line.label, "account_id": line.account_id, "state": ItemState.OPEN.value, "done_at": None,
            "done_by": "", "note": "",
        }
        for unit_id, line in lines
    ]  # fmt: skip
    if rows:
        session.execute(insert(t.disable_order_item), rows)


def insert_received(session: Session, order_id: str, owner_id: str, body: OrderBody, at: str) -> None:
    """Keep an order of a tier above."""
    _insert(session, order_id, owner_id, (body.reason, body.note, body.due, at, body.issued_by))


def find_order(session: Session, text: str) -> Row[Any]:
    """An order by its id or its number. Raises UserError."""
    c = t.disable_order.c
    query = select(t.disable_order).where((c.id == text) | (func.substr(c.id, -_NUMBER) == text.lower())).limit(2)
    rows = session.execute(query).all()
    if len(rows) != 1:
        raise UserError(f"{'有多份' if rows else '没有'}编号为“{text}”的停用通知单，请用 order list 查看编号。")
    return rows[0]


def number_of(order_id: str) -> str:
    """The number people name an order by: the last eight digits of its id, which are random."""
    return order_id[-_NUMBER:]


def items_of(session: Session, order_id: str) -> list[Row[Any]]:
    """The accounts of an order by position."""
    c = t.disable_order_item.c
    return list(session.execute(select(t.disable_order_item).where(c.order_id == order_id).order_by(c.position)))


def settle(session: Session, order_id: str, position: int, values: Mapping[str, Any]) -> None:
    """Write what became of one account, and close the order when none is open."""
    c = t.disable_order_item.c
    this = (c.order_id == order_id, c.position == position)
    session.execute(update(t.disable_order_item).where(*this).values(**values))
    left = select(func.count()).where(c.order_id == order_id, c.state == ItemState.OPEN.value)
    state = "open" if session.execute(left).scalar() else "closed"
    session.execute(update(t.disable_order).where(t.disable_order.c.id == order_id).values(state=state))


# --- the proofs that come back --------------------------------------------------------------------------------


def take_proof(session: Session, actor: Actor | None, origin_id: str, body: Mapping[str, Any]) -> str:
    """Take what a unit below says of accounts it holds; what was done, in words.

    The own order's items follow, and so do the accounts in this tier's copy: a tier that did not give the order gets
    the proof too, for its copy alone. Raises FileRefusedError when it speaks of what is not the unit's own;
    ValueError, KeyError or TypeError for another shape.
    """
    order_id, lines = read_proof(body)
    if origin_id not in {unit.id for unit in descendants(session, own_unit(session).id)}:
        raise FileRefusedError("停用回执不是所辖单位发来的，没有采用。")
    order = session.execute(select(t.disable_order).where(t.disable_order.c.id == order_id)).first()
    mine = order is not None and order.owner_id == own_unit(session).id
    items = {item.position: item for item in items_of(session, order_id)} if mine else {}
    for line in lines:
        if mine:
            _settle_proved(session, order_id, items.get(line.position), origin_id, line)
        _follow(session, actor, origin_id, line)
    states = Counter(line.state for line in lines)
    facts = {"from": origin_id, "done": states[ItemState.DONE], "objected": states[ItemState.OBJECTED]}
    audit.append(session, actor, "order.proof", f"order:{order_id}", facts)
    name = unit_name(session, origin_id)
    return f"“{name}”的停用回执：已禁用 {facts['done']} 个，有异议 {facts['objected']} 个"


def _settle_proved(session: Session, order_id: str, item: Row[Any] | None, origin_id: str, line: ProofLine) -> None:
    if item is None or item.unit_id != origin_id or item.account_id != line.account_id:
        raise FileRefusedError("停用回执与通知单不符：其中有通知单上没有的账户，没有采用。请对方重新办理。")
    if item.state != ItemState.DONE:
        values = {"state": line.state.value, "done_at": line.at, "done_by": line.by, "note": line.note}
        settle(session, order_id, item.position, values)


def _follow(session: Session, actor: Actor | None, origin_id: str, line: ProofLine) -> None:
    """The own copy of an account that is proved to be disabled says so."""
    c = t.account.c
    if line.state is not ItemState.DONE or line.status != "disabled":
        return
    values = {"status": "disabled", "revision": line.revision, "updated_at": now_text(), "updated_by": line.by}
    this = (c.id == line.account_id, c.unit_id == origin_id, c.status == "active")
    found = session.execute(update(t.account).where(*this).values(**values))
    if found.rowcount:  # type: ignore[attr-defined]
        body = {"by": line.by, "at": line.at}
        audit.append(session, actor, "account.proof", f"{ACCOUNTS}:{line.account_id}", body)
