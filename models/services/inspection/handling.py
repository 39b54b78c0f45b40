"""What becomes of findings: left as they are with a reason, or listed to be disabled (A9, A10, A12)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_DISABLE
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.findings import Level
from models.domain.inspection import CODE, KIND_LABELS, LONGEST_NOTE, RANK, STATE_LABELS, FindingState
from models.domain.mass_change import MASS_COUNT, MASS_SHARE, is_mass_change
from models.domain.orders import ItemState
from models.domain.times import local_day
from models.domain.units import Actor
from models.services.accounts.status import propose_disable
from models.services.change_log import OPEN_STATES, in_chunks
from models.services.import_apply import MassChangeError
from models.services.inspection.advice import is_corrected_first
from models.services.inspection.log import Standing, findings_of, number_of, require_open, standings, write
from models.services.orders import number_of as order_number
from models.services.roster_edit import require_editor
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

GiveOrder = Callable[[Sequence[str], str, str], str]
"""(account ids, reason code, words) -> id of the order to disable accounts of units below."""


@dataclass(frozen=True)
class Listed:
    """A disable list as it was made. `changes`: own accounts, to be approved by the head; `orders`: of units below;
    `accounts`: how many are on it; `platform`: without a row in use, to be ended on the platform alone; `under_way`:
    accounts already in a change or order; `skipped`: findings nobody is disabled for; `corrections`: positions of
    irregular ones that are put right first and were not chosen."""

    changes: tuple[str, ...]
    orders: tuple[str, ...]
    accounts: int
    platform: int
    under_way: int
    skipped: int
    corrections: tuple[int, ...] = ()


@dataclass
class _Plan:
    """Positions by what is done with them. `own`, `below`: reason -> account -> positions."""

    own: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    below: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    platform: dict[str, list[int]] = field(default_factory=dict)
    changed: dict[str, list[int]] = field(default_factory=dict)
    ordered: dict[str, list[int]] = field(default_factory=dict)
    skipped: list[int] = field(default_factory=list)


def dismiss(session: Session, actor: Actor, inspection_id: str, positions: Sequence[int], note: str) -> int:
    """Leave findings as they are, with the reason; how many. Those a unit below objects to, and those listed for the
    platform alone, are left as well: nothing is under way for them. Raises UserError, NotAllowedError."""
    if not note.strip():
        raise UserError("不予处理须写明理由，以便以后查考。")
    return _mark(session, actor, inspection_id, (positions, FindingState.DISMISSED, note.strip()))


def restore(session: Session, actor: Actor, inspection_id: str, positions: Sequence[int], note: str = "") -> int:
    """Take up dismissed findings again; how many. Raises UserError, NotAllowedError."""
    return _mark(session, actor, inspection_id, (positions, FindingState.OPEN, note.strip()))


def _mark(session: Session, actor: Actor, inspection_id: str, turn: tuple[Sequence[int], FindingState, str]) -> int:
    positions, future, note = turn
    require_editor(actor, ACCOUNTS, "处理核查结果")
    found = require_open(session, inspection_id)
    if len(note) > LONGEST_NOTE:
        raise UserError(f"说明最多 {LONGEST_NOTE} 字，请缩短。")
    chosen = _chosen(session, found.id, positions)
    wrong = next((one for one in chosen if not _may_become(one, future)), None)
    if wrong is not None:
        raise UserError(_why_not(session, wrong))
    values = {
        "state": future.value, "note": note, "handled_by": actor.name, "handled_at": now_text(), "change_id": None,
        "order_id": None,
    }  # fmt: skip
    write(session, found.id, [one.row.position for one in chosen], values)
    body = {"state": future.value, "findings": len(chosen), "reason": note}
    audit.append(session, actor, "inspection.handle", f"inspection:{found.id}", body)
    return len(chosen)


def _may_become(one: Standing, future: FindingState) -> bool:
    if future is FindingState.OPEN:
        return one.state is FindingState.DISMISSED
    on_platform_alone = one.state is FindingState.LISTED and not (one.row.change_id or one.row.order_id)
    return one.state in (FindingState.OPEN, FindingState.OBJECTED) or on_platform_alone


def _why_not(session: Session, one: Standing) -> str:
    """Why a finding cannot be turned, and what to do instead."""
    said = f"第 {one.row.position + 1} 项现在是“{STATE_LABELS[one.state]}”，不能这样处理。"
    if one.state is FindingState.LISTED and one.row.change_id:
        c = t.change.c
        number = session.execute(select(c.number).where(c.id == one.row.change_id)).scalar_one()
        return f"{said}请先撤回停用申请 {number}（变更页，或 change withdraw {number}），再记为不予处理。"
    if one.state is FindingState.LISTED:
        number = order_number(one.row.order_id)
        return f"{said}停用通知单 {number} 已经下达：请所辖单位对它提出异议并说明理由，收到后再记为不予处理。"
    if one.state is FindingState.DONE:
        return f"{said}账户在名册中已经禁用：继续使用的，请申请启用。"
    return said


def _chosen(session: Session, inspection_id: str, positions: Sequence[int]) -> list[Standing]:
    rows = {row.position: row for row in findings_of(session, inspection_id)}
    unknown = [place + 1 for place in positions if place not in rows]
    if unknown or not positions:
        raise UserError(f"没有第 {unknown[0]} 项，请核对序号。" if unknown else "没有选中任何一项。")
    return standings(session, [rows[place] for place in dict.fromkeys(positions)])


def disable_list(
    session: Session,
    actor: Actor,
    inspection_id: str,
    positions: Sequence[int] | None = None,
    give_order: GiveOrder | None = None,
    *,
    confirmed: bool = False,
) -> Listed:
    """Put the accounts of open findings on the disable list (None: all irregular ones but those put right first).

    Own accounts become changes for the head to approve, one each; accounts of units below are ordered with
    `give_order`. An account already in a change or order is not taken twice. Raises UserError, NotAllowedError,
    MassChangeError for many accounts at once unless `confirmed`.
    """
    require_editor(actor, ACCOUNTS, "制作停用清单")
    found = require_open(session, inspection_id)
    every = [one.row for one in standings(session, findings_of(session, found.id)) if one.state is FindingState.OPEN]
    if positions is None:
        chosen, corrections = _by_default(every)
    else:
        chosen = [one.row for one in _chosen(session, found.id, positions) if one.state is FindingState.OPEN]
        corrections = ()
    if not chosen:
        left = f"有 {len(corrections)} 项应先更正；更正不了、确需停用的，请选定后再列入。" if corrections else ""
        raise UserError(left or "选中的各项都已处理，没有可列入停用清单的账户。")
    plan = _plan(session, actor, chosen, every)
    if plan.below and give_order is None:
        raise UserError("其中有所辖单位的账户，须由学籍管理员用本人的口令签发停用通知单。")
    if not confirmed:
        _refuse_mass(session, plan)
    listed = _carry_out(session, actor, found, plan, give_order)
    if not listed.accounts:
        raise UserError("选中的各项只需更正，不需要停用账户。请通知本人或所在单位更正。")
    body = {"accounts": listed.accounts, "changes": len(listed.changes), "orders": list(listed.orders)}
    audit.append(session, actor, "inspection.list", f"inspection:{found.id}", body)
    return replace(listed, corrections=corrections)


def _by_default(every: Sequence[Row[Any]]) -> tuple[list[Row[Any]], tuple[int, ...]]:
    """The findings whose accounts are disabled when nobody chooses, and the positions of other accounts' irregular
    ones, which are put right first."""
    errors = [row for row in every if CODE[row.code].level is Level.ERROR]
    chosen = [row for row in errors if not is_corrected_first(row.code, json.loads(row.details))]
    accounts = _by_account(chosen).keys()
    return chosen, tuple(row.position for row in errors if _account_of(row) not in accounts)


def _refuse_mass(session: Session, plan: _Plan) -> None:
    """A wrong list, or a column mapped wrongly, must not end the accounts of a whole unit by one word."""
    count = sum(len(accounts) for side in (plan.own, plan.below) for accounts in side.values())
    query = select(func.count()).select_from(t.account).where(t.account.c.status == "active")
    total = int(session.execute(query).scalar_one())
    if is_mass_change(count, total):
        raise MassChangeError(
            f"停用清单会停用名册中在用的 {total} 个账户中的 {count} 个，"
            f"超过了 {MASS_COUNT} 个，也超过了 {MASS_SHARE:.0%}。请先核对清单和各列的对应关系；"
            "确认无误后再制作。没有写入任何内容。"
        )


def _by_account(rows: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(_account_of(row), []).append(row)
    return groups


def _account_of(row: Row[Any]) -> str:
    return str(row.account_id or f"@{row.username}")


def _plan(session: Session, actor: Actor, rows: Sequence[Row[Any]], every: Sequence[Row[Any]]) -> _Plan:
    """What is done with the accounts of the chosen findings `rows`; their other open findings go along."""
    plan, groups, along = _Plan(), _by_account(rows), _by_account(every)
    ids = [key for key in groups if not key.startswith("@")]
    statuses, changing, ordered = _statuses(session, ids), _changing(session, ids), _ordered(session, actor, ids)
    for key, group in groups.items():
        first = min(group, key=lambda row: (not CODE[row.code].reason, RANK[row.code]))
        places, reason = [row.position for row in along[key]], CODE[first.code].reason
        if not reason and not any(CODE[row.code].on_platform for row in group):
            plan.skipped += [row.position for row in group]
        elif statuses.get(key, ("", ""))[1] != "active" or not reason:
            plan.platform[key] = places
        elif key in changing:
            plan.changed.setdefault(changing[key], []).extend(places)
        elif key in ordered:
            plan.ordered.setdefault(ordered[key], []).extend(places)
        else:
            side = plan.own if statuses[key][0] == actor.unit.id else plan.below
            side.setdefault(reason, {})[key] = places
    return plan


def _statuses(session: Session, ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    c = t.account.c
    return {
        row.id: (row.unit_id, row.status)
        for part in in_chunks(ids)
        for row in session.execute(select(c.id, c.unit_id, c.status).where(c.id.in_(part)))
    }


def _changing(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Account -> the change under way that disables it."""
    c = t.change.c
    this = (c.kind == ACCOUNT_DISABLE.key, c.state.in_(OPEN_STATES))
    return {
        subject_id: change_id
        for part in in_chunks(ids)
        for subject_id, change_id in session.execute(select(c.subject_id, c.id).where(*this, c.subject_id.in_(part)))
    }


