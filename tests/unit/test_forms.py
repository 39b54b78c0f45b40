"""The annexes as spreadsheet and as PDF: every text as it is, nothing becomes a formula or markup."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from python_calamine import CalamineWorkbook

from models.domain.errors import UserError
from models.domain.fields import ACCOUNT_FIELD
from models.domain.forms import (
    FORMS,
    INFORMATION_CENTRE,
    LOCAL_TEACHERS,
    MONITORING,
    PROVINCE_TEACHERS,
    QUALITY_SECTION,
    FilingKind,
    Form,
    FormData,
)
from models.exchange.forms import fonts, xlsx
from models.exchange.forms.pdf import form_pdf, stamp_pdf, write_form_pdf

ROW = {
    "city": "虚州市校", "county": "青禾县校", "name": "赵明", "sex": "男", "username": "xzqhzhaoming",
    "email": "zhaoming@example.org", "office_phone": "0310-5550001", "employment": "专职", "on_staff": "是",
    "roles": "教师", "state": "新增",
}  # fmt: skip
HOSTILE = (
    "#let x = 1",
    '=HYPERLINK("http://example.org")',
    "*粗* _斜_ $a^2$ @ref <lab>",
    '"]) #read("/etc/passwd")',
    "阿卜杜热合曼·买买提吐尔逊" * 4,
    "㐂",
    "\U0001f600",
    "+8613900000000",
    "甲\u202e乙\x07",
)


def _has_font() -> bool:
    try:
        return bool(fonts.families(fonts.installed()))
    except UserError:
        return False


needs_font = pytest.mark.skipif(not _has_font(), reason="no Chinese font on this computer")


def _data(names: list[str], form: Form = LOCAL_TEACHERS, **changed: str) -> FormData:
    rows = [{**ROW, "name": name} for name in names]
    return FormData(
        form, "虚州市校", "2026年5月", FilingKind.DELTA, rows, "李四", "0310-5550009", "2026-05-20", **changed
    )


def _text(content: bytes) -> str:
    document = pypdfium2.PdfDocument(content)
    return "\n".join(page.get_textpage().get_text_range() for page in document)


def test_columns_and_receivers_are_those_of_the_notice() -> None:
    assert [MONITORING.receiver, PROVINCE_TEACHERS.receiver, LOCAL_TEACHERS.receiver] == [
        QUALITY_SECTION,
        INFORMATION_CENTRE,
        INFORMATION_CENTRE,
    ]
    titles = {key: [column.title for column in form.columns] for key, form in FORMS.items()}
    assert titles["annex2"][2:] == titles["annex3"][3:]
    assert titles["annex3"][:3] == ["序号", "市校", "县校（学习中心）"]
    required = {key for key, field in ACCOUNT_FIELD.items() if field.need == "required"}  # A16
    for form in (PROVINCE_TEACHERS, LOCAL_TEACHERS):
        assert required | {"username"} <= {column.key for column in form.columns}
    for form in FORMS.values():
        words = [word for column in form.columns for word in (column.title, *column.aliases)]
        assert len(words) == len(set(words)), form.key
        assert [field.key for field in form.footer] == ["unit", "filled_by", "phone", "date"]


def test_the_spreadsheet_is_read_by_two_readers_as_it_was_meant(tmp_path: Path) -> None:
    path = tmp_path / "附件3.xlsx"
    xlsx.write_form(path, _data(list(HOSTILE), late_reason="停电"))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [sheet.cell(3, c + 1).value for c in range(13)] == [column.title for column in LOCAL_TEACHERS.columns]
    names = [sheet.cell(row, 4).value for row in range(4, 4 + len(HOSTILE))]
    assert names == [HOSTILE[0], "'" + HOSTILE[1], *HOSTILE[2:8], "甲乙"]
    assert {cell.data_type for row in sheet.iter_rows(1, 4 + len(HOSTILE)) for cell in row} <= {"s", "n"}
    assert {cell.number_format for row in sheet.iter_rows(3, 3 + len(HOSTILE)) for cell in row} == {"@"}
    rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    assert "附件3　市县校教师账户备案信息表" in rows[0]
    assert all(word in rows[1][0] for word in ("虚州市校", "2026年5月", INFORMATION_CENTRE, "逾期原因：停电"))
    assert (rows[3][0], rows[3][7]) == ("1", "0310-5550001")
    assert [text for text in rows[-1] if text] == [
        "单位（盖章）：虚州市校", "填表人：李四", "联系电话：0310-5550009", "日期：2026年5月20日",
    ]  # fmt: skip
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.print_title_rows, sheet.page_setup.fitToHeight) == ("$1:$3", 0)
    assert "&P" in sheet.oddFooter.center.text


def test_no_rows_and_three_thousand(tmp_path: Path) -> None:
    for count in (0, 3000):
        path = tmp_path / f"{count}.xlsx"
        xlsx.write_form(path, _data([f"赵明{number}" for number in range(count)]))
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
        assert len(rows) == count + 4
        assert "填表人：李四" in rows[-1]


@needs_font
def test_texts_reach_the_pdf_as_data() -> None:
    text = "".join(_text(form_pdf(_data(list(HOSTILE[:6]), late_reason="停电")).content).split())
    for name in HOSTILE[:6]:
        assert "".join(name.split()) in text
    for words in ("附件3市县校教师账户备案信息表", "逾期原因：停电", "xzqhzhaoming", "第1页，共1页", "填表人：李四"):
        assert words in text
    assert "root:" not in text


@needs_font
def test_a_name_that_is_too_long_wraps_and_can_be_copied() -> None:
    name = "heb" + "abcdefghij" * 6
    data = FormData(LOCAL_TEACHERS, "甲", "2026年5月", FilingKind.FIRST, [{**ROW, "username": name}])
    document = pypdfium2.PdfDocument(form_pdf(data).content)
    page = document[0].get_textpage()
    assert name in page.get_text_range().replace("\r\n", "")
    boxes = [page.get_charbox(index) for index in range(page.count_chars())]
    edges = sorted({round(box[2]) for box in boxes})
    assert edges[-1] <= document[0].get_width() - 12 / 25.4 * 72


@needs_font
def test_the_head_is_on_every_page_and_no_line_twice() -> None:
    names = [f"赵明{number}" for number in range(100)]
    content = form_pdf(_data(names)).content
    document = pypdfium2.PdfDocument(content)
    pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) > 2
    assert all("用户名" in page for page in pages)
    assert f"共 {len(pages)} 页" in pages[-1]
    text = "".join(pages).split()
    assert [text.count(name) for name in names] == [1] * 100
    assert document[0].get_size() == pytest.approx((841.9, 595.3), abs=0.2)
    assert content == form_pdf(_data(names)).content


@needs_font
def test_who_signs_never_stands_on_a_page_with_a_row_or_two() -> None:
    """Whatever the number of rows is, the last page has some of them with the line of the signature."""
    split = 0
    for count in range(14, 30):
        content = form_pdf(_data([f"赵明{number:02}" for number in range(count)])).content
        pages = [page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(content)]
        assert "填表人：李四" in pages[-1]
        assert pages[-1].count("赵明") >= 4
        split += len(pages) > 1
    assert split > 2


@needs_font
def test_four_characters_of_a_city_and_a_state_stand_in_one_line() -> None:
    data = FormData(LOCAL_TEACHERS, "甲", "2026年5月", FilingKind.FIRST, [{**ROW, "city": "甲市分院"}])
    page = pypdfium2.PdfDocument(form_pdf(data).content)[0].get_textpage()
    lines = page.get_text_range().replace("\r\n", " ").split()
    assert {"甲市分院", "账户状态"} <= set(lines)


@needs_font
def test_three_thousand_rows_as_pdf_and_none() -> None:
    large = form_pdf(_data(["赵明"] * 3000)).content
    assert len(large) < 3_000_000
    assert len(pypdfium2.PdfDocument(large)) > 80
    assert "没有需要备案的账户" in _text(form_pdf(_data([])).content)


@needs_font
def test_characters_that_no_font_has_are_told(tmp_path: Path) -> None:
    assert form_pdf(_data(["赵明", "㐂", "Ａ１·é"])).not_shown == ()
    paper = write_form_pdf(tmp_path / "a.pdf", _data(["\U000f1234", "\U0010fffd\U000f1234"]))
    assert paper.not_shown == ("\U000f1234", "\U0010fffd")
    assert "U+F1234" in paper.remark
    assert "U+10FFFD" in paper.remark
    assert (tmp_path / "a.pdf").read_bytes() == paper.content


@needs_font
def test_the_stamp_holds_the_longest_unit() -> None:
    document = pypdfium2.PdfDocument(stamp_pdf("单位电子签名", "甲" * 300 + "。电子签名不代替公章。"))
    assert len(document) == 1
    page = document[0].get_textpage()
    lowest = min(page.get_charbox(index)[1] for index in range(page.count_chars()))
    assert lowest > 0
    assert "不代替公章" in page.get_text_range().replace("\r\n", "")


class _NoFonts:
    def families(self) -> list[str]:
        """Fonts of a computer without Chinese."""
        return ["DejaVu Sans", "Arial"]

    def fonts(self) -> list[object]:
        """None at all."""
        return []


def test_a_computer_without_chinese_fonts_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "installed", _NoFonts)
    with pytest.raises(UserError, match="没有中文字体"):
        write_form_pdf(tmp_path / "a.pdf", _data(["赵明"]))
    assert list(tmp_path.iterdir()) == []


def test_somebody_elses_document_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "信.xlsx"
    path.write_bytes(b"a letter")
    with pytest.raises(UserError, match="没有覆盖"):
        xlsx.write_form(path, _data([]))
    with pytest.raises(UserError, match="不存在"):
        xlsx.write_form(tmp_path / "没有" / "信.xlsx", _data([]))
    assert path.read_bytes() == b"a letter"
