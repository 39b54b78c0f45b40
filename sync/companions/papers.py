"""The two files of a pairing as they are read: who asks, who answers, and the words of both. Believes nobody."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.domain.units import Unit
from sync.formats import FileKind, open_file, require_kind, require_whole
from sync.joining.requests import unit_from
from sync.refusals import Fault, MalformedError, UntrustedError
from sync.trust.certificates import load_public, to_time
from sync.trust.words import words_of
from sync.wire.statements import is_signed_by, unbase64


@dataclass(frozen=True)
class PairingRequest:
    """A request as the administrator at the main PC looks at it; `words` are compared between the two PCs."""

    pc: str
    pc_name: str
    person_id: str
    person_name: str
    person_key: bytes
    signing_key: bytes
    opening_key: bytes
    words: str
    digest: str


@dataclass(frozen=True)
class PairingReply:
    """A reply as the person at the second PC looks at it; `words` stand for all it says."""

    unit: Unit
    pc: str
    person_id: str
    person_key: bytes
    signing_key: bytes
    opening_key: bytes
    words: str


def read_request(path: Path) -> PairingRequest:
    """What a request asks for, and its words; believes nobody. Raises RefusedError."""
    body, key, digest = _read(path, FileKind.PAIRING_REQUEST)
    try:
        person = body["person"]
        texts = (body["pc"], body["pc_name"], person["id"], person["name"])
        if not all(isinstance(text, str) and 0 < len(text) <= 64 for text in texts):
            raise ValueError("人员")
        to_time(body["created"])
        keys = _keys(person["key"], body["opening_key"])
        return PairingRequest(*texts, keys[0], key, keys[1], words_of(body), digest)
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedError(Fault.BAD_PAIRING, what=str(error)[:20]) from None


def _keys(*texts: Any) -> list[bytes]:
    keys = [unbase64(text) for text in texts]
    for key in keys:
        load_public(key)
    return keys


def _read(path: Path, kind: FileKind) -> tuple[dict[str, Any], bytes, str]:
    """Body of a pairing file, the key that signed it, and its id. Raises RefusedError."""
    require_kind(path, kind)
    file = open_file(path)
    require_whole(file)
    signatures = file.statement.signatures
    if len(signatures) != 1 or not is_signed_by(file.statement, signatures[0]):
        raise UntrustedError(Fault.EDITED)
    body = file.statement.content
    if body.get("v") != 1 or signatures[0].certificate is not None or signatures[0].person_id:
        raise MalformedError(Fault.BAD_PAIRING, what="签名")
    return body, signatures[0].public_key, file.statement.id


def read_reply(path: Path) -> PairingReply:
    """Whose reply it is and its words; believes nobody. Raises RefusedError."""
    body, key, _ = _read(path, FileKind.PAIRING_REPLY)
    try:
        person = body["person"]
        if not all(isinstance(text, str) and 0 < len(text) <= 64 for text in (body["pc"], person["id"])):
            raise ValueError("人员")
        to_time(body["at"])
        keys = _keys(person["key"], body["opening_key"])
        return PairingReply(unit_from(body["unit"]), body["pc"], person["id"], keys[0], key, keys[1], words_of(body))
    except (KeyError, TypeError, ValueError) as error:
        raise MalformedError(Fault.BAD_PAIRING, what=str(error)[:20]) from None
