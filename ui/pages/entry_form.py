"""A few inputs at the side of a register: an entry is made, or an act on one is written down with what it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ui.kit import SidePanel, button, column, frame, label, row, set_tone
from ui.kit.basic import is_enter

PANEL = 292
LEAST_LINES = 130


class Input(Protocol):
    """What a form asks of its inputs; ui.forms.inputs.Entry is one."""

    def text(self) -> str: ...

    def fail(self, sentence: str) -> None: ...

    def reach(self) -> None: ...


class Lines(QWidget):
    """Several lines of text with a caption, for what is pasted from a table."""

    def __init__(self, caption: str, placeholder: str) -> None:
        super().__init__()
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName(caption)
        self.edit.setPlaceholderText(placeholder)
        self.edit.setTabChangesFocus(True)
        self.edit.setMinimumHeight(LEAST_LINES)
        self._fault = label("", tone="bad", wrap=True)
        self._fault.hide()
        self.edit.textChanged.connect(lambda: self.fail(""))
        self.setFocusProxy(self.edit)
        self.setLayout(column(label(caption, "cap"), (self.edit, 1), self._fault, spacing=3))

    def text(self) -> str:
        """What was typed or pasted."""
        return self.edit.toPlainText().strip()

    def fail(self, sentence: str) -> None:
        """Say what is wrong below; "" takes it back."""
        self._fault.setText(sentence)
        self._fault.setVisible(bool(sentence))
        set_tone(self.edit, "true" if sentence else "false", "wrong")

    def reach(self) -> None:
        """Put the caret in."""
        self.edit.setFocus()


class EntryForm(SidePanel):
    """Title, what it is for, inputs by key. `given` carries {key: text}; `left` gives up."""

    given = Signal(object)
    left = Signal()

    def __init__(
        self, title: str, words: str, entries: Mapping[str, Input], go: str, *, required: Sequence[str] = (),
        danger: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(PANEL)
        self.entries = dict(entries)
        self._required = tuple(required)
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self.go = button(go, "check", "danger" if danger else "primary", "Ctrl+Enter", on_click=self.give)
        cancel = button(self.tr("取消"), tip="Esc", on_click=self.left.emit)
        inputs = [one for one in self.entries.values() if isinstance(one, QWidget)]
        self.show_parts(label(title, "h2", wrap=True), label(words, "cap", wrap=True), *inputs)
        foot = column(self.fault, row(None, cancel, self.go), margins=(16, 8, 16, 8), spacing=6)
        self.set_foot(frame("foot", foot))
        self._before = self.values()

    def values(self) -> dict[str, str]:
        """Everything entered."""
        return {key: entry.text() for key, entry in self.entries.items()}

    def has_draft(self) -> bool:
        """Whether something was entered since the form was opened."""
        return self.values() != self._before

    def take_focus(self) -> None:
        """Put the caret into the first empty input."""
        first = next((one for one in self.entries.values() if not one.text()), None)
        (first or next(iter(self.entries.values()))).reach()

    def give(self) -> None:
        """Hand on what was entered when nothing that is needed is empty."""
        self.fault.hide()
        values = self.values()
        empty = [key for key in self._required if not values[key]]
        for entry in self.entries.values():
            entry.fail("")
        for key in empty:
            self.entries[key].fail(self.tr("请填写。"))
        if empty:
            self.entries[empty[0]].reach()
        elif self.go.isEnabled():
            self.go.setEnabled(False)
            self.given.emit(values)

    def complain(self, sentence: str) -> None:
        """Say why it was not taken; what was entered stays."""
        self.go.setEnabled(True)
        self.fault.setText(sentence)
        self.fault.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter that no input took."""
        if is_enter(event):
            self.give()
        else:
            super().keyPressEvent(event)
