"""The table of the grid: typed and pasted as in a spreadsheet, over the rows in sight only."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QInputMethodEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemDelegate, QAbstractItemView, QHeaderView, QLineEdit, QTableView, QWidget

from ui.pages.import_.grid import CellPainter, ImportGrid, MappingHeader
from ui.pages.import_.paste import Place
from ui.pages.import_.pinned import PinnedNames
from ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex


class ImportTable(QTableView):
    """Cells of an ImportGrid. `cleared` asks to empty the selected cells, `rows_out` to leave the selected rows out,
    `filled` to copy the first selected cell of a column down, `menu_asked` for the menu at a global place."""

    cleared = Signal()
    rows_out = Signal()
    filled = Signal()
    menu_asked = Signal(QPoint)
    moved = Signal()

    def __init__(self, grid: ImportGrid) -> None:
        super().__init__()
        self.grid = grid
        self.setModel(grid)
        self.pinned = PinnedNames(self, grid)
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
        self.setTabKeyNavigation(True)
        self.setAccessibleName(self.tr("导入的数据，带每格的检查结果"))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.pinned.doubleClicked.connect(self._edit_at)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(lambda _: self.pinned.follow())
            bar.valueChanged.connect(lambda _: self.moved.emit())
        self.header.geometriesChanged.connect(self.pinned.follow)
        self.header.sectionResized.connect(lambda *_: self.pinned.follow())
        for view in (self, self.pinned, self.verticalHeader()):
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(lambda at, view=view: self._ask_menu(view, at))
        grid.modelReset.connect(self.fit_columns)
        self.fit_columns()

    def fit_columns(self) -> None:
        """Give every column its width; the header shows its two lines."""
        for section in range(self.grid.columnCount()):
            self.setColumnWidth(section, self.grid.width_of(section))
        self.pinned.follow()

    def place_below(self, section: int) -> QPoint:
        """Where a menu of a column's head opens, on the screen."""
        return self.header.mapToGlobal(QPoint(self.header.sectionViewportPosition(section), 28))

    def currentChanged(self, current: _Index, previous: _Index) -> None:  # noqa: N802
        """Tell that the current cell is another one."""
        super().currentChanged(current, previous)
        self.moved.emit()

    def go_to(self, index: QModelIndex) -> None:
        """Make a cell current and bring it into sight."""
        if index.isValid():
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def scrollTo(  # noqa: N802
        self, index: _Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """Bring a cell into sight; a cell under the pinned names is not in sight."""
        super().scrollTo(index, hint)
        hidden = self.pinned.covered - self.columnViewportPosition(index.column())
        if self.pinned.covered and hidden > 0 and index.column() != self.pinned.section:
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - hidden)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The pinned names stay as high as the grid."""
        super().resizeEvent(event)
        self.pinned.follow()

    def _edit_at(self, index: QModelIndex) -> None:
        self.go_to(index)
        self.edit(index)

    def _ask_menu(self, view: QAbstractItemView, at: QPoint) -> None:
        """Make the cell under the pointer current, unless it is selected, and ask for the menu."""
        if view is self.verticalHeader():
            row = self.verticalHeader().logicalIndexAt(at)
            if row >= 0 and not self.selectionModel().isRowSelected(row):
                self.selectRow(row)
            self.menu_asked.emit(view.mapToGlobal(at))
            return
        index = view.indexAt(at)
        if index.isValid() and not self.selectionModel().isSelected(index):
            self.setCurrentIndex(index)
        self.menu_asked.emit(view.viewport().mapToGlobal(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Keys of a spreadsheet: Enter down, Delete empties cells or leaves whole rows out, Ctrl+D fills down."""
        act = self._act_of(event)
        if act is not None:
            act()
            return
        if event.text() and self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())  # what is typed opens the cell, which may be out of sight
        super().keyPressEvent(event)

    def _act_of(self, event: QKeyEvent) -> Callable[[], object] | None:
        if event.matches(QKeySequence.StandardKey.Copy):
            return self.copy
        wanted = (Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier)
        none, ctrl, shift = (
            Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier,
        )  # fmt: skip
        return {
            (Qt.Key.Key_Delete, none): self.rows_out.emit if self.selected_whole_rows() else self.cleared.emit,
            (Qt.Key.Key_Backspace, none): self.cleared.emit,
            (Qt.Key.Key_Return, none): lambda: self._step_after_typing(1),
            (Qt.Key.Key_Enter, none): lambda: self._step_after_typing(1),
            (Qt.Key.Key_Return, shift): lambda: self._step(-1),
            (Qt.Key.Key_Minus, ctrl): self.rows_out.emit,
            (Qt.Key.Key_D, ctrl): self.filled.emit,
            (Qt.Key.Key_Space, shift): lambda: self.selectRow(self.currentIndex().row()),
            (Qt.Key.Key_Tab, ctrl): self.focusNextChild,
            (Qt.Key.Key_Backtab, ctrl | shift): self.focusPreviousChild,
        }.get(wanted)

    def _step_after_typing(self, by: int) -> None:
        if self.state() is not QAbstractItemView.State.EditingState:  # the editor's own Enter arrives here too
            self._step(by)

    def _step(self, by: int) -> None:
        index = self.currentIndex()
        self.go_to(index.sibling(index.row() + by, index.column()))

    def copy(self) -> None:
        """Put the selected cells on the clipboard."""
        QGuiApplication.clipboard().setText(self.copied())

    def selected_whole_rows(self) -> list[int]:
        """Rows in sight of which every cell is selected, when nothing else is."""
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        return sorted(rows) if len(self.selectedIndexes()) == len(rows) * self.grid.columnCount() else []

    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:  # noqa: N802
        """Enter in the editor goes down a row."""
        super().closeEditor(editor, hint)
        if hint is QAbstractItemDelegate.EndEditHint.SubmitModelCache:
            self._step(1)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:  # noqa: N802
        """A character committed without pre-edit opens the editor with that text (ux 0.4)."""
        typed, index = event.commitString(), self.currentIndex()
        if typed and index.flags() & Qt.ItemFlag.ItemIsEditable:
            self.scrollTo(index)
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
