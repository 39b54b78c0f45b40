"""A file between two PCs of one unit: sealed to the other one's key, signed by this one's, numbered per direction.

The form is that of every package (envelope.py); the place in a channel between units is left empty. A later number, or
one of a store restored since, takes the place of all before it, so only the newest file counts and nothing is kept.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.times import from_text
from models.domain.units import Actor
from models.services import companions
from models.services.units import own_unit
from models.store import audit, clock
from models.store import tables as t
from models.store.restoring import RESTORED_AT
from sync.companions import keys
from sync.formats import KIND_LABELS, FileKind, kind_of
from sync.packages.dispatch import VALID_DAYS, file_name
from sync.refusals import ContentRefusedError, Fault, OutOfTurnError, RefusedError, UntrustedError
from sync.transport.removable import folder_for, write_out
from sync.trust.certificates import TIME, to_time
from sync.wire import envelope as envelopes
from sync.wire.envelope import Address, Envelope
from sync.wire.jsonlines import LineReader
from sync.wire.signedfile import SignedFile, header_bytes
from sync.wire.statements import is_signed_by

if TYPE_CHECKING:
    from models.store.store import Store

_PIECE: Final = 1 << 20
_NAMES: Final = {FileKind.DRAFTS: "待核办", FileKind.DECISIONS: "核办结果"}
_ACTS: Final = {FileKind.DRAFTS: "companion.drafts", FileKind.DECISIONS: "companion.decisions"}
Lines = Callable[[Session], Iterable[bytes]]


@dataclass(frozen=True)
class Arrived:
    """A file that is authentic and newer than what was taken before it."""

    kind: FileKind
    file: SignedFile
    envelope: Envelope
    peer: Row[Any]


# --- out ------------------------------------------------------------------------------------------------


def deliver(store: Store, kind: FileKind, companion: str, out_dir: Path | None, lines: Lines) -> Path:
    """Seal what `lines(session)` gives for the other side and write it; the file.

    Raises UserError when it passes a limit every reader checks, NotWrittenError; the number is then used up, which
    does no harm.
    """
    folder = folder_for(store.home, out_dir)
    with tempfile.TemporaryFile(dir=store.home) as spool_file:
        spool = cast(BinaryIO, spool_file)  # a wrapper on Windows
        name, head = store.write(_sealed, store.actor, kind, companion, spool, lines)
        sha = hashlib.sha256(head)
        for block in _blocks(spool):
            sha.update(block)
        target = folder / name
        write_out(_with(head, spool), target, sha.hexdigest())
    return target


def _with(head: bytes, spool: BinaryIO) -> Iterator[bytes]:
    yield head
    yield from _blocks(spool)


def _blocks(spool: BinaryIO) -> Iterator[bytes]:
    spool.seek(0)
    while block := spool.read(_PIECE):
        yield block


def _sealed(
    session: Session, actor: Actor, kind: FileKind, companion: str, spool: BinaryIO, lines: Lines
) -> tuple[str, bytes]:
    peer = companions.find(session, companion)
    try:
        sealed = envelopes.seal(lines(session), spool)
    except ValueError:
        raise UserError("一次交换的内容太多，超过了文件的上限。请先核办或打包一部分，再写出。") from None
    address = _address(session, kind, peer, sealed.sha256)
    statement = envelopes.address_sealed(address, sealed, [peer.opening_key], keys.own_signer(session))
    values = {"sent": address.sequence, "sent_at": clock.now_text()}
    session.execute(update(t.companion).where(t.companion.c.id == peer.id).values(**values))
    body = {"sequence": address.sequence}
    audit.append(session, actor, _ACTS[kind], f"companion:{peer.id}", body)
    return file_name(_NAMES[kind], own_unit(session), f"第{address.sequence}号"), header_bytes(statement)


def _address(session: Session, kind: FileKind, peer: Row[Any], content: str) -> Address:
    own, created = own_unit(session), clock.now(session)
    issuer, audience = (own.id, peer.id) if kind is FileKind.DRAFTS else (peer.id, own.id)
    not_after = (to_time(created) + dt.timedelta(days=VALID_DAYS)).strftime(TIME)
    line = own.line.value
    return Address(kind.value, issuer, audience, line, _epoch(session), peer.sent + 1, "", content, created, not_after)


def _epoch(session: Session) -> int:
    """The moment this store was last restored, in seconds: numbers begin anew there and still count as later."""
    at = session.execute(select(t.setting.c.value).where(t.setting.c.key == RESTORED_AT)).scalar()
    return int(from_text(at).timestamp()) if at else 0


# --- in -------------------------------------------------------------------------------------------------


def authenticate(session: Session, file: SignedFile) -> Arrived:
    """Judge a file of the other PC before it is opened. Raises RefusedError, UserError."""
    kind = kind_of(file.statement)
    parsed = envelopes.parse(file)
    address = parsed.address
    peer = _peer(session, kind, address)
    signatures = file.statement.signatures
    if len(signatures) != 1 or signatures[0].public_key != peer.signing_key:
        raise UntrustedError(Fault.NOT_PAIRED)
    if signatures[0].certificate is not None or signatures[0].person_id:
        raise UntrustedError(Fault.EDITED)
    if not is_signed_by(file.statement, signatures[0]):
        raise UntrustedError(Fault.EDITED)
    envelopes.check_payload(file, parsed)
    if (address.epoch, address.sequence) <= (peer.epoch, peer.received):
        what = KIND_LABELS[kind]
        if (address.epoch, address.sequence) == (peer.epoch, peer.received):
            raise OutOfTurnError(Fault.ALREADY_RECEIVED, what=f"第 {address.sequence} 号{what}")
        raise OutOfTurnError(Fault.OLDER_EXCHANGE, sequence=address.sequence, held=peer.received, what=what)
    return Arrived(kind, file, parsed, peer)


def _peer(session: Session, kind: FileKind, address: Address) -> Row[Any]:
    own, pc = own_unit(session), companions.own_pc(session)
    down = kind is FileKind.DRAFTS
    unit, other = (address.issuer, address.audience) if down else (address.audience, address.issuer)
    if unit != own.id:
        raise UntrustedError(Fault.OTHER_UNITS_PC)
    if down != bool(pc) or (down and other != pc):
        names = companions.pc_names(session)
        audience = names.get(other, "主管领导的电脑") if down else "本单位学籍管理员的电脑"
        raise UntrustedError(Fault.OTHER_PC, audience=audience)
    found = next((row for row in companions.rows(session) if row.id == other), None)
    if found is None:
        raise UntrustedError(Fault.NOT_PAIRED)
    return found


@contextmanager
def opened(session: Session, arrived: Arrived) -> Iterator[LineReader]:
    """The lines of an authentic file. Raises ContentRefusedError."""
    secret = envelopes.unwrap(arrived.envelope, keys.opening_keys(session))
    with arrived.file.path.open("rb") as source:
        yield envelopes.read_payload(arrived.file, arrived.envelope, secret, source)


def note_received(session: Session, arrived: Arrived) -> None:
    """This file was taken: only later ones count from now on."""
    address = arrived.envelope.address
    values = {"epoch": address.epoch, "received": address.sequence, "received_at": clock.now_text()}
    session.execute(update(t.companion).where(t.companion.c.id == arrived.peer.id).values(**values))


def damaged(what: str) -> RefusedError:
    """The content does not have the agreed form."""
    return ContentRefusedError(Fault.CONTENT_DAMAGED, what=what)
