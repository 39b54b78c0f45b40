"""Writing small files so that a crash leaves either the old or the new content."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path

from models.store.errors import disk_errors


def sync_file(path: Path) -> None:
    """Force the content of `path` to the disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def sync_folder(folder: Path) -> None:
    """Force names in `folder` to the disk (Windows does so by itself and cannot open folders)."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace(source: Path, target: Path) -> None:
    """Put the finished file `source` in the place of `target` at one stroke."""
    sync_file(source)
    source.replace(target)
    sync_folder(target.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`; raises DiskFullError and leaves the former file when there is no room."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with disk_errors():
            part.write_bytes(content)
            replace(part, path)
    except BaseException:
        remove(part)
        raise


def remove(path: Path) -> None:
    """Delete `path` when it is there and not held open by another program."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def remove_database(path: Path) -> None:
    """Delete a database file with its WAL and shared memory."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        remove(path.with_name(path.name + suffix))
