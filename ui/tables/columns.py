"""Which columns a table shows and in what order: a list with a search box, opened from the header or 列."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QWidget

from ui.kit import button, column, label, row
from ui.tables.model import TableColumn

_KEY = Qt.ItemDataRole.UserRole


class ColumnChooser(QDialog):
    """Ticks show columns, dragging orders them, typing finds one; `chosen` is called with the keys in order."""

    def __init__(
        self, parent: QWidget, every: Sequence[TableColumn], shown: Sequence[str], usual: Sequence[str],
        chosen: Callable[[list[str]], object],
    ) -> None:  # fmt: skip
        super().__init__(parent, Qt.WindowType.Popup)
        self._every, self._usual, self._chosen = list(every), list(usual), chosen
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("查找列名"))
        self.search.setAccessibleName(self.tr("查找列名"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("列"))
        self.list.setDragDropMode(QListWidget.DragDropMode.InternalMove)
        self._fill(shown)
        again = button(self.tr("恢复默认"), "refresh", "link", on_click=self._reset)
        hint = label(self.tr("勾选要显示的列，拖动排序"), "cap")
        self.setLayout(column(self.search, (self.list, 1), row(hint, None, again), margins=(10, 10, 10, 8)))
        self.resize(280, 380)
        self.list.itemChanged.connect(self._tell)
        self.list.model().rowsMoved.connect(self._tell)

    def _fill(self, shown: Sequence[str]) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        title = {entry.key: entry.title for entry in self._every}
        rest = [entry.key for entry in self._every if entry.key not in shown]
        for key in [*(key for key in shown if key in title), *rest]:
            item = QListWidgetItem(title[key])
            item.setData(_KEY, key)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if key in shown else Qt.CheckState.Unchecked)
            self.list.addItem(item)
        self.list.blockSignals(False)

    def _filter(self, text: str) -> None:
        for place in range(self.list.count()):
            item = self.list.item(place)
            item.setHidden(text.strip().lower() not in item.text().lower())

    def _reset(self) -> None:
        self._fill(self._usual)
        self._tell()

    def _tell(self, *_ignored: object) -> None:
        items = [self.list.item(place) for place in range(self.list.count())]
        keys = [str(item.data(_KEY)) for item in items if item.checkState() is Qt.CheckState.Checked]
        if keys:
            self._chosen(keys)

    def open_at(self, place: QPoint) -> None:
        """Open with the upper right corner near `place` (global)."""
        self.move(place.x() - self.width(), place.y())
        self.show()
        self.search.setFocus()


def stored_columns(settings: QSettings, name: str, usual: Sequence[str], known: Sequence[str]) -> list[str]:
    """Column keys as last chosen for the table `name`, else the usual ones."""
    stored = str(settings.value(f"tables/{name}/columns") or "").split(",")
    kept = [key for key in stored if key in known]
    return kept or list(usual)


def store_columns(settings: QSettings, name: str, keys: Sequence[str]) -> None:
    """Remember the choice."""
    settings.setValue(f"tables/{name}/columns", ",".join(keys))
