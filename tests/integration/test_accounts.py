"""Accounts are changes: asked for, decided by the head with a signature, in force at once (A8, A12, A16, A17; D6)."""

from __future__ import annotations

from typing import Any

import pytest

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.units import Role
from models.services import changes, roster
from models.services.accounts import creation, status
from models.services.checking import check_context, errors_of
from models.services.evidence import EvidenceFile
from models.services.roster import RosterQuery
from tests.integration.conftest import Office

VALUES = {
    "name": "王明", "sex": "男", "email": "wm@example.com", "office_phone": "0317-5551234", "employment": "专职",
    "on_staff": "是", "city": "沧州", "county": "河间市",
}  # fmt: skip


def teacher(serial: int, name: str, **given: str) -> dict[str, str]:
    """The record of an invented teacher."""
    return {**VALUES, "name": name, "email": f"t{serial}@example.org", **given}


def create(school: Office, *records: dict[str, str], reason: str = "") -> Any:
    return school.write(creation.create, school.administrator, records, reason)


def approve(school: Office, *ids: str) -> None:
    school.write(changes.approve, school.head, school.signer(Role.HEAD), list(ids))


def created(school: Office, *records: dict[str, str]) -> list[str]:
    made = create(school, *records)
    assert made.missing == ()
    approve(school, made.change_id)
    return list(made.ids)


def account(school: Office, row_id: str) -> Any:
    return school.read(roster.get, "teachers", row_id)


def listed(school: Office, **query: Any) -> list[str]:
    return school.read(roster.list_ids, RosterQuery(kind="teachers", **query))


def test_a_new_account_waits_for_the_head(school):
    made = create(school, teacher(1, "王明"), teacher(2, "王明"))
    assert [account(school, one).values["username"] for one in made.ids] == ["czhjwangming", "czhjwangming2"]
    assert {account(school, one).status for one in made.ids} == {"pending"}
    detail = school.read(changes.get, made.change_id, school.head)
    assert "approve" in detail.allowed
    assert any("加了序号" in check.text and "czhjwangming2" in check.text for check in detail.checks)
    with pytest.raises(NotAllowedError):
        school.write(changes.approve, school.registrar, school.signer(Role.REGISTRAR), [made.change_id])
    approve(school, made.change_id)
    assert {account(school, one).status for one in made.ids} == {"active"}
    detail = school.read(changes.get, made.change_id)
    assert detail.summary.state == "effective"
    assert [step.text for step in detail.timeline][-2:] == ["批准并签名", "生效"]


def test_what_was_not_approved_leaves_its_user_name_free(school):
    first = create(school, teacher(1, "王明"))
    with pytest.raises(UserError, match="已被使用"):
        create(school, teacher(2, "王鸣", username="czhjwangming"))
    school.write(changes.refuse, school.head, [first.change_id], "不是本校教师")
    assert listed(school, status="") == []
    again = create(school, teacher(3, "王明"))
    assert account(school, again.ids[0]).values["username"] == "czhjwangming"
    school.write(changes.withdraw, school.administrator, again.change_id)
    assert listed(school, status="") == []


def test_the_truthful_fields_are_asked_for_before_the_head_sees_it(school):
    made = create(school, teacher(1, "李芳", email="", office_phone=""))
    assert made.missing
    assert "邮箱" in made.missing[0]
    assert school.read(changes.get, made.change_id).summary.state == "draft"
    school.write(roster.set_fields, school.registrar, "teachers", made.ids[0], {"email": "lf@example.org"})
    with pytest.raises(DataFaultError, match="办公电话"):
        school.write(changes.submit, school.registrar, made.change_id)
    school.write(roster.set_fields, school.registrar, "teachers", made.ids[0], {"office_phone": "0317-5551234"})
    school.write(changes.submit, school.registrar, made.change_id)
    with pytest.raises(UserError, match="正在核办"):
        school.write(roster.set_fields, school.registrar, "teachers", made.ids[0], {"email": "x@example.org"})
    approve(school, made.change_id)
    with pytest.raises(DataFaultError):
        create(school, {"name": "李芳", "city": "沧州"})
    with pytest.raises(NotAllowedError):
        school.write(creation.create, school.head, [VALUES])


