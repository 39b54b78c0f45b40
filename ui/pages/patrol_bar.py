"""The bar that starts a patrol: the register of one unit and those below it, or of all in care (A9, A10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QWidget

from models.domain.inspection import LONGEST_NOTE
from ui.context import AppContext
from ui.forms.inputs import choice, fill, line, on_enter
from ui.kit import button, column, holder, label, row

if TYPE_CHECKING:
    from models.domain.progress import Progress
    from models.domain.units import Unit
    from models.store.store import Session


def read_units(session: Session) -> list[Unit]:
    """The units below this one."""
    from models.services.units import descendants, own_unit

    return descendants(session, own_unit(session).id)


class PatrolBar(QFrame):
    """`made` carries the id of the patrol."""

    made = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.context = context
        self.unit = choice(self.tr("巡查哪些单位"), []).without_room()
        self.unit.setMinimumWidth(220)
        self.note = line(self.tr("说明（可不填）")).without_room()
        self.note.widget.setMaxLength(LONGEST_NOTE)  # type: ignore[union-attr]
        on_enter(self.note, self.run)
        self.go = button(self.tr("开始巡查"), "shield-check", "primary", "Ctrl+Enter", on_click=self.run)
        close = button(self.tr("取消"), tip="Esc", on_click=self.hide)
        self.words = label("", "dim", wrap=True)
        self.words.setText(
            self.tr("只看名册：用户名、实名、备案、重复、共用、格式和完整性，不需要平台的清单，不改动任何账户。")
        )
        inputs = row(self.unit, (self.note, 1), self._low(close), self._low(self.go))
        self.setLayout(column(inputs, self.words, margins=(16, 8, 16, 8), spacing=4))
        self.hide()

    @staticmethod
    def _low(widget: QWidget) -> QWidget:
        return holder(column(None, widget))

    def ask(self) -> None:
        """Open, with the units there are."""
        self.context.read(read_units, done=self._show, owner=self, replaces="patrol-units")

    def _show(self, units: Sequence[Unit]) -> None:
        own = self.context.actor.unit
        items = [("", self.tr("本单位和所辖全部单位")), (own.id, self.tr("只本单位"))] if units else [("", own.name)]
        box = self.unit.widget
        assert isinstance(box, QComboBox)
        fill(box, [*items, *((unit.id, unit.name) for unit in units)])
        self.unit.setVisible(bool(units))
        self.go.setEnabled(True)
        self.show()
        (self.unit if units else self.note).setFocus()

    def run(self) -> None:
        """Look through the register, with progress and 取消 in the status bar."""
        from models.services.inspection import running

        if not self.go.isEnabled():
            return
        store, unit_id, note = self.context.store, self.unit.text() or None, self.note.text()

        def work(progress: Progress) -> Any:
            return store.write(running.patrol, store.actor, unit_id, note, progress)

        self.go.setEnabled(False)
        self.context.jobs.run(
            work, self._done, self._refused, owner=self, title=self.tr("巡查"), progress=True
        )  # fmt: skip

    def _done(self, inspection_id: Any) -> None:
        self.note.set_text("")
        self.hide()
        self.made.emit(str(inspection_id))

    def _refused(self, error: Exception) -> None:
        self.go.setEnabled(True)
        self.context.show_error(error, "patrol")
