"""The bar at the bottom that tells what was done and offers to take it back for some seconds."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QFrame, QWidget

from ui.kit.basic import IconLabel, button, label, row

SECONDS = 8


class Toast(QFrame):
    """Lies over the lower edge of `host`; one at a time; the next one replaces it."""

    def __init__(self, host: QWidget) -> None:
        super().__init__(host)
        self.setProperty("role", "toast")
        self.setAutoFillBackground(True)
        self._icon = IconLabel("circle-check", "ok", 18)
        self._words = label()
        self._undo = button(self.tr("撤销"), "arrow-back-up", "link", on_click=self._take_back)
        self._act: Callable[[], object] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        close = button("", "x", "link", self.tr("关闭提示"), on_click=self.hide)
        self.setLayout(row(self._icon, self._words, self._undo, close, margins=(12, 8, 8, 8)))
        host.installEventFilter(self)
        self.hide()

    def say(
        self, text: str, undo: Callable[[], object] | None = None, tone: str = "ok", seconds: int = SECONDS
    ) -> None:
        """Show `text` for `seconds`; with `undo` offer 撤销 for that time."""
        self._words.setText(text)
        self._icon.set_icon({"ok": "circle-check", "bad": "alert-circle"}.get(tone, "info-circle"), tone)
        self._act = undo
        self._undo.setVisible(undo is not None)
        self.setAccessibleName(text)
        self.adjustSize()
        self._place()
        self.show()
        self.raise_()
        self._timer.start(seconds * 1000)

    def _take_back(self) -> None:
        act, self._act = self._act, None
        self.hide()
        if act is not None:
            act()

    def _place(self) -> None:
        host = self.parentWidget()
        if host is not None:
            self.move((host.width() - self.width()) // 2, host.height() - self.height() - 24)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Stay in place when the host is resized."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)
