"""The bodies of messages about problems: written from the store, and read from foreign bytes with every field judged.

Reading raises ContentRefusedError; nothing read is used before its whole body has its shape (E8-E10).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import ACCOUNT_FIELDS, STUDENT_FIELD
from models.domain.problems import MAX_EVIDENCE, PROBLEM_KIND, SUBJECT_KINDS, Claim
from models.domain.times import from_text
from models.services import evidence
from models.services import problem_log as log
from models.services.problem_answers import LONGEST_OPINION, MOST_FILES
from models.services.problem_intake import Answered, Asked, AskedSide, Decided, Word
from models.services.problems import evidence_of
from sync.refusals import ContentRefusedError, Fault
from sync.wire.statements import base64_text, unbase64

_Read = TypeVar("_Read")
MOST_PROBLEMS: Final = 60
"""Problems in one message at most: so it stays far below the size of a message."""
_MOST_SIDES: Final = 50
_SHORT: Final = 200
_FIELDS: Final = STUDENT_FIELD.keys() | {field.key for field in ACCOUNT_FIELDS}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


# --- written --------------------------------------------------------------------------------------------------


def ask_entry(problem: Row[Any], sides: Sequence[Row[Any]], to: str) -> dict[str, Any]:
    """A problem as the unit `to` is asked about it: of other units' records only whose they are and their label."""
    return {
        "id": problem.id,
        "kind": problem.kind,
        "note": problem.note,
        "due": problem.due,
        "priority": problem.priority,
        "opened_at": problem.opened_at,
        "details": log.details_of(problem),
        "sides": [_side_entry(side, full=to in (side.unit_id, side.bureau_id)) for side in sides],
    }


def _side_entry(side: Row[Any], *, full: bool) -> dict[str, Any]:
    return {
        "unit": side.unit_id,
        "unit_name": side.unit_name,
        "bureau": side.bureau_id,
        "bureau_name": side.bureau_name,
        "subject_kind": side.subject_kind,
        "subject": side.subject_id if full else "",
        "label": side.label,
        "details": log.details_of(side) if full else {},
    }


def answer_body(session: Session, side: Row[Any], *, by_bureau: bool) -> dict[str, Any]:
    """What the school said, with the evidence itself; going up from the bureau also what that said."""
    return {
        "problem": side.problem_id,
        "position": side.position,
        "school": _word(side.claim, side.opinion, side.answered_by, side.answered_at),
        "change": side.change_number,
        "values": log.proposed_of(side),
        "evidence": [_file(session, entry) for entry in evidence_of(side)],
        "bureau": _word(side.bureau_claim, side.bureau_opinion, side.bureau_by, side.bureau_at) if by_bureau else None,
    }


def _word(claim: str, opinion: str, by: str, at: str) -> dict[str, str]:
    return {"claim": claim, "opinion": opinion, "by": by, "at": at}


def _file(session: Session, entry: Mapping[str, Any]) -> dict[str, str]:
    content = evidence.content(session, str(entry["digest"]))
    if content is None:
        raise UserError(f"证明材料“{entry['name']}”不在本单位的名册中，请重新添加后再答复。")
    return {"name": entry["name"], "data": base64_text(content)}


def decision_body(problem: Row[Any], sides: Sequence[Row[Any]]) -> dict[str, Any]:
    """The decision on every side in their order."""
    return {
        "problem": problem.id,
        "outcomes": [side.outcome for side in sides],
        "opinion": problem.opinion,
        "by": problem.decided_by,
        "at": problem.decided_at,
    }


def closed_body(problem: Row[Any]) -> dict[str, str]:
    """That a problem is closed, and why."""
    return {"problem": problem.id, "note": problem.closed_note, "at": problem.closed_at}


# --- read -----------------------------------------------------------------------------------------------------


def read_ask(body: Any) -> list[Asked]:
    """The problems of an ask. Raises ContentRefusedError."""
    return _judged(lambda: [_asked(one) for one in _list(_keys(body, "problems")["problems"], MOST_PROBLEMS)])


def read_answer(body: Any) -> Answered:
    """An answer. Raises ContentRefusedError."""
    return _judged(
        lambda: _answered(_keys(body, "problem", "position", "school", "change", "values", "evidence", "bureau"))
    )


def read_decision(body: Any) -> Decided:
    """A decision. Raises ContentRefusedError."""
    return _judged(lambda: _decided(_keys(body, "problem", "outcomes", "opinion", "by", "at")))


