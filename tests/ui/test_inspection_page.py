"""Special inspections in the window: a dropped export, its findings, the disable list, the proof, the record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from models.domain.times import local_day
from models.domain.units import Role
from models.services import changes
from models.services.inspection import handling
from models.store import clock
from tests.integration.conftest import sheet_file
from tests.open_world import LU, OPEN_TIERS, add_account, file_accounts, make_open_tiers, report
from tests.sync_world import PEOPLE, Member, opened
from tests.ui.pagekit import settle
from tests.ui.test_layout import faults
from tests.ui.windowkit import give_passphrase, look, open_window, press, show
from ui.main_window import MainWindow
from ui.pages.inspections import FORM, LIST, VIEW, InspectionsPage
from ui.theme import Look, Theme

NAMES = {"tslnzhangsan": "张三", "tslnlvbu": "吕布", "tslnouyangmingyue": "欧阳明月"}
TITLES = ("登录号码", "姓名", "邮箱", "手机", "是否停用", "最近登录", "单位", "备注")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    units = make_open_tiers(tmp_path_factory.mktemp("inspection_pages") / "units")
    with opened(units, *OPEN_TIERS) as members:
        lu, tang = (dict(zip(OPEN_TIERS, members, strict=True))[name] for name in ("lu", "tang"))
        for place, name in enumerate(NAMES.values()):
            add_account(lu, name, email=f"t{place}@example.org", phone=f"1390000000{place}")
        file_accounts(lu)
        report(lu, tang)
    return units


@pytest.fixture
def unit(template: Path, tmp_path: Path) -> Iterator[Any]:
    """One unit of the world, in a copy of its own: `unit("lu")`."""
    with ExitStack() as stack:

        def take(name: str) -> Member:
            shutil.copytree(template / name, tmp_path / "units" / name)
            return stack.enter_context(opened(tmp_path / "units", name))[0]

        yield take


@pytest.fixture
def enter(qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    windows: list[MainWindow] = []

    def make(member: Member, role: Role = Role.REGISTRAR, size: tuple[int, int] = (1366, 768)) -> Any:
        member.act(role)
        window = open_window(qtbot, member.store, tmp_path, size)
        windows.append(window)
        return window, show(qtbot, window, "inspections")

    yield make
    for window in windows:
        window.context.set_store(None)
        window.close()
    Theme.current().apply(Look())


def rows(member: Member, **more: Any) -> list[dict[str, str]]:
    """The register's accounts as a platform lists them: 张三 is a department, a stranger is there, 欧阳明月 is not."""
    day = local_day(member.store.read(clock.now))
    listed = [
        {"登录号码": username, "姓名": name, "邮箱": f"t{place}@example.org", "手机": f"1390000000{place}",
         "是否停用": "0", "最近登录": day, "单位": LU.name, "备注": "甲"}
        for place, (username, name) in enumerate(NAMES.items())
    ]  # fmt: skip
    listed[0]["姓名"], listed[1]["最近登录"] = "教务处", "2020-03-01"
    stranger = {**listed[1], "登录号码": "tslnadmin", "姓名": "管理员", "邮箱": "x@example.org", "手机": ""}
    return [*listed[:2], {**stranger, "最近登录": day, **more}]


def settle_all(qtbot: Any, window: MainWindow) -> None:
    for _ in range(2):
        settle(qtbot, window.context)


def drop(qtbot: Any, window: MainWindow, path: Path) -> None:
    window.context.open_file(path)
    settle_all(qtbot, window)


def tick(qtbot: Any, page: InspectionsPage, *usernames: str) -> None:
    """Choose rows with the keyboard: to each of them, and Space."""
    table, model = page.view.list.table, page.view.list.model
    for place, line in enumerate(model.rows):
        if line.item.username in usernames:
            table.select_row(place)
            qtbot.keyClick(table, Qt.Key.Key_Space)
    qtbot.wait(1)


