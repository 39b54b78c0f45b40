"""What a check found: the sentence a registrar reads, and where it is in the file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """An error keeps a row out; a warning is shown and lets it in."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of one record: `code` is stable (UPPER_CASE), `message` says what and what to do, in Chinese."""

    code: str
    level: Level
    field: str
    message: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class LocatedFinding:
    """A finding with its place as the spreadsheet counts: `row` from 1, `column` A, B ... ("" when none)."""

    sheet: str
    row: int
    column: str
    finding: Finding


def joined(sentences: Iterable[str]) -> str:
    """Sentences as one without its last stop, each told once; the stops between them give way to `；`."""
    return "；".join(dict.fromkeys(one.rstrip("。") for one in sentences))
