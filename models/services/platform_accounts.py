"""The accounts that platform files are about, and when so many change that a person has to confirm it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.mass_change import MASS_COUNT, MASS_SHARE, is_mass_change
from models.domain.times import now_text, start_of_day
from models.domain.units import Actor
from models.services.import_apply import MassChangeError
from models.services.platform_plan import Known
from models.services.platform_state import ACTIVE, Told
from models.store import tables as t

Rows = Mapping[str, Row[Any]]
"""Account id -> its row."""


def account_rows(session: Session, actor: Actor, below: bool) -> dict[str, Row[Any]]:
    """The unit's own accounts, or also those of the units below, by name."""
    c = t.account.c
    query = select(t.account).order_by(c.name_order, c.id)
    return {row.id: row for row in session.execute(query if below else query.where(c.unit_id == actor.unit.id))}


def known_accounts(rows: Rows) -> dict[str, Known]:
    """The rows as plans compare them."""
    return {
        key: Known(
            key, row.unit_id, row.status, row.username, row.name, row.email, row.updated_at, row.origin == "listed"
        )
        for key, row in rows.items()
    }


def first_moment(since: str | None) -> str:
    """When a day YYYY-MM-DD begins, as UTC text; "" without one. Raises UserError, also for a day to come."""
    try:
        start = start_of_day(since) if since else ""
    except ValueError:
        raise UserError(f"日期“{since}”不对，请写成 YYYY-MM-DD，例如 2026-09-01。") from None
    if start > now_text():
        raise UserError(f"日期“{since}”还没有到，请写今天或以前的一天。")
    return start


def refuse_mass(
    told: Mapping[str, Told], actor: Actor, below: bool, suspended: int, renamed: int, confirmed: bool
) -> None:
    """Stop a file that takes out of use or renames more than the policy's share of what the platform has.

    Raises MassChangeError with the figures unless `confirmed`.
    """
    total = sum(one.status == ACTIVE and (below or one.unit_id == actor.unit.id) for one in told.values())
    for count, act in ((suspended, "停用"), (renamed, "改名")):
        if not confirmed and is_mass_change(count, total):
            raise MassChangeError(
                f"这份文件会让平台上在用的 {total} 个账户中的 {count} 个{act}，"
                f"超过了 {MASS_COUNT} 个，也超过了 {MASS_SHARE:.0%}。请先核对名册；确认无误后再导出。没有写出文件。"
            )
