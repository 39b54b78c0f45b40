"""What a unit tells the tiers above of its named people and monitoring accounts, whole each time (A5, A7, B4, E34)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.monitoring import ACT_LABELS, STATE_LABELS, read_id, read_texts
from models.domain.signing import canonical
from models.domain.times import from_text
from models.domain.units import Actor
from models.services.duties import register
from models.services.monitoring import annex
from models.services.units import ancestors, is_below, own_unit, unit_name
from models.store import audit
from models.store import tables as t

_TOLD: Final = "registers.told"
_KINDS: Final = {
    "monitoring": (t.monitoring_account, annex.TOLD, annex.told_rows),
    "duty": (t.duty, register.TOLD, register.told_rows),
}
_DAYS: Final[dict[str, tuple[str, ...]]] = {
    t.monitoring_account.name: (),
    t.duty.name: ("since", "until", "valid_until", "trained_on"),
}
MOST_ENTRIES: Final = 2000


def news(session: Session) -> list[dict[str, str]] | None:
    """Everything to be told, {"register", ...fields} each; None when the units above know it already."""
    entries = [{"register": kind, **row} for kind, (_, _, rows) in _KINDS.items() for row in rows(session)]
    known = session.execute(select(t.setting.c.value).where(t.setting.c.key == _TOLD)).scalar()
    if known == _digest(session, entries) or (known is None and not entries):
        return None
    return entries


def _digest(session: Session, entries: Sequence[Mapping[str, str]]) -> str:
    """Of what is told and to whom: a superior that was founded anew has another certificate and is told again."""
    c = t.unit.c
    above = [unit.id for unit in ancestors(session, own_unit(session).id)]
    keys = {row.id: row.certificate or b"" for row in session.execute(select(c.id, c.certificate))}
    sha = hashlib.sha256(canonical({"entries": [dict(one) for one in entries]}))
    for unit_id in above:
        sha.update(unit_id.encode() + hashlib.sha256(keys.get(unit_id, b"")).digest())
    return sha.hexdigest()


def note_told(session: Session, entries: Sequence[Mapping[str, str]]) -> None:
    """The units above are told; the messages go in the same transaction."""
    value = _digest(session, entries)
    statement = upsert(t.setting).values(key=_TOLD, value=value)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def take(session: Session, actor: Actor, origin_id: str, at: str, body: Mapping[str, Any]) -> str:
    """Replace what was known of a unit below; a long list comes in several messages; what was done.

    Raises FileRefusedError for others than units below; ValueError, KeyError or TypeError for another shape.
    """
    if not is_below(session, origin_id, own_unit(session).id):
        raise FileRefusedError("专人和质量监控账户登记不是所辖单位报来的，没有采用。")
    entries, goes_on = body["entries"], body["goes_on"]
    if set(body) != {"entries", "goes_on"} or not isinstance(entries, list) or len(entries) > MOST_ENTRIES:
        raise ValueError("entries")
    if goes_on is not True:
        for table, _, _ in _KINDS.values():
            session.execute(delete(table).where(table.c.unit_id == origin_id))
    for entry in entries:
        _enter(session, origin_id, dict(entry))
    told = upsert(t.registers_told).values(unit_id=origin_id, at=at)
    session.execute(told.on_conflict_do_update(index_elements=["unit_id"], set_={"at": at}))
    facts = {"from": origin_id, "rows": len(entries)}
    audit.append(session, actor, "registers.take", f"unit:{origin_id}", facts)
    return f"记下“{unit_name(session, origin_id)}”的专人和质量监控账户 {len(entries)} 项"


def _enter(session: Session, unit_id: str, entry: dict[str, Any]) -> None:
    table, keys, _ = _KINDS[entry.pop("register")]
    row = read_texts(entry, keys)
    read_id(row["id"])
    if table is t.monitoring_account:
        if row["state"] not in STATE_LABELS or row["act"] not in ACT_LABELS:
            raise ValueError("state")
        for key in ("since", "until", "filed_at"):
            from_text(row[key] or "2000-01-01T00:00:00Z")
    for key in _DAYS[table.name]:
        if row[key] and date.fromisoformat(row[key]).isoformat() != row[key]:  # also 20260101 and 2026-W01-4
            raise ValueError(key)
    if session.execute(select(table.c.id).where(table.c.id == row["id"])).first() is not None:
        raise FileRefusedError("专人和质量监控账户登记中有其他单位的记录，没有采用。请该单位核对后重新报来。")
    session.execute(insert(table).values(**row, unit_id=unit_id))
