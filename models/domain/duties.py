"""What people are named for in a unit, each declared once with its clause (A7, A8, B4, E34)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from models.domain.units import Line, Tier


@dataclass(frozen=True)
class Duty:
    """A duty. `lines` where somebody must be named for it, `tiers` in which units; `needs_business`: one for each
    business; `certified`: the person in charge needs a certificate of training (E39)."""

    code: str
    label: str
    clause: str
    what: str
    lines: tuple[Line, ...]
    tiers: tuple[Tier, ...] = tuple(Tier)
    needs_business: bool = False
    certified: bool = False


_SCHOOLS_OF_OPEN: Final = (Tier.COUNTY, Tier.CITY, Tier.PROVINCE)
_BASIC: Final = (Line.BASIC,)

DUTIES: Final[tuple[Duty, ...]] = (
    Duty(
        "account_admin", "账户管理员", "A7, A8", "学习网账户的建立、备案、禁用及其他权限管理",
        (Line.OPEN,), _SCHOOLS_OF_OPEN, certified=True,
    ),
    Duty("operation", "运行维护", "E34", "信息系统的运行维护", _BASIC),
    Duty("security", "系统安全", "E34", "信息系统的安全", _BASIC),
    Duty("training", "培训", "E34", "管理员的培训", _BASIC),
    Duty("support", "技术支持", "E34", "对所辖单位和使用人员的技术支持", _BASIC),
    Duty("monthly", "月报责任人", "E34", "按月上报", _BASIC),
    Duty("roster_admin", "学籍管理员", "E34, E39", "学籍信息的录入、核对和上报", (), certified=True),
    Duty("contact", "业务联系人", "B4", "对接一项业务工作", (Line.OPEN,), _SCHOOLS_OF_OPEN, needs_business=True),
)  # fmt: skip
DUTY: Final = {one.code: one for one in DUTIES}
DUTY_LABELS: Final = {one.code: one.label for one in DUTIES}
PASSED, FAILED, ATTENDED = "passed", "failed", "attended"
RESULT_LABELS: Final = {PASSED: "考试合格", FAILED: "考试不合格", ATTENDED: "参加，未考试"}
WARN_DAYS: Final = 60
"""Days before a certificate ends from which it is told (E39)."""


def required_of(line: Line, tier: Tier) -> tuple[Duty, ...]:
    """The duties for which a unit of that line and tier must have named somebody (A7, B4, E34)."""
    return tuple(one for one in DUTIES if line in one.lines and tier in one.tiers)
