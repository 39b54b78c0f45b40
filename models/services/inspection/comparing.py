"""The platform's list against the register, in memory, each read once: pure, no store (A6, A9, A10, A12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.domain.inspection import RANK, Found
from models.domain.pause import collector_paused
from models.domain.progress import SILENT, Progress
from models.domain.text import without_blanks
from models.exchange.platform.accounts_list import ListedAccount
from models.rules.naming import legal_usernames, propose_all
from models.services.inspection.doubles import duplicates, shared
from models.services.inspection.judging import Candidate, Grounds, Registered, judge

_STUDENTS: Final = frozenset(("学生", "学员", "student", "learner"))
_DIGITS: Final = "0123456789"
_STEP: Final = 5000
_COVERED_SHARE: Final = 0.5


@dataclass(frozen=True)
class Outcome:
    """What was found, in a fixed order. `checked`: accounts looked at; `rows`: those left out, by reason
    (domain.inspection.LEFT_OUT_LABELS); `absent`: units none of whose accounts are in the list."""

    findings: tuple[Found, ...]
    checked: int
    rows: Mapping[str, Sequence[ListedAccount]]
    absent: tuple[str, ...]

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows were left out, by reason."""
        return {reason: len(rows) for reason, rows in self.rows.items()}


@dataclass(frozen=True)
class LaterList:
    """What a list says of accounts by user name: in use, suspended, or not there; their names; which have no last
    login; and of which units it tells all."""

    suspended: Mapping[str, bool | None]
    names: Mapping[str, str]
    unseen: frozenset[str]
    whole_units: frozenset[str]
    findings: frozenset[tuple[str, str]]


def compare(
    listed: Sequence[ListedAccount], registered: Sequence[Registered], grounds: Grounds, progress: Progress = SILENT
) -> Outcome:
    """Every finding on the listed accounts that are in the unit's care, and on its accounts that are not listed."""
    with collector_paused():
        return _compare(listed, registered, grounds, progress)


def _compare(
    listed: Sequence[ListedAccount], registered: Sequence[Registered], grounds: Grounds, progress: Progress
) -> Outcome:
    left_out: dict[str, list[ListedAccount]] = {}
    candidates = _candidates(listed, registered, grounds, left_out)
    mine = [one for one in candidates if one.unit_id]
    present = {one.registered.id for one in mine if one.registered}
    units = {one.unit_id for one in mine if one.registered or one.institution} or {grounds.own_id}
    findings = _judged(candidates, grounds, progress)
    names = {one.username for one in mine}
    for row in registered:
        if row.status == "active" and row.unit_id in units and row.id not in present and row.username not in names:
            findings.append(_missing(row))
    holding = {row.unit_id for row in registered if row.status == "active"}
    return Outcome(_ordered(findings), len(mine), left_out, tuple(sorted(holding - units)))


def look_through(registered: Sequence[Registered], grounds: Grounds, progress: Progress = SILENT) -> Outcome:
    """A patrol of the register alone: what can be seen without the platform (A9, A10)."""
    candidates = [
        Candidate(
            row.unit_id, row.username, row.name, row.email, row.office_phone, row.phone, "", False, "", "", "", "",
            row, seen=False,
        )
        for row in registered
        if row.status == "active"
    ]  # fmt: skip
    return Outcome(_ordered(_judged(candidates, grounds, progress)), len(candidates), {}, ())


def later_list(
    listed: Sequence[ListedAccount],
    registered: Sequence[Registered],
    grounds: Grounds,
    leaving: frozenset[str] = frozenset(),
) -> LaterList:
    """What a later list proves: it speaks for a unit when at least half of the unit's accounts in use are in it.

    `leaving`: ids of accounts that are to be ended, which nobody expects there; a unit that has no others is spoken
    for when the list has any row of it.
    """
    found = compare(listed, registered, grounds)
    suspended: dict[str, bool | None] = {}
    for row in listed:
        before = suspended.get(row.username, True)
        suspended[row.username] = row.suspended if before else before
    staying = [row for row in registered if row.status == "active" and row.id not in leaving]
    active = Counter(row.unit_id for row in staying)
    there = Counter(row.unit_id for row in staying if row.username in suspended)
    whole = {unit for unit, count in active.items() if there[unit] >= count * _COVERED_SHARE}
    whole |= {unit for unit in _units_told(listed, registered, grounds, suspended) if not active[unit]}
    if not active[grounds.own_id] and found.checked:
        whole.add(grounds.own_id)
    keys = frozenset(one.key for one in found.findings)
    unseen = {row.username for row in listed if not row.last_access}
    return LaterList(suspended, {row.username: row.name for row in listed}, frozenset(unseen), frozenset(whole), keys)


def _units_told(
    listed: Sequence[ListedAccount],
    registered: Sequence[Registered],
    grounds: Grounds,
    usernames: Mapping[str, bool | None],
) -> set[str]:
    """The units in care of which a list has any account, by its user name or by what it calls the unit."""
    named = {grounds.names.get(_bare(text), "") for text in {row.institution for row in listed}}
    return {*named, *(row.unit_id for row in registered if row.username in usernames)} - {""}


