"""Packages of 10,000 changes: bytes a change, build, and verify + decrypt + parse, against a plain peer in this run.

The peer writes the same items as JSON lines, zstd and one AES-GCM call: no signatures, no tree, no limits.
"""

from __future__ import annotations

import io
import json
import os
import random
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sync.packages import opening
from sync.trust.certificates import ISSUING, OPENING, PERSON, SIGNING, Subject, issue, new_private_key, public_der
from sync.trust.chains import Trust
from sync.trust.identity import UnitSigner, _pkcs8
from sync.wire import approvals, envelope
from sync.wire.content import leaf_hash, state_content
from sync.wire.jsonlines import encode, long_value
from sync.wire.signedfile import header_bytes, read
from sync.wire.statements import Statement, sign
from sync.wire.suites import key_id

COUNT = 10_000
NOW = "2026-11-22T00:00:00Z"
SCHOOL, COUNTY = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
LINES = frozenset({"basic"})
_SURNAMES, _GIVEN = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗",
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建文志",
)


class Side:
    """Keys and certificates of a school with a registrar and a head, and of its bureau."""

    def __init__(self) -> None:
        anchor_key = new_private_key()
        anchor = Subject(COUNTY, "青禾县教育局", ISSUING, LINES)
        self.trust = Trust((issue(anchor, public_der(anchor_key), anchor, anchor_key, NOW).der,))

        def make(purpose: str, unit: str, person: str = "", role: str = "") -> UnitSigner:
            key = new_private_key()
            roles = frozenset({role} if role else ())
            subject = Subject(unit, role or unit, purpose, LINES, person, roles)
            return UnitSigner(issue(subject, public_der(key), anchor, anchor_key, NOW).der, key, person)

        self.unit = make(SIGNING, SCHOOL)
        self.registrar = make(PERSON, SCHOOL, str(uuid.UUID(int=3)), "registrar")
        self.head = make(PERSON, SCHOOL, str(uuid.UUID(int=4)), "head")
        self.county = make(OPENING, COUNTY)


def make_items(count: int = COUNT, seed: int = 3) -> list[dict[str, Any]]:
    """Key-field changes as the store has them: salted, with ids, and for every fifth a scanned certificate."""
    rnd = random.Random(seed)

    def name() -> str:
        return rnd.choice(_SURNAMES) + rnd.choice(_GIVEN) + rnd.choice(_GIVEN)

    def one(place: int) -> dict[str, Any]:
        old, new = name(), name()
        file = {
            "digest": rnd.randbytes(32).hex(),
            "name": "户口簿.jpg",
            "media_type": "image/jpeg",
            "size": rnd.randrange(9**6),
        }
        return {
            "id": str(uuid.UUID(int=(0x019AA << 108) | rnd.getrandbits(108))), "number": f"BG-2026-{place:05d}",
            "kind": "student.key_field", "attempt": 1, "unit": SCHOOL,
            "subject": str(uuid.UUID(int=(0x019A0 << 108) | rnd.getrandbits(108))),
            "label": f"{old} {rnd.choice('一二三四五六')}({rnd.randrange(1, 9)})班",
            "before": {"name": old}, "after": {"name": new}, "base_revision": rnd.randrange(1, 4),
            "reason": "户口簿姓名变更", "policy_version": 3, "evidence": [file] if place % 5 == 0 else [],
            "initiator": {"person_id": str(uuid.UUID(int=5)), "name": "周全"},
            "created": f"2026-11-{rnd.randrange(1, 22):02d}T0{rnd.randrange(10)}:{rnd.randrange(10, 60)}:00Z",
            "salt": rnd.randbytes(16).hex(), "batch": None,
        }  # fmt: skip

    return [one(place) for place in range(count)]


def approve(items: list[dict[str, Any]], side: Side) -> Statement:
    """The head's statement over all items, as made when approving (not part of building)."""
    entries = [{"id": i["id"], "attempt": i["attempt"], "digest": approvals.item_digest(encode(i))} for i in items]
    body = {"type": approvals.TYPE, "v": 1, "unit": SCHOOL, "line": "basic", "person_id": side.head.person_id}
    return sign({**body, "person_name": "郑重", "at": NOW, "policy_version": 3, "items": entries}, [side.head])


