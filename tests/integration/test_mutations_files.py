"""Thousands of damaged files of every class: none crashes the receiver, none is taken, the store stays as it was.

Changes, receipts, policies and enrolment files are in test_sync_attacks.py; here are the others. Damages keep the
form of the file as often as not: a value of the head or of the signed statement changed and encoded again, bits, cuts,
and two files put together. ROLLBOOK_MUTATIONS sets how many of each class.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, UserError
from models.domain.units import Role
from models.services.items import RowsHash
from models.store.errors import DamagedKeysError, NewerStoreError
from models.store.vault import keyfile
from sync.companions import decisions, keys, pairing, papers, taking
from sync.companions.exchange import authenticate
from sync.formats import describe
from sync.packages import inbox
from sync.refusals import RefusedError
from sync.transport import incoming, parts
from sync.trust import revocation
from sync.trust.certificates import parse
from sync.trust.identity import own_anchor
from sync.trust.known import trust_of
from sync.wire import signedfile
from sync.wire.jsonlines import LineReader
from sync.wire.statements import Statement
from tests.attack_world import make_attack_world, scene
from tests.insider import ROUNDS, byte_mutant, damaged_file, dump, head_mutant, json_mutant, plain_lines, spliced
from tests.integration.test_companions import Sides, sides, template  # noqa: F401 - fixtures
from tests.integration.test_mutations_inside import Lines, mutant, to_lines, undone, values
from tests.sync_world import COUNTY, PEOPLE, Member


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_attack_world(tmp_path_factory.mktemp("attack"))


def refused(path: Path, other: bytes, take: Callable[[Path], object], seed: str) -> None:
    """No damage to a file is taken, and each gives a sentence."""
    raw, chance = path.read_bytes(), random.Random(seed)
    bad = path.with_name("damaged.rollbook")
    for _ in range(ROUNDS):
        data = damaged_file(raw, other, chance)
        if data == raw:
            continue
        bad.write_bytes(data)
        with pytest.raises(UserError):
            take(bad)
        describe(bad).to_json()


@pytest.mark.parametrize("purpose", ["changes", "evidence", "receipt", "messages", "report"])
def test_damaged_packages(world: Path, tmp_path: Path, purpose: str) -> None:
    other = (world / "files" / ("report.rollbook" if purpose == "changes" else "changes.rollbook")).read_bytes()
    with scene(world, tmp_path, purpose) as it:
        it.to.act(Role.REGISTRAR)
        before = dump(it.to.store)
        refused(it.file, other, lambda path: inbox.receive(it.to.store, path), purpose)
        assert dump(it.to.store) == before
        assert not it.receive(it.file).refused


def test_damaged_parts(world: Path, tmp_path: Path) -> None:
    """A part proves nothing: whatever comes of damaged ones is nothing, or the very file that was split."""
    whole = world / "files" / "report.rollbook"
    honest = [one.read_bytes() for one in parts.split(whole, made(tmp_path / "parts"), whole.stat().st_size // 3 + 1)]
    chance, home, joined = random.Random("parts"), made(tmp_path / "home"), 0
    for number in range(ROUNDS):
        shutil.rmtree(home / incoming.FOLDER, ignore_errors=True)
        bad = list(honest)
        place = chance.randrange(len(bad))
        damage = (head_mutant_of_part, byte_mutant)[number % 2]
        bad[place] = damage(bad[place], chance) if number % 5 else spliced(bad[place], bad[place - 1], chance)
        try:
            for index, raw in enumerate(bad):
                path = tmp_path / f"{index}.dat"
                path.write_bytes(raw)
                found = incoming.keep(home, path)
                describe(path).to_json()
            if not found.missing:
                assert digest(incoming.join(home, found)) == digest(whole)
                joined += 1
        except UserError:
            continue
    assert joined < ROUNDS // 3
    names = {path.name for path in home.rglob("*")}
    assert all("/" not in name and ".." not in name for name in names)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def head_mutant_of_part(raw: bytes, chance: random.Random) -> bytes:
    """A part whose head has a value changed and is encoded again rightly."""
    size = int.from_bytes(raw[10:14])
    new = signedfile.encode(json_mutant(parts.decode(raw[14 : 14 + size]), chance))
    return raw[:10] + len(new).to_bytes(4) + new + raw[14 + size :]


def test_damaged_pairing_files(sides: Sides) -> None:  # noqa: F811
    asked = pairing.request(sides.head.store, sides.stick)
    sides.main.act(Role.ADMINISTRATOR)
    reply = pairing.accept(sides.main.store, asked.path, asked.words, sides.stick)
    before = [dump(sides.main.store), dump(sides.head.store)]
    readers = ((papers.read_request, asked), (papers.read_reply, reply))
    for read, written in readers:
        other = readers[0][1] if written is reply else reply

        def take(path: Path) -> object:
            if read(path).words != written.words:  # type: ignore[operator]  # noqa: B023
                raise UserError("核对词不一致")
            return None

        refused(written.path, other.path.read_bytes(), take, read.__name__)
    assert [dump(sides.main.store), dump(sides.head.store)] == before


def test_damaged_drafts_and_decisions(sides: Sides) -> None:  # noqa: F811
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    drafts = sides.drafts()
    before = dump(sides.head.store)
    refused(drafts, drafts.read_bytes()[::-1], sides.head.receive, "drafts")
    assert dump(sides.head.store) == before
    sides.head.receive(drafts)
    sides.head.approve([change])
    back = sides.decisions()
    before = dump(sides.main.store)
    refused(back, drafts.read_bytes(), sides.main.receive, "decisions")
    assert dump(sides.main.store) == before
    assert sides.main.receive(back).counts["approved"] == 1


def test_whatever_the_other_pc_writes(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The other PC holds the right key and writes anything: taken whole or refused with a sentence."""
    monkeypatch.setattr(RowsHash, "fits", lambda self, batch: True)
    change, other = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    file = sides.drafts()
    _anything(
        sides.head.store, file, taking, monkeypatch, lambda s, a: taking._take(s, sides.head.store.actor, a, _SILENT)
    )
    sides.head.receive(file)
    sides.head.approve([change])
    again = sides.drafts()
    _anything(
        sides.head.store, again, taking, monkeypatch, lambda s, a: taking._take(s, sides.head.store.actor, a, _SILENT)
    )
    back = sides.decisions()
    sides.main.act(Role.REGISTRAR)
    _anything(
        sides.main.store, back, decisions, monkeypatch, lambda s, a: decisions._take(s, sides.main.store.actor, a)
    )
    assert sides.main.state_of(other) == "pending"


