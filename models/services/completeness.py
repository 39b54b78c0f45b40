"""How true and complete the contacts of the accounts are: the six fields of A16, by unit (A6, A16)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.codes import code_table
from models.domain.fields import ACCOUNTS
from models.domain.units import Unit
from models.rules.contacts import contact_faults
from models.services.accounts.checks import TRUTHFUL
from models.services.checking import field_label
from models.services.policies import effective
from models.services.units import descendants, own_unit
from models.store import tables as t

_ASKED: Final = (*TRUTHFUL, "phone")
"""What is looked at: the six fields, and the mobile where one is given."""
_STATED: Final = {"sex": ("1", "2"), "on_staff": ("0", "1")}
_NOT_STATED: Final = {"sex": "性别应为男或女", "on_staff": "是否在编应为是或否"}
_SHOWN: Final = 20


@dataclass(frozen=True)
class FieldFigure:
    """A field over the accounts of a unit: how many are right, empty, wrong."""

    key: str
    label: str
    good: int
    empty: int
    wrong: int


@dataclass(frozen=True)
class Gap:
    """An account with something to be filled in or corrected, in words."""

    account_id: str
    unit_name: str
    name: str
    username: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class UnitCompleteness:
    """The figure of a unit: `good` of `asked` values of the six fields are there and right; `worst` first ones."""

    unit_id: str
    unit_name: str
    tier: str
    accounts: int
    complete: int
    good: int
    asked: int
    fields: tuple[FieldFigure, ...]
    worst: tuple[Gap, ...]

    @property
    def percent(self) -> float | None:
        """Share of good values in per cent, cut to one place: only a full list shows 100; None for no account."""
        return self.good * 1000 // self.asked / 10 if self.asked else None


@dataclass
class _Tally:
    accounts: int = 0
    complete: int = 0
    empty: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)


def completeness(session: Session, worst: int = _SHOWN) -> list[UnitCompleteness]:
    """The figures of this unit, then of each unit below whose accounts are known here (A16).

    Accounts in use count; `worst`: so many of a unit's accounts with the most faults are named.
    """
    own = own_unit(session)
    units = {unit.id: unit for unit in (own, *descendants(session, own.id))}
    listed = effective(session).employment
    tallies: dict[str, _Tally] = {unit_id: _Tally() for unit_id in units}
    columns = [t.account.c[key] for key in ("id", "unit_id", "username", *_ASKED)]
    query = select(*columns).where(t.account.c.status == "active").order_by(t.account.c.name_order, t.account.c.id)
    for row in session.execute(query.execution_options(yield_per=2000)):
        if row.unit_id in tallies:
            values = {key: str(row._mapping[key]) for key in ("id", "username", *_ASKED)}
            _count(tallies[row.unit_id], units[row.unit_id].name, values, listed)
    shown = (own.id, *(unit_id for unit_id in units if unit_id != own.id and tallies[unit_id].accounts))
    return [_figure(units[unit_id], tallies[unit_id], worst) for unit_id in shown]


def _count(tally: _Tally, unit_name: str, values: Mapping[str, str], listed: Sequence[str]) -> None:
    empty = [key for key in TRUTHFUL if not values[key]]
    wrong = dict(faults_of(values, listed))
    tally.accounts += 1
    tally.empty.update(empty)
    tally.wrong.update(wrong.keys())
    if not empty and not wrong:
        tally.complete += 1
        return
    said = [f"{field_label(key, ACCOUNTS)}未填" for key in empty]
    tally.gaps.append(Gap(values["id"], unit_name, values["name"], values["username"], (*said, *wrong.values())))


def faults_of(values: Mapping[str, str], listed: Sequence[str] = ()) -> Iterator[tuple[str, str]]:
    """(field, sentence) for what is filled in and wrong; `listed`: the values 聘任方式 may have, () for the usual."""
    yield from contact_faults(values)
    for key, admitted in _STATED.items():
        if values.get(key) and values[key] not in admitted:
            yield key, _NOT_STATED[key]
    table = code_table("employment")
    if values.get("employment") and values["employment"] not in (listed or table):
        word = table.label(values["employment"]) or values["employment"]
        words = "、".join(table.label(one) or one for one in listed or dict(table.items()))
        yield "employment", f"聘任方式“{word}”不在规定的写法中（{words}）"


def _figure(unit: Unit, tally: _Tally, worst: int) -> UnitCompleteness:
    fields = tuple(
        FieldFigure(
            key, field_label(key, ACCOUNTS), tally.accounts - tally.empty[key] - tally.wrong[key], tally.empty[key],
            tally.wrong[key],
        )
        for key in TRUTHFUL
    )  # fmt: skip
    gaps = sorted(tally.gaps, key=lambda gap: -len(gap.faults))[:worst]
    good, asked = sum(one.good for one in fields), tally.accounts * len(TRUTHFUL)
    return UnitCompleteness(
        unit.id, unit.name, unit.tier.value, tally.accounts, tally.complete, good, asked, fields, tuple(gaps)
    )
