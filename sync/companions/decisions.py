"""The head's decisions back to the main PC: what was decided here and not told of yet, and the approvals as signed.

There each one is judged as if the head sat at that PC: the statement, the person's key, the item to the byte. What has
changed meanwhile is told one by one and left; what was taken before is not taken again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.errors import UserError
from models.domain.states import STATE_LABELS, Event, State
from models.domain.units import Actor, Role
from models.services import companions
from models.services.approvals import APPROVAL, take_effect
from models.services.baseline import thaw
from models.services.change_checks import faults_of
from models.services.change_log import Decider, in_chunks, record
from models.services.duties.training import require_certificate
from models.services.items import build_items
from models.services.permissions import require_role
from models.store import audit, clock
from models.store import tables as t
from sync.companions.exchange import Arrived, damaged, deliver, note_received, opened
from sync.formats import FileKind
from sync.packages import ledger
from sync.refusals import ContentRefusedError, Fault, UntrustedError
from sync.wire.content import item_digest
from sync.wire.jsonlines import LineReader, encode, is_number, long_value
from sync.wire.misshapen import MISSHAPEN
from sync.wire.statements import Statement, is_signed_by

if TYPE_CHECKING:
    from models.store.store import Store

_PIECES = 512
_EVENTS = {Event.APPROVE.value, Event.RETURN.value, Event.REFUSE.value, Event.REVOKE.value}
_TOLD = ("event", "attempt", "opinion", "at", "statement_id")
Told = Mapping[str, Any]


@dataclass(frozen=True)
class WrittenDecisions:
    """A file of decisions: how many changes it tells of."""

    path: Path
    count: int


@dataclass
class TakenDecisions:
    """What a file of decisions did: number of changes by event, those known before, and a sentence for each left."""

    done: dict[str, int] = field(default_factory=dict)
    known: int = 0
    left: list[str] = field(default_factory=list)


# --- out, at the second PC ------------------------------------------------------------------------------


def waiting_to_be_told(session: Session) -> int:
    """At the second PC: changes decided here that the main one has not told of yet."""
    return len(_undelivered(session))


def write_decisions(store: Store, out_dir: Path | None = None) -> WrittenDecisions:
    """Write the decisions the main PC has not told of yet. Raises NotAllowedError, UserError, NotWrittenError."""
    count = 0

    def lines(session: Session) -> Iterator[bytes]:
        nonlocal count
        companions.require_second(session, "写出核办结果")
        require_role(store.actor, Role.HEAD, "写出核办结果")
        told = _undelivered(session)
        if not told:
            raise UserError("还没有新的核办结果。请先核办待核办的变更，再写出。")
        count = len(told)
        return _lines(session, told)

    path = deliver(store, FileKind.DECISIONS, "", out_dir, lines)
    return WrittenDecisions(path, count)


def _undelivered(session: Session) -> list[dict[str, Any]]:
    k, d = t.companion_change.c, t.decision.c
    query = (
        select(k.change_id, k.attempt, k.digest, k.decisions, *(d[key].label(f"d_{key}") for key in _TOLD))
        .join(t.decision, (d.change_id == k.change_id) & (d.position > k.decisions))
        .order_by(k.change_id, d.position)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in session.execute(query):
        fresh = {"id": row.change_id, "attempt": row.attempt, "digest": row.digest, "after": row.decisions}
        told = found.setdefault(row.change_id, {**fresh, "decisions": []})
        told["decisions"].append({key: row._mapping[f"d_{key}"] for key in _TOLD})
    return list(found.values())


def _lines(session: Session, told: Sequence[Told]) -> Iterator[bytes]:
    yield from long_value("c", {"v": 1, "at": clock.now(session), "changes": list(told)})
    wanted = {one["statement_id"] for change in told for one in change["decisions"] if one["statement_id"]}
    for statement_id in sorted(wanted):
        statement = ledger.recall(session, statement_id)
        assert statement is not None
        yield from long_value("a", statement.to_json())


# --- in, at the main PC ---------------------------------------------------------------------------------


def receive_decisions(store: Store, arrived: Arrived) -> TakenDecisions:
    """Carry out the head's decisions. Raises RefusedError, UserError, NotAllowedError with nothing changed."""
    return store.write(_take, store.actor, arrived)


