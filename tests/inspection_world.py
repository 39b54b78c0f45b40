"""What the tests of inspections share: a county whose accounts are filed, and lists as a platform exports them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from models.domain.times import local_day
from models.domain.units import Role
from models.exchange.platform.accounts_list import AccountsList
from models.services.inspection import exports, handling, running, views
from models.store import clock
from sync import inspections
from tests.integration.conftest import sheet_file
from tests.kept import made_once
from tests.open_world import OPEN_TIERS, add_account, file_accounts, make_open_tiers, report
from tests.sync_world import Member, opened

World = dict[str, Member]
NAMES = {
    "tslnzhangsan": "张三", "tslnmaimaitiaili": "买买提·艾力", "tslnchanyudan": "单于丹", "tslnlvbu": "吕布",
    "tslnouyangmingyue": "欧阳明月",
}  # fmt: skip
TITLES = ("用户名", "姓名", "邮箱", "手机", "是否停用", "最近登录", "单位")


@made_once
def make_inspected(folder: Path) -> Path:
    """The units of the open line; the county's accounts are filed with city and province."""
    make_open_tiers(folder)
    with opened(folder, *OPEN_TIERS) as members:
        lu, tang, province = (dict(zip(OPEN_TIERS, members, strict=True))[name] for name in ("lu", "tang", "province"))
        for place, name in enumerate(NAMES.values()):
            add_account(lu, name, email=f"t{place}@example.org", phone=f"1390000000{place}")
        file_accounts(lu)
        report(lu, tang)
        report(tang, province)
    shutil.rmtree(folder / "stick", ignore_errors=True)
    return folder


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
