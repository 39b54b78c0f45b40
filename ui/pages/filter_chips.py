"""The chips beside the search box: filters in force, the usual facets with their values, and 清除."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from models.services.roster import RosterQuery
from ui.context import AppContext
from ui.kit import Button, button, clear, row
from ui.pages.listing_columns import ListingColumns

MOST_VALUES = 40


class FilterChips(QWidget):
    """Emits `filtered` with the filters as they are to be, {field: value}; `cleared` when all are taken back."""

    filtered = Signal(object)
    cleared = Signal()

    def __init__(self, context: AppContext, columns: ListingColumns, facets: Sequence[str]) -> None:
        super().__init__()
        self.context, self.columns, self._facets = context, columns, facets
        self._query = RosterQuery(kind=columns.kind)
        self._chips = row(spacing=8)
        self.setLayout(self._chips)

    def show_query(self, query: RosterQuery) -> None:
        """A chip for each filter, the usual facets, and 筛选."""
        self._query = query
        clear(self._chips)
        for key, value in query.filters.items():
            words = f"{self.columns.title(key)}：{self.columns.words_of(key, value) or self.tr('（空）')}  ✕"
            chip = button(words, "", "chip", on_click=partial(self._drop, key))
            chip.setAccessibleName(self.tr("取消筛选 {what}").format(what=words[:-3]))
            self._chips.addWidget(chip)
        for key in [key for key in self._facets[:2] if key not in query.filters]:
            words = self.tr("{title}：全部").format(title=self.columns.title(key))
            facet = button(f"{words}  ▾", "", "ghost")
            facet.clicked.connect(partial(self._ask_values, key, facet))
            self._chips.addWidget(facet)
        more = button(self.tr("＋ 筛选"), "", "ghost")
        more.clicked.connect(partial(self._more_filters, more))
        self._chips.addWidget(more)
        if query.filters or query.text:
            self._chips.addWidget(button(self.tr("清除"), "", "link", on_click=self.cleared.emit))

    def _drop(self, key: str) -> None:
        self.filtered.emit({k: v for k, v in self._query.filters.items() if k != key})

    def _more_filters(self, near: Button) -> None:
        menu = QMenu(self)
        for key in self._facets[2:]:
            menu.addAction(self.columns.title(key), partial(self._ask_values, key, near))
        menu.popup(near.mapToGlobal(QPoint(0, near.height())))

    def _ask_values(self, key: str, near: Button, _checked: bool = False) -> None:
        from models.services import roster

        place, query = near.mapToGlobal(QPoint(0, near.height())), self._query
        self.context.read(
            roster.facets, query.kind, key, query.unit_id, done=partial(self._show_values, key, place), owner=self
        )

    def _show_values(self, key: str, place: QPoint, values: list[tuple[str, int]]) -> None:
        menu = QMenu(self)
        for value, number in values[:MOST_VALUES]:
            words = self.columns.words_of(key, value) or self.tr("（空）")
            menu.addAction(f"{words}    {number:,}", partial(self._choose, key, value))
        if len(values) > MOST_VALUES:
            menu.addAction(self.tr("还有 {n} 个值，请用查找框").format(n=len(values) - MOST_VALUES)).setEnabled(False)
        if not values:
            menu.addAction(self.tr("没有可选的值")).setEnabled(False)
        menu.popup(place)

    def _choose(self, key: str, value: str) -> None:
        self.filtered.emit({**self._query.filters, key: value})
