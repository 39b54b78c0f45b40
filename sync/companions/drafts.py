"""What waits for the head, from the main PC to the second one: a picture of all of it as it stands now.

Lines: `c` what the second PC needs to know; a pending change each `i` (its canonical item, the bytes an approval is
about) and `t` (its decisions so far), `g` and `r` (rows of a baseline); `s` the pupils concerned and those who may be
the same persons; `h` what became of changes the head decided on; `e` and `d` evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from models.domain.fields import DEDUPLICATE_FIELDS, STUDENTS
from models.domain.states import Event, State
from models.domain.units import Actor, Role
from models.services import companions
from models.services.baseline import frozen_lines
from models.services.change_log import in_chunks
from models.services.duplicates import find_same
from models.services.evidence import content
from models.services.items import build_items
from models.services.permissions import require_role
from models.services.records import KEYS_OF, page
from models.services.units import ancestors, own_unit
from models.store import clock
from models.store import tables as t
from sync.companions.exchange import deliver
from sync.formats import FileKind
from sync.joining.requests import unit_json
from sync.packages.outbox import EVIDENCE_LIMIT
from sync.trust.identity import certificates_toward
from sync.wire.content import Item, evidence_lines
from sync.wire.jsonlines import encode, line, long_value
from sync.wire.statements import base64_text

if TYPE_CHECKING:
    from models.store.store import Store

MOST_HISTORY: Final = 500
"""Decided changes whose fate is told, the latest first."""
BY_HEAD: Final = (Event.APPROVE.value, Event.RETURN.value, Event.REFUSE.value, Event.REVOKE.value)
DECISION: Final = ("id", "attempt", "event", "unit_id", "person_id", "person_name", "opinion", "at", "statement_id")
_POLICY: Final = ("unit_id", "version", "tier", "body", "effective_from", "received_at", "state")


@dataclass(frozen=True)
class WrittenDrafts:
    """A file of what waits: how many changes it carries, and how many follow with the next one for their size."""

    path: Path
    companion: str
    count: int
    later: int


def write_drafts(store: Store, out_dir: Path | None = None, companion: str = "") -> WrittenDrafts:
    """Write all that waits for the head for the second PC; `companion`: its or its person's name if there are several.

    Raises NotAllowedError, UserError, NotWrittenError.
    """
    chosen: list[list[Row[Any]]] = []

    def lines(session: Session) -> Iterator[bytes]:
        peer = _allowed(session, store.actor, companion)
        chosen[:] = _portion(session)
        return _lines(session, peer, *chosen)

    path = deliver(store, FileKind.DRAFTS, companion, out_dir, lines)
    name = store.read(lambda session: companions.pc_names(session)[companions.find(session, companion).id])
    return WrittenDrafts(path, name, len(chosen[0]), len(chosen[1]))


def _allowed(session: Session, actor: Actor, companion: str) -> Row[Any]:
    companions.require_main(session, "交出待核办")
    require_role(actor, Role.REGISTRAR, "把待核办交给主管领导的电脑")
    peer = companions.find(session, companion)
    companions.person_of(session, peer)
    return peer


def _portion(session: Session) -> list[list[Row[Any]]]:
    """Pending changes, the longest waiting first: those whose evidence fits into one file, then the others."""
    c, link, file = t.change.c, t.change_evidence.c, t.evidence.c
    rows = session.execute(select(t.change).where(c.state == State.PENDING.value).order_by(c.updated_at, c.number))
    query = select(link.change_id, func.sum(file.size)).join(t.evidence, file.digest == link.digest)
    sizes = {change: int(size) for change, size in session.execute(query.group_by(link.change_id))}
    now: list[Row[Any]] = []
    later: list[Row[Any]] = []
    total = 0
    for row in rows:
        total += sizes.get(row.id, 0)
        (later if later or (now and total > EVIDENCE_LIMIT) else now).append(row)
    return [now, later]


def _lines(session: Session, peer: Row[Any], rows: Sequence[Row[Any]], later: Sequence[Row[Any]]) -> Iterator[bytes]:
    yield from long_value("c", _head(session, peer, later))
    items = build_items(session, rows)
    for place, item in enumerate(items):
        yield b'["i",%s]\n' % encode(item)
        yield from long_value("t", decisions_of(session, item["id"]))
        if item["batch"] is not None:
            yield line("g", place)
            yield from (b'["r",%s]\n' % raw for raw in frozen_lines(session, item["id"]))
    for pupil in _pupils(session, items):
        yield line("s", pupil)
    for told in _history(session, peer.person_id):
        yield from long_value("h", told)
    yield from _evidence(session, items)


def _head(session: Session, peer: Row[Any], later: Sequence[Row[Any]]) -> dict[str, Any]:
    own = own_unit(session)
    key = companions.person_of(session, peer).signing_key
    certificate = certificates_toward(session, above=True).get(key)
    policies = session.execute(select(t.policy).where(t.policy.c.state.in_(("issued", "received"))))
    return {
        "v": 1,
        "at": clock.now(session),
        "unit": unit_json(own),
        "above": [unit_json(unit) for unit in ancestors(session, own.id)],  # whose policies hold here
        "certificate": None if certificate is None else base64_text(certificate),
        "policies": [{key: row._mapping[key] for key in _POLICY} for row in policies],
        "later": [row.id for row in later],
    }


def decisions_of(session: Session, change_id: str) -> list[dict[str, Any]]:
    """The decisions of a change in their order."""
    d = t.decision.c
    query = select(*(d[key] for key in DECISION)).where(d.change_id == change_id).order_by(d.position)
    return [dict(row._mapping) for row in session.execute(query)]


def _pupils(session: Session, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """The pupils the changes are about as they stand, and those of this store who may be the same persons (E15)."""
    subjects = {row.id: row for row in page(session, STUDENTS, [item["subject"] for item in items])}
    wanted = list(subjects)
    for item in items:
        row = subjects.get(item["subject"])
        if row is not None and DEDUPLICATE_FIELDS & item["after"].keys():
            wanted += [same.id for same in find_same(session, {**row.values, **item["after"]}, row.id)]
    for row in page(session, STUDENTS, list(dict.fromkeys(wanted))):
        values = {key: row.values[key] for key in KEYS_OF[STUDENTS] if row.values[key]}
        yield {"id": row.id, "unit": row.unit_id, "status": row.status, "revision": row.revision, "values": values}


def _history(session: Session, person_id: str) -> Iterator[dict[str, Any]]:
    c, d = t.change.c, t.decision.c
    decided = select(d.change_id).where(d.person_id == person_id, d.event.in_(BY_HEAD))
    query = select(c.id, c.attempt).where(c.id.in_(decided), c.state != State.PENDING.value)
    for row in session.execute(query.order_by(c.updated_at.desc()).limit(MOST_HISTORY)).all():
        yield {"id": row.id, "attempt": row.attempt, "decisions": decisions_of(session, row.id)}


def _evidence(session: Session, items: Sequence[Item]) -> Iterator[bytes]:
    entries = {entry["digest"]: entry for item in items for entry in item["evidence"]}
    for part in in_chunks(sorted(entries)):
        for digest in part:
            data = content(session, digest)
            if data is None:
                continue
            head = {key: entries[digest][key] for key in ("digest", "media_type", "size")}
            yield from evidence_lines(head, data)
