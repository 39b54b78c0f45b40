"""班额: every class with its pupils and what the policy admits; one is opened in the roster (E29)."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QWidget

from models.domain.policy_settings import STAGES
from models.services.class_sizes import ClassSize, class_sizes
from ui.context import AppContext
from ui.kit import EmptyState, button, column, label, row
from ui.pages.listing_columns import ListingColumns
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn


class ClassList(QDialog):
    """Classes over their size come first. `chosen` carries the ClassSize to be shown in the roster."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget, context: AppContext, *, one_unit: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("班额"))
        self.setModal(True)
        columns = [
            TableColumn("name", self.tr("班级"), 170, lambda c: Cell(c.name)),
            TableColumn("stage", self.tr("学段"), 80, lambda c: Cell(STAGES.get(c.stage, ""))),
            TableColumn("size", self.tr("人数"), 72, lambda c: Cell(f"{c.size:,}", right=True)),
            TableColumn("cap", self.tr("班额"), 72, lambda c: Cell("—" if c.cap is None else str(c.cap), right=True)),
            TableColumn("tier", self.tr("由谁设置"), 110, lambda c: Cell(c.tier)),
            TableColumn("state", self.tr("情况"), 130, _state),
        ]
        if not one_unit:
            columns.insert(0, TableColumn("unit", self.tr("学校"), 180, lambda c: Cell(c.unit_name)))
        self.table, self.model = simple_table(self.tr("各班人数与班额"), columns, self)
        self.empty = EmptyState(self.tr("名册里还没有班级。"), icon="school")
        self.empty.hide()
        self.sub = label("", "dim", wrap=True)
        self.go = button(self.tr("查看该班学生"), "table", "primary", self.tr("回车"), on_click=self._go)
        close = button(self.tr("关闭"), on_click=self.reject)
        self.setLayout(
            column(
                label(self.windowTitle(), "h2"), self.sub, (self.table, 1), (self.empty, 1), row(None, close, self.go),
                margins=(20, 16, 20, 16), spacing=10,
            )
        )  # fmt: skip
        self.resize(720 if one_unit else 860, 460)
        self.table.activated.connect(lambda _: self._go())
        context.read(class_sizes, done=self._show, owner=self)

    def _show(self, classes: list[ClassSize]) -> None:
        shown = sorted(classes, key=lambda one: not one.over)
        self.model.set_rows(shown)
        over = sum(one.over for one in shown)
        words = self.tr("{n} 个班，其中 {over} 个超过班额。") if over else self.tr("{n} 个班，都没有超过班额。")
        self.sub.setText(words.format(n=len(shown), over=over))
        self.sub.setVisible(bool(shown))
        self.table.setVisible(bool(shown))
        self.empty.setVisible(not shown)
        self.go.setEnabled(bool(shown))
        if shown:
            self.table.select_row(0)
            self.table.setFocus()

    def _go(self) -> None:
        at = self.table.currentIndex().row()
        if 0 <= at < len(self.model.rows):
            self.accept()
            self.chosen.emit(self.model.rows[at])


def _state(one: ClassSize) -> Cell:
    if one.over and one.cap is not None:
        return Cell(f"超出 {one.size - one.cap} 人", "warn", "alert-triangle", tip=one.sentence)
    return Cell("符合" if one.cap is not None else "没有规定", "ok" if one.cap is not None else "mute", "circle-check")


def class_filters(one: ClassSize, columns: ListingColumns) -> dict[str, str]:
    """What shows the pupils of a class in the roster; `columns` learn the name of its school."""
    where = {"class_name": one.class_name}
    if not one.alone:
        where["grade"] = one.grade
    if not columns.one_unit:
        columns.unit_names[one.unit_id] = one.unit_name
        where["unit_id"] = one.unit_id
    return where
