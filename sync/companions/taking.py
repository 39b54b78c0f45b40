"""At the second PC: the picture of what waits takes the place of the one before, own decisions not told yet stay.

What the main PC says of a change is the truth; what the head decided since is kept on top of it as long as it still
fits: the main PC's new decisions must be the beginning of the head's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.progress import Progress
from models.domain.states import NEW_ATTEMPT, Event, State, follow
from models.domain.units import Actor, Role
from models.services.change_log import changes_by_id, in_chunks
from models.services.items import build_items
from models.services.permissions import require_role
from models.store import audit
from models.store import tables as t
from sync.companions import keeping
from sync.companions.drafts import BY_HEAD, DECISION, decisions_of
from sync.companions.exchange import Arrived, damaged, note_received, opened
from sync.joining.requests import unit_from
from sync.refusals import ContentRefusedError, Fault
from sync.wire.content import Item, RowsHash, check_item, is_row, item_digest
from sync.wire.jsonlines import LineReader, encode, is_number
from sync.wire.misshapen import MISSHAPEN
from sync.wire.statements import unbase64

if TYPE_CHECKING:
    from models.store.store import Store

_PIECES = 512
_POLICY = {"unit_id", "version", "tier", "body", "effective_from", "received_at", "state"}
Told = Mapping[str, Any]


@dataclass
class TakenDrafts:
    """What a file of waiting changes did: `waiting` in all, `new` among them, `gone` that need no decision any more."""

    waiting: int = 0
    new: int = 0
    gone: int = 0
    later: int = 0
    files: int = 0
    ids: set[str] = field(default_factory=set)


def receive_drafts(store: Store, arrived: Arrived, progress: Progress) -> TakenDrafts:
    """Take over what waits for the head. Raises RefusedError, NotAllowedError with nothing changed."""
    taken = store.write(_take, store.actor, arrived, progress)
    store.become(store.actor.person_id)  # the unit may be called otherwise by now
    return taken


def _take(session: Session, actor: Actor, arrived: Arrived, progress: Progress) -> TakenDrafts:
    require_role(actor, Role.HEAD, "接收待核办")
    taken = TakenDrafts()
    try:
        with opened(session, arrived) as reader:
            _take_lines(session, actor, arrived, reader, (taken, progress))
    except MISSHAPEN:
        raise damaged("待核办的格式") from None
    note_received(session, arrived)
    body = {"sequence": arrived.envelope.address.sequence, "waiting": taken.waiting, "new": taken.new}
    audit.append(session, actor, "companion.take", f"companion:{arrived.peer.id}", body)
    return taken


def _take_lines(
    session: Session, actor: Actor, arrived: Arrived, reader: LineReader, into: tuple[TakenDrafts, Progress]
) -> None:
    taken, progress = into
    head = _head(session, actor, arrived, reader)
    kept = _Kept(session, actor.person_id)
    items = list(_changes(session, actor, reader, kept, taken))
    pupils = list(keeping.read_pupils(reader))
    told = list(_history(reader))
    taken.files = keeping.read_evidence(session, reader, progress)
    for one in told:
        _move_on(session, kept, one)
    later = set(head["later"])
    taken.later = len(later)
    told_of = taken.ids | later | {one["id"] for one in told}
    gone = [change for change in kept.known if change not in told_of]
    taken.gone = _forget(session, kept, gone)
    keeping.put_pupils(session, pupils)
    keeping.tidy(session)
    _check(session, items)


# --- what the unit is and what holds --------------------------------------------------------------------


def _head(session: Session, actor: Actor, arrived: Arrived, reader: LineReader) -> Told:
    head: Told = reader.take_long("c", _PIECES)
    unit, above = unit_from(head["unit"]), [unit_from(one) for one in head["above"]]
    if head["v"] != 1 or unit.id != actor.unit.id or not all(isinstance(one, str) for one in head["later"]):
        raise damaged("开头")
    session.execute(update(t.unit).where(t.unit.c.id == unit.id).values(**_row_of(unit)))
    for below, superior in pairwise((unit, *above)):
        row = {**_row_of(superior), "is_self": 0, "state": "active"}
        session.execute(upsert(t.unit).values(**row).on_conflict_do_update(index_elements=["id"], set_=row))
        session.execute(update(t.unit).where(t.unit.c.id == below.id).values(superior_id=superior.id))
    if head["certificate"] is not None:
        values = {"certificate": unbase64(head["certificate"])}
        session.execute(update(t.operator).where(t.operator.c.person_id == actor.person_id).values(values))
    if any(set(policy) != _POLICY for policy in head["policies"]):
        raise damaged("政策")
    session.execute(delete(t.policy))
    if head["policies"]:
        session.execute(insert(t.policy), [{**policy, "statement_id": None} for policy in head["policies"]])
    return head


def _row_of(unit: Any) -> dict[str, str]:
    return {key: str(value) for key, value in vars(unit).items()}


# --- changes that wait ----------------------------------------------------------------------------------


class _Kept:
    """What this PC held before: by change what the main one had told of it, and the decisions made here since."""

    def __init__(self, session: Session, person_id: str) -> None:
        self.person_id = person_id
        self.known: dict[str, Row[Any]] = {row.change_id: row for row in session.execute(select(t.companion_change))}

    def ours(self, session: Session, change_id: str) -> list[dict[str, Any]]:
        """Decisions made here that the main PC has not told of."""
        return decisions_of(session, change_id)[self.known[change_id].decisions :]

    def still_good(self, session: Session, item: Item, digest: str, decisions: Sequence[Told]) -> list[dict[str, Any]]:
        """The head's decisions on this very item that the main PC had taken and lost again, restored from a backup."""
        known = self.known.get(item["id"])
        if known is None or (known.digest, known.attempt) != (digest, item["attempt"]):
            return []
        held = decisions_of(session, item["id"])
        rest = held[len(decisions) :]
        mine = all(one["event"] in BY_HEAD and one["person_id"] == self.person_id for one in rest)
        same = [_act(one) for one in held[: len(decisions)]] == [_act(one) for one in decisions]
        return rest if mine and same else []


