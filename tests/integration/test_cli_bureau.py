"""The command line of a bureau: the pupils of the units below, and the items they sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.domain.fields import STUDENTS
from models.domain.units import Role
from models.exchange.reading import read_workbook
from tests.integration.test_cli import Done, refused, rollbook
from tests.integration.test_reports import bring_roster
from tests.sync_world import PEOPLE, SCHOOL, SECOND, Member, make_tiers, opened

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
    refused(call(county, "students", "list", "--unit", "无此校"), 1, "无此校")
    assert call(county, "students", "show", pupils[0]).json["unit"] == SCHOOL.name
    path = tmp_path / "名册.xlsx"
    assert call(county, "export", "xlsx", "--out", path, "--unit", SCHOOL.name).json["records"] == 2
    assert len(read_workbook(path, STUDENTS).sheets[0].rows) == 2
