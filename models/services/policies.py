"""What tiers set for those below (E16, decision 15): own part, parts received from above, and what holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.fields import STUDENT_FIELD
from models.domain.policy import EffectivePolicy, Policy, combine
from models.domain.signing import canonical
from models.domain.times import start_of_day
from models.domain.units import TIER_LABELS, Actor, Role, Tier, Unit
from models.services.permissions import require_role
from models.services.policy_editing import NO_LOCKS, NO_VALUES, edited
from models.services.units import ancestors, own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

_TIER_ORDER = {tier.value: place for place, tier in enumerate(Tier)}
_HELD: Final = ("issued", "received")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class TierPolicy:
    """A signed policy, of a tier in force or still to come; `unit_id` and `tier` are of the unit that set it."""

    unit_id: str
    tier: str
    version: int
    effective_from: str
    policy: Policy


def _latest(session: Session, unit_id: str, states: tuple[str, ...]) -> Policy | None:
    query = (
        select(t.policy.c.body)
        .where(t.policy.c.unit_id == unit_id, t.policy.c.state.in_(states))
        .order_by(t.policy.c.version.desc())
        .limit(1)
    )
    body = session.execute(query).scalar()
    return None if body is None else Policy.from_json(json.loads(body))


def own(session: Session) -> Policy:
    """This unit's own settings as last edited, issued or not."""
    return _latest(session, own_unit(session).id, ("draft", "issued")) or Policy()


def own_is_draft(session: Session) -> bool:
    """Whether the own settings were edited since they were last issued."""
    unit_id = own_unit(session).id
    query = select(func.count()).where(t.policy.c.unit_id == unit_id, t.policy.c.state == "draft")
    return bool(session.execute(query).scalar())


def set_own(
    session: Session,
    actor: Actor,
    *,
    controlled_fields: Iterable[str] | None = None,
    values: Mapping[str, str] = NO_VALUES,
    locks: Mapping[str, bool] = NO_LOCKS,
    ue: str | None = None,
    collision: str | None = None,
    effective_from: str = "",
) -> Policy:
    """Edit the own settings; they hold once issued with two signatures (decision 6). None leaves a setting as it is.

    `values`: setting -> text, "" to set it no longer (`ue`, `collision` are two of them); `locks`: setting -> whether
    those below are forbidden to change it. `effective_from` is a day, YYYY-MM-DD; without one a day to come that the
    draft had stays, else it holds at once. The version grows by one over the issued one.
    Raises NotAllowedError for schools and other roles, UserError for unknown fields and values, and for what a tier
    above does not admit (E3, E16, E29-E31).
    """
    require_role(actor, Role.ADMINISTRATOR, "设置本级政策")
    if actor.unit.tier is Tier.SCHOOL:
        raise NotAllowedError("学校执行上级下发的政策，不设置本级政策；需要调整时请向主管部门提出。")
    present = own(session)
    controlled = present.controlled_fields if controlled_fields is None else tuple(sorted(set(controlled_fields)))
    unknown = [key for key in controlled if key not in STUDENT_FIELD]
    if unknown:
        raise UserError(f"受控字段中有不认识的字段：{'、'.join(unknown)}。请从学生字段中选择。")
    given = {**values, **{key: text for key, text in (("ue", ue), ("collision", collision)) if text is not None}}
    kept, locked = edited(above(session, actor.unit), present, given, locks)
    issued = _latest(session, actor.unit.id, ("issued",)) or Policy()
    starts = starts_on(effective_from) if effective_from else _kept_start(session, present)
    policy = Policy(issued.version + 1, controlled, kept, locked, starts)
    session.execute(t.policy.delete().where(t.policy.c.unit_id == actor.unit.id, t.policy.c.state == "draft"))
    _store(session, actor.unit.id, actor.unit.tier.value, policy, policy.to_json(), None, "draft")
    audit.append(session, actor, "policy.set", f"policy:{policy.version}", policy.to_json())
    return policy


def starts_on(day: str) -> str:
    """The beginning of a day, YYYY-MM-DD, as UTC text. Raises UserError for what is no day."""
    try:
        if not _DAY.fullmatch(day.strip()):
            raise ValueError(day)
        return start_of_day(day.strip())
    except (ValueError, OverflowError):
        raise UserError(f"生效日期“{day}”不对，请写成 年-月-日，例如 2026-09-01。") from None


def _kept_start(session: Session, present: Policy) -> str:
    now = now_text()
    return present.effective_from if own_is_draft(session) and present.effective_from > now else now


def _store(
    session: Session,
    unit_id: str,
    tier: str,
    policy: Policy,
    body: Mapping[str, Any],
    statement_id: str | None,
    state: str,
) -> None:
    """Keep a policy with its body whole, so that what only a newer program understands is not lost."""
    values = {
        "unit_id": unit_id,
        "version": policy.version,
        "tier": tier,
        "body": canonical(dict(body)).decode(),
        "statement_id": statement_id,
        "effective_from": policy.effective_from,
        "received_at": now_text(),
        "state": state,
    }
    session.execute(insert(t.policy).values(values))


