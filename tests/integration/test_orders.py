"""Orders to disable accounts: from the tier that supervises, down to who holds them, and the proof back (A9-A12)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.orders import OrderBody, OrderLine, read_order, read_proof
from models.domain.units import Role
from models.services import order_execution, order_views
from models.services import orders as services
from models.services.accounts import status
from models.store import audit
from models.store import tables as t
from sync import orders
from tests.integration.conftest import sheet_file
from tests.integration.test_cli import Done, refused, rollbook
from tests.open_world import (
    BAO,
    LU,
    LUAN,
    PROVINCE,
    TANG,
    add_account,
    carry,
    file_accounts,
    make_open_tiers,
    open_world,
    report,
)
from tests.sync_world import PEOPLE, Member, opened

World = dict[str, Member]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("open") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def reported(world: World, *names: str) -> list[str]:
    """Accounts of the county that city and province know; their ids."""
    ids = [add_account(world["lu"], name) for name in names]
    file_accounts(world["lu"])
    report(world["lu"], world["tang"])
    report(world["tang"], world["province"])
    return ids


def give(member: Member, ids: list[str], reason: str = "real_name", note: str = "", due: str = "") -> str:
    """An order given by the unit's registrar; its id."""
    return orders.issue(member.store, member.act(Role.REGISTRAR), ids, reason, note, due).order_id


def status_of(member: Member, account_id: str) -> str:
    c = t.account.c
    return str(member.store.read(lambda s: s.execute(select(c.status).where(c.id == account_id)).scalar()))


def states(member: Member, order_id: str) -> list[tuple[str, str]]:
    """(user name, state in words) of an order's accounts."""
    detail = member.store.read(order_views.show_order, order_id)
    return [(item.username, item.state_label) for item in detail.items]


def test_an_order_of_the_province_is_carried_out_in_the_county_and_proved(world: World) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    first, second, third = reported(world, "张三", "李四", "王五")
    order = give(province, [first, second, third], due="2099-01-31")
    carry(world)
    (seen,) = lu.store.read(order_views.list_orders, open_only=True)
    assert (seen.id, seen.given, seen.owner_name, seen.reason_label) == (order, False, PROVINCE.name, "未实名")
    assert (seen.total, seen.open, seen.due, seen.state_label) == (3, 3, "2099-01-31", "待执行")
    assert tang.store.read(order_views.list_orders) == []  # only passed through
    lu.act(Role.REGISTRAR)
    lu.store.write(orders.execute, lu.store.actor, order, [0])
    lu.store.write(orders.object_, lu.store.actor, order, [1], "该教师已实名，附证件核对记录")
    carry(world)
    done = [("tslnzhangsan", "已禁用"), ("tslnlisi", "有异议"), ("tslnwangwu", "待执行")]
    assert states(lu, order) == states(province, order) == done
    item = province.store.read(order_views.show_order, order).items
    assert (item[0].done_by, item[1].note) == ("登记员", "该教师已实名，附证件核对记录")
    for member in (lu, tang, province):  # every copy above follows the proof
        assert [status_of(member, one) for one in (first, second, third)] == ["disabled", "active", "active"]
    lu.store.write(orders.execute, lu.store.actor, order)  # what is still open
    lu.store.write(orders.execute, lu.store.actor, order, [1])  # and what was objected to, after all
    carry(world)
    (summary,) = province.store.read(order_views.list_orders)
    assert (summary.done, summary.state, summary.state_label) == (3, "closed", "已办结")
    assert province.store.read(order_views.list_orders, open_only=True) == []
    c = t.message.c
    query = select(c.state).where(c.kind == "order.disable")
    assert [m.store.read(lambda s: s.execute(query).scalar()) for m in (lu, province)] == ["handled", "handled"]


