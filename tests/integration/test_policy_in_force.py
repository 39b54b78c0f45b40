"""What a county sets holds at a school: rules, user names, class sizes after an import; and the commands (E29-E31)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.domain.errors import DataFaultError
from models.domain.findings import Level
from models.domain.units import Role
from models.rules.checks import check_record
from models.services import policies
from models.services.checking import check_context
from models.services.roster_add import add_pupil
from tests.integration.conftest import Office, id_number, stand_below
from tests.integration.test_cli import Done, refused, rollbook


@pytest.fixture
def hold(school: Office, county: Office) -> Callable[..., None]:
    """hold(**settings): the county's policy, as taken by the school."""
    school.write(stand_below, county.unit)

    def take(**settings: Any) -> None:
        made = county.write(policies.set_own, county.administrator, **settings)
        body = county.read(policies.policy_body)
        county.write(policies.mark_issued, county.administrator, made.version, f"{made.version:064d}")
        school.write(policies.record_received_policy, county.unit.id, "county", body, f"{made.version:064d}")

    return take


def test_an_import_says_which_classes_are_too_large(school: Office, hold: Callable[..., None], pupils: Any) -> None:
    hold(values={"class_size.primary": "3"})
    result = school.take_in(pupils(12))
    assert result.overfull == ()
    result = school.take_in(pupils(14), "更多.xlsx")
    assert result.overfull == (
        "“一(1)班”有 4 人，超过小学班额 3 人（由县级设置），请核对分班情况。",
        "“一(2)班”有 4 人，超过小学班额 3 人（由县级设置），请核对分班情况。",
    )


def test_who_makes_a_class_too_large_is_told_of_that_class(
    school: Office, hold: Callable[..., None], pupils: Any
) -> None:
    hold(values={"class_size.primary": "3"})
    school.take_in(pupils(16))
    added = school.write(
        add_pupil,
        school.registrar,
        {
            "name": "王安", "sex": "男", "birth_date": "2018-03-05", "id_type": "居民身份证", "class_name": "一(2)班",
            "id_number": id_number(321),
        },
    )  # fmt: skip
    assert [text for text in added.warnings if "班额" in text] == [
        "“一(2)班”有 5 人，超过小学班额 3 人（由县级设置），请核对分班情况。",
    ]


def test_entry_age_is_an_error_where_it_is_controlled(school: Office, hold: Callable[..., None]) -> None:
    record = {"name": "赵明", "birth_date": "2024-03-05", "entry_date": "2026-09"}

    def level() -> list[Level]:
        found = check_record("students", record, school.read(check_context))
        return [one.level for one in found if one.code == "ENTRY_TOO_YOUNG"]

    assert level() == [Level.WARNING]
    hold(values={"switch.entry_age.primary": "on"})
    assert level() == [Level.ERROR]


def test_irregular_user_names_are_tolerated_until_their_day(school: Office, hold: Callable[..., None]) -> None:
    record = {"name": "李明", "username": "wangming", "city": "沧州", "county": "河间"}

    def level() -> list[Level]:
        found = check_record("teachers", record, school.read(check_context))
        return [one.level for one in found if one.code == "USERNAME_RULE"]

    hold(values={"legacy_until": "2099-06-30"})
    assert level() == [Level.WARNING]
    hold(values={"legacy_until": "2020-06-30"})
    assert level() == [Level.ERROR]
    hold(values={"legacy_until": ""})
    assert level() == [Level.WARNING]


def test_a_place_has_the_prefix_the_policy_gives_it(school: Office, hold: Callable[..., None]) -> None:
    record = {"name": "李明", "username": "hejliming", "city": "沧州", "county": "河间"}

    def broken() -> bool:
        found = check_record("teachers", record, school.read(check_context))
        return any(one.code == "USERNAME_RULE" for one in found)

    assert broken()
    hold(values={"prefixes": "河间市=hej"})
    assert not broken()


