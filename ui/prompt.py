"""Questions that open a window of their own: files, folders, the few modal confirmations. Faked in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from ui.kit.basic import button, column, label, row

SPREADSHEETS = "表格 (*.xlsx *.xls *.csv *.ods);;所有文件 (*)"
PACKAGES = "Rollbook 文件 (*.rollbook);;所有文件 (*)"
ANY_FILE = "表格、数据包、回执 (*.xlsx *.xls *.csv *.ods *.rollbook);;所有文件 (*)"
EVIDENCE = "证明材料 (*.pdf *.jpg *.jpeg *.png);;所有文件 (*)"


class Prompt(Protocol):
    """Asks and answers later through `done`; `done` is not called when the person gives up."""

    def open_files(self, parent: QWidget, title: str, filters: str, done: Callable[[list[Path]], object]) -> None:
        """One or more files that exist."""

    def save_file(self, parent: QWidget, title: str, name: str, filters: str, done: Callable[[Path], object]) -> None:
        """A file to write, `name` proposed."""

    def folder(self, parent: QWidget, title: str, done: Callable[[Path], object]) -> None:
        """A folder."""

    def confirm(
        self, parent: QWidget, act: str, text: str, done: Callable[[], object], *, danger: bool = False
    ) -> None:
        """An irreversible act: the title is the act, the default button the safe one (ux 3)."""

    def tell(self, parent: QWidget, title: str, text: str) -> None:
        """Something the person must have read."""


class ActDialog(QDialog):
    """A modal question with 取消 as the default button."""

    def __init__(self, parent: QWidget | None, act: str, text: str, *, danger: bool, ask: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle(act)
        self.setModal(True)
        self.go = button(act if ask else self.tr("知道了"), "", "danger" if danger else "primary", on_click=self.accept)
        buttons = [self.go]
        if ask:
            self.cancel = button(self.tr("取消"), on_click=self.reject)
            self.cancel.setDefault(True)
            buttons.insert(0, self.cancel)
            self.cancel.setFocus()
        words = label(text, "dim", wrap=True)
        self.setLayout(column(label(act, "h2"), words, 8, row(None, *buttons), margins=(20, 16, 20, 16)))
        self.setFixedWidth(440)


class QtPrompt:
    """The real questions, never blocking (`open()` and signals)."""

    def open_files(self, parent: QWidget, title: str, filters: str, done: Callable[[list[Path]], object]) -> None:
        """One or more files that exist."""
        dialog = QFileDialog(parent, title, "", filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(lambda names: done([Path(name) for name in names]))
        self._open(dialog)

    def save_file(self, parent: QWidget, title: str, name: str, filters: str, done: Callable[[Path], object]) -> None:
        """A file to write, `name` proposed."""
        dialog = QFileDialog(parent, title, name, filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))
        dialog.fileSelected.connect(lambda chosen: done(Path(chosen)))
        self._open(dialog)

    def folder(self, parent: QWidget, title: str, done: Callable[[Path], object]) -> None:
        """A folder."""
        dialog = QFileDialog(parent, title)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda chosen: done(Path(chosen)))
        self._open(dialog)

    def confirm(
        self, parent: QWidget, act: str, text: str, done: Callable[[], object], *, danger: bool = False
    ) -> None:
        """An irreversible act, with the safe button as the default."""
        dialog = ActDialog(parent, act, text, danger=danger, ask=True)
        dialog.accepted.connect(lambda: done())
        self._open(dialog)

    def tell(self, parent: QWidget, title: str, text: str) -> None:
        """Something the person must have read."""
        self._open(ActDialog(parent, title, text, danger=False, ask=False))

    @staticmethod
    def _open(dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
