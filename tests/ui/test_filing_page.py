"""Filing of accounts in the window of the open line: reminded, mended, previewed, handed in, merged, verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shiboken6
from openpyxl import load_workbook
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from sqlalchemy import update

from models.domain.units import Role
from models.services import changes, roster_edit
from models.services.filing import calendar
from models.services.filing.views import filing_lines
from models.store import audit
from models.store import tables as t
from tests.integration.conftest import sheet_file
from tests.open_world import add_account, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import Member
from tests.ui.pagekit import settle
from tests.ui.test_layout import faults
from tests.ui.windowkit import look, open_window, press, show
from ui.dialogs.filing_files import FilingFiles
from ui.main_window import MainWindow
from ui.pages.filing_view import ROWS, WAY
from ui.printing_pages import PagesPreview
from ui.theme import Look, Theme

World = dict[str, Member]
OCTOBER = "2027-10-20T02:00:00Z"
NOVEMBER = "2027-11-08T02:00:00Z"
PHONE = "0315-2864173"
SMALL = (1093, 534)
"""1366x768 at 125 %."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("filing_pages") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let filings be judged at a time."""
    return lambda moment: monkeypatch.setattr(calendar, "moment", lambda _: moment)


@pytest.fixture
def enter(qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    """Windows over members; the stores stay with their kit."""
    windows: list[MainWindow] = []

    def make(member: Member, role: Role = Role.REGISTRAR, size: tuple[int, int] = (1366, 768)) -> MainWindow:
        member.act(role)
        window = open_window(qtbot, member.store, tmp_path, size)
        window.context.prompt.target = member.out  # type: ignore[attr-defined]
        windows.append(window)
        return window

    yield make
    for window in windows:
        leave(window)
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if Theme.current().look != Look():
        Theme.current().apply(Look())


def leave(window: MainWindow) -> None:
    if shiboken6.isValid(window):
        window.context.set_store(None)
        window.close()
        window.deleteLater()


def click(qtbot: Any, window: MainWindow, text: str) -> None:
    press(qtbot, window, text)
    settle(qtbot, window.context)


def blank_phone(member: Member, account: str) -> None:
    """An older list may lack a truthful field."""

    def work(session: Any, actor: Any) -> None:
        session.execute(update(t.account).where(t.account.c.id == account).values(office_phone=""))
        audit.append(session, actor, "test.blank", f"teachers:{account}", {})

    member.store.write(work, member.store.actor)


def test_october_on_a_stick(world: World, enter: Any, at: Any, qtbot: Any) -> None:
    """Job 5: 备案 -> the period (shown at once) -> preview -> submit; approved: 打包, and the form as files."""
    at(OCTOBER)
    lu, tang = world["lu"], world["tang"]
    ids = [add_account(lu, name, office_phone=PHONE) for name in ("张三", "李四", "王五")]
    blank_phone(lu, ids[1])
    window = enter(lu)
    assert window.workspace is not None
    status = window.statusBar()
    assert status.filing.text() == "备案还有 11 天"
    assert "待备案 新增 3 个" in window.workspace.notice.words.text()
    look(window, "filing-start")
    status.filing.click()
    settle(qtbot, window.context)
    assert window.workspace.current == "filing"
    page = window.workspace.page
    assert page.view.title.text() == "2027年10月首次备案"
    assert [row.values["username"] for row in page.view.model.rows] == ["tslnlisi", "tslnwangwu", "tslnzhangsan"]
    assert page.view.model.rows[0].faults
    assert "1 个账户有须改正或核对的内容" in page.view.mend.words.text()
    assert not page.view.reason.isVisible()
    assert not page.view.write.isVisible()
    look(window, "filing-open")
    assert not faults(page)
    click(qtbot, page, "去改")
    assert window.workspace.current == "accounts"
    assert window.workspace.page.panel.row_id == ids[1]
    lu.store.write(roster_edit.set_fields, lu.store.actor, "teachers", ids[1], {"office_phone": PHONE})
    show(qtbot, window, "filing")
    assert not page.view.mend.isVisible()
    click(qtbot, page, "备案表预览")
    assert page.view.paper.data is not None
    assert [row["state"] for row in page.view.paper.data.rows] == ["保留"] * 3
    assert not page.view.paper.canvas.picture.pixmap().isNull()
    look(window, "filing-preview")
    click(qtbot, page, "提交核办")
    assert page.view.detail.line.state == "pending"
    change = page.view.detail.line.id
    leave(window)

    window = enter(lu, Role.HEAD)
    page = show(qtbot, window, "filing")
    click(qtbot, page, "去核办")
    assert window.workspace is not None
    assert window.workspace.current == "review"
    leave(window)
    lu.approve([change])

    window = enter(lu)
    page = show(qtbot, window, "filing")
    assert page.view.go.text() == "去打包"
    page.view.show_part(WAY)
    look(window, "filing-way")
    press(qtbot, page, "生成备案表")
    settle(qtbot, window.context)
    dialog = page.findChild(FilingFiles)
    assert not faults(dialog)
    assert not dialog.go.isEnabled()
    dialog.phone.set_text("0315-2112222")
    press(qtbot, dialog, "选择文件夹")
    look(dialog, "filing-files")
    press(qtbot, dialog, "生成")
    settle(qtbot, window.context)
    assert "PDF 已由单位签名：共 3 行" in page.news.words.text()
    (signed,) = lu.out.glob("附件3*.pdf")
    assert list(lu.out.glob("附件3*.xlsx"))
    press(qtbot, page, "生成备案表")
    settle(qtbot, window.context)
    again = next(one for one in page.findChildren(FilingFiles) if one.isVisible())
    assert (again.phone.text(), again.go.isEnabled()) == ("0315-2112222", True)
    press(qtbot, again, "生成")
    settle(qtbot, window.context)
    assert "已经存在，没有覆盖" in again.fault.words.text()
    again.reject()
    click(qtbot, page, "去打包")
    assert window.workspace is not None
    assert window.workspace.current == "packages"
    leave(window)

    assert report(lu, tang)
    window = enter(tang)
    show(qtbot, window, "filing")
    window.workspace.take_file(signed)
    settle(qtbot, window.context)
    page = window.workspace.page
    assert "签名有效：本文件由“甲一学习中心”" in page.news.words.text()
    look(window, "filing-verified")
    broken = signed.with_name("改过.pdf")
    broken.write_bytes(signed.read_bytes().replace(b"/Author", b"/Auth0r", 1)[:-1] + b"x")
    page.check(broken)
    settle(qtbot, window.context)
    assert page.news.property("pill") == "bad"


def test_late_a_reason_is_asked_in_place(world: World, enter: Any, at: Any, qtbot: Any) -> None:
    at(NOVEMBER)
    lu = world["lu"]
    add_account(lu, "张三")
    window = enter(lu, size=SMALL)
    assert "已逾期 8 天" in window.workspace.notice.words.text()
    look(window, "filing-start-125")
    click(qtbot, window, "去备案")
    page = window.workspace.page
    assert page.view.reason.isVisible()
    assert "提交时须写明原因" in page.view.note.words.text()
    look(window, "filing-late-125")
    assert not faults(page)
    page.run_action("submit")
    settle(qtbot, window.context)
    assert page.view.reason.property("wrong")
    assert page.view.detail.line.id == ""
    page.view.reason.setText("系统管理员休假")
    assert page.has_draft()
    page.run_action("save")
    settle(qtbot, window.context)
    assert (page.view.detail.line.state, page.view.detail.line.reason) == ("draft", "系统管理员休假")
    click(qtbot, page, "提交核办")
    assert page.view.detail.line.state == "pending"
    assert "原因：系统管理员休假" in page.view.note.words.text()
    assert page.model.data(page.model.index(0, 2)).startswith("逾期 · 首次 · 新增 1")
    assert not window.statusBar().filing.isVisible()


def test_above_the_others_are_merged(world: World, enter: Any, at: Any, qtbot: Any) -> None:
    at(OCTOBER)
    lu, tang, province = world["lu"], world["tang"], world["province"]
    add_account(lu, "张三")
    add_account(tang, "赵六")
    file_accounts(lu, "")
    report(lu, tang)
    file_accounts(tang, "")
    Theme.current().apply(Look("dark"))
    window = enter(tang)
    page = show(qtbot, window, "filing")
    assert page.view.stack.currentIndex() == ROWS
    look(window, "filing-city-dark")
    click(qtbot, page, "下级汇总")
    settle(qtbot, window.context)
    rows = {one.unit: (one.added, one.unit in page.rollup.missing.words.text()) for one in page.rollup.model.rows}
    assert rows == {"甲市分院": (1, False), "甲一学习中心": (1, False), "甲二学习中心": (0, True)}
    assert [row["county"] for row in page.rollup.paper.data.rows] == ["", "甲一学习中心"]
    look(window, "filing-rollup-dark")
    assert not faults(page)
    page.run_action("print")
    settle(qtbot, window.context)
    paper = page.findChild(PagesPreview)
    look(paper, "filing-print")
    assert paper.pages.pageCount() == 1
    paper.reject()
    blank = sheet_file(
        tang.out.parent / "空白表.xlsx", [{"序号": "", "教师姓名": "", "学习网用户名": "", "账户状态": ""}]
    )
    window.context.prompt.files = [blank]
    press(qtbot, page, "生成备案表")
    settle(qtbot, window.context)
    dialog = page.findChild(FilingFiles)
    press(qtbot, dialog, "选择文件夹")
    press(qtbot, dialog, "选择表样")
    assert dialog.template.text() == "空白表.xlsx"
    press(qtbot, dialog, "生成")
    settle(qtbot, window.context)
    filled = load_workbook(next(tang.out.glob("附件3*.xlsx"))).active
    assert [row[1:3] for row in filled.iter_rows(min_row=2, max_row=3, values_only=True)] == [
        ("赵六", "tszhaoliu"), ("张三", "tslnzhangsan"),
    ]  # fmt: skip
    leave(window)
    report(tang, province)
    window = enter(province)
    page = show(qtbot, window, "filing")
    settle(qtbot, window.context)
    assert list(page.tabs) == ["below"]
    look(window, "filing-province")
    page.arrive(form="annex2")
    settle(qtbot, window.context)
    settle(qtbot, window.context)
    assert "没有可以列入附件2" in page.rollup.paper.canvas.picture.text()
    assert not page.rollup.write.isEnabled()


def test_before_its_days_and_taken_back(world: World, enter: Any, at: Any, qtbot: Any) -> None:
    at("2027-08-10T02:00:00Z")
    lu = world["lu"]
    teacher = add_account(lu, "张三")
    file_accounts(lu, "建校较晚")
    at("2027-09-01T02:00:00Z")
    lu.act(Role.REGISTRAR)
    lines = lu.store.read(filing_lines)
    assert [(one.period, one.state, one.late) for one in lines] == [("2027-05", "approved", True)]
    lu.act(Role.HEAD)
    lu.store.write(changes.revoke, lu.store.actor, [lines[0].id], "重新核对")
    lu.act(Role.REGISTRAR)
    lu.store.write(changes.withdraw, lu.store.actor, lines[0].id, "数据有误")
    window = enter(lu)
    page = show(qtbot, window, "filing")
    shown = [(one.period, one.state, one.needs_reason) for one in page.model.rows]
    assert shown == [("2027-05", "to_do", True), ("2027-05", "withdrawn", True)]
    assert [row.id for row in page.view.model.rows] == [teacher]
    page.arrive(form="annex1")
    settle(qtbot, window.context)
    dialog = page.findChild(FilingFiles)
    assert dialog.form.text() == "annex1"
    press(qtbot, dialog, "选择文件夹")
    press(qtbot, dialog, "生成")
    settle(qtbot, window.context)
    assert "没有可以列入附件1" in dialog.fault.words.text()
    dialog.reject()
    page.run_action("next_item")
    settle(qtbot, window.context)
    assert "没有报出" in page.view.mend.words.text()
    assert not page.view.print.isVisible()
    assert not faults(page)
