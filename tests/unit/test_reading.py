"""Spreadsheets as they come: formats, layouts, damaged and hostile files."""

from __future__ import annotations

import datetime
import io
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.workbook import Workbook as OpenpyxlWorkbook
from python_calamine import CalamineWorkbook

from models.domain.errors import FileRefusedError
from models.domain.fields import FIELDS_OF, STUDENT_FIELDS, STUDENTS
from models.exchange.package import open_package
from models.exchange.reading import header_signature, read_workbook
from models.exchange.report import check_report
from models.exchange.sheets import SheetData, index_of, letter_of

from .spreadsheets import HEAD, PEOPLE, part_replaced, xlsx

SHEET1 = "xl/worksheets/sheet1.xml"
NAMES = [person[0] for person in PEOPLE]


def one(path: Path, kind: str | None = None) -> SheetData:
    sheets = read_workbook(path, kind).sheets
    assert len(sheets) == 1
    return sheets[0]


def codes(sheet: SheetData) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.finding.code) for problem in sheet.problems]


def refused(path: Path) -> str:
    with pytest.raises(FileRefusedError) as caught:
        read_workbook(path)
    text = str(caught.value)
    assert "。" in text
    return text


# --- formats, by their bytes -----------------------------------------------------------------------------------------


def test_real_xls(tmp_path: Path) -> None:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("名册", cell_overwrite_ok=True)
    for r, row in enumerate([HEAD, *PEOPLE]):
        for c, cell in enumerate(row):
            sheet.write(r, c, cell)
    sheet.write(2, 3, datetime.date(2012, 9, 2), xlwt.easyxf(num_format_str="yyyy/m/d"))
    sheet.write(3, 2, 130999201209031258)
    hidden = book.add_sheet("参数")
    hidden.visibility = 1
    hidden.write(0, 0, "姓名")
    book.save(str(tmp_path / "a.xlsx"))
    workbook = read_workbook(tmp_path / "a.xlsx")
    assert workbook.format == "xls"
    assert [(s.sheet, s.reason) for s in workbook.skipped] == [("参数", "隐藏的工作表")]
    table = workbook.sheets[0]
    assert table.values["name"] == NAMES
    assert table.values["birth_date"] == ["2012-09-01", "2012-09-02", "2012-09-03"]
    assert table.values["id_number"][2] == ""
    assert (4, "C", "ID_STORED_AS_NUMBER") in codes(table)


def test_html_named_xls(tmp_path: Path) -> None:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in PEOPLE)
    html = (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head><body><table border=1>'
        "<tr><td colspan=5>学生名册</td></tr><tr><th rowspan=2>姓 名</th><th rowspan=2>性别</th>"
        "<th colspan=2>证件</th><th rowspan=2>班<br>级</th></tr><tr><th>身份证件号</th><th>出生日期</th></tr>"
        f'{rows}<tr style="display: none"><td>李四</td><td>男</td><td>&nbsp;</td><td></td><td></td></tr></table>'
        "</body></html>"
    )
    path = tmp_path / "a.xls"
    path.write_bytes(html.encode("gb18030"))
    table = one(path)
    assert table.header_rows == (2, 3)
    assert [c.field for c in table.columns] == ["name", "sex", "id_number", "birth_date", "class_name"]
    assert table.values["name"] == [*NAMES, "李四"]
    assert codes(table) == [(7, "", "ROW_HIDDEN")]


