"""A unit offers its superior again what the superior does not remember (decisions 7, 9).

Packages go as they were sealed, in their numbers. With them go back the receipts this unit holds, under the
superior's own signature, so that nothing is decided twice. A superior that remembers nothing at all gets a fresh list
of everybody instead, and what is still open.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.domain.units import Actor, Role, Unit
from models.services import review_returned
from models.services.change_log import Decider
from models.services.units import own_unit, superior_id_of
from models.store import audit
from models.store import tables as t
from sync.joining import rejoining
from sync.messages.message import Message, portions
from sync.messages.post import post
from sync.packages import ledger
from sync.packages.ledger import Place
from sync.packages.opening import RECEIPT, is_receipt
from sync.recovery.memory import place_json
from sync.refusals import ContentRefusedError, Fault, UntrustedError
from sync.trust.chains import Trust, require_role
from sync.trust.known import trust_of
from sync.wire.jsonlines import encode
from sync.wire.statements import Statement

RECEIPTS: Final = "recovery.receipts"
_MOST_RECEIPT: Final = 200 << 10
"""Bytes of a receipt that still fits into a message; what a longer one decided is reviewed again."""


def offer(session: Session, actor: Actor, own: Unit, superior: Unit, remembered: Place) -> str:
    """Offer again all packages after the place that the superior remembers; what was done, in a sentence."""
    here = ledger.place_of(session, own.id, superior.id, own.line.value)
    anew = not remembered.sequence and remembered.epoch > here.epoch
    ids = [] if anew else _chain(session, here, remembered)
    if anew or ids is None:
        rejoining.rejoin(session, actor, own, superior, {**place_json(remembered), "taken": []})
        if anew:
            return (
                f"“{superior.name}”已重新建立，已起草全部在册人员的名单，请提交、批准后打包；没有办结的事项已退回待打包"
            )
        return f"已按“{superior.name}”重建的通道接续，没有送达的事项已退回待打包"
    _offer_again(session, ids)
    receipts = _give_back(session, actor, superior, ids)
    facts = {"packages": len(ids), "receipts": receipts}
    audit.append(session, actor, "recovery.offer", f"unit:{superior.id}", facts)
    if not ids:
        return f"已按“{superior.name}”重建的通道接收，本单位没有它缺少的数据包"
    return f"已按“{superior.name}”重建的通道接收，它缺少的 {len(ids)} 个数据包和 {receipts} 份回执等待重新送出"


def _chain(session: Session, here: Place, remembered: Place) -> list[str] | None:
    """Ids of the packages from the one remembered to the last, followed backwards; None when they do not join."""
    found: list[str] = []
    step = here.last_id
    while step != remembered.last_id:
        row = ledger.find(session, step)
        whole = row is not None and row.direction == "out" and row.file_name
        if row is None or not whole or (row.epoch, row.sequence) <= (remembered.epoch, remembered.sequence):
            return None
        found.append(row.id)
        step = row.previous
    return found[::-1]


def _offer_again(session: Session, ids: Sequence[str]) -> None:
    c = t.package.c
    for package_id in ids:
        with_it = (c.direction == "out", c.purpose == "evidence", c.in_reply_to == package_id)
        session.execute(update(t.package).where(c.id == package_id).values(state=ledger.SEALED))
        session.execute(update(t.package).where(*with_it).values(state=ledger.SEALED))


def _give_back(session: Session, actor: Actor, superior: Unit, ids: Sequence[str]) -> int:
    c = t.package.c
    came = (c.direction == "in", c.purpose == "receipt", c.issuer_id == superior.id, c.in_reply_to.in_(ids))
    rows = session.execute(select(c.id).where(*came).order_by(c.epoch, c.sequence)).scalars().all()
    statements = [statement for one in rows if (statement := ledger.recall(session, one)) is not None]
    found = [one.to_json() for one in statements if len(one.body) <= _MOST_RECEIPT]
    found = [one for one in found if len(encode(one)) <= _MOST_RECEIPT]
    for portion in portions(found):
        post(session, actor, RECEIPTS, superior.id, {"receipts": portion}, title=f"交回 {len(portion)} 份回执")
    return len(found)


# --- at the superior ------------------------------------------------------------------------------------


def take_receipts(session: Session, actor: Actor, message: Message) -> str:
    """Take back receipts this unit once signed and lost: what they decided holds again; what was done.

    Raises UntrustedError, ContentRefusedError, KeyError, TypeError or ValueError.
    """
    own = own_unit(session)
    if superior_id_of(session, message.origin_id) != own.id:
        raise UntrustedError(Fault.NOT_SUBORDINATE)
    trust = trust_of(session)
    count = items = 0
    for value in message.body["receipts"]:
        statement = Statement.from_json(value)
        row = ledger.find(session, str(statement.content["in_reply_to"]))
        if row is None or (row.direction, row.issuer_id) != ("in", message.origin_id):
            continue
        decider = _signer(trust, own, statement, row.id)
        ledger.keep(session, statement)
        if row.purpose == "changes":
            items += review_returned.take_back(session, actor, row.id, statement.id, statement.content, decider)
        elif row.state != ledger.ANSWERED:
            ledger.set_state(session, row.id, ledger.ANSWERED)
        count += 1
    audit.append(session, actor, "recovery.receipts", f"unit:{message.origin_id}", {"receipts": count, "items": items})
    return f"已按交回的 {count} 份回执恢复 {items} 项核办结果"


def _signer(trust: Trust, own: Unit, statement: Statement, package_id: str) -> Decider:
    """Who of this unit signed the receipt. Raises UntrustedError, ContentRefusedError."""
    body: dict[str, Any] = statement.content
    if statement.type != RECEIPT or not is_receipt(body, own.id, package_id):
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="回执的格式")
    (signature,) = statement.signatures
    certificate = trust.signed_by_person(statement, signature, own.id, own.line.value, str(body["at"]))
    require_role(certificate, Role.REGISTRAR)
    return Decider(own.id, signature.person_id, certificate.subject.name)
