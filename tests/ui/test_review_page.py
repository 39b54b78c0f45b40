"""The head's queue at a school: verdicts by keys, evidence first, one signature for all; and the bureau's desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from models.domain.fields import STUDENTS
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes
from tests.ui.pagekit import add_pupils, finish, make_context, number18, scan, settle, write_in
from ui.pages.baseline_list import BaselineList, baseline_rows
from ui.pages.review import ReviewPage


def pending(store, pupil, values, path):
    change = store.write(changes.propose, store.actor, "student.key_field", pupil, values, "公安机关更正登记号码")
    store.write(changes.attach, store.actor, change, path.name, path.read_bytes(), "image/png", "household")
    store.write(changes.submit, store.actor, change)
    return change


@pytest.fixture
def world(qtbot, school_store, tmp_path) -> Iterator:
    store = school_store.open(Role.REGISTRAR)
    pupils = add_pupils(store)
    path = scan(tmp_path)
    first = pending(store, pupils[0], {"id_number": number18("2017-01-01", 223)}, path)
    second = pending(store, pupils[1], {"name": "张四海"}, scan(tmp_path, "户口簿.png", 220))
    store = school_store.open(Role.HEAD)
    context, said = make_context(store, tmp_path)
    page = ReviewPage(context)
    qtbot.addWidget(page)
    page.resize(1178, 700)
    page.refresh()
    settle(qtbot, context)
    with qtbot.waitExposed(page):
        page.show()
    settle(qtbot, context)
    yield page, context, store, (first, second), school_store, said
    finish(context)


def state(store, change):
    return store.read(changes.get, change).summary.state


def test_a_morning_by_keys_and_one_signature(world, qtbot):
    page, context, store, (first, second), kit, said = world
    assert page.queue_title.text() == "待我核办 2"
    assert page.bar.accept.isEnabled()
    page.run_action("submit")
    settle(qtbot, context)
    assert state(store, first) == "pending", "nothing is signed yet"
    page.run_action("return")
    assert page.held.decisions.keys() == {first}, "a return needs an opinion"
    write_in(page.bar.opinion, "证明材料不清晰，请重新扫描后提交。")
    page.run_action("return")
    settle(qtbot, context)
    assert {k: d.verdict for k, d in page.held.decisions.items()} == {first: Verdict.ACCEPT, second: Verdict.RETURN}
    assert page.queue_title.text() == "待核办 0 · 待签名 2", "as many as the sidebar says"
    assert "Ctrl+Enter 签名确认" in page.hint()
    page.run_action("submit")
    dialog = next(w for w in page.findChildren(object) if type(w).__name__ == "PassphrasePrompt")
    dialog.field.setText("not the passphrase at all")
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, context)
    assert not dialog.fault.isHidden()
    dialog.field.setText(kit.people[Role.HEAD][1])
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, context)
    assert (state(store, first), state(store, second)) == ("approved", "draft")
    assert not page.has_draft()
    assert not page.empty.isHidden()
    assert not said


def test_a_verdict_can_be_taken_back_before_signing(world, qtbot):
    page, context, _, (first, _), *_ = world
    undo = []
    context.toasted.connect(lambda text, act, tone: undo.append(act))
    page.run_action("submit")
    settle(qtbot, context)
    assert page.has_draft()
    undo[-1]()
    settle(qtbot, context)
    assert not page.has_draft()
    assert page.queue.current_entry().id == first


def test_nothing_is_passed_unseen(world, qtbot):
    page, context, *_ = world
    page.evidence.show_files(page._matter.evidence)
    assert not page.evidence.all_seen
    page._enable()
    assert not page.bar.accept.isEnabled()
    page.run_action("submit")
    assert not page.has_draft()
    settle(qtbot, context)
    assert page.bar.accept.isEnabled()


def test_the_initiator_does_not_decide(qtbot, school_store, tmp_path):
    store = school_store.open(Role.REGISTRAR)
    pending(store, add_pupils(store)[0], {"name": "张三丰"}, scan(tmp_path))
    context, _ = make_context(store, tmp_path)
    page = ReviewPage(context)
    qtbot.addWidget(page)
    page.refresh()
    settle(qtbot, context)
    assert page.bar.instead.text() == "由他人核办：郑重"
    assert page.bar.accept.isHidden()
    finish(context)


def test_the_pupils_of_a_baseline_are_sorted_counted_and_found(qtbot):
    names = (("周全", "五年级二班", "1"), ("安宁", "五年级十班", "2"), ("郑重", "五年级二班", "2"), ("白露", "", "2"))
    rows = [
        {"id": name, "values": {"name": name, "class_name": class_name, "sex": sex, "id_number": "130999201701012218"}}
        for name, class_name, sex in names
    ]
    card = BaselineList(baseline_rows(STUDENTS, rows))
    qtbot.addWidget(card)
    assert [line.texts["name"] for line in card.model.rows] == ["白露", "郑重", "周全", "安宁"]
    assert card.model.rows[1].texts["id_number"] == "130999********2218"
    assert [card.groups.itemText(i) for i in range(4)] == [
        "全部班级 · 4 人", "没有班级 · 1", "五年级二班 · 2", "五年级十班 · 1",
    ]  # fmt: skip
    card.search.setText("zq")
    assert [line.texts["name"] for line in card.model.rows] == ["周全"]
    assert card.found.text() == "1 人 · 男 1 · 女 0"
