"""What a tier sets for the units below it, and how the tiers' settings combine (decision 15; E16, E29-E31)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from models.domain.codes import code_table
from models.domain.fields import DEFAULT_CONTROLLED
from models.domain.policy_settings import (
    COLLISION_LABELS,
    COLLISIONS,
    SETTING,
    SETTINGS,
    UE_SPELLINGS,
    Combining,
    Setting,
    class_size_key,
    read_periods,
    read_prefixes,
    read_value,
    read_words,
    shared_periods,
    switch_key,
    window_key,
    write_periods,
)

__all__ = [
    "COLLISIONS",
    "COLLISION_LABELS",
    "DEFAULT_TIER",
    "UE_SPELLINGS",
    "EffectivePolicy",
    "Policy",
    "combine",
]

DEFAULT_TIER: Final = "default"
"""Origin of what the program itself sets."""

_FIRST_FORM: Final = ("ue", "collision")
"""Settings that stand at the top of a policy's body since its first form, where older programs look for them."""


@dataclass(frozen=True)
class Policy:
    """One tier's own settings. `values`: setting -> text; `locks`: settings those below must not change (E29)."""

    version: int = 0
    controlled_fields: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    locks: tuple[str, ...] = ()
    effective_from: str = ""

    @property
    def ue(self) -> str | None:
        """The spelling of ü this tier sets."""
        return self.values.get("ue")

    @property
    def collision(self) -> str | None:
        """What this tier lets happen to equal user names."""
        return self.values.get("collision")

    def speaks_of(self, setting: Setting) -> bool:
        """Whether this tier sets or locks a setting."""
        return setting.key in self.values or (setting.lockable and setting.key in self.locks)

    def to_json(self) -> dict[str, Any]:
        """The policy as it stands in a signed policy package."""
        return {
            "version": self.version,
            "controlled_fields": list(self.controlled_fields),
            "ue": self.ue,
            "collision": self.collision,
            "settings": {key: text for key, text in sorted(self.values.items()) if key not in _FIRST_FORM},
            "locks": sorted(self.locks),
            "effective_from": self.effective_from,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Policy:
        """Read `to_json`'s form, also the first one without settings; unknown keys and settings are left alone.

        Raises KeyError, TypeError or ValueError for values this program should understand and cannot.
        """
        fields, settings, locks = body["controlled_fields"], body.get("settings", {}), body.get("locks", [])
        for texts in (fields, locks):
            if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
                raise ValueError("controlled_fields, locks")
        if not isinstance(settings, dict):
            raise ValueError("settings")
        values = {key: settings[key] for key in settings if key in SETTING and key not in _FIRST_FORM}
        values |= {key: body[key] for key in _FIRST_FORM if body.get(key) is not None}
        for key, text in values.items():
            if not isinstance(text, str) or read_value(SETTING[key], text) != text:
                raise ValueError(key)
        known = tuple(key for key in locks if key in SETTING and SETTING[key].lockable)
        return cls(int(body["version"]), tuple(fields), values, known, str(body.get("effective_from", "")))


@dataclass(frozen=True)
class EffectivePolicy:
    """What holds for a unit, and which tiers each value comes from.

    `origin`: field key or setting -> tiers, nearest first; `locked`: setting -> the tier that forbids a change below;
    `overruled`: setting -> tiers whose own value does not hold because one above is stricter or locked;
    `version`: sum of the tiers' versions, so that it grows with every new policy of any tier and is the same for all
    units under the same policies; `versions`: tier -> version.
    """

    controlled_fields: frozenset[str]
    values: Mapping[str, str]
    version: int
    origin: Mapping[str, tuple[str, ...]]
    locked: Mapping[str, str]
    overruled: Mapping[str, tuple[str, ...]]
    versions: Mapping[str, int]

    @property
    def ue(self) -> str:
        """The spelling of ü (A17 c)."""
        return self.values["ue"]

    @property
    def collision(self) -> str:
        """What happens to equal user names (A17 b)."""
        return self.values["collision"]

    @property
    def legacy_until(self) -> str:
        """The last day irregular older user names are tolerated; "" for no end (A17 a)."""
        return self.values.get("legacy_until", "")

    @property
    def prefixes(self) -> dict[str, str]:
        """Prefixes set otherwise for places, by full name (A17 d)."""
        return read_prefixes(self.values.get("prefixes", ""))

    @property
    def employment(self) -> tuple[str, ...]:
        """The values 聘任方式 may have: codes of the usual list, else own words; () for the usual list (A16)."""
        table, text = code_table("employment"), self.values.get("employment_words", "")
        return tuple(dict.fromkeys(table.code_of(word) or word for word in read_words(text))) if text else ()

    def class_size(self, stage: str) -> int | None:
        """The most pupils a class of a stage may have; None for no limit (E29)."""
        text = self.values.get(class_size_key(stage), "")
        return int(text) if text else None

    def is_tight(self, business: str, stage: str) -> bool:
        """Whether a business is closed, or a control exercised, for a stage (E30)."""
        key = switch_key(business, stage)
        return key in SETTING and self.values.get(key) == SETTING[key].tight

    def window(self, business: str) -> str | None:
        """Periods of a business as text; "" for none in common, None for any time (E31)."""
        return self.values.get(window_key(business))


def combine(tiers: Iterable[tuple[str, Policy]]) -> EffectivePolicy:
    """Combine (tier name, policy) pairs, nearest tier first (decision 15).

    Controlled fields and switches unite, class sizes are the smallest unless a tier above has locked its own,
    periods are those all tiers share, naming is the nearest tier's.
    """
    nearest = list(tiers)
    origin: dict[str, tuple[str, ...]] = {key: (DEFAULT_TIER,) for key in DEFAULT_CONTROLLED}
    for name, policy in nearest:
        for key in policy.controlled_fields:
            origin[key] = (*origin.get(key, ()), name)
    controlled = frozenset(origin)
    values: dict[str, str] = {}
    locked: dict[str, str] = {}
    overruled: dict[str, tuple[str, ...]] = {}
    for setting in SETTINGS:
        said = [(name, policy) for name, policy in nearest if policy.speaks_of(setting)]
        result = _COMBINERS[setting.combining](setting, said)
        if result.value is not None:
            values[setting.key], origin[setting.key] = result.value, result.origin
        elif setting.default:
            values[setting.key], origin[setting.key] = setting.default, (DEFAULT_TIER,)
        locked |= {setting.key: result.locked} if result.locked else {}
        overruled |= {setting.key: result.overruled} if result.overruled else {}
    versions = {name: policy.version for name, policy in nearest}
    return EffectivePolicy(controlled, values, sum(versions.values()), origin, locked, overruled, versions)


@dataclass(frozen=True)
class _Result:
    value: str | None = None
    origin: tuple[str, ...] = ()
    locked: str = ""
    overruled: tuple[str, ...] = ()


Said = Sequence[tuple[str, Policy]]
"""The tiers that set a setting, nearest first."""


def _minimum(setting: Setting, said: Said) -> _Result:
    value: str | None = None
    origin: tuple[str, ...] = ()
    locked = ""
    overruled: list[str] = []
    for name, policy in reversed(said):
        own = policy.values.get(setting.key)
        if own is not None and value is not None and (int(own) > int(value) or (locked and own != value)):
            overruled.insert(0, name)
        elif own is not None:
            origin = (name, *origin) if own == value else (name,)
            value = own
        if setting.key in policy.locks and value is not None:
            locked = locked or name
    return _Result(value, origin, locked, tuple(overruled))


def _tighten(setting: Setting, said: Said) -> _Result:
    names = tuple(name for name, policy in said if policy.values.get(setting.key) == setting.tight)
    return _Result(setting.tight, names) if names else _Result()


def _window(setting: Setting, said: Said) -> _Result:
    value: str | None = None
    overruled: list[str] = []
    for name, policy in reversed(said):
        own = read_periods(policy.values[setting.key])
        shared = own if value is None else shared_periods(own, read_periods(value) if value else ())
        if shared != own:
            overruled.insert(0, name)
        value = write_periods(shared)
    return _Result(value, tuple(name for name, _ in said), "", tuple(overruled)) if said else _Result()


def _nearest(setting: Setting, said: Said) -> _Result:
    return _Result(said[0][1].values[setting.key], (said[0][0],)) if said else _Result()


_COMBINERS: Final = {
    Combining.MINIMUM: _minimum,
    Combining.TIGHTEN: _tighten,
    Combining.WINDOW: _window,
    Combining.NEAREST: _nearest,
}
