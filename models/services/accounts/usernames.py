"""User names by the rule, free here and elsewhere (A17)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.rules.about_accounts import row_prefix
from models.rules.checks import Context
from models.rules.naming import Proposal, propose_all, resolve_collisions
from models.services.checking import check_context
from models.services.policies import effective
from models.services.taken_names import elsewhere
from models.services.units import own_unit
from models.store import tables as t


def taken_usernames(session: Session) -> set[str]:
    """Every user name of this unit, also of disabled accounts: a name is never given twice."""
    c = t.account.c
    return set(session.execute(select(c.username).where(c.unit_id == own_unit(session).id)).scalars())


def record_prefix(record: Mapping[str, str], context: Context) -> str:
    """The prefix by the record's 市校 and 县校, else the unit's; empty when the places are not known (A17)."""
    try:
        return row_prefix(record.get("city", ""), record.get("county", ""), context)
    except UserError:
        return ""


def propose_for(
    records: Sequence[Mapping[str, str]],
    context: Context,
    taken: set[str],
    collision: str,
    elsewhere: Container[str] = (),
) -> list[Proposal]:
    """User names for records in their order, unique among themselves, against `taken` and against those other units
    hold (`elsewhere`, A17 h); without a store too.

    A record whose place is not known gets a proposal with its problem said and no user name.
    """
    prefixes = [record_prefix(record, context) for record in records]
    found: dict[int, Proposal] = {}
    for prefix in dict.fromkeys(prefixes):
        places = [place for place, own in enumerate(prefixes) if own == prefix]
        names = [records[place].get("name", "") for place in places]
        if prefix:
            proposals = propose_all(names, prefix, context.ue)
        else:
            problem = "不知道所在市校、县校，无法确定用户名前缀，请补填市校、县校"
            proposals = [Proposal(name, None, (), False, problem) for name in names]
        found |= dict(zip(places, proposals, strict=True))
    return resolve_collisions([found[place] for place in range(len(records))], taken, collision, (), elsewhere)


def propose_usernames(
    session: Session, records: Sequence[Mapping[str, str]], given: Iterable[str] = ()
) -> list[Proposal]:
    """User names by the rule and the policy in force, against the names of this unit, of others (A17) and `given`."""
    taken = taken_usernames(session).union(given)
    return propose_for(records, check_context(session), taken, effective(session).collision, elsewhere(session))


def candidates_for(session: Session, record: Mapping[str, str], own: str = "") -> Proposal:
    """What the rule allows for one record, only names that are free; `own` is the user name the account has now."""
    taken, others = taken_usernames(session) - {own}, elsewhere(session)
    proposal = propose_for([record], check_context(session), taken, effective(session).collision, others)[0]
    return proposal._replace(candidates=tuple(one for one in proposal.candidates if one not in taken | others))


def refuse_taken(session: Session, username: str) -> None:
    """Refuse a user name that somebody has. Raises UserError that says where (A17 h)."""
    if username in taken_usernames(session):
        raise UserError(f"用户名 {username} 已被使用，请换一个。")
    if username in elsewhere(session):
        raise UserError(f"用户名 {username} 已被其他单位使用，请换一个。")
