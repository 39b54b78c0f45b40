"""All keys and what they do, on F1."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QWidget

from ui.actions import ACTIONS
from ui.kit import button, column, holder, label, row
from ui.navigation import PAGES

_KEYS = (
    ("Return", "Enter（回车）"), ("Down", "↓"), ("Up", "↑"), ("PgDown", "PgDn"), ("Space", "空格"),
    ("Esc", "Esc（退出）"),
)  # fmt: skip
"""What Qt calls a key, and what is printed on it or said of it."""


def key_words(keys: str) -> str:
    """A shortcut of ui/actions.py as people read it: Alt+↓, Ctrl+Enter（回车）."""
    named = dict(_KEYS)
    return "+".join(named.get(part, part) for part in QKeySequence(keys).toString().split("+"))


class KeyboardList(QDialog):
    """A list made from ui/actions.py."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("快捷键一览"))
        titles = {page.key: page.title for page in PAGES}
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(6)
        for line, entry in enumerate(ACTIONS):
            where = "、".join(titles[key] for key in entry.pages) or self.tr("各页面")
            grid.addWidget(label(key_words(entry.keys), "strong"), line, 0)
            grid.addWidget(label(entry.name), line, 1)
            grid.addWidget(label(where, "cap"), line, 2)
        area = QScrollArea()
        area.setWidgetResizable(True)
        inner = holder(grid)
        area.setWidget(inner)
        area.setMinimumWidth(min(inner.sizeHint().width() + 24, 1000))
        area.setAccessibleName(self.windowTitle())
        close = button(self.tr("关闭"), on_click=self.accept)
        close.setDefault(True)
        hint = label(self.tr("在表格里：方向键移动，空格勾选，Ctrl+A 全选。"), "cap")
        self.setLayout(
            column(label(self.windowTitle(), "h2"), (area, 1), row(hint, None, close), margins=(20, 16, 20, 16))
        )
        self.resize(620, 520)
