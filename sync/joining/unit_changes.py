"""A unit's own administrator renames it; its superior certifies the new name with the next request (decision 5)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from models.domain.units import Actor, Tier, Unit
from models.services import unit_changes as services
from models.services.companions import require_main
from sync.trust import authority
from sync.trust.identity import ensure, superior_of

if TYPE_CHECKING:
    from models.store.store import Store


def rename(store: Store, passphrase: str, name: str, code: str, since: str, reason: str) -> Unit:
    """Give this unit a new name or code ("" for the present one) from `since` (UTC text) on; the unit as it is now.

    What was signed before keeps the name of then. The administrator logged in confirms with the passphrase. Raises
    NotAllowedError, UserError, WrongSecretError.
    """
    store.signer(passphrase)
    made = store.write(_rename, store.actor, name, code, since, reason)
    store.actor = replace(store.actor, unit=made)
    return made


def _rename(session: Session, actor: Actor, name: str, code: str, since: str, reason: str) -> Unit:
    require_main(session, "单位更名")
    made = services.rename(session, actor, name, code, since, reason)
    if made.tier is not Tier.SCHOOL:
        ensure(session)
        if superior_of(session) is None:  # otherwise those below learn of it once the superior has certified it
            authority.tell_below(session, actor)
    return made
