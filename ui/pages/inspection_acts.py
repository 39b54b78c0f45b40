"""What is done with chosen findings: left as they are with a reason, taken up again, or put on the disable list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from models.domain.inspection import FindingState
from models.domain.times import local_day, now_text
from models.services.inspection.advice import is_corrected_first
from models.services.orders import DEFAULT_DAYS
from ui.context import AppContext
from ui.forms.inputs import line, on_enter
from ui.kit import button, column, holder, label, row
from ui.pages.inspection_finding import is_to_disable
from ui.pages.opinion_line import OpinionLine

if TYPE_CHECKING:
    from models.services.inspection.handling import Listed
    from models.services.inspection.views import FindingView

REASONS = ("已与本人核实，账户正常使用。", "已在平台上更正。", "属于其他单位的账户，已转告。")


class ActsBar(QFrame):
    """The foot under the findings. `dismissed` carries the reason; `restored`, `asked` nothing."""

    dismissed = Signal(str)
    restored = Signal()
    asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "foot")
        self.reason = OpinionLine(
            self.tr("不予处理的理由（必填；输入 / 选常用语）"), self.tr("不予处理的理由"), REASONS
        )
        self.dismiss = button(self.tr("不予处理"), "minus", on_click=self.give_dismissal)
        self.restore = button(self.tr("恢复处理"), "arrow-back-up", on_click=self.restored.emit)
        self.list = button(self.tr("列入停用清单"), "user-off", "danger", "Ctrl+Enter", on_click=self.asked.emit)
        self.words = label(kind="dim", wrap=True)
        self.setLayout(
            row((self.words, 1), (self.reason, 1), self.dismiss, self.restore, self.list, margins=(16, 8, 16, 8))
        )

    def show_chosen(self, chosen: Sequence[FindingView], words: str) -> None:
        """Offer what can be done with these; `words` instead when nothing can be done at all."""
        states = [FindingState(one.state) for one in chosen]
        unsettled, dismissed = states.count(FindingState.OPEN), states.count(FindingState.DISMISSED)
        for part in (self.reason, self.dismiss, self.list):
            part.setVisible(not words)
        self.restore.setVisible(not words and bool(dismissed))
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self.dismiss.set_text(self.tr("不予处理 {n:,} 项").format(n=unsettled))
        self.restore.set_text(self.tr("恢复处理 {n:,} 项").format(n=dismissed))
        self.list.set_text(self.tr("列入停用清单 {n:,} 项").format(n=unsettled))
        self.dismiss.setEnabled(bool(unsettled))
        self.list.setEnabled(bool(unsettled))

    def give_dismissal(self) -> None:
        """Give the reason, or ask for it."""
        reason = self.reason.text().strip()
        if not reason:
            self.reason.complain(self.tr("请写明不予处理的理由，以便以后查考。"))
            return
        self.dismissed.emit(reason)


class DisableBar(QFrame):
    """Says what the disable list will be and asks for the deadline of orders. `given` carries the deadline ("" when
    no order is given)."""

    given = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "foot")
        self.context = context
        self.orders = False
        self.positions: tuple[int, ...] = ()
        """The findings it was asked for; what is chosen later does not change them."""
        self.words = label(wrap=True)
        self.due = line(self.tr("通知单的执行期限")).without_room()
        self.due.setFixedWidth(170)
        on_enter(self.due, self.submit)
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self.go = button("", "user-off", "primary", "Ctrl+Enter", on_click=self.submit)
        close = button(self.tr("取消"), tip="Esc", on_click=self.hide)
        low = holder(column(None, row(close, self.go)))
        words = column(self.words, self.fault, spacing=2)
        self.setLayout(row((words, 1), self.due, low, margins=(16, 8, 16, 8), spacing=12))
        self.hide()

    def ask(self, chosen: Sequence[FindingView]) -> None:
        """Open for findings that nothing was decided on yet."""
        self.positions = tuple(one.position for one in chosen)
        own_id = self.context.actor.unit.id
        fit = [one for one in chosen if is_to_disable(one)]
        own = {one.account_id for one in fit if one.account_id and one.unit_id == own_id and not _on_platform(one)}
        below = {one.account_id for one in fit if one.account_id and one.unit_id != own_id and not _on_platform(one)}
        platform = {one.username for one in fit if not one.account_id or _on_platform(one)}
        counted = (
            (len(own), self.tr("本单位账户 {n} 个，报主管领导批准后禁用")),
            (len(below), self.tr("所辖单位账户 {n} 个，下达停用通知单")),
            (len(platform), self.tr("名册中没有在用记录的 {n} 个，只在平台上停用")),
        )
        words = "；".join(text.format(n=f"{number:,}") for number, text in counted if number)
        keys = {_account_of(one) for one in fit}
        rest = sum(_account_of(one) not in keys for one in chosen)
        left = self.tr("另有 {n} 项只需更正，不列入。").format(n=rest) if rest and fit else ""
        mend = sum(is_corrected_first(one.code, one.details) for one in fit)
        left += self.tr("其中 {n} 项一般先更正，更正不了的才停用。").format(n=mend) if mend else ""
        self.words.setText(f"{words}。{left}" if fit else self.tr("所选的只需更正，没有要停用的账户。"))
        self.orders = bool(below)
        self.due.setVisible(self.orders)
        day = date.fromisoformat(local_day(now_text())) + timedelta(days=DEFAULT_DAYS)
        self.due.set_text(day.isoformat())
        self.fault.hide()
        self.go.set_text(self.tr("签名并列入") if self.orders else self.tr("列入停用清单"))
        self.go.setEnabled(bool(fit))
        self.show()
        focus: QWidget = self.due if self.orders else self.go
        focus.setFocus()

    def submit(self) -> None:
        """Give it on; a deadline that is no day, or has passed, is said here."""
        if not self.go.isEnabled():
            return
        due = self.due.text() if self.orders else ""
        if self.orders and not _is_ahead(due):
            self.fault.setText(self.tr("期限须是今天以后的日期，写成 2026-12-31 的样子。"))
            self.fault.show()
            self.due.setFocus()
            return
        self.hide()
        self.given.emit(due)


def _on_platform(one: FindingView) -> bool:
    """Whether the register has no such account in use."""
    return one.code in ("unknown", "left", "still_active")


def _account_of(one: FindingView) -> str:
    return one.account_id or one.username


def _is_ahead(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text >= local_day(now_text())
    except ValueError:
        return False


def listed_words(made: Listed) -> str:
    """What the disable list became, in a sentence."""
    parts = (
        (len(made.changes), "本单位 {n} 个，已报主管领导批准"), (len(made.orders), "已下达停用通知单 {n} 份"),
        (made.platform, "只在平台上停用 {n} 个"), (made.under_way, "已在办理 {n} 个"),
    )  # fmt: skip
    words = "，".join(text.format(n=number) for number, text in parts if number)
    rest = f"另有 {made.skipped} 处只需更正，未列入。" if made.skipped else ""
    return f"停用清单共 {made.accounts} 个账户：{words}。{rest}"
