"""A searchable, filterable table over one roster; the pages of pupils and of accounts are made around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QShortcut
from PySide6.QtWidgets import QLineEdit, QMenu, QStackedWidget, QVBoxLayout, QWidget

from models.domain.fields import ACCOUNTS, STUDENTS
from models.services.roster import ALL_UNITS, RosterQuery
from ui import icons
from ui.context import AppContext
from ui.kit import EmptyState, button, column, holder, label, row, rule
from ui.pages.filter_chips import FilterChips
from ui.pages.listing_columns import ListedRow, ListingColumns, read_rows
from ui.tables.columns import ColumnChooser, store_columns, stored_columns
from ui.tables.model import CHECK, PagedModel
from ui.tables.view import TableView

TYPING_PAUSE = 60
"""ms between the last key and the search; the search itself takes some 10 ms."""


class Listing(QWidget):
    """Search box, chips, table. `opened` tells which row is the current one ("" none)."""

    opened = Signal(str)
    counted = Signal()
    cleared = Signal()

    def __init__(
        self, context: AppContext, kind: str, columns: ListingColumns, facets: Sequence[str], empty: EmptyState,
        status: str = "enrolled",
    ) -> None:  # fmt: skip
        """`status`: which rows are shown at first, and again when search and filters are taken back."""
        super().__init__()
        self._usual_status = status
        self.context, self.kind, self.columns = context, kind, columns
        self._facets = facets
        self.query = RosterQuery(kind=kind, status=status, unit_id=None if columns.one_unit else ALL_UNITS)
        self._chips = FilterChips(context, columns, facets)
        self._chips.filtered.connect(self._filtered)
        self._chips.cleared.connect(self.clear)
        self._keep = ""
        self._to_first = False
        self._unseen = True
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_PAUSE)
        self._typing.timeout.connect(self._search)
        self.setProperty("role", "plain")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._make_table()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(empty)
        clear_filters = button(self.tr("清除筛选"), "filter", on_click=self.clear)
        self.nothing = EmptyState(self.tr("没有符合条件的记录。"), clear_filters, icon="search")
        self._stack.addWidget(self.nothing)
        self.above: QVBoxLayout = column(spacing=0)
        self.setLayout(column(self.above, self._bar(), rule(), (self._stack, 1), spacing=0))

    # --- parts ------------------------------------------------------------------------------------------

    def _bar(self) -> QWidget:
        self.search = QLineEdit()
        accounts = self.kind == ACCOUNTS
        self.search.setPlaceholderText(
            self.tr("姓名、拼音首字母、用户名") if accounts else self.tr("姓名、拼音首字母、班级或号码后 4 位")
        )
        self.search.setAccessibleName(self.tr("查找"))
        self.search.setToolTip(
            self.tr("空格表示“并且”：zs 32 找三(2)班的张三；也可输入证件号、学籍号、电话的任意 4 位。")
        )
        self.search.addAction(icons.icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(260)
        self.search.setMinimumWidth(120)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.search.returnPressed.connect(self._to_table)
        QShortcut(Qt.Key.Key_Down, self.search, self._to_table, context=Qt.ShortcutContext.WidgetShortcut)
        self.number = label("", "strong")
        self.more = button(
            self.tr("列"), "columns", "link", self.tr("选择和排列各列"), on_click=self._columns_below_button
        )
        return holder(row((self.search, 2), self._chips, None, self.number, self.more, margins=(12, 8, 12, 8)))

    def _make_table(self) -> None:
        self._shown = stored_columns(self.context.settings, self.kind, self.columns.usual, self.columns.keys())
        self.model = PagedModel(self.columns.some(self._shown), self._fetch, self)
        self.table = TableView(self.columns.name, frozen=2)
        self.table.setModel(self.model)
        self._restore_widths()
        self.table.sort_asked.connect(self._sort)
        self.table.columns_asked.connect(self._choose_columns)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._menu)
        self._widths = QTimer(self)
        self._widths.setSingleShot(True)
        self._widths.setInterval(400)
        self._widths.timeout.connect(lambda: self.table.save_layout(self.context.settings, self.kind))
        self.table.horizontalHeader().sectionResized.connect(lambda *_sizes: self._widths.start())
        self.table.selectionModel().currentRowChanged.connect(self._current_changed)
        self._watch_model()

    def _watch_model(self) -> None:
        self.model.checked_changed.connect(self.counted)
        self.table.selectionModel().selectionChanged.connect(lambda *_parts: self.counted.emit())

    def _restore_widths(self) -> None:
        usual = [34, *(entry.width for entry in self.model.columns)]
        self.table.restore_layout(self.context.settings, self.kind, usual)
        keys = [self.model.column_key(section) for section in range(self.model.columnCount())]
        key, ascending = self.query.sort
        self.table.show_sort(keys.index(key) if key in keys else -1, ascending)

    # --- reading ----------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the ids again; the rows in sight follow, the current row stays."""
        from models.services import roster

        if self._unseen:
            self._unseen = False
            self._chips.show_query(self.query)
        self.columns.words = tuple(self.query.text.split())
        self.context.read(
            roster.list_ids, self.query, done=self._show_ids, owner=self, replaces=f"ids-{self.kind}"
        )  # fmt: skip

    def _show_ids(self, ids: list[str]) -> None:
        keep = self._keep or self.current_id()
        if ids == self.model.ids:
            self.model.reread()
        else:
            self.model.set_ids(ids)
            position = self.model.position_of(keep)
            if position >= 0:
                self.table.select_row(position)
            elif keep:
                self.opened.emit("")
        if not self._keep or self.model.position_of(self._keep) >= 0:
            self._keep = ""
        if self._to_first and ids and not self.table.currentIndex().isValid():
            self.table.select_row(0)
        self._to_first = False
        filtered = bool(
            self.query.text or self.query.filters or self.query.view != "all" or self.query.status != self._usual_status
        )
        self._stack.setCurrentIndex(0 if ids else 2 if filtered else 1)
        unit = self.tr("{n:,} 人") if self.kind == STUDENTS else self.tr("{n:,} 个")
        self.number.setText(unit.format(n=len(ids)))
        self.counted.emit()

    def _fetch(self, ids: list[str], take: Callable[[dict[str, Any]], None]) -> None:
        if self.context.is_open:
            self.context.read(read_rows, self.kind, ids, done=take, owner=self)

    def show_row(self, row_id: str) -> None:
        """Make a row the current one, now or when the list has it."""
        position = self.model.position_of(row_id)
        if position >= 0:
            self.table.select_row(position)
        else:
            self._keep = row_id

    # --- what is selected -------------------------------------------------------------------------------

    def current_id(self) -> str:
        """The id of the current row, "" when there is none."""
        index = self.table.currentIndex()
        return self.model.ids[index.row()] if index.isValid() and index.row() < len(self.model.ids) else ""

    def chosen_ids(self) -> list[str]:
        """Ticked rows, else selected ones; only rows in the list (visible rows only, ux 1.2)."""
        if self.model.checked:
            return [row_id for row_id in self.model.ids if row_id in self.model.checked]
        return [self.model.ids[position] for position in self.table.selected_rows()]

    def current_row(self) -> ListedRow | None:
        """The current row, None when there is none or it is not read yet."""
        index = self.table.currentIndex()
        return self.model.row_at(index.row()) if index.isValid() else None

    def step(self, by: int) -> None:
        """Go `by` rows down."""
        position = self.table.currentIndex().row() + by
        if 0 <= position < len(self.model.ids):
            self.table.select_row(position)

    def _current_changed(self, *_indexes: object) -> None:
        self.opened.emit(self.current_id())

    # --- search, filters, sort --------------------------------------------------------------------------

    def _search(self) -> None:
        if self.search.text().strip() != self.query.text:
            self.set_query(replace(self.query, text=self.search.text().strip()))

    def _to_table(self) -> None:
        """Enter or ↓ in the search box: on to the first row of what it finds, even when the search is still to come."""
        self._typing.stop()
        self.table.setFocus()
        self._to_first = True
        self._search()
        self.refresh()

    def set_query(self, query: RosterQuery) -> None:
        """Show what another query finds."""
        self.query = query
        if self.search.text().strip() != query.text:
            self.search.setText(query.text)
        self._chips.show_query(query)
        self.refresh()

    def clear(self) -> None:
        """Take search text and all filters back."""
        self.search.clear()
        self.set_query(replace(self.query, text="", filters={}))
        self.cleared.emit()

    def filter(self, key: str, value: str) -> None:
        """Show only rows whose field `key` is `value`."""
        self.set_query(replace(self.query, filters={**self.query.filters, key: value}))

    def filter_by_current(self) -> None:
        """Alt+↓: only rows that are equal in the current cell."""
        index, found = self.table.currentIndex(), self.current_row()
        if found is None:
            return
        key = self.model.column_key(index.column())
        key = key if key in found.values else self._facets[0]
        self.filter(key, found.values[key])

    def _filtered(self, filters: dict[str, str]) -> None:
        self.set_query(replace(self.query, filters=filters))

    def _sort(self, section: int, ascending: bool) -> None:
        key = self.model.column_key(section)
        if key == CHECK:
            every = len(self.model.checked) < len(self.model.ids)
            self.model.set_checked(self.model.ids, every)
            return
        if not self.columns.sortable(key):
            return
        self.table.show_sort(section, ascending)
        self.set_query(replace(self.query, sort=(key, ascending)))

    # --- menus ------------------------------------------------------------------------------------------

    def _menu(self, place: QPoint) -> None:
        found, index = self.current_row(), self.table.currentIndex()
        menu = QMenu(self)
        if found is not None:
            key = self.model.column_key(index.column())
            if key in found.values:
                words = self.columns.words_of(key, found.values[key]) or self.tr("（空）")
                what = self.tr("只看：{words}").format(words=words if not self.columns.masked(key) else self.tr("此值"))
                menu.addAction(icons.icon("filter"), what, self.filter_by_current)
        menu.addAction(icons.icon("copy"), self.tr("复制"), lambda: self.table.copy(headers=False))
        menu.addAction(self.tr("连同列名复制"), lambda: self.table.copy(headers=True))
        menu.popup(self.table.viewport().mapToGlobal(place))

    def _columns_below_button(self) -> None:
        self._choose_columns(self.more.mapToGlobal(QPoint(self.more.width(), self.more.height())))

    def _choose_columns(self, place: QPoint) -> None:
        chooser = ColumnChooser(self, self.columns.all(), self._shown, self.columns.usual, self._take_columns)
        chooser.open_at(place)

    def _take_columns(self, keys: list[str]) -> None:
        keep = self.current_id()
        self._shown = keys
        store_columns(self.context.settings, self.kind, keys)
        self.model.set_columns(self.columns.some(keys))
        self._restore_widths()
        self.show_row(keep)
