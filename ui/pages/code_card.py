"""The one-time code that came with an invitation, typed in once before the enrolment request is written."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame

from ui.forms.inputs import line, on_enter
from ui.kit import button, column, label, row


class CodeCard(QFrame):
    """Hidden until `ask`."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._done: Callable[[str], object] = lambda _code: None
        words = self.tr("本单位是按邀请函建立的。请输入随邀请函发来的一次性码，双方就不必在电话里念核对词。")
        self.code = line(self.tr("一次性码"), self.tr("30 个字符，大小写和横线都可以不管"))
        on_enter(self.code, self._go)
        without = button(self.tr("没有一次性码，用核对词"), on_click=lambda: self._end(""))
        self.go = button(self.tr("继续"), "check", "primary", on_click=self._go)
        self.setLayout(
            column(
                label(self.tr("一次性码"), "strong"), label(words, "dim", wrap=True), self.code,
                row(without, None, self.go), margins=(14, 12, 14, 12),
            )
        )  # fmt: skip
        self.hide()

    def ask(self, done: Callable[[str], object]) -> None:
        """Show the card; `done(code)` follows, "" for somebody who has none."""
        self._done = done
        self.code.set_text("")
        self.code.fail("")
        self.show()
        self.code.setFocus()

    def _go(self) -> None:
        from models.domain.errors import UserError
        from models.store.vault.codes import CodeKind, decode

        try:
            decode(self.code.text(), CodeKind.INVITATION)
        except UserError as error:
            self.code.fail(str(error))
            return
        self._end(self.code.text())

    def _end(self, code: str) -> None:
        self.hide()
        self._done(code)
