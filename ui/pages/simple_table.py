"""A table over rows that are all there: lists of backups, operators, units, audit entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from ui.tables.cell import CELL_ROLE, Cell
from ui.tables.model import TableColumn
from ui.tables.view import TableView

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


class SimpleModel(QAbstractTableModel):
    """Rows of any type, shown by columns."""

    def __init__(self, columns: Sequence[TableColumn], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[Any] = []

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Show other columns, without rows."""
        self.beginResetModel()
        self.columns, self.rows = tuple(columns), []
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Titles, to the left."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return self.columns[section].title if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Cell, its text, tip and the text that is read out."""
        if not index.isValid() or role not in _ROLES:
            return None
        column = self.columns[index.column()]
        cell: Cell = column.cell(self.rows[index.row()])
        if role == CELL_ROLE:
            return cell
        if role == Qt.ItemDataRole.DisplayRole:
            return cell.text
        return (
            cell.tip or None
            if role == Qt.ItemDataRole.ToolTipRole
            else f"{column.title} {cell.text} {cell.tip}".strip()
        )


_ROLES = (
    CELL_ROLE,
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
)


def simple_table(
    name: str, columns: Sequence[TableColumn], parent: QObject | None = None
) -> tuple[TableView, SimpleModel]:
    """A view with its model; the last column takes the room that is left."""
    model = SimpleModel(columns, parent)
    view = TableView(name)
    view.setModel(model)
    view.set_widths([column.width for column in columns])
    view.horizontalHeader().setStretchLastSection(True)
    return view, model
