"""账户备案: what is to be filed and was filed, one in full beside it; what the units below filed (A9-A11, A13-A15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QButtonGroup, QStackedWidget

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.forms import LOCAL_TEACHERS, FilingKind
from models.domain.units import Tier, reports_own
from models.services.filing.calendar import reminder, window_for
from models.services.filing.views import FilingDetail, FilingLine, filing_lines, show_filing
from ui.context import AppContext
from ui.kit import Banner, EmptyState, PageHead, button, column, holder, row, rule
from ui.kit.around import Around
from ui.page import Page
from ui.pages.filing_looks import line_columns
from ui.pages.filing_rollup import RollupView
from ui.pages.filing_view import FilingView
from ui.pages.simple_table import simple_table

SIGNED = "PDF 文件 (*.pdf);;所有文件 (*)"
OWN, BELOW = "own", "below"


class FilingPage(Page):
    """The own filings, and at a tier above the others' (汇总)."""

    TABLES = frozenset({"account", "change", "decision", "filed_account", "monitoring_account", "policy", "unit"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        unit = context.actor.unit
        self._keys = [OWN] if reports_own(unit) and unit.line in ACCOUNT_FILING.lines else []
        self._keys += [BELOW] if unit.tier in (Tier.PROVINCE, Tier.CITY) else []
        self._lines: list[FilingLine] = []
        self._wanted: str | None = None
        self._build()

    def _build(self) -> None:
        tip = self.tr("选择收到的 PDF，或把它拖到窗口里：谁签的名，签后有没有改动")
        check = button(self.tr("查验签名"), "shield-check", "", tip, on_click=self.choose_signed)
        self.head = PageHead(self.tr("账户备案"), self._usual_sub(), [check])
        self.news = Banner("info", "", closable=True)
        self.news.hide()
        words, group = {OWN: self.tr("本单位备案"), BELOW: self.tr("下级汇总")}, QButtonGroup(self)
        self.tabs = {key: button(words[key], "", "tab", checkable=True) for key in self._keys}
        for key, tab in self.tabs.items():
            tab.clicked.connect(lambda _on, key=key: self.show_tab(key))
            group.addButton(tab)
        bar = holder(column(row(*self.tabs.values(), None, margins=(8, 0, 0, 0), spacing=0), rule(), spacing=0))
        bar.setVisible(len(self._keys) > 1)
        self.table, self.model = simple_table(self.tr("历次备案"), line_columns(), self)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._open_current())
        self.table.setMinimumWidth(340)
        self.table.setMaximumWidth(420)
        words_ = self.tr("还没有备案，也没有需要备案的账户。账户新增、禁用、更改后，在备案时间内报上级。")
        self.empty = EmptyState(words_, icon="clipboard-text")
        self.view = FilingView(self.context)
        self.view.done.connect(self._did)
        self.view.build.connect(lambda period: self.build(LOCAL_TEACHERS.key, period))
        self.stack = QStackedWidget()
        own = row((self.table, 2), (self.empty, 2), (self.view, 4), spacing=0)
        self.rollup: RollupView | None = None
        self.stack.addWidget(holder(own, "plain"))
        if BELOW in self._keys:
            self.rollup = RollupView(self.context)
            self.rollup.build.connect(self.build)
            self.stack.addWidget(self.rollup)
        self.setLayout(column(self.head, bar, Around(self.news, (16, 8, 16, 4)), (self.stack, 1), spacing=0))
        self._tab = self._keys[0] if self._keys else OWN
        if self._keys:
            self.tabs[self._tab].setChecked(True)
        self.stack.setCurrentIndex(int(self._tab == BELOW))

    def _usual_sub(self) -> str:
        return self.tr("每年 5 月、10 月备案新增、禁用的账户，首次备案在 6 月底前")

    # --- reading ----------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`tab`: own or below; `change`: show that filing ("" for the one to be made); `form`: that annex."""
        if arguments.get("tab") in self.tabs:
            self.show_tab(str(arguments["tab"]))
        if "change" in arguments and OWN in self.tabs:
            self._wanted = str(arguments["change"])
            self.show_tab(OWN)
        if arguments.get("form"):
            self._show_form(str(arguments["form"]))

    def _show_form(self, form_key: str) -> None:
        """An annex of today's period: in sight where annexes are merged, else its files are asked for."""
        if self.rollup is not None:
            self.rollup.form.set_text(form_key)
            self.show_tab(BELOW)
            return
        self.context.read(
            lambda session: window_for(session, FilingKind.DELTA).period,
            done=lambda period: self.build(form_key, period), owner=self,
        )  # fmt: skip

    def show_tab(self, key: str) -> None:
        """Show the own filings or those below."""
        self._tab = key
        self.tabs[key].setChecked(True)
        self.stack.setCurrentIndex(int(key == BELOW))
        self.refresh()

    def refresh(self) -> None:
        """Read the tab in sight again."""
        if self._tab == BELOW and self.rollup is not None:
            self.rollup.refresh()
        elif OWN in self._keys:
            self.context.read(
                lambda session: (filing_lines(session), reminder(session)), done=self._show_lines, owner=self,
                replaces="filings",
            )  # fmt: skip
        self.say_hint()

    def _show_lines(self, read: tuple[list[FilingLine], Any]) -> None:
        self._lines, due = read
        self.head.set_sub(due.sentence if due else self._usual_sub())
        detail = self.view.detail
        wanted = self._wanted if self._wanted is not None else detail.line.id if detail else None
        self._wanted = None
        self.model.set_rows(self._lines)
        self.table.setVisible(bool(self._lines))
        self.empty.setVisible(not self._lines)
        self.view.setVisible(bool(self._lines))
        if self._lines:
            self.table.select_row(next((at for at, one in enumerate(self._lines) if one.id == wanted), 0))
        self._open_current()

    def _open_current(self) -> None:
        at = self.table.currentIndex().row()
        if not 0 <= at < len(self._lines):
            self.view.show_detail(None)
            return
        self.context.read(
            show_filing, self.context.actor, self._lines[at].id, done=self._show_detail, owner=self, replaces="filing"
        )

    def _show_detail(self, detail: FilingDetail | None) -> None:
        self.view.show_detail(detail)

    # --- acting -----------------------------------------------------------------------------------------

    def _did(self, change_id: str, sentence: str) -> None:
        self._wanted = change_id
        self.context.toast(sentence)
        self.refresh()

    def build(self, form_key: str, period: str) -> None:
        """Ask what to write and where, and write it."""
        from ui.dialogs.filing_files import FilingFiles

        dialog = FilingFiles(self, self.context, form_key, period)
        dialog.built.connect(self._built)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _built(self, built: Any) -> None:
        from PySide6.QtCore import QUrl
        from PySide6.QtGui import QDesktopServices

        from ui.dialogs.filing_files import built_words

        folder = button(self.tr("打开文件夹"), "folder-open", "link")
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(built.xlsx.parent))))
        self.news.say("warn" if built.remarks else "ok", built_words(built), [folder])

    # --- signatures -------------------------------------------------------------------------------------

    def choose_signed(self) -> None:
        """Ask for a signed PDF and say what its signature is worth."""
        self.context.prompt.open_files(self, self.tr("查验签名"), SIGNED, lambda paths: self.check(paths[0]))

    def check(self, path: Path) -> None:
        """Say who signed a PDF, and whether it is intact."""
        from sync.documents.signing import verify

        def shown(found: Any) -> None:
            self.news.say("ok" if found.good else "bad", f"“{path.name}”：{found.sentence}")

        self.context.read(verify, path, done=shown, owner=self, failed=self._unreadable)

    def _unreadable(self, error: Exception) -> None:
        self.news.say("bad", self.context.errors.describe(error, "signature").sentence)

    def open_file(self, path: Path) -> bool:
        """A dropped PDF is checked."""
        self.check(path)
        return True

    # --- the window -------------------------------------------------------------------------------------

    def has_draft(self) -> bool:
        """Whether a reason is being written."""
        return self.view.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of the tab in sight."""
        own = self._tab == OWN
        paper = self.view.print_ if own or self.rollup is None else self.rollup.print_
        acts: dict[str, Any] = {"print": paper}
        if own:
            acts |= {"submit": self.view.submit, "save": self.view.keep}
            acts |= {"next_item": lambda: self._step(1), "previous_item": lambda: self._step(-1)}
        if self.news.isVisible():
            acts["close_panel"] = self.news.close_bar
        if key not in acts:
            return False
        acts[key]()
        return True

    def _step(self, by: int) -> None:
        at = self.table.currentIndex().row() + by
        if 0 <= at < len(self._lines):
            self.table.select_row(at)

    def hint(self) -> str:
        """Keys that help."""
        if self._tab == BELOW:
            return self.tr("Ctrl+P 打印预览 · 把收到的 PDF 拖进来可查验签名")
        return self.tr("J / K 上下一次 · 回车 打开账户 · Ctrl+Enter 提交核办 · Ctrl+P 打印预览")
