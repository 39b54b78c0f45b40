"""Undo and redo of what a person changed in an import: single cells and bulk fixes, each one step."""

from __future__ import annotations

from dataclasses import dataclass

WHOLE_ROW = "@row"
"""The field of an edit that leaves a row out ("out") or takes it in again ("")."""


@dataclass(frozen=True, slots=True)
class CellEdit:
    """One cell changed from `before` to `after`; `sheet` and `row` are places from 0. `field` may be WHOLE_ROW."""

    sheet: int
    row: int
    field: str
    before: str
    after: str

    def reversed(self) -> CellEdit:
        """The edit that takes this one back."""
        return CellEdit(self.sheet, self.row, self.field, self.after, self.before)


@dataclass(frozen=True, slots=True)
class Step:
    """Edits that are done and undone together, with the words the person sees at 撤销."""

    words: str
    edits: tuple[CellEdit, ...]


class History:
    """Two stacks of steps. Filters and tabs are no part of it: they would make undo confusing (ux 1)."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []

    def push(self, step: Step) -> None:
        """Keep a step that was just carried out; what had been undone can no longer be redone."""
        if step.edits:
            self._done.append(step)
            self._undone.clear()

    def undo(self) -> tuple[CellEdit, ...]:
        """The edits to carry out to take the last step back, last edit first; empty when there is none."""
        if not self._done:
            return ()
        step = self._done.pop()
        self._undone.append(step)
        return tuple(edit.reversed() for edit in reversed(step.edits))

    def redo(self) -> tuple[CellEdit, ...]:
        """The edits to carry out to do the last undone step again; empty when there is none."""
        if not self._undone:
            return ()
        step = self._undone.pop()
        self._done.append(step)
        return step.edits

    @property
    def undo_words(self) -> str:
        """What would be undone, "" when nothing."""
        return self._done[-1].words if self._done else ""
