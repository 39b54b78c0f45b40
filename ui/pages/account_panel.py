"""The panel beside the accounts: one account with all that is to be known of it, its form, and what can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication

from models.domain.fields import ACCOUNT_FIELD, ACCOUNTS
from models.domain.statuses import RECORD_STATUS
from models.domain.units import Role
from ui.context import AppContext
from ui.kit import (
    EmptyState,
    Item,
    MaskedValue,
    Pill,
    SidePanel,
    button,
    frame,
    key_value,
    label,
    pill,
    row,
    rule,
    section,
    state_pill,
)
from ui.moments import moment
from ui.pages.account_form import AccountForm
from ui.pages.account_rename import RenameForm
from ui.pages.account_standing import standing
from ui.pages.listing_columns import NEW_DRAFT, shown_value

if TYPE_CHECKING:
    from models.services.accounts.facts import AccountFacts
    from models.services.roster import HistoryEntry
    from models.store.store import Session

EDITORS = (Role.REGISTRAR, Role.ADMINISTRATOR)
Account = tuple["AccountFacts", "list[HistoryEntry]"]


def read_account(session: Session, row_id: str) -> Account:
    """An account and what happened to it."""
    from models.services import roster
    from models.services.accounts.facts import facts_of

    return facts_of(session, row_id), roster.history(session, ACCOUNTS, row_id)


def _pill(facts: AccountFacts) -> Pill:
    """The state of an account in a word; a new one that is not with the head yet is a draft."""
    if facts.row.status == "pending" and any(one.state == "draft" for one in facts.changes):
        return pill(NEW_DRAFT, "warn", "pencil")
    return state_pill(facts.row.status, RECORD_STATUS[facts.row.status])


class AccountPanel(SidePanel):
    """`show_row`, `edit`, `add`; `asked` carries "disable" or "enable" for the account in sight."""

    closed = Signal()
    saved = Signal(str)
    asked = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__(320)
        self.context = context
        self.row_id = ""
        self.form: AccountForm | RenameForm | None = None
        self.facts: AccountFacts | None = None
        self._keep = button(self.tr("保存"), "device-floppy", "primary", "Ctrl+S", on_click=self.save)
        self._foot = frame("foot", row(None, margins=(16, 8, 16, 8)))
        layout = self._foot.layout()
        assert layout is not None
        layout.addWidget(button(self.tr("取消"), on_click=self.cancel))
        layout.addWidget(self._keep)
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
        self.row_id, self.facts = row_id, None
        if row_id:
            self.context.read(read_account, row_id, done=self._show, owner=self, replaces="account")
        else:
            hint = self.tr("Ctrl+N 新增；从 Excel 复制一块后按 Ctrl+V 可成批新增")
            self.show_parts(EmptyState(self.tr("选中一个账户，这里显示详细信息。"), hint=hint, icon="id-badge"))

    def reread(self) -> None:
        """Show the account in sight as it is by now; an open form stays."""
        if self.row_id and self.form is None:
            self.context.read(
                read_account, self.row_id, done=self._show, owner=self, replaces="account", failed=lambda _: None
            )

    def _show(self, account: Account) -> None:
        if self.form is not None:
            return
        facts, history = account
        self.facts = facts
        found = facts.row
        values = found.values
        close = button("", "x", "link", self.tr("关闭详情（Esc）"), on_click=self.closed.emit)
        copy = button("", "copy", "link", self.tr("复制用户名"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(values["username"]))
        name = label(values["username"] or "—", "strong", selectable=True)
        edit = button(self.tr("编辑"), "pencil", "link", "F2", on_click=self.edit)
        edit.setVisible(self._editable())
        parts: list[Item] = [
            row(label(values["name"], "h2"), None, close),
            row(_pill(facts), None),
            row(label(self.tr("用户名"), "cap"), name, copy, None),
            *self._acts(facts),
            *standing(self.context, facts, self.edit if self._editable() else None),
            rule(),
            section(self.tr("账户信息"), edit),
        ]
        for key, field in ACCOUNT_FIELD.items():
            text = shown_value(field, values[key])
            if field.label in facts.missing and facts.own:
                parts.append(key_value(field.label, label(self.tr("未填，须如实填写"), "", "warn", wrap=True)))
            elif key not in ("name", "username") and text:
                masked = MaskedValue(text, field.label, partial(self._reveal, key)) if field.mask else text
                parts.append(key_value(field.label, masked))
        parts += [rule(), section(self.tr("最近记录"))]
        for entry in history[:6]:
            words = label(f"{entry.text} · {entry.person}", wrap=True)
            parts.append(row((words, 1), label(moment(entry.at), "cap"), spacing=6))
        self.show_parts(*parts)

    def _editable(self) -> bool:
        """Whether the account in sight can be edited here: an own one, in use, or new and not with the head."""
        facts = self.facts
        if facts is None or not (self.may_edit and facts.own):
            return False
        asked = any(one.state == "pending" for one in facts.changes)
        return facts.row.status == "active" or (facts.row.status == "pending" and not asked)

    def _acts(self, facts: AccountFacts) -> list[Item]:
        if not (self.may_edit and facts.own) or facts.changes:
            return []
        if facts.row.status == "disabled":
            again = button(self.tr("申请恢复"), "user", on_click=lambda: self.asked.emit("enable"))
            return [row(again, None)]
        rename = button(self.tr("申请更名"), "pencil", on_click=self.rename)
        off = button(self.tr("申请禁用"), "user-off", "danger", on_click=lambda: self.asked.emit("disable"))
        return [row(rename, off, None)]

    def _reveal(self, field: str, show: object) -> None:
        from models.services import roster

        self.context.write(roster.reveal, self.context.actor, self.row_id, field, ACCOUNTS, done=show, owner=self)  # type: ignore[arg-type]

    # --- form -------------------------------------------------------------------------------------------

    def add(self, values: Mapping[str, str] | None = None) -> None:
        """Open an empty form, or one with what is known of a new account from elsewhere."""
        if self.may_edit and not self.has_draft():
            form = AccountForm(self.context)
            form.offer(values or {})
            self._open(form, self.tr("保存"))

    def edit(self) -> None:
        """Open the form of the account shown."""
        if self._editable() and self.form is None and self.facts is not None:
            found = self.facts.row
            form = AccountForm(self.context, found.id, found.values, named=found.status == "pending")
            self._open(form, self.tr("保存"))

    def rename(self) -> None:
        """Open the form for another name of the account shown."""
        if self.facts is not None and self.facts.row.status == "active" and self.form is None:
            self._open(RenameForm(self.context, self.facts.row), self.tr("提交"))

    def _open(self, form: AccountForm | RenameForm, act: str) -> None:
        self.form = form
        form.saved.connect(self._saved)
        form.cancelled.connect(self.cancel)
        self._keep.set_text(act)
        self._keep.set_icon("send" if isinstance(form, RenameForm) else "device-floppy")
        self.show_parts(form)
        self._foot.show()
        form.setFocus()

    def _saved(self, row_id: str) -> None:
        self._leave_form()
        self.saved.emit(row_id)
        self.show_row(row_id)

    def _leave_form(self) -> None:
        self.form = None
        self._foot.hide()

    def has_draft(self) -> bool:
        """Whether the form holds something that is not saved."""
        return self.form is not None and self.form.has_draft()

    def take(self, path: Path) -> bool:
        """A dropped scan belongs to the rename that is open; whether there is one."""
        if not isinstance(self.form, RenameForm):
            return False
        self.form.box.take([path])
        return True

    def save(self) -> None:
        """Save the form, or hand in what it asks for."""
        if self.form is not None:
            self.form.save()

    def cancel(self) -> None:
        """Leave the form without saving."""
        self._leave_form()
        self.show_row(self.row_id)
