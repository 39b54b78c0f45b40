"""Settings of the store that are neither policy nor key: how soon the window locks, how files come and go."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.units import Actor
from models.store import audit
from models.store.tables import setting

IDLE_MINUTES = "window.idle_minutes"
USUAL_IDLE, LEAST_IDLE, MOST_IDLE = 15, 1, 120
MAILBOX: Final = "mail.mailbox_mb"
MAILBOX_SIZES: Final = (10, 20, 25, 50)
USUAL_MAILBOX: Final = 20
LEAST_MAILBOX, MOST_MAILBOX = 1, 300
WATCHED: Final = "transport.watched"
MOST_WATCHED: Final = 20
FORM_FILLER: Final = "forms.filler"
REFUSED: Final = "transport.refused"
MOST_REFUSED: Final = 400


def _read(session: Session, key: str) -> str | None:
    return session.scalar(select(setting.c.value).where(setting.c.key == key))


def _write(session: Session, actor: Actor, key: str, value: str, body: dict[str, Any]) -> None:
    statement = insert(setting).values(key=key, value=value)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": value}))
    audit.append(session, actor, "setting.set", f"setting:{key}", body)


def idle_minutes(session: Session) -> int:
    """After how many minutes without a key or the mouse the window locks."""
    stored = _read(session, IDLE_MINUTES)
    return int(stored) if stored and stored.isdigit() else USUAL_IDLE


def set_idle_minutes(session: Session, actor: Actor, minutes: int) -> None:
    """Set it for everyone who uses this store; raises UserError outside 1 to 120."""
    if not LEAST_IDLE <= minutes <= MOST_IDLE:
        raise UserError(f"自动锁定的时间须在 {LEAST_IDLE} 到 {MOST_IDLE} 分钟之间。")
    _write(session, actor, IDLE_MINUTES, str(minutes), {"minutes": minutes})


def mailbox_megabytes(session: Session) -> int:
    """How large a mail may be that the other side's mailbox takes, in MB."""
    stored = _read(session, MAILBOX)
    return int(stored) if stored and stored.isdigit() else USUAL_MAILBOX


def set_mailbox_megabytes(session: Session, actor: Actor, megabytes: int) -> None:
    """Remember it for the next time; raises UserError outside 1 to 300."""
    if not LEAST_MAILBOX <= megabytes <= MOST_MAILBOX:
        raise UserError(f"邮箱的附件上限须在 {LEAST_MAILBOX} 到 {MOST_MAILBOX} MB 之间。")
    if megabytes != mailbox_megabytes(session):
        _write(session, actor, MAILBOX, str(megabytes), {"megabytes": megabytes})


def watched_folders(session: Session) -> list[Path]:
    """Folders that are looked through for files for this unit."""
    return [Path(one) for one in json.loads(_read(session, WATCHED) or "[]")]


def watch_folder(session: Session, actor: Actor, folder: Path) -> None:
    """Look through a folder from now on; raises UserError when it is not absolute or there are too many.

    Whether it is there is not asked here: a share may be away, and asking may take long.
    """
    held = watched_folders(session)
    if not folder.is_absolute():
        raise UserError(f"请写出收件文件夹的完整路径，不能是“{folder}”。")
    if folder in held:
        return
    if len(held) >= MOST_WATCHED:
        raise UserError(f"收件文件夹最多 {MOST_WATCHED} 个。请先移除不用的，再添加。")
    _write_watched(session, actor, [*held, folder])


def unwatch_folder(session: Session, actor: Actor, folder: Path) -> None:
    """Leave a folder alone again; raises UserError when it is not looked through."""
    held = watched_folders(session)
    if folder not in held:
        raise UserError(f"“{folder}”不是收件文件夹，请核对路径。")
    _write_watched(session, actor, [one for one in held if one != folder])


def _write_watched(session: Session, actor: Actor, folders: Sequence[Path]) -> None:
    _write(session, actor, WATCHED, json.dumps([str(one) for one in folders]), {"folders": len(folders)})


def form_filler(session: Session) -> dict[str, str]:
    """Who filled in the last form: name, phone."""
    return dict(json.loads(_read(session, FORM_FILLER) or "{}"))


def remember_form_filler(session: Session, actor: Actor, filler: Mapping[str, str]) -> None:
    """Offer the same the next time."""
    if dict(filler) != form_filler(session):
        _write(session, actor, FORM_FILLER, json.dumps(dict(filler), ensure_ascii=False), {"fields": sorted(filler)})


def refused_files(session: Session) -> dict[str, str]:
    """Files refused lately: SHA-256 (hex) of the head -> SHA-256 (hex) of the whole file."""
    return dict(json.loads(_read(session, REFUSED) or "[]"))


def remember_refused(session: Session, actor: Actor, head: str, whole: str) -> None:
    """Do not offer this very file again; the oldest are forgotten beyond 400."""
    held = {key: value for key, value in refused_files(session).items() if key != head}
    kept = [*held.items(), (head, whole)][-MOST_REFUSED:]
    _write(session, actor, REFUSED, json.dumps(kept), {"file": whole})
