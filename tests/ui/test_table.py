"""The paged model, the frozen table, marks of search hits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QGuiApplication

from ui.pages.simple_table import simple_table
from ui.tables.cell import CELL_ROLE, Cell, find_mark
from ui.tables.columns import ColumnChooser, store_columns, stored_columns
from ui.tables.model import PAGE, PagedModel, TableColumn
from ui.tables.view import TableView
from ui.theme import Look, Theme

COLUMNS = [TableColumn(key, title, 90, lambda row, key=key: Cell(row[key])) for key, title in
           (("name", "姓名"), ("class", "班级"), ("number", "证件号"), ("more", "其他"))]  # fmt: skip


class Source:
    """Rows by id; fetches are kept until the test lets them through."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.asked: list[list[str]] = []
        self.waiting: list[tuple[list[str], Callable[[dict[str, Any]], None]]] = []
        self.at_once = at_once

    def __call__(self, ids: list[str], take: Callable[[dict[str, Any]], None]) -> None:
        self.asked.append(ids)
        if self.at_once:
            take(self.rows(ids))
        else:
            self.waiting.append((ids, take))

    def rows(self, ids: list[str]) -> dict[str, Any]:
        return {
            i: {"name": f"张{i}", "class": "三(2)班", "number": "130999********0012", "more": "甲\t乙"} for i in ids
        }


def make(qtbot: Any, number: int = 500, *, at_once: bool = True) -> tuple[TableView, PagedModel, Source]:
    source = Source(at_once=at_once)
    view = TableView("试验表", frozen=2)
    model = PagedModel(COLUMNS, source, view)
    view.setModel(model)
    qtbot.addWidget(view)
    view.resize(420, 300)
    view.show()
    model.set_ids([str(place) for place in range(number)])
    qtbot.wait(20)
    return view, model, source


def test_model_is_sound(qtbot, qtmodeltester) -> None:  # type: ignore[no-untyped-def]
    _view, model, _source = make(qtbot, 5)
    qtmodeltester.check(model, force_py=True)


def test_only_rows_in_sight_are_read(qtbot) -> None:  # type: ignore[no-untyped-def]
    view, model, source = make(qtbot, 20_000)
    assert sum(len(ids) for ids in source.asked) <= 2 * PAGE
    view.scrollToBottom()
    qtbot.waitUntil(lambda: model.row_at(19_999) is not None)
    assert sum(len(ids) for ids in source.asked) <= 5 * PAGE


def test_a_late_page_of_an_older_list_is_left_out(qtbot) -> None:  # type: ignore[no-untyped-def]
    _view, model, source = make(qtbot, 10, at_once=False)
    qtbot.waitUntil(lambda: bool(source.waiting))
    ids, take = source.waiting[0]
    assert model.index(0, 1).data(CELL_ROLE) is None  # a placeholder is drawn
    model.set_ids(["7"])
    take(source.rows(ids))
    assert model.row_at(0) is None


def test_frozen_part_follows(qtbot) -> None:  # type: ignore[no-untyped-def]
    view, _model, _source = make(qtbot)
    pane = view._pane
    assert pane.isVisible()
    assert [section for section in range(5) if not pane.isColumnHidden(section)] == [0, 1]
    view.verticalScrollBar().setValue(240)
    assert pane.verticalScrollBar().value() == 240
    view.setRowHeight(3, 60)
    assert pane.rowHeight(3) == 60
    view.setColumnWidth(1, 150)
    assert pane.columnWidth(1) == 150
    pane.horizontalHeader().resizeSection(1, 120)
    assert view.columnWidth(1) == 120
    with qtbot.waitSignal(view.sort_asked) as asked:
        pane.horizontalHeader().sectionClicked.emit(1)
    assert asked.args == [1, True]
    view.show_sort(1, True)
    with qtbot.waitSignal(view.sort_asked) as asked:
        view.horizontalHeader().sectionClicked.emit(1)
    assert asked.args == [1, False]


def test_keyboard_never_hides_a_cell_under_the_frozen_part(qtbot) -> None:  # type: ignore[no-untyped-def]
    view, model, _source = make(qtbot)
    view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum())
    view.setCurrentIndex(model.index(0, 2))
    view.scrollTo(model.index(0, 2))
    assert view.visualRect(model.index(0, 2)).left() >= view._pane.width() - 2


