"""Inspections and patrols are begun here: compared, and kept with their findings in one transaction (A6, A9, A10)."""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.domain.inspection import (
    DEFAULT_IDLE_DAYS,
    INSPECTION,
    KIND_LABELS,
    LEAST_IDLE_DAYS,
    LONGEST_NOTE,
    MOST_IDLE_DAYS,
    PATROL,
    FindingState,
)
from models.domain.progress import SILENT, Progress
from models.domain.signing import canonical, canonical_plain
from models.domain.units import Actor
from models.exchange.platform.accounts_list import AccountsList
from models.services.inspection.comparing import Outcome, compare, look_through
from models.services.inspection.exports import fields_of, remember
from models.services.inspection.grounds import Register, read_register
from models.services.inspection.rows import notes_on, places_said
from models.services.roster_edit import require_editor
from models.services.units import own_unit, unit_name
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

MOST_FINDINGS: Final = 100_000
_PART: Final = 5000


def run(
    session: Session,
    actor: Actor,
    export: AccountsList,
    kind: str = INSPECTION,
    note: str = "",
    progress: Progress = SILENT,
    *,
    idle_days: int = DEFAULT_IDLE_DAYS,
) -> str:
    """Compare the platform's list with the accounts of this unit and of those below; the inspection's id.

    `idle_days`: without a login for longer is idle. How the columns were mapped is remembered. Raises
    NotAllowedError, UserError, FileRefusedError for a list without accounts of these units, CancelledError.
    """
    require_editor(actor, ACCOUNTS, KIND_LABELS[kind])
    register = read_register(session, _checked_days(idle_days))
    outcome = compare(export.accounts, register.accounts, register.grounds, progress)
    if not outcome.checked:
        raise FileRefusedError(
            f"“{export.path.name}”里没有本单位或所辖单位的账户，没有进行核查。请核对是不是选错了文件。"
        )
    left = {reason: [(row.sheet, row.row) for row in rows] for reason, rows in outcome.rows.items()}
    left["nameless"] = [(part.sheet, part.row) for part in export.skipped if part.row]
    left = {reason: places for reason, places in left.items() if places}
    details = {
        "idle_days": idle_days,
        "fields": fields_of(export),
        "left_out": {reason: len(places) for reason, places in left.items()},
        "left_rows": {reason: places_said(places) for reason, places in left.items()},
        "notes": notes_on(export, frozenset(place for places in left.values() for place in places)),
        "absent": list(outcome.absent),
    }
    remember(session, export)
    return _keep(session, actor, (kind, export.path.name, export.digest, note), outcome, details, progress)


def patrol(
    session: Session, actor: Actor, unit_id: str | None = None, note: str = "", progress: Progress = SILENT
) -> str:
    """Look through the register alone, of a unit (UID) and those below it or of all in care; the patrol's id.

    Raises NotAllowedError, UserError, CancelledError.
    """
    require_editor(actor, ACCOUNTS, KIND_LABELS[PATROL])
    register = read_register(session, DEFAULT_IDLE_DAYS, unit_id)
    outcome = look_through(register.accounts, register.grounds, progress)
    if not outcome.checked:
        raise UserError("所选单位在名册中没有使用中的账户，没有可巡查的内容。")
    source = f"账户名册（{unit_name(session, unit_id or own_unit(session).id)}）"
    details: dict[str, Any] = {"idle_days": 0, "fields": [], "left_out": {}, "absent": [], "unit": unit_id or ""}
    return _keep(session, actor, (PATROL, source, _digest(register), note), outcome, details, progress)


def _digest(register: Register) -> str:
    """SHA-256 (hex) over the accounts as they stood."""
    rows = [list(map(str, astuple(row))) for row in register.accounts]
    return hashlib.sha256(canonical_plain(rows)).hexdigest()


def _checked_days(days: int) -> int:
    if not LEAST_IDLE_DAYS <= days <= MOST_IDLE_DAYS:
        raise UserError(f"闲置天数须在 {LEAST_IDLE_DAYS} 至 {MOST_IDLE_DAYS} 之间。")
    return days


def _keep(
    session: Session,
    actor: Actor,
    said: tuple[str, str, str, str],
    outcome: Outcome,
    details: dict[str, Any],
    progress: Progress,
) -> str:
    kind, source, digest, note = said
    if len(note.strip()) > LONGEST_NOTE:
        raise UserError(f"说明最多 {LONGEST_NOTE} 字，请缩短。")
    if len(outcome.findings) > MOST_FINDINGS:
        raise UserError(f"发现 {len(outcome.findings)} 处，多得不像这份名册的账户。请核对清单和列的对应关系。")
    inspection_id = new_id()
    values = {
        "id": inspection_id, "kind": kind, "source": source[:200], "source_digest": digest, "made_at": now_text(),
        "made_by": actor.name, "checked": outcome.checked, "note": note.strip(),
        "details": canonical(details).decode(), "state": "open", "statement_id": None,
    }  # fmt: skip
    session.execute(insert(t.inspection).values(values))
    for start in range(0, len(outcome.findings), _PART):
        progress.report(start, len(outcome.findings), "记下发现")
        rows = [
            {
                "inspection_id": inspection_id, "position": start + place, "code": one.code, "unit_id": one.unit_id,
                "username": one.username, "account_id": one.account_id or None, "label": one.label,
                "details": canonical(dict(one.details)).decode(), "state": FindingState.OPEN.value, "change_id": None,
                "order_id": None, "note": "", "handled_by": "", "handled_at": None, "proof": "", "proved_at": None,
            }
            for place, one in enumerate(outcome.findings[start : start + _PART])
        ]  # fmt: skip
        session.execute(insert(t.inspection_finding), rows)
    body = {"kind": kind, "records": outcome.checked, "findings": len(outcome.findings), "digest": digest}
    audit.append(session, actor, "inspection.run", f"inspection:{inspection_id}", body)
    return inspection_id