def _take(session: Session, actor: Actor, arrived: Arrived) -> TakenDecisions:
    require_role(actor, Role.REGISTRAR, "接收核办结果")
    person = companions.person_of(session, arrived.peer)
    try:
        with opened(session, arrived) as reader:
            told = _changes(reader)
            approved = _Approved(_statements(reader), person, actor)
        if approved.statements:
            require_certificate(session, Actor(person.person_id, person.name, frozenset({Role.HEAD}), actor.unit))
        taken = _carry_out(session, actor, person, told, approved)
    except MISSHAPEN:
        raise damaged("核办结果的格式") from None
    note_received(session, arrived)
    body = {"sequence": arrived.envelope.address.sequence, **taken.done, "known": taken.known, "left": len(taken.left)}
    audit.append(session, actor, "companion.apply", f"companion:{arrived.peer.id}", body)
    return taken


def _changes(reader: LineReader) -> list[Told]:
    body = reader.take_long("c", _PIECES)
    if body["v"] != 1 or not isinstance(body["changes"], list):
        raise damaged("开头")
    for change in body["changes"]:
        fits = isinstance(change["id"], str) and is_number(change["after"]) and bool(change["decisions"])
        for one in change["decisions"]:
            texts = all(isinstance(one[key], str) for key in ("opinion", "at"))
            fits = fits and set(one) == set(_TOLD) and one["event"] in _EVENTS and texts and is_number(one["attempt"])
        if not fits:
            raise damaged("核办结果")
    return list(body["changes"])


def _statements(reader: LineReader) -> dict[str, Statement]:
    found = {}
    while reader.peek() == "a":
        statement = Statement.from_json(reader.take_long("a", _PIECES))
        found[statement.id] = statement
    if reader.peek() is not None:
        raise damaged("末尾有多余的记录")
    return found


class _Approved:
    """The head's signed approvals of a file, verified; raises ContentRefusedError for one that is not the head's."""

    def __init__(self, statements: Mapping[str, Statement], person: Row[Any], actor: Actor) -> None:
        self.statements = statements
        self._items = {key: _verified(one, person, actor) for key, one in statements.items()}

    def names(self, statement_id: Any, change: str, attempt: int, digest: str) -> bool:
        """Whether the statement approves this very item."""
        return (change, attempt, digest) in self._items.get(statement_id, ())


def _verified(statement: Statement, person: Row[Any], actor: Actor) -> set[tuple[str, int, str]]:
    body = statement.content
    (signature,) = statement.signatures if len(statement.signatures) == 1 else (None,)
    about = (statement.type, body.get("v"), body.get("unit"), body.get("line"), body.get("person_id"))
    if (
        about != (APPROVAL, 1, actor.unit.id, actor.unit.line.value, person.person_id)
        or signature is None
        or signature.person_id != person.person_id
        or not is_signed_by(statement, signature)
    ):
        raise ContentRefusedError(Fault.APPROVAL_EDITED)
    if signature.public_key != person.signing_key:
        raise UntrustedError(Fault.OTHER_PERSON_KEY, name=person.name)
    try:
        return {(str(one["id"]), int(one["attempt"]), str(one["digest"])) for one in body["items"]}
    except (KeyError, TypeError, ValueError):
        raise ContentRefusedError(Fault.APPROVAL_EDITED) from None


@dataclass
class _Step:
    """Decisions still to be carried out on a change, in their order."""

    row: Row[Any]
    decisions: list[Told]


