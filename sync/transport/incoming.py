"""Parts that have come by mail, kept in the store's folder until a set is whole, and put together again."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from models.domain.errors import UserError, system_sentence
from models.domain.times import to_text
from models.store.errors import disk_errors
from sync.refusals import Fault, MalformedError, NotWrittenError, RefusedError
from sync.transport.parts import PartHead, payload, read_head

FOLDER: Final = "incoming"
MAX_KEPT: Final = 1 << 30
"""Bytes of all parts that wait for others."""
MAX_SETS: Final = 64
_ENDING: Final = ".part"


@dataclass(frozen=True)
class PartSet:
    """Parts of one file that are here: `have` their numbers, `size` their bytes, `at` when the last one came (UTC)."""

    key: str
    name: str
    whole: str
    package: str
    total: int
    count: int
    have: tuple[int, ...]
    size: int
    at: str

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers still to come."""
        return tuple(sorted({*range(1, self.count + 1)}.difference(self.have)))


def numbers(found: tuple[int, ...]) -> str:
    """Numbers as people say them, runs drawn together: 1、3–5."""
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return "、".join(str(first) if first == last else f"{first}–{last}" for first, last in runs)


def keep(home: Path, path: Path) -> PartSet:
    """Check a part and keep it in `home`; the set it belongs to. A part that is here already changes nothing.

    Raises MalformedError (damaged, other bytes under a number that is here), RefusedError when too much waits
    already, DiskFullError, NotWrittenError.
    """
    head = read_head(path)
    target = _place(home, head)
    folder = target.parent
    if not target.exists():
        _check_room(home, head)
    with _disk(path):
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f"{secrets.token_hex(6)}.new"
        try:
            shutil.copyfile(path, copy)
            _check_bytes(copy)
            if target.exists() and read_head(target).sha256 != head.sha256:
                raise MalformedError(Fault.PART_DIFFERS, index=head.index)
            copy.replace(target)
        finally:
            with suppress(OSError):
                copy.unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()  # only when nothing of the set was taken
    return _read_set(folder, head)


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """What the system says while a part is copied or put together, as a sentence. Raises UserErrors."""
    try:
        with disk_errors():
            yield
    except OSError as error:
        raise NotWrittenError(f"“{path.name}”没有收下：{system_sentence(error)}") from error


@contextmanager
def reading(folder: Path) -> Iterator[None]:
    """What the system says of a folder that cannot be read, as a sentence. Raises UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"文件夹打不开：{system_sentence(error)}") from error


def _check_bytes(copy: Path) -> None:
    """Compare the kept copy with what its head says, so that what is kept is what was checked."""
    head = read_head(copy)
    sha = hashlib.sha256()
    for block in payload(copy):
        sha.update(block)
    if sha.hexdigest() != head.sha256:
        raise MalformedError(Fault.PART_DAMAGED, index=head.index)


def _check_room(home: Path, head: PartHead) -> None:
    kept = sets(home)
    used = sum(one.size for one in kept)
    too_many = len(kept) >= MAX_SETS and all(one.key != head.key for one in kept)
    if used + head.size > MAX_KEPT or too_many:
        raise RefusedError(Fault.PARTS_FULL, used=used >> 20, sets=len(kept))


def sets(home: Path) -> list[PartSet]:
    """Every set of which parts are here, the newest first."""
    found = []
    for folder in (home / FOLDER).glob("*"):
        first = next(iter(sorted(folder.glob(f"*{_ENDING}"))), None)
        if first is not None:
            with suppress(UserError, OSError):
                found.append(_read_set(folder, read_head(first)))
    return sorted(found, key=lambda one: one.at, reverse=True)


def is_here(home: Path, head: PartHead) -> bool:
    """Whether this part is kept already."""
    return _place(home, head).exists()


def _place(home: Path, head: PartHead) -> Path:
    return home / FOLDER / head.key / f"{head.index:04}{_ENDING}"


def joined_name(whole: str) -> str:
    """What a file that was put together is called, by its SHA-256 (hex)."""
    return f"{whole[:16]}.rollbook"


def _read_set(folder: Path, head: PartHead) -> PartSet:
    have, size, newest = [], 0, 0.0
    for path in sorted(folder.glob(f"*{_ENDING}")):
        stat = path.stat()
        size, newest = size + stat.st_size, max(newest, stat.st_mtime)
        have.append(int(path.stem))
    at = to_text(datetime.fromtimestamp(newest, UTC))
    return PartSet(head.key, head.name, head.whole, head.package, head.total, head.count, tuple(have), size, at)


def join(home: Path, found: PartSet) -> Path:
    """Put a whole set together beside its parts. Raises MalformedError when it is not what was split; then all go."""
    folder = home / FOLDER / found.key
    target = folder / joined_name(found.whole)
    sha, size = hashlib.sha256(), 0
    with _disk(target), target.open("wb") as whole:
        for index in range(1, found.count + 1):
            for block in payload(folder / f"{index:04}{_ENDING}"):
                sha.update(block)
                size += len(block)
                whole.write(block)
    if (sha.hexdigest(), size) != (found.whole, found.total):
        shutil.rmtree(folder, ignore_errors=True)  # parts of another size may be the true ones
        raise MalformedError(Fault.PARTS_UNLIKE_WHOLE, count=found.count)
    return target


def drop(home: Path, whole: str) -> None:
    """Delete what is here of a file, by its SHA-256 (hex), in whatever sizes it was split."""
    for one in sets(home):
        if one.whole == whole:
            shutil.rmtree(home / FOLDER / one.key, ignore_errors=True)


def discard(home: Path, start: str) -> PartSet:
    """Delete the set whose key begins with `start`, because a person gave it up. Raises UserError."""
    matching = [one for one in sets(home) if one.key.startswith(start)]
    if len(matching) != 1 or not start:
        raise UserError(f"找不到标识以“{start}”开头的未收齐分卷，请用 package parts 查看。")
    shutil.rmtree(home / FOLDER / matching[0].key, ignore_errors=True)
    return matching[0]


def progress_words(found: PartSet) -> str:
    """How far a set is: which numbers are still missing."""
    return f"共 {found.count} 卷，已收 {len(found.have)} 卷，还缺第 {numbers(found.missing)} 卷。"
