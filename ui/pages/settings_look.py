"""Colours, text size and row height; they take effect at once and belong to this computer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from ui.appearance import store_look
from ui.context import AppContext
from ui.kit import Item, card, column, label, row


class LookSettings(QWidget):
    """Three rows of choices."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._groups: list[QButtonGroup] = []
        look = context.theme.look
        self.setLayout(
            column(
                card(
                    label(self.tr("外观"), "strong"),
                    *self._choices(
                        self.tr("颜色"), "colours", look.colours,
                        (("light", self.tr("浅色")), ("dark", self.tr("深色"))),
                    ),
                    *self._choices(
                        self.tr("字号"), "font_size", look.font_size,
                        (("small", self.tr("小")), ("medium", self.tr("中")), ("large", self.tr("大")),
                         ("huge", self.tr("特大"))),
                    ),
                    *self._choices(
                        self.tr("表格行高"), "row_height", look.row_height,
                        (("compact", self.tr("紧凑")), ("normal", self.tr("标准")), ("roomy", self.tr("宽松"))),
                    ),
                    label(self.tr("立即生效，只影响这台电脑。"), "cap"),
                )
            )
        )  # fmt: skip

    def _choices(self, title: str, key: str, present: str, options: Sequence[tuple[str, str]]) -> list[Item]:
        group = QButtonGroup(self)
        self._groups.append(group)
        made: list[Item] = []
        for value, words in options:
            option = QRadioButton(words)
            option.setAccessibleName(f"{title}：{words}")
            option.setChecked(value == present)
            option.clicked.connect(lambda _on, value=value: self.choose(key, value))
            group.addButton(option)
            made.append(option)
        name = label(title, "dim")
        name.setFixedWidth(90)
        return [row(name, *made, None, spacing=16)]

    def choose(self, key: str, value: str) -> None:
        """Take another look and remember it."""
        look = replace(self.context.theme.look, **{key: value})
        self.context.theme.apply(look)
        store_look(self.context.settings, look)

    def refresh(self) -> None:
        """Nothing of it lies in the store."""