def test_a_baseline_waits_for_its_time(school: Office, hold: Callable[..., None], pupils: Any) -> None:
    from models.services import changes

    hold(values={"window.baseline": "2020-03-01..2020-03-31"})
    result = school.take_in(pupils(3))
    with pytest.raises(DataFaultError, match="“名册基线”的办理时间为 2020-03-01 至 2020-03-31（由县级设置）"):
        school.write(changes.submit, school.registrar, result.baseline_id)
    hold(values={"window.baseline": "2020-03-01..2099-03-31"})
    school.write(changes.submit, school.registrar, result.baseline_id)


@pytest.fixture
def run(county_store: Any) -> Callable[..., Done]:
    """run(role, *arguments, text=False) in the county."""

    def call(role: Role, *arguments: object, text: bool = False) -> Done:
        name, passphrase = county_store.people[role]
        general = [*(() if text else ("--json",)), "--home", county_store.home, "--operator", name]
        return rollbook(*general, "--secret-file", "-", *arguments, given=f"{passphrase}\n")

    return call


def test_policy_commands(run: Callable[..., Done], county_store: Any, tmp_path: Any) -> None:
    made = run(
        Role.ADMINISTRATOR, "policy", "set", "--class-size", "primary=45", "--lock", "class_size.primary",
        "--switch", "expel.primary=off", "--window", "key_field=2026-09-01..2026-09-30", "--ue", "yu",
        "--collision", "refuse", "--legacy-until", "2027-06-30", "--prefix", "蠡县=bdl", "--add", "phone",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert made.json["settings"] == {
        "class_size.primary": "45", "switch.expel.primary": "off", "window.key_field": "2026-09-01..2026-09-30",
        "legacy_until": "2027-06-30", "prefixes": "蠡县=bdl",
    }  # fmt: skip
    assert (made.json["ue"], made.json["collision"], made.json["locks"]) == ("yu", "refuse", ["class_size.primary"])
    shown = run(Role.REGISTRAR, "policy", "show").json
    assert shown["own_is_draft"]
    assert shown["effective"]["ue"] == "v"
    name, passphrase = county_store.people[Role.HEAD]
    second = tmp_path / "第二人"
    second.write_text(passphrase, encoding="utf-8")
    issued = run(
        Role.ADMINISTRATOR, "policy", "issue", "--second-operator", name, "--second-secret-file", second,
        "--out", tmp_path,
    )  # fmt: skip
    assert issued.code == 0, issued.err
    shown = run(Role.REGISTRAR, "policy", "show").json
    seen = {one["key"]: one for one in shown["settings"]}
    assert (seen["class_size.primary"]["value"], seen["class_size.primary"]["origin"]) == ("45", ["county"])
    assert seen["class_size.primary"]["locked_by"] == "县级"
    assert seen["collision"]["origin_text"] == "县级"
    text = run(Role.REGISTRAR, "policy", "show", text=True).out
    for words in (
        "小学班额：不超过 45 人（由县级设置，县级规定下级不得修改）", "开除（小学）：不允许（由县级设置）",
        "关键信息变更：2026-09-01 至 2026-09-30（由县级设置）", "ü 的写法：yu（吕 → lyu）（由县级设置）",
        "联系电话（县级）", "总第 1 版（县级第 1 版）",
    ):  # fmt: skip
        assert words in text
    assert "退学" not in text
    assert "退学（小学）：没有限制" in run(Role.REGISTRAR, "policy", "show", "--all", text=True).out
    assert run(Role.REGISTRAR, "students", "classes").json == []


def test_policy_commands_refuse_what_nobody_understands(run: Callable[..., Done]) -> None:
    for arguments, sentence in (
        (("--class-size", "primary"), "名称=值"), (("--class-size", "college=40"), "primary、junior、senior"),
        (("--class-size", "primary=0"), "1 至 200"), (("--switch", "expel=off"), "expel.primary"),
        (("--switch", "expel.primary=maybe"), "off、on"), (("--window", "key_field=9 月"), "起始日期..截止日期"),
        (("--window", "dance=2026-09-01..2026-09-30"), "key_field"), (("--lock", "ue"), "只有班额可以"),
        (("--legacy-until", "明天"), "年-月-日"), (("--prefix", "蠡县=BDL"), "小写字母"), ((), "--help"),
    ):  # fmt: skip
        refused(run(Role.ADMINISTRATOR, "policy", "set", *arguments), 2, sentence)
