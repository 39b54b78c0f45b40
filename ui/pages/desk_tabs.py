"""The tabs over the queue of a unit that reports itself and has units below (open line): one for each desk."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QWidget

from ui.kit import button, column, holder, row, rule


class DeskTabs(QWidget):
    """Emits `chosen` with the key of a desk, "own" or "received"; out of sight where there is one desk only."""

    chosen = Signal(str)

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__()
        words, group = {"own": self.tr("本单位"), "received": self.tr("下级报来")}, QButtonGroup(self)
        self.tabs = {key: button(words[key], "", "tab", checkable=True) for key in keys}
        for key, tab in self.tabs.items():
            tab.clicked.connect(lambda _on, key=key: self.chosen.emit(key))
            group.addButton(tab)
        bar = holder(row(*self.tabs.values(), None, margins=(8, 0, 0, 0), spacing=0))
        self.setLayout(column(bar, rule(), spacing=0))
        if len(self.tabs) < 2:
            self.hide()

    def mark(self, key: str) -> None:
        """Show which desk is worked at."""
        self.tabs[key].setChecked(True)