def test_the_reason_in_the_log_names_the_order(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    (teacher,) = reported(world, "张三")
    order = give(tang, [teacher], "other", "冒用他人姓名")
    carry(world)
    lu.act(Role.REGISTRAR)
    lu.store.write(orders.execute, lu.store.actor, order)
    (entry,) = [one for one in lu.store.read(audit.entries) if one.act == "account.disable"]
    assert entry.body["reason"] == f"甲市分院停用通知单 {order[-8:]}：其他 冒用他人姓名"
    with pytest.raises(UserError, match="按上级的停用通知单禁用"):
        lu.store.write(status.propose_enable, lu.store.actor, [teacher], " ")
    lu.approve(lu.store.write(status.propose_enable, lu.store.actor, [teacher], "市分院电话同意，已改正"))
    assert status_of(lu, teacher) == "active"


def test_an_account_disabled_before_the_order_came_is_proved_at_once(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    (teacher,) = reported(world, "张三")
    order = give(tang, [teacher])
    lu.act(Role.REGISTRAR)
    lu.approve(lu.store.write(status.propose_disable, lu.store.actor, [teacher], "left", "离职"))
    carry(world)
    assert states(tang, order) == states(lu, order) == [("tslnzhangsan", "已禁用")]
    assert status_of(tang, teacher) == "disabled"
    assert tang.store.read(order_views.show_order, order).items[0].note == order_execution.ALREADY


def test_only_what_is_supervised_can_be_ordered(world: World) -> None:
    lu, tang, bao = world["lu"], world["tang"], world["bao"]
    first, second = reported(world, "张三", "李四")
    own = add_account(tang, "王五")
    give(tang, [first])
    passphrase = tang.act(Role.REGISTRAR)
    for ids, reason, note, due, words in (
        ([first], "idle", "", "", "已在未办结的停用通知单中：tslnzhangsan"),
        ([own], "idle", "", "", "本单位自己的账户"),
        (["0" * 36], "idle", "", "", "不属于所辖单位"),
        ([], "idle", "", "", "1 至"),
        ([second], "boring", "", "", "禁用原因只能是"),
        ([second], "other", " ", "", "须写明具体情况"),
        ([second], "idle", "字" * 501, "", "500 字"),
        ([second], "idle", "", "2020-01-01", "已经过去"),
        ([second], "idle", "", "明天", "2026-12-31 这样"),
        ([second], "idle", "", "9999-12-31", "2026-12-31 这样"),
    ):
        with pytest.raises(UserError, match=words):
            orders.issue(tang.store, passphrase, ids, reason, note, due)
    bao.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="没有这些用户名：tslnlisi"):
        bao.store.read(services.accounts_named, ["tslnlisi"])
    tang.act(Role.HEAD)
    with pytest.raises(NotAllowedError, match="学籍管理员"):
        tang.store.write(services.issue, tang.store.actor, [second], "idle")
    lu.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="没有编号为"):
        lu.store.write(orders.execute, lu.store.actor, "nothing")
    tang.act(Role.REGISTRAR)
    mine = tang.store.read(order_views.list_orders)[0].id
    with pytest.raises(NotAllowedError, match="应由账户所在单位执行"):
        tang.store.write(orders.execute, tang.store.actor, mine)


def test_accounts_are_named_by_a_file(world: World, tmp_path: Path) -> None:
    tang = world["tang"]
    ids = reported(world, "张三", "李四")
    path = sheet_file(tmp_path / "禁用.xlsx", [{"姓名": "张三", "用户名": "tslnzhangsan"}, {"用户名": " tslnlisi"}])
    names = services.names_in_file(path)
    assert tang.store.read(services.accounts_named, names) == ids
    empty = sheet_file(tmp_path / "空.xlsx", [{"姓名": "张三", "性别": "女"}])
    with pytest.raises(FileRefusedError, match="没有“用户名”"):
        services.names_in_file(empty)
    add_account(world["luan"], "张三", username="tslnzhangsan")
    file_accounts(world["luan"])
    report(world["luan"], tang)
    with pytest.raises(UserError, match="不止一个单位在用：tslnzhangsan"):
        tang.store.read(services.accounts_named, ["tslnzhangsan"])


