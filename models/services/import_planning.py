"""Puts the findings of an import together and plans its rows; run again after every edit in the grid."""

from __future__ import annotations

from collections import Counter

from models.domain.fields import ACCOUNTS
from models.domain.findings import Finding, Level, LocatedFinding
from models.exchange.sheets import SheetData
from models.rules.checks import duplicates_inside, missing_columns
from models.rules.classes import class_finding, unlike_classes
from models.services.checking import field_label
from models.services.import_accounts import Place, Said, account_findings
from models.services.import_plan import (
    ERROR_ROW,
    LEFT_OUT_ROW,
    NEW_ROW,
    SAME_ROW,
    CheckedImport,
    Known,
    Matcher,
    Outcome,
    RowPlan,
    joined,
    plan_row,
)

_COMPARED = ("id_number", "name", "sex", "birth_date", "username", "student_number")


def replan(checked: CheckedImport) -> None:
    """Compute findings, proposed user names and plans of all rows from the columns as they now stand."""
    said: Said = []
    subjects: dict[Place, str] = {}
    whole = [joined(checked.known, sheet) if checked.known else [] for sheet in checked.workbook.sheets]
    if checked.known is not None:
        matcher = Matcher(checked.known, checked.kind)
        for place, sheet in enumerate(checked.workbook.sheets):
            for index, (row_id, finding) in enumerate(matcher.match(sheet, whole[place])):
                if (place, index) in checked.left_out:
                    continue
                if row_id:
                    subjects[place, index] = row_id
                if finding:
                    said.append(((place, index), finding))
    if checked.kind == ACCOUNTS:
        said += account_findings(checked, subjects)
    said += _duplicates(checked) + _twice(checked, subjects) + _unlike_classes(checked)
    for place, by_row in enumerate(checked.rule_findings):
        said += [((place, index), finding) for index, findings in by_row.items() for finding in findings]
    said = [one for one in said if one[0] not in checked.left_out]
    faulty = {place for place, finding in said if finding.level is Level.ERROR} | _faulty_cells(checked)
    checked.plans = [
        _plan_sheet(checked, place, whole[place], subjects, faulty, said)
        for place, sheet in enumerate(checked.workbook.sheets)
    ]
    checked.findings = _located(checked, said)


def _faulty_cells(checked: CheckedImport) -> set[Place]:
    """Rows in which reading itself found an error."""
    found: set[Place] = set()
    for place, sheet in enumerate(checked.workbook.sheets):
        rows = {problem.row for problem in sheet.problems if problem.finding.level is Level.ERROR}
        if rows or "name" not in sheet.values:  # without names nobody can be told apart
            nameless = "name" not in sheet.values
            found |= {(place, i) for i, row in enumerate(sheet.rows) if nameless or row in rows}
    return found


def _duplicates(checked: CheckedImport) -> Said:
    """Duplicates over all sheets of the file together."""
    sheets = checked.workbook.sheets
    places = [
        p for place, s in enumerate(sheets) for i in range(len(s.rows)) if (p := (place, i)) not in checked.left_out
    ]
    present = {key for sheet in sheets for key in sheet.values if key in _COMPARED}
    columns = {
        key: [s[index] if (s := sheets[place].values.get(key)) else "" for place, index in places] for key in present
    }
    numbers = [sheets[place].rows[index] for place, index in places]
    return [(places[index], finding) for index, finding in duplicates_inside(checked.kind, columns, numbers)]


