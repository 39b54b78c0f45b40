"""Two schools become one at their superior: signed by two, told to both and upwards, pupils sent on (issue 3, point 1).

The closed unit's keys count no more from the day on; what it signed before stays good. Its opening key is left in
force, so that the news of its end can still be sealed for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.change_kinds import KEY_FIELD
from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.ids import new_id
from models.domain.signing import Signer
from models.domain.units import Actor, Unit
from models.services import merged_rows
from models.services import unit_changes as services
from models.services.records import KEYS_OF, TABLE_OF
from models.services.units import find_unit, is_below, own_unit, superior_id_of
from models.store import audit, clock
from models.store import tables as t
from sync import policies
from sync.joining.requests import unit_from, unit_json
from sync.messages.message import Message, portions
from sync.messages.post import post
from sync.packages import ledger
from sync.refusals import Fault, MalformedError, UntrustedError
from sync.trust import directory, revocation
from sync.trust.certificates import OPENING, to_time
from sync.trust.identity import certified, ensure, superior_of
from sync.trust.known import every, trust_of
from sync.wire.statements import Statement, is_signed_by, sign

if TYPE_CHECKING:
    from models.store.store import Store

TYPE: Final = "rollbook.merger"
KIND: Final = "unit.merger"
ROWS: Final = "unit.rows"


# --- at the common superior -------------------------------------------------------------------------------


def merge(
    store: Store, closed: Unit, into: Unit, since: str, reason: str, passphrase: str, officer: tuple[str, str]
) -> services.MergerPlan:
    """Merge one school into another from `since` (UTC text) on; what was moved. It cannot be taken back.

    Signed by the administrator (logged in) and an officer (name, passphrase). Raises NotAllowedError, UserError,
    WrongSecretError with nothing changed.
    """
    signers = policies.two_signers(store, passphrase, officer, "合并单位")
    return store.write(_merge, store.actor, closed, into, since, reason.strip(), signers)


def _merge(
    session: Session, actor: Actor, closed: Unit, into: Unit, since: str, reason: str, signers: Sequence[Signer]
) -> services.MergerPlan:
    own = ensure(session)
    services.require_dated(session, since, reason, "合并")
    plan = services.plan_merger(session, closed, into)
    if plan.faults:
        raise UserError("".join(plan.faults))
    body = {
        "type": TYPE, "v": 1, "id": new_id(), "unit": own.id, "line": own.line.value, "closed": unit_json(closed),
        "into": unit_json(into), "since": since, "reason": reason, "at": clock.now(session),
    }  # fmt: skip
    statement = sign(body, [certified(session, signer) for signer in signers])
    ledger.keep(session, statement)
    for unit in (closed, into):
        _tell(session, actor, unit.id, statement)
    _send_rows(session, actor, statement, closed, into)
    known = [one for one in every(session, closed.id, own.id) if one.subject.purpose != OPENING]
    revocation.enter(session, own.id, [revocation.entry_of(one, since, f"已并入“{into.name}”"[:60]) for one in known])
    services.close(session, closed, into)
    services.move(session, closed, into)
    revocation.publish(session, actor, signers)
    if (superior := superior_of(session)) is not None:
        directory.tell(session, actor, [closed])
        _tell(session, actor, superior.id, statement)
    facts = {**services.facts_of(plan), "since": since, "reason": reason, "statement": statement.id}
    audit.append(session, actor, "unit.merge", f"unit:{closed.id}", facts)
    return plan


def _tell(session: Session, actor: Actor, to: str, statement: Statement) -> None:
    body = statement.content
    title = f"“{body['closed']['name']}”并入“{body['into']['name']}”"
    post(session, actor, KIND, to, {"statement": statement.to_json()}, title=title, matter=body["id"])


def _send_rows(session: Session, actor: Actor, statement: Statement, closed: Unit, into: Unit) -> None:
    """Everybody the closed unit reported goes to the other one, with the changes of controlled fields so far."""
    head = {"merger": statement.id}
    for kind in (STUDENTS, ACCOUNTS):
        for portion in portions(_rows(session, kind, closed, into)):
            title = f"随合并转入的名册 {len(portion)} 条"
            body = {**head, "kind": kind, "rows": portion}
            post(session, actor, ROWS, into.id, body, title=title, matter=statement.content["id"])


def _rows(session: Session, kind: str, closed: Unit, into: Unit) -> Iterator[dict[str, Any]]:
    table, keys = TABLE_OF[kind], KEYS_OF[kind]
    columns = (table.c.id, table.c.status, table.c.revision, *(table.c[key] for key in keys))
    query = select(*columns).where(table.c.unit_id == closed.id).order_by(table.c.id)
    for row_id, status, revision, *texts in session.execute(query).all():
        values = {key: text for key, text in zip(keys, texts, strict=True) if text}
        if values.get("school_code") == closed.code:
            values["school_code"] = into.code
        history = _history(session, row_id) if kind == STUDENTS else []
        yield {"id": row_id, "values": values, "status": status, "revision": revision, "history": history}


def _history(session: Session, pupil: str) -> list[dict[str, Any]]:
    """Changes of controlled fields that were accepted here, oldest first."""
    c = t.received_item.c
    query = select(c.body, c.decided_at).where(
        c.subject_id == pupil, c.kind == KEY_FIELD.key, c.state == "accept", c.receipt_id.is_not(None)
    )
    entries = []
    for body, at in session.execute(query.order_by(c.decided_at)):
        item = json.loads(body)
        kept = {key: item[key] for key in ("number", "before", "after", "reason")}
        entries.append({**kept, "at": at or item["created"]})
    return entries


# --- at those who are told --------------------------------------------------------------------------------


def take(session: Session, actor: Actor, message: Message) -> str:
    """A merger is told: the closed unit rests, the tiers above move what they hold; what was done.

    Raises RefusedError.
    """
    statement = Statement.from_json(message.body["statement"])
    body, own = statement.content, own_unit(session)
    closed, into = _judged(session, message, statement)
    if ledger.recall(session, statement.id) is not None:
        return "这次合并此前已经接收"
    ledger.keep(session, statement)
    if own.id in (closed.id, into.id):
        services.take_unit(session, closed if own.id == into.id else into, str(body["unit"]))
    services.close(session, closed, into)
    if own.id not in (closed.id, into.id):
        services.move(session, closed, into)
        if (superior := superior_of(session)) is not None:
            _tell(session, actor, superior.id, statement)
    facts = {"closed": closed.id, "into": into.id, "since": body["since"], "statement": statement.id}
    audit.append(session, actor, "unit.merged", f"unit:{closed.id}", facts)
    return f"“{closed.name}”已并入“{into.name}”（{body['reason']}）"


def _judged(session: Session, message: Message, statement: Statement) -> tuple[Unit, Unit]:
    """The two units, when two persons of their superior said so and it came from there. Raises RefusedError."""
    body = statement.content
    closed, into = _shape(body)
    own, issuer = own_unit(session), str(body["unit"])
    if not all(one.person_id and is_signed_by(statement, one) for one in statement.signatures):
        raise UntrustedError(Fault.EDITED)
    if body["line"] != own.line.value or {closed.line, into.line} != {own.line}:
        raise UntrustedError(Fault.WRONG_LINE)
    if own.id in (closed.id, into.id):
        if issuer != message.origin_id or superior_id_of(session, own.id) != issuer:
            raise UntrustedError(Fault.NOT_SUPERIOR)
    else:
        _check_from_below(session, message.origin_id, issuer, (closed, into))
    policies.check_two(statement, trust_of(session), body, clock.now(session))
    return closed, into


def _check_from_below(session: Session, origin: str, issuer: str, units: Sequence[Unit]) -> None:
    own = own_unit(session)
    if superior_id_of(session, origin) != own.id or not (issuer == origin or is_below(session, issuer, origin)):
        raise UntrustedError(Fault.NOT_SUBORDINATE)
    for unit in units:
        if superior_id_of(session, unit.id) != issuer:
            raise UntrustedError(Fault.NOT_ITS_UNIT, unit=unit.name)


def _shape(body: Mapping[str, Any]) -> tuple[Unit, Unit]:
    try:
        closed, into = unit_from(body["closed"]), unit_from(body["into"])
        texts = [body[key] for key in ("id", "unit", "line", "reason")]
        fits = (body["type"], body["v"]) == (TYPE, 1) and closed.id != into.id
        fits = fits and all(isinstance(text, str) and 0 < len(text) <= 100 for text in texts)
        to_time(body["since"])
        to_time(body["at"])
    except (KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        raise MalformedError(Fault.HEADER_DAMAGED)
    return closed, into


def take_rows(session: Session, actor: Actor, message: Message) -> str:
    """Pupils or accounts of the unit that was merged into this one; what was done. Raises UserError, RefusedError."""
    if message.origin_id != superior_id_of(session, own_unit(session).id):
        raise UntrustedError(Fault.NOT_SUPERIOR)
    statement = ledger.recall(session, str(message.body["merger"]))
    if statement is None or statement.type != TYPE or statement.content["into"]["id"] != own_unit(session).id:
        raise UserError("转入的名册没有对应的合并决定，未作处理。请上级核实后重新发送。")
    closed = find_unit(session, statement.content["closed"]["id"])
    assert closed is not None
    kind = str(message.body["kind"])
    count = merged_rows.take(session, actor, kind, closed, message.body["rows"], message.id)
    return f"已转入“{closed.name}”的名册 {count} 条"
