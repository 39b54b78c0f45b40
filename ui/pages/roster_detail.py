"""The panel beside the roster: what is known of one pupil, which of it is locked, and the form for the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.domain.errors import DataFaultError
from models.domain.fields import STUDENT_FIELD, STUDENTS, Field
from models.domain.findings import Finding, joined
from models.domain.units import Role
from ui.context import AppContext
from ui.forms.record import RecordForm, find_faults
from ui.kit import (
    Banner,
    EmptyState,
    Item,
    MaskedValue,
    SidePanel,
    button,
    frame,
    key_value,
    label,
    row,
    rule,
    section,
    state_pill,
)
from ui.moments import moment
from ui.pages.listing_columns import OPEN_WORDS, shown_value

if TYPE_CHECKING:
    from models.services.roster import HistoryEntry, Row
    from models.store.store import Session

GENERAL = (
    "student_number", "grade", "class_name", "guardian1_name", "guardian1_phone", "phone", "current_address",
    "entry_date", "study_mode", "ethnicity",
)  # fmt: skip
SHOWN_HISTORY = 4


@dataclass(frozen=True)
class Detail:
    """What the panel shows. `sound`: the name read out; `locked`: controlled ones the form leaves out;
    `origin`: controlled field -> who made it one."""

    row: Row
    sound: str
    history: list[HistoryEntry]
    controlled: frozenset[str]
    locked: frozenset[str]
    origin: dict[str, tuple[str, ...]]
    own: bool


def read_detail(session: Session, row_id: str, unit_id: str) -> Detail:
    """Everything the panel needs of a pupil."""
    from models.rules.tones import with_tones
    from models.services import policies, roster, roster_edit
    from models.services.checking import controlled_fields

    row = roster.get(session, STUDENTS, row_id)
    history = roster.history(session, STUDENTS, row_id)
    origin = dict(policies.effective(session).origin)
    sound = with_tones(row.values["name"])
    locked = roster_edit.locked_fields(session, row)
    return Detail(row, sound, history, controlled_fields(session), locked, origin, row.unit_id == unit_id)


class RosterDetail(SidePanel):
    """Shows a pupil (`show_row`), edits the general fields (`edit`)."""

    closed = Signal()
    saved = Signal()
    change_asked = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__(308)
        self.context = context
        self.row_id = ""
        self.detail: Detail | None = None
        self.form: RecordForm | None = None
        self._notice = Banner("bad", "")
        self._foot = frame("foot", row(None, margins=(16, 8, 16, 8)))
        self._foot.hide()
        self.set_foot(self._foot)
        self._all_history = False
        self._make_foot()
        self._nothing()

    def _make_foot(self) -> None:
        layout = self._foot.layout()
        assert layout is not None
        layout.addWidget(button(self.tr("取消"), on_click=self.cancel))
        self.save_button = button(self.tr("保存"), "device-floppy", "primary", "Ctrl+S", on_click=self.save)
        layout.addWidget(self.save_button)

    def _nothing(self) -> None:
        words = self.tr("选中一名学生，这里显示详细信息。")
        self.show_parts(EmptyState(words, hint=self.tr("Ctrl+F 查找，↑↓ 移动"), icon="list-details"))

    # --- showing ----------------------------------------------------------------------------------------

    def show_row(self, row_id: str) -> None:
        """Show a pupil; "" shows nothing. A form that is open stays until it is saved or cancelled."""
        if self.form is not None and self.has_draft():
            return
        self._leave_form()
        if row_id != self.row_id:
            self._all_history = False
        self.row_id, self.detail = row_id, None
        if not row_id:
            self._nothing()
            return
        self.context.read(
            read_detail, row_id, self.context.actor.unit.id, done=self._show, owner=self, replaces="detail"
        )

    def _show(self, detail: Detail) -> None:
        if self.form is not None:
            return
        self.detail = detail
        values = detail.row.values
        editable = detail.own and self.context.has(Role.REGISTRAR)
        close = button("", "x", "link", self.tr("关闭详情（Esc）"), on_click=self.closed.emit)
        class_ = values["class_name"]
        sub = " · ".join(part for part in (detail.sound, self._shown("sex"), class_) if part)
        pills = row(state_pill(detail.row.status), None, spacing=6)
        parts: list[Item] = [row(label(values["name"], "h2"), label(sub, "cap"), None, close), pills]
        if detail.row.open_change:
            pills.insertWidget(0, state_pill(detail.row.open_change, OPEN_WORDS[detail.row.open_change]))
            see = button(self.tr("查看"), "", "link", on_click=self._see_change)
            words = self.tr("有一项关键信息变更正在办理，办结前名册仍显示原值。")
            parts.append(Banner("wait", words, [see]))
        change = button(self.tr("发起变更"), "git-pull-request", "link", "Ctrl+K", on_click=self.ask_change)
        change.setVisible(editable and bool(detail.controlled))
        parts.append(section(self.tr("关键信息"), change))
        locked = [key for key in STUDENT_FIELD if key in detail.controlled]
        parts += [self._line(STUDENT_FIELD[key], locked=True) for key in locked]
        edit = button(self.tr("编辑"), "pencil", "link", "F2", on_click=self.edit)
        edit.setVisible(editable)
        parts += [rule(), section(self.tr("一般信息"), edit)]
        parts += [self._line(STUDENT_FIELD[key], locked=False) for key in GENERAL if key not in detail.controlled]
        self.show_parts(*parts, rule(), *self._history(detail.history))

    def _shown(self, key: str) -> str:
        return shown_value(STUDENT_FIELD[key], self.detail.row.values[key]) if self.detail else ""

    def _line(self, field: Field, *, locked: bool) -> Item:
        text = self._shown(field.key)
        origin = self.detail.origin.get(field.key, ()) if self.detail else ()
        who = "、".join("系统默认" if name == "default" else name for name in origin) or "系统默认"
        tip = self.tr("关键信息：须发起变更并经核办。由{who}设为受控字段。").format(who=who)
        value: QWidget | str = text or "—"
        if field.mask and text:
            value = MaskedValue(text, field.label, partial(self._reveal, field.key))
        return key_value(field.label, value, locked=locked, lock_tip=tip)

    def _history(self, entries: list[HistoryEntry]) -> list[Item]:
        shown = entries if self._all_history else entries[:SHOWN_HISTORY]
        more = button(self.tr("全部 {n} 条").format(n=len(entries)), "", "link", on_click=self._show_all)
        more.setVisible(len(entries) > len(shown))
        lines: list[Item] = [section(self.tr("最近记录"), more)]
        for entry in shown:
            words = label(f"{entry.text} · {entry.person}", wrap=True)
            changed = [STUDENT_FIELD[key].label for key in entry.after if key in STUDENT_FIELD]
            words.setToolTip("、".join(changed))
            lines.append(row((words, 1), label(moment(entry.at), "cap"), spacing=6))
        if not entries:
            lines.append(label(self.tr("还没有记录。"), "cap"))
        return lines

    def _show_all(self) -> None:
        self._all_history = True
        if self.detail is not None:
            self._show(self.detail)

    def _reveal(self, field: str, show: Callable[[str], None]) -> None:
        from models.services import roster

        context, row_id = self.context, self.row_id
        actor = context.actor

        def fetch() -> None:
            context.write(roster.reveal, actor, row_id, field, done=show, owner=self)

        if not context.store.read_only:
            fetch()
            return
        words = self.tr("现在是免口令的只读打开。查看完整号码须输入口令，并记入审计日志。")
        context.with_passphrase(
            self, self.tr("查看完整号码"), words, context.store.elevate, lambda _none: fetch()
        )  # fmt: skip

    def _see_change(self) -> None:
        self.context.navigate("changes", subject_id=self.row_id)

    def ask_change(self) -> None:
        """Start a change of key fields for the pupil shown."""
        if self.row_id:
            self.change_asked.emit(self.row_id)

    # --- editing ----------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Open the form for the general fields."""
        detail = self.detail
        if detail is None or self.form is not None:
            return
        if not (detail.own and self.context.has(Role.REGISTRAR)):
            self.context.toast(self.tr("只有本校学籍管理员可以编辑。"), None, "warn")
            return
        self.form = RecordForm(STUDENTS, leave_out=detail.locked)
        self.form.show_values(detail.row.values)
        self.form.entered.connect(self.save)
        title = self.tr("编辑：{name}").format(name=detail.row.values["name"])
        self._notice = Banner("bad", "")
        self._notice.hide()
        self.show_parts(label(title, "h2"), self._notice, self.form)
        self._foot.show()
        next(iter(self.form.entries.values())).setFocus()

    def has_draft(self) -> bool:
        """Whether the form holds something that is not saved."""
        return self.form is not None and bool(self.form.changed())

    def cancel(self) -> None:
        """Leave the form without saving."""
        self._leave_form()
        self.show_row(self.row_id)

    def _leave_form(self) -> None:
        self.form = None
        self._foot.hide()

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Check and write what was changed; `then` runs when it is written."""
        from models.services import roster

        if self.form is None or self.detail is None:
            return
        values, before = self.form.changed(), self.detail.row.values
        if not values:
            self.cancel()
            if then is not None:
                then()
            return
        name, row_id = before["name"], self.row_id
        old = {key: before[key] for key in values}

        def done(_revision: int) -> None:
            self._leave_form()
            self.show_row(row_id)
            self.saved.emit()
            undo = partial(self._take_back, row_id, old)
            self.context.toast(self.tr("已保存 {name} 的 {n} 项。").format(name=name, n=len(values)), undo)
            if then is not None:
                then()

        self.context.write(
            roster.set_fields, self.context.actor, STUDENTS, row_id, values,
            done=done, owner=self, failed=partial(self._refused, values, before),
        )  # fmt: skip

    def _refused(self, values: dict[str, str], before: dict[str, str], error: Exception) -> None:
        if not isinstance(error, DataFaultError):
            self.context.show_error(error)
            return
        self._notice.say("bad", str(error))
        self.context.read(find_faults, STUDENTS, before, values, done=self._show_faults, owner=self)

    def _show_faults(self, findings: list[Finding]) -> None:
        if self.form is not None and findings:
            rest = self.form.show_faults(findings)
            self._notice.say("bad", joined(rest)) if rest else self._notice.hide()

    def _take_back(self, row_id: str, old: dict[str, str]) -> None:
        from models.services import roster

        self.context.write(
            roster.set_fields, self.context.actor, STUDENTS, row_id, old,
            done=self._taken_back, owner=self,
        )  # fmt: skip

    def _taken_back(self, _revision: int) -> None:
        self.saved.emit()
        self.show_row(self.row_id)
