"""The attack list of the security page against every purpose of package: each refused with its own sentence.

MATRIX names each attack and purpose, so that a missing one is seen. Changes have more tests in test_sync_attacks.py,
damaged sections of reports in test_reports.py, forged messages in test_messages.py.
"""

from __future__ import annotations

import base64
import json
import shutil
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from models.domain.units import Role
from models.store import tables as t
from sync.refusals import Fault, RefusedError
from sync.trust.certificates import new_private_key
from sync.trust.identity import public_der
from sync.trust.known import in_force, revoke
from sync.wire import signedfile
from sync.wire.envelope import Address
from tests.attack_world import PURPOSES, Scene, make_attack_world, scene
from tests.insider import Insider, changed, dump
from tests.sync_world import OTHER, SECOND

pytestmark = pytest.mark.filterwarnings("error")

LONG_AGO = "2026-01-01T00:00:00Z"
REFUSED_TABLES = {"package", "package_file", "channel", "audit", "audit_body", "message", "statement", "setting"}
"""What a package refused for its content may touch: its record, its number, and a note to the sender."""
OUTSIDE = "outside of the channel: sent once, in any order, never late"
ONE_SIGNATURE = "its content is signed by the unit's key alone; two persons sign policies and lists of revocations"


@dataclass(frozen=True)
class Stays:
    """The file is refused before it is opened: nothing in the store changes."""

    fault: Fault


@dataclass(frozen=True)
class Counts:
    """The content is refused: the number is used up and nothing of the content is kept."""

    fault: Fault


@dataclass(frozen=True)
class Not:
    """The attack has no object here, and why."""

    why: str


Outcome = Stays | Counts | Not
Attack = Callable[[Scene, Path], Path]


# --- the attacks ------------------------------------------------------------------------------------------------


