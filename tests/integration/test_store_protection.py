"""What lies on the disk: nothing readable, nothing changed unseen, every fault told apart."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.times import now_text
from models.domain.units import Role
from models.services import maintenance, operators
from models.store import audit, migrations, opening, touched
from models.store.engine import make_engine
from models.store.errors import DamagedStoreError, DiskFullError, NewerStoreError, UserError, WrongSecretError
from models.store.rekey import store_key
from models.store.store import Store
from models.store.tables import change, metadata, setting, statement, student
from models.store.vault import keyfile

NAME, NUMBER = "石小满儿", "130999201503040019"


def new_change(session: Session, number: str) -> str:
    id_ = new_id()
    row: dict[str, Any] = {column.name: "" for column in change.c}
    row |= {"id": id_, "number": number, "subject_label": NAME, "base_revision": 1, "policy_version": 0, "attempt": 1}
    session.execute(insert(change).values(row | {"state": "draft", "created_at": now_text()}))
    audit.append(session, None, "change.propose", f"change:{id_}", {"name": NAME})
    return id_


def fill(session: Session) -> None:
    base = {"unit_id": "u", "status": "enrolled", "revision": 1, "updated_at": now_text(), "updated_by": "x"}
    rows = [base | {"id": new_id(), "name": NAME, "id_number": NUMBER, "native_place": "虚" * 500} for _ in range(200)]
    session.execute(insert(student), rows)
    audit.append(session, None, "student.import", "batch:1", {"count": 200, "name": NAME})


def database(kit: Any) -> Path:
    return Path(kit.home / keyfile.load(kit.home).database)


def test_nothing_readable_lies_on_the_disk(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    store.write(fill)
    maintenance.backup(store)
    files = [path for path in school_store.home.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".db", ".db-wal", ".json", ".rollbook"}
    secrets = [NAME, NUMBER, "student_search", *(passphrase for _name, passphrase in school_store.people.values())]
    needles = [needle for word in secrets for needle in (word.encode(), word.encode("utf-16-le"), word.encode("gbk"))]
    for path in files:
        content = path.read_bytes()
        assert [needle for needle in needles if needle in content] == [], path.name
        assert not content.startswith(b"SQLite format 3")


def test_flipped_bits_anywhere_are_found(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    store.write(fill)
    school_store.close()
    path = database(school_store)
    sound = path.read_bytes()
    for place in (*range(20, len(sound), len(sound) // 12), len(sound) - 5):
        flipped = bytearray(sound)
        flipped[place] ^= 0x10
        path.write_bytes(flipped)
        try:
            store = school_store.open(Role.REGISTRAR)
        except DamagedStoreError:
            continue
        assert not maintenance.check(store).ok
        store.close()
    path.write_bytes(sound)
    assert maintenance.check(school_store.open(Role.REGISTRAR)).ok


def test_damage_and_wrong_secret_are_told_apart(school_store: Any) -> None:
    path = database(school_store)
    path.write_bytes(b"\0" * 16 + path.read_bytes()[16:])
    with pytest.raises(WrongSecretError):
        Store.open(school_store.home, "周全", "wrong passphrase 123")
    with pytest.raises(DamagedStoreError, match="口令没有问题"):
        school_store.open(Role.REGISTRAR)
    path.write_bytes(b"")
    with pytest.raises(DamagedStoreError):
        school_store.open(Role.REGISTRAR)
    path.unlink()
    with pytest.raises(DamagedStoreError):
        school_store.open(Role.REGISTRAR)


def test_a_page_put_back_is_found_by_the_chain(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    id_ = store.write(new_change, "1")
    before = store.read(lambda session: dict(session.execute(select(change)).mappings().one()))

    def submit(session: Session) -> None:
        session.execute(update(change).values(state="pending").where(change.c.id == id_))
        audit.append(session, store.actor, "change.submit", f"change:{id_}", {})

    store.write(submit)
    assert store.read(touched.verify_rows) == ()
    engine = store._engine  # as somebody with another program and the key would
    with engine.execution_options(write=True).begin() as connection:
        connection.execute(update(change).values(before).where(change.c.id == id_))
        connection.execute(insert(statement).values(id="forged", type="t", body=b"{}", signatures="[]", at=now_text()))
        connection.execute(text("DELETE FROM touched"))
    problems = maintenance.check(store).rows
    assert len(problems) == 2
    assert "换回了旧内容" in problems[0]
    assert "没有登记过" in problems[1]


AUDIT_ATTACKS = [
    ("UPDATE audit SET actor = 'somebody' WHERE sequence = 3", "第 3 条被改过"),
    ("DELETE FROM audit WHERE sequence = 3", "第 3 条缺失"),
    ("UPDATE audit SET sequence = 1000 - sequence WHERE sequence IN (3, 4)", "缺失"),
    ("UPDATE audit_body SET body = '{}' WHERE sequence = 3", "第 3 条的内容被改过"),
    ("DELETE FROM audit_body WHERE sequence = 3", "没有依法删除的记录"),
    ("DELETE FROM audit WHERE sequence > 3", "末尾缺了记录"),
]


@pytest.mark.parametrize(("attack", "sentence"), AUDIT_ATTACKS)
def test_tampering_with_the_chain_is_found(attack: str, sentence: str, school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    remembered = store.read(audit.head)
    with pytest.raises(Exception, match="append-only"):
        store.write(lambda session: session.execute(text("UPDATE audit SET act = 'x'")))
    with store._engine.execution_options(write=True).begin() as connection:
        for trigger in ("audit_no_update", "audit_no_delete", "audit_body_no_update"):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(attack))
    report = store.read(audit.verify, remembered)
    assert any(sentence in problem for problem in report.problems), report.problems


def test_a_body_erased_by_law_leaves_the_chain_whole(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    store.write(audit.erase_body, store.actor, 3, "本人要求删除")
    report = store.read(audit.verify)
    assert (report.ok, report.erased) == (True, 1)
    assert [entry.body for entry in store.read(audit.entries) if entry.sequence == 3] == [None]


def test_entries_are_filtered_and_paged(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    entries = store.read(audit.entries)
    assert store.read(audit.entries, audit.AuditFilter(act="store.create"))[0].act == "store.create"
    assert store.read(audit.entries, limit=2, before=entries[1].sequence) == entries[2:4]
    assert store.read(audit.entries, audit.AuditFilter(since="2999-01-01T00:00:00Z")) == []


def test_a_newer_store_is_refused_untouched(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)
    store.write(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    school_store.close()
    before = database(school_store).read_bytes()
    with pytest.raises(NewerStoreError, match="更新版本"):
        school_store.open(Role.ADMINISTRATOR)
    with pytest.raises(NewerStoreError):
        operators.recover(school_store.home, school_store.recovery_code, "郑重", "recovered person 17")
    assert database(school_store).read_bytes() == before


def test_a_failed_migration_leaves_nothing(tmp_path: Path) -> None:
    versions = tmp_path / "folder with %s blanks" / "versions"
    versions.mkdir(parents=True)
    first = Path(migrations.__file__).with_name("versions") / "v0001_first.py"
    (versions / first.name).write_text(first.read_text(encoding="utf-8"), encoding="utf-8")
    (versions / "v0002_broken.py").write_text(
        "from alembic import op\nrevision = '0002'\ndown_revision = '0001'\n"
        "def upgrade():\n    op.execute('CREATE TABLE half (a TEXT)')\n    raise ValueError('broken')\n",
        encoding="utf-8",
    )
    engine = make_engine(tmp_path / "a.db", bytes(32))
    write = engine.execution_options(write=True)
    with pytest.raises(ValueError, match="broken"), write.begin() as connection:
        migrations.upgrade(connection, folder=versions.parent)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    with write.begin() as connection:
        migrations.upgrade(connection, "0001", versions.parent)
    with pytest.raises(ValueError, match="broken"), write.begin() as connection:
        migrations.upgrade(connection, folder=versions.parent)
    with engine.connect() as connection:
        assert migrations.revision_of(connection) == "0001"
        assert not connection.dialect.has_table(connection, "half")
    engine.dispose()


def test_the_migration_makes_what_the_tables_declare(tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = make_engine(tmp_path / "a.db", bytes(32))
    with engine.execution_options(write=True).begin() as connection:
        migrations.upgrade(connection)
    with engine.connect() as connection:

        def ours(_object: Any, name: str | None, *_rest: Any) -> bool:
            return "_search" not in (name or "")

        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, metadata) == []
        for table in metadata.tables:
            rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({table})")
            there = {row[1]: (row[2], row[3] or row[5] > 0) for row in rows}
            said = {
                column.name: (column.type.compile(engine.dialect), int(not column.nullable))
                for column in metadata.tables[table].c
            }
            assert {name: (kind, bool(need)) for name, (kind, need) in there.items()} == {
                name: (kind, bool(need)) for name, (kind, need) in said.items()
            }, table
    engine.dispose()
    files = sorted(path.name for path in Path(migrations.__file__).with_name("versions").glob("v*.py"))
    assert [name[1:5] for name in files] == list(migrations.REVISIONS)


def test_a_migration_keeps_a_copy_first(school_store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = migrations.REVISIONS[-1]
    monkeypatch.setattr(migrations, "REVISIONS", (*migrations.REVISIONS, "9999"))
    monkeypatch.setattr(migrations, "upgrade", lambda connection: connection.execute(
        text("UPDATE alembic_version SET version_num = '9999'")))  # fmt: skip
    school_store.open(Role.REGISTRAR)
    school_store.close()
    (kept,) = (school_store.home / "backups").glob("升级前-*.db")
    key = keyfile_key(school_store)
    engine = make_engine(kept, key)
    with engine.connect() as connection:
        assert migrations.revision_of(connection) == newest
    engine.dispose()


def keyfile_key(kit: Any) -> bytes:
    from models.store import entrance

    return store_key(entrance.by_passphrase(kit.home, *kit.people[Role.REGISTRAR]).data_key)


def test_a_full_disk_is_a_sentence_and_nothing_is_half_written(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    with store._engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    raw = store._engine.raw_connection()
    raw.cursor().execute(f"PRAGMA max_page_count={pages}")
    raw.close()
    with pytest.raises(DiskFullError, match="磁盘空间不足"):
        store.write(fill)
    assert store.read(lambda session: session.execute(select(student.c.id)).all()) == []
    raw = store._engine.raw_connection()
    raw.cursor().execute("PRAGMA max_page_count=100000000")
    raw.close()
    store.write(fill)


def test_a_disk_full_in_the_vault_or_backup_is_a_sentence(
    school_store: Any, monkeypatch: pytest.MonkeyPatch, fast_kdf: Any
) -> None:
    store = school_store.open(Role.REGISTRAR)
    before = keyfile.load(school_store.home)
    names = sorted(path.name for path in school_store.home.rglob("*"))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    secret = school_store.people[Role.REGISTRAR][1]
    with pytest.raises(DiskFullError):
        maintenance.backup(store)
    with pytest.raises(UserError):
        operators.change_passphrase(store, secret, "another passphrase 99", kdf=fast_kdf)
    monkeypatch.undo()
    assert sorted(path.name for path in school_store.home.rglob("*")) == names
    assert keyfile.load(school_store.home) == before
    assert store.read(audit.verify).ok


def test_settings_of_the_connection_are_in_force(school_store: Any) -> None:
    store = school_store.open(Role.REGISTRAR)
    wanted = {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "temp_store": 2,
        "trusted_schema": 0,
    }  # fmt: skip
    with store._engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    assert found == wanted


def test_the_unit_of_an_operator_who_was_disabled_elsewhere_is_refused(school_store: Any) -> None:
    store = school_store.open(Role.ADMINISTRATOR)

    def disable(session: Session) -> None:
        session.execute(text("UPDATE operator SET state = 'disabled' WHERE name = '周全'"))
        audit.append(session, None, "operator.disable", "operator", {})

    store.write(disable)
    with pytest.raises(UserError, match="停用"):
        school_store.open(Role.REGISTRAR)
    assert opening.own_unit is not None
    store = school_store.open(Role.ADMINISTRATOR)
    assert store.read(lambda session: session.scalar(select(setting.c.value).where(setting.c.key == "store.id")))
