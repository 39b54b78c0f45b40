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
from models.services.units import own_unit
from sync.formats import COMPANION_KINDS, KIND_LABELS, FileKind, open_file, sniff
from sync.packages import inbox, ledger
from sync.packages.arrival import called
from sync.packages.inbox import Received
from sync.refusals import Fault, OutOfTurnError, RefusedError, UntrustedError
from sync.transport import incoming
from sync.transport.incoming import PartSet, progress_words
from sync.transport.parts import PartHead, read_head
from sync.transport.watching import files_in, is_ours, remember_refused
from sync.wire import envelope
from sync.wire.signedfile import SUFFIX

if TYPE_CHECKING:
    from models.store.store import Store

_ELSEWHERE: Final = (FileKind.BACKUP, FileKind.SPREADSHEET, FileKind.PICTURE)
_KNOWN: Final = (Fault.ALREADY_RECEIVED, Fault.KNOWN_POLICY, Fault.PART_NOT_NEEDED)
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


@dataclass(frozen=True)
class Brought:
    """What a person brought: the files to receive; `elsewhere`: the names of the units that other files, found in
    the same folders and passed over, are for, one name a file."""

    files: list[Path]
    elsewhere: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """How many files are for others; "" when none are."""
        return f"另有{_for_others(self.elsewhere)}，没有动。" if self.elsewhere else ""


def _for_others(names: Sequence[str]) -> str:
    return f" {len(names)} 个文件是给{''.join(f'“{name}”' for name in dict.fromkeys(names))}的"


def expand(store: Store, paths: Sequence[Path]) -> list[Path]:
    """The files to receive only; see `look_through`."""
    return look_through(store, paths).files


def look_through(store: Store, paths: Sequence[Path]) -> Brought:
    """Folders as the files in them that can be received; our own outgoing files there are left out.

    Raises UserError when a path is not there or a folder holds nothing for this unit.
    """
    own = store.read(own_unit).id
    files: list[Path] = []
    elsewhere: list[str] = []
    for path in paths:
        if not path.is_dir():
            if not path.is_file():
                raise UserError(f"找不到文件：{path}。")
            files.append(path)
            continue
        with incoming.reading(path):
            found = [(file, store.read(_addressee, own, file)) for file, _ in files_in(path)]
        inside = [file for file, unit_id in found if unit_id == own]
        others = [store.read(called, unit_id) for _, unit_id in found if unit_id not in (own, None)]
        if others and not inside:
            raise UserError(f"文件夹“{path}”里没有给本单位的文件，其中{_for_others(others)}，没有动。请交给收件单位。")
        if not inside:
            raise UserError(f"文件夹“{path}”里没有可以接收的数据包、回执、政策或邮件分卷。请核对文件夹。")
        files += inside
        elsewhere += others
    return Brought(list(dict.fromkeys(files)), tuple(elsewhere))


def _addressee(session: Session, own: str, path: Path) -> str | None:
    """The unit a file in a folder says it is for; None for what is not received this way, and for our own on its way
    out."""
    try:
        kind = sniff(path)
        if kind is FileKind.PART:
            head = read_head(path)
            return None if head.audience != own and _is_sent(session, head.package) else head.audience
        if kind in _ELSEWHERE:
            return None
        file = open_file(path)
        if kind is FileKind.POLICY:
            return own if file.statement.content.get("unit") != own else None
        if file.statement.type != envelope.TYPE:
            return None
        address = envelope.parse_statement(file.statement).address
        if is_ours(session, own, address):
            return None
        return own if kind in COMPANION_KINDS else address.audience
    except UserError:
        return own if path.suffix.lower() == SUFFIX else None  # damaged: to be told, not passed over


def _is_sent(session: Session, package_id: str) -> bool:
    row = ledger.find(session, package_id)
    return row is not None and row.direction == "out"


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
                head = read_head(path)
                _check_wanted(store, head)
                again = incoming.is_here(store.home, head)
                found = incoming.keep(store.home, path)
                taken[path] = Taken(path, _waiting(found, head.index if again else 0))
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


def _check_wanted(store: Store, head: PartHead) -> None:
    """A part says for whom it is and what of: what is for others, or was put together and taken, is not kept.

    What a stop left behind of a file that was taken goes then. Raises UntrustedError, OutOfTurnError.
    """
    if store.read(_is_taken, head):
        incoming.drop(store.home, head.whole)
        raise OutOfTurnError(Fault.PART_NOT_NEEDED)


def _is_taken(session: Session, head: PartHead) -> bool:
    """Whether the very file was put together and taken; the same package under a new number is another file.

    Raises UntrustedError for a part that is for others.
    """
    if head.audience != own_unit(session).id:
        raise UntrustedError(Fault.OTHER_AUDIENCE, audience=called(session, head.audience))
    row = ledger.find(session, head.package)
    return row is not None and row.state != ledger.HELD and row.file_name == incoming.joined_name(head.whole)


def _waiting(found: PartSet, again: int) -> Received:
    """What is kept of a set and what is missing; `again`: the number of a part that was here already, else 0."""
    title = f"{KIND_LABELS[FileKind.PART]}“{found.name}”"
    counts = {"have": len(found.have), "missing": len(found.missing), "parts": found.count}
    if not found.missing:
        return Received(FileKind.PART, title, f"共 {found.count} 卷，已收齐。", state="whole", counts=counts)
    step = f"请接收其余分卷；没有收到的，请对方重发第 {incoming.numbers(found.missing)} 卷。"
    said = f"第 {again} 卷此前已经收下，没有重复收。" if again else "已收下。"
    said += progress_words(found)
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
        incoming.drop(store.home, found.whole)
    return Taken(path, received)


def _failed_whole(store: Store, path: Path, found: PartSet, error: UserError) -> Taken:
    """What was put together was not received: its parts go, unless the reason may pass (then any of them, received
    again, puts it together anew)."""
    path.unlink(missing_ok=True)
    if isinstance(error, CancelledError):
        raise error
    taken = Taken(path, error=error)
    if isinstance(error, RefusedError) and error.fault not in _MAY_PASS:
        incoming.drop(store.home, found.whole)
        if not taken.known:
            store.write(preferences.remember_refused, store.actor, found.whole, found.whole)
    return taken
