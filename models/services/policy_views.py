"""Every setting as people look at it: what holds, which tier set it, what each tier says (E16, E29-E31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.domain.fields import STUDENT_FIELDS
from models.domain.policy import EffectivePolicy, Policy
from models.domain.policy_settings import SETTINGS, Combining, Setting
from models.domain.times import local_day
from models.rules.businesses import tier_text, tiers_text
from models.services import policies
from models.services.units import own_unit


@dataclass(frozen=True)
class Saying:
    """What one tier sets; `holds` is False when one above is stricter or has locked it."""

    tier: str
    text: str
    locks: bool
    holds: bool


@dataclass(frozen=True)
class SettingView:
    """One setting: `text` what holds ("" for no restriction), `origin` the tiers that set it (keys) and in words,
    `locked_by` the tier that forbids a change below, `said` what each tier says, nearest first."""

    key: str
    label: str
    group: str
    clause: str
    value: str
    text: str
    origin: tuple[str, ...]
    origin_text: str
    locked_by: str
    said: tuple[Saying, ...]


@dataclass(frozen=True)
class PolicyView:
    """What holds for this unit and how it came about; `controlled`: field key, label and the tiers that set it;
    `versions` in words; `above` what the tiers above set together, which the own settings must keep to."""

    effective: EffectivePolicy
    above: EffectivePolicy
    controlled: tuple[tuple[str, str, str], ...]
    settings: tuple[SettingView, ...]
    versions: str
    own: Policy
    own_is_draft: bool
    coming: tuple[policies.TierPolicy, ...]


def view(session: Session) -> PolicyView:
    """Every setting with its value, the tiers it comes from, what each tier says, and what is still to come."""
    tiers = policies.tiers_in_force(session)
    effective = policies.effective(session)
    controlled = tuple(
        (field.key, field.label, tiers_text(effective, field.key))
        for field in STUDENT_FIELDS
        if field.key in effective.controlled_fields
    )
    return PolicyView(
        effective,
        policies.above(session, own_unit(session)),
        controlled,
        tuple(_setting_view(setting, effective, tiers) for setting in SETTINGS),
        _versions(effective, tiers),
        policies.own(session),
        policies.own_is_draft(session),
        tuple(policies.coming(session)),
    )


def _versions(effective: EffectivePolicy, tiers: Sequence[policies.TierPolicy]) -> str:
    each = "、".join(f"{tier_text(one.tier)}第 {one.version} 版" for one in tiers)
    return f"总第 {effective.version} 版（{each}）" if each else ""


def _setting_view(setting: Setting, effective: EffectivePolicy, tiers: Sequence[policies.TierPolicy]) -> SettingView:
    key = setting.key
    value = effective.values.get(key)
    said = tuple(
        Saying(
            tier_text(one.tier),
            setting.text(one.policy.values.get(key, "")),
            key in one.policy.locks,
            one.tier not in effective.overruled.get(key, ()),
        )
        for one in tiers
        if one.policy.speaks_of(setting)
    )
    return SettingView(
        key,
        setting.label,
        setting.group.value,
        setting.clause,
        value or "",
        "" if value is None else _text(setting, value),
        effective.origin.get(key, ()),
        tiers_text(effective, key),
        tier_text(effective.locked[key]) if key in effective.locked else "",
        said,
    )


def _text(setting: Setting, value: str) -> str:
    return "没有共同的办理时间" if setting.combining is Combining.WINDOW and not value else setting.text(value)


def policy_text(policy: Policy) -> str:
    """One tier's own settings in words, in one line."""
    labels = {field.key: field.label for field in STUDENT_FIELDS}
    fields = "、".join(labels.get(key, key) for key in policy.controlled_fields)
    parts = [f"加设受控字段 {fields or '无'}"]
    for setting in SETTINGS:
        if policy.speaks_of(setting):
            lock = "（下级不得修改）" if setting.key in policy.locks else ""
            parts.append(f"{setting.label} {setting.text(policy.values.get(setting.key, ''))}{lock}")
    return "，".join([*parts, f"自 {local_day(policy.effective_from)} 起生效"])
