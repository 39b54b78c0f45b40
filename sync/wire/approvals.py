"""Whether every item was approved by another person than the one who started it or who builds (decisions 3, 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.domain.units import Role
from sync.refusals import ContentRefusedError, Fault
from sync.trust.certificates import to_time
from sync.trust.chains import Trust, require_role
from sync.wire.content import Item, item_digest
from sync.wire.statements import Statement

TYPE: Final = "rollbook.approval"
Key = tuple[str, int, str]
"""Id, attempt and digest of an item as an approval names it."""


@dataclass(frozen=True)
class Setting:
    """For which unit, on which line and by whom a package was made, and when; `at` is UTC text."""

    unit_id: str
    line: str
    registrar_id: str
    at: str


def key_of(item: Item, raw: bytes) -> Key:
    """How an approval must name the item whose canonical bytes are `raw`."""
    return item["id"], item["attempt"], item_digest(raw)


def check(
    items: Sequence[tuple[Item, Key]], approvals: Sequence[Statement], trust: Trust, setting: Setting
) -> dict[str, str]:
    """Find for each item the statement of a head that approved it: {item id: statement id}.

    Raises ContentRefusedError or UntrustedError with the sentence that fits.
    """
    approved: dict[Key, tuple[str, str, str]] = {}
    for statement in approvals:
        person_id, name, keys = _verified(statement, trust, setting)
        approved.update(dict.fromkeys(keys, (statement.id, person_id, name)))
    found: dict[str, str] = {}
    for item, key in items:
        if key not in approved:
            raise ContentRefusedError(Fault.NOT_APPROVED, label=item["label"])
        statement_id, person_id, name = approved[key]
        if person_id in (item["initiator"]["person_id"], setting.registrar_id):
            raise ContentRefusedError(Fault.SAME_PERSON, label=item["label"], name=name)
        found[item["id"]] = statement_id
    return found


def _verified(statement: Statement, trust: Trust, setting: Setting) -> tuple[str, str, list[Key]]:
    body = statement.content
    try:
        about = (body["type"], body["v"], body["unit"], body["line"])
        at, person_id = str(body["at"]), str(body["person_id"])
        keys = [(str(entry["id"]), int(entry["attempt"]), str(entry["digest"])) for entry in body["items"]]
        to_time(at)
        (signature,) = statement.signatures
    except (KeyError, TypeError, ValueError):
        raise ContentRefusedError(Fault.APPROVAL_EDITED) from None
    if about != (TYPE, 1, setting.unit_id, setting.line) or signature.person_id != person_id:
        raise ContentRefusedError(Fault.APPROVAL_EDITED)
    certificate = trust.signed_by_person(statement, signature, setting.unit_id, setting.line, min(at, setting.at))
    require_role(certificate, Role.HEAD)
    return person_id, certificate.subject.name, keys


# --- on the wire: an approval names items of the package by their place, so that no digest travels twice -----------


def pack(statement: Statement, places: Mapping[Key, int]) -> dict[str, Any]:
    """An approval whose items are runs [first place, count]; items that are not sent stand in full."""
    body = statement.content
    runs: list[Any] = []
    for entry in body.pop("items"):
        place = places.get((entry["id"], entry["attempt"], entry["digest"]))
        if place is None:
            runs.append(entry)
        elif runs and isinstance(runs[-1], list) and sum(runs[-1]) == place:
            runs[-1][1] += 1
        else:
            runs.append([place, 1])
    return {"body": body, "items": runs, "signatures": [s.to_json() for s in statement.signatures]}


def unpack(value: Any, keys: Sequence[Key]) -> Statement:
    """The statement as it was signed. Raises ContentRefusedError."""
    try:
        named = [{"id": i, "attempt": attempt, "digest": digest} for i, attempt, digest in keys]
        entries: list[Any] = []
        unpacked = 0
        for run in value["items"]:
            if isinstance(run, dict):
                entries.append(run)
                continue
            first, count = run
            unpacked += count
            if not 0 <= first < first + count <= len(named) or unpacked > len(named) * 2:
                raise ValueError("run")
            entries += named[first : first + count]
        body = {**value["body"], "items": entries}
        return Statement.built(body, value["signatures"])
    except (KeyError, TypeError, ValueError):
        raise ContentRefusedError(Fault.APPROVAL_EDITED) from None
