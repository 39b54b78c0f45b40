"""The shape of a check: rules with their clause and examples, and the judge that finds their breaches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.findings import Level
from models.domain.units import Line

Values = tuple[str, ...]
"""Values of a check's fields in their order; "" is empty or not there."""

Record = Mapping[str, str]

BOTH = frozenset({STUDENTS, ACCOUNTS})
PUPILS = frozenset({STUDENTS})
TEACHERS = frozenset({ACCOUNTS})


@dataclass(frozen=True)
class Context:
    """What rules know besides the record: the day, the unit's line and code, and its naming (prefix, spelling of ü).

    `prefixes`: those set otherwise for places (A17 d); `strict`: codes of warnings the policy makes errors;
    `employment`: the values 聘任方式 may have, () for those of the code table (A16).
    """

    today: date
    line: Line = Line.BASIC
    unit_code: str = ""
    prefix: str = ""
    ue: str = "v"
    prefixes: Mapping[str, str] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()
    employment: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """One rule. `good` and `bad` are records that keep and break it; the tests run them."""

    code: str
    level: Level
    clause: str
    good: tuple[Record, ...]
    bad: tuple[Record, ...]


Broken = tuple[str, str]
"""A breach: (code of the rule, sentence); `{label}` in it stands for the label of the field it is shown at."""

Judge = Callable[[Values, Context], tuple[Broken, ...]]


@dataclass(frozen=True)
class Check:
    """A judge over groups of fields; a group holds the values the verdict depends on, and on nothing else.

    The finding is shown at the group's first field, or at the place in the group that `shown_at` names for its code.
    The judge is asked only where the first field has a value; with `asks_for_values` only where it is an empty cell.
    A column the list has not is told once for the file (`missing_columns`), never for a row.
    """

    rules: tuple[Rule, ...]
    kinds: frozenset[str]
    groups: tuple[tuple[str, ...], ...]
    judge: Judge
    asks_for_values: bool = False
    shown_at: Mapping[str, int] | None = None


def error(code: str, clause: str, good: Record, *bad: Record) -> Rule:
    """A rule whose breach keeps the row out."""
    return Rule(code, Level.ERROR, clause, (good,), bad)


def warning(code: str, clause: str, good: Record, *bad: Record) -> Rule:
    """A rule whose breach is shown and lets the row in."""
    return Rule(code, Level.WARNING, clause, (good,), bad)
