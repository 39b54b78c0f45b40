"""Messages `registers.told`: with every delivery the units above learn who is named and has an account (A5, A7)."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from models.domain.units import Actor
from models.services import registers
from models.services.units import ancestors, own_unit
from sync.messages.message import Message, portions
from sync.messages.post import post

KIND: Final = "registers.told"


def tell(session: Session, actor: Actor) -> None:
    """Post what the units above do not know yet; called before anything is sealed."""
    above = ancestors(session, own_unit(session).id)
    entries = registers.news(session) if above else None
    if entries is None:
        return
    for unit in above:
        for place, part in enumerate(portions(entries) if entries else [[]]):
            body = {"entries": part, "goes_on": place > 0}
            post(session, actor, KIND, unit.id, body, title=f"专人和质量监控账户登记（{len(part)} 项）")
    registers.note_told(session, entries)


def take(session: Session, actor: Actor, message: Message) -> str:
    """Handler at the tiers above. Raises as registers.take."""
    return registers.take(session, actor, message.origin_id, message.at, message.body)
