"""The envelope: for whom a sealed payload is, its place in the channel, and the payload itself (decision 4).

    magic, u32, statement signed by the unit's key: audience, channel, wraps, hash and size of the ciphertext
    zstd of NDJSON, in 64 KiB AES-256-GCM chunks, to the end of the file

No file names inside, so nothing can lead out of a folder. Every limit is checked before memory is taken for it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import zstandard

from sync.refusals import ContentRefusedError, Fault, MalformedError
from sync.trust.certificates import to_time
from sync.wire.jsonlines import MAX_LINE, LineReader, is_number
from sync.wire.signedfile import SignedFile
from sync.wire.statements import Signs, Statement, base64_text, sign, unbase64
from sync.wire.suites import CHUNK, P256_AES, SUITES, SealingWriter, Suite, key_id, open_chunks

TYPE: Final = "rollbook.envelope"
MAX_SEALED: Final = 256 << 20
MAX_PLAIN: Final = 1 << 30
MAX_LINES: Final = 1 << 20
MAX_RATIO: Final = 200
MAX_WRAPS: Final = 16
SMALL: Final = 1 << 16
"""Below this plain size the ratio says nothing."""
_WINDOW: Final = 1 << 23
_SLICE: Final = 256
"""Compressed bytes fed at once: a zstd block of 4 bytes can claim 128 KiB, so this bounds what one call returns."""
_LEVEL: Final = 6
PURPOSES: Final = ("changes", "evidence", "receipt", "messages", "report")

_TEXTS = ("type", "suite", "purpose", "issuer", "audience", "line", "previous", "content", "created", "not_after")
_NUMBERS = ("v", "epoch", "sequence", "acknowledged")
_OPTIONAL = ("in_reply_to", "acknowledged_epoch")
_PAYLOAD = ("size", "plain", "lines", "chunk")


@dataclass(frozen=True)
class Address:
    """Who sends what to whom, and its place in the channel (issuer, audience, line); sequence 0 is outside of it.

    `content` is the package id; `acknowledged` the last number taken from the audience in the other direction, in that
    channel's `acknowledged_epoch`.
    """

    purpose: str
    issuer: str
    audience: str
    line: str
    epoch: int
    sequence: int
    previous: str
    content: str
    created: str
    not_after: str
    acknowledged: int = 0
    in_reply_to: str | None = None
    acknowledged_epoch: int = 1


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope; nothing in it may be believed before `sync.trust.chains` has judged its signature."""

    address: Address
    suite: Suite
    size: int
    sha256: str
    plain: int
    lines: int
    wraps: Mapping[str, bytes]
    statement: Statement


def _info(address: Address, suite: Suite, sha256: str) -> bytes:
    """What a wrapped key is bound to: it opens no other payload and nobody else's envelope."""
    a = address
    parts = (suite.name, a.purpose, a.issuer, a.audience, a.line, a.epoch, a.sequence, a.content, sha256)
    return b"ROLLBOOK1|" + "|".join(str(part) for part in parts).encode()


# --- building -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """A payload already encrypted into a spool file, before anybody knows its place in a channel."""

    suite: Suite
    key: bytes
    size: int
    sha256: str
    plain: int
    lines: int


def seal(lines: Iterable[bytes], target: BinaryIO, suite: Suite = P256_AES) -> Sealed:
    """Compress and encrypt `lines` (each with its newline) into `target` in constant memory.

    Raises ValueError when a limit that every reader checks would be passed.
    """
    key = os.urandom(32)
    writer = SealingWriter(suite, key, target)
    compressor = zstandard.ZstdCompressor(level=_LEVEL).compressobj()
    plain = count = 0
    for line in lines:
        plain += len(line)
        count += 1
        if len(line) > MAX_LINE or plain > MAX_PLAIN or count > MAX_LINES:
            raise ValueError("payload")
        writer.write(compressor.compress(line))
    writer.write(compressor.flush())
    sha256 = writer.close()
    if writer.size > MAX_SEALED:
        raise ValueError("payload")
    return Sealed(suite, key, writer.size, sha256, plain, count)


def address_sealed(address: Address, sealed: Sealed, recipients: Sequence[bytes], unit: Signs) -> Statement:
    """The envelope's statement: the payload's key wrapped to each recipient (DER public keys), signed by the unit."""
    info = _info(address, sealed.suite, sealed.sha256)
    wraps = [{"key": key_id(r), "sealed": base64_text(sealed.suite.wrap(sealed.key, r, info))} for r in recipients]
    payload = {"size": sealed.size, "hash": sealed.sha256, "plain": sealed.plain, "lines": sealed.lines, "chunk": CHUNK}
    body = {"type": TYPE, "v": 1, "suite": sealed.suite.name, **vars(address), "payload": payload, "wraps": wraps}
    return sign(body, [unit])


# --- reading --------------------------------------------------------------------------------------------


def parse(file: SignedFile) -> Envelope:
    """The envelope of a file, its limits checked. Raises MalformedError."""
    envelope = parse_statement(file.statement)
    if file.payload_size < envelope.size:
        raise MalformedError(Fault.CUT_SHORT)
    if file.payload_size > envelope.size:
        raise MalformedError(Fault.TRAILING)
    return envelope