def test_execution_asks_for_the_registrar_and_for_reasons(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    (teacher,) = reported(world, "张三")
    order = give(tang, [teacher])
    carry(world)
    for role in (Role.HEAD, Role.ADMINISTRATOR):
        lu.act(role)
        with pytest.raises(NotAllowedError, match="学籍管理员"):
            lu.store.write(orders.execute, lu.store.actor, order)
    lu.act(Role.REGISTRAR)
    with pytest.raises(UserError, match="须写明理由"):
        lu.store.write(orders.object_, lu.store.actor, order, None, " ")
    with pytest.raises(UserError, match="没有所选的序号"):
        lu.store.write(orders.execute, lu.store.actor, order, [5])
    lu.store.write(orders.execute, lu.store.actor, order, [0])
    with pytest.raises(UserError, match="已没有待执行"):
        lu.store.write(orders.execute, lu.store.actor, order)
    with pytest.raises(UserError, match="已经办理过"):
        lu.store.write(orders.object_, lu.store.actor, order, [0], "不同意")


def test_an_order_nobody_carries_out_is_overdue(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    (teacher,) = reported(world, "张三")
    order = give(tang, [teacher])
    carry(world)

    def past(session: Session, member: Member) -> None:
        session.execute(update(t.disable_order).values(due="2026-01-01"))
        audit.append(session, member.store.actor, "test.past", "order:test", {})

    for member in (lu, tang):
        member.store.write(past, member)
        (summary,) = member.store.read(order_views.list_orders)
        assert (summary.overdue, summary.state_label) == (1, "逾期未执行")
        assert states(member, order) == [("tslnzhangsan", "逾期未执行")]


def line(**changed: Any) -> dict[str, Any]:
    account = "019a0000-0000-7000-8000-000000000001"
    return {"position": 0, "account": account, "username": "tslna", "label": "某人"} | changed


def body(**changed: Any) -> dict[str, Any]:
    return {"reason": "idle", "note": "", "due": "2026-12-01", "by": "某人", "items": [line()]} | changed


def proof(**changed: Any) -> dict[str, Any]:
    item = {key: value for key, value in line().items() if key != "label"}
    said = {"state": "done", "at": "2026-12-01T00:00:00Z", "by": "某人", "note": "", "status": "disabled"}
    return {**item, **said, "revision": 2} | changed


ORDER = "019a0000-0000-7000-8000-00000000000a"


def test_bodies_of_another_shape_are_refused() -> None:
    assert read_order(body()).to_json() == body()
    assert read_proof({"order": ORDER, "items": [proof()]})[1][0].to_json() == proof()
    broken = (
        body(reason="boring"), body(due="soon"), body(due=7), body(note="字" * 501), body(by=None), body(items=[]),
        body(items=["x"]), body(items=[line()] * 501), body(more=1), body(items=[line(position=-1)]),
        body(items=[line(position=True)]), body(items=[line(account="x")]), body(items=[line(username="a" * 101)]),
        body(items=[line(label="某\u202e人")]), body(items=[line(more=1)]), {},
    )  # fmt: skip
    for one in broken:
        with pytest.raises((ValueError, KeyError, TypeError)):
            read_order(one)
    for item in (
        proof(state="open"), proof(state="gone"), proof(at="yesterday"), proof(status="sleeping"), proof(revision=1.5),
        proof(note=["x"]), proof(more=1), proof(account=""), proof(position=1 << 40),
    ):  # fmt: skip
        with pytest.raises((ValueError, KeyError, TypeError)):
            read_proof({"order": ORDER, "items": [item]})
    for whole in ({"order": "x", "items": [proof()]}, {"order": ORDER, "items": []}, {"order": ORDER}):
        with pytest.raises((ValueError, KeyError, TypeError)):
            read_proof(whole)


def test_orders_and_proofs_of_the_wrong_units_are_refused(world: World) -> None:
    lu, luan, tang = world["lu"], world["luan"], world["tang"]
    (teacher,) = reported(world, "张三")
    order = give(tang, [teacher])
    carry(world)
    lu.act(Role.REGISTRAR)
    for origin, words in ((LUAN.id, "不是上级"), (BAO.id, "不是上级"), (PROVINCE.id, "编号与另一单位")):
        with pytest.raises(FileRefusedError, match=words):
            lu.store.write(order_execution.take, lu.store.actor, order, origin, body())
    again = OrderBody("idle", "", "", "某人", (OrderLine(0, teacher, "tslnzhangsan", "张三"),)).to_json()
    lu.store.write(order_execution.take, lu.store.actor, order, TANG.id, again)  # known already: nothing is doubled
    assert states(lu, order) == [("tslnzhangsan", "待执行")]
    forged = {"order": order, "items": [proof(account=teacher, username="tslnzhangsan")]}
    for origin, words in ((LUAN.id, "与通知单不符"), (PROVINCE.id, "不是所辖单位"), (TANG.id, "不是所辖单位")):
        with pytest.raises(FileRefusedError, match=words):
            tang.store.write(services.take_proof, tang.store.actor, origin, forged)
    unknown = {"order": ORDER, "items": [proof(account=teacher)]}
    tang.store.write(services.take_proof, tang.store.actor, LUAN.id, unknown)  # no order of ours, no account of theirs
    assert (status_of(tang, teacher), states(tang, order)) == ("active", [("tslnzhangsan", "待执行")])
    assert luan.store.read(order_views.list_orders) == []
    assert LU.id == tang.store.read(order_views.show_order, order).items[0].unit_id


def run(home: Path, *arguments: object, text: bool = False) -> Done:
    """One command of the unit's registrar."""
    name, passphrase = PEOPLE[Role.REGISTRAR]
    general = [*(() if text else ("--json",)), "--home", home, "--operator", name, "--secret-file", "-"]
    return rollbook(*general, *arguments, given=f"{passphrase}\n")


def test_orders_on_the_command_line(template: Path, tmp_path: Path) -> None:
    units = tmp_path / "units"
    with open_world(template, units) as world:
        reported(world, "张三", "李四")
    lu, tang = units / "lu", units / "tang"
    refused(run(tang, "order", "issue", "--reason", "闲置"), 2, "--username")
    refused(run(tang, "order", "issue", "--reason", "闲置", "--username", "tslnnobody"), 2, "tslnnobody")
    names = ("--username", "tslnzhangsan", "--username", "tslnlisi")
    made = run(tang, "order", "issue", "--reason", "未实名", *names, "--due", "2099-01-31").json
    assert (made["accounts"], made["units"], made["due"]) == (2, 1, "2099-01-31")
    with opened(units, "lu", "tang") as members:
        carry(dict(zip(("lu", "tang"), members, strict=True)))
    (seen,) = run(lu, "order", "list", "--open").json
    assert (seen["number"], seen["open"], seen["given"]) == (made["number"], 2, False)
    assert run(lu, "order", "execute", made["number"], "--item", "1").json[0]["state"] == "done"
    refused(run(lu, "order", "object", made["number"], "--reason", " "), 2, "须写明理由")
    assert run(lu, "order", "object", made["number"], "--reason", "已实名").json[0]["username"] == "tslnlisi"
    shown = run(lu, "order", "show", made["number"], text=True).out
    assert "1. tslnzhangsan  张三  甲一学习中心  已禁用  登记员" in shown
    assert "有异议  登记员" in shown
    assert "：已实名" in shown