def _ordered(session: Session, actor: Actor, ids: Sequence[str]) -> dict[str, str]:
    """Account -> this unit's order that nobody has carried out yet."""
    i, o = t.disable_order_item.c, t.disable_order.c
    query = select(i.account_id, i.order_id).join(t.disable_order, o.id == i.order_id)
    query = query.where(o.owner_id == actor.unit.id, i.state == ItemState.OPEN.value)
    return {
        account_id: order_id
        for part in in_chunks(ids)
        for account_id, order_id in session.execute(query.where(i.account_id.in_(part)))
    }


def _carry_out(session: Session, actor: Actor, found: Row[Any], plan: _Plan, give_order: GiveOrder | None) -> Listed:
    words = f"{local_day(found.made_at)} {KIND_LABELS[found.kind]} {number_of(found.id)}"

    def put(positions: Sequence[int], **values: str) -> None:
        marks = {"state": FindingState.LISTED.value, "handled_by": actor.name, "handled_at": now_text(), "note": ""}
        write(session, found.id, positions, {**marks, "change_id": None, "order_id": None, **values})

    changes: list[str] = []
    for reason, accounts in plan.own.items():
        made = propose_disable(session, actor, list(accounts), reason, words)
        for change_id, places in zip(made, accounts.values(), strict=True):
            put(places, change_id=change_id)
        changes += made
    orders: list[str] = []
    for reason, accounts in plan.below.items():
        assert give_order is not None
        orders.append(give_order(list(accounts), reason, words))
        put(_flat(accounts.values()), order_id=orders[-1])
    for change_id, places in plan.changed.items():
        put(places, change_id=change_id)
    for order_id, places in plan.ordered.items():
        put(places, order_id=order_id)
    put(_flat(plan.platform.values()), note="名册中没有在用的记录，须在平台上停用")
    under_way = _accounts_of(session, found.id, [*_flat(plan.changed.values()), *_flat(plan.ordered.values())])
    below = sum(len(accounts) for accounts in plan.below.values())
    total = len(changes) + below + len(plan.platform) + under_way
    return Listed(tuple(changes), tuple(orders), total, len(plan.platform), under_way, len(plan.skipped))


def _flat(groups: Iterable[Sequence[int]]) -> list[int]:
    return [place for group in groups for place in group]


def _accounts_of(session: Session, inspection_id: str, positions: Sequence[int]) -> int:
    wanted = set(positions)
    return len({row.account_id for row in findings_of(session, inspection_id) if row.position in wanted})
