"""An act that two persons sign: the administrator who is logged in, and an officer beside them (decision 6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QDialog, QLineEdit, QWidget

from ui.context import AppContext
from ui.forms.inputs import Entry, choice, secret
from ui.jobs import Job
from ui.kit import button, column, label, row
from ui.kit.basic import set_tone


class TwoPeople(QDialog):
    """Asks for both passphrases, runs `work(passphrase, (name, passphrase))` off the window's thread, and stays
    open until it went well or the persons give up. `progress`: long work, which takes a Progress as its last
    argument, says how far it is and can be stopped."""

    def __init__(
        self, parent: QWidget, context: AppContext, act: str, sentence: str, officers: Sequence[str],
        work: Callable[..., Any], done: Callable[[Any], object], *, progress: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.context, self._act, self._work, self._done = context, act, work, done
        self._progress = progress
        self._job: Job | None = None
        self.setWindowTitle(act)
        self.setModal(True)
        self.own = secret(self.tr("系统管理员 {name} 的口令").format(name=context.actor.name))
        self.officer: Entry = choice(self.tr("共同签名的人"), [(name, name) for name in officers])
        self.other = secret(self.tr("共同签名人的口令（由本人输入）"))
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self.go = button(act, "rubber-stamp", "primary", on_click=self._run)
        self.go.setDefault(True)
        cancel = button(self.tr("取消"), on_click=self.reject)
        self.setLayout(
            column(
                label(act, "h2"), label(sentence, "dim", wrap=True), self.own, self.officer, self.other, self.fault,
                8, row(None, cancel, self.go), margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        self.setFixedWidth(440)
        self.own.setFocus()

    def _run(self) -> None:
        assert isinstance(self.own.widget, QLineEdit)
        assert isinstance(self.other.widget, QLineEdit)
        own, other, name = self.own.widget.text(), self.other.widget.text(), self.officer.text()
        if not own or not other:
            missing = self.other if own else self.own
            missing.fail(self.tr("请输入口令。"))
            missing.setFocus()
            return
        self.go.setEnabled(False)
        pair = (own, (name, other))
        if not self._progress:
            self._job = self.context.jobs.run(
                lambda: self._work(*pair), self._finished, self._failed, owner=self, title=self._act
            )
            return
        self._job = self.context.jobs.run(
            lambda job: self._work(*pair, job), self._finished, self._failed, owner=self, title=self._act, progress=True
        )
        self._job.progressed.connect(self._show_progress)

    def _show_progress(self, done: int, total: int, what: str) -> None:
        set_tone(self.fault, "")
        self.fault.setText(f"{what} {done}/{total}" if total > 0 else what)
        self.fault.show()

    def reject(self) -> None:
        """While it works: ask it to stop. Else: give up."""
        if self._progress and self._job is not None:
            self._job.cancel()
            return
        super().reject()

    def _finished(self, result: Any) -> None:
        self.accept()
        self._done(result)

    def _failed(self, error: Exception) -> None:
        self._job = None
        self.go.setEnabled(True)
        set_tone(self.fault, "bad")
        self.own.setFocus()
        self.fault.setText(self.context.errors.describe(error, "two signatures").sentence)
        self.fault.show()

    def done(self, result: int) -> None:
        """Forget what was typed."""
        self.own.set_text("")
        self.other.set_text("")
        super().done(result)
