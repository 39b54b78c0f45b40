"""What a change must fulfil at submit, approve and build (decision 15), as lines a person can read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, CHANGE_KIND, KEY_FIELD
from models.domain.errors import UserError
from models.domain.fields import DEDUPLICATE_FIELDS, POLICE_PROOF_FIELDS, STUDENTS
from models.domain.findings import joined
from models.rules.checks import Context
from models.services.accounts.checks import remarks_of
from models.services.baseline import frozen_count, frozen_lines
from models.services.change_log import OPEN_STATES, in_chunks
from models.services.checking import check_context, controlled_fields, field_label, new_errors
from models.services.companions import own_pc
from models.services.duplicates import find_same
from models.services.filing.calendar import late_fault
from models.services.items import rows_digest
from models.services.monitoring.checks import register_remarks
from models.services.policy_checks import business_faults, no_longer_controlled
from models.services.records import COUNTED, NOUN, gone, page
from models.services.records import Row as Student
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


@dataclass(frozen=True, slots=True)
class _Grounds:
    """What the checks of a queue of changes look at, read together. `evidence`: change -> (kind, name, digest) of its
    files; `damaged`: digests whose bytes are not what they were; `closed`: number -> why its business is closed."""

    controlled: frozenset[str]
    context: Context
    students: Mapping[str, Student]
    evidence: Mapping[str, Sequence[tuple[str, str, str]]]
    damaged: frozenset[str]
    closed: Mapping[str, str]


def _grounds_of(session: Session, changes: Sequence[Row[Any]]) -> _Grounds:
    students = page(session, STUDENTS, [change.subject_id for change in changes if change.kind == KEY_FIELD.key])
    link, file = t.change_evidence.c, t.evidence.c
    evidence: dict[str, list[tuple[str, str, str]]] = {}
    for part in in_chunks([change.id for change in changes]):
        query = select(link.change_id, link.kind, link.file_name, link.digest).where(link.change_id.in_(part))
        for change_id, *entry in session.execute(query.order_by(link.change_id, link.position)):
            evidence.setdefault(change_id, []).append(tuple(entry))
    digests = {digest for entries in evidence.values() for _, _, digest in entries}
    sound = {
        digest
        for part in in_chunks(sorted(digests))
        for digest, content in session.execute(select(file.digest, file.content).where(file.digest.in_(part)))
        if hashlib.sha256(content).hexdigest() == digest
    }
    return _Grounds(
        controlled_fields(session),
        check_context(session),
        {student.id: student for student in students},
        evidence,
        frozenset(digests - sound),
        business_faults(session, changes),
    )


def checks_of(session: Session, change: Row[Any]) -> list[Check]:
    """Everything that is looked at before a change goes a step further; duplicates are notes (E15)."""
    grounds = _grounds_of(session, [change])
    return _checks(session, change, grounds) + _duplicate_notes(session, change, grounds)


def faults_of(session: Session, changes: Sequence[Row[Any]]) -> dict[str, list[str]]:
    """What keeps changes from going further, by their numbers; only of those that have faults."""
    grounds = _grounds_of(session, changes)
    checked = ((row.number, _checks(session, row, grounds)) for row in changes)
    found = {number: [check.text for check in checks if check.level == "fault"] for number, checks in checked}
    return {number: faults for number, faults in found.items() if faults}


def _checks(session: Session, change: Row[Any], grounds: _Grounds) -> list[Check]:
    kind = CHANGE_KIND[change.kind]
    found: list[Check] = []
    if kind.needs_reason:
        found.append(_line(bool(change.reason), "已填写变更原因", "请填写变更原因"))
    if kind.needs_evidence:
        found += _evidence_checks(change, grounds)
    if change.number in grounds.closed:
        found.append(Check("fault", grounds.closed[change.number]))
    if kind is KEY_FIELD:
        found += _value_checks(change, grounds)
    if kind.subjects:
        found.append(_baseline_check(session, change))
    if kind is ACCOUNT_FILING:
        late = late_fault(session, json.loads(change.after), change.reason)
        found.append(_line(late is None, "在备案时间内，或已写明原因", late or ""))
    if kind.local and own_pc(session):
        found.append(Check("note", "账户在主电脑上，采用这次核办结果时再由主电脑核对一遍"))
    elif kind.local:
        proved = bool(grounds.evidence.get(change.id))
        remarks = register_remarks(session, change) if kind.register else remarks_of(session, change, proved)
        found += [Check("fault", text) for text in remarks.faults] + [Check("note", text) for text in remarks.notes]
    return found


def _line(good: bool, yes: str, no: str) -> Check:
    return Check("ok", yes) if good else Check("fault", no)


def _evidence_checks(change: Row[Any], grounds: _Grounds) -> list[Check]:
    files = grounds.evidence.get(change.id, ())
    kinds = {kind for kind, _, _ in files}
    damaged = [name for _, name, digest in files if digest in grounds.damaged]
    checks = [_line(bool(kinds), "已附证明材料", "请添加证明材料（JPG、PNG 或 PDF）")]
    if damaged:
        checks.append(Check("fault", f"证明材料“{'、'.join(damaged)}”与提交时不一致，请退回后重新添加"))
    police = sorted(POLICE_PROOF_FIELDS & json.loads(change.after).keys())
    if police and kinds:
        names = "、".join(field_label(key) for key in police)
        checks.append(_line("household" in kinds, "已附户籍证明", f"变更“{names}”须附户籍部门出具的证明"))
    return checks


def _value_checks(change: Row[Any], grounds: _Grounds) -> list[Check]:
    before: dict[str, str] = json.loads(change.before)
    after: dict[str, str] = json.loads(change.after)
    row = grounds.students.get(change.subject_id)
    if row is None:
        return [Check("fault", gone(STUDENTS))]
    free = after.keys() - grounds.controlled
    moved = [field_label(key) for key, value in before.items() if row.values.get(key) != value]
    errors = new_errors(STUDENTS, row.values, {**row.values, **after}, grounds.context)
    return [
        _line(not free, "变更的都是关键信息", no_longer_controlled(free)),
        _line(not moved, "名册中的值与申请时一致", f"名册中“{'、'.join(moved)}”的值在申请后已改变，请退回后重新提交"),
        _line(not errors, "变更后的记录符合校验规则", joined(e.message for e in errors)),
    ]


def _duplicate_notes(session: Session, change: Row[Any], grounds: _Grounds) -> list[Check]:
    after: dict[str, str] = json.loads(change.after)
    row = grounds.students.get(change.subject_id)
    if row is None or not DEDUPLICATE_FIELDS & after.keys():
        return []
    same = find_same(session, {**row.values, **after}, row.id)
    return [Check("note", duplicate.sentence) for duplicate in same] or [Check("ok", "没有发现重复的学生")]


def _baseline_check(session: Session, change: Row[Any]) -> Check:
    count, kind = frozen_count(session, change.id), CHANGE_KIND[change.kind].subjects
    noun = NOUN[kind]
    if not count:
        return Check("note", f"提交时将固定这批{noun}的信息，批准和上报的就是这份内容")
    expected = session.execute(select(t.batch.c.rows_digest).where(t.batch.c.id == change.batch_id)).scalar()
    good = rows_digest(frozen_lines(session, change.id)) == expected
    return _line(
        good, f"共 {count} {COUNTED[kind]}，内容与提交时一致", f"这批{noun}的内容与提交时不一致，请退回后重新提交"
    )
