"""The look of the whole program: palette, style sheet, font; light or dark, in four text sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, QTemporaryDir, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

import resources
from ui import tokens

_ATTRIBUTE = "rollbook_theme"
_ROLE = QPalette.ColorRole
_PALETTE: tuple[tuple[QPalette.ColorRole, str], ...] = (
    (_ROLE.Window, "bg"), (_ROLE.WindowText, "text"), (_ROLE.Base, "surface"), (_ROLE.AlternateBase, "bg"),
    (_ROLE.Text, "text"), (_ROLE.Button, "surface"), (_ROLE.ButtonText, "text"), (_ROLE.Highlight, "select"),
    (_ROLE.HighlightedText, "text"), (_ROLE.Link, "accent"), (_ROLE.ToolTipBase, "surface"),
    (_ROLE.ToolTipText, "text"), (_ROLE.PlaceholderText, "text3"), (_ROLE.Mid, "line"), (_ROLE.Accent, "accent"),
    (_ROLE.Light, "surface"), (_ROLE.Dark, "line"),
)  # fmt: skip


@dataclass(frozen=True)
class Look:
    """What a person chose: colours (`light`/`dark`), text size (tokens.FONT_SIZES), row height (tokens.ROW)."""

    colours: str = "light"
    font_size: str = "medium"
    row_height: str = "normal"


class Theme(QObject):
    """The look in force. One lives as a child of the QApplication; `changed` tells those who draw themselves."""

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        setattr(app, _ATTRIBUTE, self)
        self.look = Look()
        self.tokens = tokens.LIGHT
        self._images = QTemporaryDir()

    @staticmethod
    def current() -> Theme:
        """The program's theme; made with the default look when nobody has yet."""
        app = QApplication.instance()
        if not isinstance(app, QApplication):
            raise RuntimeError("no QApplication")
        found = getattr(app, _ATTRIBUTE, None)  # findChild costs ten times as much and this is asked for each icon
        if isinstance(found, Theme):
            return found
        theme = Theme(app)
        theme.apply(Look())
        return theme

    def apply(self, look: Look) -> None:
        """Dress the whole program in `look`."""
        self.look = look
        self.tokens = tokens.DARK if look.colours == "dark" else tokens.LIGHT
        if self._app.style().objectName().lower() != "fusion":
            self._app.setStyle("Fusion")
        font = QFont()
        font.setFamilies(list(tokens.FONTS))
        font.setPixelSize(self.px("body"))
        self._app.setFont(font)
        self._app.setPalette(self._palette())
        sizes = {name: str(self.px(name)) for name in tokens.TYPE}
        sheet = Template(resources.path("theme.qss").read_text("utf-8"))
        inner = 16 if look.font_size == "small" else round(20 * self.factor)
        images = {"chevron": self._tinted("chevron-down", "text2"), "tick": self._tinted("check", "on_accent")}
        self._app.setStyleSheet(sheet.substitute(self.tokens, control_inner=inner, **images, **sizes))
        self.changed.emit()

    def colour(self, name: str) -> QColor:
        """A token's colour."""
        return QColor(self.tokens[name])

    def px(self, name: str) -> int:
        """A text size of tokens.TYPE in px, as the chosen font size makes it; never below 12."""
        if name == "body" and self.look.font_size == "small":
            return tokens.BODY_OF_SMALL
        return max(12, round(tokens.TYPE[name] * self.factor))

    @property
    def row(self) -> int:
        """Height of a table row in px."""
        return round(tokens.ROW[self.look.row_height] * self.factor)

    @property
    def factor(self) -> float:
        """What the chosen font size makes of texts and of what holds them."""
        return tokens.FONT_SIZES[self.look.font_size]

    def _palette(self) -> QPalette:
        palette = QPalette()
        for role, name in _PALETTE:
            palette.setColor(role, self.colour(name))
        for role in (_ROLE.WindowText, _ROLE.Text, _ROLE.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.colour("text3"))
        return palette

    def _tinted(self, icon: str, token: str) -> str:
        """A tinted icon as a file: style sheets take images only from files."""
        svg = resources.path(f"icons/{icon}.svg").read_text("utf-8")
        target = Path(self._images.path()) / f"{icon}-{self.look.colours}.svg"
        target.write_text(svg.replace("currentColor", self.tokens[token]), encoding="utf-8")
        return target.as_posix()
