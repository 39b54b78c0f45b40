"""Files of every purpose at the wrong unit, twice at once, killed half-way, under hostile names; and what they show."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.domain.errors import UserError
from models.domain.units import Role
from models.services import maintenance
from models.store import tables as t
from models.store.errors import StoreBusyError
from models.store.store import Store
from sync.formats import describe
from sync.packages import inbox, ledger, receiving
from sync.refusals import RefusedError
from sync.transport import incoming, parts
from tests.attack_world import PURPOSES, ROUTES, Scene, make_attack_world, scene
from tests.insider import dump
from tests.integration.test_store_crash import run_and_kill, start
from tests.sync_world import PEOPLE, open_member, opened

pytestmark = pytest.mark.filterwarnings("error")

PERSONAL = ("赵明", "赵明华", "赵明丽", "2018-03-05", "负责人", "登记员", "核对照片")
"""Pupils, a birthday, persons who sign, and the title of a notice."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_attack_world(tmp_path_factory.mktemp("attack"))


@pytest.fixture
def report(world: Path, tmp_path: Path) -> Iterator[Scene]:
    with scene(world, tmp_path, "report") as it:
        yield it


def test_a_file_at_the_wrong_unit_changes_nothing(world: Path, tmp_path: Path) -> None:
    names = ("school", "second", "county", "city")
    for name in names:
        shutil.copytree(world / "units" / name, tmp_path / name)
    with opened(tmp_path, *names) as members:
        for name, member in zip(names, members, strict=True):
            before = dump(member.store)
            for purpose in PURPOSES:
                if ROUTES[purpose][1] != name:
                    with pytest.raises(RefusedError, match="不是发给本单位的"):
                        member.receive(world / "files" / f"{purpose}.rollbook")
            assert dump(member.store) == before


@pytest.mark.parametrize("purpose", PURPOSES)
def test_received_twice_at_once_is_received_once(
    world: Path, tmp_path: Path, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window and the watched folder hand the same file in: both judge it, then both take it."""
    with scene(world, tmp_path, purpose) as it:
        honest, first = inbox.authenticate, []

        def overtaken(*given: Any) -> Any:
            arrival = honest(*given)
            if not first:
                first.append(True)
                monkeypatch.setattr(inbox, "authenticate", honest)
                first.append(it.receive(it.file))
            return arrival

        monkeypatch.setattr(inbox, "authenticate", overtaken)
        with pytest.raises(RefusedError, match="此前已经接收"):
            it.receive(it.file)
        assert not first[1].refused
        packages = it.to.store.read(lambda s: s.execute(t.package.select()).all())
        assert len({row.id for row in packages}) == len(packages)
        with pytest.raises(RefusedError, match="此前已经接收"):
            it.receive(it.file)


def test_a_second_program_waits_outside(report: Scene) -> None:
    home = report.to.store.home
    report.to.store.close()
    child = start("hold", home, *PEOPLE[Role.ADMINISTRATOR])
    try:
        with pytest.raises(StoreBusyError):
            Store.open(home, *PEOPLE[Role.ADMINISTRATOR])
    finally:
        child.kill()
        child.communicate(timeout=30)


@pytest.mark.parametrize(("purpose", "place"), [(p, "entered") for p in PURPOSES] + [("report", "moved")])
def test_killed_while_a_file_is_received(world: Path, tmp_path: Path, purpose: str, place: str) -> None:
    with scene(world, tmp_path, purpose) as it:
        before, home = dump(it.to.store), it.to.store.home
        it.to.store.close()
        run_and_kill("receive", home, *PEOPLE[Role.ADMINISTRATOR], place, "after", it.file)
        it.to = open_member(home)
        try:
            after = dump(it.to.store)
            assert {name for name in before if before[name] != after[name]} <= {"setting", "audit", "audit_body"}
            assert not it.receive(it.file).refused
            assert maintenance.check(it.to.store).ok
        finally:
            it.to.store.close()


@pytest.mark.parametrize(("place", "when"), [("joined", "before"), ("joined", "after"), ("dropped", "before")])
def test_killed_while_parts_are_put_together(world: Path, tmp_path: Path, place: str, when: str) -> None:
    with scene(world, tmp_path, "report") as it:
        home, size = it.to.store.home, it.file.stat().st_size
        (tmp_path / "parts").mkdir()
        pieces = parts.split(it.file, tmp_path / "parts", size // 3 + 1)
        it.to.store.close()
        run_and_kill("receive", home, *PEOPLE[Role.ADMINISTRATOR], place, when, *pieces)
        it.to = open_member(home)
        try:
            (taken,) = receiving.receive_all(it.to.store, [pieces[1]])
            assert taken.known or (taken.received is not None and not taken.received.refused)
            assert incoming.sets(home) == []
            assert list((home / incoming.FOLDER).iterdir()) == []
            with pytest.raises(RefusedError, match="此前已经接收"):
                it.receive(it.file)
            assert maintenance.check(it.to.store).ok
        finally:
            it.to.store.close()


HOSTILE = (
    "; rm -rf ~.rollbook", "-h.rollbook", "..rollbook", "a\u202ekoobllor.rollbook", "甲\n乙.rollbook", "名" * 80, "CON",
)  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="names Windows does not have")
@pytest.mark.parametrize("name", [*HOSTILE, "\udcff\udcfe.rollbook"])
def test_a_hostile_name_is_only_a_name(world: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "stick").mkdir()
    with scene(world, tmp_path, "messages") as it:
        path = tmp_path / "stick" / name
        damaged = bytearray(it.file.read_bytes())
        damaged[-1] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(UserError):
            it.receive(path)
        describe(path).to_json()
        (failed,) = receiving.receive_all(it.to.store, [path])
        assert failed.refused
        shutil.copyfile(it.file, path)
        received = it.receive(path)
        assert not received.refused
        row = it.to.store.read(ledger.find, received.package_id or "")
        assert row is not None
        assert row.file_name.isprintable()
        assert "/" not in row.file_name
        assert row.file_name.encode()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_no_file_shows_whom_it_is_about(world: Path, tmp_path: Path, purpose: str) -> None:
    """Heads of files and parts, their names, and what anybody may be told of them without a key."""
    path = world / "files" / f"{purpose}.rollbook"
    pieces = parts.split(path, tmp_path, path.stat().st_size // 2 + 1)
    told = str(describe(path).to_json()) + "".join(str(describe(piece).to_json()) for piece in pieces)
    shown = [path.read_bytes(), *(piece.read_bytes() for piece in pieces), told.encode()]
    shown += [piece.name.encode() for piece in pieces]
    for word in PERSONAL:
        assert not any(word.encode() in raw for raw in shown), word


def test_no_log_says_whom_it_is_about(world: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for purpose in PURPOSES:
        (tmp_path / purpose).mkdir()
        with scene(world, tmp_path / purpose, purpose) as it:
            it.receive(it.file)
    assert not any(word in caplog.text for word in PERSONAL)
