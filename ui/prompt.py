"""Questions that open a window of their own: files, folders, the few modal confirmations. Faked in tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QFileInfo, QSettings, QStandardPaths
from PySide6.QtWidgets import QDialog, QFileDialog, QFileIconProvider, QWidget

from ui.kit.basic import button, column, label, row

SPREADSHEETS = "表格 (*.xlsx *.xls *.csv *.ods);;所有文件 (*)"
PACKAGES = "数据包、回执、邮件分卷 (*.rollbook *.dat);;所有文件 (*)"
ANY_FILE = "表格、数据包、回执 (*.xlsx *.xls *.csv *.ods *.rollbook *.dat);;所有文件 (*)"
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


LAST_FOLDER = "window/folder"
_WORDS = (
    (QFileDialog.DialogLabel.LookIn, "查找范围："),
    (QFileDialog.DialogLabel.FileName, "文件名："),
    (QFileDialog.DialogLabel.FileType, "文件类型："),
    (QFileDialog.DialogLabel.Reject, "取消"),
)
"""Qt's Chinese leaves some of these in English."""


class _Kinds(QFileIconProvider):
    """The column 类型 of Qt's own file dialog, in Chinese."""

    def type(self, info: QFileInfo) -> str:
        """What a file is, in words."""
        return "文件夹" if info.isDir() else f"{info.suffix().upper()} 文件".strip()


class QtPrompt:
    """The real questions, never blocking (`open()` and signals); files are looked for where the last one was."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings
        self._kinds = _Kinds()

    def _last(self) -> Path:
        last = Path(str(self._settings.value(LAST_FOLDER) or "")) if self._settings is not None else Path()
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        usual = Path(documents) if documents and Path(documents).is_dir() else Path.home()
        return last if last.is_absolute() and last.is_dir() else usual

    def _keep(self, folder: Path) -> None:
        if self._settings is not None:
            self._settings.setValue(LAST_FOLDER, str(folder))

    def _files(self, parent: QWidget, title: str, start: Path, accept: str, filters: str = "") -> QFileDialog:
        dialog = QFileDialog(parent, title, str(start), filters)
        for part, words in (*_WORDS, (QFileDialog.DialogLabel.Accept, accept)):
            dialog.setLabelText(part, words)
        dialog.setIconProvider(self._kinds)
        return dialog

    def open_files(self, parent: QWidget, title: str, filters: str, done: Callable[[list[Path]], object]) -> None:
        """One or more files that exist."""
        dialog = self._files(parent, title, self._last(), "打开", filters)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)

        def chosen(names: list[str]) -> None:
            self._keep(Path(names[0]).parent)
            done([Path(name) for name in names])

        dialog.filesSelected.connect(chosen)
        self._open(dialog)

    def save_file(self, parent: QWidget, title: str, name: str, filters: str, done: Callable[[Path], object]) -> None:
        """A file to write, `name` proposed."""
        dialog = self._files(parent, title, self._last() / name, "保存", filters)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "保存")
        dialog.setDefaultSuffix(Path(name).suffix.removeprefix("."))

        def chosen(text: str) -> None:
            self._keep(Path(text).parent)
            done(Path(text))

        dialog.fileSelected.connect(chosen)
        self._open(dialog)

    def folder(self, parent: QWidget, title: str, done: Callable[[Path], object]) -> None:
        """A folder; a stick that is plugged in is offered first."""
        from ui.drives import find_drives  # what it needs is not needed for the first window

        drives = find_drives()
        dialog = self._files(parent, title, drives[0].root if drives else self._last(), "选择")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setLabelText(QFileDialog.DialogLabel.FileName, "文件夹：")
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, "选择")

        def chosen(text: str) -> None:
            self._keep(Path(text))
            done(Path(text))

        dialog.fileSelected.connect(chosen)
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
