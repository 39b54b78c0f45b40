"""What the tier above should know of a filing before it decides: numbers, faults by rule, names and persons elsewhere
(A9, A10, A16, A17; D6). Nothing of it stands in the way: the reviewer returns what is to be mended."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS
from models.domain.filing import Act, counts, counts_text, period_text, window_named
from models.domain.forms import KIND_LABELS, FilingKind
from models.domain.times import local_day
from models.rules.checks import check_record
from models.rules.rule import Context
from models.services.accounts.checks import gaps, listed
from models.services.accounts.persons import People
from models.services.change_log import in_chunks
from models.services.checking import check_context, unit_prefix
from models.services.filing.calendar import given_periods
from models.services.name_offers import kept_for_others
from models.services.units import find_unit, own_unit, unit_names
from models.store import tables as t

_NOT_HERE: Final = frozenset({"REQUIRED_EMPTY"})
"""Findings that `gaps` tells together."""
Filed = Sequence[tuple[str, Mapping[str, str]]]
"""(id, values) of accounts that are to be in use."""


def filing_notes(session: Session, item: Row[Any], body: Mapping[str, Any]) -> list[str]:
    """Remarks on a received filing that is not answered yet."""
    c = t.received_row.c
    entries = [json.loads(one) for one in session.scalars(select(c.body).where(c.item_id == item.id))]
    used = [(one["id"], defaultdict(str, one["values"])) for one in entries if one["act"] != Act.DISABLED]
    numbers = counts_text(counts(one["act"] for one in entries))
    return [
        f"{period_text(body['after']['period'])}{KIND_LABELS[FilingKind(body['after']['kind'])]}：{numbers}。",
        *_late(session, body),
        *listed("须真实填写的内容还空着", gaps(used)),
        *listed("不符合规则", _faults(used, _context_of(session, item.unit_id))),
        *listed("用户名已被本级所辖以外的单位使用", _taken(session, used)),
        *listed("用户名已留给其他单位的账户", _kept(session, item.unit_id, used)),
        *listed("本人在别处已有账户", _elsewhere(session, used)),
        *_against_copy(session, item.unit_id, entries),
    ]


def _late(session: Session, body: Mapping[str, Any]) -> list[str]:
    head, day = body["after"], local_day(body["after"]["as_of"])
    window = window_named(head["period"], FilingKind(head["kind"]), given_periods(session))
    if window is not None and day in window:
        return []
    return [f"不在备案时间内提出（{day}），填报的原因：{body['reason'] or '没有填写'}。"]


def _context_of(session: Session, unit_id: str) -> Context:
    """What the rules need to know of the unit that filed."""
    context, unit = check_context(session), find_unit(session, unit_id)
    if unit is None:
        return context
    return replace(context, unit_code=unit.code, prefix=unit_prefix(unit, context.prefixes))


def _faults(rows: Filed, context: Context) -> Iterator[str]:
    """What the rules have against the rows, also what is only a warning here: a name against the rule is irregular."""
    for _, values in rows:
        for finding in check_record(ACCOUNTS, values, context):
            if finding.code not in _NOT_HERE:
                yield f"{values['name']} {values['username']}：{finding.message.rstrip('。')}"


def _against_copy(session: Session, unit_id: str, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is disabled here and would be in use again, and what is older than what this tier knows of it."""
    c, enabled, older = t.account.c, [], []
    by_id = {one["id"]: one for one in entries}
    for part in in_chunks(list(by_id)):
        query = select(c.id, c.status, c.revision, c.name, c.username).where(c.id.in_(part), c.unit_id == unit_id)
        for row in session.execute(query):
            one, who = by_id[row.id], f"{row.name} {row.username}"
            if one["revision"] < row.revision:
                older.append(who)
            elif (row.status, one["status"]) == ("disabled", "active"):
                enabled.append(who)
    return [
        *listed("本级登记为已禁用，这次报为使用中，请核实是否同意恢复", enabled),
        *listed("本级已有更新的情况（如已按停用通知单禁用），收下后不作改动", older),
    ]


def _taken(session: Session, rows: Filed) -> Iterator[str]:
    """Names this unit was told of from above; those of units below are compared row by row (baseline_duplicates)."""
    c, own = t.taken_name.c, own_unit(session).id
    names = {values["username"]: values["name"] for _, values in rows if values["username"]}
    for part in in_chunks(list(names)):
        for name in session.scalars(select(c.username).where(c.unit_id == own, c.username.in_(part))):
            yield f"{names[name]} {name}"


def _kept(session: Session, unit_id: str, rows: Filed) -> Iterator[str]:
    """Names this unit keeps for accounts of other units whose name somebody holds (A17 b)."""
    kept = kept_for_others(session, [unit_id])
    for _, values in rows:
        if values["username"] in kept:
            yield f"{values['name']} {values['username']}"


def _elsewhere(session: Session, rows: Filed) -> Iterator[str]:
    """Those who hold another account that is in use, with the unit where they hold it."""
    people = People.read(session)
    found = [
        (values, match)
        for row_id, values in rows
        for match in people.matches(values, row_id)
        if match.holder.status == "active"
    ]
    names = unit_names(session, (match.holder.unit_id for _, match in found))
    for values, match in found:
        why = f"，备注：{values['note']}" if values["note"] else ""
        yield f"{values['name']} {values['username']}，{names[match.holder.unit_id]}的{match.sentence}{why}"
