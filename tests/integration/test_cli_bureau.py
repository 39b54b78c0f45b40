"""The command line of a bureau: the pupils of the units below, and the items they sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.domain.fields import STUDENTS
from models.domain.units import Role
from models.exchange.reading import read_workbook
from sync.messages.post import post
from tests.integration.test_cli import Done, refused, rollbook
from tests.integration.test_reports import bring_roster
from tests.sync_world import PEOPLE, SCHOOL, SECOND, Member, deliver, make_tiers, opened

Units = dict[str, Member]
NAMES = ("school", "second", "county", "city")


@pytest.fixture(scope="session")
def tiers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("bureau") / "units")


@pytest.fixture
def world(tiers: Path, tmp_path: Path) -> Iterator[Units]:
    shutil.copytree(tiers, tmp_path / "units")
    with opened(tmp_path / "units", *NAMES) as members:
        yield dict(zip(NAMES, members, strict=True))


def call(member: Member, *arguments: object, text: bool = False) -> Done:
    """A command of the unit's registrar; its store is closed before."""
    member.store.close()
    name, passphrase = PEOPLE[Role.REGISTRAR]
    general = [*(() if text else ("--json",)), "--home", member.store.home, "--operator", name, "--secret-file", "-"]
    return rollbook(*general, *arguments, given=f"{passphrase}\n", process=False)


def test_a_county_lists_and_exports_the_pupils_of_its_schools(world: Units, tmp_path: Path) -> None:
    county = world["county"]
    pupils = bring_roster(world["school"], county, 2)
    bring_roster(world["second"], county, 1)
    listed = call(county, "students", "list").json
    assert (listed["total"], {row["unit"] for row in listed["rows"]}) == (3, {SCHOOL.name, SECOND.name})
    words = call(county, "students", "list", "--unit", SECOND.code, text=True).out.splitlines()
    assert words[0] == "共 1 条，显示 1 条"
    assert words[1].split() == ["姓名", "性别", "出生日期", "身份证件号", "班号", "单位", "内部标识"]
    assert SECOND.name in words[2]
    assert call(county, "students", "list", "--unit", county.store.actor.unit.name).json["total"] == 3
    refused(call(county, "students", "list", "--unit", "无此校"), 2, "无此校")
    assert call(county, "students", "show", pupils[0]).json["unit"] == SCHOOL.name
    path = tmp_path / "名册.xlsx"
    assert call(county, "export", "xlsx", "--out", path, "--unit", SCHOOL.name).json["records"] == 2
    assert len(read_workbook(path, STUDENTS).sheets[0].rows) == 2


def test_an_item_is_named_by_number_unit_or_the_short_form_of_the_list(world: Units) -> None:
    school, second, county = world["school"], world["second"], world["county"]
    packages = [one.build(["赵小明"]).package_id or "" for one in (school, second)]
    deliver(school, county)
    deliver(second, county)
    listed = call(county, "review", "list").json
    short, number = listed[0]["short"], listed[0]["number"]
    assert {one["short"] for one in listed} == {f"{package[:8]}:0" for package in packages}
    assert {one["number"] for one in listed} == {number}
    head, *lines = call(county, "review", "list", text=True).out.splitlines()
    assert head.split() == ["标识", "状态", "单位", "变更编号", "对象", "内容"]
    assert all(one["unit_name"] in line and number in line for one, line in zip(listed, lines, strict=True))
    both = [part for one in listed for part in (one["short"], one["unit_name"])]
    refused(call(county, "review", "accept", number), 2, *both, "--unit")
    for gone in ("BG-2026-9999", f"{packages[0][:8]}:7", f"{packages[0][:7]}:0", "x:y", "%%%%%%%%:0"):
        done = call(county, "review", "accept", gone)
        refused(done, 2, gone, "review list")
        assert "刷新" not in done.err
    for name in (short, listed[0]["id"], listed[0]["change_id"]):
        assert call(county, "review", "show", name).json["item"]["id"] == listed[0]["id"]
    assert f"单位：{SECOND.name}" in call(county, "review", "show", number, "--unit", SECOND.code, text=True).out
    (decided,) = call(county, "review", "accept", number, "--unit", SECOND.name).json
    assert (decided["unit_name"], decided["state"]) == (SECOND.name, "accept")
    assert call(county, "review", "return", packages[0][:8] + ":0", "--opinion", "请补正").code == 0


def test_finishing_tells_every_file_and_the_list_whom_they_go_to(world: Units) -> None:
    school, county = world["school"], world["county"]
    package = school.build(["赵小明"]).package_id or ""
    deliver(school, county)
    notice = ("notice", SCHOOL.id, {"text": "请于本周报送材料"})
    county.store.write(
        post, county.store.actor, *notice, title="通知", signers=[county.store.signer(county.act(Role.REGISTRAR))]
    )
    assert call(county, "review", "accept", f"{package[:8]}:0").code == 0
    for path in county.out.iterdir():
        path.unlink()
    done = call(county, "review", "finish", package[:8], "--out", county.out).json
    assert sorted(done["paths"]) == sorted(map(str, county.out.iterdir()))
    assert len(done["paths"]) > 1
    assert done["paths"][0] == done["path"]
    sent = {one["purpose"]: one for one in call(county, "package", "list").json if one["direction"] == "out"}
    assert {sent[purpose]["state_label"] for purpose in ("receipt", "messages")} == {"已写出，待对方确认"}
    listed = call(county, "package", "list", text=True).out.splitlines()
    assert any("回执" in line and f"（致 {SCHOOL.name}）" in line and "已写出" in line for line in listed)