def _changes(
    session: Session, actor: Actor, reader: LineReader, kept: _Kept, taken: TakenDrafts
) -> Iterator[tuple[Item, str]]:
    """Take the pending changes; those put in anew with the digest they must have."""
    while reader.peek() == "i":
        value, raw = reader.take("i")
        item = check_item(value, actor.unit.id)
        decisions = _decisions(reader.take_long("t", _PIECES))
        rows = list(_rows(reader, item))
        known, digest = kept.known.get(item["id"]), item_digest(raw)
        taken.ids.add(item["id"])
        taken.waiting += 1
        if item["kind"] not in CHANGE_KIND or follow(Event(one["event"]) for one in decisions) is not State.PENDING:
            raise damaged("事项的状态")
        told = (item["attempt"], digest, len(decisions))
        if known is not None and (known.attempt, known.digest, known.decisions) == told:
            continue
        taken.new += 1
        rest = kept.still_good(session, item, digest, decisions)
        if known is not None:
            keeping.remove(session, [item["id"]])
        _put_change(session, item, decisions, rows)
        if rest:
            _put_on_top(session, item["id"], item["attempt"], decisions, rest)
        note = {"change_id": item["id"], "attempt": told[0], "digest": digest, "decisions": told[2], "waits": 1}
        session.execute(insert(t.companion_change).values(**note))
        yield item, digest


