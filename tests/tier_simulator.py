"""A unit that misbehaves, in memory, with knobs (after python-tuf's repository simulator).

It speaks with the keys of a real unit and the product's own signing functions, but keeps its own place in the channel
and writes nothing to that unit's store. With all knobs as they are it is honest: what it says then must be taken.
"""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from models.domain.units import Role, Unit
from models.store import clock
from sync.messages.message import TYPE as MESSAGE
from sync.packages import ledger
from sync.packages.dispatch import content_head
from sync.packages.opening import RECEIPT
from sync.trust import authority, identity
from sync.wire import envelope
from sync.wire.content import leaf_hash, state_content
from sync.wire.envelope import Address, Sealed
from sync.wire.jsonlines import long_value
from sync.wire.signedfile import header_bytes
from sync.wire.statements import Signs, Statement, sign
from tests.sync_world import PEOPLE, Member

Body = dict[str, Any]


@dataclass
class Simulated:
    """`member`'s keys speaking to `to`; each hook gets what an honest unit would use and gives what is used instead.

    `unit`, `person`: sign instead of the unit's key and the registrar. `chain`: issuing certificates sent along with
    messages. `at`: when everything is said to be signed ("" for now).
    """

    member: Member
    to: Member
    folder: Path
    address: Callable[[Address], Address] = lambda a: a
    receipt: Callable[[Body], Body] = lambda b: b
    letter: Callable[[Body], Body] = lambda b: b
    content: Callable[[Statement], Statement] = lambda s: s
    sealed: Callable[[Sealed], Sealed] = lambda s: s
    lines: Callable[[list[bytes]], list[bytes]] = lambda x: x
    recipients: Callable[[list[bytes]], list[bytes]] = lambda r: r
    unit: Signs | None = None
    person: Signs | None = None
    chain: Sequence[bytes] = ()
    at: str = ""
    _files: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.own, self.other = self.member.store.actor.unit, self.to.store.actor.unit
        self.folder.mkdir(parents=True, exist_ok=True)

    def read(self, f: Callable[..., Any], *args: Any) -> Any:
        return self.member.store.read(f, *args)

    def honest(self) -> Simulated:
        """The same unit with its knobs as they were, at the place the other side knows."""
        return Simulated(self.member, self.to, self.folder / f"{self._files}")

    @property
    def now(self) -> str:
        return self.at or str(self.read(clock.now))

    # --- who signs --------------------------------------------------------------------------------------

    @property
    def _upwards(self) -> bool:
        return bool(self.read(identity.is_above, self.other.id))

    def unit_signer(self) -> Signs:
        """The unit's key as the other side believes it; `write` because a missing certificate would be made."""
        return self.unit or self.member.store.write(identity.unit_signer, self._upwards)

    def signer(self, role: Role = Role.REGISTRAR) -> Signs:
        """A person of the unit."""
        name, passphrase = PEOPLE[role]
        return self.read(identity.certified, self.member.store.signer_of(name, passphrase), self._upwards)  # type: ignore[no-any-return]

    # --- what it says -----------------------------------------------------------------------------------

    def answer(self, change: Any, verdict: str = "accept", opinion: str = "") -> Body:
        """An honest answer to a change (row of `change` of the other side)."""
        values = json.loads(change.after) if verdict == "accept" else None
        return {
            "id": change.id, "attempt": change.attempt, "verdict": verdict, "opinion": opinion or "意见",
            "values": values,
        }  # fmt: skip

    def write_receipt(self, package_id: str, items: Sequence[Body]) -> Path:
        """A receipt for a package, as a file."""
        body = self.receipt({
            "type": RECEIPT, "v": 1, "unit": self.own.id, "in_reply_to": package_id, "package_verdict": "opened",
            "reason": "", "at": self.now, "items": list(items), "certificates": [], "audit_head": None,
        })  # fmt: skip
        statement = self.content(sign(body, [self.person or self.signer()]))
        return self._write("receipt", statement, [], str(body["at"]), package_id)

    def state(self, kind: str, body: Body, signers: Sequence[Signs] = (), to: Unit | None = None) -> Statement:
        """A signed message."""
        content = {
            "type": MESSAGE, "v": 1, "id": str(uuid.uuid4()), "kind": kind, "matter": str(uuid.uuid4()),
            "from": self.own.id, "from_name": self.own.name, "to": (to or self.other).id, "line": "basic",
            "at": self.now, "due": "", "title": kind, "in_reply_to": "", "body": body,
        }  # fmt: skip
        return sign(self.letter(content), list(signers) or [self.unit_signer()])

    def write_messages(self, statements: Sequence[Statement]) -> Path:
        """A package of messages, as a file."""
        chain = [base64.b64encode(der).decode() for der in self.chain]
        lines = [b"".join(long_value("m", {"statement": one.to_json(), "chain": chain})) for one in statements]
        created = self.now
        head = {**self.read(content_head, "messages"), "policy_version": 0, "created": created}
        leaves = [leaf_hash(bytes.fromhex(one.id)) for one in statements]
        content = self.content(state_content(head, leaves, self.unit_signer()))
        return self._write("messages", content, lines, created)

    def say(self, kind: str, body: Body, signers: Sequence[Signs] = ()) -> Path:
        """One message in a package of its own."""
        return self.write_messages([self.state(kind, body, signers)])

    def tiers(self) -> list[Body]:
        """What an honest authority message says."""
        return self.read(authority.tiers)  # type: ignore[no-any-return]

    def two(self, body: Body) -> Statement:
        """A document signed by administrator and officer."""
        return sign(body, [self.signer(Role.ADMINISTRATOR), self.signer(Role.REGISTRAR)])

    def _write(self, purpose: str, content: Statement, more: list[bytes], created: str, reply: str = "") -> Path:
        place = self.to.store.read(ledger.place_of, self.own.id, self.other.id, "basic")
        address = self.address(
            Address(
                purpose, self.own.id, self.other.id, "basic", place.epoch, place.sequence + 1, place.last_id,
                content.id, created, "2120-01-01T00:00:00Z", 0, reply or None,
            )
        )  # fmt: skip
        spool = io.BytesIO()
        lines = self.lines([*(b"".join(long_value("c", content.to_json())),), *more])
        sealed = self.sealed(envelope.seal(_each(lines), spool))
        keys = self.recipients([self.read(_opening, self.other).public_key])
        statement = envelope.address_sealed(address, sealed, keys, self.unit_signer())
        self._files += 1
        path = self.folder / f"{purpose}{self._files}.rollbook"
        path.write_bytes(header_bytes(statement) + spool.getvalue())
        return path


def _each(lines: Sequence[bytes]) -> list[bytes]:
    """One line each: a long value stands on several."""
    return [part + b"\n" for whole in lines for part in whole.removesuffix(b"\n").split(b"\n")]


def _opening(session: Session, unit: Unit) -> Any:
    return identity.opening_certificate(session, unit)


def with_address(**changed: Any) -> Callable[[Address], Address]:
    """A hook that changes parts of the address before it is signed."""
    return lambda address: replace(address, **changed)


def with_body(**changed: Any) -> Callable[[Body], Body]:
    """A hook that changes parts of a receipt's or a message's body before it is signed."""
    return lambda body: {**body, **changed}
