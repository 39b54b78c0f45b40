"""Messages rightly signed with anything in their bodies: each is refused alone, whole, with a sentence; nothing falls.

Signatures are taken as right, so that every handler is reached; each mutation runs in a transaction that is taken
back. Every kind that this program handles has an honest body in `tests/letters.py` to start from.
"""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from models.domain.message_kinds import MESSAGE_KINDS, find_kind
from models.services.units import find_unit
from sync.messages import receiving
from sync.messages.handlers import HANDLERS
from sync.messages.message import MAX_BODY, TYPE
from sync.messages.traces import Gathered
from sync.packages import ledger
from sync.trust.known import trust_of
from sync.wire.jsonlines import encode
from sync.wire.statements import Statement
from tests.insider import ROUNDS, changed, dump, json_mutant, rows
from tests.integration.test_mutations_inside import SIGNED, _close, _open, undone
from tests.letters import AT, ORDER, Bodies, letters
from tests.sync_world import CITY, COUNTY, SCHOOL, Member, make_tiers, opened

ORIGINS = {"city": CITY, "county": COUNTY, "school": SCHOOL}
OF_THE_PROVINCE = {"monitoring.apply", "monitoring.answer"}
"""Understood between a province and those below it only (test_monitoring); their shape is judged before that."""
MAY_TOUCH = {"message", "message_step", "statement", "audit", "audit_body"}
"""What a refused message leaves: its row, its steps and the entry in the log."""


@dataclass
class Desk:
    """The county with its city, and honest bodies of every kind that may come to it (the directory to the city)."""

    county: Member
    city: Member
    bodies: Bodies

    def at(self, kind: str) -> Member:
        """Who gets a message of the kind."""
        return self.city if self.bodies[kind][0] == "county" else self.county

    def take(self, session: Session, kind: str, body: Any) -> str:
        """One message of a package of its neighbour, judged as receiving does; its outcome."""
        origin, own = ORIGINS[self.bodies[kind][0]], self.at(kind).store.actor
        content = {
            "type": TYPE, "v": 1, "id": str(uuid.uuid4()), "kind": kind, "matter": ORDER, "from": origin.id,
            "from_name": origin.name, "to": own.unit.id, "line": "basic", "at": AT, "due": "", "title": "函件",
            "in_reply_to": "", "body": body,
        }  # fmt: skip
        raw = encode(content)
        assert len(raw) <= MAX_BODY
        turn = receiving._Turn(own, own.unit, origin, trust_of(session), AT, "", Gathered(), receiving.Outcome())
        return receiving._take_one(session, turn, Statement(TYPE, raw, ()), ())


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = make_tiers(tmp_path_factory.mktemp("letters") / "units")
    with opened(folder, "county", "city") as (county, city):
        yield Desk(county, city, letters(county, city))


@pytest.fixture(autouse=True)
def believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "verified", lambda message, *rest: message)
    for module in ("trust.chains", "policies", "trust.revocation", "joining.mergers"):
        monkeypatch.setattr(f"sync.{module}.is_signed_by", lambda statement, signature: True)


def test_every_kind_has_an_honest_body(desk: Desk) -> None:
    assert set(desk.bodies) == set(HANDLERS)
    assert set(HANDLERS) <= {kind.key for kind in MESSAGE_KINDS}


@pytest.mark.parametrize("kind", sorted(HANDLERS))
def test_whatever_stands_in_the_body(desk: Desk, kind: str) -> None:
    chance = random.Random(kind)
    honest = _deep(desk.bodies[kind][1])
    entry = find_kind(kind)
    assert entry is not None
    refused, before = 0, dump(desk.at(kind).store)
    for number in range(ROUNDS // len(HANDLERS) + 10):
        other = _deep(desk.bodies[chance.choice(sorted(desk.bodies))][1])
        bad = _close_deep(other if number % 20 == 0 else json_mutant(honest, chance))
        if not isinstance(bad, dict) or len(encode(bad)) > MAX_BODY - 2000:
            continue

        def act(session: Session) -> tuple[str, set[str]]:
            outcome = desk.take(session, kind, bad)  # noqa: B023 - called at once
            return outcome, changed(before, rows(session)) if outcome == "refused" else set()

        outcome, touched = undone(desk.at(kind).store, act)  # type: ignore[misc]
        assert outcome in {key for key, _ in receiving.LABELS}
        if outcome == "refused":
            refused += 1
            assert touched <= MAY_TOUCH, (touched, json.dumps(bad)[:400])
    assert refused or kind in ("trace", "recovery.evidence", "recovery.receipts")


@pytest.mark.parametrize("kind", sorted(set(HANDLERS) - OF_THE_PROVINCE))
def test_the_honest_body_is_understood(desk: Desk, kind: str) -> None:
    """Else the mutations would only ever meet the first check."""

    def act(session: Session) -> tuple[str, list[str]]:
        assert find_unit(session, COUNTY.id) is not None
        if kind in ("problem.answer", "problem.decision", "problem.closed"):
            assert desk.take(session, "problem.ask", desk.bodies["problem.ask"][1]) == "open"
        if kind == "unit.rows":
            desk.take(session, "unit.merger", desk.bodies["unit.merger"][1])
        if kind == "recovery.rows":  # given only to a unit whose channel was begun again
            ledger.place(
                session, {"issuer_id": CITY.id, "audience_id": COUNTY.id, "line": "basic"}, ledger.Place(2, 0, "")
            )
        return desk.take(session, kind, desk.bodies[kind][1]), []

    outcome, _ = undone(desk.at(kind).store, act)  # type: ignore[misc]
    assert outcome in ("handled", "open"), outcome


def _deep(value: Any) -> Any:
    if isinstance(value, list):
        return [_deep(inner) for inner in value]
    opened_ = _open(value)
    if isinstance(opened_, dict) and SIGNED not in opened_:
        return {key: _deep(inner) if key not in ("body", "signatures") else inner for key, inner in opened_.items()}
    return opened_


def _close_deep(value: Any) -> Any:
    if isinstance(value, list):
        return [_close_deep(inner) for inner in value]
    if isinstance(value, dict):
        return _close({key: _close_deep(inner) for key, inner in value.items()})
    return value
