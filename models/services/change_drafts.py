"""Change requests from the first draft to the hand of the approver: propose, edit, attach, submit, withdraw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import (
    ACCOUNT_FILING,
    BASELINE_OF,
    CHANGE_KIND,
    FILED,
    KEY_FIELD,
    WITHDRAWAL,
    ChangeKind,
)
from models.domain.errors import DataFaultError, FileRefusedError, UserError
from models.domain.fields import POLICE_PROOF_FIELDS, STUDENTS
from models.domain.signing import canonical
from models.domain.states import STATE_LABELS, Event, State
from models.domain.units import Actor
from models.services.accounts.drafts import account_draft
from models.services.accounts.effects import count_pending, drop_pending
from models.services.baseline import freeze, thaw
from models.services.change_checks import faults_of, refuse_open_overlap
from models.services.change_log import changes_by_id, find_change, record
from models.services.change_writing import Draft, checked_reason, insert_drafts
from models.services.checking import check_context, controlled_fields, field_label, new_errors, normalised, raise_faults
from models.services.evidence import MAX_BYTES, sniff
from models.services.filing.proposing import propose_filing, renew
from models.services.permissions import require_any_role, require_initiator, require_own
from models.services.policies import effective
from models.services.records import COUNTED, NOUN, Row, get, label_of
from models.services.unreported import gather
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


def propose(session: Session, actor: Actor, kind: str, subject_id: str, values: Mapping[str, str], reason: str) -> str:
    """Start a change request as a draft; its id (E13).

    Values are normalised and checked like everywhere. A baseline without a subject takes all pupils that are not
    reported yet (decision 16), a filing all accounts that differ from what was last filed (A9-A11).
    Raises NotAllowedError for the wrong role or unit,
    DataFaultError for values with faults, UserError when a field already has an open change.
    """
    declared = CHANGE_KIND.get(kind)
    if declared is None:
        raise UserError(f"没有“{kind}”这种变更，可用的有：{'、'.join(CHANGE_KIND)}。")
    require_initiator(actor, declared)
    if declared is WITHDRAWAL:
        return _propose_withdrawal(session, actor, find_change(session, subject_id), reason)
    if declared.register:
        raise UserError(f"“{declared.label}”请在质量监控账户中办理（命令 monitoring），会自动生成申请。")
    if declared.local:
        return _propose_local(session, actor, declared, subject_id, values, reason)
    if declared is ACCOUNT_FILING:
        return propose_filing(session, actor, values.get("period", ""), reason)
    if declared.subjects:
        batch_id = subject_id or _gathered(session, actor, declared.subjects)
        return _propose_baseline(session, actor, declared.subjects, batch_id, reason)
    return insert_drafts(session, actor, [_key_field_draft(session, actor, subject_id, values, reason)])[0]


def _propose_local(
    session: Session, actor: Actor, kind: ChangeKind, subject_id: str, values: Mapping[str, str], reason: str
) -> str:
    if kind.subjects:
        raise UserError("新建账户请用“新增账户”、粘贴名单或导入（命令 accounts add、import），会自动生成申请。")
    draft = account_draft(session, actor, kind, subject_id, values)
    return insert_drafts(session, actor, [replace(draft, reason=checked_reason(reason))])[0]


def _key_field_draft(session: Session, actor: Actor, subject_id: str, values: Mapping[str, str], reason: str) -> Draft:
    row = get(session, STUDENTS, subject_id)
    require_own(actor, row.unit_id, "发起变更")
    after = _checked_values(session, row, values)
    refuse_open_overlap(session, subject_id, after)
    before = {key: row.values[key] for key in after}
    return Draft(KEY_FIELD, subject_id, label_of(row.values), before, after, row.revision, checked_reason(reason))


def _checked_values(session: Session, row: Row, values: Mapping[str, str]) -> dict[str, str]:
    """The values that differ, normalised. Raises DataFaultError when one is no key field or makes a faulty record."""
    if row.status != "enrolled":
        raise UserError("该学生已离校，不能再变更关键信息（E24）。")
    after = {key: value for key, value in normalised(STUDENTS, values).items() if value != row.values[key]}
    if not after:
        raise DataFaultError("新的值与名册中现在的值相同，没有需要变更的内容。")
    free = [field_label(key) for key in after if key not in controlled_fields(session)]
    if free:
        raise DataFaultError(f"“{'、'.join(free)}”不是关键信息，可以直接在名册中修改，不需要变更申请。")
    raise_faults(new_errors(STUDENTS, row.values, {**row.values, **after}, check_context(session)))
    return after


def _propose_withdrawal(session: Session, actor: Actor, change: SqlRow[Any], reason: str) -> str:
    """Ask the tier above to give a sealed change back (decision 7)."""
    require_own(actor, change.unit_id, "撤回变更")
    if change.state != State.SEALED:
        raise UserError(f"变更 {change.number} 现在是“{STATE_LABELS[State(change.state)]}”，不需要撤回申请。")
    if change.kind in FILED:
        raise UserError(f"变更 {change.number} 已报省校，不能用撤回申请收回；请联系省校不予备案，再重新申请。")
    if change.kind == WITHDRAWAL.key:
        raise UserError("撤回申请本身不能再撤回，请等待上级回执。")
    refuse_open_overlap(session, change.id, {})
    draft = Draft(
        WITHDRAWAL, change.id, f"撤回 {change.number} {change.subject_label}", {}, {}, 0, checked_reason(reason)
    )
    return insert_drafts(session, actor, [draft])[0]


def _propose_baseline(session: Session, actor: Actor, kind: str, batch_id: str, reason: str) -> str:
    batch = session.execute(select(t.batch).where(t.batch.c.id == batch_id)).first()
    known = batch is not None and batch.unit_id == actor.unit.id and batch.state == "applied"
    if batch is None or not known or batch.kind.partition(".")[2] != kind:
        raise UserError("找不到这批导入，请核对批次标识。")
    refuse_open_overlap(session, batch_id, {})
    draft = baseline_draft(kind, batch_id, batch.source, batch._mapping["count"], reason)
    return insert_drafts(session, actor, [draft])[0]


def _gathered(session: Session, actor: Actor, kind: str) -> str:
    """A batch of all rows of the roster `kind` no baseline reports yet. Raises UserError when there is none."""
    batch_id, _ = gather(session, actor, kind)
    if not batch_id:
        noun, label = NOUN[kind], BASELINE_OF[kind].label
        raise UserError(f"没有尚未上报的{noun}：在册{noun}都在已通过或在办的{label}中。")
    return batch_id


def baseline_draft(kind: str, batch_id: str, source: str, count: int, reason: str = "") -> Draft:
    """The change that reports all new pupils, or accounts, of one import to the tier above (decision 16)."""
    label = f"{source}：{count} {COUNTED[kind]}"
    return Draft(BASELINE_OF[kind], batch_id, label, {}, {}, 0, reason, batch_id)


def _own_draft(session: Session, actor: Actor, change_id: str) -> SqlRow[Any]:
    change = find_change(session, change_id)
    require_any_role(actor, CHANGE_KIND[change.kind].initiators, "修改变更申请")
    require_own(actor, change.unit_id, "修改变更申请")
    if change.state != State.DRAFT:
        raise UserError(f"变更 {change.number} 现在是“{STATE_LABELS[State(change.state)]}”，只有草稿可以修改。")
    return change


def update_draft(
    session: Session, actor: Actor, change_id: str, values: Mapping[str, str] | None = None, reason: str | None = None
) -> None:
    """Edit a draft; None leaves a part as it is. Raises like `propose`."""
    change = _own_draft(session, actor, change_id)
    updates: dict[str, Any] = {"updated_at": now_text()}
    if reason is not None:
        updates["reason"] = checked_reason(reason)
    if values is not None and CHANGE_KIND[change.kind].values_of:
        updates |= _renewed(session, actor, change, values)
    session.execute(update(t.change).where(t.change.c.id == change.id).values(**updates))
    audit.append(session, actor, "change.edit", f"change:{change.number}", {"fields": sorted(values or ())})


def _renewed(session: Session, actor: Actor, change: SqlRow[Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Before, after and base revision of a change of values on the pupil or account as it stands now."""
    if CHANGE_KIND[change.kind].local:
        draft = account_draft(session, actor, CHANGE_KIND[change.kind], change.subject_id, values, change.id)
        return {
            "before": canonical(dict(draft.before)).decode(),
            "after": canonical(dict(draft.after)).decode(),
            "base_revision": draft.base_revision,
            "subject_label": draft.label,
        }
    row = get(session, STUDENTS, change.subject_id)
    after = _checked_values(session, row, values)
    refuse_open_overlap(session, row.id, after, change.id)
    before = {key: row.values[key] for key in after}
    return {
        "before": canonical(before).decode(),
        "after": canonical(after).decode(),
        "base_revision": row.revision,
        "subject_label": label_of(row.values),
    }


