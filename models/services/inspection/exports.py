"""The platform's list of accounts as it is read for an inspection, with the columns as a person mapped them before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.progress import SILENT, Progress
from models.exchange.platform.accounts_list import FIELDS, AccountsList, Table, read_accounts_list, read_titles
from models.services.import_memory import keep_mapping, kept_mappings

KIND: Final = "platform"
"""Kind of a remembered mapping of the platform's columns."""
_TRIED: Final = 5

Mapping_ = Mapping[str, str | None]
Memory = Mapping[str, Mapping_]
"""Signature of the titles -> field -> letter of its column; the newest first."""


def remembered(session: Session) -> Memory:
    """How people mapped the columns of earlier lists."""
    return kept_mappings(session, KIND)


def remember(session: Session, export: AccountsList) -> None:
    """Keep how the columns of a list were understood."""
    for table in export.tables:
        keep_mapping(session, table.signature, KIND, {**dict.fromkeys(FIELDS), **table.mapping})


def read_export(
    path: Path, given: Mapping_, memory: Memory, as_of: date | None = None, progress: Progress = SILENT
) -> AccountsList:
    """Read a list: by the columns `given` (field -> title or letter), else as they were mapped for the same titles
    before, else as they are recognised. Raises FileRefusedError, CancelledError."""
    if given:
        return read_accounts_list(path, given, as_of, progress)
    try:
        found = read_accounts_list(path, None, as_of, progress)
    except FileRefusedError:
        again = _by_memory(path, memory, as_of, progress)
        if again is None:
            raise
        return again
    known = memory.get(found.tables[0].signature)
    if known is None or {key: letter for key, letter in known.items() if letter} == found.tables[0].mapping:
        return found
    return read_accounts_list(path, known, as_of, progress)


@dataclass(frozen=True)
class Opened:
    """A file as a person sees it before it is inspected: its sheets with their columns; `export` None with the reason
    in `refusal` while no column of user names is named; `known`: its columns were mapped by hand before."""

    path: Path
    tables: tuple[Table, ...]
    export: AccountsList | None
    refusal: str = ""
    known: bool = False


def open_export(
    path: Path, given: Mapping_, memory: Memory, as_of: date | None = None, progress: Progress = SILENT
) -> Opened:
    """Read a list as `read_export`; one without a column of user names is shown all the same, for a person to name
    it. Raises FileRefusedError for what is no table, CancelledError."""
    try:
        found = read_export(path, given, memory, as_of, progress)
    except FileRefusedError as error:
        tables = tuple(read_titles(path, given, progress))
        if not tables:
            raise
        return Opened(path, tables, None, str(error))
    return Opened(path, tuple(found.tables), found, known=found.tables[0].signature in memory)


def _by_memory(path: Path, memory: Memory, as_of: date | None, progress: Progress) -> AccountsList | None:
    """A list whose titles nobody would recognise, but which were mapped by hand before."""
    for signature, mapping in list(memory.items())[:_TRIED]:
        try:
            found = read_accounts_list(path, mapping, as_of, progress)
        except FileRefusedError:
            continue
        if any(table.signature == signature for table in found.tables):
            return found
    return None


def fields_of(export: AccountsList) -> list[str]:
    """What a list tells of every account: the fields all its tables have."""
    told = [set(table.mapping) for table in export.tables]
    return sorted(set.intersection(*told)) if told else []
