"""What is to be known of one account beside its fields: how it is filed, what is under way, who else it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE
from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS
from models.domain.orders import REASON_LABELS
from models.domain.states import State
from models.rules.naming import username_finding
from models.services.accounts.checks import TRUTHFUL
from models.services.accounts.persons import People
from models.services.accounts.usernames import record_prefix
from models.services.change_checks import faults_of
from models.services.change_views import ChangeQuery, ChangeSummary, list_changes
from models.services.checking import check_context
from models.services.policies import effective
from models.services.records import Row, get
from models.services.units import own_unit, unit_name
from models.store import tables as t


@dataclass(frozen=True)
class AccountFacts:
    """One account as a person judges it.

    `own`: it belongs to this unit. `origin`: listed (it was there) or created. `filed`: "", active or disabled, as the
    superior has it, `filed_at` when, "" for never; `stale`: changed since. `missing`: labels of truthful fields that
    are empty (A16). `changes`: those under way. `faults`: why its creation, a draft, cannot be submitted. `others`:
    sentences on further accounts of the person (D6). `irregular`: what is wrong with the user name by the rule, and
    `legacy_until` the last day that is tolerated, "" for no end (A17 a).
    """

    row: Row
    own: bool
    unit: str
    origin: str
    opened_at: str
    disabled_at: str
    disabled_reason: str
    filed: str
    filed_at: str
    stale: bool
    missing: tuple[str, ...]
    changes: tuple[ChangeSummary, ...]
    faults: tuple[str, ...]
    others: tuple[str, ...]
    irregular: str
    legacy_until: str


def facts_of(session: Session, account_id: str) -> AccountFacts:
    """Everything of one account. Raises UserError when it is gone."""
    row = get(session, ACCOUNTS, account_id)
    c = t.account.c
    columns = (c.origin, c.opened_at, c.disabled_at, c.disabled_reason, c.filed_status, c.filed_revision, c.batch_id)
    kept = session.execute(select(*columns).where(c.id == account_id)).one()
    f = t.filed_account.c
    filed_at = session.execute(select(func.max(f.filed_at)).where(f.account_id == account_id)).scalar() or ""
    changes = tuple(_under_way(session, account_id, kept.batch_id if row.status == "pending" else ""))
    return AccountFacts(
        row, row.unit_id == own_unit(session).id, unit_name(session, row.unit_id), kept.origin, kept.opened_at,
        kept.disabled_at, REASON_LABELS.get(kept.disabled_reason, ""), kept.filed_status, filed_at,
        bool(kept.filed_status) and row.revision > kept.filed_revision,
        tuple(ACCOUNT_FIELD[key].label for key in TRUTHFUL if not row.values[key]), changes,
        _draft_faults(session, changes), _others(session, row), _irregular(session, row),
        effective(session).legacy_until,
    )  # fmt: skip


def _under_way(session: Session, account_id: str, batch_id: str) -> list[ChangeSummary]:
    """Open changes of the account itself and the creation it waits for, whose subject is its batch."""
    found = list_changes(session, ChangeQuery(subject_id=account_id, open_only=True))
    if batch_id:
        found += list_changes(session, ChangeQuery(subject_id=batch_id, kinds=(ACCOUNT_CREATE.key,), open_only=True))
    return found


def _draft_faults(session: Session, changes: tuple[ChangeSummary, ...]) -> tuple[str, ...]:
    c = t.change.c
    wanted = [one.id for one in changes if one.kind == ACCOUNT_CREATE.key and one.state == State.DRAFT.value]
    drafts = session.execute(select(t.change).where(c.id.in_(wanted))).all()
    return tuple(sentence for found in faults_of(session, drafts).values() for sentence in found)


def _others(session: Session, row: Row) -> tuple[str, ...]:
    """Further accounts of the person, each with its unit and the reason written for a second one."""
    found = []
    for match in People.read(session).matches(row.values, row.id):
        holder = match.holder
        off = "，已禁用" if holder.status == "disabled" else ""
        note = f"；备注：{holder.note}" if holder.note else ""
        found.append(f"{holder.username}（{match.by}相同，{unit_name(session, holder.unit_id)}{off}{note}）")
    return tuple(found)


def _irregular(session: Session, row: Row) -> str:
    context = check_context(session)
    prefix = record_prefix(row.values, context)
    finding = username_finding(row.values["username"], row.values["name"], prefix, context.ue)
    return finding.message if finding is not None else ""
