"""Accounts as OneRoster 1.2: all of them (bulk), or what has changed since a day (delta)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.progress import SILENT, Progress
from models.domain.units import Actor, Line, Tier, Unit
from models.exchange.placing import put_new
from models.exchange.platform.oneroster import ACTIVE as LIVE
from models.exchange.platform.oneroster import TO_BE_DELETED, Mode, Profile, oneroster_zip
from models.rules.readings import split_name
from models.services.platform_accounts import Rows, account_rows, first_moment, refuse_mass
from models.services.platform_plan import LeftOut
from models.services.platform_result import Result
from models.services.platform_state import ACTIVE, GONE, ONEROSTER, SUSPENDED, Told, keep, told
from models.services.roster_edit import require_editor
from models.services.units import ancestors, find_unit
from models.store.clock import now_text

SYSTEM: Final = "Rollbook"
_ORG_TYPES: Final = {
    (Line.OPEN, Tier.PROVINCE): "state",
    (Line.OPEN, Tier.CITY): "district",
    (Line.OPEN, Tier.COUNTY): "school",
    (Line.BASIC, Tier.PROVINCE): "state",
    (Line.BASIC, Tier.CITY): "district",
    (Line.BASIC, Tier.COUNTY): "local",
}
"""Every other unit is a school; a 县校 of the open line teaches itself (A1)."""
_CHANGES: Final = {SUSPENDED: "suspend", ACTIVE: "resume", GONE: "gone"}


@dataclass(frozen=True)
class _News:
    """What a file tells: rows of accounts, accounts to be deleted, and each as the platform knows it afterwards."""

    shown: Rows
    gone: Mapping[str, Told]
    after: Mapping[str, Told]
    left_out: tuple[LeftOut, ...]


def export_oneroster(
    session: Session,
    actor: Actor,
    path: Path,
    delta_since: str | None = None,
    progress: Progress = SILENT,
    confirm_mass: bool = False,
    below: bool = False,
    profile: Profile | None = None,
) -> Result:
    """Write the accounts as a OneRoster zip to `path` and remember what it tells; no file when there is nothing.

    `delta_since`: only what changed on that day (YYYY-MM-DD) or later, or was not told yet. Accounts in use are told,
    and disabled ones (`enabledUser` false) only when the platform has them; those the register has no more are to be
    deleted. `below`: accounts of the units below too.
    Raises MassChangeError, UserError for a day that is none or to come, a file that is there already or no .zip,
    NotAllowedError.
    """
    require_editor(actor, ACCOUNTS, "导出平台文件")
    if path.suffix.lower() != ".zip":
        raise UserError(f"OneRoster 文件是 zip 压缩包，请把文件名“{path.name}”改为以 .zip 结尾。")
    before, start = told(session, ONEROSTER), first_moment(delta_since)
    news = _news(account_rows(session, actor, below), before, start, None if below else actor.unit.id)
    counts = _counts(news.after, before)
    refuse_mass(before, actor, below, counts["suspend"] + counts["gone"], counts["rename"], confirm_mass)
    if not news.after:
        return Result(left_out=news.left_out)
    progress.report(0, None, "生成平台文件")
    mode = Mode.DELTA if delta_since else Mode.BULK
    content = oneroster_zip(_tables(session, actor, news, mode), mode, SYSTEM, actor.unit.code, profile)
    changed = {key: one for key, one in news.after.items() if before.get(key) != one}
    counts |= {} if delta_since else {"whole": len(news.shown)}
    made = keep(session, actor, ONEROSTER, changed, counts)
    put_new({path: content})
    return Result(made.id, made.number, (path,), counts, news.left_out)


def _news(rows: Rows, before: Mapping[str, Told], start: str, unit_id: str | None) -> _News:
    """`start`: first moment of a delta, "" for a bulk file; `unit_id`: whose accounts, None for everybody's."""
    shown, left_out = {}, []
    for key, row in rows.items():
        last = before.get(key)
        known = last is not None and last.status != GONE
        changed = (
            last is None or row.updated_at >= start or (last.username, last.status) != (row.username, _status(row))
        )
        if row.status == "pending" or not changed or not (known or row.status == "active"):
            continue
        if row.username and all(split_name(row.name)):
            shown[key] = row
        else:
            left_out.append(LeftOut(key, row.name, "没有用户名，或姓名不全：平台要求姓和名都有"))
    gone = {
        key: Told(one.unit_id, one.username, GONE)
        for key, one in before.items()
        if one.status != GONE and key not in rows and unit_id in (None, one.unit_id)
    }
    after = {key: Told(row.unit_id, row.username, _status(row)) for key, row in shown.items()}
    return _News(shown, gone, after | gone, tuple(left_out))


