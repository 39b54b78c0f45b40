"""A new data key without anybody else present (decision 10): copy to a new file, verify, swap keys.json.

The swap is the replacement of keys.json, which names the database in force; killed at any moment before or after it,
one of both is whole and opens. What is left over is removed at the next opening.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.store import migrations, touched
from models.store.engine import DatabaseFault, connect, explain, make_engine
from models.store.errors import DamagedStoreError, disk_errors
from models.store.files import remove, remove_database, sync_file, sync_folder, write_atomically
from models.store.tables import operator, setting
from models.store.vault import keyfile, keys, slots
from models.store.vault.codes import CodeKind
from models.store.vault.keyfile import KeyFile

RECOVERY_KEY = "recovery.opening_key"
KeyChange = Callable[[Session, KeyFile, bytes], KeyFile]
"""f(session, key file, data key) -> key file: changes operators' rows and their slots together."""


def store_key(data_key: bytes) -> bytes:
    """Raw SQLCipher key of the database under a data key."""
    return keys.subkey(data_key, "store")


def database_name(generation: int) -> str:
    """A file name no other database of the folder has."""
    return f"store-{generation}-{secrets.token_hex(4)}.db"


def renew(
    home: Path, file: KeyFile, data_key: bytes, change: KeyChange, source: Path | None = None
) -> tuple[KeyFile, bytes]:
    """Put a new data key in force for everybody the store knows after `change`; returns key file and data key.

    `source` is the database to copy, that of `file` in `home` unless a backup brings its own. No connection to it may
    be open. Raises DamagedStoreError and DiskFullError with the old key still in force.
    """
    old = source or home / file.database
    new_key = keys.new_data_key()
    file = replace(file, generation=file.generation + 1, database=database_name(file.generation + 1))
    new = home / file.database
    try:
        with disk_errors():
            export(old, store_key(data_key), new, store_key(new_key))
            file = _change(new, file, new_key, change)
            check(new, store_key(new_key))
            sync_file(new)
            sync_folder(home)
    except BaseException:
        remove_database(new)
        raise
    keyfile.save(home, file)
    tidy(home, file)
    return file, new_key


def export(source: Path, key: bytes, target: Path, new_key: bytes) -> None:
    """Write the content of one encrypted database into a new one under another key."""
    with closing(connect(source, key)) as connection:
        try:
            connection.execute("ATTACH ? AS target KEY ?", (str(target), f"x'{new_key.hex()}'"))
            connection.execute("SELECT sqlcipher_export('target')").fetchall()
            connection.execute("DETACH target")
        except DatabaseFault as fault:
            raise (explain(fault, target) or fault) from None


def check(path: Path, key: bytes) -> None:
    """Read every page of a database; raises DamagedStoreError."""
    with closing(connect(path, key)) as connection:
        if damage(connection):
            raise DamagedStoreError


def damage(connection: Any) -> list[str]:
    """What SQLCipher and SQLite find wrong with the pages of an open database, as sentences."""
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA cipher_integrity_check")]
        if not found and [row[0] for row in connection.execute("PRAGMA integrity_check")] != ["ok"]:
            found = [""]
    except DatabaseFault:
        found = [""]
    pages = [number.group() for line in found if (number := re.search(r"\d+", line))]
    return [f"数据文件第 {number} 页已损坏。" for number in pages] or ["数据文件的结构已损坏。"] * bool(found)


def tidy(home: Path, file: KeyFile) -> None:
    """Remove databases that are not in force (left by a crash) and renew a key file copy that lags behind."""
    for path in home.glob("store-*.db"):
        if path.name != file.database:
            remove_database(path)
    for part in home.glob("*.part"):
        remove(part)
    content = file.to_bytes()
    for name in (keyfile.KEYS_FILE, keyfile.KEYS_COPY):
        path = home / name
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)


def openers(session: Session) -> dict[str, bytes]:
    """Public keys the data key is wrapped to, as the encrypted store knows them."""
    query = select(operator.c.person_id, operator.c.opening_key).where(operator.c.state != "disabled")
    known = {row.person_id: row.opening_key for row in session.execute(query) if row.opening_key}
    recovery = session.scalar(select(setting.c.value).where(setting.c.key == RECOVERY_KEY))
    return known | ({CodeKind.RECOVERY: bytes.fromhex(recovery)} if recovery else {})


def _change(path: Path, file: KeyFile, data_key: bytes, change: KeyChange) -> KeyFile:
    engine = make_engine(path, store_key(data_key))
    try:
        with engine.execution_options(write=True).begin() as connection:
            if migrations.revision_of(connection) != migrations.REVISIONS[-1]:
                migrations.upgrade(connection)
    finally:
        engine.dispose()
    engine = make_engine(path, store_key(data_key), prepare=touched.watch)
    try:
        with Session(engine.execution_options(write=True)) as session, session.begin():
            changed = session.connection().info.setdefault("changed", set())
            file = change(session, file, data_key)
            touched.seal(session, changed)
            return slots.rewrapped(file, data_key, openers(session))
    finally:
        engine.dispose()
