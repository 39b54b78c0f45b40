"""What the page tests share: a context over a real store, answers to file questions, waiting for the store's thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

from models.store.store import Store
from ui.context import AppContext


class Answers:
    """A Prompt that answers at once with what a test has laid ready."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.target: Path | None = None
        self.said: list[str] = []

    def open_files(self, parent: QWidget, title: str, filters: str, done: Callable[[list[Path]], object]) -> None:
        if self.files:
            done(self.files)

    def save_file(self, parent: QWidget, title: str, name: str, filters: str, done: Callable[[Path], object]) -> None:
        if self.target is not None:
            done(self.target)

    def folder(self, parent: QWidget, title: str, done: Callable[[Path], object]) -> None:
        if self.target is not None:
            done(self.target)

    def confirm(self, parent: QWidget, act: str, text: str, done: Callable[[], object], **_: Any) -> None:
        self.said.append(act)
        done()

    def tell(self, parent: QWidget, title: str, text: str) -> None:
        self.said.append(text)


def make_context(store: Store, folder: Path) -> tuple[AppContext, list[str]]:
    """A context over `store`; the list collects what errors say."""
    settings = QSettings(str(folder / "ui.ini"), QSettings.Format.IniFormat)
    context = AppContext(store.home, prompt=Answers(), settings=settings)
    context.set_store(store)
    said: list[str] = []
    context.noticed.connect(lambda shown: said.append(shown.sentence))
    return context, said


def settle(qtbot: Any, context: AppContext) -> None:
    """Wait until the store's thread has nothing to do and its results are shown."""
    for _ in range(3):
        qtbot.waitUntil(lambda: not context.jobs.busy, timeout=20000)
        QApplication.processEvents()


def finish(context: AppContext) -> None:
    """End the store's thread; the store is closed by its kit."""
    context.set_store(None)
    context.jobs.shut()
    QApplication.processEvents()
