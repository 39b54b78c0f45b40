"""People come, go, forget and recover; the data key changes hands accordingly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.domain.errors import NotAllowedError
from models.domain.units import Role
from models.services import operators
from models.store import audit, members, touched
from models.store.errors import (
    DamagedKeysError,
    DamagedStoreError,
    NoStoreError,
    PassphraseRefusedError,
    ReadOnlyError,
    StoreLockedError,
    WrongSecretError,
)
from models.store.store import NewOperator, Store
from models.store.tables import operator
from models.store.vault import keyfile, remembered

SECOND = NewOperator("白云", frozenset({Role.REGISTRAR}))
SECRET = "second registrar bridge 17"


def enter_second(kit: Any, fast_kdf: Any) -> None:
    code = operators.add(kit.open(Role.ADMINISTRATOR), SECOND)
    kit.close()
    operators.activate(kit.home, SECOND.name, code, SECRET, kdf=fast_kdf)


def test_an_activation_code_works_once(school_store: Any, fast_kdf: Any) -> None:
    code = operators.add(school_store.open(Role.ADMINISTRATOR), SECOND)
    school_store.close()
    with pytest.raises(NotAllowedError, match="还没有激活"):
        Store.open(school_store.home, SECOND.name, SECRET)
    with pytest.raises(PassphraseRefusedError):
        operators.activate(school_store.home, SECOND.name, code, "short", kdf=fast_kdf)
    operators.activate(school_store.home, SECOND.name, code, SECRET, kdf=fast_kdf)
    with pytest.raises(WrongSecretError, match="没有可用的激活码"):
        operators.activate(school_store.home, SECOND.name, code, SECRET, kdf=fast_kdf)
    with Store.open(school_store.home, SECOND.name, SECRET) as store:
        assert store.actor.roles == {Role.REGISTRAR}


def test_an_expired_activation_code_is_told_so(
    school_store: Any, fast_kdf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "CODE_DAYS", -1)
    code = operators.add(school_store.open(Role.ADMINISTRATOR), SECOND)
    school_store.close()
    with pytest.raises(WrongSecretError, match="过期"):
        operators.activate(school_store.home, SECOND.name, code, SECRET, kdf=fast_kdf)
    again = operators.reissue
    monkeypatch.undo()
    code = again(school_store.open(Role.ADMINISTRATOR), SECOND.name)
    school_store.close()
    operators.activate(school_store.home, SECOND.name, code, SECRET, kdf=fast_kdf)


def test_only_administrators_manage_operators(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    for act in (
        lambda: operators.add(store, SECOND),
        lambda: operators.disable(store, "郑重", "调离"),
        lambda: operators.reissue(store, "郑重"),
        lambda: operators.renew_recovery(store),
    ):
        with pytest.raises(NotAllowedError, match="系统管理员"):
            act()


def test_a_leaver_is_kept_out_for_good(school_store: Any, fast_kdf: Any) -> None:
    enter_second(school_store, fast_kdf)
    old_keys = (school_store.home / keyfile.KEYS_FILE).read_bytes()
    store = school_store.open(Role.ADMINISTRATOR)
    before = keyfile.load(school_store.home)
    operators.disable(store, SECOND.name, "调离")
    assert [row.state for row in store.read(operators.list_operators) if row.name == SECOND.name] == ["disabled"]
    assert store.read(audit.verify).ok
    assert store.read(touched.verify_rows) == ()
    school_store.close()
    after = keyfile.load(school_store.home)
    assert after.generation == before.generation + 1
    assert not (school_store.home / before.database).exists()
    with pytest.raises(WrongSecretError, match="没有名为"):
        Store.open(school_store.home, SECOND.name, SECRET)
    for role in Role:
        school_store.open(role)
    school_store.close()
    # With a key file kept from before, the old data key no longer fits anything.
    (school_store.home / keyfile.KEYS_FILE).write_bytes(old_keys)
    with pytest.raises(DamagedStoreError):
        Store.open(school_store.home, SECOND.name, SECRET)


def test_the_last_of_a_role_and_oneself_cannot_be_disabled(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    with pytest.raises(NotAllowedError, match="唯一在用的主管领导"):
        operators.disable(store, "郑重", "调离")
    with pytest.raises(NotAllowedError, match="不能停用自己"):
        operators.disable(store, "方圆", "调离")
    assert store.read(audit.verify).ok


def test_the_recovery_code_lets_a_person_in_and_ends(school_store: Any, fast_kdf: Any) -> None:
    code, home = school_store.recovery_code, school_store.home
    before = keyfile.load(home)
    with pytest.raises(WrongSecretError, match="有一处输错"):
        operators.recover(home, "0" + code[1:] if code[0] != "0" else "1" + code[1:], "郑重", SECRET, kdf=fast_kdf)
    new_code = operators.recover(home, code, "郑重", SECRET, kdf=fast_kdf)
    assert keyfile.load(home).generation == before.generation + 1
    with pytest.raises(WrongSecretError):
        Store.open(home, *school_store.people[Role.HEAD])
    with Store.open(home, "郑重", SECRET) as store:
        assert store.actor.roles == {Role.HEAD}
    school_store.open(Role.REGISTRAR)
    school_store.close()
    with pytest.raises(WrongSecretError, match="可能已经换过新的"):
        operators.recover(home, code, "郑重", SECRET, kdf=fast_kdf)
    operators.recover(home, new_code, "周全", SECRET, kdf=fast_kdf)


def test_a_new_passphrase_replaces_the_old_one(school_store: Any, fast_kdf: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    name, old = school_store.people[Role.REGISTRAR]
    signer = store.signer(old)
    with pytest.raises(WrongSecretError):
        operators.change_passphrase(store, "not the old passphrase", SECRET, kdf=fast_kdf)
    operators.change_passphrase(store, old, SECRET, kdf=fast_kdf)
    assert store.signer(SECRET).public_key == signer.public_key
    school_store.close()
    with pytest.raises(WrongSecretError):
        Store.open(school_store.home, name, old)
    Store.open(school_store.home, name, SECRET).close()


def test_five_wrong_passphrases_lock_across_openings(school_store: Any) -> None:
    name, right = school_store.people[Role.HEAD]
    for _ in range(5):
        with pytest.raises(WrongSecretError):
            Store.open(school_store.home, name, "wrong passphrase 123")
    with pytest.raises(StoreLockedError):
        Store.open(school_store.home, name, right)
    status = operators.lock_status(school_store.home)
    assert [(entry.name, entry.failures, bool(entry.locked_until)) for entry in status] == [(name, 5, True)]
    school_store.open(Role.REGISTRAR)


def test_wrong_signing_passphrases_count_too(school_store: Any) -> None:
    store = school_store.open(Role.HEAD)
    for _ in range(5):
        with pytest.raises(WrongSecretError):
            store.signer("wrong passphrase 123")
    with pytest.raises(StoreLockedError):
        store.signer(school_store.people[Role.HEAD][1])


def test_unknown_people_and_places_are_told(school_store: Any, tmp_path: Path) -> None:
    with pytest.raises(WrongSecretError, match="没有名为“某人”的在用操作员，或此人已停用。现有：方圆"):
        Store.open(school_store.home, "某人", SECRET)
    with pytest.raises(NoStoreError):
        Store.open(tmp_path / "nowhere", "某人", SECRET)
    assert operators.names(school_store.home) == ["方圆", "周全", "郑重"]


def test_a_key_file_of_another_store_is_told_from_a_wrong_secret(school_store: Any, county_store: Any) -> None:
    for name in (keyfile.KEYS_FILE, keyfile.KEYS_COPY):
        (school_store.home / name).write_bytes((county_store.home / name).read_bytes())
    with pytest.raises(DamagedStoreError):
        Store.open(school_store.home, *county_store.people[Role.HEAD])
    for name in (keyfile.KEYS_FILE, keyfile.KEYS_COPY):
        (school_store.home / name).write_bytes(b"")
    with pytest.raises(DamagedKeysError):
        school_store.open(Role.HEAD)


class FakeKeyring:
    """Stands in for the system's keyring; `mode` none raises as a missing back end, null drops silently."""

    def __init__(self, mode: str) -> None:
        self.mode, self.kept = mode, dict[tuple[str, str], str]()

    def set_password(self, service: str, user: str, secret: str) -> None:
        if self.mode == "none":
            raise RuntimeError("no backend")
        if self.mode == "good":
            self.kept[service, user] = secret

    def get_password(self, service: str, user: str) -> str | None:
        if self.mode == "none":
            raise RuntimeError("no backend")
        return self.kept.get((service, user))

    def delete_password(self, service: str, user: str) -> None:
        del self.kept[service, user]


