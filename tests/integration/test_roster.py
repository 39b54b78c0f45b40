"""The rosters: what is found, edited, taken back, and what a person is told."""

from __future__ import annotations

import pytest

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.fields import STUDENT_FIELD
from models.domain.masking import mask
from models.rules.naming import pinyin_keys
from models.services import changes, imports, roster
from models.services.roster import RosterQuery
from models.store import audit


@pytest.fixture
def full(school, pupils):
    """A school with twelve pupils, one of them without a number and two who share one."""
    rows = pupils(12)
    rows[3] |= {"身份证件号": "", "身份证件类型": "其他"}
    school.take_in(rows)
    return rows


def ids(school, **kw):
    return school.read(roster.list_ids, RosterQuery(**kw))


def names(school, found):
    return [row.values["name"] for row in school.read(roster.page, "students", found)]


def test_sorted_filtered_and_searched_in_the_store(school, full):
    assert len(ids(school)) == 12
    ascending = names(school, ids(school, sort=("name", True)))
    assert ascending == sorted(ascending, key=lambda name: pinyin_keys(name)[2]) != sorted(ascending)
    assert names(school, ids(school, sort=("name", False))) == ascending[::-1]
    third = ids(school, filters={"class_name": "一(3)班", "sex": "1"})
    assert {r.values["class_name"] for r in school.read(roster.page, "students", third)} <= {"一(3)班"}
    assert names(school, ids(school, text=full[0]["姓名"])) == [full[0]["姓名"]]
    assert ids(school, text=full[0]["身份证件号"][-4:])
    with pytest.raises(UserError):
        ids(school, filters={"nothing": "1"})
    with pytest.raises(UserError):
        ids(school, sort=("nothing", True))


def test_a_page_keeps_the_order_and_leaves_out_what_is_gone(school, full):
    found = ids(school)
    assert [row.id for row in school.read(roster.page, "students", [found[3], "gone", found[0]])] == [
        found[3],
        found[0],
    ]


def test_facets_and_counts(school, full):
    assert dict(school.read(roster.facets, "students", "sex")) == {"1": 6, "2": 6}
    assert sum(number for _, number in school.read(roster.facets, "students", "class_name")) == 12
    counts = school.read(roster.counts)
    assert (counts.all, counts.open_changes, counts.no_id, counts.problems) == (12, 0, 1, 0)
    subject = ids(school)[0]
    school.write(changes.propose, school.registrar, "student.key_field", subject, {"name": "慕容安"}, "更正")
    assert school.read(roster.counts).open_changes == 1
    assert ids(school, view="open_changes") == [subject]
    assert school.read(roster.facets, "students", "state") == [("draft", 1)]
    assert ids(school, filters={"state": "draft"}) == [subject]
    assert len(ids(school, view="no_id")) == 1


def test_problem_rosters_without_a_number(school, pupils):
    rows = pupils(1, 身份证件号="", 身份证件类型="其他") * 2
    school.take_in(rows)
    assert school.read(roster.counts).problems == 2
    assert len(ids(school, view="problems")) == 2


def test_a_free_field_is_written_and_a_key_field_shows_the_way(school, full):
    subject = ids(school)[0]
    assert school.write(roster.set_fields, school.registrar, "students", subject, {"phone": " 139 1111 2222 "}) == 2
    row = school.read(roster.get, "students", subject)
    assert (row.values["phone"], row.updated_by) == ("13911112222", "周全")
    assert ids(school, text="1111222") == [subject]
    with pytest.raises(NotAllowedError, match=r"变更申请.*change propose"):
        school.write(roster.set_fields, school.registrar, "students", subject, {"name": "慕容安"})
    with pytest.raises(DataFaultError):
        school.write(roster.set_fields, school.registrar, "students", subject, {"ethnicity": "火星族"})
    with pytest.raises(DataFaultError, match="nothing"):
        school.write(roster.set_fields, school.registrar, "students", subject, {"nothing": "1"})
    for actor in (school.head, school.administrator):
        with pytest.raises(NotAllowedError):
            school.write(roster.set_fields, actor, "students", subject, {"phone": "13911112223"})
    assert school.write(roster.set_fields, school.registrar, "students", subject, {"phone": "13911112222"}) == 2


def test_a_bulk_edit_is_taken_back_as_one(school, full):
    found = ids(school, filters={"class_name": "一(2)班"})
    result = school.write(roster.bulk_set, school.registrar, "students", ids(school), {"class_name": "一(2)班"})
    assert (result.changed, result.same) == (12 - len(found), len(found))
    assert len(ids(school, filters={"class_name": "一(2)班"})) == 12
    school.write(roster.undo_batch, school.registrar, result.batch_id)
    assert ids(school, filters={"class_name": "一(2)班"}) == found
    with pytest.raises(NotAllowedError):
        school.write(roster.bulk_set, school.registrar, "students", ids(school), {"name": "慕容安"})


