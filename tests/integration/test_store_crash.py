"""Killed at any moment, the store opens again, whole, with what was committed and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from models.domain.units import Role
from models.services import maintenance, operators
from models.store.errors import StoreBusyError
from models.store.store import NewOperator, Store
from models.store.tables import setting
from models.store.vault import keyfile

CHILD = Path(__file__).with_name("store_child.py")
ROOT = Path(__file__).parents[2]
SECRET = "recovered person bridge 17"


def start(*arguments: object) -> subprocess.Popen[str]:
    """The child at the place where it stands still."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"}
    child = subprocess.Popen(
        [sys.executable, str(CHILD), *map(str, arguments)], stdout=subprocess.PIPE, env=environment, encoding="utf-8"
    )
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line == "here\n", "the child ended before it reached the place"
    return child


def kill(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate(timeout=30)


def run_and_kill(*arguments: object) -> None:
    kill(start(*arguments))


def assert_whole(store: Store) -> None:
    report = maintenance.check(store)
    assert report.problems == ()


@pytest.mark.parametrize(("act", "kept"), [("write", 0), ("committed", 4000)])
def test_killed_in_or_after_a_transaction(act: str, kept: int, school_store: Any) -> None:
    run_and_kill(act, school_store.home, *school_store.people[Role.REGISTRAR], "fill")
    store = school_store.open(Role.REGISTRAR)
    count = select(func.count()).select_from(setting).where(setting.c.key.startswith("fill"))
    assert store.read(lambda session: session.scalar(count)) == kept
    assert_whole(store)


REKEY_PLACES = [
    ("export", "before", 1), ("export", "after", 1), ("change", "after", 1), ("check", "after", 1),
    ("save", "before", 1), ("replace", "before", 1), ("replace", "after", 1), ("replace", "after", 2),
    ("save", "after", 1), ("tidy", "after", 1),
]  # fmt: skip


@pytest.mark.parametrize("place", REKEY_PLACES, ids=str)
def test_killed_while_the_data_key_changes(place: tuple[Any, ...], school_store: Any, fast_kdf: Any) -> None:
    home, code = school_store.home, school_store.recovery_code
    before = keyfile.load(home).generation
    # The tries of the code are counted in a file of their own first: one more replacement.
    at = (place[0], place[1], place[2] + 2) if place[0] == "replace" else place
    run_and_kill("recover", home, "郑重", SECRET, code, *at)
    swapped = keyfile.load(home).generation > before
    assert swapped == (place in REKEY_PLACES[6:])
    store = school_store.open(Role.REGISTRAR)
    assert_whole(store)
    school_store.close()
    assert [path.name for path in home.glob("store-*")] == [keyfile.load(home).database]
    assert list(home.glob("*.part*")) == []
    if swapped:
        Store.open(home, "郑重", SECRET).close()
    else:
        school_store.open(Role.HEAD)
        school_store.close()
        operators.recover(home, code, "郑重", SECRET, kdf=fast_kdf)


@pytest.mark.parametrize(("place", "when"), [("admit", "after"), ("save", "before"), ("save", "after")])
def test_killed_at_the_first_login(place: str, when: str, school_store: Any, fast_kdf: Any) -> None:
    code = operators.add(school_store.open(Role.ADMINISTRATOR), NewOperator("白云", frozenset({Role.REGISTRAR})))
    school_store.close()
    run_and_kill("activate", school_store.home, "白云", SECRET, code, place, when, 1)
    if when == "before" or place == "admit":
        operators.activate(school_store.home, "白云", code, SECRET, kdf=fast_kdf)
    with Store.open(school_store.home, "白云", SECRET) as store:
        assert_whole(store)
        store.signer(SECRET)


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_a_backup_is_written(when: str, school_store: Any) -> None:
    run_and_kill("backup", school_store.home, *school_store.people[Role.REGISTRAR], "assemble", when, 1)
    assert not (school_store.home / "out.rollbook").exists()
    store = school_store.open(Role.REGISTRAR)
    assert_whole(store)
    assert maintenance.backup(store, school_store.home / "out.rollbook").unit_name == school_store.unit.name


def test_a_second_instance_is_told_who_has_it_open(school_store: Any) -> None:
    child = start("hold", school_store.home, *school_store.people[Role.REGISTRAR])
    try:
        with pytest.raises(StoreBusyError, match="周全"):
            school_store.open(Role.HEAD)
        with pytest.raises(StoreBusyError, match="周全"):
            operators.recover(school_store.home, school_store.recovery_code, "郑重", SECRET)
    finally:
        kill(child)
    school_store.open(Role.HEAD)
