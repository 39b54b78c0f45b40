"""What the head looks at is what takes effect: no way round the review of accounts (A8, A17, D6)."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.exchange.placing import put_new
from models.services import changes, roster
from models.services.accounts import status
from models.store import audit
from models.store import tables as t
from tests.integration.test_accounts import account, approve, create, created, rows_of, teacher

GIVEN = {"email": "zz@example.org", "office_phone": "0317-5551234"}


def test_a_bulk_edit_is_not_taken_back_while_the_head_looks(school):
    made = create(school, teacher(1, "王明", office_phone=""))
    batch = school.write(roster.bulk_set, school.registrar, "teachers", made.ids, GIVEN).batch_id
    school.write(changes.submit, school.registrar, made.change_id)
    with pytest.raises(UserError, match="正在核办"):
        school.write(roster.undo_batch, school.registrar, batch)
    approve(school, made.change_id)
    assert account(school, made.ids[0]).values["office_phone"] == GIVEN["office_phone"]


def test_a_name_that_was_approved_does_not_come_back_by_an_undo(school):
    made = create(school, teacher(1, "王明", office_phone=""))
    batch = school.write(roster.bulk_set, school.registrar, "teachers", made.ids, {**GIVEN, "name": "王鸣"}).batch_id
    school.write(changes.submit, school.registrar, made.change_id)
    approve(school, made.change_id)
    with pytest.raises(NotAllowedError, match="账户更名"):
        school.write(roster.undo_batch, school.registrar, batch)
    assert account(school, made.ids[0]).values["name"] == "王鸣"


def test_an_import_does_not_change_what_the_head_looks_at(school):
    rows = rows_of(teacher(2, "王明", username=""))
    result = school.take_in(rows, kind="teachers")
    assert school.take_in(rows, kind="teachers").new == 0
    changed = [{**rows[0], "办公电话": "0317-5559999"}]
    with pytest.raises(UserError, match="正在核办"):
        school.take_in(changed, "改.xlsx", kind="teachers")
    approve(school, result.creation_id)


def test_a_batch_that_was_altered_behind_the_review_is_not_approved(school):
    made = create(school, teacher(1, "王明"))
    altered = update(t.account).where(t.account.c.id == made.ids[0]).values(email="other@example.org")

    def alter(session):
        session.execute(altered)
        audit.append(session, school.registrar, "roster.set", f"teachers:{made.ids[0]}", {})

    school.write(alter)
    with pytest.raises(DataFaultError, match="提交后已改变"):
        approve(school, made.change_id)
    assert account(school, made.ids[0]).status == "pending"


def test_two_renames_of_one_queue_do_not_end_in_one_user_name(school):
    ids = created(school, teacher(1, "王明")) + created(school, teacher(2, "王鸣"))
    asked = [
        school.write(status.propose_rename, school.registrar, one, {"username": "czhjwangming9"}, "改号") for one in ids
    ]
    school.write(changes.submit, school.registrar, asked[0])
    with pytest.raises(DataFaultError, match="czhjwangming9 已在别的更名申请中"):
        school.write(changes.submit, school.registrar, asked[1])
    approve(school, asked[0])
    with pytest.raises(UserError, match="czhjwangming9 已被使用"):
        school.write(changes.submit, school.registrar, asked[1])
    assert [account(school, one).values["username"] for one in ids] == ["czhjwangming9", "czhjwangming2"]


def test_a_disabled_account_is_not_renamed(school):
    (one,) = created(school, teacher(1, "王明"))
    rename = school.write(status.propose_rename, school.registrar, one, {"username": "czhjwangming9"}, "改号")
    school.write(changes.submit, school.registrar, rename)
    (disable,) = school.write(status.propose_disable, school.registrar, [one], "left")
    with pytest.raises(UserError, match="不在使用"):
        approve(school, disable, rename)
    approve(school, disable)
    with pytest.raises(DataFaultError, match="不在使用"):
        approve(school, rename)
    assert account(school, one).values["username"] == "czhjwangming"


def test_an_import_is_not_taken_back_once_its_accounts_are_filed(school):
    result = school.take_in(rows_of(teacher(1, "吕布", username="czhjlvbu")), kind="teachers")

    def file(session):
        session.execute(update(t.account).values(filed_status="active", filed_revision=1))
        audit.append(session, school.registrar, "filing.accepted", "change:1", {})

    school.write(file)
    with pytest.raises(UserError, match="已经备案"):
        school.write(roster.undo_batch, school.registrar, result.batch_id)
    assert len(school.read(roster.list_ids, roster.RosterQuery(kind="teachers"))) == 1


def test_what_a_killed_export_left_behind_goes_with_the_next_one(tmp_path):
    (tmp_path / ".add.csv.0a1b2c3d.tmp").write_bytes(b"password")
    (tmp_path / ".other.csv.0a1b2c3d.tmp").write_bytes(b"kept")
    put_new({tmp_path / "add.csv": b"new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".other.csv.0a1b2c3d.tmp", "add.csv"]
