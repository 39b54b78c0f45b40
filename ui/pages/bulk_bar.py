"""One value for many rows (Ctrl+H): choose field and value, see how many change, write them as one batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from models.domain.fields import FIELDS_OF, STUDENTS, Field
from ui.context import AppContext
from ui.forms.inputs import Entry, choice, entry_for
from ui.kit import button, clear, column, holder, label, row

if TYPE_CHECKING:
    from models.services.roster import BulkResult
    from models.store.store import Session


def preview_bulk(session: Session, kind: str, ids: Sequence[str], key: str, text: str) -> tuple[int, int]:
    """How many of the rows would change, and how many have the value already. Raises DataFaultError."""
    from models.services import roster
    from models.services.checking import normalised

    wanted = normalised(kind, {key: text})[key]
    same = sum(1 for found in roster.page(session, kind, ids) if found.values[key] == wanted)
    return len(ids) - same, same


class BulkBar(QFrame):
    """A bar above the table. `ids` gives the rows meant at the moment."""

    done = Signal()

    def __init__(self, context: AppContext, kind: str, ids: Callable[[], list[str]]) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.context, self.kind, self._ids = context, kind, ids
        self._unit = self.tr("人") if kind == STUDENTS else self.tr("个")
        self._fields: dict[str, Field] = {}
        self._value: Entry | None = None
        self._field: Entry = choice(self.tr("批量修改的字段"), []).without_room()
        self._field.setMinimumWidth(180)
        self._field.edited.connect(self._show_value)
        self._slot = row(spacing=0)
        self.words = label("", "dim", wrap=True)
        self.look = button(self.tr("预览"), "eye", on_click=self.preview)
        self.go = button(self.tr("写入"), "check", "primary", "Ctrl+Enter", on_click=self.write, enabled=False)
        close = button("", "x", "link", self.tr("关闭批量修改"), on_click=self.hide)
        inputs = row(self._field, holder(self._slot), self._bottom(self.look), self._bottom(self.go), None, close)
        self.setLayout(column(inputs, self.words, margins=(16, 8, 16, 8), spacing=4))
        self.hide()

    @staticmethod
    def _bottom(widget: QWidget) -> QWidget:
        return holder(column(None, widget))

    def ask(self, without: Collection[str]) -> None:
        """Open for every field but `without` (controlled ones, user names)."""
        from ui.forms.inputs import fill
        from ui.forms.record import HIDDEN

        self._fields = {
            field.key: field for field in FIELDS_OF[self.kind] if field.key not in without and field.key not in HIDDEN
        }
        present = self._field.text()
        fill(self._field.widget, [(key, field.label) for key, field in self._fields.items()])  # type: ignore[arg-type]
        self._field.set_text(present if present in self._fields else "class_name")
        self._show_value()
        self.show()
        self.recount()
        self._field.setFocus()

    def _show_value(self) -> None:
        clear(self._slot)
        field = self._fields.get(self._field.text())
        if field is None:
            return
        self._value = entry_for(field).without_room()
        self._value.caption.setText(self.tr("改为"))
        self._value.widget.setAccessibleName(self.tr("改为"))
        self._value.setMinimumWidth(180)
        self._value.edited.connect(self.recount)
        self._slot.addWidget(self._value)
        self.recount()

    def recount(self) -> None:
        """Say how many rows are meant; a preview made before does not hold any more."""
        self.go.setEnabled(False)
        number = len(self._ids())
        text = (
            self.tr("将作用于勾选或选中的 {n:,} {unit}（只包括当前显示的行）。")
            if number
            else self.tr("请先勾选或选中要修改的行。")
        )
        self.words.setText(text.format(n=number, unit=self._unit))
        self.look.setEnabled(bool(number))

    def preview(self) -> None:
        """Count what would change."""
        if self._value is None:
            return
        self.context.read(
            preview_bulk, self.kind, self._ids(), self._field.text(), self._value.text(),
            done=self._previewed, owner=self, failed=self._refused,
        )  # fmt: skip

    def _previewed(self, counted: tuple[int, int]) -> None:
        change, same = counted
        said = self.tr("将改 {change:,} {unit}；另有 {same:,} {unit}已是此值。")
        text = said.format(change=change, same=same, unit=self._unit)
        self.words.setText(text)
        self.go.setEnabled(change > 0)
        if change:
            self.go.setFocus()

    def _refused(self, error: Exception) -> None:
        if self._value is not None:
            self._value.fail(self.context.errors.describe(error).sentence)

    def write(self) -> None:
        """Write after a preview."""
        from models.services import roster

        if self._value is None:
            return
        if not self.go.isEnabled():
            self.preview()
            return
        values = {self._field.text(): self._value.text()}
        self.go.setEnabled(False)
        self.context.write(
            roster.bulk_set, self.context.actor, self.kind, self._ids(), values,
            done=self._written, owner=self, title=self.tr("批量修改"),
        )  # fmt: skip

    def _written(self, result: BulkResult) -> None:
        from models.services import roster

        self.hide()
        text = self.tr("已修改 {n:,} {unit}。").format(n=result.changed, unit=self._unit)
        if result.refused:
            left = self.tr("{n:,} {unit}没有改：{why}")
            text += left.format(n=len(result.refused), unit=self._unit, why=result.refused[0][1])

        def undo() -> None:
            self.context.write(roster.undo_batch, self.context.actor, result.batch_id, done=lambda _n: self.done.emit())

        self.context.toast(text, undo if result.changed else None)
        self.done.emit()
