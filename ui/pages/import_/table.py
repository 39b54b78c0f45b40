"""The table of the grid: typed and pasted as in a spreadsheet, over the rows in sight only."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QLineEdit, QTableView, QWidget

from ui.pages.import_.grid import CellPainter, ImportGrid, MappingHeader
from ui.pages.import_.paste import Place
from ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex


class ImportTable(QTableView):
    """Cells of an ImportGrid. `cleared` asks to empty the selected cells."""

    cleared = Signal()
    moved = Signal()

    def __init__(self, grid: ImportGrid) -> None:
        super().__init__()
        self.grid = grid
        self.setModel(grid)
        self.setItemDelegate(CellPainter(self))
        self.header = MappingHeader(self)
        self.setHorizontalHeader(self.header)
        self.verticalHeader().setFixedWidth(52)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setHighlightSections(False)
        self.verticalHeader().setDefaultSectionSize(Theme.current().row)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.AnyKeyPressed | triggers.DoubleClicked)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(self.tr("导入的数据，带每格的检查结果"))
        self.horizontalScrollBar().valueChanged.connect(lambda _: self.moved.emit())
        self.verticalScrollBar().valueChanged.connect(lambda _: self.moved.emit())
        grid.modelReset.connect(self.fit_columns)
        self.fit_columns()

    def fit_columns(self) -> None:
        """Give every column its width; the header shows its two lines."""
        for section in range(self.grid.columnCount()):
            self.setColumnWidth(section, self.grid.width_of(section))

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802
        """Tell that the current cell is another one."""
        super().currentChanged(current, previous)
        self.moved.emit()

    def go_to(self, index: QModelIndex) -> None:
        """Make a cell current and bring it into sight."""
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter goes down, Delete empties, Ctrl+C copies cells."""
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copied())
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.cleared.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            if self.state() is not QAbstractItemView.State.EditingState:  # the editor's own Enter arrives here too
                self._step_down()
        else:
            super().keyPressEvent(event)

    def _step_down(self) -> None:
        index = self.currentIndex()
        self.go_to(index.sibling(index.row() + 1, index.column()))

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:  # noqa: N802
        """Enter in the editor goes down a row."""
        super().closeEditor(editor, hint)
        if hint is QAbstractItemDelegate.EndEditHint.SubmitModelCache:
            self._step_down()

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        """A character committed without pre-edit opens the editor with that text (ux 0.4)."""
        typed, index = event.commitString(), self.currentIndex()
        if typed and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.edit(index)
            editor = self.focusWidget()
            if isinstance(editor, QLineEdit):
                editor.setText(typed)
                event.accept()
                return
        super().inputMethodEvent(event)

    def selected_places(self) -> list[Place]:
        """Selected cells as (row, column) in sight, else the current one."""
        found = [(index.row(), index.column()) for index in self.selectedIndexes()]
        if not found and self.currentIndex().isValid():
            found = [(self.currentIndex().row(), self.currentIndex().column())]
        return sorted(found)

    def copied(self) -> str:
        """The selected cells, tab-separated, as a rectangle."""
        places = set(self.selected_places())
        if not places:
            return ""
        rows, columns = sorted({row for row, _ in places}), sorted({column for _, column in places})
        lines = (
            "\t".join(str(self.grid.index(r, c).data() or "") if (r, c) in places else "" for c in columns)
            for r in rows
        )
        return "\n".join(lines)
