"""An export of the platform before it is used: chosen or dropped, its columns put right, then inspected or taken as
the proof of an earlier inspection (A6, A12)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSpinBox, QStackedWidget, QWidget

from models.domain.inspection import (
    DEFAULT_IDLE_DAYS,
    INSPECTION,
    LEAST_IDLE_DAYS,
    LONGEST_NOTE,
    MOST_IDLE_DAYS,
    PROOF_LABELS,
    Proof,
)
from models.services.inspection import exports
from models.services.inspection.exports import Mapping_, Opened
from ui.context import AppContext
from ui.forms.inputs import line
from ui.jobs import Job
from ui.kit import Banner, IconLabel, PageHead, button, column, frame, holder, label, row
from ui.kit.around import Around
from ui.pages.inspection_columns import ColumnsTable, describe
from ui.prompt import SPREADSHEETS

if TYPE_CHECKING:
    from models.domain.progress import Progress
    from models.services.inspection.proving import Proved
    from models.services.inspection.views import InspectionSummary
    from models.store.store import Store

IDLE_DAYS = "inspection/idle_days"
WHAT_IT_IS = (
    "导出文件是平台自己的账户清单，由平台管理员在后台的用户列表里导出（xlsx、xls、csv）。"
    "至少要有用户名；有姓名、邮箱、是否停用、最近登录、单位，查得更全。"
)


def open_file(store: Store, path: Path, given: Mapping_, progress: Progress) -> Opened:
    """Read a file with the columns as a person gave them, else as they were mapped before."""
    from datetime import date

    from models.domain.times import local_day, now_text

    day = date.fromisoformat(local_day(now_text()))
    return exports.open_export(path, given, store.read(exports.remembered), day, progress)


class ExportForm(QWidget):
    """`inspected` carries the id of a new inspection; `proved` the id of the one proved and what came of it; `left`
    gives up."""

    inspected = Signal(str)
    proved = Signal(str, str)
    left = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.opened: Opened | None = None
        self.subject: InspectionSummary | None = None
        self._job: Job | None = None
        self.head = PageHead("", "")
        self.banner = Banner("info", "")
        self.columns = ColumnsTable()
        self.columns.mapped.connect(self._map)
        self.idle = QSpinBox()
        self.idle.setRange(LEAST_IDLE_DAYS, MOST_IDLE_DAYS)
        self.idle.setSuffix(self.tr(" 天"))
        self.idle.setAccessibleName(self.tr("多少天没有登录算长期未登录"))
        self.note = line(self.tr("说明（可不填）"), self.tr("如：2026 年秋季专项核查")).without_room()
        self.note.widget.setMaxLength(LONGEST_NOTE)  # type: ignore[union-attr]
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        self.pick = button(self.tr("选择文件"), "folder-open", "primary", "Ctrl+O", on_click=self.choose)
        drop = column(
            None, row(None, IconLabel("file-spreadsheet", "text3", 32), None),
            row(None, label(self.tr("把平台导出的账户清单拖到这里"), "h2"), None),
            row(None, self.pick, None),
            row(40, (self._centred(WHAT_IT_IS), 1), 40),
            row(40, (self._centred(self.tr("只作比对，不改动平台和名册，原文件也不会改动。")), 1), 40), None,
            margins=(24, 20, 24, 20), spacing=12,
        )  # fmt: skip
        card = QFrame()
        card.setProperty("role", "card")
        card.setLayout(drop)
        self.idle.setMinimumHeight(self.note.widget.sizeHint().height())
        self.idle_words = label(self.tr("超过这么久没有登录算长期未登录"), "cap")
        idle = holder(column(self.idle_words, row(self.idle, None), spacing=3))
        self.asked = holder(row(idle, (self.note, 1), margins=(16, 8, 16, 8), spacing=16))
        sheet = column(Around(self.banner, (16, 10, 16, 6)), (self.columns, 1), self.asked, spacing=0)
        self.stack = QStackedWidget()
        self.stack.addWidget(holder(column((card, 1), margins=(16, 12, 16, 12))))
        self.stack.addWidget(holder(sheet, "plain"))
        cancel = button(self.tr("返回"), tip="Esc", on_click=self.left.emit)
        self.other = button(self.tr("换一个文件"), "folder-open", tip="Ctrl+O", on_click=self.choose)
        self.go = button("", "list-check", "primary", "Ctrl+Enter", on_click=self.run)
        foot = frame("foot", row((self.fault, 1), None, cancel, self.other, self.go, margins=(16, 8, 16, 8)))
        self.setLayout(column(self.head, (self.stack, 1), foot, spacing=0))

    @staticmethod
    def _centred(text: str) -> QWidget:
        made = label(text, "dim", wrap=True)
        made.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        return made

    def begin(self, subject: InspectionSummary | None = None) -> None:
        """Start anew: an inspection, or the proof of `subject`."""
        self.subject, self.opened = subject, None
        self.note.set_text("")
        stored = str(self.context.settings.value(IDLE_DAYS) or "")
        self.idle.setValue(int(stored) if stored.isdigit() else DEFAULT_IDLE_DAYS)
        title = self.tr("新的专项核查")
        words = self.tr("把平台导出的账户清单与名册比对，找出不规范的账户。")
        if subject is not None:
            title = self.tr("用新导出核实：{kind} {number}").format(kind=subject.kind_label, number=subject.number)
            words = self.tr("停用以后从平台重新导出一份清单，逐项核对是否已停用、已改正。")
        self.head.title.setText(title)
        self.head.set_sub(words)
        self._dress()
        self.pick.setFocus()

    def _dress(self) -> None:
        ready = self.opened is not None and self.opened.export is not None
        self.fault.hide()
        self.stack.setCurrentIndex(int(self.opened is not None))
        self.other.setVisible(self.opened is not None)
        self.asked.setVisible(self.subject is None and ready)
        self.go.set_text(self.tr("开始核查") if self.subject is None else self.tr("核实"))
        self.go.setEnabled(ready and self._job is None)
        if ready and self.opened is not None:
            timed = "last_access" in self.opened.tables[0].mapping
            self.idle.setEnabled(timed)

    # --- the file ---------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for the export."""
        self.context.prompt.open_files(
            self, self.tr("平台导出的账户清单"), SPREADSHEETS, lambda paths: self.read(paths[0])
        )

    def read(self, path: Path, given: Mapping_ | None = None) -> None:
        """Read a file; the one before stays in sight until this one is read."""
        store = self.context.store
        self._run(lambda progress: open_file(store, path, given or {}, progress), self._show, self.tr("读取账户清单"))

    def _map(self, given: Mapping_) -> None:
        if self.opened is not None and self._job is None:
            self.read(self.opened.path, given)

    def _show(self, opened: Opened) -> None:
        self.opened = opened
        self.columns.show_file(opened)
        self.banner.say(*describe(opened))
        self._dress()
        (self.go if self.go.isEnabled() else self.columns.table).setFocus()

    # --- running ----------------------------------------------------------------------------------------

    def run(self) -> None:
        """Inspect, or prove."""
        if self.opened is None or self.opened.export is None or self._job is not None:
            return
        store, export, subject = self.context.store, self.opened.export, self.subject
        if subject is not None:
            from models.services.inspection import proving

            def prove(progress: Progress) -> Any:
                return store.write(proving.prove, store.actor, subject.id, export, progress)

            self._run(prove, lambda found: self.proved.emit(subject.id, proved_words(found)), self.tr("核实停用结果"))
            return
        from models.services.inspection import running

        note, days = self.note.text(), self.idle.value()
        self.context.settings.setValue(IDLE_DAYS, days)

        def inspect(progress: Progress) -> Any:
            return store.write(running.run, store.actor, export, INSPECTION, note, progress, idle_days=days)

        self._run(inspect, lambda made: self.inspected.emit(str(made)), self.tr("专项核查"))

    def _run(self, work: Callable[[Any], Any], done: Callable[[Any], object], title: str) -> None:
        """One thing at a time, with its progress and 取消 in the status bar."""

        def finished(result: Any) -> None:
            self._job = None
            done(result)
            self._dress()

        self.fault.hide()
        self._job = self.context.jobs.run(work, finished, self._refused, owner=self, title=title, progress=True)
        self.go.setEnabled(False)

    def _refused(self, error: Exception) -> None:
        """Say what was wrong; what is in sight stays."""
        self._job = None
        self._dress()
        self.fault.setText(self.context.errors.describe(error, "inspection").sentence)
        self.fault.show()

    def has_draft(self) -> bool:
        """Whether a file is open that was not used yet."""
        return self.opened is not None


def proved_words(found: Proved) -> str:
    """What a later list said, in a sentence."""
    settled = "，".join(f"{PROOF_LABELS[Proof(how)]} {count} 项" for how, count in found.settled.items() if count)
    words = f"已核实：{settled}。" if settled else "没有一项得到证实。"
    words += f"平台上仍是原样的 {found.still} 项。" if found.still else ""
    return words + (f"这份清单没有说到的 {found.silent} 项，没有变动。" if found.silent else "")
