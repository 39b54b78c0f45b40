"""The gazetteer: divisions of China by code, and the places of Hebei with their user-name prefixes (A17)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import resources
from models.domain.errors import UserError

CITY_TIER_COUNTIES = ("定州市", "辛集市")
"""Counties the notice lists with the cities: one prefix of their own (A17 e)."""

_ENDINGS = ("特别行政区", "自治州", "自治县", "新区", "林区", "特区", "地区", "自治旗", "市", "区", "县", "盟", "旗")


class PlaceError(UserError):
    """A city or county that is not known, or that several places answer to."""


@dataclass(frozen=True, slots=True)
class Division:
    """A division by its six-digit code; a retired one stands in the numbers of people registered before."""

    code: str
    name: str
    retired: bool
    initials: str


@dataclass(frozen=True, slots=True)
class Place:
    """A city or county of Hebei. `prefix` is the whole prefix of the rule, `others` what is also in use."""

    code: str
    name: str
    is_city: bool
    city_code: str
    short_name: str
    reading: str
    prefix: str
    others: tuple[str, ...]
    note: str

    def answers_to(self, name: str) -> bool:
        """Whether a person may mean this place by `name`: 河间, 河间市, 孟村回族自治县 or 孟村县."""
        return name in (self.name, self.short_name) or (len(self.short_name) > 1 and _bare(name) == self.short_name)


def _bare(name: str) -> str:
    """`name` without its ending; a one-character county keeps 县."""
    ending = next((e for e in _ENDINGS if name.endswith(e)), "")
    bare = name.removesuffix(ending)
    return bare if len(bare) > 1 else name


@cache
def _divisions() -> dict[str, Division]:
    return {
        code: Division(code, name, status == "retired", initials)
        for code, name, status, initials in resources.rows("divisions.tsv")
    }


@cache
def hebei() -> tuple[Place, ...]:
    """Every city and county of Hebei."""
    return tuple(
        Place(code, name, level == "city", city, short, reading, prefix, tuple(others.split()), note)
        for code, name, level, city, short, reading, prefix, others, note in resources.rows("hebei.tsv")
    )


def is_place(name: str) -> bool:
    """Whether `name` is the full name of a city or county of Hebei."""
    return any(place.name == name for place in hebei())


def division(code: str) -> Division | None:
    """The division of `code` (its first six digits count), None when the code was never given out as far as known."""
    return _divisions().get(code[:6])


def region_name(code: str) -> str | None:
    """The names from the province down for a code of six or more digits; None when nothing is known."""
    found = division(code)
    if found is None:
        return None
    above = [_divisions().get(code[:2] + "0000"), _divisions().get(code[:4] + "00")]
    return "".join(dict.fromkeys(d.name for d in [*above, found] if d is not None))


def find_city(name: str) -> Place:
    """The city `name` (沧州, 沧州市; also 定州, 辛集). Raises PlaceError when there is none."""
    name = "".join(name.split())
    found = [p for p in hebei() if (p.is_city or p.name in CITY_TIER_COUNTIES) and p.answers_to(name)]
    if not found:
        cities = "、".join(p.short_name for p in hebei() if p.is_city)
        raise PlaceError(f"“{name}”不是河北省的设区市，也不是定州、辛集。请从这些市中选择：{cities}、定州、辛集。")
    return found[0]


def find_county(city: Place, name: str) -> Place:
    """The county `name` of `city`. Raises PlaceError when there is none."""
    name = "".join(name.split())
    of_city = [p for p in hebei() if not p.is_city and p.city_code == city.code]
    # 承德县 lies in 承德市: the full name wins over the short one.
    found = [p for p in of_city if p.name == name] or [p for p in of_city if p.answers_to(name)]
    if not found:
        elsewhere = "、".join(dict.fromkeys(_city_name(p) for p in hebei() if not p.is_city and p.answers_to(name)))
        hint = f"它属于{elsewhere}，请核对市和县。" if elsewhere else "请核对县（市、区）的名称。"
        raise PlaceError(f"{city.name}没有“{name}”。{hint}")
    return found[0]


def _city_name(county: Place) -> str:
    return next(p.name for p in hebei() if p.is_city and p.code == county.city_code)


def sharing_prefix(place: Place) -> tuple[Place, ...]:
    """Other places with the same prefix (滦南 and 路南 are both tsln): equal names there get equal user names."""
    return tuple(p for p in hebei() if p.prefix == place.prefix and p.name != place.name)
