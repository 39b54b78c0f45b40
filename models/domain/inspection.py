"""What a special inspection or a patrol of the platform's accounts can find (A6, A9, A10, A12, D3), declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from models.domain.findings import Level

INSPECTION: Final = "inspection"
PATROL: Final = "patrol"
KIND_LABELS: Final = {INSPECTION: "专项核查", PATROL: "巡查"}
DIMENSION_LABELS: Final = {"legal": "合法性", "accurate": "准确性", "true": "真实性", "complete": "完整性"}
"""The four qualities of data the platform rules ask for (D3)."""
DEFAULT_IDLE_DAYS: Final = 180
LEAST_IDLE_DAYS: Final = 1
MOST_IDLE_DAYS: Final = 3650
LONGEST_NOTE: Final = 500
RECORD: Final = "rollbook.patrol"
"""Type of the signed statement over a closed inspection or patrol."""


@dataclass(frozen=True)
class Code:
    """A kind of finding.

    `clause`: requirement numbers; `basis`: the rule as people know it. `level` ERROR: irregular, to be disabled or put
    right; WARNING: to be looked at. `reason`: code of `domain.orders.REASONS` for which the account is disabled; ""
    when there is nothing to disable in the register. `on_platform`: the register has no such account in use, so only
    the platform can end it. `dimension`: D3. `correct_first`: the account is put right; it is disabled only when
    somebody chooses so.
    """

    key: str
    label: str
    clause: str
    basis: str
    level: Level
    dimension: str
    advice: str
    reason: str = ""
    on_platform: bool = False
    correct_first: bool = False


_IRREGULAR: Final = "账户通知二（一）：不规范账户一律禁用"
_CHECKED: Final = "账户通知二：专项核查，保证真实、完整"
_TRUTHFUL: Final = "账户通知二（二）：须真实填写"
_USERNAMES: Final = "账户通知二（二）2：用户名规则"
_PERSONAL: Final = "平台管理办法第十九条：账号个人唯一，不得出借"

CODES: Final[tuple[Code, ...]] = (
    Code("unknown", "平台上有、名册中没有", "A6, A9, A12", _IRREGULAR, Level.ERROR, "legal",
         "查明是谁的账户：属实的按程序新建并备案，查不到人的在平台上停用", on_platform=True),
    Code("left", "人员已离岗，平台仍可用", "A12", _IRREGULAR, Level.ERROR, "accurate", "立即在平台上停用",
         on_platform=True),
    Code("still_active", "已禁用，平台仍可用", "A12", _IRREGULAR, Level.ERROR, "accurate", "在平台上停用",
         on_platform=True),
    Code("not_real_name", "未实名", "A9, A12, A13", _IRREGULAR, Level.ERROR, "true",
         "更正为本人真实姓名；无法确定本人的，禁用", "real_name"),
    Code("shared", "多人共用", "D6", _PERSONAL, Level.ERROR, "true", "改为一人一户，共用的账户禁用", "shared"),
    Code("duplicate", "一人多户", "A12, D6", _PERSONAL, Level.ERROR, "accurate",
         "保留一个，其余禁用；确需保留的写明理由", "duplicate"),
    Code("username_rule", "用户名不规范", "A9, A12, A17", _IRREGULAR, Level.ERROR, "legal",
         "按规则更名；不能更名的，禁用", "username", correct_first=True),
    Code("unfiled", "未备案", "A9, A12, A15", _IRREGULAR, Level.ERROR, "legal",
         "补报备案；不应存在的，禁用", "unfiled", correct_first=True),
    Code("idle", "长期未登录", "A12", _IRREGULAR, Level.ERROR, "accurate",
         "问明是否还在使用；不再使用的，禁用", "idle"),
    Code("missing", "名册中有、平台上没有", "A6", _CHECKED, Level.WARNING, "accurate",
         "核对平台上是否已删除或改名；确已不用的，禁用", "other", correct_first=True),
    Code("suspended", "名册中使用、平台上已停用", "A6", _CHECKED, Level.WARNING, "accurate",
         "问明停用原因；确已停用的，在名册中禁用", "other", correct_first=True),
    Code("legacy", "旧账户用户名不合规则", "A17", _USERNAMES, Level.WARNING, "legal",
         "保留期内可以继续使用，期满前按规则更名"),
    Code("email_format", "邮箱格式不对", "A6, A16", _TRUTHFUL, Level.WARNING, "accurate", "请本人核对后更正邮箱"),
    Code("phone_format", "电话格式不对", "A6, A16", _TRUTHFUL, Level.WARNING, "accurate",
         "请本人核对后更正电话，座机要带区号"),
    Code("incomplete", "信息不完整", "A6, A16", _TRUTHFUL, Level.WARNING, "complete", "补填空缺的内容"),
)  # fmt: skip
"""The notice ends its list of irregularities with 等, so the table stays open (A12). The order is that of weight:
an account with several findings is disabled for the first one."""
CODE: Final[Mapping[str, Code]] = {code.key: code for code in CODES}
RANK: Final[Mapping[str, int]] = {code.key: place for place, code in enumerate(CODES)}


class FindingState(StrEnum):
    """Where a finding stands. DONE follows from the change or order and is written down when all is closed."""

    OPEN = "open"
    DISMISSED = "dismissed"
    LISTED = "listed"
    DONE = "done"
    OBJECTED = "objected"
    PROVED = "proved"


STATE_LABELS: Final = {
    FindingState.OPEN: "待处理",
    FindingState.DISMISSED: "不予处理",
    FindingState.LISTED: "已列入停用清单",
    FindingState.DONE: "名册已禁用，待平台核实",
    FindingState.OBJECTED: "下级有异议",
    FindingState.PROVED: "已核实",
}
OVERDUE_LABEL: Final = "逾期未停用"
WAITING_LABEL: Final = "未停用（待执行）"
INSPECTION_STATES: Final = {"open": "办理中", "closed": "已办结"}


class Proof(StrEnum):
    """What a later list of the platform said of a finding."""

    SUSPENDED = "suspended"
    GONE = "gone"
    MENDED = "mended"
    STILL = "still"


PROOF_LABELS: Final = {
    Proof.SUSPENDED: "平台已停用",
    Proof.GONE: "平台已无此账户",
    Proof.MENDED: "已改正",
    Proof.STILL: "平台仍是原样",
}

LEFT_OUT_LABELS: Final = {
    "student": "学生账户",
    "elsewhere": "其他单位的账户",
    "repeated": "重复的行",
    "nameless": "没有用户名的行",
}
"""Rows of a list that are not inspected, and why."""


@dataclass(frozen=True, slots=True)
class Found:
    """One finding. `account_id` "" when the register has no such account; `details`: words by what they are about."""

    code: str
    unit_id: str
    username: str
    account_id: str
    label: str
    details: Mapping[str, str]

    @property
    def key(self) -> tuple[str, str]:
        """What is the same finding when the platform is looked at again: its kind and its account."""
        return self.code, self.account_id or self.username

    def to_json(self) -> dict[str, Any]:
        """The finding as its digest covers it."""
        return {
            "code": self.code, "unit": self.unit_id, "username": self.username, "account": self.account_id,
            "label": self.label, "details": dict(self.details),
        }  # fmt: skip


DETAIL_LABELS: Final = {
    "why": "情况",
    "row": "清单位置",
    "platform_name": "平台姓名",
    "register_name": "名册姓名",
    "last_access": "最近登录",
    "until": "保留期限",
    "kept": "保留的账户",
    "with": "相关账户",
    "institution": "平台单位",
    "expected": "应为",
}
