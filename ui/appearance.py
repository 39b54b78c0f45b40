"""How this computer shows the program. It must be known before the store is open, so it stands beside the geometry."""

from __future__ import annotations

from PySide6.QtCore import QSettings

from ui.theme import Look
from ui.tokens import FONT_SIZES, ROW

COLOURS = ("light", "dark")


def stored_look(settings: QSettings) -> Look:
    """The look last chosen; what is unknown becomes the usual."""
    usual = Look()

    def choice(key: str, allowed: tuple[str, ...], usually: str) -> str:
        value = str(settings.value(f"look/{key}") or "")
        return value if value in allowed else usually

    return Look(
        choice("colours", COLOURS, usual.colours),
        choice("font_size", tuple(FONT_SIZES), usual.font_size),
        choice("row_height", tuple(ROW), usual.row_height),
    )


def store_look(settings: QSettings, look: Look) -> None:
    """Remember the look."""
    settings.setValue("look/colours", look.colours)
    settings.setValue("look/font_size", look.font_size)
    settings.setValue("look/row_height", look.row_height)
