"""When an act on many accounts at once is held until a person confirms it."""

from __future__ import annotations

from typing import Final

MASS_COUNT: Final = 5
MASS_SHARE: Final = 0.10


def is_mass_change(count: int, total: int) -> bool:
    """Whether `count` of `total` is both more than 5 and more than a tenth (issue 4, point 7)."""
    return count > MASS_COUNT and count > MASS_SHARE * total
