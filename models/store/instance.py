"""One program at a time: a lock on a file beside the store that the system drops with the process."""

from __future__ import annotations

import json
import os
import platform
import sys
from pathlib import Path
from typing import IO

from models.store.errors import StoreBusyError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = "rollbook.lock"
_FAR = 1 << 20  # Windows locks are mandatory: lock one byte far behind the text, so that others can read who holds it


class InstanceLock:
    """Held from construction to `release`; raises StoreBusyError naming who holds it."""

    def __init__(self, home: Path, who: str, since: str) -> None:
        path = home / LOCK_FILE
        self._handle: IO[bytes] = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        try:
            self._lock()
        except OSError:
            holder = self._holder()
            self._handle.close()
            raise StoreBusyError(holder) from None
        self._say({"name": who, "machine": platform.node(), "since": since})

    def release(self) -> None:
        """Let others in."""
        if not self._handle.closed:
            self._say({})
            if sys.platform == "win32":
                self._handle.seek(_FAR)
                msvcrt.locking(self._handle.fileno(), msvcrt.LK_UNLCK, 1)
            self._handle.close()

    def _lock(self) -> None:
        if sys.platform == "win32":
            self._handle.seek(_FAR)
            msvcrt.locking(self._handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _say(self, holder: dict[str, str]) -> None:
        self._handle.seek(0)
        self._handle.truncate()
        self._handle.write(json.dumps(holder, ensure_ascii=False).encode())

    def _holder(self) -> str:
        self._handle.seek(0)
        try:
            said = json.loads(self._handle.read(4096))
            return f"“{said['name']}”（电脑 {said['machine']}，{said['since']} 起）"
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return "另一个程序"
