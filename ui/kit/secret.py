"""Values that are masked until asked for, and the question for the passphrase."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from ui import icons
from ui.kit.basic import Button, button, column, label, row, set_tone

SHOWN_SECONDS = 30


class MaskedValue(QWidget):
    """A masked text with an eye; `reveal(show)` fetches the clear text (and writes the audit log) and calls `show`.

    The clear text goes after 30 s, at a second click, and when the value is hidden (page left, window locked).
    """

    revealed = Signal()

    def __init__(self, masked: str, name: str, reveal: Callable[[Callable[[str], None]], None] | None) -> None:
        super().__init__()
        self._masked, self._reveal = masked, reveal
        self.text = label(masked, selectable=True)
        self.eye = button(
            "", "eye", "link", self.tr("显示完整的{name}（记入审计日志）").format(name=name), on_click=self._toggle
        )
        self.eye.setVisible(bool(masked) and reveal is not None)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_SECONDS * 1000)
        self._timer.timeout.connect(self.conceal)
        self.setLayout(row((self.text, 1), self.eye, spacing=4))

    def conceal(self) -> None:
        """Show the mask again."""
        self._timer.stop()
        self.text.setText(self._masked)
        self.eye.set_icon("eye")

    def _toggle(self) -> None:
        if self._timer.isActive():
            self.conceal()
        elif self._reveal is not None:
            self._reveal(self._show)

    def _show(self, clear: str) -> None:
        self.text.setText(clear)
        self.eye.set_icon("eye-off")
        self._timer.start()
        self.revealed.emit()

    def hideEvent(self, event: object) -> None:  # noqa: N802
        """Never keep a clear value behind another page."""
        self.conceal()
        super().hideEvent(event)  # type: ignore[arg-type]


class SecretEdit(QLineEdit):
    """A line for a passphrase, with an eye that shows what is typed."""

    def __init__(self, name: str, placeholder: str = "") -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setPlaceholderText(placeholder)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self._eye = QAction(icons.icon("eye"), self.tr("显示或隐藏输入的内容"), self)
        self._eye.triggered.connect(self._toggle)
        self.addAction(self._eye, QLineEdit.ActionPosition.TrailingPosition)

    def _toggle(self) -> None:
        hidden = self.echoMode() is QLineEdit.EchoMode.Password
        self.setEchoMode(QLineEdit.EchoMode.Normal if hidden else QLineEdit.EchoMode.Password)
        self._eye.setIcon(icons.icon("eye-off" if hidden else "eye"))


class PassphrasePrompt(QDialog):
    """Asks for the passphrase of the person at the machine before a signature or another grave act.

    `given` carries the passphrase; the dialog stays until `accept()` or `fail(sentence)` says how it went.
    The safe button is the default one; Enter in the field goes on.
    """

    given = Signal(str)

    def __init__(self, parent: QWidget | None, act: str, sentence: str, person: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(act)
        self.setModal(True)
        self.field = SecretEdit(self.tr("{person}的口令").format(person=person))
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self.go: Button = button(act, "key", "primary", on_click=self._give, enabled=False)
        self.cancel: Button = button(self.tr("取消"), on_click=self.reject)
        self.cancel.setDefault(True)
        self.field.textChanged.connect(lambda text: self.go.setEnabled(bool(text)))
        self.field.returnPressed.connect(self._give)
        self.setLayout(
            column(
                label(act, "h2"), label(sentence, "dim", wrap=True), 4,
                label(self.field.accessibleName(), "cap"), self.field, self.fault, 8,
                row(None, self.cancel, self.go),
                margins=(20, 16, 20, 16), spacing=6,
            )
        )  # fmt: skip
        self.setFixedWidth(420)
        self.field.setFocus()

    def _give(self) -> None:
        if self.field.text() and self.field.isEnabled():
            self.field.setEnabled(False)
            self.go.setEnabled(False)
            self.given.emit(self.field.text())

    def fail(self, sentence: str) -> None:
        """Say what was wrong and let the person try again."""
        self.fault.setText(sentence)
        self.fault.show()
        self.field.setEnabled(True)
        self.field.selectAll()
        self.field.setFocus()
        self.go.setEnabled(True)
        set_tone(self.field, "true", "wrong")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter in the field has given the passphrase: it must not press the default button 取消 as well."""
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and (self.field.hasFocus() or not self.field.isEnabled()):
            event.accept()
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """Forget what was typed, however the dialog ends."""
        self.field.clear()
        super().done(result)
