"""The accounts page over a real store: drafts, requests for many, renames, user names held elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel

from models.domain.fields import ACCOUNTS
from models.domain.units import Role
from models.services import changes, roster
from models.services.accounts import creation
from models.store import audit
from models.store import tables as t
from tests.sync_world import Member
from tests.ui.accountkit import centre, hold_elsewhere, in_use, open_changes, status_of, teacher
from tests.ui.pagekit import finish, make_context, number18, scan, settle
from tests.ui.test_layout import faults
from tests.ui.windowkit import look, press
from ui.pages.accounts import AccountsPage


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Member]:
    with centre(tmp_path / "units") as opened:
        yield opened


@pytest.fixture
def shown(member: Member, qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens the page for the registrar; (page, context, toasts)."""
    contexts: list[Any] = []

    def make() -> Any:
        member.act(Role.REGISTRAR)
        context, said = make_context(member.store, tmp_path)
        contexts.append((context, said))
        page = AccountsPage(context)
        qtbot.addWidget(page)
        page.resize(1178, 700)
        toasts: list[tuple[str, Any]] = []
        context.toasted.connect(lambda text, undo, _tone: toasts.append((text, undo)))
        context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
        page.refresh()
        page.show()
        settle(qtbot, context)
        return page, context, toasts

    yield make
    for context, said in contexts:
        finish(context)
        assert not said


def words_of(page: Any) -> str:
    """Everything the panel says."""
    return "\n".join(one.text() for one in page.panel.findChildren(QLabel) if one.isVisible())


def choose(qtbot: Any, page: Any, context: Any, *ids: str) -> None:
    page.listing.model.set_checked(list(ids), True)
    settle(qtbot, context)


def test_a_gap_waits_as_a_draft_and_is_filled_where_it_is_marked(shown: Any, member: Member, qtbot: Any) -> None:
    page, context, toasts = shown()
    page.run_action("new")
    form = page.panel.form
    for key, text in teacher("王小明", 1, email="", office_phone="").items():
        form.form.entries[key].set_text({"专任": "1", "是": "1", "女": "2"}.get(text, text))
    form._propose()
    settle(qtbot, context)
    page.run_action("save")
    settle(qtbot, context)
    assert "已存为草稿" in toasts[0][0]
    assert "邮箱、办公电话" in toasts[0][0]
    assert "“待批准”" in toasts[0][0]
    assert page.listing.query.status == "pending"
    settle(qtbot, context)
    assert "未填，须如实填写" in words_of(page)
    assert not faults(page)
    look(page, "accounts-draft")
    press(qtbot, page.panel, "补齐")
    settle(qtbot, context)
    form = page.panel.form
    assert form.form.entries["email"]._fault.text()
    look(page, "accounts-marked")
    form.form.entries["email"].set_text("w@example.org")
    form.form.entries["office_phone"].set_text("0315-7654321")
    page.run_action("save")
    settle(qtbot, context)
    settle(qtbot, context)
    press(qtbot, page.panel, "提交")
    settle(qtbot, context)
    settle(qtbot, context)
    (change,) = open_changes(member)
    assert (change.kind, change.state) == ("account.create", "pending")
    member.approve([change.id])
    page.show_status("active")
    settle(qtbot, context)
    assert len(page.listing.model.ids) == 1


def test_many_are_disabled_with_a_reason_and_put_back(shown: Any, member: Member, qtbot: Any) -> None:
    ids = in_use(member, "张三", "李四", "王五")
    page, context, toasts = shown()
    choose(qtbot, page, context, *ids[:2])
    press(qtbot, page, "申请禁用 2 个")
    settle(qtbot, context)
    assert page.request.code.widget.accessibleName() == "禁用原因"
    page.request.code.set_text("other")
    page.run_action("submit")
    assert "请用文字写明原因" in page.request.reason._fault.text()
    page.resize(1045, 534)  # 1366x768 at 125 %, the navigation collapsed
    qtbot.wait(1)
    assert not faults(page)
    look(page, "accounts-disable")
    page.request.code.set_text("left")
    page.run_action("submit")
    settle(qtbot, context)
    assert "已提交 2 份申请" in toasts[-1][0]
    assert page.request.isHidden()
    asked = open_changes(member)
    assert {(one.kind, one.state) for one in asked} == {("account.disable", "pending")}
    choose(qtbot, page, context, *ids)
    press(qtbot, page, "申请禁用 3 个")
    settle(qtbot, context)
    assert page.request.go.text() == "申请禁用 1 个"
    assert "2 个已有在办的变更" in page.request.words.text()
    page.run_action("close_panel")
    member.approve([one.id for one in asked])
    member.act(Role.REGISTRAR)
    page.show_status("disabled")
    settle(qtbot, context)
    assert sorted(page.listing.model.ids) == sorted(ids[:2])
    page.listing.show_row(ids[0])
    settle(qtbot, context)
    assert "人员离岗" in words_of(page)
    look(page, "accounts-disabled")
    press(qtbot, page.panel, "申请恢复")
    settle(qtbot, context)
    page.run_action("submit")
    assert "请写明恢复原因" in page.request.reason._fault.text()
    page.request.reason.set_text("返聘")
    page.run_action("submit")
    settle(qtbot, context)
    (asked_again,) = open_changes(member)
    assert "等待主管领导批准" in words_of(page)
    toasts[-1][1]()
    settle(qtbot, context)
    assert not open_changes(member)
    assert changes_of_kind(member, "account.enable") == [asked_again.id]
    assert status_of(member, ids[0]) == "disabled"


