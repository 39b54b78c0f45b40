"""Inspections where something is signed: orders to units below, and the record of one that is closed (A9-A12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.inspection import RECORD
from models.domain.signing import Signer
from models.domain.units import Actor
from models.services.approvals import load_statements, store_statement
from models.services.inspection import handling, patrols
from models.services.inspection.log import find_inspection, findings_of
from models.services.units import own_unit
from models.store import tables as t
from sync import orders
from sync.trust.identity import certified
from sync.wire.statements import Statement, is_signed_by, sign

if TYPE_CHECKING:
    from models.store.store import Store


def disable(
    store: Store,
    passphrase: str,
    inspection_id: str,
    positions: Sequence[int] | None = None,
    due: str = "",
    *,
    confirmed: bool = False,
) -> handling.Listed:
    """Make the disable list of open findings (None: all irregular ones): changes of own accounts for the head, orders,
    signed, for those of units below, all or nothing. `due`: day YYYY-MM-DD of the orders (default: in 15 days).

    Raises as handling.disable_list, orders.issue; WrongSecretError.
    """
    return store.write(_disable, store.actor, store.signer(passphrase), inspection_id, (positions, due, confirmed))


def _disable(
    session: Session, actor: Actor, signer: Signer, inspection_id: str, said: tuple[Sequence[int] | None, str, bool]
) -> handling.Listed:
    positions, due, confirmed = said

    def give(account_ids: Sequence[str], reason: str, words: str) -> str:
        return orders.give(session, actor, signer, account_ids, (reason, words, due)).order_id

    return handling.disable_list(session, actor, inspection_id, positions, give, confirmed=confirmed)


def close(store: Store, passphrase: str, inspection_id: str, *, open_left: bool = False) -> str:
    """Sign the record of an inspection and close it; the statement's id. `open_left`: also with findings that are
    not settled. Raises UserError, WrongSecretError."""
    return store.write(_close, store.actor, store.signer(passphrase), inspection_id, open_left)


def _close(session: Session, actor: Actor, signer: Signer, inspection_id: str, open_left: bool) -> str:
    if signer.person_id != actor.person_id:
        raise NotAllowedError("核查记录须由办理人本人用自己的口令签名。")
    body = patrols.settle(session, actor, inspection_id, open_left=open_left)
    statement = sign(body, [certified(session, signer)])
    signatures = [one.to_json() for one in statement.signatures]
    kept = store_statement(session, RECORD, statement.body, signatures, body["at"])
    patrols.close(session, actor, body["inspection"], kept)
    return kept


def verify(session: Session, inspection_id: str) -> tuple[str, ...]:
    """What is wrong with the signed record of a closed inspection, in sentences; none when it is as it was signed.

    Raises UserError for one that is not closed.
    """
    found = find_inspection(session, inspection_id)
    if not found.statement_id:
        raise UserError("这次核查还没有办结签名，请先办结。")
    stored = load_statements(session, [found.statement_id])
    try:
        statement = Statement.from_json(stored[0])
        (signature,) = statement.signatures
    except (IndexError, ValueError):
        return ("签名的核查记录不见了或被改动过。",)
    body = statement.content
    faults = []
    if statement.id != found.statement_id or not is_signed_by(statement, signature):
        faults.append("签名与核查记录不符，记录被改动过。")
    if signature.person_id != body.get("person_id") or not _is_key_of(session, signature.person_id, signature):
        faults.append("签名的密钥不是本单位该办理人的。")
    return (*faults, *_differences(session, found, body))


def _is_key_of(session: Session, person_id: str, signature: Any) -> bool:
    """Whether the key is the person's now, or has a certificate this unit knows."""
    c, k = t.operator.c, t.certificate.c
    if session.execute(select(c.signing_key).where(c.person_id == person_id)).scalar() == signature.public_key:
        return True
    ders = session.execute(select(k.der).where(k.person_id == person_id)).scalars()
    return signature.certificate is not None and signature.certificate in set(ders)


def _differences(session: Session, found: Row[Any], body: dict[str, Any]) -> list[str]:
    now = patrols.record_of(found, findings_of(session, found.id), own_unit(session).id)
    words = {"findings": "发现的问题", "counts": "各类问题的数量", "states": "处理情况", "source_digest": "清单"}
    changed = [words.get(key, "核查记录的内容") for key, value in now.items() if body.get(key) != value]
    return [f"{what}与签名时不一致，被改动过。" for what in dict.fromkeys(changed)]
