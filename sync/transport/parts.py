"""Parts of a package for mailboxes: a numbered piece of a sealed file that says itself which piece of what it is.

    magic, u32, canonical JSON head, bytes to the end

Parts hold ciphertext only and are no secret, but what comes back is hostile input: every limit is checked before
memory or disk is taken for it, and no name in a part becomes a path. The SHA-256 values find damage; whom to believe
is judged when the whole is received (requirement D1, decision 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from models.domain.progress import SILENT, Progress
from sync.formats import PART_FAMILY, open_file, readable
from sync.refusals import Fault, MalformedError
from sync.transport.removable import digest_of, write_out
from sync.wire import envelope, signedfile
from sync.wire.jsonlines import decode, encode

MAGIC: Final = b"ROLLPART1\n"
SUFFIX: Final = ".dat"
"""An ending no mailbox takes for a program; a part is known by its content, so it may be renamed."""
MAX_HEAD: Final = 4096
MAX_PARTS: Final = 1000
MAX_WHOLE: Final = envelope.MAX_SEALED + signedfile.MAX_HEADER + len(signedfile.MAGIC) + 4
_BLOCK: Final = 1 << 20
_MAX_TEXT: Final = 100
_FORM: Final = signedfile.Form(MAGIC, PART_FAMILY, MAX_HEAD, "邮件分卷", Fault.PART_HEAD)


@dataclass(frozen=True)
class PartHead:
    """What a part says of itself. `whole`, `sha256`: SHA-256 (hex) of the whole file and of this part's bytes.

    `piece`: bytes of every part but the last; `total`: bytes of the whole; `index` from 1. `name`, `package` and
    `audience` (content id, unit id) only tell people and the scan of folders what it is; nothing is believed for them.
    """

    whole: str
    total: int
    piece: int
    index: int
    count: int
    sha256: str
    name: str
    package: str
    audience: str

    @property
    def size(self) -> int:
        """Bytes of this part without its head."""
        return min(self.piece, self.total - self.piece * (self.index - 1))

    @property
    def key(self) -> str:
        """Which set it belongs to: the same file split to the same size."""
        return hashlib.sha256(encode([self.whole, self.total, self.piece])).hexdigest()[:32]

    @property
    def file_name(self) -> str:
        """A harmless name for the part, the same however often it is written."""
        digits = len(str(self.count))
        return f"rollbook-{self.whole[:8]}-{self.index:0{digits}}of{self.count}{SUFFIX}"


def part_count(total: int, piece: int) -> int:
    """How many parts of `piece` bytes a file of `total` bytes makes."""
    return -(-total // piece)


def split(path: Path, folder: Path, piece: int, progress: Progress = SILENT) -> list[Path]:
    """Write the parts of a package file, of at most `piece` bytes each, into `folder`; each is read back and compared.

    Raises MalformedError when the file is no package or would need too many parts, NotWrittenError when a part could
    not be written.
    """
    file = open_file(path)
    if file.statement.type != envelope.TYPE:
        raise MalformedError(Fault.NOT_TO_SPLIT)
    address = envelope.parse(file).address
    total = file.offset + file.payload_size
    count = part_count(total, piece)
    if count > MAX_PARTS or total > MAX_WHOLE:
        raise MalformedError(Fault.TOO_MANY_PARTS, count=count, limit=MAX_PARTS)
    with readable(path):
        whole = digest_of(path)
    written = []
    for index in range(1, count + 1):
        progress.report(index - 1, count, "正在拆分")
        start, size = piece * (index - 1), min(piece, total - piece * (index - 1))
        digest = _digest(_slice(path, start, size))
        head = PartHead(whole, total, piece, index, count, digest, path.name[:_MAX_TEXT], address.content,
                        address.audience)  # fmt: skip
        target = folder / head.file_name
        write_out(_blocks(head, path, start), target, _digest(_blocks(head, path, start)))
        written.append(target)
    progress.report(count, count, "正在拆分")
    return written


def _blocks(head: PartHead, path: Path, start: int) -> Iterator[bytes]:
    yield signedfile.framed(_FORM, encode({"v": 1, **asdict(head)}))
    yield from _slice(path, start, head.size)


def _slice(path: Path, start: int, size: int) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(start)
        while size and (block := source.read(min(_BLOCK, size))):
            size -= len(block)
            yield block


def _digest(blocks: Iterator[bytes]) -> str:
    sha = hashlib.sha256()
    for block in blocks:
        sha.update(block)
    return sha.hexdigest()


# --- reading ----------------------------------------------------------------------------------------------


def read_head(path: Path) -> PartHead:
    """The head of a part; its size must fit, its bytes are not looked at. Raises MalformedError, NotWrittenError."""
    with readable(path):
        with path.open("rb") as source:
            head = take_head(source)
            offset = source.tell()
        found = path.stat().st_size - offset
    if found != head.size:
        raise MalformedError(Fault.PART_SIZE, index=head.index, wanted=head.size, found=found)
    return head


def take_head(source: BinaryIO) -> PartHead:
    """Read the head at the start of an open part. Raises MalformedError."""
    raw = signedfile.read_head(source, _FORM)
    try:
        body = decode(raw)
        if body["v"] != 1:
            raise MalformedError(Fault.NEWER_FORMAT, what=_FORM.called)
        return _head(body)
    except (ValueError, TypeError, KeyError):
        raise MalformedError(Fault.PART_HEAD) from None


def _head(body: dict[str, Any]) -> PartHead:
    """The head, when everything in it fits together. Raises ValueError, TypeError, MalformedError."""
    head = PartHead(**{key: value for key, value in body.items() if key != "v"})
    numbers = (head.total, head.piece, head.index, head.count)
    texts = (head.name, head.package, head.audience, head.whole, head.sha256)
    if any(type(number) is not int or number < 1 for number in numbers):
        raise ValueError("number")
    if any(not isinstance(text, str) or len(text) > _MAX_TEXT for text in texts):
        raise ValueError("text")
    if not head.name.isprintable():
        raise ValueError("name")
    if any(len(bytes.fromhex(text)) != 32 or text != text.lower() for text in (head.whole, head.sha256)):
        raise ValueError("hash")
    if head.total > MAX_WHOLE or head.count > MAX_PARTS:
        raise MalformedError(Fault.TOO_LARGE, what=f"256 MiB，{MAX_PARTS} 个分卷")
    if head.index > head.count or head.count != part_count(head.total, head.piece):
        raise ValueError("count")
    return head


def payload(path: Path) -> Iterator[bytes]:
    """The bytes of a part after its head, in blocks."""
    with path.open("rb") as source:
        take_head(source)
        while block := source.read(_BLOCK):
            yield block
