"""A register: its entries under tabs, the current one in full beside them, or the form of an act on it; printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLayout, QSizePolicy, QWidget

from models.domain.times import local_text, now_text
from ui.context import AppContext
from ui.kit import Banner, Item, SidePanel, column, frame, key_value, label, row
from ui.kit.around import Around
from ui.pages.entry_form import PANEL, EntryForm
from ui.pages.tabbed_list import TabbedList
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session


LONGEST_WORD = 20
"""Letters and signs without a place to wrap that fit beside their name."""


@dataclass(frozen=True)
class Line:
    """An entry of a register as its list holds it."""

    id: str
    one: Any


def field(key: str, title: str, width: int, cell: Callable[[Any], Cell]) -> TableColumn:
    """A column over the entries themselves."""
    return TableColumn(key, title, width, lambda line: cell(line.one))


def fact(name: str, text: str) -> QLayout:
    """A row of the panel; a mail address that would widen it gets a line of its own."""
    if max(map(len, re.split(r"[^\x21-\x7e]+", text))) <= LONGEST_WORD:
        return key_value(name, text)
    value = label(text, selectable=True)
    value.setToolTip(text)
    value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return column(label(name, "cap"), value, spacing=1)


class RegisterPane(QFrame):
    """What is common to the registers. A subclass says how it is read, listed, described, and what may be done.

    `told`: what the status bar says, or what may be begun, has changed.
    """

    told = Signal()
    NAME = ""
    """What the register is called on paper and to a screen reader."""
    ICON = "list-details"
    TABS: Sequence[tuple[str, str]] = ()
    NEW = ""
    """The words of the button that begins an entry; "" for none."""

    def __init__(self, context: AppContext, foot: QWidget | None = None) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.context = context
        self.found: Any = None
        self.wanted = ""
        self.form: EntryForm | None = None
        self._shown = False
        self.about = label("", "dim", wrap=True)
        self.about.hide()
        self.warning = Banner("warn", "")
        self.warning.hide()
        self.list = TabbedList(self.NAME, self.TABS, self.columns(self.TABS[0][0]), self.ICON)
        self.list.tab_chosen.connect(self._change_tab)
        self.list.chosen.connect(self._describe)
        self.list.opened.connect(lambda line: self.open_(line.one) if line is not None else None)
        self.panel = SidePanel(PANEL)
        self.panel.hide()
        self._side = row((self.list, 1), self.panel, spacing=0)
        above: list[Item] = [Around(self.about, (16, 8, 16, 4)), Around(self.warning, (16, 8, 16, 4))]
        below: list[Item] = [foot] if foot is not None else []
        self.setLayout(column(*above, (self._side, 1), *below, spacing=0))

    # --- what a register says ---------------------------------------------------------------------------

    def source(self, session: Session) -> Any:
        """Read the register; runs off the window's thread."""
        raise NotImplementedError

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The columns of a tab."""
        raise NotImplementedError

    def lines(self, tab: str) -> list[Line]:
        """The entries of a tab, from what `source` has read (`found`)."""
        raise NotImplementedError

    def nothing(self) -> str:
        """Why the tab in sight is empty, and what the register is for."""
        raise NotImplementedError

    def describe(self, one: Any) -> Sequence[Item]:
        """The current entry in full with what may be done; nothing hides the panel."""
        raise NotImplementedError

    def sum_up(self) -> None:
        """Say above the list what has to be looked after (`about`, `warning`)."""

    def may_begin(self) -> bool:
        """Whether the person may make an entry."""
        return False

    def begin(self) -> None:
        """Open the form of a new entry."""

    def open_(self, one: Any) -> None:
        """Enter or a double click on an entry."""

    def submit(self) -> None:
        """Ctrl+Enter without a form."""

    # --- reading ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the register again; a form stays as it is."""
        self.context.read(self.source, done=self._show, owner=self, replaces=f"register-{type(self).__name__}")

    def _show(self, found: Any) -> None:
        self.found = found
        self.sum_up()
        self.draw()

    def draw(self) -> None:
        """Show the tab in sight from what was read."""
        if self.found is None:
            return
        self.list.show_counts({key: len(self.lines(key)) for key, _ in self.TABS})
        self.list.show_rows(self.lines(self.list.tab), self.nothing(), self.wanted)
        self.wanted = ""
        self.told.emit()

    def _change_tab(self, tab: str) -> None:
        columns = self.columns(tab)
        if [one.key for one in columns] != [one.key for one in self.list.model.columns]:
            self.list.model.set_columns(columns)
            self.list.table.set_widths([one.width for one in columns])
        self.draw()

    def current(self) -> Any:
        """The current entry, None when there is none."""
        line = self.list.current()
        return None if line is None else line.one

    def _describe(self, line: Line | None) -> None:
        parts = self.describe(line.one) if line is not None else ()
        self.panel.show_parts(*parts)
        self._shown = bool(parts)
        self._dress()

    def _dress(self) -> None:
        self.panel.setVisible(self.form is None and self._shown)

    # --- acting -----------------------------------------------------------------------------------------

    def open_form(self, form: EntryForm, act: Callable[[dict[str, str]], None]) -> None:
        """Show a form in place of the panel; `act` gets what was entered."""
        self.close_form()
        self.form = form
        form.given.connect(act)
        form.left.connect(self.close_form)
        self._side.addWidget(form)
        form.show()
        self.panel.hide()
        form.take_focus()
        self.told.emit()

    def close_form(self) -> None:
        """Put the form away."""
        if self.form is None:
            return
        form, self.form = self.form, None
        self._side.removeWidget(form)
        form.hide()
        form.deleteLater()
        self._describe(self.list.current())
        self.list.table.setFocus()
        self.told.emit()

    def write(self, said: str, use_case: Callable[..., Any], *arguments: Any) -> None:
        """Write by `use_case(session, actor, *arguments)` and say so; an id it returns becomes the current entry."""

        def done(result: Any) -> None:
            self.wanted = result if isinstance(result, str) else ""
            self.did(said)

        self.context.write(
            use_case, self.context.actor, *arguments, done=done, owner=self, title=self.NAME, failed=self.refused
        )

    def did(self, sentence: str) -> None:
        """Something was written."""
        self.close_form()
        self.context.toast(sentence)
        self.refresh()

    def refused(self, error: Exception) -> None:
        """Say why nothing was written, in the form where there is one."""
        if self.form is None:
            self.context.show_error(error, "register")
        else:
            self.form.complain(self.context.errors.describe(error, "register").sentence)

    def print_(self) -> None:
        """The tab in sight on paper."""
        from ui.printing import grid_html, page_html, preview, signing_html

        shown = self.list.model
        rows = [[column.cell(line).text for column in shown.columns] for line in shown.rows]
        facts = [
            (self.tr("单位"), self.context.actor.unit.name), (self.tr("打印时间"), local_text(now_text())),
            (self.tr("内容"), f"{dict(self.TABS)[self.list.tab]}，{self.tr('共 {n} 项').format(n=len(rows))}"),
        ]  # fmt: skip
        parts = grid_html([column.title for column in shown.columns], rows), signing_html("经办人", "负责人", "日期")
        preview(self, self.NAME, page_html(self.NAME, facts, *parts), landscape=True, prompt=self.context.prompt)

    # --- the window -------------------------------------------------------------------------------------

    def has_draft(self) -> bool:
        """Whether something was entered that is not written."""
        return self.form is not None and self.form.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of a register."""
        acts: dict[str, Callable[[], object]] = {
            "print": self.print_, "submit": self.form.give if self.form is not None else self.submit,
            "next_item": lambda: self.list.step(1), "previous_item": lambda: self.list.step(-1),
        }  # fmt: skip
        if self.may_begin():
            acts["new"] = self.begin
        if self.form is not None:
            acts["close_panel"] = self.close_form
        if key not in acts:
            return False
        acts[key]()
        return True

    def hint(self) -> str:
        """Keys that help."""
        if self.form is not None:
            return self.tr("Ctrl+Enter 确定 · Esc 取消")
        new = f" · Ctrl+N {self.NEW}" if self.NEW and self.may_begin() else ""
        return self.tr("{n} 项 · J / K 上下一项 · Ctrl+P 打印").format(n=len(self.list.model.rows)) + new


def foot_bar(*items: Item) -> QFrame:
    """A bar below the list that stays in sight."""
    return frame("foot", row(*items, margins=(16, 8, 16, 8)))
