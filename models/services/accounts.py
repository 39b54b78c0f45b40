"""Accounts of the learning platform: add, disable, enable, and user names by the rule (A8, A16, A17)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.domain.errors import DataFaultError, UserError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.domain.orders import ItemState
from models.domain.units import Actor
from models.rules.about_accounts import row_prefix
from models.rules.checks import Context
from models.rules.naming import Proposal, pinyin_keys, propose_all, resolve_collisions
from models.services.checking import check_context, errors_of, normalised, raise_faults
from models.services.permissions import require_own
from models.services.policies import effective
from models.services.records import KEYS_OF, get, write_values
from models.services.roster_edit import require_editor
from models.services.taken_names import elsewhere
from models.services.units import own_unit
from models.store import audit, bulk
from models.store import tables as t
from models.store.clock import now_text


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


def propose_usernames(session: Session, records: Sequence[Mapping[str, str]]) -> list[Proposal]:
    """User names by the rule and the policy in force, against the names of this unit and of others (A17)."""
    collision = effective(session).collision
    return propose_for(records, check_context(session), taken_usernames(session), collision, elsewhere(session))


def refuse_taken(session: Session, username: str) -> None:
    """Refuse a user name that somebody has. Raises UserError that says where (A17 h)."""
    if username in taken_usernames(session):
        raise UserError(f"用户名 {username} 已被使用，请换一个。")
    if username in elsewhere(session):
        raise UserError(f"用户名 {username} 已被其他单位使用，请换一个。")


def add(session: Session, actor: Actor, values: Mapping[str, str]) -> str:
    """Add an account; its id. Without a user name the one proposed by the rule is taken.

    Raises DataFaultError for faults in the values, UserError when the user name is taken (A16, A17).
    """
    require_editor(actor, ACCOUNTS, "新增账户")
    record = dict.fromkeys(KEYS_OF[ACCOUNTS], "") | normalised(ACCOUNTS, values)
    if not record["username"]:
        proposal = propose_usernames(session, [record])[0]
        if proposal.username is None:
            raise DataFaultError(f"{record['name']}：{proposal.problem or '无法按规则生成用户名，请手工填写'}。")
        record["username"] = proposal.username
    else:
        refuse_taken(session, record["username"])
    raise_faults(errors_of(ACCOUNTS, record, check_context(session)))
    account_id = new_id()
    row: dict[str, str | int] = {
        "id": account_id,
        "unit_id": actor.unit.id,
        "status": "active",
        "revision": 1,
        "updated_at": now_text(),
        "updated_by": actor.name,
        **record,
    }
    bulk.insert_accounts(session, [row], pinyin_keys)
    audit.append(
        session,
        actor,
        "account.add",
        f"{ACCOUNTS}:{account_id}",
        {"after": {key: value for key, value in record.items() if value}},
    )
    return account_id


def disable(session: Session, actor: Actor, account_id: str, reason: str) -> None:
    """Disable an account; the reason is compulsory (A9-A12)."""
    if not reason.strip():
        raise UserError("禁用账户须写明原因（如调离、用户名不规范、未实名、未备案）。")
    _set_status(session, actor, account_id, "disabled", reason.strip())


def enable(session: Session, actor: Actor, account_id: str, reason: str) -> None:
    """Put a disabled account back into use; one disabled by order of a tier above only with a reason (A9, A10)."""
    i = t.disable_order_item.c
    ordered = select(i.order_id).where(i.account_id == account_id, i.state == ItemState.DONE.value).limit(1)
    if not reason.strip() and session.execute(ordered).first() is not None:
        raise UserError("该账户是按上级的停用通知单禁用的，恢复须写明原因，并应先征得下达单位同意。")
    _set_status(session, actor, account_id, "active", reason.strip())


def _set_status(session: Session, actor: Actor, account_id: str, status: str, reason: str) -> None:
    act, words = ("account.disable", "禁用账户") if status == "disabled" else ("account.enable", "恢复账户")
    require_editor(actor, ACCOUNTS, words)
    row = get(session, ACCOUNTS, account_id)
    require_own(actor, row.unit_id, words)
    if row.status == status:
        raise UserError(f"{row.values['name']} 的账户已经是{'禁用' if status == 'disabled' else '正常'}状态。")
    write_values(session, actor.name, ACCOUNTS, row, {})
    session.execute(update(t.account).where(t.account.c.id == account_id).values(status=status))
    audit.append(session, actor, act, f"{ACCOUNTS}:{account_id}", {"reason": reason})
