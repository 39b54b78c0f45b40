"""Own accounts under a user name that another unit holds: found as taken names come down, renamed by rule (A17 h)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_RENAME
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.units import Actor
from models.rules.naming import username_finding
from models.services.accounts.status import propose_rename
from models.services.accounts.usernames import propose_usernames, record_prefix, taken_usernames
from models.services.change_drafts import submit
from models.services.change_log import OPEN_STATES, in_chunks
from models.services.checking import check_context
from models.services.name_offers import kept_for
from models.services.records import Row, page
from models.services.taken_names import elsewhere
from models.services.units import own_unit
from models.store import tables as t

_LIVE = ("active", "pending")


@dataclass(frozen=True, slots=True)
class Held:
    """An own account whose user name another unit holds; `waiting`: not approved yet, so that its draft is mended
    instead of a rename; `change`: the number of a rename under way, "" for none."""

    id: str
    name: str
    username: str
    waiting: bool
    change: str

    @property
    def can_rename(self) -> bool:
        """Whether a rename can be asked for now."""
        return not (self.waiting or self.change)


def held_elsewhere(session: Session) -> list[Held]:
    """Own accounts, in use or waiting, under a user name another unit holds too, or for which the superior keeps
    another one because an earlier filing has it; by user name (A17 h)."""
    c, own = t.account.c, own_unit(session).id
    live = select(c.id, c.name, c.username, c.status).where(c.unit_id == own, c.status.in_(_LIVE))
    found: dict[str, SqlRow[Any]] = {}
    for part in in_chunks(sorted(elsewhere(session))):
        found |= {row.id: row for row in session.execute(live.where(c.username.in_(part)))}
    kept = kept_for(session, own)
    for part in in_chunks(sorted(kept)):
        rows = session.execute(live.where(c.id.in_(part)))
        found |= {row.id: row for row in rows if row.username != kept[row.id]}
    renames = _renames_of(session, list(found))
    return [
        Held(row.id, row.name, row.username, row.status == "pending", renames.get(row.id, ""))
        for row in sorted(found.values(), key=lambda row: row.username)
    ]


def _renames_of(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Account -> number of its rename under way."""
    c = t.change.c
    return {
        subject_id: number
        for part in in_chunks(ids)
        for subject_id, number in session.execute(
            select(c.subject_id, c.number).where(
                c.subject_id.in_(part), c.kind == ACCOUNT_RENAME.key, c.state.in_(OPEN_STATES)
            )
        )
    }


def propose_renames(session: Session, actor: Actor, account_ids: Sequence[str]) -> list[str]:
    """Ask the head for a free user name for each of these accounts: the one the superior keeps for it, else one by the
    rule; ids of the changes, all submitted.

    Those for whom the rule gives no free name are left as they are as long as another one can be renamed.
    Raises UserError when none can be, NotAllowedError.
    """
    rows = page(session, ACCOUNTS, list(dict.fromkeys(account_ids)))
    offered = kept_for(session, own_unit(session).id)
    proposals = propose_usernames(session, [row.values for row in rows], offered.values())
    usable = _usable(session, rows, offered)
    changes, problems = [], []
    for row, proposal in zip(rows, proposals, strict=True):
        username = usable.get(row.id, proposal.username)
        if username is None:
            problems.append(f"{row.values['name']}：{proposal.problem or '无法按规则生成用户名'}")
            continue
        words = f"用户名 {row.values['username']} 已被其他单位使用"
        change_id = propose_rename(session, actor, row.id, {"username": username}, words)
        submit(session, actor, change_id)
        changes.append(change_id)
    if not changes:
        said = "；".join(text.rstrip("。") for text in problems)
        raise UserError(f"没有可以申请更名的账户。{said}。" if said else "没有选中任何账户。")
    return changes


def _usable(session: Session, rows: Sequence[Row], offered: Mapping[str, str]) -> dict[str, str]:
    """The names the superior keeps for these accounts, as far as they are still free and fit the person (A17)."""
    taken, context = taken_usernames(session) | elsewhere(session), check_context(session)
    found = {}
    for row in rows:
        username, prefix = offered.get(row.id, ""), record_prefix(row.values, context)
        if username not in taken and username_finding(username, row.values["name"], prefix, context.ue) is None:
            found[row.id] = username
    return found
