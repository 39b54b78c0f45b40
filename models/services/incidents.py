"""The register of security incidents: found, measures, reported to whom, closed (D7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.units import Actor, Role
from models.services.duties.register import checked_day, checked_text, today
from models.services.permissions import require_any_role
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

_KEEPERS: Final = (Role.ADMINISTRATOR, Role.REGISTRAR)
_LONGEST: Final = 1000


@dataclass(frozen=True)
class Incident:
    """A security incident; days YYYY-MM-DD, `reported_to` "" while nobody was told."""

    number: int
    found_on: str
    what: str
    affected: str
    measures: str
    reported_to: str
    reported_on: str
    state: str
    state_label: str
    outcome: str
    recorded_by: str
    closed_by: str


def add(session: Session, actor: Actor, values: Mapping[str, str]) -> int:
    """Enter an incident; its number.

    `values`: what, affected, measures, found_on (default today), reported_to with reported_on. Raises
    NotAllowedError, DataFaultError, UserError.
    """
    require_any_role(actor, _KEEPERS, "登记安全事件")
    found = checked_day(values.get("found_on", ""), "发现日期") or today()
    reported_to = values.get("reported_to", "").strip()[:_LONGEST]
    reported_on = _reported(reported_to, values.get("reported_on", ""), found)
    if found > today():
        raise UserError(f"发现日期 {found} 还没有到，请核对。")
    number = int(session.execute(select(func.coalesce(func.max(t.incident.c.number), 0))).scalar_one()) + 1
    row = {
        "id": new_id(), "number": number, "found_on": found,
        "what": checked_text(values.get("what", ""), "事件经过", _LONGEST),
        "affected": checked_text(values.get("affected", ""), "影响范围", _LONGEST),
        "measures": checked_text(values.get("measures", ""), "已采取的措施", _LONGEST),
        "reported_to": reported_to, "reported_on": reported_on, "state": "open", "outcome": "",
        "recorded_by": actor.name, "recorded_at": now_text(), "closed_by": "", "closed_at": None,
    }  # fmt: skip
    session.execute(insert(t.incident).values(**row))
    audit.append(session, actor, "incident.add", f"incident:{number}", {"what": row["what"]})
    return number


def _reported(to: str, on: str, found: str) -> str:
    day = checked_day(on, "报告日期")
    if day and not to:
        raise UserError("填写了报告日期，请同时写明向谁报告。")
    day = day or (today() if to else "")
    if day and day < found:
        raise UserError(f"报告日期 {day} 早于发现日期 {found}，请核对。")
    return day


def close(
    session: Session, actor: Actor, number: int, outcome: str, reported_to: str = "", reported_on: str = ""
) -> None:
    """End an incident with its outcome; to whom it was reported must be known by then (D7: 责任追究).

    Raises NotAllowedError, DataFaultError, UserError.
    """
    require_any_role(actor, _KEEPERS, "办结安全事件")
    row = session.execute(select(t.incident).where(t.incident.c.number == number)).first()
    if row is None:
        raise UserError(f"没有第 {number} 号安全事件，请用 incident list 查看。")
    if row.state == "closed":
        raise UserError(f"第 {number} 号安全事件已办结。")
    told = reported_to.strip()[:_LONGEST] or row.reported_to
    if not told:
        raise UserError("办结前须写明向谁报告（本单位负责人、上级主管部门或公安机关）。")
    day = _reported(told, reported_on or row.reported_on, row.found_on)
    values = {
        "state": "closed", "outcome": checked_text(outcome, "处理结果", _LONGEST), "reported_to": told,
        "reported_on": day, "closed_by": actor.name, "closed_at": now_text(),
    }  # fmt: skip
    session.execute(update(t.incident).where(t.incident.c.number == number).values(**values))
    audit.append(session, actor, "incident.close", f"incident:{number}", {"outcome": values["outcome"]})


def list_incidents(session: Session, open_only: bool = False) -> list[Incident]:
    """The incidents, newest first."""
    c = t.incident.c
    query = select(t.incident).order_by(c.number.desc())
    if open_only:
        query = query.where(c.state == "open")
    return [_incident(row) for row in session.execute(query)]


def _incident(row: Row[Any]) -> Incident:
    label = "已办结" if row.state == "closed" else "处理中"
    return Incident(
        row.number, row.found_on, row.what, row.affected, row.measures, row.reported_to, row.reported_on, row.state,
        label, row.outcome, row.recorded_by, row.closed_by,
    )  # fmt: skip