def build(path: Path, items: list[dict[str, Any]], approval: Statement, side: Side) -> None:
    """What `sync.packages.outbox` does between the store's reads and writes."""
    prepared = [(item, raw, approvals.key_of(item, raw)) for item in items for raw in [encode(item)]]
    head = {"purpose": "changes", "issuer": SCHOOL, "line": "basic", "created": NOW, "policy_version": 3}
    head["audit_head"] = {"sequence": 1, "hash": "0" * 64}
    content = state_content(head, [leaf_hash(raw) for _, raw, _ in prepared], side.registrar)
    setting = approvals.Setting(SCHOOL, "basic", side.registrar.person_id, NOW)
    approvals.check([(item, key) for item, _, key in prepared], [approval], side.trust, setting)
    places = {key: place for place, (_, _, key) in enumerate(prepared)}

    def lines() -> Any:
        yield from long_value("c", content.to_json())
        for _, raw, _ in prepared:
            yield b'["i",%s]\n' % raw
        yield from long_value("a", approvals.pack(approval, places))

    with tempfile.TemporaryFile() as spool:
        sealed = envelope.seal(lines(), spool)
        address = envelope.Address(
            "changes", SCHOOL, COUNTY, "basic", 1, 1, "", content.id, NOW, "2027-11-22T00:00:00Z"
        )
        statement = envelope.address_sealed(address, sealed, [side.county.public_key], side.unit)
        spool.seek(0)
        with path.open("wb") as target:
            target.write(header_bytes(statement))
            while block := spool.read(1 << 20):
                target.write(block)
            target.flush()
            os.fsync(target.fileno())


def verify(path: Path, side: Side) -> int:
    """What `sync.packages.inbox` does before anything reaches the store."""
    file = read(path)
    parsed = envelope.parse(file)
    side.trust.signed_by_unit(file.statement, SCHOOL, "basic", NOW)
    envelope.check_payload(file, parsed)
    key = envelope.unwrap(parsed, {key_id(side.county.public_key): _pkcs8(side.county.key)})
    with path.open("rb") as source:
        reader = envelope.read_payload(file, parsed, key, source)
        changes = opening.read_changes(reader, parsed.address, side.trust, NOW)
        return len(changes.items) + sum(1 for _ in changes.rows)


def peer_build(path: Path, items: list[dict[str, Any]], key: bytes) -> None:
    """JSON lines, zstd 6, AES-256-GCM."""
    plain = "".join(json.dumps(i, ensure_ascii=False, separators=(",", ":")) + "\n" for i in items).encode()
    sealed = AESGCM(key).encrypt(b"\0" * 12, zstandard.ZstdCompressor(level=6).compress(plain), None)
    with path.open("wb") as target:
        target.write(sealed)
        target.flush()
        os.fsync(target.fileno())


def peer_verify(path: Path, key: bytes) -> int:
    """The way back."""
    plain = zstandard.ZstdDecompressor().decompress(AESGCM(key).decrypt(b"\0" * 12, path.read_bytes(), None))
    return sum(1 for line in io.BytesIO(plain) if json.loads(line))


def _median(work: Callable[[], object], rounds: int = 5) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return sorted(times)[rounds // 2]


def run() -> str:
    """The figures as one line of text each."""
    side, items, key = Side(), make_items(), os.urandom(32)
    approval = approve(items, side)
    with tempfile.TemporaryDirectory() as folder:
        ours, peer = Path(folder) / "ours.rollbook", Path(folder) / "peer.bin"
        built, peer_built = (
            _median(lambda: build(ours, items, approval, side)),
            _median(lambda: peer_build(peer, items, key)),
        )
        read_, peer_read = _median(lambda: verify(ours, side)), _median(lambda: peer_verify(peer, key))
        size, peer_size = ours.stat().st_size / COUNT, peer.stat().st_size / COUNT
    return "\n".join(
        (
            f"package of {COUNT} changes, against json + zstd + AES-GCM without signatures in the same run",
            f"  bytes a change           {size:7.1f}    peer {peer_size:7.1f}    (goal <= 130)",
            f"  build                    {built:7.3f} s  peer {peer_built:7.3f} s  {built / peer_built:4.1f}x",
            f"  verify + decrypt + parse {read_:7.3f} s  peer {peer_read:7.3f} s  {read_ / peer_read:4.1f}x",
        )
    )


if __name__ == "__main__":
    print(run())
