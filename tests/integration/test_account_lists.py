"""Account lists of the open line go up tier by tier; user names twice are found, names taken elsewhere are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.domain.errors import DataFaultError, NotAllowedError, UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes, review, roster_edit, taken_names
from models.services.accounts.status import propose_rename
from models.services.accounts.usernames import taken_usernames
from models.services.duplicates import username_pairs
from models.services.filing.rows import FilingRow, rows_to_file
from models.services.problem_views import list_problems
from models.store import audit
from models.store import tables as t
from sync.packages import outbox
from tests.open_world import LU, LUAN, TANG, add_account, carry, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import Member, deliver, enrol

World = dict[str, Member]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("open") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def to_file(session: Session) -> list[FilingRow]:
    """What the next filing would carry."""
    return list(rows_to_file(session))


def held(member: Member) -> dict[str, tuple[str, str]]:
    """{account id: (unit, user name)} of a store."""
    c = t.account.c
    return member.store.read(
        lambda s: {row.id: (row.unit_id, row.username) for row in s.execute(select(c.id, c.unit_id, c.username))}
    )


def propose(member: Member, kind: str, role: Role = Role.REGISTRAR) -> str:
    """A list proposed by the person of `role`; the change's id."""
    member.act(role)
    return member.store.write(changes.propose, member.store.actor, kind, "", {}, "补报")


def test_a_county_list_reaches_the_province_through_the_city(world: World) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    teacher, second = add_account(lu, "张三"), add_account(lu, "李四")
    own = add_account(tang, "王五")
    assert len(lu.store.read(to_file)) == 2
    change = file_accounts(lu)
    assert len(lu.store.read(changes.pupils, change)) == 2
    report(lu, tang)
    assert lu.state_of(change) == "effective"
    assert lu.store.read(to_file) == []
    mine = (LU.id, "tslnzhangsan")
    assert held(tang) == {teacher: mine, second: (LU.id, "tslnlisi"), own: (TANG.id, "tswangwu")}
    file_accounts(tang)
    report(tang, province)
    assert held(province) == held(tang)


def test_roles_and_tiers_of_an_account_list(world: World) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    add_account(lu, "张三")
    with pytest.raises(NotAllowedError, match="学籍管理员"):
        propose(lu, "account.filing", Role.HEAD)
    change = propose(lu, "account.filing")
    lu.store.write(changes.submit, lu.store.actor, change)
    with pytest.raises(NotAllowedError):  # the registrar who proposed it
        lu.store.write(changes.approve, lu.store.actor, lu.store.signer(lu.act(Role.REGISTRAR)), [change])
    assert "approve" in lu.store.read(changes.get, change, lu.actors[Role.HEAD]).allowed
    lu.approve([change])
    with pytest.raises(UserError, match="已有在办的账户备案 BG-"):
        propose(lu, "account.filing")
    with pytest.raises(UserError, match="没有需要备案的账户"):
        propose(tang, "account.filing")
    with pytest.raises(NotAllowedError, match="市校、县校"):
        propose(province, "account.filing")
    with pytest.raises(NotAllowedError, match="基础教育"):
        propose(tang, "roster.baseline")


