"""Annex 3 merged at the city, annex 2 of the province, as files and on the command line (A5, A11, A13-A15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from models.domain.errors import CancelledError, DataFaultError, NotAllowedError, UserError
from models.domain.forms import FORMS, FilingKind
from models.domain.units import Role
from models.services.accounts import status
from models.services.filing import calendar
from models.services.filing.forms import Filler, prepare
from models.services.filing.overview import overview
from models.services.filing.rollup import rollup
from models.store import audit
from sync.documents import signing
from sync.documents.forms import build_form
from tests.integration.test_cli import Done, refused, rollbook
from tests.monitoring_world import TEACHING, opened_account
from tests.open_world import add_account, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import PEOPLE, Member

World = dict[str, Member]
MAY, OCTOBER = "2027-05-10T02:00:00Z", "2027-10-08T02:00:00Z"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("forms") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda moment: monkeypatch.setattr(calendar, "moment", lambda _: moment)


def listed(member: Member, period: str) -> list[tuple[str, str, str, str]]:
    rows = member.store.read(rollup, period).rows
    return [(row["city"], row["county"], row["name"], row["state"]) for row in rows]


def texts(path: Path) -> list[list[str]]:
    sheet = load_workbook(path).active
    assert sheet is not None
    return [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]


def test_the_city_merges_its_counties_and_the_province_all(
    world: World, at: Callable[[str], None], tmp_path: Path
) -> None:
    at(MAY)
    lu, tang, province = world["lu"], world["tang"], world["province"]
    zhang = add_account(lu, "张三", note="=1+1")
    add_account(tang, "王五", department="教务处")
    file_accounts(lu, "")
    assert listed(lu, "2027-05") == [
        ("甲市分院", "甲一学习中心", "张三", "保留")
    ]  # before the answer: the form goes along
    report(lu, tang)
    file_accounts(tang, "")
    found = tang.store.read(rollup, "2027-05")
    assert listed(tang, "2027-05") == [("甲市分院", "", "王五", "保留"), ("甲市分院", "甲一学习中心", "张三", "保留")]
    assert (found.kind, found.missing) == (FilingKind.FIRST, ("甲二学习中心",))
    out = tmp_path / "out"
    out.mkdir()
    made = build_form(tang.store, "annex3", out, filler=Filler("填表员", "0315-7654321", "2027-05-12"))
    assert sorted(path.name for path in out.iterdir()) == [
        "附件3 市县校教师账户备案信息表 甲市分院 2027-05.pdf", "附件3 市县校教师账户备案信息表 甲市分院 2027-05.xlsx",
    ]  # fmt: skip
    cells = texts(made.xlsx)
    assert "本期未备案（或没有新增、禁用）的单位：甲二学习中心" in cells[1][0]
    assert "报送：省校信息技术中心" in cells[1][0]
    assert cells[4][:6] == ["2", "甲市分院", "甲一学习中心", "张三", "女", "tslnzhangsan"]
    assert "=1+1" not in cells[4]  # a formula is only text
    assert "填表人：填表员" in "".join(cells[-1])
    verdict = province.store.read(signing.verify, made.pdf)
    assert (verdict.good, verdict.unit_id) == (True, tang.store.actor.unit.id)
    (entry,) = [one for one in tang.store.read(audit.entries) if one.act == "filing.build"]
    assert entry.body is not None
    assert [entry.body[key] for key in ("form", "period", "records")] == ["annex3", "2027-05", 2]

    with pytest.raises(UserError, match="已经存在，没有覆盖"):
        build_form(tang.store, "annex3", out)
    report(tang, province)
    assert listed(province, "2027-05") == listed(tang, "2027-05")
    assert province.store.read(rollup, "2027-05").missing == ("甲二学习中心", "乙市分院")
    again = tmp_path / "again"
    again.mkdir()
    made = build_form(tang.store, "annex3", again)
    assert made.prepared.data.filled_by == "填表员"  # as last time

    at(OCTOBER)
    lu.act(Role.REGISTRAR)
    lu.approve(lu.store.write(status.propose_disable, lu.store.actor, [zhang], "left", "调离"))
    add_account(lu, "李四")
    file_accounts(lu, "")
    report(lu, tang)
    tang.act(Role.REGISTRAR)
    assert [row[2:] for row in listed(tang, "2027-10")] == [("李四", "新增"), ("张三", "禁用")]
    assert tang.store.read(rollup, "2027-10").missing == ("甲市分院", "甲二学习中心")
    assert lu.store.read(rollup, "2027-10").kind is FilingKind.DELTA


def test_changed_accounts_go_along_unlisted(world: World, at: Callable[[str], None]) -> None:
    from models.services import roster_edit

    at(MAY)
    lu, tang = world["lu"], world["tang"]
    assert tang.store.read(rollup, "2027-05").missing == ("甲一学习中心", "甲二学习中心")  # itself it has no account
    zhang = add_account(lu, "张三")
    file_accounts(lu, "")
    report(lu, tang)
    at(OCTOBER)
    lu.act(Role.REGISTRAR)
    lu.store.write(roster_edit.set_fields, lu.store.actor, "teachers", zhang, {"department": "教务处"})
    file_accounts(lu, "")
    found = lu.store.read(rollup, "2027-10")
    assert (found.rows, found.changed, found.missing) == ((), 1, ())
    assert found.remark == "另有 1 个账户更改了信息，随备案数据报送，表中不列"
    with pytest.raises(UserError, match="没有可以列入附件3"):
        lu.store.read(prepare, lu.store.actor, "annex3", "2027-10", Filler())


def test_a_county_hands_its_form_to_its_city(world: World, at: Callable[[str], None]) -> None:
    at("2027-11-08T02:00:00Z")
    lu, province = world["lu"], world["province"]
    add_account(lu, "张三")
    file_accounts(lu, "系统管理员休假")
    data = lu.store.read(prepare, lu.store.actor, "annex3", "2027-10", Filler()).data
    assert (data.receiver, data.late_reason, data.filled_by) == ("甲市分院", "系统管理员休假", "登记员")
    with pytest.raises(NotAllowedError, match="由省校填报"):
        lu.store.read(prepare, lu.store.actor, "annex2", "", Filler())
    with pytest.raises(UserError, match="没有可以列入附件1"):
        lu.store.read(prepare, lu.store.actor, "annex1", "", Filler())
    with pytest.raises(DataFaultError, match="没有“annex9”"):
        lu.store.read(prepare, lu.store.actor, "annex9", "", Filler())
    with pytest.raises(DataFaultError, match="填表日期"):
        lu.store.read(prepare, lu.store.actor, "annex3", "2027-10", Filler(date="昨天"))
    with pytest.raises(DataFaultError, match="不像电话号码"):
        lu.store.read(prepare, lu.store.actor, "annex3", "2027-10", Filler(phone="1"))
    lu.act(Role.HEAD)
    with pytest.raises(NotAllowedError, match="系统管理员"):
        lu.store.read(prepare, lu.store.actor, "annex3", "2027-10", Filler())
    assert province.store.read(overview).missing


def test_the_province_lists_its_own_by_department(world: World, at: Callable[[str], None], tmp_path: Path) -> None:
    at(MAY)
    province = world["province"]
    add_account(province, "张三", department="教务处")
    gone = add_account(province, "李四", department="办公室")
    add_account(province, "王五")
    province.act(Role.REGISTRAR)
    province.approve(province.store.write(status.propose_disable, province.store.actor, [gone], "left", "退休"))
    province.act(Role.REGISTRAR)
    rows = province.store.read(prepare, province.store.actor, "annex2", "", Filler()).data.rows
    assert [(row["department"], row["name"], row["state"]) for row in rows] == [
        ("办公室", "李四", "禁用"), ("教务处", "张三", "新增"), ("", "王五", "新增"),
    ]  # fmt: skip
    later = province.store.read(prepare, province.store.actor, "annex2", "2028-05", Filler()).data.rows
    assert [(row["name"], row["state"]) for row in later] == [("张三", "保留"), ("王五", "保留")]
    made = build_form(province.store, "annex2", tmp_path)
    assert made.signed
    assert "全部账户" in texts(made.xlsx)[1][0]


def test_annex_1_lists_the_monitoring_accounts(world: World, at: Callable[[str], None], tmp_path: Path) -> None:
    at(MAY)
    tang = world["tang"]
    opened_account(tang, "韩梅", TEACHING)
    tang.act(Role.ADMINISTRATOR)
    made = build_form(tang.store, "annex1", tmp_path, "2027-05")
    cells = texts(made.xlsx)
    assert "报送：省校教务处教学督导与质量监控科" in cells[1][0]
    assert cells[3][1:6] == ["甲市分院", "市校", "韩梅", "女", "教学部门负责人"]
    assert made.xlsx.name == "附件1 质量监控账户备案信息表 甲市分院 2027-05.xlsx"


class Stop:
    """Somebody who stops when a step is reached."""

    def __init__(self, step: int) -> None:
        self._step = step

    def report(self, done: int, total: int | None, what: str) -> None:
        if done == self._step:
            raise CancelledError


@pytest.mark.parametrize("step", [0, 2, 3])
def test_a_form_that_is_stopped_leaves_nothing(
    world: World, at: Callable[[str], None], tmp_path: Path, step: int
) -> None:
    at(MAY)
    lu = world["lu"]
    add_account(lu, "张三")
    file_accounts(lu, "")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(CancelledError):
        build_form(lu.store, "annex3", out, progress=Stop(step))
    assert not list(out.iterdir())
    assert not [one for one in lu.store.read(audit.entries) if one.act == "filing.build"]
    with pytest.raises(UserError, match="没有文件夹"):
        build_form(lu.store, "annex3", out / "无此夹")


def call(member: Member, *arguments: object, text: bool = False) -> Done:
    """A command of the unit's registrar; its store is closed before."""
    member.store.close()
    name, passphrase = PEOPLE[Role.REGISTRAR]
    general = [*(() if text else ("--json",)), "--home", member.store.home, "--operator", name, "--secret-file", "-"]
    return rollbook(*general, *arguments, given=f"{passphrase}\n", process=False)


