"""Lists of revocations: which keys and certificates no longer count, and since when (decisions 5, 6, 8).

Whoever certifies says so: administrator and officer sign the whole list, which is numbered, so that an older one never
takes the place of a newer. It goes down to everybody below, up to every tier above, and stands in the reply to an
enrolment request. What was signed before stays good.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import Signer
from models.domain.units import Actor, Tier, Unit
from models.services.units import (
    ancestors,
    descendants,
    enrolled_below,
    is_below,
    is_within,
    own_unit,
    superior_id_of,
    unit_name,
)
from models.store import audit, clock
from models.store import tables as t
from sync import policies
from sync.messages.message import Message
from sync.messages.post import post
from sync.packages import ledger
from sync.refusals import Fault, MalformedError, OutOfTurnError, UntrustedError
from sync.trust.certificates import PERSON, Certificate, parse, to_time
from sync.trust.identity import certified, ensure, superior_of
from sync.trust.known import superiors, trust_of
from sync.wire.statements import Statement, is_signed_by, sign

if TYPE_CHECKING:
    from models.store.store import Store

TYPE: Final = "rollbook.revocations"
KIND: Final = "revocation"
_MARK: Final = re.compile(r"([0-9a-f-]{1,64}/)?[0-9a-f]{64}", re.ASCII)
_KEYS: Final = ("mark", "unit", "person", "since", "reason")
_MOST_ENTRIES: Final = 400
"""So that a list fits into a message."""
_MOST_REASON: Final = 60
_MOST_LISTS: Final = 1_000_000


# --- at the unit that certifies -------------------------------------------------------------------------


def revoke(
    store: Store, unit_or_person: str, since: str, reason: str, passphrase: str, officer: tuple[str, str]
) -> int:
    """Revoke the keys of a unit, or of one of its persons, that this unit certified; the number of the new list.

    `unit_or_person`: UID or name. `since`: UTC text; what was signed before stays good. Signed by the administrator
    (logged in) and an officer (name, passphrase). Raises NotAllowedError, UserError, WrongSecretError.
    """
    signers = policies.two_signers(store, passphrase, officer, "吊销证书")
    return store.write(_revoke, store.actor, signers, unit_or_person, since, reason)


def _revoke(session: Session, actor: Actor, signers: Sequence[Signer], whom: str, since: str, reason: str) -> int:
    own = ensure(session)
    if own.tier is Tier.SCHOOL:
        raise NotAllowedError("学校不签发证书，不能吊销。请联系上级单位吊销本单位的证书。")
    if not reason.strip() or len(reason) > _MOST_REASON:
        raise UserError("请写明吊销原因（最长 60 字）。")
    if since > clock.now(session):
        raise UserError("吊销的起始时间不能晚于现在，请核对日期。")
    found = _certified_here(session, own.id, whom)
    enter(session, own.id, [entry_of(certificate, since, reason.strip()) for certificate in found])
    number = publish(session, actor, signers)
    facts = {"whom": whom, "since": since, "reason": reason, "keys": len(found)}
    audit.append(session, actor, "certificate.revoke", f"revocations:{number}", facts)
    return number


def _certified_here(session: Session, own_id: str, whom: str) -> list[Certificate]:
    """Certificates in force, issued by this unit, of the unit or the one person called `whom`."""
    c = t.certificate.c
    not_own_key = (c.unit_id != own_id) | (c.purpose == PERSON)
    query = select(c.der).where(c.issuer_id == own_id, c.revoked_since.is_(None), not_own_key)
    known = [parse(der) for der in session.execute(query).scalars()]
    units = {one.subject.unit_id for one in known if not one.subject.person_id and _is_called(session, one, whom)}
    people = {one.subject.person_id for one in known if whom in (one.subject.person_id, one.subject.name)} - {""}
    if not units and not people:
        raise UserError(f"本单位签发的在用证书中没有“{whom}”的，请核对名称（命令 unit certificates 可查看）。")
    if len(units) + len(people) > 1:
        raise UserError(f"有多个单位或人员叫“{whom}”，请改用编号（命令 unit certificates 可查看）。")
    return [
        one
        for one in known
        if one.subject.person_id in people or (not one.subject.person_id and one.subject.unit_id in units)
    ]


def _is_called(session: Session, certificate: Certificate, whom: str) -> bool:
    unit_id = certificate.subject.unit_id
    return whom in (unit_id, unit_name(session, unit_id))


def entry_of(certificate: Certificate, since: str, reason: str) -> dict[str, str]:
    """What a list says of the key that a certificate stands for."""
    subject = certificate.subject
    mark = {"mark": certificate.key_mark, "unit": subject.unit_id, "person": subject.person_id}
    return {**mark, "since": since, "reason": reason}


def publish(session: Session, actor: Actor, signers: Sequence[Signer]) -> int:
    """Sign the list as it stands now and let everybody know; its number."""
    own = own_unit(session)
    number = _number(session, own.id) + 1
    head = {"type": TYPE, "v": 1, "unit": own.id, "line": own.line.value, "number": number, "at": clock.now(session)}
    entries = _entries(session, own.id)
    statement = sign({**head, "entries": entries}, [certified(session, one) for one in signers])
    ledger.keep(session, statement)
    _note(session, statement)
    for hop in (*_above(session), *enrolled_below(session)):
        _send(session, actor, hop, statement)
    audit.append(session, actor, "revocation.issue", f"revocations:{number}", {"entries": len(entries)})
    return number


def has_news(session: Session) -> bool:
    """Whether certificates were taken out of force that the last list does not have yet."""
    own = own_unit(session)
    last = _list_of(session, own.id)
    marks = {entry["mark"] for entry in last.content["entries"]} if last is not None else set()
    return any(entry["mark"] not in marks for entry in _entries(session, own.id))


def _entries(session: Session, own_id: str) -> list[dict[str, str]]:
    """Keys revoked by a person, and certificates that ended with a change of role or key, the newest at most."""
    c, listed = t.certificate.c, t.revoked.c
    query = select(c.fingerprint, c.unit_id, c.person_id, c.revoked_since).where(c.issuer_id == own_id)
    ended = session.execute(query.where(c.revoked_since.is_not(None)).order_by(c.revoked_since.desc()))
    entries = [
        {"mark": row.fingerprint, "unit": row.unit_id, "person": row.person_id or "", "since": row.revoked_since,
         "reason": "密钥、职责或人员已变更"}
        for row in ended
    ]  # fmt: skip
    ours = select(t.unit.c.id).where((t.unit.c.superior_id == own_id) | (t.unit.c.id == own_id))
    keys = session.execute(
        select(t.revoked).where(listed.issuer_id == own_id, listed.mark.contains("/"), listed.unit_id.in_(ours))
    )
    named = [
        {"mark": row.mark, "unit": row.unit_id, "person": row.person_id or "", "since": row.since, "reason": row.reason}
        for row in keys
    ]
    return [*named, *entries][:_MOST_ENTRIES]


def _above(session: Session) -> list[Unit]:
    superior = superior_of(session)
    return [] if superior is None else [superior]


def _send(session: Session, actor: Actor | None, to: Unit, statement: Statement) -> None:
    title = f"“{unit_name(session, statement.content['unit'])}”的证书吊销名单（第 {statement.content['number']} 号）"
    post(session, actor, KIND, to.id, {"statement": statement.to_json()}, title=title)


# --- at those who are told ------------------------------------------------------------------------------


def told(session: Session) -> list[dict[str, Any]]:
    """The lists in force of this unit and of those above it, for the reply to an enrolment request."""
    own = own_unit(session)
    lists = [_list_of(session, unit_id) for unit_id in (own.id, *(unit.id for unit in ancestors(session, own.id)))]
    return [statement.to_json() for statement in lists if statement is not None]


def tell_all(session: Session, actor: Actor | None, superior: Unit) -> None:
    """After joining a superior: it gets the lists of this unit and those below, units below get those from above."""
    own = own_unit(session)
    up = [(superior, unit_id) for unit_id in (own.id, *(unit.id for unit in descendants(session, own.id)))]
    below = enrolled_below(session)
    down = [(hop, unit.id) for unit in ancestors(session, own.id) for hop in below]
    for hop, unit_id in (*up, *down):
        statement = _list_of(session, unit_id)
        if statement is not None:
            _send(session, actor, hop, statement)


def take_message(session: Session, actor: Actor, message: Message) -> str:
    """Take a list that a neighbour passed on, and pass it on further; what was done. Raises RefusedError."""
    statement = Statement.from_json(message.body["statement"])
    own, issuer = own_unit(session), str(statement.content["unit"])
    from_below = superior_id_of(session, message.origin_id) == own.id
    if not (is_within(session, issuer, message.origin_id) if from_below else is_below(session, own.id, issuer)):
        names = {"issuer": unit_name(session, message.origin_id), "origin": unit_name(session, issuer)}
        raise UntrustedError(Fault.NOT_BEHIND, **names)
    if statement.content["number"] == _number_believed(session, issuer):
        return "证书吊销名单此前已收到"
    number = take(session, actor, statement)
    for hop in _above(session) if from_below else enrolled_below(session):
        _send(session, actor, hop, statement)
    return f"已接收“{unit_name(session, issuer)}”第 {number} 号证书吊销名单，共 {len(statement.content['entries'])} 项"


def take(session: Session, actor: Actor, statement: Statement) -> int:
    """Judge a list and put it into force, in the caller's transaction; its number. Raises RefusedError."""
    body = statement.content
    entries = _shape(body)
    issuer, own = str(body["unit"]), own_unit(session)
    if not all(one.person_id and is_signed_by(statement, one) for one in statement.signatures):
        raise UntrustedError(Fault.EDITED)
    if body["line"] != own.line.value:
        raise UntrustedError(Fault.WRONG_LINE)
    held = _number_believed(session, issuer)
    if body["number"] <= held:
        raise OutOfTurnError(Fault.OLDER_REVOCATIONS, number=body["number"], held=held)
    policies.check_two(statement, trust_of(session), body, clock.now(session))
    above = superiors(session)
    for entry in entries:
        if "/" in entry["mark"] and issuer not in (entry["unit"], above.get(entry["unit"], issuer)):
            raise UntrustedError(Fault.NOT_ITS_UNIT, unit=unit_name(session, entry["unit"]))
    ledger.keep(session, statement)
    session.execute(delete(t.revoked).where(t.revoked.c.issuer_id == issuer))
    enter(session, issuer, entries)
    _note(session, statement)
    facts = {"unit": issuer, "entries": len(entries)}
    audit.append(session, actor, "revocation.take", f"revocations:{body['number']}", facts)
    return int(body["number"])


