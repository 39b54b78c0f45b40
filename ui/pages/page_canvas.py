"""The picture of a page of paper: fitted to the room there is, zoomed and turned by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap, QResizeEvent, QTransform
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea

_ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0)
_KEYS = {
    Qt.Key.Key_Plus: "in", Qt.Key.Key_Equal: "in", Qt.Key.Key_Minus: "out", Qt.Key.Key_R: "rotate",
    Qt.Key.Key_Space: "toggle", Qt.Key.Key_PageDown: "next", Qt.Key.Key_PageUp: "previous",
}  # fmt: skip


class PageCanvas(QScrollArea):
    """Shows one picture or a sentence instead. Keys + − R 空格 PgUp PgDn work while it has the focus: `pressed` tells
    the act; in, out, toggle and rotate are carried out by `act`."""

    pressed = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._zoom = self._turn = self._room = 0
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self.setWidget(self.picture)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(name)

    def say(self, text: str) -> None:
        """Show a sentence instead of a picture."""
        self._pixmap = QPixmap()
        self.setWidgetResizable(True)
        self.picture.setPixmap(QPixmap())
        self.picture.setText(text)

    def show_png(self, png: bytes) -> None:
        """Show a picture as large as the one before."""
        self._pixmap = QPixmap()
        self._pixmap.loadFromData(png, "PNG")
        self._draw()

    def level(self) -> None:
        """Upright and fitted again, for another paper."""
        self._zoom = self._turn = 0

    def act(self, act: str) -> None:
        """Zoom or turn: in, out, toggle, rotate."""
        if act == "rotate":
            self._turn = (self._turn + 90) % 360
        else:
            steps = {"in": self._zoom + 1, "out": self._zoom - 1, "toggle": 0 if self._zoom else 2}
            self._zoom = max(0, min(len(_ZOOMS) - 1, steps[act]))
        self._draw()

    def _draw(self) -> None:
        if self._pixmap.isNull():
            return
        turned = self._pixmap.transformed(QTransform().rotate(self._turn))
        self._room = self.viewport().width()
        ratio = self.devicePixelRatioF()
        width = max(64, round((self._room - 16) * _ZOOMS[self._zoom]))
        scaled = turned.scaledToWidth(round(width * ratio), Qt.TransformationMode.SmoothTransformation)
        scaled.setDevicePixelRatio(ratio)
        self.setWidgetResizable(self._zoom == 0)
        self.picture.setPixmap(scaled)
        if self._zoom:
            self.picture.resize(scaled.deviceIndependentSize().toSize())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit the picture again, unless a person has zoomed."""
        super().resizeEvent(event)
        if self._zoom == 0 and self._room != self.viewport().width():
            self._draw()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Turn keys into acts."""
        act = _KEYS.get(Qt.Key(event.key()))
        if act:
            self.pressed.emit(act)
        else:
            super().keyPressEvent(event)
