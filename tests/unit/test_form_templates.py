"""The upper tier's own sheet filled in: found by its titles, kept as it is, refused when it is not harmless."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pytest
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from models.domain.errors import FileRefusedError, UserError
from models.domain.forms import LOCAL_TEACHERS, MONITORING, FilingKind, FormData
from models.exchange.forms.template import fill_template

ROW = {
    "city": "虚州市校", "county": "青禾县校", "name": "赵明", "sex": "男", "username": "xzqhzhaoming",
    "email": "zhaoming@example.org", "office_phone": "0310-5550001", "employment": "专职", "on_staff": "是",
    "roles": "教师", "state": "新增",
}  # fmt: skip
THIN = Side(style="thin")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)


def _data(rows: int, **changed: str) -> FormData:
    given = [{**ROW, "name": f"赵明{number}", "mobile": f"1390000{number:04d}"} for number in range(rows)]
    fixed = {"filled_by": "李四", "phone": "0310-5550009", "date": "2026-05-20", **changed}
    return FormData(LOCAL_TEACHERS, "虚州市校", "2026年5月", FilingKind.DELTA, given, **fixed)


def _template(path: Path, heads: Sequence[Sequence[str]], blanks: int = 3, footer: Sequence[str] = ()) -> Worksheet:
    """A form as a bureau lays it out: title, head, ruled rows, a footer line of merged cells."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    width = max(map(len, heads))
    sheet.append(["附件3：市县校教师账户备案表"])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=width)
    sheet["A1"].font = Font(size=20, bold=True)
    for head in heads:
        sheet.append(list(head))
    for row in range(2 + len(heads), 2 + len(heads) + blanks):
        sheet.row_dimensions[row].height = 27
        for column in range(1, width + 1):
            sheet.cell(row, column).border = BOX
            sheet.cell(row, column).font = Font(name="仿宋", size=11)
    last = 2 + len(heads) + blanks
    for number, text in enumerate(footer):
        sheet.cell(last, 1 + 3 * number, text)
        sheet.merge_cells(start_row=last, end_row=last, start_column=1 + 3 * number, end_column=3 + 3 * number)
    if footer:
        sheet.row_dimensions[last].height = 40
    sheet.column_dimensions["C"].width = 33
    sheet.page_setup.orientation = "landscape"
    sheet.print_title_rows = "1:2"
    sheet.print_area = f"A1:L{last}"
    book.save(path)
    return sheet


HEAD = ("序号", "用户名", "姓 名", "性别", "所属市校", "学习中心", "电子邮箱", "单位电话", "政治面貌", "备注")
FOOTER = ("单位（盖章）：", "填 表 人：________", "联系电话：     日期：    年  月  日")


def test_another_order_more_rows_than_there_are_and_the_footer_below(tmp_path: Path) -> None:
    template, target = tmp_path / "模板.xlsx", tmp_path / "填好.xlsx"
    _template(template, [HEAD], footer=FOOTER)
    before = template.read_bytes()
    filled = fill_template(template, target, _data(10))
    assert template.read_bytes() == before
    assert filled.missing == ("聘任方式", "是否在编", "角色/权限", "账户状态")
    assert filled.blank == ("政治面貌",)
    assert "政治面貌" in filled.remark
    sheet = openpyxl.load_workbook(target).worksheets[0]
    assert [sheet.cell(2, c).value for c in range(1, 11)] == list(HEAD)
    assert [sheet.cell(12, c).value for c in range(1, 9)] == [
        "10", "xzqhzhaoming", "赵明9", "男", "虚州市校", "青禾县校", "zhaoming@example.org", "0310-5550001",
    ]  # fmt: skip
    assert {sheet.cell(12, c).data_type for c in range(1, 9)} == {"s"}
    assert sheet.cell(12, 9).value is None
    assert (sheet.cell(12, 9).border.left.style, sheet.cell(12, 3).font.name) == ("thin", "仿宋")
    assert (sheet.row_dimensions[12].height, sheet.row_dimensions[13].height) == (27, 40)
    assert sheet["A13"].value == "单位（盖章）：虚州市校"
    assert sheet["D13"].value == "填 表 人：李四"
    assert sheet["G13"].value == "联系电话：0310-5550009　　　日期：2026年5月20日"
    assert {str(area) for area in sheet.merged_cells.ranges} == {"A1:J1", "A13:C13", "D13:F13", "G13:I13"}
    assert (sheet.column_dimensions["C"].width, sheet["A1"].font.size) == (33, 20)
    assert sheet.page_setup.orientation == "landscape"
    assert (sheet.print_title_rows, sheet.print_area) == ("$1:$2", "'Sheet'!$A$1:$L$13")
    rows = CalamineWorkbook.from_path(target).get_sheet_by_index(0).to_python()
    assert rows[11][2] == "赵明9"
    assert rows[12][3] == "填 表 人：李四"


