"""Accounts of teachers on the learning platform (A8, A16, A17)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QButtonGroup

from models.domain.fields import ACCOUNTS
from models.domain.units import Line, Role, Tier
from ui.context import AppContext
from ui.kit import Button, EmptyState, PageHead, button, column, holder, row, rule
from ui.kit.around import Around
from ui.page import Page
from ui.pages.account_panel import AccountPanel
from ui.pages.account_report import count_waiting, may_report, report_accounts
from ui.pages.account_requests import DISABLE, ENABLE, RequestBar
from ui.pages.bulk_bar import BulkBar
from ui.pages.collision_bar import CollisionBar
from ui.pages.listing import Listing
from ui.pages.listing_columns import ListingColumns
from ui.pages.listing_output import export, print_list
from ui.tables.model import CHECK

if TYPE_CHECKING:
    from models.store.store import Session

USUAL = ("name", "username", "state", "check", "department", "post", "employment", "on_staff", "phone", "updated_at")
FACETS = ("department", "employment", "on_staff", "post", "city", "county", "sex")
PANEL_FROM = 1000
LOOKED_AT = 50
"""Chosen accounts by which is told whether an order or a request of the own unit is offered."""
TABS = {"active": "使用中", "pending": "待批准", "disabled": "已禁用"}
NOTHING = {
    "active": "没有使用中的账户。", "pending": "没有等待批准的账户。", "disabled": "没有已禁用的账户。",
}  # fmt: skip


def count_accounts(session: Session, unit_id: str | None) -> tuple[dict[str, int], int]:
    """Accounts by status, and those of this unit that are not filed as they are."""
    from models.services.roster import RosterQuery, list_ids

    numbers = {one: len(list_ids(session, RosterQuery(kind=ACCOUNTS, unit_id=unit_id, status=one))) for one in TABS}
    return numbers, count_waiting(session)


def status_of(session: Session, row_id: str) -> str:
    """The status of an account, "" when it is gone."""
    from models.services import roster

    found = roster.page(session, ACCOUNTS, [row_id])
    return found[0].status if found else ""


class AccountsPage(Page):
    """List at the left, one account or its form at the right."""

    TABLES = frozenset({"account", "change"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.panel = AccountPanel(context)
        one_unit = context.actor.unit.tier is Tier.SCHOOL
        columns = ListingColumns(ACCOUNTS, self.tr("教师账户表格"), USUAL, one_unit=one_unit)
        add = button(self.tr("新增账户"), "user-plus", on_click=self._add)
        add.setVisible(self.panel.may_edit)
        hint = self.tr("从 Excel 复制一块后按 Ctrl+V，或把表格文件拖到窗口里，可成批新增。")
        empty = EmptyState(self.tr("还没有教师账户。"), add, hint, "id-badge")
        self.listing = Listing(context, ACCOUNTS, columns, FACETS, empty, "active")
        self.bulk = BulkBar(context, ACCOUNTS, self.listing.chosen_ids)
        self.request, self.collisions = RequestBar(context), CollisionBar(context)
        self._wanted_panel = True
        self.listing.above.addWidget(Around(self.collisions, (12, 8, 12, 4)))
        self._tabs()
        for bar in (self.bulk, self.request):
            self.listing.above.addWidget(bar)
        self.head = self._make_head()
        self.setLayout(column(self.head, (holder(row((self.listing, 1), self.panel, spacing=0)), 1), spacing=0))
        self.listing.opened.connect(self._opened)
        self.listing.counted.connect(self._show_chosen)
        self.listing.cleared.connect(lambda: self.show_status("active"))
        self.listing.table.doubleClicked.connect(lambda _index: self._edit())
        self.panel.closed.connect(self._close_panel)
        self.panel.saved.connect(self._saved)
        self.panel.asked.connect(lambda act: self.request.ask(act, [self.panel.row_id]))
        self.bulk.done.connect(self.listing.refresh)
        self.request.done.connect(self._changed)
        self.collisions.done.connect(self._changed)

    def _make_head(self) -> PageHead:
        add = button(self.tr("新增"), "plus", "", "Ctrl+N", on_click=self._add)
        bring = button(self.tr("导入"), "file-import", "", "Ctrl+I")
        bring.clicked.connect(lambda: self.context.navigate("import", kind=ACCOUNTS))
        bring.setVisible(self.context.has(Role.REGISTRAR))
        many = button(self.tr("批量修改"), "replace", "", "Ctrl+H", on_click=self._bulk)
        files = button(self.tr("平台文件"), "upload", "", self.tr("Moodle、OneRoster 文件和初始密码条"))
        files.clicked.connect(self._platform_files)
        for made in (add, many, files):
            made.setVisible(self.panel.may_edit)
        send = button(self.tr("导出"), "file-export", "", "Ctrl+E", on_click=self._export)
        paper = button(self.tr("打印"), "printer", "", "Ctrl+P", on_click=self._print)
        tip = self.tr("把尚未上报的账户作为一批账户备案，经主管领导核办后报上级备案")
        self._report = button("", "rubber-stamp", "primary", tip, on_click=lambda: report_accounts(self.context))
        self._report.hide()
        sub = self.tr("用户名按规则生成：地名前缀 + 姓名全拼")
        return PageHead(self.tr("教师账户"), sub, [add, bring, many, send, paper, files, self._report])

    def _tabs(self) -> None:
        self._states: dict[str, Button] = {}
        group = QButtonGroup(self)
        for status, words in TABS.items():
            made = button(self.tr(words), "", "tab", checkable=True, checked=status == "active")
            made.clicked.connect(lambda _on, status=status: self.show_status(status))
            group.addButton(made)
            self._states[status] = made
        self.order = button("", "user-off", "link", self.tr("对所选账户下达停用通知单，由所在单位执行"))
        self.order.clicked.connect(lambda: self.context.navigate("orders", accounts=self.listing.chosen_ids()))
        self.off = button("", "user-off", "link", self.tr("写明原因，经主管领导批准后禁用"))
        self.off.clicked.connect(lambda: self.request.ask(DISABLE, self.listing.chosen_ids()))
        self.again = button("", "user", "link", self.tr("写明原因，经主管领导批准后恢复使用"))
        self.again.clicked.connect(lambda: self.request.ask(ENABLE, self.listing.chosen_ids()))
        acts = (self.off, self.again, self.order)
        tabs = row(*self._states.values(), None, *acts, margins=(8, 0, 12, 0), spacing=0)
        self.listing.above.addWidget(holder(tabs))
        self.listing.above.addWidget(rule())

    # --- reading ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the list again."""
        self.listing.refresh()
        self.panel.reread()
        unit = self.listing.query.unit_id
        self.context.read(count_accounts, unit, done=self._show_counts, owner=self, replaces="account-counts")
        if self.panel.may_edit:
            self.collisions.refresh()

    def _changed(self) -> None:
        """Something was asked for: list, bar and panel follow."""
        self.refresh()

    def _show_counts(self, counted: tuple[dict[str, int], int]) -> None:
        numbers, waiting = counted
        for status, number in numbers.items():
            self._states[status].set_text(f"{self.tr(TABS[status])} {number:,}")
        self._report.set_text(self.tr("上报备案 {n}").format(n=f"{waiting:,}"))
        self._report.setVisible(bool(waiting) and may_report(self.context))

    def _show_chosen(self) -> None:
        """How many are chosen and what can be asked for them; at a supervising tier also the order for them."""
        unit, ids, status = self.context.actor.unit, self.listing.chosen_ids(), self.listing.query.status
        above = unit.line is Line.OPEN and unit.tier is not Tier.SCHOOL and self.context.has(Role.REGISTRAR)
        number, units = len(ids), self._units_of(ids[:LOOKED_AT])
        self.order.setVisible(above and bool(units - {unit.id}) and status == "active")
        self.order.set_text(self.tr("下达停用通知单（所选 {n:,} 个）").format(n=number))
        for made, words, wanted in (
            (self.off, self.tr("申请禁用 {n:,} 个"), "active"), (self.again, self.tr("申请恢复 {n:,} 个"), "disabled"),
        ):  # fmt: skip
            made.set_text(words.format(n=number))
            made.setVisible(self.panel.may_edit and bool(units & {unit.id, ""}) and status == wanted)
        self.say_hint()

    def _units_of(self, ids: list[str]) -> set[str]:
        """Whose these accounts are, as far as the list has read them; "" for one it has not."""
        model = self.listing.model
        rows = [model.row_at(model.position_of(row_id)) for row_id in ids]
        return {listed.row.unit_id if listed else "" for listed in rows}

    def arrive(self, **arguments: Any) -> None:
        """`status`: its tab; `subject_id`: show that account; `text`: search for it; `values`: of a new one."""
        if arguments.get("text") is not None:
            self.listing.set_query(replace(self.listing.query, text=str(arguments["text"]), filters={}))
        if arguments.get("status"):
            self.show_status(str(arguments["status"]))
        if arguments.get("values") is not None:
            self._show_panel()
            self.panel.add(arguments["values"])
        if arguments.get("subject_id"):
            self._go_to(str(arguments["subject_id"]))

    def _go_to(self, row_id: str) -> None:
        """Show an account in the tab it belongs to."""

        def found(status: str) -> None:
            if status in self._states and status != self.listing.query.status:
                self.show_status(status)
            self.listing.show_row(row_id)

        self.context.read(status_of, row_id, done=found, owner=self, replaces="account-status")

    def show_status(self, status: str) -> None:
        """Show accounts in use ("active"), waiting for their approval ("pending") or disabled ones."""
        self._states[status].setChecked(True)
        self.request.hide()
        self.listing.nothing.sentence.setText(self.tr(NOTHING[status]))
        self.listing.set_query(replace(self.listing.query, status=status))

    def hint(self) -> str:
        """How many rows are chosen, and the keys that help."""
        chosen, every = len(self.listing.chosen_ids()), len(self.listing.model.ids)
        return self.tr("已选 {n:,} / {all:,} · Ctrl+N 新增 · F2 编辑 · Ctrl+V 粘贴一块").format(n=chosen, all=every)

    # --- acts -------------------------------------------------------------------------------------------

    def _opened(self, row_id: str) -> None:
        self.panel.show_row(row_id)
        self.say_hint()

    def _show_panel(self) -> None:
        self._wanted_panel = True
        self.panel.show()

    def _add(self) -> None:
        self._show_panel()
        self.panel.add()

    def _edit(self) -> None:
        self._show_panel()
        self.panel.edit()

    def _saved(self, row_id: str) -> None:
        self._go_to(row_id)
        self.listing.refresh()
        self.listing.table.setFocus()

    def _close_panel(self) -> None:
        if not self.panel.has_draft():
            self._wanted_panel = False
            self.panel.hide()

    def _bulk(self) -> None:
        if self.panel.may_edit:
            self.bulk.ask({"name", "username", "id_number"})

    def _keys(self) -> list[str]:
        model = self.listing.model
        return [key for key in map(model.column_key, range(model.columnCount())) if key != CHECK]

    def _ids(self) -> list[str]:
        return self.listing.chosen_ids() if self.listing.model.checked else list(self.listing.model.ids)

    def _export(self) -> None:
        export(self, self.context, ACCOUNTS, self._ids(), self._keys(), self.tr("教师账户"))

    def _print(self) -> None:
        print_list(self, self.context, ACCOUNTS, self._ids(), self._keys(), self.tr("教师账户"))

    def _platform_files(self) -> None:
        from ui.dialogs.platform_files import PlatformFiles

        dialog = PlatformFiles(self, self.context, self.listing.chosen_ids() if self.listing.model.checked else ())
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def run_action(self, key: str) -> bool:
        """Keys of this page."""
        acts: dict[str, Callable[[], object]] = {
            "find": self.listing.search.setFocus, "new": self._add, "edit": self._edit, "bulk": self._bulk,
            "filter_value": self.listing.filter_by_current, "export": self._export, "print": self._print,
            "copy_headers": lambda: self.listing.table.copy(headers=True), "save": self.panel.save,
            "submit": self._submit, "next": lambda: self.listing.step(1), "previous": lambda: self.listing.step(-1),
            "paste": lambda: self.context.navigate("import", kind=ACCOUNTS, paste=True), "close_panel": self._escape,
            "import": lambda: self.context.navigate("import", kind=ACCOUNTS),
        }  # fmt: skip
        if key not in acts:
            return False
        acts[key]()
        return True

    def _submit(self) -> None:
        acts = ((self.bulk, self.bulk.write), (self.request, self.request.submit))
        next((act for bar, act in acts if bar.isVisible()), self.panel.save)()

    def _escape(self) -> None:
        open_bar = next((bar for bar in (self.bulk, self.request) if bar.isVisible()), None)
        if open_bar is not None:
            open_bar.hide()
        elif self.panel.form is not None and not self.panel.has_draft():
            self.panel.cancel()
        else:
            self._close_panel()

    def open_file(self, path: Path) -> bool:
        """A scan dropped anywhere goes to the rename that is open; without one it is said where it belongs."""
        if not self.panel.take(path):
            self.context.toast(self.tr("图片和 PDF 只作更名的证明：请先点“申请更名”，再拖进来。"), None, "info")
        return True

    def has_draft(self) -> bool:
        """Whether the form holds something that is not saved."""
        return self.panel.has_draft()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Hide the panel in a narrow window unless a form is open."""
        super().resizeEvent(event)
        if self.panel.form is None:
            self.panel.setVisible(self._wanted_panel and self.width() >= PANEL_FROM)
