"""The import page over real stores: a messy list is brought to zero errors by keys and written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit

from models.domain.findings import Level
from models.domain.units import Role
from models.exchange.reading import read_workbook
from models.services import changes, imports, roster
from tests.ui.pagekit import add_pupils, finish, make_context, number18, settle, write_in
from ui.pages.import_.cell_menu import cell_menu
from ui.pages.import_.findings import Show
from ui.pages.import_.page import CHECK, MAPPING, PREVIEW, RESULT, START, ImportPage

ROSTERS = Path(__file__).parents[1] / "data" / "rosters"
STUDENTS, TEACHERS = ROSTERS / "02_students_dates_ids.xlsx", ROSTERS / "01_teachers_two_row_header.xlsx"


@pytest.fixture
def world(qtbot, school_store, tmp_path) -> Iterator:
    store = school_store.open(Role.REGISTRAR)
    context, said = make_context(store, tmp_path)
    page = ImportPage(context)
    qtbot.addWidget(page)
    page.resize(1178, 700)
    page.refresh()
    settle(qtbot, context)
    with qtbot.waitExposed(page):
        page.show()
    yield page, context, store, said
    finish(context)


def load(page, qtbot, context, path):
    page.open_file(path)
    settle(qtbot, context)
    settle(qtbot, context)


def type_here(page, qtbot, context, text):
    """F2, type over, Enter: as a person does it."""
    page.run_action("edit")
    editor = page.check.table.findChild(QLineEdit)
    editor.selectAll()
    write_in(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    settle(qtbot, context)


def errors(page):
    return len(page.check.session.marks.error_rows)


def test_the_keyboard_is_in_the_first_field_of_every_step(world, qtbot, tmp_path):
    page, context, *_ = world
    page.take_focus()
    assert page.focusWidget() is page.start.pick
    path = tmp_path / "名单.csv"
    path.write_text("姓名,甲,乙,丙\n张三,1,2,3\n", encoding="utf-8")
    load(page, qtbot, context, path)
    assert page.step == MAPPING
    boxes = list(page.mapping._boxes.values())
    assert page.focusWidget() is boxes[1], "the first column nobody recognised"
    load(page, qtbot, context, TEACHERS)
    assert page.step == CHECK
    assert page.focusWidget() is page.check.table
    page.to_preview()
    settle(qtbot, context)
    assert page.step == PREVIEW
    assert page.focusWidget() is page.preview.table
    page.write()
    settle(qtbot, context)
    assert page.step == RESULT
    assert page.focusWidget() is page.result.first


def test_a_messy_list_to_zero_errors_and_into_the_roster(world, qtbot):
    page, context, store, said = world
    load(page, qtbot, context, STUDENTS)
    assert page.step == CHECK
    assert errors(page) == 4
    assert not page.foot.next.isEnabled()
    assert page.check.popover.isVisible(), "the first error explains itself"

    for code in ("BIRTH_DIFFERS_FROM_ID", "SEX_DIFFERS_FROM_ID"):
        group = next(g for g in page.check.session.marks.groups if g.code == code)
        page.check._mend(group)
        settle(qtbot, context)
        settle(qtbot, context)
    assert errors(page) == 2
    page.run_action("undo")
    settle(qtbot, context)
    assert errors(page) == 3
    page.run_action("redo")
    settle(qtbot, context)
    assert errors(page) == 2

    session = page.check.session
    for _ in range(2):
        page.run_action("next_error")
        row, key = page.check._current()
        assert key == "id_number"
        birth = session.value(row, "birth_date")
        before = session.raw(row, key)
        sex = 2 if session.value(row, "sex") == "2" else 1
        type_here(page, qtbot, context, number18(birth, 320 + row * 2 + (sex == 1)))
        assert session.raw(row, key) == before
        assert session.is_edited(row, key)
    assert errors(page) == 0
    assert page.foot.next.isEnabled()

    page.run_action("submit")
    settle(qtbot, context)
    assert page.step == PREVIEW
    assert "新增" in page.preview.note.words.text()
    page.run_action("submit")
    settle(qtbot, context)
    assert page.step == RESULT, said
    assert page.result.result.new == 18
    assert len(store.read(roster.list_ids, roster.RosterQuery())) == 18
    page.result.submit_baseline()
    settle(qtbot, context)
    (baseline,) = store.read(changes.list_changes)
    assert (baseline.kind, baseline.state) == ("roster.baseline", "pending")
    assert not page.has_draft()


def test_importing_again_changes_nothing(world, qtbot):
    page, context, *_ = world
    for expected in ((14, 0), (0, 14)):
        load(page, qtbot, context, STUDENTS)
        page.to_preview()
        settle(qtbot, context)
        counts = page.check.session.checked.counts
        assert (counts[imports.Outcome.NEW], counts[imports.Outcome.SAME]) == expected
        if expected[0]:
            page.write()
            settle(qtbot, context)
    assert page.foot.next.text() == "没有需要写入的内容"


def test_paste_touches_only_rows_in_sight(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    check = page.check
    assert check.session.show is Show.ERRORS
    column = next(i for i, c in enumerate(check.session.columns) if c.key == "ethnicity")
    QGuiApplication.clipboard().setText("回\n回\n回\n回\n回")
    check.table.setCurrentIndex(check.grid.index(0, column))
    check.table.selectionModel().clearSelection()
    page.run_action("paste")
    settle(qtbot, context)
    touched = {row for (_, row, key) in check.session.typed if key == "ethnicity"}
    assert touched == set(check.session.marks.error_rows) | touched
    assert touched <= set(check.session.visible)
    assert len(touched) == len(check.session.visible)


def test_restore_replace_and_suggestion(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    check, session = page.check, page.check.session
    row, key = next(p for p in session.marks.error_places([c.key for c in session.columns]) if p[1] == "birth_date")
    check.table.go_to(check.grid.index_of(row, key))
    before = session.text(row, key)
    page.run_action("accept_suggestion")
    settle(qtbot, context)
    assert session.text(row, key) != before
    assert session.marks.worst(row, key) is not Level.ERROR
    check.table.go_to(check.grid.index_of(row, key))
    check.restore()
    settle(qtbot, context)
    assert session.text(row, key) == before
    page.run_action("bulk")
    bar = check.replace_bar
    bar.where.setCurrentIndex(bar.where.findData("ethnicity"))
    write_in(bar.needle, "汉")
    write_in(bar.put, "满族")
    bar.whole.setChecked(True)
    found = len(session.found_text("汉", ["ethnicity"], True))
    assert bar.number.text() == f"可见行中有 {found} 格"
    bar.go.click()
    settle(qtbot, context)
    assert session.found_text("汉", ["ethnicity"], True) == []


def test_put_aside_and_taken_up_again(world, qtbot):
    page, context, store, _ = world
    load(page, qtbot, context, STUDENTS)
    row, key = page.check._current()
    page.check.editor.edit("改", {(row, key): "130999201801010011"})
    settle(qtbot, context)
    page.run_action("save")
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.step == START
    (draft,) = store.read(imports.list_drafts)
    page.start.resume.emit(draft.id)
    settle(qtbot, context)
    assert page.step == CHECK
    assert page.check.session.text(row, key) == "130999201801010011"


def test_another_mapping_is_remembered(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    page._show_mapping()
    assert page.step == MAPPING
    box = next(box for box in page.mapping._boxes.values() if box.currentData() == "ethnicity")
    box.setCurrentIndex(0)
    page.run_action("submit")
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.step == CHECK
    assert not any(c.key == "ethnicity" for c in page.check.session.columns)
    page.save_and_close()
    settle(qtbot, context)
    load(page, qtbot, context, STUDENTS)
    assert page.loaded.remembered
    assert not any(c.key == "ethnicity" for c in page.check.session.columns)


def test_a_pasted_block_of_teachers_gets_user_names(world, qtbot):
    page, context, store, _ = world
    head = "姓名\t性别\t邮箱\t办公电话\t聘任方式\t是否在编"
    QGuiApplication.clipboard().setText(
        f"{head}\n单丽\t女\tdanli@example.com\t0317-5042876\t专职\t是\n李行\t男\tlixing@example.com\t0317-5042877\t专职\t是"
    )
    page.start.kinds.buttons()[2].setChecked(True)
    page.run_action("paste")
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.step in (CHECK, MAPPING), page.banner.words.text()
    assert page.loaded.checked.kind == "teachers"
    assert any(c.key == "username" for c in page.check.session.columns)
    assert not list(store.home.rglob("*.csv"))


def test_the_error_list_can_be_imported_again(world, qtbot, tmp_path):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    context.prompt.target = tmp_path / "错误清单.xlsx"
    page.run_action("export")
    settle(qtbot, context)
    book = read_workbook(context.prompt.target, "students")
    assert sum(len(sheet.rows) for sheet in book.sheets) >= 4


def test_controlled_fields_become_drafts(qtbot, school_store, tmp_path):
    store = school_store.open(Role.REGISTRAR)
    first = store.read(roster.get, "students", add_pupils(store)[0]).values
    context, _ = make_context(store, tmp_path)
    page = ImportPage(context)
    qtbot.addWidget(page)
    QGuiApplication.clipboard().setText(f"姓名\t身份证件号\t班级\n张三丰\t{first['id_number']}\t三(3)班")
    page.paste()
    settle(qtbot, context)
    settle(qtbot, context)
    page.to_preview()
    settle(qtbot, context)
    assert "姓名：张三 → 张三丰" in page.preview.model.rows[0].what
    page.write()
    settle(qtbot, context)
    assert (page.result.result.drafts, page.result.result.updated) == (1, 1)
    assert store.read(changes.list_changes)[0].state == "draft"
    finish(context)


def test_a_file_that_is_no_list_is_said(world, qtbot, tmp_path):
    page, context, *_ = world
    bad = tmp_path / "名单.xlsx"
    bad.write_bytes(b"PK\x03\x04 broken")
    load(page, qtbot, context, bad)
    assert page.step == START
    assert "请" in page.banner.words.text()


def test_a_row_is_left_out_by_delete_on_its_header_and_taken_in_again(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    faulty = sorted(page.check.session.marks.error_rows)
    page.check._show_tab(Show.ALL)
    table = page.check.table
    table.selectRow(faulty[0])
    text = page.check.session.text(faulty[0], "name")
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    settle(qtbot, context)
    assert (errors(page), page.check.session.text(faulty[0], "name")) == (3, text)
    assert page.check.session.is_left_out(faulty[0])
    assert page.check.session.totals()[0] == 17
    page.run_action("undo")
    settle(qtbot, context)
    assert errors(page) == 4
    page.check.leave_out(faulty, True)
    settle(qtbot, context)
    page.run_action("submit")
    settle(qtbot, context)
    assert page.step == PREVIEW
    assert "4 行按您的选择不导入" in page.preview.note.words.text()


def test_the_names_stay_in_sight_in_the_last_column(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    table = page.check.table
    page.check._show_tab(Show.ALL)
    table.horizontalScrollBar().setValue(0)
    assert not table.pinned.isVisible()
    page.resize(760, 600)
    last = page.check.grid.columnCount() - 1
    table.go_to(page.check.grid.index(0, last))
    assert table.pinned.isVisible()
    name = page.check.grid.index(0, table.pinned.section)
    assert table.pinned.visualRect(name).left() == 0
    assert table.rowHeight(0) == table.pinned.rowHeight(0)
    table.go_to(page.check.grid.index(0, table.pinned.section + 1))
    assert table.visualRect(table.currentIndex()).left() >= table.pinned.covered


def test_tab_goes_from_cell_to_cell_and_ctrl_tab_leaves(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    table = page.check.table
    table.setFocus()
    table.go_to(page.check.grid.index(0, 0))
    qtbot.keyClick(table, Qt.Key.Key_Tab)
    assert (table.currentIndex().row(), table.currentIndex().column()) == (0, 1)
    qtbot.keyClick(table, Qt.Key.Key_Tab, Qt.KeyboardModifier.ControlModifier)
    assert not table.hasFocus()


def test_the_menu_of_a_cell_and_filling_down(world, qtbot):
    page, context, *_ = world
    load(page, qtbot, context, STUDENTS)
    check = page.check
    menu = cell_menu(check, check.session, check, check._current(), check._selected(), "")
    words = [action.text().partition("\t")[0] for action in menu.actions()]
    assert any(word.startswith("只看这类问题") for word in words), words
    assert {"恢复原值", "不导入这一行"} <= set(words)
    check._show_tab(Show.ALL)
    column = next(i for i, c in enumerate(check.session.columns) if c.key == "name")
    check.table.go_to(check.grid.index(1, column))
    qtbot.keyClick(check.table, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, context)
    assert check.session.text(1, "name") == check.session.text(0, "name")
