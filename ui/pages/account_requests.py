"""What can be asked of the head for one account: another name, disabled, enabled (A8, A12, A17)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from models.domain.orders import REASONS
from ui.context import AppContext
from ui.forms.inputs import choice, line
from ui.kit import button, column, label, row

if TYPE_CHECKING:
    from models.services.roster import Row

Asked = Callable[[str, "Callable[[], None] | None"], None]
"""What to say when something was asked, and how to take it back."""


class AccountRequests(QWidget):
    """Disable or enable with a reason, rename; each goes to the head as a change."""

    def __init__(self, context: AppContext, account: Row, asked: Asked) -> None:
        super().__init__()
        self.context, self.account, self._asked = context, account, asked
        self.reason = line(self.tr("说明"), self.tr("如：2026年9月调离"))
        self.code = choice(self.tr("禁用原因"), [(one.key, one.label) for one in REASONS])
        if account.status == "disabled":
            act = button(self.tr("申请恢复"), "user", on_click=self._enable)
            self.setLayout(column(label(self.tr("恢复使用"), "cap"), self.reason, row(None, act)))
            return
        self.name = line(self.tr("姓名"), account.values["name"])
        self.username = line(self.tr("用户名"), account.values["username"])
        disable = button(self.tr("申请禁用"), "user-off", "danger", on_click=self._disable)
        rename = button(self.tr("申请更名"), "pencil", on_click=self._rename)
        self.setLayout(
            column(
                label(self.tr("更名或禁用须经主管领导批准"), "cap"), self.name, self.username, self.code, self.reason,
                row(rename, None, disable), spacing=6,
            )
        )  # fmt: skip

    def _disable(self) -> None:
        from models.services.accounts.status import propose_disable

        self._ask(propose_disable, [self.account.id], self.code.text(), self.reason.text())

    def _enable(self) -> None:
        from models.services.accounts.status import propose_enable

        self._ask(propose_enable, [self.account.id], self.reason.text())

    def _rename(self) -> None:
        from models.services import changes
        from models.services.accounts.status import propose_rename

        texts = {"name": self.name.text().strip(), "username": self.username.text().strip()}
        values = {key: text for key, text in texts.items() if text}

        def ask(session: Any, actor: Any, reason: str) -> list[str]:
            change = propose_rename(session, actor, self.account.id, values, reason)
            changes.submit(session, actor, change)
            return [change]

        self._ask(ask, self.reason.text())

    def _ask(self, use_case: Callable[..., list[str]], *arguments: Any) -> None:
        def done(ids: list[str]) -> None:
            words = self.tr("已提交主管领导，批准后生效。")
            self._asked(words, partial(self._take_back, ids))

        self.context.write(use_case, self.context.actor, *arguments, done=done, owner=self)

    def _take_back(self, ids: list[str]) -> None:
        from models.services import changes

        def withdraw(session: Any, actor: Any) -> None:
            for change in ids:
                changes.withdraw(session, actor, change)

        self.context.write(withdraw, self.context.actor, owner=self.window())
