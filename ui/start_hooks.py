"""What the composition root lends the window: how bugs are reported, how invented data is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.domain.progress import Progress

MakeDemo = Callable[[Path, Progress], tuple[str, str]]
"""Makes an invented store in the (empty) folder; returns name and passphrase of who is let in."""


@dataclass(frozen=True)
class Hooks:
    """`make_demo` None: the door 演示数据 is not offered."""

    make_demo: MakeDemo | None = None
