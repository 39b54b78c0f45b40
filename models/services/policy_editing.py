"""What a tier may write into its own settings under those of the tiers above (E29-E31): refused with a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from models.domain.errors import UserError
from models.domain.places import is_place
from models.domain.policy import DEFAULT_TIER, EffectivePolicy, Policy
from models.domain.policy_settings import (
    SETTING,
    Combining,
    Setting,
    periods_text,
    read_periods,
    read_prefixes,
    read_value,
    shared_periods,
)
from models.rules.businesses import tier_text, tiers_text

NO_VALUES: Final[Mapping[str, str]] = MappingProxyType({})
NO_LOCKS: Final[Mapping[str, bool]] = MappingProxyType({})


def edited(
    above: EffectivePolicy, present: Policy, given: Mapping[str, str], locks: Mapping[str, bool]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Values and locks of a tier after an edit; `above` is what the tiers above set together. Raises UserError."""
    values = dict(present.values)
    for key, text in given.items():
        setting = _known(key)
        kept = judged(setting, text, above)
        if kept:
            values[key] = kept
        else:
            values.pop(key, None)
    locked = {key: True for key in present.locks} | {_lockable(key).key: on for key, on in locks.items()}
    for key in (key for key, on in locks.items() if on):
        if key not in values and key not in above.values:
            raise UserError(f"本级没有设置“{SETTING[key].label}”，不能规定下级不得修改。请先填写数值。")
    return values, tuple(sorted(key for key, on in locked.items() if on and (key in values or key in above.values)))


def judged(setting: Setting, text: str, above: EffectivePolicy) -> str:
    """The value a tier keeps when it writes `text`, "" for setting it no longer; `above` is what the tiers above set.

    Raises UserError for a wrong value and for one the tiers above forbid.
    """
    if not text.strip():
        return ""
    try:
        value = read_value(setting, text)
    except ValueError as error:
        raise UserError(str(error)) from None
    if setting.key == "prefixes":
        _require_places(value)
    superior = above.values.get(setting.key)
    if superior is None or above.origin[setting.key] == (DEFAULT_TIER,):
        return "" if setting.combining is Combining.TIGHTEN and value != setting.tight else value
    return _under(setting, value, superior, above)


def _known(key: str) -> Setting:
    if key not in SETTING:
        raise UserError(f"没有名为“{key}”的政策设置，请核对。可以设置的有：{'、'.join(SETTING)}。")
    return SETTING[key]


def _lockable(key: str) -> Setting:
    setting = _known(key)
    if not setting.lockable:
        raise UserError(f"“{setting.label}”不能规定下级不得修改，只有班额可以。")
    return setting


def _under(setting: Setting, value: str, superior: str, above: EffectivePolicy) -> str:
    """`value` when the superior's admits it. Raises UserError."""
    who, said = tiers_text(above, setting.key), f"{setting.label}：{setting.text(superior)}"
    if setting.key in above.locked:
        if value == superior:
            return value
        tier = tier_text(above.locked[setting.key])
        raise UserError(f"{tier}规定下级不得修改“{setting.label}”，本级沿用上级的设置（{setting.text(superior)}）。")
    if setting.combining is Combining.MINIMUM and int(value) > int(superior):
        raise UserError(
            f"“{setting.label}”不可高于上级：{who}设置为{setting.text(superior)}，请填写不超过 {superior} 的数。"
        )
    if setting.combining is Combining.TIGHTEN and value != setting.tight:
        raise UserError(f"{who}已设置“{said}”，本级不能放宽。")
    if setting.combining is Combining.WINDOW:
        periods, outer = read_periods(value), read_periods(superior) if superior else ()
        if shared_periods(periods, outer) != periods:
            words = periods_text(outer)
            raise UserError(f"“{setting.label}”的办理时间不能超出上级：{who}设置为 {words}，请改在此范围内。")
    return value


def _require_places(value: str) -> None:
    for place in read_prefixes(value):
        if not is_place(place):
            raise UserError(f"“{place}”不是河北省的市、县（市、区）的全称，不能另定缩写。请写全称，例如 蠡县、定州市。")
