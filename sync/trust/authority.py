"""What a unit tells those below of the tiers above them: who they are, and how they certify each other (decision 5).

A list of tiers, the speaker first: its anchor, and the certificates its own superior gave for the issuing key. It
stands in the reply to an enrolment request, and travels down as a message whenever it changes; every tier passes on
its own version. So a school that joined its county long ago trusts the city and province that came later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.units import Actor, Tier, Unit
from models.services.unit_changes import FormerName, former_json, read_former, take_former
from models.services.units import ancestors, descendants, enrolled_below, find_unit, own_unit
from models.store import audit
from models.store import tables as t
from sync.joining.requests import unit_from, unit_json
from sync.messages.message import Message
from sync.messages.post import post
from sync.refusals import Fault, MalformedError, UntrustedError
from sync.trust import renewal
from sync.trust.certificates import Certificate, is_issued_by, parse
from sync.trust.chains import Trust
from sync.trust.identity import own_anchor, superior_of
from sync.trust.known import anchor_of, anchors, is_key_revoked, issuing, remember
from sync.wire.statements import base64_text, unbase64

KIND: Final = "authority"
_MOST_ISSUED: Final = 16


@dataclass(frozen=True)
class Above:
    """A tier above: its unit, its anchor, and what the next tier certified its issuing key with."""

    unit: Unit
    anchor: Certificate
    issued: tuple[Certificate, ...]
    former: tuple[FormerName, ...] = ()


def tiers(session: Session) -> list[dict[str, Any]]:
    """This unit, unless it is a school, and those above it, as those below are told; nearest first."""
    own = own_unit(session)
    return [*_told(session, [own]), *_told(session, ancestors(session, own.id))]


def _told(session: Session, units: Sequence[Unit]) -> list[dict[str, Any]]:
    told, own = [], own_unit(session)
    for unit in units:
        anchor = own_anchor(session) if unit.id == own.id else anchor_of(session, unit.id)
        if anchor is None:  # the superior's program is older and said nothing of the tiers above it
            break
        issued = [base64_text(one.der) for one in issuing(session, unit.id) if one.public_key == anchor.public_key]
        told.append({
            "unit": unit_json(unit), "former": former_json(session, unit.id), "anchor": base64_text(anchor.der),
            "issued": issued[-_MOST_ISSUED:],
        })  # fmt: skip
    return told


def tell_below(session: Session, actor: Actor | None) -> None:
    """Let every unit directly below know the tiers above it as they are now."""
    told = tiers(session)
    for unit in enrolled_below(session):
        keys = [base64_text(one.der) for one in renewal.renewed(session, unit)]
        post(session, actor, KIND, unit.id, {"tiers": told, "certificates": keys}, title="上级单位证书链")


def take_message(session: Session, actor: Actor, message: Message) -> str:
    """Trust the tiers above as the superior tells them, and pass them on; what was done. Raises RefusedError."""
    superior = superior_of(session)
    if superior is None or superior.id != message.origin_id:
        raise UntrustedError(Fault.NOT_SUPERIOR)
    names = "、".join(str(one["unit"]["name"]) for one in message.body["tiers"])
    before = tiers(session)
    _refuse_fewer(session, message.body["tiers"])
    _refuse_other_anchors(session, _read(message.body["tiers"]))
    take(session, superior, message.body["tiers"], message.at)
    renewal.take(session, message.body["certificates"], superior.id, message.at)
    if tiers(session) == before:
        return "上级单位证书链没有变化"
    tell_below(session, actor)
    audit.append(session, actor, "authority.take", f"unit:{superior.id}", {"tiers": len(message.body["tiers"])})
    return f"已更新上级单位证书链（{names}）"


def _refuse_fewer(session: Session, told: Any) -> None:
    """A tier whose policies and decisions hold does not vanish because the one between says so (decision 5)."""
    present = {one["unit"]["id"] for one in told}
    for unit in ancestors(session, own_unit(session).id):
        if unit.id not in present:
            raise UntrustedError(Fault.TIER_LEFT_OUT, unit=unit.name)


def _refuse_other_anchors(session: Session, told: Sequence[Above]) -> None:
    """A tier believed already changes its issuing key only when a tier above it, believed as it was, certified that.

    Else whoever has the keys of one unit could speak for every tier above it. Words compared anew may say otherwise.
    """
    vouched = False
    for tier in reversed(told):
        known = anchors(session, tier.unit.id)
        in_force = {one.public_key for one in known if not is_key_revoked(session, one.key_mark)}
        vouched = vouched or tier.anchor.public_key in in_force
        if known and not vouched:
            raise UntrustedError(Fault.OTHER_ANCHOR, unit=tier.unit.name)


def take(session: Session, superior: Unit, value: Any, at: str) -> None:
    """Trust the tiers that the superior tells of, in the caller's transaction.

    Whoever calls has made sure that the superior says so. Raises MalformedError or UntrustedError.
    """
    told = _read(value)
    _check(session, own_unit(session), superior, told)
    for below, above in pairwise(told):
        _check_issued(below, above, at)
    for place, tier in enumerate(told):
        _store(session, tier, told[place + 1].unit.id if place + 1 < len(told) else None)


def _read(value: Any) -> list[Above]:
    try:
        told = [
            Above(
                unit_from(one["unit"]),
                parse(unbase64(one["anchor"])),
                tuple(parse(unbase64(text)) for text in one["issued"][:_MOST_ISSUED]),
                read_former(one.get("former")),
            )
            for one in value[: len(Tier)]
        ]
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    if not told:
        raise MalformedError(Fault.HEADER_DAMAGED)
    return told


def _check(session: Session, own: Unit, superior: Unit, told: Sequence[Above]) -> None:
    """The superior first, each tier higher than the one before, none of them below this unit."""
    if told[0].unit.id != superior.id:
        raise UntrustedError(Fault.NOT_SUPERIOR)
    ranks = [unit.tier.rank for unit in (own, *(tier.unit for tier in told))]
    below = {own.id, *(unit.id for unit in descendants(session, own.id))}
    rising = all(low < high for low, high in pairwise(ranks))
    if not rising or any(tier.unit.line is not own.line or tier.unit.id in below for tier in told):
        raise UntrustedError(Fault.TIERS_CROSSED)
    for tier in told:
        known = find_unit(session, tier.unit.id)
        if known is not None and known.tier is not tier.unit.tier:
            raise UntrustedError(Fault.TIERS_CROSSED)
        anchor = tier.anchor
        if not anchor.is_anchor or anchor.subject.unit_id != tier.unit.id or not is_issued_by(anchor, anchor):
            raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)


def _check_issued(below: Above, above: Above, at: str) -> None:
    """The tier above has certified the very key that the anchor of the tier below stands for."""
    trust = Trust((above.anchor.der,), superiors={below.unit.id: above.unit.id})
    issued = [trust.issuing(one.der, at) for one in below.issued]
    if not any(one.public_key == below.anchor.public_key for one in issued):
        raise UntrustedError(Fault.TIERS_CROSSED)
    if any(one.subject.unit_id != below.unit.id for one in issued):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)


def _store(session: Session, tier: Above, superior_id: str | None) -> None:
    take_former(session, tier.unit, tier.former)
    row = {**unit_json(tier.unit), "superior_id": superior_id, "state": "active"}
    statement = upsert(t.unit).values(**row, is_self=0)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=row))
    for certificate in (tier.anchor, *tier.issued):
        remember(session, certificate)
