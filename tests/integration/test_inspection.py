"""Inspections of the platform's accounts: from an export to findings, disabled accounts, the proof (A6, A9-A12)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.times import local_day
from models.domain.units import Role
from models.exchange.platform.accounts_list import AccountsList
from models.services import approvals
from models.services.inspection import exports, handling, proving, running, views
from models.store import audit, clock
from models.store import tables as t
from sync import inspections, orders
from tests.integration.conftest import sheet_file
from tests.integration.test_cli import Done, refused, rollbook
from tests.open_world import (
    LU,
    OPEN_TIERS,
    add_account,
    carry,
    file_accounts,
    make_open_tiers,
    open_world,
    report,
)
from tests.sync_world import PEOPLE, Member, opened

World = dict[str, Member]
ROOT = Path(__file__).parents[2]
NAMES = {
    "tslnzhangsan": "张三", "tslnmaimaitiaili": "买买提·艾力", "tslnchanyudan": "单于丹", "tslnlvbu": "吕布",
    "tslnouyangmingyue": "欧阳明月",
}  # fmt: skip
TITLES = ("用户名", "姓名", "邮箱", "手机", "是否停用", "最近登录", "单位")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units of the open line; the county's accounts are filed with city and province."""
    units = make_open_tiers(tmp_path_factory.mktemp("inspected") / "units")
    with opened(units, *OPEN_TIERS) as members:
        lu, tang, province = (dict(zip(OPEN_TIERS, members, strict=True))[name] for name in ("lu", "tang", "province"))
        for place, name in enumerate(NAMES.values()):
            add_account(lu, name, email=f"t{place}@example.org", phone=f"1390000000{place}")
        file_accounts(lu)
        report(lu, tang)
        report(tang, province)
    shutil.rmtree(units / "stick", ignore_errors=True)
    return units


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def today(member: Member) -> str:
    return local_day(member.store.read(clock.now))


def row(member: Member, username: str, name: str, place: int = 0, **given: str) -> dict[str, str]:
    values = {
        "用户名": username, "姓名": name, "邮箱": f"t{place}@example.org", "手机": f"1390000000{place}",
        "是否停用": "0", "最近登录": today(member), "单位": "",
    }  # fmt: skip
    return values | given


def good(member: Member) -> list[dict[str, str]]:
    """The rows of accounts nothing is wrong with."""
    return [row(member, username, name, place) for place, (username, name) in enumerate(NAMES.items())]


def export(member: Member, folder: Path, rows: list[dict[str, str]], name: str = "平台账户.xlsx") -> AccountsList:
    return exports.read_export(sheet_file(folder / name, rows, TITLES), {}, member.store.read(exports.remembered))


def inspect(member: Member, listed: AccountsList, **given: Any) -> str:
    member.act(Role.REGISTRAR)
    return member.store.write(running.run, member.store.actor, listed, **given)


def found(member: Member, inspection_id: str) -> dict[tuple[str, str], views.FindingView]:
    """(code, user name) -> finding."""
    return {(one.code, one.username): one for one in member.store.read(views.show, inspection_id).items}


def disable(member: Member, inspection_id: str, positions: Sequence[int] | None = None) -> handling.Listed:
    return inspections.disable(member.store, member.act(Role.REGISTRAR), inspection_id, positions)


