"""Notices going down: signed by the registrar, read and confirmed by a person of each unit (E16)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.signing import Signer
from models.domain.units import Actor, Tier, Unit
from models.services.units import descendants, find_unit
from models.store import tables as t
from sync.messages.message import MAX_TITLE, Message
from sync.messages.post import post
from sync.messages.traces import finish
from sync.packages import ledger
from sync.refusals import ContentRefusedError, Fault
from sync.trust.certificates import parse
from sync.trust.identity import certified
from sync.wire.statements import Statement

if TYPE_CHECKING:
    from models.store.store import Store

MAX_TEXT: Final = 20_000
"""Characters of a notice at most."""


@dataclass(frozen=True)
class Notice:
    """A notice as one of its sides sees it; `read_by` and `unread` are names of units (only where it was sent)."""

    id: str
    matter: str
    direction: str
    title: str
    text: str
    from_name: str
    signer: str
    at: str
    due: str
    is_read: bool
    read_by: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def send(
    store: Store,
    passphrase: str,
    to: Sequence[str] | None,
    title: str,
    text: str,
    due: str = "",
    tiers: Collection[Tier] | None = None,
) -> str:
    """Write a notice to units below (None: all of them, of `tiers` when given); the matter it is listed by.

    `due`: UTC text until when reading is to be confirmed, or "". Signed by the registrar. Raises UserError,
    NotAllowedError, WrongSecretError.
    """
    return store.write(_send, store.actor, store.signer(passphrase), to, (title.strip(), text.strip(), due), tiers)


def _send(
    session: Session,
    actor: Actor,
    signer: Signer,
    to: Sequence[str] | None,
    what: tuple[str, str, str],
    tiers: Collection[Tier] | None,
) -> str:
    title, text, due = what
    if not title or not text:
        raise UserError("通知的标题和正文都不能为空，请填写。")
    if len(title) > MAX_TITLE or len(text) > MAX_TEXT or not title.isprintable():
        raise UserError(f"通知的标题最多 {MAX_TITLE} 字、只占一行，正文最多 {MAX_TEXT} 字，请缩短。")
    matter, signers = str(uuid.uuid4()), [certified(session, signer)]
    for unit in _receivers(session, actor.unit, to, tiers):
        post(session, actor, "notice", unit.id, {"text": text}, title=title, signers=signers, matter=matter, due=due)
    return matter


def _receivers(session: Session, own: Unit, to: Sequence[str] | None, tiers: Collection[Tier] | None) -> list[Unit]:
    below = descendants(session, own.id)
    known = {unit.id: unit for unit in below}
    if missing := [unit_id for unit_id in to or () if unit_id not in known]:
        raise UserError(f"编号“{missing[0]}”不是本单位的下级单位，通知没有发出。请核对收件单位。")
    chosen = below if to is None else [known[unit_id] for unit_id in dict.fromkeys(to)]
    chosen = [unit for unit in chosen if tiers is None or unit.tier in tiers]
    if not chosen:
        raise UserError("没有符合条件的下级单位，通知没有发出。请核对收件单位或层级。")
    return chosen


def take(session: Session, actor: Actor, message: Message) -> str:
    """A notice has come: it stays open until somebody confirms reading it. Raises ContentRefusedError."""
    text = message.body["text"]
    if not isinstance(text, str) or len(text) > MAX_TEXT or not message.title:
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="通知的格式")
    return f"收到通知《{message.title}》，请阅后确认"


def confirm(session: Session, actor: Actor, message_id: str) -> None:
    """Somebody of this unit has read the notice; its issuer is told. Raises UserError for an unknown one."""
    row = _find(session, message_id)
    finish(session, actor, row.id, f"{actor.name}已阅")


def _find(session: Session, start: str) -> Row[tuple[object, ...]]:
    c = t.message.c
    this = (c.kind == "notice", c.direction == "in", c.id.startswith(start, autoescape=True))
    rows = session.execute(select(t.message).where(*this).limit(2)).all()
    if len(rows) != 1:
        raise UserError(f"{'有多个' if rows else '没有'}编号以“{start}”开头的通知，请用 notice list 查看编号。")
    return rows[0]


def list_notices(session: Session) -> list[Notice]:
    """Notices received and sent, newest first; those sent are one entry a matter."""
    c = t.message.c
    query = select(t.message).where(c.kind == "notice", c.direction != "transit")
    query = query.where(or_(c.direction == "out", c.state != "refused"))
    rows = session.execute(query.order_by(c.at.desc(), c.id)).all()
    sent: dict[str, list[Row[tuple[object, ...]]]] = {}
    for row in rows:
        if row.direction == "out":
            sent.setdefault(row.matter, []).append(row)
    received = [_notice(session, [row]) for row in rows if row.direction == "in"]
    found = received + [_notice(session, group) for group in sent.values()]
    return sorted(found, key=lambda one: one.at, reverse=True)


def _notice(session: Session, rows: Sequence[Row[tuple[object, ...]]]) -> Notice:
    first = rows[0]
    statement = ledger.recall(session, first.id)
    assert statement is not None
    issuer = find_unit(session, first.from_id)
    out = first.direction == "out"
    read = [row for row in rows if row.state == "handled"]
    names = {row.to_id: unit.name for row in rows if (unit := find_unit(session, row.to_id))} if out else {}
    return Notice(
        first.id, first.matter, first.direction, first.title, statement.content["body"]["text"],
        issuer.name if issuer else "", _signer(statement), first.at, first.due, len(read) == len(rows),
        tuple(sorted(names[row.to_id] for row in read if row.to_id in names)),
        tuple(sorted(names[row.to_id] for row in rows if row not in read and row.to_id in names)),
    )  # fmt: skip


def _signer(statement: Statement) -> str:
    signature = statement.signatures[0]
    return parse(signature.certificate).subject.name if signature.certificate else ""
