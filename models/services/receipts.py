"""Receipts at the unit that asked: each item's answer is applied once, whatever was received before (decision 13)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, CHANGE_KIND, WITHDRAWAL
from models.domain.errors import FileRefusedError
from models.domain.fields import STUDENT_FIELD, STUDENTS
from models.domain.states import Event, State
from models.domain.units import Actor, Role
from models.services.baseline import thaw
from models.services.change_log import Decider, in_chunks, record
from models.services.change_writing import Draft, insert_drafts
from models.services.filing.applying import note_accepted
from models.services.records import Row as Student
from models.services.records import label_of, page, system_name, write_values
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


@dataclass(frozen=True)
class ReceiptOutcome:
    """What a receipt did, in numbers of changes; `already` were answered by an earlier copy, `reopened` are approved
    again because the package was refused as a whole; `returned_ids` wait for correction, `conflict_ids` are the drafts
    proposed for values that had changed meanwhile. `filed` and `unfiled`: items of a report, taken above or not."""

    accepted: int = 0
    returned: int = 0
    refused: int = 0
    conflicts: int = 0
    withdrawn: int = 0
    reopened: int = 0
    already: int = 0
    filed: int = 0
    unfiled: int = 0
    returned_ids: tuple[str, ...] = ()
    conflict_ids: tuple[str, ...] = ()


_EVENT = {
    "accept": Event.RECEIPT_ACCEPT,
    "return": Event.RECEIPT_RETURN,
    "refuse": Event.RECEIPT_REFUSE,
    "withdrawn": Event.RECEIPT_WITHDRAWN,
}


def apply_receipt(
    session: Session, actor: Actor | None, receipt: Mapping[str, Any], decider: Decider | None = None
) -> ReceiptOutcome:
    """Apply a verified receipt body; a second time changes nothing. `decider` is who signed it at the tier above.

    Raises FileRefusedError for a malformed one, and for one that accepts other values than were asked for.
    """
    package_id = str(receipt.get("in_reply_to"))
    if receipt.get("package_verdict") == "refused":
        return _reopen(session, actor, package_id, str(receipt.get("reason", "")), decider)
    answers = _answers(receipt)
    sealed = _sealed(session, list(answers))
    open_answers = [(row, answers[row.id]) for row in sealed if row.attempt == answers[row.id]["attempt"]]
    _refuse_unasked(open_answers)
    groups: dict[tuple[Event, str], list[str]] = {}
    drafts: list[str] = []
    for row, answer in open_answers:
        event = _EVENT[answer["verdict"]]
        if event is Event.RECEIPT_ACCEPT:
            event = _settle(session, actor, row, answer, drafts, decider)
        groups.setdefault((event, str(answer["opinion"])), []).append(row.id)
    numbers: Counter[Event] = Counter()
    for (event, opinion), ids in groups.items():
        record(session, actor, ids, event, opinion, decider=decider)
        numbers[event] += len(ids)
    thaw(session, [row.id for row, _ in open_answers])
    _close_package(session, package_id)
    already = len(answers) - len(open_answers)
    body = {"package": package_id, **{event.value: number for event, number in numbers.items()}, "already": already}
    audit.append(session, actor, "receipt.apply", f"package:{package_id}", body)
    returned = [one for (event, _), ids in groups.items() if event is Event.RECEIPT_RETURN for one in ids]
    return ReceiptOutcome(
        numbers[Event.RECEIPT_ACCEPT],
        numbers[Event.RECEIPT_RETURN],
        numbers[Event.RECEIPT_REFUSE],
        numbers[Event.CONFLICT],
        numbers[Event.RECEIPT_WITHDRAWN],
        0,
        already,
        returned_ids=tuple(returned),
        conflict_ids=tuple(drafts),
    )


def _answers(receipt: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    items = receipt.get("items")
    good = isinstance(items, list) and all(isinstance(item, dict) and _is_answer(item) for item in items)
    if not good or not isinstance(items, list):
        raise FileRefusedError("回执的内容不完整，本程序不能识别，没有改动任何内容。请上级重新生成回执。")
    return {item["id"]: item for item in items}


def _is_answer(item: Mapping[str, Any]) -> bool:
    values = item.get("values")
    good = isinstance(item.get("id"), str) and isinstance(item.get("attempt"), int)
    good = good and item.get("verdict") in _EVENT and isinstance(item.get("opinion"), str)
    if values is None:
        return good
    return (
        good
        and isinstance(values, dict)
        and values.keys() <= STUDENT_FIELD.keys()
        and all(isinstance(value, str) for value in values.values())
    )


def _refuse_unasked(answered: Sequence[tuple[Row[Any], Mapping[str, Any]]]) -> None:
    """What is accepted is what was asked for: a tier above decides, it does not write (decision 14)."""
    for row, answer in answered:
        takes = answer["verdict"] == "accept" and CHANGE_KIND[row.kind].takes_values
        if takes and answer["values"] != json.loads(row.after):
            raise FileRefusedError(
                f"回执通过的值与变更 {row.number} 申请的不同，没有改动任何内容。请上级核对后重新生成回执。"
            )


def _sealed(session: Session, change_ids: Sequence[str]) -> list[Row[Any]]:
    c = t.change.c
    return [
        row
        for part in in_chunks(change_ids)
        for row in session.execute(select(t.change).where(c.id.in_(part), c.state == State.SEALED.value))
    ]


def _settle(
    session: Session,
    actor: Actor | None,
    row: Row[Any],
    answer: Mapping[str, Any],
    drafts: list[str],
    decider: Decider | None,
) -> Event:
    """Bring an accepted change into effect; a value that changed meanwhile makes it a conflict, with a new draft."""
    if row.kind == WITHDRAWAL.key:
        _withdraw_original(session, actor, row, decider)
    elif row.kind == ACCOUNT_FILING.key:
        note_accepted(session, actor, row)
    elif CHANGE_KIND[row.kind].takes_values:
        return _write(session, actor, row, dict(answer["values"]), drafts)
    return Event.RECEIPT_ACCEPT


def _withdraw_original(session: Session, actor: Actor | None, row: Row[Any], decider: Decider | None) -> None:
    for original in _sealed(session, [row.subject_id]):
        words = f"按撤回申请 {row.number}"
        record(session, actor, [original.id], Event.RECEIPT_WITHDRAWN, words, decider=decider)
        thaw(session, [original.id])


def _write(session: Session, actor: Actor | None, change: Row[Any], values: dict[str, str], drafts: list[str]) -> Event:
    found = page(session, STUDENTS, [change.subject_id])
    before: dict[str, str] = json.loads(change.before)
    if not found:
        return Event.CONFLICT
    student = found[0]
    if any(student.values[key] not in (before.get(key, ""), value) for key, value in values.items()):
        drafts += _propose_again(session, change, student, values)
        return Event.CONFLICT
    changed = {key: value for key, value in values.items() if student.values[key] != value}
    if changed:
        write_values(session, system_name(actor), STUDENTS, student, changed)
        old = {key: student.values[key] for key in changed}
        body = {"before": old, "after": changed, "reason": change.number}
        audit.append(session, actor, "roster.receipt", f"{STUDENTS}:{student.id}", body)
    return Event.RECEIPT_ACCEPT


def _propose_again(session: Session, change: Row[Any], student: Student, values: dict[str, str]) -> list[str]:
    """A new draft on the values as they stand now, for the person who started `change`."""
    reason = f"{change.number} 已由上级通过，但名册中的值已改变，请核对后重新申请"
    old = {key: student.values[key] for key in values}
    kind, label = CHANGE_KIND[change.kind], label_of(student.values)
    draft = Draft(kind, student.id, label, old, values, student.revision, reason)
    return insert_drafts(session, _initiator(session, change), [draft])


def _initiator(session: Session, change: Row[Any]) -> Actor:
    """The person who started `change`, to whom its follow-up belongs."""
    return Actor(change.initiator_id, change.initiator_name, frozenset({Role.REGISTRAR}), own_unit(session))


def _reopen(
    session: Session, actor: Actor | None, package_id: str, reason: str, decider: Decider | None
) -> ReceiptOutcome:
    """The package as a whole was refused: its changes are approved again and go with the next one (decision 7)."""
    c = t.change.c
    query = select(c.id).where(c.package_id == package_id, c.state == State.SEALED.value)
    ids = list(session.execute(query).scalars())
    if ids:
        record(session, actor, ids, Event.PACKAGE_REFUSED, reason, decider=decider)
    values = {"state": "refused", "note": reason, "handled_at": now_text()}
    p = t.package.c
    session.execute(update(t.package).where(p.id == package_id, p.direction == "out").values(**values))
    body = {"package": package_id, "reason": reason, "changes": len(ids)}
    audit.append(session, actor, "receipt.refused", f"package:{package_id}", body)
    return ReceiptOutcome(reopened=len(ids))


def _close_package(session: Session, package_id: str) -> None:
    """A package is receipted when none of its changes waits any more."""
    c, p = t.change.c, t.package.c
    waiting = select(func.count()).where(c.package_id == package_id, c.state == State.SEALED.value)
    if not session.execute(waiting).scalar():
        values = {"state": "receipted", "handled_at": now_text()}
        session.execute(update(t.package).where(p.id == package_id, p.direction == "out").values(**values))
