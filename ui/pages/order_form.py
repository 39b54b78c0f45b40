"""A new order to disable accounts: user names pasted or read from a file, or chosen accounts (A9, A12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QScrollArea, QWidget

from models.domain.orders import REASONS
from models.services.orders import DEFAULT_DAYS, accounts_named, names_in_file
from ui.context import AppContext
from ui.forms.inputs import choice, line
from ui.kit import Banner, Item, PageHead, button, card, column, frame, holder, label, row, section
from ui.kit.around import Around
from ui.prompt import SPREADSHEETS


@dataclass(frozen=True)
class OrderDraft:
    """An order as it was filled in, its accounts found."""

    account_ids: tuple[str, ...]
    reason: str
    note: str
    due: str


class OrderForm(QWidget):
    """`given` carries an OrderDraft, `left` gives up."""

    given = Signal(object)
    left = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._ids: tuple[str, ...] = ()
        self.chosen = Banner("info", "", closable=True)
        self.chosen.hide()
        self.chosen.closed.connect(self._drop_chosen)
        self.names = QPlainTextEdit()
        self.names.setAccessibleName(self.tr("用户名"))
        self.names.setPlaceholderText(self.tr("每行一个用户名，可以从 Excel 整列粘贴"))
        self.names.setTabChangesFocus(True)
        self.names.setMinimumHeight(110)
        self.names.textChanged.connect(self._count)
        self.number = label(kind="cap")
        self.reason = choice(self.tr("禁用原因"), [(one.key, one.label) for one in REASONS])
        self.note = line(self.tr("具体情况（原因是“其他”时必填）"))
        self.due = line(self.tr("执行期限（留空为 {n} 天）").format(n=DEFAULT_DAYS), "2026-12-31")
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self._lay_out()
        self._count()

    def _lay_out(self) -> None:
        read = button(self.tr("从文件读取"), "file-spreadsheet", "link", on_click=self.choose)
        which: list[Item] = [
            section(self.tr("哪些账户"), read), Around(self.chosen, (0, 0, 0, 0)), (self.names, 1), self.number,
        ]  # fmt: skip
        why = card(label(self.tr("为什么、到什么时候"), "strong"), self.reason, self.note, self.due, None)
        body = holder(row((card(*which), 1), (why, 1), margins=(16, 12, 16, 12), spacing=12))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        cancel = button(self.tr("取消"), tip="Esc", on_click=self.left.emit)
        self.go = button(self.tr("签名下达"), "writing", "primary", "Ctrl+Enter", on_click=self.give)
        foot = frame("foot", row((self.fault, 1), None, cancel, self.go, margins=(16, 8, 16, 8)))
        head = PageHead(self.tr("下达停用通知单"), self.tr("所辖单位收到后禁用账户并自动回执，或写明理由提出异议。"))
        self.setLayout(column(head, (area, 1), foot, spacing=0))

    def begin(self, account_ids: Sequence[str] = ()) -> None:
        """Start anew, with accounts chosen in their list."""
        self._ids = tuple(account_ids)
        self.chosen.hide()
        if self._ids:
            self.chosen.say("info", self.tr("在“教师账户”中选定的 {n} 个账户。").format(n=len(self._ids)))
        self.names.clear()
        self.note.set_text("")
        self.due.set_text("")
        self.fault.hide()
        (self.reason if self._ids else self.names).setFocus()

    def _drop_chosen(self) -> None:
        self._ids = ()

    def lines(self) -> list[str]:
        """The user names, each once."""
        return list(dict.fromkeys(text for one in self.names.toPlainText().split() if (text := one.strip("，,；;"))))

    def _count(self) -> None:
        self.number.setText(self.tr("共 {n} 个用户名").format(n=len(self.lines())))

    def choose(self) -> None:
        """Ask for a file with user names."""
        self.context.prompt.open_files(self, self.tr("用户名清单"), SPREADSHEETS, lambda paths: self.read(paths[0]))

    def read(self, path: Path) -> None:
        """Add the user names of a file."""
        self.context.jobs.run(lambda: names_in_file(path), self._add, self._refused, owner=self)

    def _add(self, names: list[str]) -> None:
        self.fault.hide()
        self.names.setPlainText("\n".join(dict.fromkeys([*self.lines(), *names])))

    def _refused(self, error: Exception) -> None:
        self._complain(self.context.errors.describe(error, "order").sentence)

    def _complain(self, sentence: str) -> None:
        self.fault.setText(sentence)
        self.fault.show()

    def give(self) -> None:
        """Find the accounts and hand the order on; names nobody below has are said here."""
        self.fault.hide()
        names, ids = self.lines(), self._ids
        if not names and not ids:
            self._complain(self.tr("请粘贴用户名，或从文件读取。"))
            return
        self.context.read(
            accounts_named, names, done=lambda found: self._found((*ids, *found)), failed=self._refused, owner=self
        )

    def _found(self, ids: Sequence[str]) -> None:
        draft = OrderDraft(tuple(dict.fromkeys(ids)), self.reason.text(), self.note.text(), self.due.text())
        self.given.emit(draft)

    def has_draft(self) -> bool:
        """Whether accounts were named."""
        return bool(self.lines() or self._ids)
