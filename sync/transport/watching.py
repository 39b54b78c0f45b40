"""Folders and drives that are looked through for files for this unit; nothing is taken without a person's click.

`Watch.look` touches files only and may be called from any thread: each folder has a thread and a time limit of its
own, so a share that hangs holds up nobody. `offered` touches the store only and says what is worth offering: only
heads are read, a file is opened once as long as its size and time stay the same.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import UserError, system_sentence
from models.services import companions, preferences
from models.services.units import own_unit, unit_name
from models.store import tables as t
from sync.formats import COMPANION_KINDS, KIND_LABELS, PART_FAMILY, POLICY, FileKind
from sync.refusals import RefusedError
from sync.transport import incoming
from sync.transport.parts import PartHead, read_head
from sync.transport.removable import digest_of
from sync.wire import envelope, signedfile
from sync.wire.envelope import Address

if TYPE_CHECKING:
    from models.store.store import Store

LIMIT_SECONDS: Final = 5.0
MOST_FILES: Final = 2000
"""Files looked at in a folder and the folders in it; more is no place for deliveries."""
_MOST_KNOWN: Final = 20_000
_LARGEST: Final = (256 << 20) + (1 << 20)

Stamp = tuple[str, int, int]
"""Path, size, time of the last change in ns: a file with the same stamp is not opened again."""


@dataclass(frozen=True)
class Seen:
    """A file of the program's own kinds, as far as its head says. Exactly one of the three heads is there.

    `head`: SHA-256 (hex) of the head; `digest`: of the whole file, only when the head is one that was refused once.
    """

    path: Path
    folder: Path
    size: int
    head: str
    digest: str = ""
    address: Address | None = None
    part: PartHead | None = None
    policy: tuple[str, int] | None = None


@dataclass(frozen=True)
class Found:
    """A file worth offering. `title` says what it is and whose; `kind` of FileKind."""

    path: Path
    folder: Path
    kind: FileKind
    title: str
    size: int


@dataclass(frozen=True)
class Scan:
    """What was found, and a sentence for each folder that could not be looked through."""

    found: tuple[Found, ...]
    troubles: tuple[str, ...]


@dataclass
class _Round:
    """What one thread brings home from one folder."""

    seen: list[Seen] = field(default_factory=list)
    trouble: str = ""


class Watch:
    """Remembers between two looks which files it knows and which folders hang."""

    def __init__(self) -> None:
        self._known: dict[Stamp, Seen | None] = {}
        self._hanging: dict[Path, threading.Thread] = {}

    def look(
        self, folders: Sequence[Path], refused: Mapping[str, str], limit: float = LIMIT_SECONDS
    ) -> tuple[list[Seen], list[str]]:
        """Files in `folders` and a sentence for each folder that is away or hangs; at most `limit` seconds in all.

        `refused`: `preferences.refused_files`.
        """
        rounds: dict[Path, tuple[threading.Thread, _Round]] = {}
        troubles = []
        for folder in dict.fromkeys(folders):
            if (hanging := self._hanging.get(folder)) is not None and hanging.is_alive():
                troubles.append(_hangs(folder))
                continue
            round_ = _Round()
            thread = threading.Thread(target=self._walk, args=(folder, refused, round_), daemon=True)
            rounds[folder] = (thread, round_)
            thread.start()
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        until, seen = time.monotonic() + limit, []
        for folder, (thread, round_) in rounds.items():
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self._hanging[folder] = thread
                troubles.append(_hangs(folder))
            else:
                seen += round_.seen
                troubles += [round_.trouble] if round_.trouble else []
        return seen, troubles

    def _walk(self, folder: Path, refused: Mapping[str, str], round_: _Round) -> None:
        try:
            for path, stamp in files_in(folder):
                if stamp not in self._known:
                    self._known[stamp] = _read(path, folder, stamp[1])
                one = self._known[stamp]
                if one is not None and one.head in refused and not one.digest:
                    one = self._known[stamp] = _with_digest(one)
                if one is not None:
                    round_.seen.append(one)
        except OSError as error:
            bare = OSError(error.errno, error.strerror)  # the name stands in the sentence already
            round_.trouble = f"收件文件夹“{folder}”打不开：{system_sentence(bare)}"


def _hangs(folder: Path) -> str:
    return f"收件文件夹“{folder}”没有反应，这次没有查看。如果是网络位置，请检查网络。"


def files_in(folder: Path) -> Iterator[tuple[Path, Stamp]]:
    """Files of a fitting size in a folder and the folders in it, no links. Raises OSError for the folder itself."""
    count = 0
    with os.scandir(folder) as entries:
        first = sorted(entries, key=lambda entry: entry.name)
    for entry in first:
        inner = [entry]
        if entry.is_dir(follow_symlinks=False):
            with suppress(OSError), os.scandir(entry.path) as below:
                inner = sorted(below, key=lambda one: one.name)
        for one in inner:
            count += 1
            if count > MOST_FILES:
                return
            with suppress(OSError):
                if one.is_file(follow_symlinks=False) and not one.name.startswith("."):
                    stat = one.stat(follow_symlinks=False)
                    if 0 < stat.st_size <= _LARGEST:
                        yield Path(one.path), (one.path, stat.st_size, stat.st_mtime_ns)


def _read(path: Path, folder: Path, size: int) -> Seen | None:
    """What the head of a file says; None when it is of no kind of ours, damaged, or still being copied."""
    try:
        with path.open("rb") as source:
            start = source.read(len(signedfile.MAGIC))
        if start.startswith(PART_FAMILY):
            part = read_head(path)
            return Seen(path, folder, size, _sha(repr(part).encode()), part=part)
        if start != signedfile.MAGIC:
            return None
        file = signedfile.read(path)
        head = file.statement.id
        if file.statement.type == envelope.TYPE:
            parsed = envelope.parse_statement(file.statement)
            return Seen(path, folder, size, head, address=parsed.address) if parsed.size == file.payload_size else None
        body = file.statement.content
        if file.statement.type == POLICY and isinstance(body.get("version"), int):
            return Seen(path, folder, size, head, policy=(str(body.get("unit")), body["version"]))
    except (RefusedError, OSError, UserError):
        return None
    return None


def _sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _with_digest(seen: Seen) -> Seen:
    return replace(seen, digest=digest_of(seen.path))


def remember_refused(store: Store, path: Path) -> None:
    """Do not offer a refused file again: known by the bytes of the whole file, so a sound copy is offered."""
    with suppress(OSError):
        seen = _read(path, path.parent, path.stat().st_size)
        if seen is not None:
            store.write(preferences.remember_refused, store.actor, seen.head, digest_of(path))


# --- what is worth offering -------------------------------------------------------------------------------


def offered(session: Session, home: Path, seen: Sequence[Seen]) -> list[Found]:
    """Of the files seen those for this unit that are not received, kept or refused yet; each content once,
    as a whole file when there is one."""
    own = own_unit(session).id
    refused = preferences.refused_files(session)
    kept = {(one.key, number) for one in incoming.sets(home) for number in one.have}
    found: dict[str, Found] = {}
    package_of: dict[str, str] = {}
    for one in seen:
        whole = one.part.whole if one.part is not None else one.digest
        if (one.digest and refused.get(one.head) == one.digest) or (whole and refused.get(whole) == whole):
            continue
        key, words, kind = _offer(session, own, one, kept)
        if key and key not in found:
            found[key] = Found(one.path, one.folder, kind, words, one.size)
            package_of[key] = one.part.package if one.part is not None else key
    in_one = {one.address.content for one in seen if one.address is not None}.intersection(found)
    return [one for key, one in found.items() if one.kind is not FileKind.PART or package_of[key] not in in_one]


def _offer(session: Session, own: str, one: Seen, kept: set[tuple[str, int]]) -> tuple[str, str, FileKind]:
    """Key, title and kind of a file to offer; key "" when it is not to be offered."""
    nothing = ("", "", FileKind.UNKNOWN)
    if one.address is not None:
        a = one.address
        kind = FileKind(a.purpose) if a.purpose in list(FileKind) else FileKind.UNKNOWN
        if is_ours(session, own, a) or not _is_wanted(session, own, a, kind):
            return nothing
        if kind in COMPANION_KINDS:
            return one.head, f"本单位另一台电脑的{KIND_LABELS[kind]}（第 {a.sequence} 号）", kind
        number = f"（第 {a.sequence} 号）" if a.sequence else ""
        return a.content, f"“{unit_name(session, a.issuer)}”的{KIND_LABELS[kind]}{number}", kind
    if one.part is not None:
        p = one.part
        if p.audience != own or (p.key, p.index) in kept or _is_here(session, p.package):
            return nothing
        title = f"{KIND_LABELS[FileKind.PART]}第 {p.index} 卷（共 {p.count} 卷）"
        return f"{p.key}:{p.index}", title, FileKind.PART
    assert one.policy is not None
    unit, version = one.policy
    if unit == own or _policy_is_here(session, unit, version):
        return nothing
    return f"{unit}:{version}", f"“{unit_name(session, unit)}”的政策文件（第 {version} 版）", FileKind.POLICY


def is_ours(session: Session, own: str, address: Address) -> bool:
    """Whether this store wrote the file itself: what lies in a folder on its way out is not received."""
    if address.purpose == FileKind.DRAFTS:
        return not companions.own_pc(session)
    if address.purpose == FileKind.DECISIONS:
        return bool(companions.own_pc(session))
    return address.issuer == own


def _is_wanted(session: Session, own: str, address: Address, kind: FileKind) -> bool:
    """Whether a file of another one is for us, and not received yet."""
    if kind not in COMPANION_KINDS:
        return address.audience == own and not _is_here(session, address.content, address.issuer)
    down = kind is FileKind.DRAFTS
    unit, other = (address.issuer, address.audience) if down else (address.audience, address.issuer)
    if unit != own or (down and other != companions.own_pc(session)):
        return False
    peer = next((row for row in companions.rows(session) if row.id == other), None)
    return peer is not None and (address.epoch, address.sequence) > (peer.epoch, peer.received)


def _is_here(session: Session, package_id: str, issuer: str = "") -> bool:
    row = session.execute(select(t.package).where(t.package.c.id == package_id)).first()
    return row is not None and row.direction == "in" and issuer in ("", row.issuer_id)


def _policy_is_here(session: Session, unit_id: str, version: int) -> bool:
    c = t.policy.c
    query = select(c.version).where(c.unit_id == unit_id, c.version >= version, c.state == "received")
    return session.execute(query.limit(1)).first() is not None


def scan(
    store: Store, folders: Sequence[Path] | None = None, watch: Watch | None = None, limit: float = LIMIT_SECONDS
) -> Scan:
    """Look through folders (None: those that were chosen) and say what could be received. Takes nothing."""
    if folders is None:
        folders = store.read(preferences.watched_folders)
    refused = store.read(preferences.refused_files)
    seen, troubles = (watch or Watch()).look(folders, refused, limit)
    return Scan(tuple(store.read(offered, store.home, seen)), tuple(troubles))
