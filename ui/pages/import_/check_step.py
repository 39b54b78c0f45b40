"""Third step: the rows with their faults, mended in place until nothing stands against writing them (screen b)."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QMenu, QWidget

from models.domain.findings import Level
from models.services.imports import CheckedImport, Suggestion
from ui.context import AppContext
from ui.kit import Banner, Button, EmptyState, button, column, holder, row, rule
from ui.kit.around import Around
from ui.pages.import_.field_menu import field_menu
from ui.pages.import_.findings import Group, Marks, Show
from ui.pages.import_.grid import ImportGrid
from ui.pages.import_.history import CellEdit
from ui.pages.import_.loading import Loaded, recheck
from ui.pages.import_.mapping_step import describe
from ui.pages.import_.paste import read_block, spread
from ui.pages.import_.popover import Popover
from ui.pages.import_.replace_bar import ReplaceBar
from ui.pages.import_.session import ImportSession, Place
from ui.pages.import_.side import SHOW_WORDS, FindingsPanel
from ui.pages.import_.suggestions import bulk_texts, is_bulk, suggestions
from ui.pages.import_.table import ImportTable

ASK_ABOVE = 50
"""Pasted cells above which the person is asked first (ux 1.2, rule 3)."""


class CheckStep(QWidget):
    """The grid with its tabs, side list and bars. `judged` tells that the findings are new."""

    judged = Signal()
    remap = Signal(object)
    """A mapping chosen in the header."""
    show_mapping = Signal()

    def __init__(self, context: AppContext, loaded: Loaded) -> None:
        super().__init__()
        self.context = context
        self.session = ImportSession(loaded.checked)
        self.seconds = loaded.seconds
        self.can_remap = loaded.source is not None
        self._pending = 0
        self.grid = ImportGrid(self.session)
        self.table = ImportTable(self.grid)
        self.side = FindingsPanel()
        self.popover = Popover(self.table.viewport())
        self.replace_bar = ReplaceBar()
        self.ask = Banner("info", "")
        self.ask.hide()
        self._build(loaded)
        self._connect()
        self._refresh()
        self.table.setFocus()
        self.go_error(1, start=True)

    # --- building -----------------------------------------------------------------------------------------

    def _build(self, loaded: Loaded) -> None:
        see = button(self.tr("查看全部对应"), kind="link", on_click=self.show_mapping.emit, enabled=self.can_remap)
        self.note = Banner("info", "", icon="wand")
        self.note.say(*describe(loaded.checked.workbook, loaded.remembered), [see])
        self.tabs = QButtonGroup(self)
        self._tab_of: dict[Show, Button] = {}
        for place, show in enumerate(Show):
            tab = button(kind="tab", checkable=True, on_click=partial(self._show_tab, show))
            self.tabs.addButton(tab, place)
            self._tab_of[show] = tab
        self.sheets = QComboBox()
        self.sheets.setAccessibleName(self.tr("工作表"))
        for sheet in loaded.checked.workbook.sheets:
            self.sheets.addItem(f"{sheet.sheet} · {len(sheet.rows):,}")
        self.sheets.setVisible(self.sheets.count() > 1)
        back = button(self.tr("上一处"), kind="link", tip="Shift+F8", on_click=lambda: self.go_error(-1))
        forth = button(self.tr("下一处 F8"), kind="link", tip="F8", on_click=lambda: self.go_error(1))
        change = button(self.tr("查找替换"), "replace", "link", "Ctrl+H", on_click=self.open_replace)
        tools = row(
            *self._tab_of.values(), self.sheets, None, back, forth, change, margins=(8, 0, 12, 0), spacing=6
        )  # fmt: skip
        see_all = button(self.tr("查看全部行"), on_click=lambda: self._show_tab(Show.ALL))
        self.empty = EmptyState(self.tr("没有符合条件的行。"), see_all, icon="list-check")
        left = column(
            row(self.note, margins=(12, 8, 12, 4)), Around(self.ask, (12, 0, 12, 4)),
            Around(self.replace_bar, (12, 0, 12, 4)), tools, rule(), (self.table, 1), (self.empty, 1), spacing=0,
        )  # fmt: skip
        self.setLayout(row((holder(left, "plain"), 1), self.side, spacing=0))

    def _connect(self) -> None:
        self.grid.edited.connect(lambda r, key, text: self.edit(self.tr("修改一格"), {(r, key): text}))
        self.table.cleared.connect(self._clear_cells)
        self.table.moved.connect(self._explain)
        self.table.header.field_clicked.connect(self.open_field_menu)
        self.side.chosen.connect(self._show_group)
        self.side.mend.connect(self._mend)
        self.popover.retype.connect(self.retype)
        self.popover.adopt.connect(self._adopt)
        self.popover.restore.connect(self.restore)
        self.replace_bar.replace.connect(lambda texts: self.edit(self.tr("查找替换"), texts))
        self.replace_bar.found.connect(lambda place: self.table.go_to(self.grid.index_of(*place)))
        self.replace_bar.closed.connect(self.table.setFocus)
        self.sheets.activated.connect(self._show_sheet)

    def _refresh(self) -> None:
        """Numbers, panel and empty state for the session as it stands."""
        for show, tab in self._tab_of.items():
            tab.set_text(self.tr(SHOW_WORDS[show]).format(n=f"{self.session.marks.count(show):,}"))
            tab.setChecked(self.session.group is None and self.session.show is show)
        self.side.show_session(self.session, self.seconds)
        empty = not self.session.visible
        self.empty.setVisible(empty)
        self.table.setVisible(not empty)
        self.judged.emit()

    # --- which rows ---------------------------------------------------------------------------------------

    def _show_tab(self, show: Show) -> None:
        self.session.set_show(show)
        self._rows_changed()

    def _show_group(self, group: Group) -> None:
        self.tabs.setExclusive(False)
        self.session.set_group(group)
        self._rows_changed()
        self.tabs.setExclusive(True)
        self.table.go_to(self.grid.index_of(group.rows[0], group.field))
        self.table.setFocus()

    def _show_sheet(self, index: int) -> None:
        self.session.set_sheet(index)
        self._rows_changed()

    def _rows_changed(self) -> None:
        self.popover.hide()
        self.grid.refresh()
        self._refresh()

    def go_error(self, by: int, *, start: bool = False) -> None:
        """The next (1) or previous (-1) cell with an error, round the ends (F8)."""
        keys = [c.key for c in self.session.columns]
        places = self.session.marks.error_places(keys)
        if self.session.group is not None:
            group = self.session.group
            places = [p for p in places if p[1] == group.field and p[0] in group.rows] or places
        if not places:
            if not start:
                self.context.toast(self.tr("没有错误了，可以预览差异。"))
            return
        at = self._current()
        order = {key: place for place, key in enumerate(keys)}
        now = (at[0], order.get(at[1], -1)) if at and not start else (-1, -1)
        spots = [(r, order.get(key, -1)) for r, key in places]
        if by > 0:
            target = next((i for i, spot in enumerate(spots) if spot > now), 0)
        else:
            target = next((i for i in range(len(spots) - 1, -1, -1) if spots[i] < now), len(spots) - 1)
        if places[target][0] not in self.session.visible:
            self._show_tab(Show.ERRORS)
        self.table.go_to(self.grid.index_of(*places[target]))
        self.table.setFocus()

    def _current(self) -> Place | None:
        index = self.table.currentIndex()
        return self.grid.place(index) if index.isValid() else None

    # --- the popover --------------------------------------------------------------------------------------

    def _explain(self) -> None:
        at = self._current()
        findings = self.session.findings_at(*at) if at else ()
        if at is None or not findings:
            self.popover.hide()
            return
        r, key = at
        name = next((c.label or c.title for c in self.session.columns if c.key == key), "")
        where = self.tr("第 {row} 行 · {column}").format(row=self.session.sheet.rows[r], column=name)
        offers = [s for f in findings for s in suggestions(self.session.checked, self.session.sheet_index, r, f)]
        offers = [s for s in dict.fromkeys(offers) if s.value != self.session.text(r, s.field)]
        original = self.session.raw(r, key) if self.session.is_edited(r, key) else None
        self.popover.explain(self.table.visualRect(self.table.currentIndex()), findings, where, offers, original)

    def retype(self) -> None:
        """Edit the current cell (F2)."""
        self.popover.hide()
        self.table.setFocus()
        self.table.edit(self.table.currentIndex())

    def adopt(self) -> None:
        """Take the first suggestion for the current cell (Alt+Enter)."""
        if self.popover.isVisible() and self.popover.suggestion is not None:
            self._adopt(self.popover.suggestion)

    def _adopt(self, suggestion: Suggestion) -> None:
        at = self._current()
        if at is not None:
            self.edit(self.tr("采用建议"), {(at[0], suggestion.field): suggestion.value})

    def restore(self) -> None:
        """Give the selected cells the text they had in the file."""
        places = [self.grid.place(self.grid.index(r, c)) for r, c in self.table.selected_places()]
        texts = {p: self.session.raw(*p) for p in places if self.session.is_edited(*p)}
        self.edit(self.tr("恢复原值"), texts)

    # --- editing ------------------------------------------------------------------------------------------

    def edit(self, words: str, texts: dict[Place, str]) -> None:
        """Put texts into cells as one step, and judge again."""
        self._recheck(self.session.carry_out(words, self.session.edits(texts)))

    def undo(self) -> None:
        """Take the last step back (Ctrl+Z)."""
        self._recheck(self.session.undo())

    def redo(self) -> None:
        """Do it again (Ctrl+Y)."""
        self._recheck(self.session.redo())

    def _recheck(self, edits: tuple[CellEdit, ...]) -> None:
        if not edits:
            return
        self.grid.repaint_cells()
        self._pending += 1
        self.judged.emit()
        checked = self.session.checked
        cells = [(e.sheet, e.row, e.field, e.after) for e in edits]
        title = self.tr("重新检查") if len(cells) > ASK_ABOVE else ""
        self.context.jobs.run(lambda: recheck(checked, cells), self._judged, self._not_judged, owner=self, title=title)

    def _judged(self, result: tuple[CheckedImport, tuple[Marks, ...], float]) -> None:
        self._pending -= 1
        checked, marks, self.seconds = result
        columns = self.session.columns
        self.session.replace(checked, marks)
        if self.session.columns != columns:
            self.grid.refresh()
        self.grid.repaint_cells()
        self._refresh()
        self._explain()

    def _not_judged(self, error: Exception) -> None:
        self._pending -= 1
        self.context.show_error(error, "import")

    @property
    def busy(self) -> bool:
        """Whether edits are still being judged."""
        return self._pending > 0

    def _clear_cells(self) -> None:
        places = [self.grid.place(self.grid.index(r, c)) for r, c in self.table.selected_places()]
        editable = {c.key for c in self.session.columns if c.editable}
        self.edit(self.tr("清空"), {p: "" for p in places if p[1] in editable})

    def paste(self) -> None:
        """Paste into the rows in sight, from the current cell or over the selection (ux 1.2)."""
        block = read_block(QGuiApplication.clipboard().text())
        columns = self.session.columns
        cells = spread(block, self.table.selected_places(), len(self.session.visible), len(columns))
        texts = {
            (self.session.visible[r], columns[c].key): text for (r, c), text in cells.items() if columns[c].editable
        }
        changed = len(self.session.edits(texts))
        if changed <= ASK_ABOVE:
            self.edit(self.tr("粘贴"), texts)
            return

        def go() -> None:
            self.ask.hide()
            self.edit(self.tr("粘贴"), texts)

        words = self.tr("将改 {n} 格，只改现在看得见的行。").format(n=changed)
        self.ask.say("info", words, [
            button(self.tr("写入"), kind="primary", on_click=go), button(self.tr("取消"), on_click=self.ask.hide),
        ])  # fmt: skip

    def _mend(self, group: Group) -> None:
        if not is_bulk(group.code):
            self._show_group(group)
            return
        sheet, cells = self.session.sheet_index, []
        for r in group.rows:
            cells += [(r, f) for f in self.session.findings_at(r, group.field) if f.code == group.code]
        checked = self.session.checked
        self.context.jobs.run(
            lambda: bulk_texts(checked, sheet, cells), lambda texts: self._mended(group, texts), owner=self,
            title=self.tr("成批修改"),
        )  # fmt: skip

    def _mended(self, group: Group, texts: dict[Place, str]) -> None:
        self.edit(self.tr("成批修改：{title}").format(title=group.title), texts)
        left = len(group.rows) - len({r for r, _ in texts})
        rest = self.tr("，另有 {n} 行须逐个核对").format(n=left) if left else ""
        self.context.toast(self.tr("已改 {n} 格{rest}。").format(n=len(texts), rest=rest), self.undo)

    def open_replace(self) -> None:
        """Find and replace (Ctrl+H), at the column of the current cell."""
        at = self._current()
        self.replace_bar.open_for(self.session, at[1] if at else "")

    # --- the header ---------------------------------------------------------------------------------------

    def open_field_menu(self, section: int) -> QMenu | None:
        """The fields a column may go to."""
        chosen = self.session.columns[section]
        if not chosen.letter or not self.can_remap:
            return None
        menu = field_menu(self, self.session, chosen.letter, self.remap.emit)
        header = self.table.header
        menu.popup(header.mapToGlobal(QPoint(header.sectionViewportPosition(section), 28)))
        return menu

    # --- the page -----------------------------------------------------------------------------------------

    def act(self, key: str) -> bool:
        """Carry out an action of ui/actions.py; whether it concerns the grid."""
        acts: dict[str, Any] = {
            "edit": self.retype, "bulk": self.open_replace, "paste": self.paste, "undo": self.undo, "redo": self.redo,
            "next_error": lambda: self.go_error(1), "previous_error": lambda: self.go_error(-1),
            "accept_suggestion": self.adopt, "filter_value": self._field_menu_here, "close_panel": self._close,
        }  # fmt: skip
        act = acts.get(key)
        if act is not None:
            act()
        return act is not None

    def _field_menu_here(self) -> None:
        if self.table.currentIndex().isValid():
            self.open_field_menu(self.table.currentIndex().column())

    def _close(self) -> None:
        self.popover.hide()
        if self.replace_bar.isVisible():
            self.replace_bar.close_bar()

    def hint(self) -> str:
        """Row, column, number of errors, keys."""
        at = self._current()
        parts = []
        if at is not None:
            name = next((c.label or c.title for c in self.session.columns if c.key == at[1]), "")
            parts = [self.tr("第 {n} 行").format(n=self.session.sheet.rows[at[0]]), name]
            places = self.session.marks.error_places([c.key for c in self.session.columns])
            if at in places:
                parts.append(self.tr("错误 {n}/{all}").format(n=places.index(at) + 1, all=len(places)))
        return " · ".join([*parts, self.tr("F8 下一处 · Alt+Enter 采用建议 · Ctrl+V 可整列粘贴，只改可见行")])

    def levels(self) -> tuple[int, int, int]:
        """Rows of all sheets: all, with errors, with remarks only."""
        total, errors = self.session.totals()
        warned = {(f.sheet, f.row) for f in self.session.checked.findings if f.finding.level is Level.WARNING}
        wrong = {(f.sheet, f.row) for f in self.session.checked.findings if f.finding.level is Level.ERROR}
        return total, errors, len(warned - wrong)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The popover stays with its cell."""
        super().resizeEvent(event)
        self._explain()
