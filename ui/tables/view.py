"""The table as registrars know it from spreadsheets: frozen first columns, keys, copying, columns of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSettings,
    Qt,
    Signal,
)
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QTableView, QWidget

from ui.tables.delegate import CellDelegate
from ui.theme import Theme


class _Pane(QTableView):
    """Shared ways of the table and of its frozen part."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setItemDelegate(CellDelegate(self))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setCornerButtonEnabled(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(True)
        head.setMinimumSectionSize(28)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A click on a check box ticks without changing the selection."""
        if not self._ticked_at(event):
            super().mousePressEvent(event)

    def _ticked_at(self, event: QMouseEvent) -> bool:
        index = self.indexAt(event.position().toPoint())
        if event.button() is not Qt.MouseButton.LeftButton or index.data(Qt.ItemDataRole.CheckStateRole) is None:
            return False
        self._tick([index.row()])
        return True

    def _tick(self, rows: list[int]) -> None:
        model = self.model()
        first = model.index(rows[0], 0).data(Qt.ItemDataRole.CheckStateRole) if rows else None
        if first is None:
            return
        on = Qt.CheckState(first) != Qt.CheckState.Checked
        for row in rows:
            state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
            model.setData(model.index(row, 0), state.value, Qt.ItemDataRole.CheckStateRole)


class TableView(_Pane):
    """A table with `frozen` columns that stay in sight. The model decides what is sorted: `sort_asked` tells it."""

    sort_asked = Signal(int, bool)
    """Section clicked, and whether ascending."""
    columns_asked = Signal(QPoint)
    """The header's context menu was asked for, at a global place."""

    def __init__(self, name: str, *, frozen: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self._frozen = frozen
        self._sort = (-1, True)
        self._factor = Theme.current().factor
        self._pane = _Pane(self)
        self._pane.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._pane.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._pane.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._pane.setVisible(frozen > 0)
        self._pane.setStyleSheet("QTableView { border-right: 1px solid palette(shadow); }")
        self._join()
        self.dress()
        Theme.current().changed.connect(self.dress)

    def _join(self) -> None:
        """Tie the frozen part to the table: scrolling, widths, header clicks, double clicks."""
        own, other = self.horizontalHeader(), self._pane.horizontalHeader()
        own.sectionResized.connect(self._mirror_width)
        other.sectionResized.connect(self._mirror_back)
        for head in (own, other):
            head.sectionClicked.connect(self._clicked)
            head.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            head.customContextMenuRequested.connect(
                lambda place, head=head: self.columns_asked.emit(head.mapToGlobal(place))
            )
        own.geometriesChanged.connect(self._place)
        self.verticalHeader().sectionResized.connect(lambda row, _old, new: self._pane.setRowHeight(row, new))
        self.verticalScrollBar().valueChanged.connect(self._pane.verticalScrollBar().setValue)
        self._pane.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        for signal in ("doubleClicked", "activated", "customContextMenuRequested"):
            getattr(self._pane, signal).connect(getattr(self, signal))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._pane.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def dress(self) -> None:
        """Take row heights from the theme; columns grow and shrink with the texts."""
        factor = Theme.current().factor
        if factor != self._factor and self.model() is not None:
            last = -1 if not self.horizontalHeader().stretchLastSection() else self.model().columnCount() - 1
            for section in range(self.model().columnCount()):
                if section != last:
                    self.setColumnWidth(section, round(self.columnWidth(section) * factor / self._factor))
        self._factor = factor
        for pane in (self, self._pane):
            pane.verticalHeader().setDefaultSectionSize(Theme.current().row)
            pane.horizontalHeader().setFixedHeight(max(30, Theme.current().px("body") + 17))
        self._place()

    def setModel(self, model: QAbstractItemModel | None) -> None:  # noqa: N802
        """Show a model, with one selection for both parts."""
        super().setModel(model)
        self._pane.setModel(model)
        if model is None:
            return
        own = self._pane.selectionModel()
        self._pane.setSelectionModel(self.selectionModel())
        if own is not None:
            own.deleteLater()
        model.modelReset.connect(self._split)
        self._split()

    def _split(self) -> None:
        """Show the frozen columns in the pane only there."""
        model = self.model()
        for section in range(model.columnCount() if model is not None else 0):
            self._pane.setColumnHidden(section, section >= self._frozen)
            if section < self._frozen:
                self._pane.setColumnWidth(section, self.columnWidth(section))
        self.show_sort(*self._sort)
        self._place()

    def _mirror_width(self, section: int, _old: int, new: int) -> None:
        if section < self._frozen:
            self._pane.setColumnWidth(section, new)
            self._place()

    def _mirror_back(self, section: int, _old: int, new: int) -> None:
        if section < self._frozen and new > 0:  # hiding a column tells of width 0
            self.setColumnWidth(section, new)

    def _place(self) -> None:
        width = sum(self.columnWidth(section) for section in range(self._frozen)) if self._frozen else 0
        head = self.horizontalHeader().height()
        self._pane.setGeometry(self.frameWidth(), self.frameWidth(), width + 1, self.viewport().height() + head)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the frozen part as high as the table."""
        super().resizeEvent(event)
        self._place()

    def scrollTo(  # noqa: N802
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        """Bring a cell into sight; a cell under the frozen part is not in sight."""
        if 0 <= index.column() < self._frozen:
            index = index.model().index(index.row(), self._frozen)
            bar, value = self.horizontalScrollBar(), self.horizontalScrollBar().value()
            super().scrollTo(index, hint)
            bar.setValue(value)
            return
        super().scrollTo(index, hint)
        covered = sum(self.columnWidth(section) for section in range(self._frozen))
        left = self.visualRect(index).left()
        if left < covered:
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - covered + left)

    # --- sorting ----------------------------------------------------------------------------------------

    def _clicked(self, section: int) -> None:
        ascending = not self._sort[1] if self._sort[0] == section else True
        self.sort_asked.emit(section, ascending)

    def show_sort(self, section: int, ascending: bool) -> None:
        """Show by which section rows are sorted (-1: none)."""
        self._sort = (section, ascending)
        order = Qt.SortOrder.AscendingOrder if ascending else Qt.SortOrder.DescendingOrder
        for pane in (self, self._pane):
            pane.horizontalHeader().setSortIndicatorShown(section >= 0)
            pane.horizontalHeader().setSortIndicator(section, order)

    # --- keys and mouse ---------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space ticks the row, Ctrl+C copies cells; everything else as in Qt."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy(headers=False)
        elif event.key() == Qt.Key.Key_Space and self.currentIndex().isValid():
            self._tick(self.selected_rows())
        else:
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        """A character committed without pre-edit (Wubi, handwriting) opens the editor with that text (ux 0.4)."""
        typed = event.commitString()
        index = self.currentIndex()
        if typed and not self.isPersistentEditorOpen(index) and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
            editor = self.focusWidget()
            if isinstance(editor, QLineEdit):
                editor.setText(typed)
                event.accept()
                return
        super().inputMethodEvent(event)

    # --- selection and copying --------------------------------------------------------------------------

    def selected_rows(self) -> list[int]:
        """Selected row positions, from above."""
        selection = self.selectionModel()
        return sorted(index.row() for index in selection.selectedRows()) if selection is not None else []

    def select_row(self, position: int) -> None:
        """Make a row the current and only selected one."""
        index = self.model().index(position, max(self._frozen - 1, 0))
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)

    def copy(self, *, headers: bool) -> str:
        """Put the selected rows (visible columns, as shown: masks stay) on the clipboard, tab-separated."""
        model, head = self.model(), self.horizontalHeader()
        order = [head.logicalIndex(place) for place in range(head.count())]
        sections = [
            section for section in order
            if not self.isColumnHidden(section) and model.index(0, section).data(Qt.ItemDataRole.CheckStateRole) is None
        ]  # fmt: skip
        lines = [[_clean(model.index(row, section).data()) for section in sections] for row in self.selected_rows()]
        if headers:
            titles = [model.headerData(section, Qt.Orientation.Horizontal) for section in sections]
            lines.insert(0, [_clean(title) for title in titles])
        text = "\n".join("\t".join(line) for line in lines)
        QGuiApplication.clipboard().setText(text)
        return text

    # --- layout -----------------------------------------------------------------------------------------

    def set_widths(self, widths: Sequence[int]) -> None:
        """Give the columns their widths in px of the usual font size."""
        for section, width in enumerate(widths):
            self.setColumnWidth(section, round(max(28, min(width, 600)) * self._factor))

    def save_layout(self, settings: QSettings, name: str) -> None:
        """Remember widths of columns by their title, in px of the usual font size."""
        model = self.model()
        for section in range(model.columnCount()):
            title = model.headerData(section, Qt.Orientation.Horizontal)
            if title:
                width = round(self.columnWidth(section) / self._factor)
                settings.setValue(f"tables/{name}/width/{title}", width)

    def restore_layout(self, settings: QSettings, name: str, usual: list[int]) -> None:
        """Take remembered widths, else the usual ones."""
        model, widths = self.model(), []
        for section in range(model.columnCount()):
            title = model.headerData(section, Qt.Orientation.Horizontal)
            stored = settings.value(f"tables/{name}/width/{title}") if title else None
            widths.append(int(str(stored)) if stored is not None and str(stored).isdigit() else usual[section])
        self.set_widths(widths)
        self._split()


def _clean(value: Any) -> str:
    """A cell's text without what would break the block; rows not read yet are empty."""
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")
