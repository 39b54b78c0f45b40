"""What is wrong with one account, as the platform and the register have it: pure, no store (A6, A9, A12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from models.domain.fields import ACCOUNT_FIELD
from models.domain.filing import next_window, window_of
from models.domain.forms import FilingKind
from models.domain.inspection import Found
from models.domain.policy_settings import Period
from models.exchange.normalise import normalise
from models.rules.about_fields import is_email, is_phone
from models.rules.naming import username_finding
from models.rules.real_names import name_fault, same_name

NEVER: Final = "never"
_DIGITS: Final = "0123456789"


@dataclass(frozen=True, slots=True)
class Registered:
    """An account of the register. `prefix` by the rule for its place, `files`: whether its unit files with a superior
    and this store knows what was filed; `empty`: labels of truthful fields without a value (A16)."""

    id: str
    unit_id: str
    status: str
    username: str
    name: str
    prefix: str = ""
    id_number: str = ""
    phone: str = ""
    office_phone: str = ""
    email: str = ""
    person_id: str = ""
    note: str = ""
    origin: str = "listed"
    opened_at: str = ""
    disabled_reason: str = ""
    filed_status: str = ""
    files: bool = False
    empty: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is judged by: the day, the policy (ue, legacy_until), the unit that inspects and those it covers.

    `names`: name or code of a covered unit -> its id; `prefixes`: unit id -> prefix of its user names; `outside`: names
    of known units it does not cover; `foreign`: prefixes of places it does not cover; `taken`: user names it was told
    other units hold (A17 h); `windows`: periods of filing that a tier has set (A15).
    """

    today: date
    own_id: str
    ue: str = "v"
    legacy_until: str = ""
    idle_days: int = 180
    names: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    outside: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()
    windows: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """An account that is looked at: what the platform says of it (in a patrol: the register), and its register row.

    `unit_id` "" when it is another unit's. `suspended` None when the list does not say. `spelled`: the name as the
    rule spells it, as far as one reading is usual.
    """

    unit_id: str
    username: str
    name: str
    email: str
    office_phone: str
    mobile: str
    idnumber: str
    suspended: bool | None
    last_access: str
    created: str
    place: str
    institution: str
    registered: Registered | None
    spelled: str = ""
    seen: bool = True

    @property
    def in_use(self) -> bool:
        """Whether somebody can log in with it, as far as is known."""
        return self.suspended is not True

    def found(self, code: str, **details: str) -> Found:
        """A finding on it."""
        held = self.registered
        names = {"platform_name": self.name, "register_name": held.name if held else ""} if self.seen else {}
        said = {**details, **names, "institution": self.institution, "row": self.place}
        label = (held.name if held else "") or self.name
        return Found(
            code, self.unit_id, self.username, held.id if held else "", label, {k: v for k, v in said.items() if v}
        )


def judge(one: Candidate, grounds: Grounds) -> Iterator[Found]:
    """The findings on one account by itself."""
    held = one.registered
    if one.suspended:
        if held is not None and held.status == "active":
            yield one.found("suspended", why="平台上已停用，名册中仍在使用")
        return
    if held is not None and held.status == "disabled":
        yield _still_active(one, held)
        return
    if held is None:
        yield one.found("unknown", why="名册中没有这个用户名", last_access=_seen(one.last_access))
    faults = list(_name(one))
    yield from faults
    yield from _username(one, grounds, named=not faults)
    yield from _filing(one, grounds)
    yield from _idle(one, grounds)
    yield from _formats(one)


def _still_active(one: Candidate, held: Registered) -> Found:
    said = "清单没有写明是否停用，请核实" if one.suspended is None else "平台上仍可使用"
    return one.found("left" if held.disabled_reason == "left" else "still_active", why=f"名册中已禁用，{said}")


def _name(one: Candidate) -> Iterator[Found]:
    held = one.registered
    fault = name_fault(one.name)
    if not fault and held is not None and held.name and not same_name(one.name, held.name):
        fault = f"平台姓名“{one.name}”与名册姓名“{held.name}”不一致"
    if fault:
        yield one.found("not_real_name", why=fault)


def _username(one: Candidate, grounds: Grounds, *, named: bool) -> Iterator[Found]:
    """By the name of the register, else of the platform when it can be one."""
    held = one.registered
    name = held.name if held and not name_fault(held.name) else one.name if named else ""
    prefix = held.prefix if held else grounds.prefixes.get(one.unit_id, "")
    if one.spelled and one.username.rstrip(_DIGITS) == prefix + one.spelled:
        return
    fault = username_finding(one.username, name, prefix, grounds.ue)
    if fault is None:
        return
    tolerated = not grounds.legacy_until or grounds.today.isoformat() <= grounds.legacy_until
    if fault.code == "USERNAME_RULE" and held is not None and held.origin == "listed" and tolerated:
        yield one.found("legacy", why=fault.message, until=grounds.legacy_until or "没有规定")
    else:
        yield one.found("username_rule", why=fault.message)


def _filing(one: Candidate, grounds: Grounds) -> Iterator[Found]:
    held = one.registered
    if held is None:
        return
    if held.status == "pending":
        if one.seen:
            yield one.found("unfiled", why="新建申请还没有批准，平台上已经可用")
    elif held.files and held.filed_status != "active":
        due = _due(held.opened_at[:10], grounds.windows) if held.opened_at else ""
        if grounds.today.isoformat() > due:
            late = f"应在 {due} 前备案" if due else "从未备案"
            yield one.found("unfiled", why=late if not held.filed_status else "备案中是禁用状态")


def _due(opened: str, given: tuple[Period, ...]) -> str:
    """The last day to file an account opened on a day: that of the window it was opened in, else of the next."""
    present = window_of(opened, FilingKind.DELTA, given)
    return (present if opened in present else next_window(opened, FilingKind.DELTA, given)).last


def _idle(one: Candidate, grounds: Grounds) -> Iterator[Found]:
    since = one.created if one.last_access == NEVER else one.last_access
    if not since and one.last_access != NEVER:
        return
    days = (grounds.today - date.fromisoformat(since)).days if since and since != NEVER else grounds.idle_days + 1
    if days > grounds.idle_days:
        never = f"{since} 建立后从未登录" if since and since != NEVER else "从未登录"
        said = never if one.last_access == NEVER else f"{days} 天没有登录"
        yield one.found("idle", why=said, last_access=_seen(one.last_access))


def _formats(one: Candidate) -> Iterator[Found]:
    held = one.registered
    if one.email and not _fits(is_email, "email", one.email):
        yield one.found("email_format", why=f"邮箱“{one.email[:60]}”不完整或有误")
    bad = [text for text in (one.office_phone, one.mobile) if text and not _fits(is_phone, "phone", text)]
    if bad:
        yield one.found("phone_format", why=f"“{'、'.join(bad)[:60]}”不是手机号（11 位）或带区号的座机号")
    if held is not None and held.empty:
        yield one.found("incomplete", why=f"没有填写：{'、'.join(held.empty)}")


def _fits(check: Callable[[str], bool], key: str, text: str) -> bool:
    """Whether a value is in order, also when an import would only take blanks out of it."""
    return check(text) or check(normalise(ACCOUNT_FIELD[key], text)[0])


def _seen(last_access: str) -> str:
    return "从未登录" if last_access == NEVER else last_access


def login_of(username: str, prefixes: Mapping[str, str], unit_id: str) -> str:
    """The user name without its unit's prefix and the digits at its end."""
    return username.removeprefix(prefixes.get(unit_id, "")).rstrip(_DIGITS)