def test_xml_spreadsheet(tmp_path: Path) -> None:
    def cells(row: list[str]) -> str:
        return "".join(f'<Cell><Data ss:Type="String">{cell}</Data></Cell>' for cell in row)

    xml = (
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        f'<Worksheet ss:Name="名册"><Table><Row ss:Index="2">{cells(HEAD)}</Row><Row>{cells(PEOPLE[0])}</Row>'
        '<Row ss:Hidden="1"><Cell><Data ss:Type="String">李四</Data></Cell><Cell ss:Index="3">'
        '<Data ss:Type="Number">130999201209031258</Data></Cell><Cell><Data ss:Type="DateTime">'
        "2012-09-03T00:00:00.000</Data></Cell></Row></Table></Worksheet>"
        '<Worksheet ss:Name="参数"><Table/><x:WorksheetOptions><x:Visible>SheetHidden</x:Visible></x:WorksheetOptions>'
        "</Worksheet></Workbook>"
    )
    path = tmp_path / "a.xls"
    path.write_text(xml, encoding="utf-8")
    workbook = read_workbook(path)
    assert workbook.format == "xml"
    assert [s.sheet for s in workbook.skipped] == ["参数"]
    table = workbook.sheets[0]
    assert table.rows == [3, 4]
    assert table.values["birth_date"] == ["2012-09-01", "2012-09-03"]
    assert set(codes(table)) == {(4, "", "ROW_HIDDEN"), (4, "C", "ID_STORED_AS_NUMBER")}


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimited_text(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [
        HEAD,
        *PEOPLE,
        ["阿里·买买提", "男", '="130999201209041264"', "", ""],
        [],
        ["周五", "女", "'130999201209051270\t"],
    ]
    text = "\r\n".join(delimiter.join(f'"{c.replace(chr(34), chr(34) * 2)}"' for c in row) for row in rows)
    path = tmp_path / "a.xlsx"
    path.write_bytes(text.encode(encoding))
    table = one(path)
    assert table.rows == [2, 3, 4, 5, 7]
    assert table.values["name"][3:] == ["阿里·买买提", "周五"]
    assert table.values["id_number"][3:] == ["130999201209041264", "130999201209051270"]


# --- layouts ---------------------------------------------------------------------------------------------------------


def test_title_rows_notes_blank_rows_and_repeated_headers(tmp_path: Path) -> None:
    rows = [
        ["某某小学学生名册"],
        ["填报单位：某某小学（盖章）", None, None, "填报时间：2020.6.28"],
        ["序号", "姓  名（必填）", "性别*", "身份证件号\n", "出　生\n年月"],
        [1, *PEOPLE[0][:4]],
        [None, None, None, None, None],
        [" ", None, None, None, None],
        [2, *PEOPLE[1][:4]],
        ["序号", "姓  名（必填）", "性别*", "身份证件号\n", "出　生\n年月"],
        [3, *PEOPLE[2][:4]],
        [4, None, None, None, None],
        ["合计", "3人", None, None, None],
        ["填表人：某某", None, None, "2020年6月28日", None],
    ]
    workbook = read_workbook(xlsx(tmp_path / "a.xlsx", rows))
    table = workbook.sheets[0]
    assert table.header_rows == (3,)
    assert table.rows == [4, 7, 9]
    assert table.values["name"] == NAMES
    assert [(s.row, s.reason) for s in workbook.skipped] == [
        (8, "重复的表头"),
        (11, "合计或说明"),
        (12, "合计或说明"),
    ]
    assert table.columns[0].field is None
    assert table.other["A"] == ["1", "2", "3"]


def test_two_tables_with_other_columns_on_one_sheet(tmp_path: Path) -> None:
    turned = [[p[2], p[0], p[1]] for p in PEOPLE]
    rows = [HEAD, *PEOPLE, [], ["身份证件号", "姓名", "性别"], *turned]
    sheets = read_workbook(xlsx(tmp_path / "a.xlsx", rows)).sheets
    assert [s.header_rows for s in sheets] == [(1,), (6,)]
    assert [s.values["name"] for s in sheets] == [NAMES, NAMES]
    assert sheets[1].rows == [7, 8, 9]


def test_several_class_sheets_and_a_sheet_of_notes(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "a.xlsx", [HEAD, *PEOPLE], "三(1)班", 三2班=[HEAD, *PEOPLE], 说明=[["填表说明"], ["姓名要写全"]]
    )
    workbook = read_workbook(path)
    assert [s.sheet for s in workbook.sheets] == ["三(1)班", "三2班"]
    assert [(s.sheet, s.row) for s in workbook.skipped] == [("说明", 0)]


@pytest.mark.parametrize("codes_first", [True, False])
def test_national_template_in_either_order(tmp_path: Path, codes_first: bool) -> None:
    fields = [f for f in STUDENT_FIELDS if f.template]
    coded = [f.template for f in fields]
    titled = [f.label.removeprefix("成员1").removeprefix("成员2") for f in fields]
    values = ["赵一" if f.key == "name" else ("王五" if f.key == "guardian2_name" else "") for f in fields]
    head = [coded, titled] if codes_first else [titled, coded]
    table = one(xlsx(tmp_path / "a.xlsx", [*head, values]))
    assert table.header_rows == (1, 2)
    assert [c.field for c in table.columns] == [f.key for f in fields]
    assert table.record(0) == {"name": "赵一", "guardian2_name": "王五"}


def test_family_members_by_repeated_titles_alone(tmp_path: Path) -> None:
    titled = ["姓名", "性别", "联系电话", "民族", *["姓名", "关系", "联系电话", "民族"] * 2, "是否进城务工人员随迁子女"]
    table = one(xlsx(tmp_path / "a.xlsx", [titled, ["赵一", *[None] * 12]]))
    parts = ["name", "relation", "phone", "ethnicity"]
    members = [f"guardian{n}_{part}" for n in (1, 2) for part in parts]
    assert [c.field for c in table.columns] == ["name", "sex", "phone", "ethnicity", *members, "migrant_child"]


def test_family_members_under_merged_headings(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["姓名", "性别", "家庭成员2", None, "成员一", None])
    sheet.append([None, None, "姓名", "联系电话", "姓名", "与学生关系"])
    sheet.append(["赵一", "男", "王五", "13900000000", "赵六", "父亲"])
    for area in ("A1:A2", "B1:B2", "C1:D1", "E1:F1"):
        sheet.merge_cells(area)
    book.save(tmp_path / "a.xlsx")
    table = one(tmp_path / "a.xlsx")
    assert [c.field for c in table.columns] == [
        "name",
        "sex",
        "guardian2_name",
        "guardian2_phone",
        "guardian1_name",
        "guardian1_relation",
    ]
    assert table.rows == [3]


def test_every_label_and_alias_is_recognised(tmp_path: Path) -> None:
    for kind, fields in FIELDS_OF.items():
        for field in fields:
            for title in (field.label, *field.aliases):
                head = [title, "民族", "聘任方式"]
                if field.key not in ("ethnicity", "employment"):
                    path = tmp_path / "a.csv"
                    path.write_text(",".join(head) + "\n1,2,3\n", encoding="utf-8")
                    assert one(path, kind).columns[0].field == field.key, (kind, title)


def test_mapping_and_signature(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", [["甲", "乙", "姓名"], ["赵一", "男", "旧名"]])
    table = one(path)
    assert [c.field for c in table.columns] == [None, None, "name"]
    mapped = read_workbook(path, STUDENTS, {"名册": {"A": "name", "B": "sex"}}).sheets[0]
    assert [c.field for c in mapped.columns] == ["name", "sex", None]
    assert mapped.record(0) == {"name": "赵一", "sex": "1"}
    assert mapped.other == {"C": ["旧名"]}
    assert header_signature(table.columns) == header_signature(mapped.columns)
    with pytest.raises(FileRefusedError, match="没有“nonsense”"):
        read_workbook(path, STUDENTS, {"名册": {"A": "nonsense"}})


# --- cells -----------------------------------------------------------------------------------------------------------


def test_error_cells_formulas_hidden_rows_and_the_1904_epoch(tmp_path: Path) -> None:
    book: OpenpyxlWorkbook = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    for row in [HEAD, *PEOPLE]:
        sheet.append(row)
    sheet["A2"] = "#REF!"
    sheet["A2"].data_type = "e"
    sheet["E3"] = '=A3&"班"'
    sheet["D3"] = 39692
    sheet["D4"] = datetime.date(2012, 9, 3)
    sheet.row_dimensions[4].hidden = True
    book.save(tmp_path / "a.xlsx")
    table = one(tmp_path / "a.xlsx")
    assert table.values["birth_date"] == ["2012-09-01", "2012-09-02", "2012-09-03"]
    assert sorted(codes(table)) == [(2, "A", "CELL_ERROR"), (3, "E", "FORMULA_WITHOUT_VALUE"), (4, "", "ROW_HIDDEN")]


@pytest.mark.parametrize("seed", range(12))
def test_plain_sheets_are_read_as_calamine_reads_them(tmp_path: Path, seed: int) -> None:
    draw = random.Random(seed)
    kinds = ["text", "blank", "format", "number", "date"] if seed % 2 else ["text"]
    path = tmp_path / "a.xlsx"
    options = {"strings_to_formulas": False, "date_1904": seed % 4 == 1}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("名册 & <一>")
        formats = [book.add_format({"num_format": form}) for form in ("@", "0.00", "0")]
        days = [
            book.add_format({"num_format": form})
            for form in (14, "yyyy-mm-dd", "yyyy/m/d;@", 'yyyy"年"m"月"d"日"', "[$-804]yyyy.m.d", 'yyyy"年"m"月"')
        ]
        for row in range(draw.choice([0, 3]), 60):
            for column in range(12):
                kind = draw.choice(kinds)
                if kind == "text":
                    sheet.write_string(
                        row, column, draw.choice([" 甲&乙 ", "<丙>", "1", '"', "'=1", "A" * 40, "汉" * row])
                    )
                elif kind == "format":
                    sheet.write_blank(row, column, None, draw.choice(formats))
                elif kind == "number":
                    number = draw.choice([1, 2.5, 20120901, 130999201209011234, -3, 1e-7])
                    sheet.write_number(row, column, number, draw.choice([None, *formats]))
                elif kind == "date":
                    sheet.write_number(row, column, draw.choice([61, 41153, 39691]), draw.choice(days))
        sheet.merge_range("A70:C71", "备注")
    plain = open_package(path.read_bytes()).sheets[0]
    assert plain.rows is not None
    theirs = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    rows = theirs.to_python(skip_empty_area=False)
    width = len(rows[0])
    padded = [[*row, *[""] * (width - len(row))] for row in plain.rows]
    assert padded + [[""] * width] * (len(rows) - len(padded)) == rows
    merged = [((m.top, m.left), (m.bottom, m.right)) for m in plain.merges]
    assert merged == theirs.merged_cell_ranges


def test_times_leave_a_sheet_to_calamine(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "出生日期"])
        sheet.write_string(1, 0, "赵一")
        sheet.write_number(1, 1, 41153, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    assert open_package(path.read_bytes()).sheets[0].rows is None
    assert one(path).record(0) == {"name": "赵一", "birth_date": "2012-09-01"}


def test_report_has_the_keys_of_the_command_line(tmp_path: Path) -> None:
    workbook = read_workbook(xlsx(tmp_path / "a.xlsx", [HEAD, ["赵　一", *PEOPLE[0][1:]]]))
    report = check_report(workbook, workbook.sheets[0].problems, with_records=True)
    assert list(report) == ["kind", "sheets", "records", "findings", "rows"]
    assert report["sheets"][0]["columns"][0] == {"column": "A", "title": "姓名", "field": "name"}
    assert set(report["findings"][0]) == {"sheet", "row", "column", "field", "level", "code", "message", "value"}
    assert report["rows"][0]["values"]["birth_date"] == "2012-09-01"
    assert "rows" not in check_report(workbook, [], with_records=False)


def test_column_letters() -> None:
    assert [letter_of(i) for i in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(index_of(letter_of(i)) == i for i in range(0, 17000, 7))


# --- refused files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空的"),
        (b"  \r\n ", "空的"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "图片"),
        (b"\xff\xd8\xff\xe0", "图片"),
        (b"PK\x03\x04 cut off", "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") * 100, "损坏"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "Word"),
        (b"\x00\x01\x02binary\x00\xff\xfe" * 20, "文件"),
        (b"\x81\x00\xff" * 50, "文件"),
        (b"<html><body>please log in</body></html>", "没有表格"),
        ("随便写的一段话，没有表头。\n第二行。".encode(), "没有找到名册表格"),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(tmp_path: Path, data: bytes, words: str) -> None:
    path = tmp_path / "名册.xlsx"
    path.write_bytes(data)
    assert words in refused(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "找不到文件" in refused(tmp_path / "没有.xlsx")
    assert "不是文件" in refused(tmp_path)


def test_a_part_in_an_encoding_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "good.xlsx", [HEAD, *PEOPLE])
    part, beginning = "xl/workbook.xml", b"<workbook"
    refused(
        part_replaced(good, tmp_path / "a.xlsx", part, beginning, b'<?xml version="1.0" encoding="UTV-8"?><workbook')
    )


def test_damaged_packages(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "good.xlsx", [HEAD, *PEOPLE]).read_bytes()
    path = tmp_path / "a.xlsx"
    for size in range(4, len(good), 400):
        path.write_bytes(good[:size])
        refused(path)
    for place in range(60, len(good), 250):
        path.write_bytes(good[:place] + b"\xff\x00\xff\x00" + good[place + 4 :])
        with suppress(FileRefusedError):  # some places are never looked at
            read_workbook(path)


def test_zip_bomb(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "good.xlsx", [HEAD, *PEOPLE])
    path = part_replaced(good, tmp_path / "a.xlsx", SHEET1, b"</sheetData>", b" " * 60_000_000 + b"</sheetData>")
    assert "大得不正常" in refused(path)


def test_a_part_that_lies_about_its_size(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "good.xlsx", [HEAD, *PEOPLE])
    with zipfile.ZipFile(good) as package:
        size = package.getinfo(SHEET1).file_size
    data = good.read_bytes().replace(size.to_bytes(4, "little"), (size - 40).to_bytes(4, "little"))
    (tmp_path / "a.xlsx").write_bytes(data)
    refused(tmp_path / "a.xlsx")


@pytest.mark.parametrize("part", [SHEET1, "xl/workbook.xml", "xl/styles.xml"])
def test_external_entities(tmp_path: Path, part: str) -> None:
    good = xlsx(tmp_path / "good.xlsx", [HEAD, *PEOPLE])
    with zipfile.ZipFile(good) as package:
        xml = package.read(part)
    attack = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    start = xml.index(b"<", 1) if xml.startswith(b"<?") else 0
    path = part_replaced(good, tmp_path / "a.xlsx", part, xml, xml[:start] + attack + xml[start:])
    assert "外部引用" in refused(path)


def test_external_entities_in_an_xml_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.xls"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        encoding="utf-8",
    )
    assert "外部引用" in refused(path)


def test_far_away_cells(tmp_path: Path) -> None:
    for cell, words in (("XFD3", "超过 500 列"), ("A1048576", "超过 200000 行")):
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        for row in [HEAD, *PEOPLE]:
            sheet.append(row)
        sheet[cell] = "x"
        book.save(tmp_path / "a.xlsx")
        assert words in refused(tmp_path / "a.xlsx")


def test_far_away_formats_and_a_wrong_dimension_do_no_harm(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in [HEAD, *PEOPLE]:
        sheet.append(row)
    for cell in ("XFD3", "A1048576"):
        sheet[cell].number_format = "@"
    book.save(tmp_path / "a.xlsx")
    path = part_replaced(tmp_path / "a.xlsx", tmp_path / "b.xlsx", SHEET1, b"A1:XFD1048576", b"A1:XFD1048576")
    assert one(path).values["name"] == NAMES


def test_rows_out_of_order_are_refused(tmp_path: Path) -> None:
    good = xlsx(tmp_path / "good.xlsx", [HEAD, *PEOPLE])
    refused(part_replaced(good, tmp_path / "a.xlsx", SHEET1, b'<row r="2">', b'<row r="9000">'))


@pytest.mark.parametrize("place", [b"Ahhhhhhhh2", b"ZZZZ2", b"A3000000000", b"a2", b"A0", b"AZZ1000000"])
def test_a_cell_beyond_any_sheet_never_takes_memory(tmp_path: Path, place: bytes) -> None:
    """A time of day leaves the sheet to the other reader, which would take memory for all between; found by fuzzing."""
    good = tmp_path / "good.xlsx"
    with xlsxwriter.Workbook(good) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "出生日期"])
        sheet.write_string(1, 0, "赵一")
        sheet.write_number(1, 1, 41153, book.add_format({"num_format": "yyyy-mm-dd hh:mm"}))
    refused(part_replaced(good, tmp_path / "a.xlsx", SHEET1, b'"A2"', b'"%s"' % place))


def test_wide_and_long_text_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join(["姓名", *["x"] * 600]) + "\n", encoding="utf-8")
    assert "500 列" in refused(path)
    path.write_text("<table><tr><td colspan=99999>姓名</td></tr></table>", encoding="utf-8")
    assert "500 列" in refused(path)


def test_word_document_named_xlsx(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("word/document.xml", "<x/>")
    (tmp_path / "a.xlsx").write_bytes(stream.getvalue())
    assert "Word" in refused(tmp_path / "a.xlsx")
