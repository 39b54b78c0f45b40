"""The four sample rosters against what is known of them (expected.json uses older keys)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.domain.findings import Level
from models.exchange.reading import read_workbook
from models.exchange.sheets import SheetData, Workbook

ROSTERS = Path(__file__).parent.parent / "data" / "rosters"
EXPECTED: dict[str, dict[str, Any]] = json.loads((ROSTERS / "expected.json").read_text(encoding="utf-8"))
KEYS = {"id": "id_number", "birth": "birth_date", "klass": "class_name"}
SEX = {"男": "1", "女": "2"}
TEACHERS, STUDENTS, CSV, WPS = sorted(EXPECTED)


def read(name: str) -> tuple[Workbook, SheetData, dict[int, dict[str, str]]]:
    workbook = read_workbook(ROSTERS / name)
    assert len(workbook.sheets) == 1
    sheet = workbook.sheets[0]
    return workbook, sheet, {row: sheet.record(i) for i, row in enumerate(sheet.rows)}


def codes(sheet: SheetData, row: int) -> set[str]:
    return {problem.finding.code for problem in sheet.problems if problem.row == row}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_every_person_is_read_and_nobody_else(name: str) -> None:
    _, _, records = read(name)
    assert list(records) == [person.get("row", person.get("line")) for person in EXPECTED[name]["records"]]
    for person in EXPECTED[name]["records"]:
        record = records[person.get("row", person.get("line"))]
        assert record["name"] == person["name"]
        assert record["sex"] == SEX[person.get("sex", person.get("sex_cell"))]


@pytest.mark.parametrize("name", [TEACHERS, STUDENTS, WPS])
def test_sheet_and_header_rows(name: str) -> None:
    _, sheet, _ = read(name)
    assert sheet.sheet == EXPECTED[name]["sheet"]
    assert list(sheet.header_rows) == EXPECTED[name]["header_rows"]


def test_teachers_columns_hidden_parts_and_notes() -> None:
    workbook, sheet, _ = read(TEACHERS)
    expected = EXPECTED[TEACHERS]
    assert workbook.kind == "teachers"
    titles = {column.title: column.field for column in sheet.columns}
    for title, key in expected["header_map"].items():
        assert titles[title] == KEYS.get(key, key)
    assert [s.row for s in workbook.skipped if s.sheet == sheet.sheet] == expected["ignored_rows"]
    assert [s.sheet for s in workbook.skipped if s.row == 0] == expected["hidden_sheets"]
    hidden = [p.row for p in sheet.problems if p.finding.code == "ROW_HIDDEN"]
    assert hidden == expected["hidden_rows"]


def test_teachers_values_and_issues() -> None:
    _, sheet, records = read(TEACHERS)
    for person in EXPECTED[TEACHERS]["records"]:
        row, record = person["row"], records[person["row"]]
        assert record.get("id_number") == person["id"]
        assert record["phone"] == person["phone"]
        assert record["city"] == person["city"]
        assert record.get("county", "") == person["county"]
        assert record["birth_date"] == person["birth_from_id"][: len(record["birth_date"])]
        known = {"ID_STORED_AS_FLOAT": "ID_STORED_AS_NUMBER"}
        issues = {known.get(word := text.split()[0].rstrip(":"), word) for text in person["issues"]}
        issues -= {"NAME_NEEDS_CHOICE"}  # a matter of the naming rules
        assert issues <= codes(sheet, row)
        assert codes(sheet, row) - issues <= {"ROW_HIDDEN", "FORMULA_WITHOUT_VALUE"}


def test_damaged_numbers_are_errors_and_keep_their_raw_text() -> None:
    _, sheet, _ = read(TEACHERS)
    damaged = [p for p in sheet.problems if p.finding.code == "ID_STORED_AS_NUMBER"]
    assert [p.row for p in damaged] == [6, 11, 16, 21, 26]
    for problem in damaged:
        assert problem.finding.level is Level.ERROR
        assert problem.column == "D"
        raw = sheet.raw["id_number"][sheet.rows.index(problem.row)]
        assert raw.endswith("000")
        assert raw[:14].isdigit()


def test_students_values() -> None:
    _, sheet, records = read(STUDENTS)
    assert sheet.rows[-1] == EXPECTED[STUDENTS]["data_rows"][1]
    for person in EXPECTED[STUDENTS]["records"]:
        record = records[person["row"]]
        assert record["birth_date"] == person["birth"]
        assert record["ethnicity"] == person["nation"]
        assert record["entry_date"] == person["entry"]
        assert record["nationality"] == "CHN"
        assert record["id_type"] == "1"
        if person["id"]:
            assert record["id_number"] == person["id"]
        month_first = "DATE_M/D/Y_TEXT ambiguous" in person["issues"]
        assert ("DATE_MONTH_FIRST" in codes(sheet, person["row"])) == month_first
    assert {record["hukou_type"] for record in records.values()} == {"1", "2"}
    assert all(problem.finding.level is Level.WARNING for problem in sheet.problems)


def test_gbk_csv() -> None:
    workbook, _, records = read(CSV)
    assert (workbook.format, workbook.kind) == ("csv", "teachers")
    for person in EXPECTED[CSV]["records"]:
        assert records[person["line"]]["id_number"] == person["id"]
    assert records[11]["name"] == "阿卜杜拉\u00b7玉苏甫"


def test_wps_file_with_the_wrong_name() -> None:
    workbook, _, records = read(WPS)
    assert workbook.format == "xlsx"
    for person in EXPECTED[WPS]["records"]:
        record = records[person["row"]]
        assert record["birth_date"] == person["birth"]
        assert record["id_number"] == person["id"]
        assert len(record["id_type"]) == 1
    assert records[3]["id_type"] == "A"
