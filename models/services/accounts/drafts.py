"""Drafts of changes of one account: its name or user name, disabled, enabled (A8, A12, A13, A17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_DISABLE, ACCOUNT_ENABLE, ACCOUNT_RENAME, ChangeKind
from models.domain.errors import DataFaultError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.orders import REASON, REASON_LABELS
from models.domain.units import Actor
from models.services.accounts.usernames import refuse_taken
from models.services.change_checks import refuse_open_overlap
from models.services.change_writing import Draft
from models.services.checking import check_context, field_label, new_errors, normalised, raise_faults
from models.services.permissions import require_own
from models.services.records import Row, get

RENAMED: Final = ("name", "username")
"""What a rename may change; everything else is edited in the roster."""


def account_label(values: Mapping[str, str]) -> str:
    """How lists name an account: 张三 czzhangsan."""
    return " ".join(part for part in (values.get("name", ""), values.get("username", "")) if part)


def account_draft(
    session: Session, actor: Actor, kind: ChangeKind, account_id: str, values: Mapping[str, str], except_id: str = ""
) -> Draft:
    """A draft of `kind` on an own account, without its reason.

    `values`: name and/or username for a rename; `disabled_reason` (a code of `domain.orders.REASONS`) for disabling.
    `except_id`: the change that is being edited. Raises UserError, DataFaultError or NotAllowedError.
    """
    row = get(session, ACCOUNTS, account_id)
    require_own(actor, row.unit_id, f"办理“{kind.label}”")
    before, after = _MAKERS[kind.key](session, row, values)
    refuse_open_overlap(session, row.id, after, except_id)
    return Draft(kind, row.id, account_label(row.values), before, after, row.revision, "")


Sides = tuple[dict[str, str], dict[str, str]]
"""Before and after, of the changed fields only."""


def _rename(session: Session, row: Row, values: Mapping[str, str]) -> Sides:
    _require_status(row, "active", "更名")
    others = [field_label(key, ACCOUNTS) for key in values if key not in RENAMED]
    if others:
        raise DataFaultError(f"“{'、'.join(others)}”可以直接在账户中修改，不需要申请。")
    after = {key: value for key, value in normalised(ACCOUNTS, values).items() if value != row.values[key]}
    if not after:
        raise DataFaultError("新的姓名、用户名与现在相同，没有需要更改的内容。")
    if not all(after.values()):
        raise DataFaultError("姓名、用户名不能改成空的，请填写新的值。")
    raise_faults(new_errors(ACCOUNTS, row.values, {**row.values, **after}, check_context(session)))
    if "username" in after:
        refuse_taken(session, after["username"])
    return {key: row.values[key] for key in after}, after


def _disable(session: Session, row: Row, values: Mapping[str, str]) -> Sides:
    _require_status(row, "active", "禁用")
    reason = values.get("disabled_reason", "")
    if reason not in REASON:
        words = "、".join(f"{key}（{label}）" for key, label in REASON_LABELS.items())
        raise DataFaultError(f"请选择禁用原因：{words}。")
    return {"status": "active", "disabled_reason": ""}, {"status": "disabled", "disabled_reason": reason}


def _enable(session: Session, row: Row, values: Mapping[str, str]) -> Sides:
    _require_status(row, "disabled", "恢复")
    return {"status": "disabled"}, {"status": "active"}


_MAKERS: Final = {ACCOUNT_RENAME.key: _rename, ACCOUNT_DISABLE.key: _disable, ACCOUNT_ENABLE.key: _enable}
_NOT_SO: Final = {
    "pending": "还没有批准启用，请等主管领导批准，或请其退回后修改",
    "active": "是正常状态",
    "disabled": "已经禁用",
}


def _require_status(row: Row, status: str, act: str) -> None:
    if row.status != status:
        raise UserError(f"{row.values['name']} 的账户{_NOT_SO[row.status]}，不能{act}。")
