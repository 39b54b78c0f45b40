"""The bar over the accounts that asks the head to disable or enable those chosen, with a reason (A8, A12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from models.domain.fields import ACCOUNTS
from models.domain.orders import REASONS
from ui.context import AppContext
from ui.forms.inputs import choice, line, on_enter
from ui.kit import button, column, holder, label, row

if TYPE_CHECKING:
    from models.services.roster import Row
    from models.store.store import Session

DISABLE, ENABLE = "disable", "enable"
_FROM = {DISABLE: "active", ENABLE: "disabled"}


@dataclass(frozen=True)
class Chosen:
    """What is asked for whom: `ids` of the accounts it can be asked for, how many are held up, and why in words."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    left: tuple[str, ...]


def read_chosen(session: Session, unit_id: str, act: str, ids: Sequence[str]) -> Chosen:
    """Sort the chosen accounts: those of this unit, in the right state, with nothing under way."""
    from models.services import roster

    rows = roster.page(session, ACCOUNTS, ids)

    def kept(found: Row) -> bool:
        return found.unit_id == unit_id and found.status == _FROM[act] and not found.open_change

    counted = (
        (sum(one.unit_id != unit_id for one in rows), "{n} 个属于其他单位，须下达停用通知单"),
        (sum(one.unit_id == unit_id and bool(one.open_change) for one in rows), "{n} 个已有在办的变更"),
    )
    fit = [one for one in rows if kept(one)]
    left = tuple(words.format(n=number) for number, words in counted if number)
    return Chosen(tuple(one.id for one in fit), tuple(one.values["name"] for one in fit), left)


class RequestBar(QFrame):
    """`ask` opens it for accounts; `done` when they have been asked for."""

    done = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.context = context
        self._act, self._chosen = DISABLE, Chosen((), (), ())
        self.code = choice(self.tr("禁用原因"), [(one.key, one.label) for one in REASONS]).without_room()
        self.code.setMinimumWidth(120)
        self.reason = line(self.tr("说明"), "").without_room()
        on_enter(self.reason, self.submit)
        self.go = button("", "send", "primary", "Ctrl+Enter", on_click=self.submit)
        close = button("", "x", "link", self.tr("关闭"), on_click=self.hide)
        self.words = label("", "dim", wrap=True)
        inputs = row(self.code, (self.reason, 1), self._low(self.go), self._low(close))
        self.setLayout(column(inputs, self.words, margins=(16, 8, 16, 8), spacing=4))
        self.hide()

    @staticmethod
    def _low(widget: QWidget) -> QWidget:
        return holder(column(None, widget))

    def ask(self, act: str, ids: Sequence[str]) -> None:
        """Open for accounts; `act` DISABLE or ENABLE."""
        self._act = act
        off = act == DISABLE
        self.code.setVisible(off)
        self.reason.caption.setText(self.tr("说明") if off else self.tr("恢复原因"))
        self.reason.widget.setAccessibleName(self.reason.caption.text())
        self.reason.set_text("")
        self.reason.fail("")
        unit_id = self.context.actor.unit.id
        self.context.read(read_chosen, unit_id, act, list(ids), done=self._show, owner=self, replaces="chosen")

    def _show(self, chosen: Chosen) -> None:
        self._chosen = chosen
        number = len(chosen.ids)
        act = self.tr("申请禁用 {n:,} 个") if self._act == DISABLE else self.tr("申请恢复 {n:,} 个")
        self.go.set_text(act.format(n=number))
        self.go.setEnabled(bool(number))
        names = "、".join(chosen.names[:4]) + (self.tr(" 等") if number > 4 else "")
        whom = self.tr("{names}，经主管领导批准后生效。").format(names=names) if number else ""
        left = self.tr("所选的另有 {what}。") if number else self.tr("所选的 {what}，没有可以申请的。")
        rest = left.format(what="，".join(chosen.left)) if chosen.left or not number else ""
        self.words.setText(whom + rest)
        self.show()
        self.reason.setFocus()

    def submit(self) -> None:
        """Ask the head; what is missing is said below its input."""
        from models.domain.orders import REASON
        from models.services.accounts import status

        text, code = self.reason.text(), self.code.text()
        if not self.go.isEnabled():
            return
        if not text and (self._act == ENABLE or REASON[code].needs_note):
            self.reason.fail(self.tr("请写明恢复原因。") if self._act == ENABLE else self.tr("请用文字写明原因。"))
            self.reason.reach()
            return
        ids = list(self._chosen.ids)
        self.go.setEnabled(False)
        if self._act == DISABLE:
            self._write(status.propose_disable, ids, code, text)
        else:
            self._write(status.propose_enable, ids, text)

    def _write(self, use_case: Callable[..., list[str]], *arguments: Any) -> None:
        self.context.write(
            use_case, self.context.actor, *arguments, done=self._asked, owner=self, failed=self._refused
        )  # fmt: skip

    def _asked(self, changes: list[str]) -> None:
        self.hide()
        words = self.tr("已提交 {n:,} 份申请，主管领导批准后生效。").format(n=len(changes))
        self.context.toast(words, partial(take_back, self.context, self.window(), changes))
        self.done.emit()

    def _refused(self, error: Exception) -> None:
        self.go.setEnabled(True)
        self.reason.fail(self.context.errors.describe(error).sentence)


def take_back(context: AppContext, owner: QWidget, changes: Sequence[str]) -> None:
    """Withdraw what was just asked for."""
    from models.services import changes as use_cases

    def withdraw(session: Any, actor: Any) -> None:
        for change in changes:
            use_cases.withdraw(session, actor, change)

    context.write(withdraw, context.actor, owner=owner)