def take_told(session: Session, actor: Actor, values: Any) -> None:
    """Take the lists that a reply brings; one that is known is no fault. Raises RefusedError."""
    try:
        statements = [Statement.from_json(value) for value in values]
    except (TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    for statement in statements:
        try:
            take(session, actor, statement)
        except OutOfTurnError:
            continue


def _shape(body: Mapping[str, Any]) -> list[dict[str, str]]:
    try:
        entries = [{key: entry[key] for key in _KEYS} for entry in body["entries"]]
        fits = (body["type"], body["v"]) == (TYPE, 1) and type(body["number"]) is int
        fits = fits and 0 < body["number"] <= _MOST_LISTS
        fits = fits and len(entries) <= _MOST_ENTRIES and all(isinstance(body[key], str) for key in ("unit", "line"))
        fits = fits and all(isinstance(text, str) and len(text) <= 300 for one in entries for text in one.values())
        fits = fits and all(_MARK.fullmatch(one["mark"]) and to_time(one["since"]) for one in entries)
        fits = fits and all("/" not in one["mark"] or one["mark"].startswith(f"{one['unit']}/") for one in entries)
        to_time(body["at"])
    except (KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        raise MalformedError(Fault.HEADER_DAMAGED)
    return entries


# --- in the store ---------------------------------------------------------------------------------------


def enter(session: Session, issuer_id: str, entries: Sequence[Mapping[str, str]]) -> None:
    """Note what is revoked, and take the certificates it concerns out of force."""
    for entry in entries:
        row = {
            "mark": entry["mark"], "issuer_id": issuer_id, "unit_id": entry["unit"],
            "person_id": entry["person"] or None, "since": entry["since"], "reason": entry["reason"],
        }  # fmt: skip
        session.execute(upsert(t.revoked).values(**row).on_conflict_do_nothing())
    since = {entry["mark"]: entry["since"] for entry in entries}
    c = t.certificate.c
    query = select(c.fingerprint, c.der).where(c.unit_id.in_({entry["unit"] for entry in entries}))
    for fingerprint, der in session.execute(query).all():
        certificate = parse(der)
        listed = since.get(fingerprint) if certificate.issuer_id == issuer_id else None
        when = listed or since.get(certificate.key_mark)
        if when is not None:
            this = (c.fingerprint == fingerprint, (c.revoked_since.is_(None)) | (c.revoked_since > when))
            session.execute(update(t.certificate).where(*this).values(revoked_since=when))


def _number(session: Session, unit_id: str) -> int:
    c = t.revocation_list.c
    return session.execute(select(c.number).where(c.unit_id == unit_id)).scalar() or 0


def _number_believed(session: Session, unit_id: str) -> int:
    """The number of the list in force; one by signers who were revoked before they made it shuts out no honest one."""
    held = _list_of(session, unit_id)
    if held is not None and not policies.is_believed(session, held):
        return 0
    return _number(session, unit_id)


def _list_of(session: Session, unit_id: str) -> Statement | None:
    c = t.revocation_list.c
    found = session.execute(select(c.statement_id).where(c.unit_id == unit_id)).scalar()
    return ledger.recall(session, found) if found else None


def _note(session: Session, statement: Statement) -> None:
    body = statement.content
    row = {"unit_id": body["unit"], "number": body["number"], "statement_id": statement.id, "at": body["at"]}
    session.execute(upsert(t.revocation_list).values(**row).on_conflict_do_update(index_elements=["unit_id"], set_=row))
