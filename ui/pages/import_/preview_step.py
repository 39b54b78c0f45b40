"""Fourth step: what would be written, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtWidgets import QButtonGroup, QWidget

from models.domain.fields import STUDENTS
from models.services.checking import field_label, value_text
from models.services.imports import CheckedImport, Outcome
from ui.kit import Banner, EmptyState, button, column, holder, row, rule
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

LOOK: dict[Outcome, tuple[str, str, str]] = {
    Outcome.NEW: ("新增", "ok", "circle-plus"),
    Outcome.UPDATE: ("更新", "info", "pencil"),
    Outcome.CHANGES: ("变更草稿", "wait", "git-pull-request"),
    Outcome.SAME: ("相同", "mute", "minus"),
    Outcome.ERROR: ("跳过（有错误）", "bad", "circle-x"),
    Outcome.LEFT_OUT: ("不导入", "mute", "eye-off"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the preview."""

    number: int
    sheet: str
    name: str
    outcome: Outcome
    what: str


def lines_of(checked: CheckedImport) -> list[Line]:
    """What happens to every row; made off the GUI thread."""
    known, kind = checked.known, checked.kind
    found = []
    for sheet, index, plan in checked.planned():
        names = sheet.values.get("name")
        parts = []
        if known is not None and plan.subject_id:
            before = known.values_of(plan.subject_id)
            for key, value in (*plan.updates.items(), *plan.changes.items()):
                old = value_text(key, before.get(key, ""), kind) or "空"
                parts.append(f"{field_label(key, kind)}：{old} → {value_text(key, value, kind) or '空'}")
        found.append(
            Line(sheet.rows[index], sheet.sheet, names[index] if names else "", plan.outcome, "；".join(parts))
        )
    return found


class PreviewStep(QWidget):
    """Counts over the list of rows; a count shows only its rows."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[Line] = []
        self.note = Banner("info", "")
        columns = (
            TableColumn("row", self.tr("行号"), 64, lambda line: Cell(str(line.number))),
            TableColumn("name", self.tr("姓名"), 120, lambda line: Cell(line.name)),
            TableColumn("outcome", self.tr("将会"), 150, lambda line: Cell(*LOOK[line.outcome])),
            TableColumn("what", self.tr("改动"), 300, lambda line: Cell(line.what, tip=line.what)),
        )
        self.table, self.model = simple_table(self.tr("导入预览"), columns, self)
        self.tabs = QButtonGroup(self)
        self._tab_of = {}
        for place, outcome in enumerate((None, *LOOK)):
            tab = button(kind="tab", checkable=True, on_click=partial(self.show_outcome, outcome))
            self.tabs.addButton(tab, place)
            self._tab_of[outcome] = tab
        self.empty = EmptyState(self.tr("没有这样的行。"), icon="list-check")
        tabs = row(*self._tab_of.values(), None, margins=(8, 0, 12, 0), spacing=6)
        inner = column(
            row(self.note, margins=(12, 8, 12, 4)), tabs, rule(), (self.table, 1), (self.empty, 1), spacing=0
        )
        self.setLayout(row((holder(inner, "plain"), 1), spacing=0))

    def show_lines(self, lines: list[Line], counts: dict[Outcome, int], kind: str) -> None:
        """Show what would be written; the rows that change something stand first in sight."""
        self._lines = lines
        for outcome, tab in self._tab_of.items():
            words = self.tr(LOOK[outcome][0]) if outcome else self.tr("全部")
            tab.set_text(f"{words} {counts[outcome] if outcome else len(lines):,}")
            tab.setVisible(outcome is None or bool(counts[outcome]))
        self.note.say(*self._sentence(counts, kind))
        self.show_outcome(next((o for o in (Outcome.CHANGES, Outcome.UPDATE) if counts[o]), None))

    def take_focus(self) -> None:
        """The list has the keyboard; with nothing in it the tabs."""
        (self._tab_of[None] if self.table.isHidden() else self.table).setFocus()

    def _sentence(self, counts: dict[Outcome, int], kind: str) -> tuple[str, str]:
        who = self.tr("名学生") if kind == STUDENTS else self.tr("个账户")
        parts = [self.tr("新增 {n} {who}").format(n=counts[Outcome.NEW], who=who)] if counts[Outcome.NEW] else []
        if counts[Outcome.UPDATE]:
            parts.append(self.tr("更新 {n}").format(n=counts[Outcome.UPDATE]))
        if counts[Outcome.CHANGES]:
            parts.append(self.tr("{n} 人的关键信息不同，将生成变更草稿，不直接改").format(n=counts[Outcome.CHANGES]))
        if counts[Outcome.ERROR]:
            parts.append(self.tr("{n} 行有错误，不写入").format(n=counts[Outcome.ERROR]))
        if counts[Outcome.LEFT_OUT]:
            parts.append(self.tr("{n} 行按您的选择不导入").format(n=counts[Outcome.LEFT_OUT]))
        if not parts:
            return "ok", self.tr("文件内容与名册完全相同，没有需要写入的。")
        return ("warn" if counts[Outcome.ERROR] else "info"), "；".join(parts) + "。"

    def show_outcome(self, outcome: Outcome | None) -> None:
        """Show only the rows of one outcome, or all."""
        self._tab_of[outcome].setChecked(True)
        shown = [line for line in self._lines if outcome is None or line.outcome is outcome]
        self.model.set_rows(shown)
        self.table.setVisible(bool(shown))
        self.empty.setVisible(not shown)
