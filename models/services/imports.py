"""Imports of pupils and accounts from spreadsheets: judge, mend in the grid, then write all or the clean part.

What `check` shows is what `apply` does: both follow the same plan, and a store that changed in between is noticed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, UserError
from models.domain.fields import ACCOUNTS, FIELDS_OF
from models.domain.findings import Finding, LocatedFinding
from models.domain.pause import collector_paused
from models.domain.progress import SILENT, Progress
from models.domain.text import without_blanks
from models.domain.units import Line
from models.exchange.normalise import normalise
from models.exchange.sheets import SheetData, Workbook
from models.rules.checks import Context, check_columns, check_record
from models.rules.classes import unlike_classes
from models.rules.identity import examine
from models.services.checking import check_context
from models.services.import_apply import ImportResult, MassChangeError, apply
from models.services.import_memory import (
    ImportDraft,
    delete_draft,
    list_drafts,
    recall_mapping,
    remember_mapping,
    save_draft,
)
from models.services.import_memory import load_draft as load_draft_workbook
from models.services.import_plan import CellAsRead, CheckedImport, Outcome, RowPlan, snapshot
from models.services.import_planning import class_numbers, replan
from models.store.clock import now_text

__all__ = [
    "CheckedImport",
    "ImportDraft",
    "ImportResult",
    "MassChangeError",
    "Outcome",
    "RowPlan",
    "Suggestion",
    "apply",
    "bare_context",
    "check",
    "delete_draft",
    "leave_out",
    "list_drafts",
    "load_draft",
    "recall_mapping",
    "remember_mapping",
    "save_draft",
    "set_cell",
    "set_cells",
    "suggestions",
]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value the person may take with one click; `label` says where it comes from."""

    label: str
    value: str
    field: str


def bare_context(kind: str) -> Context:
    """The context of a check without a store."""
    line = Line.OPEN if kind == ACCOUNTS else Line.BASIC
    return Context(today=date.fromisoformat(now_text()[:10]), line=line, unit_code="", prefix="", ue="v")


def check(
    session: Session | None, workbook: Workbook, context: Context | None = None, progress: Progress = SILENT
) -> CheckedImport:
    """Judge a file and plan every row; with `session` also against the store. Nothing is written.

    Raises FileRefusedError when nothing in the file can be taken over, CancelledError.
    """
    if not any(sheet.rows for sheet in workbook.sheets):
        raise FileRefusedError(f"“{workbook.path.name}”中没有可以导入的数据行，请检查表头下面是否有内容。")
    if context is None:
        context = check_context(session) if session is not None else bare_context(workbook.kind)
    with collector_paused():
        return _judge(session, workbook, context, progress)


def _judge(session: Session | None, workbook: Workbook, context: Context, progress: Progress) -> CheckedImport:
    total = len(workbook.sheets) + 2
    found: list[dict[int, list[Finding]]] = []
    for place, sheet in enumerate(workbook.sheets):
        progress.report(place, total, "检查各列")
        found.append(_sheet_findings(workbook.kind, sheet, context))
    progress.report(total - 2, total, "与名册比对")
    known = snapshot(session, workbook) if session is not None else None
    checked = CheckedImport(workbook, context, known, found)
    progress.report(total - 1, total, "查找重复")
    replan(checked)
    progress.report(total, total, "检查完毕")
    return checked


def _sheet_findings(kind: str, sheet: SheetData, context: Context) -> dict[int, list[Finding]]:
    """The rules' findings of a sheet by row, without user names that the program proposes itself."""
    given = sheet.raw.get("username")
    values = sheet.values
    if "username" in values:
        names = [name if raw else "" for name, raw in zip(values["username"], given or [], strict=True)]
        values = {**values, "username": names}
    by_row: dict[int, list[Finding]] = defaultdict(list)
    for index, finding in check_columns(kind, values, context):
        by_row[index].append(finding)
    return by_row


def load_draft(session: Session, draft_id: str) -> CheckedImport:
    """A saved import, judged anew against the store as it now stands."""
    workbook, chosen, left_out = load_draft_workbook(session, draft_id)
    checked = check(session, workbook)
    checked.chosen, checked.left_out = chosen, left_out
    if chosen or left_out:
        replan(checked)
    return checked


def set_cell(checked: CheckedImport, sheet: int | str, row_index: int, field: str, text: str) -> str:
    """Put `text` into a cell as if it had stood in the file; the normalised value.

    `sheet` is its place in the workbook or its name, `row_index` counts the sheet's data rows from 0. Only this row is
    checked again; duplicates and the plan follow for all. Raises UserError for an unknown field.
    """
    place = sheet if isinstance(sheet, int) else _place_of(checked.workbook, sheet)
    return set_cells(checked, [(place, row_index, field, text)])[0]


def set_cells(checked: CheckedImport, cells: Sequence[tuple[int, int, str, str]]) -> list[str]:
    """`set_cell` for many cells (sheet, row, field, text) with one plan at the end; the normalised values."""
    widths = [len(sheet.values) for sheet in checked.workbook.sheets]
    values = [_put(checked, *cell) for cell in cells]
    for place, row_index in {(place, row_index) for place, row_index, _, _ in cells}:
        data = checked.workbook.sheets[place]
        if len(data.values) == widths[place]:
            checked.rule_findings[place][row_index] = _row_findings(checked, data, row_index)
    for place, data in enumerate(checked.workbook.sheets):
        if len(data.values) != widths[place]:  # a new column is asked for in every row
            checked.rule_findings[place] = _sheet_findings(checked.kind, data, checked.context)
    checked.edits += len(cells)
    with collector_paused():
        replan(checked)
    return values


