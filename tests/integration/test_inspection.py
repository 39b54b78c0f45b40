"""Inspections of the platform's accounts: from an export to findings, disabled accounts, the proof (A6, A9-A12)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.units import Role
from models.services import approvals
from models.services.inspection import exports, handling, proving, views
from models.store import audit
from models.store import tables as t
from sync import inspections, orders
from tests.inspection_world import (
    NAMES,
    World,
    disable,
    export,
    found,
    good,
    inspect,
    irregular,
    make_inspected,
    row,
)
from tests.integration.conftest import sheet_file
from tests.open_world import LU, add_account, carry, open_world
from tests.sync_world import PEOPLE


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inspected(tmp_path_factory.mktemp("inspected") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def test_a_county_from_export_to_proof(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    rows = irregular(lu)
    first = inspect(lu, export(lu, tmp_path, rows), note="五月核查")
    items = found(lu, first)
    assert set(items) == {
        ("not_real_name", "tslnzhangsan"), ("idle", "tslnlvbu"), ("missing", "tslnouyangmingyue"),
        ("unknown", "tslnadmin"), ("not_real_name", "tslnadmin"), ("unknown", "tslnxs01"),
        ("username_rule", "tslnxs01"),
    }  # fmt: skip
    detail = lu.store.read(views.show, first)
    assert detail.left_out == (("其他单位的账户", 1),)  # hebwangwu is the province's
    assert (detail.summary.checked, detail.summary.made_by) == (6, "登记员")

    disable(lu, first, [items["username_rule", "tslnxs01"].position])
    assert found(lu, first)["unknown", "tslnxs01"].state == "listed"  # the account is, with all that is wrong with it
    made = disable(lu, first)
    assert (made.accounts, len(made.changes), made.orders, made.platform) == (3, 2, (), 1)
    lu.approve(list(made.changes))
    items = found(lu, first)
    assert items["not_real_name", "tslnzhangsan"].state == "done"
    assert items["unknown", "tslnadmin"].state == "listed"
    assert items["missing", "tslnouyangmingyue"].state == "open"

    rows[0]["是否停用"] = "1"  # carried out for 张三, not for 吕布; the administrator is gone, the other stranger stays
    later = export(lu, tmp_path, [one for one in rows if one["用户名"] != "tslnadmin"], "后来.xlsx")
    lu.act(Role.REGISTRAR)
    proved = lu.store.write(proving.prove, lu.store.actor, first, later)
    items = found(lu, first)
    assert items["not_real_name", "tslnzhangsan"].proof_label == "平台已停用"
    assert items["not_real_name", "tslnzhangsan"].proved_at
    waiting = items["idle", "tslnlvbu"]
    assert (waiting.state_label, waiting.overdue) == ("未停用（待执行）", False)  # its day has not passed
    lu.store.write(age, "2020-01-05T00:00:00Z")
    items = found(lu, first)
    assert (items["idle", "tslnlvbu"].state_label, items["idle", "tslnlvbu"].overdue) == ("逾期未停用", True)
    assert items["unknown", "tslnadmin"].proof == "gone"
    assert items["unknown", "tslnxs01"].overdue
    assert items["missing", "tslnouyangmingyue"].state == "open"
    assert (proved.settled["suspended"], proved.settled["gone"], proved.still, proved.silent) == (1, 2, 4, 0)
    assert lu.store.read(audit.verify).ok


def age(session: Session, day: str) -> None:
    session.execute(update(t.inspection_finding).values(handled_at=day))
    audit.append(session, None, "test.age", "batch:test", {})


def test_what_can_be_corrected_is_listed_only_when_chosen(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    rows = irregular(lu)
    rows[1]["姓名"] = "买买提"  # not the name of the register, which is a real one
    first = inspect(lu, export(lu, tmp_path, rows))
    wrong = found(lu, first)["not_real_name", "tslnmaimaitiaili"]
    made = disable(lu, first)
    assert made.corrections == (wrong.position,)
    items = found(lu, first)
    assert {items[key].state for key in (("not_real_name", "tslnzhangsan"), ("idle", "tslnlvbu"))} == {"listed"}
    assert items["not_real_name", "tslnmaimaitiaili"].state == "open"
    with pytest.raises(UserError, match="1 项应先更正"):
        disable(lu, first)
    (change,) = disable(lu, first, [wrong.position]).changes
    with pytest.raises(UserError, match="撤回停用申请") as refusal:
        lu.store.write(handling.dismiss, lu.store.actor, first, [wrong.position], "已更正")
    assert found(lu, first)["not_real_name", "tslnmaimaitiaili"].change in str(refusal.value)
    stranger = found(lu, first)["unknown", "tslnadmin"]  # nothing is under way for it
    assert lu.store.write(handling.dismiss, lu.store.actor, first, [stranger.position], "是上级的账户") == 1

    lu.approve([change])
    lu.act(Role.REGISTRAR)
    rows[1]["姓名"] = NAMES["tslnmaimaitiaili"]
    lu.store.write(proving.prove, lu.store.actor, first, export(lu, tmp_path, rows, "后来.xlsx"))
    mended = found(lu, first)["not_real_name", "tslnmaimaitiaili"]
    assert (mended.proof_label, mended.state) == ("已改正", "proved")
    assert "申请启用" in mended.note


def test_accounts_on_the_list_are_gone_when_the_others_are_there(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    rows = good(lu)
    for one in rows[:3]:
        one["最近登录"] = "2020-03-01"
    first = inspect(lu, export(lu, tmp_path, rows))
    disable(lu, first)  # waits for the head, so the register still has all five in use
    proved = lu.store.write(proving.prove, lu.store.actor, first, export(lu, tmp_path, rows[3:], "后来.xlsx"))
    assert (proved.settled["gone"], proved.still, proved.silent) == (3, 0, 0)


def test_rows_that_were_not_looked_at_or_not_understood_are_named(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    rows = good(lu)
    rows[0]["最近登录"], rows[1]["最近登录"], rows[2]["用户名"] = "上学期", "", ""
    rows += [row(lu, "hebwangwu", "王五", 8, 最近登录="很久"), rows[4]]
    first = inspect(lu, export(lu, tmp_path, rows))
    detail = lu.store.read(views.show, first)
    assert dict(detail.left_out) == {"其他单位的账户": 1, "重复的行": 1, "没有用户名的行": 1}
    places = dict(detail.left_rows)
    assert [places[what][-5:] for what in ("其他单位的账户", "重复的行", "没有用户名的行")] == [
        "第 7 行",
        "第 8 行",
        "第 4 行",
    ]
    unread, empty, unclear = detail.notes
    assert "第 2 行 F 列：最近登录“上学期”看不懂" in unread
    assert "最近登录是空的 1 行" in empty
    assert "第 3 行" in empty
    assert "第 2 行" in unclear


def test_a_city_orders_what_it_finds_in_its_county(world: World, tmp_path: Path) -> None:
    lu, tang = world["lu"], world["tang"]
    own = add_account(tang, "钱七", email="own@example.org")
    rows = [one | {"单位": LU.name} for one in irregular(lu)]
    rows += [
        row(tang, "tsqianqi", "老师", 6, 邮箱="own@example.org", 单位="甲市分院"),
        row(tang, "bdx", "某校", 5, 单位="丙校"),
    ]
    first = inspect(tang, export(tang, tmp_path, rows))
    items = found(tang, first)
    assert items["not_real_name", "tslnzhangsan"].unit_id == LU.id
    assert items["unknown", "tslnadmin"].unit_id == LU.id
    assert items["not_real_name", "tsqianqi"].account_id == own
    assert ("unknown", "bdx") not in items  # 丙校 is nobody of ours
    assert not [key for key in items if key[0] == "unfiled" and key[1] != "tsqianqi"]
    made = disable(tang, first)
    assert (len(made.changes), len(made.orders)) == (1, 2)  # 未实名 and 闲置 in the county
    carry({"lu": lu, "tang": tang})
    lu.act(Role.REGISTRAR)
    for order_id in made.orders:
        lu.store.write(orders.execute, lu.store.actor, order_id)
    carry({"lu": lu, "tang": tang})
    items = found(tang, first)
    assert {items[key].state for key in (("not_real_name", "tslnzhangsan"), ("idle", "tslnlvbu"))} == {"done"}
    assert items["not_real_name", "tsqianqi"].state == "listed"
    assert items["idle", "tslnlvbu"].order


def test_all_or_nothing_when_an_order_cannot_be_given(world: World, tmp_path: Path) -> None:
    tang = world["tang"]
    add_account(tang, "钱七", email="own@example.org")
    rows = [*irregular(world["lu"]), row(tang, "tsqianqi", "老师", 6, 邮箱="own@example.org")]
    first = inspect(tang, export(tang, tmp_path, rows))
    tang.act(Role.ADMINISTRATOR)
    with pytest.raises(UserError, match="口令签发"):
        tang.store.write(handling.disable_list, tang.store.actor, first)
    with pytest.raises(NotAllowedError, match="学籍管理员"):  # the administrator gives no orders
        inspections.disable(tang.store, PEOPLE[Role.ADMINISTRATOR][1], first)
    assert {one.state for one in found(tang, first).values()} == {"open"}
    tang.act(Role.HEAD)
    with pytest.raises(NotAllowedError, match="须由"):
        tang.store.write(handling.disable_list, tang.store.actor, first)


def test_the_same_list_twice_gives_the_same_and_disables_once(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    listed = export(lu, tmp_path, irregular(lu))
    first, second = inspect(lu, listed), inspect(lu, listed)
    said = [[(one.code, one.username, one.details) for one in found(lu, which).values()] for which in (first, second)]
    assert said[0] == said[1]
    changes = disable(lu, first).changes
    again = disable(lu, second)
    assert (again.changes, again.under_way, again.accounts) == ((), 2, 4)
    key = ("idle", "tslnlvbu")
    assert found(lu, first)[key].change == found(lu, second)[key].change != ""
    with pytest.raises(UserError, match="都已处理"):
        disable(lu, first)
    lu.act(Role.HEAD)
    lu.store.write(approvals.refuse, lu.store.actor, [changes[0]], "先问清本人")
    refused_one = next(one for one in found(lu, first).values() if one.state == "open" and one.level == "error")
    assert disable(lu, first, [refused_one.position]).changes  # may be proposed again


def test_dismissed_findings_are_left_alone_until_restored(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    first = inspect(lu, export(lu, tmp_path, irregular(lu)))
    place = found(lu, first)["idle", "tslnlvbu"].position
    with pytest.raises(UserError, match="写明理由"):
        lu.store.write(handling.dismiss, lu.store.actor, first, [place], " ")
    with pytest.raises(UserError, match="没有第 100 项"):
        lu.store.write(handling.dismiss, lu.store.actor, first, [99], "休产假")
    lu.store.write(handling.dismiss, lu.store.actor, first, [place], "休产假")
    assert len(disable(lu, first).changes) == 1
    with pytest.raises(UserError, match="不予处理"):
        lu.store.write(handling.dismiss, lu.store.actor, first, [place], "休产假")
    lu.store.write(handling.restore, lu.store.actor, first, [place])
    assert found(lu, first)["idle", "tslnlvbu"].state == "open"
    stranger = found(lu, first)["unknown", "tslnxs01"]
    assert stranger.state == found(lu, first)["username_rule", "tslnxs01"].state == "listed"
    only_format = inspect(lu, export(lu, tmp_path, [one | {"手机": "12"} for one in good(lu)], "格式.xlsx"))
    places = [one.position for one in found(lu, only_format).values()]
    with pytest.raises(UserError, match="只需更正"):
        disable(lu, only_format, places)


def test_a_list_that_says_too_little_proves_nothing(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    rows = irregular(lu)
    listed = export(lu, tmp_path, rows)
    first = inspect(lu, listed)
    with pytest.raises(FileRefusedError, match="重新导出"):
        lu.store.write(proving.prove, lu.store.actor, first, listed)
    few = export(lu, tmp_path, [rows[1]], "少数.xlsx")  # one of five accounts: nobody is gone because of that
    with pytest.raises(FileRefusedError, match="没有说到"):
        lu.store.write(proving.prove, lu.store.actor, first, few)
    columns = [{key: one[key] for key in ("用户名", "姓名")} for one in rows]
    stateless = exports.read_export(sheet_file(tmp_path / "教师.xlsx", columns), {}, {})
    with pytest.raises(FileRefusedError, match="没有“是否停用”"):
        lu.store.write(proving.prove, lu.store.actor, first, stateless)
    others = export(lu, tmp_path, [row(lu, "tslnlisi", "李四", 6)], "别人.xlsx")
    with pytest.raises(FileRefusedError, match="任何账户"):
        lu.store.write(proving.prove, lu.store.actor, first, others)
    assert not any(one.proof for one in found(lu, first).values())
    columns = [{key: one[key] for key in ("用户名", "姓名", "是否停用")} for one in rows]  # without the last login
    path = sheet_file(tmp_path / "少列.xlsx", columns)
    proved = lu.store.write(proving.prove, lu.store.actor, first, exports.read_export(path, {}, {}))
    assert found(lu, first)["idle", "tslnlvbu"].state == "open"
    assert (sum(proved.settled.values()), proved.silent) == (0, 1)


def test_files_that_are_no_list_are_refused_in_a_sentence(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    for name, content in (("坏.xlsx", b"PK\x03\x04 broken"), ("图.xlsx", b"\x89PNG\r\n\x1a\n"), ("空.csv", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileRefusedError):
            exports.read_export(tmp_path / name, {}, {})
    stranger = export(lu, tmp_path, [row(lu, "hebwangwu", "王五", 8)])
    with pytest.raises(FileRefusedError, match="选错了文件"):
        inspect(lu, stranger)
    assert lu.store.read(views.list_inspections) == []
    with pytest.raises(UserError, match="闲置天数"):
        inspect(lu, export(lu, tmp_path, good(lu), "好.xlsx"), idle_days=0)


def test_columns_mapped_by_hand_are_remembered(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    path = sheet_file(tmp_path / "怪.xlsx", [{"甲": one["用户名"], "乙": one["姓名"]} for one in good(lu)])
    memory = lu.store.read(exports.remembered)
    with pytest.raises(FileRefusedError, match="用户名"):
        exports.read_export(path, {}, memory)
    inspect(lu, exports.read_export(path, {"username": "甲", "name": "B"}, memory))
    again = exports.read_export(path, {}, lu.store.read(exports.remembered))
    assert [one.name for one in again.accounts] == list(NAMES.values())


def test_a_list_that_would_end_a_whole_unit_waits_for_a_word(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    add_account(lu, "马腾", email="t5@example.org")
    names = {**NAMES, "tslnmateng": "马腾"}
    rows = [row(lu, username, "教务处", place, 最近登录="") for place, username in enumerate(names)]
    first = inspect(lu, export(lu, tmp_path, rows))
    with pytest.raises(UserError, match="6 个账户中的 6 个"):
        disable(lu, first)
    assert {one.state for one in found(lu, first).values()} == {"open"}
    made = inspections.disable(lu.store, lu.act(Role.REGISTRAR), first, confirmed=True)
    assert len(made.changes) == len(names)
