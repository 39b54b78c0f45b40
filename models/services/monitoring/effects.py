"""What an approved, and where asked filed, change of a monitoring account does in the register (A3-A5)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Row, insert, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import MONITORING_CLOSE, MONITORING_OPEN, MONITORING_POST
from models.domain.monitoring import FIELDS
from models.domain.units import Actor
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


def apply_register(session: Session, actor: Actor | None, changes: Sequence[Row[Any]], filed_by: str = "") -> None:
    """Bring changes of monitoring accounts into effect; `filed_by`: who filed a change of post (A4)."""
    for change in changes:
        after, now = json.loads(change.after), now_text()
        _EFFECTS[change.kind](session, change, after, now)
        if filed_by:
            _update(session, change, {"filed_by": filed_by, "filed_at": now})
        body = {"change": change.number, "after": after, "reason": change.reason}
        audit.append(session, actor, change.kind, f"monitoring:{change.subject_id}", body)


def _open(session: Session, change: Row[Any], after: Mapping[str, str], now: str) -> None:
    row = {
        **{key: after.get(key, "") for key in FIELDS}, "id": change.subject_id, "unit_id": own_unit(session).id,
        "state": "active", "act": "open", "reason": change.reason, "since": now, "until": "", "filed_by": "",
        "filed_at": "",
    }  # fmt: skip
    session.execute(insert(t.monitoring_account).values(**row))


def _post(session: Session, change: Row[Any], after: Mapping[str, str], now: str) -> None:
    _update(session, change, {**after, "act": "post", "reason": change.reason, "since": now})


def _close(session: Session, change: Row[Any], after: Mapping[str, str], now: str) -> None:
    _update(session, change, {"state": "closed", "act": "close", "reason": change.reason, "until": now})


def _update(session: Session, change: Row[Any], values: Mapping[str, str]) -> None:
    session.execute(update(t.monitoring_account).where(t.monitoring_account.c.id == change.subject_id).values(**values))


_EFFECTS: Final[dict[str, Callable[[Session, Row[Any], Mapping[str, str], str], None]]] = {
    MONITORING_OPEN.key: _open,
    MONITORING_POST.key: _post,
    MONITORING_CLOSE.key: _close,
}
