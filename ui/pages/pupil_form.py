"""One new pupil at the right of the roster: every field of the declarations, checked while it is filled in."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal

from models.domain.errors import DataFaultError
from models.domain.fields import STUDENTS
from models.domain.findings import Finding, joined
from ui.context import AppContext
from ui.forms.record import RecordForm, find_faults
from ui.kit import Banner, SidePanel, button, column, frame, label, row

if TYPE_CHECKING:
    from models.services.roster_add import AddedPupil

PAUSE = 500


class NewPupil(SidePanel):
    """Hidden until `open_form`. `saved` carries the pupil's id; `closed` when nobody was added."""

    saved = Signal(str)
    closed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(348)
        self.context = context
        self.form: RecordForm | None = None
        self._notice = Banner("bad", "")
        self._cancel = button(self.tr("取消"), on_click=self.cancel)
        self._save = button(self.tr("新增"), "device-floppy", "primary", "Ctrl+S", on_click=self.save)
        self._notice.hide()
        foot = column(self._notice, row(None, self._cancel, self._save), margins=(16, 8, 16, 8))
        self.set_foot(frame("foot", foot))  # the sentence stays in sight wherever the form is scrolled to
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._check)
        self.hide()

    def open_form(self) -> None:
        """Show an empty form, or the one that is being filled in."""
        if self.form is None:
            self.form = RecordForm(STUDENTS, new=True)
            self.form.show_values({})
            self.form.entered.connect(self.save)
            self.form.edited.connect(self._pause.start)
            self._notice.hide()
            hint = label(self.tr("带 * 的须如实填写，其余可以以后补。新增后随基线上报。"), "cap", wrap=True)
            self.show_parts(label(self.tr("新增学生"), "h2"), hint, self.form)
        self.show()
        self.form.entries["name"].reach()

    def has_draft(self) -> bool:
        """Whether something was typed that is not saved."""
        return self.form is not None and bool(self.form.changed())

    def cancel(self) -> None:
        """Leave the form; what was typed is gone."""
        self._leave()
        self.closed.emit()

    def _leave(self) -> None:
        self._pause.stop()
        self.form = None
        self.show_parts()
        self.hide()

    # --- checks -----------------------------------------------------------------------------------------

    def _check(self) -> None:
        """Judge what is filled in so far; what is still empty is not blamed yet."""
        if self.form is not None and self.form.changed():
            self.context.read(
                find_faults, STUDENTS, {}, self.form.changed(), done=self._mark, owner=self, replaces="new-pupil"
            )

    def _mark(self, findings: list[Finding]) -> None:
        if self.form is None:
            return
        said = {finding.field: finding.message for finding in reversed(findings)}
        for key, entry in self.form.entries.items():
            entry.fail(said.get(key, "") if entry.text() else "")

    # --- saving -----------------------------------------------------------------------------------------

    def save(self) -> None:
        """Check everything and add the pupil."""
        from models.services.roster_add import add_pupil

        if self.form is None or not self._save.isEnabled():
            return
        values = self.form.changed()
        if not values:
            self.form.entries["name"].fail(self.tr("请填写姓名。"))
            return
        self._pause.stop()
        self._save.setEnabled(False)
        self.context.write(
            add_pupil, self.context.actor, values, done=partial(self._added, values.get("name", "")), owner=self,
            failed=partial(self._refused, values), title=self.tr("新增学生"),
        )  # fmt: skip

    def _added(self, name: str, added: AddedPupil) -> None:
        self._save.setEnabled(True)
        self._leave()
        words = self.tr("已新增 {name}。").format(name=name) + "".join(added.warnings)
        self.context.toast(words, partial(self._take_back, added.batch_id), "warn" if added.warnings else "ok")
        self.saved.emit(added.id)

    def _take_back(self, batch_id: str) -> None:
        from models.services import roster

        self.context.write(roster.undo_batch, self.context.actor, batch_id, owner=self)

    def _refused(self, values: dict[str, str], error: Exception) -> None:
        self._save.setEnabled(True)
        if isinstance(error, DataFaultError):
            self.context.read(find_faults, STUDENTS, {}, values, done=self._show_faults, owner=self)
        shown = self.context.errors.describe(error)
        self._notice.say(shown.tone, shown.sentence)

    def _show_faults(self, findings: list[Finding]) -> None:
        if self.form is not None and findings:
            rest = self.form.show_faults(findings)
            self._notice.say("bad", joined(rest)) if rest else self._notice.hide()
