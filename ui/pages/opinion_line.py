"""The line for an opinion or reason: typed, or chosen from common phrases after `/`."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu

from ui.kit import set_tone

OPINIONS = (
    "核对无误，同意。",
    "证明材料不清晰，请重新扫描后提交。",
    "证明材料与变更内容不一致，请核实后补正。",
    "缺少户籍部门出具的证明，请补充。",
    "请先与家长核对户口簿后再提交。",
)
REASONS = (
    "公安机关更正登记信息",
    "建籍时录入错误",
    "户口簿已变更",
    "法院判决或公证文书",
    "补办居民身份证件后更新",
)


class OpinionLine(QLineEdit):
    """One line of words. `complain` marks it and says why until something is typed."""

    def __init__(self, placeholder: str, name: str, phrases: Sequence[str] = OPINIONS) -> None:
        super().__init__()
        self._placeholder, self._phrases = placeholder, phrases
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(name)
        self.setMaxLength(500)
        self.textChanged.connect(lambda _: self._calm())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """`/` in the empty line opens the phrases."""
        if event.text() == "/" and not self.text():
            self.open_phrases()
        else:
            super().keyPressEvent(event)

    def open_phrases(self) -> QMenu:
        """Show the phrases; choosing one fills the line."""
        menu = QMenu(self)
        for phrase in self._phrases:
            menu.addAction(phrase).triggered.connect(lambda _=False, text=phrase: self.setText(text))
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height())))
        return menu

    def complain(self, sentence: str) -> None:
        """Say in the line what is missing."""
        self.setPlaceholderText(sentence)
        set_tone(self, "true", "wrong")
        self.setFocus()

    def _calm(self) -> None:
        if self.property("wrong"):
            set_tone(self, "", "wrong")
            self.setPlaceholderText(self._placeholder)
