"""What the policy of today says of changes: at submit, approve and build, and at the tier that receives them
(decision 15; E30, E31)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE, KEY_FIELD
from models.domain.policy import EffectivePolicy
from models.domain.policy_settings import BUSINESS_OF_CHANGE
from models.domain.times import local_day
from models.rules.businesses import closed_because
from models.rules.stages import stage_of
from models.services.change_log import in_chunks
from models.services.checking import controlled_fields, field_label
from models.services.policies import effective
from models.services.units import find_unit
from models.store import tables as t
from models.store.clock import now_text


def business_faults(session: Session, changes: Sequence[Row[Any]]) -> dict[str, str]:
    """Why changes of this unit cannot be handled today, by number; only of those whose business is closed."""
    policy, day = effective(session), local_day(now_text())
    stages = _stages(session, [change.subject_id for change in changes if change.kind == KEY_FIELD.key])
    found = {}
    for change in changes:
        business = BUSINESS_OF_CHANGE.get(change.kind)
        why = business and closed_because(policy, business, (stages.get(change.subject_id, ""),), day)
        if why:
            found[change.number] = why
    return found


def policy_faults(session: Session, changes: Iterable[Row[Any]]) -> list[str]:
    """What the policy of today has against changes, by number: closed businesses, fields not controlled any more."""
    rows = list(changes)
    controlled, closed = controlled_fields(session), business_faults(session, rows)
    faults = [f"变更 {number}：{why}" for number, why in closed.items()]
    for change in rows:
        free = json.loads(change.after).keys() - controlled if change.kind == KEY_FIELD.key else set()
        if free:
            faults.append(f"变更 {change.number}：{no_longer_controlled(free)}")
    return faults


def no_longer_controlled(free: Iterable[str]) -> str:
    """The sentence for fields that may be edited directly under the policy of today."""
    names = "、".join(field_label(key) for key in sorted(free))
    return f"按现行政策“{names}”不再是关键信息，请撤回此变更，直接在名册中修改"


def review_notes(session: Session, item: Row[Any], body: Mapping[str, Any], approved_at: str) -> list[str]:
    """What the receiver's policy of today has against an item, judged on the day its head approved it."""
    policy = effective(session)
    notes = []
    if body["policy_version"] < policy.version:
        notes.append("申请依据的是较早的政策版本，请按现行政策判断；不符合时可退回并注明“政策已调整”。")
    day = local_day(approved_at or now_text())
    why = _closed(session, policy, item, body, day)
    if why:
        notes.append(f"{why}。可退回并注明“政策已调整”。")
    free = set(body["after"]) - controlled_fields(session) if item.kind == KEY_FIELD.key else set()
    if free:
        names = "、".join(field_label(key) for key in sorted(free))
        notes.append(f"按现行政策“{names}”不再是关键信息，可退回并注明“政策已调整”，由学校直接修改。")
    return notes


def _closed(session: Session, policy: EffectivePolicy, item: Row[Any], body: Mapping[str, Any], day: str) -> str | None:
    business = BUSINESS_OF_CHANGE.get(item.kind)
    if business is None:
        return None
    stages = _stages(session, [item.subject_id]) if item.kind != BASELINE.key else {}
    return closed_because(policy, business, stages.values(), day)


def _stages(session: Session, pupil_ids: Sequence[str]) -> dict[str, str]:
    """The stage of each pupil, "" when nothing says it."""
    s = t.student.c
    codes: dict[str, str] = {}
    found = {}
    for part in in_chunks(pupil_ids):
        query = select(s.id, s.unit_id, s.grade, s.class_name).where(s.id.in_(part))
        for pupil, unit_id, grade, class_name in session.execute(query):
            if unit_id not in codes:
                unit = find_unit(session, unit_id)
                codes[unit_id] = unit.code if unit else ""
            found[pupil] = stage_of(codes[unit_id], grade, class_name)
    return found
