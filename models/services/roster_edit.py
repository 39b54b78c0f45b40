"""Acts on rows of the rosters: set fields, many rows as one batch, take a batch back, look at the history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row as SqlRow
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_CREATE, BASELINE, CHANGE_KIND
from models.domain.errors import NotAllowedError, UserError
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.ids import new_id
from models.domain.signing import canonical
from models.domain.states import Event, State
from models.domain.units import Actor, Role
from models.services.baseline import thaw
from models.services.change_log import in_chunks, record
from models.services.checking import check_context, controlled_fields, field_label, new_errors, normalised, raise_faults
from models.services.permissions import require_any_role, require_own, require_role
from models.services.records import Row, get, page, table_of, write_values
from models.services.taken_names import elsewhere
from models.services.units import own_unit
from models.services.unreported import is_gathered
from models.store import audit, search
from models.store import tables as t
from models.store.clock import now_text

_REGISTERING = (State.PENDING, State.APPROVED, State.SEALED, State.EFFECTIVE)
_ACCOUNT_ROLES = (Role.ADMINISTRATOR, Role.REGISTRAR)


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What a bulk edit did: the batch to take back, rows changed, rows that already had the value, refusals."""

    batch_id: str
    changed: int
    same: int
    refused: tuple[tuple[str, str], ...]  # (row id, sentence)


def require_editor(actor: Actor, kind: str, act: str) -> None:
    """Pupils are edited by the registrar; accounts also by the administrator (A8, E1, E3)."""
    if kind == STUDENTS:
        require_role(actor, Role.REGISTRAR, act)
    else:
        require_any_role(actor, _ACCOUNT_ROLES, act)


def set_fields(session: Session, actor: Actor, kind: str, row_id: str, values: Mapping[str, str]) -> int:
    """Write fields of one row; the new revision. Texts are normalised and checked as in an import.

    Raises NotAllowedError for a controlled field of a pupil (E13), the wrong role or another unit's row, and
    DataFaultError for values with faults.
    """
    row = get(session, kind, row_id)
    require_editor(actor, kind, "修改名册")
    changed = _changed(session, actor, row, kind, values)
    if not changed:
        return row.revision
    revision = write_values(session, actor.name, kind, row, changed)
    body = {"before": {key: row.values[key] for key in changed}, "after": changed}
    audit.append(session, actor, "roster.set", f"{kind}:{row_id}", body)
    return revision


def _changed(session: Session, actor: Actor, row: Row, kind: str, values: Mapping[str, str]) -> dict[str, str]:
    """The values that differ, ready to be written. Raises as `set_fields`."""
    require_own(actor, row.unit_id, "修改")
    if row.status not in ("enrolled", "active", "pending"):
        raise UserError(f"{row.values['name']} 已不在册（或已禁用），不能再修改。")
    changed = {key: value for key, value in normalised(kind, values).items() if value != row.values[key]}
    if kind == STUDENTS:
        _refuse_locked(changed, locked_fields(session, row))
    raise_faults(new_errors(kind, row.values, {**row.values, **changed}, check_context(session)))
    if kind == ACCOUNTS:
        refuse_asked(session, row, changed)
    if kind == ACCOUNTS and changed.get("username"):
        _refuse_taken(session, changed["username"])
    return changed


def refuse_asked(session: Session, row: Row, changed: Mapping[str, str]) -> None:
    """The name and user name of an account in use change by a request; what the head is looking at does not change."""
    named = [field_label(key, ACCOUNTS) for key in changed if key in ("name", "username")]
    if row.status == "active" and named:
        raise NotAllowedError(
            f"“{'、'.join(named)}”须经主管领导批准才能更改。请用“账户更名”（命令 accounts rename）填写新值和原因。"
        )
    c = t.change.c
    batch_id = select(t.account.c.batch_id).where(t.account.c.id == row.id).scalar_subquery()
    query = select(c.number).where(c.batch_id == batch_id, c.kind == ACCOUNT_CREATE.key, c.state == State.PENDING.value)
    number = session.execute(query).scalar() if row.status == "pending" else None
    if changed and number:
        raise UserError(f"新建申请 {number} 正在核办，不能修改。请主管领导退回补正（change return），改好后再提交。")


