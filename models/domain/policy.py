"""What a tier sets for the units below it, and how the tiers' settings combine (decision 15; E16)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.domain.fields import DEFAULT_CONTROLLED

UE_SPELLINGS = ("v", "yu", "u")
COLLISIONS = ("number2", "number01", "staff_number", "refuse")
COLLISION_LABELS: dict[str, str] = {
    "number2": "第二人起加 2、3……",
    "number01": "第二人起加 01、02……",
    "staff_number": "加工号",
    "refuse": "不自动处理，由人指定",
}


@dataclass(frozen=True)
class Policy:
    """One tier's own settings: controlled field keys, spelling of ü, and what happens to equal user names."""

    version: int = 0
    controlled_fields: tuple[str, ...] = ()
    ue: str | None = None
    collision: str | None = None
    effective_from: str = ""

    def to_json(self) -> dict[str, Any]:
        """The policy as it stands in a signed policy package."""
        return {**asdict(self), "controlled_fields": list(self.controlled_fields)}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Policy:
        """Read `to_json`'s form; unknown keys are left alone. Raises KeyError, TypeError or ValueError."""
        fields = body["controlled_fields"]
        if not isinstance(fields, list) or not all(isinstance(f, str) for f in fields):
            raise ValueError("controlled_fields")
        ue, collision = body.get("ue"), body.get("collision")
        if ue not in (None, *UE_SPELLINGS) or collision not in (None, *COLLISIONS):
            raise ValueError("naming")
        return cls(int(body["version"]), tuple(fields), ue, collision, str(body.get("effective_from", "")))


@dataclass(frozen=True)
class EffectivePolicy:
    """What holds for a unit, with the tier each value comes from (origin: field key or setting -> tier names)."""

    controlled_fields: frozenset[str]
    ue: str
    collision: str
    version: int
    origin: Mapping[str, tuple[str, ...]]


def combine(tiers: Iterable[tuple[str, Policy]]) -> EffectivePolicy:
    """Combine (tier name, policy) pairs, nearest tier first: controlled fields unite, naming takes the nearest."""
    origin: dict[str, tuple[str, ...]] = {key: ("default",) for key in DEFAULT_CONTROLLED}
    ue = collision = ""
    version = 0
    for name, policy in tiers:
        for key in policy.controlled_fields:
            origin[key] = (*origin.get(key, ()), name)
        if policy.ue and not ue:
            ue, origin["ue"] = policy.ue, (name,)
        if policy.collision and not collision:
            collision, origin["collision"] = policy.collision, (name,)
        version = max(version, policy.version)
    controlled = frozenset(k for k in origin if k not in ("ue", "collision"))
    origin.setdefault("ue", ("default",))
    origin.setdefault("collision", ("default",))
    return EffectivePolicy(controlled, ue or "v", collision or "number2", version, origin)