def put_keyring(monkeypatch: pytest.MonkeyPatch, mode: str) -> FakeKeyring:
    import keyring

    fake = FakeKeyring(mode)
    for name in ("set_password", "get_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(fake, name))
    return fake


def test_the_keyring_opens_for_reading_only(school_store: Any, fast_kdf: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put_keyring(monkeypatch, "good")
    name, secret = school_store.people[Role.REGISTRAR]
    with pytest.raises(WrongSecretError, match="没有记住"):
        Store.open_remembered(school_store.home, name)
    school_store.open(Role.REGISTRAR).remember()
    school_store.close()
    with Store.open_remembered(school_store.home, name) as store:
        assert store.actor.name == name
        with pytest.raises(ReadOnlyError):
            store.write(audit.append, store.actor, "x", "y", {})
        with pytest.raises(ReadOnlyError):
            store.read(lambda session: session.execute(update(operator).values(name="x")))
        with pytest.raises(WrongSecretError):
            store.elevate("wrong passphrase 123")
        store.elevate(secret)
        store.write(audit.append, store.actor, "x", "y", {})
        store.forget()
    with pytest.raises(WrongSecretError, match="没有记住"):
        Store.open_remembered(school_store.home, name)


@pytest.mark.parametrize("mode", ["none", "null"])
def test_a_keyring_that_keeps_nothing_is_refused(mode: str, school_store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put_keyring(monkeypatch, mode)
    with pytest.raises(remembered.KeyringError):
        school_store.open(Role.REGISTRAR).remember()
    assert keyfile.load(school_store.home).remembered == ()


def test_the_recovery_code_ends_the_lock_and_an_old_passphrase_is_not_new(school_store: Any) -> None:
    name, _ = school_store.people[Role.REGISTRAR]
    for _ in range(5):
        with pytest.raises(WrongSecretError):
            Store.open(school_store.home, name, "wrong secret passage")
    assert operators.lock_status(school_store.home)[0].locked_until
    operators.recover(school_store.home, school_store.recovery_code, name, "another river passage 88")
    assert not operators.lock_status(school_store.home)
    fresh = "another river passage 88"
    with Store.open(school_store.home, name, fresh) as store, pytest.raises(PassphraseRefusedError, match="相同"):
        operators.change_passphrase(store, fresh, fresh)
