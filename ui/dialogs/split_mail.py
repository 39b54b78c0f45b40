"""Splitting a delivery into attachments: how much the mailbox takes, where to, and the text to send along."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QStackedWidget, QWidget

from models.services import preferences
from sync.transport import mail
from sync.transport.mail import MailDelivery
from ui.context import AppContext
from ui.forms.inputs import choice
from ui.kit import button, column, holder, label, row

_TEXT_HEIGHT = 560


class SplitMail(QDialog):
    """First the size, then what was written and the suggested mail."""

    def __init__(self, parent: QWidget, context: AppContext, package_id: str, audience: str) -> None:
        super().__init__(parent)
        self.context, self._package = context, package_id
        self.delivery: MailDelivery | None = None
        act = self.tr("拆分成邮件附件")
        self.setWindowTitle(act)
        self.setModal(True)
        self.size_ = choice(
            self.tr("对方邮箱的附件上限"), [(str(n), f"{n} MB") for n in preferences.MAILBOX_SIZES], editable=True
        )
        self.size_.edited.connect(self._say_growth)
        self.growth = label("", "cap", wrap=True)
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self.go = button(self.tr("选择文件夹并拆分"), "arrows-split", "primary", on_click=self._choose)
        cancel = button(self.tr("取消"), on_click=self.reject)
        words = self.tr("发给{who}、还没有答复的数据包一并拆分。附件只有对方能打开。").format(who=audience)
        ask = column(
            label(act, "h2"), label(words, "dim", wrap=True), self.size_, self.growth, self.fault, 8,
            row(None, cancel, self.go),
        )  # fmt: skip
        self._pages = QStackedWidget()
        self._pages.addWidget(holder(ask))
        self.setLayout(column(self._pages, margins=(20, 16, 20, 16)))
        self.setFixedWidth(560)
        context.read(preferences.mailbox_megabytes, done=self._show_size, owner=self)

    def _text_page(self) -> QWidget:
        self.told = label("", "dim", wrap=True)
        self.subject = label("", "strong", wrap=True, selectable=True)
        self.body = QPlainTextEdit()
        self.body.setReadOnly(True)
        self.body.setMinimumHeight(300)
        self.body.setAccessibleName(self.tr("邮件正文"))
        copies = (
            button(self.tr("复制主题"), "copy", on_click=lambda: self._copy(self.subject.text())),
            button(self.tr("复制正文"), "copy", on_click=lambda: self._copy(self.body.toPlainText())),
        )
        close = button(self.tr("完成"), "check", "primary", on_click=self.accept)
        return holder(
            column(label(self.tr("附件已写好"), "h2"), self.told, self.subject, self.body, row(*copies, None, close))
        )

    def _show_size(self, megabytes: int) -> None:
        known = megabytes in preferences.MAILBOX_SIZES
        self.size_.set_text(str(megabytes) if known else f"{megabytes} MB")
        self._say_growth()

    def _megabytes(self) -> int:
        """What was chosen or typed; 0 when it is no number."""
        text = self.size_.text().upper().removesuffix("MB").strip()
        return int(text) if text.isdecimal() and len(text) < 5 else 0

    def _say_growth(self) -> None:
        megabytes = self._megabytes()
        self.growth.setText(mail.growth_words(megabytes) if megabytes else "")

    def _choose(self) -> None:
        if not preferences.LEAST_MAILBOX <= self._megabytes() <= preferences.MOST_MAILBOX:
            self.size_.fail(self.tr("请填写 1 到 300 之间的数字，单位是 MB。"))
            self.size_.setFocus()
            return
        self.context.prompt.folder(self, self.tr("附件写到哪个文件夹"), self._split)

    def _split(self, folder: Path) -> None:
        store, package, megabytes = self.context.store, self._package, self._megabytes()
        self.go.setEnabled(False)
        self.context.jobs.run(
            lambda progress: mail.split_delivery(store, [package], megabytes, folder, progress),
            lambda made: self._written(made[0], folder), self._failed, owner=self, title=self.windowTitle(),
            progress=True,
        )  # fmt: skip

    def _written(self, made: MailDelivery, folder: Path) -> None:
        self.delivery = made
        self._pages.addWidget(self._text_page())
        words = self.tr("已写入“{where}”{n} 个附件，读回一致，分 {mails} 封邮件发送。下面的主题和正文可以直接使用。")
        self.told.setText(words.format(where=folder, n=len(made.paths), mails=len(made.mails)))
        self.subject.setText(made.subject)
        self.body.setPlainText(made.body)
        self._pages.setCurrentIndex(1)
        self.resize(self.width(), _TEXT_HEIGHT)

    def _failed(self, error: Exception) -> None:
        self.go.setEnabled(True)
        self.fault.setText(self.context.errors.describe(error, "split into attachments").sentence)
        self.fault.show()

    @staticmethod
    def _copy(text: str) -> None:
        QGuiApplication.clipboard().setText(text)