def test_a_returned_list_is_mended_and_goes_again(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    teacher = add_account(lu, "张三")
    change = file_accounts(lu)
    package = outbox.build(lu.store, lu.act(Role.REGISTRAR), lu.out).package_id
    deliver(lu, tang)
    assert package is not None
    tang.review_all(package, Verdict.RETURN, "请补部门")
    deliver(tang, lu)
    assert (lu.state_of(change), held(tang)) == ("draft", {})
    lu.act(Role.REGISTRAR)
    lu.store.write(roster_edit.set_fields, lu.store.actor, "teachers", teacher, {"department": "教务处"})
    lu.store.write(changes.submit, lu.store.actor, change)
    lu.approve([change])
    report(lu, tang)
    assert held(tang) == {teacher: (LU.id, "tslnzhangsan")}


def test_one_user_name_in_two_counties_is_found_at_the_city(world: World) -> None:
    lu, luan, tang = world["lu"], world["luan"], world["tang"]
    first, second = add_account(lu, "张三"), add_account(luan, "张三")
    add_account(luan, "李四")
    file_accounts(lu)
    file_accounts(luan)
    report(lu, tang)
    built = outbox.build(luan.store, luan.act(Role.REGISTRAR), luan.out)
    deliver(luan, tang)
    (item,) = tang.store.read(review.list_items, review.ReviewQuery(package_id=built.package_id or "", open_only=True))
    assert (item.duplicates, item.summary) == (1, "账户备案（1 个账户疑似重复）")
    assert item.subject_label.endswith("首次备案：新增 2 个")
    assert "用户名相同" in "".join(tang.store.read(review.get_item, item.id).notes)
    tang.review_all(built.package_id or "")
    assert {unit for unit, name in held(tang).values() if name == "tslnzhangsan"} == {LU.id, LUAN.id}
    (pair,) = tang.store.read(username_pairs, [first, second])
    assert {side[2] for side in pair.sides} == {first, second}
    assert tang.store.read(username_pairs, [first])[0].sides[0][2] == first
    (problem,) = tang.store.read(list_problems)
    assert problem.kind == "username_twice"


def test_names_taken_elsewhere_are_told_and_respected(world: World) -> None:
    lu, luan, tang, bao, province = (world[name] for name in ("lu", "luan", "tang", "bao", "province"))
    add_account(lu, "张三")
    add_account(bao, "赵六", username="tslnzhaoliu")  # older than the rule
    add_account(bao, "钱七")
    for low, high in ((lu, tang), (bao, province)):
        file_accounts(low)
        report(low, high)
    assert luan.store.read(taken_names.elsewhere) == set()
    carry(world)
    assert luan.store.read(taken_names.elsewhere) == {"tslnzhangsan", "tslnzhaoliu"}  # 钱七 is no business of theirs
    assert lu.store.read(taken_names.elsewhere) == {"tslnzhaoliu"}
    assert "tslnzhangsan" not in luan.store.read(taken_usernames)
    with pytest.raises(UserError, match="tslnzhangsan 已被其他单位使用"):
        add_account(luan, "张三", username="tslnzhangsan")
    twin = add_account(luan, "张三")
    assert held(luan)[twin] == (LUAN.id, "tslnzhangsan2")
    with pytest.raises(UserError, match="已被其他单位使用"):
        luan.store.write(propose_rename, luan.store.actor, twin, {"username": "tslnzhangsan"}, "更正")
    before = luan.store.read(lambda s: s.execute(select(t.message.c.id)).all())
    carry(world)  # nothing new is told twice
    assert luan.store.read(lambda s: s.execute(select(t.message.c.id)).all()) == before


def test_a_unit_that_lost_its_store_is_told_all_names_again(world: World) -> None:
    lu, luan, tang = world["lu"], world["luan"], world["tang"]
    add_account(lu, "张三")
    file_accounts(lu)
    report(lu, tang)
    carry(world)
    luan.store.write(lose_names, luan)
    carry(world)
    assert luan.store.read(taken_names.elsewhere) == set()
    enrol(luan, tang)
    carry(world)
    assert luan.store.read(taken_names.elsewhere) == {"tslnzhangsan"}


def lose_names(session: Session, member: Member) -> None:
    session.execute(delete(t.taken_name))
    audit.append(session, member.store.actor, "test.lose", "names:test", {})


def test_a_list_of_teachers_respects_names_taken_elsewhere(world: World, tmp_path: Path) -> None:
    from models.exchange.reading import read_workbook
    from models.services import imports
    from tests.integration.conftest import sheet_file

    lu, luan, tang = world["lu"], world["luan"], world["tang"]
    add_account(lu, "张三")
    file_accounts(lu)
    report(lu, tang)
    carry(world)
    luan.act(Role.REGISTRAR)
    row = {"性别": "女", "邮箱": "a@example.org", "办公电话": "0315-2234567", "聘任方式": "专任", "是否在编": "是"}
    rows = [{"姓名": "张三", "用户名": "", **row}, {"姓名": "孙八", "用户名": "tslnzhangsan", **row}]
    workbook = read_workbook(sheet_file(tmp_path / "教师.xlsx", rows), "teachers")
    checked = luan.store.read(imports.check, workbook)
    said = {one.finding.code: one.finding.message for one in checked.findings}
    assert "已被其他单位使用，按规定加序号为 tslnzhangsan2" in said["USERNAME_NUMBERED"]
    assert said["USERNAME_TAKEN"] == "用户名 tslnzhangsan 已被其他单位使用，请换一个。"
    with pytest.raises(DataFaultError):
        luan.store.write(imports.apply, luan.store.actor, checked)
    result = luan.store.write(imports.apply, luan.store.actor, checked, True)
    assert result.new == 1
    (change,) = luan.store.read(changes.list_changes)
    assert (change.kind, change.state) == ("account.create", "pending")


def test_hostile_taken_names_are_refused_whole(world: World) -> None:
    from models.domain.errors import FileRefusedError

    luan, tang = world["luan"], world["tang"]
    for origin, body in (
        (LU.id, {"taken": ["tslna"], "freed": []}),
        (TANG.id, {"taken": ["tslna", 7], "freed": []}),
        (TANG.id, {"taken": ["tslna", "a" * 101], "freed": []}),
        (TANG.id, {"taken": ["tslna\u202e"], "freed": []}),
        (TANG.id, {"taken": "tslna", "freed": []}),
        (TANG.id, {"taken": ["tslna"], "freed": [], "more": 1}),
        (TANG.id, {"taken": [f"tsln{n}" for n in range(2001)], "freed": []}),
    ):
        with pytest.raises(FileRefusedError):
            luan.store.write(taken_names.take, luan.store.actor, origin, body)
    assert luan.store.read(taken_names.elsewhere) == set()
    luan.store.write(taken_names.take, luan.store.actor, TANG.id, {"taken": ["tslna", "tslnb"], "freed": []})
    luan.store.write(taken_names.take, luan.store.actor, TANG.id, {"taken": [], "freed": ["tslna"]})
    assert luan.store.read(taken_names.elsewhere) == {"tslnb"}
    assert tang.store.read(taken_names.elsewhere) == set()


def test_rows_and_kinds_of_the_other_line_are_refused() -> None:
    from models.domain.errors import FileRefusedError
    from models.domain.units import Line
    from models.services.review_intake import check_row, check_shape

    check_row({"id": "a", "values": {"username": "tslna"}}, "teachers")
    for values, kind in (({"class_name": "1班"}, "teachers"), ({"username": "tslna"}, "students"), ({}, "")):
        with pytest.raises(FileRefusedError):
            check_row({"id": "a", "values": values}, kind)
    texts = dict.fromkeys(("id", "number", "subject", "label", "reason", "created"), "x")
    head = {"period": "2026-10", "kind": "first", "as_of": "2026-10-08T01:00:00Z"}
    item = {**texts, "kind": "account.filing", "unit": LU.id, "attempt": 1, "before": {}, "after": head, "batch": {}}
    check_shape(item, LU.id, Line.OPEN)
    with pytest.raises(FileRefusedError):
        check_shape(item | {"batch": None}, LU.id, Line.OPEN)
    with pytest.raises(FileRefusedError):
        check_shape(item, LU.id, Line.BASIC)
    with pytest.raises(FileRefusedError):
        check_shape(item | {"kind": "roster.baseline"}, LU.id, Line.OPEN)
    with pytest.raises(FileRefusedError):  # what ends with the unit's own head never goes up
        check_shape(item | {"kind": "account.create", "after": {}}, LU.id, Line.OPEN)
