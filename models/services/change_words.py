"""What the steps of a change are called: done, next, and to come."""

from __future__ import annotations

from models.domain.change_kinds import CHANGE_KIND
from models.domain.states import Event, State
from models.domain.units import ROLE_LABELS, TIER_LABELS, Line, Role, Tier

_DONE_TEXT = {
    Event.PROPOSE: "发起变更申请",
    Event.SUBMIT: "提交核办",
    Event.RETURN: "退回补正",
    Event.REFUSE: "不予通过",
    Event.WITHDRAW: "撤回",
    Event.APPROVE: "批准并签名",
    Event.REVOKE: "撤销批准",
    Event.APPLY: "生效",
    Event.SEAL: "打包，待交上级",
    Event.RECEIPT_ACCEPT: "上级通过，变更生效",
    Event.RECEIPT_RETURN: "上级退回补正",
    Event.RECEIPT_REFUSE: "上级不予通过",
    Event.PACKAGE_REFUSED: "上级未能接收包裹，恢复为已批准",
    Event.RECEIPT_WITHDRAWN: "上级同意撤回",
    Event.CONFLICT: "上级已通过，但名册中的值已改变",
}
_NEXT_STEP = {
    State.DRAFT: "填写完整并添加证明材料后，由学籍管理员提交核办。",
    State.PENDING: "等待本单位主管领导核办。",
    State.APPROVED: "等待学籍管理员打包上报。",
    State.SEALED: "已打包，交给上级后等待回执。",
    State.EFFECTIVE: "已办结，名册已更新。",
    State.REFUSED: "已办结，未予通过；如仍需变更，请重新发起。",
    State.WITHDRAWN: "已撤回，不再办理。",
    State.CONFLICT: "已另拟一份变更草稿，请核对名册中的值后处理。",
}
_HAND_IN = "核对无误后，由学籍管理员提交核办。"
_TO_COME: dict[State, tuple[str, ...]] = {
    State.DRAFT: ("submit", "head", "seal", "bureau"),
    State.PENDING: ("head", "seal", "bureau"),
    State.APPROVED: ("seal", "bureau"),
    State.SEALED: ("bureau",),
}
_TO_COME_TEXT = {
    "submit": f"{TIER_LABELS[Tier.SCHOOL]}{ROLE_LABELS[Role.REGISTRAR]}提交",
    "head": f"{TIER_LABELS[Tier.SCHOOL]}{ROLE_LABELS[Role.HEAD]}核办",
    "seal": f"{ROLE_LABELS[Role.REGISTRAR]}打包上报",
    "bureau": f"主管教育部门{ROLE_LABELS[Role.REGISTRAR]}核办",
}
_TO_COME_OPEN = {
    "submit": f"本单位{ROLE_LABELS[Role.REGISTRAR]}提交",
    "head": f"本单位{ROLE_LABELS[Role.HEAD]}核办",
    "seal": _TO_COME_TEXT["seal"],
    "bureau": f"上级{ROLE_LABELS[Role.REGISTRAR]}核办",
}

_DONE_FILED = {
    Event.SEAL: "报省校备案",
    Event.RECEIPT_ACCEPT: "省校已备案，生效，允许修改权限",
    Event.RECEIPT_RETURN: "省校未能接收申请，退回",
    Event.RECEIPT_REFUSE: "省校不予备案",
    Event.APPLY: "已备案，生效，允许修改权限",
    Event.REFUSE: "不予通过，不予备案",
}
_NEXT_FILED = {
    State.APPROVED: "等待省校备案：市校、县校的随下次送件报出，备案后才可修改权限。",
    State.SEALED: "已报省校，等待备案，备案后才可修改权限。",
    State.EFFECTIVE: "已办结，允许修改权限。",
    State.REFUSED: "已办结，未予备案，权限不得修改。",
}
_FILE_TEXT = "省校教务处教学督导与质量监控科备案"


def done_text(kind: str, event: Event) -> str:
    """A step that was taken, in words."""
    return (_DONE_FILED if CHANGE_KIND[kind].filed else _DONE_TEXT).get(event, _DONE_TEXT[event])


def next_step(kind: str, state: State) -> str:
    """What has to happen now; a change that takes no evidence is only checked and handed in."""
    declared = CHANGE_KIND[kind]
    if state is State.DRAFT and not declared.needs_evidence:
        return _HAND_IN
    return (_NEXT_FILED if declared.filed else _NEXT_STEP).get(state, _NEXT_STEP[state])


def steps_to_come(kind: str, state: State, line: Line) -> tuple[str, ...]:
    """The steps still to come, in words; a change of accounts ends with the head, one of a post with its filing."""
    declared, steps = CHANGE_KIND[kind], _TO_COME.get(state, ())
    words = _TO_COME_OPEN if line is Line.OPEN else _TO_COME_TEXT
    if declared.filed:
        return (*(words[step] for step in steps if step in ("submit", "head")), *((_FILE_TEXT,) if steps else ()))
    return tuple(words[step] for step in steps if not declared.local or step in ("submit", "head"))
