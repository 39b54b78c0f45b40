"""Accounts under a user name that another unit holds, said over the list with one button for all of them (A17 h)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from ui.context import AppContext
from ui.kit import Banner, button
from ui.pages.account_requests import take_back

if TYPE_CHECKING:
    from models.services.accounts.collisions import Held

_NAMED = 3


class CollisionBar(Banner):
    """Out of sight while there is none; `done` when renames were asked for."""

    done = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__("warn", "")
        self.context = context
        self.ids: list[str] = []
        self.hide()

    def refresh(self) -> None:
        """Look again whether there are any."""
        from models.services.accounts.collisions import held_elsewhere

        self.context.read(held_elsewhere, done=self._show, owner=self, replaces="collisions")

    def _show(self, held: list[Held]) -> None:
        self.ids = [one.id for one in held if one.can_rename]
        waiting = [one for one in held if one.waiting]
        if not (self.ids or waiting):
            self.hide()  # what is being renamed is on its way already
            return
        shown = [one for one in held if not one.change]
        names = "、".join(f"{one.name} {one.username}" for one in shown[:_NAMED])
        more = self.tr(" 等 {n:,} 个账户").format(n=len(shown)) if len(shown) > _NAMED else ""
        words = self.tr("用户名已被其他单位使用：{names}{more}。").format(names=names, more=more)
        if waiting:
            words += self.tr("其中 {n} 个还没有批准，请退回或撤回新建申请后更换用户名。").format(n=len(waiting))
        act = self.tr("为 {n:,} 个重名账户申请更名").format(n=len(self.ids))
        self.go = button(act, "pencil", on_click=self.propose)
        self.say("warn", words, [self.go] if self.ids else [])

    def propose(self) -> None:
        """Ask the head for a free user name by the rule for each."""
        from models.services.accounts.collisions import propose_renames

        self.go.setEnabled(False)
        self.context.write(
            propose_renames, self.context.actor, self.ids, done=self._asked, owner=self, failed=self._refused
        )  # fmt: skip

    def _asked(self, changes: list[str]) -> None:
        words = self.tr("已为 {n:,} 个账户申请更名，主管领导批准后启用新的用户名。").format(n=len(changes))
        self.context.toast(words, partial(take_back, self.context, self.window(), changes))
        self.done.emit()

    def _refused(self, error: Exception) -> None:
        self.go.setEnabled(True)
        self.context.show_error(error)