def _carry_out(
    session: Session, actor: Actor, person: Row[Any], told: Sequence[Told], approved: _Approved
) -> TakenDecisions:
    taken = TakenDecisions()
    steps = [step for change in told if (step := _judge(session, person, change, approved, taken)) is not None]
    steps = _without_faults(session, steps, taken)
    decider = Decider(actor.unit.id, person.person_id, person.name)
    for place in range(max((len(step.decisions) for step in steps), default=0)):
        alike: dict[tuple[str, str, Any], list[Row[Any]]] = {}
        for step in steps:
            if place < len(step.decisions):
                one = step.decisions[place]
                alike.setdefault((one["event"], one["opinion"], one["statement_id"]), []).append(step.row)
        for (event, opinion, statement_id), rows in alike.items():
            ids = [row.id for row in rows]
            if event == Event.APPROVE:
                ledger.keep(session, approved.statements[statement_id])
            record(session, actor, ids, Event(event), opinion, statement_id, decider)
            if event == Event.APPROVE:
                take_effect(session, actor, [row for row in rows if CHANGE_KIND[row.kind].local])
            else:
                thaw(session, ids)
            taken.done[event] = taken.done.get(event, 0) + len(ids)
    return taken


def _judge(
    session: Session, person: Row[Any], change: Told, approved: _Approved, taken: TakenDecisions
) -> _Step | None:
    """What is left to be done on a change; None when it was taken before or has gone another way meanwhile."""
    row = session.execute(select(t.change).where(t.change.c.id == change["id"])).first()
    if row is None:
        taken.left.append("有一项变更在本机已不存在，未采用其核办结果。")
        return None
    d = t.decision.c
    query = select(d.event, d.attempt, d.person_id).where(d.change_id == row.id, d.position > change["after"])
    since = [tuple(one) for one in session.execute(query.order_by(d.position))]
    ours = [(one["event"], one["attempt"], person.person_id) for one in change["decisions"]]
    if since[: len(ours)] == ours:
        taken.known += 1
        return None
    rest = list(change["decisions"][len(since) :]) if ours[: len(since)] == since else []
    if not rest or not _fits(session, row, change, rest, approved, started=bool(since)):
        state = STATE_LABELS[State(row.state)]
        taken.left.append(
            f"变更 {row.number} {row.subject_label}：交出后又有改动或已另行办理（现在是“{state}”），"
            "未采用这次的核办结果；仍待核办的，请重新交给主管领导的电脑。"
        )
        return None
    if person.person_id == row.initiator_id:
        taken.left.append(f"变更 {row.number} 由“{person.name}”本人发起，须由另一位主管领导核办，未采用。")
        return None
    return _Step(row, rest)


def _fits(
    session: Session, row: Row[Any], change: Told, rest: Sequence[Told], approved: _Approved, *, started: bool
) -> bool:
    """Whether the change stands as it was when the head decided: the same attempt and, to the byte, the same item."""
    if row.attempt != rest[0]["attempt"]:
        return False
    if rest[0]["event"] == Event.REVOKE:
        return bool(row.state == State.APPROVED)
    digest = item_digest(encode(build_items(session, [row])[0]))
    if started or row.state != State.PENDING or (row.attempt, digest) != (change["attempt"], change["digest"]):
        return False
    one = rest[0]
    if one["event"] != Event.APPROVE:
        return bool(one["opinion"].strip())
    if not approved.names(one["statement_id"], row.id, row.attempt, digest):
        raise ContentRefusedError(Fault.APPROVAL_EDITED)
    return True


def _without_faults(session: Session, steps: list[_Step], taken: TakenDecisions) -> list[_Step]:
    """Approvals that could not be given here either are left, each with its reasons (decision 15)."""
    faults: dict[str, list[str]] = {}
    rows = [step.row for step in steps if step.decisions[0]["event"] == Event.APPROVE]
    for part in in_chunks([row.id for row in rows]):
        faults |= faults_of(session, [row for row in rows if row.id in set(part)])
    for number, reasons in faults.items():
        taken.left.append(f"变更 {number} 不能批准：{'；'.join(reasons)}。批准未采用，请补正后重新交给主管领导。")
    return [step for step in steps if step.row.number not in faults]
