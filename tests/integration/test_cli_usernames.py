"""A name with two readings on the command line: what is to be chosen is said, and chosen with the import (A17)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from models.domain.units import Role
from tests.integration.conftest import sheet_file
from tests.integration.test_cli import Done, refused, rollbook

ROWS = [
    {"姓名": name, "性别": "女", "办公电话": "0317-5551234", "邮箱": f"t{at}@example.org", "聘任方式": "专任",
     "是否在编": "是", "市校": "沧州", "县校": "河间市"}
    for at, name in enumerate(("王明", "单于丹"))
]  # fmt: skip


@pytest.fixture
def run(school_store: Any) -> Callable[..., Done]:
    def call(*arguments: object, text: bool = False) -> Done:
        name, passphrase = school_store.people[Role.REGISTRAR]
        general = [*(() if text else ("--json",)), "--home", school_store.home, "--operator", name]
        return rollbook(*general, "--secret-file", "-", *arguments, given=f"{passphrase}\n")

    return call


def test_a_reading_is_chosen_with_the_import(run: Callable[..., Done], tmp_path: Path) -> None:
    file = sheet_file(tmp_path / "教师.xlsx", ROWS)
    told = run("check", file, "--kind", "teachers", text=True).out
    assert "import --username 行=用户名" in told
    chosen = told.partition("例如 --username 3=")[2].partition("；")[0]
    assert chosen.endswith("dan")
    refused(run("import", file, "--username", "9=abc"), 2, "没有“9”这一行")
    refused(run("import", file, "--username", "abc"), 2, "行=用户名")
    refused(run("import", file, "--username", "3=a", "--username", "3=b"), 2, "不止一个")
    assert run("accounts", "list").json["total"] == 0
    done = run("import", file, "--username", f"3={chosen}")
    assert done.code == 0, done.out
    assert "NAME_NEEDS_CHOICE" not in done.out
    assert run("accounts", "show", chosen).json["values"]["name"] == "单于丹"


def test_a_row_of_two_sheets_is_named_with_its_sheet(run: Callable[..., Done], tmp_path: Path) -> None:
    from openpyxl import load_workbook

    file = sheet_file(tmp_path / "教师.xlsx", ROWS)
    book = load_workbook(file)
    book.active.title = "甲"
    second = book.create_sheet("乙")
    second.append(list(ROWS[0]))
    second.append(["李芳", "女", "0317-5551235", "t8@example.org", *list(ROWS[0].values())[4:]])
    second.append(["覃芳", "女", "0317-5551236", "t9@example.org", *list(ROWS[0].values())[4:]])
    book.save(file)
    told = run("check", file, "--kind", "teachers", text=True).out
    assert "--username 甲!3=" in told
    refused(run("import", file, "--username", "3=czhjchanyudan"), 2, "几个工作表")
    done = run("import", file, "--username", "乙!3=czhjqinfang")
    assert done.code == 0, done.err
    assert run("accounts", "show", "czhjqinfang").json["values"]["name"] == "覃芳"


def test_pupils_have_no_user_names(run: Callable[..., Done], tmp_path: Path, pupils: Any) -> None:
    file = sheet_file(tmp_path / "名单.xlsx", pupils(2))
    refused(run("import", file, "--username", "2=abc"), 2, "教师名单")
