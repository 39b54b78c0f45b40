"""The findings of an inspection as a list: tabs by where they stand, ticked with Space, several at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal

from models.domain.inspection import FindingState
from models.services.inspection.views import FindingView
from ui.pages.checked_table import CheckedModel, checked_table
from ui.pages.inspection_finding import state_look
from ui.pages.tabbed_list import TabbedList
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

TABS = (("open", "待处理"), ("listed", "停用办理中"), ("settled", "已了结"), ("all", "全部"))
_SETTLED = (FindingState.PROVED.value, FindingState.DISMISSED.value)


class _Line:
    """A finding as the list shows it."""

    def __init__(self, item: FindingView) -> None:
        self.id, self.item = str(item.position), item


class FindingList(TabbedList):
    """`picked`: other rows are ticked or selected (told once for all of them)."""

    picked = Signal()

    def __init__(self) -> None:
        super().__init__("核查发现的问题", TABS, finding_columns(), "list-check", make=checked_table)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self.picked)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._later.start(0))
        self._ticks.checked_changed.connect(lambda: self._later.start(0))

    @property
    def _ticks(self) -> CheckedModel:
        assert isinstance(self.model, CheckedModel)
        return self.model

    def forget(self) -> None:
        """Untick all."""
        self._ticks.checked.clear()

    def first_tab(self, items: Sequence[FindingView]) -> None:
        """Go to what is to be done, or to all when nothing is; they are shown next."""
        self.mark_tab("open" if any(_tab_of(one) == "open" for one in items) else "all")

    def show_findings(self, items: Sequence[FindingView]) -> None:
        """Show those of the tab in front."""
        counted = Counter(map(_tab_of, items))
        self.show_counts({key: len(items) if key == "all" else counted[key] for key, _ in TABS})
        nothing = self.tr("这里没有问题项。") if items else self.tr("没有发现问题。办结签名后存档备查。")
        self.show_rows([_Line(one) for one in items if self.tab in ("all", _tab_of(one))], nothing)

    def picked_findings(self, *states: FindingState) -> list[FindingView]:
        """The ticked findings in sight, else the selected ones, in these states."""
        rows = [one for one in self.model.rows if one.id in self._ticks.checked] or self.selected()
        return [one.item for one in rows if not states or FindingState(one.item.state) in states]


def _tab_of(one: FindingView) -> str:
    if one.state in _SETTLED:
        return "settled"
    return "open" if one.state == FindingState.OPEN.value else "listed"


def finding_columns() -> tuple[TableColumn, ...]:
    """The columns of the findings."""
    return (
        TableColumn("name", "姓名", 76, lambda x: Cell(x.item.name)),
        TableColumn("username", "用户名", 136, lambda x: Cell(x.item.username)),
        TableColumn("label", "问题", 130, lambda x: Cell(x.item.label, tip=x.item.label)),
        TableColumn("state", "处理情况", 136, _state),
        TableColumn("why", "情况", 220, lambda x: Cell(x.item.why, tip=x.item.why)),
        TableColumn("unit", "单位", 120, lambda x: Cell(x.item.unit_name, tip=x.item.unit_name)),
        TableColumn("advice", "应如何办理", 260, lambda x: Cell(x.item.advice, tip=x.item.advice)),
    )


def _state(x: Any) -> Cell:
    tip = "，".join(filter(None, (x.item.state_label, x.item.note, x.item.proof_label)))
    return Cell(x.item.state_label, *state_look(x.item), tip=tip)
