"""Items under review as people look at them: compared with this tier's own copy, with what stands against them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, false, func, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, CHANGE_KIND, KEY_FIELD, WITHDRAWAL, ChangeKind
from models.domain.errors import UserError
from models.domain.fields import DEDUPLICATE_FIELDS, POLICE_PROOF_FIELDS, STUDENTS
from models.domain.states import VERDICT_LABELS, Verdict
from models.services.baseline_duplicates import BaselineDuplicate, baseline_duplicates, sentences
from models.services.change_views import EvidenceInfo, FieldDiff, changed_fields, diffs
from models.services.checking import check_context, field_label, new_errors, value_text
from models.services.duplicates import find_same
from models.services.filing.reviewing import filing_notes
from models.services.policy_checks import review_notes
from models.services.records import COUNTED, page
from models.services.records import Row as RosterRow
from models.services.units import unit_name
from models.store import tables as t

_NUMBER = func.json_extract(t.received_item.c.body, "$.number")
_STATE_LABELS = {"in_review": "待核办", "withdrawn": "申请单位撤回"} | {v.value: VERDICT_LABELS[v] for v in Verdict}


@dataclass(frozen=True)
class ReviewQuery:
    """Which items: empty parts do not filter; `states` in_review, accept, return, refuse, withdrawn; `open_only` leaves
    out what a receipt has answered; `text` is a part of the label, or the whole number or id of the change; `name` is
    that number or id, or `package:position` with 8 or more characters of the package's id."""

    package_id: str = ""
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    unit_id: str = ""
    text: str = ""
    name: str = ""
    open_only: bool = False
    limit: int = 1000
    offset: int = 0


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One item in a list; `duplicates`: pupils of an open baseline who may be the same as others."""

    id: str
    package_id: str
    position: int
    unit_id: str
    unit_name: str
    change_id: str
    number: str
    attempt: int
    kind: str
    kind_label: str
    subject_id: str
    subject_label: str
    summary: str
    state: str
    state_label: str
    opinion: str
    decided_by: str
    decided_at: str
    answered: bool
    created: str
    duplicates: int = 0


@dataclass(frozen=True)
class ReviewDetail:
    """One item in full. `own_copy`: what this tier has of the pupil, None when unknown; `conflicts`: fields whose value
    here is not the item's `before`; `notes`: duplicates and remarks; `blockers`: why it cannot be accepted yet;
    `duplicates`: all pupils of a baseline that may be the same as others."""

    item: ReviewItem
    reason: str
    diffs: tuple[FieldDiff, ...]
    own_copy: Mapping[str, str] | None
    conflicts: tuple[str, ...]
    notes: tuple[str, ...]
    blockers: tuple[str, ...]
    evidence: tuple[EvidenceInfo, ...]
    initiator: str
    approved_by: str
    approved_at: str
    policy_version: int
    rows: int
    duplicates: tuple[BaselineDuplicate, ...] = ()


def list_items(session: Session, q: ReviewQuery | None = None) -> list[ReviewItem]:
    """Items of received packages, in the order they came."""
    q = q or ReviewQuery()
    c = t.received_item.c
    conditions = (
        (q.package_id, c.package_id == q.package_id),
        (q.states, c.state.in_(q.states)),
        (q.kinds, c.kind.in_(q.kinds)),
        (q.unit_id, c.unit_id == q.unit_id),
        (q.text, c.subject_label.contains(q.text, autoescape=True) | (q.text == _NUMBER) | (c.change_id == q.text)),
        (q.name, _named(q.name)),
        (q.open_only, c.receipt_id.is_(None)),
    )
    query = (
        select(t.received_item, t.unit.c.name.label("unit_name"), t.package.c.handled_at)
        .outerjoin(t.unit, t.unit.c.id == c.unit_id)
        .outerjoin(t.package, t.package.c.id == c.package_id)
        .where(*(condition for asked, condition in conditions if asked))
        .order_by(t.package.c.created_at, c.package_id, c.position)
    )
    rows = list(session.execute(query.limit(q.limit).offset(q.offset)))
    same = baseline_duplicates(session, [row.id for row in rows if _is_open_baseline(row)])
    pupils = Counter(item_id for item_id, _ in {(one.item_id, one.position) for one in same})
    return [_item(row, row.unit_name or "未知单位", pupils[row.id]) for row in rows]


def _named(name: str) -> ColumnElement[bool]:
    c = t.received_item.c
    start, colon, position = name.partition(":")
    if not colon:
        return (c.change_id == name) | (name == _NUMBER)
    if len(start) < 8 or not re.fullmatch("[0-9]{1,9}", position):
        return false()
    return c.package_id.startswith(start, autoescape=True) & (c.position == int(position))


def _is_open_baseline(row: Row[Any]) -> bool:
    return bool(CHANGE_KIND[row.kind].subjects) and row.receipt_id is None


def count_items(session: Session, package_id: str = "") -> dict[str, int]:
    """Number of items not answered yet, by state; of one package or of all."""
    c = t.received_item.c
    query = select(c.state, func.count()).where(c.receipt_id.is_(None)).group_by(c.state)
    if package_id:
        query = query.where(c.package_id == package_id)
    return {state: number for state, number in session.execute(query)}


def _item(row: Row[Any], unit: str, duplicates: int) -> ReviewItem:
    body = json.loads(row.body)
    kind = CHANGE_KIND[row.kind]
    fields = "、".join(field_label(key) for key in changed_fields(row.kind, body["after"]))
    return ReviewItem(
        row.id, row.package_id, row.position, row.unit_id, unit,
        row.change_id, body["number"], row.attempt, row.kind, kind.label,
        row.subject_id, row.subject_label, _summary(kind, fields, duplicates),
        row.state, _STATE_LABELS.get(row.state, row.state), row.opinion, row.decided_by or "", row.decided_at or "",
        row.receipt_id is not None, body["created"], duplicates,
    )  # fmt: skip


def _summary(kind: ChangeKind, fields: str, duplicates: int) -> str:
    doubt = f"（{duplicates} {COUNTED[kind.subjects]}疑似重复）" if duplicates else ""
    return f"{kind.label}：{fields}" if fields else f"{kind.label}{doubt}"


def find_item(session: Session, item_id: str) -> Row[Any]:
    """The stored item. Raises UserError."""
    row = session.execute(select(t.received_item).where(t.received_item.c.id == item_id)).first()
    if row is None:
        raise UserError("找不到这条核办事项，请刷新列表后再试。")
    return row


def get_item(session: Session, item_id: str) -> ReviewDetail:
    """One item with everything a reviewer needs before deciding."""
    row = find_item(session, item_id)
    body = json.loads(row.body)
    own = _own_copy(session, row)
    approved_by, approved_at = _approval(session, row)
    same = tuple(baseline_duplicates(session, [row.id] if _is_open_baseline(row) else []))
    return ReviewDetail(
        _item(row, unit_name(session, row.unit_id), len({one.position for one in same})),
        body["reason"],
        diffs(body["before"], changed_fields(row.kind, body["after"])),
        own.values if own else None,
        _conflicts(body, own) if row.kind == KEY_FIELD.key else (),
        (*_notes(session, row, body, own), *sentences(same, CHANGE_KIND[row.kind].subjects)),
        accept_blockers(session, row),
        _evidence(session, body),
        str(body["initiator"]["name"]),
        approved_by,
        approved_at,
        int(body["policy_version"]),
        int((body.get("batch") or {}).get("count", 0)),
        same,
    )


def rows_of_item(session: Session, item_id: str, offset: int = 0, limit: int = 200) -> list[dict[str, Any]]:
    """Rows of a received baseline, a page at a time: {"id", "values"}, of a filing with their marks."""
    c = t.received_row.c
    query = select(c.body).where(c.item_id == item_id).order_by(c.position).offset(offset).limit(limit)
    return [json.loads(body) for body in session.execute(query).scalars()]


def original_of(session: Session, row: Row[Any]) -> Row[Any] | None:
    """The item a withdrawal names: the newest attempt of that change from the same unit."""
    c = t.received_item.c
    query = select(t.received_item).where(c.change_id == row.subject_id, c.unit_id == row.unit_id)
    return session.execute(query.order_by(c.attempt.desc())).first()


def accept_blockers(session: Session, row: Row[Any]) -> tuple[str, ...]:
    """Why an item cannot be accepted now, in sentences."""
    body = json.loads(row.body)
    if row.kind == WITHDRAWAL.key:
        original = original_of(session, row)
        if original is None:
            return ("没有收到它要撤回的变更，请等待或选择“不予通过”",)
        if original.receipt_id is not None:
            return ("要撤回的变更已经答复，撤回已晚，请选择“不予通过”并说明",)
        return ()
    if not CHANGE_KIND[row.kind].needs_evidence:
        return ()
    evidence = _evidence(session, body)
    if not evidence:
        return ("没有附证明材料，请退回补正",)
    blockers = [f"证明材料“{entry.name}”还没有收到，请等待材料包" for entry in evidence if not entry.here]
    police = sorted(POLICE_PROOF_FIELDS & body["after"].keys())
    if police and not any(entry.kind == "household" for entry in evidence):
        blockers.append(f"变更“{'、'.join(map(field_label, police))}”须附户籍部门出具的证明，请退回补正")
    return tuple(blockers)


def _own_copy(session: Session, row: Row[Any]) -> RosterRow | None:
    if row.kind != KEY_FIELD.key:
        return None
    found = page(session, STUDENTS, [row.subject_id])
    return found[0] if found and found[0].unit_id == row.unit_id else None


def _conflicts(body: Mapping[str, Any], own: RosterRow | None) -> tuple[str, ...]:
    if own is None:
        return ()
    return tuple(
        f"{field_label(key)}：学校申请时为“{value_text(key, value)}”，本级登记为“{value_text(key, own.values[key])}”"
        for key, value in body["before"].items()
        if own.values.get(key) != value
    )


def _notes(session: Session, row: Row[Any], body: Mapping[str, Any], own: RosterRow | None) -> list[str]:
    notes = review_notes(session, row, body, _approval(session, row)[1])
    withdrawal = _pending_withdrawal(session, row)
    if withdrawal:
        notes.append(f"申请单位对此提出了撤回申请 {withdrawal}，请先处理撤回申请。")
    if row.kind == ACCOUNT_FILING.key and row.receipt_id is None:
        notes += filing_notes(session, row, body)
    if row.kind != KEY_FIELD.key:
        return notes
    if own is None:
        notes.append("本级还没有该学生的基线，无法比对变更前的值。")
    record = {**(own.values if own else body["before"]), **body["after"]}
    if own is not None:
        errors = new_errors(STUDENTS, own.values, record, check_context(session))
        notes += dict.fromkeys(finding.message for finding in errors)
    if DEDUPLICATE_FIELDS & body["after"].keys():
        notes += [duplicate.sentence for duplicate in find_same(session, record, row.subject_id)]
    return notes


def _pending_withdrawal(session: Session, row: Row[Any]) -> str:
    c = t.received_item.c
    query = select(c.body).where(
        c.kind == WITHDRAWAL.key, c.subject_id == row.change_id, c.unit_id == row.unit_id, c.state == "in_review"
    )
    body = session.execute(query).scalar()
    return str(json.loads(body)["number"]) if body and row.receipt_id is None else ""


def _approval(session: Session, row: Row[Any]) -> tuple[str, str]:
    body = session.execute(select(t.statement.c.body).where(t.statement.c.id == row.approval_id)).scalar()
    if body is None:
        return "", ""
    said = json.loads(body)
    return str(said["person_name"]), str(said["at"])


def _evidence(session: Session, body: Mapping[str, Any]) -> tuple[EvidenceInfo, ...]:
    entries = body["evidence"]
    digests = [entry["digest"] for entry in entries]
    here = set(session.execute(select(t.evidence.c.digest).where(t.evidence.c.digest.in_(digests))).scalars())
    return tuple(
        EvidenceInfo(e["digest"], e["name"], e["media_type"], e["size"], e.get("kind", "other"), e["digest"] in here)
        for e in entries
    )