@pytest.mark.parametrize(("phone", "said"), [("13900000000", "手机号"), ("5551234", "缺区号"), ("12", "不像座机号")])
def test_an_office_phone_without_area_code_keeps_a_new_account_from_the_head(school, phone: str, said: str) -> None:
    made = create(school, teacher(1, "李芳", office_phone=phone))
    assert len(made.missing) == 1
    assert said in made.missing[0]
    with pytest.raises(DataFaultError, match=said):
        school.write(changes.submit, school.registrar, made.change_id)
    school.write(roster.set_fields, school.registrar, "teachers", made.ids[0], {"office_phone": "0317-5551234"})
    school.write(changes.submit, school.registrar, made.change_id)


def test_an_account_is_disabled_and_enabled_by_the_head(school):
    (one,) = created(school, teacher(1, "王明"))
    with pytest.raises(UserError, match="原因"):
        school.write(status.propose_disable, school.administrator, [one], "other", "")
    (change,) = school.write(status.propose_disable, school.administrator, [one], "left", "九月调离")
    assert account(school, one).status == "active"
    with pytest.raises(UserError, match="在办的变更"):
        school.write(status.propose_disable, school.administrator, [one], "left", "九月调离")
    approve(school, change)
    assert (listed(school), listed(school, status="disabled")) == ([], [one])
    with pytest.raises(UserError, match="已经禁用"):
        school.write(status.propose_disable, school.administrator, [one], "left", "")
    (change,) = school.write(status.propose_enable, school.registrar, [one], "调回")
    approve(school, change)
    assert listed(school) == [one]
    texts = [entry.text for entry in school.read(roster.history, "teachers", one)]
    assert [text.split("：")[0] for text in texts if "账户" in text] == ["恢复账户", "禁用账户", "新增账户"]


def test_a_name_changes_by_request_only(school):
    (one,) = created(school, teacher(1, "王明"))
    with pytest.raises(NotAllowedError, match="账户更名"):
        school.write(roster.set_fields, school.registrar, "teachers", one, {"name": "王鸣"})
    values = {"name": "王敏", "username": "czhjwangmin"}
    change = school.write(status.propose_rename, school.registrar, one, values, "真实姓名登记有误")
    school.write(changes.submit, school.registrar, change)
    approve(school, change)
    found = account(school, one).values
    assert (found["name"], found["username"]) == ("王敏", "czhjwangmin")


def test_everything_that_is_empty_is_said_at_once(school) -> None:
    with pytest.raises(DataFaultError, match="空着：性别、邮箱、办公电话、聘任方式、是否在编。请补上"):
        create(school, {"name": "李芳", "city": "沧州"})
    row = {"name": "李芳", "sex": ""}
    said = [one.message for one in school.read(lambda s: errors_of("teachers", row, check_context(s)))]
    assert "没有填写性别。请对照身份证填写。" in said


def test_an_own_spelling_can_bring_its_proof_with_the_new_account(school, scan) -> None:
    proof = EvidenceFile("护照.png", "image/png", len(scan), 1, scan)
    record = teacher(1, "张毅", username="czhjcheung")
    made = school.write(creation.create, school.administrator, [record], "护照上的拼写", [proof])
    assert made.missing == ()
    assert len(school.read(changes.get, made.change_id, school.head).evidence) == 1


def test_an_own_spelling_needs_a_reason_and_a_proof(school, scan):
    (one,) = created(school, teacher(1, "单晓"))
    change = school.write(status.propose_rename, school.registrar, one, {"username": "czhjshanxio"}, "护照拼写")
    with pytest.raises(DataFaultError, match="拼写的证明"):
        school.write(changes.submit, school.registrar, change)
    school.write(changes.attach, school.registrar, change, "护照.png", scan, "image/png")
    school.write(changes.submit, school.registrar, change)
    approve(school, change)
    assert account(school, one).values["username"] == "czhjshanxio"