def test_filing_on_the_command_line(world: World, at: Callable[[str], None], tmp_path: Path) -> None:
    at("2027-11-08T02:00:00Z")
    lu = world["lu"]
    add_account(lu, "张三")
    said: dict[str, Any] = call(lu, "filing", "status").json
    assert (said["period"], said["open"], said["added"], said["under_way"]) == ("2027-10", False, 1, "")
    assert "已逾期 8 天" in call(lu, "filing", "status", text=True).out
    refused(call(lu, "filing", "propose"), 1, "请填写逾期或提前备案的原因")
    assert call(lu, "filing", "list").json == []  # the draft went with the refusal
    made = call(lu, "filing", "propose", "--reason", "休假").json
    assert (made["state"], made["kind"], made["period"]) == ("pending", "first", "2027-10")
    (one,) = call(lu, "filing", "list").json
    assert one["number"] == made["number"]
    shown = call(lu, "filing", "show", made["number"]).json
    assert [(row["username"], row["act"]) for row in shown["accounts"]] == [("tslnzhangsan", "added")]
    assert "tslnzhangsan  新增" in call(lu, "filing", "show", made["number"], text=True).out
    built = call(
        lu, "filing", "build", "annex3", "--out", tmp_path, "--filled-by", "填表员", "--phone", "0315-2234567"
    ).json
    assert (built["records"], built["receiver"], built["signed"]) == (1, "甲市分院", True)
    done = call(lu, "filing", "verify", built["pdf"])
    assert (done.code, done.json["good"]) == (0, True)
    pdf = Path(built["pdf"])
    pdf.write_bytes(pdf.read_bytes() + b"\n% more")
    assert call(lu, "filing", "verify", pdf).code != 0
    refused(call(lu, "filing", "verify", built["xlsx"]), 1, "不是完好的 PDF")
    assert set(FORMS) == {"annex1", "annex2", "annex3"}
