"""Audit heads of neighbours: every content statement carries one, the receiver keeps it and says when it went back.

A chain alone cannot show that its tail was cut. What a unit signed of its own chain lies with its neighbours: with
the next package they see whether it goes on from there, and a receipt brings the head back to who signed it
(decision 12).
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.units import Actor
from models.services.maintenance import chain_begun
from models.store import audit
from models.store import tables as t
from sync.packages import ledger
from sync.packages.arrival import Arrival
from sync.refusals import ContentRefusedError, Fault
from sync.wire.content import TYPE
from sync.wire.statements import Statement

Head = tuple[int, str]


def head_of(content: Statement) -> Head | None:
    """The head (sequence, hash hex) that a content statement carries; None for any other statement."""
    if content.type != TYPE:
        return None
    head = content.content["audit_head"]
    return int(head["sequence"]), str(head["hash"])


def compare(session: Session, actor: Actor, arrival: Arrival) -> tuple[str, ...]:
    """A sentence when the sender's chain is shorter or another one than it signed before; the package is taken.

    Called after the package was kept. A unit that came back from a backup is told apart by a telephone call.
    """
    content = ledger.recall(session, arrival.address.content)
    now, before = head_of(content) if content else None, _before(session, arrival)
    if now is None or before is None or now[0] > before[0] or now == before:
        return ()
    body = {"from": arrival.issuer.id, "kept": before[0], "sequence": now[0]}
    audit.append(session, actor, "head.differs", f"package:{arrival.address.content}", body)
    name = arrival.issuer.name
    return (
        f"“{name}”的操作记录与本单位留存的接不上：此前签名报到第 {before[0]} 条，这次是第 {now[0]} 条。"
        "请向该单位核实是否从备份恢复过；没有恢复过的，操作记录可能被删改，请其核对（命令 audit verify）。",
    )


def _before(session: Session, arrival: Arrival) -> Head | None:
    """What the newest content of this sender, made no later, said of its chain."""
    address, c = arrival.address, t.package.c
    query = select(c.id).join(t.statement, t.statement.c.id == c.id).where(t.statement.c.type == TYPE)
    query = query.where(c.issuer_id == address.issuer, c.direction == "in", c.id != address.content)
    query = query.where(c.created_at <= address.created)
    newest = session.scalar(query.order_by(c.created_at.desc(), c.epoch.desc(), c.sequence.desc()).limit(1))
    content = ledger.recall(session, newest) if newest else None
    return head_of(content) if content else None


def check_countersigned(session: Session, receipt: Statement) -> tuple[str, ...]:
    """A sentence when the head a receipt brings back is no longer in the own chain.

    Raises ContentRefusedError when it is not the one that was signed.
    """
    body = receipt.content
    sent, content = ledger.find(session, body["in_reply_to"]), ledger.recall(session, body["in_reply_to"])
    head = head_of(content) if content else None
    if sent is None or content is None or head is None or body.get("audit_head") is None:
        return ()
    if body["audit_head"] != content.content["audit_head"]:
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="回签的操作记录摘要")
    if sent.created_at <= chain_begun(session) or audit.holds(session, head):
        return ()
    return ("本单位的操作记录与上级回签的接不上，记录可能被删改。请核对（“操作记录”页，或命令 audit verify）。",)
