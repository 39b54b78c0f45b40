"""First run, unlock, wrong secrets, lock without loss, and the thread that does the work."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QComboBox

from models.domain.errors import CancelledError, UserError
from models.domain.units import Role
from models.store.store import Store
from tests.ui.pagekit import add_pupils, settle, write_in
from tests.ui.windowkit import make_window, open_window, show
from ui.context import AppContext
from ui.errors import Errors
from ui.forms.inputs import choice
from ui.idle import IdleWatch
from ui.jobs import Jobs
from ui.pages.codes_sheet import CodesSheet
from ui.pages.first_run import FirstRun
from ui.pages.unlock import UnlockPage
from ui.start_hooks import Hooks
from ui.theme import Look, Theme

SECRET = "lantern window garden 7"


def test_first_run_to_the_roster(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(tmp_path / "名册", tmp_path)
    qtbot.addWidget(window)
    first = window.entrance
    assert isinstance(first, FirstRun)
    first._begin()
    unit = first.unit_form
    assert first.focusWidget() is unit.name.widget
    first._back()
    assert first.focusWidget() is first.first_door
    first._begin()
    unit = first.unit_form
    first._next()
    assert first.inner.currentIndex() == 0  # nothing filled in: says so and stays
    unit.name.set_text("青禾县第二小学")
    unit.code.set_text("1399990002")
    unit.city.set_text("沧州市")
    unit._show_counties()
    unit.county.set_text("河间市")
    first._next()
    people = first.people_form
    assert first.focusWidget() is people.names[Role.REGISTRAR].widget
    for role, name in zip(Role, ("周全", "郑重", "方圆"), strict=True):
        people.names[role].set_text(name)
    people.passphrase.set_text("短")
    people.again.set_text("短")
    first._next()
    assert people.passphrase._fault.text()
    people.passphrase.set_text(SECRET)
    people.again.set_text(SECRET)
    first._next()
    qtbot.waitUntil(lambda: bool(first.findChildren(CodesSheet)), timeout=60000)
    sheet = first.findChildren(CodesSheet)[0]
    assert first.focusWidget() is sheet.noted
    assert not sheet.go.isEnabled()
    assert set(sheet._activations) == {"郑重", "方圆"}
    sheet.noted.setChecked(True)
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    settle(qtbot, window.context)
    assert window.workspace is not None
    assert window.context.actor.name == "周全"
    codes = dict(sheet._activations)
    window.lock()
    settle(qtbot, window.context)
    _activate(qtbot, window, "郑重", codes["郑重"])
    window.close()


def _activate(qtbot: Any, window: Any, name: str, code: str) -> None:
    page = window.entrance
    assert isinstance(page, UnlockPage)
    page._show_mode("activate")
    page.name.set_text(name)
    page.code.set_text(code)
    page.passphrase.set_text(SECRET + " head")
    page.again.set_text("else")
    page._go()
    assert page.again._fault.text()
    page.again.set_text(SECRET + " head")
    page._go()
    qtbot.waitUntil(lambda: window.context.is_open, timeout=60000)
    assert window.context.actor.name == name


def test_demo_door_only_when_lent(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QPushButton

    for hooks, doors in ((Hooks(), 4), (Hooks(lambda _home, _progress: ("某", "某")), 5)):
        window = make_window(tmp_path / "空", tmp_path, hooks)
        qtbot.addWidget(window)
        tiles = [made for made in window.entrance.findChildren(QPushButton) if made.property("kind") == "tile"]
        assert len(tiles) == doors
        window.close()


def test_wrong_passphrase_says_so_and_lets_try_again(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(school_store.home, tmp_path)
    qtbot.addWidget(window)
    page = window.entrance
    settle(qtbot, window.context)
    name, passphrase = school_store.people[Role.REGISTRAR]
    page.name.set_text(name)
    page._go()
    assert page.passphrase._fault.text()  # nothing typed
    page.passphrase.set_text("no such passphrase 1")
    page._go()
    qtbot.waitUntil(lambda: page.go.isEnabled(), timeout=30000)
    assert "口令" in page.notice.words.text()
    page.passphrase.set_text(passphrase)
    page._go()
    qtbot.waitUntil(lambda: window.context.is_open, timeout=30000)
    settle(qtbot, window.context)
    window.close()


def test_damaged_store_offers_the_backup(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from ui.kit import Button

    school_store.close()
    for path in school_store.home.glob("store-*.db"):
        path.write_bytes(b"\0" * path.stat().st_size)
    window = make_window(school_store.home, tmp_path)
    qtbot.addWidget(window)
    page = window.entrance
    settle(qtbot, window.context)
    name, passphrase = school_store.people[Role.REGISTRAR]
    page.name.set_text(name)
    page.passphrase.set_text(passphrase)
    page._go()
    qtbot.waitUntil(lambda: page.go.isEnabled(), timeout=30000)
    assert any(made.text() == "从备份恢复" for made in page.notice.findChildren(Button))
    window.close()


def test_lock_loses_nothing(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store = school_store.open(Role.REGISTRAR)
    add_pupils(store, 2)
    window = open_window(qtbot, store, tmp_path)
    qtbot.addWidget(window)
    page = show(qtbot, window, "roster")
    page.listing.table.select_row(0)
    settle(qtbot, window.context)
    window.run_action("edit")
    page.detail.form.entries["current_address"].set_text("青禾县文化路 18 号")
    window.lock()
    settle(qtbot, window.context)
    assert not window.context.is_open
    assert not page.isVisible()
    assert "都还在" in window.entrance.notice.words.text()
    _name, passphrase = school_store.people[Role.REGISTRAR]
    window.entrance.passphrase.set_text(passphrase)
    window.entrance._go()
    qtbot.waitUntil(lambda: window.context.is_open, timeout=30000)
    settle(qtbot, window.context)
    assert window.workspace.page is page
    assert page.detail.form.entries["current_address"].text() == "青禾县文化路 18 号"
    page.detail.save()
    settle(qtbot, window.context)
    assert not page.has_draft()
    window.close()


def test_another_person_gets_new_pages(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = open_window(qtbot, school_store.open(Role.REGISTRAR), tmp_path)
    qtbot.addWidget(window)
    before = window.workspace
    window.lock()
    settle(qtbot, window.context)
    window.enter(Store.open(school_store.home, *school_store.people[Role.ADMINISTRATOR]))
    settle(qtbot, window.context)
    assert window.workspace is not before
    assert "roster" not in window.workspace.entries
    window.close()


def test_idle_watch(qtbot, qapp) -> None:  # type: ignore[no-untyped-def]
    watch = IdleWatch(qapp, 1)
    watch.start(1)
    watch._last -= 61
    with qtbot.waitSignal(watch.expired):
        watch.look()
    watch.deleteLater()


# --- jobs and errors ------------------------------------------------------------------------------------


@pytest.fixture
def jobs(qtbot: Any) -> Any:
    made = Jobs()
    yield made
    made.shut()


def test_results_come_back_in_the_windows_thread(qtbot, jobs) -> None:  # type: ignore[no-untyped-def]
    told: list[tuple[object, bool]] = []
    here = threading.current_thread()
    jobs.run(lambda: threading.current_thread() is here, lambda r: told.append((r, threading.current_thread() is here)))
    qtbot.waitUntil(lambda: bool(told))
    assert told == [(False, True)]


def test_cancel_reaches_the_work(qtbot, jobs) -> None:  # type: ignore[no-untyped-def]
    entered, errors = threading.Event(), []

    def work(progress: Any) -> None:
        entered.set()
        while True:
            progress.report(1, None, "数")

    job = jobs.run(work, None, errors.append, progress=True, title="数数")
    qtbot.waitUntil(entered.is_set)
    job.cancel()
    qtbot.waitUntil(lambda: bool(errors))
    assert isinstance(errors[0], CancelledError)


def test_a_later_job_of_the_same_name_replaces(qtbot, jobs) -> None:  # type: ignore[no-untyped-def]
    gate, told = threading.Event(), []
    jobs.run(gate.wait)
    for number in range(4):
        jobs.run(lambda number=number: number, told.append, replaces="search")
    gate.set()
    qtbot.waitUntil(lambda: not jobs.busy)
    assert told == [3]


def test_no_news_for_the_dead(qtbot, jobs) -> None:  # type: ignore[no-untyped-def]
    import shiboken6

    owner, gate, told = QObject(), threading.Event(), []
    jobs.run(gate.wait, told.append, owner=owner)
    shiboken6.delete(owner)
    gate.set()
    qtbot.waitUntil(lambda: not jobs.busy)
    assert not told


def test_errors_nobody_handles_are_shown(qtbot, jobs) -> None:  # type: ignore[no-untyped-def]
    def fail() -> None:
        raise UserError("什么错了，该怎么办。")

    with qtbot.waitSignal(jobs.failed) as failed:
        jobs.run(fail)
    assert str(failed.args[0]) == "什么错了，该怎么办。"


def test_a_bug_is_reported_through_the_hook() -> None:
    reported = []

    def hook(error: Exception, doing: str) -> str:
        reported.append((error, doing))
        return "程序出错了。"

    shown = Errors(hook).describe(ValueError("张三"), "roster")
    assert shown.bug
    assert "张三" not in shown.sentence + shown.detail
    assert len(reported) == 1
    assert not Errors(hook).describe(UserError("x")).bug
    assert "磁盘已满" in Errors(hook).describe(OSError(28, "no space", "/a")).sentence


def test_a_named_folder_wins_over_the_remembered_one(qtbot, school_store, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtCore import QSettings

    from ui import start

    settings = QSettings(str(tmp_path / "ui.ini"), QSettings.Format.IniFormat)
    settings.setValue(start.CHOSEN_HOME, str(school_store.home))
    monkeypatch.setattr(start, "AppContext", lambda home, **kw: AppContext(home, settings=settings, **kw))
    for named, expected in ((True, tmp_path / "新的"), (False, school_store.home)):
        window = start.make_window(tmp_path / "新的", named=named)
        qtbot.addWidget(window)
        assert window.context.home == expected
        window.context.jobs.shut()


def test_the_unlock_page_knows_who_waits_and_who_was_last(qtbot, school_store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from models.services import operators
    from models.store.store import NewOperator
    from ui.pages.unlock import last_key

    store = school_store.open(Role.ADMINISTRATOR)
    operators.add(store, NewOperator("新来的", frozenset({Role.REGISTRAR})))
    store.close()
    window = make_window(school_store.home, tmp_path)
    qtbot.addWidget(window)
    page = window.entrance
    settle(qtbot, window.context)
    box = page.name.widget
    assert "新来的" not in [box.itemText(place) for place in range(box.count())]
    page._show_mode("activate")
    assert [box.itemText(place) for place in range(box.count())] == ["新来的"]
    assert page.name.text() == "新来的"
    last = school_store.people[Role.HEAD][0]
    window.context.settings.setValue(last_key(school_store.home), last)
    page._show_mode("open")
    page._show_names(page._people)
    assert page.name.text() in (last, "")
    again = UnlockPage(window.context, Hooks())
    qtbot.addWidget(again)
    again._show_names(page._people)
    assert again.name.text() == last
    assert again.focusWidget() is again.passphrase.widget
    window.close()


def test_enter_goes_on_in_the_wizard(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from PySide6.QtWidgets import QPushButton

    window = make_window(tmp_path / "名册", tmp_path)
    qtbot.addWidget(window)
    first = window.entrance
    tile = next(made for made in first.findChildren(QPushButton) if made.property("kind") == "tile")
    qtbot.keyClick(tile, Qt.Key.Key_Return)
    unit = first.unit_form
    unit.city.set_text("沧州市")
    unit._show_counties()
    unit.county.set_text("河间市")
    QApplication.processEvents()
    before = unit.place.y()
    qtbot.keyClick(unit.name.widget, Qt.Key.Key_Return)
    assert unit.name._fault.text()
    QApplication.processEvents()
    assert unit.place.y() == before  # a fault moves nothing
    unit.name.set_text("青禾县第二小学")
    unit.code.set_text("1399990002")
    qtbot.keyClick(unit.code.widget, Qt.Key.Key_Return)
    assert first.inner.currentIndex() == 1
    window.close()


def test_two_people_go_on_with_enter(qtbot, school_store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.ui.pagekit import finish, make_context
    from ui.dialogs.two_people import TwoPeople

    context, _said = make_context(school_store.open(Role.ADMINISTRATOR), tmp_path)
    seen: list[object] = []
    dialog = TwoPeople(None, context, "办理入网", "", ["周全"], lambda own, other: (own, other), seen.append)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.show()
    dialog.own.set_text("甲")
    qtbot.keyClick(dialog.own.widget, Qt.Key.Key_Return)
    assert dialog.isVisible()
    dialog.other.set_text("乙")
    qtbot.keyClick(dialog.other.widget, Qt.Key.Key_Return)
    settle(qtbot, context)
    assert seen == [("甲", ("周全", "乙"))]
    finish(context)


@pytest.mark.qt_log_level_fail("CRITICAL")  # offscreen popups warn that they cannot grab
def test_a_name_typed_out_leaves_nothing_over_the_passphrase(qtbot: Any) -> None:
    entry = choice("姓名", [("郑重", "郑重"), ("郑远", "郑远"), ("周全", "周全")], editable=True)
    qtbot.addWidget(entry)
    entry.show()
    widget = entry.widget
    assert isinstance(widget, QComboBox)
    editor, completer = widget.lineEdit(), widget.completer()
    assert editor is not None
    assert completer is not None
    editor.setFocus()
    editor.clear()
    write_in(editor, "郑")
    qtbot.waitUntil(lambda: completer.popup().isVisible())
    write_in(editor, "重")
    qtbot.waitUntil(lambda: not completer.popup().isVisible())
    assert entry.text() == "郑重"


@pytest.mark.qt_log_level_fail("CRITICAL")  # offscreen popups warn that they cannot grab
@pytest.mark.parametrize("count", [3, 10])
def test_a_list_shows_all_its_names(qtbot: Any, count: int) -> None:
    """Up to ten names are seen at once: a list cut in the middle hides whom one looks for."""
    entry = choice("姓名", [(str(number), f"人员{number}") for number in range(count)])
    qtbot.addWidget(entry)
    Theme.current().apply(Look())
    entry.show()
    widget = entry.widget
    assert isinstance(widget, QComboBox)
    widget.showPopup()
    view = widget.view()
    qtbot.waitUntil(view.isVisible)
    assert view.viewport().height() >= sum(view.sizeHintForRow(row) for row in range(count))
    assert not view.verticalScrollBar().isVisible()
    widget.hidePopup()