def _decisions(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or any(set(one) != set(DECISION) for one in value):
        raise damaged("办理经过")
    try:
        follow(Event(one["event"]) for one in value)
    except (KeyError, ValueError):
        raise damaged("办理经过") from None
    return value


def _rows(reader: LineReader, item: Item) -> Iterator[str]:
    """The rows of a baseline, checked against what the item says of them."""
    if item["batch"] is None:
        return
    reader.take("g")
    rows = RowsHash()
    while reader.peek() == "r":
        row, raw = reader.take("r")
        if not is_row(row):
            raise damaged("名册记录")
        rows.add(raw)
        yield raw.decode()
    if not rows.fits(item["batch"]):
        raise ContentRefusedError(Fault.ROWS_EDITED)


def _put_change(session: Session, item: Item, decisions: Sequence[Told], rows: Sequence[str]) -> None:
    batch = item["batch"]
    row = {
        **{key: item[key] for key in ("id", "number", "kind", "reason", "policy_version", "attempt", "salt")},
        "unit_id": item["unit"], "subject_id": item["subject"], "subject_label": item["label"],
        "before": encode(item["before"]).decode(), "after": encode(item["after"]).decode(),
        "base_revision": item["base_revision"], "state": State.PENDING.value,
        "batch_id": batch["id"] if batch else None, "package_id": None,
        "initiator_id": item["initiator"]["person_id"], "initiator_name": item["initiator"]["name"],
        "created_at": item["created"], "updated_at": decisions[-1]["at"],
    }  # fmt: skip
    session.execute(insert(t.change).values(**row))
    _put_decisions(session, item["id"], decisions)
    if batch:
        entry = {
            "id": batch["id"], "kind": CHANGE_KIND[item["kind"]].subjects, "unit_id": item["unit"], "source": "",
            "source_digest": "", "rows_digest": batch["rows_digest"], "count": batch["count"], "state": "applied",
            "created_at": item["created"], "created_by": item["initiator"]["person_id"],
        }  # fmt: skip
        session.execute(upsert(t.batch).values(**entry).on_conflict_do_update(index_elements=["id"], set_=entry))
        bodies = [{"change_id": item["id"], "position": place, "body": body} for place, body in enumerate(rows)]
        session.execute(insert(t.baseline_row), bodies)
    for place, entry in enumerate(item["evidence"]):
        link = {"change_id": item["id"], "digest": entry["digest"], "file_name": entry["name"], "position": place}
        session.execute(insert(t.change_evidence).values(**link, kind=entry["kind"]))


def _put_decisions(session: Session, change_id: str, decisions: Sequence[Told]) -> None:
    session.execute(delete(t.decision).where(t.decision.c.change_id == change_id))
    rows = [{**one, "change_id": change_id, "position": place} for place, one in enumerate(decisions, 1)]
    session.execute(insert(t.decision), rows)


def _check(session: Session, items: Sequence[tuple[Item, str]]) -> None:
    """What an approval here will be about is to the byte what the main PC holds. Raises ContentRefusedError."""
    wanted = {item["id"]: digest for item, digest in items}
    for part in in_chunks(list(wanted)):
        for item in build_items(session, changes_by_id(session, part)):
            if item_digest(encode(item)) != wanted[item["id"]]:
                raise ContentRefusedError(Fault.CONTENT_DAMAGED, what=f"事项 {item['number']} 或其证明材料")


# --- changes the main PC has moved on -------------------------------------------------------------------


def _history(reader: LineReader) -> Iterator[Told]:
    while reader.peek() == "h":
        told = reader.take_long("h", _PIECES)
        if not is_number(told["attempt"]) or not _decisions(told["decisions"]):
            raise damaged("办理经过")
        yield told


def _move_on(session: Session, kept: _Kept, told: Told) -> None:
    """Take what became of a decided change, with the head's newer decisions on top when they still fit."""
    known = kept.known.get(told["id"])
    if known is None:
        return
    ours, decisions = kept.ours(session, told["id"]), list(told["decisions"])
    theirs = decisions[known.decisions :]
    fits = [_act(one) for one in theirs] == [_act(one) for one in ours[: len(theirs)]]
    rest = ours[len(theirs) :] if fits else []
    _put_on_top(session, told["id"], told["attempt"], decisions, rest)
    note = {"attempt": told["attempt"], "decisions": len(decisions), "waits": 0}
    session.execute(update(t.companion_change).where(t.companion_change.c.change_id == told["id"]).values(**note))


def _put_on_top(
    session: Session, change_id: str, attempt: int, decisions: Sequence[Told], rest: Sequence[Told]
) -> None:
    """The decisions of the main PC and those made here after them, with the state that follows."""
    everything = [*decisions, *rest]
    state = follow(Event(one["event"]) for one in everything)
    assert state is not None
    attempt += sum(Event(one["event"]) in NEW_ATTEMPT for one in rest)
    _put_decisions(session, change_id, everything)
    values = {"state": state.value, "attempt": attempt, "updated_at": everything[-1]["at"]}
    session.execute(update(t.change).where(t.change.c.id == change_id).values(**values))


def _act(decision: Told) -> tuple[str, str, int]:
    return decision["event"], decision["person_id"], decision["attempt"]


def _forget(session: Session, kept: _Kept, change_ids: Sequence[str]) -> int:
    """Drop what the main PC speaks of no more; how many of them still waited here."""
    keeping.remove(session, change_ids)
    return sum(bool(kept.known[change].waits) for change in change_ids)
