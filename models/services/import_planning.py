"""Puts the findings of an import together and plans its rows; run again after every edit in the grid."""

from __future__ import annotations

from collections import Counter

from models.domain.fields import ACCOUNTS
from models.domain.findings import Finding, Level, LocatedFinding
from models.exchange.sheets import SheetData
from models.rules.checks import duplicates_inside, missing_columns
from models.rules.classes import class_finding, unlike_classes
from models.rules.naming import Proposal
from models.services.accounts.usernames import propose_for
from models.services.checking import field_label
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

Place = tuple[int, int]
"""Sheet and row, both as positions from 0."""
Said = list[tuple[Place, Finding]]

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
        said += _name_accounts(checked, subjects) + _second_accounts(checked, subjects)
    said += _duplicates(checked) + _twice(checked, subjects) + _indistinct(checked) + _unlike_classes(checked)
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


def _indistinct(checked: CheckedImport) -> Said:
    """Teachers of one name, sex and place whom neither an ID number nor a birth date tells apart."""
    if checked.kind != ACCOUNTS:
        return []
    groups: dict[tuple[str, ...], list[Place]] = {}
    for place, sheet in enumerate(checked.workbook.sheets):
        for index in range(len(sheet.rows)):
            record = sheet.record(index)
            if (place, index) in checked.left_out:
                continue
            if record.get("name") and not record.get("id_number") and not record.get("birth_date"):
                key = tuple(record.get(part, "") for part in ("name", "sex", "city", "county"))
                groups.setdefault(key, []).append((place, index))
    message = "文件中有同名、同性别、同单位的人，无法区分是否为同一人，请补填身份证件号或出生日期，或删去重复的行。"
    finding = Finding("FILE_INDISTINCT", Level.ERROR, "name", message)
    return [(place, finding) for places in groups.values() if len(places) > 1 for place in places]


def _second_accounts(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """New rows whose person has an account already; a second one needs its reason in the note (D6)."""
    said: Said = []
    for place, sheet in enumerate(checked.workbook.sheets):
        for index in range(len(sheet.rows)):
            if (place, index) in subjects or (place, index) in checked.left_out or checked.known is None:
                continue
            record = sheet.record(index)
            matches = checked.known.people.matches(record)
            if matches:
                held = matches[0].sentence
                refused = checked.is_created(place, index) and not record.get("note")
                advice = "一人只能有一个账户；确需第二个的，请在“备注”中写明理由" if refused else "请核对是不是同一个人"
                level = Level.ERROR if refused else Level.WARNING
                said.append(((place, index), Finding("SECOND_ACCOUNT", level, "name", f"{held}。{advice}。")))
    return said


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


def _name_accounts(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """User names of a teachers' list: those given are checked, those missing are proposed by the rule (A17)."""
    given: list[Place] = []
    open_: list[Place] = []
    for place, sheet in enumerate(checked.workbook.sheets):
        raw = sheet.raw.get("username", [""] * len(sheet.rows))
        values = sheet.values.setdefault("username", [""] * len(sheet.rows))
        sheet.raw.setdefault("username", raw)
        for index in range(len(sheet.rows)):
            if (place, index) in subjects or (place, index) in checked.left_out:
                continue
            if raw[index] or (place, index) in checked.chosen:
                given.append((place, index))
            else:
                open_.append((place, index))
                values[index] = ""
    return _known_names(checked, subjects) + _given_names(checked, given) + _proposed(checked, given, open_)


def _known_names(checked: CheckedImport, subjects: dict[Place, str]) -> Said:
    """Accounts that are there keep their user name; another one in the file is pointed out."""
    said: Said = []
    for (place, index), row_id in subjects.items():
        assert checked.known is not None
        sheet, own = checked.workbook.sheets[place], checked.known.usernames[row_id]
        raw = sheet.raw["username"][index]
        if raw and sheet.values["username"][index] != own:
            message = f"该账户已有用户名 {own}，导入不改用户名；确需改名请在账户中修改。"
            said.append(((place, index), Finding("USERNAME_KEPT", Level.WARNING, "username", message, raw)))
        elif not raw:
            sheet.values["username"][index] = own
    return said


def _given_names(checked: CheckedImport, given: list[Place]) -> Said:
    """User names that stand in the file or were chosen must not be taken; the rules judge their spelling."""
    said: Said = []
    for place, index in given:
        username, known = checked.workbook.sheets[place].values["username"][index], checked.known
        if known and (username in known.taken or username in known.elsewhere):
            where = "在名册中已被另一人使用" if username in known.taken else "已被其他单位使用"
            message = f"用户名 {username} {where}，请换一个。"
            said.append(((place, index), Finding("USERNAME_TAKEN", Level.ERROR, "username", message, username)))
    return said


def _proposed(checked: CheckedImport, given: list[Place], open_: list[Place]) -> Said:
    sheets, known = checked.workbook.sheets, checked.known
    used = {sheets[place].values["username"][index] for place, index in given}
    taken = (known.taken if known else set()) | used
    records = [sheets[place].record(index) for place, index in open_]
    others = known.elsewhere if known else set()
    proposals = propose_for(records, checked.context, taken, known.collision if known else "number2", others)
    checked.proposals = dict(zip(open_, proposals, strict=True))
    said: Said = []
    for (place, index), proposal in checked.proposals.items():
        sheets[place].values["username"][index] = proposal.username or ""
        finding = _proposal_finding(proposal, others)
        if finding:
            said.append(((place, index), finding))
    return said


def _proposal_finding(proposal: Proposal, elsewhere: set[str]) -> Finding | None:
    """What a person should know of a proposed user name; several readings are told by the rules."""
    username = proposal.username
    if not proposal.name:
        return None  # the missing name has its own finding
    if username is None:
        message = proposal.problem or "无法按规则生成用户名，请手工填写。"
        return Finding("USERNAME_NONE", Level.ERROR, "username", message)
    if username[-1].isdigit():
        bare = username.rstrip("0123456789")
        whose = f"用户名 {bare} 已被其他单位使用" if bare in elsewhere else "已有同名或同音的人使用该用户名"
        message = f"{whose}，按规定加序号为 {username}，请核对。"
        return Finding("USERNAME_NUMBERED", Level.WARNING, "username", message, username)
    return None


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
