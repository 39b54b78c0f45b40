"""停用通知单: orders to disable accounts, given to units below or received from above, and how far each is (A9-A12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QStackedWidget

from models.domain.units import Role, Tier
from models.services.order_views import OrderSummary, list_orders, show_order
from models.services.orders import Issued, number_of
from sync import orders
from ui.context import AppContext
from ui.kit import Banner, PageHead, button, column, holder
from ui.kit.around import Around
from ui.moments import moment
from ui.page import Page
from ui.pages.letters_out import LettersOut
from ui.pages.order_detail import OrderView
from ui.pages.order_form import OrderDraft, OrderForm
from ui.pages.tabbed_list import TabbedList
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

TABS = (("open", "未办结"), ("received", "收到的"), ("given", "本单位下达的"), ("all", "全部"))
LIST, VIEW, FORM = range(3)


class OrdersPage(Page):
    """The list, one order, or the form of a new one."""

    TABLES = frozenset({"disable_order", "disable_order_item", "account", "message"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._wanted = ""
        self._found: list[OrderSummary] = []
        self._issues = context.has(Role.REGISTRAR) and context.actor.unit.tier is not Tier.SCHOOL
        self._build()

    def _build(self) -> None:
        new = button(self.tr("下达停用通知单"), "user-off", "primary", "Ctrl+N", on_click=self.begin)
        new.setVisible(self._issues)
        self.head = PageHead(self.tr("停用通知单"), "", [new])
        self.news = Banner("info", "", closable=True)
        self.news.hide()
        self.letters = LettersOut(self.context, self.news, self)
        self.list = TabbedList(self.tr("停用通知单"), TABS, columns(), "user-off")
        self.list.tab_chosen.connect(lambda _: self._draw())
        self.list.opened.connect(self.open_row)
        front = column(self.head, Around(self.news, (16, 10, 16, 4)), (self.list, 1), spacing=0)
        self.view = OrderView(self.context)
        self.view.left.connect(lambda: self._go(LIST))
        self.view.done.connect(self._did)
        self.form = OrderForm(self.context)
        self.form.left.connect(lambda: self._go(LIST))
        self.form.given.connect(self._issue)
        self.stack = QStackedWidget()
        for part in (holder(front), self.view, self.form):
            self.stack.addWidget(part)
        self.setLayout(column(self.stack))

    # --- reading ----------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`order`: open that one (id or number); `accounts`: start an order on these account ids."""
        if arguments.get("order"):
            self._open(str(arguments["order"]))
        elif arguments.get("accounts") and self._issues:
            self.form.begin(list(arguments["accounts"]))
            self._go(FORM)

    def refresh(self) -> None:
        """Read the orders and the one in sight again."""
        self.context.read(list_orders, done=self._show, owner=self, replaces="orders-list")
        if self.stack.currentIndex() == VIEW and self.view.detail is not None:
            self._read(self.view.detail.summary.id)
        self.letters.refresh()

    def _show(self, found: list[OrderSummary]) -> None:
        self._found = found
        late = sum(one.overdue for one in found)
        words = self.tr("共 {n} 份").format(n=len(found)) + (
            self.tr("，{n} 个账户逾期未执行").format(n=late) if late else ""
        )
        self.head.set_sub(words)
        self._draw()

    def _of(self, tab: str) -> list[OrderSummary]:
        given = {"received": (False,), "given": (True,)}.get(tab, (True, False))
        return [one for one in self._found if one.given in given and (tab != "open" or one.state == "open")]

    def _draw(self) -> None:
        self.list.show_counts({key: len(self._of(key)) for key, _ in TABS})
        self.list.show_rows(self._of(self.list.tab), self._nothing(), self._wanted)
        self._wanted = ""
        self.say_hint()

    def _nothing(self) -> str:
        if self._found:
            return self.tr("这里没有停用通知单。")
        if self._issues:
            return self.tr("还没有停用通知单。对不规范、未实名、未备案等账户下达后，各单位办得怎样列在这里。")
        return self.tr("还没有停用通知单。上级要求停用的账户会列在这里，由本单位执行或提出异议。")

    def open_row(self, one: OrderSummary | None) -> None:
        """Open a row in full."""
        if one is not None:
            self._open(one.id)

    def _open(self, order_id: str) -> None:
        self.view.detail = None
        self._read(order_id)

    def _read(self, order_id: str) -> None:
        self.context.read(show_order, order_id, done=self._show_detail, owner=self, replaces="order")

    def _show_detail(self, detail: Any) -> None:
        fresh = self.view.detail is None
        self.view.show_detail(detail)
        if fresh:
            self._wanted = detail.summary.id
            self._go(VIEW)
            self.view.list.table.setFocus()

    def _go(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        self.say_hint()

    # --- acting -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Start an order."""
        if self._issues:
            self.form.begin()
            self._go(FORM)
            self.form.names.setFocus()

    def _issue(self, draft: OrderDraft) -> None:
        store = self.context.store
        words = self.tr("对 {n} 个账户下达停用通知单，签名后随下一次送出的文件交给所在单位。")

        def done(issued: Issued) -> None:
            self.form.begin()
            self._wanted = issued.order_id
            self._go(LIST)
            units = len({unit_id for unit_id, _ in issued.letters})
            said = self.tr("已下达停用通知单 {number}：{n} 个账户，{units} 个单位，期限 {due}。")
            self.letters.said(
                said.format(number=number_of(issued.order_id), n=issued.count, units=units, due=issued.due)
            )
            self.refresh()

        self.context.with_passphrase(
            self, self.tr("签名下达"), words.format(n=len(draft.account_ids)),
            lambda secret: orders.issue(store, secret, draft.account_ids, draft.reason, draft.note, draft.due), done,
        )  # fmt: skip

    def _did(self, sentence: str) -> None:
        self.context.toast(sentence)
        self.letters.said(sentence)
        self.refresh()

    # --- the window -------------------------------------------------------------------------------------

    def open_file(self, path: Path) -> bool:
        """A list of user names belongs to the form in front."""
        if self.stack.currentIndex() != FORM:
            return False
        self.form.read(path)
        return True

    def has_draft(self) -> bool:
        """Whether something was filled in."""
        return self.form.has_draft() or self.view.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of what is in front."""
        shown = self.stack.currentIndex()
        acts: dict[str, Any] = {"new": self.begin, "export": self.letters.write}
        if shown == FORM:
            acts |= {"submit": self.form.give, "close_panel": lambda: self._go(LIST), "open": self.form.choose}
        elif shown == VIEW:
            acts |= {"print": self.view.print_, "submit": self.view.carry_out, "close_panel": lambda: self._go(LIST)}
            acts |= {"next_item": lambda: self.view.list.step(1), "previous_item": lambda: self.view.list.step(-1)}
        else:
            acts |= {"next_item": lambda: self.list.step(1), "previous_item": lambda: self.list.step(-1)}
        if key not in acts:
            return False
        acts[key]()
        return True

    def hint(self) -> str:
        """Keys of what is in front."""
        shown = self.stack.currentIndex()
        if shown == FORM:
            return self.tr("Ctrl+Enter 签名下达 · Ctrl+O 从文件读取 · Esc 返回")
        if shown == VIEW:
            return self.tr("Ctrl+A 全选 · Ctrl+Enter 禁用所选 · Esc 返回列表")
        return self.tr("{n} 份 · 回车 打开 · J / K 上下一条 · Ctrl+E 写出待发函件").format(n=len(self.list.model.rows))


def columns() -> tuple[TableColumn, ...]:
    """The columns of the list."""
    return (
        TableColumn("number", "编号", 96, lambda o: Cell(o.number)),
        TableColumn("owner", "下达单位", 170, lambda o: Cell("本单位" if o.given else o.owner_name)),
        TableColumn("reason", "原因", 180, lambda o: Cell(f"{o.reason_label} {o.note}".strip(), tip=o.note)),
        TableColumn("progress", "账户", 250, _progress),
        TableColumn("state", "状态", 124, _state),
        TableColumn("due", "期限", 100, lambda o: Cell(o.due)),
        TableColumn("at", "下达时间", 120, lambda o: Cell(moment(o.issued_at))),
    )


def _progress(one: OrderSummary) -> Cell:
    parts = [f"共 {one.total}", f"已禁用 {one.done}"]
    parts += [f"有异议 {one.objected}"] if one.objected else []
    parts += [f"待执行 {one.open}"] if one.open else []
    return Cell(" · ".join(parts))


def _state(one: OrderSummary) -> Cell:
    if one.overdue:
        return Cell(one.state_label, "bad", "alert-triangle")
    return Cell(one.state_label, *(("wait", "hourglass") if one.open else ("ok", "circle-check")))
