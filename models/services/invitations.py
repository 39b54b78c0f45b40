"""Units invited to join from a list: what of the list may be invited, and where each invitation stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.units import Line, Tier, Unit, code_fault, unit_fault
from models.exchange.unit_list import ListedUnit
from models.services.units import own_unit
from models.store import tables as t
from models.store.clock import now_text

OPEN, USED, LOCKED, REPLACED = "open", "used", "locked", "replaced"
STATE_LABELS: Final = {OPEN: "未使用", USED: "已入网", LOCKED: "已锁定", REPLACED: "已换发"}
MOST_WRONG: Final = 10
"""Different requests with a wrong code after which an invitation is locked."""
_TIERS: Final = tuple(Tier)


@dataclass(frozen=True)
class ListFinding:
    """What is wrong with a row of a list, in a sentence."""

    row: int
    name: str
    sentence: str


@dataclass(frozen=True)
class InvitationPlan:
    """What of a list will be invited (unit, contact), and what not and why."""

    units: tuple[tuple[Unit, str], ...]
    findings: tuple[ListFinding, ...]


@dataclass(frozen=True)
class InvitationInfo:
    """An invitation for lists; times are UTC text, "" for not used."""

    unit: Unit
    contact: str
    state: str
    made_at: str
    used_at: str
    wrong: int

    @property
    def state_label(self) -> str:
        """The state as people call it."""
        return STATE_LABELS[self.state]


def plan(session: Session, listed: Sequence[ListedUnit], again: bool = False) -> InvitationPlan:
    """Judge a list for the tier directly below this unit; writes nothing.

    `again`: units that are invited or enrolled already get another invitation, under the UID they have. Raises
    UserError at a school.
    """
    own = own_unit(session)
    if own.tier is Tier.SCHOOL:
        raise UserError("学校没有下级单位，不能发入网邀请函。")
    tier = _TIERS[_TIERS.index(own.tier) - 1]
    names, codes = Counter(one.name for one in listed), Counter(one.code for one in listed)
    units, findings = [], []
    for one in listed:
        unit = Unit(
            _known_id(session, own, one) or new_id(), one.name, one.code, tier, own.line,
            one.city or own.city, one.county or own.county,
        )  # fmt: skip
        fault = _fault(one, unit, names, codes) or _known_fault(session, own, unit, again)
        if fault:
            findings.append(ListFinding(one.row, one.name, fault))
        else:
            units.append((unit, one.contact))
    return InvitationPlan(tuple(units), tuple(findings))


def _fault(one: ListedUnit, unit: Unit, names: Counter[str], codes: Counter[str]) -> str | None:
    if not one.name or not one.code:
        return "单位名称和代码都要填写。"
    if names[one.name] > 1:
        return f"名称“{one.name}”在名单中出现了 {names[one.name]} 次，请核对后只留一行。"
    if codes[one.code] > 1:
        return f"代码“{one.code}”在名单中出现了 {codes[one.code]} 次，请核对后只留一行。"
    if unit.tier is Tier.COUNTY and not unit.county:
        return "县级单位要在“县（市、区）”一列写明所在县（市、区）。"
    return unit_fault(unit) or code_fault(unit.code, unit.tier, unit.line)


def _known_id(session: Session, own: Unit, one: ListedUnit) -> str | None:
    """The UID a unit of that name and code has from before."""
    c, i = t.unit.c, t.invitation.c
    enrolled = select(c.id).where(c.name == one.name, c.code == one.code, c.superior_id == own.id)
    invited = select(i.unit_id).where(i.name == one.name, i.code == one.code, i.unit_id != own.id)
    return session.execute(enrolled).scalar() or session.execute(invited.limit(1)).scalar()


def _known_fault(session: Session, own: Unit, unit: Unit, again: bool) -> str | None:
    c, i = t.unit.c, t.invitation.c
    same = (c.name == unit.name) | (c.code == unit.code)
    for row in session.execute(select(t.unit).where(same)):
        if row.id != unit.id:
            return f"名称或代码与已登记的“{row.name}”（{row.code}）相同，请核对。"
        if row.certificate is not None and not again:
            return "该单位已经入网，不再邀请。确需换发邀请函时，请选择“重新邀请”。"
    same = (i.name == unit.name) | (i.code == unit.code)
    for row in session.execute(select(t.invitation).where(same, i.state == OPEN, i.unit_id != own.id)):
        if row.unit_id != unit.id:
            return f"名称或代码与已邀请的“{row.name}”（{row.code}）相同，请核对。"
        if not again:
            return "该单位的邀请函已经发出，还没有使用。确需换发时，请选择“重新邀请”，原来的随即作废。"
    return None


# --- where each stands ------------------------------------------------------------------------------------


def enter(session: Session, invitation_id: str, unit: Unit, contact: str, secret: bytes, statement_id: str) -> None:
    """Note an invitation that was just made; earlier ones of the unit are void."""
    c = t.invitation.c
    earlier = (c.unit_id == unit.id, c.state.in_((OPEN, LOCKED)))
    session.execute(update(t.invitation).where(*earlier).values(state=REPLACED))
    row = {
        "id": invitation_id, "unit_id": unit.id, "name": unit.name, "code": unit.code, "tier": unit.tier.value,
        "line": unit.line.value, "city": unit.city, "county": unit.county, "contact": contact, "secret": secret,
        "state": OPEN, "tried": "", "made_at": now_text(), "used_at": None, "statement_id": statement_id,
    }  # fmt: skip
    session.execute(insert(t.invitation).values(**row))


def find(session: Session, invitation_id: str) -> Row[Any] | None:
    """An invitation by its id."""
    return session.execute(select(t.invitation).where(t.invitation.c.id == invitation_id)).first()


def own_invitation(session: Session) -> Row[Any] | None:
    """The invitation this unit was founded by, as long as it is open."""
    c = t.invitation.c
    query = select(t.invitation).where(c.unit_id == own_unit(session).id, c.state == OPEN)
    return session.execute(query).first()


def sent(session: Session) -> list[Row[Any]]:
    """Every invitation this unit has given, whatever its state."""
    c = t.invitation.c
    return list(session.execute(select(t.invitation).where(c.unit_id != own_unit(session).id)))


def mark_used(session: Session, invitation_id: str) -> None:
    """A code works once."""
    values = {"state": USED, "used_at": now_text()}
    session.execute(update(t.invitation).where(t.invitation.c.id == invitation_id).values(**values))


def note_wrong(session: Session, invitation_id: str, digest: str) -> int:
    """Count a request with a wrong code, each request once; how many there are. The tenth locks the invitation."""
    row = find(session, invitation_id)
    if row is None:
        return 0
    tried = list(dict.fromkeys([*row.tried.split(), digest]))
    state = LOCKED if row.state == OPEN and len(tried) >= MOST_WRONG else row.state
    values = {"tried": " ".join(tried[:MOST_WRONG]), "state": state}
    session.execute(update(t.invitation).where(t.invitation.c.id == invitation_id).values(**values))
    return len(tried)


def unit_of(row: Row[Any]) -> Unit:
    """The unit an invitation is for, as it was invited."""
    return Unit(row.unit_id, row.name, row.code, Tier(row.tier), Line(row.line), row.city, row.county)


def list_invitations(session: Session) -> list[InvitationInfo]:
    """Every invitation given, by code, the voided ones left out."""
    rows = sorted((row for row in sent(session) if row.state != REPLACED), key=lambda row: (row.code, row.made_at))
    return [
        InvitationInfo(unit_of(row), row.contact, row.state, row.made_at, row.used_at or "", len(row.tried.split()))
        for row in rows
    ]
