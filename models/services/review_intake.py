"""Items of an authenticated package on their way into review, row by row, nothing held but the items (decision 23)."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, CHANGE_KIND, ChangeKind
from models.domain.errors import FileRefusedError
from models.domain.fields import STUDENTS
from models.domain.filing import is_filed_row, is_head
from models.domain.signing import canonical_plain
from models.domain.units import Line
from models.services.items import RowsHash
from models.services.records import KEYS_OF
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t

ReceivedRow = tuple[int, Mapping[str, Any], bytes]
"""Place of the item, the row {"id", "values"}, and its canonical bytes as they came."""
_AT_ONCE: Final = 500
_FIELDS: Final = {kind: frozenset(keys) for kind, keys in KEYS_OF.items()}
_TEXT: Final = {str}
_MALFORMED: Final = "包裹内容不完整或格式不对，没有导入任何内容。请对方重新打包后再送。"
_TEXTS: Final = ("id", "number", "kind", "unit", "subject", "label", "reason", "created")
_ITEM: Final = (
    "INSERT INTO received_item (id, package_id, position, unit_id, change_id, attempt, kind, subject_id, "
    "subject_label, body, approval_id, state, opinion, notes) VALUES (?,?,?,?,?,?,?,?,?,?,?,'in_review','','')"
)
_ROW: Final = "INSERT INTO received_row (item_id, position, body) VALUES (?,?,?)"


def record_received(
    session: Session,
    package_id: str,
    unit_id: str,
    items: Sequence[Mapping[str, Any]],
    approvals: Mapping[str, Mapping[str, Any]],
    rows: Iterable[ReceivedRow],
    bodies: Sequence[bytes] | None = None,
) -> None:
    """Keep the items of an authenticated package for review; `rows` are those of its baselines, item after item.

    `bodies` are the canonical bytes of the items where they came in a file. The package's own row is there already.
    Raises FileRefusedError when items or rows are not of the agreed shape or the rows do not fit their digest.
    """
    covered = _store_approvals(session, approvals)
    raws = bodies if bodies is not None else [canonical_plain(item) for item in items]
    line = own_unit(session).line
    entries = []
    for position, (item, raw) in enumerate(zip(items, raws, strict=True)):
        check_shape(item, unit_id, line)
        approval = covered.get((item["id"], item["attempt"]), "")
        entries.append(
            (f"{package_id}:{position}", package_id, position, unit_id, item["id"], item["attempt"], item["kind"],
             item["subject"], item["label"], raw.decode(), approval)
        )  # fmt: skip
    if entries:
        session.connection().exec_driver_sql(_ITEM, entries)
    _store_rows(session, package_id, items, rows)
    audit.append(session, None, "review.receive", f"package:{package_id}", {"unit": unit_id, "items": len(entries)})


def check_shape(item: Mapping[str, Any], unit_id: str, line: Line) -> None:
    """An item of a known kind of this line, of this unit, about known fields. Raises FileRefusedError."""
    good = all(type(item.get(key)) is str for key in _TEXTS) and type(item.get("attempt")) is int
    kind = CHANGE_KIND.get(item["kind"]) if good else None
    if kind is None or kind.local or line not in kind.lines or item["unit"] != unit_id:
        raise FileRefusedError(_MALFORMED)
    if (item.get("batch") is None) != (not kind.subjects) or not _says_its_own(item, kind):
        raise FileRefusedError(_MALFORMED)


def _says_its_own(item: Mapping[str, Any], kind: ChangeKind) -> bool:
    """Fields of pupils before and after; a filing says what it is instead."""
    if kind is ACCOUNT_FILING:
        return item.get("before") == {} and is_head(item.get("after"))
    return all(_are_fields(item.get(part), STUDENTS) for part in ("before", "after"))


def check_entry(row: Mapping[str, Any], kind: ChangeKind) -> None:
    """A row of a baseline, or of a filing with its marks, as `kind` has them. Raises FileRefusedError."""
    check_row(row, kind.subjects)
    if not (is_filed_row(row) if kind is ACCOUNT_FILING else set(row) == {"id", "values"}):
        raise FileRefusedError(_MALFORMED)


def check_row(row: Mapping[str, Any], kind: str) -> None:
    """A pupil's or an account's row of known fields; `kind` is the item's `subjects`. Raises FileRefusedError."""
    if not kind or type(row.get("id")) is not str or not _are_fields(row.get("values"), kind):
        raise FileRefusedError(_MALFORMED)


def _are_fields(values: Any, kind: str) -> bool:
    if type(values) is not dict or not values.keys() <= _FIELDS[kind]:
        return False
    return set(map(type, values.values())) <= _TEXT


def _store_approvals(session: Session, approvals: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    """Keep the approval statements; (change id, attempt) -> statement id."""
    covered: dict[tuple[str, int], str] = {}
    for statement_id, signed in approvals.items():
        raw = base64.b64decode(signed["body"])
        body = json.loads(raw)
        values = {
            "id": statement_id,
            "type": signed["type"],
            "body": raw,
            "signatures": canonical_plain(signed["signatures"]).decode(),
            "at": body["at"],
        }
        session.execute(upsert(t.statement).values(values).on_conflict_do_nothing())
        covered |= {(entry["id"], entry["attempt"]): statement_id for entry in body["items"]}
    return covered


def _store_rows(
    session: Session, package_id: str, items: Sequence[Mapping[str, Any]], rows: Iterable[ReceivedRow]
) -> None:
    """Write the rows as they come, and compare number and digest of each baseline's at the end."""
    found: dict[int, RowsHash] = {}
    part: list[tuple[str, int, str]] = []
    for index, row, raw in rows:
        check_entry(row, CHANGE_KIND[items[index]["kind"]])
        seen = found.setdefault(index, RowsHash())
        part.append((f"{package_id}:{index}", seen.count, raw.decode()))
        seen.add(raw)
        if len(part) == _AT_ONCE:
            session.connection().exec_driver_sql(_ROW, part)
            part = []
    if part:
        session.connection().exec_driver_sql(_ROW, part)
    for index, item in enumerate(items):
        if CHANGE_KIND[item["kind"]].subjects and item.get("batch") is None:
            raise FileRefusedError(_MALFORMED)
        if not found.get(index, RowsHash()).fits(item.get("batch")):
            raise FileRefusedError(_MALFORMED)
