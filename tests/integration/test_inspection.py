"""Inspections of the platform's accounts: from an export to findings, to disabled accounts, to the proof (A6, A9-A12)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.times import local_day
from models.domain.units import Role
from models.exchange.platform.accounts_list import AccountsList
from models.services.inspection import exports, handling, proving, running, views
from models.store import audit, clock
from models.store import tables as t
from sync import inspections, orders
from tests.integration.conftest import sheet_file
from tests.integration.test_cli import Done, refused, rollbook
from tests.open_world import LU, LUAN, file_accounts, add_account, carry, make_open_tiers, open_world, report
from tests.sync_world import PEOPLE, Member

World = dict[str, Member]
ROOT = Path(__file__).parents[2]
TITLES = ("用户名", "姓名", "邮箱", "手机", "是否停用", "最近登录", "单位")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("inspected") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


@pytest.fixture
def filed(world: World) -> dict[str, str]:
    """Accounts of the county, filed with city and province: user name -> id."""
    lu = world["lu"]
    names = ("张三", "买买提·艾力", "单于丹", "吕布", "欧阳明月")
    ids = [
        add_account(lu, name, email=f"t{place}@example.org", phone=f"1390000000{place}")
        for place, name in enumerate(names)
    ]
    file_accounts(lu)
    report(lu, world["tang"])
    report(world["tang"], world["province"])
    c = t.account.c
    return dict(lu.store.read(lambda s: s.execute(select(c.username, c.id).where(c.id.in_(ids))).tuples().all()))


def today(member: Member) -> str:
    return local_day(member.store.read(clock.now))


def row(member: Member, username: str, name: str, place: int = 0, **given: str) -> dict[str, str]:
    values = {
        "用户名": username, "姓名": name, "邮箱": f"t{place}@example.org", "手机": f"1390000000{place}", "是否停用": "0",
        "最近登录": today(member), "单位": "",
    }  # fmt: skip
    return values | given


def good(member: Member, filed: dict[str, str]) -> list[dict[str, str]]:
    """The rows of accounts nothing is wrong with."""
    names = {"tslnzhangsan": "张三", "tslnmaimaitiaili": "买买提·艾力", "tslnchanyudan": "单于丹"}
    names |= {"tslnlvbu": "吕布", "tslnouyangmingyue": "欧阳明月"}
    assert names.keys() == filed.keys()
    return [row(member, username, name, place) for place, (username, name) in enumerate(names.items())]


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


def irregular(member: Member, filed: dict[str, str]) -> list[dict[str, str]]:
    """An export with one of many faults: 张三 is a department, 吕布 idle, two strangers, one never in the list."""
    rows = good(member, filed)
    rows[0]["姓名"], rows[3]["最近登录"] = "教务处", "2020-03-01"
    del rows[4]
    strangers = [row(member, "tslnadmin", "管理员", 7), row(member, "hebwangwu", "王五", 8)]
    return [*rows, *strangers, row(member, "tslnxs01", "学小生", 9, 单位="")]


def test_a_county_from_export_to_proof(world: World, filed: dict[str, str], tmp_path: Path) -> None:
    lu = world["lu"]
    rows = irregular(lu, filed)
    first = inspect(lu, export(lu, tmp_path, rows), note="五月核查")
    items = found(lu, first)
    assert set(items) == {
        ("not_real_name", "tslnzhangsan"), ("idle", "tslnlvbu"), ("missing", "tslnouyangmingyue"),
        ("unknown", "tslnadmin"), ("not_real_name", "tslnadmin"), ("unknown", "tslnxs01"), ("username_rule", "tslnxs01"),
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
