"""The rules' engine: one record at a time, or a whole table by column with the same result.

A verdict depends on the values of its group of fields alone, so a table needs one verdict for each distinct
combination of values; on a school's roster that is a small part of its cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from models.domain.fields import FIELDS_OF
from models.domain.findings import Finding, Level
from models.rules.about_accounts import ACCOUNT_CHECKS
from models.rules.about_agreement import AGREEMENT_CHECKS
from models.rules.about_family import FAMILY_CHECKS
from models.rules.about_fields import FIELD_CHECKS
from models.rules.about_identity import IDENTITY_CHECKS
from models.rules.about_presence import PRESENCE_CHECKS, missing_columns
from models.rules.duplicates import duplicates_inside
from models.rules.rule import Broken, Check, Context, Judge, Rule, Values

__all__ = ["CHECKS", "RULES", "Context", "check_columns", "check_record", "duplicates_inside", "missing_columns"]

CHECKS: tuple[Check, ...] = (
    *PRESENCE_CHECKS,
    *FIELD_CHECKS,
    *IDENTITY_CHECKS,
    *AGREEMENT_CHECKS,
    *FAMILY_CHECKS,
    *ACCOUNT_CHECKS,
)
RULES: tuple[Rule, ...] = tuple(rule for check in CHECKS for rule in check.rules)
"""Every rule, in the order of the checks."""


@dataclass(frozen=True, slots=True)
class _Group:
    """A check on one group of fields of a kind of list."""

    fields: tuple[str, ...]
    judge: Judge
    asks_for_values: bool
    shown_at: Mapping[str, int]


@cache
def _levels() -> dict[str, Level]:
    return {rule.code: rule.level for rule in RULES}


@cache
def _groups(kind: str) -> tuple[_Group, ...]:
    """The groups of `kind` in the order of CHECKS; raises KeyError for an unknown kind."""
    declared = {field.key for field in FIELDS_OF[kind]}
    return tuple(
        _Group(fields, check.judge, check.asks_for_values, check.shown_at or {})
        for check in CHECKS
        if kind in check.kinds
        for fields in check.groups
        if fields[0] in declared
    )


@cache
def _label(kind: str, field: str) -> str:
    return next(declared.label for declared in FIELDS_OF[kind] if declared.key == field)


def _findings(kind: str, group: _Group, values: Values, broken: tuple[Broken, ...], context: Context) -> list[Finding]:
    found = []
    for code, message in broken:
        place = group.shown_at.get(code, 0)
        field = group.fields[place]
        text = message.replace("{label}", _label(kind, field))
        level = Level.ERROR if code in context.strict else _levels()[code]
        found.append(Finding(code, level, field, text, values[place]))
    return found


def check_record(kind: str, record: Mapping[str, str], context: Context) -> list[Finding]:
    """Judge one record of `kind` (students, teachers); values are normalised text, "" or absent for empty.

    A key that is there with "" is an empty cell and may be asked for; an absent key is a column the list has not.
    """
    found: list[Finding] = []
    for group in _groups(kind):
        first = record.get(group.fields[0])
        if first is not None and group.asks_for_values is not bool(first):
            values = tuple([record.get(field, "") for field in group.fields])
            found += _findings(kind, group, values, group.judge(values, context), context)
    return found


def check_columns(kind: str, values: Mapping[str, Sequence[str]], context: Context) -> list[tuple[int, Finding]]:
    """`check_record` for every row of columns of equal length: (row index from 0, finding), by row.

    The findings of a row come in the order of `check_record`.
    """
    empty = [""] * len(next(iter(values.values()), ()))
    distinct = {field: frozenset(column) for field, column in values.items()}
    rows: dict[int, list[Finding]] = {}
    for group in _groups(kind):
        firsts = distinct.get(group.fields[0], frozenset())
        if (group.asks_for_values and "" in firsts) or (not group.asks_for_values and firsts - {""}):
            columns = [values.get(field, empty) for field in group.fields]
            _judge_columns(kind, group, columns, firsts, context, rows)
    return [(row, finding) for row in sorted(rows) for finding in rows[row]]


def _judge_columns(
    kind: str,
    group: _Group,
    columns: list[Sequence[str]],
    firsts: frozenset[str],
    context: Context,
    rows: dict[int, list[Finding]],
) -> None:
    """Add the findings of one group to `rows`; one verdict for each distinct combination of values."""
    alone = len(columns) == 1
    combinations: Iterable[Values] = zip(firsts, strict=True) if alone else set(zip(*columns, strict=True))
    wrong: dict[Values, list[Finding]] = {}
    judge, asks_for_values = group.judge, group.asks_for_values
    for values in combinations:
        if asks_for_values is not bool(values[0]) and (broken := judge(values, context)):
            wrong[values] = _findings(kind, group, values, broken, context)
    if wrong:
        for row, values in enumerate(zip(*columns, strict=True)):
            if found := wrong.get(values):
                rows.setdefault(row, []).extend(found)
