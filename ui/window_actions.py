"""Makes ui/actions.py real: one QAction each, switched on for the pages it belongs to."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from ui.actions import ACTIONS, ActionEntry


class WindowActions:
    """The actions of a window; `run` gets the key of the one that was started."""

    def __init__(self, window: QMainWindow, run: Callable[[str], None]) -> None:
        self._window, self._run = window, run
        self.all = {entry.key: self._make(entry) for entry in ACTIONS}
        self.switch("", on=False)

    def _make(self, entry: ActionEntry) -> QAction:
        action = QAction(entry.name, self._window)
        action.setShortcut(QKeySequence(entry.keys))
        action.triggered.connect(lambda: self._run(entry.key))
        self._window.addAction(action)
        return action

    def switch(self, page: str, *, on: bool) -> None:
        """Switch on what belongs to `page` or everywhere; all off when nothing is open."""
        for entry in ACTIONS:
            self.all[entry.key].setEnabled(on and (not entry.pages or page in entry.pages))
