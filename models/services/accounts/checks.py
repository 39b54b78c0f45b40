"""What a change of accounts must fulfil before it goes further (A16, A17; D6), as sentences."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE, ACCOUNT_RENAME
from models.domain.fields import ACCOUNT_FIELDS, ACCOUNTS, Need
from models.domain.states import State
from models.rules.checks import Context
from models.rules.contacts import office_phone_fault
from models.rules.naming import username_finding
from models.rules.real_names import role_word
from models.services.accounts.persons import Match, People
from models.services.accounts.usernames import record_prefix
from models.services.baseline import is_moved, rows_of
from models.services.change_log import in_chunks
from models.services.checking import check_context, errors_of, field_label
from models.services.records import page
from models.services.taken_names import elsewhere
from models.services.units import own_unit
from models.store import tables as t

TRUTHFUL: Final = tuple(field.key for field in ACCOUNT_FIELDS if field.need is Need.REQUIRED)
"""The fields the notice wants to be true of every new account (A16)."""
_SHOWN: Final = 5


@dataclass(frozen=True)
class Remarks:
    """What was found: `faults` keep the change from going further, `notes` are to be looked at."""

    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def remarks_of(session: Session, change: Row[Any], proved: bool) -> Remarks:
    """The remarks on a change of accounts; `proved`: whether a proof is attached to it."""
    if change.kind == ACCOUNT_CREATE.key:
        return _creation(session, change, proved)
    return _single(session, change, proved)


# --- one account ------------------------------------------------------------------------------------------


def _single(session: Session, change: Row[Any], proved: bool) -> Remarks:
    rows = page(session, ACCOUNTS, [change.subject_id])
    if not rows:
        return Remarks(("账户已不在本单位，请撤回这份申请",))
    row, before, after = rows[0], json.loads(change.before), json.loads(change.after)
    present = {**row.values, "status": row.status, "disabled_reason": before.get("disabled_reason", "")}
    moved = [field_label(key, ACCOUNTS) for key, value in before.items() if present.get(key) != value]
    faults = [f"账户的“{'、'.join(moved)}”在申请后已改变，请退回后重新提交"] if moved else []
    if change.kind == ACCOUNT_RENAME.key:
        faults += [] if row.status == "active" else ["账户已不在使用，不能更名，请撤回这份申请"]
        record, context = {**row.values, **after}, check_context(session)
        faults += [finding.message for finding in errors_of(ACCOUNTS, record, context)]
        if "username" in after:
            faults += _taken(session, [(row.id, record)]) + _asked_for(session, change, after["username"])
            faults += _irregular([(row.id, record)], context, proved and bool(change.reason))
    return Remarks(tuple(faults))


def _asked_for(session: Session, change: Row[Any], username: str) -> list[str]:
    """Another rename before the head that asks for the same user name."""
    c = t.change.c
    others = select(c.number, c.after).where(
        c.kind == ACCOUNT_RENAME.key, c.state == State.PENDING.value, c.id != change.id
    )
    held = [number for number, after in session.execute(others) if json.loads(after).get("username") == username]
    return listed(f"用户名 {username} 已在别的更名申请中，请换一个，或先退回那一份", held)


# --- a batch of new ones ----------------------------------------------------------------------------------

Rows = Sequence[tuple[str, Mapping[str, str]]]
"""(id, values) of accounts."""


def _creation(session: Session, change: Row[Any], proved: bool) -> Remarks:
    rows: Rows = [(entry["id"], defaultdict(str, entry["values"])) for entry in rows_of(session, change)]
    context, people = check_context(session), People.read(session)
    faults = [
        *(["这批账户的内容在提交后已改变，请退回后重新提交"] if is_moved(session, change) else ()),
        *listed("须真实填写的内容还空着", gaps(rows)),
        *listed("不是真实姓名", _unreal(rows)),
        *listed("信息有误", [*_errors(rows, context), *_phones(rows)]),
        *_taken(session, rows),
        *_irregular(rows, context, proved and bool(change.reason)),
        *listed("一人只能有一个账户，确需第二个的请在备注中写明理由", _second(people, rows, reasoned=False)),
    ]
    notes = [
        *listed("因重名加了序号的用户名", _numbered(rows)),
        *listed("同一人的第二个账户，理由见备注", _second(people, rows, reasoned=True)),
    ]
    return Remarks(tuple(faults), tuple(notes))


def listed(what: str, entries: Iterable[str]) -> list[str]:
    """One sentence on all of them, the first ones named."""
    found = list(entries)
    more = f"……共 {len(found)} 处" if len(found) > _SHOWN else ""
    return [f"{what}：{'；'.join(found[:_SHOWN])}{more}"] if found else []


_UNTOLD: Final = {"sex": "0"}
"""A code that says nothing: 性别 未知."""


def gaps(rows: Rows) -> Iterator[str]:
    """Those whose truthful fields are not all filled in (A16), with the fields."""
    for _, values in rows:
        empty = [field_label(key, ACCOUNTS) for key in TRUTHFUL if not values[key] or values[key] == _UNTOLD.get(key)]
        if empty:
            yield f"{values['name'] or values['username']} 的{'、'.join(empty)}"


def _unreal(rows: Rows) -> Iterator[str]:
    """Accounts in the name of an office or a purpose (A9: 未实名)."""
    for _, values in rows:
        word = role_word(values["name"])
        if word:
            yield f"{values['name']}（“{word}”是部门、岗位或用途）"


def _errors(rows: Rows, context: Context) -> Iterator[str]:
    for _, values in rows:
        for finding in errors_of(ACCOUNTS, values, context):
            if finding.code != "REQUIRED_EMPTY":
                yield f"{values['name']}：{finding.message.rstrip('。')}"


def _phones(rows: Rows) -> Iterator[str]:
    """Office phones that are none, or lack their area code (A16); one that is missing is a gap."""
    for _, values in rows:
        fault = office_phone_fault(values["office_phone"]) if values["office_phone"] else None
        if fault:
            yield f"{values['name']}：{fault}"


def _taken(session: Session, rows: Rows) -> list[str]:
    """User names somebody else has by now, here or in another unit (A17 h)."""
    mine = {row_id: values["username"] for row_id, values in rows}
    c, abroad = t.account.c, elsewhere(session)
    own = {
        username
        for part in in_chunks(list(mine.values()))
        for row_id, username in session.execute(
            select(c.id, c.username).where(c.unit_id == own_unit(session).id, c.username.in_(part))
        )
        if mine.get(row_id) != username
    }
    held = [name for name in mine.values() if name in own or name in abroad]
    return listed("用户名已被使用，请退回后更换", held)


def _irregular(rows: Rows, context: Context, justified: bool) -> list[str]:
    """A person may keep an official spelling of the own name, with a reason and a proof (A17)."""
    found = []
    for _, values in rows:
        finding = username_finding(values["username"], values["name"], record_prefix(values, context), context.ue)
        if finding is not None and finding.code == "USERNAME_RULE":
            found.append(f"{values['name']} {values['username']}")
    what = "用户名不符合命名规则，请改正，或写明理由并附本人姓名拼写的证明"
    return [] if justified else listed(what, found)


def _second(people: People, rows: Rows, *, reasoned: bool) -> Iterator[str]:
    """Those whose person has an account already, with a reason in the note or without one."""
    for row_id, values in rows:
        earlier = _earlier(people, row_id, values)
        if earlier and bool(values["note"]) is reasoned:
            yield f"{values['name']} {values['username']}：{earlier[0].sentence}"


def _earlier(people: People, row_id: str, values: Mapping[str, str]) -> list[Match]:
    """Accounts the person had before this one."""
    found = people.matches(values, row_id)
    return [match for match in found if match.holder.status != "pending" or match.holder.id < row_id]


def row_marks(session: Session, rows: Rows) -> dict[str, str]:
    """What the head should see at a row of a creation, by its id: a number after the name, a second account (D6)."""
    people, found = People.read(session), {}
    for row_id, values in rows:
        said = []
        for match in _earlier(people, row_id, values)[:1]:
            why = f"理由：{note}" if (note := values.get("note")) else "没有写明理由"
            said.append(f"第二个账户，已有 {match.holder.username}（{match.by}相同），{why}")
        said += ["重名，加了序号"] if any(_numbered([(row_id, values)])) else []
        if said:
            found[row_id] = "；".join(said)
    return found


def _numbered(rows: Rows) -> Iterator[str]:
    for _, values in rows:
        if values["username"][-1:].isdigit():
            yield f"{values['name']} {values['username']}"
