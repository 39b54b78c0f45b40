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
class Form:
    """A kind of file that begins with magic, u32 and a head of at most `limit` bytes of canonical JSON.

    `family`: how the magic of every version begins; `called`: what people call the form; `cut`: what is said of a
    file that ends within its head.
    """

    magic: bytes
    family: bytes
    limit: int
    called: str
    cut: Fault


_FORM: Final = Form(MAGIC, FAMILY, MAX_HEADER, "文件格式", Fault.CUT_SHORT)


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
    return framed(_FORM, header)


def framed(form: Form, head: bytes) -> bytes:
    """A head as `read_head` takes it."""
    return form.magic + struct.pack(">I", len(head)) + head


def read(path: Path) -> SignedFile:
    """Read the head of a file under its limits. Raises MalformedError, or OSError when it cannot be read."""
    size = path.stat().st_size
    with path.open("rb") as source:
        statement = read_statement(source)
        offset = source.tell()
    return SignedFile(path, statement, offset, size - offset)


def read_head(source: BinaryIO, form: Form) -> bytes:
    """The head of an open file, not parsed. Raises MalformedError."""
    magic = source.read(len(form.magic))
    if magic != form.magic:
        newer = magic.startswith(form.family) and len(magic) == len(form.magic)
        raise MalformedError(Fault.NEWER_FORMAT, what=form.called) if newer else MalformedError(Fault.NOT_SIGNED_FILE)
    length = source.read(4)
    if len(length) < 4:
        raise MalformedError(form.cut)
    (size,) = struct.unpack(">I", length)
    if size > form.limit:
        raise MalformedError(Fault.HEADER_TOO_LARGE, size=size, limit=form.limit)
    head = source.read(size)
    if len(head) < size:
        raise MalformedError(form.cut)
    return head


def read_statement(source: BinaryIO) -> Statement:
    """The statement at the head of an open file. Raises MalformedError."""
    header = read_head(source, _FORM)
    try:
        value = decode(header)
        if isinstance(value, dict) and len(value["signatures"]) > MAX_SIGNATURES:
            raise MalformedError(Fault.TOO_MANY_SIGNATURES, limit=MAX_SIGNATURES)
        return Statement.from_json(value)
    except (ValueError, TypeError, KeyError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
