"""Third step: the rows with their faults, mended in place until nothing stands against writing them (screen b)."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QComboBox, QMenu, QWidget

from models.services.imports import Suggestion
from ui.context import AppContext
from ui.kit import Banner, Button, EmptyState, button, column, holder, row, rule
from ui.kit.around import Around
from ui.pages.import_.cell_menu import cell_menu
from ui.pages.import_.editing import CellEditor
from ui.pages.import_.field_menu import field_menu
from ui.pages.import_.findings import Group, Show
from ui.pages.import_.grid import ImportGrid
from ui.pages.import_.loading import Loaded
from ui.pages.import_.mapping_step import describe
from ui.pages.import_.popover import Popover
from ui.pages.import_.replace_bar import ReplaceBar
from ui.pages.import_.session import ImportSession, Place
from ui.pages.import_.side import SHOW_WORDS, FindingsPanel
from ui.pages.import_.suggestions import is_bulk
from ui.pages.import_.table import ImportTable
from ui.pages.import_.telling import explain, place_words


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
        self.can_remap = loaded.source is not None
        self.grid = ImportGrid(self.session)
        self.table = ImportTable(self.grid)
        self.side = FindingsPanel()
        self.popover = Popover(self.table.viewport())
        self.replace_bar = ReplaceBar()
        self.ask = Banner("info", "")
        self.ask.hide()
        self.editor = CellEditor(context, self.session, self.ask, self)
        self.editor.seconds = loaded.seconds
        self._goes_on = False
        self.editor.asked.connect(self._asked)
        self.editor.judged.connect(self._judged)
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
        shown = (*self._tab_of.values(), self.sheets)
        tools = row(*shown, None, back, forth, change, margins=(8, 0, 12, 0), spacing=6)
        see_all = button(self.tr("查看全部行"), on_click=lambda: self._show_tab(Show.ALL))
        self.empty = EmptyState(self.tr("没有符合条件的行。"), see_all, icon="list-check")
        left = column(
            row(self.note, margins=(12, 8, 12, 4)), Around(self.ask, (12, 0, 12, 4)),
            Around(self.replace_bar, (12, 0, 12, 4)), tools, rule(), (self.table, 1), (self.empty, 1), spacing=0,
        )  # fmt: skip
        self.setLayout(row((holder(left, "plain"), 1), self.side, spacing=0))

    def _connect(self) -> None:
        self.grid.edited.connect(lambda r, key, text: self.editor.edit(self.tr("修改一格"), {(r, key): text}))
        self.table.cleared.connect(self.empty_cells)
        self.table.rows_out.connect(lambda: self.leave_out(self._selected_rows(), True))
        self.table.filled.connect(lambda: self.editor.fill_down(self.table.selected_places()))
        self.table.menu_asked.connect(self.open_cell_menu)
        self.table.pinned.header.field_clicked.connect(self.open_field_menu)
        self.table.moved.connect(self._explain)
        self.table.header.field_clicked.connect(self.open_field_menu)
        self.side.chosen.connect(self.show_group)
        self.side.mend.connect(self._mend)
        self.popover.retype.connect(self.retype)
        self.popover.adopt.connect(self._adopt)
        self.popover.restore.connect(self.restore)
        self.replace_bar.replace.connect(lambda texts: self.editor.edit(self.tr("查找替换"), texts))
        self.replace_bar.found.connect(lambda place: self.table.go_to(self.grid.index_of(*place)))
        self.replace_bar.closed.connect(self.table.setFocus)
        self.sheets.activated.connect(self._show_sheet)

    def _refresh(self) -> None:
        """Numbers, panel and empty state for the session as it stands."""
        for show, tab in self._tab_of.items():
            tab.set_text(self.tr(SHOW_WORDS[show]).format(n=f"{self.session.marks.count(show):,}"))
            tab.setChecked(self.session.group is None and self.session.show is show)
        self.side.show_session(self.session, self.editor.seconds)
        empty = not self.session.visible
        self.empty.setVisible(empty)
        self.table.setVisible(not empty)
        self.judged.emit()

    def take_focus(self) -> None:
        """The grid has the keyboard."""
        (self.table if self.session.visible else self.empty).setFocus()
        self.table.scrollTo(self.table.currentIndex())  # made current before there was a height

    # --- which rows ---------------------------------------------------------------------------------------

    def _show_tab(self, show: Show) -> None:
        self.session.set_show(show)
        self._rows_changed()

    def show_group(self, group: Group) -> None:
        """Only the rows of a group of findings, the first of its cells current."""
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
        place = self.session.next_error(None if start else self._current(), by)
        if place is None:
            if not start:
                self.context.toast(self.tr("没有要改的了，可以继续。"))
            return
        if place[0] not in self.session.visible:
            self._show_tab(Show.ERRORS if place[0] in self.session.marks.error_rows else Show.ALL)
        self.table.go_to(self.grid.index_of(*place))
        self.table.setFocus()

    def _current(self) -> Place | None:
        return self.grid.place(index) if (index := self.table.currentIndex()).isValid() else None

    # --- the popover --------------------------------------------------------------------------------------

    def _explain(self) -> None:
        said = explain(self.session, self._current())
        if said is None:
            self.popover.hide()
        else:
            self.popover.explain(self.table.visualRect(self.table.currentIndex()), said)

    def retype(self) -> None:
        """Edit the current cell (F2)."""
        self.popover.hide()
        self.table.setFocus()
        self.table.go_to(self.table.currentIndex())
        self.table.edit(self.table.currentIndex())

    def adopt(self) -> None:
        """Take the first suggestion for the current cell (Alt+Enter)."""
        if self.popover.isVisible() and self.popover.suggestion is not None:
            self._adopt(self.popover.suggestion)

    def _adopt(self, suggestion: Suggestion) -> None:
        at = self._current()
        if at is not None:
            self._goes_on = suggestion.field == "username"
            self.editor.edit(self.tr("采用建议"), {(at[0], suggestion.field): suggestion.value})

    # --- editing ------------------------------------------------------------------------------------------

    def _judged(self, columns_changed: bool) -> None:
        if columns_changed:
            self.grid.refresh()
        self.grid.repaint_cells()
        self._refresh()
        self._explain()
        if self._goes_on and not self.editor.busy:  # from one user name to agree to on to the next
            self._goes_on = False
            self.go_error(1)

    def _asked(self) -> None:
        self.grid.repaint_cells()
        self.judged.emit()

    def _selected(self) -> list[Place]:
        return [self.grid.place(self.grid.index(r, c)) for r, c in self.table.selected_places()]

    def restore(self) -> None:
        """Give the selected cells the text they had in the file."""
        self.editor.restore(self._selected())

    def leave_out(self, rows: list[int], out: bool) -> None:
        """Leave rows of the sheet out of the import, or take them in again."""
        self.editor.leave_out(rows, out)

    def copy(self) -> None:
        """Copy the selected cells (Ctrl+C)."""
        self.table.copy()

    def paste(self) -> None:
        """Paste at the selected cells (Ctrl+V)."""
        self.editor.paste(self.table.selected_places())

    def empty_cells(self) -> None:
        """Empty the selected cells (Delete)."""
        self.editor.empty(self._selected())

    def open_cell_menu(self, at: QPoint) -> QMenu | None:
        """What can be done with the current cell and the selected ones."""
        place = self._current()
        if place is None:
            return None
        offer = self.popover.suggestion if self.popover.isVisible() else None
        menu = cell_menu(self, self.session, self, place, self._selected(), offer.value if offer else "")
        menu.popup(at)
        return menu

    def _selected_rows(self) -> list[int]:
        return sorted({r for r, _ in self._selected()})

    def _mend(self, group: Group) -> None:
        (self.editor.mend if is_bulk(group.code) else self.show_group)(group)

    def open_replace(self) -> None:
        """Find and replace (Ctrl+H), at the column of the current cell."""
        self.replace_bar.open_for(self.session, at[1] if (at := self._current()) else "")

    # --- the header ---------------------------------------------------------------------------------------

    def open_field_menu(self, section: int) -> QMenu | None:
        """The fields a column may go to."""
        chosen = self.session.columns[section]
        if not chosen.letter or not self.can_remap:
            return None
        menu = field_menu(self, self.session, chosen.letter, self.remap.emit)
        menu.popup(self.table.place_below(section))
        return menu

    # --- the page -----------------------------------------------------------------------------------------

    def act(self, key: str) -> bool:
        """Carry out an action of ui/actions.py; whether it concerns the grid."""
        acts: dict[str, Any] = {
            "edit": self.retype, "bulk": self.open_replace,
            "paste": self.paste, "undo": self.editor.undo, "redo": self.editor.redo,
            "next_error": lambda: self.go_error(1), "previous_error": lambda: self.go_error(-1),
            "accept_suggestion": self.adopt, "filter_value": self._field_menu_here, "close_panel": self._close,
        }  # fmt: skip
        act = acts.get(key)
        if act is not None:
            act()
        return act is not None

    def _field_menu_here(self) -> None:
        if (index := self.table.currentIndex()).isValid():
            self.open_field_menu(index.column())

    def _close(self) -> None:
        """Close what lies over the grid; with nothing there, leave the grid (in which Tab goes from cell to cell)."""
        if self.replace_bar.isVisible():
            self.replace_bar.close_bar()
        elif self.popover.isVisible():
            self.popover.hide()
        elif self.table.hasFocus():
            self.table.focusNextChild()

    def hint(self) -> str:
        """Row, column, number of errors, keys."""
        keys = self.tr("F8 下一处 · Alt+Enter 采用建议 · Ctrl+V 可整列粘贴，只改可见行 · Ctrl+Tab 离开表格")
        return " · ".join([*place_words(self.session, self._current()), keys])

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The popover stays with its cell."""
        super().resizeEvent(event)
        self._explain()
