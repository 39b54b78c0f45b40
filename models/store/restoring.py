"""Back from a backup file, on this computer or a new one, always under a new data key (decisions 9, 10)."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.times import local_text, now_text
from models.store import audit, backup, entrance, members, rekey
from models.store.entrance import Entry
from models.store.errors import DamagedKeysError, disk_errors
from models.store.files import remove_database, sync_file, sync_folder
from models.store.instance import InstanceLock
from models.store.tables import setting
from models.store.vault import keyfile
from models.store.vault.codes import CodeKind
from models.store.vault.keyfile import KeyFile
from models.store.vault.passphrase import STANDARD, KdfParameters, check_new

RESTORED_AT = "store.restored_at"
KEPT_FOLDER = "kept"


@dataclass(frozen=True)
class Restored:
    """A restored store. `recovery_code` is a new one, shown once, when the old one was used, else empty;
    `kept` is the folder in which a store that was there before now lies."""

    description: backup.Description
    recovery_code: str = field(repr=False)
    kept: Path | None


def restore(
    source: Path, home: Path, name: str, passphrase: str, *, recovery_code: str = "", kdf: KdfParameters = STANDARD
) -> Restored:
    """Restore `source` into `home` by the operator's passphrase, or by the recovery code with a new passphrase.

    Raises FileRefusedError (damaged, not a backup, of another store), NewerStoreError, WrongSecretError,
    PassphraseRefusedError, StoreBusyError, DiskFullError; until the end a store in `home` stays as it was.
    """
    description = backup.describe(source)
    home.mkdir(parents=True, exist_ok=True)
    lock = InstanceLock(home, name, local_text(now_text()))
    extracted = home / f"restore-{secrets.token_hex(4)}.part"
    try:
        with source.open("rb") as handle:
            file = backup.key_file(backup.read_header(handle, source), source)
            _refuse_foreign(home, file, description)
            entry = _enter(home, file, name, passphrase, recovery_code)
            with disk_errors(), extracted.open("wb") as target:
                shutil.copyfileobj(handle, target, 1 << 20)
        kept = _keep_aside(home)
        code = _put_in_force(home, entry, extracted, description, (name, passphrase, kdf) if recovery_code else None)
        return Restored(description, code, kept)
    finally:
        remove_database(extracted)
        lock.release()


def _refuse_foreign(home: Path, file: KeyFile, description: backup.Description) -> None:
    try:
        there = keyfile.load(home).store_id if keyfile.exists(home) else file.store_id
    except DamagedKeysError:
        return  # what is there cannot say whose it is; it is kept aside in any case
    if there != file.store_id:
        raise FileRefusedError(
            f"这份备份是“{description.unit_name}”另一份名册的，与这个文件夹里的不是同一份，没有恢复。请选择一个空文件夹。"
        )


def _enter(home: Path, file: KeyFile, name: str, passphrase: str, recovery_code: str) -> Entry:
    if recovery_code:
        check_new(passphrase, name)
        return entrance.code_entry(home, file, CodeKind.RECOVERY, recovery_code)
    return entrance.passphrase_entry(home, file, name, passphrase)


def _keep_aside(home: Path) -> Path | None:
    """Copy the store that is there, so that restoring the wrong file can itself be taken back."""
    present = [path for path in home.iterdir() if path.name in (keyfile.KEYS_FILE, keyfile.KEYS_COPY)]
    present += home.glob("store-*.db*")
    if not present:
        return None
    kept = home / KEPT_FOLDER / f"{datetime.now().astimezone():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    with disk_errors():
        kept.mkdir(parents=True)
        for path in present:
            shutil.copy2(path, kept / path.name)
            sync_file(kept / path.name)
        sync_folder(kept)
    return kept


def _put_in_force(
    home: Path,
    entry: Entry,
    database: Path,
    description: backup.Description,
    readmitted: tuple[str, str, KdfParameters] | None,
) -> str:
    code = ""

    def change(session: Session, file: KeyFile, data_key: bytes) -> KeyFile:
        nonlocal code
        if readmitted:
            file, code = members.readmit(session, file, data_key, *readmitted)
        now = now_text()
        statement = insert(setting).values(key=RESTORED_AT, value=now)
        session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": now}))
        body = {"from": description.created, "sequence": description.audit_head[0], "person": entry.person_id}
        audit.append(session, None, "store.restore", "store", body)
        return file

    rekey.renew(home, entry.file, entry.data_key, change, database)
    return code
