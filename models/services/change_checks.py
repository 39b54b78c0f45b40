"""What a change must fulfil at submit, approve and build (decision 15), as lines a person can read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE, CHANGE_KIND, KEY_FIELD
from models.domain.errors import UserError
from models.domain.fields import DEDUPLICATE_FIELDS, POLICE_PROOF_FIELDS, STUDENTS
from models.services.baseline import frozen_count, frozen_lines
from models.services.change_log import OPEN_STATES
from models.services.checking import check_context, controlled_fields, field_label, new_errors
from models.services.duplicates import find_same
from models.services.items import rows_digest
from models.services.records import get
from models.store import tables as t


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the check list: level ok, note (look at it) or fault (goes no further)."""

    level: str
    text: str


def refuse_open_overlap(session: Session, subject_id: str, fields: Mapping[str, str], except_id: str = "") -> None:
    """One open change per subject and field. Raises UserError with the number of the one under way."""
    c = t.change.c
    query = select(c.number, c.after).where(c.subject_id == subject_id, c.state.in_(OPEN_STATES), c.id != except_id)
    for number, after in session.execute(query):
        shared = fields.keys() & json.loads(after).keys()
        if shared or not fields:
            what = f"“{'、'.join(field_label(key) for key in sorted(shared))}”" if shared else ""
            raise UserError(f"{what}已有在办的变更 {number}，请先办结或撤回它。")


def checks_of(session: Session, change: Row[Any]) -> list[Check]:
    """Everything that is looked at before a change goes a step further; duplicates are notes (E15)."""
    kind = CHANGE_KIND[change.kind]
    found: list[Check] = []
    if kind.needs_reason:
        found.append(_line(bool(change.reason), "已填写变更原因", "请填写变更原因"))
    if kind.needs_evidence:
        found += _evidence_checks(session, change)
    if kind is KEY_FIELD:
        found += _value_checks(session, change)
    if kind is BASELINE:
        found.append(_baseline_check(session, change))
    return found


def policy_faults(session: Session, changes: Iterable[Row[Any]]) -> list[str]:
    """Changes whose fields are not controlled any more under the policy of today, by number."""
    controlled = controlled_fields(session)
    faults = []
    for change in changes:
        free = json.loads(change.after).keys() - controlled if change.kind == KEY_FIELD.key else set()
        if free:
            faults.append(f"变更 {change.number}：{_no_longer_controlled(free)}")
    return faults


def _no_longer_controlled(free: Iterable[str]) -> str:
    names = "、".join(field_label(key) for key in sorted(free))
    return f"按现行政策“{names}”不再是关键信息，请撤回此变更，直接在名册中修改"


def _line(good: bool, yes: str, no: str) -> Check:
    return Check("ok", yes) if good else Check("fault", no)


def _evidence_checks(session: Session, change: Row[Any]) -> list[Check]:
    link, file = t.change_evidence.c, t.evidence.c
    query = (
        select(link.kind, link.file_name, link.digest, file.content)
        .join_from(t.change_evidence, t.evidence, link.digest == file.digest)
        .where(link.change_id == change.id)
    )
    kinds = set()
    damaged = []
    for kind, name, digest, content in session.execute(query):
        kinds.add(kind)
        if hashlib.sha256(content).hexdigest() != digest:
            damaged.append(name)
    checks = [_line(bool(kinds), "已附证明材料", "请添加证明材料（JPG、PNG 或 PDF）")]
    if damaged:
        checks.append(Check("fault", f"证明材料“{'、'.join(damaged)}”与提交时不一致，请退回后重新添加"))
    police = sorted(POLICE_PROOF_FIELDS & json.loads(change.after).keys())
    if police and kinds:
        names = "、".join(field_label(key) for key in police)
        checks.append(_line("household" in kinds, "已附户籍证明", f"变更“{names}”须附户籍部门出具的证明"))
    return checks


def _value_checks(session: Session, change: Row[Any]) -> list[Check]:
    before: dict[str, str] = json.loads(change.before)
    after: dict[str, str] = json.loads(change.after)
    try:
        row = get(session, STUDENTS, change.subject_id)
    except UserError as error:
        return [Check("fault", str(error))]
    free = after.keys() - controlled_fields(session)
    moved = [field_label(key) for key, value in before.items() if row.values.get(key) != value]
    errors = new_errors(STUDENTS, row.values, {**row.values, **after}, check_context(session))
    checks = [
        _line(not free, "变更的都是关键信息", _no_longer_controlled(free)),
        _line(not moved, "名册中的值与申请时一致", f"名册中“{'、'.join(moved)}”的值在申请后已改变，请退回后重新提交"),
        _line(not errors, "变更后的记录符合校验规则", "；".join(dict.fromkeys(e.message for e in errors))),
    ]
    if DEDUPLICATE_FIELDS & after.keys():
        same = find_same(session, {**row.values, **after}, row.id)
        checks += [Check("note", duplicate.sentence) for duplicate in same] or [Check("ok", "没有发现重复的学生")]
    return checks


def _baseline_check(session: Session, change: Row[Any]) -> Check:
    count = frozen_count(session, change.id)
    if not count:
        return Check("note", "提交时将固定这批学生的信息，批准和上报的就是这份内容")
    expected = session.execute(select(t.batch.c.rows_digest).where(t.batch.c.id == change.batch_id)).scalar()
    good = rows_digest(frozen_lines(session, change.id)) == expected
    return _line(good, f"共 {count} 名学生，内容与提交时一致", "这批学生的内容与提交时不一致，请退回后重新提交")
