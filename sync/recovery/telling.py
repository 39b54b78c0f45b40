"""What a superior tells a unit below that lost a part of its memory: everything it took since (decision 9).

Items travel as the unit's own registrar signed them, each with its place under the root of that signature, so a
superior can give back only what the unit itself once sent. Rows of a list and the proofs come after them; the answers
are the receipts of then, sent once more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Row, select, tuple_
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.fields import ACCOUNTS
from models.domain.states import Verdict
from models.domain.units import Actor, Unit
from models.services import evidence, reported
from models.services.filing.applying import filed_entries
from models.services.items import entry_line, row_line
from models.services.records import IN_USE, KEYS_OF, TABLE_OF
from models.store import tables as t
from sync.messages.message import Message, portions
from sync.messages.post import post
from sync.packages import ledger
from sync.packages.dispatch import Draft, content_head, dispatch
from sync.packages.ledger import Place
from sync.recovery.proofs import path_to
from sync.trust.identity import unit_signer
from sync.wire.content import evidence_lines, leaf_hash, state_content
from sync.wire.envelope import Address
from sync.wire.jsonlines import encode, long_value
from sync.wire.statements import Statement

ITEMS: Final = "recovery.items"
ROWS: Final = "recovery.rows"
EVIDENCE: Final = "recovery.evidence"
_EVIDENCE_LIMIT: Final = 128 << 20


def tell(session: Session, actor: Actor, unit: Unit, after: Place, folder: Path) -> int:
    """Post what `unit` sent after a place of its channel, and seal the proofs that went with it; how many items."""
    told: list[Row[Any]] = []
    for package in _packages(session, unit, after):
        rows = _items(session, package.id)
        _post_items(session, actor, unit, package, rows)
        told += rows
    _post_rows(session, actor, unit, told)
    wanted = {one["digest"]: one for row in told for one in json.loads(row.body)["evidence"]}
    _seal_evidence(session, actor, unit, folder, list(wanted.values()))
    return len(told)


def _packages(session: Session, unit: Unit, after: Place) -> Sequence[Row[Any]]:
    c = t.package.c
    this = (c.issuer_id == unit.id, c.direction == "in", c.purpose == "changes", c.sequence > 0)
    later = tuple_(c.epoch, c.sequence) > (after.epoch, after.sequence)
    opened = c.state.not_in((ledger.HELD, ledger.REFUSED))
    return session.execute(select(t.package).where(*this, later, opened).order_by(c.epoch, c.sequence)).all()


def _items(session: Session, package_id: str) -> Sequence[Row[Any]]:
    c = t.received_item.c
    return session.execute(select(t.received_item).where(c.package_id == package_id).order_by(c.position)).all()


def _post_items(session: Session, actor: Actor, unit: Unit, package: Row[Any], rows: Sequence[Row[Any]]) -> None:
    content = ledger.recall(session, package.id)
    if content is None or not rows:
        return
    leaves = reported.stored_leaves(session, package.id) or [leaf_hash(row.body.encode()) for row in rows]
    place = {leaf: position for position, leaf in enumerate(leaves)}
    approvers = {one: _approver(session, one) for one in {row.approval_id for row in rows}}
    head = {"content": content.to_json(), "epoch": package.epoch, "sequence": package.sequence}
    entries = (_entry(row, place, leaves, approvers[row.approval_id]) for row in rows)
    for portion in portions(entries):
        title = f"补回{package.title}中的 {len(portion)} 项"[:200]
        post(session, actor, ITEMS, unit.id, {**head, "items": portion}, title=title)


def _entry(row: Row[Any], place: dict[bytes, int], leaves: Sequence[bytes], approver: dict[str, str]) -> dict[str, Any]:
    position = place[leaf_hash(row.body.encode())]
    path = [one.hex() for one in path_to(leaves, position)]
    return {"raw": row.body, "position": position, "path": path, "approver": approver}


def _approver(session: Session, statement_id: str) -> dict[str, str]:
    statement = ledger.recall(session, statement_id)
    body = statement.content if statement is not None else {}
    return {"statement": statement_id, "id": str(body.get("person_id", "")), "name": str(body.get("person_name", ""))}


# --- rows of lists --------------------------------------------------------------------------------------


def _post_rows(session: Session, actor: Actor, unit: Unit, rows: Sequence[Row[Any]]) -> None:
    """The rows of lists among the items: those under review as they came, of accepted ones what stands here now."""
    told: set[str] = set()
    for row in rows:
        kind = CHANGE_KIND[row.kind].subjects if row.kind in CHANGE_KIND else ""
        if not kind or (row.state == Verdict.ACCEPT.value and row.receipt_id and kind in told):
            continue
        applied = row.state == Verdict.ACCEPT.value and row.receipt_id is not None
        if applied:
            told.add(kind)
        found = _roster(session, unit, kind) if applied else _under_review(session, row.id)
        batch = json.loads(row.body)["batch"]["id"]
        head = {"kind": kind, "batch": batch, "change": "" if applied else row.change_id}
        for portion in portions(found):
            post(session, actor, ROWS, unit.id, {**head, "rows": portion}, title=f"补回名册 {len(portion)} 条")


def _roster(session: Session, unit: Unit, kind: str) -> Iterator[str]:
    if kind == ACCOUNTS:
        yield from (entry_line(entry).decode() for entry in filed_entries(session, unit.id))
        return
    keys, table = KEYS_OF[kind], TABLE_OF[kind]
    query = select(table.c.id, *(table.c[key] for key in keys))
    query = query.where(table.c.unit_id == unit.id, table.c.status == IN_USE[kind]).order_by(table.c.id)
    for row_id, *values in session.execute(query):
        yield row_line(row_id, dict(zip(keys, values, strict=True))).decode()


def _under_review(session: Session, item_id: str) -> Iterator[str]:
    c = t.received_row.c
    yield from session.execute(select(c.body).where(c.item_id == item_id).order_by(c.position)).scalars()


# --- proofs ---------------------------------------------------------------------------------------------


def _seal_evidence(session: Session, actor: Actor, unit: Unit, folder: Path, entries: Sequence[dict[str, Any]]) -> None:
    heads = [{key: entry[key] for key in ("digest", "media_type", "size")} for entry in entries]
    present = [head for head in heads if evidence.content(session, head["digest"]) is not None]
    portion: list[dict[str, Any]] = []
    for head in [*present, None]:
        if portion and (head is None or sum(one["size"] for one in portion) + head["size"] > _EVIDENCE_LIMIT):
            _seal_files(session, actor, unit, folder, portion)
            portion = []
        portion += [head] if head is not None else []


def _seal_files(session: Session, actor: Actor, unit: Unit, folder: Path, heads: Sequence[dict[str, Any]]) -> None:
    """Proofs going down stand under the unit's key alone, as messages do."""
    head = {**content_head(session, "evidence"), "policy_version": 0}
    content = state_content(head, [leaf_hash(encode(one)) for one in heads], unit_signer(session))
    draft = Draft("evidence", unit, content, len(heads))
    dispatch(session, actor, folder, draft, _lines(session, content, heads))


def _lines(session: Session, content: Statement, heads: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    yield from long_value("c", content.to_json())
    for head in heads:
        yield from evidence_lines(head, evidence.content(session, head["digest"]) or b"")


def confirm_evidence(session: Session, actor: Actor, address: Address) -> None:
    """Let the superior know that a package of proofs has come, which stands outside of the channel."""
    post(session, actor, EVIDENCE, address.issuer, {"package": address.content}, title="补回的证明材料已收到")


def take_confirmation(session: Session, actor: Actor, message: Message) -> str:
    """The proofs given back have arrived and are not offered again; what was done. Raises KeyError, TypeError."""
    row = ledger.find(session, str(message.body["package"]))
    if row is None or (row.direction, row.purpose, row.audience_id) != ("out", "evidence", message.origin_id):
        return "没有这个证明材料包，未作处理"
    ledger.set_state(session, row.id, ledger.RECEIPTED)
    return "补回的证明材料对方已收到"
