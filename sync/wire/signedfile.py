"""The outer form of every `.rollbook` file: magic, length, one signed statement, and what follows it.

Reading says nothing of trust: it gives a statement whose form is right and where its payload lies.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from sync.refusals import Fault, MalformedError
from sync.wire.jsonlines import decode, encode
from sync.wire.statements import MAX_SIGNATURES, Statement

MAGIC: Final = b"ROLLBOOK1\n"
FAMILY: Final = b"ROLLBOOK"
MAX_HEADER: Final = 256 * 1024
SUFFIX: Final = ".rollbook"


@dataclass(frozen=True)
class SignedFile:
    """The statement of a file, and the place and size of the payload after it."""

    path: Path
    statement: Statement
    offset: int
    payload_size: int


def header_bytes(statement: Statement) -> bytes:
    """Magic, length and statement. Raises ValueError when the statement is larger than any reader takes."""
    header = encode(statement.to_json())
    if len(header) > MAX_HEADER:
        raise ValueError("header")
    return MAGIC + struct.pack(">I", len(header)) + header


def read(path: Path) -> SignedFile:
    """Read the head of a file under its limits. Raises MalformedError, or OSError when it cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as source:
        statement = read_statement(source)
        offset = source.tell()
    return SignedFile(path, statement, offset, size - offset)


def read_statement(source: BinaryIO) -> Statement:
    """The statement at the head of an open file. Raises MalformedError."""
    magic = source.read(len(MAGIC))
    if magic != MAGIC:
        newer = magic.startswith(FAMILY) and len(magic) == len(MAGIC)
        raise MalformedError(Fault.NEWER_FORMAT, what="文件格式") if newer else MalformedError(Fault.NOT_SIGNED_FILE)
    length = source.read(4)
    if len(length) < 4:
        raise MalformedError(Fault.CUT_SHORT)
    (size,) = struct.unpack(">I", length)
    if size > MAX_HEADER:
        raise MalformedError(Fault.HEADER_TOO_LARGE, size=size, limit=MAX_HEADER)
    header = source.read(size)
    if len(header) < size:
        raise MalformedError(Fault.CUT_SHORT)
    try:
        value = decode(header)
        if isinstance(value, dict) and len(value["signatures"]) > MAX_SIGNATURES:
            raise MalformedError(Fault.TOO_MANY_SIGNATURES, limit=MAX_SIGNATURES)
        return Statement.from_json(value)
    except (ValueError, TypeError, KeyError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
