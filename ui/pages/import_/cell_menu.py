"""What can be done with the cells and rows under the pointer: the context menu of the import grid."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtWidgets import QMenu, QWidget

from ui.pages.import_.findings import Group
from ui.pages.import_.session import ImportSession, Place


class GridActs(Protocol):
    """What the menu asks for."""

    def retype(self) -> None:
        """Edit the current cell."""

    def adopt(self) -> None:
        """Take the first suggestion."""

    def restore(self) -> None:
        """Give the selected cells their first text."""

    def show_group(self, group: Group) -> None:
        """Show only the rows of a group."""

    def leave_out(self, rows: list[int], out: bool) -> None:
        """Leave rows out, or take them in again."""

    def copy(self) -> None:
        """Copy the selected cells."""

    def paste(self) -> None:
        """Paste at the current cell."""

    def empty_cells(self) -> None:
        """Empty the selected cells."""


def groups_at(session: ImportSession, place: Place) -> list[Group]:
    """The groups of findings that a cell belongs to."""
    codes = {(finding.code, finding.level) for finding in session.findings_at(*place)}
    return [g for g in session.marks.groups if (g.code, g.level) in codes and place[0] in g.rows]


def cell_menu(
    parent: QWidget, session: ImportSession, acts: GridActs, place: Place, cells: list[Place], suggestion: str
) -> QMenu:
    """The menu at `place` for the selected `cells`; `suggestion` is what would be adopted, "" for nothing."""
    menu = QMenu(parent)
    menu.setAccessibleName(menu.tr("这一格可以做什么"))
    rows = sorted({row for row, _ in cells})
    several = menu.tr("这 {n} 行").format(n=len(rows)) if len(rows) > 1 else menu.tr("这一行")

    def add(words: str, act: Callable[[], object], keys: str = "", *, enabled: bool = True) -> None:
        action = menu.addAction(f"{words}\t{keys}" if keys else words)
        action.setEnabled(enabled)
        action.triggered.connect(lambda: act())

    editable = any(column.key == place[1] and column.editable for column in session.columns)
    add(menu.tr("重新录入"), acts.retype, "F2", enabled=editable)
    if suggestion:
        add(menu.tr("采用建议：{value}").format(value=suggestion), acts.adopt, "Alt+Enter")
    add(menu.tr("恢复原值"), acts.restore, enabled=any(session.is_edited(*cell) for cell in cells))
    for group in groups_at(session, place):
        words = menu.tr("只看这类问题：{title}（{n} 行）").format(title=group.title, n=len(group.rows))
        add(words, partial(acts.show_group, group))
    menu.addSeparator()
    add(menu.tr("复制"), acts.copy, "Ctrl+C")
    add(menu.tr("粘贴"), acts.paste, "Ctrl+V", enabled=editable)
    add(menu.tr("清空"), acts.empty_cells, "Delete", enabled=editable)
    menu.addSeparator()
    out = all(session.is_left_out(row) for row in rows)
    words = menu.tr("恢复导入{rows}") if out else menu.tr("不导入{rows}")
    add(words.format(rows=several), lambda: acts.leave_out(rows, not out), "Ctrl+-")
    menu.aboutToHide.connect(menu.deleteLater)
    return menu
