"""Row digests in the audit chain: what a row was when it was last written through the program.

Temporary triggers of each writing connection note which rows a transaction touched; before it commits, the digests
of those rows go into the chain. A page of the file that is put back to an older state no longer fits them, which
SQLCipher itself does not see (security page).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.orm import Session

from models.domain.signing import canonical_plain
from models.store import audit
from models.store.errors import UnitClosedError
from models.store.tables import account, audit_body, change, decision, statement, student, unit
from models.store.tables import audit as audit_table

_ALL, _LATER = ("INSERT", "UPDATE", "DELETE"), ("UPDATE", "DELETE")
# A bulk of new pupils is covered by the digest of its batch; single rows from their first change on.
WATCHED: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (change, _ALL),
    (decision, _ALL),
    (statement, _ALL),
    (student, _LATER),
    (account, _LATER),
)
AUDITED = frozenset({"student", "account", "change", "decision", "policy", "operator"})
"""Tables that no transaction may change without an entry in the chain."""
_BUSINESS = frozenset({"student", "account", "change", "decision"})
"""Tables that rest once the unit was merged into another one."""
_GONE = ""
_CHUNK = 500


class UnauditedWriteError(RuntimeError):
    """A use case changed an audited table without an entry: a bug, and nothing was written."""


def watch(connection: Any) -> None:
    """Give a new DBAPI connection the triggers that note touched rows."""
    connection.execute("CREATE TEMP TABLE touched (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID")
    for table, events in WATCHED:
        for event in events:
            side = "old" if event == "DELETE" else "new"
            connection.execute(
                f"CREATE TEMP TRIGGER touched_{table.name}_{event} AFTER {event} ON main.{table.name} "
                f"BEGIN INSERT OR IGNORE INTO touched VALUES ('{table.name}', {side}.id); END"
            )


def seal(session: Session, changed: set[str]) -> None:
    """Close a transaction that wrote the tables `changed`: put the digests of touched rows into the chain.

    Raises UnauditedWriteError, UnitClosedError.
    """
    if _BUSINESS & changed:
        _require_open(session)
    if AUDITED & changed and "audit" not in changed:
        raise UnauditedWriteError(", ".join(sorted(AUDITED & changed)))
    rows: dict[str, str] = {}
    for table, _events in WATCHED:
        if table.name not in changed:
            continue
        ids = session.scalars(text("SELECT id FROM temp.touched WHERE kind = :kind"), {"kind": table.name}).all()
        rows |= {f"{table.name}:{id_}": digest for id_, digest in _digests(session, table, ids)}
    if rows:
        audit.append(session, None, audit.ROWS_ACT, "", rows)
    session.execute(text("DELETE FROM temp.touched"))


def _require_open(session: Session) -> None:
    """A unit that was merged into another one does no more business."""
    own = session.execute(select(unit.c.successor_id).where(unit.c.is_self == 1, unit.c.state == "closed")).first()
    if own is not None:
        name = session.scalar(select(unit.c.name).where(unit.c.id == own.successor_id))
        raise UnitClosedError(name or "其他单位")


def verify_rows(session: Session) -> tuple[str, ...]:
    """Compare every row with what the chain last said of it; returns sentences about those that differ."""
    last: dict[str, str] = {}
    query = select(audit_body.c.body).join(audit_table, audit_table.c.sequence == audit_body.c.sequence)
    query = query.where(audit_table.c.act == audit.ROWS_ACT).order_by(audit_table.c.sequence)
    for body in session.scalars(query):
        last |= json.loads(body)
    problems: list[str] = []
    for table, events in WATCHED:
        said = {key.partition(":")[2]: value for key, value in last.items() if key.startswith(table.name + ":")}
        problems += _differences(session, table, said, complete="INSERT" in events)
    return tuple(problems)


def _differences(session: Session, table: Table, said: dict[str, str], *, complete: bool) -> Iterator[str]:
    wanted = session.scalars(select(table.c.id)).all() if complete else list(said)
    found = dict(_digests(session, table, wanted))
    for id_ in sorted(found.keys() | said.keys()):
        now, then = found.get(id_, _GONE), said.get(id_)
        if then is None:
            yield f"{table.name} {id_} 没有登记过，不是程序写入的。"
        elif now != then:
            yield f"{table.name} {id_} 与最后一次登记的内容不一致，可能被换回了旧内容。"


def _digests(session: Session, table: Table, ids: Sequence[str]) -> Iterator[tuple[str, str]]:
    columns = [column for column in table.c if column.name not in ("row", "name_order")]  # what the rest gives
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        found = set()
        for row in session.execute(select(*columns).where(table.c.id.in_(part))):
            values = {
                column.name: value.hex() if isinstance(value, bytes) else value
                for column, value in zip(columns, row, strict=True)
            }
            found.add(values["id"])
            yield values["id"], hashlib.sha256(canonical_plain(values)).hexdigest()[:32]
        yield from ((id_, _GONE) for id_ in part if id_ not in found)
