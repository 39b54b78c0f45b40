"""Policies going down: signed by the administrator and an officer, taken over once by every unit below (decision 6)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.policy import Policy
from models.domain.signing import Signer
from models.domain.units import Actor, Role, Tier
from models.services import policies as services
from models.services.units import own_unit
from models.store import audit, clock
from models.store import tables as t
from models.store.errors import WrongSecretError
from sync import ledger
from sync.certificates import to_time
from sync.dispatch import file_name
from sync.formats import POLICY, open_file, require_whole
from sync.identity import certified, ensure, superior_of, trust_of
from sync.refusals import Fault, MalformedError, OutOfTurnError, RefusedError, UntrustedError
from sync.signedfile import header_bytes
from sync.statements import Statement, is_signed_by, sign
from sync.transport.removable import folder_for, write_out
from sync.trust import Trust, require_two

if TYPE_CHECKING:
    from models.store.store import Store


def issue_policy(store: Store, passphrase: str, officer: tuple[str, str], out_dir: Path | None = None) -> Path:
    """Sign the own policy with the administrator's passphrase and an officer's (name, passphrase); the file.

    Raises NotAllowedError when the two are one person or lack the roles, UserError, WrongSecretError.
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
    ensure(session)
    body = services.policy_body(session) | {"at": clock.now(session)}
    statement = sign(body, [certified(session, signer) for signer in signers])
    ledger.keep(session, statement)
    services.mark_issued(session, actor, int(body["version"]), statement.id)
    return statement


def told_below(session: Session) -> list[Statement]:
    """The own policies as signed that go with every enrolment reply: the one in force, then those still to come."""
    own = own_unit(session).id
    wanted = {services.in_force_version(session, own)}
    wanted |= {one.version for one in services.coming(session) if one.unit_id == own}
    c = t.policy.c
    query = select(c.statement_id).where(c.unit_id == own, c.state == "issued", c.version.in_(wanted))
    ids = session.execute(query.order_by(c.version)).scalars()
    found = (ledger.recall(session, statement_id) for statement_id in ids if statement_id)
    return [statement for statement in found if statement is not None]


# --- at a unit below ------------------------------------------------------------------------------------


def receive_policy(store: Store, path: Path) -> tuple[int, str, tuple[str, ...]]:
    """Take over a policy of the superior: version, the superior's name, warnings. Raises RefusedError."""
    file = open_file(path)
    require_whole(file)
    body = file.statement.content
    superior = store.read(superior_of)
    named = superior.name if superior is not None and superior.id == body.get("unit") else "未登记的单位"
    try:
        return store.write(take, store.actor, file.statement)
    except RefusedError as error:
        raise error.told_about(f"这是“{named}”的政策文件。") from None


def take(session: Session, actor: Actor, statement: Statement) -> tuple[int, str, tuple[str, ...]]:
    """Judge and record a policy in the caller's transaction. Raises RefusedError."""
    superior = superior_of(session)
    body = statement.content
    if not all(is_signed_by(statement, signature) for signature in statement.signatures):
        raise UntrustedError(Fault.EDITED)
    if superior is None or body.get("unit") != superior.id:
        raise UntrustedError(Fault.NOT_SUPERIOR)
    policy, tier, at = _shape(body)
    if body.get("line") != own_unit(session).line.value:
        raise UntrustedError(Fault.WRONG_LINE)
    check_two(statement, trust_of(session), body, clock.now(session))
    held = services.in_force_version(session, superior.id)
    if policy.version in services.versions(session, superior.id, "received"):
        raise OutOfTurnError(Fault.KNOWN_POLICY, version=policy.version)
    if policy.version < held:
        raise OutOfTurnError(Fault.OLDER_POLICY, version=policy.version, held=held)
    ledger.keep(session, statement)
    clock.advance(session, at)
    services.record_received_policy(session, superior.id, tier, body, statement.id)
    audit.append(session, actor, "policy.take", f"policy:{policy.version}", {"statement": statement.id})
    return policy.version, superior.name, ()


def check_two(statement: Statement, trust: Trust, body: Mapping[str, Any], now: str) -> None:
    """Two persons of the unit that speaks, judged at the statement's time but not after now. Raises UntrustedError."""
    require_two(statement, trust, str(body["unit"]), str(body["line"]), min(str(body["at"]), now))


def _shape(body: Mapping[str, Any]) -> tuple[Policy, str, str]:
    try:
        policy, tier, at = Policy.from_json(body), Tier(body["tier"]).value, str(body["at"])
        to_time(at)
        to_time(policy.effective_from or at)
        if body["type"] != POLICY or body["v"] != 1 or policy.version < 1:
            raise ValueError("policy")
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    return policy, tier, at
