"""Attackers for the tests: one who holds all keys of a unit and writes its files again, and one who only damages files.

`Insider` opens an honest sealed file of any purpose and seals it anew, signed rightly except for what a hook changes.
`json_mutant`, `byte_mutant` and `spliced` are the damages; `dump` shows whether a store was touched.
"""

from __future__ import annotations

import base64
import io
import json
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import zstandard
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.units import Role
from models.store import tables as t
from models.store.store import Store
from sync.trust import identity
from sync.trust.identity import certified, is_above, unit_signer
from sync.wire import envelope, signedfile
from sync.wire.envelope import Address, Envelope, Sealed
from sync.wire.jsonlines import encode, long_value
from sync.wire.signedfile import header_bytes
from sync.wire.statements import Signs, Statement, sign
from sync.wire.suites import P256_AES, SealingWriter
from tests.sync_world import Member

Rows = dict[str, list[Any]]
ROUNDS = int(os.environ.get("ROLLBOOK_MUTATIONS", "200"))
"""Mutations of each class of files; a longer run sets ROLLBOOK_MUTATIONS."""


def same(value: Any) -> Any:
    """The hook of an honest sender."""
    return value


def plain_lines(path: Path, keys: dict[str, bytes]) -> tuple[Envelope, list[bytes]]:
    """The envelope of a sealed file and its payload lines, each with its newline, as the receiver sees them."""
    file = signedfile.read(path)
    head = envelope.parse(file)
    with path.open("rb") as source:
        source.seek(file.offset)
        payload = envelope.PayloadSource(head, envelope.unwrap(head, keys), source)
        return head, [line + b"\n" for line in iter(payload.next_line, None)]


@dataclass
class Insider:
    """Who writes an honest file `path` from `frm` to `to` again."""

    path: Path
    frm: Member
    to: Member

    def __post_init__(self) -> None:
        self.head, lines = plain_lines(self.path, self.to.store.read(identity.opening_keys))
        pieces = json.loads(lines[0])[1]
        text = "".join(json.loads(line)[1] for line in lines[1 : 1 + pieces])
        self.content = Statement.from_json(json.loads(text))
        self.rest = lines[1 + pieces :]

    @property
    def purpose(self) -> str:
        return self.head.address.purpose

    def write(
        self,
        target: Path,
        *,
        address: Callable[[Address], Address] = same,
        content: Callable[[dict[str, Any]], dict[str, Any]] = same,
        rest: Callable[[list[bytes]], list[bytes]] = same,
        sealed: Callable[[Sealed], Sealed] = same,
        recipients: Callable[[list[bytes]], list[bytes]] = same,
        unit: Signs | None = None,
        signer: Signs | None = None,
        plain: bytes | None = None,
    ) -> Path:
        """Write the file anew. `unit` signs the envelope, `signer` the content statement; `plain` is all it holds."""
        statement = self.content
        body = content(dict(statement.content))
        if body != statement.content or signer is not None:
            statement = sign(body, [signer or self.signer()])
        lines = [*long_value("c", statement.to_json()), *rest(list(self.rest))]
        spool = io.BytesIO()
        made = sealed(envelope.seal(lines, spool) if plain is None else _by_hand(plain, spool))
        place = address(replace(self.head.address, content=statement.id))
        session_keys = self.to.store.read(identity.opening_certificate, self.to.store.actor.unit).public_key
        given = unit or self.frm.store.read(unit_signer, self._above)
        told = envelope.address_sealed(place, made, recipients([session_keys]), given)
        target.write_bytes(header_bytes(told) + spool.getvalue())
        return target

    @property
    def _above(self) -> bool:
        return self.frm.store.read(is_above, self.to.store.actor.unit.id)

    def signer(self, role: Role = Role.REGISTRAR) -> Signs:
        """Who signs the content: the unit for messages, else a person of the role."""
        if self.purpose == "messages" and role is Role.REGISTRAR:
            return self.frm.store.read(unit_signer, self._above)
        return self.person(role)

    def person(self, role: Role) -> Signs:
        """A person of the sender, with the certificate the receiver believes."""
        signer = self.frm.store.signer(self.frm.act(role))
        found = self.frm.store.read(certified, signer, self._above)
        self.frm.act(Role.REGISTRAR)
        return found


