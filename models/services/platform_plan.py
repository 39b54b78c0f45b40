"""What the platform is to be told next: accounts to add, rename, suspend and put back, each fit for what it knows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from models.services.platform_state import ACTIVE, SUSPENDED, Told

ADD: Final = "add"
RENAME: Final = "rename"
SUSPEND: Final = "suspend"
WHAT: Final = (ADD, RENAME, SUSPEND)
"""The parts of an export; suspend also puts accounts back into use."""


@dataclass(frozen=True, slots=True)
class Known:
    """An account of the register, as far as the platform is concerned; `listed`: it was there before this program."""

    id: str
    unit_id: str
    status: str
    username: str
    name: str
    email: str
    updated_at: str
    listed: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An account that could not be told to the platform, and why (a phrase)."""

    account_id: str
    label: str
    reason: str


@dataclass
class Plan:
    """`add`: ids; `renames`: (id, old, new) in the order in which each new name is free; `suspends`: (id, user name,
    whether it is suspended); `news`: account id -> as the platform knows it afterwards."""

    add: list[str] = field(default_factory=list)
    renames: list[tuple[str, str, str]] = field(default_factory=list)
    suspends: list[tuple[str, str, bool]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    news: dict[str, Told] = field(default_factory=dict)

    @property
    def suspended(self) -> int:
        """How many accounts go out of use."""
        return sum(off for _, _, off in self.suspends)

    def counts(self) -> dict[str, int]:
        """How many of each."""
        resumed = len(self.suspends) - self.suspended
        return {"add": len(self.add), "rename": len(self.renames), "suspend": self.suspended, "resume": resumed}


@dataclass(frozen=True)
class Question:
    """What is asked: the register's `accounts`, all the platform was `told`, the `units` this is about, `what` parts;
    only accounts changed `since` (UTC text); `fault` says why the platform would refuse to add an account."""

    accounts: Mapping[str, Known]
    told: Mapping[str, Told]
    units: Collection[str]
    what: Collection[str]
    since: str
    fault: Callable[[Known], str | None]

    def looked_at(self, account_id: str) -> bool:
        """Whether an account is in the register, approved, and changed lately enough."""
        one = self.accounts.get(account_id)
        return one is not None and one.status != "pending" and one.updated_at >= self.since


def plan(asked: Question) -> Plan:
    """Compare the register with what the platform knows. Accounts it knows that the register has no more are
    suspended. The files are handed over in the order rename, suspend, add."""
    found = Plan()
    holders = {one.username: account_id for account_id, one in asked.told.items()}
    if RENAME in asked.what:
        _rename(found, asked, holders)
    if SUSPEND in asked.what:
        _suspend(found, asked)
    if ADD in asked.what:
        _add(found, asked, holders)
    return found


def _rename(found: Plan, asked: Question, holders: dict[str, str]) -> None:
    waiting = {
        key: (before.username, asked.accounts[key].username)
        for key, before in asked.told.items()
        if asked.looked_at(key) and asked.accounts[key].username not in ("", before.username)
    }
    moved = True
    while waiting and moved:
        moved = False
        for key, (old, new) in list(waiting.items()):
            if new not in holders:
                moved = True
                del waiting[key], holders[old]
                holders[new] = key
                found.renames.append((key, old, new))
                found.news[key] = Told(asked.told[key].unit_id, new, asked.told[key].status)
    for key, (_, new) in waiting.items():
        reason = f"新用户名 {new} 在平台上还有别人使用，现在不能改名"
        found.left_out.append(LeftOut(key, asked.accounts[key].name, reason))


def _suspend(found: Plan, asked: Question) -> None:
    for key, before in asked.told.items():
        now = found.news.get(key, before)
        gone = key not in asked.accounts and before.unit_id in asked.units
        off = gone or (key in asked.accounts and asked.accounts[key].status == "disabled")
        if (gone or asked.looked_at(key)) and off != (now.status == SUSPENDED):
            found.suspends.append((key, now.username, off))
            found.news[key] = Told(now.unit_id, now.username, SUSPENDED if off else ACTIVE)


def _add(found: Plan, asked: Question, holders: dict[str, str]) -> None:
    mails = {one.email.lower() for key, one in asked.accounts.items() if key in asked.told and one.email}
    for key, one in asked.accounts.items():
        if one.status != "active" or key in asked.told or not asked.looked_at(key):
            continue
        reason = asked.fault(one)
        if one.username in holders:
            reason = f"用户名 {one.username} 在平台上已有别人使用"
        elif not reason and one.email.lower() in mails:
            reason = f"邮箱 {one.email} 与另一个账户相同，平台不接受"
        if reason:
            found.left_out.append(LeftOut(key, one.name, reason))
            continue
        holders[one.username] = key
        mails.add(one.email.lower())
        found.add.append(key)
        found.news[key] = Told(one.unit_id, one.username, ACTIVE)
