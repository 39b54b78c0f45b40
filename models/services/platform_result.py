"""What an export for the platform came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.services.platform_plan import LeftOut


@dataclass(frozen=True, slots=True)
class Result:
    """What was exported: number of the export ("" and 0 for nothing to tell), files, how many of what, who was left
    out and why, a remark on characters the slips could not show."""

    id: str = ""
    number: int = 0
    paths: tuple[Path, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    remark: str = ""