def locked_fields(session: Session, row: Row) -> frozenset[str]:
    """Fields of a pupil that only a change request may alter (E13).

    What is still empty may be filled in by hand as long as no baseline with the pupil is on its way or accepted: a
    baseline that came back for a gap could not be mended otherwise (E7).
    """
    controlled = controlled_fields(session)
    gaps = frozenset(key for key in controlled if not row.values[key])
    return controlled if not gaps or _is_registered(session, row.id) else controlled - gaps


def _is_registered(session: Session, row_id: str) -> bool:
    c = t.change.c
    batch_id = select(t.student.c.batch_id).where(t.student.c.id == row_id).scalar_subquery()
    query = select(c.id).where(c.kind == BASELINE.key, c.batch_id == batch_id, c.state.in_(_REGISTERING))
    return session.execute(query.limit(1)).first() is not None


def _refuse_locked(changed: Iterable[str], locked: frozenset[str]) -> None:
    held = [field_label(key) for key in changed if key in locked]
    if held:
        raise NotAllowedError(
            f"“{'、'.join(held)}”是关键信息，不能直接修改。请选中该学生，用“变更申请”（Ctrl+K，或命令 change propose "
            "student.key_field）填写新值和原因并上传证明材料。"
        )


def _refuse_taken(session: Session, username: str) -> None:
    c = t.account.c
    own = own_unit(session).id
    if session.execute(select(c.id).where(c.username == username, c.unit_id == own)).first():
        raise UserError(f"用户名 {username} 已被本库中另一账户使用，请换一个。")
    if username in elsewhere(session):
        raise UserError(f"用户名 {username} 已被其他单位使用，请换一个。")


def bulk_set(session: Session, actor: Actor, kind: str, ids: Sequence[str], values: Mapping[str, str]) -> BulkResult:
    """Write the same fields into many rows as one batch; rows that refuse are named and left as they are.

    Raises like `set_fields` when the values themselves cannot be set by anyone (unknown or controlled field).
    """
    require_editor(actor, kind, "批量修改")
    wanted = normalised(kind, values)
    if kind == STUDENTS:
        _refuse_locked(wanted, controlled_fields(session))
    elif "username" in wanted:
        raise UserError("用户名各不相同，不能批量设为同一个值。")
    batch_id = new_id()
    before: list[dict[str, Any]] = []
    refused: list[tuple[str, str]] = []
    same = 0
    for row in page(session, kind, ids):
        try:
            changed = _changed(session, actor, row, kind, wanted)
        except UserError as error:
            refused.append((row.id, str(error)))
            continue
        if not changed:
            same += 1
            continue
        revision = write_values(session, actor.name, kind, row, changed)
        before.append(before_entry(batch_id, row, changed, revision))
    if before:
        session.execute(insert(t.batch_before), before)
        what = "、".join(field_label(key, kind) for key in wanted)
        insert_batch(session, actor, batch_id, f"bulk.{kind}", f"批量修改 {what}", len(before))
        body = {"batch": batch_id, "rows": [entry["subject_id"] for entry in before], "after": wanted}
        audit.append(session, actor, "roster.bulk", f"batch:{batch_id}", body)
    return BulkResult(batch_id, len(before), same, tuple(refused))


def before_entry(batch_id: str, row: Row, changed: Mapping[str, str], revision: int) -> dict[str, Any]:
    """The row of batch_before for one changed row."""
    old = canonical({key: row.values[key] for key in changed}).decode()
    return {"batch_id": batch_id, "subject_id": row.id, "revision": revision, "before": old}


def insert_batch(
    session: Session, actor: Actor, batch_id: str, kind: str, source: str, count: int, digest: str = ""
) -> None:
    """Note a batch: what did it and how many rows it touched."""
    values = {
        "id": batch_id,
        "kind": kind,
        "unit_id": actor.unit.id,
        "source": source,
        "source_digest": digest,
        "rows_digest": "",
        "count": count,
        "state": "applied",
        "created_at": now_text(),
        "created_by": actor.name,
    }
    session.execute(insert(t.batch).values(values))


