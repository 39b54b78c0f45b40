"""Larger pieces: page head, side panel, banner, card, key-value rows, stepper, empty state, section title."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ui import icons
from ui.kit.basic import (
    Button,
    IconLabel,
    Item,
    Margins,
    button,
    clear,
    column,
    frame,
    holder,
    label,
    row,
    set_tone,
)
from ui.theme import Theme

TONE_ICON = {
    "ok": "circle-check", "info": "info-circle", "wait": "hourglass", "warn": "alert-triangle", "bad": "alert-circle",
    "mute": "info-circle",
}  # fmt: skip


class PageHead(QFrame):
    """Title and one line below on the left, actions on the right."""

    def __init__(self, title: str, sub: str = "", actions: Sequence[QWidget] = ()) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.title, self.sub = label(title, "h1"), label(sub, "cap")
        for text in (self.title, self.sub):
            text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        words = column(self.title, self.sub, spacing=0)
        self.setLayout(row((words, 1), *actions, margins=(16, 8, 16, 8), spacing=8))

    def set_sub(self, text: str) -> None:
        """Change the line below the title."""
        self.sub.setText(text)
        self.sub.setToolTip(text)


class SidePanel(QFrame):
    """The panel at the right: it scrolls, because 125 % leaves some 530 px of height (ux 0.6)."""

    def __init__(self, width: int = 308, margins: Margins = (16, 12, 16, 12)) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.body = column(margins=margins)
        self._area.setWidget(holder(self.body))
        self._outer = column((self._area, 1), spacing=0)
        self.setLayout(self._outer)
        self.setFixedWidth(width)

    def show_parts(self, *items: Item) -> None:
        """Replace what the panel shows; the rest of its height stays empty."""
        clear(self.body)
        for item in (*items, None):
            if item is None:
                self.body.addStretch(1)
            elif isinstance(item, int):
                self.body.addSpacing(item)
            elif isinstance(item, QWidget):
                self.body.addWidget(item)
            elif isinstance(item, QLayout):
                self.body.addLayout(item)

    def set_foot(self, foot: QWidget) -> None:
        """Buttons that stay in sight below what scrolls."""
        self._outer.addWidget(foot)


class Banner(QFrame):
    """A bar inside the page that says something and offers what to do; also how confirmations are asked."""

    closed = Signal()

    def __init__(
        self, tone: str, text: str, actions: Sequence[QWidget] = (), *, icon: str = "", rich: bool = False,
        closable: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.setProperty("pill", tone)
        self.icon = IconLabel(icon or TONE_ICON[tone], tone, 18)
        self.words = label(text, wrap=True, rich=rich)
        self._actions = row(*actions)
        items: list[Item] = [self.icon, (self.words, 1), self._actions]
        if closable:
            items.append(button("", "x", "link", self.tr("关闭"), on_click=self.close_bar))
        self.setLayout(row(*items, margins=(10, 7, 10, 7)))
        self.setAccessibleName(text)

    def say(self, tone: str, text: str, actions: Sequence[QWidget] = (), icon: str = "") -> None:
        """Show another sentence with other actions, and appear."""
        set_tone(self, tone, "pill")
        self.icon.set_icon(icon or TONE_ICON[tone], tone)
        self.words.setText(text)
        self.setAccessibleName(text)
        clear(self._actions)
        for action in actions:
            self._actions.addWidget(action)
        self.show()

    def close_bar(self) -> None:
        """Go away and tell."""
        self.hide()
        self.closed.emit()


def card(*items: Item, margins: Margins = (14, 12, 14, 12), spacing: int = 8) -> QFrame:
    """A white box with a thin border; never a card inside a card."""
    return frame("card", column(*items, margins=margins, spacing=spacing))


def section(title: str, *actions: QWidget) -> QLayout:
    """A bold heading with links at its right end."""
    return row(label(title, "strong"), None, *actions)


def key_value(key: str, value: QWidget | str, *extras: QWidget, locked: bool = False, lock_tip: str = "") -> QLayout:
    """A row of a panel: key, value, what belongs to it, and a lock for a controlled field."""
    name = label(key, "cap", wrap=True)
    name.setFixedWidth(76)
    shown = label(value, wrap=True, selectable=True) if isinstance(value, str) else value
    items: list[Item] = [name, (shown, 1), *extras]
    if locked:
        lock = IconLabel("lock", "text3", 14)
        lock.setToolTip(lock_tip)
        lock.setAccessibleName(lock_tip)
        items.append(lock)
    return row(*items, spacing=6)


class EmptyState(QWidget):
    """Why there is nothing to see, one thing to do, one hint."""

    def __init__(self, sentence: str, action: Button | None = None, hint: str = "", icon: str = "inbox") -> None:
        super().__init__()
        self.sentence = label(sentence, "dim", wrap=True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        middle = column(spacing=10)
        middle.addWidget(IconLabel(icon, "text3", 32), 0, Qt.AlignmentFlag.AlignCenter)
        middle.addWidget(self.sentence)
        if action is not None:
            middle.addWidget(action, 0, Qt.AlignmentFlag.AlignCenter)
        if hint:
            words = label(hint, "cap", wrap=True)
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
            middle.addWidget(words)
        self.setLayout(column(None, middle, None, margins=(24, 24, 24, 24)))


class Stepper(QWidget):
    """Numbered steps in a line: done, current, to come. The words are read out as one sentence."""

    def __init__(self, steps: Sequence[str]) -> None:
        super().__init__()
        self._steps = list(steps)
        self._current = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.set_current(0)

    @property
    def current(self) -> int:
        """Index of the current step."""
        return self._current

    def set_current(self, index: int) -> None:
        """Mark `index` (from 0) as the current step."""
        self._current = index
        total, word = len(self._steps), self._steps[min(index, len(self._steps) - 1)]
        self.setAccessibleName(
            self.tr("第 {now} 步，共 {total} 步：{word}").format(now=index + 1, total=total, word=word)
        )
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for circles, words and the lines between."""
        width = sum(self.fontMetrics().horizontalAdvance(step) + 32 for step in self._steps)
        return QSize(width + 40 * (len(self._steps) - 1), 28)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Circles and words with short lines."""
        return QSize(self.sizeHint().width() - 24 * (len(self._steps) - 1), 28)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Draw circles (tick, filled, hollow), words, and lines."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line = 32 if self.width() >= self.sizeHint().width() else 12
        x = 0
        for index, step in enumerate(self._steps):
            x = self._draw_step(painter, x, index, step)
            if index + 1 < len(self._steps):
                painter.setPen(QPen(Theme.current().colour("accent" if index < self._current else "line"), 2))
                painter.drawLine(x + 4, 14, x + 4 + line, 14)
                x += line + 8
        painter.end()

    def _draw_step(self, painter: QPainter, x: int, index: int, step: str) -> int:
        theme, reached = Theme.current(), index <= self._current
        painter.setPen(QPen(theme.colour("accent" if reached else "control"), 1.2))
        painter.setBrush(theme.colour("accent" if reached else "surface"))
        painter.drawEllipse(x + 1, 3, 22, 22)
        if index < self._current:
            painter.drawPixmap(x + 5, 7, icons.pixmap("check", "on_accent", 14))
        else:
            painter.setPen(theme.colour("on_accent" if reached else "text2"))
            painter.drawText(x + 1, 3, 22, 22, Qt.AlignmentFlag.AlignCenter, str(index + 1))
        font = painter.font()
        font.setBold(index == self._current)
        painter.setFont(font)
        painter.setPen(theme.colour("text" if reached else "text2"))
        width = painter.fontMetrics().horizontalAdvance(step)
        painter.drawText(x + 30, 0, width + 2, 28, Qt.AlignmentFlag.AlignVCenter, step)
        font.setBold(False)
        painter.setFont(font)
        return x + 30 + width + 4


class Figure(QFrame):
    """A number with its word, as in the tiles over a list."""

    def __init__(self, icon: str, tone: str, word: str, sub: str = "") -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.number: QLabel = label("0", "num", tone)
        self.word, self.sub = label(word), label(sub, "cap")
        words: QVBoxLayout = column(row(self.number, self.word, None, spacing=6), self.sub, spacing=0)
        self.setLayout(row(IconLabel(icon, tone, 22), (words, 1), margins=(14, 8, 10, 8), spacing=10))

    def name(self, word: str) -> Figure:
        """Change the word; the figure itself, to go on with."""
        self.word.setText(word)
        return self

    def show_figure(self, number: int, sub: str = "") -> None:
        """Change number and the line below."""
        self.number.setText(f"{number:,}")
        self.sub.setText(sub)
