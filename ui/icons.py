"""Outline icons (Tabler, MIT), tinted with a token's colour and drawn for the screen's pixels."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QApplication

import resources
from ui.theme import Theme

STROKE = "1.8"


@lru_cache(maxsize=256)
def _svg(name: str) -> str:
    text = resources.path(f"icons/{name}.svg").read_text("utf-8")
    return text.replace('stroke-width="2"', f'stroke-width="{STROKE}"')


@lru_cache(maxsize=1024)
def _draw(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer  # late: the unlock window's first paint needs two icons only

    pixmap = QPixmap(round(size * ratio), round(size * ratio))
    pixmap.fill(QColor(Qt.GlobalColor.transparent))
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(_svg(name).replace("currentColor", colour).encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


def pixmap(name: str, token: str = "text2", size: int = 16) -> QPixmap:
    """The icon `name` (a file of resources/icons) in a token's colour, `size` logical px."""
    app = QApplication.instance()
    ratio = app.devicePixelRatio() if isinstance(app, QApplication) else 1.0
    return _draw(name, Theme.current().tokens[token], size, ratio)


def icon(name: str, token: str = "text2", size: int = 16) -> QIcon:
    """`pixmap` as an icon; it keeps its colour when disabled."""
    return QIcon(pixmap(name, token, size))