def undo_batch(session: Session, actor: Actor, batch_id: str) -> int:
    """Take an import or bulk edit back as one; the number of rows. Possible until something later touched a row.

    Drafts the import made are withdrawn. Raises UserError when a row was changed since or a change is under way.
    """
    batch = session.execute(select(t.batch).where(t.batch.c.id == batch_id)).first()
    if batch is None or batch.unit_id != actor.unit.id or is_gathered(batch.kind):
        raise UserError("找不到这次批量操作，不能撤销。")
    kind = batch.kind.partition(".")[2]
    require_editor(actor, kind, "撤销批量操作")
    if batch.state != "applied":
        raise UserError("这次批量操作已经撤销过了。")
    _withdraw_drafts(session, actor, batch)
    number = _restore(session, actor, kind, batch_id) + _remove_new(session, kind, batch_id)
    if batch._mapping["count"] and not number:
        raise UserError("这次导入的人员已转入后来的基线，不能整批撤销。")
    session.execute(update(t.batch).where(t.batch.c.id == batch_id).values(state="undone"))
    audit.append(session, actor, "batch.undo", f"batch:{batch_id}", {"rows": number})
    return number


def _withdraw_drafts(session: Session, actor: Actor, batch: SqlRow[Any]) -> None:
    c = t.change.c
    changes = session.execute(select(c.id, c.number, c.state, c.kind).where(c.batch_id == batch.id)).all()
    for change in changes:
        undecided = CHANGE_KIND[change.kind].local and change.state == State.PENDING  # submitted by the import itself
        if change.state not in (State.DRAFT, State.WITHDRAWN) and not undecided:
            raise UserError(f"这次导入的变更 {change.number} 已提交核办，不能整批撤销；请先撤回该变更。")
    drafts = [change.id for change in changes if change.state in (State.DRAFT, State.PENDING)]
    if drafts:
        record(session, actor, drafts, Event.WITHDRAW, "撤销导入")
        thaw(session, drafts)


def _restore(session: Session, actor: Actor, kind: str, batch_id: str) -> int:
    b = t.batch_before.c
    entries = {row.subject_id: row for row in session.execute(select(t.batch_before).where(b.batch_id == batch_id))}
    rows = page(session, kind, list(entries))
    if len(rows) < len(entries) or any(row.revision != entries[row.id].revision for row in rows):
        raise UserError("其中有的记录后来又被修改过，不能整批撤销。请在名册中逐条改回。")
    for row in rows:
        before = json.loads(entries[row.id].before)
        if kind == ACCOUNTS:
            refuse_asked(session, row, before)
        write_values(session, actor.name, kind, row, before)
    return len(rows)


def _refuse_filed(session: Session, batch_id: str) -> None:
    """Accounts the tier above has are disabled and filed so; they do not vanish (A12, A15)."""
    c = t.account.c
    if session.execute(select(c.id).where(c.batch_id == batch_id, c.filed_revision > 0).limit(1)).first():
        raise UserError("导入的账户已经备案，不能整批撤销。不再使用的账户请禁用，下次备案时报出。")


def _remove_new(session: Session, kind: str, batch_id: str) -> int:
    table = table_of(kind)
    found = session.execute(select(table.c.id, table.c.revision).where(table.c.batch_id == batch_id)).all()
    if any(revision != 1 for _, revision in found):
        raise UserError("导入的记录后来有的已被修改过，不能整批撤销。请在名册中逐条处理。")
    ids = [row_id for row_id, _ in found]
    if kind == ACCOUNTS:
        _refuse_filed(session, batch_id)
    for part in in_chunks(ids):
        c = t.change.c
        query = select(c.number).where(c.subject_id.in_(part), c.kind != BASELINE.key).limit(1)
        number = session.execute(query).scalar()
        if number is not None:
            raise UserError(f"导入的学生已有变更 {number}，不能整批撤销。")
        search.remove(session, kind, part)
        session.execute(delete(table).where(table.c.id.in_(part)))
    return len(ids)


def reveal(session: Session, actor: Actor, row_id: str, field: str, kind: str = STUDENTS) -> str:
    """A masked value in full; who looked is kept in the audit."""
    row = get(session, kind, row_id)
    if field not in row.values:
        raise UserError(f"没有名为“{field}”的字段。")
    audit.append(session, actor, "roster.reveal", f"{kind}:{row_id}", {"field": field})
    return row.values[field]
