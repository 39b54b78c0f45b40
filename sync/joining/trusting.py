"""The unit below takes over what its superior's reply to its request says, after the words were compared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.ids import id_end
from models.domain.units import Actor, Tier, Unit
from models.store import audit, clock
from models.store import tables as t
from sync import policies
from sync.joining import rejoining
from sync.joining.requests import Reply, unit_json
from sync.recovery.channels import begin_taking
from sync.refusals import Fault, MalformedError, RefusedError, UntrustedError
from sync.trust import authority, directory, revocation
from sync.trust.certificates import ISSUING, OPENING, SIGNING, Certificate, parse, public_der
from sync.trust.chains import Trust
from sync.trust.identity import adopt, ensure, private_keys, superior_of
from sync.trust.known import remember
from sync.wire.jsonlines import is_number
from sync.wire.statements import Statement, unbase64


def join(session: Session, actor: Actor, reply: Reply) -> None:
    """Take over what a compared reply says, in the caller's transaction. Raises RefusedError."""
    own = ensure(session)
    _check_reply(session, own, reply)
    body = reply.statement.content
    anchor_der = unbase64(body["anchor"])
    fresh = Trust((anchor_der,))
    fresh.signed_by_unit(reply.statement, reply.superior.id, own.line.value, reply.at)
    policies.check_two(reply.statement, fresh, {**body, "unit": reply.superior.id}, reply.at)
    ours = _judged(fresh, body["certificates"], own.id, reply.at)
    theirs = _judged(fresh, body["superior_certificates"], reply.superior.id, reply.at)
    purposes = (SIGNING, OPENING) if own.tier is Tier.SCHOOL else (SIGNING, OPENING, ISSUING)
    keys = {public_der(private_keys(session, purpose)[0]) for purpose in purposes}
    if not keys <= {certificate.public_key for certificate in ours}:
        raise UntrustedError(Fault.NOT_OUR_REQUEST)
    _store_superior(session, own, reply, theirs)
    remember(session, parse(anchor_der))
    for certificate in theirs:
        remember(session, certificate)
    for certificate in ours:
        adopt(session, certificate)
    if body.get("tiers") is not None:
        authority.take(session, reply.superior, body["tiers"], reply.at)
    clock.advance(session, reply.at)
    if body.get("revocations") is not None:
        revocation.take_told(session, actor, body["revocations"])
    _go_on(session, actor, own, reply)
    if own.tier is not Tier.SCHOOL:
        authority.tell_below(session, actor)
        directory.tell_all(session, actor)
        revocation.tell_all(session, actor, reply.superior)
    for policy in (body["policy"], *body.get("policies_to_come", ())):
        if policy is not None:
            _take_policy(session, actor, policy)
    audit.append(session, actor, "enrolment.trust", f"unit:{reply.superior.id}", {"words": reply.words})


def _go_on(session: Session, actor: Actor, own: Unit, reply: Reply) -> None:
    """Take the channels up again where the superior says they stand (decision 9)."""
    up, down = (reply.statement.content.get(key) for key in ("channel", "down"))
    if up is not None:
        rejoining.rejoin(session, actor, own, reply.superior, up)
    if down is not None:
        if not isinstance(down, dict) or not is_number(down.get("epoch")):
            raise MalformedError(Fault.HEADER_DAMAGED)
        begin_taking(session, reply.superior, own, down["epoch"])


def _check_reply(session: Session, own: Unit, reply: Reply) -> None:
    """It is for this unit, and from the superior it has or could have."""
    if reply.unit_id != own.id:
        raise UntrustedError(Fault.OTHER_AUDIENCE, audience=f"单位 {id_end(reply.unit_id)}")
    present = superior_of(session)
    if present is not None and present.id != reply.superior.id:
        raise UntrustedError(Fault.OTHER_SUPERIOR, superior=present.name)
    if reply.superior.tier.rank <= own.tier.rank or reply.superior.line is not own.line:
        raise UntrustedError(Fault.NOT_SUPERIOR)


def _judged(fresh: Trust, values: Any, unit_id: str, at: str) -> list[Certificate]:
    try:
        certificates = [_judge(fresh, unbase64(value), at) for value in values]
    except (TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    if any(certificate.subject.unit_id != unit_id for certificate in certificates):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    return certificates


def _judge(fresh: Trust, der: bytes, at: str) -> Certificate:
    issues = parse(der).subject.purpose == ISSUING
    return fresh.issuing(der, at) if issues else fresh.certificate(der, at)[0]


def _store_superior(session: Session, own: Unit, reply: Reply, theirs: list[Certificate]) -> None:
    opening = next((c.public_key for c in theirs if c.subject.purpose == OPENING), None)
    signing = next((c.der for c in theirs if c.subject.purpose == SIGNING), None)
    if opening is None or signing is None:
        raise MalformedError(Fault.HEADER_DAMAGED)
    row = {**unit_json(reply.superior), "state": "active", "opening_key": opening, "certificate": signing}
    statement = upsert(t.unit).values(**row, is_self=0)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
    session.execute(update(t.unit).where(t.unit.c.id == own.id).values(superior_id=reply.superior.id))


def _take_policy(session: Session, actor: Actor, value: Any) -> None:
    """The policy in force comes with the reply; one that is known already is no fault."""
    try:
        statement = Statement.from_json(value)
    except (ValueError, TypeError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    try:
        policies.take(session, actor, statement)
    except RefusedError as error:
        if error.fault not in (Fault.KNOWN_POLICY, Fault.OLDER_POLICY):
            raise
