"""One filing in full: its accounts with what is to be mended first, the form as paper, how far it is (A11, A13-A15)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QStackedWidget, QWidget

from models.domain.filing import period_text
from models.domain.forms import KIND_LABELS, LOCAL_TEACHERS, FormData
from models.domain.states import State
from models.domain.units import Role
from models.services.filing.views import TO_DO, FilingDetail, FilingLine, draft_filing, submit_filing
from ui.context import AppContext
from ui.kit import Banner, EmptyState, SidePanel, button, clear, column, frame, holder, label, row, rule
from ui.kit.around import Around
from ui.pages.change_cards import checks_card, returned_words, route_card
from ui.pages.filing_looks import FAULTS, pill_of, row_columns
from ui.pages.opinion_line import OpinionLine
from ui.pages.paper_view import PaperView, print_pdf
from ui.pages.simple_table import simple_table

ROWS, PAPER, WAY = range(3)
LATE_REASONS = ("系统管理员变动，交接延误。", "账户信息核实用时较长。", "收到通知较晚。")
OPEN = (TO_DO, State.DRAFT)
_UNWRITTEN = (TO_DO, State.DRAFT, State.REFUSED, State.WITHDRAWN)


class FilingView(QFrame):
    """Shows a filing. `done` carries the id of the change and a sentence; `build` the period to write a form for."""

    done = Signal(str, str)
    build = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.context = context
        self.detail: FilingDetail | None = None
        self._writes = context.has(Role.REGISTRAR)
        self._forms = context.has(Role.REGISTRAR, Role.ADMINISTRATOR)
        self.title, self.sub = label(kind="h2", wrap=True), label(kind="cap", wrap=True)
        self.note = Banner("info", "")
        self.mend = Banner("warn", "")
        self.table, self.model = simple_table(self.tr("备案的账户"), row_columns(), self)
        self.table.activated.connect(lambda _: self.open_account())
        self.paper = PaperView(context, self.tr("备案表"))
        self.way = SidePanel(300)
        self.way.setMinimumWidth(0)
        self.way.setMaximumWidth(16777215)
        self.stack = QStackedWidget()
        listing = column(Around(self.mend, (12, 8, 12, 4)), (self.table, 1), spacing=0)
        for part in (holder(listing), self.paper, self.way):
            self.stack.addWidget(part)
        self.reason = OpinionLine("", self.tr("逾期或提前备案的原因"), LATE_REASONS)
        self._buttons()
        self._lay_out()
        self.show_detail(None)

    def _buttons(self) -> None:
        words = (self.tr("账户名单"), self.tr("备案表预览"), self.tr("办理过程"))
        self.tabs, group = [button(text, "", "tab", checkable=True) for text in words], QButtonGroup(self)
        for place, tab in enumerate(self.tabs):
            tab.clicked.connect(lambda _on, place=place: self.show_part(place))
            group.addButton(tab)
        self.tabs[PAPER].setVisible(self._forms)
        tip = self.tr("写成 Excel 和带单位签名的 PDF")
        self.write = button(self.tr("生成备案表"), "file-certificate", "", tip, on_click=self._ask_files)
        self.print = button(self.tr("打印"), "printer", "", "Ctrl+P", on_click=self.print_)
        tip = self.tr("先存为草稿，以后再提交")
        self.draft = button(self.tr("拟备案"), "pencil", "", tip, on_click=self.keep)
        self.send = button(self.tr("提交核办"), "send", "primary", "Ctrl+Enter", on_click=self.submit)
        self.go = button("", "arrow-right", "primary", on_click=self._go_on)

    def _lay_out(self) -> None:
        self._pill = row()
        head = column(row((self.title, 1), self._pill), self.sub, margins=(16, 10, 16, 6), spacing=2)
        tabs = row(*self.tabs, None, margins=(8, 0, 8, 0), spacing=0)
        acts = row(self.write, self.print, None, self.draft, self.send, self.go)
        self.foot = frame("foot", column(self.reason, acts, margins=(16, 8, 16, 8)))
        note = Around(self.note, (12, 4, 12, 4))
        self.body = holder(column(head, note, tabs, rule(), (self.stack, 1), self.foot, spacing=0))
        self.empty = EmptyState(self.tr("选中一次备案，这里显示详细情况。"), icon="clipboard-text")
        self.setLayout(column((self.body, 1), (self.empty, 1), spacing=0))

    # --- showing ----------------------------------------------------------------------------------------

    def show_detail(self, detail: FilingDetail | None) -> None:
        """Show a filing, None for none; another one from its accounts and without the reason typed before."""
        other = detail is None or self.detail is None or _key(detail.line) != _key(self.detail.line)
        self.detail = detail
        self.body.setVisible(detail is not None)
        self.empty.setVisible(detail is None)
        if detail is None:
            return
        if other:
            self.reason.setText(detail.line.reason)
            self.paper.say("")
        line = detail.line
        self.title.setText(f"{period_text(line.period)}{KIND_LABELS[line.kind]}")
        clear(self._pill)
        self._pill.addWidget(pill_of(line))
        days = self.tr("备案时间 {first} 至 {last}").format(first=line.first, last=line.last) if line.first else ""
        self.sub.setText(" · ".join(part for part in (line.number, line.numbers, days) if part))
        self._show_notes(detail)
        self.model.set_rows(list(detail.rows))
        self.table.setColumnHidden(FAULTS, not detail.faulty)
        if detail.rows:
            self.table.select_row(0)
        self._show_way(detail)
        self._dress(line)
        self.show_part(ROWS if other else self.stack.currentIndex())

    def _show_notes(self, detail: FilingDetail) -> None:
        line = detail.line
        back = returned_words(detail.change) if detail.change else ""
        when = ""
        if line.needs_reason and line.state in OPEN:
            word = self.tr("已过备案时间") if line.late else self.tr("未到备案时间")
            when = self.tr("{word}，提交时须写明原因。").format(word=word)
        elif line.needs_reason:
            when = self.tr("不在备案时间内提出（{day}），原因：{reason}").format(day=line.day, reason=line.reason)
        text = " ".join(filter(None, (back, when)))
        self.note.say("bad" if line.late and line.state in OPEN else "warn", text)
        self.note.setVisible(bool(text))
        words = self.tr("{n} 个账户有须改正或核对的内容，列在最前面。").format(n=detail.faulty)
        words += self.tr("请先办好再提交。") if line.state in OPEN else ""
        first = button(
            self.tr("去改"), "arrow-right", "link", self.tr("打开所选账户（回车）"), on_click=self.open_account
        )
        gone = self.tr("这次备案没有报出，账户列在下一次备案里。")
        self.mend.say("warn" if detail.rows else "info", words if detail.rows else gone, [first] if detail.rows else [])
        self.mend.setVisible(bool(detail.faulty) or not detail.rows)

    def _show_way(self, detail: FilingDetail) -> None:
        change = detail.change
        self.tabs[WAY].setVisible(change is not None)
        if change is None:
            self.way.show_parts()
            return
        more = button(self.tr("在变更中查看、撤回"), "external-link", "link")
        more.clicked.connect(lambda: self.context.navigate("changes", change=change.summary.id))
        parts = [checks_card(change.checks)] if change.checks else []
        self.way.show_parts(*parts, route_card(change.timeline, change.next_step), row(more, None))

    def _dress(self, line: FilingLine) -> None:
        """The acts that are possible now."""
        mine = self._writes and line.state in OPEN
        self.reason.setVisible(mine and line.needs_reason)
        self.reason.setPlaceholderText(self.tr("逾期或提前备案的原因（必填；输入 / 选常用语）"))
        self.draft.setVisible(mine)
        self.draft.set_text(self.tr("拟备案") if line.state == TO_DO else self.tr("存草稿"))
        self.send.setVisible(mine)
        self.write.setVisible(self._forms and line.state not in _UNWRITTEN)
        self.print.setVisible(self._forms and line.state not in (State.REFUSED, State.WITHDRAWN))
        head = line.state == State.PENDING and self.context.has(Role.HEAD)
        ready = line.state == State.APPROVED and self._writes
        self.go.set_text(self.tr("去核办") if head else self.tr("去打包"))
        self.go.setVisible(head or ready)
        acts = (self.draft, self.send, self.write, self.print, self.go)
        self.foot.setVisible(any(not act.isHidden() for act in acts))

    def show_part(self, part: int) -> None:
        """The accounts (ROWS), the form (PAPER) or the steps (WAY)."""
        self.tabs[part].setChecked(True)
        self.stack.setCurrentIndex(part)
        if part == PAPER and self.detail is not None:
            self._read_form(self.paper.show_form)

    def _read_form(self, done: Any) -> None:
        assert self.detail is not None
        self.context.read(
            form_data, self.context.actor, self.detail.line, self.reason.text().strip(), done=done, owner=self,
            replaces="filing-form", failed=self._no_form,
        )  # fmt: skip

    def _no_form(self, error: Exception) -> None:
        self.paper.say(self.context.errors.describe(error, "filing").sentence)
        self.stack.setCurrentIndex(PAPER)
        self.tabs[PAPER].setChecked(True)

    # --- acting -----------------------------------------------------------------------------------------

    def open_account(self) -> None:
        """Go to the account in sight, to mend it."""
        rows = self.table.selected_rows()
        if rows:
            self.context.navigate("accounts", subject_id=self.model.rows[rows[0]].id)

    def keep(self) -> None:
        """Keep it as a draft."""
        if self.detail is not None and not self.draft.isHidden():
            self._write(draft_filing, self.tr("已存为草稿，核对后提交。"))

    def submit(self) -> None:
        """Hand it in to the head; outside of its days a reason is needed."""
        if self.detail is None or self.send.isHidden():
            return
        if self.detail.line.needs_reason and not self.reason.text().strip():
            self.reason.complain(self.tr("不在备案时间内，请写明原因。"))
            return
        self._write(submit_filing, self.tr("已提交，等待主管领导核办；批准后打包报上级。"))

    def _write(self, act: Any, said: str) -> None:
        assert self.detail is not None
        line = self.detail.line
        self.context.write(
            act, self.context.actor, line.id, line.period, self.reason.text().strip(),
            done=lambda change: self.done.emit(change, said), owner=self, title=self.tr("账户备案"),
        )  # fmt: skip

    def _ask_files(self) -> None:
        if self.detail is not None:
            self.build.emit(self.detail.line.period)

    def _go_on(self) -> None:
        if self.detail is None:
            return
        if self.detail.line.state == State.PENDING:
            self.context.navigate("review", change=self.detail.line.id)
        else:
            self.context.navigate("packages")

    def print_(self) -> None:
        """The form on paper, by way of a preview."""
        if self.detail is not None and self._forms:
            self._read_form(lambda data: print_form(self, self.context, data))

    def has_draft(self) -> bool:
        """Whether a reason is typed that is not kept."""
        return self.detail is not None and self.reason.text().strip() != self.detail.line.reason


def print_form(parent: QWidget, context: AppContext, data: FormData) -> None:
    """A form on paper, by way of a preview."""
    from models.exchange.forms.pdf import form_pdf

    print_pdf(parent, context, f"{data.form.annex} {data.form.title}", lambda: form_pdf(data).content)


def form_data(session: Any, actor: Any, line: FilingLine, reason: str) -> FormData:
    """What annex 3 says with this filing, handed in or as it would be now."""
    from models.services.filing.forms import Filler, prepare, preview

    if line.state in OPEN:
        return preview(session, actor, line.period, reason if line.needs_reason else "")
    return prepare(session, actor, LOCAL_TEACHERS.key, line.period, Filler()).data


def _key(line: FilingLine) -> tuple[str, str]:
    return line.id, line.period
