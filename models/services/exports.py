"""Rosters out into files a person keeps; what left the store is written into the audit (PIPL: purpose and person)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor
from models.exchange.writing import write_records
from models.services import roster
from models.services.roster_edit import require_editor
from models.store import audit

_TITLES = {STUDENTS: "学生名册", ACCOUNTS: "教师账户"}
_PAGE = 500


def to_workbook(
    session: Session,
    actor: Actor,
    kind: str,
    path: Path,
    progress: Progress = SILENT,
    *,
    ids: Sequence[str] | None = None,
    keys: Collection[str] = (),
) -> int:
    """Write the own unit's roster of `kind` as xlsx, to be read in again as it is; the number of records.

    `ids`: only these rows; `keys`: only these fields.
    Raises NotAllowedError for another role, UserError when the file cannot be written, CancelledError.
    """
    require_editor(actor, kind, "导出名册")
    wanted = roster.list_ids(session, roster.RosterQuery(kind=kind)) if ids is None else ids
    fields = [field for field in FIELDS_OF[kind] if not keys or field.key in keys]

    def records() -> Iterator[dict[str, str]]:
        for start in range(0, len(wanted), _PAGE):
            for row in roster.page(session, kind, wanted[start : start + _PAGE]):
                yield row.values

    write_records(path, fields, records(), _TITLES[kind], progress=progress)
    audit.append(session, actor, "roster.export", kind, {"records": len(wanted), "format": "xlsx"})
    return len(wanted)
