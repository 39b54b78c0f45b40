"""One import as the page holds it: texts as typed, findings as last checked, rows in sight, undo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.domain.fields import ACCOUNTS, FIELDS_OF, Field
from models.domain.findings import Finding, Level
from models.exchange.sheets import SheetData
from models.services.imports import CheckedImport
from ui.pages.import_.findings import Group, Marks, Show, make_marks
from ui.pages.import_.history import WHOLE_ROW, CellEdit, History, Step

Place = tuple[int, str]
"""A cell: row index inside the sheet (from 0) and field key; columns that are not taken over are `@LETTER`."""


@dataclass(frozen=True)
class GridColumn:
    """A column of the grid. `key`: field, or `@LETTER` for one that is not taken over."""

    key: str
    letter: str
    title: str
    label: str

    @property
    def editable(self) -> bool:
        """Whether its cells are taken over."""
        return not self.key.startswith("@")


class ImportSession:
    """State of the grid; knows neither Qt nor the store. Rows are indices from 0 inside the current sheet."""

    def __init__(self, checked: CheckedImport) -> None:
        self.checked = checked
        self.history = History()
        self.typed: dict[tuple[int, int, str], str] = {}
        self._originals: dict[tuple[int, int, str], str] = {}
        self.show = Show.ERRORS
        self.group: Group | None = None
        self._left_out = set(checked.left_out)
        self._sheet = 0
        self._marks: tuple[Marks, ...] = ()
        self.columns: tuple[GridColumn, ...] = ()
        self.visible: list[int] = []
        self.replace(checked, marks_of(checked))
        if not self.marks.error_rows:
            self.set_show(Show.ALL)

    def replace(self, checked: CheckedImport, marks: Sequence[Marks]) -> None:
        """Take the outcome of a check; tab and rows in sight stay as they are, so that nothing jumps while typing."""
        self.checked, self._marks = checked, tuple(marks)
        self.columns = _columns(self.sheet, checked.workbook.kind, self.marks)
        if not self.visible:
            self.refilter()

    @property
    def sheet(self) -> SheetData:
        """The sheet in sight."""
        return self.checked.workbook.sheets[self._sheet]

    @property
    def sheet_index(self) -> int:
        """Its number, from 0."""
        return self._sheet

    @property
    def marks(self) -> Marks:
        """What was found in the sheet in sight."""
        return self._marks[self._sheet]

    def set_sheet(self, index: int) -> None:
        """Show another sheet of the file."""
        self._sheet, self.group = index, None
        self.columns = _columns(self.sheet, self.checked.workbook.kind, self.marks)
        self.set_show(Show.ERRORS if self.marks.error_rows else Show.ALL)

    def set_show(self, show: Show) -> None:
        """Show the rows of a tab."""
        self.show, self.group = show, None
        self.refilter()

    def set_group(self, group: Group | None) -> None:
        """Show only the rows of a group of findings."""
        self.group = group
        self.refilter()

    def refilter(self) -> None:
        """Choose the rows in sight anew."""
        self.visible = list(self.group.rows) if self.group else self.marks.rows(self.show)

    def totals(self) -> tuple[int, int, int]:
        """Rows of all sheets: to import, with errors, and with remarks only."""
        wanted = sum(m.total - len(m.left_out) for m in self._marks)
        return wanted, sum(len(m.error_rows) for m in self._marks), sum(m.only_warned for m in self._marks)

    # --- cells --------------------------------------------------------------------------------------------

    def text(self, row: int, key: str) -> str:
        """What a cell shows: as typed, else as it stood in the file, else what was proposed for it."""
        if key.startswith("@"):
            return self.sheet.other.get(key[1:], [""] * (row + 1))[row]
        return self.given(row, key) or (self.value(row, key) if key == "username" else "")

    def given(self, row: int, key: str) -> str:
        """A cell as typed, else as it stood in the file: without what the program proposes."""
        typed = self.typed.get((self._sheet, row, key))
        return self.raw(row, key) if typed is None else typed

    def raw(self, row: int, key: str) -> str:
        """The cell as it stood in the file, whatever was typed since."""
        original = self._originals.get((self._sheet, row, key))
        if original is not None:
            return original
        texts = self.sheet.raw.get(key)
        return texts[row] if texts else ""

    def is_edited(self, row: int, key: str) -> bool:
        """Whether the cell no longer holds what stood in the file."""
        typed = self.typed.get((self._sheet, row, key))
        return typed is not None and typed != self.raw(row, key)

    def is_left_out(self, row: int) -> bool:
        """Whether the row is not to be imported."""
        return (self._sheet, row) in self._left_out

    def value(self, row: int, key: str) -> str:
        """The normalised value as last checked."""
        texts = self.sheet.values.get(key)
        return texts[row] if texts else ""

    def findings_at(self, row: int, key: str) -> tuple[Finding, ...]:
        """What was found in a cell, errors first."""
        found = self.marks.cells.get((row, key), ())
        return tuple(sorted(found, key=lambda finding: finding.level is not Level.ERROR))

    def next_error(self, at: Place | None, by: int) -> Place | None:
        """The error after (1) or before (-1) a cell, round the ends, inside the group in sight; None for no error.

        Without a cell it is the first one. User names that a person has to agree to are gone through as well.
        """
        keys = [column.key for column in self.columns]
        places = self.marks.error_places(keys)
        places += [place for place in self.marks.places_to_confirm() if place not in places]
        if self.group is not None:
            places = [p for p in places if p[1] == self.group.field and p[0] in self.group.rows] or places
        order = {key: place for place, key in enumerate(keys)}
        spots = dict(sorted(((row, order.get(key, -1)), (row, key)) for row, key in places))
        here = (at[0], order.get(at[1], -1)) if at else (-1, -1)
        ahead, behind = [spot for spot in spots if spot > here], [spot for spot in spots if spot < here]
        if not spots:
            return None
        return spots[(ahead or list(spots))[0] if by > 0 else (behind or list(spots))[-1]]

    # --- editing ------------------------------------------------------------------------------------------

    def edits(self, texts: Mapping[Place, str]) -> tuple[CellEdit, ...]:
        """Edits that give cells of this sheet these texts; those that change nothing are left out."""
        return tuple(
            CellEdit(self._sheet, row, key, self.given(row, key), text)
            for (row, key), text in texts.items()
            if self.given(row, key) != text
        )

    def leaving(self, rows: Iterable[int], out: bool) -> tuple[CellEdit, ...]:
        """Edits that leave rows of this sheet out, or take them in again."""
        before, after = ("", "out") if out else ("out", "")
        return tuple(
            CellEdit(self._sheet, row, WHOLE_ROW, before, after) for row in rows if self.is_left_out(row) is not out
        )

    def carry_out(self, words: str, edits: tuple[CellEdit, ...]) -> tuple[CellEdit, ...]:
        """Keep `edits` as one step to undo and show their texts; they are still to be checked."""
        self.history.push(Step(words, edits))
        return self._show_texts(edits)

    def undo(self) -> tuple[CellEdit, ...]:
        """Take the last step back; the edits that are to be checked."""
        return self._show_texts(self.history.undo())

    def redo(self) -> tuple[CellEdit, ...]:
        """Do the last undone step again; the edits that are to be checked."""
        return self._show_texts(self.history.redo())

    def _show_texts(self, edits: tuple[CellEdit, ...]) -> tuple[CellEdit, ...]:
        for edit in edits:
            cell = (edit.sheet, edit.row, edit.field)
            if edit.field == WHOLE_ROW:
                (self._left_out.add if edit.after else self._left_out.discard)((edit.sheet, edit.row))
            elif cell not in self._originals:
                texts = self.checked.workbook.sheets[edit.sheet].raw.get(edit.field)
                self._originals[cell] = texts[edit.row] if texts else ""
            self.typed[cell] = edit.after
        return edits

    def found_text(self, find: str, keys: Iterable[str], whole: bool) -> list[Place]:
        """Cells of the rows in sight that hold `find` (the whole text or part of it)."""
        wanted = list(keys)
        return [
            (row, key)
            for row in self.visible
            for key in wanted
            if (self.text(row, key) == find if whole else find in self.text(row, key))
        ]


def marks_of(checked: CheckedImport) -> tuple[Marks, ...]:
    """The findings of every sheet, ready to be shown; made off the GUI thread."""
    return tuple(
        make_marks(sheet, checked.findings, frozenset(row for place, row in checked.left_out if place == at))
        for at, sheet in enumerate(checked.workbook.sheets)
    )


def field_of(kind: str, key: str) -> Field | None:
    """The declaration of a field of a kind of list."""
    return next((field for field in FIELDS_OF[kind] if field.key == key), None)


def _columns(sheet: SheetData, kind: str, marks: Marks) -> tuple[GridColumn, ...]:
    """The columns of the file in its order, then fields with findings that the file has no column for."""
    labels = {field.key: field.label for field in FIELDS_OF[kind]}
    found: list[GridColumn] = []
    for column in sheet.columns:
        if not column.field and not column.title:
            continue
        key = column.field or f"@{column.letter}"
        found.append(GridColumn(key, column.letter, column.title, labels.get(key, "")))
    there = {column.key for column in found}
    if kind == ACCOUNTS and "username" not in there:
        found.append(GridColumn("username", "", "按规则生成", labels["username"]))
        there.add("username")
    missing = {key for _, key in marks.cells} - there
    found += [GridColumn(key, "", "文件中没有这一列", labels[key]) for key in labels if key in missing]
    return tuple(found)
