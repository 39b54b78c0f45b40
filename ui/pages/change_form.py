"""The form of one change request: new values of key fields, reason, evidence; saved as a draft while it is filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QScrollArea, QWidget

from models.domain.change_kinds import KEY_FIELD
from models.domain.errors import UserError
from models.domain.fields import POLICE_PROOF_FIELDS, STUDENT_FIELD, STUDENTS
from models.domain.findings import Finding, joined
from models.domain.masking import mask
from models.services import evidence
from ui.context import AppContext
from ui.forms.record import RecordForm, find_faults
from ui.kit import Banner, button, card, clear, column, frame, holder, label, row, section
from ui.kit.around import Around
from ui.pages.change_cards import returned_words, why_card
from ui.pages.change_keeping import Filled, Opened, keep, open_form
from ui.pages.evidence_box import HOUSEHOLD, OTHER, THUMBNAIL, EvidenceBox, Exhibit
from ui.pages.opinion_line import REASONS, OpinionLine

AUTOSAVE_MS = 1500


class ChangeForm(QWidget):
    """`saved` and `submitted` carry the id of the change; `left` the same, "" when nothing was kept."""

    submitted = Signal(str)
    left = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.opened: Opened | None = None
        self.form: RecordForm | None = None
        self.change_id = ""
        self._kept: tuple[Exhibit, ...] = ()
        self._dirty = False
        self._faults: list[Finding] = []
        self._autosave = QTimer(self)
        self._autosave.setSingleShot(True)
        self._autosave.setInterval(AUTOSAVE_MS)
        self._autosave.timeout.connect(self.save)
        self.title, self.state = label(kind="h1"), label(kind="cap")
        self.banner = Banner("bad", "", closable=True)
        self.banner.hide()
        self._fields = column(spacing=8)
        self._why = column(spacing=0)
        self.reason = OpinionLine(self.tr("变更原因（必填；输入 / 选常用语）"), self.tr("变更原因"), REASONS)
        self.reason.textEdited.connect(lambda _: self._edited())
        self.box = EvidenceBox(context)
        for signal in (self.box.added, self.box.removed, self.box.kind_changed):
            signal.connect(lambda _: self._edited())
        left = card(section(self.tr("新的值（只填要变更的）")), holder(self._fields), None, margins=(16, 12, 16, 16))
        reason = card(section(self.tr("变更原因")), self.reason)
        right = column(reason, self.box, holder(self._why), None, spacing=8)
        body = holder(row((left, 1), (holder(right), 1), margins=(16, 8, 16, 16), spacing=12))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(body)
        self.leave_button = button(self.tr("存为草稿并返回"), "device-floppy", tip="Esc", on_click=self.leave)
        self.submit_button = button(self.tr("提交核办"), "send", "primary", "Ctrl+Enter", on_click=self.submit)
        foot = frame("foot", row(self.state, None, self.leave_button, self.submit_button, margins=(16, 8, 16, 8)))
        head = frame("bar", row((self.title, 1), margins=(16, 10, 16, 10)))
        self.setLayout(column(head, Around(self.banner, (16, 8, 16, 0)), (area, 1), foot, spacing=0))

    # --- opening ------------------------------------------------------------------------------------------

    def begin(self, subject_id: str = "", change_id: str = "") -> None:
        """Start a change of a pupil, or go on with a draft."""
        self.context.read(open_form, subject_id, change_id, done=self._show, owner=self)

    def _show(self, opened: Opened) -> None:
        self.opened = opened
        self.change_id = opened.detail.summary.id if opened.detail else ""
        self._kept, self._dirty, self._faults = opened.exhibits, False, []
        values = opened.row.values
        self.title.setText(
            self.tr("变更关键信息：{name} {klass}").format(name=values["name"], klass=values["class_name"])
        )
        clear(self._fields)
        self.form = RecordForm(STUDENTS, only=opened.controlled)
        shown = {key: "" if STUDENT_FIELD[key].mask else values[key] for key in opened.controlled}
        self.form.show_values(shown)
        for key, entry in self.form.entries.items():
            if STUDENT_FIELD[key].mask and isinstance(entry.widget, QLineEdit):
                now = mask(STUDENT_FIELD[key], values[key]) or self.tr("空")
                entry.widget.setPlaceholderText(self.tr("现值 {now}").format(now=now))
        for diff in opened.detail.diffs if opened.detail else ():
            if diff.field in self.form.entries:
                self.form.entries[diff.field].set_text(diff.after)
        self.form.edited.connect(self._edited)
        self._fields.addWidget(self.form)
        self.reason.setText(opened.detail.reason if opened.detail else "")
        self.box.show_exhibits(opened.exhibits)
        for exhibit in opened.exhibits:
            self._draw(exhibit)
        clear(self._why)
        origin = {key: opened.origin.get(key, ()) for key in opened.controlled}
        self._why.addWidget(why_card(KEY_FIELD.key, origin, opened.policy_version))
        self._say_returned()
        self._say_state()
        self._focus_first()

    def _draw(self, exhibit: Exhibit) -> None:
        """Read a kept file and draw its thumbnail in the evidence's own thread; without one it still has its name."""

        def drawn(picture: bytes) -> None:
            self._kept = tuple(
                replace(one, thumbnail=picture) if one.digest == exhibit.digest else one for one in self._kept
            )
            self.box.show_picture(exhibit.digest, picture)

        def got(data: bytes | None) -> None:
            if data:
                self.context.evidence_jobs.run(
                    lambda: evidence.render(data, 0, THUMBNAIL * 2), drawn, lambda _: None, owner=self
                )

        self.context.read(evidence.content, exhibit.digest, done=got, owner=self)

    def _say_returned(self) -> None:
        self.banner.hide()
        words = returned_words(self.opened.detail) if self.opened and self.opened.detail else ""
        if words:
            self.banner.say("warn", words)

    def _focus_first(self) -> None:
        if self.form is not None:
            entry = self.form.entries.get("id_number") or next(iter(self.form.entries.values()))
            entry.setFocus()

    # --- filling ------------------------------------------------------------------------------------------

    def _values(self) -> dict[str, str]:
        return self.form.changed() if self.form else {}

    def _edited(self) -> None:
        if self.banner.property("pill") == "bad":
            self.banner.hide()  # it spoke of what is being mended now
        self._dirty = True
        values = self._values()
        self.box.usual_kind = HOUSEHOLD if POLICE_PROOF_FIELDS & values.keys() or not values else OTHER
        self._autosave.start()
        self._say_state()

    def has_draft(self) -> bool:
        """Whether something is not in the store yet."""
        return self._dirty

    def save(self) -> None:
        """Check what is typed, and keep it as a draft when it can be kept."""
        self._check(lambda: self._keep(submit=False, then=lambda: None, failed=lambda _: self._say_state()))

    def _check(self, then: Callable[[], object]) -> None:
        self._autosave.stop()
        if self.opened is None or self.form is None or (not self._dirty and not self.change_id):
            return
        values = self._values()
        if not values:
            self._say_state()
            return

        def done(findings: list[Finding]) -> None:
            self._faults = findings
            if self.form is not None:
                focus = self.focusWidget()
                rest = self.form.show_faults(findings)
                if focus is not None:
                    focus.setFocus()
                if rest:
                    self.banner.say("bad", joined(rest))
            self._say_state()
            if not findings:
                then()

        self.context.read(
            find_faults, STUDENTS, self.opened.row.values, values, done=done, owner=self, replaces="change-form"
        )

    def _keep(self, *, submit: bool, then: Callable[[], object], failed: Callable[[Exception], object]) -> None:
        assert self.opened is not None
        exhibits = tuple(self.box.exhibits)
        filled = Filled(
            self.opened.row.id, self.change_id, self._values(), self.reason.text().strip(), exhibits, self._kept
        )

        def done(result: tuple[str, tuple[Exhibit, ...]]) -> None:
            self.change_id, self._kept = result
            if tuple(self.box.exhibits) == exhibits:
                self.box.exhibits = list(self._kept)
                self._dirty = False
            self._say_state(saved=True)
            then()

        self.context.write(keep, self.context.actor, filled, submit, done=done, owner=self, failed=failed)

    def _say_state(self, *, saved: bool = False) -> None:
        if self._faults:
            words = self.tr("有 {n} 处须改正，改好后自动保存").format(n=len(self._faults))
        elif saved or (self.change_id and not self._dirty):
            words = self.tr("草稿已保存")
        elif self._dirty:
            words = self.tr("正在填写，自动保存为草稿") if self._values() else self.tr("还没有填写要变更的值")
        else:
            words = self.tr("填写要变更的值，添加证明材料，按 Ctrl+Enter 提交")
        self.state.setText(words)

    # --- leaving ------------------------------------------------------------------------------------------

    def submit(self) -> None:
        """Hand the change in; what is missing is said with what to do."""
        if self.opened is None:
            return
        if not self._values():
            self.banner.say("warn", self.tr("请先填写要变更的值。"))
            self._focus_first()
            return
        self.banner.hide()
        self._dirty = True
        self._check(lambda: self._keep(submit=True, then=self._handed_in, failed=self._not_submitted))

    def _handed_in(self) -> None:
        self._dirty = False
        self.submitted.emit(self.change_id)

    def _not_submitted(self, error: Exception) -> None:
        if isinstance(error, UserError):
            self.banner.say("bad", str(error))
            if not self.reason.text().strip():
                self.reason.complain(self.tr("请填写变更原因"))
        else:
            self.context.show_error(error, "change")
        self.save()

    def leave(self) -> None:
        """Keep what can be kept and go back to the list."""
        if not self._dirty or not self._values():
            self._dirty = False
            self.left.emit(self.change_id)
            return

        def kept() -> None:
            self._dirty = False
            self.left.emit(self.change_id)

        self._check(lambda: self._keep(submit=False, then=kept, failed=self._not_submitted))
