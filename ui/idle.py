"""Notices when nobody has touched keys or mouse for a while."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

_ACTIVITY = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.MouseMove,
        QEvent.Type.InputMethod,
        QEvent.Type.Drop,
    }
)
LOOK_EVERY = 5000


class IdleWatch(QObject):
    """Emits `expired` after `minutes` without activity, and `left` with the whole minutes that remain."""

    expired = Signal()
    left = Signal(int)

    def __init__(self, app: QApplication, minutes: int = 15) -> None:
        super().__init__(app)
        self._app = app
        self.minutes = minutes
        self._last = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY)
        self._timer.timeout.connect(self.look)

    def start(self, minutes: int) -> None:
        """Count from now."""
        self.minutes = minutes
        self._last = time.monotonic()
        self._timer.start()
        self._app.installEventFilter(self)
        self.look()

    def stop(self) -> None:
        """Stop counting (the window is locked)."""
        self._timer.stop()
        self._app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Note activity; never keeps an event."""
        if event.type() in _ACTIVITY:
            self._last = time.monotonic()
        return super().eventFilter(watched, event)

    def look(self) -> None:
        """See how long it is already."""
        idle = time.monotonic() - self._last
        remaining = self.minutes * 60 - idle
        if remaining <= 0 and self._timer.isActive():
            self.stop()
            self.expired.emit()
        else:
            self.left.emit(max(1, -int(-remaining // 60)))
