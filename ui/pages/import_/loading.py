"""From bytes to a checked import, off the GUI thread: read, recall the mapping, check, sort the findings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.domain.progress import Progress
from models.exchange.reading import bytes_of, read_data
from models.exchange.sheets import Workbook
from models.services import imports
from models.services.imports import CheckedImport
from ui.pages.import_.findings import Marks
from ui.pages.import_.history import WHOLE_ROW
from ui.pages.import_.paste import Block, as_csv
from ui.pages.import_.session import marks_of

if TYPE_CHECKING:
    from models.store.store import Session, Store

Mapping_ = dict[str, dict[str, str | None]]
"""Sheet -> column letter -> field key, None for "not taken over"."""
Cell = tuple[int, int, str, str]


@dataclass(frozen=True)
class Source:
    """Where an import comes from; the bytes stay in memory, so that a stick may be pulled out."""

    path: Path
    data: bytes

    @classmethod
    def of_file(cls, path: Path) -> Source:
        """Read a file. Raises FileRefusedError."""
        return cls(path, bytes_of(path))

    @classmethod
    def of_block(cls, block: Block) -> Source:
        """A block pasted from a spreadsheet; it never lies on the disk."""
        return cls(Path("粘贴的内容.csv"), as_csv(block))


@dataclass(frozen=True)
class Loaded:
    """What loading gives. `remembered`: the columns follow what a person chose last time for these titles."""

    source: Source | None
    checked: CheckedImport
    marks: tuple[Marks, ...]
    remembered: bool
    seconds: float
    draft_id: str = ""


def load(store: Store, source: Source, kind: str | None, mapping: Mapping_ | None, progress: Progress) -> Loaded:
    """Read and check `source`; without `mapping` the remembered one is taken. Raises FileRefusedError, UserError."""
    began = time.monotonic()
    workbook = read_data(source.data, source.path, kind, mapping, progress)
    remembered = False
    if mapping is None:
        recalled = _recall(store, workbook)
        if recalled:
            workbook = read_data(source.data, source.path, workbook.kind, recalled, progress)
            remembered = True
    checked = store.read(imports.check, workbook, None, progress)
    return Loaded(source, checked, marks_of(checked), remembered, time.monotonic() - began)


def _recall(store: Store, workbook: Workbook) -> Mapping_:
    found: Mapping_ = {}
    for sheet in workbook.sheets:
        mapping = store.read(imports.recall_mapping, sheet, workbook.kind)
        if mapping is not None:
            found[sheet.sheet] = dict(mapping)
    return found


def load_draft(store: Store, draft_id: str) -> Loaded:
    """An import that was put aside, judged anew."""
    began = time.monotonic()
    checked = store.read(imports.load_draft, draft_id)
    return Loaded(None, checked, marks_of(checked), False, time.monotonic() - began, draft_id)


def reload(
    store: Store,
    source: Source,
    kind: str,
    mapping: Mapping_,
    typed: Mapping[tuple[int, int, str], str],
    progress: Progress,
) -> Loaded:
    """Load with other columns; what was typed is put in again where its column is still taken over."""
    for_sheet = load(store, source, kind, mapping, progress)
    sheets = for_sheet.checked.workbook.sheets
    cells: list[Cell] = [
        (sheet, row, key, text)
        for (sheet, row, key), text in typed.items()
        if sheet < len(sheets) and row < len(sheets[sheet].rows) and (key in sheets[sheet].values)
    ]
    imports.set_cells(for_sheet.checked, cells)
    out = [(sheet, row) for (sheet, row, key), text in typed.items() if key == WHOLE_ROW and text]
    imports.leave_out(for_sheet.checked, [(s, r) for s, r in out if s < len(sheets) and r < len(sheets[s].rows)])
    return Loaded(source, for_sheet.checked, marks_of(for_sheet.checked), False, for_sheet.seconds)


def recheck(checked: CheckedImport, cells: list[Cell]) -> tuple[CheckedImport, tuple[Marks, ...], float]:
    """Put texts into cells, leave rows out or take them in, and judge again."""
    began = time.monotonic()
    texts = [cell for cell in cells if cell[2] != WHOLE_ROW]
    if texts:
        imports.set_cells(checked, texts)
    for out in (True, False):
        rows = [(sheet, row) for sheet, row, key, text in cells if key == WHOLE_ROW and bool(text) is out]
        if rows:
            imports.leave_out(checked, rows, out)
    return checked, marks_of(checked), time.monotonic() - began


def mapping_of(workbook: Workbook) -> Mapping_:
    """How the columns of a workbook are mapped now."""
    return {sheet.sheet: {column.letter: column.field for column in sheet.columns} for sheet in workbook.sheets}


def remember(session: Session, workbook: Workbook) -> None:
    """Keep how the columns are mapped, for the next file of this form."""
    for sheet, mapping in zip(workbook.sheets, mapping_of(workbook).values(), strict=True):
        imports.remember_mapping(session, sheet, workbook.kind, mapping)


def columns_clear(loaded: Loaded) -> bool:
    """Whether nobody has to be asked for the columns: a name is there and two thirds of the titles were recognised."""
    titled = [c for sheet in loaded.checked.workbook.sheets for c in sheet.columns if c.title]
    unknown = sum(c.field is None for c in titled) * 3 > len(titled)
    named = any(c.field == "name" for sheet in loaded.checked.workbook.sheets for c in sheet.columns)
    return named and (loaded.remembered or loaded.source is None or not unknown)
