"""The roster as a registrar uses it, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from models.domain.units import Role
from models.services import roster
from models.store import audit
from tests.ui.pagekit import add_pupils, settle
from tests.ui.windowkit import look, open_window, press, show
from ui.dialogs.class_list import ClassList
from ui.kit import MaskedValue
from ui.main_window import MainWindow

NUMBER = 7


@pytest.fixture
def window(qtbot, school_store, tmp_path: Path) -> Iterator[MainWindow]:  # type: ignore[no-untyped-def]
    store = school_store.open(Role.REGISTRAR)
    add_pupils(store, NUMBER)
    made = open_window(qtbot, store, tmp_path)
    qtbot.addWidget(made)
    yield made
    made.close()


@pytest.fixture
def page(qtbot, window: MainWindow) -> Any:  # type: ignore[no-untyped-def]
    return show(qtbot, window, "roster")


def find(qtbot: Any, window: MainWindow, page: Any, text: str) -> None:
    page.listing.search.setText(text)
    page.listing._search()
    settle(qtbot, window.context)


def test_find_as_you_type(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    assert len(page.listing.model.ids) == NUMBER
    assert page.listing.number.text() == f"{NUMBER} 人"
    qtbot.keyClicks(page.listing.search, "zs")
    qtbot.waitUntil(lambda: 0 < len(page.listing.model.ids) < NUMBER)
    cells = [page.listing.model.index(row, 1).data() for row in range(len(page.listing.model.ids))]
    settle(qtbot, window.context)
    assert all(cell is None or cell.startswith("张") for cell in cells)
    find(qtbot, window, page, "没有这个人")
    assert page.listing._stack.currentIndex() == 2
    page.listing.clear()
    settle(qtbot, window.context)
    assert len(page.listing.model.ids) == NUMBER


def test_filter_by_the_value_in_the_cell(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.table.setCurrentIndex(page.listing.model.index(0, 1))
    settle(qtbot, window.context)
    name = page.listing.current_row().values["name"]
    window.run_action("filter_value")
    settle(qtbot, window.context)
    assert page.listing.query.filters == {"name": name}
    assert len(page.listing.model.ids) == 1


def test_locked_fields_are_not_in_the_form(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.table.select_row(0)
    settle(qtbot, window.context)
    window.run_action("edit")
    settle(qtbot, window.context)
    assert page.detail.form is not None
    assert not {"name", "sex", "birth_date", "id_type", "id_number"} & page.detail.form.entries.keys()
    page.detail.cancel()


def test_edit_save_undo(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.table.select_row(0)
    settle(qtbot, window.context)
    row_id = page.listing.current_id()
    window.run_action("edit")
    page.detail.form.entries["entry_date"].set_text("那年")
    assert page.has_draft()
    page.detail.save()
    settle(qtbot, window.context)
    assert page.detail.form is not None  # refused, still open, with the fault at the input
    assert page.detail.form.entries["entry_date"]._fault.isVisible()
    page.detail.form.entries["entry_date"].set_text("")
    page.detail.form.entries["phone"].set_text("１３９００００１１２２")
    page.detail.save()
    settle(qtbot, window.context)
    store = window.context.store
    assert store.read(roster.get, "students", row_id).values["phone"] == "13900001122"
    assert not page.has_draft()
    window.workspace.toast._take_back()
    settle(qtbot, window.context)
    assert store.read(roster.get, "students", row_id).values["phone"] == ""


def test_bulk_edit_previews_and_can_be_taken_back(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.model.set_checked(page.listing.model.ids[:3], True)
    window.run_action("bulk")
    assert page.bulk.isVisible()
    assert "3" in page.bulk.words.text()
    page.bulk._value.set_text("四(1)班")
    page.bulk.write()  # without a preview it only previews
    settle(qtbot, window.context)
    assert "3" in page.bulk.words.text()
    page.bulk.write()
    settle(qtbot, window.context)
    store = window.context.store
    assert dict(store.read(roster.facets, "students", "class_name")) == {"四(1)班": 3, "三(2)班": NUMBER - 3}
    window.workspace.toast._take_back()
    settle(qtbot, window.context)
    assert dict(store.read(roster.facets, "students", "class_name")) == {"三(2)班": NUMBER}


def test_bulk_edit_offers_no_locked_field(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    window.run_action("bulk")
    assert not {"name", "sex", "birth_date", "id_type", "id_number"} & page.bulk._fields.keys()


def test_masked_values(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.table.select_row(0)
    settle(qtbot, window.context)
    masked = page.detail.findChildren(MaskedValue)
    number = next(value for value in masked if value.text.text().startswith("130999"))
    assert "*" in number.text.text()
    before = window.context.store.read(audit.head)[0]
    qtbot.mouseClick(number.eye, Qt.MouseButton.LeftButton)
    settle(qtbot, window.context)
    assert "*" not in number.text.text()
    entries = window.context.store.read(audit.entries)
    assert entries[0].act == "roster.reveal"
    assert window.context.store.read(audit.head)[0] > before
    number._timer.timeout.emit()
    assert "*" in number.text.text()


def test_copy_keeps_the_mask(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.table.select_row(0)
    settle(qtbot, window.context)
    window.run_action("copy_headers")
    text = QGuiApplication.clipboard().text()
    assert text.startswith("姓名\t")
    assert "130999********" in text


def test_change_goes_to_the_changes_page_with_the_pupil(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    page.listing.table.select_row(1)
    with qtbot.waitSignal(window.context.navigated) as went:
        window.run_action("change")
    assert went.args == ["changes", {"propose": page.listing.current_id()}]


def test_export_is_written_and_audited(qtbot, window, page, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window.context.prompt.target = tmp_path / "名册.xlsx"
    window.run_action("export")
    settle(qtbot, window.context)
    assert (tmp_path / "名册.xlsx").exists()
    assert window.context.store.read(audit.entries)[0].act == "roster.export"


def test_layout_of_columns_is_remembered(qtbot, window, page, school_store) -> None:  # type: ignore[no-untyped-def]
    page.listing._take_columns(["name", "phone", "class_name"])
    assert [column.key for column in page.listing.model.columns] == ["name", "phone", "class_name"]
    assert window.context.settings.value("tables/students/columns") == "name,phone,class_name"


def test_another_write_is_shown(qtbot, window, page) -> None:  # type: ignore[no-untyped-def]
    store = window.context.store
    row_id = page.listing.model.ids[0]
    window.context.write(roster.set_fields, store.actor, "students", row_id, {"class_name": "五(1)班"})
    settle(qtbot, window.context)
    settle(qtbot, window.context)
    position = page.listing.model.position_of(row_id)
    qtbot.waitUntil(lambda: page.listing.model.row_at(position).values["class_name"] == "五(1)班")


def test_the_head_cannot_edit(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store = school_store.open(Role.HEAD)
    add_pupils(store, 2)
    window = open_window(qtbot, store, tmp_path)
    qtbot.addWidget(window)
    page = show(qtbot, window, "roster")
    page.listing.table.select_row(0)
    settle(qtbot, window.context)
    window.run_action("edit")
    assert page.detail.form is None
    window.close()


def test_a_new_pupil_by_hand(qtbot, school_store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from tests.ui.pagekit import number18

    window = open_window(qtbot, school_store.open(Role.REGISTRAR), tmp_path)
    qtbot.addWidget(window)
    page = show(qtbot, window, "roster")
    window.run_action("new")
    form = page.adding.form
    assert form is not None
    number = number18("2017-03-01", 221)
    for key, text in {"name": "欧阳小满", "sex": "1", "id_type": "1", "id_number": number[:-1] + "A"}.items():
        form.entries[key].set_text(text)
    page.adding._check()
    settle(qtbot, window.context)
    assert form.entries["id_number"]._fault.text()  # said while it is being filled in
    assert not form.entries["birth_date"]._fault.text()
    form.entries["id_number"].set_text(number)
    form.entries["birth_date"].set_text("2017-03-01")
    for key, text in {"ethnicity": "01", "nationality": "CHN", "class_name": "三(2)班"}.items():
        form.entries[key].set_text(text)
    window.run_action("save")
    settle(qtbot, window.context)
    assert page.adding.form is None, page.adding._notice.words.text()
    assert page.detail.detail is not None
    assert page.detail.detail.row.values["name"] == "欧阳小满"
    window.close()


def test_a_new_pupil_with_faults_is_told_where(qtbot, school_store, tmp_path) -> None:  # type: ignore[no-untyped-def]
    window = open_window(qtbot, school_store.open(Role.REGISTRAR), tmp_path)
    qtbot.addWidget(window)
    page = show(qtbot, window, "roster")
    window.run_action("new")
    form = page.adding.form
    form.entries["name"].set_text("abc")
    qtbot.keyClick(form.entries["name"].widget, Qt.Key.Key_Return)
    settle(qtbot, window.context)
    assert {"sex", "birth_date", "id_type"} <= {key for key, entry in form.entries.items() if entry._fault.text()}
    window.close()


def test_a_class_of_the_list_of_sizes_is_shown(qtbot, school_store, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    store = school_store.open(Role.REGISTRAR)
    add_pupils(store, 4)
    window = open_window(qtbot, store, tmp_path)
    page = show(qtbot, window, "roster")
    page.show_classes()
    settle(qtbot, window.context)
    dialog = next(one for one in page.findChildren(ClassList))
    assert [(one.name, one.size, one.over) for one in dialog.model.rows] == [("三(2)班", 4, False)]
    look(window, "roster")
    look(dialog, "classes")
    press(qtbot, dialog, "查看该班学生")
    settle(qtbot, window.context)
    assert page.listing.query.filters == {"class_name": "三(2)班"}
    assert len(page.listing.model.ids) == 4
    window.close()
