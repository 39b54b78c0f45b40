"""The kinds of change, each declared once: who starts it, what it needs, and where it is decided."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.units import Line, Role, Tier


@dataclass(frozen=True)
class ChangeKind:
    """A kind of change.

    `route` names who decides after the initiator, in order; ("school", head) first, then the bureau (decision 14).
    `lines` it is used in; in the open line every tier reports itself, and `route` shows the lowest (units.reports_own).
    `needs_evidence`: at least one file; `needs_reason`: a reason in words. `clause`: the requirement it comes from.
    `subjects`: the kind of roster whose rows it carries as one batch, "" for a change of one subject. `local`: it ends
    with the unit's own head and takes effect at once; the superior learns of it by a filing (decision 14, D4).
    `register`: the register whose row it changes when that is no roster; `filed`: after the head's approval it waits
    until the province has filed it (A4).
    """

    key: str
    label: str
    lines: tuple[Line, ...]
    initiators: tuple[Role, ...]
    route: tuple[tuple[Tier, Role], ...]
    needs_evidence: bool
    needs_reason: bool
    takes_values: bool
    clause: str
    explanation: str
    subjects: str = ""
    local: bool = False
    register: str = ""
    filed: bool = False

    @property
    def values_of(self) -> str:
        """The kind of roster of which it changes one row; "" for a batch and for a withdrawal."""
        if self.subjects or self.register or not (self.takes_values or self.local):
            return ""
        return ACCOUNTS if self.local else STUDENTS


KEY_FIELD = ChangeKind(
    "student.key_field",
    "关键信息变更",
    (Line.BASIC,),
    (Role.REGISTRAR,),
    ((Tier.SCHOOL, Role.HEAD), (Tier.COUNTY, Role.REGISTRAR)),
    needs_evidence=True,
    needs_reason=True,
    takes_values=True,
    clause="E13-E16",
    explanation="关键信息（受控字段）由学校发起变更并上传证明材料，经本校和主管教育部门核办后生效。",
)
BASELINE = ChangeKind(
    "roster.baseline",
    "名册基线",
    (Line.BASIC,),
    (Role.REGISTRAR,),
    ((Tier.SCHOOL, Role.HEAD), (Tier.COUNTY, Role.REGISTRAR)),
    needs_evidence=False,
    needs_reason=False,
    takes_values=False,
    clause="E7",
    explanation="一次导入的全部学生作为一批，经核办后报上级，作为以后查重和比对的基础。",
    subjects=STUDENTS,
)
ACCOUNT_FILING = ChangeKind(
    "account.filing",
    "账户备案",
    (Line.OPEN,),
    (Role.REGISTRAR,),
    ((Tier.COUNTY, Role.HEAD), (Tier.CITY, Role.REGISTRAR)),
    needs_evidence=False,
    needs_reason=False,
    takes_values=False,
    clause="A9-A11, A13-A15",
    explanation="本单位新增、禁用、更改的教师账户作为一批，经本单位主管领导核办后报上级备案：县校报市校，市校连同县校的报省校。",
    subjects=ACCOUNTS,
)
WITHDRAWAL = ChangeKind(
    "change.withdrawal",
    "撤回申请",
    (Line.BASIC, Line.OPEN),
    (Role.REGISTRAR,),
    ((Tier.SCHOOL, Role.HEAD), (Tier.COUNTY, Role.REGISTRAR)),
    needs_evidence=False,
    needs_reason=True,
    takes_values=False,
    clause="decision 7",
    explanation="已打包的变更在上级核办之前可以申请撤回；上级已经核办的，撤回不再生效。",
)


def _local(
    key: str, label: str, clause: str, explanation: str, *, batch: bool = False, reason: bool = True
) -> ChangeKind:
    """A change of accounts that the unit's own head decides, at every tier and in both lines (A8)."""
    return ChangeKind(
        key,
        label,
        (Line.BASIC, Line.OPEN),
        (Role.REGISTRAR, Role.ADMINISTRATOR),
        ((Tier.SCHOOL, Role.HEAD),),
        needs_evidence=False,
        needs_reason=reason,
        takes_values=False,
        clause=clause,
        explanation=explanation,
        subjects=ACCOUNTS if batch else "",
        local=True,
    )


ACCOUNT_CREATE = _local(
    "account.create",
    "新建账户",
    "A8, A16, A17",
    "一批新账户，经本单位主管领导批准后启用；姓名、性别、邮箱、办公电话、聘任方式、是否在编须真实填写。",
    batch=True,
    reason=False,
)
ACCOUNT_RENAME = _local(
    "account.rename", "账户更名", "A6, A13, A17", "更正姓名或更改用户名，经本单位主管领导批准后生效。"
)
ACCOUNT_DISABLE = _local("account.disable", "禁用账户", "A8, A12", "禁用账户须写明原因，经本单位主管领导批准后生效。")
ACCOUNT_ENABLE = _local("account.enable", "恢复账户", "A8", "恢复已禁用的账户，经本单位主管领导批准后生效。")

MONITORING = "monitoring"
"""The register of quality-monitoring accounts."""


def _monitoring(key: str, label: str, clause: str, explanation: str, *, filed: bool = False) -> ChangeKind:
    """A change of the monitoring accounts of the open line, decided by the unit's own head."""
    made = _local(key, label, clause, explanation, reason=key != "monitoring.open")
    return replace(made, lines=(Line.OPEN,), register=MONITORING, filed=filed)


MONITORING_OPEN = _monitoring(
    "monitoring.open",
    "开通质量监控账户",
    "A3, A5",
    "在规定岗位和名额之内为一人开通质量监控账户，经本单位主管领导批准后生效，随附件1备案。",
)
MONITORING_POST = _monitoring(
    "monitoring.post",
    "质量监控账户岗位变动",
    "A4",
    "因岗位变动修改权限，经本单位主管领导批准后报省校教务处教学督导与质量监控科，备案后才可修改权限。",
    filed=True,
)
MONITORING_CLOSE = _monitoring(
    "monitoring.close",
    "停用质量监控账户",
    "A3, A5",
    "人员离岗等原因停用质量监控账户，经本单位主管领导批准后生效，随附件1备案。",
)

CHANGE_KINDS: tuple[ChangeKind, ...] = (
    KEY_FIELD,
    BASELINE,
    ACCOUNT_CREATE,
    ACCOUNT_RENAME,
    ACCOUNT_DISABLE,
    ACCOUNT_ENABLE,
    ACCOUNT_FILING,
    MONITORING_OPEN,
    MONITORING_POST,
    MONITORING_CLOSE,
    WITHDRAWAL,
)
CHANGE_KIND: dict[str, ChangeKind] = {kind.key: kind for kind in CHANGE_KINDS}
BASELINE_OF: dict[str, ChangeKind] = {kind.subjects: kind for kind in CHANGE_KINDS if kind.subjects and not kind.local}
"""Kind of roster -> the change that reports it upward."""
FILED: tuple[str, ...] = tuple(kind.key for kind in CHANGE_KINDS if kind.filed)
"""Kinds that go to the province as messages and never in a package of changes (A4)."""
