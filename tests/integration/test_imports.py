"""Imports: what the check shows is what is written; again changes nothing; nothing half-written."""

from __future__ import annotations

import pytest

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.findings import Level
from models.services import changes, imports, roster
from models.services.imports import Outcome


def outcomes(checked):
    return [plan.outcome.value for _, _, plan in checked.planned()]


def errors(checked):
    return [(f.row, f.finding.code) for f in checked.findings if f.finding.level is Level.ERROR]


def test_a_first_import_brings_in_all_pupils_and_one_baseline(school, pupils):
    checked = school.check(pupils(30))
    assert errors(checked) == []
    assert set(outcomes(checked)) == {"new"}
    result = school.write(imports.apply, school.registrar, checked)
    assert (result.new, result.updated, result.drafts, result.skipped) == (30, 0, 0, 0)
    assert len(school.read(roster.list_ids, roster.RosterQuery())) == 30
    (baseline,) = school.read(changes.list_changes)
    assert (baseline.id, baseline.kind, baseline.state) == (result.baseline_id, "roster.baseline", "draft")
    assert baseline.number.startswith("BG-")
    assert baseline.number.endswith("-0001")


def test_importing_again_changes_nothing(school, pupils):
    school.take_in(pupils(12))
    checked = school.check(pupils(12))
    assert set(outcomes(checked)) == {"same"}
    result = school.write(imports.apply, school.registrar, checked)
    assert (result.new, result.updated, result.drafts, result.batch_id) == (0, 0, 0, "")
    assert len(school.read(changes.list_changes)) == 1


def test_differences_are_written_or_become_change_drafts(school, pupils):
    school.take_in(pupils(5))
    rows = pupils(5)
    rows[0]["联系电话"] = "13911112222"
    rows[1]["姓名"] = "慕容安"
    rows[2]["联系电话"] = ""
    checked = school.check(rows, "九月名单.xlsx")
    assert outcomes(checked) == ["update", "changes", "same", "same", "same"]
    result = school.write(imports.apply, school.registrar, checked)
    assert (result.new, result.updated, result.drafts) == (0, 1, 1)
    row = school.read(roster.get, "students", school.find(rows[0]["姓名"]))
    assert (row.values["phone"], row.revision) == ("13911112222", 2)
    draft = next(c for c in school.read(changes.list_changes) if c.kind == "student.key_field")
    detail = school.read(changes.get, draft.id)
    assert detail.reason == "导入文件与名册不一致：九月名单.xlsx"
    assert [(d.field, d.after) for d in detail.diffs] == [("name", "慕容安")]
    again = school.check(rows, "九月名单.xlsx")
    assert set(outcomes(again)) == {"same"}
    rows[1]["姓名"] = "慕容宁"
    other = school.check(rows)
    assert "STORE_CHANGE_OPEN" in [f.finding.code for f in other.findings]
    assert set(outcomes(other)) == {"same"}


def test_the_same_file_again_keeps_and_names_what_was_edited_since(school, pupils):
    rows = pupils(4)
    rows[3]["联系电话"] = "13911110000"
    school.take_in(rows)
    ids = [school.find(row["姓名"]) for row in rows]
    school.write(roster.set_fields, school.registrar, "students", ids[0], {"phone": "13911112222"})
    school.write(roster.set_fields, school.registrar, "students", ids[3], {"phone": ""})
    school.write(roster.bulk_set, school.registrar, "students", [ids[1]], {"current_address": "青禾县新街9号"})
    again = school.check(rows)
    assert set(outcomes(again)) == {"same"}
    named = {f.row: f.finding.message for f in again.findings if f.finding.code == "STORE_EDITED"}
    assert set(named) == {2, 3, 5}
    assert "现住址" in named[3]
    assert school.write(imports.apply, school.registrar, again).batch_id == ""
    imports.set_cell(again, 0, 0, "phone", "13911113333")
    assert outcomes(again) == ["update", "same", "same", "same"]
    rows[2]["联系电话"] = "13911114444"  # another file is judged as ever
    assert outcomes(school.check(rows)) == ["update", "update", "update", "update"]


def test_a_file_that_was_taken_back_comes_as_if_for_the_first_time(school, pupils):
    school.take_in(pupils(2))
    rows = pupils(2, 联系电话="13911115555")
    batch = school.take_in(rows).batch_id
    school.write(roster.undo_batch, school.registrar, batch)
    school.write(
        roster.set_fields, school.registrar, "students", school.find(rows[0]["姓名"]), {"phone": "13911116666"}
    )
    assert set(outcomes(school.check(rows))) == {"update"}


