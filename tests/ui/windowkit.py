"""The whole window over a real store, for tests of layout, roster and lock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

from models.store.store import Store
from tests.ui.pagekit import Answers, settle
from ui.context import AppContext
from ui.main_window import MainWindow
from ui.start_hooks import Hooks


def make_window(
    home: Path, folder: Path, hooks: Hooks | None = None, size: tuple[int, int] = (1366, 768)
) -> MainWindow:
    """A window over `home`, shown, with its settings in `folder`."""
    settings = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    window = MainWindow(AppContext(home, prompt=Answers(), settings=settings), hooks)
    window.resize(*size)
    window.show()
    QApplication.processEvents()
    return window


def open_window(qtbot: Any, store: Store, folder: Path, size: tuple[int, int] = (1366, 768)) -> MainWindow:
    """A window that is past the entrance."""
    window = make_window(store.home, folder, size=size)
    window.enter(store)
    settle(qtbot, window.context)
    return window


def show(qtbot: Any, window: MainWindow, key: str) -> Any:
    """Go to a page and wait until it has read its data."""
    assert window.workspace is not None
    page = window.workspace.show_page(key)
    settle(qtbot, window.context)
    return page
