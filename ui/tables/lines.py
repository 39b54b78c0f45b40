"""A table over a few hundred lines that are all in memory: changes, packages, a preview. Rows are made of Cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from ui.tables.cell import CELL_ROLE, Cell

_Index = QModelIndex | QPersistentModelIndex
KEY_ROLE = Qt.ItemDataRole.UserRole + 9
"""The id of the line."""


class LinesModel(QAbstractTableModel):
    """Lines of cells under fixed heads; each line has a key."""

    def __init__(self, heads: Sequence[str]) -> None:
        super().__init__()
        self._heads = tuple(heads)
        self.keys: list[str] = []
        self._lines: list[Sequence[Cell]] = []

    def show_lines(self, lines: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Replace all lines, given as (key, cells)."""
        self.beginResetModel()
        self.keys = [key for key, _ in lines]
        self._lines = [cells for _, cells in lines]
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Number of lines."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Number of heads."""
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """The heads."""
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cell, its text, its tip, or the line's key."""
        cell = self._lines[index.row()][index.column()]
        if role == CELL_ROLE:
            return cell
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self._heads[index.column()]} {cell.tip or cell.text}"
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip or cell.text or None
        return self.keys[index.row()] if role == KEY_ROLE else None
