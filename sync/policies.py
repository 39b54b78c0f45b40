"""Policies going down: signed by two persons, taken over once by every unit below and passed on (decision 6, E16).

A unit takes the policies of all tiers above it, each signed by that tier's own two persons; who passes one on adds
nothing to it. So it may come as a file from anywhere, as a message from the superior, or with the enrolment reply.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.policy import Policy
from models.domain.signing import Signer
from models.domain.times import local_day
from models.domain.units import Actor, Role, Tier, Unit
from models.services import policies as services
from models.services.units import ancestors, enrolled_below, own_unit
from models.store import audit, clock
from models.store import tables as t
from models.store.errors import WrongSecretError
from sync.formats import POLICY, open_file, require_whole
from sync.messages.message import Message
from sync.messages.post import post
from sync.packages import ledger
from sync.packages.dispatch import file_name
from sync.refusals import Fault, MalformedError, OutOfTurnError, RefusedError, UntrustedError
from sync.transport.removable import folder_for, write_out
from sync.trust.certificates import to_time
from sync.trust.chains import Trust, require_two
from sync.trust.identity import certified, ensure
from sync.trust.known import trust_of
from sync.wire.signedfile import header_bytes
from sync.wire.statements import Statement, is_signed_by, sign

if TYPE_CHECKING:
    from models.store.store import Store

KIND: Final = "policy"
_MOST_VERSIONS: Final = 1_000_000


def issue_policy(store: Store, passphrase: str, officer: tuple[str, str], out_dir: Path | None = None) -> Path:
    """Sign the own policy with the administrator's passphrase and an officer's (name, passphrase); the file.

    What was signed already and not edited since is written again as it is (see `signed_before`): one version has one
    content, everywhere. Raises NotAllowedError when the two are one person or lack the roles, UserError,
    WrongSecretError.
    """
    folder = folder_for(store.home, out_dir)
    signers = two_signers(store, passphrase, officer, "下发政策")
    statement = store.write(_issue, store.actor, signers)
    target = folder / file_name("政策", store.actor.unit, f"第{statement.content['version']}版")
    return write_statement(statement, target)


def write_statement(statement: Statement, target: Path) -> Path:
    """Write a signed file that is no package. Raises NotWrittenError."""
    raw = header_bytes(statement)
    write_out([raw], target, hashlib.sha256(raw).hexdigest())
    return target


def two_signers(store: Store, passphrase: str, officer: tuple[str, str], act: str) -> list[Signer]:
    """Signers of an act of administrator and officer together. Raises NotAllowedError, WrongSecretError."""
    if not store.actor.has(Role.ADMINISTRATOR):
        raise NotAllowedError(f"{act}须由系统管理员登录后发起，再由另一名经办人员输入口令共同签名。")
    name, secret = officer
    roles = store.read(_roles_by_name, name)
    if name == store.actor.name or not roles & {Role.REGISTRAR.value, Role.HEAD.value}:
        raise NotAllowedError(f"{act}须由系统管理员和另一名经办人员（学籍管理员或主管领导）两人签名。")
    own = store.signer(passphrase)
    try:
        return [own, store.signer_of(name, secret)]
    except WrongSecretError as error:
        raise WrongSecretError(f"共同签名的“{name}”：{error}") from None


def _roles_by_name(session: Session, name: str) -> frozenset[str]:
    c = t.operator.c
    roles = session.execute(select(c.roles).where(c.name == name, c.state == "active")).scalar()
    if roles is None:
        raise UserError(f"没有叫“{name}”的在用操作员，请核对姓名。")
    return frozenset(str(roles).split())


def _issue(session: Session, actor: Actor, signers: list[Signer]) -> Statement:
    if actor.unit.tier is Tier.SCHOOL:
        raise NotAllowedError("学校不下发政策；政策由主管部门下发。")
    if (before := signed_before(session)) is not None:
        return before
    ensure(session)
    body = services.policy_body(session) | {"at": clock.now(session)}
    statement = sign(body, [certified(session, signer) for signer in signers])
    ledger.keep(session, statement)
    services.mark_issued(session, actor, int(body["version"]), statement.id)
    _pass_on(session, actor, actor.unit, statement)
    return statement


def signed_before(session: Session) -> Statement | None:
    """The own settings as two persons signed them; None when they were edited since, or a signer is no longer believed
    and somebody else has to sign."""
    statement_id = services.signed_id(session)
    held = ledger.recall(session, statement_id) if statement_id else None
    return held if held is not None and is_believed(session, held) else None


def told_below(session: Session) -> list[Statement]:
    """Policies as signed that go with every enrolment reply: this unit's and those of the tiers above, of each the one
    in force, then those still to come."""
    told = []
    c = t.policy.c
    for unit in (own_unit(session), *ancestors(session, own_unit(session).id)):
        wanted = {services.in_force_version(session, unit.id)}
        wanted |= {one.version for one in services.coming(session) if one.unit_id == unit.id}
        query = select(c.statement_id).where(c.unit_id == unit.id, c.state != "draft", c.version.in_(wanted))
        ids = session.execute(query.order_by(c.version)).scalars()
        found = (ledger.recall(session, statement_id) for statement_id in ids if statement_id)
        told += [statement for statement in found if statement is not None]
    return told


def _pass_on(session: Session, actor: Actor, issuer: Unit, statement: Statement) -> int:
    """Let a policy wait as a message for every unit directly below; their number."""
    units = enrolled_below(session)
    title = f"{issuer.name}政策第 {statement.content['version']} 版"
    matter = str(uuid.UUID(hex=statement.id[:32]))  # the same for one policy at every tier
    for unit in units:
        post(session, actor, KIND, unit.id, {"policy": statement.to_json()}, title=title, matter=matter)
    return len(units)


# --- at a unit below ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TakenPolicy:
    """A policy taken over: its version and issuer, and how many units below it now waits for."""

    version: int
    issuer: Unit
    passed_on: int


def receive_policy(store: Store, path: Path) -> TakenPolicy:
    """Take over a policy of a tier above from a file. Raises RefusedError."""
    file = open_file(path)
    require_whole(file)
    issuer = store.read(_issuer, file.statement)
    try:
        return store.write(take, store.actor, file.statement)
    except RefusedError as error:
        raise error.told_about(f"这是“{issuer.name if issuer else '未登记的单位'}”的政策文件。") from None


def take(session: Session, actor: Actor, statement: Statement) -> TakenPolicy:
    """Judge a policy, record it and pass it on, in the caller's transaction. Raises RefusedError."""
    issuer = _issuer(session, statement)
    body = statement.content
    if not all(one.person_id and is_signed_by(statement, one) for one in statement.signatures):
        raise UntrustedError(Fault.EDITED)
    if issuer is None:
        raise UntrustedError(Fault.NOT_SUPERIOR)
    policy, at = _shape(body)
    if body.get("line") != own_unit(session).line.value:
        raise UntrustedError(Fault.WRONG_LINE)
    check_two(statement, trust_of(session), body, clock.now(session))
    _drop_disbelieved(session, actor, issuer, policy.version)
    known = services.received(session, issuer.id)
    held = services.in_force_version(session, issuer.id)
    if known.get(policy.version, statement.id) != statement.id:
        raise UntrustedError(Fault.OTHER_POLICY, version=policy.version)
    if policy.version in known:
        raise OutOfTurnError(Fault.KNOWN_POLICY, version=policy.version)
    if policy.version < held:
        raise OutOfTurnError(Fault.OLDER_POLICY, version=policy.version, held=held)
    ledger.keep(session, statement)
    clock.advance(session, at)
    services.record_received_policy(session, issuer.id, issuer.tier.value, body, statement.id)
    audit.append(session, actor, "policy.take", f"policy:{policy.version}", {"statement": statement.id})
    return TakenPolicy(policy.version, issuer, _pass_on(session, actor, issuer, statement))


