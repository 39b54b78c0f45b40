"""A county of the open line with forty schools, and pairs of counties whose prefixes collide, under one province.

The units are invented; the places are real ones, because only those have prefixes (A17 d, h).
"""

from __future__ import annotations

from pathlib import Path

from models.domain.units import Line, Tier, Unit
from tests.kept import made_once
from tests.sync_world import enrol_all, make_apart

SCHOOLS = 40
PAIRS = {
    "tang": ("唐山市", "路南区", "滦南县", "遵化市"),
    "han": ("邯郸市", "复兴区", "肥乡区"),
    "xing": ("邢台市", "襄都区", "信都区"),
    "bao": ("保定市", "清苑区", "曲阳县"),
    "lang": ("廊坊市", "大城县", "大厂回族自治县"),
}
"""Key -> city and counties whose prefixes are one: both give one user name to one name; 遵化 + 安 is 唐山 + 詹."""


def _unit(serial: int, name: str, tier: Tier, city: str = "", county: str = "") -> Unit:
    return Unit(f"00000a00-0000-4000-8000-{serial:012d}", name, f"OU{serial:04d}", tier, Line.OPEN, city, county)


def _tiers() -> dict[str, tuple[Unit, str]]:
    found = {
        "province": (_unit(1, "虚拟省开放大学", Tier.PROVINCE), ""),
        "city": (_unit(2, "丙市分院", Tier.CITY, "沧州市"), "province"),
        "county": (_unit(3, "丙一学习中心", Tier.COUNTY, "沧州市", "河间市"), "city"),
    }
    for number in range(1, SCHOOLS + 1):
        school = _unit(100 + number, f"丙一第{number}教学点", Tier.SCHOOL, "沧州市", "河间市")
        found[f"school{number:02d}"] = (school, "county")
    for place, (key, (city, *counties)) in enumerate(PAIRS.items()):
        found[key] = (_unit(1000 + place * 10, f"第{place + 1}市分院", Tier.CITY, city), "province")
        for order, county in enumerate(counties, 1):
            name = f"第{place + 1}市第{order}学习中心"
            found[f"{key}{order}"] = (_unit(1000 + place * 10 + order, name, Tier.COUNTY, city, county), key)
    return found


COUNTY_TIERS = _tiers()
"""{folder: (unit, folder of its superior)}, upper tiers first."""


@made_once
def make_county(folder: Path) -> Path:
    """All of them, enrolled from the top down."""
    return enrol_all(make_apart(folder, COUNTY_TIERS), COUNTY_TIERS)
