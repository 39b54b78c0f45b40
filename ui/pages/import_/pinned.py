"""The column of names, kept at the left edge of the import grid while the rest is scrolled."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QAbstractItemView, QTableView

from ui.pages.import_.grid import CellPainter, ImportGrid, MappingHeader
from ui.theme import Theme

PINNED = "name"


class PinnedNames(QTableView):
    """Lies over the left edge of `table` once its column of names is scrolled out; shares model and selection."""

    def __init__(self, table: QTableView, grid: ImportGrid) -> None:
        super().__init__(table)
        self._table, self._grid = table, grid
        self.setModel(grid)
        own = self.selectionModel()
        self.setSelectionModel(table.selectionModel())
        own.deleteLater()
        self.setItemDelegate(CellPainter(self))
        self.header = MappingHeader(self)
        self.setHorizontalHeader(self.header)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(Theme.current().row)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setStyleSheet("QTableView { border: none; border-right: 1px solid palette(shadow); }")
        table.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        self.verticalScrollBar().valueChanged.connect(table.verticalScrollBar().setValue)
        self.hide()

    @property
    def section(self) -> int:
        """The column of names, -1 when the file has none."""
        return next((i for i, c in enumerate(self._grid.session.columns) if c.key == PINNED), -1)

    @property
    def covered(self) -> int:
        """How much of the grid's left edge is covered, in px; 0 while the names are in their own place."""
        section, table = self.section, self._table
        if section < 0 or table.columnViewportPosition(section) >= 0:
            return 0
        return table.columnWidth(section)

    def follow(self) -> None:
        """Appear, move or go with the grid's scrolling and size."""
        width = self.covered
        if not width:
            self.hide()
            return
        for section in range(self._grid.columnCount()):
            self.setColumnHidden(section, section != self.section)
        self.setColumnWidth(self.section, width)
        port: QRect = self._table.viewport().geometry()
        head = self._table.horizontalHeader().height()
        self.setGeometry(port.x(), port.y() - head, width + 1, port.height() + head)
        self.verticalScrollBar().setValue(self._table.verticalScrollBar().value())
        self.show()
        self.raise_()
