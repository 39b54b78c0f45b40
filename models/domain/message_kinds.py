"""What units tell each other beside changes: one entry a kind of message (decisions 5, 6, 8; E8-E10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNIT, REGISTRAR, TWO = "unit", "registrar", "two"
DOWN, UP, ANY = "down", "up", "any"
ALWAYS, ON_REFUSAL, NEVER = "always", "on_refusal", "never"


@dataclass(frozen=True)
class MessageKind:
    """A kind of message.

    `signers`: the unit's key alone, one registrar, or an administrator and an officer. `way`: whether it may only go
    down or up the tiers. `traced`: when the units on its way and its receiver tell the origin how it went.
    `awaits`: it stays open at its receiver until a person has dealt with it.
    """

    key: str
    label: str
    signers: str
    clause: str
    way: str = ANY
    traced: str = ALWAYS
    awaits: bool = False


MESSAGE_KINDS: Final[tuple[MessageKind, ...]] = (
    MessageKind("authority", "上级证书链", UNIT, "decision 5", DOWN, ON_REFUSAL),
    MessageKind("directory", "下级单位名录", UNIT, "decision 5", UP, ON_REFUSAL),
    MessageKind("trace", "办理踪迹", UNIT, "decision 7", ANY, NEVER),
    MessageKind("notice", "通知", REGISTRAR, "E16", DOWN, ALWAYS, awaits=True),
    MessageKind("policy", "政策文件", UNIT, "decision 6", DOWN),
    MessageKind("revocation", "证书吊销名单", UNIT, "decision 6"),
    MessageKind("problem.ask", "问题核查", REGISTRAR, "E8-E10", DOWN, awaits=True),
    MessageKind("problem.answer", "核查意见", REGISTRAR, "E8-E10", UP),
    MessageKind("problem.decision", "问题处理决定", REGISTRAR, "E8-E10", DOWN),
    MessageKind("problem.closed", "问题办结通知", UNIT, "E8-E10", DOWN, ON_REFUSAL),
    MessageKind("order.disable", "停用账户通知单", REGISTRAR, "A9-A12", DOWN, awaits=True),
    MessageKind("order.proof", "停用账户回执", UNIT, "A12", UP),
    MessageKind("names.taken", "已占用的用户名", UNIT, "A17 h", DOWN, ON_REFUSAL),
    MessageKind("monitoring.apply", "质量监控账户岗位变动备案申请", UNIT, "A4", UP, awaits=True),
    MessageKind("monitoring.answer", "质量监控账户岗位变动备案结果", REGISTRAR, "A4", DOWN),
    MessageKind("registers.told", "专人和质量监控账户登记", UNIT, "A5, A7", UP, ON_REFUSAL),
    MessageKind("resend", "补发请求", UNIT, "decision 7", ANY, ON_REFUSAL),
    MessageKind("recovery.items", "补回的报送事项", UNIT, "decision 9", DOWN, ON_REFUSAL),
    MessageKind("recovery.rows", "补回的名册", UNIT, "decision 9", DOWN, ON_REFUSAL),
    MessageKind("recovery.units", "补回的下级单位名录", UNIT, "decision 9", DOWN, ON_REFUSAL),
    MessageKind("recovery.evidence", "补回证明材料的签收", UNIT, "decision 9", UP, ON_REFUSAL),
    MessageKind("recovery.receipts", "交回的回执", UNIT, "decision 9", UP, ON_REFUSAL),
    MessageKind("unit.merger", "单位合并决定", UNIT, "decision 5"),
    MessageKind("unit.rows", "随合并转入的名册", UNIT, "decision 14", DOWN),
)
_BY_KEY: Final = {kind.key: kind for kind in MESSAGE_KINDS}


def find_kind(key: str) -> MessageKind | None:
    """The kind of that key; None for one this program does not know."""
    return _BY_KEY.get(key)


def kind_label(key: str) -> str:
    """What a kind is called; an unknown one keeps its key."""
    kind = _BY_KEY.get(key)
    return kind.label if kind else key
