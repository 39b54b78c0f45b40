"""Worlds that are dear to make: each is made once a test process and copied from then on."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path


@functools.cache
def shelf() -> Path:
    """The folder of this process's worlds; it goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="rollbook-worlds-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def made_once(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """A maker of a folder that makes it the first time and copies it afterwards; nothing in it may know its path."""

    @functools.wraps(make)
    def copied(folder: Path) -> Path:
        kept = shelf() / make.__name__
        if not kept.exists():
            begun = kept.with_name(f"{kept.name}-begun")
            shutil.rmtree(begun, ignore_errors=True)
            begun.mkdir()
            make(begun).rename(kept)
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        return folder

    return copied
