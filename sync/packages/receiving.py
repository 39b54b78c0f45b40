"""Receiving what people bring: one file, parts of a mail, several files at once, a folder; in an order that works.

A single sealed file goes straight to `inbox.receive`. Parts are kept until their set is whole; what they make then is
received exactly as if it had come in one piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.orm import Session

from models.domain.errors import CancelledError, UserError
from models.domain.progress import SILENT, Progress
from models.services import preferences
from models.services.units import own_unit, unit_name
from sync.formats import KIND_LABELS, FileKind, open_file, sniff
from sync.packages import inbox
from sync.packages.inbox import Received
from sync.refusals import Fault, RefusedError, UntrustedError
from sync.transport import incoming
from sync.transport.incoming import PartSet, progress_words
from sync.transport.parts import read_head
from sync.transport.watching import files_in, is_ours, remember_refused
from sync.wire import envelope
from sync.wire.signedfile import SUFFIX

if TYPE_CHECKING:
    from models.store.store import Store

_ELSEWHERE: Final = (FileKind.BACKUP, FileKind.SPREADSHEET, FileKind.PICTURE)
_KNOWN: Final = (Fault.ALREADY_RECEIVED, Fault.KNOWN_POLICY)
_MAY_PASS: Final = (
    Fault.UNKNOWN_ISSUER, Fault.FOREIGN_ANCHOR, Fault.EXPIRED_CERTIFICATE, Fault.TOO_FAR_AHEAD, Fault.NEWER_FORMAT,
)  # fmt: skip


@dataclass(frozen=True)
class Taken:
    """What became of one file: `received`, or `error`, the reason why not."""

    path: Path
    received: Received | None = None
    error: UserError | None = None

    @property
    def known(self) -> bool:
        """Whether it is only here a second time, which harms nothing."""
        return isinstance(self.error, RefusedError) and self.error.fault in _KNOWN

    @property
    def refused(self) -> bool:
        """Whether something is wrong with it."""
        return (self.received is not None and self.received.refused) or (self.error is not None and not self.known)

    @property
    def sentence(self) -> str:
        """What happened."""
        return self.received.sentence if self.received is not None else str(self.error)

    def to_json(self) -> dict[str, Any]:
        """For `receive --json` of several files."""
        told = self.received.to_json() if self.received is not None else {"sentence": self.sentence}
        return {"path": str(self.path), **told, "refused": self.refused, "known": self.known}


def receive(store: Store, path: Path, passphrase: str | None = None, progress: Progress = SILENT) -> Received:
    """Receive one file or one part; see `inbox.receive`. Raises what it raises, and MalformedError for a bad part."""
    (taken,) = receive_all(store, [path], passphrase, progress)
    if taken.error is not None:
        raise taken.error
    assert taken.received is not None
    return taken.received


def expand(store: Store, paths: Sequence[Path]) -> list[Path]:
    """Folders as the files in them that can be received; our own outgoing files there are left out.

    Raises UserError when a path is not there or a folder holds nothing of the kind.
    """
    own = store.read(own_unit).id
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            if not path.is_file():
                raise UserError(f"找不到文件：{path}。")
            files.append(path)
            continue
        with incoming.reading(path):
            inside = [file for file, _ in files_in(path) if _is_for(store, own, file)]
        if not inside:
            raise UserError(f"文件夹“{path}”里没有可以接收的数据包、回执、政策或邮件分卷。请核对文件夹。")
        files += inside
    return list(dict.fromkeys(files))


def _is_for(store: Store, own: str, path: Path) -> bool:
    """Whether a file in a folder is of a kind that can be received, and not one of ours on its way out."""
    try:
        kind = sniff(path)
        if kind is FileKind.PART:
            return read_head(path).audience == own
        if kind in _ELSEWHERE:
            return False
        file = open_file(path)
        if kind is FileKind.POLICY:
            return file.statement.content.get("unit") != own
        if file.statement.type != envelope.TYPE:
            return False
        return not store.read(is_ours, own, envelope.parse_statement(file.statement).address)
    except UserError:
        return path.suffix.lower() == SUFFIX  # damaged: to be told, not passed over


def receive_all(
    store: Store, paths: Sequence[Path], passphrase: str | None = None, progress: Progress = SILENT
) -> list[Taken]:
    """Receive files and parts, parts first, then whole files in the order of their channels; one fault stops none.

    Raises CancelledError only.
    """
    taken: dict[Path, Taken] = {}
    whole: dict[Path, PartSet | None] = {}
    last: dict[Path, Path] = {}
    for path in dict.fromkeys(paths):
        try:
            if sniff(path) is FileKind.PART:
                store.read(_check_audience, path)
                found = incoming.keep(store.home, path)
                taken[path] = Taken(path, _waiting(found))
                if not found.missing:
                    joined = incoming.join(store.home, found)
                    whole[joined], last[joined] = found, path
            else:
                whole[path], last[path] = None, path
        except UserError as error:
            taken[path] = _failed(store, path, error)
    for path in sorted(whole, key=_turn):
        named = last[path]
        taken[named] = replace(_receive(store, path, whole[path], passphrase, progress), path=named)
    return [taken[path] for path in dict.fromkeys(paths)]


def _check_audience(session: Session, path: Path) -> None:
    """A part says for whom it is: what is for others is not kept. Raises UntrustedError."""
    audience = read_head(path).audience
    if audience != own_unit(session).id:
        raise UntrustedError(Fault.OTHER_AUDIENCE, audience=unit_name(session, audience))


def _waiting(found: PartSet) -> Received:
    title = f"{KIND_LABELS[FileKind.PART]}“{found.name}”"
    counts = {"have": len(found.have), "missing": len(found.missing), "parts": found.count}
    if not found.missing:
        return Received(FileKind.PART, title, f"共 {found.count} 卷，已收齐。", state="whole", counts=counts)
    step = f"请接收其余分卷；没有收到的，请对方重发第 {incoming.numbers(found.missing)} 卷。"
    said = f"已收下。{progress_words(found)}"
    return Received(FileKind.PART, title, said, step, found.package, "waiting", counts)


def _failed(store: Store, path: Path, error: UserError) -> Taken:
    if isinstance(error, CancelledError):
        raise error
    taken = Taken(path, error=error)
    if isinstance(error, RefusedError) and not taken.known and not store.read_only:
        remember_refused(store, path)
    return taken


def _turn(path: Path) -> tuple[str, str, int, int]:
    """Policies and documents first, then each channel by its numbers, what stands outside of it last."""
    with suppress(UserError, OSError):
        file = open_file(path)
        if file.statement.type == envelope.TYPE:
            a = envelope.parse_statement(file.statement).address
            return (a.issuer, a.line, a.epoch, a.sequence or 1 << 53)
    return ("", "", 0, 0)


def _receive(store: Store, path: Path, found: PartSet | None, passphrase: str | None, progress: Progress) -> Taken:
    try:
        received = inbox.receive(store, path, passphrase, progress)
    except UserError as error:
        if found is None:
            return _failed(store, path, error)
        return _failed_whole(store, path, found, error)
    if found is not None:
        incoming.drop(store.home, found)
    return Taken(path, received)


def _failed_whole(store: Store, path: Path, found: PartSet, error: UserError) -> Taken:
    """What was put together was not received: its parts go, unless the reason may pass (then any of them, received
    again, puts it together anew)."""
    path.unlink(missing_ok=True)
    if isinstance(error, CancelledError):
        raise error
    taken = Taken(path, error=error)
    if isinstance(error, RefusedError) and error.fault not in _MAY_PASS:
        incoming.drop(store.home, found)
        if not taken.known:
            store.write(preferences.remember_refused, store.actor, found.whole, found.whole)
    return taken
