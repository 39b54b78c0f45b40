"""Exports and error workbooks: text stays text, nothing becomes a formula, files appear whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import openpyxl
import pytest

from models.domain.errors import CancelledError, UserError
from models.domain.fields import STUDENT_FIELD, STUDENT_FIELDS, STUDENTS
from models.domain.findings import Finding, Level, LocatedFinding
from models.exchange.reading import read_workbook
from models.exchange.writing import defused, write_error_workbook, write_records

from .spreadsheets import HEAD, PEOPLE, xlsx

FIELDS = [STUDENT_FIELD[key] for key in ("name", "sex", "id_number", "birth_date", "current_address", "phone")]
RECORDS = [
    {
        "name": "赵一",
        "sex": "1",
        "id_number": "130999201209011234",
        "birth_date": "2012-09-01",
        "phone": "+8613900000000",
    },
    {"name": "=1+1", "sex": "9x", "current_address": "@SUM(A1)"},
    {"name": "钱二", "current_address": "-1号楼"},
]


def test_export_comes_back_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    write_records(path, FIELDS, RECORDS, "学生[名册]:2026/10")
    assert [p.name for p in tmp_path.iterdir()] == ["名册.xlsx"]
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert sheet["C2"].value == "130999201209011234"
    assert sheet["C2"].data_type == "s"
    assert sheet["C2"].number_format == "@"
    assert sheet["A3"].value == "'=1+1"
    assert sheet["A3"].data_type == "s"
    assert sheet["E3"].value == "'@SUM(A1)"
    assert sheet.freeze_panes == "A2"
    table = read_workbook(path).sheets[0]
    assert table.record(0) == {**RECORDS[0], "phone": "13900000000"}
    assert table.record(2) == RECORDS[2]


def test_every_field_survives_the_way_out_and_in(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_records(path, STUDENT_FIELDS, [{field.key: "1" for field in STUDENT_FIELDS}], "全部")
    table = read_workbook(path, STUDENTS).sheets[0]
    assert [column.field for column in table.columns] == [field.key for field in STUDENT_FIELDS]
    assert set(table.record(0)) == {field.key for field in STUDENT_FIELDS}


@pytest.mark.parametrize("text", ["=A1", "+1", "-1", "@x", "\t=1", "\r=1"])
def test_defused(text: str) -> None:
    assert defused(text) == "'" + text
    assert defused("1" + text) == "1" + text


def test_error_workbook_can_be_corrected_and_read_again(tmp_path: Path) -> None:
    people = [[*PEOPLE[0], "甲"], [*PEOPLE[1], "=乙"], [*PEOPLE[2], "丙"]]
    workbook = read_workbook(xlsx(tmp_path / "a.xlsx", [["名册"], [*HEAD, "我校备注"], *people]))
    wrong = Finding(
        "ID_CHECKSUM", Level.ERROR, "id_number", "身份证件号有录错的数字，请重新录入。", "130999201209021243"
    )
    odd = Finding("NAME_TRADITIONAL", Level.WARNING, "name", "姓名里有繁体字。", "")
    findings = [
        LocatedFinding("名册", 4, "C", wrong),
        LocatedFinding("名册", 4, "A", odd),
        LocatedFinding("名册", 5, "A", odd),
    ]
    path = tmp_path / "错误.xlsx"
    assert write_error_workbook(path, workbook, findings) == 1
    sheet = openpyxl.load_workbook(path)["名册"]
    assert [cell.value for cell in sheet[1]] == [
        "姓名",
        "性别",
        "身份证件号",
        "出生日期",
        "班号",
        "我校备注",
        "未通过原因",
    ]
    assert sheet["C2"].comment is not None
    assert "录错" in sheet["C2"].comment.text
    assert sheet["G2"].value.startswith("原表第 4 行：身份证件号有录错")
    again = read_workbook(path).sheets[0]
    assert again.record(0) == workbook.sheets[0].record(1)
    assert [column.field for column in again.columns][-2:] == [None, None]
    assert list(again.other) == ["F"]


def test_error_workbook_without_errors(tmp_path: Path) -> None:
    workbook = read_workbook(xlsx(tmp_path / "a.xlsx", [HEAD, *PEOPLE]))
    assert write_error_workbook(tmp_path / "b.xlsx", workbook, []) == 0
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").sheetnames == ["没有错误"]


def test_a_full_disk_gives_a_sentence_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="磁盘已满"):
        write_records(path, FIELDS, RECORDS, "名册")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a.xlsx", b"PK before")]


def test_a_missing_folder_gives_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="不存在"):
        write_records(tmp_path / "没有" / "a.xlsx", FIELDS, RECORDS, "名册")


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    class Stop:
        def report(self, done: int, total: int | None, what: str) -> None:
            raise CancelledError

    with pytest.raises(CancelledError):
        write_records(tmp_path / "a.xlsx", FIELDS, RECORDS * 400, "名册", progress=Stop())
    assert list(tmp_path.iterdir()) == []
