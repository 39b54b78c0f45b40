"""What an approved change of accounts does at once in the own roster (decision 14)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE, ACCOUNT_DISABLE, ACCOUNT_ENABLE, ACCOUNT_RENAME
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.units import Actor
from models.services.accounts.usernames import refuse_taken
from models.services.change_log import in_chunks
from models.services.records import Row as Account
from models.services.records import page, write_values
from models.store import audit, search
from models.store import tables as t
from models.store.clock import now_text


def apply_local(session: Session, actor: Actor, changes: Sequence[Row[Any]]) -> None:
    """Bring approved changes of accounts into effect; what they find has been checked in this transaction."""
    for change in changes:
        _EFFECTS[change.kind](session, actor, change)


def _create(session: Session, actor: Actor, change: Row[Any]) -> None:
    """The batch's pending accounts are in use from now on."""
    now = now_text()
    values = {"status": "active", "opened_at": now, "updated_at": now, "updated_by": actor.name}
    done = session.execute(update(t.account).where(*_pending(change)).values(**values))
    rows = done.rowcount  # type: ignore[attr-defined]
    audit.append(session, actor, "account.create", f"batch:{change.batch_id}", {"change": change.number, "rows": rows})


def _rename(session: Session, actor: Actor, change: Row[Any]) -> None:
    (row,) = page(session, ACCOUNTS, [change.subject_id])
    after = json.loads(change.after)
    if row.status != "active":  # another change of the same queue has disabled it
        raise UserError(f"变更 {change.number}：账户已不在使用，不能更名。请分开核办。")
    if "username" in after:  # or has given the name away
        refuse_taken(session, after["username"])
    write_values(session, actor.name, ACCOUNTS, row, after)
    body = {"before": json.loads(change.before), "after": after, "reason": change.number}
    audit.append(session, actor, "account.rename", f"{ACCOUNTS}:{row.id}", body)


def _status(session: Session, actor: Actor, change: Row[Any]) -> None:
    (row,) = page(session, ACCOUNTS, [change.subject_id])
    after = json.loads(change.after)
    words = f"{change.number} {change.reason}"
    set_status(session, actor, row, after["status"], after.get("disabled_reason", ""), words)


_EFFECTS: Final[dict[str, Callable[[Session, Actor, Row[Any]], None]]] = {
    ACCOUNT_CREATE.key: _create,
    ACCOUNT_RENAME.key: _rename,
    ACCOUNT_DISABLE.key: _status,
    ACCOUNT_ENABLE.key: _status,
}


def set_status(session: Session, actor: Actor, row: Account, status: str, reason: str, words: str) -> None:
    """Write the status of an account; `reason` a code of `domain.orders.REASONS` when disabled, `words` for the log."""
    off = status == "disabled"
    write_values(session, actor.name, ACCOUNTS, row, {})
    values = {"status": status, "disabled_reason": reason, "disabled_at": now_text() if off else ""}
    session.execute(update(t.account).where(t.account.c.id == row.id).values(**values))
    act = "account.disable" if off else "account.enable"
    audit.append(session, actor, act, f"{ACCOUNTS}:{row.id}", {"reason": words, "code": reason})


def count_pending(session: Session, change: Row[Any]) -> int:
    """How many accounts go when a change comes to nothing; 0 for all but creations."""
    if change.kind != ACCOUNT_CREATE.key:
        return 0
    return session.execute(select(func.count()).where(*_pending(change))).scalar_one()


def drop_pending(session: Session, changes: Sequence[Row[Any]]) -> None:
    """The accounts of creations that came to nothing go; their user names are free again."""
    c = t.account.c
    for change in changes:
        if change.kind != ACCOUNT_CREATE.key:
            continue
        ids = list(session.execute(select(c.id).where(*_pending(change))).scalars())
        for part in in_chunks(ids):
            search.remove(session, ACCOUNTS, part)
            session.execute(delete(t.account).where(c.id.in_(part)))


def _pending(change: Row[Any]) -> tuple[Any, ...]:
    return t.account.c.batch_id == change.batch_id, t.account.c.status == "pending"
