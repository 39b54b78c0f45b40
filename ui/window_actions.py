"""Makes ui/actions.py real: one QAction each, switched on for the pages it belongs to, and what the window does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow

from ui.actions import ACTIONS, ActionEntry
from ui.context import AppContext
from ui.workspace import Workspace


class WindowActions:
    """The actions of a window. `workspace` is the one in front, None while locked."""

    def __init__(self, window: QMainWindow, context: AppContext) -> None:
        self._window, self._context = window, context
        self.workspace: Workspace | None = None
        self.all = {entry.key: self._make(entry) for entry in ACTIONS}

    def _make(self, entry: ActionEntry) -> QAction:
        action = QAction(entry.name, self._window)
        action.setShortcut(QKeySequence(entry.keys))
        action.triggered.connect(lambda: self.run(entry.key))
        self._window.addAction(action)
        return action

    def switch(self, workspace: Workspace | None) -> None:
        """Switch on what belongs to the page in front or everywhere; all off while locked."""
        self.workspace = workspace
        page = workspace.current if workspace is not None else ""
        for entry in ACTIONS:
            on = workspace is not None and (not entry.pages or page in entry.pages)
            self.all[entry.key].setEnabled(on)

    def run(self, key: str) -> None:
        """Give an action to the page in front, else do what concerns the window."""
        workspace = self.workspace
        if workspace is None or (key == "close_panel" and workspace.close_notice()):
            return
        page = workspace.page
        if page is None or page.run_action(key):
            return
        own: dict[str, Callable[[], object]] = {
            "lock": self._context.lock,
            "help": self._help,
            "open": self._open,
            "import": lambda: self._context.navigate("import"),
            "refresh": page.refresh,
        }
        if key in own:
            own[key]()

    def _help(self) -> None:
        from ui.dialogs.keyboard import KeyboardList

        KeyboardList(self._window).open()

    def _open(self) -> None:
        from ui.prompt import ANY_FILE

        self._context.prompt.open_files(self._window, self._window.tr("打开文件"), ANY_FILE, self._take)

    def _take(self, paths: list[Path]) -> None:
        for path in paths:
            self._context.open_file(path)
