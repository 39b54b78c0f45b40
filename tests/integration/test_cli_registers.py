"""Monitoring accounts, named people, lent passwords, incidents and completeness on the command line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from models.domain.units import Role
from models.services.duties.register import today
from tests.integration.test_cli import Done, refused, rollbook
from tests.open_world import make_open_tiers, open_world
from tests.sync_world import PEOPLE

Run = Callable[..., Done]
NEW = [
    "姓名=韩梅",
    "性别=女",
    "职务=教务部门负责人",
    "办公电话=0311-62345678",
    "邮箱=hanmei@example.org",
    "用户名=hanmei",
]


def at(home: Path) -> Run:
    """run(role, *arguments): a command in that folder, without a process of its own."""

    def run(role: Role, *arguments: object) -> Done:
        name, passphrase = PEOPLE[role]
        general = ["--json", "--home", home, "--operator", name, "--secret-file", "-"]
        return rollbook(*general, *arguments, given=f"{passphrase}\n", process=False)

    return run


@pytest.fixture
def school(school_store: Any) -> Run:
    def run(role: Role, *arguments: object) -> Done:
        name, passphrase = school_store.people[role]
        general = ["--json", "--home", school_store.home, "--operator", name, "--secret-file", "-"]
        return rollbook(*general, *arguments, given=f"{passphrase}\n", process=False)

    return run


def test_posts_are_told_without_a_store() -> None:
    done = rollbook("monitoring", "posts")
    assert done.code == 0
    assert "县校：主管教学校长（1 位）" in done.out


def test_a_monitoring_account_from_opening_to_a_filed_change_of_post(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with open_world(make_open_tiers(tmp_path_factory.mktemp("cli") / "units"), tmp_path / "units"):
        pass
    run = at(tmp_path / "units" / "province")
    refused(run(Role.REGISTRAR, "monitoring", "open", *NEW[:2], "职务=主管教学校长", *NEW[3:]), 1, "不能开通", "45号")
    number = run(Role.REGISTRAR, "monitoring", "open", *NEW).json["number"]
    approved = run(Role.HEAD, "change", "approve", number)
    assert "持证上岗" in approved.json["warning"]
    assert [one["state"] for one in run(Role.REGISTRAR, "monitoring", "list").json] == ["active"]
    moved = ("monitoring", "change", "hanmei", "--post", "办学部门负责人", "--reason", "岗位调整")
    run(Role.HEAD, "change", "approve", run(Role.REGISTRAR, *moved).json["number"])
    (one,) = run(Role.REGISTRAR, "monitoring", "list", "--applications", "--open").json
    refused(run(Role.REGISTRAR, "monitoring", "refuse", one["number"], "--opinion", " "), 2, "须写明意见")
    assert run(Role.REGISTRAR, "monitoring", "file", one["number"]).code == 0
    (held,) = run(Role.REGISTRAR, "monitoring", "list").json
    assert (held["values"]["post"], held["act"]) == ("办学部门负责人", "post")
    closing = run(Role.REGISTRAR, "monitoring", "close", "韩梅", "--reason", "退休").json
    assert closing["kind"] == "monitoring.close"
    figures = run(Role.REGISTRAR, "accounts", "completeness").json
    assert [(one["accounts"], one["percent"]) for one in figures] == [(0, None)]


def test_people_and_registers(school: Run) -> None:
    administrator, until = Role.ADMINISTRATOR, (date.fromisoformat(today()) + timedelta(days=2)).isoformat()
    missing = school(administrator, "duty", "vacancies")
    assert missing.code == 1
    assert {one["code"] for one in missing.json} == {"operation", "security", "training", "support", "monthly"}
    named = ("duty", "name", "月报责任人", "--name", "王敏", "--phone", "13800000001")
    assert school(administrator, *named).code == 0
    assert school(administrator, "duty", "training").json == []
    held = ("duty", "training", "--held", "2026-01-05", "--title", "上岗培训", "--person")
    assert school(administrator, *held, "王敏=考试合格,冀培001,2099-12-31").code == 0
    refused(school(administrator, *held, "王敏"), 2, "姓名=结果")
    (one,) = school(administrator, "duty", "list").json
    assert (one["certificate"], one["training"]) == ("冀培001", "上岗培训")
    assert school(administrator, "duty", "end", one["number"]).code == 0

    words = ("--borrower", "李老师", "--purpose", "核对", "--until", until)
    refused(school(Role.REGISTRAR, "lending", "ask", "学号1", *words, "--kind", "student"), 1, "不得出借")
    asked = school(Role.REGISTRAR, "lending", "ask", "学籍系统", *words, "--kind", "system", "--holder", "王管").json
    refused(school(Role.HEAD, "lending", "consent", asked["number"]), 2, "系统管理员")
    for act in (("consent",), ("return",), ("changed", "--by", "王管")):
        assert school(administrator, "lending", act[0], asked["number"], *act[1:]).code == 0
    assert [one["state"] for one in school(administrator, "lending", "list").json] == ["changed"]

    facts = ("--what", "异地登录", "--affected", "1 个账户", "--measures", "停用")
    assert school(administrator, "incident", "add", *facts).json == {"number": 1}
    refused(school(administrator, "incident", "close", 1, "--outcome", "已查清"), 2, "向谁报告")
    assert school(administrator, "incident", "close", 1, "--outcome", "已查清", "--reported-to", "教育局").code == 0
    assert school(administrator, "incident", "list", "--open").json == []
