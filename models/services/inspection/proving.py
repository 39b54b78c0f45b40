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
from models.rules.real_names import name_fault, same_name
from models.services.inspection.comparing import LaterList, later_list, look_through
from models.services.inspection.exports import fields_of, remember
from models.services.inspection.grounds import Register, read_register
from models.services.inspection.judging import Registered
from models.services.inspection.log import Standing, findings_of, require_open, standings, write
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
    """What is told of findings by a list and the register as it is now; `lost`: columns the first list had and this
    one has not."""

    later: LaterList
    keys: frozenset[tuple[str, str]]
    accounts: Mapping[str, Registered]
    lost: frozenset[str]

    def on(self, one: Standing) -> Proof | None:
        """What became of a finding; None when the list does not say."""
        row, account = one.row, self.accounts.get(one.row.account_id or "")
        username = self._username(row, account)
        again = (row.code, row.account_id or row.username) in self.keys
        as_it_was = again and one.state is FindingState.OPEN
        if username not in self.later.suspended:
            gone = Proof.STILL if as_it_was else Proof.GONE
            return gone if row.unit_id in self.later.whole_units else None
        if self.later.suspended[username]:
            return Proof.STILL if as_it_was else Proof.SUSPENDED
        if again or (_is_disabled(account) and not self._is_named(row, account)):
            return Proof.STILL
        if row.code == "idle" and username in self.later.unseen:
            return None
        return None if self.lost & _TOLD_BY.get(row.code, frozenset()) else Proof.MENDED

    def _username(self, row: Row[Any], account: Registered | None) -> str:
        """That of the finding, or the one the account has been given since."""
        renamed = account is not None and row.username not in self.later.suspended
        return account.username if renamed and account else str(row.username)

    def _is_named(self, row: Row[Any], account: Registered | None) -> bool:
        """Whether a name that was none is now that of the register, a real one."""
        if row.code != "not_real_name" or account is None or name_fault(account.name):
            return False
        return same_name(self.later.names.get(row.username, ""), account.name)

    def is_back(self, row: Row[Any], proof: Proof | None) -> bool:
        """Whether an account was put right on the platform after the register had disabled it."""
        return proof is Proof.MENDED and _is_disabled(self.accounts.get(row.account_id or ""))


def _is_disabled(account: Registered | None) -> bool:
    return account is not None and account.status == "disabled"


def prove(
    session: Session, actor: Actor, inspection_id: str, export: AccountsList, progress: Progress = SILENT
) -> Proved:
    """Hold a later list against the findings that are not settled.

    Suspended, gone or mended there: proved, with the time; else it is told that nothing has changed. A list speaks of
    accounts that are gone only for units most of whose accounts it has. Raises NotAllowedError, UserError,
    FileRefusedError for the list that was inspected, and for one that is no later list of the same accounts;
    CancelledError.
    """
    require_editor(actor, ACCOUNTS, "核实停用结果")
    found = require_open(session, inspection_id)
    details = json.loads(found.details)
    used = [found.source_digest, *(one["digest"] for one in details.get("proofs", []))]
    if export.digest in used:
        raise FileRefusedError(f"“{export.path.name}”就是先前用过的那份清单，证明不了什么。请从平台重新导出后再核实。")
    progress.report(0, None, "核对名册")
    register = read_register(session, details["idle_days"] or 1)
    every = standings(session, findings_of(session, found.id))
    _refuse_other(register, export, details, every)
    rows = [one for one in every if one.row.state in _UNSETTLED]
    witness = _witness(register, export, (details, found.kind), rows)
    said = [(one.row, witness.on(one)) for one in rows]
    if rows and not any(proof for _, proof in said):
        raise FileRefusedError(f"“{export.path.name}”没有说到这次核查的任何账户，没有采用。请核对是不是选错了文件。")
    remember(session, export)
    _write(session, found.id, said)
    back = [row.position for row, proof in said if witness.is_back(row, proof)]
    write(session, found.id, back, {"note": _BACK})
    counts = Counter(proof.value if proof else "" for _, proof in said)
    _note(session, found, details, {"at": now_text(), "source": export.path.name, "digest": export.digest})
    audit.append(session, actor, "inspection.prove", f"inspection:{found.id}", {**counts, "digest": export.digest})
    settled = {proof.value: counts[proof.value] for proof in Proof if proof is not Proof.STILL}
    return Proved(settled, counts[Proof.STILL.value], counts[""])


_UNSETTLED = (FindingState.OPEN.value, FindingState.LISTED.value)


_STATES = frozenset(("suspended", "enabled", "state"))
_NAMES = frozenset(("name", "lastname", "firstname"))
_TOLD_BY: Mapping[str, frozenset[str]] = {
    "not_real_name": _NAMES, "username_rule": _NAMES, "legacy": _NAMES, "idle": frozenset(("last_access",)),
    "shared": frozenset(("name", "email", "mobile", "phone")), "email_format": frozenset(("email",)),
    "duplicate": frozenset(("name", "email", "mobile", "phone", "idnumber")),
    "phone_format": frozenset(("phone", "mobile")), "left": _STATES, "still_active": _STATES, "suspended": _STATES,
}  # fmt: skip
"""Code -> the columns by which it is seen that a finding is mended."""
_BACK = "名册中已禁用，平台上改正后仍在使用：继续使用的请申请启用，否则请在平台上停用"


def _refuse_other(
    register: Register, export: AccountsList, details: Mapping[str, Any], found: Sequence[Standing]
) -> None:
    """A list that says nothing of who is suspended, or is of other accounts, would prove everybody gone."""
    first, now = set(details["fields"]), set(fields_of(export))
    if (_STATES & first or not first) and not _STATES & now:
        raise FileRefusedError(
            f"“{export.path.name}”没有“是否停用”（或状态、是否启用）这一列，看不出账户是否已停用，没有采用。"
            "请从平台重新导出带这一列的账户清单；列名不同的，请指定它是哪一列。"
        )
    missing = {one.row.account_id for one in found if one.row.code == "missing"}
    absent = set(details["absent"])
    known = {one.row.username for one in found if one.row.code != "missing"}
    known |= {row.username for row in register.accounts if row.id not in missing and row.unit_id not in absent}
    if not known & {row.username for row in export.accounts}:
        raise FileRefusedError(
            f"“{export.path.name}”里没有这次核查的清单中的任何账户，证明不了什么，没有采用。请核对是不是选错了文件。"
        )


def _witness(
    register: Register, export: AccountsList, first: tuple[Mapping[str, Any], str], found: Sequence[Standing]
) -> _Witness:
    details, kind = first
    leaving = frozenset(one.row.account_id for one in found if one.state is FindingState.LISTED and one.row.account_id)
    told = later_list(export.accounts, register.accounts, register.grounds, leaving)
    accounts = {row.id: row for row in register.accounts}
    if kind != PATROL:
        lost = frozenset(details["fields"]) - frozenset(fields_of(export))
        for group in (_STATES, _NAMES):
            lost -= group if group & set(fields_of(export)) else frozenset()
        return _Witness(told, told.findings, accounts, lost)
    again = look_through(register.accounts, register.grounds)
    return _Witness(told, frozenset(one.key for one in again.findings), accounts, frozenset())


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
