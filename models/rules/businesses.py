"""Whether a business may be done now, by its switch for the stage and its periods, and who set them (E30, E31)."""

from __future__ import annotations

from collections.abc import Iterable

from models.domain.policy import DEFAULT_TIER, EffectivePolicy
from models.domain.policy_settings import BUSINESS, STAGES, periods_text, read_periods, switch_key, window_key
from models.domain.units import TIER_LABELS, Tier

_TIERS = {DEFAULT_TIER: "系统默认", **{tier.value: TIER_LABELS[tier] for tier in Tier}}


def tiers_text(policy: EffectivePolicy, key: str) -> str:
    """The tiers a value comes from, in words."""
    return "、".join(tier_text(name) for name in policy.origin.get(key, ()))


def tier_text(name: str) -> str:
    """A tier by its key in words."""
    return _TIERS.get(name, name)


def closed_because(policy: EffectivePolicy, business: str, stages: Iterable[str], day: str) -> str | None:
    """Why a business cannot be done on `day` (YYYY-MM-DD) for pupils of `stages`; None when it can.

    A pupil whose stage is not known is not held up by a switch.
    """
    label = BUSINESS[business].label
    off = [stage for stage in STAGES if stage in set(stages) and policy.is_tight(business, stage)]
    if off:
        names, tiers = "、".join(STAGES[stage] for stage in off), tiers_text(policy, switch_key(business, off[0]))
        return f"现行政策不允许{names}办理“{label}”（由{tiers}设置）"
    window = policy.window(business)
    if window is None or any(first <= day <= last for first, last in (read_periods(window) if window else ())):
        return None
    tiers = tiers_text(policy, window_key(business))
    if not window:
        return f"不在办理时间内：“{label}”的各级办理时间没有重合的日期（由{tiers}设置），请向上级反映"
    return (
        f"不在办理时间内：“{label}”的办理时间为 {periods_text(read_periods(window))}（由{tiers}设置），{day} 不在其中"
    )
