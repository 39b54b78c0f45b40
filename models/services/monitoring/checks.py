"""What a monitoring account must fulfil: its post, the quota, one person one account, true contacts (A3, A16, D6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import MONITORING_CLOSE, MONITORING_OPEN, MONITORING_POST
from models.domain.fields import ACCOUNTS
from models.domain.monitoring import FIELDS, REQUIRED
from models.domain.posts import find_post, post_fault, quota_fault
from models.domain.states import State
from models.domain.units import Unit
from models.rules.contacts import contact_faults
from models.services.accounts.checks import Remarks
from models.services.checking import check_context, errors_of, field_label
from models.services.units import own_unit, unit_name
from models.store import tables as t

_INTO: Final = (MONITORING_OPEN.key, MONITORING_POST.key)
_UNDER_WAY: Final = (State.PENDING.value, State.APPROVED.value, State.SEALED.value)


def account_row(session: Session, account_id: str) -> Row[Any] | None:
    """A monitoring account known here."""
    return session.execute(select(t.monitoring_account).where(t.monitoring_account.c.id == account_id)).first()


def values_of(row: Row[Any]) -> dict[str, str]:
    """The fields of an account."""
    return {key: str(row._mapping[key]) for key in FIELDS}


def register_remarks(session: Session, change: Row[Any]) -> Remarks:
    """The remarks on a change of monitoring accounts at submit and approve."""
    present = account_row(session, change.subject_id)
    after: dict[str, str] = json.loads(change.after)
    if change.kind == MONITORING_OPEN.key:
        values = {key: after.get(key, "") for key in FIELDS}
        return Remarks(tuple(_faults(session, change.subject_id, values, change)))
    if present is None or present.state != "active":
        return Remarks(("该质量监控账户已不在使用，请撤回这份申请",))
    if change.kind == MONITORING_CLOSE.key:
        return Remarks()
    values = {**values_of(present), **after}
    return Remarks(tuple(_faults(session, change.subject_id, values, change)))


def _faults(session: Session, account_id: str, values: Mapping[str, str], change: Row[Any]) -> list[str]:
    found = value_faults(session, values) + place_faults(session, own_unit(session), account_id, values, change)
    return found + list(_asked_twice(session, values, change))


def value_faults(session: Session, values: Mapping[str, str]) -> list[str]:
    """What is missing or wrong in the fields of an account (A16)."""
    empty = [field_label(key, ACCOUNTS) for key in REQUIRED if not values.get(key)]
    found = [f"须真实填写的内容还空着：{'、'.join(empty)}"] if empty else []
    record = {key: values[key] for key in FIELDS if values.get(key)}
    errors = (one for one in errors_of(ACCOUNTS, record, check_context(session)) if one.code != "USERNAME_RULE")
    found += [one.message.rstrip("。") for one in errors]  # the report system gives its user names itself
    return found + [fault for key, fault in contact_faults(record) if key != "email"]


def place_faults(
    session: Session,
    unit: Unit,
    account_id: str,
    values: Mapping[str, str],
    change: Row[Any] | None = None,
    promised: int = 0,
) -> list[str]:
    """Whether the post is one of the unit's tier, the quota leaves room, and the person has no other account.

    `change`: the own change that asks for it, whose earlier fellows count too; `promised`: places given away already.
    """
    post = find_post(unit.tier, values.get("post", ""))
    if post is None:
        return [str(post_fault(unit.tier, values.get("post", "")))]
    planned = change is not None and change.state == State.DRAFT.value
    held = promised + _held(session, unit.id, post.label, account_id, leaving=planned)
    held += 0 if change is None else _claimed(session, post.label, change)
    fault = quota_fault(post, held)
    return ([fault] if fault else []) + list(_twins(session, account_id, values))


def _held(session: Session, unit_id: str, post: str, except_id: str, *, leaving: bool) -> int:
    """Accounts of a post in use; `leaving`: those asked to be closed, or moved to another post, do not count."""
    c, g = t.monitoring_account.c, t.change.c
    query = select(c.id).where(c.unit_id == unit_id, c.post == post, c.state == "active", c.id != except_id)
    ids = set(session.execute(query).scalars())
    if leaving and ids:
        asked = select(g.subject_id, g.kind, g.after).where(g.subject_id.in_(ids), g.state.in_(_UNDER_WAY))
        for subject_id, kind, after in session.execute(asked):
            if kind == MONITORING_CLOSE.key or json.loads(after).get("post", post) != post:
                ids.discard(subject_id)
    return len(ids)


def _claimed(session: Session, post: str, change: Row[Any]) -> int:
    """Earlier changes under way that take the post."""
    c = t.change.c
    query = select(c.subject_id, c.after, c.state, c.number).where(
        c.kind.in_(_INTO), c.state.in_(_UNDER_WAY), c.subject_id != change.subject_id
    )
    return sum(
        json.loads(after).get("post") == post
        and (change.state == State.DRAFT.value or state != State.PENDING.value or number < change.number)
        for _, after, state, number in session.execute(query)
    )


def _twins(session: Session, account_id: str, values: Mapping[str, str]) -> Iterable[str]:
    """Another account of the same person, in any unit known here, or one of the same user name (D6)."""
    c = t.monitoring_account.c
    query = select(t.monitoring_account).where(c.state == "active", c.id != account_id)
    for row in session.execute(query.order_by(c.unit_id, c.id)):
        where = f"{unit_name(session, row.unit_id)}，{row.post}"
        if row.username and row.username == values.get("username"):
            yield f"用户名 {row.username} 已是 {row.name}（{where}）的质量监控账户，请换一个"
        elif _is_same(values_of(row), values):
            yield f"{row.name} 已有质量监控账户 {row.username}（{where}）。一人只能有一个，岗位变动请用“岗位变动”办理"


def _is_same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two records are of one person, by name and phone or mail."""
    keys = ("phone", "email")
    return one.get("name") == other.get("name") and any(one.get(key) and one.get(key) == other.get(key) for key in keys)


def _asked_twice(session: Session, values: Mapping[str, str], change: Row[Any]) -> Iterable[str]:
    """Another account for the same person, or under the same user name, that lies before the head too (D6)."""
    c = t.change.c
    query = select(c.number, c.after).where(
        c.kind == MONITORING_OPEN.key, c.state == State.PENDING.value, c.subject_id != change.subject_id
    )
    for number, text in session.execute(query):
        after = json.loads(text)
        if after.get("username") == values.get("username") or _is_same(after, values):
            yield f"{values['name']} {values['username']}：同一人或同一用户名的申请 {number} 正在核办，请撤回其中一份"
