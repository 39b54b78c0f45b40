"""Asking for a monitoring account, for another post, for its end: a change each, handed to the own head (A3-A5)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import MONITORING_CLOSE, MONITORING_OPEN, MONITORING_POST, ChangeKind
from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.domain.monitoring import CHANGED_BY_POST, FIELDS
from models.domain.units import Actor, Line
from models.services.accounts.usernames import propose_for
from models.services.change_checks import refuse_open_overlap
from models.services.change_drafts import submit
from models.services.change_log import find_change
from models.services.change_writing import Draft, checked_reason, insert_drafts
from models.services.checking import check_context, field_label, normalised
from models.services.monitoring.checks import values_of
from models.services.permissions import require_any_role
from models.services.policies import effective
from models.services.units import own_unit
from models.store import tables as t


def propose_open(session: Session, actor: Actor, values: Mapping[str, str], reason: str = "") -> str:
    """Ask for an account for somebody in one of the tier's posts; the id of the change, submitted.

    `values`: the fields of `domain.monitoring.FIELDS`; without a user name it is the one by the rule (A17).
    Raises DataFaultError for a post without a right, a full quota, gaps (A3, A16), a name read in several ways,
    NotAllowedError.
    """
    _require(actor, MONITORING_OPEN)
    after = _normalised(values, FIELDS)
    if after.get("name") and not after.get("username"):
        after["username"] = _username_for(session, after)
    draft = Draft(MONITORING_OPEN, new_id(), _label(after), {}, after, 0, checked_reason(reason))
    return _handed_in(session, actor, draft)


def propose_post(session: Session, actor: Actor, account: str, values: Mapping[str, str], reason: str) -> str:
    """Ask for another post of the holder of an account; the id of the change, submitted (A4).

    It takes effect once the province has filed it. `account`: id, user name or name. Raises as `propose_open`.
    """
    _require(actor, MONITORING_POST)
    row = find_account(session, account)
    refuse_open_overlap(session, row.id, {})
    present = values_of(row)
    after = {key: text for key, text in _normalised(values, CHANGED_BY_POST).items() if text != present[key]}
    if "post" not in after:
        raise DataFaultError(f"新的岗位与现在相同（{row.post}），没有需要变动的内容。")
    before = {key: present[key] for key in after}
    draft = Draft(MONITORING_POST, row.id, _label(present), before, after, 0, _reason(reason, MONITORING_POST))
    return _handed_in(session, actor, draft)


def propose_close(session: Session, actor: Actor, account: str, reason: str) -> str:
    """Ask for the end of an account; the id of the change, submitted. Raises UserError, NotAllowedError."""
    _require(actor, MONITORING_CLOSE)
    row = find_account(session, account)
    refuse_open_overlap(session, row.id, {})
    draft = Draft(MONITORING_CLOSE, row.id, _label(values_of(row)), {}, {}, 0, _reason(reason, MONITORING_CLOSE))
    return _handed_in(session, actor, draft)


def find_account(session: Session, text: str) -> Row[tuple[object, ...]]:
    """The own account in use of that id, user name or name. Raises UserError when it is none or several."""
    c = t.monitoring_account.c
    query = select(t.monitoring_account).where(c.unit_id == own_unit(session).id, c.state == "active")
    rows = session.execute(query.where(or_(c.id == text, c.username == text, c.name == text)).limit(2)).all()
    if len(rows) != 1:
        said = "有多个" if rows else "没有"
        raise UserError(f"{said}用户名或姓名是“{text}”的在用质量监控账户，请用 monitoring list 查看。")
    return rows[0]


def _require(actor: Actor, kind: ChangeKind) -> None:
    require_any_role(actor, kind.initiators, f"发起“{kind.label}”")
    if actor.unit.line is not Line.OPEN:
        raise NotAllowedError("质量监控账户属于开放教育，本单位不办理。")


def _username_for(session: Session, record: Mapping[str, str]) -> str:
    """The user name by the rule, free among the monitoring accounts known here. Raises DataFaultError."""
    taken = set(session.scalars(select(t.monitoring_account.c.username)))
    (proposal,) = propose_for([record], check_context(session), taken, effective(session).collision)
    if proposal.username is None or proposal.ambiguous:
        ways = f"姓名有几种读法（{'、'.join(proposal.candidates)}）" if proposal.ambiguous else "无法按规则生成用户名"
        problem = (proposal.problem or ways).rstrip("。")
        raise DataFaultError(f"没有填写用户名：{problem}。请写明 用户名=…。")
    return proposal.username


def _normalised(values: Mapping[str, str], admitted: tuple[str, ...]) -> dict[str, str]:
    others = [field_label(key, ACCOUNTS) for key in values if key not in admitted]
    if others:
        names = "、".join(field_label(key, ACCOUNTS) for key in admitted)
        raise DataFaultError(f"不能填写“{'、'.join(others)}”，可以填写的是：{names}。")
    return {key: text for key, text in normalised(ACCOUNTS, values).items() if text}


def _label(values: Mapping[str, str]) -> str:
    return " ".join(part for part in (values.get("name", ""), values.get("post", "")) if part)


def _reason(text: str, kind: ChangeKind) -> str:
    if not text.strip():
        raise UserError(f"“{kind.label}”须写明原因。")
    return checked_reason(text)


def _handed_in(session: Session, actor: Actor, draft: Draft) -> str:
    """Write and submit in one go; a refusal does not name a number that will not be."""
    (change_id,) = insert_drafts(session, actor, [draft])
    try:
        submit(session, actor, change_id)
    except DataFaultError as error:
        number = find_change(session, change_id).number
        raise DataFaultError(str(error).replace(f"变更 {number} 还不能提交", f"{draft.kind.label}还不能提交")) from None
    return change_id
