"""Orders to disable accounts (A9, A10, A12): reasons, states of an item, and what travels, each declared once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from models.domain.times import from_text


@dataclass(frozen=True)
class Reason:
    """Why an account is to be disabled; `needs_note`: only with words of the issuer's own."""

    key: str
    label: str
    clause: str
    needs_note: bool = False


REASONS: Final[tuple[Reason, ...]] = (
    Reason("username", "用户名不规范", "A9, A12"),
    Reason("real_name", "未实名", "A9, A12"),
    Reason("unfiled", "未备案", "A9, A12"),
    Reason("idle", "闲置", "A12"),
    Reason("duplicate", "重复", "A12, D6"),
    Reason("shared", "共用", "D6"),
    Reason("left", "人员离岗", "A12"),
    Reason("other", "其他", "A12", needs_note=True),
)
"""The notice ends its list with 等, so it stays open: a table, and 其他 with words (A12)."""
REASON: Final = {reason.key: reason for reason in REASONS}
REASON_LABELS: Final = {reason.key: reason.label for reason in REASONS}


class ItemState(StrEnum):
    """Where one account of an order stands."""

    OPEN = "open"
    DONE = "done"
    OBJECTED = "objected"


ITEM_LABELS: Final = {ItemState.OPEN: "待执行", ItemState.DONE: "已禁用", ItemState.OBJECTED: "有异议"}
OVERDUE_LABEL: Final = "逾期未执行"

MOST_LINES: Final = 500
"""Accounts in one message at most; a longer order goes to a unit in several."""
MOST_ACCOUNTS: Final = 20_000
"""Accounts in one order at most."""
LONGEST_NOTE: Final = 500
_LONGEST: Final = {"username": 100, "label": 200, "account": 36, "by": 100, "note": LONGEST_NOTE}
_DAY: Final = re.compile(r"2\d{3}-\d{2}-\d{2}", re.ASCII)
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_HIGHEST: Final = 1 << 31


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One account of an order, by its place in the order; `label` is its holder's name."""

    position: int
    account_id: str
    username: str
    label: str

    def to_json(self) -> dict[str, Any]:
        """The line as it travels."""
        return {"position": self.position, "account": self.account_id, "username": self.username, "label": self.label}


@dataclass(frozen=True)
class OrderBody:
    """What `order.disable` says; `due` is a day YYYY-MM-DD or ""."""

    reason: str
    note: str
    due: str
    issued_by: str
    lines: tuple[OrderLine, ...]

    def to_json(self) -> dict[str, Any]:
        """The body of the message."""
        lines = [line.to_json() for line in self.lines]
        return {"reason": self.reason, "note": self.note, "due": self.due, "by": self.issued_by, "items": lines}


@dataclass(frozen=True, slots=True)
class ProofLine:
    """What became of one account: when, by whom, and how its row stands now (`status`, `revision`).

    `state` is done or objected, `note` the reason of an objection; without an account (nobody here has it) `status` is
    "" and `revision` 0.
    """

    position: int
    account_id: str
    username: str
    state: ItemState
    at: str
    by: str
    note: str
    status: str
    revision: int

    def to_json(self) -> dict[str, Any]:
        """The line as it travels."""
        return {
            "position": self.position, "account": self.account_id, "username": self.username,
            "state": self.state.value, "at": self.at, "by": self.by, "note": self.note, "status": self.status,
            "revision": self.revision,
        }  # fmt: skip


def order_fault(reason: str, note: str, count: int) -> str | None:
    """Why an order cannot be issued so, in a sentence; None when it can."""
    declared = REASON.get(reason)
    if declared is None:
        return f"禁用原因只能是：{'、'.join(REASON_LABELS.values())}。"
    if declared.needs_note and not note.strip():
        return "原因选“其他”时须写明具体情况，让执行单位知道为什么禁用。"
    if len(note) > LONGEST_NOTE:
        return f"说明最多 {LONGEST_NOTE} 字，请缩短。"
    if not 0 < count <= MOST_ACCOUNTS:
        return f"一份停用通知单须有 1 至 {MOST_ACCOUNTS} 个账户，现在是 {count} 个。"
    return None


def read_order(body: Mapping[str, Any]) -> OrderBody:
    """The body of an order from elsewhere. Raises ValueError, KeyError or TypeError for another shape."""
    lines = tuple(_order_line(value) for value in _list(body["items"]))
    due = body["due"]
    if not isinstance(due, str) or (due and not _DAY.fullmatch(due)):
        raise ValueError("due")
    if due:
        date.fromisoformat(due)
    if body["reason"] not in REASON or set(body) != {"reason", "note", "due", "by", "items"}:
        raise ValueError("reason")
    return OrderBody(body["reason"], _text(body, "note"), due, _text(body, "by"), lines)


def _order_line(value: Any) -> OrderLine:
    if set(value) != {"position", "account", "username", "label"}:
        raise ValueError("line")
    return OrderLine(_number(value, "position"), _account(value), _text(value, "username"), _text(value, "label"))


def read_proof(body: Mapping[str, Any]) -> tuple[str, tuple[ProofLine, ...]]:
    """Order id and lines of a proof from elsewhere. Raises ValueError, KeyError or TypeError for another shape."""
    order_id = body["order"]
    if set(body) != {"order", "items"} or not isinstance(order_id, str) or not _UUID.fullmatch(order_id):
        raise ValueError("proof")
    return order_id, tuple(_proof_line(value) for value in _list(body["items"]))


def _proof_line(value: Any) -> ProofLine:
    state = ItemState(value["state"])
    from_text(value["at"])
    if state is ItemState.OPEN or value["status"] not in ("", "active", "disabled") or len(value) != 9:
        raise ValueError("proof")
    return ProofLine(
        _number(value, "position"), _account(value), _text(value, "username"), state, value["at"], _text(value, "by"),
        _text(value, "note"), value["status"], _number(value, "revision"),
    )  # fmt: skip


def _list(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_LINES:
        raise ValueError("items")
    if not all(isinstance(line, dict) for line in value):
        raise ValueError("items")
    return value


def _text(value: Mapping[str, Any], key: str) -> str:
    text = value[key]
    if not isinstance(text, str) or len(text) > _LONGEST[key] or not text.replace("\n", "").isprintable():
        raise ValueError(key)
    return text


def _account(value: Mapping[str, Any]) -> str:
    account_id = value["account"]
    if not isinstance(account_id, str) or not _UUID.fullmatch(account_id):
        raise ValueError("account")
    return account_id


def _number(value: Mapping[str, Any], key: str) -> int:
    number = value[key]
    if type(number) is not int or not 0 <= number < _HIGHEST:
        raise ValueError(key)
    return number