def test_a_file_with_errors_is_all_or_nothing_unless_the_clean_part_is_asked_for(school, pupils):
    rows = pupils(6)
    rows[2]["身份证件号"] = rows[2]["身份证件号"][:-1] + "0X"[rows[2]["身份证件号"][-1] == "0"]
    checked = school.check(rows)
    assert errors(checked)[0][0] == 4
    with pytest.raises(DataFaultError, match="1 行有错误"):
        school.write(imports.apply, school.registrar, checked)
    assert school.read(roster.list_ids, roster.RosterQuery()) == []
    result = school.write(imports.apply, school.registrar, checked, accept_clean=True)
    assert (result.new, result.skipped) == (5, 1)


def test_a_cell_that_cannot_be_read_is_one_fault(school, pupils):
    rows = pupils(2)
    rows[0]["身份证件号"], rows[1]["身份证件号"] = "1.30999E+17", ""
    checked = school.check(rows)
    assert errors(checked) == [(2, "ID_STORED_AS_NUMBER"), (3, "ID_MISSING")]
    imports.set_cell(checked, 0, 0, "id_number", "")
    assert (2, "ID_MISSING") in errors(checked)


def test_the_preview_equals_the_result_also_with_duplicates_in_the_file(school, pupils):
    rows = pupils(6)
    rows.append(dict(rows[0]))
    checked = school.check(rows)
    planned = checked.counts
    assert planned[Outcome.ERROR] == 2
    result = school.write(imports.apply, school.registrar, checked, accept_clean=True)
    assert (result.new, result.skipped) == (planned[Outcome.NEW], planned[Outcome.ERROR])
    assert len(school.read(roster.list_ids, roster.RosterQuery())) == planned[Outcome.NEW]


def test_pupils_without_a_number_who_agree_are_told_apart_when_the_file_comes_again(school, pupils):
    rows = pupils(1, 身份证件号="", 身份证件类型="其他")
    rows.append({**rows[0], "现住址": "青禾县旧街2号"})
    assert set(outcomes(school.check(rows))) == {"new"}
    school.take_in(rows)
    again = school.check(rows)
    assert errors(again) == []
    assert outcomes(again) == ["same", "same"]


def test_a_pupil_without_a_number_gets_it_by_a_change(school, pupils):
    rows = pupils(2)
    school.take_in([{**row, "身份证件号": "", "身份证件类型": "其他"} for row in rows])
    assert outcomes(school.check(rows)) == ["changes", "changes"]


def test_another_number_under_the_same_name_sex_and_date_is_pointed_out(school, pupils, make_id):
    rows = pupils(1)
    school.take_in(rows)
    other = {**rows[0], "身份证件号": make_id(77, rows[0]["出生日期"], "2")}
    checked = school.check([other])
    assert outcomes(checked) == ["new"]
    assert "STORE_SAME_PERSON" in [f.finding.code for f in checked.findings]


def test_a_cell_mended_in_the_grid_is_judged_at_once(school, pupils):
    rows = pupils(3)
    good = rows[1]["身份证件号"]
    rows[1]["身份证件号"] = good[:-2] + good[-1]
    checked = school.check(rows)
    assert outcomes(checked) == ["new", "error", "new"]
    assert imports.set_cell(checked, 0, 1, "id_number", f" {good} ") == good
    assert errors(checked) == []
    assert outcomes(checked) == ["new", "new", "new"]
    assert imports.set_cell(checked, "名单", 1, "id_number", rows[0]["身份证件号"]) == rows[0]["身份证件号"]
    assert outcomes(checked) == ["error", "error", "new"]
    assert checked.raw[0]["id_number"][1] == rows[0]["身份证件号"]


def test_suggestions_come_from_the_number_and_never_mend_it(school, pupils):
    rows = pupils(3)
    birth = rows[0]["出生日期"]
    rows[0]["出生日期"] = ""
    rows[1]["身份证件号"] = rows[1]["身份证件号"][:-1]
    checked = school.check(rows)
    by_field = {}
    for finding in checked.findings:
        if finding.row:
            by_field.setdefault((finding.row, finding.finding.field), []).extend(imports.suggestions(checked, finding))
    assert [s.value for s in by_field[2, "birth_date"]] == [birth]
    assert all(s.field != "id_number" for found in by_field.values() for s in found)


def test_a_file_that_changes_half_the_school_has_to_be_confirmed(school, pupils):
    school.take_in(pupils(80))
    rows = [{**row, "现住址": "青禾县新建路9号"} for row in pupils(80)[:60]]
    checked = school.check(rows)
    with pytest.raises(imports.MassChangeError, match="60 人"):
        school.write(imports.apply, school.registrar, checked)
    assert school.write(imports.apply, school.registrar, checked, confirmed=True).updated == 60


def test_a_store_that_changed_after_the_check_is_noticed(school, pupils):
    school.take_in(pupils(2))
    rows = pupils(2)
    rows[0]["联系电话"] = "13911112222"
    checked = school.check(rows)
    school.write(
        roster.set_fields, school.registrar, "students", school.find(rows[0]["姓名"]), {"phone": "13911112222"}
    )
    with pytest.raises(UserError, match="有变动"):
        school.write(imports.apply, school.registrar, checked)
    assert outcomes(checked) == ["same", "same"]