def _drop_disbelieved(session: Session, actor: Actor, issuer: Unit, version: int) -> None:
    """Policies from `version` on by signers who were revoked before they made them do not shut out an honest one."""
    for later, statement_id in services.received(session, issuer.id).items():
        held = ledger.recall(session, statement_id) if later >= version else None
        if held is not None and not is_believed(session, held):
            services.drop_received(session, actor, issuer.id, later)


def is_believed(session: Session, statement: Statement) -> bool:
    """Whether two persons of the unit that spoke still stand for what was taken from them."""
    try:
        check_two(statement, trust_of(session), statement.content, clock.now(session))
    except UntrustedError as error:
        return error.fault not in (Fault.REVOKED, Fault.ISSUER_REVOKED)
    return True


def take_message(session: Session, actor: Actor, message: Message) -> str:
    """A policy that the superior passes on; one known already is no fault. Raises RefusedError, ValueError."""
    try:
        return sentence(session, take(session, actor, Statement.from_json(message.body["policy"])))
    except OutOfTurnError as error:
        return error.sentence.rstrip("。")


def sentence(session: Session, taken: TakenPolicy) -> str:
    """What was taken over, from when it holds and what holds until then."""
    more = f"，并等待转发给 {taken.passed_on} 个下级单位" if taken.passed_on else ""
    return f"已接收“{taken.issuer.name}”第 {taken.version} 版政策，{_starts(session, taken)}{more}"


def _starts(session: Session, taken: TakenPolicy) -> str:
    found = services.coming(session)
    later = next((one for one in found if (one.unit_id, one.version) == (taken.issuer.id, taken.version)), None)
    if later is None:
        return "从现在起执行"
    held = services.in_force_version(session, later.unit_id)
    until = f"在此之前仍按第 {held} 版执行" if held else "在此之前按原有规定执行"
    return f"自 {local_day(later.effective_from)} 起执行，{until}"


def _issuer(session: Session, statement: Statement) -> Unit | None:
    """The tier above that a policy names as its own; None for any other unit."""
    named = statement.content.get("unit")
    return next((unit for unit in ancestors(session, own_unit(session).id) if unit.id == named), None)


def check_two(statement: Statement, trust: Trust, body: Mapping[str, Any], now: str) -> None:
    """Two persons of the unit that speaks, judged at the statement's time but not after now. Raises UntrustedError."""
    require_two(statement, trust, str(body["unit"]), str(body["line"]), min(str(body["at"]), now))


def _shape(body: Mapping[str, Any]) -> tuple[Policy, str]:
    try:
        policy, at = Policy.from_json(body), str(body["at"])
        to_time(at)
        to_time(policy.effective_from or at)
        if body["type"] != POLICY or body["v"] != 1 or not 1 <= policy.version <= _MOST_VERSIONS:
            raise ValueError("policy")
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    return policy, at