def policy_body(session: Session) -> dict[str, Any]:
    """The body of the policy package for the tiers below, from the own settings as last edited."""
    unit = own_unit(session)
    policy = own(session)
    if policy.version == 0:
        raise UserError("还没有设置本级政策，请先设置再下发。")
    head = {"type": "rollbook.policy", "v": 1, "unit": unit.id, "tier": unit.tier.value, "line": unit.line.value}
    return {**policy.to_json(), **head, "at": now_text()}


def signed_id(session: Session) -> str | None:
    """The id of the statement by which the own settings were issued; None when they were edited since, or never."""
    c = t.policy.c
    query = select(c.statement_id).where(c.unit_id == own_unit(session).id, c.version == own(session).version)
    return session.execute(query.where(c.state == "issued")).scalar()


def mark_issued(session: Session, actor: Actor, version: int, statement_id: str) -> None:
    """The own settings of `version` were signed by two persons and hold from now on (decision 6)."""
    session.execute(
        update(t.policy)
        .where(t.policy.c.unit_id == actor.unit.id, t.policy.c.version == version)
        .values(state="issued", statement_id=statement_id, received_at=now_text())
    )
    audit.append(session, actor, "policy.issue", f"policy:{version}", {"statement": statement_id})


def record_received_policy(
    session: Session, unit_id: str, tier: str, body: Mapping[str, Any], statement_id: str
) -> Policy:
    """Keep a verified policy of a tier above; one known, or older than the one in force, changes nothing.

    A version that holds today is kept also when a later one, still to come, is known already.
    Raises FileRefusedError when the body is not a policy this program understands.
    """
    try:
        policy = Policy.from_json(body)
        label = TIER_LABELS[Tier(tier)]
    except (KeyError, TypeError, ValueError) as error:
        raise FileRefusedError("政策文件的内容不完整，本程序不能识别。请向下发单位索取新的政策文件。") from error
    known = versions(session, unit_id, "received")
    if policy.version not in known and policy.version > in_force_version(session, unit_id):
        _store(session, unit_id, tier, policy, body, statement_id, "received")
        act = {"statement": statement_id, "tier": label, "version": policy.version}
        audit.append(session, None, "policy.receive", f"policy:{policy.version}", act)
    return policy


def received(session: Session, unit_id: str) -> dict[int, str]:
    """The policies kept of a tier above: {version: id of its statement}."""
    c = t.policy.c
    rows = session.execute(select(c.version, c.statement_id).where(c.unit_id == unit_id, c.state == "received"))
    return {row.version: str(row.statement_id) for row in rows}


def drop_received(session: Session, actor: Actor, unit_id: str, version: int) -> None:
    """Go by a received policy no longer: who signed it had been revoked before."""
    c = t.policy.c
    session.execute(t.policy.delete().where(c.unit_id == unit_id, c.version == version, c.state == "received"))
    audit.append(session, actor, "policy.drop", f"policy:{version}", {"unit": unit_id})


def versions(session: Session, unit_id: str, state: str) -> frozenset[int]:
    """Versions kept of a unit's policy in `state` (issued, received)."""
    c = t.policy.c
    return frozenset(session.execute(select(c.version).where(c.unit_id == unit_id, c.state == state)).scalars())


def in_force_version(session: Session, unit_id: str) -> int:
    """The version of a unit's policy that holds now; 0 for none."""
    c = t.policy.c
    query = select(func.max(c.version)).where(c.unit_id == unit_id, c.state.in_(_HELD), c.effective_from <= now_text())
    return int(session.execute(query).scalar() or 0)


def coming(session: Session) -> list[TierPolicy]:
    """Signed policies of this unit and those above that hold from a later day, the next one first."""
    c = t.policy.c
    query = (
        select(c.unit_id, c.tier, c.version, c.effective_from, c.body)
        .where(c.state.in_(_HELD), c.effective_from > now_text(), c.unit_id.in_(_line(session)))
        .order_by(c.effective_from, c.version)
    )
    found = [_tier_policy(row) for row in session.execute(query)]
    return [one for one in found if one.version > in_force_version(session, one.unit_id)]


def effective(session: Session) -> EffectivePolicy:
    """What holds for this unit: the issued own settings and those received from above, nearest tier first."""
    return combine((one.tier, one.policy) for one in tiers_in_force(session))


def above(session: Session, unit: Unit) -> EffectivePolicy:
    """What the tiers above a unit of this store set together: what its own settings must keep to."""
    return combine((one.tier, one.policy) for one in tiers_in_force(session) if one.unit_id != unit.id)


def tiers_in_force(session: Session) -> list[TierPolicy]:
    """The policy of each tier that holds now, nearest tier first."""
    c = t.policy.c
    query = (
        select(c.unit_id, c.tier, c.version, c.effective_from, c.body)
        .where(c.state.in_(_HELD), c.effective_from <= now_text(), c.unit_id.in_(_line(session)))
        .order_by(c.version)
    )
    newest = {row.unit_id: _tier_policy(row) for row in session.execute(query)}
    return sorted(newest.values(), key=lambda one: _TIER_ORDER.get(one.tier, len(_TIER_ORDER)))


def _line(session: Session) -> list[str]:
    """This unit and those above it now; what a former superior had set holds no more."""
    own = own_unit(session).id
    return [own, *(unit.id for unit in ancestors(session, own))]


def _tier_policy(row: Row[Any]) -> TierPolicy:
    return TierPolicy(row.unit_id, row.tier, row.version, row.effective_from, Policy.from_json(json.loads(row.body)))
