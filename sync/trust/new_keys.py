"""New keys for a unit whose keys were lost or stolen, or are to be replaced (decisions 5, 8).

The old opening keys stay, so that what is on its way still opens. The unit then asks its superior again; a bureau's
units below learn of the new issuing key from there, through the tiers above, and get new certificates with receipts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.units import Actor, Role, Tier, Unit
from models.services.units import own_unit
from models.store import audit, clock
from models.store import tables as t
from sync.trust import revocation
from sync.trust.certificates import ISSUING, OPENING, PERSON, SIGNING, parse
from sync.trust.identity import add_key, ensure

if TYPE_CHECKING:
    from models.store.store import Store

_STOLEN = "密钥遗失或被盗，已更换"


def new_keys(store: Store, passphrase: str, stolen_since: str = "") -> int:
    """Make new signing and opening keys, for a bureau an issuing key too; the number of the generation.

    `stolen_since`: UTC text from when on somebody else may have had the old ones, "" when they are only replaced. The
    superior revokes them for all others (`revocation.revoke`). The administrator logged in confirms with the
    passphrase. Raises NotAllowedError, UserError, WrongSecretError.
    """
    if not store.actor.has(Role.ADMINISTRATOR):
        raise NotAllowedError("更换单位密钥须由系统管理员登录后办理。")
    store.signer(passphrase)
    return store.write(_new_keys, store.actor, stolen_since)


def _new_keys(session: Session, actor: Actor, stolen_since: str) -> int:
    own = ensure(session)
    if stolen_since > clock.now(session):
        raise UserError("密钥遗失或被盗的时间不能晚于现在，请核对日期。")
    for purpose in (SIGNING, OPENING, *((ISSUING,) if own.tier is not Tier.SCHOOL else ())):
        add_key(session, purpose)
    if stolen_since:
        _revoke_old(session, own, stolen_since)
    ensure(session)
    number = session.execute(select(func.max(t.unit_key.c.generation)).where(t.unit_key.c.purpose == SIGNING)).scalar()
    facts = {"generation": number, "stolen_since": stolen_since}
    audit.append(session, actor, "unit.new_keys", f"unit:{own_unit(session).id}", facts)
    return int(number or 0)


def _revoke_old(session: Session, own: Unit, since: str) -> None:
    """What this unit issued to itself under the old keys does not count here from `since` on."""
    c = t.certificate.c
    mine = select(c.der).where(c.unit_id == own.id, c.issuer_id == own.id, c.purpose != PERSON)
    keys = [revocation.entry_of(parse(der), since, _STOLEN) for der in session.execute(mine).scalars()]
    revocation.enter(session, own.id, keys)