def _status(row: Row[Any]) -> str:
    return ACTIVE if row.status == "active" else SUSPENDED


def _counts(after: Mapping[str, Told], before: Mapping[str, Told]) -> dict[str, int]:
    """How many are new, renamed, put out of use and back, and gone, by what was told before."""
    found = dict.fromkeys(("add", "rename", "suspend", "resume", "gone"), 0)
    for key, one in after.items():
        last = before.get(key)
        if last is None or last.status == GONE:
            found["add"] += one.status != GONE
            continue
        found["rename"] += last.username != one.username
        if last.status != one.status:
            found[_CHANGES[one.status]] += 1
    return found


# --- tables ---------------------------------------------------------------------------------------------------


def _tables(session: Session, actor: Actor, news: _News, mode: Mode) -> dict[str, list[dict[str, str]]]:
    now = now_text()

    def dated(row: dict[str, str], at: str, status: str = LIVE) -> dict[str, str]:
        stamp = {"status": status, "dateLastModified": f"{at.removesuffix('Z')}.000Z"}
        return row | stamp if mode is Mode.DELTA else row

    orgs = [dated(one, now) for one in _orgs(session, actor, (one.unit_id for one in news.after.values()))]
    users = [dated(_user(row), row.updated_at) for row in news.shown.values()]
    roles = [dated(_role(key, row.unit_id), row.updated_at) for key, row in news.shown.items()]
    if mode is Mode.DELTA:  # in a bulk file they are told by not being there
        users += [dated(_gone_user(key, one), now, TO_BE_DELETED) for key, one in news.gone.items()]
        roles += [dated(_role(key, one.unit_id), now, TO_BE_DELETED) for key, one in news.gone.items()]
    return {"orgs": orgs, "users": users, "roles": roles}


def _orgs(session: Session, actor: Actor, unit_ids: Iterable[str]) -> list[dict[str, str]]:
    """The units of the accounts and all above them, so that every parent is in the file."""
    units: dict[str, tuple[Unit, str]] = {}
    for unit_id in dict.fromkeys((actor.unit.id, *unit_ids)):
        unit = find_unit(session, unit_id)
        chain = [*([unit] if unit else []), *ancestors(session, unit_id)]
        for place, one in enumerate(chain):
            units.setdefault(one.id, (one, chain[place + 1].id if place + 1 < len(chain) else ""))
    return [
        {
            "sourcedId": unit.id,
            "name": unit.name,
            "type": _ORG_TYPES.get((unit.line, unit.tier), "school"),
            "identifier": unit.code,
            "parentSourcedId": parent,
        }
        for unit, parent in reversed(units.values())
    ]


def _user(row: Row[Any]) -> dict[str, str]:
    lastname, firstname = split_name(row.name)
    return {
        "sourcedId": row.id,
        "enabledUser": "true" if row.status == "active" else "false",
        "username": row.username,
        "givenName": firstname,
        "familyName": lastname,
        "email": row.email,
        "phone": row.office_phone,
        "primaryOrgSourcedId": row.unit_id,
    }


def _gone_user(account_id: str, one: Told) -> dict[str, str]:
    """The name is not known any more; the format wants one all the same."""
    return {
        "sourcedId": account_id,
        "enabledUser": "false",
        "username": one.username,
        "givenName": one.username,
        "familyName": one.username,
        "primaryOrgSourcedId": one.unit_id,
    }


def _role(account_id: str, unit_id: str) -> dict[str, str]:
    return {
        "sourcedId": f"{account_id}.teacher",
        "userSourcedId": account_id,
        "roleType": "primary",
        "role": "teacher",
        "orgSourcedId": unit_id,
    }