def read_closed(body: Any) -> tuple[str, str, str]:
    """Problem id, note and time of a closing. Raises ContentRefusedError."""
    return _judged(lambda: _closed(_keys(body, "problem", "note", "at")))


def _judged(read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except (KeyError, TypeError, ValueError):
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="问题核查的格式") from None


def _asked(value: Any) -> Asked:
    entry = _keys(value, "id", "kind", "note", "due", "priority", "opened_at", "details", "sides")
    kind = PROBLEM_KIND[entry["kind"]]
    sides = tuple(_asked_side(one, kind.roster) for one in _list(entry["sides"], _MOST_SIDES))
    details = _details(entry["details"])
    if set(details) != set(kind.fields) or entry["priority"] not in (0, 1) or isinstance(entry["priority"], bool):
        raise ValueError("problem")
    due = _text(entry["due"], 10)
    if date.fromisoformat(due).isoformat() != due:
        raise ValueError("due")
    opened = _time(entry["opened_at"])
    note = _text(entry["note"], LONGEST_OPINION, blank=True)
    return Asked(_uuid(entry["id"]), kind.key, note, due, entry["priority"], opened, details, sides)


def _asked_side(value: Any, roster: str) -> AskedSide:
    keys = ("unit", "unit_name", "bureau", "bureau_name", "subject_kind", "subject", "label", "details")
    entry = _keys(value, *keys)
    if SUBJECT_KINDS[entry["subject_kind"]] != roster:
        raise ValueError("subject")
    subject = _text(entry["subject"], 64, blank=True)
    names = (_text(entry["unit_name"], _SHORT), _text(entry["bureau_name"], _SHORT), _text(entry["label"], _SHORT))
    details = _details(entry["details"])
    unit, bureau = _uuid(entry["unit"]), _uuid(entry["bureau"])
    return AskedSide(unit, names[0], bureau, names[1], entry["subject_kind"], subject, names[2], details)


def _answered(entry: dict[str, Any]) -> Answered:
    if type(entry["position"]) is not int:
        raise ValueError("position")
    files = tuple(_read_file(one) for one in _list(entry["evidence"], MOST_FILES, blank=True))
    if sum(len(data) for _, data in files) > MAX_EVIDENCE:
        raise ValueError("evidence")
    change = _text(entry["change"], 64, blank=True)
    bureau = None if entry["bureau"] is None else _read_word(entry["bureau"])
    school, values = _read_word(entry["school"]), _details(entry["values"])
    if values and school.claim is not Claim.CHANGE:
        raise ValueError("values")
    return Answered(_uuid(entry["problem"]), entry["position"], school, change, values, files, bureau)


def _read_word(value: Any) -> Word:
    entry = _keys(value, "claim", "opinion", "by", "at")
    opinion = _text(entry["opinion"], LONGEST_OPINION, blank=True)
    return Word(Claim(entry["claim"]), opinion, _text(entry["by"], _SHORT), _time(entry["at"]))


def _read_file(value: Any) -> tuple[str, bytes]:
    entry = _keys(value, "name", "data")
    name = _text(entry["name"], _SHORT)
    if any(sign in name for sign in '/\\:*?"<>|'):
        raise ValueError("name")
    return name, unbase64(entry["data"])


def _decided(entry: dict[str, Any]) -> Decided:
    outcomes = tuple(Claim(one) for one in _list(entry["outcomes"], _MOST_SIDES))
    opinion = _text(entry["opinion"], LONGEST_OPINION)
    return Decided(_uuid(entry["problem"]), outcomes, opinion, _text(entry["by"], _SHORT), _time(entry["at"]))


def _closed(entry: dict[str, Any]) -> tuple[str, str, str]:
    return _uuid(entry["problem"]), _text(entry["note"], LONGEST_OPINION), _time(entry["at"])


def _keys(value: Any, *keys: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise ValueError("keys")
    return value


def _list(value: Any, most: int, *, blank: bool = False) -> list[Any]:
    if not isinstance(value, list) or len(value) > most or not (value or blank):
        raise ValueError("list")
    return value


def _text(value: Any, most: int, *, blank: bool = False) -> str:
    good = isinstance(value, str) and len(value) <= most and (blank or value.strip())
    if not good or not value.replace("\n", "").isprintable():
        raise ValueError("text")
    return str(value)


def _uuid(value: Any) -> str:
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("uuid")
    return value


def _time(value: Any) -> str:
    from_text(_text(value, 20))
    return str(value)


def _details(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value.keys() <= _FIELDS:
        raise ValueError("details")
    return {key: _text(text, _SHORT, blank=True) for key, text in value.items()}
