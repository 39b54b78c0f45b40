"""Rosters out into files a person keeps; what left the store is written into the audit (PIPL: purpose and person)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS, Field
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor, Tier
from models.exchange.writing import write_records
from models.services import roster
from models.services.roster_edit import require_editor
from models.services.units import unit_name
from models.store import audit

_TITLES = {STUDENTS: "学生名册", ACCOUNTS: "教师账户"}
_UNIT = Field("unit_name", "单位")
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
    unit_id: str | None = None,
) -> int:
    """Write a roster of `kind` as xlsx, to be read in again as it is; the number of records.

    A bureau's holds the rows of the units below, with their unit in front.
    `ids`: only these rows; `keys`: only these fields; `unit_id`: only this unit and those below it.
    Raises NotAllowedError for another role, UserError when the file cannot be written, CancelledError.
    """
    require_editor(actor, kind, "导出名册")
    query = roster.RosterQuery(kind=kind, unit_id=unit_id or roster.units_in_care(session))
    wanted = roster.list_ids(session, query) if ids is None else ids
    fields = [field for field in FIELDS_OF[kind] if not keys or field.key in keys]
    if not keys and actor.unit.tier is not Tier.SCHOOL:
        fields.insert(0, _UNIT)
    names: dict[str, str] = {}

    def records() -> Iterator[dict[str, str]]:
        for start in range(0, len(wanted), _PAGE):
            for row in roster.page(session, kind, wanted[start : start + _PAGE]):
                if row.unit_id not in names:
                    names[row.unit_id] = unit_name(session, row.unit_id)
                yield {**row.values, _UNIT.key: names[row.unit_id]}

    write_records(path, fields, records(), _TITLES[kind], progress=progress)
    audit.append(session, actor, "roster.export", kind, {"records": len(wanted), "format": "xlsx"})
    return len(wanted)
