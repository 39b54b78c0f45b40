"""One way of writing a value, whatever the way it came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.fields import ACCOUNT_FIELD, FIELDS_OF, STUDENT_FIELD, Field
from models.domain.findings import Level
from models.exchange.columns import normalise_column
from models.exchange.dates import EPOCH_1900, EPOCH_1904
from models.exchange.normalise import normalise

FIELDS = [field for fields in FIELDS_OF.values() for field in fields]
MESSY = st.text(
    alphabet=st.one_of(
        st.sampled_from("张偉单解·•．. 　\t\n\u200b\u202a'‘\"=+-@０１２xXｘ×0123456789./年月日至~eE男女汉族,;()（）|"),
        st.characters(),
    ),
    max_size=24,
)


def value(key: str, text: str) -> str:
    return normalise(STUDENT_FIELD.get(key) or ACCOUNT_FIELD[key], text)[0]


def found(key: str, text: str) -> set[str]:
    return {finding.code for finding in normalise(STUDENT_FIELD[key], text)[1]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2012.9.1", "2012-09-01"),
        ("20120901", "2012-09-01"),
        ("20120901.0", "2012-09-01"),
        ("2012年9月1日", "2012-09-01"),
        ("２０１２－０９－０１", "2012-09-01"),
        ("2012/9/1", "2012-09-01"),
        ("2012-09-01 00:00:00", "2012-09-01"),
        ("2012年9月", "2012-09"),
        ("2012.9", "2012-09"),
        ("201209", "2012-09"),
        ("41153", "2012-09-01"),
        ("9/1/2012", "2012-09-01"),
        ("2012-02-30", "2012-02-30"),
        ("20121301", "20121301"),
        ("不详", "不详"),
        ("12345", "1933-10-18"),
        ("'2012-09-01", "2012-09-01"),
    ],
)
def test_dates(text: str, expected: str) -> None:
    assert value("birth_date", text) == expected


def test_a_month_field_keeps_the_month() -> None:
    assert value("entry_date", "2020-09-01") == "2020-09"
    assert value("entry_date", "202009") == "2020-09"


def test_serial_numbers_of_both_epochs() -> None:
    field = STUDENT_FIELD["birth_date"]
    assert normalise(field, "41153", EPOCH_1900)[0] == "2012-09-01"
    assert normalise(field, "39691", EPOCH_1904)[0] == "2012-09-01"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2010.06.01-2020.06.01", "2010-06-01/2020-06-01"),
        ("20100601-20200601", "2010-06-01/2020-06-01"),
        ("2010-06-01至2020-06-01", "2010-06-01/2020-06-01"),
        ("2010.06.01-长期", "2010-06-01/长期"),
        ("长期", "长期"),
    ],
)
def test_periods(text: str, expected: str) -> None:
    assert value("id_valid", text) == expected


@pytest.mark.parametrize(
    ("text", "expected", "codes"),
    [
        ("张三", "张三", set()),
        ("单　丽", "单丽", {"NAME_INVISIBLE_OR_SPACE"}),
        ("吕娜\u200b", "吕娜", {"NAME_INVISIBLE_OR_SPACE"}),
        ("买买提•艾力", "买买提·艾力", {"NAME_DOT_VARIANT"}),
        ("买买提．艾力", "买买提·艾力", {"NAME_DOT_VARIANT"}),
        ("买买提.艾力", "买买提·艾力", {"NAME_DOT_VARIANT"}),
        ("张偉", "张偉", {"NAME_TRADITIONAL"}),
        ("John Smith", "John Smith", set()),
        ("喆堃", "喆堃", set()),
    ],
)
def test_names(text: str, expected: str, codes: set[str]) -> None:
    assert value("name", text) == expected
    assert found("name", text) == codes


@pytest.mark.parametrize(
    ("text", "expected", "codes"),
    [
        ("13099920120901123x", "13099920120901123X", {"ID_SPACES_OR_LOWER_X"}),
        ("１３０９９９２０１２０９０１１２３４", "130999201209011234", {"ID_FULLWIDTH"}),
        ("'130999201209011234", "130999201209011234", set()),
        ("130999 20120901 1234", "130999201209011234", {"ID_SPACES_OR_LOWER_X"}),
        ("130999201209011234\u202c", "130999201209011234", set()),
        ("1.30999E+17", "", {"ID_STORED_AS_NUMBER"}),
        ("13099920120901123×", "13099920120901123X", {"ID_SPACES_OR_LOWER_X"}),
        ("e12345678", "E12345678", {"ID_SPACES_OR_LOWER_X"}),
    ],
)
def test_identity_numbers(text: str, expected: str, codes: set[str]) -> None:
    assert value("id_number", text) == expected
    assert found("id_number", text) == codes


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("sex", "男 ", "1"),
        ("sex", "2", "2"),
        ("sex", "1.0", "1"),
        ("ethnicity", "汉", "01"),
        ("ethnicity", "1", "01"),
        ("only_child", "是", "1"),
        ("only_child", "否", "0"),
        ("phone", "０３１７－５０４２８７６", "0317-5042876"),
        ("phone", "(0317)5042876", "0317-5042876"),
        ("phone", "139 0000 0000", "13900000000"),
        ("phone", "+86 13900000000", "13900000000"),
        ("email", " Zhang＠Example.COM ", "Zhang@example.com"),
        ("postcode", "061000", "061000"),
        ("postcode", "61000", "061000"),
        ("commute_distance", "3公里", "3"),
        ("student_number", "g130999201209011234", "G130999201209011234"),
        ("username", "CZ zhangsan", "czzhangsan"),
        ("current_address", "河北省（新区）１２号 \n 3室", "河北省（新区）12号 3室"),
    ],
)
def test_other_types(key: str, text: str, expected: str) -> None:
    assert value(key, text) == expected


@given(st.sampled_from(FIELDS), MESSY)
def test_normalising_twice_changes_nothing(field: Field, text: str) -> None:
    once = normalise(field, text)[0]
    assert normalise(field, once)[0] == once


@given(st.sampled_from(FIELDS), st.lists(MESSY, max_size=8))
def test_a_column_says_the_same_as_each_cell(field: Field, cells: list[str]) -> None:
    values, raw, findings = normalise_column(field, cells, EPOCH_1900)
    single = [normalise(field, cell) for cell in cells]
    assert values == [text for text, _ in single]
    assert raw == cells
    assert findings == [(row, finding) for row, (_, some) in enumerate(single) for finding in some]


@given(st.text(alphabet="王小明阿里·0123456789X-", max_size=20))
def test_errors_only_for_lost_digits(text: str) -> None:
    for key in ("name", "id_number", "phone"):
        assert all(f.level is Level.WARNING for f in normalise(STUDENT_FIELD[key], text)[1])


def test_numbers_of_a_sheet() -> None:
    values, raw, findings = normalise_column(STUDENT_FIELD["entry_date"], [2012.1, 2020.9, 202009.0, ""], EPOCH_1900)
    assert values == ["2012-01", "2020-09", "2020-09", ""]
    assert raw == ["2012.1", "2020.9", "202009", ""]
    assert [(row, finding.code) for row, finding in findings] == [(0, "DATE_MONTH_UNSURE")]
