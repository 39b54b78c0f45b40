"""Settings of the store that are neither policy nor key: how soon the window locks."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.units import Actor
from models.store import audit
from models.store.tables import setting

IDLE_MINUTES = "window.idle_minutes"
USUAL_IDLE, LEAST_IDLE, MOST_IDLE = 15, 1, 120


def idle_minutes(session: Session) -> int:
    """After how many minutes without a key or the mouse the window locks."""
    stored = session.scalar(select(setting.c.value).where(setting.c.key == IDLE_MINUTES))
    return int(stored) if stored and stored.isdigit() else USUAL_IDLE


def set_idle_minutes(session: Session, actor: Actor, minutes: int) -> None:
    """Set it for everyone who uses this store; raises UserError outside 1 to 120."""
    if not LEAST_IDLE <= minutes <= MOST_IDLE:
        raise UserError(f"自动锁定的时间须在 {LEAST_IDLE} 到 {MOST_IDLE} 分钟之间。")
    statement = insert(setting).values(key=IDLE_MINUTES, value=str(minutes))
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": str(minutes)}))
    audit.append(session, actor, "setting.set", f"setting:{IDLE_MINUTES}", {"minutes": minutes})
