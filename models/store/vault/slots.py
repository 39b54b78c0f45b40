"""Making and opening the slots of keys.json."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, replace
from typing import Any

from models.domain.signing import canonical
from models.store.errors import WrongSecretError
from models.store.vault import codes, keys
from models.store.vault.codes import KIND_LABELS, CodeKind
from models.store.vault.keyfile import CodeSlot, KeyFile, OperatorSlot, RememberedSlot
from models.store.vault.keys import MisfitError, Pair
from models.store.vault.passphrase import KdfParameters, derive

WRONG_PASSPHRASE = "口令不对。请检查大小写和输入法后再试。"


@dataclass(frozen=True)
class PersonKeys:
    """An operator's unlocked private keys (DER PKCS8)."""

    signing: bytes
    opening: bytes


def operator_slot(
    file: KeyFile, data_key: bytes, person_id: str, name: str, passphrase: str, cost: KdfParameters
) -> OperatorSlot:
    """Slot of an operator with keys born now."""
    signing, opening = keys.new_pair(), keys.new_pair()
    slot = OperatorSlot(
        person_id,
        name,
        signing.public,
        opening.public,
        b"",
        cost,
        b"",
        _wrap(file, data_key, person_id, opening.public),
    )
    return _sealed(file, slot, PersonKeys(signing.private, opening.private), passphrase)


def open_operator(file: KeyFile, slot: OperatorSlot, passphrase: str) -> PersonKeys:
    """The operator's private keys; raises WrongSecretError."""
    try:
        key = derive(passphrase, slot.salt, slot.cost)
        content = json.loads(keys.unseal(key, slot.sealed, _operator_context(file, slot)))
    except (MisfitError, ValueError):
        raise WrongSecretError(WRONG_PASSPHRASE) from None
    return PersonKeys(base64.b64decode(content["signing"]), base64.b64decode(content["opening"]))


def change_passphrase(file: KeyFile, slot: OperatorSlot, old: str, new: str, cost: KdfParameters) -> OperatorSlot:
    """The same keys under a new passphrase; raises WrongSecretError for the old one."""
    return _sealed(file, replace(slot, cost=cost), open_operator(file, slot, old), new)


def renamed(file: KeyFile, data_key: bytes, slot: OperatorSlot, person_id: str, passphrase: str) -> OperatorSlot:
    """The same keys and passphrase under another person id; raises WrongSecretError."""
    person = open_operator(file, slot, passphrase)
    wrapped = _wrap(file, data_key, person_id, slot.opening_key)
    return _sealed(file, replace(slot, person_id=person_id, data_key=wrapped), person, passphrase)


def operator_data_key(file: KeyFile, slot: OperatorSlot, person: PersonKeys) -> bytes:
    """The data key as wrapped to the operator; raises MisfitError when the slot was put together wrongly."""
    return keys.unwrap(slot.data_key, person.opening, _wrap_context(file, slot.person_id))


def code_slot(
    file: KeyFile, data_key: bytes, kind: CodeKind, code: str, person_id: str = "", name: str = "", expires: str = ""
) -> CodeSlot:
    """Slot of a printed code."""
    pair: Pair = keys.new_pair()
    wrapped = _wrap(file, data_key, person_id or kind, pair.public)
    slot = CodeSlot(kind, person_id, name, expires, pair.public, b"", wrapped)
    key = keys.subkey(codes.decode(code, kind), f"code {kind}")
    return replace(slot, sealed=keys.seal(key, pair.private, _code_context(file, slot)))


def code_data_key(file: KeyFile, slot: CodeSlot, code: str) -> bytes:
    """The data key by a printed code; raises WrongSecretError."""
    key = keys.subkey(codes.decode(code, slot.kind), f"code {slot.kind}")
    try:
        private = keys.unseal(key, slot.sealed, _code_context(file, slot))
        return keys.unwrap(slot.data_key, private, _wrap_context(file, slot.person_id or slot.kind))
    except MisfitError:
        label = KIND_LABELS[slot.kind]
        raise WrongSecretError(f"{label}不对：它不是这份名册现在的{label}，可能已经换过新的。") from None


def remembered_slot(file: KeyFile, data_key: bytes, person_id: str, name: str, secret: bytes) -> RememberedSlot:
    """Slot of a random secret that lies in the keyring."""
    return RememberedSlot(person_id, name, keys.seal(secret, data_key, _remembered_context(file, person_id, name)))


def remembered_data_key(file: KeyFile, slot: RememberedSlot, secret: bytes) -> bytes:
    """The data key by the keyring's secret; raises MisfitError."""
    return keys.unseal(secret, slot.sealed, _remembered_context(file, slot.person_id, slot.name))


def rewrapped(file: KeyFile, data_key: bytes, openers: dict[str, bytes]) -> KeyFile:
    """`file` with a new data key wrapped to the public keys in `openers` ({person id, or code kind: DER}).

    The keys come from the encrypted store, not from keys.json: a slot that differs from it is left out, so nobody
    can slip in a key of their own from outside. Keyring entries end, since their secrets are not at hand.
    """

    def fits(slot: OperatorSlot | CodeSlot, who: str) -> bool:
        return openers.get(who) == slot.opening_key

    operators = tuple(
        replace(slot, data_key=_wrap(file, data_key, slot.person_id, slot.opening_key))
        for slot in file.operators
        if fits(slot, slot.person_id)
    )
    printed = tuple(
        replace(slot, data_key=_wrap(file, data_key, slot.person_id or slot.kind, slot.opening_key))
        for slot in file.codes
        if fits(slot, slot.person_id or slot.kind)
    )
    return replace(file, operators=operators, codes=printed, remembered=())


def _sealed(file: KeyFile, slot: OperatorSlot, person: PersonKeys, passphrase: str) -> OperatorSlot:
    slot = replace(slot, salt=secrets.token_bytes(16))
    content = {
        "signing": base64.b64encode(person.signing).decode(),
        "opening": base64.b64encode(person.opening).decode(),
    }
    key = derive(passphrase, slot.salt, slot.cost)
    return replace(slot, sealed=keys.seal(key, canonical(content), _operator_context(file, slot)))


def _wrap(file: KeyFile, data_key: bytes, who: str, public: bytes) -> bytes:
    return keys.wrap(data_key, public, _wrap_context(file, who))


def _wrap_context(file: KeyFile, who: str) -> Any:
    return {"use": "data key", "store": file.store_id, "generation": file.generation, "who": who}


def _operator_context(file: KeyFile, slot: OperatorSlot) -> Any:
    cost = [slot.cost.memory, slot.cost.passes, slot.cost.lanes, slot.salt.hex()]
    public = [slot.signing_key.hex(), slot.opening_key.hex()]
    return {
        "use": "operator",
        "store": file.store_id,
        "who": slot.person_id,
        "name": slot.name,
        "kdf": cost,
        "keys": public,
    }


def _code_context(file: KeyFile, slot: CodeSlot) -> Any:
    who = [slot.person_id, slot.name, slot.expires]
    return {"use": slot.kind, "store": file.store_id, "who": who, "key": slot.opening_key.hex()}


def _remembered_context(file: KeyFile, person_id: str, name: str) -> Any:
    return {"use": "keyring", "store": file.store_id, "generation": file.generation, "who": [person_id, name]}
