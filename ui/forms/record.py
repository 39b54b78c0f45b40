"""A form over one record, made from the declarations of its fields, with the same checks as an import."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from models.domain.fields import FIELDS_OF, Field
from models.domain.findings import Finding, Level
from ui.forms.inputs import Entry, entry_for
from ui.kit import column, label
from ui.kit.basic import is_enter

if TYPE_CHECKING:
    from models.store.store import Session

GROUPS = ("任职信息", "学籍信息", "联系方式", "身份信息", "扩展信息")
"""What is edited most stands first; other groups follow as declared."""
PERSON = "身份信息"
HIDDEN = frozenset({"hidden_47", "school_code"})


def find_faults(session: Session, kind: str, before: Mapping[str, str], values: Mapping[str, str]) -> list[Finding]:
    """What is wrong with `values`, each with its field, as far as `before` did not have it already.

    A new record (`before` empty) has no older faults: what is missing in it counts.
    """
    from models.exchange.normalise import normalise
    from models.services.checking import check_context, errors_of, new_errors

    fields = {field.key: field for field in FIELDS_OF[kind]}
    clean: dict[str, str] = {}
    found: list[Finding] = []
    for key, text in values.items():
        clean[key], findings = normalise(fields[key], text)
        found += [finding for finding in findings if finding.level is Level.ERROR]
    usual = dict.fromkeys(fields, "")
    after = {**usual, **before, **clean}
    if not before:
        return found + errors_of(kind, after, check_context(session))
    return found + new_errors(kind, {**usual, **before}, after, check_context(session))


def _in_groups(fields: Sequence[Field], *, new: bool) -> list[Field]:
    names = list(dict.fromkeys(field.group for field in fields))
    if new:
        names.sort(key=lambda name: name != PERSON)
    elif "账户信息" not in names:  # accounts begin with the person, as they are declared
        names.sort(key=lambda name: GROUPS.index(name) if name in GROUPS else len(GROUPS))
    return sorted(fields, key=lambda field: names.index(field.group))


class RecordForm(QWidget):
    """Inputs in the groups of the declarations. `edited` with every change."""

    edited = Signal()
    entered = Signal()
    """Enter in an input: the form's owner does what it is there for."""

    def __init__(
        self, kind: str, *, leave_out: Collection[str] = (), only: Collection[str] = (), new: bool = False
    ) -> None:
        """`new`: nothing is known yet, so the person comes first."""
        super().__init__()
        self.kind = kind
        self.entries: dict[str, Entry] = {}
        self._before: dict[str, str] = {}
        self._box = column(spacing=2)
        self.setLayout(self._box)
        group = ""
        for field in _in_groups(FIELDS_OF[kind], new=new):
            if field.key in leave_out or field.key in HIDDEN or (only and field.key not in only):
                continue
            if field.group != group:
                group = field.group
                self._box.addWidget(label(group, "strong"))
            entry = entry_for(field)
            entry.edited.connect(self.edited)
            self.entries[field.key] = entry
            self._box.addWidget(entry)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter that no input took."""
        if is_enter(event):
            self.entered.emit()
        else:
            super().keyPressEvent(event)

    def place_after(self, key: str, other: str) -> None:
        """Move an input directly below another one, for Tab too."""
        self._box.insertWidget(self._box.indexOf(self.entries[other]) + 1, self.entries[key])
        QWidget.setTabOrder(self.entries[other].widget, self.entries[key].widget)

    def show_values(self, values: Mapping[str, str]) -> None:
        """Fill the inputs; from now on `changed` compares with these values."""
        self._before = {key: values.get(key, "") for key in self.entries}
        for key, entry in self.entries.items():
            entry.set_text(self._before[key])
            entry.fail("")

    def values(self) -> dict[str, str]:
        """Everything entered."""
        return {key: entry.text() for key, entry in self.entries.items()}

    def changed(self) -> dict[str, str]:
        """What differs from `show_values`."""
        return {key: text for key, text in self.values().items() if text != self._before.get(key, "")}

    def show_faults(self, findings: list[Finding]) -> list[str]:
        """Put each fault below its input and the caret into the first; gives the sentences no input could take."""
        for entry in self.entries.values():
            entry.fail("")
        rest = []
        first: Entry | None = None
        for finding in findings:
            entry_or_none = self.entries.get(finding.field)
            if entry_or_none is None:
                rest.append(finding.message)
                continue
            entry_or_none.fail(finding.message)
            first = first or entry_or_none
        if first is not None:
            first.reach()
        return rest
