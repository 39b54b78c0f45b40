"""Ways into a closed store: by passphrase, by a printed code, by the keyring."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from models.domain.errors import NotAllowedError
from models.domain.times import local_text, now_text
from models.store.errors import DamagedKeysError, WrongSecretError
from models.store.instance import InstanceLock
from models.store.vault import codes, keyfile, remembered, slots
from models.store.vault.attempts import counted
from models.store.vault.codes import KIND_LABELS, CodeKind
from models.store.vault.keyfile import KeyFile
from models.store.vault.keys import MisfitError
from models.store.vault.slots import PersonKeys


@dataclass(frozen=True)
class Entry:
    """What a fitting secret gives: the key file, the data key and whose secret it was (empty: the recovery code)."""

    file: KeyFile
    data_key: bytes
    person_id: str


def by_passphrase(home: Path, name: str, passphrase: str) -> Entry:
    """Try an operator's passphrase; raises WrongSecretError, StoreLockedError and the key file's errors."""
    return passphrase_entry(home, keyfile.load(home), name, passphrase)


def passphrase_entry(home: Path, file: KeyFile, name: str, passphrase: str) -> Entry:
    """As `by_passphrase` with a key file that is already at hand."""
    person = person_keys(home, file, name, passphrase)
    slot = file.operator(name)
    if slot is None:
        raise DamagedKeysError(home)
    try:
        return Entry(file, slots.operator_data_key(file, slot, person), slot.person_id)
    except MisfitError:
        raise DamagedKeysError(home) from None


def person_keys(home: Path, file: KeyFile, name: str, passphrase: str) -> PersonKeys:
    """An operator's private keys by their passphrase, counted against the lock."""
    slot = file.operator(name)
    if slot is None:
        if file.code(CodeKind.ACTIVATION, name):
            raise NotAllowedError(f"“{name}”还没有激活。请先用激活码激活并设定自己的口令。")
        known = "、".join(slot.name for slot in file.operators) or "无"
        raise WrongSecretError(f"没有名为“{name}”的在用操作员，或此人已停用。现有：{known}。")
    with counted(home, name):
        return slots.open_operator(file, slot, passphrase)


def by_code(home: Path, kind: CodeKind, code: str, name: str = "") -> Entry:
    """Try a printed code, an activation code together with the person's name; raises WrongSecretError."""
    return code_entry(home, keyfile.load(home), kind, code, name)


def code_entry(home: Path, file: KeyFile, kind: CodeKind, code: str, name: str = "") -> Entry:
    """As `by_code` with a key file that is already at hand."""
    codes.decode(code, kind)  # a typing error is no attempt
    slot = file.code(kind, name)
    if slot is None:
        whose = f"“{name}”" if name else "这份名册"
        raise WrongSecretError(f"{whose}现在没有可用的{KIND_LABELS[kind]}。已经用过的不能再用，请向系统管理员要新的。")
    if slot.expires and slot.expires < now_text():
        raise WrongSecretError(f"这个激活码已在 {local_text(slot.expires)} 过期。请向系统管理员要新的。")
    with counted(home, name or KIND_LABELS[kind]):
        return Entry(file, slots.code_data_key(file, slot, code), slot.person_id)


def by_keyring(home: Path, name: str) -> Entry:
    """Use the secret kept in the keyring of this computer account; raises WrongSecretError when there is none."""
    file = keyfile.load(home)
    slot = next((slot for slot in file.remembered if slot.name == name), None)
    secret = remembered.recall(file.store_id, slot.person_id) if slot else None
    if slot is None or secret is None:
        raise WrongSecretError("这台电脑没有记住口令，或者记住的已失效。请输入口令。")
    try:
        return Entry(file, slots.remembered_data_key(file, slot, secret), slot.person_id)
    except MisfitError:
        raise WrongSecretError("这台电脑记住的口令已失效。请输入口令。") from None


def without_expired(file: KeyFile) -> KeyFile:
    """The key file without activation codes whose time is over."""
    now = now_text()
    return replace(file, codes=tuple(slot for slot in file.codes if not slot.expires or slot.expires >= now))


@contextmanager
def held(home: Path, who: str) -> Iterator[None]:
    """Hold the folder's instance lock for a step that needs no open store."""
    if not keyfile.exists(home):
        keyfile.load(home)  # says what is missing
    lock = InstanceLock(home, who, local_text(now_text()))
    try:
        yield
    finally:
        lock.release()
