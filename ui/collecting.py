"""Python's cycle collector runs on the GUI thread only.

On a thread of the store it would end Qt objects of closed pages there: it holds a lock of Qt and waits for the
interpreter, while the GUI thread holds the interpreter and waits for that lock, for ever.
"""

from __future__ import annotations

import gc
from typing import Final

from PySide6.QtCore import QObject, QTimer

_EVERY: Final = 1000
"""Milliseconds between looks."""


class Collector(QObject):
    """Switches the automatic collection off and looks every second whether there is enough to collect."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation that is due, as the automatic collection would."""
        counted = enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True))
        due = [age for age, (count, most) in counted if count > most]
        if due:
            gc.collect(max(due))
