"""Findings counted by what they are and by unit; choosing lines filters the list beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import QFrame, QHeaderView, QWidget

from ui.kit import column, label
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

WIDTH = 212
_COUNT = 50


@dataclass(frozen=True)
class Facet:
    """A value that can be filtered by; key "" is all of them."""

    key: str
    words: str
    count: int


class FacetTable(QWidget):
    """One group of facets; several lines may be chosen with Ctrl or Shift. `chosen` when the choice changes."""

    chosen = Signal()

    def __init__(self, name: str) -> None:
        super().__init__()
        columns = (
            TableColumn("words", name, WIDTH - _COUNT, lambda one: Cell(one.words, tip=one.words)),
            TableColumn("count", self.tr("数量"), _COUNT, lambda one: Cell(f"{one.count:,}", right=True)),
        )
        self.table, self.model = simple_table(name, columns, self)
        head = self.table.horizontalHeader()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self.chosen.emit())
        self.setLayout(column(self.table))

    def show_facets(self, facets: Sequence[Facet]) -> None:
        """Show these below 全部; what was chosen stays chosen."""
        keys = self.keys()
        rows = [Facet("", self.tr("全部"), sum(one.count for one in facets)), *facets]
        if rows == self.model.rows:
            return
        self.model.set_rows(rows)
        self.select(keys)

    def keys(self) -> frozenset[str]:
        """The chosen keys; empty for all."""
        found = frozenset(self.model.rows[place].key for place in self.table.selected_rows())
        return frozenset() if "" in found else found

    def select(self, keys: frozenset[str]) -> None:
        """Choose the lines of these keys, 全部 for none of them."""
        places = [place for place, one in enumerate(self.model.rows) if one.key in keys] or [0]
        self.table.select_row(places[0])
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for place in places[1:]:
            self.table.selectionModel().select(self.model.index(place, 0), flags)


class Facets(QFrame):
    """The two groups; units are shown only when there are several. `changed` when another part is wanted."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.codes, self.units = FacetTable(self.tr("按问题")), FacetTable(self.tr("按单位"))
        for group in (self.codes, self.units):
            group.chosen.connect(self.changed)
        self.hint = label(self.tr("按住 Ctrl 可选几类"), "cap")
        self.hint.setContentsMargins(8, 2, 8, 4)
        self.setLayout(column((self.codes, 3), (self.units, 2), self.hint, spacing=0))
        self.setFixedWidth(WIDTH)

    def show_counts(self, codes: Sequence[tuple[str, str, int]], units: Sequence[tuple[str, str, int]]) -> None:
        """Show (key, words, count), with what was chosen; the list is shown next."""
        blocked = self.blockSignals(True)
        self.codes.show_facets([Facet(*one) for one in codes])
        self.units.show_facets([Facet(*one) for one in units])
        self.blockSignals(blocked)
        self.units.setVisible(len(units) > 1)

    def reset(self) -> None:
        """Choose all again; the list is shown next."""
        blocked = self.blockSignals(True)
        for group in (self.codes, self.units):
            if group.model.rows:
                group.select(frozenset())
        self.blockSignals(blocked)

    def wants(self, code: str, unit_id: str) -> bool:
        """Whether a finding is to be shown."""
        codes, units = self.codes.keys(), self.units.keys()
        return (not codes or code in codes) and (not units or unit_id in units)