def with_head(path: Path, target: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> Path:
    """The file with head and statement changed after signing."""
    raw = path.read_bytes()
    (size,) = struct.unpack(">I", raw[10:14])
    header = json.loads(raw[14 : 14 + size])
    body = json.loads(base64.b64decode(header["body"]))
    change(header, body)
    header["body"] = base64.b64encode(signedfile.encode(body)).decode()
    new = signedfile.encode(header)
    target.write_bytes(raw[:10] + struct.pack(">I", len(new)) + new + raw[14 + size :])
    return target


def edited_manifest(it: Scene, target: Path) -> Path:
    return with_head(it.file, target, lambda header, body: body.update(acknowledged=7))


def flipped_bit(it: Scene, target: Path) -> Path:
    raw = bytearray(it.file.read_bytes())
    raw[-100] ^= 1
    target.write_bytes(raw)
    return target


def truncated(it: Scene, target: Path) -> Path:
    target.write_bytes(it.file.read_bytes()[:-1])
    return target


def trailing_byte(it: Scene, target: Path) -> Path:
    target.write_bytes(it.file.read_bytes() + b"x")
    return target


def stripped_signature(it: Scene, target: Path) -> Path:
    return with_head(it.file, target, lambda header, body: header.update(signatures=[]))


def huge_header(it: Scene, target: Path) -> Path:
    target.write_bytes(b"ROLLBOOK1\n" + struct.pack(">I", 2**31) + it.file.read_bytes()[14:])
    return target


def addressed(**given: Any) -> Attack:
    """The sender writes other places into the envelope."""

    def attack(it: Scene, target: Path) -> Path:
        return insider(it).write(target, address=lambda address: replace(address, **given))

    return attack


def insider(it: Scene) -> Insider:
    return Insider(it.file, it.frm, it.to)


def not_a_recipient(it: Scene, target: Path) -> Path:
    other = public_der(new_private_key())
    return insider(it).write(target, recipients=lambda keys: [other])


def replay(it: Scene, target: Path) -> Path:
    it.receive(it.file)
    shutil.copyfile(it.file, target)
    return target


def fork(it: Scene, target: Path) -> Path:
    """Another content under a number that was taken."""
    made = insider(it).write(target, content=lambda body: {**body, "x": 1})
    it.receive(it.file)
    return made


def does_not_follow(it: Scene, target: Path) -> Path:
    """The next number, after another package than the one that was taken."""

    def next_one(address: Address) -> Address:
        return replace(address, sequence=address.sequence + 1, previous="e" * 64)

    made = insider(it).write(target, content=lambda body: {**body, "x": 1}, address=next_one)
    it.receive(it.file)
    return made


def revoked_unit(it: Scene, target: Path) -> Path:
    revoke_all(it, "signing")
    shutil.copyfile(it.file, target)
    return target


def revoked_person(it: Scene, target: Path) -> Path:
    revoke_all(it, "person")
    shutil.copyfile(it.file, target)
    return target


def revoke_all(it: Scene, purpose: str) -> None:
    """The receiver has learnt that the sender's keys of a purpose are in wrong hands."""

    def act(session: Any) -> None:
        for known in in_force(session, it.frm.store.actor.unit.id):
            if known.subject.purpose == purpose:
                revoke(session, None, known.fingerprint, LONG_AGO, "遗失")

    it.to.store.write(act)


def foreign_root(it: Scene, target: Path) -> Path:
    return insider(it).write(target, unit=it.stranger())


def person_seals(it: Scene, target: Path) -> Path:
    made = insider(it)
    return made.write(target, unit=made.person(Role.REGISTRAR))


def bomb(it: Scene, target: Path) -> Path:
    """64 MiB of zeros under a signature that speaks of 128 KiB."""
    made = insider(it)
    return made.write(target, plain=b"\0" * (64 << 20), sealed=lambda s: replace(s, plain=1 << 17, lines=10))


def bomb_ratio(it: Scene, target: Path) -> Path:
    return insider(it).write(target, plain=b"\0" * (64 << 20))


def line_without_end(it: Scene, target: Path) -> Path:
    text = b"".join(b"%032x" % (n * 0x9E3779B97F4A7C15 % 2**128) for n in range(1 << 16))
    return insider(it).write(target, plain=text)


def not_json(it: Scene, target: Path) -> Path:
    return insider(it).write(target, plain=b"[" * 50_000 + b"\n")


def wrong_purpose(it: Scene, target: Path) -> Path:
    other = "evidence" if it.purpose == "changes" else "changes"

    def disguise(body: dict[str, Any]) -> dict[str, Any]:
        return {**body, "type": "rollbook.content", "purpose": other, "issuer": it.frm.store.actor.unit.id}

    return insider(it).write(target, content=disguise)


def head_signs_for_the_registrar(it: Scene, target: Path) -> Path:
    made = insider(it)
    return made.write(target, signer=made.person(Role.HEAD))


def content_of_another_unit(it: Scene, target: Path) -> Path:
    return insider(it).write(target, content=lambda body: {**body, "issuer": SECOND.id, "unit": SECOND.id})


def content_edited(it: Scene, target: Path) -> Path:
    """The content statement says something else than its registrar signed."""
    made = insider(it)
    honest = made.content
    made.content = replace(honest, body=signedfile.encode({**honest.content, "x": 1}))
    return made.write(target)


def left_out(it: Scene, target: Path) -> Path:
    """The root still speaks of what is not there."""
    chain = 2 if it.purpose == "report" else 0
    return insider(it).write(target, rest=lambda lines: lines[:chain])


def added(it: Scene, target: Path) -> Path:
    return insider(it).write(target, rest=lambda lines: [*lines, b'["z",1]\n'])


# --- the matrix -------------------------------------------------------------------------------------------------

ATTACKS: dict[str, Attack] = {
    "edited manifest": edited_manifest,
    "flipped bit": flipped_bit,
    "truncation": truncated,
    "trailing byte": trailing_byte,
    "stripped signature": stripped_signature,
    "one person twice": head_signs_for_the_registrar,
    "other audience": addressed(audience=OTHER.id),
    "not a recipient": not_a_recipient,
    "replay": replay,
    "gap": addressed(sequence=500, previous="f" * 64),
    "fork": fork,
    "does not follow": does_not_follow,
    "expired": addressed(not_after="2026-01-01T00:00:00Z"),
    "revoked unit": revoked_unit,
    "revoked person": revoked_person,
    "foreign root": foreign_root,
    "issuer unlike certificate": addressed(issuer=SECOND.id),
    "person seals": person_seals,
    "other line": addressed(line="open"),
    "huge header": huge_header,
    "bomb": bomb,
    "bomb in ratio": bomb_ratio,
    "line without end": line_without_end,
    "not json": not_json,
    "wrong purpose": wrong_purpose,
    "content of another unit": content_of_another_unit,
    "content edited": content_edited,
    "left out": left_out,
    "added": added,
}
EVERYWHERE: dict[str, Outcome] = {
    "edited manifest": Stays(Fault.EDITED),
    "flipped bit": Stays(Fault.PAYLOAD_DAMAGED),
    "truncation": Stays(Fault.CUT_SHORT),
    "trailing byte": Stays(Fault.TRAILING),
    "stripped signature": Stays(Fault.UNSIGNED),
    "one person twice": Counts(Fault.WRONG_ROLE),
    "other audience": Stays(Fault.NOT_FOR_US),
    "not a recipient": Counts(Fault.NOT_A_RECIPIENT),
    "replay": Stays(Fault.ALREADY_RECEIVED),
    "gap": Stays(Fault.TOO_FAR_AHEAD),
    "fork": Stays(Fault.FORK),
    "does not follow": Stays(Fault.FORK),
    "expired": Counts(Fault.EXPIRED),
    "revoked unit": Stays(Fault.REVOKED),
    "revoked person": Counts(Fault.REVOKED),
    "foreign root": Stays(Fault.FOREIGN_ANCHOR),
    "issuer unlike certificate": Stays(Fault.ISSUER_UNLIKE_CERTIFICATE),
    "person seals": Stays(Fault.WRONG_KEY_USE),
    "other line": Stays(Fault.WRONG_LINE),
    "huge header": Stays(Fault.HEADER_TOO_LARGE),
    "bomb": Counts(Fault.BOMB),
    "bomb in ratio": Stays(Fault.TOO_LARGE),
    "line without end": Counts(Fault.LINE_TOO_LONG),
    "not json": Counts(Fault.CONTENT_DAMAGED),
    "wrong purpose": Counts(Fault.WRONG_PURPOSE),
    "content of another unit": Counts(Fault.ISSUER_UNLIKE_CERTIFICATE),
    "content edited": Counts(Fault.EDITED),
    "left out": Counts(Fault.CONTENT_EDITED),
    "added": Counts(Fault.CONTENT_DAMAGED),
}
ELSEWHERE: dict[tuple[str, str], Outcome] = {
    ("one person twice", "messages"): Counts(Fault.WRONG_KEY_USE),
    ("gap", "evidence"): Not(OUTSIDE),
    ("fork", "evidence"): Not(OUTSIDE),
    ("does not follow", "evidence"): Not(OUTSIDE),
    ("expired", "evidence"): Not(OUTSIDE),
    ("revoked person", "messages"): Not(ONE_SIGNATURE),
    ("left out", "receipt"): Not("all of a receipt stands in its statement"),
    ("content of another unit", "receipt"): Counts(Fault.CONTENT_DAMAGED),
    ("added", "report"): Not("a section with more than belongs to it is left out alone: see below"),
}
MATRIX: dict[tuple[str, str], Outcome] = {
    (attack, purpose): ELSEWHERE.get((attack, purpose), EVERYWHERE[attack])
    for attack in ATTACKS
    for purpose in PURPOSES
}


def test_the_matrix_is_whole() -> None:
    assert set(EVERYWHERE) == set(ATTACKS)
    assert len(MATRIX) == len(ATTACKS) * len(PURPOSES)
    assert all(key in MATRIX for key in ELSEWHERE)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_attack_world(tmp_path_factory.mktemp("attack"))


@pytest.fixture(scope="module")
def kept(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Scene]]:
    """One scene a purpose for all attacks that leave nothing behind."""
    with ExitStack() as stack:
        yield {
            purpose: stack.enter_context(scene(world, tmp_path_factory.mktemp(purpose), purpose))
            for purpose in PURPOSES
        }


