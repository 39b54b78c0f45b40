"""Changing cells of an import: one or many as one step, each judged again off the window's thread."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from models.services.imports import CheckedImport
from ui.context import AppContext
from ui.kit import Banner, button
from ui.pages.import_.findings import Group, Marks
from ui.pages.import_.history import CellEdit
from ui.pages.import_.loading import recheck
from ui.pages.import_.paste import read_block, spread
from ui.pages.import_.session import ImportSession, Place
from ui.pages.import_.suggestions import bulk_texts

ASK_ABOVE = 50
"""Pasted cells above which the person is asked first (ux 1.2, rule 3)."""


class CellEditor(QObject):
    """`asked`: texts have changed and are being judged; `judged`: the findings are new (True: other columns too)."""

    asked = Signal()
    judged = Signal(bool)

    def __init__(self, context: AppContext, session: ImportSession, ask: Banner, parent: QObject) -> None:
        super().__init__(parent)
        self.context, self.session, self.ask = context, session, ask
        self.seconds = 0.0
        self._pending = 0

    def edit(self, words: str, texts: dict[Place, str]) -> None:
        """Put texts into cells as one step, and judge again."""
        self._recheck(self.session.carry_out(words, self.session.edits(texts)))

    def leave_out(self, rows: Sequence[int], out: bool) -> None:
        """Leave rows of the sheet out of the import, or take them in again, as one step."""
        words = self.tr("不导入") if out else self.tr("恢复导入")
        edits = self.session.leaving(rows, out)
        self._recheck(self.session.carry_out(words, edits))
        if edits and out:
            self.context.toast(self.tr("{n} 行不导入，原文件不变。").format(n=len(edits)), self.undo)

    def fill_down(self, selected: Sequence[tuple[int, int]]) -> None:
        """Give the cells below the first selected one of each column its text, or the cell above a single one's."""
        if len({r for r, _ in selected}) == 1:
            selected = [(r - 1, c) for r, c in selected if r > 0] + list(selected)
        first: dict[int, int] = {}
        for r, c in sorted(selected):
            first.setdefault(c, r)
        visible, columns = self.session.visible, self.session.columns
        self.edit(self.tr("向下填充"), {
            (visible[r], columns[c].key): self.session.text(visible[first[c]], columns[c].key)
            for r, c in selected if columns[c].editable
        })  # fmt: skip

    def undo(self) -> None:
        """Take the last step back (Ctrl+Z)."""
        self._recheck(self.session.undo())

    def redo(self) -> None:
        """Do it again (Ctrl+Y)."""
        self._recheck(self.session.redo())

    def _recheck(self, edits: tuple[CellEdit, ...]) -> None:
        if not edits:
            return
        self._pending += 1
        self.asked.emit()
        checked = self.session.checked
        cells = [(e.sheet, e.row, e.field, e.after) for e in edits]
        title = self.tr("重新检查") if len(cells) > ASK_ABOVE else ""
        self.context.jobs.run(lambda: recheck(checked, cells), self._judged, self._not_judged, owner=self, title=title)

    def _judged(self, result: tuple[CheckedImport, tuple[Marks, ...], float]) -> None:
        self._pending -= 1
        checked, marks, self.seconds = result
        columns = self.session.columns
        self.session.replace(checked, marks)
        self.judged.emit(self.session.columns != columns)

    def _not_judged(self, error: Exception) -> None:
        self._pending -= 1
        self.context.show_error(error, "import")

    @property
    def busy(self) -> bool:
        """Whether edits are still being judged."""
        return self._pending > 0

    def empty(self, places: Sequence[Place]) -> None:
        """Empty cells that are taken over."""
        editable = {column.key for column in self.session.columns if column.editable}
        self.edit(self.tr("清空"), {place: "" for place in places if place[1] in editable})

    def restore(self, places: Sequence[Place]) -> None:
        """Give cells the text they had in the file."""
        texts = {place: self.session.raw(*place) for place in places if self.session.is_edited(*place)}
        self.edit(self.tr("恢复原值"), texts)

    def paste(self, selected: Sequence[tuple[int, int]]) -> None:
        """Paste into the rows in sight, from the current cell or over the selection (ux 1.2)."""
        block = read_block(QGuiApplication.clipboard().text())
        columns = self.session.columns
        cells = spread(block, selected, len(self.session.visible), len(columns))
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

    def mend(self, group: Group) -> None:
        """Mend every cell of a group that can be mended without a person, in one step."""
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