def test_fewer_rows_leave_the_ruled_ones(tmp_path: Path) -> None:
    _template(tmp_path / "t.xlsx", [HEAD], blanks=5, footer=FOOTER)
    for count in (0, 2, 5):
        fill_template(tmp_path / "t.xlsx", tmp_path / "o.xlsx", _data(count))
        sheet = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
        assert sheet.cell(8, 1).value == "单位（盖章）：虚州市校"
        assert [sheet.cell(row, 3).value for row in range(3, 8)] == [f"赵明{n}" for n in range(count)] + [None] * (
            5 - count
        )


def test_a_head_of_two_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    upper = ("序号", "单位", None, "姓名", "性别", "账户信息", None, "联系方式", None)
    lower = (None, "市校", "县校（学习中心）", None, None, "用户名", "账户状态（新增/禁用/保留）", "办公电话", "邮箱")
    sheet = _template(path, [upper, lower], blanks=0)  # type: ignore[list-item]
    for area in ("A2:A3", "B2:C2", "D2:D3", "E2:E3", "F2:G2", "H2:I2"):
        sheet.merge_cells(area)
    for row in (2, 3):
        for column in range(1, 10):
            sheet.cell(row, column).border = BOX
    sheet.parent.save(path)
    filled = fill_template(path, tmp_path / "o.xlsx", _data(2))
    done = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
    assert [done.cell(5, c).value for c in range(1, 10)] == [
        "2", "虚州市校", "青禾县校", "赵明1", "男", "xzqhzhaoming", "新增", "0310-5550001", "zhaoming@example.org",
    ]  # fmt: skip
    assert done.cell(5, 4).border.left.style == "thin"
    assert filled.blank == ()


