"""An invented county with schools whose keys it certified, and their packages: shared by the benchmarks of reports."""

from __future__ import annotations

import hashlib
import random
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

sys.path.insert(0, str(Path(__file__).parent))

from models.domain.ids import new_id
from models.domain.units import Line, Role, Tier, Unit
from models.store import audit
from models.store import tables as t
from models.store.store import NewOperator, Store
from models.store.vault.passphrase import KdfParameters
from sync.trust.certificates import OPENING, PERSON, SIGNING, new_private_key, public_der
from sync.trust.identity import UnitSigner, certify, ensure
from sync.trust.known import newest
from sync.wire import approvals, envelope
from sync.wire.content import leaf_hash, state_content
from sync.wire.jsonlines import encode, line, long_value
from sync.wire.signedfile import header_bytes
from sync.wire.statements import Statement, sign

NOW = "2026-11-22T00:00:00Z"
CHEAPEST = KdfParameters(19456, 2, 1)


@dataclass(frozen=True)
class School:
    """A school with its keys: the unit's, the registrar's, the head's."""

    unit: Unit
    seal: UnitSigner
    registrar: UnitSigner
    head: UnitSigner


def new_county(home: Path) -> Store:
    """An open store of a county bureau."""
    unit = Unit(new_id(), "青禾县教育局", "130999", Tier.COUNTY, Line.BASIC, "虚州市", "青禾县")
    people = [
        NewOperator("方圆", frozenset({Role.ADMINISTRATOR}), "bench admin lantern 41"),
        NewOperator("周全", frozenset({Role.REGISTRAR})),
        NewOperator("郑重", frozenset({Role.HEAD})),
    ]
    store = Store.create(home, unit, people, kdf=CHEAPEST).store
    assert store is not None
    return store


def enrol(store: Store, count: int) -> list[School]:
    """Schools whose keys the county certified, without the files of enrolment."""
    return store.write(_enrol, store, count)


def _enrol(session: Session, store: Store, count: int) -> list[School]:
    county = ensure(session)
    schools = []
    for number in range(count):
        unit = Unit(
            new_id(), f"青禾县第{number + 1}小学", f"21130{number:05}", Tier.SCHOOL, Line.BASIC, "虚州市", "青禾县"
        )
        row = {
            "id": unit.id,
            "name": unit.name,
            "code": unit.code,
            "tier": "school",
            "line": "basic",
            "city": unit.city,
        }
        more = {"county": unit.county, "superior_id": county.id, "is_self": 0, "state": "active"}
        session.execute(insert(t.unit).values(**row, **more))
        schools.append(
            School(unit, _signer(session, unit), *(_signer(session, unit, r) for r in ("registrar", "head")))
        )
    audit.append(session, store.actor, "enrolment.certify", "unit:bench", {"count": count})
    return schools


def _signer(session: Session, unit: Unit, role: str = "") -> UnitSigner:
    key, person_id = new_private_key(), new_id() if role else ""
    person = (person_id, "周全" if role == "registrar" else "郑重", frozenset({role})) if role else None
    certificate = certify(session, unit, PERSON if role else SIGNING, public_der(key), person)
    return UnitSigner(certificate.der, key, person_id)


def signer_of(store: Store, role: str) -> UnitSigner:
    """A new person of the county who signs in this role."""
    return store.write(_county_signer, store, role)


def _county_signer(session: Session, store: Store, role: str) -> UnitSigner:
    signer = _signer(session, store.actor.unit, role)
    audit.append(session, store.actor, "enrolment.certify", "unit:bench", {"person": role})
    return signer


def opening_key(store: Store) -> bytes:
    """The county's public opening key (DER)."""
    certificate = store.read(newest, store.actor.unit.id, OPENING)
    assert certificate is not None
    return certificate.public_key


def write_package(
    path: Path, school: School, store: Store, items: Sequence[dict[str, Any]], rows: Sequence[bytes] = ()
) -> None:
    """A school's first package with these items, the rows being those of the first; signed as the product signs."""
    county = store.actor.unit.id
    raws = [encode(item) for item in items]
    entries = [
        {"id": i["id"], "attempt": 1, "digest": approvals.item_digest(r)} for i, r in zip(items, raws, strict=True)
    ]
    body = {"type": approvals.TYPE, "v": 1, "unit": school.unit.id, "line": "basic", "person_id": school.head.person_id}
    approval = sign({**body, "person_name": "郑重", "at": NOW, "policy_version": 0, "items": entries}, [school.head])
    head = {"purpose": "changes", "issuer": school.unit.id, "line": "basic", "created": NOW, "policy_version": 0}
    head["audit_head"] = {"sequence": 1, "hash": "0" * 64}
    content = state_content(head, [leaf_hash(raw) for raw in raws], school.registrar)
    places = {(e["id"], 1, e["digest"]): place for place, e in enumerate(entries)}
    with tempfile.TemporaryFile() as spool:
        sealed = envelope.seal(_lines(content, raws, approvals.pack(approval, places), rows), spool)
        address = envelope.Address(
            "changes", school.unit.id, county, "basic", 1, 1, "", content.id, NOW, "2027-11-22T00:00:00Z"
        )
        statement = envelope.address_sealed(address, sealed, [opening_key(store)], school.seal)
        spool.seek(0)
        path.write_bytes(header_bytes(statement) + spool.read())


def _lines(
    content: Statement, raws: Sequence[bytes], approval: dict[str, Any], rows: Sequence[bytes]
) -> Iterator[bytes]:
    yield from long_value("c", content.to_json())
    for raw in raws:
        yield b'["i",%s]\n' % raw
    yield from long_value("a", approval)
    if rows:
        yield line("g", 0)
        for raw in rows:
            yield b'["r",%s]\n' % raw


def baseline_item(unit_id: str, rows: Sequence[bytes]) -> dict[str, Any]:
    """The item that reports these rows."""
    digest = hashlib.sha256(b"".join(raw + b"\n" for raw in rows)).hexdigest()
    batch = {"id": new_id(), "count": len(rows), "rows_digest": digest}
    return {
        "id": new_id(), "number": "BG-2026-0001", "kind": "roster.baseline", "attempt": 1, "unit": unit_id,
        "subject": batch["id"], "label": f"学生名单.xlsx（{len(rows)} 人）", "before": {}, "after": {},
        "base_revision": 0, "reason": "", "policy_version": 0, "evidence": [],
        "initiator": {"person_id": str(uuid.UUID(int=5)), "name": "周全"}, "created": NOW,
        "salt": random.Random(1).randbytes(16).hex(), "batch": batch,
    }  # fmt: skip


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Seconds `work` takes."""
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def peak() -> int:
    """Largest resident size of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
