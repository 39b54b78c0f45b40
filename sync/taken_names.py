"""Messages `names.taken`: with every delivery a unit below learns which user names others hold (A17 h)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.domain.units import Actor, Line, Unit
from models.services import name_offers, taken_names
from models.services.units import enrolled_below, own_unit
from sync.messages.message import Message
from sync.messages.post import post


def tell(session: Session, actor: Actor | None, neighbour_id: str | None = None) -> None:
    """Post what the units directly below (or only the neighbour) do not know yet; called before anything is sealed."""
    if own_unit(session).line is not Line.OPEN:
        return
    name_offers.drop_used(session)
    for unit in enrolled_below(session):
        if neighbour_id in (None, unit.id):
            _tell_one(session, actor, unit)


def _tell_one(session: Session, actor: Actor | None, unit: Unit) -> None:
    news = taken_names.news_for(session, unit)
    if not news:
        return
    taken_names.note_told(session, actor, unit, news)
    for body in taken_names.bodies(news):
        title = f"已占用的用户名：新增 {len(body['taken'])} 个，释放 {len(body['freed'])} 个"
        title += f"；留给本单位的 {len(body['offered'])} 个" if body["offered"] else ""
        post(session, actor, "names.taken", unit.id, body, title=title)


def take(session: Session, actor: Actor, message: Message) -> str:
    """Handler: keep the names the superior tells. Raises FileRefusedError."""
    news = taken_names.take(session, actor, message.origin_id, message.body)
    words = f"记下其他单位已占用的用户名 {len(news.taken)} 个、释放 {len(news.freed)} 个"
    return f"{words}，留给本单位重名账户的 {len(news.offered)} 个" if news.offered else words
