"""What is missing of the named people: nobody named, no certificate, one that ends soon (A7, B4, E34, E39)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.duties import DUTY, WARN_DAYS, required_of
from models.domain.units import Unit
from models.services.duties.register import Named, list_named, today
from models.services.units import descendants, own_unit
from models.store import tables as t

LEVELS: Final = {
    "vacancy": "空缺",
    "untold": "未报来",
    "uncertified": "未持证",
    "expired": "证书到期",
    "soon": "即将到期",
}


@dataclass(frozen=True)
class DutyFinding:
    """One thing that is missing in a unit: `kind` a key of LEVELS, `sentence` what and what to do."""

    kind: str
    unit_id: str
    unit_name: str
    code: str
    person: str
    sentence: str
    clause: str


def vacancies(session: Session) -> list[DutyFinding]:
    """What is missing in this unit and in the units below, as far as they told of their people; the own first."""
    own = own_unit(session)
    named: dict[str, list[Named]] = {}
    for one in list_named(session):
        named.setdefault(one.unit_id, []).append(one)
    told = set(session.execute(select(t.registers_told.c.unit_id)).scalars()) | {own.id}
    active = set(session.execute(select(t.unit.c.id).where(t.unit.c.state == "active")).scalars())
    units = [own, *(unit for unit in descendants(session, own.id) if unit.id in active)]
    return [found for unit in units for found in _of_unit(unit, named.get(unit.id, []), unit.id in told)]


def _of_unit(unit: Unit, people: Sequence[Named], told: bool) -> Iterator[DutyFinding]:
    wanted = required_of(unit.line, unit.tier)
    if not told:
        if wanted:
            words = f"“{unit.name}”还没有报来专人名单，请督促其登记并送来数据包"
            yield DutyFinding("untold", unit.id, unit.name, "", "", words, "A7, E34")
        return
    held = {one.code for one in people}
    for duty in wanted:
        if duty.code not in held:
            words = f"“{unit.name}”没有指定{duty.label}（{duty.what}），请指定专人"
            yield DutyFinding("vacancy", unit.id, unit.name, duty.code, "", words, duty.clause)
    for one in people:
        yield from _certificate(unit, one)


def _certificate(unit: Unit, one: Named) -> Iterator[DutyFinding]:
    """Who is in charge of accounts or rosters needs a certificate; one that is there must not run out (E39)."""
    who, day = f"“{unit.name}”的{one.label}{one.name}", today()
    duty = DUTY.get(one.code)
    if not one.certificate:
        if duty is not None and duty.certified:
            yield _finding("uncertified", unit, one, f"{who}没有培训合格证书，请安排培训")
    elif one.valid_until and one.valid_until < day:
        yield _finding("expired", unit, one, f"{who}的证书已于 {one.valid_until} 到期，请安排培训")
    elif one.valid_until and one.valid_until <= (date.fromisoformat(day) + timedelta(days=WARN_DAYS)).isoformat():
        yield _finding("soon", unit, one, f"{who}的证书将于 {one.valid_until} 到期，请及时安排培训")


def _finding(kind: str, unit: Unit, one: Named, words: str) -> DutyFinding:
    return DutyFinding(kind, unit.id, unit.name, one.code, one.name, words, "A18, E39")
