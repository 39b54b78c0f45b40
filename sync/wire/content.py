"""What a package says, apart from how it travels: items as salted leaves under one root (RFC 6962; decision 4).

A leaf may stand as its digest only, so that a tier above can pass on some items under the school's own signature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from models.services.items import RowsHash as RowsHash
from sync.refusals import ContentRefusedError, Fault
from sync.trust.certificates import to_time
from sync.wire.jsonlines import is_number, line
from sync.wire.statements import Signs, Statement, base64_text, sign

TYPE: Final = "rollbook.content"
Item = dict[str, Any]

_TEXTS = {
    "id": 64,
    "number": 64,
    "kind": 64,
    "unit": 64,
    "subject": 64,
    "label": 400,
    "reason": 20_000,
    "created": 20,
    "salt": 32,
}
_NUMBERS = ("attempt", "base_revision", "policy_version")
_KEYS = {*_TEXTS, *_NUMBERS, "before", "after", "evidence", "initiator", "batch"}
_ROW = {"id", "values"}
_FILED_ROW = {*_ROW, "status", "act", "revision"}
_TEXT = {str}
_EVIDENCE_PIECE: Final = 384 << 10
_EVIDENCE_TEXTS = ("digest", "name", "media_type")


def leaf_hash(raw: bytes) -> bytes:
    """Hash of a leaf; the salt inside keeps a short secret from being guessed from it."""
    return hashlib.sha256(b"\x00" + raw).digest()


def root(leaves: Sequence[bytes]) -> str:
    """Merkle tree hash (hex) of leaf hashes as RFC 6962 2.1 splits them: the left tree is the largest power of two.

    Pairing level by level, with a last single node carried up, gives the same tree.
    """
    if not leaves:
        return hashlib.sha256().hexdigest()
    level = list(leaves)
    while len(level) > 1:
        paired = [hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        level = paired if len(level) % 2 == 0 else [*paired, level[-1]]
    return level[0].hex()


def state_content(body: dict[str, Any], leaves: Sequence[bytes], registrar: Signs) -> Statement:
    """The content statement over `leaves`, signed by the registrar who builds; its id is the package id."""
    return sign({"type": TYPE, "v": 1, "root": root(leaves), "count": len(leaves), **body}, [registrar])


def evidence_lines(head: dict[str, Any], data: bytes) -> Iterator[bytes]:
    """A file of evidence in a payload: its head (digest, media_type, size), then its bytes in pieces."""
    yield line("e", head)
    for start in range(0, len(data), _EVIDENCE_PIECE):
        yield line("d", base64_text(data[start : start + _EVIDENCE_PIECE]))


def check_root(statement: Statement, leaves: Sequence[bytes]) -> None:
    """Compare leaves with the signed root. Raises ContentRefusedError."""
    body = statement.content
    if body.get("root") != root(leaves) or body.get("count") != len(leaves):
        raise ContentRefusedError(Fault.CONTENT_EDITED)


def item_digest(raw: bytes) -> str:
    """What an approval names an item by: SHA-256 (hex) of its canonical bytes."""
    return hashlib.sha256(raw).hexdigest()


def check_item(value: Any, unit_id: str) -> Item:
    """An item of exactly the agreed shape and of this unit. Raises ContentRefusedError."""
    if not isinstance(value, dict) or set(value) != _KEYS or not _has_shape(value):
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="事项的格式")
    if value["unit"] != unit_id:
        raise ContentRefusedError(Fault.FOREIGN_ITEM)
    return value


def _has_shape(item: Item) -> bool:
    for key, most in _TEXTS.items():
        if type(item[key]) is not str or len(item[key]) > most:
            return False
    for key in _NUMBERS:
        if not is_number(item[key]):
            return False
    return is_text_map(item["before"]) and is_text_map(item["after"]) and _has_parts(item)


def is_text_map(value: Any) -> bool:
    """Whether `value` maps texts to texts."""
    if type(value) is not dict:
        return False
    return set(map(type, value.values())) <= _TEXT  # keys of JSON are texts


def _has_parts(item: Item) -> bool:
    initiator, evidence, batch = item["initiator"], item["evidence"], item["batch"]
    if not is_text_map(initiator) or not {"person_id", "name"} <= set(initiator):
        return False
    if not isinstance(evidence, list) or not all(_is_evidence(e) for e in evidence):
        return False
    if batch is not None and not _is_batch(batch):
        return False
    try:
        to_time(item["created"])
        return len(bytes.fromhex(item["salt"])) == 16
    except ValueError:
        return False


def _is_batch(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"id", "count", "rows_digest"}:
        return False
    return is_number(value["count"]) and isinstance(value["id"], str) and isinstance(value["rows_digest"], str)


def _is_evidence(value: Any) -> bool:
    if not isinstance(value, dict) or not is_number(value.get("size")):
        return False
    return all(isinstance(value.get(key), str) for key in _EVIDENCE_TEXTS) and len(value["digest"]) == 64


def is_row(value: Any) -> bool:
    """Whether a baseline row has its shape: {"id", "values": {field: text}}, in a filing with "status", "act" and
    "revision"; what they may say is asked by `review_intake.check_entry`."""
    if not isinstance(value, dict) or set(value) not in (_ROW, _FILED_ROW):
        return False
    return isinstance(value["id"], str) and is_text_map(value["values"])
