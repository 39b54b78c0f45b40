"""The accounts that differ from what was last filed: what the next filing carries (A13-A15)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.domain.fields import ACCOUNTS
from models.domain.filing import Act, act_of
from models.domain.forms import FilingKind
from models.services.records import KEYS_OF
from models.services.units import own_unit
from models.store import tables as t

_STATES: Final = ("id", "status", "revision", "filed_status", "filed_revision", "opened_at", "disabled_at")


@dataclass(frozen=True, slots=True)
class FilingRow:
    """An own account as it is to be filed; `since`: when it was opened or disabled (UTC text, "" when unknown)."""

    id: str
    values: Mapping[str, str]
    status: str
    act: Act
    revision: int
    since: str

    @property
    def entry(self) -> dict[str, Any]:
        """It as it is signed and sent."""
        return {"id": self.id, "values": dict(self.values), "status": self.status, "act": self.act.value,
                "revision": self.revision}  # fmt: skip


def rows_to_file(session: Session) -> Iterator[FilingRow]:
    """The own accounts that differ from what was last filed, by their ids; those that wait for approval never."""
    c, keys = t.account.c, KEYS_OF[ACCOUNTS]
    query = select(*(c[key] for key in (*_STATES, *keys))).where(
        c.unit_id == own_unit(session).id,
        c.status != "pending",
        (c.status != c.filed_status) | ((c.status == "active") & (c.revision > c.filed_revision)),
    )
    for row in session.execute(query.order_by(c.id)):
        act = act_of(row.status, row.revision, row.filed_status, row.filed_revision)
        if act is not None:
            values = {key: row._mapping[key] for key in keys}
            since = row.disabled_at if act is Act.DISABLED else row.opened_at
            yield FilingRow(row.id, values, row.status, act, row.revision, since)


def count_waiting(session: Session) -> int:
    """The own new accounts that wait for the head's approval: no filing carries them before."""
    c = t.account.c
    query = select(func.count()).where(c.unit_id == own_unit(session).id, c.status == "pending")
    return session.execute(query).scalar_one()


def kind_now(session: Session) -> FilingKind:
    """First while nothing of this unit was ever filed, else the difference."""
    c = t.account.c
    query = select(func.count()).where(c.unit_id == own_unit(session).id, c.filed_status != "")
    return FilingKind.DELTA if session.execute(query).scalar() else FilingKind.FIRST
