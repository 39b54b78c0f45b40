"""Backups: one encrypted file with the keys to open it elsewhere (header, then the database as it lies on disk).

Layout: magic, u32 header length, canonical JSON header, database. The header shows only the unit, the date and
counts; it carries the key file, the database's digest and the audit head, signed by a person or by the unit's key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.signing import Signer, canonical, pae
from models.domain.times import from_text, now_text
from models.store import audit, migrations
from models.store.engine import copy_encrypted
from models.store.errors import NewerStoreError, disk_errors
from models.store.files import remove, remove_database, replace
from models.store.opening import own_unit
from models.store.tables import account, change, student, unit_key
from models.store.vault import keyfile, keys
from models.store.vault.keyfile import KeyFile

MAGIC = b"RBBACKUP1\n"
FOLDER, SUFFIX = "backups", ".rollbook"
KEPT = 14
HEADER_TYPE = "rollbook.backup"
_HEADER_LIMIT = 1 << 20
_CHUNK = 1 << 20

Age = timedelta
OPENING_AGE, CLOSING_AGE = timedelta(days=1), timedelta(hours=1)
"""A backup is due on opening when none was made today, on closing when the last one is older than an hour."""


@dataclass(frozen=True)
class Description:
    """What a backup file says of itself, checked only for damage: whose, when (UTC text), how much."""

    path: Path
    unit_id: str
    unit_name: str
    created: str
    students: int
    accounts: int
    changes: int
    audit_head: tuple[int, str]
    operators: tuple[str, ...]
    size: int
    signed_by: str
    """Person id of the signer, "unit" for the unit's key, empty when unsigned."""

    @property
    def signed_words(self) -> str:
        """Who signed, for people."""
        return {"": "无（自动备份）", "unit": "本单位的密钥"}.get(self.signed_by, "操作员本人")


def due(home: Path, age: Age) -> Path | None:
    """Where the automatic backup should go now, or None when the last one is young enough.

    One file a calendar day; the day's later one replaces it.
    """
    now = datetime.now().astimezone()
    target = home / FOLDER / f"rollbook-{now:%Y%m%d}{SUFFIX}"
    with suppress(FileNotFoundError):
        if age == OPENING_AGE or datetime.now(UTC).timestamp() - target.stat().st_mtime < age.total_seconds():
            target.stat()
            return None
    return target


def thin_out(home: Path) -> None:
    """Keep the newest automatic backups, and nothing that a crash left half-written."""
    for pattern in ("*.part", "*.copy"):
        for path in (home / FOLDER).glob(pattern):
            remove(path)
    for path in sorted((home / FOLDER).glob(f"rollbook-????????{SUFFIX}"), reverse=True)[KEPT:]:
        remove(path)


def list_backups(home: Path) -> list[Path]:
    """Backup files of the folder, newest first."""
    return sorted((home / FOLDER).glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)


