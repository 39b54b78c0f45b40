"""Find and replace over the rows in sight (Ctrl+H)."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QLineEdit

from ui.kit import button, label, row
from ui.pages.import_.session import ImportSession, Place


class ReplaceBar(QFrame):
    """What to find, where, and what to put there; `replace` carries the texts by cell."""

    replace = Signal(object)
    found = Signal(object)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("pill", "info")
        self.session: ImportSession | None = None
        self.where = QComboBox()
        self.where.setAccessibleName(self.tr("在哪一列查找"))
        self.needle, self.put = QLineEdit(), QLineEdit()
        for line, name in ((self.needle, self.tr("查找")), (self.put, self.tr("替换为"))):
            line.setAccessibleName(name)
            line.setPlaceholderText(name)
            line.textChanged.connect(lambda _: self._count())
        self.whole = QCheckBox(self.tr("整格相同"))
        self.whole.toggled.connect(lambda _: self._count())
        self.where.activated.connect(lambda _: self._count())
        self.number = label(kind="cap")
        self.go = button(self.tr("全部替换"), "replace", on_click=self._replace)
        following = button(self.tr("查找下一个"), "search", "link", on_click=self._next)
        close = button("", "x", "link", self.tr("关闭查找替换"), on_click=self.close_bar)
        self.needle.returnPressed.connect(self._next)
        self.setLayout(
            row(self.where, (self.needle, 1), (self.put, 1), self.whole, self.number, following, self.go, close,
                margins=(10, 6, 10, 6))
        )  # fmt: skip
        self._at = -1
        self.hide()

    def open_for(self, session: ImportSession, key: str) -> None:
        """Open over the columns of a session, at the column of the current cell."""
        self.session = session
        self.where.clear()
        self.where.addItem(self.tr("全部列"), "")
        for column in session.columns:
            if column.editable:
                self.where.addItem(column.label, column.key)
        self.where.setCurrentIndex(max(0, self.where.findData(key)))
        self._count()
        self.show()
        self.needle.setFocus()
        self.needle.selectAll()

    def close_bar(self) -> None:
        """Close and give the focus back."""
        self.hide()
        self.closed.emit()

    def _places(self) -> list[Place]:
        if self.session is None or not self.needle.text():
            return []
        key = str(self.where.currentData())
        keys = [key] if key else [column.key for column in self.session.columns if column.editable]
        return self.session.found_text(self.needle.text(), keys, self.whole.isChecked())

    def _count(self) -> None:
        places = self._places()
        self._at = -1
        self.number.setText(self.tr("可见行中有 {n} 格").format(n=len(places)) if self.needle.text() else "")
        self.go.setEnabled(bool(places))

    def _next(self) -> None:
        places = self._places()
        if places:
            self._at = (self._at + 1) % len(places)
            self.found.emit(places[self._at])

    def _replace(self) -> None:
        if self.session is None:
            return
        find, put = self.needle.text(), self.put.text()
        texts = {
            place: put if self.whole.isChecked() else self.session.text(*place).replace(find, put)
            for place in self._places()
        }
        self.replace.emit(texts)
        self._count()
