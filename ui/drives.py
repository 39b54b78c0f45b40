"""Sticks that are plugged in: looked for now and then, off the window's thread."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QStorageInfo

from sync.transport.removable import is_stick


@dataclass(frozen=True)
class Drive:
    """A removable drive that can be written."""

    name: str
    root: Path
    free: int

    @property
    def words(self) -> str:
        """As people call it: KINGSTON (E:)."""
        place = str(self.root).rstrip("\\/") if sys.platform == "win32" else self.root.name
        return f"{self.name} ({place})" if self.name and self.name != place else place


def find_drives(*, writable: bool = True) -> list[Drive]:
    """Removable drives that are ready; unless `writable` is False, only those that can be written."""
    return [
        Drive(volume.name(), Path(volume.rootPath()), volume.bytesAvailable())
        for volume in QStorageInfo.mountedVolumes()
        if volume.isValid()
        and volume.isReady()
        and is_stick(volume.rootPath())
        and not (writable and volume.isReadOnly())
    ]