def leave_out(checked: CheckedImport, rows: Sequence[tuple[int, int]], out: bool = True) -> None:
    """Leave rows (sheet, row index) out of the import, or take them in again; duplicates and plan follow."""
    (checked.left_out.update if out else checked.left_out.difference_update)(rows)
    checked.edits += len(rows)
    with collector_paused():
        replan(checked)


def _put(checked: CheckedImport, place: int, row_index: int, field: str, text: str) -> str:
    data = checked.workbook.sheets[place]
    declared = next((one for one in FIELDS_OF[checked.kind] if one.key == field), None)
    if declared is None:
        raise UserError(f"没有名为“{field}”的字段。")
    before = _as_read(checked, place, row_index, field)
    value, findings = normalise(declared, text)
    for columns in (data.values, data.raw):
        columns.setdefault(field, [""] * len(data.rows))
    data.values[field][row_index] = value
    data.raw[field][row_index] = text
    if field == "username" and checked.kind == ACCOUNTS:
        (checked.chosen.add if value else checked.chosen.discard)((place, row_index))
    row = data.rows[row_index]
    data.problems[:] = [p for p in data.problems if (p.row, p.finding.field) != (row, field)]
    if (
        before is not None and before.raw == text
    ):  # the cell as the file has it, e.g. a number that lost its last digits
        data.values[field][row_index] = before.value
        data.problems += before.problems
        return before.value
    data.problems += [LocatedFinding(data.sheet, row, data.column_of(field), finding) for finding in findings]
    return value


def _as_read(checked: CheckedImport, place: int, row_index: int, field: str) -> CellAsRead | None:
    """What reading gave for a cell, kept at its first edit; None when the file has no such column."""
    data = checked.workbook.sheets[place]
    cell = (place, row_index, field)
    if cell not in checked.as_read and field in data.raw and field in data.values:
        row = data.rows[row_index]
        problems = tuple(p for p in data.problems if (p.row, p.finding.field) == (row, field))
        checked.as_read[cell] = CellAsRead(data.raw[field][row_index], data.values[field][row_index], problems)
    return checked.as_read.get(cell)


def _place_of(workbook: Workbook, name: str) -> int:
    return next(place for place, sheet in enumerate(workbook.sheets) if sheet.sheet == name)


def _row_findings(checked: CheckedImport, data: SheetData, row_index: int) -> list[Finding]:
    """The rules' findings of one row, by the same columns as in `check`."""
    record = {key: column[row_index] for key, column in data.values.items()}
    if "username" in data.raw and not data.raw["username"][row_index]:
        record["username"] = ""
    return check_record(checked.kind, record, checked.context)


def suggestions(checked: CheckedImport, finding: LocatedFinding) -> list[Suggestion]:
    """Values that would mend a finding: from the ID number, without blanks, other readings of a name.

    Never a repaired ID number: its check digit shows that a digit is wrong, not which (ux 0.7).
    """
    found_at = _locate(checked, finding)
    if found_at is None:
        return []
    place, index = found_at
    data = checked.workbook.sheets[place]
    record, key = data.record(index), finding.finding.field
    found = _from_id_number(checked, record, key)
    raw = data.raw.get(key, [""] * len(data.rows))[index]
    bare = without_blanks(raw)
    if key not in ("id_number", "") and raw and bare != raw and bare != record.get(key, ""):
        found.append(Suggestion("去掉空格", bare, key))
    if finding.finding.code == "CLASS_UNLIKE":
        found.append(Suggestion("改为", unlike_classes(class_numbers(checked)).get(record.get(key, ""), ""), key))
    proposal = checked.proposals.get((place, index))
    if proposal and key in ("username", "name"):
        words = {True: "按规则的用户名", False: "另一读音的用户名"}
        found += [Suggestion(words[n == 0], name, "username") for n, name in enumerate(proposal.candidates)]
    return found


def _locate(checked: CheckedImport, finding: LocatedFinding) -> tuple[int, int] | None:
    """Sheet and row of a finding as positions; None for one that speaks of a whole column."""
    for place, sheet in enumerate(checked.workbook.sheets):
        if sheet.sheet == finding.sheet and finding.row in sheet.rows:
            return place, sheet.rows.index(finding.row)
    return None


def _from_id_number(checked: CheckedImport, record: dict[str, str], key: str) -> list[Suggestion]:
    number = record.get("id_number", "")
    said = examine(number, record.get("id_type", ""), checked.context.today) if number else None
    if said is None or said.fault or key not in ("birth_date", "sex", "id_number"):
        return []
    found = []
    if key != "sex" and said.birth and record.get("birth_date") != said.birth:
        found.append(Suggestion("按身份证件号填出生日期", said.birth, "birth_date"))
    if key != "birth_date" and said.sex and record.get("sex") != said.sex:
        found.append(Suggestion("按身份证件号填性别", said.sex, "sex"))
    return found
