"""The monitoring accounts of this unit and of those below as annex 1 lists them (A5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.change_kinds import FILED
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.monitoring import ACT_LABELS, FIELDS, STATE_LABELS
from models.domain.posts import TIER_WORDS, posts_of
from models.domain.states import State
from models.domain.times import local_day, start_of_day
from models.domain.units import Actor, Unit
from models.services.checking import value_text
from models.services.monitoring.checks import account_row
from models.services.units import descendants, own_unit
from models.store import audit
from models.store import tables as t

TOLD = (*FIELDS, "id", "state", "act", "reason", "since", "until", "filed_by", "filed_at")
"""What a unit tells the tiers above of each account."""


@dataclass(frozen=True)
class MonitoringAccount:
    """An account as lists show it; `values` by `domain.monitoring.FIELDS`, times as UTC text."""

    id: str
    unit_id: str
    unit_name: str
    values: Mapping[str, str]
    state: str
    state_label: str
    act: str
    reason: str
    since: str
    until: str
    filed_by: str
    filed_at: str


def told_rows(session: Session) -> list[dict[str, str]]:
    """The own accounts, and the changes of post that wait for the province, as they are told upward."""
    c, g = t.monitoring_account.c, t.change.c
    query = select(t.monitoring_account).where(c.unit_id == own_unit(session).id).order_by(c.id)
    rows = {row.id: {key: str(row._mapping[key]) for key in TOLD} for row in session.execute(query)}
    waiting = (g.kind.in_(FILED), g.state.in_((State.APPROVED.value, State.SEALED.value)))
    found = list(rows.values())
    for change in session.execute(select(t.change).where(*waiting).order_by(g.number)):
        asked = {"id": change.id, "state": "applied", "act": "post", "reason": change.reason[:500], "since": ""}
        found.append({**rows[change.subject_id], **json.loads(change.after), **asked, "filed_by": "", "filed_at": ""})
    return found


def list_accounts(session: Session, below: bool = True) -> list[MonitoringAccount]:
    """The accounts of this unit, and of the units below as far as they told, by unit, post and name."""
    own = own_unit(session)
    units = [own, *(descendants(session, own.id) if below else ())]
    mine = [{**row, "unit_id": own.id} for row in told_rows(session)]
    c = t.monitoring_account.c
    others = [dict(row._mapping) for row in session.execute(select(t.monitoring_account).where(c.unit_id != own.id))]
    by_unit: dict[str, list[dict[str, Any]]] = {}
    for row in (*mine, *others):
        by_unit.setdefault(str(row["unit_id"]), []).append(row)
    return [_account(unit, row) for unit in units for row in _sorted(unit, by_unit.get(unit.id, []))]


def reveal_phone(session: Session, actor: Actor, account_id: str) -> str:
    """The mobile of an account in full; who looked is kept in the audit. Raises UserError for an unknown account."""
    row = account_row(session, account_id)
    if row is None:
        raise UserError("没有这个质量监控账户，请刷新后再看。")
    audit.append(session, actor, "roster.reveal", f"monitoring:{account_id}", {"field": "phone"})
    return str(row.phone)


def _sorted(unit: Unit, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    order = {post.label: place for place, post in enumerate(posts_of(unit.tier))}
    return sorted(rows, key=lambda row: (order.get(row["post"], len(order)), row["name"], row["since"]))


def _account(unit: Unit, row: Mapping[str, Any]) -> MonitoringAccount:
    values = {key: str(row[key]) for key in FIELDS}
    state = str(row["state"])
    rest = (row["act"], row["reason"], row["since"], row["until"], row["filed_by"], row["filed_at"])
    label = STATE_LABELS.get(state, state)
    return MonitoringAccount(str(row["id"]), unit.id, unit.name, values, state, label, *rest)


def annex_rows(session: Session, since: str = "") -> list[dict[str, str]]:
    """The rows of annex 1 by column key (models.domain.forms.MONITORING), this unit first, then those below (A5).

    `since`: day YYYY-MM-DD; accounts closed before it are left out ("": no closed ones). Raises ValueError for no day.
    """
    start = start_of_day(since) if since else ""
    own = own_unit(session)
    units = {unit.id: unit for unit in (own, *descendants(session, own.id))}
    return [
        _annex_row(units[one.unit_id], one)
        for one in list_accounts(session)
        if one.state != "closed" or (start and one.until >= start)
    ]


def _annex_row(unit: Unit, one: MonitoringAccount) -> dict[str, str]:
    note = {
        "applied": "变更申请中，待省校备案后生效",
        "closed": f"{local_day(one.until)} 停用" if one.until else "",
    }.get(one.state, f"{local_day(one.filed_at)} 省校备案" if one.filed_at else "")
    values = one.values
    return {
        "unit": unit.name, "tier": TIER_WORDS[unit.tier], "name": values["name"],
        "sex": value_text("sex", values["sex"], ACCOUNTS), "post": values["post"],
        "department": values["department"], "username": values["username"], "office_phone": values["office_phone"],
        "mobile": values["phone"], "email": values["email"], "act": ACT_LABELS[one.act], "reason": one.reason,
        "note": note,
    }  # fmt: skip