def changes_of_kind(member: Member, kind: str) -> list[str]:
    return [one.id for one in member.store.read(changes.list_changes, changes.ChangeQuery(kinds=(kind,)))]


def test_a_rename_offers_readings_and_an_own_spelling_stands_on_a_proof(
    shown: Any, member: Member, qtbot: Any, tmp_path: Path
) -> None:
    (account,) = in_use(member, "单丽")
    before = member.store.read(roster.get, ACCOUNTS, account).values["username"]
    page, context, toasts = shown()
    page.listing.show_row(account)
    settle(qtbot, context)
    press(qtbot, page.panel, "申请更名")
    settle(qtbot, context)
    form = page.panel.form
    qtbot.waitUntil(lambda: form.options.isVisible(), timeout=5000)
    look(page, "accounts-rename")
    assert not faults(page)
    press(qtbot, form.options, "tsln")
    other = form.username.text()
    assert other not in ("", before)
    page.run_action("save")
    assert "请写明更名原因" in form.reason._fault.text()
    form.username.set_text("tslnsanlee")
    form.reason.set_text("护照拼写")
    page.run_action("save")
    settle(qtbot, context)
    assert "存为草稿，还没有提交" in toasts[-1][0]
    (draft,) = open_changes(member)
    assert draft.state == "draft"
    assert "是草稿，还没有提交" in words_of(page)
    toasts[-1][1]()
    settle(qtbot, context)
    settle(qtbot, context)
    press(qtbot, page.panel, "申请更名")
    form = page.panel.form
    form.username.set_text("tslnsanlee")
    form.reason.set_text("护照拼写")
    assert page.open_file(scan(tmp_path, "护照.png"))  # dropped anywhere
    settle(qtbot, context)
    page.run_action("save")
    settle(qtbot, context)
    assert "已提交" in toasts[-1][0]
    (asked,) = open_changes(member)
    member.approve([asked.id])
    assert member.store.read(roster.get, ACCOUNTS, account).values["username"] == "tslnsanlee"


def test_names_held_elsewhere_are_renamed_with_one_button(shown: Any, member: Member, qtbot: Any) -> None:
    ids = in_use(member, "张三", "李四", "王五")
    hold_elsewhere(member, "tslnzhangsan", "tslnlisi", "tslnlisi2", "tslnnobody")
    page, context, toasts = shown()
    assert "张三 tslnzhangsan" in page.collisions.words.text()
    look(page, "accounts-collisions")
    page.resize(1045, 534)
    qtbot.wait(1)
    assert not faults(page)
    press(qtbot, page, "为 2 个重名账户申请更名")
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.collisions.isHidden()
    asked = open_changes(member)
    assert {(one.kind, one.state) for one in asked} == {("account.rename", "pending")}
    assert "已为 2 个账户申请更名" in toasts[-1][0]
    member.approve([one.id for one in asked])
    names = [member.store.read(roster.get, ACCOUNTS, one).values["username"] for one in ids]
    assert names == ["tslnzhangsan2", "tslnlisi3", "tslnwangwu"]


def test_a_second_account_and_an_irregular_name_are_seen(shown: Any, member: Member, qtbot: Any) -> None:
    (first,) = in_use(member, "赵六", id_type="1", id_number=number18("1990-01-01", 222))
    page, context, _ = shown()
    page.listing.show_row(first)
    settle(qtbot, context)
    said = words_of(page)
    assert "新建" in said
    assert "未备案" in said
    member.store.write(make_older, member.store.actor, first)
    member.act(Role.REGISTRAR)
    again = teacher("赵六", 0, note="兼任班主任")
    made = member.store.write(creation.create, member.store.actor, [again])
    assert not made.missing
    settle(qtbot, context)
    page.arrive(subject_id=made.ids[0])
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.listing.query.status == "pending"
    assert "zhaoliu_old（姓名和电话" in words_of(page) or "zhaoliu_old（邮箱相同" in words_of(page)
    page.arrive(subject_id=first)
    settle(qtbot, context)
    settle(qtbot, context)
    said = words_of(page)
    assert "用户名不符合命名规则" in said
    assert "没有规定保留期限" in said
    assert "已备案" in said
    look(page, "accounts-second")
    assert not faults(page)


def make_older(session: Any, actor: Any, account_id: str) -> None:
    """An account with a user name from before the rule, filed."""
    session.execute(
        t.account.update().where(t.account.c.id == account_id).values(
            username="zhaoliu_old", origin="listed", filed_status="active", filed_revision=1
        )
    )  # fmt: skip
    audit.append(session, actor, "test.older", f"{ACCOUNTS}:{account_id}", {})


def test_a_new_account_is_entered_with_the_keys_and_the_wheel_changes_nothing(shown: Any, qtbot: Any) -> None:
    """Ctrl+N starts in the name, Tab goes to the user name below it, scrolling past a choice leaves it (UX)."""
    page, context, _toasts = shown()
    assert page.run_action("new")
    entries = page.panel.form.form.entries
    settle(qtbot, context)
    qtbot.waitUntil(entries["username"].widget.isVisible)
    assert entries["name"].widget.hasFocus()
    qtbot.keyClick(entries["name"].widget, Qt.Key.Key_Tab)
    assert entries["username"].widget.hasFocus()
    sex = entries["sex"].widget
    down = QPointF(4, 4), QPointF(sex.mapToGlobal(QPoint(4, 4))), QPoint(), QPoint(0, -120)
    buttons = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(sex, QWheelEvent(*down, *buttons, Qt.ScrollPhase.NoScrollPhase, False))
    assert entries["sex"].text() == ""
