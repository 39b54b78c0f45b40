"""专项核查: inspections of the platform's accounts, patrols of the register, and new ones (A6, A9-A12)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QStackedWidget

from models.domain.inspection import OVERDUE_LABEL, STATE_LABELS, FindingState
from models.services.inspection.views import InspectionDetail, InspectionSummary, list_inspections, show
from sync import inspections
from ui.context import AppContext
from ui.kit import PageHead, button, column, holder
from ui.moments import moment
from ui.page import Page
from ui.pages.inspection_finding import EDITORS
from ui.pages.inspection_form import WHAT_IT_IS, ExportForm
from ui.pages.inspection_view import InspectionView
from ui.pages.patrol_bar import PatrolBar
from ui.pages.tabbed_list import TabbedList
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

TABS = (("open", "办理中"), ("closed", "已办结"), ("all", "全部"))
LIST, VIEW, FORM = range(3)


def read_inspection(session: Session, inspection_id: str) -> tuple[InspectionDetail, tuple[str, ...] | None]:
    """One in full, and what is wrong with its signed record (None: it is not signed yet)."""
    detail = show(session, inspection_id)
    return detail, inspections.verify(session, inspection_id) if detail.summary.signed else None


class InspectionsPage(Page):
    """The list, one inspection, or an export before it is used."""

    TABLES = frozenset({"inspection", "inspection_finding", "change", "disable_order", "disable_order_item"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._found: list[InspectionSummary] = []
        self._wanted = ""
        self._may = context.has(*EDITORS)
        self._build()

    def _build(self) -> None:
        new = button(self.tr("新核查"), "list-check", "primary", "Ctrl+N", on_click=self.begin)
        walk = button(self.tr("新巡查"), "shield-check", on_click=self.ask_patrol)
        for made in (new, walk):
            made.setVisible(self._may)
        self.head = PageHead(self.tr("专项核查"), "", [walk, new])
        self.patrol = PatrolBar(self.context)
        self.patrol.made.connect(self.open_one)
        self.list = TabbedList(self.tr("专项核查和巡查"), TABS, columns(), "list-check")
        self.list.tab_chosen.connect(lambda _: self._draw())
        self.list.opened.connect(lambda one: self.open_one(one.id) if one is not None else None)
        self.view = InspectionView(self.context)
        self.view.left.connect(self._leave)
        self.view.changed.connect(self.refresh)
        self.view.proving.connect(self.begin)
        self.form = ExportForm(self.context)
        self.form.left.connect(self._leave_form)
        self.form.inspected.connect(self._inspected)
        self.form.proved.connect(self._proved)
        self.stack = QStackedWidget()
        front = column(self.head, self.patrol, (self.list, 1), spacing=0)
        for part in (holder(front), self.view, self.form):
            self.stack.addWidget(part)
        self.setLayout(column(self.stack))

    # --- reading ----------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`inspection`: open that one, by id or number."""
        if arguments.get("inspection"):
            self.open_one(str(arguments["inspection"]))

    def refresh(self) -> None:
        """Read the list and the one in sight again."""
        self.context.read(list_inspections, done=self._show, owner=self, replaces="inspections")
        if self.stack.currentIndex() == VIEW and self.view.detail is not None:
            self._read(self.view.detail.summary.id)

    def _show(self, found: list[InspectionSummary]) -> None:
        self._found = found
        late = sum(one.overdue for one in found if not one.signed)
        words = self.tr("共 {n} 次").format(n=len(found)) + (
            self.tr("，{n} 项逾期没有停用").format(n=late) if late else ""
        )
        self.head.set_sub(words)
        self._draw()

    def _of(self, tab: str) -> list[InspectionSummary]:
        return [one for one in self._found if tab in ("all", one.state)]

    def _draw(self) -> None:
        self.list.show_counts({key: len(self._of(key)) for key, _ in TABS})
        self.list.show_rows(self._of(self.list.tab), self._nothing(), self._wanted)
        self._wanted = ""
        self.say_hint()

    def _nothing(self) -> str:
        if self._found:
            return self.tr("这里没有专项核查或巡查。")
        if not self._may:
            return self.tr("还没有做过专项核查或巡查。由学籍管理员或系统管理员办理，结果列在这里。")
        words = self.tr(
            "还没有做过专项核查或巡查。\n把平台导出的账户清单拖到这里，与名册比对；没有清单时可以“新巡查”，只看名册。\n"
        )
        return words + WHAT_IT_IS

    def open_one(self, inspection_id: str) -> None:
        """Open one in full, by id or number."""
        self.view.detail = None
        self._read(inspection_id)

    def _read(self, inspection_id: str) -> None:
        self.context.read(read_inspection, inspection_id, done=self._show_detail, owner=self, replaces="inspection")

    def _show_detail(self, read: tuple[InspectionDetail, tuple[str, ...] | None]) -> None:
        fresh = self.view.detail is None
        self.view.show_detail(*read)
        if fresh:
            self._wanted = read[0].summary.id
            self._go(VIEW)
            self.view.list.table.setFocus()

    def take_focus(self) -> None:
        """Enter opens what is chosen, so the keyboard starts in the list."""
        table = (self.view.list if self.stack.currentIndex() == VIEW else self.list).table
        if table.isVisible():
            table.setFocus()
        else:
            super().take_focus()

    def _go(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        self.say_hint()

    def _leave(self) -> None:
        self._go(LIST)
        self.refresh()
        self.list.table.setFocus()

    def _leave_form(self) -> None:
        subject, self.form.opened = self.form.subject, None
        if subject is not None:
            self._go(VIEW)
            self.refresh()
        else:
            self._leave()

    # --- acting -----------------------------------------------------------------------------------------

    def begin(self, subject: InspectionSummary | None = None) -> None:
        """Start an inspection, or the proof of one."""
        if self._may:
            self.patrol.hide()
            self.form.begin(subject)
            self._go(FORM)

    def ask_patrol(self) -> None:
        """Start a patrol."""
        if self._may:
            self._go(LIST)
            self.patrol.ask()

    def _inspected(self, inspection_id: str) -> None:
        self.form.opened = None
        self.open_one(inspection_id)

    def _proved(self, inspection_id: str, words: str) -> None:
        self.form.opened = None
        self._go(VIEW)
        self._read(inspection_id)
        self.view.say(words)

    # --- the window -------------------------------------------------------------------------------------

    def open_file(self, path: Path) -> bool:
        """A list that is dropped proves the open inspection in front, else is inspected anew."""
        if not self._may:
            return False
        if self.stack.currentIndex() != FORM:
            proved = self.stack.currentIndex() == VIEW and self.view.is_open and self.view.detail
            self.begin(proved.summary if proved else None)
        self.form.read(path)
        return True

    def open_files(self, paths: list[Path]) -> bool:
        """One list at a time."""
        return bool(paths) and self.open_file(paths[0])

    def has_draft(self) -> bool:
        """Whether a file is open that was not used, or a reason is being written."""
        return self.form.has_draft() or self.view.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of what is in front."""
        acts = {"new": self.begin, **self._acts()}
        if key not in acts:
            return False
        acts[key]()
        return True

    def _acts(self) -> dict[str, Any]:
        shown = self.stack.currentIndex()
        if shown == FORM:
            return {"submit": self.form.run, "close_panel": self._leave_form, "open": self.form.choose}
        step = self.view.list.step if shown == VIEW else self.list.step
        steps: dict[str, Any] = {"next_item": lambda: step(1), "previous_item": lambda: step(-1)}
        if shown == VIEW:
            view = self.view
            return {
                "submit": view.submit, "close_panel": view.escape, "export": view.export_, "print": view.print_,
                **({"open": view.ask_proof} if view.is_open else {}), **steps,
            }  # fmt: skip
        if self.patrol.isVisible():
            steps |= {"submit": self.patrol.run, "close_panel": self.patrol.hide}
        return steps

    def hint(self) -> str:
        """Keys of what is in front."""
        shown = self.stack.currentIndex()
        if shown == FORM:
            return self.tr("点表头更正这一列是什么 · Ctrl+O 选择文件 · Ctrl+Enter 开始 · Esc 返回")
        if shown == VIEW:
            return self.tr("空格 勾选 · Ctrl+A 全选 · Ctrl+Enter 列入停用清单 · J / K 上下一项 · Esc 返回列表")
        return self.tr("{n} 次 · 回车 打开 · Ctrl+N 新核查").format(n=len(self.list.model.rows))


_SHORT = {
    FindingState.OPEN: "待处理", FindingState.DISMISSED: "不予处理", FindingState.LISTED: "停用中",
    FindingState.DONE: "待核实", FindingState.OBJECTED: "有异议", FindingState.PROVED: "已核实",
}  # fmt: skip
"""States in few characters; the tip has them in full."""


def columns() -> tuple[TableColumn, ...]:
    """The columns of the list."""
    return (
        TableColumn("number", "编号", 92, lambda o: Cell(o.number)),
        TableColumn("kind", "种类", 84, lambda o: Cell(o.kind_label)),
        TableColumn("at", "时间", 116, lambda o: Cell(moment(o.made_at))),
        TableColumn("by", "核查人", 84, lambda o: Cell(o.made_by)),
        TableColumn("checked", "核查账户", 78, lambda o: Cell(f"{o.checked:,}", right=True)),
        TableColumn("state", "状态", 124, _state),
        TableColumn("findings", "发现的问题", 330, _findings),
        TableColumn("source", "来源", 170, lambda o: Cell(o.source, tip=o.source)),
        TableColumn("note", "说明", 160, lambda o: Cell(o.note, tip=o.note)),
    )


def _state(one: InspectionSummary) -> Cell:
    if one.overdue and not one.signed:
        return Cell(f"{OVERDUE_LABEL} {one.overdue}", "bad", "alert-circle")
    if one.signed:
        return Cell("已办结并签名", "ok", "writing")
    return Cell(one.state_label, "wait", "hourglass")


def _findings(one: InspectionSummary) -> Cell:
    counted = [(key, count) for key, count in one.states.items() if count]
    tip = "，".join(f"{STATE_LABELS[FindingState(key)]} {count:,}" for key, count in counted)
    said = " · ".join(f"{_SHORT[FindingState(key)]} {count:,}" for key, count in counted)
    return Cell(f"{one.findings:,} 项：{said}" if said else "没有问题", tip=tip)
