"""The panel beside the accounts: one account, its form, disabling with a reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication

from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS
from models.domain.units import Role
from ui.context import AppContext
from ui.kit import (
    EmptyState,
    Item,
    MaskedValue,
    SidePanel,
    button,
    frame,
    key_value,
    label,
    row,
    rule,
    section,
    state_pill,
)
from ui.moments import moment
from ui.pages.account_form import AccountForm
from ui.pages.account_requests import AccountRequests
from ui.pages.listing_columns import shown_value

if TYPE_CHECKING:
    from models.services.roster import HistoryEntry, Row
    from models.store.store import Session

EDITORS = (Role.REGISTRAR, Role.ADMINISTRATOR)
Account = tuple["Row", "list[HistoryEntry]"]


def read_account(session: Session, row_id: str) -> Account:
    """An account and what happened to it."""
    from models.services import roster

    return roster.get(session, ACCOUNTS, row_id), roster.history(session, ACCOUNTS, row_id)


class AccountPanel(SidePanel):
    """`show_row`, `edit`, `add`."""

    closed = Signal()
    saved = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__(320)
        self.context = context
        self.row_id = ""
        self.form: AccountForm | None = None
        self._row: Row | None = None
        self._foot = frame("foot", row(None, margins=(16, 8, 16, 8)))
        layout = self._foot.layout()
        assert layout is not None
        layout.addWidget(button(self.tr("取消"), on_click=self.cancel))
        layout.addWidget(button(self.tr("保存"), "device-floppy", "primary", "Ctrl+S", on_click=self.save))
        self.set_foot(self._foot)
        self._leave_form()
        self.show_row("")

    @property
    def may_edit(self) -> bool:
        """Whether the person may change accounts."""
        return self.context.has(*EDITORS)

    def show_row(self, row_id: str) -> None:
        """Show an account; a form with something typed stays."""
        if self.has_draft():
            return
        self._leave_form()
        self.row_id, self._row = row_id, None
        if row_id:
            self.context.read(read_account, row_id, done=self._show, owner=self, replaces="account")
        else:
            hint = self.tr("Ctrl+N 新增；从 Excel 复制一块后按 Ctrl+V 可成批新增")
            self.show_parts(EmptyState(self.tr("选中一个账户，这里显示详细信息。"), hint=hint, icon="id-badge"))

    def _show(self, account: Account) -> None:
        if self.form is not None:
            return
        found, history = account
        self._row = found
        values = found.values
        close = button("", "x", "link", self.tr("关闭详情（Esc）"), on_click=self.closed.emit)
        copy = button("", "copy", "link", self.tr("复制用户名"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(values["username"]))
        name = label(values["username"] or "—", "strong", selectable=True)
        edit = button(self.tr("编辑"), "pencil", "link", "F2", on_click=self.edit)
        edit.setVisible(self.may_edit and found.status in ("active", "pending"))
        parts: list[Item] = [
            row(label(values["name"], "h2"), None, close),
            row(state_pill(found.status), None),
            row(label(self.tr("用户名"), "cap"), name, copy, None),
            rule(),
            section(self.tr("账户信息"), edit),
        ]
        for key, field in ACCOUNT_FIELD.items():
            text = shown_value(field, values[key])
            if key in ("name", "username") or not text:
                continue
            masked = MaskedValue(text, field.label, partial(self._reveal, key)) if field.mask else text
            parts.append(key_value(field.label, masked))
        parts += [rule(), *self._status_parts(found), rule(), section(self.tr("最近记录"))]
        for entry in history[:6]:
            words = label(f"{entry.text} · {entry.person}", wrap=True)
            parts.append(row((words, 1), label(moment(entry.at), "cap"), spacing=6))
        self.show_parts(*parts)

    def _status_parts(self, found: Row) -> list[Item]:
        if not self.may_edit:
            return []
        if found.status == "pending":
            see = button(self.tr("查看申请"), "git-pull-request", "link")
            see.clicked.connect(lambda: self.context.navigate("changes", text=found.values["name"]))
            return [row(label(self.tr("等待主管领导批准后启用。"), "dim", wrap=True), see)]
        return [AccountRequests(self.context, found, self._asked)]

    def _asked(self, words: str, undo: Callable[[], None] | None) -> None:
        self.saved.emit(self.row_id)
        self.show_row(self.row_id)
        self.context.toast(words, undo)

    def _reveal(self, field: str, show: Callable[[str], None]) -> None:
        from models.services import roster

        self.context.write(roster.reveal, self.context.actor, self.row_id, field, ACCOUNTS, done=show, owner=self)

    # --- form -------------------------------------------------------------------------------------------

    def add(self) -> None:
        """Open an empty form."""
        if self.may_edit and not self.has_draft():
            self._open_form("", {})

    def edit(self) -> None:
        """Open the form of the account shown."""
        if self.may_edit and self._row is not None and self._row.status != "disabled" and self.form is None:
            self._open_form(self.row_id, self._row.values)

    def _open_form(self, row_id: str, values: dict[str, str]) -> None:
        self.form = AccountForm(self.context, row_id, values)
        self.form.saved.connect(self._saved)
        self.form.cancelled.connect(self.cancel)
        self.show_parts(self.form)
        self._foot.show()

    def _saved(self, row_id: str) -> None:
        added = not self.row_id
        self._leave_form()
        self.saved.emit(row_id)
        if not added:  # of a new one the form has said what becomes of it
            self.context.toast(self.tr("已保存。"), None)
        self.show_row(row_id)

    def _leave_form(self) -> None:
        self.form = None
        self._foot.hide()

    def has_draft(self) -> bool:
        """Whether the form holds something that is not saved."""
        return self.form is not None and self.form.has_draft()

    def save(self) -> None:
        """Save the form."""
        if self.form is not None:
            self.form.save()

    def cancel(self) -> None:
        """Leave the form without saving."""
        self._leave_form()
        self.show_row(self.row_id)