def test_a_bulk_edit_something_touched_since_stays(school, full):
    result = school.write(roster.bulk_set, school.registrar, "students", ids(school), {"class_name": "一(2)班"})
    touched = next(iter(school.read(roster.list_ids, RosterQuery())))
    school.write(roster.set_fields, school.registrar, "students", touched, {"phone": "13911112222"})
    if school.read(roster.get, "students", touched).revision == 3:
        with pytest.raises(UserError, match="后来又被修改"):
            school.write(roster.undo_batch, school.registrar, result.batch_id)


def test_history_says_where_a_pupil_comes_from_and_what_happened(school, full):
    subject = ids(school)[0]
    school.write(roster.set_fields, school.registrar, "students", subject, {"phone": "13911112222"})
    school.write(roster.bulk_set, school.registrar, "students", [subject], {"class_name": "一(9)班"})
    change = school.write(changes.propose, school.registrar, "student.key_field", subject, {"name": "慕容安"}, "更正")
    texts = [entry.text for entry in school.read(roster.history, "students", subject)]
    number = school.read(changes.get, change).summary.number
    assert set(texts) == {f"发起变更 {number}", "批量修改 班号", "修改", "导入自 名单.xlsx"}


def test_who_looked_at_a_number_is_kept(school, full):
    subject = ids(school, text=full[0]["姓名"])[0]
    number = school.write(roster.reveal, school.head, subject, "id_number")
    assert number == full[0]["身份证件号"]
    assert mask(STUDENT_FIELD["id_number"], number) == f"{number[:6]}********{number[-4:]}"
    assert mask(STUDENT_FIELD["student_number"], f"G{number}") == f"G{number[:6]}********{number[-4:]}"
    entry = school.read(audit.entries)[0]
    assert (entry.act, entry.person_name, entry.body) == ("roster.reveal", "郑重", {"field": "id_number"})


@pytest.mark.parametrize("text", ["", "1", "1234", "13900001111", "130999201803051234"])
def test_a_mask_never_shows_all_of_a_number(text):
    for key in ("id_number", "phone"):
        masked = mask(STUDENT_FIELD[key], text)
        assert len(masked) == len(text)
        assert not text or "*" in masked
    assert mask(STUDENT_FIELD["name"], text) == text


TEACHER = {
    "姓名": "王明", "性别": "男", "身份证件号": "", "邮箱": "wm@example.com", "办公电话": "0317-5551234",
    "聘任方式": "专职", "是否在编": "是", "市校": "沧州", "县校": "河间市",
}  # fmt: skip


def teachers(*changed):
    return [TEACHER | {"出生日期": f"198{place}-02-03"} | one for place, one in enumerate(changed)]


def test_teachers_get_their_user_names_by_the_rule(school):
    rows = teachers({}, {"姓名": "吕娜", "性别": "女"}, {"姓名": "王鸣"}, {"县校": ""})
    checked = school.check(rows, kind="teachers")
    assert checked.values[0]["username"] == ["czhjwangming", "czhjlvna", "czhjwangming2", "czwangming"]
    assert [(f.row, f.finding.code) for f in checked.findings if f.finding.field == "username"] == [
        (4, "USERNAME_NUMBERED")
    ]
    result = school.write(imports.apply, school.registrar, checked)
    assert (result.new, result.baseline_id) == (4, "")
    again = school.check(rows, kind="teachers")
    assert {p.outcome.value for _, _, p in again.planned()} == {"same"}
    more = school.check(teachers({"姓名": "王铭", "出生日期": "1990-01-01"}), kind="teachers")
    assert more.values[0]["username"] == ["czhjwangming3"]


def test_an_ambiguous_reading_is_chosen_before_writing(school):
    checked = school.check(teachers({"姓名": "单于丹"}), kind="teachers")
    finding = next(f for f in checked.findings if f.finding.code == "NAME_NEEDS_CHOICE")
    found = [s for s in imports.suggestions(checked, finding) if s.field == "username"]
    assert len(found) > 1
    imports.set_cell(checked, 0, 0, "username", found[1].value)
    assert "NAME_NEEDS_CHOICE" not in [f.finding.code for f in checked.findings]
    school.write(imports.apply, school.registrar, checked)
    found_rows = school.read(roster.list_ids, RosterQuery(kind="teachers"))
    (row,) = school.read(roster.page, "teachers", found_rows)
    assert row.values["username"] == found[1].value


def test_user_names_that_stand_in_the_file_are_checked(school):
    rows = teachers({"用户名": "czhjwangming"}, {"姓名": "李芳", "性别": "女", "用户名": "lifang"})
    checked = school.check(rows, kind="teachers")
    assert [f.finding.code for f in checked.findings if f.finding.field == "username"] == ["USERNAME_RULE"]
    school.write(imports.apply, school.registrar, checked)
    taken = school.check(
        teachers({"姓名": "王铭", "出生日期": "1990-01-01", "用户名": "czhjwangming"}), kind="teachers"
    )
    assert "USERNAME_TAKEN" in [f.finding.code for f in taken.findings]
    assert taken.counts["error"]


def test_teachers_nothing_tells_apart_are_refused(school):
    rows = [TEACHER, TEACHER]
    checked = school.check(rows, kind="teachers")
    assert [f.finding.code for f in checked.findings if f.finding.level == "error"] == ["FILE_INDISTINCT"] * 2
