"""Finds one pupil by typing: name, initials, class, last digits."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from models.domain.fields import STUDENT_FIELD
from models.domain.masking import mask
from models.services import roster
from models.services.roster import RosterQuery, Row
from ui import icons
from ui.context import AppContext
from ui.kit import column, label

SHOWN = 12


def find_pupils(session: Any, text: str) -> list[Row]:
    """The first pupils of the own unit that fit."""
    return roster.page(session, "students", roster.list_ids(session, RosterQuery(text=text))[:SHOWN])


class _Line(QLineEdit):
    down = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrow down goes into the list."""
        if event.key() == Qt.Key.Key_Down:
            self.down.emit()
        else:
            super().keyPressEvent(event)


class PupilPicker(QWidget):
    """A search line over a short list; `picked` carries the pupil's id."""

    picked = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.line = _Line()
        self.line.setPlaceholderText(self.tr("姓名、拼音首字母、班级或号码后 4 位，如 zs 32"))
        self.line.setAccessibleName(self.tr("查找要变更的学生"))
        self.line.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("找到的学生"))
        self.list.setMaximumHeight(260)
        self.list.hide()
        self.none = label(self.tr("没有找到在籍的学生，请换一种写法。"), "dim")
        self.none.hide()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(60)
        self._pause.timeout.connect(self._search)
        self.line.textChanged.connect(lambda _: self._pause.start())
        self.line.returnPressed.connect(lambda: self._pick(self.list.item(0)))
        self.line.down.connect(self._into_list)
        self.list.itemActivated.connect(self._pick)
        self.list.itemClicked.connect(self._pick)
        self.setLayout(column(label(self.tr("要变更的学生"), "strong"), self.line, self.list, self.none))

    def _search(self) -> None:
        text = self.line.text().strip()
        if text:
            self.context.read(find_pupils, text, done=self._show, owner=self, replaces="pupil-picker")
        else:
            self._show([])

    def _show(self, rows: list[Row]) -> None:
        self.list.clear()
        for row in rows:
            number = mask(STUDENT_FIELD["id_number"], row.values["id_number"])
            item = QListWidgetItem(f"{row.values['name']}  {row.values['class_name']}  {number}")
            item.setData(Qt.ItemDataRole.UserRole, row.id)
            self.list.addItem(item)
        self.list.setVisible(bool(rows))
        self.none.setVisible(not rows and bool(self.line.text().strip()))

    def _into_list(self) -> None:
        if self.list.count():
            self.list.setFocus()
            self.list.setCurrentRow(0)

    def _pick(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.picked.emit(str(item.data(Qt.ItemDataRole.UserRole)))
