"""Qt without a screen, and the window over a real store."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("LANG", "zh_CN.UTF-8")


@pytest.fixture(autouse=True)
def collected_here() -> Iterator[None]:
    """As in the program (ui/collecting.py) no thread of the store ends Qt objects; the main thread does afterwards."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()