def attach(
    session: Session,
    actor: Actor,
    change_id: str,
    file_name: str,
    data: bytes,
    media_type: str,
    kind: str | None = None,
) -> str:
    """Add an evidence file to a draft; its digest.

    `kind` is household (a certificate of the household registry) or other; None means what the change asks for (E14).
    Whether it can be shown is tried before by `evidence.inspect`. Raises FileRefusedError for type or size.
    """
    change = _own_draft(session, actor, change_id)
    if len(data) > MAX_BYTES:
        raise FileRefusedError(f"“{file_name}”超过 {MAX_BYTES >> 20} MB，请降低扫描分辨率后再添加。")
    if sniff(data) != media_type:
        raise FileRefusedError(f"“{file_name}”的内容与类型不符，请使用 JPG、PNG 或 PDF 文件。")
    digest = hashlib.sha256(data).hexdigest()
    entry = {"digest": digest, "media_type": media_type, "size": len(data), "content": data, "added_at": now_text()}
    session.execute(upsert(t.evidence).values(entry).on_conflict_do_nothing())
    position = session.execute(
        select(func.count()).select_from(t.change_evidence).where(t.change_evidence.c.change_id == change.id)
    ).scalar()
    chosen = kind or ("household" if POLICE_PROOF_FIELDS & json.loads(change.after).keys() else "other")
    link = {"change_id": change.id, "digest": digest, "file_name": file_name, "position": position, "kind": chosen}
    session.execute(upsert(t.change_evidence).values(link).on_conflict_do_nothing())
    audit.append(session, actor, "change.attach", f"change:{change.number}", {"digest": digest, "kind": chosen})
    return digest


