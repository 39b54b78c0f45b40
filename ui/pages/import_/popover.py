"""What is wrong with the current cell, where, and what can be done: a small window beside the cell (ux 3)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtWidgets import QFrame, QWidget

from models.domain.findings import Level
from models.services.imports import Suggestion
from ui.kit import Button, IconLabel, Item, button, clear, column, holder, label, row, set_tone
from ui.pages.import_.telling import Explanation

WIDTH = 480
_INSIDE = WIDTH - 24
_LOOK = {Level.ERROR: ("alert-circle", "bad"), Level.WARNING: ("alert-triangle", "warn")}


class Popover(QFrame):
    """Lies over the grid below the cell, or above it when there is no room."""

    retype = Signal()
    adopt = Signal(object)
    """A Suggestion."""
    restore = Signal()

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self.setProperty("role", "toast")
        self.setAutoFillBackground(True)
        self.setFixedWidth(WIDTH)
        self._outer = column(margins=(12, 10, 12, 10))
        self.setLayout(self._outer)
        self.suggestion: Suggestion | None = None
        self.hide()

    def explain(self, cell: QRect, said: Explanation) -> None:
        """Show what is said of a cell."""
        clear(self._outer)
        items: list[Item] = []
        self.suggestion = said.offers[0] if said.offers else None
        first = said.findings[0]
        set_tone(self, _LOOK[first.level][1], "level")
        for finding in said.findings:
            sign, colour = _LOOK[finding.level]
            items.append(row(IconLabel(sign, colour, 18), (label(finding.message, wrap=True), 1), spacing=8))
        items.append(label(said.where, "cap"))
        offers: list[Button] = []
        for place, one in enumerate(said.offers[:4]):
            words = f"{one.label}：{one.value}" + (" (Alt+Enter)" if place == 0 else "")
            offers.append(self._fitting(words, "wand", partial(self.adopt.emit, one)))
        if said.original is not None:
            text = self.tr("恢复原值“{text}”").format(text=said.original)
            offers.append(self._fitting(text, "restore", self.restore.emit))
        items += [row(one, None) for one in offers]
        if first.level is Level.ERROR:
            items.append(row(button(self.tr("重新录入 F2"), kind="primary", on_click=self.retype.emit), None))
        self.setAccessibleName("；".join(finding.message for finding in said.findings))
        body = holder(column(*items, spacing=6))
        self._outer.addWidget(body)
        body.show()
        self._outer.activate()
        self.resize(WIDTH, self._outer.totalHeightForWidth(WIDTH))
        self._place(cell)
        self.show()
        self.raise_()

    def _fitting(self, words: str, icon: str, act: Callable[[], object]) -> Button:
        """A link whose words are shortened in their middle when they are wider than the window; the tip says all."""
        made = button(words, icon, "link", on_click=act)
        room = _INSIDE - made.sizeHint().width() + made.fontMetrics().horizontalAdvance(words)
        short = made.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, room)
        if short != words:
            made.setText(short)
            made.setToolTip(words)
        return made

    def _place(self, cell: QRect) -> None:
        host = self.parentWidget()
        if host is None:
            return
        room = host.rect()
        x = max(4, min(cell.x() + 4, room.width() - self.width() - 8))
        below = cell.bottom() + 4
        fits = below + self.height() <= room.height()
        self.move(x, below if fits else max(4, cell.top() - self.height() - 4))
