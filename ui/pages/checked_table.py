"""A table whose rows are ticked: Space ticks the selected ones, Ctrl+A selects all in sight (ux 1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from ui.pages.simple_table import SimpleModel
from ui.tables.model import TableColumn
from ui.tables.view import TableView

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_CHECK_WIDTH = 34


class CheckedModel(SimpleModel):
    """Rows with an `id`; the first column holds their check boxes. Rows that leave the table are no longer ticked."""

    checked_changed = Signal()

    def __init__(self, columns: Sequence[TableColumn], parent: QObject | None = None) -> None:
        super().__init__(columns, parent)
        self.checked: set[str] = set()

    def set_rows(self, rows: Sequence[Any]) -> None:
        """Show other rows; visible ones stay ticked (ux 1.2)."""
        super().set_rows(rows)
        self.checked &= {one.id for one in rows}
        self.checked_changed.emit()

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Columns and the check boxes."""
        return 0 if parent.isValid() else len(self.columns) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Titles; the check boxes have one for screen readers only."""
        if section > 0 or orientation is not Qt.Orientation.Horizontal:
            return super().headerData(section - 1, orientation, role)
        return self.tr("勾选") if role == Qt.ItemDataRole.AccessibleTextRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The tick, or what the column says."""
        if index.isValid() and index.column() > 0:
            return super().data(self.index(index.row(), index.column() - 1), role) if role != _TICK else None
        if index.isValid() and role == _TICK:
            on = self.rows[index.row()].id in self.checked
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every row can be selected; the first column can be ticked."""
        found = super().flags(index)
        return found | Qt.ItemFlag.ItemIsUserCheckable if index.isValid() and index.column() == 0 else found

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Tick or untick a row."""
        if role != _TICK or index.column() != 0:
            return False
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        (self.checked.add if on else self.checked.discard)(self.rows[index.row()].id)
        self.dataChanged.emit(index, index, [_TICK])
        self.checked_changed.emit()
        return True


_TICK = Qt.ItemDataRole.CheckStateRole


def checked_table(
    name: str, columns: Sequence[TableColumn], parent: QObject | None = None
) -> tuple[TableView, CheckedModel]:
    """A view with its model; the last column takes the room that is left."""
    model = CheckedModel(columns, parent)
    view = TableView(name)
    view.setModel(model)
    view.set_widths([_CHECK_WIDTH, *(column.width for column in columns)])
    view.horizontalHeader().setStretchLastSection(True)
    return view, model
