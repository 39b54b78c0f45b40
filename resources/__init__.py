"""Data files that ship with the program, found beside this module also in the frozen build."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


def path(name: str) -> Path:
    """Where the data file `name` (relative, with `/`) lies; folders of several files are found the same way."""
    return Path(__file__).resolve().parent / name


def open_text(name: str) -> TextIO:
    """Open the UTF-8 text file `name`. Raises FileNotFoundError when the installation is incomplete."""
    return path(name).open(encoding="utf-8", newline="")


def rows(name: str) -> Iterator[tuple[str, ...]]:
    """The rows of the tab-separated table `name` without its heading; empty cells are ""."""
    with open_text(name) as file:
        next(file)
        for line in file:
            yield tuple(line.rstrip("\r\n").split("\t"))
