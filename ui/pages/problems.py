"""问题学籍: problems by whose turn it is, one in full in their place, and lists from above (E8-E11, A17h)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QComboBox, QStackedWidget

from models.domain.problems import PROBLEM_KINDS
from models.domain.units import Line, Role, Tier
from models.services.problem_views import (
    ProblemDetail,
    ProblemQuery,
    ProblemSummary,
    count_problems,
    get_problem,
    list_problems,
)
from sync.problems import acts as sync
from ui.context import AppContext
from ui.kit import Banner, PageHead, button, column, holder
from ui.kit.around import Around
from ui.page import Page
from ui.pages.letters_out import LettersOut
from ui.pages.problem_detail import ProblemView, late_words
from ui.pages.problem_forms import asked_words
from ui.pages.problem_lists import ListOutcome, UnmatchedView, take_list
from ui.pages.tabbed_list import TabbedList
from ui.prompt import SPREADSHEETS
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

TABS = (("mine", "轮到我"), ("open", "未办结"), ("all", "全部"))
LOOK = {
    "open": ("mute", "circle-dashed"), "asked": ("wait", "hourglass"), "answered": ("info", "list-check"),
    "decided": ("warn", "rubber-stamp"), "closed": ("ok", "circle-check"),
}  # fmt: skip
LIST, VIEW, UNMATCHED = range(3)


class ProblemsPage(Page):
    """The list, one problem, or the rows of a list that fitted nobody."""

    TABLES = frozenset({"problem", "problem_side", "message"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._wanted = ""
        self._opened: tuple[str, ...] = ()
        self._signs = context.has(Role.REGISTRAR)
        self._leads = self._signs and context.actor.unit.tier is not Tier.SCHOOL
        self._pupils = context.actor.unit.line is Line.BASIC
        self._title = self.tr("问题学籍") if self._pupils else self.tr("问题账户")
        self._build()

    def _build(self) -> None:
        self.take = button(self.tr("导入清单"), "file-import", tip=self.tr("公安或上级提供的问题学籍清单"))
        self.take.clicked.connect(self.choose)
        self.ask = button(self.tr("下发"), "send", "primary", on_click=self.ask_all)
        self.ask.setVisible(self._leads)
        self.take.setVisible(self._leads and self._pupils)  # lists name pupils
        self.head = PageHead(self._title, "", [self.take, self.ask])
        self.news = Banner("info", "", closable=True)
        self.news.hide()
        self.letters = LettersOut(self.context, self.news, self)
        self.kind = QComboBox()
        self.kind.setAccessibleName(self.tr("种类"))
        self.kind.addItem(self.tr("全部种类"), "")
        for kind in PROBLEM_KINDS:
            self.kind.addItem(kind.label, kind.key)
        self.kind.activated.connect(lambda _: self.refresh())
        self.confirm = button(self.tr("确认所选"), "rubber-stamp", tip=self.tr("同意所选各项的学校答复，一次签名"))
        self.confirm.clicked.connect(self.confirm_selected)
        self.confirm.hide()
        self.list = TabbedList(self._title, TABS, columns(), "alert-octagon", [self.confirm, self.kind])
        self.list.tab_chosen.connect(lambda _: self.refresh())
        self.list.opened.connect(self.open_row)
        self.list.table.selectionModel().selectionChanged.connect(lambda *_: self._offer_confirm())
        front = column(self.head, Around(self.news, (16, 10, 16, 4)), (self.list, 1), spacing=0)
        self.view = ProblemView(self.context)
        self.view.left.connect(lambda: self._go(LIST))
        self.view.done.connect(self._did)
        self.unmatched = UnmatchedView()
        self.unmatched.left.connect(lambda: self._go(LIST))
        self.stack = QStackedWidget()
        for part in (holder(front), self.view, self.unmatched):
            self.stack.addWidget(part)
        self.setLayout(column(self.stack))

    # --- reading ----------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`problem`: open that one (id or number); `matter`: the one that matter is about, the list when it is many."""
        if arguments.get("problem"):
            self._open(str(arguments["problem"]))
        elif arguments.get("matter"):
            self.view.detail = None
            self._read(str(arguments["matter"]), failed=lambda _: self._go(LIST))

    def refresh(self) -> None:
        """Read list, numbers and the problem in sight again."""
        kinds = (str(self.kind.currentData()),) if self.kind.currentData() else ()
        tab = self.list.tab
        query = ProblemQuery(kinds=kinds, open_only=tab == "open", mine=tab == "mine")

        def read(session: Any) -> tuple[list[ProblemSummary], dict[str, int]]:
            return list_problems(session, query), count_problems(session)

        self.context.read(read, done=self._show, owner=self, replaces="problems-list")
        if self.stack.currentIndex() == VIEW and self.view.detail is not None:
            self._read(self.view.detail.summary.id)
        self.letters.refresh()

    def _show(self, result: tuple[list[ProblemSummary], dict[str, int]]) -> None:
        rows, counts = result
        mine, closed, waiting = counts.get("mine", 0), counts.get("closed", 0), counts.get("open", 0)
        total = sum(number for key, number in counts.items() if key != "mine")
        self.list.show_counts({"mine": mine, "open": total - closed, "all": total})
        self.head.set_sub(self.tr("共 {n} 个，{open} 个未办结，{mine} 个轮到本单位").format(
            n=total, open=total - closed, mine=mine
        ))  # fmt: skip
        self.ask.set_text(self.tr("下发 {n} 个").format(n=waiting) if waiting else self.tr("没有待下发的"))
        self.ask.setEnabled(bool(waiting))
        self.list.show_rows(rows, self._nothing(total), self._wanted)
        self._wanted = ""
        self.say_hint()

    def _nothing(self, total: int) -> str:
        if total and self.list.tab == "mine" and not self.kind.currentData():
            return self.tr("现在没有轮到本单位办的问题。“未办结”中是等待其他单位的。")
        if total:
            return self.tr("这里没有{what}。").format(what=self._title)
        if not self._pupils:
            return self.tr("还没有问题账户。不同单位用了同一个用户名时列在这里，由共同的上级裁定谁保留。")
        if self._leads:
            return self.tr("还没有问题学籍。合并下级数据时发现的重复会自动列在这里；公安或上级给的清单用“导入清单”。")
        return self.tr("还没有问题学籍。上级下发核实的身份证号错误、重复等问题会列在这里，由本单位答复。")

    def open_row(self, row_: ProblemSummary | None) -> None:
        """Open a row in full."""
        if row_ is not None:
            self._open(row_.id)

    def _open(self, problem_id: str) -> None:
        self.view.detail = None
        self._read(problem_id)

    def _read(self, problem_id: str, failed: Callable[[Exception], object] | None = None) -> None:
        self.context.read(
            get_problem, problem_id, self.context.actor, done=self._show_detail, owner=self, replaces="problem",
            failed=failed,
        )  # fmt: skip

    def _show_detail(self, detail: ProblemDetail) -> None:
        if self.view.detail is None:
            self._wanted = detail.summary.id
            self._go(VIEW)
        self.view.show_detail(detail)

    def _go(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        if place == LIST:
            self.list.table.setFocus()
        self.say_hint()

    # --- acting -----------------------------------------------------------------------------------------

    def _did(self, sentence: str) -> None:
        self.context.toast(sentence)
        self.refresh()

    def ask_all(self) -> None:
        """Send down all that wait, with one passphrase."""
        if self.ask.isEnabled() and self._leads:
            self._ask(None)

    def _ask(self, ids: tuple[str, ...] | None) -> None:
        store = self.context.store
        words = self.tr("把待下发的问题签名下发给所在学校和主管部门，答复期限为 30 天。要改期限，请逐个打开下发。")
        self.context.with_passphrase(
            self, self.tr("下发核实"), words, lambda secret: sync.ask(store, secret, ids),
            lambda asked: self.letters.said(asked_words(asked)),
        )  # fmt: skip

    def _offer_confirm(self) -> None:
        number = len(self.list.selected())
        self.confirm.setVisible(self._leads and number > 1)
        self.confirm.set_text(self.tr("确认所选 {n} 个").format(n=number))

    def confirm_selected(self) -> None:
        """Agree with what the schools of all selected problems said."""
        ids, store = [one.id for one in self.list.selected()], self.context.store
        words = self.tr("同意所选 {n} 个问题中所属学校的答复，签名后上报。").format(n=len(ids))
        self.context.with_passphrase(
            self, self.tr("确认答复"), words, lambda secret: sync.confirm(store, secret, ids, None, ""),
            lambda done: self.letters.said(self.tr("已确认 {n} 个问题的答复。").format(n=done)),
        )  # fmt: skip

    def choose(self) -> None:
        """Ask for a list."""
        self.context.prompt.open_files(
            self, self.tr("导入问题学籍清单"), SPREADSHEETS, lambda paths: self.import_list(paths[0])
        )

    def import_list(self, path: Path) -> None:
        """Open a problem for every row of a list."""
        store = self.context.store
        self.context.jobs.run(
            lambda: take_list(store, path), self._imported, owner=self, title=self.tr("导入清单")
        )  # fmt: skip

    def _imported(self, outcome: ListOutcome) -> None:
        result = outcome.result
        actions = []
        if result.unmatched:
            self.unmatched.show_outcome(outcome)
            words = self.tr("查看没有对上的 {n} 行").format(n=len(result.unmatched))
            actions.append(button(words, "file-x", "link", on_click=lambda: self._go(UNMATCHED)))
        if result.opened:
            self._opened = result.opened
            words = self.tr("下发这 {n} 个").format(n=len(result.opened))
            actions.append(button(words, "send", "link", on_click=lambda: self._ask(self._opened)))
        self.news.say("warn" if result.unmatched else "ok", outcome.words, actions)
        self.list.show_tab("mine")

    # --- the window -------------------------------------------------------------------------------------

    def open_file(self, path: Path) -> bool:
        """A dropped scan belongs to the answer in front; a list is taken in."""
        if path.suffix.lower() in (".xlsx", ".xls", ".csv", ".ods") and self._leads and self._pupils:
            self.import_list(path)
            return True
        return self.stack.currentIndex() == VIEW and self.view.take_files([path])

    def has_draft(self) -> bool:
        """Whether a form holds something that was not given yet."""
        return self.view.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of the list and of the problem in sight."""
        shown = self.stack.currentIndex()
        if key == "close_panel" and shown != LIST:
            self.view.leave() if shown == VIEW else self._go(LIST)
        elif key == "submit" and shown == VIEW:
            self.view.main_act()
        elif key in ("next_item", "previous_item") and shown != UNMATCHED:
            if self.list.step(1 if key == "next_item" else -1) and shown == VIEW:
                self.open_row(self.list.current())
        elif key == "print" and shown == VIEW:
            self.view.print_()
        elif key == "export":
            self.letters.write()
        else:
            return False
        return True

    def hint(self) -> str:
        """Keys of what is in front."""
        if self.stack.currentIndex() == VIEW:
            return self.tr("Ctrl+Enter 办理 · J / K 上下一个 · Esc 返回列表")
        return self.tr("{n} 个 · 回车 打开 · J / K 上下一个 · Ctrl+E 写出待发函件").format(n=len(self.list.model.rows))


def columns() -> tuple[TableColumn, ...]:
    """The columns of the list."""
    return (
        TableColumn("kind", "种类", 124, lambda p: Cell(p.kind_label)),
        TableColumn("sides", "各方", 430, _sides),
        TableColumn("state", "状态", 140, lambda p: Cell(p.state_label, *LOOK[p.state])),
        TableColumn("due", "期限", 116, _due),
        TableColumn("turn", "等待谁", 200, _turn),
    )


def _sides(one: ProblemSummary) -> Cell:
    first = "毕业年级优先：" if one.priority else ""
    return Cell(first + "；".join(one.sides), tip="\n".join(one.sides))


def _due(one: ProblemSummary) -> Cell:
    return Cell(late_words(one), "bad", "alert-triangle", tip=f"期限 {one.due}") if one.late else Cell(one.due)


def _turn(one: ProblemSummary) -> Cell:
    return Cell(one.turn, "wait", "arrow-right", tip=one.turn) if one.my_turn else Cell(one.turn, tip=one.turn)
