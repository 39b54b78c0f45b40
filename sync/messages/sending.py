"""Delivering what waits: every neighbour's unanswered packages, with the messages for it (decision 7)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from models.services.units import next_hop
from sync.packages import outbox

if TYPE_CHECKING:
    from models.store.store import Store


def send(store: Store, to: str | None = None, out_dir: Path | None = None) -> list[Path]:
    """Seal the messages that wait and write all unanswered packages, for the neighbour on the way to `to` or for all.

    Needs no passphrase. Raises UserError for a unit nobody knows the way to, NotWrittenError.
    """
    return outbox.rewrite_unanswered(store, out_dir, None if to is None else store.read(_neighbour, to))


def _neighbour(session: Session, unit_id: str) -> str:
    return next_hop(session, unit_id).id