BEFORE = ("replay", "fork", "does not follow", "revoked unit")
"""These change the receiver's store before the attack."""
STAYS = [key for key, outcome in MATRIX.items() if isinstance(outcome, Stays) and key[0] not in BEFORE]
ALONE = [key for key, outcome in MATRIX.items() if not isinstance(outcome, Not) and key not in STAYS]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_the_honest_file_is_taken(world: Path, tmp_path: Path, purpose: str) -> None:
    with scene(world, tmp_path, purpose) as it:
        made = insider(it).write(tmp_path / "again.rollbook")
        received = it.receive(made)
        assert (received.kind, received.refused, received.warnings) == (purpose, False, ())


@pytest.mark.parametrize(("attack", "purpose"), STAYS)
def test_refused_before_it_is_opened(kept: dict[str, Scene], tmp_path: Path, attack: str, purpose: str) -> None:
    check(kept[purpose], ATTACKS[attack](kept[purpose], tmp_path / "bad.rollbook"), MATRIX[attack, purpose])


@pytest.mark.parametrize(("attack", "purpose"), ALONE)
def test_refused(world: Path, tmp_path: Path, attack: str, purpose: str) -> None:
    with scene(world, tmp_path, purpose) as it:
        check(it, ATTACKS[attack](it, tmp_path / "bad.rollbook"), MATRIX[attack, purpose])


def check(it: Scene, bad: Path, wanted: Outcome) -> None:
    """The file is refused for the one reason, and the store holds what it may hold."""
    assert not isinstance(wanted, Not)
    before = dump(it.to.store)
    counted = isinstance(wanted, Counts) and it.purpose != "evidence"
    if counted:
        received = it.receive(bad)
        assert received.refused
        sentence = received.sentence
    else:
        with pytest.raises(RefusedError) as caught:
            it.receive(bad)
        assert caught.value.fault is wanted.fault
        sentence = str(caught.value)
    assert sentence.endswith(wanted.fault.value.rsplit("}", 1)[-1])
    assert sentence.count("。") >= 1
    assert "Traceback" not in sentence
    touched = changed(before, dump(it.to.store))
    assert touched <= (REFUSED_TABLES if counted else set())
    if counted:
        place = it.to.store.read(
            lambda s: s.execute(t.channel.select().where(t.channel.c.last_id == received.package_id)).all()
        )
        assert len(place) == 1


def test_a_section_with_more_lines_than_belong_to_it_is_left_out(world: Path, tmp_path: Path) -> None:
    with scene(world, tmp_path, "report") as it:
        received = it.receive(added(it, tmp_path / "bad.rollbook"))
        assert received.counts["items"] == 0
        assert "末尾有多余的记录" in received.warnings[0]
        assert not it.to.store.read(lambda s: s.execute(t.reported_item.select()).all())
