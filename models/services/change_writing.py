"""New changes are written here: a draft with its running number and its first decision."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.domain.change_kinds import ChangeKind
from models.domain.errors import DataFaultError
from models.domain.ids import new_id
from models.domain.signing import canonical
from models.domain.states import Event, State
from models.domain.units import Actor
from models.services.change_log import next_number, number_text, record
from models.services.policies import effective
from models.store import tables as t
from models.store.clock import now_text

_LONGEST_REASON: Final = 1000


@dataclass(frozen=True)
class Draft:
    """What a new change says; `before` and `after` hold only the fields it changes."""

    kind: ChangeKind
    subject_id: str
    label: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    base_revision: int
    reason: str
    batch_id: str | None = None


def checked_reason(text: str) -> str:
    """The reason without blanks around it. Raises DataFaultError for one too long to be read, or to travel."""
    if len(text.strip()) > _LONGEST_REASON:
        raise DataFaultError(f"变更原因超过 {_LONGEST_REASON} 个字，请写得简短些，详细材料可作为证明材料添加。")
    return text.strip()


def insert_drafts(session: Session, actor: Actor, drafts: Sequence[Draft]) -> list[str]:
    """Write drafts with their running numbers and first decision; their ids. The values are taken as checked."""
    serial, now, version = next_number(session), now_text(), effective(session).version
    rows = [
        {
            "id": new_id(),
            "number": number_text(serial + place),
            "kind": draft.kind.key,
            "unit_id": actor.unit.id,
            "subject_id": draft.subject_id,
            "subject_label": draft.label,
            "before": canonical(dict(draft.before)).decode(),
            "after": canonical(dict(draft.after)).decode(),
            "base_revision": draft.base_revision,
            "reason": draft.reason,
            "policy_version": version,
            "attempt": 1,
            "salt": secrets.token_hex(16),
            "state": State.DRAFT.value,
            "batch_id": draft.batch_id,
            "package_id": None,
            "initiator_id": actor.person_id,
            "initiator_name": actor.name,
            "created_at": now,
            "updated_at": now,
        }
        for place, draft in enumerate(drafts)
    ]
    if not rows:
        return []
    session.execute(insert(t.change), rows)
    ids = [str(row["id"]) for row in rows]
    record(session, actor, ids, Event.PROPOSE)
    return ids
