"""A key-field change from the search for the pupil to the hand of the head, over a real store."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from models.domain.units import Role
from models.services import changes
from models.services.accounts import creation
from tests.ui.pagekit import add_pupils, finish, make_context, number18, scan, settle, write_in
from ui.kit import Banner
from ui.pages.changes import FORM, LIST, ChangesPage
from ui.pages.evidence_box import EvidenceBox


@pytest.fixture
def world(qtbot, school_store, tmp_path) -> Iterator:
    store = school_store.open(Role.REGISTRAR)
    pupils = add_pupils(store)
    context, said = make_context(store, tmp_path)
    page = ChangesPage(context)
    qtbot.addWidget(page)
    page.resize(1178, 700)
    page.refresh()
    settle(qtbot, context)
    with qtbot.waitExposed(page):
        page.show()
    yield page, context, store, pupils, said
    finish(context)


def only_change(store):
    (found,) = store.read(changes.list_changes)
    return found


def test_a_number_is_corrected_with_evidence(world, qtbot, tmp_path):
    page, context, store, _, said = world
    assert not page.empty.isHidden()
    page.run_action("new")
    qtbot.keyClicks(page.picker.line, "zs")
    qtbot.waitUntil(lambda: page.picker.list.count() == 2, timeout=5000)
    qtbot.keyClick(page.picker.line, Qt.Key.Key_Return)
    settle(qtbot, context)
    assert page.stack.currentIndex() == FORM
    entry = page.form.form.entries["id_number"]
    assert "130999********" in entry.widget.placeholderText()
    entry.widget.setFocus()
    qtbot.keyClicks(entry.widget, "130999201701012218")
    page.form.save()
    settle(qtbot, context)
    assert "有 1 处须改正" in page.form.state.text()
    entry.widget.selectAll()
    qtbot.keyClicks(entry.widget, number18("2017-01-01", 333))
    write_in(page.form.reason, "公安机关更正登记号码")
    assert page.open_file(scan(tmp_path))
    settle(qtbot, context)
    page.form.save()
    settle(qtbot, context)
    assert only_change(store).state == "draft"
    page.run_action("submit")
    settle(qtbot, context)
    assert only_change(store).state == "pending", page.form.banner.words.text()
    assert page.stack.currentIndex() == LIST
    settle(qtbot, context)
    assert page.side.detail.evidence[0].kind == "household"
    assert not said


def test_a_file_that_is_no_picture_is_refused_in_words(world, qtbot, tmp_path):
    page, context, *_ = world
    page.arrive(propose=world[3][0])
    settle(qtbot, context)
    bad = tmp_path / "证明.jpg"
    bad.write_bytes(b"not a picture")
    page.open_file(bad)
    settle(qtbot, context)
    assert "不是 JPG、PNG 或 PDF 文件" in page.form.box.fault.words.text()
    assert page.form.box.exhibits == []


def test_what_is_missing_is_said_and_nothing_is_lost(world, qtbot):
    page, context, store, pupils, _ = world
    page.arrive(propose=pupils[0])
    settle(qtbot, context)
    write_in(page.form.form.entries["name"].widget, "丰")
    page.run_action("submit")
    settle(qtbot, context)
    assert "还不能提交" in page.form.banner.words.text()
    page.form.save()
    settle(qtbot, context)
    assert only_change(store).state == "draft"
    page.run_action("close_panel")
    settle(qtbot, context)
    assert page.stack.currentIndex() == LIST
    page.edit()
    settle(qtbot, context)
    assert page.form.form.entries["name"].text() == "张三丰"


def test_withdrawing_is_confirmed_in_the_page(world, qtbot):
    page, context, store, pupils, _ = world
    store.write(changes.propose, store.actor, "student.key_field", pupils[0], {"name": "张三丰"}, "更正")
    page.refresh()
    settle(qtbot, context)
    page.side._ask_withdraw()
    button = next(b for b in page.side.findChildren(type(page.form.submit_button)) if b.text() == "确认撤回")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(qtbot, context)
    assert only_change(store).state == "withdrawn"


def test_withdrawing_new_accounts_says_how_many_go(world, qtbot):
    page, context, store, _, said = world
    records = [
        {"name": name, "sex": "女", "email": f"{at}@example.org", "office_phone": "0317-5551234", "employment": "专任",
         "on_staff": "是", "city": "沧州", "county": "河间市"}
        for at, name in enumerate(("王明", "李芳"))
    ]  # fmt: skip
    made = store.write(creation.create, store.actor, records)
    page.refresh()
    settle(qtbot, context)
    page.side._ask_withdraw()
    settle(qtbot, context)
    (banner,) = [one for one in page.side.findChildren(Banner) if "待批准的 2 个账户" in one.words.text()]
    assert "请主管领导退回补正" in banner.words.text()
    assert store.read(changes.accounts_lost, made.change_id) == 2
    button = next(b for b in page.side.findChildren(type(page.form.submit_button)) if b.text() == "撤回并删除")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    settle(qtbot, context)
    assert only_change(store).state == "withdrawn"
    assert store.read(changes.accounts_lost, made.change_id) == 0
    assert not said


def test_a_file_that_takes_its_time_does_not_hold_up_the_store(world, qtbot, tmp_path, monkeypatch):
    context = world[1]
    gate = threading.Event()
    monkeypatch.setattr("ui.pages.evidence_box.examine", lambda *_: gate.wait(20))
    box = EvidenceBox(context)
    qtbot.addWidget(box)
    box._add = lambda _: None
    box.take([tmp_path / "bad.pdf"])
    answered = []
    context.read(lambda session: 1, done=answered.append)
    qtbot.waitUntil(lambda: answered == [1], timeout=5000)
    assert context.evidence_jobs.busy
    gate.set()
    settle(qtbot, context)