def test_a_cancelled_import_leaves_nothing(school, pupils):
    from models.domain.errors import CancelledError

    class Stop:
        def report(self, done, total, what):
            if what == "写入名册":
                raise CancelledError

    checked = school.check(pupils(4))
    with pytest.raises(CancelledError):
        school.write(imports.apply, school.registrar, checked, progress=Stop())
    assert school.read(roster.list_ids, roster.RosterQuery()) == []
    assert school.read(changes.list_changes) == []


def test_only_the_registrar_of_a_school_imports_pupils(school, county, pupils):
    checked = school.check(pupils(1))
    for actor in (school.head, school.administrator):
        with pytest.raises(NotAllowedError):
            school.write(imports.apply, actor, checked)
    with pytest.raises(NotAllowedError, match="由学校导入"):
        county.write(imports.apply, county.registrar, county.check(pupils(1)))


def test_an_import_is_taken_back_as_one(school, pupils):
    school.take_in(pupils(3))
    rows = pupils(6)
    rows[0]["联系电话"] = "13911112222"
    result = school.take_in(rows)
    assert (result.new, result.updated) == (3, 1)
    assert school.write(roster.undo_batch, school.registrar, result.batch_id) == 4
    assert len(school.read(roster.list_ids, roster.RosterQuery())) == 3
    assert school.read(roster.get, "students", school.find(rows[0]["姓名"])).values["phone"] != "13911112222"
    with pytest.raises(UserError, match="已经撤销"):
        school.write(roster.undo_batch, school.registrar, result.batch_id)


def test_an_import_cannot_be_taken_back_after_something_touched_it(school, pupils):
    result = school.take_in(pupils(3))
    subject = school.find(pupils(3)[0]["姓名"])
    school.write(roster.set_fields, school.registrar, "students", subject, {"phone": "13911112222"})
    with pytest.raises(UserError, match="已被修改"):
        school.write(roster.undo_batch, school.registrar, result.batch_id)


def test_a_half_mended_import_is_put_aside_and_taken_up_again(school, pupils):
    rows = pupils(3)
    rows[1]["身份证件号"] = "1309"
    checked = school.check(rows)
    imports.set_cell(checked, 0, 2, "phone", "13911112222")
    draft_id = school.write(imports.save_draft, school.registrar, checked)
    assert [d.name for d in school.read(imports.list_drafts)] == ["名单.xlsx"]
    again = school.read(imports.load_draft, draft_id)
    assert outcomes(again) == outcomes(checked)
    assert again.findings == checked.findings
    assert again.values[0]["phone"][2] == "13911112222"
    school.write(imports.delete_draft, draft_id)
    assert school.read(imports.list_drafts) == []


def test_a_mapping_is_remembered_by_the_titles(school, pupils):
    sheet = school.check(pupils(1)).workbook.sheets[0]
    assert school.read(imports.recall_mapping, sheet, "students") is None
    school.write(imports.remember_mapping, sheet, "students", {"F": "class_name", "G": None})
    assert school.read(imports.recall_mapping, sheet, "students") == {"F": "class_name", "G": None}


def test_a_row_left_out_is_no_longer_a_duplicate_and_is_not_written(school, pupils):
    rows = pupils(4)
    checked = school.check([*rows, rows[1]])
    assert [row for row, _ in errors(checked)] == [3, 6]
    imports.leave_out(checked, [(0, 4)])
    assert errors(checked) == []
    assert outcomes(checked) == ["new"] * 4 + ["left_out"]
    draft = school.write(imports.save_draft, school.registrar, checked)
    again = school.read(imports.load_draft, draft)
    assert outcomes(again) == outcomes(checked)
    imports.leave_out(again, [(0, 4)], out=False)
    assert len(errors(again)) == 2
    assert school.write(imports.apply, school.registrar, checked).new == 4


def test_a_cell_given_its_text_back_has_its_first_finding_back(school, pupils):
    checked = school.check([{**row, "身份证件号": " " + row["身份证件号"]} for row in pupils(2)])
    before, value = list(checked.findings), checked.values[0]["id_number"][0]
    raw = checked.raw[0]["id_number"][0]
    imports.set_cell(checked, 0, 0, "id_number", "1")
    assert checked.findings != before
    assert imports.set_cell(checked, 0, 0, "id_number", raw) == value
    assert checked.findings == before


def test_a_class_written_almost_like_another_is_pointed_out(school, pupils):
    rows = [{**row, "班级": "五年级一班"} for row in pupils(4)]
    rows[3]["班级"] = "五年级一班儿"
    checked = school.check(rows)
    (told,) = [f for f in checked.findings if f.finding.code == "CLASS_UNLIKE"]
    assert (told.row, told.finding.level) == (5, Level.WARNING)
    assert [s.value for s in imports.suggestions(checked, told)] == ["五年级一班"]
