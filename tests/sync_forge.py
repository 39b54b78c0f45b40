"""Packages a dishonest or broken sender could make: everything signed rightly, except for what the test changes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from models.domain.units import Role
from models.services import outgoing
from sync.packages import ledger
from sync.packages.dispatch import content_head
from sync.trust.identity import certificates_toward, certified, opening_certificate, require_superior, unit_signer
from sync.wire import approvals, envelope
from sync.wire.content import leaf_hash, state_content
from sync.wire.envelope import Address, Sealed
from sync.wire.jsonlines import encode, line, long_value
from sync.wire.signedfile import header_bytes
from sync.wire.statements import Signs, Statement
from tests.sync_world import Member


@dataclass
class Forge:
    """Knobs: each hook gets what an honest sender would use and gives what is used instead."""

    member: Member
    address: Callable[[Address], Address] = lambda a: a
    head: Callable[[dict[str, Any]], dict[str, Any]] = lambda h: h
    items: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda i: i
    approvals: Callable[[list[Statement]], list[Statement]] = lambda a: a
    lines: Callable[[list[bytes]], list[bytes]] = lambda x: x
    sealed: Callable[[Sealed], Sealed] = lambda s: s
    recipients: Callable[[list[bytes]], list[bytes]] = lambda r: r
    statement: Callable[[Statement], Statement] = lambda s: s
    leaves: Callable[[list[bytes]], list[bytes]] = lambda x: x
    registrar: Role = Role.REGISTRAR
    unit: Signs | None = None
    rows: Sequence[dict[str, Any]] = ()

    def write(self, path: Path) -> Path:
        """Make the file from all approved changes; nothing is sealed in the store."""
        self.member.store.read(self._write, path, self.member.store.signer(self.member.act(self.registrar)))
        return path

    def _write(self, session: Session, path: Path, person: Any) -> None:
        superior = require_superior(session)
        items = self.items(outgoing.items_to_seal(session))
        raws = [encode(item) for item in items]
        keys = [(i["id"], i["attempt"], approvals.item_digest(raw)) for i, raw in zip(items, raws, strict=True)]
        known = certificates_toward(session, above=True)
        found = [Statement.from_json(v).with_certificates(known) for v in outgoing.approvals_for(session, items)]
        head = self.head({**content_head(session, "changes"), "policy_version": 0})
        leaves = self.leaves([leaf_hash(raw) for raw in raws])
        content = state_content(head, leaves, certified(session, person, above=True))
        lines = self.lines(list(self._lines(content, raws, keys, self.approvals(found))))
        spool = io.BytesIO()
        sealed = self.sealed(envelope.seal(lines, spool))
        own, line_ = self.member.store.actor.unit, self.member.store.actor.unit.line.value
        place = ledger.place_of(session, own.id, superior.id, line_)
        created = str(content.content["created"])
        address = self.address(
            Address(
                "changes", own.id, superior.id, line_, place.epoch, place.sequence + 1, place.last_id, content.id,
                created, "2099-01-01T00:00:00Z",
            )
        )  # fmt: skip
        keys_to = self.recipients([opening_certificate(session, superior).public_key])
        signer = self.unit or unit_signer(session, above=True)
        statement = self.statement(envelope.address_sealed(address, sealed, keys_to, signer))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(header_bytes(statement) + spool.getvalue())

    def _lines(
        self, content: Statement, raws: list[bytes], keys: list[approvals.Key], found: list[Statement]
    ) -> Iterator[bytes]:
        yield from long_value("c", content.to_json())
        for raw in raws:
            yield b'["i",%s]\n' % raw
        for statement in found:
            yield from long_value("a", approvals.pack(statement, {key: place for place, key in enumerate(keys)}))
        for row in self.rows:
            yield line("r", row)


def with_address(**changed: Any) -> Callable[[Address], Address]:
    """A hook that changes parts of the address before it is signed."""
    return lambda address: replace(address, **changed)
