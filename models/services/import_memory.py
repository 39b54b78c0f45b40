"""What imports remember: how a person mapped a file's columns, and imports put aside half mended."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.findings import Finding, Level, LocatedFinding
from models.domain.ids import new_id
from models.domain.signing import canonical
from models.domain.units import Actor
from models.exchange.reading import header_signature
from models.exchange.sheets import Column, SheetData, Skipped, Workbook
from models.services.import_plan import CheckedImport
from models.services.roster_edit import require_editor
from models.store import tables as t
from models.store.clock import now_text

Mapping_ = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class ImportDraft:
    """An import put aside."""

    id: str
    name: str
    kind: str
    saved_at: str


def remember_mapping(session: Session, sheet: SheetData, kind: str, mapping: Mapping_) -> None:
    """Keep how the columns of `sheet` (letter -> field key, None for not taken over) were mapped."""
    keep_mapping(session, header_signature(sheet.columns), kind, mapping)


def keep_mapping(session: Session, signature: str, kind: str, mapping: Mapping_) -> None:
    """Keep how the columns under titles of that signature were mapped."""
    values = {
        "signature": signature,
        "kind": kind,
        "mapping": canonical(dict(mapping)).decode(),
        "used_at": now_text(),
    }
    statement = upsert(t.column_mapping).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=["signature"], set_=values))


def recall_mapping(session: Session, sheet: SheetData, kind: str) -> dict[str, str | None] | None:
    """The mapping remembered for these titles, None when there is none."""
    return kept_mappings(session, kind).get(header_signature(sheet.columns))


def kept_mappings(session: Session, kind: str) -> dict[str, dict[str, str | None]]:
    """The mappings remembered for a kind of list, by signature, the newest first."""
    c = t.column_mapping.c
    query = select(c.signature, c.mapping).where(c.kind == kind).order_by(c.used_at.desc(), c.signature)
    return {signature: dict(json.loads(mapping)) for signature, mapping in session.execute(query)}


def save_draft(session: Session, actor: Actor, checked: CheckedImport, draft_id: str | None = None) -> str:
    """Put an import aside with its edits, in the store only; its id. With `draft_id` an older save is replaced."""
    require_editor(actor, checked.kind, "导入")
    workbook = checked.workbook
    body = {
        "path": workbook.path.name,
        "kind": workbook.kind,
        "format": workbook.format,
        "digest": workbook.digest,
        "sheets": [asdict(sheet) for sheet in workbook.sheets],
        "skipped": [asdict(part) for part in workbook.skipped],
        "chosen": sorted(checked.chosen),
        "left_out": sorted(checked.left_out),
    }
    values = {
        "id": draft_id or new_id(),
        "name": workbook.path.name,
        "kind": workbook.kind,
        "content": zlib.compress(json.dumps(body, ensure_ascii=False).encode()),
        "saved_at": now_text(),
    }
    session.execute(delete(t.import_draft).where(t.import_draft.c.id == values["id"]))
    session.execute(insert(t.import_draft).values(values))
    return str(values["id"])


Rows = set[tuple[int, int]]
"""Sheet and row, both as positions from 0."""


def load_draft(session: Session, draft_id: str) -> tuple[Workbook, Rows, Rows]:
    """The workbook of a saved import, the rows whose user name a person chose, those left out. Raises UserError."""
    content = session.execute(select(t.import_draft.c.content).where(t.import_draft.c.id == draft_id)).scalar()
    if content is None:
        raise UserError("找不到这份导入草稿，可能已经删除。")
    body = json.loads(zlib.decompress(content))
    sheets = [_sheet(sheet) for sheet in body["sheets"]]
    skipped = [Skipped(**part) for part in body["skipped"]]
    workbook = Workbook(Path(body["path"]), body["kind"], body["format"], body["digest"], sheets, skipped)
    chosen, left_out = ({(place, index) for place, index in body.get(key, ())} for key in ("chosen", "left_out"))
    return workbook, chosen, left_out


def _sheet(body: dict[str, Any]) -> SheetData:
    problems = [
        LocatedFinding(
            one["sheet"],
            one["row"],
            one["column"],
            Finding(**{**one["finding"], "level": Level(one["finding"]["level"])}),
        )
        for one in body["problems"]
    ]
    columns = tuple(Column(**column) for column in body["columns"])
    rest = {**body, "header_rows": tuple(body["header_rows"]), "columns": columns, "problems": problems}
    return SheetData(**rest)


def list_drafts(session: Session) -> list[ImportDraft]:
    """Imports put aside, newest first."""
    c = t.import_draft.c
    query = select(c.id, c.name, c.kind, c.saved_at).order_by(c.saved_at.desc(), c.id.desc())
    return [ImportDraft(*row) for row in session.execute(query)]


def delete_draft(session: Session, draft_id: str) -> None:
    """Throw a saved import away."""
    session.execute(delete(t.import_draft).where(t.import_draft.c.id == draft_id))
