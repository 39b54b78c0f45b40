"""Files for the learning platform in the window: asked about, written apart, slips printed, taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.domain.units import Role
from models.services.platform_state import list_exports
from tests.integration.conftest import sheet_file
from tests.integration.test_platform_exports import change, make_unit, put, rows_of
from tests.sync_world import Member, open_member
from tests.ui.pagekit import settle
from tests.ui.test_layout import faults
from tests.ui.windowkit import look, open_window, press, show
from ui.dialogs.platform_files import PlatformFiles
from ui.main_window import MainWindow
from ui.printing_pages import PagesPreview


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Member]:
    member = open_member(make_unit(tmp_path / "units") / "lu")
    member.act(Role.REGISTRAR)
    yield member
    member.store.close()


@pytest.fixture
def window(unit: Member, qtbot: Any, tmp_path: Path) -> Iterator[MainWindow]:
    made = open_window(qtbot, unit.store, tmp_path, (1093, 534))
    (tmp_path / "out").mkdir()
    made.context.prompt.target = tmp_path / "out"  # type: ignore[attr-defined]
    yield made
    made.context.set_store(None)
    made.close()


def open_dialog(qtbot: Any, window: MainWindow) -> PlatformFiles:
    """The dialog from the accounts page."""
    page = show(qtbot, window, "accounts")
    assert not faults(page)
    press(qtbot, page, "平台文件")
    settle(qtbot, window.context)
    dialog: PlatformFiles = next(one for one in page.findChildren(PlatformFiles) if one.isVisible())
    return dialog


def click(qtbot: Any, window: MainWindow, within: Any, text: str) -> None:
    press(qtbot, within, text)
    settle(qtbot, window.context)


def files_in(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.rglob("*") if path.is_file()}


def test_added_with_slips_printed_and_taken_back(unit: Member, window: MainWindow, qtbot: Any, tmp_path: Path) -> None:
    put(unit, "tslnzhaosan", "tslnqiansi")
    put(unit, "tslnnomail", email="")
    dialog = open_dialog(qtbot, window)
    assert not dialog.go.isEnabled()
    click(qtbot, window, dialog, "选择文件夹")
    look(dialog, "platform-ask")
    assert not faults(dialog)
    for box in dialog.parts.values():
        box.setChecked(False)
    click(qtbot, window, dialog, "导出")
    assert "请至少选一项" in dialog.question.words.text()
    dialog.parts["add"].setChecked(True)
    dialog.address.set_text("https://platform.example.org")
    click(qtbot, window, dialog, "导出")
    view = dialog.result_view
    assert dialog.stack.currentWidget() is view
    look(dialog, "platform-result")
    assert not faults(dialog)
    assert view.title.text() == "第 1 次导出：新增 2"
    assert view.slips.text() == "打印密码条（2 张）"
    assert [(one.label, "邮箱" in one.reason) for one in view.model.rows] == [("赵三", True)]
    made = files_in(tmp_path / "out")
    assert sorted(made) == ["add.csv", "slips.pdf"]
    assert len(rows_of(made["add.csv"].read_bytes())) == 2
    click(qtbot, window, dialog, "打印密码条")
    paper = view.findChild(PagesPreview)
    look(paper, "platform-slips")
    assert paper.pages.pageCount() == 1
    target = tmp_path / "密码条.pdf"
    paper.write_pdf(target)
    assert target.read_bytes() == made["slips.pdf"].read_bytes()
    paper.reject()
    click(qtbot, window, dialog, "撤销这次导出")
    assert window.context.prompt.said == ["撤销导出"]  # type: ignore[attr-defined]
    assert [one.taken_back for one in unit.store.read(list_exports)] == [True]
    assert dialog.stack.currentIndex() == 0
    click(qtbot, window, dialog, "导出")
    assert view.title.text() == "第 2 次导出：新增 2"
    assert len({path.parent for path in (tmp_path / "out").rglob("add.csv")}) == 2
    click(qtbot, window, dialog, "关闭")
    again = open_dialog(qtbot, window)
    assert again.address.text() == "https://platform.example.org"
    assert "上次：第 2 次" in again.past.text()
    click(qtbot, window, again, "导出")
    assert again.result_view.title.text() == "没有需要告诉平台的变化"
    assert len(list((tmp_path / "out").iterdir())) == 2  # no empty folder stays
    again.reject()


def test_listed_accounts_and_many_at_once_are_asked_about(
    unit: Member, window: MainWindow, qtbot: Any, tmp_path: Path
) -> None:
    names = [f"tslnren{chr(97 + place // 26)}{chr(97 + place % 26)}" for place in range(30)]
    ids = put(unit, *names, origin="listed")
    dialog = open_dialog(qtbot, window)
    click(qtbot, window, dialog, "选择文件夹")
    dialog.read_list(sheet_file(tmp_path / "平台.xlsx", [{"用户名": name} for name in names[:20]]))
    settle(qtbot, window.context)
    assert "清单 20 个" in dialog.known.text()
    click(qtbot, window, dialog, "导出")
    assert "有 10 个账户来自名单" in dialog.question.words.text()
    look(dialog, "platform-listed")
    assert not faults(dialog)
    click(qtbot, window, dialog, "平台上都已有")
    assert "已登记平台上已有的账户 20 个" in dialog.result_view.note.words.text()
    dialog.accept()
    for one in ids[:25]:
        change(unit, one, status="disabled")
    dialog = open_dialog(qtbot, window)
    click(qtbot, window, dialog, "导出")
    assert "在用的 30 个账户中的 25 个停用" in dialog.question.words.text()
    assert "suspend.csv" not in files_in(tmp_path / "out")
    click(qtbot, window, dialog, "确认导出")
    assert dialog.result_view.title.text().endswith("停用 25")
    assert "suspend.csv" in files_in(tmp_path / "out")
    assert not dialog.result_view.slips.isVisible()
    dialog.accept()
    dialog = open_dialog(qtbot, window)
    dialog.kind.set_text("oneroster")
    dialog._dress()
    look(dialog, "platform-oneroster")
    assert not faults(dialog)
    click(qtbot, window, dialog, "导出")
    assert files_in(tmp_path / "out")["oneroster.zip"].read_bytes().startswith(b"PK")
    dialog.accept()


def test_new_passwords_for_chosen_accounts(unit: Member, window: MainWindow, qtbot: Any, tmp_path: Path) -> None:
    ids = put(unit, "tslnzhaosan", "tslnqiansi")
    page = show(qtbot, window, "accounts")
    page.refresh()
    settle(qtbot, window.context)
    page.listing.model.set_checked(ids[:1], True)
    press(qtbot, page, "平台文件")
    settle(qtbot, window.context)
    dialog = page.findChild(PlatformFiles)
    click(qtbot, window, dialog, "选择文件夹")
    dialog.kind.set_text("passwords")
    dialog._dress()
    click(qtbot, window, dialog, "导出")
    assert dialog.result_view.title.text() == "重发初始密码 1 个"
    assert sorted(files_in(tmp_path / "out")) == ["passwords.csv", "slips.pdf"]
    assert not dialog.result_view.back.isVisible()
