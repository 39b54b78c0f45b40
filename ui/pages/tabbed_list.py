"""A list of matters under tabs with their counts, and what is said when there are none: problems, letters, orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QWidget

from ui.kit import Button, EmptyState, button, column, row, rule
from ui.pages.simple_table import SimpleModel, simple_table
from ui.tables.model import TableColumn
from ui.tables.view import TableView

MakeTable = Callable[..., tuple[TableView, SimpleModel]]


class TabbedList(QFrame):
    """Rows with an `id`. `tab_chosen`: another tab was clicked; `chosen`: another row is current (None: there is none);
    `opened`: Enter or a double click."""

    tab_chosen = Signal(str)
    chosen = Signal(object)
    opened = Signal(object)

    def __init__(
        self, name: str, tabs: Sequence[tuple[str, str]], columns: Sequence[TableColumn], icon: str,
        tools: Sequence[QWidget] = (), *, make: MakeTable = simple_table,
    ) -> None:  # fmt: skip
        super().__init__()
        self.setProperty("role", "plain")
        self._words = dict(tabs)
        self._tabs: dict[str, Button] = {}
        group = QButtonGroup(self)
        for key, words in tabs:
            tab = button(words, kind="tab", checkable=True, on_click=lambda key=key: self.show_tab(key))  # type: ignore[misc]
            group.addButton(tab)
            self._tabs[key] = tab
        self.tab = tabs[0][0]
        self._tabs[self.tab].setChecked(True)
        self.table, self.model = make(name, columns, self)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self.chosen.emit(self.current()))
        self.table.activated.connect(lambda _: self.opened.emit(self.current()))
        self.empty = EmptyState("", icon=icon)
        self.empty.hide()
        head = row(*self._tabs.values(), None, *tools, margins=(8, 4, 12, 4), spacing=4)
        self.setLayout(column(head, rule(), (self.table, 1), (self.empty, 1), spacing=0))

    def show_tab(self, key: str) -> None:
        """Go to a tab and ask for its rows."""
        self.mark_tab(key)
        self.tab_chosen.emit(key)

    def mark_tab(self, key: str) -> None:
        """Go to a tab whose rows are shown next."""
        self.tab = key
        self._tabs[key].setChecked(True)

    def show_counts(self, counts: Mapping[str, int]) -> None:
        """How many rows each tab has; a tab that is not named shows no number."""
        for key, number in counts.items():
            self._tabs[key].set_text(f"{self._words[key]} {number:,}")

    def show_rows(self, rows: Sequence[Any], nothing: str, wanted: str = "") -> None:
        """Show rows and make the one of that id current, else the one that was, else the first; `nothing` says why
        there are none."""
        current = self.current()
        keep = wanted or (current.id if current is not None else "")
        self.model.set_rows(rows)
        self.table.setVisible(bool(rows))
        self.empty.setVisible(not rows)
        self.empty.sentence.setText(nothing)
        if rows:
            self.table.select_row(next((place for place, one in enumerate(rows) if one.id == keep), 0))
        self.chosen.emit(self.current())

    def current(self) -> Any:
        """The current row, None when there is none."""
        at = self.table.currentIndex().row()
        return self.model.rows[at] if 0 <= at < len(self.model.rows) else None

    def selected(self) -> list[Any]:
        """The selected rows, from above."""
        return [self.model.rows[at] for at in self.table.selected_rows()]

    def step(self, by: int) -> bool:
        """Go `by` rows down; whether there is such a row."""
        at = self.table.currentIndex().row() + by
        if not 0 <= at < len(self.model.rows):
            return False
        self.table.select_row(at)
        return True
