"""A written enrolment file: where it lies, and its words, large, to be read out over the telephone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFrame, QGridLayout

from ui.kit import button, clear, column, label, row

A_LINE = 5


class WordsCard(QFrame):
    """Hidden until `say`."""

    def __init__(self, hint: str = "") -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.title, self.sentence = label("", "strong"), label("", "dim", wrap=True, selectable=True)
        self.grid = QGridLayout()
        self.grid.setSpacing(8)
        self._folder = Path()
        self.show_folder = button(self.tr("打开所在文件夹"), "folder-open", on_click=self._open_folder)
        close = button(self.tr("知道了"), on_click=self.hide)
        self.hint = label(hint or self.tr("请在电话里按顺序读出这些核对词："))
        self.setLayout(
            column(
                self.title,
                self.sentence,
                self.hint,
                self.grid,
                row(self.show_folder, None, close),
                margins=(14, 12, 14, 12),
            )
        )
        self.hide()

    def say(self, title: str, path: Path, next_step: str, words: str) -> None:
        """Show the file, what to do with it, and its words."""
        self.title.setText(title)
        self.sentence.setText(self.tr("文件：{path}\n{next}").format(path=path, next=next_step))
        self._folder = path.parent
        clear(self.grid)
        spoken = words.split()
        for place, word in enumerate(spoken):
            made = label(f"{place + 1}  {word}", "h1", selectable=True)
            made.setAlignment(Qt.AlignmentFlag.AlignLeft)
            self.grid.addWidget(made, place // A_LINE, place % A_LINE)
        self.setAccessibleName(f"{title} {' '.join(spoken)}")
        self.show()

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder)))
