"""The rules by their own examples, and columns judged as records are."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.findings import Finding, Level, joined
from models.domain.units import Line
from models.rules.checks import (
    CHECKS,
    RULES,
    Context,
    check_columns,
    check_record,
    duplicates_inside,
    missing_columns,
)
from models.rules.identity import complete, examine
from models.rules.rule import Record, Rule

TODAY = date(2026, 11, 22)
CONTEXT = Context(TODAY, unit_code="2113000001", prefix="czhj")
BOY = complete("13099920120307221")

EXAMPLES = [
    pytest.param(kind, rule, record, wrong, id=f"{rule.code}-{kind}-{'bad' if wrong else 'good'}{number}")
    for check in CHECKS
    for rule in check.rules
    for kind in sorted(check.kinds)
    for wrong, records in ((False, rule.good), (True, rule.bad))
    for number, record in enumerate(records)
    if set(record) <= {field.key for field in FIELDS_OF[kind]}
]


@pytest.mark.parametrize(("kind", "rule", "record", "wrong"), EXAMPLES)
def test_rules_by_their_examples(kind: str, rule: Rule, record: Record, wrong: bool) -> None:
    findings = [finding for finding in check_record(kind, record, CONTEXT) if finding.code == rule.code]
    assert bool(findings) == wrong
    for finding in findings:
        assert finding.level is rule.level
        assert finding.field in record or not finding.value
        assert finding.value == record.get(finding.field, "")
        assert "{" not in finding.message
        assert finding.message.endswith("。")


def test_rules_are_many_and_stand_for_themselves() -> None:
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes)) >= 30
    assert all(rule.clause and rule.good and rule.bad for rule in RULES)


def codes(kind: str, record: Record, context: Context = CONTEXT) -> set[str]:
    return {finding.code for finding in check_record(kind, record, context)}


@pytest.mark.parametrize(
    ("number", "id_type", "fault"),
    [
        (complete("81000020130112860"), "C", ""), ("E12345678", "A", ""), ("913840201412240354", "9", ""),
        ("ABC123456789012", "9", ""), ("H12345678", "D", ""), ("M1234567801", "D", ""), ("12345678", "8", ""),
        ("12345", "8", "ID_FORMAT"), ("?", "A", "ID_FORMAT"), ("130999140714480", "1", "ID_15_DIGITS"),
        ("13099914071448", "1", "ID_LENGTH"), ("任意", "Z", ""), (BOY, "B", ""), (BOY[:17] + "9", "B", "ID_CHECKSUM"),
        ("H12345678", "", ""), ("ABC123456789012", "", ""), ("E12345678", "", ""), ("9138", "9", "ID_FORMAT"),
        ("K123456(7)", "6", ""), ("130999201202309450", "1", "ID_IMPOSSIBLE_DATE"),
    ],
)  # fmt: skip
def test_numbers_of_all_kinds(number: str, id_type: str, fault: str) -> None:
    assert examine(number, id_type, TODAY).fault == fault


def test_a_number_says_birth_sex_and_region() -> None:
    said = examine(BOY, "1", TODAY)
    assert (said.birth, said.sex, said.region) == ("2012-03-07", "1", "130999")
    assert examine(complete("83000020130112860"), "C", TODAY).region == ""


def test_pupils_without_a_number_need_a_guardian_with_one() -> None:
    record = {"guardian1_id_number": "", "guardian2_id_number": BOY, "id_type": "Z", "id_number": ""}
    assert "GUARDIAN_ID_NEEDED" not in codes(STUDENTS, record)


def test_teachers_may_give_the_month_of_birth() -> None:
    assert not codes(ACCOUNTS, {"birth_date": "1980-05"})


def test_dates_that_are_none_are_told_once() -> None:
    assert codes(STUDENTS, {"entry_date": "2018-13", "birth_date": "2012-03-07"}) == {"DATE_INVALID"}
    assert not codes(STUDENTS, {"entry_date": "2018-09-01", "birth_date": "2012-03-07"})
    assert codes(STUDENTS, {"entry_date": "2018-09", "birth_date": "?"}) == {"DATE_INVALID"}


def test_half_filled_pairs_agree() -> None:
    assert not codes(STUDENTS, {"inclusive_class": "1", "disability": ""})
    assert not codes(STUDENTS, {"inclusive_class": "0", "disability": "2"})


def test_any_document_may_stand_under_a_booklet() -> None:
    assert "ID_TYPE_MISMATCH" not in codes(STUDENTS, {"id_number": BOY, "id_type": "B"})
    assert "ID_TYPE_MISMATCH" not in codes(STUDENTS, {"id_number": BOY})


def test_retired_regions_are_no_fault() -> None:
    assert "ID_REGION_UNKNOWN" not in codes(STUDENTS, {"id_number": complete("13293019650812101")})


def test_ages_follow_the_line() -> None:
    grown = {"birth_date": "1980-01-01"}
    assert "AGE_UNUSUAL" in codes(STUDENTS, grown)
    assert "AGE_UNUSUAL" not in codes(STUDENTS, grown, Context(TODAY, Line.OPEN))
    young = {"birth_date": "2012-03-07", "entry_date": "2014-09"}
    assert "ENTRY_TOO_YOUNG" not in codes(STUDENTS, young, Context(TODAY, Line.OPEN))
    assert "AGE_UNUSUAL" in codes(ACCOUNTS, {"birth_date": "2015-01-01"})
    assert "AGE_UNUSUAL" not in codes(ACCOUNTS, {"birth_date": "2099-01-01"})


def test_the_rows_own_place_gives_the_prefix() -> None:
    assert not codes(ACCOUNTS, {"username": "czhjwangming", "name": "王明"})
    assert "USERNAME_RULE" in codes(ACCOUNTS, {"username": "czhjwangming", "name": "王明", "city": "沧州"})
    assert "USERNAME_RULE" not in codes(ACCOUNTS, {"username": "czwangming", "name": "王明", "city": "沧州"})
    assert not codes(ACCOUNTS, {"name": "覃芳", "username": "czhjtanfang"})


def test_a_missing_column_is_told_once_and_not_by_row() -> None:
    assert not codes(STUDENTS, {"name": "王明"})
    found = {finding.field: finding for finding in missing_columns(STUDENTS, {"id_number"})}
    assert found["name"].level is Level.ERROR
    assert "sex" not in found
    assert found["ethnicity"].level is Level.WARNING
    assert "必须" not in found["ethnicity"].message  # nothing refuses the gap later: it is asked for (E7)
    assert "sex" in {finding.field for finding in missing_columns(STUDENTS, {"name"})}
    assert {finding.field for finding in missing_columns(ACCOUNTS, {"name", "sex", "email", "on_staff"})} == {
        "office_phone",
        "employment",
    }


VALUES = st.sampled_from(
    ["", "1", "0", "00", "51", "CHN", "Z", BOY, BOY[:17] + "?", complete("13099920120307220"), "2012-03-07", "2012-03",
     "王明", "覃芳", "㐂", "王?", "czhjwangming", "沧州", "河间", "2018-09", "130984", "很远", "\ue000"]
)  # fmt: skip


@given(st.data())
@pytest.mark.parametrize("kind", [STUDENTS, ACCOUNTS])
def test_columns_are_judged_as_records(kind: str, data: st.DataObject) -> None:
    keys = [field.key for field in FIELDS_OF[kind]]
    present = data.draw(st.lists(st.sampled_from(keys), unique=True, max_size=12))
    length = data.draw(st.integers(0, 4))
    columns = {key: data.draw(st.lists(VALUES, min_size=length, max_size=length)) for key in present}
    rows = [{key: column[row] for key, column in columns.items()} for row in range(length)]
    by_record = [(row, finding) for row in range(length) for finding in check_record(kind, rows[row], CONTEXT)]
    assert check_columns(kind, columns, CONTEXT) == by_record


def found(kind: str, columns: dict[str, list[str]], numbers: list[int] | None = None) -> list[tuple[int, str]]:
    return [(row, finding.code) for row, finding in duplicates_inside(kind, columns, numbers)]


def test_duplicates_inside_a_list() -> None:
    same = {"name": ["王明"] * 3, "sex": ["1"] * 3, "birth_date": ["2012-03-07"] * 3}
    assert found(STUDENTS, {**same, "id_number": [BOY, BOY, ""]}) == [(0, "ID_DUPLICATE"), (1, "ID_DUPLICATE")]
    assert [code for _, code in found(STUDENTS, same)] == ["PERSON_DUPLICATE"] * 3
    assert found(STUDENTS, {**same, "name": ["王明", "王明", ""]}) == [(0, "PERSON_DUPLICATE"), (1, "PERSON_DUPLICATE")]
    assert found(STUDENTS, {"student_number": ["", "L1", "L1"]}) == [
        (1, "STUDENT_NUMBER_DUPLICATE"),
        (2, "STUDENT_NUMBER_DUPLICATE"),
    ]
    assert found(ACCOUNTS, {"username": ["a", "b", "a"]}) == [(0, "USERNAME_DUPLICATE"), (2, "USERNAME_DUPLICATE")]
    assert found(ACCOUNTS, {}) == []


def test_duplicates_name_the_other_rows() -> None:
    message = duplicates_inside(STUDENTS, {"id_number": [BOY, BOY]}, [5, 9])[0][1].message
    assert "第 9 行" in message
    many: list[tuple[int, Finding]] = duplicates_inside(STUDENTS, {"id_number": [BOY] * 9})
    assert "、…" in many[0][1].message


def test_sentences_are_joined_without_doubled_stops() -> None:
    assert joined(["证件号不对。", "请核对姓名。", "证件号不对。"]) == "证件号不对；请核对姓名"
    assert joined([]) == ""
