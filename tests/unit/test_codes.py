"""Code tables, countries and divisions."""

from __future__ import annotations

import re

import pytest

import resources
from models.domain.codes import code_table
from models.domain.field_names import CODE_TABLE_LABELS
from models.domain.fields import ACCOUNT_FIELDS, STUDENT_FIELDS
from models.domain.places import division, find_city, find_county, hebei, region_name


@pytest.mark.parametrize(
    ("table", "text", "code"),
    [
        ("ethnicity", "汉", "01"), ("ethnicity", "汉族", "01"), ("ethnicity", "1", "01"), ("ethnicity", "毛难族", "36"),
        ("sex", "男 ", "1"), ("sex", "女性", "2"), ("id_type", "户口薄", "B"), ("id_type", "身份证", "1"),
        ("id_type", "外国人永久居留身份证", "9"), ("id_type", "港澳台居民居住证", "C"), ("hk_macao_tw", "香港", "01"),
        ("hk_macao_tw", "否", "00"), ("country", "156", "CHN"), ("country", "中国", "CHN"), ("country", "cn", "CHN"),
        ("country", "4", "AFG"), ("health", "良好", "10"), ("yes_no", "是", "1"), ("yes_no", "×", "0"),
        ("left_behind", "否", "0"), ("relation", "爷爷", "61"), ("political_status", "共青团员", "03"),
        ("hukou_type", "农业", "1"), ("commute_mode", "自行车(含摩托车、电动自行车)", "2"), ("blood_type", "Ａ型", "1"),
        ("employment", "专职", "4"), ("sex", "甲", None), ("sex", "", None),
    ],
)  # fmt: skip
def test_codes_by_label_alias_and_number(table: str, text: str, code: str | None) -> None:
    assert code_table(table).code_of(text) == code


def test_every_code_and_label_finds_itself() -> None:
    for key in CODE_TABLE_LABELS:
        table = code_table(key)
        for code, label in table.items():
            assert code in table
            assert table.label(code) == label
            assert table.code_of(code) == code
            if (key, code) != ("relation", "92"):
                assert table.code_of(label) == code
        assert table.label("??") is None


def test_every_coded_field_has_its_table() -> None:
    for field in (*STUDENT_FIELDS, *ACCOUNT_FIELDS):
        assert not field.code_table or field.code_table in CODE_TABLE_LABELS
    with pytest.raises(KeyError):
        code_table("nothing")


def test_rows_have_their_source_and_status() -> None:
    rows = list(resources.rows("codes.tsv"))
    assert all(len(row) == 6 and row[4] and row[5] for row in rows)
    assert resources.path("codes.tsv").is_file()


def test_divisions_present_and_retired() -> None:
    here = division("130984000000")
    assert here is not None
    assert (here.name, here.retired) == ("河间市", False)
    assert region_name("130984") == "河北省沧州市河间市"
    retired = division("132930")
    assert retired is not None
    assert retired.retired
    assert division("130999") is None
    assert region_name("999999") is None


def test_places_by_full_and_short_name() -> None:
    assert find_county(find_city("沧州市"), " 孟村县 ".strip()).name == "孟村回族自治县"
    assert find_county(find_city("沧州"), "沧县").prefix == "czcx"
    assert find_city("雄安").prefix == "xa"
    assert all(re.fullmatch(r"\d{6}|", place.code) for place in hebei())
