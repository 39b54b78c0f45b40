"""Orders to disable accounts over real stores of the open line: given, carried out, objected to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from models.domain.units import Role
from tests.integration.conftest import sheet_file
from tests.open_world import add_account, carry, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import PEOPLE, Member
from tests.ui.pagekit import finish, make_context, settle
from tests.ui.test_layout import faults
from ui.pages.accounts import AccountsPage
from ui.pages.orders import FORM, LIST, VIEW, OrdersPage


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("open_pages") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    with open_world(template, tmp_path / "units") as members:
        yield members


@pytest.fixture
def page_of(qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    contexts: list[Any] = []

    def make(member: Member) -> Any:
        member.act(Role.REGISTRAR)
        context, said = make_context(member.store, tmp_path)
        contexts.append(context)
        page = OrdersPage(context)
        qtbot.addWidget(page)
        page.resize(1178, 700)
        context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
        page.refresh()
        page.show()
        settle(qtbot, context)
        return page, context, said

    yield make
    for context in contexts:
        finish(context)


def test_given_above_and_carried_out_below(world: Any, page_of: Any, qtbot: Any, tmp_path: Path) -> None:
    lu, tang = world["lu"], world["tang"]
    ids = [add_account(lu, name) for name in ("张三", "李四", "王五")]
    file_accounts(lu)
    report(lu, tang)
    page, context, said = page_of(tang)
    page.run_action("new")
    assert page.stack.currentIndex() == FORM
    page.resize(1045, 534)  # 1366x768 at 125 %, the navigation collapsed
    page.form.give()
    qtbot.wait(1)
    assert not faults(page)
    assert "请粘贴用户名" in page.form.fault.text()
    page.open_file(sheet_file(tmp_path / "名单.xlsx", [{"用户名": "tslnzhangsan"}, {"用户名": "nobody"}]))
    settle(qtbot, context)
    assert page.form.lines() == ["tslnzhangsan", "nobody"]
    page.run_action("submit")
    settle(qtbot, context)
    assert "nobody" in page.form.fault.text()
    page.form.names.setPlainText("tslnzhangsan\ntslnlisi，")
    page.form.reason.set_text("real_name")
    page.form.due.set_text("2099-01-31")
    page.run_action("submit")
    settle(qtbot, context)
    dialog = next(w for w in page.findChildren(object) if type(w).__name__ == "PassphrasePrompt")
    dialog.field.setText(PEOPLE[Role.REGISTRAR][1])
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.stack.currentIndex() == LIST
    assert "2 个账户，1 个单位，期限 2099-01-31" in page.news.words.text()
    page.arrive(accounts=ids[2:])
    assert page.form.has_draft()
    page.run_action("close_panel")
    carry(world)

    below, context2, wrong = page_of(lu)
    below.open_row(below.list.current())
    settle(qtbot, context2)
    assert below.stack.currentIndex() == VIEW
    assert not faults(below)
    below.view.list.table.select_row(0)
    assert below.view.execute.text() == "禁用所选 1 个"
    below.run_action("submit")
    settle(qtbot, context2)
    settle(qtbot, context2)
    assert context2.prompt.said == ["禁用账户"]
    below.view.list.table.select_row(1)
    below.view.object_()
    assert below.view.reason.property("wrong")
    below.view.reason.setText("该教师已实名")
    below.view.object_()
    settle(qtbot, context2)
    settle(qtbot, context2)
    assert [line.item.state_label for line in below.view.list.model.rows] == ["已禁用", "有异议"]
    assert not below.has_draft()
    carry(world)
    page.refresh()
    settle(qtbot, context)
    page.list.show_tab("all")
    (summary,) = page.list.model.rows
    assert (summary.done, summary.objected, summary.open) == (1, 1, 0)
    page.open_row(summary)
    settle(qtbot, context)
    assert not page.view.execute.isVisible()
    assert "已禁用 1，有异议 1，待执行 0" in page.view.instead.text()
    assert not said
    assert not wrong


def test_a_unit_without_orders_reads_what_comes_here(world: Any, page_of: Any) -> None:
    page, _, _ = page_of(world["luan"])
    assert "还没有停用通知单" in page.list.empty.sentence.text()


def test_accounts_chosen_in_their_list_start_an_order(world: Any, qtbot: Any, tmp_path: Path) -> None:
    lu, tang = world["lu"], world["tang"]
    ids = [add_account(lu, name) for name in ("张三", "李四")]
    file_accounts(lu)
    report(lu, tang)
    tang.act(Role.REGISTRAR)
    context, said = make_context(tang.store, tmp_path)
    page = AccountsPage(context)
    qtbot.addWidget(page)
    page.refresh()
    page.show()
    settle(qtbot, context)
    went: list[Any] = []
    context.navigated.connect(lambda key, arguments: went.append((key, arguments)))
    page.listing.model.set_checked(page.listing.model.ids, True)
    assert page.order.text() == "下达停用通知单（所选 2 个）"
    page.order.click()
    assert went[0][0] == "orders"
    assert sorted(went[0][1]["accounts"]) == sorted(ids)
    finish(context)
    assert not said
