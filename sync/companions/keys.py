"""The keys by which the PCs of one unit exchange files; each PC's own, apart from the unit's (decision 2)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.store import clock
from models.store import tables as t
from models.store.vault.keys import new_pair
from sync.trust.certificates import load_private, public_der
from sync.trust.identity import UnitSigner, private_keys
from sync.wire.suites import key_id

SIGNING: Final = "pc-signing"
OPENING: Final = "pc-opening"


def own_signer(session: Session) -> UnitSigner:
    """The key by which this PC signs what it gives to the unit's other PC."""
    ensure_keys(session)
    return UnitSigner(None, private_keys(session, SIGNING)[0])


def ensure_keys(session: Session) -> None:
    """Make this PC's keys for the exchange when they are missing."""
    for purpose in (SIGNING, OPENING):
        if not private_keys(session, purpose):
            row = {"purpose": purpose, "generation": 1, "private_key": new_pair().private}
            session.execute(insert(t.unit_key).values(**row, created_at=clock.now_text()))


def opening_keys(session: Session) -> dict[str, bytes]:
    """What opens the files of the other side: {key id: DER PKCS8}."""
    query = select(t.unit_key.c.private_key).where(t.unit_key.c.purpose == OPENING)
    ders = session.execute(query).scalars().all()
    return {key_id(public_der(load_private(der))): der for der in ders}


def public(session: Session, purpose: str) -> bytes:
    """DER SubjectPublicKeyInfo of this PC's key for a purpose."""
    return UnitSigner(None, private_keys(session, purpose)[0]).public_key
