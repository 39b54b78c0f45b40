"""What an inspection compares with, read once: the register in the unit's care, the policy, the places (A6, A17)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import NotAllowedError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.places import PlaceError, hebei
from models.domain.policy import EffectivePolicy
from models.domain.text import without_blanks
from models.domain.times import local_day
from models.domain.units import Tier, Unit, reports_own
from models.rules.about_accounts import row_prefix
from models.rules.naming import PROVINCE_PREFIX, place_of
from models.rules.rule import Context
from models.services.accounts.checks import TRUTHFUL
from models.services.change_log import in_chunks
from models.services.checking import field_label, unit_prefix
from models.services.filing.calendar import given_periods
from models.services.inspection.judging import Grounds, Registered
from models.services.policies import effective
from models.services.taken_names import elsewhere
from models.services.units import descendants, own_unit
from models.store import clock
from models.store import tables as t

_KEPT: Final = (
    "id", "unit_id", "status", "username", "name", "id_number", "phone", "office_phone", "email", "person_id", "note",
    "origin", "opened_at", "disabled_reason", "filed_status",
)  # fmt: skip


@dataclass(frozen=True)
class Register:
    """The accounts in a unit's care and what they are judged by."""

    accounts: tuple[Registered, ...]
    grounds: Grounds


def read_register(session: Session, idle_days: int, within: str | None = None) -> Register:
    """The accounts of this unit and of those below, or of `within` (UID) and those below it alone.

    Raises NotAllowedError for a unit that is neither this one nor below it.
    """
    own, policy = own_unit(session), effective(session)
    cared = [own, *descendants(session, own.id)]
    units = cared if within is None else [unit for unit in cared if unit.id == within]
    if not units:
        raise NotAllowedError("只能巡查本单位和所辖单位的账户，请选择本单位或所辖的单位。")
    if within not in (None, own.id):
        units += descendants(session, units[0].id)
    prefixes = {unit.id: unit_prefix(unit, policy.prefixes) for unit in cared}
    accounts = tuple(_accounts(session, units, own, (prefixes, policy)))
    return Register(accounts, _grounds(session, cared, (prefixes, policy), idle_days))


Naming = tuple[dict[str, str], EffectivePolicy]
"""Prefixes by unit, and the policy in force."""


def _accounts(session: Session, units: Sequence[Unit], own: Unit, naming: Naming) -> Iterable[Registered]:
    prefixes, policy = naming
    files = own.line in ACCOUNT_FILING.lines and reports_own(own)
    known: dict[tuple[str, str, str], str] = {}
    c = t.account.c
    columns = [c[key] for key in dict.fromkeys((*_KEPT, "city", "county", *TRUTHFUL))]
    labels = {key: field_label(key, ACCOUNTS) for key in TRUTHFUL}
    for part in in_chunks([unit.id for unit in units]):
        for row in session.execute(select(*columns).where(c.unit_id.in_(part)).order_by(c.id)):
            place = (row.unit_id, row.city, row.county)
            if place not in known:
                known[place] = _prefix(row, prefixes.get(row.unit_id, ""), policy)
            values = row._mapping
            yield Registered(
                **{key: values[key] for key in _KEPT},
                prefix=known[place],
                files=files and row.unit_id == own.id,
                empty=tuple(label for key, label in labels.items() if not values[key]),
            )


def _prefix(row: Row[Any], prefix: str, policy: EffectivePolicy) -> str:
    try:
        return row_prefix(row.city, row.county, Context(date.min, prefix=prefix, prefixes=policy.prefixes))
    except UserError:
        return ""


def _grounds(session: Session, cared: Sequence[Unit], naming: Naming, idle_days: int) -> Grounds:
    prefixes, policy = naming
    own, ids = cared[0], {unit.id for unit in cared}
    names = {without_blanks(text): unit.id for unit in cared for text in (unit.code, unit.name)}
    c = t.unit.c
    outside = {
        without_blanks(text)
        for unit_id, name, code in session.execute(select(c.id, c.name, c.code))
        if unit_id not in ids
        for text in (name, code)
    }
    return Grounds(
        date.fromisoformat(local_day(clock.now(session))),
        own.id,
        policy.ue,
        policy.legacy_until,
        idle_days,
        names,
        prefixes,
        frozenset(outside - names.keys()),
        _foreign(own, prefixes.values(), policy),
        frozenset(elsewhere(session)),
        given_periods(session),
    )


def _foreign(own: Unit, covered: Iterable[str], policy: EffectivePolicy) -> frozenset[str]:
    """The prefixes of places the unit does not look after; none for the province, and where the place is not known."""
    if own.tier is Tier.PROVINCE:
        return frozenset()
    try:
        place = place_of(Tier.COUNTY if own.tier is Tier.SCHOOL else own.tier, own.city, own.county)
    except PlaceError:
        return frozenset()
    mine = {place.code} if place else set()
    area = [one for one in hebei() if one.code in mine or (own.tier is Tier.CITY and one.city_code in mine)]
    cared = {policy.prefixes.get(one.name, one.prefix) for one in area} | {one.prefix for one in area} | set(covered)
    every = {policy.prefixes.get(one.name, one.prefix) for one in hebei()} | {one.prefix for one in hebei()}
    return frozenset((every | {PROVINCE_PREFIX}) - cared)
