"""Senders who hold all keys write anything under them: no crash, no half-taken package, whatever stands in the lines.

Signatures, roots and hashes are taken as right here, so that a mutation reaches the innermost check. Every mutation
runs in a transaction that is taken back. ROLLBOOK_MUTATIONS sets how many of each class.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError
from models.domain.progress import SILENT
from models.services.items import RowsHash
from models.store.store import Store
from sync.packages.arrival import authenticate
from sync.packages.openers import OPENERS, Received
from sync.wire import envelope, signedfile
from sync.wire.jsonlines import LineReader, encode, line, long_value
from sync.wire.statements import Statement
from tests.attack_world import PURPOSES, Scene, make_attack_world, scene
from tests.insider import ROUNDS, Insider, json_mutant

LONG = frozenset("cakvmxth")
"""Tags of values that may stand in pieces; the counts of other lines are values themselves."""
SIGNED = "~"
"""Marks a signed body that was opened into its JSON."""
Value = tuple[str, Any, bool]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_attack_world(tmp_path_factory.mktemp("attack"))


@pytest.fixture
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every signature and every hash over content is right."""
    monkeypatch.setattr("sync.trust.chains.is_signed_by", lambda statement, signature: True)
    for module in ("packages.opening", "reports.taking"):
        monkeypatch.setattr(f"sync.{module}.check_root", lambda statement, leaves: None)
    monkeypatch.setattr(RowsHash, "fits", lambda self, batch: True)


class _Undone(Exception):  # noqa: N818 - no fault
    pass


def undone(store: Store, act: Callable[[Session], object]) -> object:
    """What `act` gives in a transaction that is taken back."""
    result: list[object] = []

    def run(session: Session) -> None:
        result.append(act(session))
        raise _Undone

    try:
        store.write(run)
    except _Undone:
        return result[0]
    raise AssertionError


class Lines:
    """Lines that a test made."""

    def __init__(self, lines: list[bytes]) -> None:
        self._lines = iter(lines)

    def next_line(self) -> bytes | None:
        found = next(self._lines, None)
        return None if found is None else found.rstrip(b"\n")


def values(lines: list[bytes]) -> list[Value]:
    """The values of payload lines, pieces put together."""
    found: list[Value] = []
    parsed: Iterator[list[Any]] = iter([json.loads(one) for one in lines])
    for tag, value in parsed:
        if tag in LONG and isinstance(value, int):
            text = "".join(next(parsed)[1] for _ in range(value))
            found.append((tag, _open(json.loads(text)), True))
        else:
            found.append((tag, value, False))
    return found


def to_lines(found: list[Value]) -> list[bytes]:
    """The payload lines of values."""
    made: list[bytes] = []
    for tag, value, long in found:
        made += long_value(tag, _close(value)) if long else [line(tag, value)]
    return made


def _open(value: Any) -> Any:
    """Signed bodies as JSON, so that mutations reach into them."""
    if isinstance(value, dict):
        if set(value) == {"body", "type", "signatures"} and isinstance(value["body"], str):
            return {**value, "body": {SIGNED: json.loads(base64.b64decode(value["body"]))}}
        return {key: _open(inner) for key, inner in value.items()}
    return value


def _close(value: Any) -> Any:
    if isinstance(value, dict):
        value = {key: _close(inner) for key, inner in value.items()}
        if set(value) == {SIGNED}:
            return base64.b64encode(encode(value[SIGNED])).decode()
    return value


def statement_id(value: Any) -> str:
    try:
        return Statement.from_json(_close(value)).id
    except ValueError:
        return "0" * 64


def consistent(found: list[Value]) -> list[Value]:
    """The ids that name other parts follow them."""
    made = list(found)
    for place, (tag, value, _) in enumerate(found):
        if tag != "s" or place + 2 >= len(found):
            continue
        (ktag, content, _), (vtag, receipt, _) = found[place + 1 : place + 3]
        if (ktag, vtag) != ("k", "v") or not isinstance(value, dict) or set(value) != {"package", "receipt"}:
            continue
        head = {"package": statement_id(content), "receipt": value["receipt"]}
        said = receipt["body"].get(SIGNED) if isinstance(receipt, dict) and isinstance(receipt.get("body"), dict) else 0
        if isinstance(said, dict) and "in_reply_to" in said:
            receipt = {**receipt, "body": {SIGNED: {**said, "in_reply_to": head["package"]}}}
            made[place + 2] = (vtag, receipt, True)
        made[place] = (tag, {**head, "receipt": statement_id(receipt)}, False)
    return made


def mutant(found: list[Value], chance: random.Random) -> list[Value]:
    """One value changed, a value left out, doubled, or two exchanged."""
    made = list(found)
    place = chance.randrange(len(made))
    match chance.randrange(12):
        case 0:
            del made[place]
        case 1:
            made.insert(place, made[chance.randrange(len(made))])
        case 2:
            other = chance.randrange(len(made))
            made[place], made[other] = made[other], made[place]
        case _:
            tag, value, long = made[place]
            made[place] = (tag, json_mutant(value, chance), long)
    return consistent(made)


def opened(it: Scene, found: list[Value]) -> Callable[[Session], object]:
    """Open the lines as the receiver does once the envelope was judged."""
    file = signedfile.read(it.file)
    parsed = envelope.parse(file)

    def act(session: Session) -> object:
        arrival = authenticate(session, file, parsed)
        content = next((statement_id(value) for tag, value, _ in found if tag == "c"), "0" * 64)
        there = replace(arrival, envelope=replace(parsed, address=replace(parsed.address, content=content)))
        reader = LineReader(Lines(to_lines(found)))
        return OPENERS[parsed.address.purpose](session, it.to.store.actor, there, reader, SILENT)

    return act


@pytest.mark.usefixtures("believed")
@pytest.mark.parametrize("purpose", PURPOSES)
def test_whatever_stands_in_the_lines(world: Path, tmp_path: Path, purpose: str) -> None:
    chance, rounds = random.Random(purpose), ROUNDS // 3
    with scene(world, tmp_path, purpose) as it:
        made = Insider(it.file, it.frm, it.to)
        honest = values([*long_value("c", made.content.to_json()), *made.rest])
        assert to_lines(honest) == [*long_value("c", made.content.to_json()), *made.rest]
        undone(it.to.store, opened(it, honest))
        refused, sentences = 0, set[str]()
        for _ in range(rounds):
            bad = mutant(honest, chance)
            try:
                received = undone(it.to.store, opened(it, bad))
                assert isinstance(received, Received)
                refused += bool(received.warnings)
            except FileRefusedError as error:
                refused += 1
                sentences.add(str(error)[-1])
        assert refused > rounds // 5
        assert sentences <= {"。", "）"}