def irregular(member: Member) -> list[dict[str, str]]:
    """An export with one of many faults: 张三 is a department, 吕布 idle, two strangers, one never in the list."""
    rows = good(member)
    rows[0]["姓名"], rows[3]["最近登录"] = "教务处", "2020-03-01"
    del rows[4]
    strangers = [row(member, "tslnadmin", "管理员", 7), row(member, "hebwangwu", "王五", 8)]
    return [*rows, *strangers, row(member, "tslnxs01", "学小生", 9, 单位="")]


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

    made = disable(lu, first)
    assert (made.accounts, len(made.changes), made.orders, made.platform) == (4, 2, (), 2)
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
    assert (items["idle", "tslnlvbu"].state_label, items["idle", "tslnlvbu"].overdue) == ("逾期未停用", True)
    assert items["unknown", "tslnadmin"].proof == "gone"
    assert items["unknown", "tslnxs01"].overdue
    assert items["missing", "tslnouyangmingyue"].state == "open"
    assert (proved.settled["suspended"], proved.settled["gone"], proved.still, proved.silent) == (1, 2, 4, 0)
    assert lu.store.read(audit.verify).ok


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
    columns = [{key: one[key] for key in ("用户名", "姓名")} for one in rows]  # without the last login
    path = sheet_file(tmp_path / "少列.xlsx", columns)
    proved = lu.store.write(proving.prove, lu.store.actor, first, exports.read_export(path, {}, {}))
    assert found(lu, first)["idle", "tslnlvbu"].state == "open"
    assert (sum(proved.settled.values()), proved.silent) == (0, 1)


