"""关键信息变更: the requests of this unit by state, one in full beside them, and the form for a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QLineEdit, QStackedWidget

from models.domain.change_kinds import KEY_FIELD
from models.domain.states import State
from models.domain.units import Line, Role, reports_own
from models.services import changes
from models.services.changes import ChangeQuery, ChangeSummary
from ui import icons
from ui.context import AppContext
from ui.kit import (
    EmptyState,
    PageHead,
    button,
    column,
    holder,
    row,
    rule,
)
from ui.moments import moment
from ui.page import Page
from ui.pages.account_report import may_report, report_accounts
from ui.pages.change_cards import is_returned
from ui.pages.change_detail import ACCOUNT_KINDS, ChangePanel
from ui.pages.change_form import ChangeForm
from ui.pages.companion_bar import CompanionBar
from ui.pages.pupil_picker import PupilPicker
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn
from ui.tokens import STATE_LOOK

TABS: tuple[tuple[str, str, tuple[State, ...]], ...] = (
    ("open", "办理中", (State.DRAFT, State.PENDING, State.APPROVED, State.SEALED)),
    ("draft", "草稿", (State.DRAFT,)),
    ("pending", "待核办", (State.PENDING,)),
    ("approved", "已批准", (State.APPROVED,)),
    ("sealed", "已打包", (State.SEALED,)),
    ("conflict", "有冲突", (State.CONFLICT,)),
    ("done", "已办结", (State.EFFECTIVE, State.REFUSED, State.WITHDRAWN)),
)
LIST, PICK, FORM = range(3)


class ChangesPage(Page):
    """List and detail; a form takes the place of both."""

    TABLES = frozenset({"change", "decision", "companion", "change_evidence"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        unit = context.actor.unit
        self._starts = context.has(Role.REGISTRAR) and reports_own(unit) and unit.line is Line.BASIC
        self._reports = may_report(context)
        self._open_line = unit.line is Line.OPEN
        self._tab = "open"
        self._subject = ""
        self._wanted = ""
        self._shown: list[ChangeSummary] = []
        self._build()

    # --- building -----------------------------------------------------------------------------------------

    def _build(self) -> None:
        act = self.tr("上报账户") if self._open_line else self.tr("发起变更")
        new = button(act, "git-pull-request", "primary", "Ctrl+N", on_click=self.start_new)
        new.setVisible(self._starts or self._reports)
        self.companion = CompanionBar(self.context)
        title = self.tr("账户变更") if self._open_line else self.tr("关键信息变更")
        self.head = PageHead(title, "", [self.companion, new])
        self.tabs = QButtonGroup(self)
        self._tab_of = {}
        for place, (key, _, _) in enumerate(TABS):
            tab = button(kind="tab", checkable=True, on_click=lambda key=key: self.show_tab(key))  # type: ignore[misc]
            self.tabs.addButton(tab, place)
            self._tab_of[key] = tab
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("编号或姓名"))
        self.search.setAccessibleName(self.tr("查找变更"))
        self.search.setMinimumWidth(90)
        self.search.setMaximumWidth(200)
        self.search.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _: self.refresh())
        self.only = button(kind="chip", on_click=self._clear_subject)
        self.only.hide()
        whose = self.tr("对象") if self._open_line else self.tr("学生")
        columns = (
            TableColumn("number", self.tr("编号"), 130, lambda c: Cell(c.number)),
            TableColumn("subject", whose, 190 if self._open_line else 150, lambda c: Cell(c.subject_label)),
            TableColumn(
                "what", self.tr("变更内容"), 150 if self._open_line else 210, lambda c: Cell(c.summary + _again(c))
            ),
            TableColumn("state", self.tr("状态"), 104, _state),
            TableColumn("by", self.tr("发起"), 76, lambda c: Cell(c.initiator_name)),
            TableColumn("at", self.tr("最近动作"), 120, lambda c: Cell(moment(c.updated_at))),
        )
        self.table, self.model = simple_table(self.tr("变更申请"), columns, self)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._open_current())
        self.table.activated.connect(lambda _: self.edit())
        hint = self.tr("选中学生后按 Ctrl+K 发起。") if self._starts else ""
        if self._reports:
            hint = self.tr("账户的新建、更名、禁用、恢复和备案都在这里。")
        may = self._starts or self._reports
        start = button(act, "git-pull-request", on_click=self.start_new) if may else None
        self.empty = EmptyState(self.tr("还没有变更申请。"), start, hint, "git-pull-request")
        tools = row(*self._tab_of.values(), None, self.only, self.search, margins=(8, 4, 12, 4), spacing=4)
        left = column(tools, rule(), (self.table, 1), (self.empty, 1), spacing=0)
        self.side = ChangePanel(self.context)
        self.side.edit.connect(self.edit)
        listing = column(self.head, (holder(row((holder(left, "plain"), 2), (self.side, 1), spacing=0)), 1), spacing=0)
        self.form = ChangeForm(self.context)
        self.form.submitted.connect(self._submitted)
        self.form.left.connect(self._left_form)
        self.picker = PupilPicker(self.context)
        self.picker.picked.connect(lambda pupil: self._propose(pupil))
        back = button(self.tr("返回"), "chevron-left", on_click=lambda: self._go(LIST))
        pick = column(
            PageHead(self.tr("发起变更"), self.tr("先选学生。姓名、证件等关键信息须经核办才能改。"), [back]),
            row(None, (self.picker, 2), None, margins=(16, 24, 16, 16)), None, spacing=0,
        )  # fmt: skip
        self.stack = QStackedWidget()
        for part in (holder(listing), holder(pick), self.form):
            self.stack.addWidget(part)
        self.setLayout(column(self.stack))

    # --- the list -----------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`propose`: start a change of this pupil; `subject_id`: only that one's; `change`: go to it; `state`: tab."""
        if arguments.get("propose"):
            self._propose(str(arguments["propose"]))
            return
        if arguments.get("subject_id") or arguments.get("change") or arguments.get("state"):
            self._subject = str(arguments.get("subject_id", ""))
            self._wanted = str(arguments.get("change", ""))
            self._tab = str(arguments.get("state") or ("all" if self._wanted else "open"))
            self._go(LIST)
            self.refresh()

    def refresh(self) -> None:
        """Read list and numbers again."""
        states = next((s for key, _, s in TABS if key == self._tab), ())
        query = ChangeQuery(
            states=tuple(state.value for state in states), text=self.search.text().strip(), subject_id=self._subject
        )

        def read(session: Any) -> tuple[list[ChangeSummary], dict[str, int]]:
            return changes.list_changes(session, query), changes.count_changes(session)

        self.context.read(read, done=self._show_list, owner=self, replaces="changes-list")
        self.companion.refresh()

    def _show_list(self, result: tuple[list[ChangeSummary], dict[str, int]]) -> None:
        self._shown, counts = result
        if self._tab == "all" and self._shown:
            wanted = next((c for c in self._shown if c.id == self._wanted), self._shown[0])
            self._tab = next(key for key, _, states in TABS[1:] if State(wanted.state) in states)
            self.refresh()
            return
        for key, words, states in TABS:
            number = sum(counts.get(state.value, 0) for state in states)
            self._tab_of[key].set_text(f"{self.tr(words)} {number:,}")
            self._tab_of[key].setChecked(key == self._tab)
            self._tab_of[key].setVisible(key != "conflict" or bool(number))
        current = self._wanted or (self.side.detail.summary.id if self.side.detail else "")
        self._wanted = ""
        self.model.set_rows(self._shown)
        self.only.setVisible(bool(self._subject))
        name = self._shown[0].subject_label if self._shown else ""
        self.only.set_text(self.tr("只看：{name} ×").format(name=name))
        self.table.setVisible(bool(self._shown))
        self.empty.setVisible(not self._shown)
        everything = sum(counts.values())
        self.empty.sentence.setText(self.tr("这里没有变更申请。") if everything else self.tr("还没有变更申请。"))
        self.head.set_sub(self.tr("共 {n} 项，{open} 项办理中").format(
            n=everything, open=sum(counts.get(s.value, 0) for s in TABS[0][2])
        ))  # fmt: skip
        if self._shown:
            at = next((place for place, c in enumerate(self._shown) if c.id == current), 0)
            self.table.select_row(at)
            self._open_current()
        else:
            self.side.show_detail(None)
        self.say_hint()

    def show_tab(self, key: str) -> None:
        """Show the changes of a tab."""
        self._tab = key
        self.refresh()

    def _clear_subject(self) -> None:
        self._subject = ""
        self.refresh()

    def _open_current(self) -> None:
        at = self.table.currentIndex().row()
        if 0 <= at < len(self._shown):
            self.context.read(
                changes.get, self._shown[at].id, self.context.actor, done=self.side.show_detail, owner=self,
                replaces="changes-detail",
            )  # fmt: skip

    def edit(self) -> None:
        """Open the draft in sight in the form."""
        if (detail := self.side.detail) is None or "update_draft" not in detail.allowed:
            return
        if detail.summary.kind in ACCOUNT_KINDS:
            self.side.go_to_accounts()
        elif detail.summary.kind == KEY_FIELD.key:
            self.form.begin(change_id=detail.summary.id)
            self._go(FORM)

    # --- the form -----------------------------------------------------------------------------------------

    def _go(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        self.say_hint()

    def start_new(self) -> None:
        """Ask for the pupil first; in the open line bring all accounts not reported yet together."""
        if self._reports:
            report_accounts(self.context)
        elif self._starts:
            self.picker.line.clear()
            self._go(PICK)
            self.picker.line.setFocus()

    def _propose(self, subject_id: str) -> None:
        if not self._starts:
            self.context.toast(self.tr("关键信息变更由学生所在学校的学籍管理员发起。"), None, "info")
            return
        if self.stack.currentIndex() == FORM and self.form.has_draft():
            self.form.save()
        self.form.begin(subject_id)
        self._go(FORM)

    def _submitted(self, change_id: str) -> None:
        self.context.toast(self.tr("已提交，等待主管领导核办。"))
        self._left_form(change_id)

    def _left_form(self, change_id: str) -> None:
        self._wanted, self._subject = change_id, ""
        self._tab = "open"
        self._go(LIST)
        self.refresh()

    # --- the window ---------------------------------------------------------------------------------------

    def open_file(self, path: Path) -> bool:
        """A dropped scan belongs to the form in front."""
        if self.stack.currentIndex() != FORM:
            return False
        self.form.box.take([path])
        return True

    def has_draft(self) -> bool:
        """Whether the form holds something that is not in the store yet."""
        return self.stack.currentIndex() == FORM and self.form.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of list and form."""
        in_form = self.stack.currentIndex() == FORM
        acts: dict[str, Any] = {
            "submit": self.form.submit if in_form else self.side.submit, "save": self.form.save,
            "close_panel": self.form.leave if in_form else lambda: self._go(LIST),
            "find": self.search.setFocus, "new": self.start_new, "edit": self.edit,
            "next_item": lambda: self._step(1), "previous_item": lambda: self._step(-1),
        }  # fmt: skip
        act = acts.get(key)
        if act is None or (key == "save" and not in_form):
            return False
        act()
        return True

    def _step(self, by: int) -> None:
        at = self.table.currentIndex().row() + by
        if self.stack.currentIndex() == LIST and 0 <= at < len(self._shown):
            self.table.select_row(at)

    def hint(self) -> str:
        """Keys of what is in front."""
        if self.stack.currentIndex() == FORM:
            return self.tr("Ctrl+Enter 提交核办 · Esc 存为草稿并返回 · 扫描件可拖到窗口任意位置")
        return self.tr("{n} 项 · 回车 修改草稿 · J / K 上下一条").format(n=len(self._shown))


def _again(change: ChangeSummary) -> str:
    return f"（第 {change.attempt} 次）" if change.attempt > 1 else ""


def _state(change: ChangeSummary) -> Cell:
    tone, icon, word = STATE_LOOK["return" if is_returned(change) else change.state]
    return Cell(word, tone, icon)
