"""The whole window over a real store, for tests of layout, roster and lock."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from models.store.store import Store
from tests.ui.pagekit import Answers, settle
from ui.context import AppContext
from ui.kit import PassphrasePrompt
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


def press(qtbot: Any, within: QWidget, text: str) -> None:
    """Click the visible button that shows `text` at its beginning."""
    found = [
        made for made in within.findChildren(QAbstractButton)
        if made.isVisible() and made.isEnabled() and made.text().strip().startswith(text)
    ]  # fmt: skip
    assert found, f"no button {text}"
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def give_passphrase(qtbot: Any, window: MainWindow, passphrase: str) -> None:
    """Type the passphrase into the dialog that asks for it, and Enter."""
    dialog = next(one for one in window.findChildren(PassphrasePrompt) if one.isVisible())
    dialog.field.setText(passphrase)
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, window.context)


def look(window: QWidget, name: str) -> None:
    """A picture of a window for a person to look at, where ROLLBOOK_PICTURES names a folder."""
    folder = os.environ.get("ROLLBOOK_PICTURES")
    if folder:
        window.grab().save(str(Path(folder) / f"{name}.png"))
