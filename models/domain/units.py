"""Units, tiers, lines and roles (decisions 1; E1-E3)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Line(StrEnum):
    """The two education lines that share the program and never decide for each other."""

    OPEN = "open"
    BASIC = "basic"


class Tier(StrEnum):
    """Where a unit stands, lowest first."""

    SCHOOL = "school"
    COUNTY = "county"
    CITY = "city"
    PROVINCE = "province"

    @property
    def rank(self) -> int:
        """0 for a school, one more for every tier above."""
        return list(Tier).index(self)


class Role(StrEnum):
    """What a person may do in a unit. `HEAD` approves at a school and only looks at a bureau (E1, E2)."""

    REGISTRAR = "registrar"
    HEAD = "head"
    ADMINISTRATOR = "administrator"


TIER_LABELS = {Tier.SCHOOL: "学校", Tier.COUNTY: "县级", Tier.CITY: "市级", Tier.PROVINCE: "省级"}
LINE_LABELS = {Line.OPEN: "开放教育", Line.BASIC: "基础教育"}
ROLE_LABELS = {Role.REGISTRAR: "学籍管理员", Role.HEAD: "主管领导", Role.ADMINISTRATOR: "系统管理员"}


@dataclass(frozen=True)
class Unit:
    """A unit as the program refers to it: `id` is a UUID that never changes, `code` a dated attribute."""

    id: str
    name: str
    code: str
    tier: Tier
    line: Line
    city: str = ""
    county: str = ""


@dataclass(frozen=True)
class Actor:
    """The person who carries out a use case; `person_id` is a UUID given by the superior (decision 5)."""

    person_id: str
    name: str
    roles: frozenset[Role]
    unit: Unit

    def has(self, role: Role) -> bool:
        """Whether the person holds `role`."""
        return role in self.roles


def reports_own(unit: Unit) -> bool:
    """Whether a unit reports what it holds itself to a superior, each report approved by its own head.

    In basic education only schools hold anything (E1, E2). In open education every tier is a school as well, with
    accounts of its own (A8-A11); the province has nobody to report to.
    """
    return unit.tier is Tier.SCHOOL or (unit.line is Line.OPEN and unit.tier is not Tier.PROVINCE)


def unit_fault(unit: Unit) -> str | None:
    """Why a unit cannot go by its name or code, or None; both stand in certificates, file names and lists."""
    for label, text in (("单位名称", unit.name), ("单位代码", unit.code)):
        if not text.strip() or text != text.strip() or not text.isprintable() or len(text) > 100:
            return f"{label}不能为空，最长 100 个字，前后不能有空格，也不能含有看不见的字符。请重新填写。"
    return None


def code_fault(code: str, tier: Tier, line: Line) -> str | None:
    """Why `code` cannot be the code of such a unit, in a sentence; None when its form is right.

    A school of basic education has ten digits (JY/T 1001: class 2, province 2, serial 6), a bureau the six of its
    administrative division (GB/T 2260); open education has letters and digits of its own.
    """
    if line is Line.OPEN:
        fits, form = code.isascii() and code.isalnum(), "单位代码只能由字母和数字组成"
    elif tier is Tier.SCHOOL:
        fits, form = _digits(code, 10), "学校标识码应为 10 位数字（办学类别 2 位、省 2 位、顺序码 6 位）"
    else:
        fits, form = _digits(code, 6), "主管部门的代码应为 6 位行政区划代码"
    return None if fits else f"代码“{code}”不对：{form}，请核对。"


def code_doubt(code: str, tier: Tier, line: Line) -> str | None:
    """What is strange about a code of right form; None for nothing."""
    if line is Line.BASIC and tier is Tier.SCHOOL and code[:1] not in "12345":
        return f"学校标识码“{code}”开头的办学类别“{code[:2]}”不常见（应以 1 至 5 开头），请核对。"
    return None


def _digits(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and text.isdigit()


def role_conflict(roles: frozenset[Role]) -> str | None:
    """Why one person cannot hold `roles` together, or None (E1-E3: who enters, who approves and who administers
    are different people; a person holds exactly one)."""
    if not roles:
        return "请给这位操作员指定一个角色。"
    if len(roles) > 1:
        held = "、".join(sorted(ROLE_LABELS[role] for role in roles))
        return f"{held}不能由同一个人担任，请分别指定不同的人。"
    return None