class _Silent:
    def report(self, *_rest: Any) -> None:
        return None


_SILENT: Any = _Silent()


def _anything(
    store: Any, file: Path, module: Any, monkeypatch: pytest.MonkeyPatch, take: Callable[[Session, Any], object]
) -> None:
    _, lines = plain_lines(file, store.read(keys.opening_keys))
    honest, chance = values(lines), random.Random(module.__name__)
    assert to_lines(honest) == lines
    refusals = 0
    for number in range(ROUNDS // 2):
        given = mutant(honest, chance) if number else honest

        @contextmanager
        def opened(session: Session, arrived: Any) -> Iterator[LineReader]:
            yield LineReader(Lines(to_lines(given)))  # noqa: B023 - used at once

        def act(session: Session) -> object:
            return take(session, authenticate(session, signedfile.read(file)))

        try:
            with monkeypatch.context() as patch:
                patch.setattr(module, "opened", opened)
                undone(store, act)
        except UserError:
            assert number
            refusals += 1
    assert refusals > ROUNDS // 10


def test_damaged_revocation_lists(world: Path, tmp_path: Path) -> None:
    """A list is believed only as two persons signed it."""
    with scene(world, tmp_path, "messages") as it:
        city, county = it.frm, it.to
        passphrase = city.act(Role.ADMINISTRATOR)
        revocation.revoke(city.store, COUNTY.name, "2026-06-01T00:00:00Z", "遗失", passphrase, PEOPLE[Role.HEAD])
        statement = city.store.read(lambda s: revocation._list_of(s, city.store.actor.unit.id))
        assert statement is not None
        before, chance = dump(county.store), random.Random("revocations")
        raw = signedfile.header_bytes(statement)
        for _ in range(ROUNDS):
            _take_list(county, head_mutant(raw, chance), statement)
        assert dump(county.store) == before
        county.store.write(lambda s: revocation.take(s, county.store.actor, statement))


def _take_list(county: Member, data: bytes, honest: Statement) -> None:
    size = int.from_bytes(data[10:14])
    try:
        statement = Statement.from_json(signedfile.decode(data[14 : 14 + size]))
    except (ValueError, KeyError, TypeError):
        return
    if statement == honest:
        return
    with pytest.raises(FileRefusedError):
        county.store.write(lambda s: revocation.take(s, county.store.actor, statement))


def test_damaged_certificates_and_key_slots(world: Path, tmp_path: Path) -> None:
    with scene(world, tmp_path, "messages") as it:
        anchor = it.to.store.read(own_anchor)
        assert anchor is not None
        trust, chance = it.to.store.read(trust_of), random.Random("certificates")
        ders = [anchor.der, it.stranger().certificate, *trust.intermediates]
        slots = (it.to.store.home / "keys.json").read_bytes()
    for _ in range(ROUNDS):
        der = byte_mutant(chance.choice(ders) or b"", chance)
        if der in ders:
            continue
        for judge in (trust.issuing, trust.certificate):
            with pytest.raises(RefusedError):
                judge(der, "2026-11-22T00:00:00Z")
        with suppress(ValueError):
            parse(der)
        try:
            keyfile.parse(byte_mutant(slots, chance))
        except (DamagedKeysError, NewerStoreError, ValueError, KeyError, TypeError):
            continue