def test_a_second_account_of_a_person_needs_a_reason(school, make_id):
    number = make_id(7, "1980-03-05", "1")
    same = {"id_number": number, "birth_date": "1980-03-05"}
    (one,) = created(school, teacher(1, "赵强", **same))
    made = create(school, teacher(2, "赵强", **same))
    assert any("已有账户 czhjzhaoqiang（身份证件号相同）" in text for text in made.missing)
    school.write(roster.set_fields, school.registrar, "teachers", made.ids[0], {"note": "兼任省校面授，须分开登录"})
    school.write(changes.submit, school.registrar, made.change_id)
    approve(school, made.change_id)
    rows = school.read(lambda s: s.execute(_persons()).all())
    assert len({row.person_id for row in rows}) == 1
    assert {row.id for row in rows} == {one, *made.ids}
    by_mail = create(school, teacher(3, "钱进", email="t1@example.org"))
    assert any("邮箱相同" in text for text in by_mail.missing)


def _persons() -> Any:
    from sqlalchemy import select

    from models.store import tables as t

    return select(t.account.c.id, t.account.c.person_id).where(t.account.c.name == "赵强")


HEADS = {"name": "姓名", "sex": "性别", "email": "邮箱", "office_phone": "办公电话", "employment": "聘任方式",
         "on_staff": "是否在编", "city": "市校", "county": "县校", "username": "用户名", "note": "备注"}  # fmt: skip


def rows_of(*records: dict[str, str]) -> list[dict[str, str]]:
    return [{HEADS[key]: value for key, value in record.items() if key in HEADS} for record in records]


def test_a_list_brings_accounts_that_were_there_and_asks_for_new_ones(school):
    rows = rows_of(
        teacher(1, "吕布", username="czhjlvbu"), teacher(2, "王明", username=""), teacher(3, "李芳", username="")
    )
    result = school.take_in(rows, kind="teachers")
    assert (result.new, result.missing) == (3, ())
    found = school.read(roster.page, "teachers", listed(school))
    assert {(row.values["username"], row.status) for row in found} == {
        ("czhjlvbu", "active"), ("czhjwangming", "pending"), ("czhjlifang", "pending"),
    }  # fmt: skip
    approve(school, result.creation_id)
    assert {row.status for row in school.read(roster.page, "teachers", listed(school))} == {"active"}
    again = school.check(rows_of(teacher(2, "王明明", email="t2@example.org", username="")), kind="teachers")
    assert [f.finding.code for f in again.findings if f.finding.level == "error"] == ["SECOND_ACCOUNT"]
    noted = rows_of(teacher(2, "王明明", email="t2@example.org", username="", note="本人两个岗位"))
    assert school.take_in(noted, kind="teachers").new == 1


def test_an_import_of_new_accounts_is_taken_back_as_one(school):
    result = school.take_in(rows_of(teacher(2, "王明", username="")), kind="teachers")
    assert school.write(roster.undo_batch, school.registrar, result.batch_id) == 1
    assert listed(school, status="") == []
    assert school.read(changes.get, result.creation_id).summary.state == "withdrawn"


def test_thirty_teachers_are_entered_and_approved_in_one_go(school):
    names = [f"{surname}{given}" for surname in "王李张刘陈杨" for given in ("安", "宁", "康", "安", "吕")]
    rows = rows_of(*(teacher(n, name, username="") for n, name in enumerate(names)))
    for n, row in enumerate(rows):
        row["出生日期"] = f"1980-01-{n + 1:02d}"
    result = school.take_in(rows, kind="teachers")
    assert (result.new, result.missing) == (30, ())
    approve(school, result.creation_id)
    found = school.read(roster.page, "teachers", listed(school, status="active"))
    usernames = {row.values["username"] for row in found}
    assert len(usernames) == 30
    assert {"czhjwangan", "czhjwangan2", "czhjwanglv"} <= usernames


def test_an_account_is_in_a_persons_name(school):
    made = create(school, teacher(1, "教务处", sex="未知"))
    assert any("不是真实姓名" in text for text in made.missing)
    assert any("性别" in text for text in made.missing)
