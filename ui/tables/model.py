"""A table over a list of ids and a cache of pages: SQL sorts and filters, rows are read when they come into sight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from ui.tables.cell import CELL_ROLE, Cell

PAGE = 96
KEPT = 6000
"""Rows kept in the cache; a row of 72 short texts is some 10 kB."""
CHECK = "✓"
Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(frozen=True)
class TableColumn:
    """A column: `cell(row)` makes what is shown; `sortable`: its key can be given to the query's sort."""

    key: str
    title: str
    width: int
    cell: Callable[[Any], Cell]
    sortable: bool = True


Fetch = Callable[[list[str], Callable[[dict[str, Any]], None]], None]
"""Reads rows of ids off the window's thread and gives {id: row}."""


class PagedModel(QAbstractTableModel):
    """Rows by id. Column 0 holds check boxes when `checks`. Unread cells are None under CELL_ROLE (a placeholder)."""

    checked_changed = Signal()

    def __init__(
        self, columns: Sequence[TableColumn], fetch: Fetch, parent: QObject | None = None, *, checks: bool = True
    ) -> None:
        super().__init__(parent)
        self._fetch = fetch
        self._checks = checks
        self.columns: tuple[TableColumn, ...] = ()
        self.ids: list[str] = []
        self._rows: dict[str, Any] = {}
        self._asked: set[int] = set()
        self._wanted: set[int] = set()
        self._generation = 0
        self.checked: dict[str, None] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._ask)
        self.set_columns(columns)

    # --- what is shown ----------------------------------------------------------------------------------

    def set_columns(self, columns: Sequence[TableColumn]) -> None:
        """Show other columns."""
        self.beginResetModel()
        self.columns = tuple(columns)
        self.endResetModel()

    def set_ids(self, ids: Sequence[str]) -> None:
        """Show other rows, or the same ones in another order; what is cached is read again."""
        self.beginResetModel()
        self.ids = list(ids)
        self._forget()
        self.endResetModel()
        kept = set(self.ids)
        self.checked = {row_id: None for row_id in self.checked if row_id in kept}
        self.checked_changed.emit()

    def reread(self) -> None:
        """Read the rows in sight again; until then the old ones stay."""
        self._generation += 1
        self._asked.clear()
        self._wanted.clear()
        if self.ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.ids) - 1, self.columnCount() - 1))

    def _forget(self) -> None:
        self._generation += 1
        self._rows.clear()
        self._asked.clear()
        self._wanted.clear()

    def row_at(self, position: int) -> Any | None:
        """The row at a position, None when it is not read yet."""
        return self._rows.get(self.ids[position]) if 0 <= position < len(self.ids) else None

    def position_of(self, row_id: str) -> int:
        """Where a row stands, -1 when it is not in the list."""
        return self.ids.index(row_id) if row_id in self.ids else -1

    def column_key(self, section: int) -> str:
        """The key of a section; CHECK for the check boxes."""
        if self._checks:
            return CHECK if section == 0 else self.columns[section - 1].key
        return self.columns[section].key

    # --- Qt's side --------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Number of ids."""
        return 0 if parent.isValid() else len(self.ids)

    def columnCount(self, parent: Index = _ROOT) -> int:  # noqa: N802
        """Columns and the check boxes."""
        return 0 if parent.isValid() else len(self.columns) + self._checks

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Titles; alignment to the left."""
        if orientation is not Qt.Orientation.Horizontal or section >= self.columnCount():
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if self._checks and section == 0 else self.columns[section - self._checks].title
        if role == Qt.ItemDataRole.AccessibleTextRole and self._checks and section == 0:
            return self.tr("勾选")
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The cell, its text, its tip, the text a screen reader says, or the check."""
        if not index.isValid():
            return None
        if self._checks and index.column() == 0:
            if role == Qt.ItemDataRole.CheckStateRole:
                checked = self.ids[index.row()] in self.checked
                return Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked
            return None
        if role not in (CELL_ROLE, *_TEXT_ROLES):
            return None
        cell = self._cell(index)
        if role == CELL_ROLE or cell is None:
            return cell
        column = self.columns[index.column() - self._checks]
        return {
            Qt.ItemDataRole.DisplayRole: cell.text,
            Qt.ItemDataRole.ToolTipRole: cell.tip or None,
            Qt.ItemDataRole.AccessibleTextRole: f"{column.title} {cell.text} {cell.tip}".strip(),
        }[Qt.ItemDataRole(role)]

    def _cell(self, index: Index) -> Cell | None:
        row = self._rows.get(self.ids[index.row()])
        page = index.row() // PAGE
        if page not in self._asked:
            self._wanted.add(page)
            if not self._timer.isActive():
                self._timer.start()
        return None if row is None else self.columns[index.column() - self._checks].cell(row)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every cell can be selected; the first column can be ticked."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return base | Qt.ItemFlag.ItemIsUserCheckable if self._checks and index.column() == 0 else base

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Tick or untick a row."""
        if role != Qt.ItemDataRole.CheckStateRole or not self._checks or index.column() != 0:
            return False
        self.set_checked([self.ids[index.row()]], Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def set_checked(self, ids: Sequence[str], on: bool) -> None:
        """Tick or untick rows."""
        for row_id in ids:
            if on:
                self.checked[row_id] = None
            else:
                self.checked.pop(row_id, None)
        if self.ids:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.ids) - 1, 0), [Qt.ItemDataRole.CheckStateRole])
        self.checked_changed.emit()

    # --- reading ----------------------------------------------------------------------------------------

    def _ask(self) -> None:
        for page in sorted(self._wanted):
            self._asked.add(page)
            part = self.ids[page * PAGE : (page + 1) * PAGE]
            generation = self._generation
            self._fetch(part, partial(self._take, page, generation))
        self._wanted.clear()

    def _take(self, page: int, generation: int, rows: dict[str, Any]) -> None:
        if generation != self._generation:
            return
        if len(self._rows) > KEPT:
            self._rows.clear()
            self._asked = {page}
        self._rows.update(rows)
        last = min((page + 1) * PAGE, len(self.ids)) - 1
        self.dataChanged.emit(self.index(page * PAGE, 0), self.index(last, self.columnCount() - 1))


_TEXT_ROLES = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
)
