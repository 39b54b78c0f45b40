"""Problems at the units that are asked: the school answers, its bureau confirms, the loser changes (E8-E10)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import KEY_FIELD
from models.domain.errors import DataFaultError, FileRefusedError, NotAllowedError, UserError
from models.domain.problems import CLAIM_LABELS, MAX_EVIDENCE, OUTCOME_LABELS, Claim
from models.domain.signing import canonical
from models.domain.times import local_day
from models.domain.units import Actor, Role
from models.services import problem_log as log
from models.services.change_drafts import attach, propose
from models.services.change_log import OPEN_STATES, find_change
from models.services.evidence import content, sniff
from models.services.permissions import require_role
from models.services.problems import evidence_of
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

LONGEST_OPINION: Final = 1000
MOST_FILES: Final = 20
File = tuple[str, bytes]
"""Name and bytes of an evidence file."""


def answer(
    session: Session,
    actor: Actor,
    problem_id: str,
    claim: Claim,
    opinion: str,
    *,
    files: Sequence[File] = (),
    values: Mapping[str, str] | None = None,
    position: int | None = None,
) -> Row[Any]:
    """Say what this unit holds of its record in a problem; the side as it stands then.

    Keeping needs evidence (E8); changing may name the right `values`, which start a change as a draft with the same
    evidence (E13) and go up with the answer. Raises NotAllowedError, UserError, DataFaultError, FileRefusedError.
    """
    require_role(actor, Role.REGISTRAR, "答复问题核实")
    problem = log.find(session, problem_id)
    side = _own_side(session, actor, problem, position)
    _refuse_late(problem, side.bureau_at, "答复")
    _check_claim(problem, claim, opinion)
    if claim is Claim.KEEP and log.kind_of(problem).proof and not files:
        raise UserError("佐证须附证明材料（户籍部门证明、户口簿或身份证复印件等的扫描件），请添加后再答复。")
    entries = keep_files(session, files)
    number, proposed = side.change_number, side.proposed if claim is Claim.CHANGE else "{}"
    if values:
        if claim is not Claim.CHANGE:
            raise UserError("只有答复“变更”时才填写正确的信息。")
        number = _start_change(session, actor, problem, side, values, opinion, entries)
        proposed = find_change(session, number).after
    said = {
        "claim": claim.value,
        "opinion": opinion.strip(),
        "evidence": canonical(entries).decode(),
        "change_number": number,
        "proposed": proposed,
        "answered_by": actor.name,
        "answered_at": now_text(),
    }
    log.update_side(session, side, said)
    body = {"claim": claim.value, "opinion": opinion.strip(), "evidence": [entry["digest"] for entry in entries]}
    audit.append(session, actor, "problem.answer", f"problem:{problem.id}", body)
    log.restate(session, problem.id)
    return _own_side(session, actor, problem, side.position)


def confirm(
    session: Session, actor: Actor, problem_id: str, claim: Claim, opinion: str, position: int | None = None
) -> Row[Any]:
    """The bureau's own word on its school's answer, which goes up to the unit that decides (E9); the side then.

    Raises NotAllowedError, UserError when the school has not answered or the bureau has spoken already.
    """
    require_role(actor, Role.REGISTRAR, "确认答复")
    problem = log.find(session, problem_id)
    mine = [one for one in log.sides_of(session, problem.id) if one.bureau_id == actor.unit.id]
    side = _chosen(mine, position, "本单位不是任何一方的主管部门，不需要确认。")
    if problem.owner_id == actor.unit.id:
        raise UserError("这个问题由本单位裁定，请直接裁定，不需要另行确认。")
    _refuse_late(problem, side.bureau_at, "确认")
    if side.answered_at is None:
        raise UserError(f"{side.unit_name}还没有答复，收到答复后再确认。")
    _check_claim(problem, claim, opinion)
    if claim != side.claim and not opinion.strip():
        raise UserError("与学校的答复不同，请写明理由。")
    at = now_text()
    said = {"bureau_claim": claim.value, "bureau_opinion": opinion.strip(), "bureau_by": actor.name, "bureau_at": at}
    log.update_side(session, side, said)
    body = {"claim": claim.value, "opinion": opinion.strip(), "unit": side.unit_id}
    audit.append(session, actor, "problem.confirm", f"problem:{problem.id}", body)
    log.restate(session, problem.id)
    return log.sides_of(session, problem.id)[int(side.position)]


def start_change(
    session: Session, actor: Actor, problem_id: str, values: Mapping[str, str], reason: str, position: int | None = None
) -> str:
    """Start the change that a decision (or the own answer) asks of this school, as a draft linked to the problem; its
    number. Raises like `propose`, UserError when the decision asks for none."""
    require_role(actor, Role.REGISTRAR, "按裁定变更")
    problem = log.find(session, problem_id)
    side = _own_side(session, actor, problem, position)
    if problem.closed_at is not None:
        raise UserError("这个问题已经办结，不需要再变更。")
    if (side.outcome or side.claim) != Claim.CHANGE:
        said = OUTCOME_LABELS[Claim(side.outcome)] if side.outcome else "尚未裁定"
        raise UserError(f"对本单位这名学生的裁定是“{said}”，不需要按裁定变更。")
    entries = evidence_of(side) if side.claim == Claim.CHANGE else []
    number = _start_change(session, actor, problem, side, values, reason, entries)
    log.update_side(session, side, {"change_number": number})
    return number


def _start_change(
    session: Session,
    actor: Actor,
    problem: Row[Any],
    side: Row[Any],
    values: Mapping[str, str],
    reason: str,
    entries: Sequence[Mapping[str, Any]],
) -> str:
    """A draft with these values and the evidence of the answer; its number."""
    _refuse_twice(session, side)
    if side.subject_kind != "student":
        raise UserError("教师账户的用户名不走变更申请，请直接在“教师账户”中修改用户名。")
    why = reason.strip() or f"按{log.kind_of(problem).label}问题 {log.short(problem.id)} 的裁定变更"
    change_id = propose(session, actor, KEY_FIELD.key, side.subject_id, values, why)
    for entry in entries:
        data = content(session, entry["digest"])
        if data is not None:
            attach(session, actor, change_id, entry["name"], data, entry["media_type"])
    return str(find_change(session, change_id).number)


def _refuse_twice(session: Session, side: Row[Any]) -> None:
    """The change that this side's answer started is still under way: it is edited, not started again."""
    if side.answered_at is None or not side.change_number:
        return
    if find_change(session, side.change_number).state in OPEN_STATES:
        raise UserError(
            f"本单位已于 {local_day(side.answered_at)} 答复，变更 {side.change_number} 正在办理。"
            "要改正其中的信息，请修改或撤回这个变更。"
        )


