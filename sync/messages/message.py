"""One message between units: a signed statement, its shape, and who signed it (decisions 3, 5)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from models.domain.message_kinds import REGISTRAR, UNIT, MessageKind, find_kind
from models.domain.units import Role
from sync.refusals import ContentRefusedError, Fault, UntrustedError
from sync.trust.certificates import parse, to_time
from sync.trust.chains import Trust, require_role, require_two
from sync.wire.jsonlines import encode
from sync.wire.statements import Signs, Statement, sign

T = TypeVar("T")
TYPE: Final = "rollbook.message"
MAX_BODY: Final = 256 << 10
"""Bytes of a message's statement at most."""
_PORTION: Final = 150 << 10
"""Bytes of a list in one message: room for the rest of its statement."""
MAX_TITLE: Final = 200
_TEXTS: Final = {
    "type": 64,
    "id": 36,
    "kind": 64,
    "matter": 36,
    "from": 36,
    "from_name": 100,
    "to": 36,
    "line": 16,
    "at": 20,
    "due": 20,
    "title": MAX_TITLE,
    "in_reply_to": 64,
}
_KEYS: Final = {*_TEXTS, "v", "body"}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_DIGEST = re.compile(r"([0-9a-f]{64})?", re.ASCII)


@dataclass(frozen=True)
class Message:
    """A message; `id` is the statement's, `due` "" or UTC text, `in_reply_to` "" or a message id.

    `person_names` are those of the certificates that signed, `origin_name` what the origin calls itself.
    """

    id: str
    kind: str
    matter: str
    origin_id: str
    to_id: str
    at: str
    due: str
    title: str
    in_reply_to: str
    body: dict[str, Any]
    person_names: tuple[str, ...]
    statement: Statement
    origin_name: str = ""


def state_message(head: dict[str, str], body: dict[str, Any], signers: Sequence[Signs]) -> Statement:
    """The signed statement of a new message; `head` has all texts but type and id. Raises ValueError when too large."""
    statement = sign({"type": TYPE, "v": 1, "id": str(uuid.uuid4()), **head, "body": body}, signers)
    if len(statement.body) > MAX_BODY or not _has_shape(statement.content):
        raise ValueError("message")
    return statement


def read_message(statement: Statement) -> Message:
    """The message in a statement whose signatures nobody has judged yet. Raises ContentRefusedError."""
    content = statement.content
    if statement.type != TYPE or len(statement.body) > MAX_BODY or not _has_shape(content):
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="函件的格式")
    return Message(
        statement.id, content["kind"], content["matter"], content["from"], content["to"], content["at"],
        content["due"], content["title"], content["in_reply_to"], content["body"], (), statement,
        content["from_name"],
    )  # fmt: skip


def _has_shape(content: dict[str, Any]) -> bool:
    if set(content) != _KEYS or content["v"] != 1 or not isinstance(content["body"], dict):
        return False
    if any(not isinstance(content[key], str) or len(content[key]) > most for key, most in _TEXTS.items()):
        return False
    if not all(_UUID.fullmatch(content[key]) for key in ("id", "matter", "from", "to")):
        return False
    if not content["title"].isprintable() or not content["from_name"].isprintable():
        return False
    if not _DIGEST.fullmatch(content["in_reply_to"]):
        return False
    try:
        to_time(content["at"])
        to_time(content["due"] or content["at"])
    except ValueError:
        return False
    return True


def require_kind(message: Message) -> MessageKind:
    """The kind of a message, which must be one of the registry. Raises ContentRefusedError."""
    kind = find_kind(message.kind)
    if kind is None:
        raise ContentRefusedError(Fault.UNKNOWN_MESSAGE, kind=message.kind)
    return kind


def verified(message: Message, kind: MessageKind, trust: Trust, line: str, at: str) -> Message:
    """The message with the names of those who signed it, as its kind asks (decision 6).

    `at`: the time its certificates are judged at. Raises UntrustedError.
    """
    statement = message.statement
    if statement.content["line"] != line:
        raise UntrustedError(Fault.WRONG_LINE)
    if kind.signers == UNIT:
        trust.signed_by_unit(_single(statement), message.origin_id, line, at)
    elif kind.signers == REGISTRAR:
        signature = _single(statement).signatures[0]
        certificate = trust.signed_by_person(statement, signature, message.origin_id, line, at)
        require_role(certificate, Role.REGISTRAR)
    else:
        require_two(statement, trust, message.origin_id, line, at)
    subjects = (parse(s.certificate).subject for s in statement.signatures if s.certificate)
    return replace(message, person_names=tuple(subject.name for subject in subjects if subject.person_id))


def _single(statement: Statement) -> Statement:
    if len(statement.signatures) != 1:
        raise UntrustedError(Fault.UNSIGNED)
    return statement


def portions(entries: Iterable[T]) -> Iterator[list[T]]:
    """The entries of a long list in order, in lists that fit into a message each."""
    portion: list[T] = []
    size = 0
    for entry in entries:
        length = len(encode(entry))
        if portion and size + length > _PORTION:
            yield portion
            portion, size = [], 0
        portion.append(entry)
        size += length
    if portion:
        yield portion