def detach(session: Session, actor: Actor, change_id: str, digest: str) -> None:
    """Take an evidence file off a draft; the bytes stay while another change needs them."""
    change = _own_draft(session, actor, change_id)
    link = t.change_evidence.c
    session.execute(delete(t.change_evidence).where(link.change_id == change.id, link.digest == digest))
    if not session.execute(select(link.digest).where(link.digest == digest)).first():
        session.execute(delete(t.evidence).where(t.evidence.c.digest == digest))
    audit.append(session, actor, "change.detach", f"change:{change.number}", {"digest": digest})


def submit(session: Session, actor: Actor, change_id: str) -> None:
    """Hand a draft to the head. Raises DataFaultError with everything that is missing, each with what to do."""
    change = _own_draft(session, actor, change_id)
    if CHANGE_KIND[change.kind].values_of:
        values = _renewed(session, actor, change, json.loads(change.after))
        session.execute(update(t.change).where(t.change.c.id == change.id).values(**values))
    elif CHANGE_KIND[change.kind].subjects:
        if change.kind == ACCOUNT_FILING.key:
            renew(session, change)
        freeze(session, change)
    session.execute(
        update(t.change).where(t.change.c.id == change.id).values(policy_version=effective(session).version)
    )
    for number, faults in faults_of(session, [find_change(session, change.id)]).items():
        raise DataFaultError(f"变更 {number} 还不能提交：{'；'.join(faults)}。")
    record(session, actor, [change.id], Event.SUBMIT)


def submit_new(session: Session, actor: Actor, change_id: str) -> None:
    """`submit` what was drafted in this very transaction: a refusal does not name the number that will not be."""
    number = find_change(session, change_id).number
    try:
        submit(session, actor, change_id)
    except DataFaultError as error:
        reason = str(error).removeprefix(f"变更 {number} 还不能提交：")
        raise DataFaultError(f"没有建立变更，因为还不能提交：{reason}") from None


def accounts_lost(session: Session, change_id: str) -> int:
    """How many accounts that wait for their approval a withdrawal of this change removes. Raises UserError."""
    return count_pending(session, find_change(session, change_id))


def withdraw(session: Session, actor: Actor, change_id: str, reason: str = "") -> str | None:
    """Take back a draft or pending change at once, a creation with its accounts (`accounts_lost`); for a sealed one
    start and submit a withdrawal request, whose id is returned (decision 7). Raises UserError for an approved one,
    whose approval is revoked first."""
    change = changes_by_id(session, [find_change(session, change_id).id])[0]
    require_any_role(actor, CHANGE_KIND[change.kind].initiators, "撤回变更")
    require_own(actor, change.unit_id, "撤回变更")
    if change.state == State.SEALED:
        request = propose(session, actor, WITHDRAWAL.key, change.id, {}, reason)
        submit_new(session, actor, request)
        return request
    if change.state == State.APPROVED:
        raise UserError(f"变更 {change.number} 已批准，请先由主管领导撤销批准，再撤回。")
    record(session, actor, [change.id], Event.WITHDRAW, reason.strip())
    thaw(session, [change.id])
    drop_pending(session, [change])
    return None