def test_a_closed_inspection_is_signed_and_changes_no_more(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    first = inspect(lu, export(lu, tmp_path, irregular(lu)))
    with pytest.raises(UserError, match="还没有办结"):
        lu.store.read(inspections.verify, first)
    changes = disable(lu, first).changes
    inspections.close(lu.store, lu.act(Role.REGISTRAR), first)
    assert lu.store.read(inspections.verify, first) == ()
    lu.approve(list(changes))
    assert found(lu, first)["idle", "tslnlvbu"].state == "listed"  # as it was when it was signed
    assert lu.store.read(inspections.verify, first) == ()
    lu.act(Role.REGISTRAR)
    for act in (
        lambda: lu.store.write(handling.dismiss, lu.store.actor, first, [0], "不办"),
        lambda: disable(lu, first),
        lambda: inspections.close(lu.store, lu.act(Role.REGISTRAR), first),
    ):
        with pytest.raises(UserError, match="不能再改动"):
            act()
    c = t.inspection_finding.c

    def tamper(session: Session) -> None:
        session.execute(update(t.inspection_finding).where(c.code == "idle").values(label="别人"))

    lu.store.write(tamper)
    assert lu.store.read(inspections.verify, first) == ("发现的问题与签名时不一致，被改动过。",)


def test_a_patrol_of_the_register_is_dated_and_signed(world: World) -> None:
    lu, tang = world["lu"], world["tang"]
    add_account(lu, "马腾", username="mateng", office_phone="0315-2234567")
    c = t.account.c

    def age(session: Session) -> None:
        session.execute(update(t.account).where(c.username == "mateng").values(opened_at="2020-01-05T00:00:00Z"))
        session.execute(update(t.account).where(c.username == "mateng").values(email="t0@example.org"))
        session.execute(update(t.account).where(c.username == "tslnlvbu").values(name="教务处", office_phone="12"))
        audit.append(session, None, "test.age", "batch:test", {})

    lu.store.write(age)
    lu.act(Role.REGISTRAR)
    first = lu.store.write(running.patrol, lu.store.actor, None, "不定期巡查")
    items = found(lu, first)
    assert {key[0] for key in items if key[1] == "mateng"} == {"username_rule", "unfiled", "shared"}
    assert {key[0] for key in items if key[1] == "tslnlvbu"} == {"not_real_name", "phone_format"}
    inspections.close(lu.store, lu.act(Role.REGISTRAR), first)
    summary = lu.store.read(views.list_inspections)[0]
    assert (summary.kind_label, summary.signed, summary.made_by) == ("巡查", True, "登记员")
    assert lu.store.read(inspections.verify, first) == ()
    tang.act(Role.REGISTRAR)
    with pytest.raises(NotAllowedError, match="所辖"):
        lu.store.write(running.patrol, lu.store.actor, tang.store.actor.unit.id)
    below = tang.store.write(running.patrol, tang.store.actor, LU.id)
    assert tang.store.read(views.show, below).summary.checked == len(NAMES)


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


CHILD = """
import os, sys
from pathlib import Path
from models.services import approvals
from models.services.inspection import exports, running
from models.store.store import Store

class Die:
    def report(self, done, total, what):
        if what == "记下发现":
            os._exit(9)

home, name, secret, path = sys.argv[1:]
store = Store.open(Path(home), name, secret)
store.write(running.run, store.actor, exports.read_export(Path(path), {}, {}), progress=Die())
"""


def test_a_kill_in_the_middle_leaves_nothing(template: Path, tmp_path: Path) -> None:
    with open_world(template, tmp_path / "units") as members:
        path = export(members["lu"], tmp_path, irregular(members["lu"])).path
    arguments = [sys.executable, "-c", CHILD, str(tmp_path / "units" / "lu"), *PEOPLE[Role.REGISTRAR], str(path)]
    died = subprocess.run(arguments, cwd=ROOT, check=False, capture_output=True, timeout=120)
    assert died.returncode == 9, died.stderr.decode(errors="replace")[-500:]
    with opened(tmp_path / "units", "lu") as (lu,):
        assert lu.store.read(views.list_inspections) == []
        assert lu.store.read(audit.verify).ok


def call(member: Member, *arguments: object, text: bool = False) -> Done:
    """A command of the unit's registrar; its store is closed before."""
    member.store.close()
    name, passphrase = PEOPLE[Role.REGISTRAR]
    general = [*(() if text else ("--json",)), "--home", member.store.home, "--operator", name, "--secret-file", "-"]
    return rollbook(*general, *arguments, given=f"{passphrase}\n", process=False)


def test_the_command_line_from_run_to_close(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    rows = irregular(lu)
    rows.append(row(lu, "=cmd|calc", "=HYPERLINK(1)", 3))
    path = sheet_file(tmp_path / "平台.xlsx", rows, TITLES)
    made = call(lu, "inspection", "run", path, "--map", "用户名=A", "--note", "五月").json
    number = made["summary"]["number"]
    assert made["by_code"]["idle"] == 1
    shown = call(lu, "inspection", "show", number, "--code", "长期未登录", "--unit", LU.code).json
    (item,) = shown["items"]
    done = call(lu, "inspection", "dismiss", number, "--finding", item["position"] + 1, "--note", "休产假")
    assert done.json == {"findings": 1}
    assert call(lu, "inspection", "restore", number, "--finding", item["position"] + 1).json == {"findings": 1}
    assert len(call(lu, "inspection", "disable", number, "--code", "idle").json["changes"]) == 1
    refused(call(lu, "inspection", "show", "00000000"), 2, "inspection list")
    refused(call(lu, "inspection", "run", path, "--map", "甲乙=A"), 2, "字段=列")
    out = tmp_path / "结果.xlsx"
    assert call(lu, "inspection", "export", number, "--out", out).json["findings"] == made["summary"]["findings"]
    cells = [str(cell.value) for line in openpyxl.load_workbook(out).worksheets[0].iter_rows() for cell in line]
    assert "=HYPERLINK(1)" not in cells
    assert "'=HYPERLINK(1)" in cells
    record = tmp_path / "记录.pdf"
    call(lu, "inspection", "export", number, "--out", record)
    assert record.read_bytes().startswith(b"%PDF-")
    later = sheet_file(tmp_path / "后来.xlsx", rows[:-1], TITLES)
    proved = call(lu, "inspection", "prove", number, later).json
    assert proved["settled"]["gone"] > 0
    assert call(lu, "inspection", "close", number).json["statement"]
    assert call(lu, "inspection", "verify", number).json == {"ok": True, "faults": []}
    refused(call(lu, "inspection", "close", number), 2, "不能再改动")
    assert call(lu, "patrol", "run").json["summary"]["kind"] == "patrol"
    words = call(lu, "inspection", "list", text=True).out
    assert "专项核查" in words
    assert "巡查" in words
    assert "3. " in call(lu, "inspection", "show", number, text=True).out