def write(engine: Engine, file: KeyFile, target: Path, signer: Signer | None = None) -> Description:
    """Write a backup of the open store at one stroke; raises DiskFullError and leaves nothing behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    copy = target.with_name(f"{target.name}.{mark}.copy")
    part = target.with_name(f"{target.name}.{mark}.part")
    try:
        with disk_errors():
            copy.touch()  # a place that cannot be written is told by the system's own error, not by SQLite's
            copy_encrypted(engine, copy)
            with Session(engine) as session:
                facts = _facts(session)
                header = facts | {
                    "keys": base64.b64encode(file.to_bytes()).decode(), "size": copy.stat().st_size,
                    "sha256": _digest(copy),
                }  # fmt: skip
                header["signature"] = _signature(session, header, signer)
            _assemble(part, canonical(header), copy)
            replace(part, target)
    finally:
        remove_database(copy)
        remove(part)
    return describe(target)


def describe(path: Path) -> Description:
    """Read and check a backup file without any secret; raises FileRefusedError, NewerStoreError."""
    with path.open("rb") as handle:
        header = read_header(handle, path)
        if path.stat().st_size != handle.tell() + header["size"] or _stream_digest(handle) != header["sha256"]:
            raise FileRefusedError(f"备份文件“{path.name}”不完整或已损坏，没有恢复。请换一份备份。")
    try:
        return Description(
            path=path, unit_id=header["unit"]["id"], unit_name=header["unit"]["name"], created=header["created"],
            students=header["counts"]["students"], accounts=header["counts"]["accounts"],
            changes=header["counts"]["changes"], audit_head=(header["audit_head"][0], header["audit_head"][1]),
            operators=tuple(slot.name for slot in key_file(header, path).operators), size=path.stat().st_size,
            signed_by=_signed_by(header, path),
        )  # fmt: skip
    except (KeyError, TypeError, IndexError):
        raise damaged(path) from None


def is_backup(path: Path) -> bool:
    """Whether `path` is a file that begins as backups do."""
    if not path.is_file():
        return False
    with path.open("rb") as handle:
        return handle.read(len(MAGIC)) == MAGIC


def read_header(handle: IO[bytes], path: Path) -> dict[str, Any]:
    """The header, leaving `handle` at the database; raises FileRefusedError, NewerStoreError."""
    magic = handle.read(len(MAGIC))
    if magic != MAGIC:
        if magic.startswith(b"RBBACKUP"):
            raise NewerStoreError(f"备份文件“{path.name}”")
        raise FileRefusedError(f"“{path.name}”不是名册的备份文件。")
    length = int.from_bytes(handle.read(4), "big")
    try:
        if not 0 < length <= _HEADER_LIMIT:
            raise ValueError(length)
        header = json.loads(handle.read(length))
        schema, size = str(header["schema"]), header["size"]
        from_text(header["created"])
        if not isinstance(size, int) or not isinstance(header["sha256"], str):
            raise ValueError(size)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise damaged(path) from None
    if schema not in migrations.REVISIONS:
        raise NewerStoreError(f"备份文件“{path.name}”")
    return dict(header)


def key_file(header: dict[str, Any], path: Path) -> KeyFile:
    """The key file a backup carries; raises FileRefusedError."""
    try:
        return keyfile.parse(base64.b64decode(header["keys"], validate=True))
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise damaged(path) from None


def damaged(path: Path) -> FileRefusedError:
    """The sentence for a backup that cannot be used."""
    return FileRefusedError(f"备份文件“{path.name}”不完整或已损坏，没有恢复。请换一份备份。")


def _facts(session: Session) -> dict[str, Any]:
    unit = own_unit(session)

    def count(table: Any) -> int:
        return session.scalar(select(func.count()).select_from(table)) or 0

    return {
        "type": HEADER_TYPE, "v": 1, "created": now_text(), "schema": migrations.revision_of(session.connection()),
        "unit": {"id": unit.id, "name": unit.name},
        "counts": {"students": count(student), "accounts": count(account), "changes": count(change)},
        "audit_head": list(audit.head(session)),
    }  # fmt: skip


def _signature(session: Session, header: dict[str, Any], signer: Signer | None) -> dict[str, str] | None:
    message = pae(HEADER_TYPE, canonical(header))
    if signer is not None:
        public, signature, who = signer.public_key, signer.sign(message), signer.person_id
    else:
        query = select(unit_key.c.private_key).where(unit_key.c.purpose == "signing")
        private = session.scalar(query.order_by(unit_key.c.generation.desc()).limit(1))
        if private is None:
            return None
        public, signature, who = keys.public_part(private), keys.sign(private, message), "unit"
    return {
        "who": who, "public_key": base64.b64encode(public).decode(), "signature": base64.b64encode(signature).decode()
    }  # fmt: skip


def _signed_by(header: dict[str, Any], path: Path) -> str:
    signed = header["signature"]
    if signed is None:
        return ""
    message = pae(HEADER_TYPE, canonical({key: value for key, value in header.items() if key != "signature"}))
    try:
        public, signature = (base64.b64decode(signed[key], validate=True) for key in ("public_key", "signature"))
    except (ValueError, binascii.Error):
        raise damaged(path) from None
    if not keys.signature_fits(public, signature, message):
        raise FileRefusedError(f"备份文件“{path.name}”的签名不符，内容被改过，没有恢复。")
    return str(signed["who"])


def _assemble(part: Path, header: bytes, database: Path) -> None:
    with part.open("wb") as target, database.open("rb") as source:
        target.write(MAGIC + len(header).to_bytes(4, "big") + header)
        shutil.copyfileobj(source, target, _CHUNK)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return _stream_digest(handle)


def _stream_digest(handle: IO[bytes]) -> str:
    found = hashlib.sha256()
    while block := handle.read(_CHUNK):
        found.update(block)
    return found.hexdigest()