def _own_side(session: Session, actor: Actor, problem: Row[Any], position: int | None) -> Row[Any]:
    sides = [one for one in log.sides_of(session, problem.id) if one.unit_id == actor.unit.id]
    side = _chosen(sides, position, "这个问题里没有本单位的学生或账户，由所在学校答复。")
    if side.asked_at is None:
        raise UserError("这个问题还没有下发核实，暂时不能答复。")
    return side


def _chosen(sides: Sequence[Row[Any]], position: int | None, none: str) -> Row[Any]:
    """The side meant: the one at `position`, else the only one. Raises NotAllowedError, UserError."""
    if not sides:
        raise NotAllowedError(none)
    meant = [one for one in sides if position is None or one.position == position]
    if len(meant) != 1:
        choices = "、".join(f"{one.position + 1}（{one.label}）" for one in sides)
        raise UserError(f"这个问题里有本单位负责的几方，请说明是第几方：{choices}。")
    chosen: Row[Any] = meant[0]
    return chosen


def _refuse_late(problem: Row[Any], bureau_at: str | None, act: str) -> None:
    if problem.closed_at is not None:
        raise UserError("这个问题已经办结，不能再答复。")
    if problem.decided_at is not None:
        day = local_day(problem.decided_at)
        raise UserError(f"这个问题已于 {day} 由{problem.decided_by}裁定，不能再{act}。如有异议请与裁定单位联系。")
    if bureau_at is not None:
        raise UserError(f"主管部门已于 {local_day(bureau_at)} 确认并上报，不能再{act}。")


def _check_claim(problem: Row[Any], claim: Claim, opinion: str) -> None:
    kind = log.kind_of(problem)
    if claim not in kind.claims:
        allowed = "、".join(CLAIM_LABELS[one] for one in kind.claims)
        raise UserError(f"“{kind.label}”可以答复的是：{allowed}。")
    if len(opinion.strip()) > LONGEST_OPINION:
        raise DataFaultError(f"说明超过 {LONGEST_OPINION} 个字，请写得简短些。")
    if claim is Claim.DELETE and not opinion.strip():
        raise UserError("答复“删除”请写明原因（如重复建籍、已不在校）。")


def keep_files(session: Session, files: Sequence[File]) -> list[dict[str, Any]]:
    """Keep evidence by its digest; how an answer names it. Raises FileRefusedError for type or size."""
    total = sum(len(data) for _, data in files)
    if total > MAX_EVIDENCE:
        raise FileRefusedError(
            f"证明材料共 {total >> 10} KB，超过 {MAX_EVIDENCE >> 10} KB：材料随答复逐级转交，"
            "请降低分辨率或只留必要的页。"
        )
    if len(files) > MOST_FILES:
        raise FileRefusedError(f"证明材料超过 {MOST_FILES} 个，请合并成一个 PDF 文件。")
    entries: list[dict[str, Any]] = []
    for name, data in files:
        media_type = sniff(data)
        if media_type is None:
            raise FileRefusedError(f"“{name}”不是 JPG、PNG 或 PDF 文件（按内容判断，与扩展名无关），请转换后再添加。")
        digest = hashlib.sha256(data).hexdigest()
        row = {"digest": digest, "media_type": media_type, "size": len(data), "content": data, "added_at": now_text()}
        session.execute(upsert(t.evidence).values(row).on_conflict_do_nothing())
        entries.append({"digest": digest, "name": name, "media_type": media_type, "size": len(data)})
    return entries
