"""SQLCipher under SQLAlchemy: one connection factory with the settings every store needs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher  # type: ignore[import-untyped]
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event
from sqlalchemy.pool import QueuePool

from models.store.errors import DamagedStoreError, DiskFullError, ReadOnlyError, StoreBusyError

DatabaseFault = sqlcipher.Error
BUSY_SECONDS = 10
_LEAST_ROOM = 1 << 20
_SETTINGS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "cache_size=-65536",  # KiB: a large school's roster stays decrypted while it is looked through
    "foreign_keys=ON",
    "secure_delete=ON",
    "temp_store=MEMORY",
    "trusted_schema=OFF",
)
_WRITES = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM)\s+(?!temp\.)\"?(\w+)",
    re.IGNORECASE,
)


def connect(path: Path, key: bytes, *, read_only: bool = False) -> Any:
    """Open the encrypted file `path` with the raw 32-byte `key`.

    Raises DamagedStoreError when the file does not open with it (the key comes from a verified slot, so a misfit
    means damage), StoreBusyError and DiskFullError.
    """
    connection = sqlcipher.connect(str(path), timeout=BUSY_SECONDS, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA cipher_log_level=NONE").fetchall()
        connection.execute(f"PRAGMA key=\"x'{key.hex()}'\"")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
    except DatabaseFault as fault:
        connection.close()
        raise (explain(fault, path) or fault) from None
    return connection


def explain(fault: BaseException, path: Path) -> Exception | None:
    """The sentence for a fault of the database `path` that a person can act on, None for any other.

    SQLite says "disk I/O error" for a page that does not fit and for a disk without room for its shared memory; who
    reads "damaged" restores an old backup, so the room left decides between the two.
    """
    text = str(fault)
    if "disk is full" in text or ("disk I/O error" in text and _nearly_full(path.parent)):
        return DiskFullError()
    if "not a database" in text or "malformed" in text or "disk I/O error" in text:
        return DamagedStoreError()
    if "database is locked" in text:
        return StoreBusyError("另一个程序")
    if "readonly database" in text:
        return ReadOnlyError()
    return None


def _nearly_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LEAST_ROOM
    except OSError:
        return False


def make_engine(
    path: Path, key: bytes, *, prepare: Callable[[Any], None] | None = None, read_only: bool = False
) -> Engine:
    """Engine over the encrypted file; `prepare` is run on each new connection.

    A unit of work begins IMMEDIATE when its execution option `write` is set: two writers then wait for each other
    instead of failing half-way. The tables it writes are collected in `connection.info["changed"]`.
    """

    def creator() -> Any:
        connection = connect(path, key, read_only=read_only)
        if prepare is not None:
            prepare(connection)
        return connection

    engine = create_engine("sqlite+pysqlite://", module=sqlcipher, creator=creator, poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_cursor_execute", _note_table)
    event.listen(engine, "handle_error", partial(_explain_error, path))
    return engine


def copy_encrypted(engine: Engine, target: Path) -> None:
    """Write a compact copy of the open database, under the same key, to the new file `target`."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM INTO ?", (str(target),))
    except DatabaseFault as fault:
        raise (explain(fault, target) or fault) from None
    finally:
        connection.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("write") else "BEGIN")


def _note_table(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    match = _WRITES.match(statement)
    if match:
        connection.info.setdefault("changed", set()).add(match[1].lower())


def _explain_error(path: Path, context: ExceptionContext) -> None:
    sentence = explain(context.original_exception, path)
    if sentence is not None:
        raise sentence from None
