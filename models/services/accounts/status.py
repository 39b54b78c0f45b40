"""Accounts to be disabled or enabled: one change each, submitted to the head at once (A8, A12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_DISABLE, ACCOUNT_ENABLE, ACCOUNT_RENAME, ChangeKind
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.orders import REASON, ItemState
from models.domain.units import Actor
from models.services.accounts.drafts import account_draft
from models.services.change_drafts import submit_new
from models.services.change_writing import checked_reason, insert_drafts
from models.services.roster_edit import require_editor
from models.store import tables as t


def propose_disable(
    session: Session, actor: Actor, account_ids: Sequence[str], reason: str, words: str = ""
) -> list[str]:
    """Ask the head to disable own accounts; ids of the changes.

    `reason`: a code of `domain.orders.REASONS`, `words` what else is to be said. Raises UserError, NotAllowedError.
    """
    known = REASON.get(reason)
    if known is not None and known.needs_note and not words.strip():
        raise UserError(f"禁用原因为“{known.label}”时，请用文字写明原因。")
    text = words.strip() or (known.label if known else "")
    return _propose(session, actor, ACCOUNT_DISABLE, account_ids, {"disabled_reason": reason}, text)


def propose_enable(session: Session, actor: Actor, account_ids: Sequence[str], words: str) -> list[str]:
    """Ask the head to put own accounts back into use; ids of the changes. Raises UserError, NotAllowedError."""
    i = t.disable_order_item.c
    for account_id in account_ids:
        ordered = select(i.order_id).where(i.account_id == account_id, i.state == ItemState.DONE.value).limit(1)
        if not words.strip() and session.execute(ordered).first() is not None:
            raise UserError("该账户是按上级的停用通知单禁用的，恢复须写明原因，并应先征得下达单位同意。")
    return _propose(session, actor, ACCOUNT_ENABLE, account_ids, {}, words)


def propose_rename(session: Session, actor: Actor, account_id: str, values: Mapping[str, str], words: str) -> str:
    """Ask the head for another name or user name of an own account; the change's id.

    `values`: name and/or username. Raises UserError, DataFaultError, NotAllowedError.
    """
    require_editor(actor, ACCOUNTS, f"发起“{ACCOUNT_RENAME.label}”")
    draft = replace(account_draft(session, actor, ACCOUNT_RENAME, account_id, values), reason=checked_reason(words))
    (change_id,) = insert_drafts(session, actor, [draft])
    return change_id


def _propose(
    session: Session, actor: Actor, kind: ChangeKind, ids: Sequence[str], values: Mapping[str, str], words: str
) -> list[str]:
    require_editor(actor, ACCOUNTS, f"发起“{kind.label}”")
    if not words.strip():
        raise UserError(f"{kind.label}须写明原因。")
    reason = checked_reason(words)
    drafts = [replace(account_draft(session, actor, kind, one, values), reason=reason) for one in dict.fromkeys(ids)]
    if not drafts:
        raise UserError("没有选中任何账户。")
    changes = insert_drafts(session, actor, drafts)
    for change_id in changes:
        submit_new(session, actor, change_id)
    return changes
