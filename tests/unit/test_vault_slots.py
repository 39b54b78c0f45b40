"""Slots of keys.json: what opens them, what they are bound to, and the file itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.store.errors import DamagedKeysError, NewerStoreError, NoStoreError, WrongSecretError
from models.store.vault import codes, keyfile, keys, slots
from models.store.vault.codes import CodeKind
from models.store.vault.keyfile import KeyFile
from models.store.vault.keys import MisfitError
from models.store.vault.passphrase import KdfParameters

DATA_KEY = bytes(range(32))
GOOD, OTHER = "correct horse battery", "another horse battery"


@pytest.fixture
def file(fast_kdf: KdfParameters) -> KeyFile:
    empty = KeyFile("store-a", 1, "store-1-0000.db")
    return empty.with_operator(slots.operator_slot(empty, DATA_KEY, "p1", "方圆", GOOD, fast_kdf))


def test_a_passphrase_opens_its_slot_and_no_other_does(file: KeyFile) -> None:
    person = slots.open_operator(file, file.operators[0], GOOD)
    assert slots.operator_data_key(file, file.operators[0], person) == DATA_KEY
    with pytest.raises(WrongSecretError):
        slots.open_operator(file, file.operators[0], OTHER)


@pytest.mark.parametrize(
    "forged", [{"person_id": "p2"}, {"name": "白露"}, {"cost": KdfParameters(19456, 3, 1)}, {"signing_key": b"x"}]
)
def test_a_slot_is_bound_to_what_it_says(file: KeyFile, forged: dict[str, Any]) -> None:
    with pytest.raises(WrongSecretError):
        slots.open_operator(file, replace(file.operators[0], **forged), GOOD)


def test_a_slot_does_not_open_in_another_store_or_generation(file: KeyFile) -> None:
    with pytest.raises(WrongSecretError):
        slots.open_operator(replace(file, store_id="store-b"), file.operators[0], GOOD)
    person = slots.open_operator(file, file.operators[0], GOOD)
    with pytest.raises(MisfitError):
        slots.operator_data_key(replace(file, generation=2), file.operators[0], person)


def test_a_changed_passphrase_keeps_the_keys(file: KeyFile, fast_kdf: KdfParameters) -> None:
    before = slots.open_operator(file, file.operators[0], GOOD)
    changed = slots.change_passphrase(file, file.operators[0], GOOD, OTHER, fast_kdf)
    assert slots.open_operator(file, changed, OTHER) == before
    with pytest.raises(WrongSecretError):
        slots.open_operator(file, changed, GOOD)


def test_a_printed_code_opens_its_slot(file: KeyFile) -> None:
    code = codes.new_code(CodeKind.RECOVERY)
    slot = slots.code_slot(file, DATA_KEY, CodeKind.RECOVERY, code)
    assert slots.code_data_key(file, slot, code) == DATA_KEY
    with pytest.raises(WrongSecretError, match="不是这份名册现在的恢复码"):
        slots.code_data_key(file, slot, codes.new_code(CodeKind.RECOVERY))


def test_an_activation_code_cannot_be_made_to_last_longer(file: KeyFile) -> None:
    code = codes.new_code(CodeKind.ACTIVATION)
    slot = slots.code_slot(file, DATA_KEY, CodeKind.ACTIVATION, code, "p2", "白露", "2026-01-01T00:00:00Z")
    with pytest.raises(WrongSecretError):
        slots.code_data_key(file, replace(slot, expires="2036-01-01T00:00:00Z"), code)


def test_a_new_data_key_reaches_only_keys_the_store_knows(file: KeyFile, fast_kdf: KdfParameters) -> None:
    intruder = slots.operator_slot(file, DATA_KEY, "p9", "闯入", GOOD, fast_kdf)
    new = slots.rewrapped(
        replace(file.with_operator(intruder), generation=2), bytes(32), {"p1": file.operators[0].opening_key}
    )
    assert [slot.person_id for slot in new.operators] == ["p1"]
    person = slots.open_operator(new, new.operators[0], GOOD)
    assert slots.operator_data_key(new, new.operators[0], person) == bytes(32)


def test_the_key_file_survives_writing_and_reading(file: KeyFile, tmp_path: Path) -> None:
    code = slots.code_slot(file, DATA_KEY, CodeKind.RECOVERY, codes.new_code(CodeKind.RECOVERY))
    whole = replace(file.with_code(code), remembered=(slots.remembered_slot(file, DATA_KEY, "p1", "方圆", bytes(32)),))
    keyfile.save(tmp_path, whole)
    assert keyfile.load(tmp_path) == whole


def test_any_flipped_bit_in_the_key_file_is_damage_not_a_wrong_secret(file: KeyFile) -> None:
    content = file.to_bytes()
    for place in range(0, len(content), 7):
        flipped = bytearray(content)
        flipped[place] ^= 1
        with pytest.raises((ValueError, NewerStoreError)):
            keyfile.parse(bytes(flipped))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff\xfe", b"[" * 100_000, b'{"digest":1}'])
def test_nonsense_is_damage(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        keyfile.parse(content)


def test_the_copy_stands_in_for_a_damaged_key_file(file: KeyFile, tmp_path: Path) -> None:
    keyfile.save(tmp_path, file)
    (tmp_path / keyfile.KEYS_FILE).write_bytes(b"rubbish")
    assert keyfile.load(tmp_path) == file
    (tmp_path / keyfile.KEYS_COPY).write_bytes(b"rubbish")
    with pytest.raises(DamagedKeysError):
        keyfile.load(tmp_path)


def test_no_store_is_told_from_lost_keys(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError):
        keyfile.load(tmp_path)
    (tmp_path / "store-1-00.db").write_bytes(b"x")
    with pytest.raises(DamagedKeysError):
        keyfile.load(tmp_path)


def test_a_key_file_of_a_later_version_is_newer_not_damaged(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "VERSION", 9)
    content = file.to_bytes()
    monkeypatch.undo()
    with pytest.raises(NewerStoreError):
        keyfile.parse(content)


def test_a_database_name_cannot_leave_the_folder(file: KeyFile) -> None:
    with pytest.raises(ValueError, match="database name"):
        keyfile.parse(replace(file, database="../evil.db").to_bytes())


def test_sealed_content_is_bound_to_its_context() -> None:
    sealed = keys.seal(DATA_KEY, b"secret", {"a": 1})
    assert keys.unseal(DATA_KEY, sealed, {"a": 1}) == b"secret"
    for key, content, context in (
        (bytes(32), sealed, {"a": 1}), (DATA_KEY, sealed, {"a": 2}), (DATA_KEY, sealed[:-1], {"a": 1}),
        (DATA_KEY, b"", {"a": 1}),
    ):  # fmt: skip
        with pytest.raises(MisfitError):
            keys.unseal(key, content, context)
