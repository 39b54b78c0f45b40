"""The invented units of the two demos and who works there. Nobody here exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from desktop.demo import invented
from models.domain.units import Line, Role, Tier

SECRET: Final = "演示专用口令 {} 2026 不要照用"


@dataclass(frozen=True)
class DemoUnit:
    """A unit of a demo: where its data lies, what it is, whose people work there, and the key of its superior."""

    folder: str
    name: str
    code: str
    tier: Tier
    city: str
    county: str
    people: tuple[tuple[str, Role], ...]
    above: str = ""
    line: Line = Line.BASIC


def _three(surname: str, tier: Tier) -> tuple[tuple[str, Role], ...]:
    """Registrar, head and administrator of one surname; the second character says which."""
    registrar, head = ("录", "校") if tier is Tier.SCHOOL else ("审", "局")
    named = ((registrar, Role.REGISTRAR), (head, Role.HEAD), ("管", Role.ADMINISTRATOR))
    return tuple((surname + last, role) for last, role in named)


def _unit(
    surname: str, name: str, code: str, tier: Tier, where: tuple[str, str], above: str = "", line: Line = Line.BASIC
) -> DemoUnit:
    return DemoUnit(name, name, code, tier, *where, _three(surname, tier), above, line)


_GREEN, _WHITE, _BLACK = ("虚州市", "青禾县"), ("虚州市", "白石县"), ("云州市", "黑水县")
TIERS: Final[Mapping[str, DemoUnit]] = {
    "province": _unit("郑", "虚省教育厅", "130000", Tier.PROVINCE, ("", "")),
    "city": _unit("冯", "虚州市教育局", "139900", Tier.CITY, ("虚州市", ""), "province"),
    "cloud": _unit("陈", "云州市教育局", "139800", Tier.CITY, ("云州市", ""), "province"),
    "green": _unit("褚", "青禾县教育局", "130999", Tier.COUNTY, _GREEN, "city"),
    "white": _unit("卫", "白石县教育局", "130998", Tier.COUNTY, _WHITE, "city"),
    "black": _unit("蒋", "黑水县教育局", "139801", Tier.COUNTY, _BLACK, "cloud"),
    "green_first": _unit("沈", "青禾县第一小学", "2113099901", Tier.SCHOOL, _GREEN, "green"),
    "green_second": _unit("韩", "青禾县第二小学", "2113099902", Tier.SCHOOL, _GREEN, "green"),
    "white_school": _unit("杨", "白石县中心小学", "2113099903", Tier.SCHOOL, _WHITE, "white"),
    "black_school": _unit("朱", "黑水县第一小学", "2113980104", Tier.SCHOOL, _BLACK, "black"),
    "branch": _unit("秦", "示例市分院", "OU02", Tier.CITY, ("唐山市", ""), line=Line.OPEN),
    "centre": _unit("尤", "示例学习中心", "OU0201", Tier.COUNTY, ("唐山市", "路南区"), "branch", Line.OPEN),
}
"""The four tiers, and two units of the open line below them; upper ones first."""

UNITS: Final[Mapping[str, DemoUnit]] = {
    "school": DemoUnit(
        "学校数据", invented.SCHOOL_UNIT, invented.SCHOOL_CODE, Tier.SCHOOL, invented.CITY, invented.COUNTY,
        (("李录", Role.REGISTRAR), ("赵校", Role.HEAD), ("王管", Role.ADMINISTRATOR)), "county",
    ),
    "county": DemoUnit(
        "县局数据", invented.COUNTY_UNIT, invented.COUNTY_CODE, Tier.COUNTY, invented.CITY, invented.COUNTY,
        (("钱审", Role.REGISTRAR), ("孙局", Role.HEAD), ("周管", Role.ADMINISTRATOR)),
    ),
    **TIERS,
}  # fmt: skip


def name_of(unit: str, role: Role) -> str:
    """Who holds a role in a unit."""
    return next(name for name, held in UNITS[unit].people if held is role)


def secret_of(unit: str, role: Role) -> str:
    """That person's passphrase, for invented data only."""
    return SECRET.format(name_of(unit, role))
