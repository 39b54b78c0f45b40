"""Free user names a superior keeps for accounts of a unit below whose name somebody else holds (A17 b, h).

Two schools that both choose the next number offline would only meet again. So the unit that returns a filing for its
user names says which ones are free, by the policy's way with equal names, and gives them to nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, literal_column, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.states import Verdict
from models.domain.units import Unit
from models.rules.naming import Proposal, is_username, resolve_collisions
from models.services.change_log import in_chunks
from models.services.policies import effective
from models.services.units import own_unit
from models.store import tables as t
from models.store.clock import now_text

_DIGITS: Final = "0123456789"
_LONGEST_BARE: Final = 80
"""Letters of a name for which another one is sought; the file of the platform takes 100."""


def kept_for(session: Session, unit_id: str) -> dict[str, str]:
    """Names offered to a unit (of the own unit: offered from above): account id -> user name."""
    c = t.offered_name.c
    return dict(session.execute(select(c.account_id, c.username).where(c.unit_id == unit_id)).tuples().all())


def kept_for_others(session: Session, inside: Iterable[str]) -> set[str]:
    """Names kept for units other than those `inside`."""
    c = t.offered_name.c
    return set(session.execute(select(c.username).where(c.unit_id.not_in(list(inside)))).scalars())


def new_offers(session: Session, unit: Unit) -> dict[str, str]:
    """Names to be offered to a unit directly below whose filing was returned; who has an offer that is still free gets
    no other one."""
    style = effective(session).collision
    rows, kept = list(_returned(session, unit.id)), kept_for(session, unit.id)
    if not rows or style not in ("number2", "number01"):
        return {}
    names = [row["values"]["username"] for row in rows]
    held = _held_elsewhere(session, unit.id, [*names, *kept.values()]) | _filed_before(session, unit.id)
    wanted = [row for row in rows if row["values"]["username"] in held and kept.get(row["id"], "") in held | {""}]
    if not wanted:
        return {}
    known = _every_name(session).union(names)
    bare = [row["values"]["username"].rstrip(_DIGITS) for row in wanted]
    proposals = [Proposal("", name, (name,), False, None) for name in bare]
    found = zip(wanted, resolve_collisions(proposals, known, style), strict=True)
    return {row["id"]: proposal.username for row, proposal in found if proposal.username}


def _returned(session: Session, unit_id: str) -> Iterator[Mapping[str, Any]]:
    """Accounts in use of the unit's latest filing, when it was returned."""
    i, r, p = t.received_item.c, t.received_row.c, t.package.c
    filings = select(i.id, i.state, i.receipt_id).join(t.package, p.id == i.package_id)
    filings = filings.where(i.unit_id == unit_id, i.kind == ACCOUNT_FILING.key)
    row = session.execute(filings.order_by(p.epoch.desc(), p.sequence.desc()).limit(1)).first()
    if row is None or row.state != Verdict.RETURN.value or row.receipt_id is None:
        return
    for body in session.execute(select(r.body).where(r.item_id == row.id).order_by(r.position)).scalars():
        entry = json.loads(body)
        username = entry["values"].get("username", "").rstrip(_DIGITS)
        if entry["act"] != "disabled" and is_username(username) and len(username) <= _LONGEST_BARE:
            yield entry


def _held_elsewhere(session: Session, unit_id: str, names: list[str]) -> set[str]:
    a, n, own = t.account.c, t.taken_name.c, own_unit(session).id
    found: set[str] = set()
    for part in in_chunks(names):
        held = select(a.username).where(a.username.in_(part), a.unit_id != unit_id)
        told = select(n.username).where(n.username.in_(part), n.unit_id == own)
        found |= set(session.execute(held.union(told)).scalars())
    return found | (set(names) & kept_for_others(session, [unit_id]))


def _filed_before(session: Session, unit_id: str) -> set[str]:
    """Names in filings of other units that came before this unit's and went back too, or wait: the first has them."""
    i, r = t.received_item.c, t.received_row.c
    place: ColumnElement[int] = literal_column("received_item.rowid")
    filings = select(i.unit_id, func.max(place).label("place")).where(i.kind == ACCOUNT_FILING.key).group_by(i.unit_id)
    latest = filings.subquery()
    mine = select(latest.c.place).where(latest.c.unit_id == unit_id).scalar_subquery()
    query = select(func.json_extract(r.body, "$.values.username")).join(t.received_item, i.id == r.item_id)
    query = query.join(latest, latest.c.place == place).where(i.unit_id != unit_id, place < mine)
    return {name for name in session.execute(query).scalars() if name}


def _every_name(session: Session) -> set[str]:
    """Every name known here, those of filings that are under review or went back among them."""
    a, n, o = t.account.c, t.taken_name.c, t.offered_name.c
    told = func.json_extract(t.received_row.c.body, "$.values.username")
    queries = select(n.username), select(o.username), select(told).where(told.is_not(None))
    return set(session.execute(select(a.username).union(*queries)).scalars())


def keep(session: Session, unit_id: str, offers: Mapping[str, str]) -> None:
    """Keep names for accounts of a unit; a later offer to an account takes the place of an earlier one."""
    c = t.offered_name.c
    for account_id, username in offers.items():
        session.execute(delete(t.offered_name).where(c.account_id == account_id, c.unit_id == unit_id))
        row = {"username": username, "unit_id": unit_id, "account_id": account_id, "told_at": now_text()}
        session.execute(upsert(t.offered_name).values(**row).on_conflict_do_nothing())


def drop_used(session: Session) -> None:
    """An offer ends when its account is known here under a name nobody else has."""
    a, c = t.account.c, t.offered_name.c
    known = select(a.id).where(a.id == c.account_id, a.filed_revision > 0, func.length(a.username) > 0)
    session.execute(delete(t.offered_name).where(c.unit_id != own_unit(session).id, known.exists()))
