"""What an authentic envelope holds, verified: content statement, items, approvals, rows, evidence, receipt."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from models.domain.states import Verdict
from models.domain.units import Role
from models.services.evidence import MAX_BYTES
from sync.refusals import ContentRefusedError, Fault
from sync.trust.certificates import to_time
from sync.trust.chains import Trust, require_role
from sync.wire import approvals
from sync.wire.content import TYPE, Item, RowsHash, check_item, check_root, is_row, is_text_map, leaf_hash
from sync.wire.envelope import Address
from sync.wire.jsonlines import LineReader, is_number
from sync.wire.statements import Statement, unbase64

RECEIPT: Final = "rollbook.receipt"
PackedRow = tuple[int, dict[str, Any], bytes]
"""Place of the item, the row {"id", "values"}, its canonical bytes."""
_PIECES: Final = 512
"""Pieces of one long value at most: about 100 MB of text."""
MOST_MESSAGES: Final = 10_000
"""Messages in one package at most."""
_MESSAGE_PIECES: Final = 4
_MOST_CHAIN: Final = 8
_VERDICTS: Final = {*(verdict.value for verdict in Verdict), "withdrawn"}


@dataclass(frozen=True)
class Changes:
    """Verified items of a package with their bytes, the leaf hashes of all, the statement that approved each
    ({item id: statement}), and the rows to come."""

    content: Statement
    items: list[Item]
    raws: list[bytes]
    leaves: list[bytes]
    approvals: dict[str, Statement]
    rows: Iterator[PackedRow]

    @property
    def statements(self) -> list[Statement]:
        """The approvals, each once; one covers many items."""
        return list({id(statement): statement for statement in self.approvals.values()}.values())


@dataclass(frozen=True)
class EvidenceFile:
    """One file of an evidence package, whose bytes have its digest."""

    digest: str
    media_type: str
    data: bytes


def _damaged(what: str) -> ContentRefusedError:
    return ContentRefusedError(Fault.CONTENT_DAMAGED, what=what)


def read_content(reader: LineReader, address: Address, trust: Trust, at: str) -> Statement:
    """The content statement: it is the one the envelope names, and the registrar of the issuer signed it."""
    statement = _content_statement(reader, address)
    (signature,) = statement.signatures
    require_role(trust.signed_by_person(statement, signature, address.issuer, address.line, at), Role.REGISTRAR)
    return statement


def _content_statement(reader: LineReader, address: Address) -> Statement:
    """The content statement the envelope names, with one signature that nobody has judged yet."""
    try:
        statement = Statement.from_json(reader.take_long("c", _PIECES))
        body = statement.content
        (_,) = statement.signatures
    except ValueError:
        raise _damaged("内容清单") from None
    if statement.id != address.content:
        raise ContentRefusedError(Fault.CONTENT_EDITED)
    if statement.type == TYPE:
        _check_head(body, address)
    elif (statement.type, address.purpose) != (RECEIPT, "receipt"):
        raise ContentRefusedError(Fault.WRONG_PURPOSE, purpose=address.purpose)
    return statement


def _check_head(body: dict[str, Any], address: Address) -> None:
    if body.get("purpose") != address.purpose:
        raise ContentRefusedError(Fault.WRONG_PURPOSE, purpose=address.purpose)
    if (body.get("issuer"), body.get("line")) != (address.issuer, address.line):
        raise ContentRefusedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    head = body.get("audit_head")
    known = isinstance(head, dict) and isinstance(head.get("sequence"), int) and isinstance(head.get("hash"), str)
    if (body.get("v"), body.get("created")) != (1, address.created) or not known:
        raise _damaged("内容清单")


def read_changes(reader: LineReader, address: Address, trust: Trust, at: str) -> Changes:
    """Items and approvals of a package of changes, verified; rows are verified while they are taken."""
    content = read_content(reader, address, trust, at)
    changes = read_items(reader, content, (address.issuer, address.line), trust, at)
    return replace(changes, rows=_to_the_end(reader, changes.rows))


def read_items(reader: LineReader, content: Statement, origin: tuple[str, str], trust: Trust, at: str) -> Changes:
    """What stands under a content statement, judged before: items in full or as digests, approvals, rows to come.

    `origin` is the unit (id) and line whose items they must be; `at` the time certificates are judged at.
    """
    issuer, line = origin
    items: list[Item] = []
    raws: list[bytes] = []
    leaves: list[bytes] = []
    while (tag := reader.peek()) in ("i", "h"):
        value, raw = reader.take(str(tag))
        if tag == "h":
            leaves.append(_pruned(value))
            continue
        items.append(check_item(value, issuer))
        raws.append(raw)
        leaves.append(leaf_hash(raw))
    check_root(content, leaves)
    if len({item["id"] for item in items}) != len(items):
        raise _damaged("事项重复")
    keys = [approvals.key_of(item, raw) for item, raw in zip(items, raws, strict=True)]
    statements = []
    while reader.peek() == "a":
        statements.append(approvals.unpack(reader.take_long("a", _PIECES), keys))
    setting = approvals.Setting(issuer, line, content.signatures[0].person_id, at)
    found = approvals.check(list(zip(items, keys, strict=True)), statements, trust, setting)
    by_id = {statement.id: statement for statement in statements}
    covered = {item: by_id[sid] for item, sid in found.items()}
    return Changes(content, items, raws, leaves, covered, _rows(reader, items))


def _to_the_end(reader: LineReader, rows: Iterator[PackedRow]) -> Iterator[PackedRow]:
    yield from rows
    if reader.peek() is not None:
        raise _damaged("末尾有多余的记录")


def _pruned(value: Any) -> bytes:
    try:
        leaf = bytes.fromhex(value)
    except (ValueError, TypeError):
        raise _damaged("事项摘要") from None
    if len(leaf) != 32:
        raise _damaged("事项摘要")
    return leaf


def _rows(reader: LineReader, items: list[Item]) -> Iterator[PackedRow]:
    """Rows as (place of their item, row, its bytes); at the end every baseline had the rows that were approved."""
    hashes: dict[int, RowsHash] = {}
    while reader.peek() == "g":
        place, _ = reader.take("g")
        if type(place) is not int or not 0 <= place < len(items) or place in hashes or items[place]["batch"] is None:
            raise _damaged("名册记录所属的事项")
        rows = hashes[place] = RowsHash()
        while reader.peek() == "r":
            row, raw = reader.take("r")
            if not is_row(row):
                raise _damaged("名册记录")
            rows.add(raw)
            yield place, row, raw
    for place, item in enumerate(items):
        if not hashes.get(place, RowsHash()).fits(item["batch"]):
            raise ContentRefusedError(Fault.ROWS_EDITED)


def read_evidence(
    reader: LineReader, address: Address, trust: Trust, at: str, *, given_back: bool = False
) -> tuple[Statement, Iterator[EvidenceFile]]:
    """The content statement of an evidence package, and its files one by one, each under its limit.

    `given_back`: it comes from the superior, under the unit's key alone.
    """
    if given_back:
        content = _content_statement(reader, address)
        trust.signed_by_unit(content, address.issuer, address.line, at)
    else:
        content = read_content(reader, address, trust, at)
    return content, _files(reader, content)


def _files(reader: LineReader, content: Statement) -> Iterator[EvidenceFile]:
    leaves: list[bytes] = []
    while reader.peek() == "e":
        head, raw = reader.take("e")
        leaves.append(leaf_hash(raw))
        yield read_file(reader, head)
    if reader.peek() is not None:
        raise _damaged("末尾有多余的记录")
    check_root(content, leaves)


def read_file(reader: LineReader, head: Any) -> EvidenceFile:
    """The bytes of an evidence file after its head, under their limit. Raises ContentRefusedError."""
    if not isinstance(head, dict) or set(head) != {"digest", "media_type", "size"} or not is_number(head["size"]):
        raise _damaged("证明材料")
    data = bytearray()
    while reader.peek() == "d":
        piece, _ = reader.take("d")
        try:
            data += base64.b64decode(piece, validate=True)
        except (ValueError, TypeError):
            raise _damaged("证明材料") from None
        if len(data) > MAX_BYTES:
            raise ContentRefusedError(Fault.BOMB)
    if (hashlib.sha256(data).hexdigest(), len(data)) != (head["digest"], head["size"]):
        raise ContentRefusedError(Fault.EVIDENCE_EDITED)
    return EvidenceFile(head["digest"], str(head["media_type"]), bytes(data))


def read_receipt(reader: LineReader, address: Address, trust: Trust, at: str) -> Statement:
    """A receipt, signed by the registrar of the superior, its shape checked."""
    statement = read_content(reader, address, trust, at)
    if reader.peek() is not None:
        raise _damaged("末尾有多余的记录")
    if statement.type != RECEIPT:
        raise ContentRefusedError(Fault.WRONG_PURPOSE, purpose=address.purpose)
    if not is_receipt(statement.content, address.issuer, address.in_reply_to):
        raise _damaged("回执的格式")
    return statement


def is_receipt(body: dict[str, Any], unit_id: str, in_reply_to: str | None) -> bool:
    """Whether a statement's body has the shape of a receipt of this unit for this package."""
    try:
        fits = (body["v"], body["unit"], body["in_reply_to"]) == (1, unit_id, in_reply_to)
        fits = fits and body["package_verdict"] in ("opened", "refused") and isinstance(body["reason"], str)
        fits = fits and all(_is_answer(item) for item in body["items"])
        fits = fits and all(isinstance(text, str) for text in body["certificates"])
        to_time(body["at"])
    except (KeyError, TypeError, ValueError):
        return False
    return fits


