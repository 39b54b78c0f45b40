"""Back from a backup: the file says what it is, a person proves who they are, then it is put in force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QLineEdit, QWidget

from ui.context import AppContext
from ui.forms.inputs import Entry, choice, fill, line, secret
from ui.kit import Banner, EnterArea, button, column, holder, key_value, label, row
from ui.prompt import PACKAGES

if TYPE_CHECKING:
    from models.store.backup import Description
    from models.store.restoring import Restored


class RestoreDialog(QDialog):
    """`restored` when the store is there; it is unlocked in the ordinary way afterwards."""

    restored = Signal()

    def __init__(self, parent: QWidget, context: AppContext, home: Path, path: Path | None = None) -> None:
        super().__init__(parent)
        self.context, self._home = context, home
        self._path: Path | None = None
        self.setWindowTitle(self.tr("从备份恢复"))
        self.setModal(True)
        self.setAcceptDrops(True)
        self.notice = Banner("info", self.tr("把备份文件拖到这里，或点“选择备份文件”。"), icon="download")
        self.choose = button(self.tr("选择备份文件"), "folder-open", on_click=self._choose)
        self.facts = column(spacing=4)
        self._fields()
        self.go = button(self.tr("恢复"), "restore", "primary", on_click=self._restore, enabled=False)
        cancel = button(self.tr("取消"), on_click=self.reject)
        cancel.setDefault(True)
        self.setLayout(
            column(
                label(self.windowTitle(), "h2"), self.notice, row(self.choose, None), holder(self.facts), self.form,
                None, row(None, cancel, self.go), margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        self.resize(480, 520)
        if path is not None:
            self.take(path)

    def _fields(self) -> None:
        self.name: Entry = choice(self.tr("姓名"), [], editable=True)
        self.by_code = QCheckBox(self.tr("忘记口令，用恢复码"))
        self.by_code.toggled.connect(self._show_way)
        self.code = line(self.tr("恢复码"))
        self.passphrase = secret(self.tr("口令"))
        self.again = secret(self.tr("再输入一次新口令"))
        parts = (self.name, self.by_code, self.code, self.passphrase, self.again)
        self.form = EnterArea(column(*parts), self._restore)
        self.form.hide()
        self._show_way(False)

    def _show_way(self, by_code: bool) -> None:
        self.code.setVisible(by_code)
        self.again.setVisible(by_code)
        self.passphrase.caption.setText(self.tr("新口令（至少 12 个字符）") if by_code else self.tr("口令"))

    def _choose(self) -> None:
        self.context.prompt.open_files(self, self.windowTitle(), PACKAGES, lambda paths: self.take(paths[0]))

    def take(self, path: Path) -> None:
        """Ask the file what it is."""

        def describe() -> Description:
            from models.services import maintenance

            return maintenance.describe_backup(path)

        self._path = path
        self.context.jobs.run(describe, self._show, self._fail, owner=self)

    def _show(self, found: Description) -> None:
        from ui.kit.basic import clear
        from ui.moments import moment

        clear(self.facts)
        for key, value in (
            (self.tr("单位"), found.unit_name),
            (self.tr("备份时间"), moment(found.created)),
            (self.tr("内容"), self.tr("学生 {s:,} 人，账户 {a:,} 个，变更 {c:,} 件").format(
                s=found.students, a=found.accounts, c=found.changes)),
            (self.tr("签名"), found.signed_words),
        ):  # fmt: skip
            self.facts.addLayout(key_value(key, value))
        widget = self.name.widget
        assert isinstance(widget, QComboBox)
        fill(widget, [(name, name) for name in found.operators])
        self.notice.say("ok", self.tr("备份文件完好。请由备份中的一位操作员证明身份。"))
        self.form.show()
        self.go.setEnabled(True)
        self.passphrase.setFocus()

    def _restore(self) -> None:
        if self._path is None:
            return
        assert isinstance(self.passphrase.widget, QLineEdit)
        source, home, name, secret_ = self._path, self._home, self.name.text(), self.passphrase.widget.text()
        code = self.code.text() if self.by_code.isChecked() else ""
        if self.by_code.isChecked() and self.again.text() != self.passphrase.text():
            self.again.fail(self.tr("两次输入的口令不一样，请重新输入。"))
            return

        def work() -> Restored:
            from models.services import maintenance

            return maintenance.restore(source, home, name, secret_, recovery_code=code)

        self.go.setEnabled(False)
        self.notice.say("info", self.tr("正在恢复，请不要关机。"), icon="hourglass")
        self.context.jobs.run(work, self._restored, self._fail, owner=self)

    def _restored(self, result: Restored) -> None:
        if result.recovery_code:
            from ui.pages.codes_sheet import CodesSheet

            sheet = CodesSheet(self.context, result.description.unit_name, result.recovery_code, {})
            sheet.confirmed.connect(self._finish)
            layout = self.layout()
            assert layout is not None
            for part in (self.form, self.choose, self.go):
                part.hide()
            layout.addWidget(sheet)
            self.notice.say("ok", self.tr("已恢复。原来的恢复码已失效，请抄写新的。"))
            return
        self._finish()

    def _finish(self) -> None:
        self.accept()
        self.restored.emit()

    def _fail(self, error: Exception) -> None:
        self.go.setEnabled(self.form.isVisibleTo(self))
        shown = self.context.errors.describe(error, "restore")
        self.notice.say(shown.tone, shown.sentence)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """A file may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take the first dropped file."""
        for url in event.mimeData().urls()[:1]:
            self.take(Path(url.toLocalFile()))