def parse_statement(statement: Statement) -> Envelope:
    """The envelope in a statement. Raises MalformedError."""
    body = statement.content
    try:
        address, payload, wraps = _address(body), _payload(body["payload"]), _wraps(body["wraps"])
    except (KeyError, ValueError, TypeError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    if body["v"] != 1:
        raise MalformedError(Fault.NEWER_FORMAT, what=f"信封第 {body['v']} 版")
    suite = next((s for s in SUITES if s.name == body["suite"]), None)
    if suite is None:
        raise MalformedError(Fault.UNKNOWN_SUITE, suite=body["suite"][:40])
    _check_limits(payload)
    return Envelope(
        address, suite, payload["size"], body["payload"]["hash"], payload["plain"], payload["lines"], wraps, statement
    )


def _address(body: dict[str, Any]) -> Address:
    if any(not isinstance(body[key], str) or len(body[key]) > 100 for key in _TEXTS):
        raise ValueError("text")
    if any(not is_number(body[key]) for key in _NUMBERS):
        raise ValueError("number")
    if (body["sequence"] == 0) != (body["purpose"] == "evidence"):  # all else has its place in the channel
        raise ValueError("sequence")
    reply = body["in_reply_to"]
    if reply is not None and not isinstance(reply, str):
        raise ValueError("in_reply_to")
    to_time(body["created"])
    to_time(body["not_after"])
    epoch = body.get("acknowledged_epoch", 1)
    if not is_number(epoch):
        raise ValueError("number")
    plain = {key: body[key] for key in Address.__dataclass_fields__ if key not in _OPTIONAL}
    return Address(in_reply_to=reply, acknowledged_epoch=epoch, **plain)


def _payload(value: Any) -> dict[str, int]:
    if not all(is_number(value[key]) for key in _PAYLOAD) or len(bytes.fromhex(value["hash"])) != 32:
        raise ValueError("payload")
    return {key: value[key] for key in _PAYLOAD}


def _wraps(value: Any) -> dict[str, bytes]:
    if not isinstance(value, list) or len(value) > MAX_WRAPS:
        raise ValueError("wraps")
    return {str(wrap["key"]): unbase64(wrap["sealed"]) for wrap in value}


def _check_limits(payload: Mapping[str, int]) -> None:
    limits = (
        (payload["size"] > MAX_SEALED, "密文 256 MiB"),
        (payload["plain"] > MAX_PLAIN, "内容 1 GiB"),
        (payload["lines"] > MAX_LINES, "记录 1048576 条"),
        (payload["plain"] > max(SMALL, MAX_RATIO * payload["size"]), f"压缩比 {MAX_RATIO}"),
        (payload["chunk"] != CHUNK, "分块 64 KiB"),
    )
    for broken, what in limits:
        if broken:
            raise MalformedError(Fault.TOO_LARGE, what=what)


def check_payload(file: SignedFile, envelope: Envelope) -> None:
    """Compare the ciphertext with its signed hash, before anything is decrypted. Raises MalformedError."""
    sha256 = hashlib.sha256()
    with file.path.open("rb") as source:
        source.seek(file.offset)
        while block := source.read(1 << 20):
            sha256.update(block)
    if sha256.hexdigest() != envelope.sha256:
        raise MalformedError(Fault.PAYLOAD_DAMAGED)


def unwrap(envelope: Envelope, private_keys: Mapping[str, bytes]) -> bytes:
    """The payload's key by one of ours ({key id: DER PKCS8}). Raises ContentRefusedError."""
    info = _info(envelope.address, envelope.suite, envelope.sha256)
    for name, private in private_keys.items():
        if name in envelope.wraps:
            try:
                return envelope.suite.unwrap(envelope.wraps[name], private, info)
            except ValueError:
                break
    raise ContentRefusedError(Fault.NOT_A_RECIPIENT)


class PayloadSource:
    """The lines of a payload, within the sizes that were signed."""

    def __init__(self, envelope: Envelope, key: bytes, source: BinaryIO) -> None:
        self._plain = _decompressed(open_chunks(envelope.suite, key, source, envelope.size), envelope.plain)
        self._envelope = envelope
        self._buffer = b""
        self._start = 0
        self._lines = 0

    def next_line(self) -> bytes | None:
        """The next line without its newline; None at the end. Raises ContentRefusedError."""
        while (end := self._buffer.find(b"\n", self._start)) < 0:
            rest = self._buffer[self._start :]
            if len(rest) >= MAX_LINE:
                raise ContentRefusedError(Fault.LINE_TOO_LONG)
            block = next(self._plain, None)
            if block is None:
                self._finish(rest)
                return None
            self._buffer, self._start = rest + block, 0
        line = self._buffer[self._start : end]
        self._start = end + 1
        self._lines += 1
        if len(line) >= MAX_LINE:
            raise ContentRefusedError(Fault.LINE_TOO_LONG)
        if self._lines > self._envelope.lines:
            raise ContentRefusedError(Fault.BOMB)
        return line

    def _finish(self, rest: bytes) -> None:
        if rest or self._lines != self._envelope.lines:
            raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="记录数与声明不符")


def _decompressed(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Plain blocks of bounded size; the sum must be `limit` and nothing may follow the one frame."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    total = 0
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE):
            if decompressor.eof:
                raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="压缩数据之后还有内容")
            try:
                block = decompressor.decompress(chunk[start : start + _SLICE])
            except (zstandard.ZstdError, MemoryError):
                raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="压缩数据") from None
            total += len(block)
            if total > limit:
                raise ContentRefusedError(Fault.BOMB)
            if block:
                yield block
    if not decompressor.eof or decompressor.unused_data or total != limit:
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="压缩数据不完整")


def read_payload(file: SignedFile, envelope: Envelope, key: bytes, source: BinaryIO) -> LineReader:
    """A reader of the payload's lines; `source` is the open file, which the caller closes."""
    source.seek(file.offset)
    return LineReader(PayloadSource(envelope, key, source))
