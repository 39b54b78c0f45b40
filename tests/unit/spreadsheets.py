"""Spreadsheets made for tests; every person in them is invented."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

HEAD = ["姓名", "性别", "身份证件号", "出生日期", "班级"]
PEOPLE = [
    ["赵一", "男", "130999201209011234", "2012-09-01", "三(1)班"],
    ["钱二", "女", "130999201209021243", "2012-09-02", "三(1)班"],
    ["孙三", "男", "130999201209031258", "2012-09-03", "三(2)班"],
]


def xlsx(path: Path, rows: Sequence[Sequence[Any]], title: str = "名册", **more: Sequence[Sequence[Any]]) -> Path:
    """Write the rows as they are; further sheets by keyword."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for name, content in more.items():
        other = book.create_sheet(name)
        for row in content:
            other.append(list(row))
    book.save(path)
    return path


def part_replaced(source: Path, target: Path, part: str, old: bytes, new: bytes) -> Path:
    """A copy of a zip package with bytes of one part exchanged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            data = before.read(entry)
            if entry.filename == part:
                assert old in data
                data = data.replace(old, new, 1)
            after.writestr(entry, data)
    target.write_bytes(stream.getvalue())
    return target
