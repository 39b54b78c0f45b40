"""The smallest pieces: labels, icons, buttons, pills, lines, and boxes to put them in."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui import icons
from ui.tokens import STATE_LOOK

Item = QWidget | QLayout | int | tuple[QWidget | QLayout, int] | None
"""What a box takes: a widget, a layout, a gap in px, (part, stretch), or None for the space between."""
Margins = tuple[int, int, int, int]
_RETINT = (QEvent.Type.PaletteChange, QEvent.Type.StyleChange)


def label(
    text: str = "",
    kind: str = "",
    tone: str = "",
    *,
    wrap: bool = False,
    selectable: bool = False,
    rich: bool = False,
) -> QLabel:
    """A text. `kind`: h1 h2 strong dim cap num id; `tone`: a token tone. Text is plain unless `rich` (then escape!)."""
    made = QLabel()
    made.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
    made.setText(text)
    if kind:
        made.setProperty("t", kind)
    if tone:
        made.setProperty("tone", tone)
    made.setWordWrap(wrap)
    if selectable:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


def set_tone(widget: QWidget, tone: str, attribute: str = "tone") -> None:
    """Change a property the style sheet looks at and show it at once."""
    widget.setProperty(attribute, tone)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def is_enter(event: QKeyEvent) -> bool:
    """Whether a key is Enter, of either kind, with nothing held down."""
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
    return plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class EnterArea(QWidget):
    """A widget around inputs: Enter in any of them, which they leave alone, does `act`."""

    def __init__(self, layout: QLayout, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act
        self.setLayout(layout)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Take Enter, pass on what else comes."""
        if is_enter(event):
            self._act()
        else:
            super().keyPressEvent(event)


class IconLabel(QLabel):
    """An icon that follows the theme; for eyes only, the word beside it says the same."""

    def __init__(self, name: str, tone: str = "text2", size: int = 16) -> None:
        super().__init__()
        self._name, self._tone, self._size = name, tone, size
        self.setFixedSize(size, size)
        self._draw()

    def set_icon(self, name: str, tone: str) -> None:
        """Show another icon."""
        self._name, self._tone = name, tone
        self._draw()

    def _draw(self) -> None:
        self.setPixmap(icons.pixmap(self._name, self._tone, self._size))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Tint again when light turns dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()


_ICON_TOKEN = {"primary": "on_accent", "danger": "bad", "link": "accent", "chip": "accent"}


class Button(QPushButton):
    """A button whose icon follows the theme and its state; it always has an accessible name."""

    def __init__(self, text: str, icon: str, kind: str, tip: str, icon_size: int, tone: str) -> None:
        super().__init__(text)
        self._icon, self._kind, self._tone = icon, kind, tone
        self.setIconSize(QSize(icon_size, icon_size))
        if kind:
            self.setProperty("kind", kind)
        if tone:
            self.setProperty("tone", tone)
        self.setToolTip(tip)
        self.setAccessibleName(text.replace("&", "") or tip or icon)
        self.setAutoDefault(False)
        self.toggled.connect(self._draw)
        self._draw()

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        self._icon = name
        self._draw()

    def set_text(self, text: str) -> None:
        """Change the words and with them the accessible name."""
        self.setText(text)
        self.setAccessibleName(text.replace("&", "") or self.toolTip())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter presses the button that has the focus, in a dialog too, where it would press the default one."""
        if is_enter(event) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def _draw(self) -> None:
        if not self._icon:
            return
        token = self._tone or _ICON_TOKEN.get(self._kind, "text2")
        if not self.isEnabled():
            token = "text3"
        elif self._kind in ("nav", "tab") and self.isChecked():
            token = "accent"
        self.setIcon(icons.icon(self._icon, token, self.iconSize().width()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Tint again when the theme or the enabled state changes."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.EnabledChange):
            self._draw()


def button(
    text: str = "",
    icon: str = "",
    kind: str = "",
    tip: str = "",
    *,
    on_click: Callable[[], object] | None = None,
    checkable: bool = False,
    checked: bool = False,
    enabled: bool = True,
    tone: str = "",
    icon_size: int = 16,
) -> Button:
    """A button. `kind`: "" primary danger link chip ghost tab nav tile status. Without text, `tip` is its name."""
    made = Button(text, icon, kind, tip, icon_size, tone)
    made.setCheckable(checkable)
    made.setChecked(checked)
    made.setEnabled(enabled)
    if kind == "link":
        made.setCursor(Qt.CursorShape.PointingHandCursor)
    if on_click is not None:
        made.clicked.connect(lambda: on_click())
    return made


def _fill(box: QBoxLayout, items: tuple[Item, ...], margins: Margins, spacing: int) -> None:
    box.setContentsMargins(*margins)
    box.setSpacing(spacing)
    for item in items:
        part, stretch = item if isinstance(item, tuple) else (item, 0)
        if part is None:
            box.addStretch(1)
        elif isinstance(part, int):
            box.addSpacing(part)
        elif isinstance(part, QWidget):
            box.addWidget(part, stretch)
        else:
            box.addLayout(part, stretch)


def row(*items: Item, margins: Margins = (0, 0, 0, 0), spacing: int = 8) -> QHBoxLayout:
    """Parts beside each other."""
    box = QHBoxLayout()
    _fill(box, items, margins, spacing)
    return box


def column(*items: Item, margins: Margins = (0, 0, 0, 0), spacing: int = 8) -> QVBoxLayout:
    """Parts below each other."""
    box = QVBoxLayout()
    _fill(box, items, margins, spacing)
    return box


def holder(layout: QLayout, role: str = "") -> QWidget:
    """A bare widget around a layout; `role` "plain" gives it the surface colour."""
    widget = QWidget()
    if role:
        widget.setProperty("role", role)
        widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    widget.setLayout(layout)
    return widget


def frame(role: str, layout: QLayout) -> QFrame:
    """A frame of the style sheet: nav card panel bar foot plain toast."""
    made = QFrame()
    made.setProperty("role", role)
    made.setLayout(layout)
    return made


def rule() -> QFrame:
    """A thin line."""
    made = QFrame()
    made.setProperty("role", "rule")
    return made


def clear(layout: QLayout) -> None:
    """Take everything out of `layout` and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            clear(inner)
            inner.deleteLater()


class Pill(QFrame):
    """A state: tint, icon shape and word together (ux 3)."""

    def __init__(self, text: str, tone: str, icon: str = "") -> None:
        super().__init__()
        self.setProperty("pill", tone)
        self.word = label(text, tone=tone)
        parts: list[Item] = [IconLabel(icon, tone, 14)] if icon else []
        self.setLayout(row(*parts, self.word, margins=(6, 1, 7, 1), spacing=4))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(text)


def pill(text: str, tone: str, icon: str = "") -> Pill:
    """A pill with words of your own."""
    return Pill(text, tone, icon)


def state_pill(state: str, word: str = "") -> Pill:
    """The pill of a state of tokens.STATE_LOOK; an unknown state is shown as it is."""
    tone, icon, usual = STATE_LOOK.get(state, ("mute", "help", state))
    return Pill(word or usual, tone, icon)
