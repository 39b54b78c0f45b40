"""Handing files over in a folder or on a stick: written, flushed, read back and compared."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.domain.errors import UserError
from models.store.files import sync_folder
from sync.refusals import NotWrittenError

WRITTEN: Final = "已写出"
"""How the note of a package begins that lies in a folder and still has to be carried or sent."""
_KEPT = "内容仍保存在库中，没有丢失，换好后可以重新写出。"
_SENTENCES: Final = (
    ((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "“{where}”空间不足，文件没有写完。请清理空间或换一个 U 盘。"),
    ((errno.EACCES, errno.EPERM, errno.EROFS), "不能写入“{where}”，可能有写保护或没有权限。请解除写保护或换一个位置。"),
    (
        (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO, errno.ESTALE),
        "“{where}”写到一半不见了，可能拔出了 U 盘。请重新插好。",
    ),
)


@dataclass(frozen=True)
class HandoverLine:
    """One file on the sheet; `check` is the beginning of the package's id, the same at giver and taker, for the eye."""

    file_name: str
    title: str
    items: int
    size: int
    check: str


@dataclass(frozen=True)
class HandoverSheet:
    """What the sheet that goes with the stick says; printed and signed by hand by giver and taker."""

    issuer: str
    audience: str
    at: str
    medium: str
    carrier: str
    lines: Sequence[HandoverLine]


def folder_for(home: Path, out_dir: Path | None) -> Path:
    """Where files go: `out_dir`, which must be there, or the folder in `home`, which is made.

    A stick that is not plugged in must not become a folder of its name. Raises UserError.
    """
    if out_dir is None:
        out_dir = home / "outgoing"
        with written_out(out_dir):
            out_dir.mkdir(exist_ok=True)
    elif not out_dir.is_dir():
        raise UserError(f"找不到文件夹“{out_dir}”，没有写出任何文件。如果是 U 盘，请插好后再试，或换一个已有的文件夹。")
    return out_dir


@contextmanager
def written_out(where: Path) -> Iterator[None]:
    """Turn what the system says about a full disk or a stick pulled out into a sentence. Raises NotWrittenError."""
    try:
        yield
    except OSError as error:
        for numbers, sentence in _SENTENCES:
            if error.errno in numbers:
                raise NotWrittenError(sentence.format(where=where) + _KEPT) from error
        raise NotWrittenError(f"写入“{where}”时出错，文件没有写完。请换一个位置再试。{_KEPT}") from error


def write_out(blocks: Iterable[bytes], target: Path, digest: str) -> None:
    """Write a file beside its place, flush it, put it there at one stroke, read it back and compare.

    `digest`: SHA-256 (hex) it must have. Raises NotWrittenError; then no half-written file has the name.
    """
    part = target.with_name(f".{target.name}.{secrets.token_hex(3)}.part")
    with written_out(target.parent):
        try:
            with part.open("xb") as handle:
                for block in blocks:
                    handle.write(block)
                handle.flush()
                os.fsync(handle.fileno())
            os.replace(part, target)  # noqa: PTH105 - the word of the contract, atomic on Windows too
            sync_folder(target.parent)
        except BaseException:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        if digest_of(target) != digest:
            raise NotWrittenError(
                f"写入“{target.parent}”的文件读回后与原件不一致，U 盘可能已损坏。请换一个 U 盘。{_KEPT}"
            )


def digest_of(path: Path) -> str:
    """SHA-256 (hex) of a file, read in blocks."""
    sha = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()


def is_there(path: Path, digest: str) -> bool:
    """Whether the very file lies there already."""
    with written_out(path.parent):
        return path.is_file() and digest_of(path) == digest


_STICKS: Final = ("/media/", "/run/media/", "/mnt/usb", "/Volumes/")
_REMOVABLE: Final = 2
"""DRIVE_REMOVABLE of GetDriveTypeW."""


def is_stick(root: str) -> bool:
    """Whether a mount point or drive is a removable one."""
    if sys.platform == "win32":
        import ctypes

        return int(ctypes.windll.kernel32.GetDriveTypeW(root.replace("/", "\\"))) == _REMOVABLE
    return root.startswith(_STICKS)


def handed_words(folder: Path, carrier: str) -> str:
    """What is noted of a package that was written and read back: on a stick, or in a folder of this machine."""
    where = folder.resolve()
    stick = is_stick(where.anchor if sys.platform == "win32" else f"{where}/")
    where_to = "已写入 U 盘" if stick else f"{WRITTEN}到文件夹"
    return f"{where_to}“{medium_of(folder)}”，读回一致" + (f"，由{carrier}送交" if carrier else "")


def _volume_label(drive: str) -> str:
    """The name a person gave a drive of Windows (`E:`), "" when it has none."""
    if sys.platform == "win32":
        import ctypes

        room = ctypes.create_unicode_buffer(261)
        asked = (f"{drive}\\", room, len(room), None, None, None, None, 0)
        return room.value if drive and ctypes.windll.kernel32.GetVolumeInformationW(*asked) else ""
    return ""


def medium_of(folder: Path) -> str:
    """How people call where the files went: the drive or the mount point, else the folder's own name."""
    if sys.platform == "win32":
        drive = folder.resolve().drive
        label = _volume_label(drive)
        return f"{label}（{drive}）" if label else drive or folder.name
    for parent in (folder.resolve(), *folder.resolve().parents):
        if parent.is_mount() and parent != Path("/"):
            return parent.name
    return folder.name