def _by_hand(plain: bytes, spool: io.BytesIO) -> Sealed:
    key = os.urandom(32)
    writer = SealingWriter(P256_AES, key, spool)
    writer.write(zstandard.ZstdCompressor(level=1).compress(plain))
    digest = writer.close()
    return Sealed(P256_AES, key, writer.size, digest, len(plain), plain.count(b"\n"))


# --- what a store holds -----------------------------------------------------------------------------------------


def dump(store: Store) -> Rows:
    """Every row of every table."""
    return store.read(rows)


def rows(session: Session) -> Rows:
    """Every row of every table, as one transaction sees them."""
    return {
        table.name: sorted(map(tuple, session.execute(select(table))), key=repr) for table in t.metadata.tables.values()
    }


def changed(before: Rows, after: Rows) -> set[str]:
    """The tables that differ."""
    return {name for name, was in before.items() if after[name] != was}


# --- damages ----------------------------------------------------------------------------------------------------

_ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**53 - 1, "", "[" * 5000, " ", "\x00", "0" * 65, "甲\u202e乙", "../../x", [], {},
    [[]], [None], {"": ""}, "2026-11-22T00:00:00Z", "9999-99-99T99:99:99Z", "0001-01-01T00:00:00Z", "1",
)  # fmt: skip


def json_mutant(value: Any, chance: random.Random) -> Any:
    """`value` with one thing in it changed, left out, doubled or put in; the shape around it stays."""
    places = list(_places(value))
    path = chance.choice(places)
    return _altered(value, path, chance)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value[:20]):
            yield from _places(inner, (*path, place))


def _altered(value: Any, path: tuple[Any, ...], chance: random.Random) -> Any:
    if not path:
        return _odd(value, chance)
    first, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if not rest:
        what = chance.randrange(6)
        if what == 0:
            del copy[first]
            return copy
        if what == 1 and isinstance(copy, dict):
            copy["x"] = copy[first]
            return copy
        if what == 1:
            copy.append(copy[first])
            return copy
    copy[first] = _altered(copy[first], tuple(rest), chance)
    return copy


def _odd(value: Any, chance: random.Random) -> Any:
    if isinstance(value, str) and value and chance.random() < 0.4:
        place = chance.randrange(len(value))
        return chance.choice((value[:place], value[:place] + chance.choice("0aZ/甲") + value[place + 1 :], value * 2))
    if isinstance(value, int) and chance.random() < 0.4:
        return value + chance.choice((-1, 1, 1 << 40))
    return chance.choice(_ODD)


def byte_mutant(raw: bytes, chance: random.Random) -> bytes:
    """Bits flipped, bytes cut out or put in, the end cut off."""
    data = bytearray(raw)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(data)) if data else 0
        match chance.randrange(5):
            case 0 if data:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randrange(1, 9)]
            case 2:
                data[place:place] = chance.randbytes(chance.randrange(1, 9))
            case 3 if chance.random() < 0.1:
                del data[place:]
            case _ if data:
                data[place] ^= 1 << chance.randrange(8)
    return bytes(data)


def head_mutant(raw: bytes, chance: random.Random) -> bytes:
    """A signed file whose head or statement has a value changed and is encoded again rightly."""
    magic, size = raw[:10], int.from_bytes(raw[10:14])
    header = json.loads(raw[14 : 14 + size])
    if chance.random() < 0.5:
        header = json_mutant(header, chance)
    else:
        body = json_mutant(json.loads(base64.b64decode(header["body"])), chance)
        header["body"] = base64.b64encode(encode(body)).decode()
    new = encode(header)
    return magic + len(new).to_bytes(4) + new + raw[14 + size :]


def spliced(one: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one file and the end of another."""
    return one[: chance.randrange(1, len(one))] + other[chance.randrange(1, len(other)) :]


def damaged_file(raw: bytes, other: bytes, chance: random.Random) -> bytes:
    """A damage of any class; half of them keep the form of the file."""
    match chance.randrange(6):
        case 0 | 1 | 2:
            return head_mutant(raw, chance)
        case 3:
            return byte_mutant(raw[:4096], chance) + raw[4096:]
        case 4:
            return spliced(raw, other, chance)
        case _:
            return byte_mutant(raw, chance)
