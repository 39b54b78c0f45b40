"""Files for the learning platform and from it: columns, names, passwords, slips, lists of accounts."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from datetime import date
from pathlib import Path

import pytest
import xlsxwriter

from models.domain.errors import FileRefusedError, UserError
from models.domain.mass_change import is_mass_change
from models.domain.passwords import LENGTH, initial_password
from models.exchange.forms import fonts
from models.exchange.placing import put_new
from models.exchange.platform import moodle
from models.exchange.platform.account_values import Seen, read_enabled, read_seen, read_state, read_suspended
from models.exchange.platform.accounts_list import read_accounts_list
from models.exchange.platform.oneroster import Mode, Profile, oneroster_zip
from models.exchange.slips import Slip, slips_pdf
from models.rules.readings import split_name

# --- passwords and names ----------------------------------------------------------------------------------


def test_passwords_satisfy_the_platform_and_have_no_look_alikes() -> None:
    made = [initial_password() for _ in range(500)]
    assert len(set(made)) == 500
    for one in made:
        assert len(one) == LENGTH == 12
        assert not set(one) & set("0Oo1lI")
        assert all(re.search(group, one) for group in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
        assert one[0].isalpha()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("张三", ("张", "三")),
        ("欧阳娜娜", ("欧阳", "娜娜")),
        ("歐陽鋒", ("歐陽", "鋒")),
        ("诸葛", ("诸", "葛")),
        ("张 三", ("张", "三")),
        ("买买提·艾力", ("买买提", "艾力")),
        ("John A Smith", ("Smith", "John A")),
        ("王", ("王", "")),
    ],
)
def test_names_are_split_by_the_surname_list(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_a_mass_change_is_more_than_five_and_more_than_a_tenth() -> None:
    assert [is_mass_change(*pair) for pair in ((5, 10), (6, 10), (6, 60), (7, 60), (6, 59))] == [
        False, True, False, True, True,
    ]  # fmt: skip


# --- Moodle -----------------------------------------------------------------------------------------------

# As the platform's own documentation of "Upload users" lists them, typed anew for this test.
DOCUMENTED = {
    *("id", "username", "email", "emailstop", "city", "country", "lang", "timezone", "mailformat", "maildisplay"),
    *("maildigest", "htmleditor", "autosubscribe", "institution", "department", "idnumber", "phone1", "phone2"),
    *(
        "address",
        "description",
        "descriptionformat",
        "password",
        "auth",
        "oldusername",
        "suspended",
        "theme",
        "deleted",
    ),
    *("mnethostid", "interests", "firstnamephonetic", "lastnamephonetic", "middlename", "alternatename"),
    *("firstname", "lastname"),
}
INDEXED = re.compile(r"^(sysrole|cohort|course|group|type|role|enrolperiod|enrolstatus|enroltimestart)\d+$")


def as_moodle_reads(data: bytes) -> list[dict[str, str]]:
    """The rows, read and judged as the platform does; asserts that it would take the file."""
    text = data.decode("utf-8")
    assert not text.startswith("\ufeff")
    assert text.count("\n") == text.count("\r\n")
    head, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert len(head) >= 2
    assert len(set(head)) == len(head)
    for title in head:
        assert title in DOCUMENTED or INDEXED.match(title) or re.match(r"^profile_field_\w+$", title)
    assert all(len(line) == len(head) for line in lines)
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert all(re.fullmatch(r"[-.@_a-z0-9]+", row["username"]) for row in rows)
    return rows


def test_the_file_that_adds_has_the_usual_columns_and_harmless_values() -> None:
    row = {
        "username": "tslnzhangsan", "password": 'a",#*A2+bcde', "lastname": "张", "firstname": "三",
        "department": "=1+1", "institution": "甲一\r\n学习中心", "phone1": "+86 315-1234567", "email": "a@example.org",
    }  # fmt: skip
    (read,) = as_moodle_reads(moodle.add_file([row], moodle.chosen_columns()))
    assert ",".join(read) == (
        "username,password,firstname,lastname,email,phone1,institution,department,idnumber,suspended,"
        "profile_field_gender,profile_field_hiretype,profile_field_instaff,sysrole1"
    )
    assert read["password"] == row["password"]
    assert (read["department"], read["institution"]) == ("'=1+1", "甲一 学习中心")
    assert read["phone1"] == "+86 315-1234567"


def test_columns_are_chosen_among_known_ones_and_may_have_one_value_for_all() -> None:
    needed = list(moodle.NEEDED)
    columns = moodle.chosen_columns([*needed, "auth=manual", "cohort1=teachers", "sysrole1="])
    row = dict.fromkeys(needed, "x")
    (read,) = as_moodle_reads(moodle.add_file([row], columns))
    assert (read["auth"], read["cohort1"], read["sysrole1"]) == ("manual", "teachers", "")
    for wrong in ("Email", "qq", "profile_field_", "sysrole", "username", "city", "password=same"):
        with pytest.raises(UserError):
            moodle.chosen_columns([*needed, wrong])
    with pytest.raises(UserError, match="email"):
        moodle.chosen_columns(needed[:-1])


def test_renames_and_suspensions_are_two_columns() -> None:
    assert moodle.rename_file([("a", "b")]).decode() == "oldusername,username\r\na,b\r\n"
    assert moodle.suspend_file([("a", True), ("b", False)]).decode() == "username,suspended\r\na,1\r\nb,0\r\n"


def test_rows_the_platform_would_refuse_are_known_before() -> None:
    good = {"username": "a-b.c_d@1", "firstname": "三", "lastname": "张", "email": "a@example.org"}
    assert moodle.row_fault(good) is None
    for change in ({"username": "Ab"}, {"username": ""}, {"username": "guest"}, {"firstname": ""}, {"email": "=a@b.c"}):
        assert moodle.row_fault(good | change)


# --- OneRoster --------------------------------------------------------------------------------------------


def parts_of(data: bytes) -> dict[str, list[list[str]]]:
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        return {name: list(csv.reader(io.StringIO(package.read(name).decode("utf-8"), newline=""), strict=True))
                for name in package.namelist()}  # fmt: skip


def test_the_zip_begins_with_its_manifest_and_tells_what_is_absent() -> None:
    org = {"sourcedId": "u-1", "name": "甲,一", "type": "school"}
    parts = parts_of(oneroster_zip({"orgs": [org], "users": []}, Mode.BULK, "Rollbook", "OU01"))
    assert list(parts) == ["manifest.csv", "orgs.csv"]
    manifest = dict(parts["manifest.csv"])
    assert (manifest["oneroster.version"], manifest["file.orgs"], manifest["file.users"]) == ("1.2", "bulk", "absent")
    assert sum(key.startswith("file.") for key in manifest) == 21
    assert parts["orgs.csv"][1] == ["u-1", "", "", "甲,一", "school", "", ""]


def test_a_profile_leaves_resource_ids_out() -> None:
    rows = {"users": [{"sourcedId": "u-1", "username": "a"}]}
    with_, without = (
        parts_of(oneroster_zip(rows, Mode.BULK, profile=Profile(one)))["users.csv"] for one in (True, False)
    )
    assert set(with_[0]) - set(without[0]) == {"resourceSourcedIds"}
    assert len(without[1]) == len(without[0]) == len(with_[0]) - 1


@pytest.mark.parametrize(
    ("row", "mode"),
    [
        ({"sourcedId": "a b"}, Mode.BULK),
        ({"sourcedId": "a", "status": "active"}, Mode.BULK),
        ({"sourcedId": "a"}, Mode.DELTA),
        ({"sourcedId": "a", "status": "inactive", "dateLastModified": "2026-01-01T00:00:00.000Z"}, Mode.DELTA),
        ({"sourcedId": "a", "nickname": "x"}, Mode.BULK),
    ],
)
def test_rows_that_break_the_format_are_never_written(row: dict[str, str], mode: Mode) -> None:
    with pytest.raises(ValueError, match=r"sourcedId|status|column"):
        oneroster_zip({"users": [row]}, mode)


# --- slips ------------------------------------------------------------------------------------------------


def test_slips_print_what_they_are_given_as_it_is() -> None:
    import pypdfium2

    slips = [
        Slip("#let x = *1*", "a_b-c", "Ab3#*_$`@<x>", "[甲] #panic[]", "a\nb"),
        Slip("李四", "lisi", "Xy7%abcdEF23"),
    ]
    content = slips_pdf(slips * 3, "https://study.example.org").content
    document = pypdfium2.PdfDocument(content)
    pages = [page.get_textpage().get_text_range() for page in document]
    document.close()
    assert len(pages) == 2
    for text in ("#let x = *1*", "a_b-c", "Ab3#*_$`@<x>", "#panic[]", "李四", "Xy7%abcdEF23", "study.example.org"):
        assert text in pages[0]
    assert pages[0].count("首次登录请立即修改密码") == 5
    assert "Ab3" not in repr(slips[0])


def test_without_a_chinese_font_there_is_a_sentence_and_no_slip(monkeypatch: pytest.MonkeyPatch) -> None:
    from typst import Fonts

    monkeypatch.setattr(fonts, "installed", lambda: Fonts(include_system_fonts=False, include_embedded_fonts=True))
    with pytest.raises(UserError, match="中文字体"):
        slips_pdf([Slip("张三", "zhangsan", "x")])


def test_several_new_files_appear_together_or_not_at_all(tmp_path: Path) -> None:
    there = tmp_path / "b"
    there.write_bytes(b"mine")
    with pytest.raises(UserError, match="没有覆盖"):
        put_new({tmp_path / "a": b"1", there: b"2"})
    with pytest.raises(UserError, match="不存在"):
        put_new({tmp_path / "c": b"1", tmp_path / "no" / "d": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
    assert there.read_bytes() == b"mine"


# --- lists of accounts ------------------------------------------------------------------------------------


def test_a_moodle_list_is_read_by_its_titles(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(
        "username,lastname,firstname,email,suspended,lastaccess,idnumber\n"
        "tslnzhangsan,张,三,a@example.org,0,1714723200,x1\n\nbad,Smith,John,,1,0,\n,李,四,,,,\n",
        encoding="utf-8",
    )
    found = read_accounts_list(path)
    first, second = found.accounts
    assert (first.row, first.username, first.name, first.suspended, first.idnumber) == (
        2,
        "tslnzhangsan",
        "张三",
        False,
        "x1",
    )
    assert first.last_access.startswith("2024-05-0")
    assert (second.row, second.name, second.suspended, second.last_access) == (4, "John Smith", True, "never")
    assert [one.row for one in found.skipped] == [5]


def test_a_chinese_workbook_is_read_and_its_columns_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "平台账户.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("账户")
        rows = (
            ["某平台账户清单"],
            ["登录号", "姓名", "账号状态", "最近登录", "备用号"],
            ["a1", "张三", "停用", "从未", "z1"],
            ["a2", "李四", "正常", "2026-03-01 10:20", ""], ["a3", "王五", "不明", "前些天", "z3"],
        )  # fmt: skip
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        book.add_worksheet("说明").write_row(0, 0, ["姓名", "邮箱"])
    with pytest.raises(FileRefusedError, match="用户名"):
        read_accounts_list(path)
    found = read_accounts_list(path, {"username": "A", "idnumber": "备用号"})
    assert [(one.username, one.suspended, one.last_access, one.idnumber) for one in found.accounts] == [
        ("a1", True, "never", "z1"), ("a2", False, "2026-03-01", ""), ("a3", None, "", "z3"),
    ]  # fmt: skip
    assert found.accounts[0].row == 3
    assert [(row, column) for _, row, column, _ in found.problems] == [(5, "D"), (5, "C")]
    assert [one.sheet for one in found.skipped] == ["说明"]
    (table,) = found.tables
    assert table.mapping["username"] == "A"
    again = read_accounts_list(path, {"username": "登录号"}).tables[0]
    assert again.signature == table.signature
    for wrong in ({"username": "没有这列"}, {"username": "A", "qq": "B"}):
        with pytest.raises(FileRefusedError):
            read_accounts_list(path, wrong)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024年5月3日 星期五 10:22", "2024-05-03"),
        ("Friday, 3 May 2024, 10:22 AM", "2024-05-03"),
        ("42 天 3 小时", "2026-01-01"),
        ("1 day 2 hours", "2026-02-11"),
        ("从不", "never"),
        ("", ""),
        ("昨天", ""),
        ("9999年", ""),
        ("99999999999999", ""),
    ],
)
def test_times_are_read_as_platforms_write_them(cell: str, day: str) -> None:
    assert read_seen(Seen(cell, as_of=date(2026, 2, 12))) == day


def test_words_for_in_use_and_not() -> None:
    assert [read_suspended(one) for one in ("1", "否", "停用", "x")] == [True, False, True, None]
    assert [read_enabled(one) for one in ("1", "否", "停用", "x")] == [False, True, True, None]
    assert [read_state(one) for one in ("Active", "已冻结", "1")] == [False, True, None]
