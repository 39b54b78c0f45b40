"""One's own passphrase, opening without it for reading, and how soon the window locks."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget

from models.services import preferences
from ui.context import AppContext
from ui.forms.inputs import Entry, secret
from ui.kit import EnterArea, button, card, column, label, row


def _typed(entry: Entry) -> str:
    assert isinstance(entry.widget, QLineEdit)
    return entry.widget.text()


class AccessSettings(QWidget):
    """Three cards."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.old = secret(self.tr("现在的口令"))
        self.new = secret(self.tr("新口令（至少 12 个字符）"))
        self.again = secret(self.tr("再输入一次新口令"))
        change = button(self.tr("修改口令"), "key", on_click=self.change)
        self.minutes = QSpinBox()
        self.minutes.setRange(preferences.LEAST_IDLE, preferences.MOST_IDLE)
        self.minutes.setSuffix(self.tr(" 分钟"))
        self.minutes.setAccessibleName(self.tr("多久不操作后自动锁定"))
        keep = button(self.tr("保存"), "check", on_click=self.keep_minutes)
        remember = button(self.tr("允许本机免口令查看"), "fingerprint", on_click=self.remember)
        forget = button(self.tr("取消免口令查看"), on_click=self.forget)
        words = self.tr(
            "把一份只读的钥匙放进本机系统的钥匙串。用这个系统账户登录电脑的人不输口令就能查看名册；"
            "修改、签名、查看完整号码仍要口令。几个人共用系统账户的电脑请不要启用。"
        )
        self.setLayout(
            column(
                card(
                    label(self.tr("修改我的口令"), "strong"),
                    EnterArea(row((self.old, 1), (self.new, 1), (self.again, 1)), self.change), row(None, change),
                ),
                card(
                    label(self.tr("自动锁定"), "strong"),
                    label(self.tr("锁定时不丢失正在填写的内容，解锁后继续。"), "dim", wrap=True),
                    row(label(self.tr("多久不操作后锁定")), self.minutes, keep, None),
                ),
                card(
                    label(self.tr("免口令查看"), "strong"), label(words, "dim", wrap=True),
                    row(remember, forget, None),
                ),
                spacing=12,
            )
        )  # fmt: skip

    def refresh(self) -> None:
        """Read the minutes."""
        self.context.read(preferences.idle_minutes, done=self.minutes.setValue, owner=self)

    def change(self) -> None:
        """Put one's keys under a new passphrase."""
        from models.services import operators

        if _typed(self.new) != _typed(self.again):
            self.again.fail(self.tr("两次输入的口令不一样，请重新输入。"))
            return
        store, old, new = self.context.store, _typed(self.old), _typed(self.new)
        self.context.jobs.run(
            lambda: operators.change_passphrase(store, old, new), self._changed, self._refused, owner=self
        )

    def _changed(self, _none: None) -> None:
        for entry in (self.old, self.new, self.again):
            entry.set_text("")
            entry.fail("")
        self.context.toast(self.tr("口令已修改，下次用新口令登录。"), None)

    def _refused(self, error: Exception) -> None:
        kind = type(error).__name__
        entry = {"WrongSecretError": self.old, "PassphraseRefusedError": self.new}.get(kind)
        if entry is None:
            self.context.show_error(error)
        else:
            entry.fail(str(error))

    def keep_minutes(self) -> None:
        """Write the minutes; they hold from the next unlock."""
        self.context.write(
            preferences.set_idle_minutes, self.context.actor, self.minutes.value(),
            done=lambda _none: self.context.toast(self.tr("已保存，下次解锁后生效。"), None), owner=self,
        )  # fmt: skip

    def remember(self) -> None:
        """Put the reading key into the keyring, after the passphrase."""
        store = self.context.store

        def work(passphrase: str) -> None:
            store.elevate(passphrase)
            store.remember()

        words = self.tr("启用后，用本机当前系统账户的人不输口令就能查看名册。")
        told = self.tr("已允许本机免口令查看。")
        self.context.with_passphrase(
            self, self.tr("允许免口令查看"), words, work, lambda _none: self.context.toast(told, None)
        )

    def forget(self) -> None:
        """Take the reading key out of the keyring."""
        told = self.tr("已取消免口令查看。")
        self.context.jobs.run(self.context.store.forget, lambda _none: self.context.toast(told, None), owner=self)
