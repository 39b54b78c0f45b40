"""The next list of the platform proves what became of the findings (A12)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.fields import ACCOUNTS
from models.domain.inspection import PATROL, FindingState, Proof
from models.domain.progress import SILENT, Progress
from models.domain.signing import canonical
from models.domain.units import Actor
from models.exchange.platform.accounts_list import AccountsList
from models.services.inspection.comparing import LaterList, later_list, look_through
from models.services.inspection.exports import fields_of, remember
from models.services.inspection.grounds import Register, read_register
from models.services.inspection.judging import Registered
from models.services.inspection.log import findings_of, require_open, write
from models.services.roster_edit import require_editor
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


@dataclass(frozen=True)
class Proved:
    """What a later list said: findings settled by how (domain.inspection.Proof), those as they were, and those it
    does not speak of (`silent`)."""

    settled: Mapping[str, int]
    still: int
    silent: int


@dataclass(frozen=True)
class _Witness:
    """What is told of findings by a list and the register as it is now; `complete`: it has every column the first
    list had."""

    later: LaterList
    keys: frozenset[tuple[str, str]]
    accounts: Mapping[str, Registered]
    complete: bool

    def on(self, row: Row[Any]) -> Proof | None:
        """What became of a finding; None when the list does not say."""
        listed, whole = row.username in self.later.suspended, row.unit_id in self.later.whole_units
        account = self.accounts.get(row.account_id or "")
        again = (row.code, row.account_id or row.username) in self.keys
        if not listed:
            if not whole:
                return None
            return Proof.STILL if again else Proof.GONE
        if self.later.suspended[row.username]:
            return Proof.STILL if again else Proof.SUSPENDED
        if again or (account is not None and account.status == "disabled"):
            return Proof.STILL
        return Proof.MENDED if self.complete else None


def prove(
    session: Session, actor: Actor, inspection_id: str, export: AccountsList, progress: Progress = SILENT
) -> Proved:
    """Hold a later list against the findings that are not settled.

    Suspended, gone or mended there: proved, with the time; else it is told that nothing has changed. A list speaks of
    accounts that are gone only for units most of whose accounts it has. Raises NotAllowedError, UserError,
    FileRefusedError for the list that was inspected, CancelledError.
    """
    require_editor(actor, ACCOUNTS, "核实停用结果")
    found = require_open(session, inspection_id)
    details = json.loads(found.details)
    used = [found.source_digest, *(one["digest"] for one in details.get("proofs", []))]
    if export.digest in used:
        raise FileRefusedError(f"“{export.path.name}”就是先前用过的那份清单，证明不了什么。请从平台重新导出后再核实。")
    progress.report(0, None, "核对名册")
    register = read_register(session, details["idle_days"] or 1)
    witness = _witness(register, export, details, found.kind)
    rows = [row for row in findings_of(session, found.id) if row.state in _UNSETTLED]
    said = [(row, witness.on(row)) for row in rows]
    if rows and not any(proof for _, proof in said):
        raise FileRefusedError(f"“{export.path.name}”没有说到这次核查的任何账户，没有采用。请核对是不是选错了文件。")
    remember(session, export)
    _write(session, found.id, said)
    counts = Counter(proof.value if proof else "" for _, proof in said)
    _note(session, found, details, {"at": now_text(), "source": export.path.name, "digest": export.digest})
    audit.append(session, actor, "inspection.prove", f"inspection:{found.id}", {**counts, "digest": export.digest})
    settled = {proof.value: counts[proof.value] for proof in Proof if proof is not Proof.STILL}
    return Proved(settled, counts[Proof.STILL.value], counts[""])


_UNSETTLED = (FindingState.OPEN.value, FindingState.LISTED.value)


def _witness(register: Register, export: AccountsList, details: Mapping[str, Any], kind: str) -> _Witness:
    told = later_list(export.accounts, register.accounts, register.grounds)
    accounts = {row.id: row for row in register.accounts}
    if kind != PATROL:
        complete = set(details["fields"]) <= set(fields_of(export))
        return _Witness(told, told.findings, accounts, complete)
    again = look_through(register.accounts, register.grounds)
    return _Witness(told, frozenset(one.key for one in again.findings), accounts, True)


def _write(session: Session, inspection_id: str, said: Sequence[tuple[Row[Any], Proof | None]]) -> None:
    now = now_text()
    for proof in Proof:
        places = [row.position for row, one in said if one is proof]
        state = {} if proof is Proof.STILL else {"state": FindingState.PROVED.value}
        write(session, inspection_id, places, {**state, "proof": proof.value, "proved_at": now})


def _note(session: Session, found: Row[Any], details: dict[str, Any], proof: dict[str, str]) -> None:
    kept = {**details, "proofs": [*details.get("proofs", []), proof]}
    this = t.inspection.c.id == found.id
    session.execute(update(t.inspection).where(this).values(details=canonical(kept).decode()))