def choose_column(page: InspectionsPage, letter: str, words: str) -> None:
    place = next(n for n, one in enumerate(page.form.columns.model.columns) if one.key == letter)
    menu = page.form.columns.menu_of(place)
    next(action for action in menu.actions() if action.text().startswith(words)).trigger()


def inspect(qtbot: Any, window: MainWindow, page: InspectionsPage, path: Path) -> None:
    drop(qtbot, window, path)
    if page.form.opened is not None and page.form.opened.export is None:
        choose_column(page, "A", "用户名")
        settle_all(qtbot, window)
    press(qtbot, page, "开始核查")
    settle_all(qtbot, window)


def states(page: InspectionsPage) -> dict[tuple[str, str], str]:
    assert page.view.detail is not None
    return {(one.code, one.username): one.state_label for one in page.view.detail.items}


def test_a_county_from_a_dropped_export_to_the_signed_record(
    unit: Any, enter: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lu = unit("lu")
    monkeypatch.setattr(handling, "is_mass_change", lambda count, _total: count > 1)
    window, page = enter(lu)
    assert "平台管理员在后台的用户列表里导出" in page.list.empty.sentence.text()
    look(window, "inspection-empty")
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04 broken")
    press(qtbot, page, "新核查")
    look(window, "inspection-start")
    drop(qtbot, window, tmp_path / "坏.xlsx")
    assert page.stack.currentIndex() == FORM
    assert page.form.fault.text()
    assert page.form.opened is None

    first = sheet_file(tmp_path / "平台.xlsx", rows(lu), TITLES)
    drop(qtbot, window, first)
    assert not page.form.go.isEnabled()  # nobody knows what 登录号码 is
    assert "指定哪一列是“用户名”" in page.form.banner.words.text()
    assert not faults(page)
    choose_column(page, "A", "用户名")
    settle_all(qtbot, window)
    assert "读到 3 个账户，8 列中认出 7 列；不读取：备注。" in page.form.banner.words.text()
    assert page.form.columns.model.columns[0].title == "用户名（登录号码） ▾"
    assert not faults(page)
    look(window, "inspection-columns")
    page.form.idle.setValue(365)
    page.run_action("submit")
    settle_all(qtbot, window)
    assert page.stack.currentIndex() == VIEW
    assert set(states(page)) == {
        ("not_real_name", "tslnzhangsan"), ("idle", "tslnlvbu"), ("unknown", "tslnadmin"),
        ("not_real_name", "tslnadmin"), ("missing", "tslnouyangmingyue"),
    }  # fmt: skip
    assert not faults(page)
    look(window, "inspection-view")

    tick(qtbot, page, "tslnouyangmingyue")
    assert page.view.acts.dismiss.text() == "不予处理 1 项"
    page.view.acts.dismiss.click()
    assert page.view.acts.reason.property("wrong")
    page.view.acts.reason.setText("平台改名中")
    page.view.acts.dismiss.click()
    settle_all(qtbot, window)
    assert states(page)["missing", "tslnouyangmingyue"] == "不予处理"
    press(qtbot, window, "撤销")
    settle_all(qtbot, window)
    assert states(page)["missing", "tslnouyangmingyue"] == "待处理"

    tick(qtbot, page, "tslnlvbu")
    page.run_action("submit")
    page.run_action("submit")
    settle_all(qtbot, window)
    assert states(page)["idle", "tslnlvbu"] == "已列入停用清单"
    press(qtbot, window, "撤销")
    settle_all(qtbot, window)
    assert states(page)["idle", "tslnlvbu"] == "待处理"

    tick(qtbot, page, "tslnzhangsan", "tslnlvbu", "tslnadmin")
    page.run_action("submit")
    assert "本单位账户 2 个，报主管领导批准后禁用；名册中没有在用记录的 1 个" in page.view.disable.words.text()
    assert not page.view.disable.due.isVisible()
    qtbot.wait(1)
    assert not faults(page)
    look(window, "inspection-disable")
    page.run_action("submit")
    settle_all(qtbot, window)
    assert window.context.prompt.said == ["停用很多账户"]
    assert "停用清单共 3 个账户" in page.view.news.words.text()
    assert states(page)["idle", "tslnlvbu"] == "已列入停用清单"
    lu.approve([one.id for one in lu.store.read(changes.list_changes) if one.state == "pending"])
    lu.act(Role.REGISTRAR)
    settle_all(qtbot, window)

    press(qtbot, page, "用新导出核实")
    drop(qtbot, window, first)
    page.run_action("submit")
    settle_all(qtbot, window)
    assert "就是先前用过的那份清单" in page.form.fault.text()
    later = rows(lu, 是否停用="1")
    later[0]["是否停用"] = "1"
    drop(qtbot, window, sheet_file(tmp_path / "后来.xlsx", later, TITLES))
    assert page.form.opened is not None
    assert page.form.opened.known  # what 登录号码 is was remembered
    look(window, "inspection-prove")
    page.run_action("submit")
    settle_all(qtbot, window)
    assert page.stack.currentIndex() == VIEW
    assert "平台已停用 3 项" in page.view.news.words.text()
    assert states(page)["idle", "tslnlvbu"] == "未停用（待执行）"
    page.view.list.show_tab("all")
    look(window, "inspection-proved")

    press(qtbot, page, "办结并签名")
    assert window.context.prompt.said[-1] == "办结并签名"  # findings are left, so it was asked
    give_passphrase(qtbot, window, PEOPLE[Role.REGISTRAR][1])
    settle_all(qtbot, window)
    assert "签名有效" in page.view.note.words.text()
    assert not page.view.acts.list.isVisible()
    assert not page.view.prove.isVisible()
    assert not faults(page)
    look(window, "inspection-closed")
    window.context.prompt.target = tmp_path / "结果.xlsx"
    page.run_action("export")
    settle_all(qtbot, window)
    assert (tmp_path / "结果.xlsx").stat().st_size > 1000
    page.run_action("close_panel")
    settle_all(qtbot, window)
    assert page.stack.currentIndex() == LIST
    page.list.show_tab("closed")
    assert [one.signed for one in page.list.model.rows] == [True]
    look(window, "inspection-list")
    page.begin()
    assert page.form.idle.value() == 365


def test_a_city_orders_below_with_a_deadline_and_patrols(unit: Any, enter: Any, qtbot: Any, tmp_path: Path) -> None:
    tang = unit("tang")
    add_account(tang, "钱七", email="own@example.org")
    window, page = enter(tang, size=(1093, 534))  # 1366x768 at 125 %
    own = {**rows(tang)[1], "登录号码": "tsqianqi", "姓名": "老师", "邮箱": "own@example.org", "单位": ""}
    inspect(qtbot, window, page, sheet_file(tmp_path / "平台.xlsx", [*rows(tang), own], TITLES))
    assert [one.words for one in page.view.facets.units.model.rows[1:]] == [LU.name, "甲市分院"]
    qtbot.wait(1)
    assert not faults(page)
    look(window, "inspection-city-125")
    page.view.facets.units.select(frozenset({LU.id}))
    page.view.facets.codes.select(frozenset({"idle", "not_real_name"}))
    assert {line.item.username for line in page.view.list.model.rows} == {"tslnzhangsan", "tslnlvbu", "tslnadmin"}
    page.view.list.table.selectAll()
    qtbot.keyClick(page.view.list.table, Qt.Key.Key_Space)
    page.run_action("submit")
    assert "所辖单位账户 2 个，下达停用通知单" in page.view.disable.words.text()
    page.view.disable.due.set_text("明天")
    page.run_action("submit")
    assert "写成 2026-12-31 的样子" in page.view.disable.fault.text()
    qtbot.wait(1)
    assert not faults(page)
    look(window, "inspection-order-125")
    page.view.disable.due.set_text("2099-01-31")
    page.run_action("submit")
    give_passphrase(qtbot, window, PEOPLE[Role.REGISTRAR][1])
    settle_all(qtbot, window)
    assert "已下达停用通知单 2 份" in page.view.news.words.text()
    assert states(page)["idle", "tslnlvbu"] == "已列入停用清单"
    page.run_action("close_panel")
    settle_all(qtbot, window)

    page.ask_patrol()
    settle_all(qtbot, window)
    page.patrol.unit.set_text(LU.id)
    qtbot.wait(1)
    assert not faults(page)
    look(window, "inspection-patrol-125")
    page.run_action("submit")
    settle_all(qtbot, window)
    assert page.view.detail.summary.kind == "patrol"
    assert LU.name in page.view.detail.summary.source


def test_what_is_put_right_elsewhere_and_what_others_see(unit: Any, enter: Any, qtbot: Any, tmp_path: Path) -> None:
    lu = unit("lu")
    Theme.current().apply(Look("dark"))
    window, page = enter(lu, size=(1180, 700))
    inspect(qtbot, window, page, sheet_file(tmp_path / "平台.xlsx", rows(lu), TITLES))
    page.view.list.table.select_row(0)
    settle_all(qtbot, window)
    qtbot.wait(1)
    assert not faults(page)
    look(window, "inspection-dark-1180")
    tick(qtbot, page, "tslnlvbu")
    page.view.acts.reason.setText("已与本人核实")
    page.view.acts.dismiss.click()
    settle_all(qtbot, window)
    page.view.list.show_tab("settled")
    assert page.view.list.model.rows[0].item.note == "已与本人核实"
    qtbot.wait(1)
    page.view.acts.restore.click()
    settle_all(qtbot, window)
    assert states(page)["idle", "tslnlvbu"] == "待处理"
    page.view.list.show_tab("open")
    page.view.list.table.select_row(0)
    settle_all(qtbot, window)
    press(qtbot, page.view.panel, "登记为本单位账户")
    settle_all(qtbot, window)
    accounts = window.workspace.page
    assert window.workspace.current == "accounts"
    assert accounts.panel.form.form.values()["username"] == "tslnadmin"
    assert accounts.has_draft()
    accounts.panel.cancel()
    page = show(qtbot, window, "inspections")
    place = next(n for n, one in enumerate(page.view.list.model.rows) if one.item.username == "tslnzhangsan")
    page.view.list.table.select_row(place)
    settle_all(qtbot, window)
    press(qtbot, page.view.panel, "更正姓名")
    settle_all(qtbot, window)
    assert accounts.panel.facts.row.values["name"] == "张三"
    window.context.set_store(None)
    window.close()

    window, page = enter(lu, Role.HEAD)
    assert not page.open_file(tmp_path / "平台.xlsx")
    page.list.opened.emit(page.list.current())
    settle_all(qtbot, window)
    assert page.stack.currentIndex() == VIEW
    assert not page.view.acts.list.isVisible()
    assert "由学籍管理员或系统管理员处理" in page.view.acts.words.text()


def test_a_stopped_inspection_leaves_nothing(unit: Any, enter: Any, qtbot: Any, tmp_path: Path) -> None:
    lu = unit("lu")
    window, page = enter(lu)
    drop(qtbot, window, sheet_file(tmp_path / "平台.xlsx", rows(lu), TITLES))
    choose_column(page, "A", "用户名")
    settle_all(qtbot, window)
    page.run_action("submit")
    page.form._job.cancel()
    settle_all(qtbot, window)
    assert page.stack.currentIndex() == FORM
    assert page.form.fault.text()
    assert page.form.go.isEnabled()
    page.run_action("close_panel")
    settle_all(qtbot, window)
    assert not page.list.model.rows
