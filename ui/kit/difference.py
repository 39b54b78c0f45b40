"""A field before and after, character by character: tint, stroke and sign together, so that grey print shows it too."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from ui.character_diff import Segment, character_diff, describe_difference
from ui.kit.basic import label
from ui.theme import Theme

_LONG = 24
"""Texts longer than this are shown in the size of the page."""


class DifferenceView(QWidget):
    """One field: − before, ＋ after, and in words what differs. Read out as one sentence."""

    def __init__(self, name: str, before: str, after: str, *, narrow: bool = False, told: bool = True) -> None:
        """`told`: which characters differ is said in words, which helps with numbers and names only."""
        super().__init__()
        self._name, self._before, self._after, self._narrow = name, before, after, narrow
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(2)
        title = label(name, "strong", wrap=True)
        if narrow:
            grid.addWidget(title, 0, 0, 1, 4)
        else:
            title.setFixedWidth(84)
            grid.addWidget(title, 0, 0, 2, 1, Qt.AlignmentFlag.AlignTop)
        self._texts: list[QLabel] = []
        words_of = (("−", "bad", self.tr("变更前")), ("＋", "ok", self.tr("变更后")))
        for place, (sign, tone, word) in enumerate(words_of):
            text = label(rich=True, selectable=True, wrap=True)
            text.setAccessibleName(f"{word} {after if tone == 'ok' else before}")
            self._texts.append(text)
            line, mark = place + int(narrow), label(sign, "h2", tone)
            mark.setToolTip(word)
            if not narrow:
                grid.addWidget(label(word, "cap"), line, 1)
            grid.addWidget(mark, line, 2)
            grid.addWidget(text, line, 3)
        words = describe_difference(before, after) if told else ""
        if words:
            grid.addWidget(label(words, "cap", wrap=True), 2 + int(narrow), 3)
        grid.setColumnStretch(3, 1)
        self.setLayout(grid)
        sentence = self.tr("{name}：变更前 {before}，变更后 {after}。{words}")
        empty = self.tr("空")
        self.setAccessibleName(sentence.format(name=name, before=before or empty, after=after or empty, words=words))
        self._draw()

    def _draw(self) -> None:
        old, new = character_diff(self._before, self._after)
        for text, segments, tone in zip(self._texts, (old, new), ("bad", "ok"), strict=True):
            text.setText(self._html(segments, tone))

    def _html(self, segments: Sequence[Segment], tone: str) -> str:
        theme = Theme.current()
        if not segments:
            return f"<span style='color:{theme.tokens['text3']}'>{escape(self.tr('（空）'))}</span>"
        stroke = "text-decoration:line-through;" if tone == "bad" else "font-weight:600;"
        changed = f"background-color:{theme.tokens[f'{tone}_bg']};color:{theme.tokens[tone]};{stroke}"
        parts = [
            f"<span style='{changed}'>{escape(part.text)}</span>" if part.changed else escape(part.text)
            for part in segments
        ]
        big = max(len(self._before), len(self._after)) <= _LONG
        size = theme.px("h2" if self._narrow else "id")
        style = f"font-size:{size}px;letter-spacing:1px" if big else ""
        return f"<span style='{style}'>{''.join(parts)}</span>"

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Tint again when light turns dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()


class MarkedText(QLabel):
    """A text whose characters that differ from another text are marked; neither of the two counts as wrong."""

    def __init__(self, text: str, other: str = "") -> None:
        super().__init__()
        self._parts = character_diff(text, other)[0] if other else (Segment(text, changed=False),)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        differs = self.tr("，标出的字不同") if any(part.changed for part in self._parts) else ""
        self.setAccessibleName(f"{text}{differs}")
        self._draw()

    def _draw(self) -> None:
        tokens = Theme.current().tokens
        style = f"background-color:{tokens['mark']};color:{tokens['text']};font-weight:600;text-decoration:underline"
        marked = (
            f"<span style='{style}'>{escape(part.text)}</span>" if part.changed else escape(part.text)
            for part in self._parts
        )  # fmt: skip
        self.setText("".join(marked))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Tint again when light turns dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()
