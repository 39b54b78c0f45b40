"""What the learning platform has been told of each account, export by export; the last one can be taken back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.domain.units import Actor
from models.services.roster_edit import require_editor
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

MOODLE: Final = "moodle"
ONEROSTER: Final = "oneroster"
PLATFORM_LABELS: Final[Mapping[str, str]] = {MOODLE: "Moodle 上传文件", ONEROSTER: "OneRoster 文件"}
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
GONE: Final = "gone"
"""Status of an account as the platform was told; gone is one to be deleted there."""


@dataclass(frozen=True, slots=True)
class Told:
    """An account as the platform knows it."""

    unit_id: str
    username: str
    status: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export: its number in this store, and how many accounts it told what of."""

    id: str
    number: int
    platform: str
    made_at: str
    made_by: str
    counts: Mapping[str, int]
    taken_back: bool


def told(session: Session, platform: str) -> dict[str, Told]:
    """Account id -> as `platform` knows it after every export that was not taken back."""
    e, one = t.platform_export.c, t.platform_exported.c
    query = (
        select(one.account_id, one.unit_id, one.username, one.status)
        .join(t.platform_export, e.id == one.export_id)
        .where(e.platform == platform, e.state == "made")
        .order_by(e.number)
    )
    return {account_id: Told(*rest) for account_id, *rest in session.execute(query)}


def keep(session: Session, actor: Actor, platform: str, news: Mapping[str, Told], counts: Mapping[str, int]) -> Export:
    """Remember what an export tells the platform, with its audit entry. No password ever comes here."""
    number = (session.scalar(select(func.max(t.platform_export.c.number))) or 0) + 1
    made = Export(new_id(), number, platform, now_text(), actor.name, dict(counts), False)
    values = {"id": made.id, "number": number, "platform": platform, "made_at": made.made_at, "made_by": made.made_by}
    session.execute(insert(t.platform_export).values(**values, counts=json.dumps(made.counts), state="made"))
    rows = [
        {
            "export_id": made.id,
            "account_id": key,
            "unit_id": one.unit_id,
            "username": one.username,
            "status": one.status,
        }
        for key, one in news.items()
    ]
    if rows:
        session.execute(insert(t.platform_exported), rows)
    audit.append(session, actor, "platform.export", f"platform:{platform}", {"number": number, **made.counts})
    return made


def list_exports(session: Session, platform: str | None = None) -> list[Export]:
    """The exports made here, newest first."""
    e = t.platform_export.c
    query = select(t.platform_export).order_by(e.number.desc())
    if platform:
        query = query.where(e.platform == platform)
    return [
        Export(row.id, row.number, row.platform, row.made_at, row.made_by, json.loads(row.counts), row.state != "made")
        for row in session.execute(query)
    ]


def take_back(session: Session, actor: Actor, platform: str) -> Export:
    """Take back the last export, whose files were not handed over: the next one tells it all again.

    Raises UserError when there is none, NotAllowedError.
    """
    require_editor(actor, ACCOUNTS, "撤销平台导出")
    last = next((one for one in list_exports(session, platform) if not one.taken_back), None)
    if last is None:
        raise UserError(f"没有可以撤销的{PLATFORM_LABELS.get(platform, platform)}导出。")
    session.execute(update(t.platform_export).where(t.platform_export.c.id == last.id).values(state="taken_back"))
    audit.append(session, actor, "platform.take_back", f"platform:{platform}", {"number": last.number})
    return last


def mark_known(session: Session, actor: Actor, platform: str, there: Mapping[str, bool]) -> Export | None:
    """Note accounts of this unit, and of units below, that the platform has already ({user name: suspended}), so that
    no export adds them again; None when none of them was news. Raises NotAllowedError."""
    require_editor(actor, ACCOUNTS, "登记平台已有账户")
    known, c = told(session, platform), t.account.c
    suspended = {username.lower(): off for username, off in there.items()}
    news = {
        row.id: Told(row.unit_id, row.username, SUSPENDED if suspended[row.username] else ACTIVE)
        for row in session.execute(select(c.id, c.unit_id, c.username).where(c.status != "pending"))
        if row.username in suspended and row.id not in known
    }
    return keep(session, actor, platform, news, {"known": len(news)}) if news else None


def first_usernames(session: Session, account_ids: Iterable[str]) -> dict[str, str]:
    """Account id -> its user name before the first rename that took effect here, for those that were renamed."""
    wanted, c = set(account_ids), t.change.c
    query = (
        select(c.subject_id, c.before)
        .where(c.kind == "account.rename", c.state == "effective")
        .order_by(c.updated_at.desc())
    )
    found: dict[str, str] = {}
    for subject_id, before in session.execute(query):
        if subject_id in wanted and (username := json.loads(before).get("username")):
            found[subject_id] = username
    return found
