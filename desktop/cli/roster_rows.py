"""Rows of the two rosters as lines and as JSON."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from desktop.cli.documents import document
from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.masking import mask
from models.domain.statuses import RECORD_STATUS

InUnit = Annotated[str, typer.Option("--unit", metavar="单位", help="只看这个单位及其下级：名称、代码或标识")]
_LISTED = {
    STUDENTS: ("name", "sex", "birth_date", "id_number", "class_name"),
    ACCOUNTS: ("name", "username", "phone", "email", "post"),
}


def masked(kind: str, values: dict[str, str], shown: frozenset[str] = frozenset()) -> dict[str, str]:
    """The values with numbers masked, but for the fields `shown`."""
    return {
        field.key: values[field.key] if field.key in shown else mask(field, values[field.key])
        for field in FIELDS_OF[kind]
    }


def row_document(kind: str, row: Any, shown: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A row as JSON, its values masked."""
    return {**document(row), "values": masked(kind, row.values, shown)}


def unit_asked(session: Any, text: str) -> str | None:
    """The `unit_id` of a roster query: the unit called `text` with those below it, or all this unit looks after."""
    from models.services import roster
    from models.services.units import unit_by

    return unit_by(session, text).id if text else roster.units_in_care(session)


def unit_names(session: Any, rows: list[Any]) -> dict[str, str]:
    """Names of the units of these rows by id."""
    from models.services import units

    return units.unit_names(session, (row.unit_id for row in rows))


def table_lines(kind: str, rows: list[Any], units: dict[str, str]) -> list[str]:
    """A header and a line a row; with their units at a bureau."""
    from models.services.checking import value_text

    if not rows:
        return []
    labels = {field.key: field.label for field in FIELDS_OF[kind]}
    state = ["状态"] if kind == ACCOUNTS else []
    lines = ["  ".join([*(labels[key] for key in _LISTED[kind]), *state, *(["单位"] if units else []), "内部标识"])]
    for row in rows:
        values = masked(kind, row.values)
        shown = [value_text(key, values[key], kind) or "-" for key in _LISTED[kind]]
        shown += [RECORD_STATUS[row.status]] if state else []
        lines.append("  ".join([*shown, *([units[row.unit_id]] if units else []), row.id]))
    return lines
