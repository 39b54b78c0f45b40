"""Enrolment by file: a school asks, its superior certifies keys and persons, the school trusts (decision 5).

Both files are compared over the telephone as words before anybody believes them. A later request, for instance when
a person was added or has left, goes the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import Signer
from models.domain.units import Actor, Tier, Unit
from models.services import invitations as invited_services
from models.services import taken_names
from models.services.companions import require_main
from models.services.unit_changes import former_json, former_names, is_closed, take_former
from models.services.units import ancestors, descendants, own_unit, superior_id_of
from models.store import audit, clock
from models.store import tables as t
from sync import policies
from sync.formats import REPLY
from sync.joining import invitations, rejoining
from sync.joining.requests import (
    Reply,
    Request,
    read_reply,
    read_request,
    request_body,
    unit_from,
    unit_json,
)
from sync.joining.trusting import join
from sync.packages.dispatch import file_name
from sync.recovery import returning
from sync.recovery.memory import memory_of
from sync.refusals import Fault, RefusedError, UntrustedError
from sync.transport.removable import folder_for
from sync.trust import authority, directory, revocation
from sync.trust.certificates import OPENING, PERSON, SIGNING, key_mark, public_der
from sync.trust.identity import (
    anchor_words,
    certificates_by,
    certified,
    certify_issuing,
    ensure,
    own_anchor,
    persons,
    private_keys,
    ready_signer,
    superior_of,
    unit_signer,
)
from sync.trust.identity import (
    certify as certificate_for,
)
from sync.trust.known import every, in_force, is_key_revoked, revoke
from sync.trust.words import same_words, words_of
from sync.wire.statements import Statement, base64_text, sign

if TYPE_CHECKING:
    from models.store.store import Store

_RELATIONS = ("本单位", "上级", "下级", "其他")


@dataclass(frozen=True)
class WrittenFile:
    """A file and the words that go with it."""

    path: Path
    words: str


@dataclass(frozen=True)
class UnitInfo:
    """A known unit for lists; `valid_until` is the end of its certificate in force ("" for none).

    `former`: names it had before, latest first.
    """

    unit: Unit
    relation: str
    state: str
    valid_until: str
    persons: tuple[str, ...]
    former: tuple[str, ...] = ()


# --- the unit below asks --------------------------------------------------------------------------------


def request(store: Store, out_dir: Path | None = None, code: str = "") -> WrittenFile:
    """Write the request for this unit's keys and active persons; its words are read out to the superior.

    `code`: what was printed with the invitation this unit was founded by; then no words are needed. Raises UserError,
    WrongSecretError, UntrustedError, NotWrittenError.
    """
    folder = folder_for(store.home, out_dir)
    statement = store.write(_request, store.actor, code)
    target = folder / file_name("入网申请", store.actor.unit, statement.content["created"][:10])
    return WrittenFile(policies.write_statement(statement, target), words_of(statement.content))


def _request(session: Session, actor: Actor, code: str) -> Statement:
    require_main(session, "申请入网")
    if code:
        invitations.enter_code(session, code)
    unit = ensure(session)
    people = persons(session)
    if not people:
        raise UserError("还没有已激活的操作员，不能生成入网申请。请各操作员先用激活码设置口令。")
    signer = replace(unit_signer(session), certificate=None)
    opening = public_der(private_keys(session, OPENING)[0])
    anchor = own_anchor(session) if unit.tier is not Tier.SCHOOL else None
    body = request_body(unit, signer.public_key, opening, people, clock.now(session), anchor)
    body["former"] = former_json(session, unit.id)
    body["memory"] = memory_of(session, unit, superior_of(session))
    statement = sign(invitations.with_code(session, body), [signer])
    audit.append(session, actor, "enrolment.request", f"unit:{unit.id}", {"persons": len(people)})
    return statement


# --- the superior certifies -----------------------------------------------------------------------------


def certify(
    store: Store,
    path: Path,
    passphrase: str,
    officer: tuple[str, str],
    confirmed_words: str | None = None,
    out_dir: Path | None = None,
) -> WrittenFile:
    """Certify a unit and its persons; signed by the administrator (logged in) and an officer (name, passphrase).

    Call it after the words of `read_request` were compared; when `confirmed_words` is given it is compared here.
    The words of the result stand for this unit's anchor and are read out to the unit below (decision 6).
    Raises RefusedError, NotAllowedError, UserError, WrongSecretError, NotWrittenError.
    """
    folder = folder_for(store.home, out_dir)
    asked = read_request(path)
    if confirmed_words is not None and not same_words(confirmed_words, asked.words):
        raise UntrustedError(Fault.OTHER_WORDS)
    signers = policies.two_signers(store, passphrase, officer, "办理入网")
    statement, words = store.write(certify_asked, store.actor, asked, signers)
    target = folder / file_name("入网批复", asked.unit, statement.content["at"][:10])
    return WrittenFile(policies.write_statement(statement, target), words)


def certify_asked(
    session: Session, actor: Actor, asked: Request, signers: list[Signer], *, ready: bool = False
) -> tuple[Statement, str]:
    """Certify a request that words or its code have shown, in the caller's transaction; the reply and its words.

    A code that was not used yet is used up by it, and proves the reply. `ready`: `ensure` was called before, for many
    requests at once. Raises NotAllowedError, UserError.
    """
    own = own_unit(session) if ready else ensure(session)
    invited = invitations.shown_by(session, asked)
    _check_rank(session, own, asked.unit)
    now = clock.now(session)
    people = {(person.person_id, person.public_key): person for person in asked.persons}
    _check_keys(session, own, asked)
    _revoke_gone(session, actor, asked, now)
    _register(session, own, asked)
    taken_names.forget_told(session, asked.unit.id)  # a unit that lost its store is told all of them again
    issued = [
        certificate_for(session, asked.unit, SIGNING, asked.signing_key),
        certificate_for(session, asked.unit, OPENING, asked.opening_key),
    ]
    for person in people.values():
        who = (person.person_id, person.name, person.roles)
        issued.append(certificate_for(session, asked.unit, PERSON, person.public_key, who))
    if asked.anchor is not None:
        issued.append(certify_issuing(session, asked.unit, asked.anchor))
    session.execute(update(t.unit).where(t.unit.c.id == asked.unit.id).values(certificate=issued[0].der))
    if revocation.has_news(session):
        revocation.publish(session, actor, signers)
    anchor = own_anchor(session)
    assert anchor is not None
    told = [statement.to_json() for statement in policies.told_below(session)]
    down = returning.answer(session, actor, own, asked)
    body: dict[str, Any] = {
        "type": REPLY,
        "v": 1,
        "unit": asked.unit.id,
        "line": own.line.value,
        "request": asked.digest,
        "superior": unit_json(own),
        "anchor": base64_text(anchor.der),
        "certificates": [base64_text(certificate.der) for certificate in issued],
        "superior_certificates": [base64_text(certificate.der) for certificate in in_force(session, own.id, own.id)],
        "tiers": authority.tiers(session),
        "revocations": revocation.told(session),
        "policy": told[0] if told else None,
        "policies_to_come": told[1:],
        "channel": rejoining.place_told(session, own, asked.unit),
        "down": down,
        "at": now,
    }
    if invited is not None:
        body = invitations.proven({**body, "invitation": invited.id}, invited.secret)
        invited_services.mark_used(session, invited.id)
    statement = sign(body, [ready_signer(session), *(certified(session, signer) for signer in signers)])
    statement = statement.with_certificates(certificates_by(session, own.id))  # the words stand for the own anchor
    directory.tell(session, actor, [asked.unit])
    facts = {"unit": asked.unit.id, "persons": len(people), "request": asked.digest}
    audit.append(session, actor, "enrolment.certify", f"unit:{asked.unit.id}", facts)
    return statement, anchor_words(anchor)


def _check_rank(session: Session, own: Unit, asked: Unit) -> None:
    if is_closed(session, asked.id):
        raise NotAllowedError(f"“{asked.name}”已经并入其他单位，不能再办理入网。")
    if own.tier.rank <= asked.tier.rank or own.line is not asked.line or own.id == asked.id:
        raise NotAllowedError(f"“{asked.name}”不是本单位同一业务线的下级，不能办理它的入网。")


def _check_keys(session: Session, own: Unit, asked: Request) -> None:
    """A key that was revoked as lost or stolen is never certified again."""
    keys = {
        asked.signing_key: "单位签名密钥", asked.opening_key: "单位加密密钥",
        **({asked.anchor.public_key: "单位签发密钥"} if asked.anchor else {}),
        **{person.public_key: f"“{person.name}”的密钥" for person in asked.persons},
    }  # fmt: skip
    for key, label in keys.items():
        if is_key_revoked(session, key_mark(asked.unit.id, key), own.id):
            raise NotAllowedError(f"申请中{label}已被吊销，不能再办理。请申请单位更换密钥后重新生成入网申请。")


def _revoke_gone(session: Session, actor: Actor, asked: Request, now: str) -> None:
    """Who is no longer in the request has left; a replaced key ends as well."""
    wanted = {asked.signing_key, asked.opening_key, *(person.public_key for person in asked.persons)}
    for known in every(session, asked.unit.id, own_unit(session).id):
        if known.public_key not in wanted:
            revoke(session, actor, known.fingerprint, now, "不在新的入网申请中")


def _register(session: Session, own: Unit, asked: Request) -> None:
    row = {**unit_json(asked.unit), "superior_id": own.id, "state": "active", "opening_key": asked.opening_key}
    known = session.execute(select(t.unit.c.superior_id).where(t.unit.c.id == asked.unit.id)).first()
    if known is not None and known.superior_id != own.id:
        raise NotAllowedError(f"“{asked.unit.name}”登记在其他上级之下，不能由本单位办理。")
    take_former(session, asked.unit, asked.former)
    statement = upsert(t.unit).values(**row, is_self=0)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))


# --- the unit below trusts ------------------------------------------------------------------------------


def trust(store: Store, path: Path, confirmed_words: str | None = None) -> Unit:
    """Take the superior's anchor, own certificates and policy, once the words were compared; the superior.

    Without words the code of the invitation must show the reply. Raises RefusedError with nothing changed.
    """
    store.read(require_main, "导入入网批复")
    reply = read_reply(path)
    try:
        if confirmed_words is None:
            store.read(invitations.check_reply, reply)
        elif not same_words(confirmed_words, reply.words):
            raise UntrustedError(Fault.OTHER_WORDS)
        store.write(_join, store.actor, reply)
    except RefusedError as error:
        raise error.told_about(f"这是“{reply.superior.name}”的入网批复。") from None
    return reply.superior


def _join(session: Session, actor: Actor, reply: Reply) -> None:
    join(session, actor, reply)
    invitations.close_own(session)


# --- looking --------------------------------------------------------------------------------------------


def list_units(session: Session) -> list[UnitInfo]:
    """Every known unit: this one, those above it nearest first, those below by name, all others."""
    own = own_unit(session)
    above = [unit.id for unit in ancestors(session, own.id)]
    below = {unit.id for unit in descendants(session, own.id)}
    superior_id = superior_id_of(session, own.id)
    found = []
    for row in session.execute(select(t.unit)):
        unit = unit_from(dict(row._mapping))
        rank = 0 if unit.id == own.id else 1 if unit.id in above else 2 if unit.id in below else 3
        certifier = {0: superior_id or own.id, 1: unit.id, 2: row.superior_id, 3: None}[rank]
        info = _info(session, unit, _RELATIONS[rank], row.state, certifier)
        found.append(((rank, above.index(unit.id) if rank == 1 else 0, unit.name), info))
    return [info for _, info in sorted(found, key=lambda one: one[0])]


def _info(session: Session, unit: Unit, relation: str, state: str, certifier: str | None) -> UnitInfo:
    known = in_force(session, unit.id, certifier)
    names = {one.subject.name for one in known if one.subject.purpose == PERSON}
    until = max((one.not_after for one in known if one.subject.purpose == SIGNING), default="")
    former = tuple(one.name for one in former_names(session, unit.id) if one.name != unit.name)
    return UnitInfo(unit, relation, state, until, tuple(sorted(names)), former)
