"""Room around a bar that is there only while the bar is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from ui.kit.basic import Margins, row


class Around(QWidget):
    """Holds a bar with margins and hides with it: an empty layout would keep its margins."""

    def __init__(self, bar: QWidget, margins: Margins) -> None:
        super().__init__()
        self.setLayout(row(bar, margins=margins))
        self._bar = bar
        bar.installEventFilter(self)
        self.setVisible(not bar.isHidden())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Follow the bar."""
        if watched is self._bar and event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self.setVisible(event.type() == QEvent.Type.ShowToParent)
        return super().eventFilter(watched, event)
