"""汇总: what the units below have filed in a period, who has not, and the annexes made of it (A5, A11, A13-A15)."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from models.domain.filing import period_text
from models.domain.forms import LOCAL_TEACHERS, FormData
from models.domain.units import Role
from ui.context import AppContext
from ui.dialogs.filing_files import forms_of
from ui.forms.inputs import choice, fill
from ui.kit import Banner, button, column, holder, label, row, rule
from ui.kit.around import Around
from ui.pages.filing_view import print_form
from ui.pages.paper_view import PaperView
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn


class RollupView(QFrame):
    """Units and the form of a period. `build` carries the key of the form and the period to write files for."""

    build = Signal(str, str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.context = context
        self._data: FormData | None = None
        self._may = context.has(Role.REGISTRAR, Role.ADMINISTRATOR)
        self.period = choice(self.tr("备案时间"), []).without_room()
        self.period.setMinimumWidth(140)
        self.form = choice(self.tr("表"), forms_of(context.actor.unit.tier)).without_room()
        self.form.set_text(LOCAL_TEACHERS.key)
        for entry in (self.period, self.form):
            entry.edited.connect(self._read)
        self.write = button(self.tr("生成备案表"), "file-certificate", "primary", on_click=self._ask_files)
        self.print = button(self.tr("打印"), "printer", "", "Ctrl+P", on_click=self.print_)
        self.write.setVisible(self._may)
        self.print.setVisible(self._may)
        self.missing = Banner("warn", "")
        self.missing.hide()
        self.counted = label(kind="cap", wrap=True)
        self.table, self.model = simple_table(self.tr("各单位备案情况"), unit_columns(), self)
        self.paper = PaperView(context, self.tr("备案表"))
        under = column(self.print, spacing=0, margins=(0, 18, 0, 0))
        beside = column(self.write, spacing=0, margins=(0, 18, 0, 0))
        tools = row(self.period, (self.form, 1), None, under, beside, margins=(16, 8, 16, 8))
        units = column(Around(self.missing, (12, 8, 12, 4)), self.counted, (self.table, 1), spacing=0)
        self.counted.setContentsMargins(12, 8, 12, 8)
        self.left = holder(units)
        self.left.setMinimumWidth(300)
        both = row((self.left, 2), (self.paper, 3), spacing=0)
        self.setLayout(column(tools, rule(), (holder(both), 1), spacing=0))

    def refresh(self) -> None:
        """Read periods, then units and form."""
        from models.services.filing.views import filed_periods

        self.context.read(filed_periods, done=self._show_periods, owner=self, replaces="filing-periods")

    def _show_periods(self, periods: list[str]) -> None:
        kept = self.period.text()
        fill(self.period.widget, [(one, period_text(one)) for one in periods])  # type: ignore[arg-type]
        self.period.set_text(kept if kept in periods else periods[0])
        self._read()

    def _read(self) -> None:
        from models.services.filing.forms import Filler, prepare
        from models.services.filing.rollup import rollup

        period, form = self.period.text(), self.form.text()
        self.context.read(rollup, period, done=self._show_units, owner=self, replaces="filing-units")
        if self._may:
            self.context.read(
                prepare, self.context.actor, form, period, Filler(), done=lambda made: self._show_form(made.data),
                owner=self, replaces="filing-paper", failed=self._no_form,
            )  # fmt: skip
        else:
            self.paper.say(self.tr("备案表由学籍管理员或系统管理员生成。"))

    def _show_units(self, found: Any) -> None:
        units = sorted(found.units, key=lambda one: one.unit not in found.missing)
        self.model.set_rows(units)
        words = self.tr("{period}：共 {n} 个单位，已备案 {done} 个。")
        period = period_text(found.period)
        self.counted.setText(words.format(period=period, n=len(units), done=len(units) - len(found.missing)))
        names = "、".join(found.missing[:6]) + (self.tr("等") if len(found.missing) > 6 else "")
        said = self.tr("{n} 个单位还没有备案，或没有新增、禁用：{names}。").format(n=len(found.missing), names=names)
        self.missing.say("warn", said)
        self.missing.setVisible(bool(found.missing))

    def _show_form(self, data: FormData) -> None:
        self._data = data
        self._offer(True)
        self.paper.show_form(data)

    def _no_form(self, error: Exception) -> None:
        self._data = None
        self._offer(False)
        self.paper.say(self.context.errors.describe(error, "filing").sentence)

    def _offer(self, on: bool) -> None:
        self.write.setEnabled(on)
        self.print.setEnabled(on)

    def _ask_files(self) -> None:
        self.build.emit(self.form.text(), self.period.text())

    def print_(self) -> None:
        """The form in sight on paper."""
        if self._data is not None:
            print_form(self, self.context, self._data)


def unit_columns() -> tuple[TableColumn, ...]:
    """The columns of the units."""
    return (
        TableColumn("unit", "单位", 150, lambda u: Cell(u.unit, tip=u.unit)),
        TableColumn("added", "新增", 54, lambda u: Cell(f"{u.added:,}", right=True)),
        TableColumn("disabled", "禁用", 54, lambda u: Cell(f"{u.disabled:,}", right=True)),
        TableColumn("changed", "更改", 54, lambda u: Cell(f"{u.changed:,}", right=True)),
        TableColumn("state", "情况", 92, _state),
    )


def _state(one: Any) -> Cell:
    if one.added + one.disabled + one.changed:
        return Cell("已备案", "ok", "circle-check")
    return Cell("未备案", "warn", "hourglass")
