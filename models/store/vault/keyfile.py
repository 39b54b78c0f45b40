"""keys.json: the public side of who can open the store, and their sealed private parts.

It also names the database file in force, so that replacing this one small file changes data key and database at one
stroke. A copy is written after it and used when the first is damaged.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path, PurePath
from typing import Any

from models.domain.signing import canonical, digest
from models.store.errors import DamagedKeysError, NewerStoreError, NoStoreError
from models.store.files import write_atomically
from models.store.vault.codes import CodeKind
from models.store.vault.passphrase import KdfParameters

KEYS_FILE, KEYS_COPY = "keys.json", "keys.copy.json"
VERSION = 1
_LIMIT = 1 << 20
_SIMPLE = {"str": str, "int": int, "bytes": bytes}
_BYTES = frozenset({"signing_key", "opening_key", "salt", "sealed", "data_key"})


@dataclass(frozen=True)
class OperatorSlot:
    """An operator's two public keys (DER), private parts sealed under the passphrase, data key wrapped to them."""

    person_id: str
    name: str
    signing_key: bytes
    opening_key: bytes
    salt: bytes
    cost: KdfParameters
    sealed: bytes
    data_key: bytes


@dataclass(frozen=True)
class CodeSlot:
    """A printed code: an opening pair sealed under it, the data key wrapped to the pair.

    `person_id` is empty for the recovery code; `expires` is empty or a time.
    """

    kind: CodeKind
    person_id: str
    name: str
    expires: str
    opening_key: bytes
    sealed: bytes
    data_key: bytes


@dataclass(frozen=True)
class RememberedSlot:
    """The data key sealed under a random key that lies in the keyring of the person's Windows account."""

    person_id: str
    name: str
    sealed: bytes


@dataclass(frozen=True)
class KeyFile:
    """Content of keys.json; `generation` counts data keys, `database` is the file name in the same folder."""

    store_id: str
    generation: int
    database: str
    operators: tuple[OperatorSlot, ...] = ()
    codes: tuple[CodeSlot, ...] = ()
    remembered: tuple[RememberedSlot, ...] = ()

    def operator(self, name: str) -> OperatorSlot | None:
        """Slot of the operator called `name`."""
        return next((slot for slot in self.operators if slot.name == name), None)

    def code(self, kind: CodeKind, name: str = "") -> CodeSlot | None:
        """The recovery code's slot, or the activation code's of `name`."""
        return next((slot for slot in self.codes if slot.kind is kind and slot.name == name), None)

    def with_operator(self, slot: OperatorSlot) -> KeyFile:
        """With the operator's slot put in or replaced, and no activation code or keyring entry of theirs left."""
        return replace(self.without_person(slot.person_id), operators=(*self._others(slot.person_id), slot))

    def with_code(self, slot: CodeSlot) -> KeyFile:
        """With the code's slot put in or replaced."""
        kept = tuple(other for other in self.codes if (other.kind, other.person_id) != (slot.kind, slot.person_id))
        return replace(self, codes=(*kept, slot))

    def without_person(self, person_id: str) -> KeyFile:
        """With everything of one person taken out."""
        return replace(
            self,
            operators=self._others(person_id),
            codes=tuple(slot for slot in self.codes if slot.person_id != person_id),
            remembered=tuple(slot for slot in self.remembered if slot.person_id != person_id),
        )

    def _others(self, person_id: str) -> tuple[OperatorSlot, ...]:
        return tuple(slot for slot in self.operators if slot.person_id != person_id)

    def to_bytes(self) -> bytes:
        """The file's bytes: canonical JSON with a digest that tells damage from a wrong secret."""
        body = _encode(asdict(self)) | {"version": VERSION}
        return canonical(body | {"digest": digest(body)})


def parse(content: bytes) -> KeyFile:
    """Read the bytes of a key file; raises ValueError for damage and NewerStoreError for a later version."""
    try:
        data = json.loads(content)
        found = data.pop("digest")
        if digest(data) != found:
            raise ValueError("digest")
        if data.pop("version") > VERSION:
            raise NewerStoreError("密钥文件")
        data = _decode(data)
        operators = tuple(
            OperatorSlot(**slot | {"cost": KdfParameters(**slot["cost"])}) for slot in data.pop("operators")
        )
        codes = tuple(CodeSlot(**slot | {"kind": CodeKind(slot["kind"])}) for slot in data.pop("codes"))
        remembered = tuple(RememberedSlot(**slot) for slot in data.pop("remembered"))
        result = KeyFile(**data, operators=operators, codes=codes, remembered=remembered)
        for part in (result, *operators, *(slot.cost for slot in operators), *codes, *remembered):
            _require_types(part)
        if PurePath(result.database).name != result.database or not result.database.endswith(".db"):
            raise ValueError("database name")
        return result
    except (AttributeError, KeyError, TypeError, RecursionError, binascii.Error) as fault:
        raise ValueError(str(fault)) from None


def _require_types(part: Any) -> None:
    """Raises ValueError for a text, number or bytes that is something else: who edits the file gives no bug."""
    for field in fields(part):
        wanted = _SIMPLE.get(str(field.type))
        if wanted is not None and type(getattr(part, field.name)) is not wanted:
            raise ValueError(field.name)


def exists(home: Path) -> bool:
    """Whether the folder holds a store (its keys or their copy)."""
    return (home / KEYS_FILE).exists() or (home / KEYS_COPY).exists()


def load(home: Path) -> KeyFile:
    """Read keys.json, or its copy when it is damaged; raises NoStoreError, DamagedKeysError, NewerStoreError."""
    for name in (KEYS_FILE, KEYS_COPY):
        path = home / name
        try:
            if path.stat().st_size <= _LIMIT:
                return parse(path.read_bytes())
        except (FileNotFoundError, ValueError):
            continue
    if not exists(home) and not any(home.glob("store-*.db")):
        raise NoStoreError(home)
    raise DamagedKeysError(home)


def save(home: Path, keys: KeyFile) -> None:
    """Put `keys` in force, then renew the copy; a crash between leaves the new ones in force."""
    content = keys.to_bytes()
    write_atomically(home / KEYS_FILE, content)
    write_atomically(home / KEYS_COPY, content)


def _encode(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item) for item in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item, validate=True) if key in _BYTES else _decode(item)
            for key, item in value.items()
        }
    return [_decode(item) for item in value] if isinstance(value, list) else value
