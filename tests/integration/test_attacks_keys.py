"""The files beside the store edited or put back by somebody: a sentence, never a bug, and never the data lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.domain.errors import UserError
from models.domain.signing import canonical, digest
from models.domain.units import Role
from models.services import operators
from models.store.errors import DamagedKeysError, DamagedStoreError, WrongSecretError
from models.store.store import NewOperator, Store
from models.store.vault import attempts, keyfile


def _edit(home: Path, who: str, changed: dict[str, object]) -> None:
    """Change an operator's slot as somebody would who also puts the digest right."""
    data = json.loads((home / keyfile.KEYS_FILE).read_bytes())
    del data["digest"]
    slot = next(slot for slot in data["operators"] if slot["name"] == who)
    for key, value in changed.items():
        (slot["cost"] if key in slot["cost"] else slot)[key] = value
    for file in (keyfile.KEYS_FILE, keyfile.KEYS_COPY):
        (home / file).write_bytes(canonical({**data, "digest": digest(data)}))


@pytest.mark.parametrize("changed", [{"memory": "x"}, {"passes": None}, {"lanes": 2.5}, {"name": 5}, {"person_id": []}])
def test_a_slot_of_other_types_is_a_damaged_key_file(school_store: Any, changed: dict[str, object]) -> None:
    name, passphrase = school_store.people[Role.REGISTRAR]
    _edit(school_store.home, name, changed)
    with pytest.raises(DamagedKeysError):
        Store.open(school_store.home, name, passphrase)


@pytest.mark.parametrize("changed", [{"memory": 8}, {"passes": -1}, {"lanes": 0}, {"memory": 1 << 30}, {"salt": ""}])
def test_a_cheaper_or_stalling_slot_opens_nothing(school_store: Any, changed: dict[str, object]) -> None:
    name, passphrase = school_store.people[Role.REGISTRAR]
    _edit(school_store.home, name, changed)
    with pytest.raises(WrongSecretError):
        Store.open(school_store.home, name, passphrase)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a": [Infinity, "x"]}', '{"a": [5, "2026-01-01"]}', "[]", "5"])
def test_a_spoilt_list_of_attempts_keeps_nobody_out(school_store: Any, content: str) -> None:
    (school_store.home / attempts.ATTEMPTS_FILE).write_text(content, encoding="utf-8")
    school_store.open(Role.REGISTRAR).close()
    operators.lock_status(school_store.home)


def test_old_keys_put_back_do_not_cost_the_data(school_store: Any) -> None:
    """After a leaver's key was taken away the old keys name a database that is gone; the new one must survive."""
    home = school_store.home
    old = (home / keyfile.KEYS_FILE).read_bytes()
    with school_store.open(Role.ADMINISTRATOR) as store:
        operators.add(store, NewOperator("新来的", frozenset({Role.REGISTRAR})))
        operators.disable(store, "新来的", "")
    new = (home / keyfile.KEYS_FILE).read_bytes()
    database = next(home.glob("store-*.db")).name
    for file in (keyfile.KEYS_FILE, keyfile.KEYS_COPY):
        (home / file).write_bytes(old)
    with pytest.raises(DamagedStoreError, match="缺失"):
        school_store.open(Role.REGISTRAR)
    assert [path.name for path in home.glob("store-*.db")] == [database]
    (home / keyfile.KEYS_FILE).write_bytes(new)
    school_store.open(Role.REGISTRAR).close()


def test_a_missing_database_is_not_begun_anew(school_store: Any) -> None:
    next(school_store.home.glob("store-*.db")).unlink()
    with pytest.raises(UserError, match="缺失"):
        school_store.open(Role.REGISTRAR)
    assert not list(school_store.home.glob("store-*.db*"))
