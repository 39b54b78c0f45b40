"""What the objects of audit entries are called: names and numbers of the people, changes and units they point to."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.acts import object_text
from models.store import tables as t
from models.store.audit import AuditEntry

_NAMED = {
    "operator": (t.operator.c.person_id, t.operator.c.name),
    "unit": (t.unit.c.id, t.unit.c.name),
    "change": (t.change.c.id, t.change.c.number),
    "package": (t.package.c.id, t.package.c.title),
    "batch": (t.batch.c.id, t.batch.c.source),
    "students": (t.student.c.id, t.student.c.name),
    "teachers": (t.account.c.id, t.account.c.name),
}
_TOGETHER = 500


def object_texts(session: Session, entries: Iterable[AuditEntry]) -> dict[str, str]:
    """Object as stored -> as people read it, for the objects of these entries."""
    wanted = {entry.object for entry in entries}
    by_kind: dict[str, list[str]] = {}
    for one in wanted:
        kind, _, key = one.partition(":")
        by_kind.setdefault(kind, []).append(key)
    names = {f"problem:{key}": key[-8:] for key in by_kind.get("problem", ())}  # the end, as in lists of problems
    for kind, keys in by_kind.items():
        if kind in _NAMED:
            id_column, name_column = _NAMED[kind]
            for start in range(0, len(keys), _TOGETHER):
                query = select(id_column, name_column).where(id_column.in_(keys[start : start + _TOGETHER]))
                names |= {f"{kind}:{key}": str(name) for key, name in session.execute(query)}
    return {one: object_text(one, names.get(one, "")) for one in wanted}
