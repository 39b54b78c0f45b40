"""Quality-monitoring accounts in the window: quota, opening, change of post filed at the province, closing (A3-A5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QLabel

from models.domain.units import Role
from models.store import audit
from tests.monitoring_world import COMMITTEE, LEADER, TEACHING, accounts_of, close, move, opened_account, person
from tests.open_world import PROVINCE, TANG, carry, make_open_tiers, open_world
from tests.sync_world import PEOPLE, Member
from tests.ui.pagekit import settle
from tests.ui.test_layout import faults
from tests.ui.windowkit import give_passphrase, look, open_window, press, show
from ui.kit import MaskedValue
from ui.main_window import MainWindow
from ui.theme import Look, Theme

World = dict[str, Member]
SMALL = (1093, 534)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("monitoring_pages") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members
    if Theme.current().look != Look():
        Theme.current().apply(Look())


def enter(
    qtbot: Any, member: Member, folder: Path, role: Role = Role.REGISTRAR, size: tuple[int, int] = (1366, 768)
) -> tuple[MainWindow, Any]:
    member.act(role)
    window = open_window(qtbot, member.store, folder, size)
    return window, show(qtbot, window, "monitoring")


def leave(window: MainWindow) -> None:
    """Close the window for good; the store stays with its kit."""
    window.context.set_store(None)
    window.close()
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def click(qtbot: Any, window: MainWindow, within: Any, text: str) -> None:
    settle(qtbot, window.context)
    press(qtbot, within, text)
    settle(qtbot, window.context)


def fill(form: Any, values: dict[str, str]) -> None:
    for key, text in values.items():
        form.entries[key].set_text(text)


def words(widget: Any) -> str:
    QApplication.processEvents()
    return " ".join(one.text() for one in widget.findChildren(QLabel) if one.isVisible())


def tab_count(pane: Any, key: str) -> str:
    return str(pane.list._tabs[key].text())


def test_an_account_is_asked_for_within_the_quota(world: World, tmp_path: Path, qtbot: Any) -> None:
    lu = world["lu"]
    window, page = enter(qtbot, lu, tmp_path, size=SMALL)
    pane = page.pane
    assert "主管教学校长 0/1（有空额）" in pane.about.text()
    assert "冀电大校字〔2020〕45号" in pane.list.empty.sentence.text()
    assert page.new_button.text() == "申请开通"
    look(window, "monitoring-empty-125")
    assert not faults(page)
    page.run_action("new")
    form = pane.form
    page.run_action("submit")
    assert form.isVisible()
    assert "请填写" in words(form)
    fill(form, {key: text for key, text in person("韩梅", LEADER).items() if key != "office_phone"})
    form.entries["sex"].set_text("2")
    form.entries["office_phone"].set_text("2234567")
    assert page.has_draft()
    page.run_action("submit")
    settle(qtbot, window.context)
    assert "办公电话缺区号" in form.fault.text()
    look(window, "monitoring-form-125")
    assert not faults(page)
    form.entries["office_phone"].set_text("0315-2234567")
    page.run_action("submit")
    settle(qtbot, window.context)
    assert pane.form is None
    page.show_tab("requests")
    settle(qtbot, window.context)
    assert "待主管领导核办" in words(page.pane.panel)
    look(window, "monitoring-request-125")
    assert not faults(page)
    leave(window)

    window, page = enter(qtbot, lu, tmp_path, Role.HEAD)
    assert not page.new_button.isVisible()
    page.show_tab("requests")
    settle(qtbot, window.context)
    change = page.pane.current().id
    click(qtbot, window, page.pane.panel, "去核办")
    assert window.workspace is not None
    assert window.workspace.current == "review"
    leave(window)
    lu.approve([change])

    window, page = enter(qtbot, lu, tmp_path)
    pane = page.pane
    assert "主管教学校长 1/1（已满）" in pane.about.text()
    assert pane.current().values["name"] == "韩梅"
    page.run_action("new")
    fill(pane.form, person("李雷", LEADER))
    pane.form.entries["sex"].set_text("1")
    page.run_action("submit")
    settle(qtbot, window.context)
    assert "名额已满" in pane.form.fault.text()
    page.run_action("close_panel")
    assert pane.form is None
    click(qtbot, window, pane.panel, "停用")
    fill(pane.form, {"reason": "退休"})
    page.run_action("submit")
    settle(qtbot, window.context)
    leave(window)
    assert accounts_of(lu) == [("韩梅", LEADER, "active")]


def test_a_change_of_post_is_filed_at_the_province(world: World, tmp_path: Path, qtbot: Any) -> None:
    tang, province = world["tang"], world["province"]
    opened_account(tang, "韩梅", COMMITTEE)
    opened_account(tang, "王芳", COMMITTEE)
    window, page = enter(qtbot, tang, tmp_path)
    pane = page.pane
    assert "教学部门负责人 0/1" in pane.about.text()
    click(qtbot, window, pane.panel, "岗位变动")
    fill(pane.form, {"post": TEACHING, "reason": "任教学部主任"})
    page.run_action("submit")
    settle(qtbot, window.context)
    page.show_tab("requests")
    settle(qtbot, window.context)
    change = page.pane.current()
    name = change.subject_label.split()[0]
    leave(window)
    tang.approve([change.id])
    carry(world)

    Theme.current().apply(Look("dark"))
    window, page = enter(qtbot, province, tmp_path)
    assert list(page.tabs) == ["accounts", "requests", "applications"]
    assert window.workspace is not None
    assert window.workspace.sidebar._badges["monitoring"].text() == "1"
    page.arrive(tab="applications")
    settle(qtbot, window.context)
    pane = page.pane
    assert (pane.current().unit_name, pane.current().faults) == (TANG.name, ())
    assert f"{COMMITTEE} → {TEACHING}" in words(pane.panel)
    look(window, "monitoring-application-dark")
    assert not faults(page)
    page.run_action("refuse")
    assert pane.opinion.property("wrong")
    pane.opinion.setText("同意备案")
    assert page.has_draft()
    press(qtbot, page, "备案")
    look(window, "monitoring-sign-dark")
    give_passphrase(qtbot, window, PEOPLE[Role.REGISTRAR][1])
    assert tab_count(pane, "filed") == "已备案 1"
    assert not pane._foot.isVisible()
    assert "结果等待送出" in pane.warning.words.text()
    look(window, "monitoring-filed-dark")
    assert not faults(page)
    leave(window)
    Theme.current().apply(Look())
    carry(world)

    window, page = enter(qtbot, tang, tmp_path, size=(1180, 700))
    moved = next(line.one for line in page.pane.list.model.rows if line.one.values["name"] == name)
    assert moved.values["post"] == TEACHING
    page.pane.list.table.select_row([line.id for line in page.pane.list.model.rows].index(moved.id))
    assert f"{PROVINCE.name} {PEOPLE[Role.REGISTRAR][0]}" in words(page.pane.panel)
    assert "允许修改权限" in words(page.pane.panel)
    look(window, "monitoring-filed-1180")
    assert not faults(page)
    page.arrive(tab="requests", list="done", entry=change.id)
    settle(qtbot, window.context)
    assert "已备案，允许修改权限" in words(page.pane.panel)
    assert "同意备案" in words(page.pane.panel)
    look(window, "monitoring-request-done")
    assert not faults(page)
    leave(window)


def test_the_province_refuses_with_an_opinion(world: World, tmp_path: Path, qtbot: Any) -> None:
    tang, province = world["tang"], world["province"]
    opened_account(tang, "韩梅", COMMITTEE)
    change = move(tang, "韩梅", TEACHING)
    tang.approve([change])
    carry(world)
    window, page = enter(qtbot, province, tmp_path, Role.HEAD)
    page.show_tab("applications")
    settle(qtbot, window.context)
    assert "由本校学籍管理员备案" in words(page.pane._foot)
    assert not page.pane.file.isVisible()
    leave(window)
    window, page = enter(qtbot, province, tmp_path)
    page.show_tab("applications")
    settle(qtbot, window.context)
    page.pane.opinion.setText("与任职文件不符")
    page.run_action("refuse")
    give_passphrase(qtbot, window, PEOPLE[Role.REGISTRAR][1])
    page.pane.list.show_tab("refused")
    assert "与任职文件不符" in words(page.pane.panel)
    leave(window)
    carry(world)
    window, page = enter(qtbot, tang, tmp_path)
    page.arrive(tab="requests", list="done")
    settle(qtbot, window.context)
    assert "权限不得修改" in words(page.pane.panel)
    assert "与任职文件不符" in words(page.pane.panel)
    leave(window)


def test_the_administrator_goes_to_annex_one(template: Path, world: World, tmp_path: Path, qtbot: Any) -> None:
    tang = world["tang"]
    opened_account(tang, "韩梅", COMMITTEE, phone="13800000001")
    tang.approve([close(tang, "韩梅")])
    window, page = enter(qtbot, tang, tmp_path, Role.ADMINISTRATOR)
    assert tab_count(page.pane, "closed") == "已停用 1"
    page.pane.list.show_tab("closed")
    assert "离岗" in words(page.pane.panel)
    assert "13800000001" not in words(page.pane.panel)
    (eye,) = (one for one in page.pane.panel.findChildren(MaskedValue) if one.isVisible())
    eye.eye.click()
    settle(qtbot, window.context)
    assert "13800000001" in words(page.pane.panel)
    assert tang.store.read(audit.entries)[0].act == "roster.reveal"
    click(qtbot, window, page, "附件1")
    assert window.workspace is not None
    assert window.workspace.current == "filing"
    leave(window)
