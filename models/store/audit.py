"""The audit chain: who did what, in an order nobody can change unseen (decision 12).

Each row's hash covers the one before it and the salted hash of its body. Bodies stand apart and may be erased when
the law asks; the chain still verifies. What a chain alone cannot show, a cut tail or an old page put back, is found
by a head somebody else remembers and by the row digests in the chain (`touched.py`).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from models.domain.signing import canonical
from models.domain.times import now_text
from models.domain.units import Actor
from models.store.tables import audit, audit_body, operator

ROWS_ACT = "rows"
ERASE_ACT = "audit.erase"
_START = b"\0" * 32
_DOMAIN = b"rollbook-audit-1"


@dataclass(frozen=True)
class AuditReport:
    """Result of `verify`: number of entries, head (sequence, hash hex), what is wrong (sentences), erased bodies."""

    entries: int
    head: tuple[int, str]
    problems: tuple[str, ...]
    erased: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


@dataclass(frozen=True)
class AuditEntry:
    """One entry as people see it; `body` is None when it was erased."""

    sequence: int
    at: str
    person_id: str
    person_name: str
    act: str
    object: str
    body: dict[str, Any] | None


@dataclass(frozen=True)
class AuditFilter:
    """Which entries to list: parts of act or object, a person, times from/to (inclusive)."""

    act: str = ""
    object: str = ""
    person_id: str = ""
    since: str = ""
    until: str = ""


def append(session: Session, actor: Actor | None, act: str, object_: str, body: dict[str, Any]) -> None:
    """Add an entry to the chain in the transaction of `session`; `actor` None is the program itself."""
    sequence, previous = _last(session)
    sequence += 1
    text, salt, at = canonical(body), secrets.token_bytes(16), now_text()
    who = actor.person_id if actor else ""
    salted = _salted(salt, text)
    values: dict[str, Any] = {
        "sequence": sequence, "at": at, "actor": who, "act": act, "object": object_, "salted_hash": salted,
        "previous": previous, "hash": _hash(sequence, at, who, act, object_, salted, previous),
    }  # fmt: skip
    session.execute(insert(audit).values(values))
    session.execute(insert(audit_body).values(sequence=sequence, salt=salt, body=text.decode()))


def head(session: Session) -> tuple[int, str]:
    """Sequence and hash (hex) of the last entry; (0, zeros) for an empty chain."""
    sequence, value = _last(session)
    return sequence, value.hex()


def erase_body(session: Session, actor: Actor, sequence: int, reason: str) -> None:
    """Delete what an entry said, because the law asks for it; the entry itself stays and the erasure is an entry."""
    session.execute(delete(audit_body).where(audit_body.c.sequence == sequence))
    append(session, actor, ERASE_ACT, f"audit:{sequence}", {"sequence": sequence, "reason": reason})


def entries(
    session: Session, wanted: AuditFilter | None = None, *, limit: int = 200, before: int | None = None
) -> list[AuditEntry]:
    """Entries, newest first; go on with `before` = the last sequence got. Row digests are left out."""
    wanted = wanted or AuditFilter()
    query = (
        select(audit, audit_body.c.body, operator.c.name)
        .outerjoin(audit_body, audit_body.c.sequence == audit.c.sequence)
        .outerjoin(operator, operator.c.person_id == audit.c.actor)
        .where(audit.c.act != ROWS_ACT)
        .order_by(audit.c.sequence.desc())
        .limit(limit)
    )
    conditions = (
        (wanted.act, audit.c.act.contains(wanted.act, autoescape=True)),
        (wanted.object, audit.c.object.contains(wanted.object, autoescape=True)),
        (wanted.person_id, audit.c.actor == wanted.person_id),
        (wanted.since, audit.c.at >= wanted.since),
        (wanted.until, audit.c.at <= wanted.until),
        (before, audit.c.sequence < (before or 0)),
    )
    for asked, condition in conditions:
        if asked:
            query = query.where(condition)
    return [
        AuditEntry(
            row.sequence,
            row.at,
            row.actor,
            row.name or "",
            row.act,
            row.object,
            json.loads(row.body) if row.body else None,
        )
        for row in session.execute(query)
    ]


def holds(session: Session, remembered: tuple[int, str]) -> bool:
    """Whether the chain still has a head (sequence, hash hex) that somebody remembered."""
    sequence, value = remembered
    found = session.scalar(select(audit.c.hash).where(audit.c.sequence == sequence))
    return value == (_START if not sequence else found or b"").hex()


def verify(session: Session, *remembered: tuple[int, str] | None) -> AuditReport:
    """Check the whole chain, its bodies, and the heads (sequence, hash hex) that others remembered."""
    heads = [head for head in remembered if head is not None]
    problems: list[str] = []
    previous, expected, erased = _START, 1, set[int]()
    missing: list[int] = []
    query = select(audit, audit_body.c.salt, audit_body.c.body)
    query = query.outerjoin(audit_body, audit_body.c.sequence == audit.c.sequence).order_by(audit.c.sequence)
    for row in session.execute(query.execution_options(yield_per=2000)):
        problems += _faults(row, expected, previous)
        if row.body is None:
            missing.append(row.sequence)
        elif row.act == ERASE_ACT:
            erased.add(json.loads(row.body)["sequence"])
        if any(row.sequence == sequence and row.hash.hex() != value for sequence, value in heads):
            problems.append(f"第 {row.sequence} 条与已签名留存的摘要不一致，之前的记录被换过。")
        previous, expected = row.hash, row.sequence + 1
    problems += [
        f"第 {sequence} 条的内容不见了，没有依法删除的记录。" for sequence in missing if sequence not in erased
    ]
    longest = max((sequence for sequence, _ in heads), default=0)
    if expected - 1 < longest:
        problems.append(f"末尾缺了记录：现有 {expected - 1} 条，已签名留存的是 {longest} 条。")
    return AuditReport(expected - 1, (expected - 1, previous.hex()), tuple(problems), len(missing))


def _faults(row: Any, expected: int, previous: bytes) -> Iterable[str]:
    if row.sequence != expected:
        yield f"第 {expected} 条缺失。"
    elif row.previous != previous:
        yield f"第 {row.sequence} 条与前一条接不上，顺序被动过。"
    if row.hash != _hash(row.sequence, row.at, row.actor, row.act, row.object, row.salted_hash, row.previous):
        yield f"第 {row.sequence} 条被改过。"
    elif row.body is not None and _salted(row.salt, row.body.encode()) != row.salted_hash:
        yield f"第 {row.sequence} 条的内容被改过。"


def _last(session: Session) -> tuple[int, bytes]:
    row = session.execute(select(audit.c.sequence, audit.c.hash).order_by(audit.c.sequence.desc()).limit(1)).first()
    return (row.sequence, row.hash) if row else (0, _START)


def _salted(salt: bytes, text: bytes) -> bytes:
    return hashlib.sha256(salt + text).digest()


def _hash(sequence: int, at: str, actor: str, act: str, object_: str, salted: bytes, previous: bytes) -> bytes:
    parts = (
        _DOMAIN,
        str(sequence).encode(),
        at.encode(),
        actor.encode(),
        act.encode(),
        object_.encode(),
        salted,
        previous,
    )
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
