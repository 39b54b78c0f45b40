"""One order to disable accounts with its accounts; where they are held they are disabled or objected to (A12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.domain.orders import ITEM_LABELS, OVERDUE_LABEL, ItemState
from models.domain.units import Role
from models.services.order_views import OrderDetail, OrderItem
from sync import orders
from ui.context import AppContext
from ui.kit import Banner, PageHead, button, column, frame, label, row
from ui.kit.around import Around
from ui.moments import moment
from ui.pages.opinion_line import OpinionLine
from ui.pages.tabbed_list import TabbedList
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

ITEM_TABS = (("all", "全部"), *((state.value, words) for state, words in ITEM_LABELS.items()))
LOOK = {
    ItemState.OPEN: ("wait", "hourglass"), ItemState.DONE: ("ok", "circle-check"),
    ItemState.OBJECTED: ("warn", "alert-triangle"),
}  # fmt: skip
_OBJECTIONS = ("该账户已实名、已备案，附核对情况。", "本单位没有这个账户。", "该教师仍在岗，请核实后再定。")


class _Line:
    """An account of an order as the list shows it."""

    def __init__(self, item: OrderItem) -> None:
        self.id, self.item = str(item.position), item


class OrderView(QWidget):
    """Shows an order. `left`: back to the list; `done` carries the sentence that says what was done."""

    left = Signal()
    done = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.detail: OrderDetail | None = None
        back = button(self.tr("返回列表"), "chevron-left", tip="Esc", on_click=self.left.emit)
        paper = button(self.tr("打印"), "printer", tip="Ctrl+P", on_click=self.print_)
        self.head = PageHead("", "", [paper, back])
        self.note = Banner("info", "")
        self.list = TabbedList(self.tr("通知单上的账户"), ITEM_TABS, item_columns(), "user-off")
        self.list.tab_chosen.connect(lambda _: self._draw())
        self.list.table.selectionModel().selectionChanged.connect(lambda *_: self._dress())
        self.reason = OpinionLine(
            self.tr("异议的理由（提出异议时必填；输入 / 选常用语）"), self.tr("异议的理由"), _OBJECTIONS
        )
        self.object = button(self.tr("提出异议"), "alert-triangle", on_click=self.object_)
        self.execute = button(self.tr("执行"), "user-off", "danger", "Ctrl+Enter", on_click=self.carry_out)
        self.instead = label(kind="dim", wrap=True)
        parts = (self.instead, 1), (self.reason, 1), self.object, self.execute
        self.foot = frame("foot", row(*parts, margins=(16, 8, 16, 8)))
        self.setLayout(
            column(self.head, Around(self.note, (16, 8, 16, 4)), (self.list, 1), self.foot, spacing=0)
        )  # fmt: skip

    # --- showing ----------------------------------------------------------------------------------------

    def show_detail(self, detail: OrderDetail) -> None:
        """Show an order; another one from its first tab."""
        if self.detail is None or self.detail.summary.id != detail.summary.id:
            self.reason.setText("")
        self.detail = detail
        one = detail.summary
        self.head.title.setText(self.tr("停用通知单 {n} · {why}").format(n=one.number, why=one.reason_label))
        facts = self.tr("{who} {by} {at} 下达 · 期限 {due}").format(
            who=one.owner_name, by=one.issued_by, at=moment(one.issued_at), due=one.due or self.tr("未定")
        )
        self.head.set_sub(facts)
        late = self.tr("已逾期，还有 {n} 个没有办理。").format(n=one.overdue) if one.overdue else ""
        text = f"{self.tr('说明：')}{one.note} {late}" if one.note else late
        self.note.say("bad" if one.overdue else "info", text)
        self.note.setVisible(bool(text))
        self._draw()

    def _draw(self) -> None:
        if self.detail is None:
            return
        items = self.detail.items
        counts = {key: sum(key in ("all", one.state) for one in items) for key, _ in ITEM_TABS}
        self.list.show_counts(counts)
        shown = [_Line(one) for one in items if self.list.tab in ("all", one.state)]
        self.list.show_rows(shown, self.tr("没有这样的账户。"))
        self._dress()

    @property
    def _may(self) -> bool:
        """Whether the person may carry the order out here."""
        return self.detail is not None and not self.detail.summary.given and self.context.has(Role.REGISTRAR)

    def _dress(self) -> None:
        if self.detail is None:
            return
        one = self.detail.summary
        left = one.open + one.objected
        offered = self._may and bool(left)
        for part in (self.reason, self.object, self.execute):
            part.setVisible(offered)
        chosen = self._chosen()
        self.execute.set_text(self.tr("禁用所选 {n} 个").format(n=len(chosen)))
        self.execute.setEnabled(bool(chosen))
        self.object.setEnabled(any(item.state == ItemState.OPEN for item in chosen))
        words = self.tr("由账户所在单位执行。已禁用 {done}，有异议 {objected}，待执行 {open}。")
        self.instead.setText(words.format(done=one.done, objected=one.objected, open=one.open))
        self.instead.setVisible(not offered)

    def _chosen(self) -> list[OrderItem]:
        """The selected accounts that can still be dealt with."""
        return [line.item for line in self.list.selected() if line.item.state != ItemState.DONE]

    # --- acting -----------------------------------------------------------------------------------------

    def carry_out(self) -> None:
        """Disable the selected accounts, after a question: the proof goes up at once."""
        chosen = self._chosen()
        if not self._may or not chosen:
            return
        words = self.tr("禁用 {n} 个账户：{names}。回执随下一次送出的文件告知下达单位。")
        names = "、".join(item.username or item.label for item in chosen[:5])
        names += self.tr("等") if len(chosen) > 5 else ""
        self.context.prompt.confirm(
            self, self.tr("禁用账户"), words.format(n=len(chosen), names=names),
            lambda: self._write(orders.execute, chosen, self.tr("已禁用 {n} 个账户。")), danger=True,
        )  # fmt: skip

    def object_(self) -> None:
        """Object to the selected accounts."""
        chosen = [item for item in self._chosen() if item.state == ItemState.OPEN]
        reason = self.reason.text().strip()
        if not self._may or not chosen:
            return
        if not reason:
            self.reason.complain(self.tr("请写明理由，让下达单位能够判断。"))
            return
        self._write(orders.object_, chosen, self.tr("已对 {n} 个账户提出异议。"), reason)

    def _write(self, act: Any, chosen: Sequence[OrderItem], said: str, *more: str) -> None:
        assert self.detail is not None
        places = [item.position for item in chosen]

        def done(_: object) -> None:
            self.reason.setText("")
            self.done.emit(said.format(n=len(places)))

        self.context.write(
            act, self.context.actor, self.detail.summary.id, places, *more, done=done, owner=self,
            title=self.tr("办理停用通知单"),
        )  # fmt: skip

    def print_(self) -> None:
        """The order on paper, with what was done to every account."""
        if self.detail is not None:
            from ui.pages.papers import order_html
            from ui.printing import preview

            title = self.tr("停用通知单 {n}").format(n=self.detail.summary.number)
            preview(self, title, order_html(self.detail), landscape=True)

    def has_draft(self) -> bool:
        """Whether a reason is being written."""
        return bool(self.reason.text())


def item_columns() -> tuple[TableColumn, ...]:
    """The columns of the accounts."""
    return (
        TableColumn("n", "序号", 54, lambda x: Cell(str(x.item.position + 1), right=True)),
        TableColumn("username", "用户名", 150, lambda x: Cell(x.item.username or "（无）")),
        TableColumn("label", "姓名", 110, lambda x: Cell(x.item.label)),
        TableColumn("unit", "所在单位", 170, lambda x: Cell(x.item.unit_name)),
        TableColumn("state", "办理情况", 130, _state),
        TableColumn("status", "账户现状", 90, lambda x: Cell(_STATUS.get(x.item.account_status, "不在本级"))),
        TableColumn("by", "办理人", 190, _by),
        TableColumn("note", "理由或说明", 200, lambda x: Cell(x.item.note, tip=x.item.note)),
    )


_STATUS = {"active": "使用中", "disabled": "已禁用"}


def _state(x: Any) -> Cell:
    if x.item.overdue:
        return Cell(OVERDUE_LABEL, "bad", "alert-triangle")
    return Cell(x.item.state_label, *LOOK[ItemState(x.item.state)])


def _by(x: Any) -> Cell:
    return Cell(f"{x.item.done_by} {moment(x.item.done_at)}" if x.item.done_at else "")
