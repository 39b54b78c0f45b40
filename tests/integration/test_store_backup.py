"""Backups by themselves and by hand; coming back from them here and on a new computer."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.times import now_text
from models.domain.units import Role
from models.services import maintenance
from models.store import audit, backup, migrations
from models.store.errors import NewerStoreError, StoreBusyError, WrongSecretError
from models.store.restoring import RESTORED_AT
from models.store.store import Store
from models.store.tables import setting, unit_key
from models.store.vault import keyfile, keys

SECRET = "recovered person bridge 17"


def note(session: Session, key: str) -> None:
    session.execute(insert(setting).values(key=key, value="x"))
    audit.append(session, None, "test.note", key, {})


def notes(session: Session) -> list[str]:
    return list(session.scalars(select(setting.c.key).where(setting.c.key.like("note%"))))


@pytest.fixture
def saved(school_store: Any, tmp_path: Path) -> Path:
    """A backup with note1; the store itself goes on to note2."""
    store = school_store.open(Role.REGISTRAR)
    store.write(note, "note1")
    target = tmp_path / "U 盘" / "名册备份.rollbook"
    maintenance.backup(store, target)
    store.write(note, "note2")
    school_store.close()
    return target


def test_a_backup_shows_only_what_is_public(saved: Path, school_store: Any) -> None:
    found = maintenance.describe_backup(saved)
    assert (found.unit_name, found.students, found.operators) == ("青禾县第一小学", 0, ("方圆", "周全", "郑重"))
    assert saved.read_bytes().startswith(b"RBBACKUP1\n")
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_restore_on_a_new_computer_by_passphrase(saved: Path, school_store: Any, tmp_path: Path) -> None:
    home = tmp_path / "新电脑"
    old = keyfile.load(school_store.home)
    restored = maintenance.restore(saved, home, *school_store.people[Role.REGISTRAR])
    assert (restored.kept, restored.recovery_code) == (None, "")
    for role in Role:
        with Store.open(home, *school_store.people[role]) as store:
            assert store.read(notes) == ["note1"]
            assert store.read(lambda s: s.scalar(select(setting.c.value).where(setting.c.key == RESTORED_AT)))
            assert maintenance.check(store).problems == ()
    new = keyfile.load(home)
    assert new.generation == old.generation + 1
    assert {slot.data_key for slot in new.operators}.isdisjoint(slot.data_key for slot in old.operators)


def test_restore_by_the_recovery_code_makes_a_new_one(
    saved: Path, school_store: Any, tmp_path: Path, fast_kdf: Any
) -> None:
    home = tmp_path / "新电脑"
    restored = maintenance.restore(saved, home, "郑重", SECRET, recovery_code=school_store.recovery_code, kdf=fast_kdf)
    assert restored.recovery_code not in ("", school_store.recovery_code)
    with Store.open(home, "郑重", SECRET) as store:
        assert store.read(notes) == ["note1"]


def test_restore_over_a_store_keeps_it_aside(saved: Path, school_store: Any) -> None:
    before = keyfile.load(school_store.home)
    restored = maintenance.restore(saved, school_store.home, *school_store.people[Role.REGISTRAR])
    store = school_store.open(Role.REGISTRAR)
    assert store.read(notes) == ["note1"]
    assert maintenance.check(store).problems == ()
    school_store.close()
    assert restored.kept is not None
    assert keyfile.load(restored.kept) == before
    with Store.open(restored.kept, *school_store.people[Role.REGISTRAR]) as kept:
        assert sorted(kept.read(notes)) == ["note1", "note2"]


def test_restore_refuses_what_it_must_and_changes_nothing(saved: Path, school_store: Any, county_store: Any) -> None:
    who = school_store.people[Role.REGISTRAR]
    before = sorted(path.name for path in school_store.home.rglob("*") if path.suffix != ".lock")
    with pytest.raises(WrongSecretError):
        maintenance.restore(saved, school_store.home, who[0], "wrong passphrase 123")
    with pytest.raises(FileRefusedError, match="不是同一份"):
        maintenance.restore(saved, county_store.home, *who)
    store = school_store.open(Role.HEAD)
    with pytest.raises(StoreBusyError):
        maintenance.restore(saved, school_store.home, *who)
    assert store.read(notes) == ["note1", "note2"]
    after = sorted(path.name for path in school_store.home.rglob("*") if path.suffix != ".lock")
    assert {name for name in after if not name.endswith(("-wal", "-shm"))} == set(before) | {"attempts.json"}


def cut(content: bytes) -> bytes:
    return content[:-1]


def flip(place: float) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        at = int(len(content) * place)
        return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (cut, "不完整或已损坏"),
        (lambda content: content + b"x", "不完整或已损坏"),
        (lambda content: content[:30], "不完整或已损坏"),
        (lambda content: content[:10] + b"\xff" * 4 + content[14:], "不完整或已损坏"),
        (lambda content: b"", "不是名册的备份"),
        (lambda content: b"PK\x03\x04" + content, "不是名册的备份"),
        (flip(0.3), "不完整或已损坏"),
        (flip(0.9), "不完整或已损坏"),
    ],
)
def test_damaged_backups_are_refused(
    change: Callable[[bytes], bytes], sentence: str, saved: Path, school_store: Any, tmp_path: Path
) -> None:
    saved.write_bytes(change(saved.read_bytes()))
    with pytest.raises(FileRefusedError, match=sentence):
        maintenance.restore(saved, tmp_path / "新电脑", *school_store.people[Role.REGISTRAR])
    assert not keyfile.exists(tmp_path / "新电脑")


def test_newer_backups_are_told_from_damaged_ones(
    saved: Path, school_store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "REVISIONS", ("0000",))
    with pytest.raises(NewerStoreError, match="名册备份"):
        maintenance.describe_backup(saved)
    monkeypatch.undo()
    saved.write_bytes(saved.read_bytes().replace(b"RBBACKUP1\n", b"RBBACKUP2\n"))
    with pytest.raises(NewerStoreError):
        maintenance.describe_backup(saved)


def test_an_edited_header_of_a_signed_backup_is_seen(school_store: Any, tmp_path: Path) -> None:
    store = school_store.open(Role.REGISTRAR)
    pair = keys.new_pair()
    store.write(
        lambda session: session.execute(
            insert(unit_key).values(purpose="signing", generation=1, private_key=pair.private, created_at=now_text())
        )
    )
    by_unit = maintenance.backup(store, tmp_path / "a.rollbook")
    by_person = maintenance.backup(store, tmp_path / "b.rollbook", store.signer(school_store.people[Role.REGISTRAR][1]))
    assert (by_unit.signed_by, by_person.signed_by) == ("unit", store.actor.person_id)
    content = (tmp_path / "a.rollbook").read_bytes()
    head = json.dumps(by_unit.audit_head[1])[1:9].encode()
    (tmp_path / "a.rollbook").write_bytes(content.replace(head, b"00000000", 1))
    with pytest.raises(FileRefusedError, match="签名不符"):
        maintenance.describe_backup(tmp_path / "a.rollbook")


def test_one_backup_a_day_by_itself_and_the_oldest_go(school_store: Any) -> None:
    school_store.open(Role.REGISTRAR)
    school_store.close()
    folder = school_store.home / "backups"
    (folder / f"rollbook-{time.strftime('%Y%m%d')}.rollbook").unlink()
    for day in range(1, 20):
        (folder / f"rollbook-202501{day:02}.rollbook").write_bytes(b"old")
    (folder / "手工 20250101.rollbook").write_bytes(b"by hand")
    (folder / "x.rollbook.0000.part").write_bytes(b"left by a crash")
    school_store.open(Role.REGISTRAR)
    names = sorted(path.name for path in folder.iterdir())
    assert len([name for name in names if name.startswith("rollbook-")]) == backup.KEPT
    assert "手工 20250101.rollbook" in names
    assert not [name for name in names if name.endswith(".part")]


def test_closing_renews_the_days_backup_when_it_is_old(school_store: Any) -> None:
    school_store.open(Role.REGISTRAR)
    school_store.close()
    path = next((school_store.home / "backups").iterdir())
    store = school_store.open(Role.REGISTRAR)
    store.write(note, "note1")
    school_store.close()
    young = maintenance.describe_backup(path).audit_head
    store = school_store.open(Role.REGISTRAR)
    os.utime(path, (time.time() - 7200, time.time() - 7200))
    store.write(note, "note2")
    school_store.close()
    assert maintenance.describe_backup(path).audit_head[0] > young[0]


def test_a_backup_that_cannot_be_made_is_a_warning(school_store: Any) -> None:
    folder = school_store.home / "backups"
    folder.write_bytes(b"in the way")
    store = school_store.open(Role.REGISTRAR)
    assert "自动备份没有做成" in store.warnings[0]


def test_the_check_compares_with_the_newest_backup(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    maintenance.backup(store)
    with store._engine.execution_options(write=True).begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER audit_no_delete")
        connection.exec_driver_sql("DELETE FROM audit WHERE sequence > 3")
        connection.exec_driver_sql("DELETE FROM audit_body WHERE sequence > 3")
    assert any("末尾缺了记录" in problem for problem in maintenance.check(store).problems)