def test_ticks_do_not_change_the_selection(qtbot) -> None:  # type: ignore[no-untyped-def]
    view, model, _source = make(qtbot)
    view.select_row(5)
    place = view._pane.visualRect(model.index(2, 0)).center()
    qtbot.mouseClick(view._pane.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert list(model.checked) == ["2"]
    assert view.selected_rows() == [5]
    qtbot.keyClick(view, Qt.Key.Key_Space)
    assert set(model.checked) == {"2", "5"}
    model.set_ids(["5", "6"])
    assert list(model.checked) == ["5"]


def test_copy_with_headers(qtbot) -> None:  # type: ignore[no-untyped-def]
    view, _model, _source = make(qtbot)
    view.select_row(0)
    assert view.copy(headers=True) == "姓名\t班级\t证件号\t其他\n张0\t三(2)班\t130999********0012\t甲 乙"
    qtbot.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "张0\t三(2)班\t130999********0012\t甲 乙"


def test_widths_come_back(qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = QSettings(str(tmp_path / "w.ini"), QSettings.Format.IniFormat)
    view, _model, _source = make(qtbot)
    view.setColumnWidth(2, 222)
    view.save_layout(settings, "试验")
    other, _model, _source = make(qtbot)
    other.restore_layout(settings, "试验", [34, 90, 90, 90, 90])
    assert other.columnWidth(2) == 222
    other.restore_layout(settings, "另一张", [34, 90, 91, 92, 93])
    assert [other.columnWidth(section) for section in range(5)] == [34, 90, 91, 92, 93]


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_column_chooser(qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = QSettings(str(tmp_path / "c.ini"), QSettings.Format.IniFormat)
    told: list[list[str]] = []
    view, _model, _source = make(qtbot)
    chooser = ColumnChooser(view, COLUMNS, ["name", "class"], ["name", "number"], told.append)
    qtbot.addWidget(chooser)
    chooser.open_at(view.mapToGlobal(QPoint(0, 0)))
    chooser.search.setText("证件")
    hidden = [chooser.list.item(place).isHidden() for place in range(4)]
    assert hidden == [True, True, False, True]
    chooser.list.item(2).setCheckState(Qt.CheckState.Checked)
    assert told[-1] == ["name", "class", "number"]
    store_columns(settings, "t", told[-1])
    assert stored_columns(settings, "t", ["name"], ["name", "number"]) == ["name", "number"]
    chooser.close()


@pytest.mark.parametrize(
    ("name", "words", "mark"),
    [
        ("张三", ["zs"], (0, 2)),
        ("欧阳思远", ["sy"], (2, 4)),
        ("单立", ["shanl"], (0, 2)),
        ("单立", ["dan"], (0, 1)),
        ("张三", ["三"], (1, 2)),
        ("张三", ["32"], None),
        ("张三", ["zhangs"], (0, 2)),
        ("张三", ["q"], None),
    ],
)
def test_marks(name: str, words: list[str], mark: tuple[int, int] | None) -> None:
    assert find_mark(name, words) == mark


def test_columns_grow_with_the_font(qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    columns = [TableColumn("a", "甲", 100, lambda row: Cell(row)), TableColumn("b", "乙", 80, lambda row: Cell(row))]
    view, _model = simple_table("表", columns)
    view.horizontalHeader().setStretchLastSection(False)
    qtbot.addWidget(view)
    settings = QSettings(str(tmp_path / "t.ini"), QSettings.Format.IniFormat)
    theme = Theme.current()
    try:
        theme.apply(Look(font_size="huge"))
        assert [view.columnWidth(n) for n in (0, 1)] == [135, 108]
        view.setColumnWidth(0, 270)
        view.save_layout(settings, "t")
        theme.apply(Look())
        assert [view.columnWidth(n) for n in (0, 1)] == [200, 80]
    finally:
        theme.apply(Look())
    again, _model = simple_table("表", columns)
    qtbot.addWidget(again)
    again.restore_layout(settings, "t", [100, 80])
    assert again.columnWidth(0) == 200