def test_the_sheet_with_the_form_is_found_among_others_and_examples_go(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheet = _template(path, [HEAD], blanks=2, footer=FOOTER)
    sheet["A3"], sheet["C3"], sheet["A4"] = "例：1", "张某某", 2
    book = sheet.parent
    book.create_sheet("填表说明", 0).append(["姓名", "请填真实姓名"])
    hidden = book.create_sheet("隐藏", 0)
    hidden.append([c.title for c in LOCAL_TEACHERS.columns])
    hidden.sheet_state = "hidden"
    book.save(path)
    assert fill_template(path, tmp_path / "o.xlsx", _data(1)).sheet == "Sheet"
    done = openpyxl.load_workbook(tmp_path / "o.xlsx")
    assert [done["Sheet"]["C3"].value, done["Sheet"]["C4"].value, done["Sheet"]["A4"].value] == ["赵明0", None, 2]
    assert done["填表说明"]["B1"].value == "请填真实姓名"


def test_lists_formats_and_sums_follow_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheet = _template(path, [HEAD], blanks=3, footer=("合计",))
    sheet["D6"] = "=COUNTA(C3:C5)"
    sheet["E6"] = "=D6+1"
    choice = DataValidation(type="list", formula1='"男,女"')
    choice.add("D3:D5")
    sheet.add_data_validation(choice)
    sheet.conditional_formatting.add("D3:D5", CellIsRule("equal", ['"女"'], fill=PatternFill(bgColor="FF0000")))
    sheet.unmerge_cells("A6:C6")
    sheet["A6"].hyperlink = "https://example.org/"
    sheet.parent.save(path)
    fill_template(path, tmp_path / "o.xlsx", _data(7))
    done = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
    assert (done["D10"].value, done["E10"].value) == ("=COUNTA(C3:C9)", "=D10+1")
    assert str(done.data_validations.dataValidation[0].sqref) == "D3:D9"
    assert [str(one.sqref) for one in done.conditional_formatting] == ["D3:D9"]
    link = done["A10"].hyperlink
    assert link is not None
    assert link.ref == "A10"


def test_labels_in_cells_of_their_own_and_words_that_only_look_like_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheet = _template(path, [HEAD], blanks=1)
    sheet.append(["填表人", None, "联系电话", None, "日期", "已填", "出生日期：", "日期：2025年1月1日"])
    sheet.parent.save(path)
    fill_template(path, tmp_path / "o.xlsx", _data(1, filled_by='=HYPERLINK("x")'))
    done = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
    assert [done.cell(4, c).value for c in range(1, 9)] == [
        "填表人", "'=HYPERLINK(\"x\")", "联系电话", "0310-5550009", "日期", "已填", "出生日期：", "日期：2025年1月1日",
    ]  # fmt: skip


def test_hostile_texts_and_a_late_reason(tmp_path: Path) -> None:
    _template(tmp_path / "t.xlsx", [HEAD], blanks=1)
    names = ["=1+1", "@SUM(A1)", "-2+3", "㐂\U0001f600", "a\x00b\x07\ufffe\ud800", "阿" * 300, "+8613900000000"]
    data = FormData(
        LOCAL_TEACHERS, "甲", "2026年7月", FilingKind.DELTA, [{**ROW, "name": n} for n in names], late_reason="停电"
    )
    filled = fill_template(tmp_path / "t.xlsx", tmp_path / "o.xlsx", data)
    assert "停电" in filled.remark
    done = openpyxl.load_workbook(tmp_path / "o.xlsx").worksheets[0]
    cells = [done.cell(3 + n, 3) for n in range(len(names))]
    assert {cell.data_type for cell in cells} == {"s"}
    read = [cell.value for cell in cells]
    assert read == ["'=1+1", "'@SUM(A1)", "'-2+3", "㐂\U0001f600", "ab?", "阿" * 300, "+8613900000000"]


def test_three_thousand_rows(tmp_path: Path) -> None:
    _template(tmp_path / "t.xlsx", [HEAD], footer=FOOTER)
    fill_template(tmp_path / "t.xlsx", tmp_path / "o.xlsx", _data(3000))
    rows = CalamineWorkbook.from_path(tmp_path / "o.xlsx").get_sheet_by_index(0).to_python()
    assert (rows[3001][2], rows[3002][3]) == ("赵明2999", "填 表 人：李四")


def _with(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "a") as package:
        package.writestr(name, content)


def _replaced(path: Path, name: str, old: bytes, new: bytes) -> None:
    with zipfile.ZipFile(path) as package:
        parts = {one: package.read(one) for one in package.namelist()}
    assert old in parts[name]
    parts[name] = parts[name].replace(old, new, 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for one, content in parts.items():
            package.writestr(one, content)


_SHEET = "xl/worksheets/sheet1.xml"
_EXTERNAL = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="x" Target="http://example.org/a.png" TargetMode="External" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"/></Relationships>'
)
_FAR = b'<row r="900000"><c r="SF900000" s="1"/></row></sheetData>'
_ATTACKS: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("宏", lambda path: _with(path, "xl/vbaProject.bin", b"x")),
    ("宏", lambda path: _replaced(path, "[Content_Types].xml", b"sheet.main+xml", b"sheet.macroEnabled.main+xml")),
    ("链接", lambda path: _with(path, "xl/externalLinks/externalLink1.xml", b"<a/>")),
    ("链接", lambda path: _with(path, "xl/drawings/_rels/drawing1.xml.rels", _EXTERNAL)),
    ("嵌入", lambda path: _with(path, "xl/embeddings/oleObject1.bin", b"x")),
    ("图片", lambda path: _with(path, "xl/media/image1.wmf", b"\xd7\xcd\xc6\x9a")),
    ("大得不正常", lambda path: _with(path, "xl/media/image1.png", bytes(70_000_000))),
    ("大得不正常", lambda path: _replaced(path, _SHEET, b'ref="A1:J1"', b'ref="A1:XFD1048576"')),
    ("大得不正常", lambda path: _replaced(path, _SHEET, b"</sheetData>", _FAR)),
    ("外部引用", lambda path: _replaced(path, _SHEET, b"<worksheet", b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet')),
    ("损坏", lambda path: _replaced(path, _SHEET, b"</sheetData>", b"")),
    ("损坏", lambda path: path.write_bytes(path.read_bytes()[:-200])),
    ("损坏", lambda path: _with(path, "docProps/a.xml", b'<?xml version="1.0" encoding="UTFw8"?><a/>')),
    ("损坏", lambda path: _with(path, "docProps/a.xml", b'<?xml version="1.0" encoding="gbk"?><a/>')),
    ("xlsx", lambda path: path.write_text("姓名,性别,用户名\n", encoding="utf-8")),
    ("表头", lambda path: openpyxl.Workbook().save(path)),
    ("空的", lambda path: path.write_bytes(b"")),
)


@pytest.mark.parametrize("number", range(len(_ATTACKS)))
def test_what_is_no_harmless_template_is_refused_with_a_sentence(tmp_path: Path, number: int) -> None:
    words, attack = _ATTACKS[number]
    path, target = tmp_path / "t.xlsx", tmp_path / "o.xlsx"
    _template(path, [HEAD], footer=FOOTER)
    attack(path)
    with pytest.raises(FileRefusedError, match=words):
        fill_template(path, target, _data(2))
    assert not target.exists()


def test_the_template_is_never_overwritten_and_merges_across_rows_are_told(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    sheet = _template(path, [HEAD], blanks=4)
    with pytest.raises(UserError, match="模板本身"):
        fill_template(path, path, _data(1))
    with pytest.raises(FileRefusedError, match="质量监控账户"):
        fill_template(_titled(path.with_name("x.xlsx"), ["学号", "班级"]), tmp_path / "o.xlsx", _monitoring())
    sheet.merge_cells("B3:B4")
    sheet.parent.save(path)
    with pytest.raises(FileRefusedError, match="B3:B4"):
        fill_template(path, tmp_path / "o.xlsx", _data(1))
    with pytest.raises(FileRefusedError, match="找不到"):
        fill_template(tmp_path / "nowhere.xlsx", tmp_path / "o.xlsx", _data(1))


def _titled(path: Path, titles: Sequence[str]) -> Path:
    _template(path, [titles])
    return path


def _monitoring() -> FormData:
    return FormData(MONITORING, "甲", "2026年5月", FilingKind.FIRST, [])


def test_another_document_is_not_overwritten(tmp_path: Path) -> None:
    _template(tmp_path / "t.xlsx", [HEAD])
    target = tmp_path / "o.xlsx"
    target.write_bytes(b"somebody's letter")
    with pytest.raises(UserError, match="没有覆盖"):
        fill_template(tmp_path / "t.xlsx", target, _data(1))
    assert target.read_bytes() == b"somebody's letter"
