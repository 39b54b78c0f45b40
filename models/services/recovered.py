"""Changes a unit had sent and lost with its memory, as its superior tells them back (decision 9).

They stand again where they stood: handed in, waiting for the answer that comes after them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING, CHANGE_KIND
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.ids import new_id
from models.domain.signing import canonical
from models.domain.states import END_STATES, Event, State
from models.domain.units import Actor, reports_own
from models.rules.naming import pinyin_keys
from models.services.change_drafts import baseline_draft
from models.services.change_log import Decider, find_change, in_chunks, next_number, number_text, record
from models.services.change_writing import Draft, insert_drafts
from models.services.filing.applying import forget_filed, take_accounts
from models.services.filing.proposing import propose_filing, under_way
from models.services.filing.rows import rows_to_file
from models.services.records import IN_USE, NOUN, TABLE_OF
from models.services.units import own_unit
from models.store import audit, bulk
from models.store import tables as t
from models.store.clock import now_text

RosterRow = tuple[Mapping[str, Any], bytes]
"""A row {"id", "values"} and its canonical bytes."""
_BACK: Final = {
    State.PENDING: Event.RETURN,
    State.APPROVED: Event.REVOKE,
    State.SEALED: Event.RECEIPT_RETURN,
}
_FORWARD: Final = {
    State.DRAFT: (Event.SUBMIT, Event.APPROVE, Event.SEAL),
    State.PENDING: (Event.APPROVE, Event.SEAL),
    State.APPROVED: (Event.SEAL,),
}
_LOST: Final = "上级重新建立后补报"
_WORDS: Final = "按上级保存的记录补回"


@dataclass(frozen=True)
class Told:
    """An item as this unit once signed it, who approved it and the statement that did (its id)."""

    item: Mapping[str, Any]
    approver: Decider
    approval_id: str


def bring_back(session: Session, actor: Actor, package_id: str, sealer: Decider, told: Sequence[Told]) -> int:
    """Let the changes of a lost package stand as handed in; how many did not stand so before.

    `sealer` signed the package. What has gone further here, or was ended, stays as it is.
    """
    return sum(_bring_one(session, actor, package_id, sealer, one) for one in told)


def _bring_one(session: Session, actor: Actor, package_id: str, sealer: Decider, told: Told) -> bool:
    item = told.item
    initiator = Decider(item["unit"], item["initiator"]["person_id"], item["initiator"]["name"])
    row = _find(session, item["id"])
    if row is None:
        _insert(session, item)
        record(session, actor, [item["id"]], Event.PROPOSE, _WORDS, decider=initiator)
    elif _is_further(row, item["attempt"]):
        return False
    elif row.attempt < item["attempt"]:
        _back_to_draft(session, actor, row, sealer)
    _keep_batch(session, item)
    present = find_change(session, item["id"])
    if present.state == State.DRAFT:
        _overwrite(session, item)
    deciders = {Event.SUBMIT: initiator, Event.APPROVE: told.approver, Event.SEAL: sealer}
    for event in _FORWARD[State(present.state)]:
        approval = told.approval_id if event is Event.APPROVE else None
        record(session, actor, [item["id"]], event, _WORDS, approval, deciders[event])
    session.execute(update(t.change).where(t.change.c.id == item["id"]).values(package_id=package_id))
    return True


def _find(session: Session, change_id: str) -> Row[Any] | None:
    return session.execute(select(t.change).where(t.change.c.id == change_id)).first()


def _is_further(row: Row[Any], attempt: int) -> bool:
    if row.state in END_STATES or row.attempt > attempt:
        return True
    return bool(row.attempt == attempt and row.state == State.SEALED)


def _back_to_draft(session: Session, actor: Actor, row: Row[Any], sealer: Decider) -> None:
    if row.state != State.DRAFT:
        record(session, actor, [row.id], _BACK[State(row.state)], _WORDS, decider=sealer)


def _insert(session: Session, item: Mapping[str, Any]) -> None:
    c = t.change.c
    taken = session.execute(select(c.id).where(c.number == item["number"])).first() is not None
    row = {
        "id": item["id"], "number": number_text(next_number(session)) if taken else item["number"],
        "kind": item["kind"], "unit_id": item["unit"], "subject_id": item["subject"], "state": State.DRAFT.value,
        "batch_id": item["batch"]["id"] if item["batch"] else None, "package_id": None,
        "initiator_id": item["initiator"]["person_id"], "initiator_name": item["initiator"]["name"],
        "created_at": item["created"], **_content(item),
    }  # fmt: skip
    session.execute(insert(t.change).values(**row))


def _content(item: Mapping[str, Any]) -> dict[str, Any]:
    """What may have differed while it was a draft."""
    return {
        "subject_label": item["label"], "before": canonical(dict(item["before"])).decode(),
        "after": canonical(dict(item["after"])).decode(), "base_revision": item["base_revision"],
        "reason": item["reason"], "policy_version": item["policy_version"], "attempt": item["attempt"],
        "salt": item["salt"], "updated_at": now_text(),
    }  # fmt: skip


def _overwrite(session: Session, item: Mapping[str, Any]) -> None:
    session.execute(update(t.change).where(t.change.c.id == item["id"]).values(**_content(item)))
    for place, entry in enumerate(item["evidence"]):
        link = {
            "change_id": item["id"], "digest": entry["digest"], "file_name": entry["name"], "position": place,
            "kind": entry.get("kind", "other"),
        }  # fmt: skip
        session.execute(upsert(t.change_evidence).values(**link).on_conflict_do_nothing())


def _keep_batch(session: Session, item: Mapping[str, Any]) -> None:
    if item["batch"] is None:
        return
    kind = CHANGE_KIND[item["kind"]].subjects
    row = {
        "id": item["batch"]["id"], "kind": f"baseline.{kind}", "unit_id": item["unit"], "source": item["label"],
        "source_digest": "", "rows_digest": item["batch"]["rows_digest"], "count": item["batch"]["count"],
        "state": "applied", "created_at": item["created"], "created_by": item["initiator"]["name"],
    }  # fmt: skip
    session.execute(upsert(t.batch).values(**row).on_conflict_do_nothing())


def bring_rows(
    session: Session,
    actor: Actor,
    kind: str,
    batch_id: str,
    change_id: str,
    rows: Sequence[tuple[Mapping[str, Any], bytes]],
) -> int:
    """Enter rows of a roster (`kind`) this unit lost, as one batch; how many were not here.

    Pupils that are here stay as they are; of an account the unit itself had filed a later revision, which holds.
    `change_id`: the baseline that waits for its answer, whose rows are these with their bytes, "" for none.
    """
    table = TABLE_OF[kind]
    ids = [row["id"] for row, _ in rows]
    known = {
        row_id for part in in_chunks(ids) for row_id in session.scalars(select(table.c.id).where(table.c.id.in_(part)))
    }
    shared = {
        "unit_id": own_unit(session).id, "status": IN_USE[kind], "revision": 1, "batch_id": batch_id,
        "updated_at": now_text(), "updated_by": actor.name,
    }  # fmt: skip
    fresh = [row for row, _ in rows if row["id"] not in known]
    if kind == ACCOUNTS:
        take_accounts(session, actor, own_unit(session).id, [row for row, _ in rows], filed=not change_id)
    else:
        blank = dict.fromkeys(sorted({key for row in fresh for key in row["values"]}), "")
        told = [{**blank, **row["values"], **shared, "id": row["id"]} for row in fresh]
        bulk.insert_students(session, told, pinyin_keys)
    if change_id:
        _freeze(session, change_id, [raw for _, raw in rows])
    body = {"kind": kind, "rows": len(rows), "new": len(fresh)}
    audit.append(session, actor, "recovery.rows", f"batch:{batch_id}", body)
    return len(fresh)


def _freeze(session: Session, change_id: str, lines: Iterable[bytes]) -> None:
    """A baseline that is still on its way keeps the rows it was approved with."""
    row = _find(session, change_id)
    if row is None or row.state != State.SEALED:
        return
    c = t.baseline_row.c
    known = set(session.scalars(select(c.body).where(c.change_id == change_id)))
    start = int(session.scalar(select(func.count()).where(c.change_id == change_id)) or 0)
    fresh = [line.decode() for line in lines if line.decode() not in known]
    bodies = [{"change_id": change_id, "position": start + place, "body": body} for place, body in enumerate(fresh)]
    if bodies:
        session.execute(insert(t.baseline_row), bodies)


def draft_everything(session: Session, actor: Actor) -> int:
    """Draft the report of every pupil and account in use, for a superior that lost them all; how many drafts.

    A draft of before is submitted and approved like any other. Units that report no list of their own draft none.
    Accounts are filed anew as if none had been; a filing under way is answered first, the draft follows it.
    """
    if not reports_own(actor.unit):
        return 0
    if actor.unit.line in ACCOUNT_FILING.lines:
        return _file_anew(session, actor)
    draft = _gather_all(session, actor, STUDENTS)
    return len(insert_drafts(session, actor, [draft] if draft else []))


def _file_anew(session: Session, actor: Actor) -> int:
    forget_filed(session, actor)
    if not any(rows_to_file(session)) or under_way(session):
        return 0
    propose_filing(session, replace(actor, roles=actor.roles | set(ACCOUNT_FILING.initiators)), reason=_LOST)
    return 1


def _gather_all(session: Session, actor: Actor, kind: str) -> Draft | None:
    """A batch of all rows in use, which cannot be taken back, and the draft that reports it."""
    table, batch_id = TABLE_OF[kind], new_id()
    mine = (table.c.unit_id == actor.unit.id, table.c.status == IN_USE[kind])
    count = int(session.execute(select(func.count()).select_from(table).where(*mine)).scalar() or 0)
    if not count:
        return None
    session.execute(update(table).where(*mine).values(batch_id=batch_id))
    source = f"全部在册{NOUN[kind]}（{_LOST}）"
    values = {
        "id": batch_id, "kind": f"baseline.{kind}", "unit_id": actor.unit.id, "source": source, "source_digest": "",
        "rows_digest": "", "count": count, "state": "applied", "created_at": now_text(), "created_by": actor.name,
    }  # fmt: skip
    session.execute(insert(t.batch).values(values))
    audit.append(session, actor, "roster.gather", f"batch:{batch_id}", {"rows": count})
    return baseline_draft(kind, batch_id, source, count)
