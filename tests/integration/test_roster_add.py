"""A single new pupil: the rules, the duplicate search and the baseline of an import."""

from __future__ import annotations

import pytest

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.services import changes, roster
from models.services.roster_add import add_pupil

KEYS = {"姓名": "name", "性别": "sex", "出生日期": "birth_date", "身份证件类型": "id_type", "身份证件号": "id_number"}


def typed(row: dict[str, str], **changed: str) -> dict[str, str]:
    """What a person would type of a row of a list."""
    return {key: row[title] for title, key in KEYS.items()} | changed


def everybody(school) -> list[str]:
    return school.read(roster.list_ids, roster.RosterQuery())


def test_a_pupil_is_added_with_a_baseline_of_one_and_can_be_taken_back(school, pupils):
    school.take_in(pupils(2))
    row = pupils(1, start=7)[0]
    added = school.write(add_pupil, school.registrar, typed(row))
    assert school.read(roster.get, "students", added.id).values["sex"] in "12"
    assert school.find(row["姓名"]) == added.id
    assert len([text for text in added.warnings if "补上" in text]) == 1
    draft = school.read(changes.get, added.baseline_id).summary
    assert (draft.kind, draft.state) == ("roster.baseline", "draft")
    assert row["姓名"] in draft.subject_label
    assert school.write(roster.undo_batch, school.registrar, added.batch_id) == 1
    assert len(everybody(school)) == 2
    assert school.read(changes.get, added.baseline_id).summary.state == "withdrawn"


def test_a_pupil_who_is_known_or_faulty_is_refused(school, pupils, make_id):
    school.take_in(pupils(2))
    row = pupils(1)[0]
    for again in (
        typed(row),
        typed(row, name="慕容安"),
        typed(row, phone="13911112222"),
        typed(row, id_number="", id_type="Z"),
    ):
        with pytest.raises(UserError, match=r"已在名册|监护人"):
            school.write(add_pupil, school.registrar, again)
    fresh = typed(pupils(1, start=9)[0])
    number = fresh["id_number"]
    for values, words in (
        (fresh | {"name": ""}, "没有填写姓名"),
        (fresh | {"id_number": ""}, "没有填写身份证件号"),
        (fresh | {"id_number": number[:-1] + "0X"[number[-1] == "0"]}, "录错"),
        (fresh | {"birth_date": "2018-02-31"}, "2018-02-31"),
        (fresh | {"nonsense": "x"}, "nonsense"),
    ):
        with pytest.raises(DataFaultError, match=words):
            school.write(add_pupil, school.registrar, values)
    for actor in (school.head, school.administrator):
        with pytest.raises(NotAllowedError):
            school.write(add_pupil, actor, fresh)
    assert len(everybody(school)) == 2
    same = typed(row, id_number=make_id(77, row["出生日期"], "2"))
    assert any("身份证件号不同" in text for text in school.write(add_pupil, school.registrar, same).warnings)


def test_pupils_are_added_where_they_go_to_school(county, pupils):
    with pytest.raises(NotAllowedError, match="由学校"):
        county.write(add_pupil, county.registrar, typed(pupils(1)[0]))
