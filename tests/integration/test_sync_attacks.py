"""The attack list of the security page: each refused, each with a sentence of its own (decision 7)."""

from __future__ import annotations

import base64
import json
import random
import shutil
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import zstandard
from sqlalchemy import func, select

from models.domain.errors import FileRefusedError, UserError
from models.domain.units import Role
from models.services import policies as policy_service
from models.store import tables as t
from sync import policies
from sync.formats import FileKind, describe, sniff
from sync.joining import enrolment
from sync.packages import inbox, ledger, outbox
from sync.refusals import Fault, RefusedError
from sync.trust import identity
from sync.trust.certificates import new_private_key
from sync.trust.identity import UnitSigner
from sync.wire import envelope, signedfile
from sync.wire.jsonlines import line
from sync.wire.signedfile import header_bytes, read
from sync.wire.statements import Statement, sign
from sync.wire.suites import P256_AES, SealingWriter
from tests.sync_forge import Forge, with_address
from tests.sync_world import COUNTY, OTHER, PEOPLE, SCHOOL, SECOND, Member, make_template, opened

NEW_NAMES = ["赵明华", "赵明亮", "赵明强"]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Units enrolled, and three approved changes at the school."""
    folder = make_template(tmp_path_factory.mktemp("attacks") / "units")
    with opened(folder, "school") as (school,):
        school.approved(NEW_NAMES)
    return folder


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "second", "county") as members:
        yield members


@pytest.fixture
def package(world: list[Member], tmp_path: Path) -> Path:
    """An honest package, not received yet."""
    return Forge(world[0]).write(tmp_path / "honest.rollbook")


def sequence_at(county: Member) -> int:
    place = county.store.read(ledger.place_of, SCHOOL.id, COUNTY.id, "basic")
    return place.sequence


def refuse(county: Member, path: Path) -> RefusedError:
    """The file is refused and leaves no trace."""
    before = county.store.read(lambda s: s.execute(select(func.count()).select_from(t.package)).scalar())
    at = sequence_at(county)
    with pytest.raises(RefusedError) as caught:
        county.receive(path)
    assert county.store.read(lambda s: s.execute(select(func.count()).select_from(t.package)).scalar()) == before
    assert sequence_at(county) == at
    return caught.value


def refuse_content(county: Member, path: Path, fault: Fault) -> inbox.Received:
    """The package is refused for its content: the channel advances, nothing of it is taken over."""
    at = sequence_at(county)
    received = county.receive(path)
    assert received.refused
    assert received.sentence.endswith(fault.value.rsplit("}", 1)[-1])
    assert sequence_at(county) == at + 1
    assert county.store.read(lambda s: s.execute(select(func.count()).select_from(t.received_item)).scalar()) == 0
    return received


def with_header(path: Path, change: Callable[[dict[str, Any]], None], target: Path) -> Path:
    """The file with its header changed after signing."""
    raw = path.read_bytes()
    (size,) = struct.unpack(">I", raw[10:14])
    header = json.loads(raw[14 : 14 + size])
    body = json.loads(base64.b64decode(header["body"]))
    parts = {"header": header, "body": body}
    change(parts)
    encode = signedfile.encode
    header["body"] = base64.b64encode(encode(parts["body"])).decode()
    new = encode(header)
    target.write_bytes(raw[:10] + struct.pack(">I", len(new)) + new + raw[14 + size :])
    return target


def test_honest_package_is_taken(world: list[Member], package: Path) -> None:
    received = world[2].receive(package)
    assert (received.kind, received.counts["items"]) == (FileKind.CHANGES, 3)
    assert sequence_at(world[2]) == 1


def test_edited_manifest(world: list[Member], package: Path, tmp_path: Path) -> None:
    bad = with_header(package, lambda p: p["body"].update(sequence=2), tmp_path / "b")
    error = refuse(world[2], bad)
    assert error.fault is Fault.EDITED
    assert "这是“青禾县第一小学”发给“青禾县教育局”的变更包" in str(error)


def test_flipped_bit(world: list[Member], package: Path, tmp_path: Path) -> None:
    raw = bytearray(package.read_bytes())
    raw[-100] ^= 1
    (tmp_path / "b").write_bytes(raw)
    assert refuse(world[2], tmp_path / "b").fault is Fault.PAYLOAD_DAMAGED


@pytest.mark.parametrize("cut", [1, 500])
def test_truncated(world: list[Member], package: Path, tmp_path: Path, cut: int) -> None:
    (tmp_path / "b").write_bytes(package.read_bytes()[:-cut])
    assert refuse(world[2], tmp_path / "b").fault is Fault.CUT_SHORT


@pytest.mark.parametrize("length", [12, 13, 40])
def test_truncated_head(world: list[Member], package: Path, tmp_path: Path, length: int) -> None:
    (tmp_path / "b").write_bytes(package.read_bytes()[:length])
    assert refuse(world[2], tmp_path / "b").fault is Fault.CUT_SHORT


def test_trailing_byte(world: list[Member], package: Path, tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(package.read_bytes() + b"x")
    assert refuse(world[2], tmp_path / "b").fault is Fault.TRAILING


def test_stripped_signature(world: list[Member], package: Path, tmp_path: Path) -> None:
    bad = with_header(package, lambda p: p["header"].update(signatures=[]), tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.UNSIGNED


def test_signature_without_certificate(world: list[Member], package: Path, tmp_path: Path) -> None:
    bad = with_header(package, lambda p: p["header"]["signatures"][0].update(certificate=None), tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.UNSIGNED


def test_too_many_signatures(world: list[Member], package: Path, tmp_path: Path) -> None:
    bad = with_header(package, lambda p: p["header"].update(signatures=p["header"]["signatures"] * 9), tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.TOO_MANY_SIGNATURES


def test_stripped_approval(world: list[Member], tmp_path: Path) -> None:
    refuse_content(world[2], Forge(world[0], approvals=lambda found: []).write(tmp_path / "b"), Fault.NOT_APPROVED)


def test_edited_approval(world: list[Member], tmp_path: Path) -> None:
    def later(found: list[Statement]) -> list[Statement]:
        body = {**found[0].content, "at": "2026-11-01T00:00:00Z"}
        return [replace(found[0], body=signedfile.encode(body))]

    refuse_content(world[2], Forge(world[0], approvals=later).write(tmp_path / "b"), Fault.EDITED)


def test_item_edited_after_approval(world: list[Member], tmp_path: Path) -> None:
    def other(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**items[0], "after": {"name": "冒名"}}, *items[1:]]

    refuse_content(world[2], Forge(world[0], items=other).write(tmp_path / "b"), Fault.NOT_APPROVED)


def test_one_person_twice(world: list[Member], tmp_path: Path) -> None:
    """The registrar cannot stand in for the head: the role is missing."""
    refuse_content(world[2], Forge(world[0], registrar=Role.HEAD).write(tmp_path / "b"), Fault.WRONG_ROLE)


def test_head_with_both_roles_signs_twice(world: list[Member], tmp_path: Path) -> None:
    """A person certified for both roles still counts as one."""
    school, _, county = world

    def both(session: Any) -> None:
        subject = identity.newest(session, SCHOOL.id, "person", school.actors[Role.HEAD].person_id)
        assert subject is not None
        person = (subject.subject.person_id, "负责人", frozenset({"head", "registrar"}))
        unit = enrolment.unit_from(dict(session.execute(select(t.unit).where(t.unit.c.id == SCHOOL.id)).one()._mapping))
        both_roles.append(identity.certify(session, unit, "person", subject.public_key, person).der)

    both_roles: list[bytes] = []
    county.act(Role.ADMINISTRATOR)
    school.act(Role.HEAD)
    school_head = school.store.read(
        lambda s: identity.newest(s, SCHOOL.id, "person", school.actors[Role.HEAD].person_id)
    )
    assert school_head is not None
    county.store.write(both)

    def swap(lines: list[bytes]) -> list[bytes]:
        old = base64.b64encode(school_head.der)
        return [x.replace(old, base64.b64encode(both_roles[0])) for x in lines]

    refuse_content(county, Forge(school, registrar=Role.HEAD, lines=swap).write(tmp_path / "b"), Fault.SAME_PERSON)


def test_other_audience(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], address=with_address(audience=OTHER.id)).write(tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.NOT_FOR_US


def test_package_of_a_sibling_school(world: list[Member], package: Path) -> None:
    with pytest.raises(RefusedError) as caught:
        world[1].receive(package)
    assert caught.value.fault is Fault.NOT_FOR_US


def test_sideways(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], address=with_address(audience=SECOND.id)).write(tmp_path / "b")
    with pytest.raises(RefusedError) as caught:
        world[1].receive(bad)
    assert caught.value.fault in (Fault.NOT_SUBORDINATE, Fault.UNKNOWN_ISSUER)


def test_not_a_recipient(world: list[Member], tmp_path: Path) -> None:
    other = identity.public_der(new_private_key())
    refuse_content(world[2], Forge(world[0], recipients=lambda r: [other]).write(tmp_path / "b"), Fault.NOT_A_RECIPIENT)


def test_wrap_of_another_package(world: list[Member], tmp_path: Path) -> None:
    """A key wrapped for one envelope does not open another."""

    def swap(statement: Statement) -> Statement:
        body = statement.content
        body["wraps"][0]["sealed"] = base64.b64encode(bytes(113)).decode()
        return sign(body, [world[0].store.read(identity.unit_signer)])

    bad = Forge(world[0], statement=swap).write(tmp_path / "b")
    refuse_content(world[2], bad, Fault.NOT_A_RECIPIENT)


def test_replay(world: list[Member], package: Path) -> None:
    world[2].receive(package)
    error = refuse(world[2], package)
    assert error.fault is Fault.ALREADY_RECEIVED
    assert "无需重复接收" in str(error)


def test_gap_is_held_and_filled(world: list[Member]) -> None:
    school, _, county = world
    first = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    second = school.build(["赵明月"])
    third = school.build(["赵明星"])
    paths = {pid: school.store.read(ledger.find, pid).file_name for pid in (first.new[0], second.new[0], third.new[0])}
    held = county.receive(school.out / paths[third.new[0]])
    assert held.state == "held"
    assert "第 1、2 号" in held.sentence
    assert refuse_held(county, school.out / paths[third.new[0]])
    assert "第 1 号" in county.receive(school.out / paths[second.new[0]]).sentence
    taken = county.receive(school.out / paths[first.new[0]])
    assert [other.package_id for other in taken.also] == [second.new[0], third.new[0]]
    assert sequence_at(county) == 3


def refuse_held(county: Member, path: Path) -> bool:
    """Holding the same file twice changes nothing."""
    return county.receive(path).state == "held"


def test_too_far_ahead(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], address=with_address(sequence=500, previous="f" * 64)).write(tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.TOO_FAR_AHEAD


def test_fork(world: list[Member], package: Path, tmp_path: Path) -> None:
    world[2].receive(package)
    other = Forge(world[0], head=lambda h: {**h, "policy_version": 7}).write(tmp_path / "b")
    assert refuse(world[2], other).fault is Fault.FORK
    wrong = Forge(world[0], head=lambda h: {**h, "x": 1}, address=with_address(sequence=2, previous="e" * 64))
    assert refuse(world[2], wrong.write(tmp_path / "c")).fault is Fault.FORK


def test_held_package_that_does_not_follow(world: list[Member], package: Path, tmp_path: Path) -> None:
    early = Forge(world[0], head=lambda h: {**h, "x": 1}, address=with_address(sequence=2, previous="e" * 64))
    assert world[2].receive(early.write(tmp_path / "b")).state == "held"
    taken = world[2].receive(package)
    assert taken.also[0].refused
    assert "旧备份" in taken.also[0].sentence


def test_expired(world: list[Member], tmp_path: Path) -> None:
    late = with_address(not_after="2026-01-01T00:00:00Z")
    received = refuse_content(world[2], Forge(world[0], address=late).write(tmp_path / "b"), Fault.EXPIRED)
    assert received.package_id is not None
    assert "2026-01-01" in received.sentence


def test_revoked_unit_key(world: list[Member], package: Path) -> None:
    county = world[2]
    revoke(county, "signing")
    assert refuse(county, package).fault is Fault.REVOKED


def test_revoked_person(world: list[Member], package: Path) -> None:
    revoke(world[2], "person")
    refuse_content(world[2], package, Fault.REVOKED)


def test_revoked_later_stays_good(world: list[Member], package: Path) -> None:
    revoke(world[2], "signing", "2027-06-01T00:00:00Z")
    assert not world[2].receive(package).refused


def revoke(county: Member, purpose: str, since: str = "2026-01-01T00:00:00Z") -> None:
    def act(session: Any) -> None:
        for certificate in identity.in_force(session, SCHOOL.id):
            if certificate.subject.purpose == purpose:
                identity.revoke(session, county.store.actor, certificate.fingerprint, since, "遗失")

    county.store.write(act)


def test_foreign_anchor(world: list[Member], tmp_path: Path) -> None:
    """Another county certified the same unit uid with its own anchor."""

    def foreign(session: Any) -> UnitSigner:
        identity.ensure(session)
        key = new_private_key()
        anchor = identity.own_anchor(session)
        assert anchor is not None
        certificate = identity.certify(session, SCHOOL, "signing", identity.public_der(key))
        return UnitSigner(certificate.der, key)

    with opened(world[0].store.home.parent, "other") as (other,):
        signer = other.store.write(foreign)
    assert refuse(world[2], Forge(world[0], unit=signer).write(tmp_path / "b")).fault is Fault.FOREIGN_ANCHOR


def test_issuer_unlike_certificate(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], address=with_address(issuer=SECOND.id)).write(tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.ISSUER_UNLIKE_CERTIFICATE


def test_unknown_issuer(world: list[Member], package: Path) -> None:
    def forget(session: Any) -> None:
        session.execute(t.unit.delete().where(t.unit.c.id == SCHOOL.id))

    world[2].store.write(forget)
    assert refuse(world[2], package).fault is Fault.UNKNOWN_ISSUER


def test_person_key_signs_as_unit(world: list[Member], tmp_path: Path) -> None:
    school = world[0]
    person = school.store.read(identity.certified, school.store.signer(school.act(Role.REGISTRAR)))
    assert refuse(world[2], Forge(school, unit=person).write(tmp_path / "b")).fault is Fault.WRONG_KEY_USE


def test_other_line(world: list[Member], tmp_path: Path) -> None:
    assert (
        refuse(world[2], Forge(world[0], address=with_address(line="open")).write(tmp_path / "b")).fault
        is Fault.WRONG_LINE
    )


def test_huge_header(world: list[Member], tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"ROLLBOOK1\n" + struct.pack(">I", 2**31) + b"{}")
    assert refuse(world[2], tmp_path / "b").fault is Fault.HEADER_TOO_LARGE


def test_wrong_purpose(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], head=lambda h: {**h, "purpose": "evidence"}).write(tmp_path / "b")
    refuse_content(world[2], bad, Fault.WRONG_PURPOSE)


def test_receipt_from_below(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], address=with_address(purpose="receipt")).write(tmp_path / "b")
    assert refuse(world[2], bad).fault is Fault.NOT_SUPERIOR


def test_foreign_item(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], items=lambda i: [{**i[0], "unit": SECOND.id}, *i[1:]]).write(tmp_path / "b")
    refuse_content(world[2], bad, Fault.FOREIGN_ITEM)


def test_left_out_item(world: list[Member], tmp_path: Path) -> None:
    bad = Forge(world[0], leaves=lambda x: x[:-1]).write(tmp_path / "b")
    refuse_content(world[2], bad, Fault.CONTENT_EDITED)


def test_pruned_item_is_accepted(world: list[Member], tmp_path: Path) -> None:
    """An item may stand as its digest only; the root still holds."""
    from sync.wire.content import leaf_hash

    def prune(lines: list[bytes]) -> list[bytes]:
        place = next(i for i, x in enumerate(lines) if x.startswith(b'["i",'))
        raw = lines[place][5:-2]
        kept = [*lines[:place], line("h", leaf_hash(raw).hex()), *lines[place + 1 :]]
        return [x for x in kept if not x.startswith(b'["a"') and not is_approval(x)] + approvals_again(lines)

    def is_approval(x: bytes) -> bool:
        return x.startswith(b'["p",') and b"rollbook.approval" in x

    def approvals_again(lines: list[bytes]) -> list[bytes]:
        packed = json.loads(json.loads(next(x for x in lines if is_approval(x)))[1])
        from sync.wire.jsonlines import long_value

        first = next(json.loads(x)[1] for x in lines if x.startswith(b'["i",'))
        from sync.wire.content import item_digest

        whole = {"id": first["id"], "attempt": first["attempt"], "digest": item_digest(signedfile.encode(first))}
        packed["items"] = [whole, [0, 2]] if packed["items"] == [[0, 3]] else packed["items"]
        return list(long_value("a", packed))

    received = world[2].receive(Forge(world[0], lines=prune).write(tmp_path / "b"))
    if not received.refused:
        assert received.counts["items"] == 2


def bomb(world: list[Member], tmp_path: Path, plain: bytes, declared: int, lines: int) -> Path:
    """A package whose payload is `plain`, compressed by hand, with sizes as declared."""
    forged: dict[str, Any] = {}

    def seal(sealed: envelope.Sealed) -> envelope.Sealed:
        return replace(sealed, plain=declared, lines=lines, **forged)

    forge = Forge(world[0], sealed=seal)
    original = envelope.seal

    def fake(given: Any, target: Any, suite: Any = P256_AES) -> envelope.Sealed:
        key = b"k" * 32
        writer = SealingWriter(P256_AES, key, target)
        writer.write(zstandard.ZstdCompressor(level=1).compress(plain))
        digest = writer.close()
        return envelope.Sealed(P256_AES, key, writer.size, digest, declared, lines)

    envelope.seal = fake
    try:
        return forge.write(tmp_path / "bomb.rollbook")
    finally:
        envelope.seal = original


@pytest.mark.parametrize(
    ("declared", "lines", "fault"),
    [(1 << 20, 10, Fault.BOMB), (200 << 20, 10, Fault.TOO_LARGE)],
)
def test_bomb_of_zeros(world: list[Member], tmp_path: Path, declared: int, lines: int, fault: Fault) -> None:
    path = bomb(world, tmp_path, b"\0" * (300 << 20), declared, lines)
    world[2].act(Role.REGISTRAR)
    tracemalloc.start()
    try:
        if fault is Fault.TOO_LARGE:
            assert refuse(world[2], path).fault is fault
        else:
            received = world[2].receive(path)
            assert received.refused
            assert "展开" in received.sentence or "1 MiB" in received.sentence
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_line_without_end(world: list[Member], tmp_path: Path) -> None:
    """Random text without a newline cannot be refused for its ratio; the line is too long."""
    text = base64.b64encode(random.Random(5).randbytes(6 << 20))
    refuse_content(world[2], bomb(world, tmp_path, text, len(text), 1), Fault.LINE_TOO_LONG)


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"\n",
        b"[]\n",
        b'["c",1]\n',
        b'["c",1]\n["p",5]\n',
        b'["c",1]\n["p","x"]\n',
        b'["c",-1]\n',
        b'["c",99999]\n',
        b'["cc",1]\n',
        b'["c", 1]\n',
        b"[" * 50_000 + b"\n",
        b'{"a":1}\n',
        b'["i",{}]\n',
        b"\xff\xfe\n",
        b'["c",1.5]\n',
        b'["c",NaN]\n',
        b'["c",1]',
    ],
)
def test_payload_of_nonsense(world: list[Member], tmp_path: Path, plain: bytes) -> None:
    path = bomb(world, tmp_path, plain, len(plain), plain.count(b"\n"))
    assert world[2].receive(path).refused


def issue(county: Member, fields: list[str]) -> Path:
    passphrase = county.act(Role.ADMINISTRATOR)
    county.store.write(policy_service.set_own, county.store.actor, controlled_fields=fields)
    return policies.issue_policy(county.store, passphrase, PEOPLE[Role.HEAD], county.out)


def test_policies_only_go_forward(world: list[Member], package: Path) -> None:
    school, _, county = world
    first, second_version = issue(county, ["name"]), issue(county, ["name", "phone"])
    assert "第 2 版" in school.receive(second_version).sentence
    assert "phone" in school.store.read(policy_service.effective).controlled_fields
    for path, fault in ((first, Fault.OLDER_POLICY), (second_version, Fault.KNOWN_POLICY)):
        with pytest.raises(RefusedError) as caught:
            school.receive(path)
        assert caught.value.fault is fault
    assert any("第 0 版" in warning for warning in county.receive(package).warnings)


def test_policy_of_one_person(world: list[Member], tmp_path: Path) -> None:
    school, _, county = world
    path = issue(county, ["name"])

    def strip(parts: dict[str, Any]) -> None:
        parts["header"]["signatures"] = parts["header"]["signatures"][:1]

    with pytest.raises(RefusedError) as caught:
        school.receive(with_header(path, strip, tmp_path / "b.rollbook"))
    assert caught.value.fault is Fault.TWO_PERSONS
    passphrase = county.act(Role.ADMINISTRATOR)
    with pytest.raises(UserError, match="两人"):
        policies.issue_policy(county.store, passphrase, PEOPLE[Role.ADMINISTRATOR], tmp_path)


def test_every_fault_has_its_own_sentence() -> None:
    sentences = [fault.value for fault in Fault]
    assert len(set(sentences)) == len(sentences) == len(list(Fault))
    assert all(s.endswith(("。", "}")) for s in sentences)


def test_other_files_are_named(world: list[Member], tmp_path: Path) -> None:
    files = {
        FileKind.BACKUP: b"RBBACKUP1\nxxxx",
        FileKind.SPREADSHEET: b"PK\x03\x04xxxx",
        FileKind.PICTURE: b"%PDF-1.7",
    }
    for kind, content in files.items():
        path = tmp_path / kind.value
        path.write_bytes(content)
        assert sniff(path) is kind
        with pytest.raises(FileRefusedError, match="没有接收"):
            world[2].receive(path)
    for content in (b"", b"\0" * 100, b"ROLLBOOK9\nzzzzzzzzzzzz", b"hello"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(FileRefusedError):
            world[2].receive(tmp_path / "x")
        assert describe(tmp_path / "x").kind is FileKind.UNKNOWN
    with pytest.raises(UserError, match="读不出"):
        world[2].receive(tmp_path / "not there")


def mutated(raw: bytes, rnd: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(rnd.randrange(1, 4)):
        place = rnd.randrange(len(data))
        what = rnd.randrange(4)
        if what == 0:
            data[place] = rnd.randrange(256)
        elif what == 1:
            del data[place : place + rnd.randrange(1, 9)]
        elif what == 2:
            data[place:place] = rnd.randbytes(rnd.randrange(1, 9))
        else:
            data[place] ^= 1 << rnd.randrange(8)
    return bytes(data)


def fuzz(path: Path, take: Callable[[Path], object], rounds: int, seed: int) -> None:
    """No mutation is accepted, and none gives anything but a refusal."""
    raw, rnd = path.read_bytes(), random.Random(seed)
    bad = path.with_name("mutated.rollbook")
    for number in range(rounds):
        # Half of the mutations hit the head, where the structure is.
        head = raw[:4096]
        data = mutated(head, rnd) + raw[4096:] if number % 2 else mutated(raw, rnd)
        if data == raw:
            continue
        bad.write_bytes(data)
        with pytest.raises(FileRefusedError):
            take(bad)
        describe(bad)


def test_mutated_packages(world: list[Member], package: Path) -> None:
    county = world[2]
    county.act(Role.REGISTRAR)
    fuzz(package, lambda path: inbox.receive(county.store, path), 1500, 11)
    assert not county.receive(package).refused


def test_mutated_receipts(world: list[Member]) -> None:
    school, _, county = world
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    for path in built.paths:
        county.receive(path)
    reply = county.review_all(built.new[0])
    school.act(Role.REGISTRAR)
    fuzz(reply, lambda path: inbox.receive(school.store, path), 1000, 12)
    assert school.receive(reply).counts["accepted"] == 3
    with pytest.raises(RefusedError, match="此前已经接收"):
        school.receive(reply)


def test_mutated_policies_and_enrolment(world: list[Member]) -> None:
    school, _, county = world
    policy = issue(county, ["name"])
    school.act(Role.REGISTRAR)
    fuzz(policy, lambda path: inbox.receive(school.store, path), 800, 13)
    asked = enrolment.request(school.store, school.out)
    fuzz(asked.path, lambda path: same_or_refused(path, asked.words), 800, 14)
    passphrase = county.act(Role.ADMINISTRATOR)
    reply = enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.HEAD], asked.words, county.out)
    fuzz(reply.path, lambda path: enrolment.trust(school.store, path, reply.words), 800, 15)
    assert enrolment.trust(school.store, reply.path, reply.words).id == COUNTY.id


def same_or_refused(path: Path, words: str) -> None:
    """A request that was changed and still reads would have other words; then the person refuses it."""
    if enrolment.read_request(path).words != words:
        raise RefusedError(Fault.OTHER_WORDS)


def test_mutated_bytes_inside(world: list[Member], tmp_path: Path) -> None:
    """Rightly signed envelopes around mutated payloads: refused, and the channel goes on."""
    county, rnd = world[2], random.Random(16)
    taken: list[list[bytes]] = []
    Forge(world[0], lines=lambda x: taken.append(x) or x).write(tmp_path / "x")  # type: ignore[func-returns-value]
    plain = b"".join(taken[0])
    for _ in range(120):
        bad = mutated(plain, rnd)
        if bad == plain:
            continue
        path = bomb_at(world, tmp_path, bad, county)
        assert county.receive(path).refused
    assert sequence_at(county) > 100


def bomb_at(world: list[Member], tmp_path: Path, plain: bytes, county: Member) -> Path:
    place = county.store.read(ledger.place_of, SCHOOL.id, COUNTY.id, "basic")
    path = bomb(world, tmp_path, plain, len(plain), plain.count(b"\n"))
    file = read(path)
    body = file.statement.content
    content = f"{place.sequence:064x}"
    body |= {"sequence": place.sequence + 1, "previous": place.last_id, "content": content}
    old = envelope.parse_statement(file.statement).address
    parsed = replace(old, sequence=place.sequence + 1, previous=place.last_id, content=content)
    sealed = envelope.Sealed(
        P256_AES, b"k" * 32, body["payload"]["size"], body["payload"]["hash"], len(plain), plain.count(b"\n")
    )
    to = county.store.read(lambda s: identity.opening_certificate(s, COUNTY).public_key)
    statement = envelope.address_sealed(parsed, sealed, [to], world[0].store.read(identity.unit_signer))
    raw = path.read_bytes()
    path.write_bytes(header_bytes(statement) + raw[file.offset :])
    return path