def _is_answer(value: Any) -> bool:
    texts = all(isinstance(value[key], str) for key in ("id", "opinion")) and isinstance(value["attempt"], int)
    return texts and value["verdict"] in _VERDICTS and (value["values"] is None or is_text_map(value["values"]))


def read_messages(
    reader: LineReader, address: Address, trust: Trust, at: str
) -> tuple[Statement, Iterator[tuple[Statement, list[bytes]]]]:
    """The content statement of a package of messages, signed by the unit's key, and the messages one by one.

    With each come issuing certificates (DER) it may be judged by; neither is verified here.
    """
    content = _content_statement(reader, address)
    trust.signed_by_unit(content, address.issuer, address.line, at)
    return content, _messages(reader, content)


def _messages(reader: LineReader, content: Statement) -> Iterator[tuple[Statement, list[bytes]]]:
    leaves: list[bytes] = []
    while reader.peek() == "m":
        if len(leaves) >= MOST_MESSAGES:
            raise _damaged(f"函件超过 {MOST_MESSAGES} 件")
        value = reader.take_long("m", _MESSAGE_PIECES)
        try:
            statement = Statement.from_json(value["statement"])
            chain = [unbase64(text) for text in value["chain"]]
            if set(value) != {"statement", "chain"} or len(chain) > _MOST_CHAIN:
                raise ValueError("message")
        except (KeyError, TypeError, ValueError):
            raise _damaged("函件") from None
        leaves.append(leaf_hash(bytes.fromhex(statement.id)))
        yield statement, chain
    if reader.peek() is not None:
        raise _damaged("末尾有多余的记录")
    check_root(content, leaves)