def _judged(candidates: Sequence[Candidate], grounds: Grounds, progress: Progress) -> list[Found]:
    findings: list[Found] = []
    for number, one in enumerate(candidates):
        if number % _STEP == 0:
            progress.report(number, len(candidates), "比对账户")
        if one.unit_id:
            findings.extend(judge(one, grounds))
    used = [one for one in candidates if one.in_use and not (one.registered and one.registered.status == "disabled")]
    progress.report(len(candidates), len(candidates), "查找重复和共用")
    return [*findings, *duplicates(used), *shared(used, grounds)]


def _missing(row: Registered) -> Found:
    details = {"why": "平台的清单里没有这个用户名", "register_name": row.name}
    return Found("missing", row.unit_id, row.username, row.id, row.name, details)


def _ordered(findings: Iterable[Found]) -> tuple[Found, ...]:
    return tuple(sorted(findings, key=lambda one: (RANK[one.code], one.unit_id, one.username, one.account_id)))


# --- whose row it is -------------------------------------------------------------------------------------------


def _candidates(
    listed: Sequence[ListedAccount],
    registered: Sequence[Registered],
    grounds: Grounds,
    left_out: dict[str, list[ListedAccount]],
) -> list[Candidate]:
    holders: dict[str, list[Registered]] = {}
    for row in registered:
        if row.username:
            holders.setdefault(row.username.lower(), []).append(row)
    rows: dict[str, ListedAccount] = {}
    for one in listed:
        known = rows.get(one.username)
        kept = one if known is None or (known.suspended and not one.suspended) else known
        rows[one.username] = kept
        if known is not None:
            left_out.setdefault("repeated", []).append(known if kept is one else one)
    by_institution = any(_bare(one.institution) in grounds.names for one in rows.values() if one.institution)
    spelled = _spelled([one.name for one in rows.values()], grounds)
    candidates = []
    for one in rows.values():
        held = _holder(one, holders.get(one.username, ()), grounds)
        if held is None and _is_student(one):
            left_out.setdefault("student", []).append(one)
            continue
        unit_id = held.unit_id if held else _unit_of(one, grounds, by_institution, spelled[one.name])
        if not unit_id:
            left_out.setdefault("elsewhere", []).append(one)
        same = held is None or held.name in ("", one.name)
        candidates.append(_candidate(one, held, unit_id, spelled[one.name] if same else ""))
    return candidates


def _spelled(names: Sequence[str], grounds: Grounds) -> dict[str, str]:
    """Name -> how the rule spells it by its usual reading, "" when it cannot be read."""
    once = list(dict.fromkeys(names))
    return {one.name: one.username or "" for one in propose_all(once, "", grounds.ue)}


def _candidate(one: ListedAccount, held: Registered | None, unit_id: str, spelled: str) -> Candidate:
    return Candidate(
        unit_id, one.username, one.name, one.email, one.phone, one.mobile, one.idnumber, one.suspended,
        one.last_access, one.created, f"{one.sheet} 第 {one.row} 行", one.institution, held,
        spelled,
    )  # fmt: skip


def _holder(one: ListedAccount, rows: Sequence[Registered], grounds: Grounds) -> Registered | None:
    """The register's row; of several (two units' accounts may collide) that of the named unit, of the same name, in
    use."""
    unit = grounds.names.get(_bare(one.institution), "")
    return min(rows, key=lambda row: (row.unit_id != unit, row.name != one.name, row.status != "active"), default=None)


def _is_student(one: ListedAccount) -> bool:
    roles = {part.strip().lower() for part in one.role.replace("，", ",").replace("、", ",").split(",")}
    return bool(one.role) and roles <= _STUDENTS


def _unit_of(one: ListedAccount, grounds: Grounds, by_institution: bool, spelled: str) -> str:
    """The unit in whose care an account is that the register does not have; "" for another unit's."""
    institution = _bare(one.institution)
    if institution in grounds.names:
        return grounds.names[institution]
    if institution in grounds.outside or (institution and by_institution) or one.username in grounds.taken:
        return ""
    if grounds.foreign and _head(one, grounds, spelled) in grounds.foreign:
        return ""
    fitting = {unit: len(text) for unit, text in grounds.prefixes.items() if text and one.username.startswith(text)}
    longest = [unit for unit, length in fitting.items() if length == max(fitting.values())]
    return longest[0] if len(longest) == 1 else grounds.own_id


def _head(one: ListedAccount, grounds: Grounds, spelled: str) -> str:
    """What stands before the name in a user name made by the rule; "" for any other."""
    bare = one.username.rstrip(_DIGITS)
    if spelled and bare.endswith(spelled):
        return bare.removesuffix(spelled)
    ways = (way for way in legal_usernames(one.name, "", grounds.ue) if way and bare.endswith(way))
    return next((bare.removesuffix(way) for way in ways), "")


def _bare(text: str) -> str:
    return without_blanks(text) if text else ""
