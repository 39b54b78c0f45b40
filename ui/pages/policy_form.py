"""The own settings of a bureau, grouped; what the tiers above have settled is shown and cannot be changed (E29-E31)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QWidget

from models.domain.errors import UserError
from models.domain.fields import STUDENT_FIELDS
from models.domain.policy import DEFAULT_TIER, EffectivePolicy
from models.domain.policy_settings import BUSINESSES, SETTING, SETTINGS, STAGES, Combining, Group, Setting, switch_key
from models.domain.units import Line
from models.rules.businesses import tier_text, tiers_text
from models.services.policy_editing import judged
from models.services.policy_views import PolicyView
from ui.forms.inputs import Entry, choice, line
from ui.forms.record import HIDDEN
from ui.kit import Item, column, label, row, rule

_PLACEHOLDERS = {
    Combining.MINIMUM: "45", Combining.WINDOW: "2026-09-01..2026-09-30", Combining.NEAREST: "2027-06-30",
}  # fmt: skip
_OWN_PLACEHOLDERS = {"prefixes": "蠡县=bdl", "employment_words": "专任 兼职 外聘"}
_FIELDS_BESIDE, _WINDOWS_BESIDE = 4, 3


class PolicyForm(QWidget):
    """Inputs for every setting of a tier; `faults` judges them where they stand."""

    def __init__(self, line_: Line) -> None:
        super().__init__()
        self.checks: dict[str, QCheckBox] = {}
        self.entries: dict[str, Entry] = {}
        self.switches: dict[str, QCheckBox] = {}
        self.locks: dict[str, QCheckBox] = {}
        self._above: EffectivePolicy | None = None
        parts: list[Item] = []
        if line_ is Line.BASIC:
            parts += [
                *self._fields(),
                rule(),
                *self._sizes(),
                rule(),
                *self._switches(),
                rule(),
                *self._windows(),
                rule(),
            ]
        self.setLayout(column(*parts, *self._naming(), rule(), *self._people(), spacing=8))

    # --- making -----------------------------------------------------------------------------------------

    def _fields(self) -> list[Item]:
        words = self.tr("受控字段（关键信息）：勾选后，下级学校改这些字段必须发起变更并经核办。上级已设的不能取消。")
        fields = [one for one in STUDENT_FIELDS if one.key not in HIDDEN and not one.key.startswith("guardian")]
        for field in fields:
            self.checks[field.key] = _check(field.label, self.tr("受控字段：{name}").format(name=field.label))
        return [label(words, "dim", wrap=True), _grid(list(self.checks.values()), _FIELDS_BESIDE)]

    def _sizes(self) -> list[Item]:
        boxes: list[Item] = []
        for setting in (one for one in SETTINGS if one.group is Group.CLASS_SIZE):
            lock = _check(self.tr("下级不得修改"), f"{setting.label}：{self.tr('下级不得修改')}")
            self.locks[setting.key] = lock
            boxes.append((column(self._line(setting), lock, spacing=2), 1))
        words = self.tr("班额：一个班最多的人数，不可高于上级；留空表示本级不设。")
        return [label(words, "dim", wrap=True), row(*boxes, spacing=16)]

    def _switches(self) -> list[Item]:
        grid = QGridLayout()
        grid.setVerticalSpacing(4)
        for place, title in enumerate(STAGES.values()):
            grid.addWidget(label(title, "cap"), 0, place + 1)
        for number, business in enumerate((one for one in BUSINESSES if one.stages), 1):
            grid.addWidget(label(business.label), number, 0)
            for place, stage in enumerate(STAGES):
                if stage in business.stages:
                    key = switch_key(business.key, stage)
                    name = f"{SETTING[key].label}：{business.words[business.tight]}"
                    self.switches[key] = _check(business.words[business.tight], name)
                    grid.addWidget(self.switches[key], number, place + 1)
        words = self.tr("业务开关：勾选后，下级该学段的学校按此执行。上级已设的不能取消。")
        return [label(words, "dim", wrap=True), grid]

    def _windows(self) -> list[Item]:
        words = self.tr("办理时间：写成 起始日期..截止日期，多段用逗号隔开，不能超出上级的办理时间；留空表示本级不限。")
        entries = [self._line(one) for one in SETTINGS if one.group is Group.WINDOW]
        return [label(words, "dim", wrap=True), _grid(entries, _WINDOWS_BESIDE)]

    def _naming(self) -> list[Item]:
        made = [self._line(one) for one in SETTINGS if one.group is Group.NAMING]
        return [label(self.tr("用户名：留空表示沿用上级或系统默认。"), "dim", wrap=True), _grid(made, 2)]

    def _people(self) -> list[Item]:
        words = self.tr("人员：留空表示沿用上级或系统默认。上级要求持证核办的，下级不能放宽。")
        made = [self._line(one) for one in SETTINGS if one.group is Group.PEOPLE]
        return [label(words, "dim", wrap=True), _grid(made, 2)]

    def _line(self, setting: Setting) -> Entry:
        if setting.choices:
            entry = choice(setting.label, [("", self.tr("本级不设")), *setting.choices.items()])
        else:
            placeholder = _OWN_PLACEHOLDERS.get(setting.key) or _PLACEHOLDERS[setting.combining]
            entry = line(setting.label, placeholder)
        self.entries[setting.key] = entry
        return entry

    # --- showing ----------------------------------------------------------------------------------------

    def show_view(self, view: PolicyView) -> None:
        """Fill in the own settings; those of the tiers above stand below the inputs."""
        self._above = above = view.above
        for key, check in self.checks.items():
            settled = [tier for tier in above.origin.get(key, ()) if tier]
            check.setChecked(key in view.own.controlled_fields or bool(settled))
            check.setEnabled(not settled)
            check.setToolTip(_set_by(tiers_text(above, key)) if settled else "")
        for key, check in self.switches.items():
            check.setChecked(key in view.own.values or key in above.values)
            check.setEnabled(key not in above.values)
            check.setToolTip(_set_by(tiers_text(above, key)) if key in above.values else "")
        for key, entry in self.entries.items():
            self._show_entry(SETTING[key], entry, view.own.values, above)
        for key, lock in self.locks.items():
            lock.setChecked(key in view.own.locks or key in above.locked)
            lock.setEnabled(key not in above.locked)

    def _show_entry(self, setting: Setting, entry: Entry, own: Mapping[str, str], above: EffectivePolicy) -> None:
        key = setting.key
        entry.set_text(above.values[key] if key in above.locked else own.get(key, ""))
        entry.setEnabled(key not in above.locked)
        if isinstance(entry.widget, QLineEdit):
            entry.widget.setCursorPosition(0)
        entry.hint(_above_text(setting, above))

    # --- what was entered -------------------------------------------------------------------------------

    def faults(self) -> bool:
        """Judge every input and say at each what is wrong with it; whether there was anything."""
        first: Entry | None = None
        for key, entry in self.entries.items():
            try:
                judged(SETTING[key], self._text(key), self._above) if self._above else None
                entry.fail("")
            except UserError as fault:
                entry.fail(str(fault))
                first = first or entry
        if first is not None:
            first.reach()
        return first is not None

    def _text(self, key: str) -> str:
        entry = self.entries[key]
        return entry.text() if entry.isEnabled() else ""

    def controlled(self) -> list[str] | None:
        """The own controlled fields; None where there are none to choose."""
        return _own(self.checks) if self.checks else None

    def values(self) -> dict[str, str]:
        """Setting -> text of all that this tier can set; "" for what it does not."""
        values = {key: self._text(key) for key in self.entries}
        tight = set(_own(self.switches))
        return values | {key: SETTING[key].tight if key in tight else "" for key in self.switches}

    def locked(self) -> dict[str, bool]:
        """Setting -> whether those below are forbidden to change it, where this tier has a say."""
        return {key: lock.isChecked() for key, lock in self.locks.items() if lock.isEnabled()}


def _own(checks: Mapping[str, QCheckBox]) -> list[str]:
    return [key for key, check in checks.items() if check.isChecked() and check.isEnabled()]


def _set_by(who: str) -> str:
    return f"由{who}设置"


def _above_text(setting: Setting, above: EffectivePolicy) -> str:
    """What the tiers above say of a setting, for the line below its input."""
    value = above.values.get(setting.key)
    if value is None or above.origin[setting.key] == (DEFAULT_TIER,):
        return ""
    lock = f"，{tier_text(above.locked[setting.key])}规定下级不得修改" if setting.key in above.locked else ""
    return f"{tiers_text(above, setting.key)}：{setting.text(value)}{lock}"


def _check(text: str, name: str) -> QCheckBox:
    check = QCheckBox(text)
    check.setAccessibleName(name)
    return check


def _grid(widgets: Sequence[QWidget], columns: int) -> QGridLayout:
    grid = QGridLayout()
    grid.setVerticalSpacing(4)
    grid.setHorizontalSpacing(16)
    for place, widget in enumerate(widgets):
        grid.addWidget(widget, place // columns, place % columns)
    return grid
