"""Inspections and patrols as they are kept: signed when they are closed, whole after a kill, on the command line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.units import Role
from models.services.inspection import handling, running, views
from models.store import audit
from models.store import tables as t
from sync import inspections
from tests.inspection_world import (
    NAMES,
    TITLES,
    World,
    disable,
    export,
    found,
    inspect,
    irregular,
    make_inspected,
    row,
)
from tests.integration.conftest import sheet_file
from tests.integration.test_cli import Done, refused, rollbook
from tests.open_world import LU, add_account, open_world
from tests.sync_world import PEOPLE, Member, opened

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inspected(tmp_path_factory.mktemp("inspected") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def test_a_closed_inspection_is_signed_and_changes_no_more(world: World, tmp_path: Path) -> None:
    lu = world["lu"]
    first = inspect(lu, export(lu, tmp_path, irregular(lu)))
    with pytest.raises(UserError, match="还没有办结"):
        lu.store.read(inspections.verify, first)
    changes = disable(lu, first).changes
    secret = lu.act(Role.REGISTRAR)
    with pytest.raises(UserError, match=r"还有 7 项没有了结.*第 1、2、3、4、5、6、7 项.*--open-left"):
        inspections.close(lu.store, secret, first)
    assert lu.store.read(views.show, first).summary.state == "open"
    inspections.close(lu.store, secret, first, open_left=True)
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
    inspections.close(lu.store, lu.act(Role.REGISTRAR), first, open_left=True)
    summary = lu.store.read(views.list_inspections)[0]
    assert (summary.kind_label, summary.signed, summary.made_by) == ("巡查", True, "登记员")
    assert lu.store.read(inspections.verify, first) == ()
    tang.act(Role.REGISTRAR)
    with pytest.raises(NotAllowedError, match="所辖"):
        lu.store.write(running.patrol, lu.store.actor, tang.store.actor.unit.id)
    below = tang.store.write(running.patrol, tang.store.actor, LU.id)
    assert tang.store.read(views.show, below).summary.checked == len(NAMES)


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
    refused(call(lu, "inspection", "close", number), 2, "--open-left")
    assert call(lu, "inspection", "close", number, "--open-left").json["statement"]
    assert call(lu, "inspection", "verify", number).json == {"ok": True, "faults": []}
    refused(call(lu, "inspection", "close", number), 2, "不能再改动")
    assert call(lu, "patrol", "run").json["summary"]["kind"] == "patrol"
    words = call(lu, "inspection", "list", text=True).out
    assert "专项核查" in words
    assert "巡查" in words
    assert "3. " in call(lu, "inspection", "show", number, text=True).out
