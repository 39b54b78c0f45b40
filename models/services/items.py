"""Changes as the items that are signed and sent (the shape every digest is taken over)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.signing import canonical_plain
from models.services.change_log import in_chunks
from models.store import tables as t


def build_items(session: Session, rows: Sequence[Row[Any]]) -> list[dict[str, Any]]:
    """The items of changes as they stand now, in the same order."""
    ids = [row.id for row in rows]
    evidence = _evidence(session, ids)
    batches = _batches(session, [row.batch_id for row in rows if row.batch_id and CHANGE_KIND[row.kind].subjects])
    return [_item(row, evidence.get(row.id, []), batches.get(row.batch_id)) for row in rows]


def _item(row: Row[Any], evidence: list[dict[str, Any]], batch: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "kind": row.kind,
        "attempt": row.attempt,
        "unit": row.unit_id,
        "subject": row.subject_id,
        "label": row.subject_label,
        "before": json.loads(row.before),
        "after": json.loads(row.after),
        "base_revision": row.base_revision,
        "reason": row.reason,
        "policy_version": row.policy_version,
        "evidence": evidence,
        "initiator": {"person_id": row.initiator_id, "name": row.initiator_name},
        "created": row.created_at,
        "salt": row.salt,
        "batch": batch,
    }


def _evidence(session: Session, change_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    link, file = t.change_evidence.c, t.evidence.c
    found: dict[str, list[dict[str, Any]]] = {}
    for part in in_chunks(change_ids):
        query = (
            select(link.change_id, link.digest, link.file_name, link.kind, file.media_type, file.size)
            .join_from(t.change_evidence, t.evidence, link.digest == file.digest)
            .where(link.change_id.in_(part))
            .order_by(link.change_id, link.position)
        )
        for row in session.execute(query):
            entry = {
                "digest": row.digest,
                "name": row.file_name,
                "media_type": row.media_type,
                "size": row.size,
                "kind": row.kind,
            }
            found.setdefault(row.change_id, []).append(entry)
    return found


def _batches(session: Session, batch_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    c = t.batch.c
    return {
        row.id: {"id": row.id, "count": row._mapping["count"], "rows_digest": row.rows_digest}
        for part in in_chunks(batch_ids)
        for row in session.execute(select(c.id, c["count"], c.rows_digest).where(c.id.in_(part)))
    }


def row_line(row_id: str, values: Mapping[str, str]) -> bytes:
    """A baseline row as canonical JSON: {"id", "values"} without empty values."""
    return entry_line({"id": row_id, "values": values})


def entry_line(entry: Mapping[str, Any]) -> bytes:
    """As `row_line`, of an entry that may say more: {"id", "values", "status", "act", "revision"} in a filing."""
    return canonical_plain({**entry, "values": {key: value for key, value in entry["values"].items() if value}})


def rows_digest(lines: Iterable[bytes]) -> str:
    """SHA-256 (hex) over the canonical lines, each followed by a line feed."""
    sha = hashlib.sha256()
    for line in lines:
        sha.update(line + b"\n")
    return sha.hexdigest()


class RowsHash:
    """Running SHA-256 over the canonical lines of a baseline's rows, each followed by a line feed."""

    def __init__(self) -> None:
        self._sha = hashlib.sha256()
        self.count = 0

    def add(self, raw: bytes) -> None:
        """Take in one canonical row."""
        self._sha.update(raw + b"\n")
        self.count += 1

    def fits(self, batch: Mapping[str, Any] | None) -> bool:
        """Whether these are the rows that the item speaks of."""
        if batch is None:
            return self.count == 0
        return (self.count, self._sha.hexdigest()) == (batch["count"], batch["rows_digest"])
