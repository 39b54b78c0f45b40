"""A list of problems from the police or a tier above: taken in, and the rows that fitted nobody (E8, E11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.exchange.problem_list import read_problem_list
from models.services.problem_lists import ListResult, open_list
from ui.kit import PageHead, button, column
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Store


@dataclass(frozen=True)
class ListOutcome:
    """What became of the rows of a file."""

    name: str
    rows: int
    result: ListResult

    @property
    def words(self) -> str:
        """The outcome in a sentence."""
        said = [f"清单“{self.name}”共 {self.rows} 行：新建 {len(self.result.opened)} 个问题"]
        said += [f"{self.result.already} 行的问题已在办理"] if self.result.already else []
        said += [f"{len(self.result.unmatched)} 行没有对上学生"] if self.result.unmatched else []
        return "，".join(said) + "。"


def take_list(store: Store, path: Path) -> ListOutcome:
    """Read a file and open a problem for each row whose pupil is known. Raises FileRefusedError, NotAllowedError."""
    listed = read_problem_list(path)
    return ListOutcome(path.name, len(listed), store.write(open_list, store.actor, listed, path))


class UnmatchedView(QWidget):
    """The rows that opened nothing, with the reason; copied with Ctrl+C to be sent back."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        back = button(self.tr("返回列表"), "chevron-left", tip="Esc", on_click=self.left.emit)
        copy = button(self.tr("全部复制"), "copy", tip=self.tr("复制后可粘贴到表格"), on_click=self.copy)
        self.head = PageHead(self.tr("没有对上的行"), "", [copy, back])
        shown = (
            TableColumn("row", self.tr("行"), 70, lambda one: Cell(str(one.row), right=True)),
            TableColumn("name", self.tr("姓名"), 150, lambda one: Cell(one.name)),
            TableColumn("reason", self.tr("原因"), 500, lambda one: Cell(one.reason, tip=one.reason)),
        )
        self.table, self.model = simple_table(self.tr("没有对上的行"), shown, self)
        self.setLayout(column(self.head, (self.table, 1), spacing=0))

    def show_outcome(self, outcome: ListOutcome) -> None:
        """Show the rows of a file."""
        self.head.set_sub(self.tr("“{name}”的其余各行已处理。改好这些行后可再次导入。").format(name=outcome.name))
        self.model.set_rows(outcome.result.unmatched)

    def copy(self) -> None:
        """All rows with their titles to the clipboard."""
        self.table.selectAll()
        self.table.copy(headers=True)