def _twice(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """Two rows of the file that speak of the same pupil or account of the store: neither is guessed to be right."""
    rows: dict[str, list[Place]] = {}
    for place, row_id in subjects.items():
        rows.setdefault(row_id, []).append(place)
    message = "文件中有几行对应名册中的同一个人，请只保留一行。"
    finding = Finding("FILE_SAME_SUBJECT", Level.ERROR, "name", message)
    return [(place, finding) for places in rows.values() if len(places) > 1 for place in places]


def class_numbers(checked: CheckedImport) -> dict[str, int]:
    """Pupils in each class, of the rows to import and of the store; pupils of the store who are in the file count
    twice, which makes their class only less unusual."""
    numbers = Counter(checked.known.classes if checked.known else {})
    for place, sheet in enumerate(checked.workbook.sheets):
        names = sheet.values.get("class_name", ())
        numbers.update(name for i, name in enumerate(names) if name and (place, i) not in checked.left_out)
    return dict(numbers)


def _unlike_classes(checked: CheckedImport) -> Said:
    """Classes of a single pupil that are written almost like another class."""
    if checked.kind == ACCOUNTS:
        return []
    unlike = unlike_classes(class_numbers(checked))
    return [
        ((place, index), class_finding(name, unlike[name]))
        for place, sheet in enumerate(checked.workbook.sheets)
        for index, name in enumerate(sheet.values.get("class_name", ()))
        if name in unlike
    ]


def _plan_sheet(
    checked: CheckedImport, place: int, whole: list[str], subjects: dict[Place, str], faulty: set[Place], said: Said
) -> list[RowPlan]:
    known, sheet = checked.known, checked.workbook.sheets[place]
    plans: list[RowPlan] = []
    for index in range(len(sheet.rows)):
        row_id = subjects.get((place, index))
        if (place, index) in checked.left_out:
            plans.append(LEFT_OUT_ROW)
        elif (place, index) in faulty:
            plans.append(ERROR_ROW)
        elif row_id is None or known is None:
            plans.append(NEW_ROW)
        elif whole[index] == known.rows[row_id]:
            plans.append(SAME_ROW)
        else:
            record = sheet.record(index)
            kept = _kept(checked, (place, index), row_id, known, record)
            plan, findings = plan_row(known, row_id, record)
            said += [((place, index), finding) for finding in kept + findings]
            plans.append(plan if plan.outcome is not Outcome.SAME else SAME_ROW)
    return plans


def _kept(checked: CheckedImport, cell: Place, row_id: str, known: Known, record: dict[str, str]) -> list[Finding]:
    """Takes out of a row what was changed in the roster since the same file came before, and names it.

    The file is the older of the two; but a cell that a person fills in now, in the grid, is meant.
    """
    stored, edited = known.values_of(row_id), known.edited.get(row_id, set()) - known.controlled
    differing = [key for key in stored if key in edited and record.get(key, "") not in ("", stored[key])]
    keys = [key for key in differing if (*cell, key) not in checked.as_read]
    if not keys:
        return []
    names, values = "、".join(field_label(key, checked.kind) for key in keys), [record.pop(key) for key in keys]
    message = f"这份文件以前导入过，此后名册中的{names}已改动。本次保留名册中的值；确需改回的，请在名册中修改。"
    return [Finding("STORE_EDITED", Level.WARNING, keys[0], message, values[0])]


def _located(checked: CheckedImport, said: Said) -> list[LocatedFinding]:
    """All findings by place in the file; what reading told already is not told again by a rule."""
    by_sheet: list[list[tuple[int, Finding]]] = [[] for _ in checked.workbook.sheets]
    for (place, index), finding in said:
        by_sheet[place].append((index, finding))
    left_out: list[set[int]] = [set() for _ in checked.workbook.sheets]
    for place, index in checked.left_out:
        left_out[place].add(checked.workbook.sheets[place].rows[index])
    return [
        located
        for sheet, found, without in zip(checked.workbook.sheets, by_sheet, left_out, strict=True)
        for located in _located_in(checked.kind, sheet, found)
        if located.row not in without
    ]


def _located_in(kind: str, sheet: SheetData, said: list[tuple[int, Finding]]) -> list[LocatedFinding]:
    """The findings of one sheet by row and column (A, B ... Z, AA).

    A cell whose text could not be read is empty because of that, which no rule tells as a fault of its own.
    """
    name, rows = sheet.sheet, sheet.rows
    letters = {column.field: column.letter for column in sheet.columns if column.field}
    header = sheet.header_rows[-1] if sheet.header_rows else 0
    found: dict[tuple[int, str, str], LocatedFinding] = {}
    for finding in missing_columns(kind, sheet.values.keys()):
        found[header, finding.code, finding.field] = LocatedFinding(name, header, "", finding)
    for problem in sheet.problems:
        found[problem.row, problem.finding.code, problem.finding.field] = problem
    wrong = (one for one in sheet.problems if one.finding.level is Level.ERROR and one.finding.field in sheet.values)
    unread = {(one.row, one.finding.field) for one in wrong}
    for index, finding in said:
        key = (rows[index], finding.code, finding.field)
        absent = (rows[index], finding.field) in unread and not sheet.values[finding.field][index]
        if key not in found and not absent:
            found[key] = LocatedFinding(name, rows[index], letters.get(finding.field, ""), finding)
    return sorted(found.values(), key=lambda one: (one.row, len(one.column), one.column))
