"""Policy in the window: every setting says which tier set it; a bureau edits its own and is refused where it stands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QLineEdit

from models.domain.fields import STUDENTS
from models.domain.units import Role
from models.services import policies
from models.services.imports import ImportResult
from sync.policies import issue_policy
from tests.integration.test_policies_tiers import issue
from tests.sync_world import CITY, COUNTY, PEOPLE, SCHOOL, Member, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from ui.context import AppContext
from ui.pages.import_.result_step import ResultStep
from ui.pages.settings_policy import PolicySettings


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A city, a county below it and a school, enrolled; the city has a policy that both have taken."""
    folder = tmp_path_factory.mktemp("policy") / "units"
    units = {"city": CITY, "county": COUNTY, "school": SCHOOL}
    for name, unit in units.items():
        found(folder / name, unit)
    with opened(folder, *units) as (city, county, school):
        enrol(county, city)
        enrol(school, county)
        path = issue(
            city,
            controlled_fields=["phone"],
            values={
                "class_size.primary": "50", "class_size.junior": "55", "switch.expel.primary": "off",
                "window.key_field": "2026-03-01..2026-11-30",
            },
            locks={"class_size.junior": True},
        )  # fmt: skip
        county.receive(path)
        school.receive(path)
    return folder


@pytest.fixture
def county(template: Path, tmp_path: Path) -> Iterator[Member]:
    shutil.copytree(template / "county", tmp_path / "county")
    with opened(tmp_path, "county") as (member,):
        member.act(Role.ADMINISTRATOR)
        yield member


def made(qtbot: Any, member: Member, folder: Path) -> tuple[PolicySettings, AppContext, list[str]]:
    context, said = make_context(member.store, folder)
    part = PolicySettings(context)
    qtbot.addWidget(part)
    part.resize(900, 1400)
    part.show()
    part.refresh()
    settle(qtbot, context)
    return part, context, said


def texts(part: PolicySettings) -> str:
    return "\n".join(one.text() for one in part.findChildren(QLabel) if one.isVisible())


def test_a_bureau_sees_the_tiers_above_and_edits_what_they_leave(qtbot: Any, county: Member, tmp_path: Path) -> None:
    part, context, said = made(qtbot, county, tmp_path)
    form = part.form
    assert form is not None
    seen = texts(part)
    for words in (
        "市级第 1 版",
        "不超过 50 人",
        "由 市级 设置，下级不得修改",
        "市级规定下级不得修改",
        "2026-03-01 至 2026-11-30",
    ):
        assert words in seen
    assert not form.entries["class_size.junior"].isEnabled()
    assert not form.locks["class_size.junior"].isEnabled()
    assert (form.switches["switch.expel.primary"].isChecked(), form.switches["switch.expel.primary"].isEnabled()) == (
        True,
        False,
    )
    assert not form.checks["phone"].isEnabled()
    form.entries["class_size.primary"].set_text("60")
    form.entries["window.key_field"].set_text("2026-12-01..2026-12-31")
    part.keep()
    settle(qtbot, context)
    assert county.store.read(policies.own).version == 0
    seen = texts(part)
    assert "“小学班额”不可高于上级：市级设置为不超过 50 人" in seen
    assert "不能超出上级" in seen
    form.entries["class_size.primary"].set_text("45")
    form.entries["window.key_field"].set_text("2026-09-01..2026-09-30, 2026-05-01..2026-05-31")
    form.switches["switch.skip.primary"].setChecked(True)
    form.checks["class_name"].setChecked(True)
    form.locks["class_size.primary"].setChecked(True)
    part.keep()
    settle(qtbot, context)
    assert not said
    own = county.store.read(policies.own)
    assert dict(own.values) == {
        "class_size.primary": "45", "switch.skip.primary": "off",
        "window.key_field": "2026-05-01..2026-05-31,2026-09-01..2026-09-30",
    }  # fmt: skip
    assert (own.controlled_fields, own.locks) == (("class_name",), ("class_size.primary",))
    part.refresh()
    settle(qtbot, context)
    widget = form.entries["class_size.primary"].widget
    assert isinstance(widget, QLineEdit)
    assert widget.text() == "45"
    assert not part.notice.isHidden()
    finish(context)


def test_a_policy_may_start_on_a_day_to_come(qtbot: Any, county: Member, tmp_path: Path) -> None:
    part, context, said = made(qtbot, county, tmp_path)
    assert part.form is not None
    part.form.entries["class_size.primary"].set_text("45")
    for day in ("明天", "2020-09-01"):
        part.starts.set_text(day)
        part.keep()
        settle(qtbot, context)
        assert county.store.read(policies.own).version == 0
    assert "这一天已经过去" in texts(part)
    part.starts.set_text("2099-09-01")
    part.keep()
    settle(qtbot, context)
    part.refresh()
    settle(qtbot, context)
    assert "自 2099-09-01 起执行" in texts(part)
    assert part.starts.text() == "2099-09-01"
    part.starts.set_text("")
    part.keep()
    settle(qtbot, context)
    part.refresh()
    settle(qtbot, context)
    assert (part.starts.text(), said) == ("", [])
    assert "自 2099-09-01 起执行" not in texts(part)
    finish(context)


def test_a_policy_to_come_is_shown_with_its_day(qtbot: Any, county: Member, tmp_path: Path) -> None:
    county.store.write(
        policies.set_own, county.store.actor, values={"class_size.primary": "40"}, effective_from="2099-09-01"
    )
    officer = PEOPLE[Role.REGISTRAR]
    issue_policy(county.store, county.act(Role.ADMINISTRATOR), officer)
    part, context, _ = made(qtbot, county, tmp_path)
    assert "第 1 版，自 2099-09-01 起执行" in texts(part)
    finish(context)


def test_an_import_shows_the_classes_that_are_too_large(qtbot: Any, county: Member, tmp_path: Path) -> None:
    context, _ = make_context(county.store, tmp_path)
    step = ResultStep(context)
    qtbot.addWidget(step)
    step.show_result(ImportResult(4, 0, 0, 0, 0, "b", overfull=("“一(1)班”有 4 人，超过小学班额 3 人",)), STUDENTS, 0.1)
    step.show()
    assert any("超过小学班额" in one.text() for one in step.findChildren(QLabel) if one.isVisible())
    finish(context)


def test_a_school_sees_and_does_not_edit(qtbot: Any, template: Path, tmp_path: Path) -> None:
    shutil.copytree(template / "school", tmp_path / "school")
    with opened(tmp_path, "school") as (school,):
        school.act(Role.ADMINISTRATOR)
        part, context, _ = made(qtbot, school, tmp_path)
        assert part.form is None
        seen = texts(part)
        assert "不允许" in seen
        assert "由 市级 设置" in seen
        finish(context)
