"""Review at a tier above (decision 23): what came in, what a person says of it, and the receipt that answers.

A verdict can change until the receipt that carries it is signed; then it is applied in the same transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND, WITHDRAWAL
from models.domain.errors import NotAllowedError, UserError
from models.domain.findings import joined
from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.units import Actor, Role, Tier
from models.services import merging, reported
from models.services.permissions import require_role
from models.services.review_apply import apply_item, take_rows
from models.services.review_intake import record_received
from models.services.review_views import (
    ReviewDetail,
    ReviewItem,
    ReviewQuery,
    accept_blockers,
    count_items,
    get_item,
    list_items,
    original_of,
    rows_of_item,
)
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text

__all__ = [
    "ReviewDetail",
    "ReviewItem",
    "ReviewQuery",
    "count_decided",
    "count_items",
    "decide",
    "finish",
    "get_item",
    "list_items",
    "receipt_body",
    "record_received",
    "rows_of_item",
    "undecide",
]

_OPEN, _WITHDRAWN = "in_review", "withdrawn"


@dataclass(frozen=True)
class Finished:
    """Numbers of a finished review; `open` items are answered by a later receipt, `problems` came of the merge."""

    accepted: int
    returned: int
    refused: int
    withdrawn: int
    open: int
    problems: int


def _open_item(session: Session, actor: Actor, item_id: str) -> Row[Any]:
    require_role(actor, Role.REGISTRAR, "核办收到的事项")
    if actor.unit.tier is Tier.SCHOOL:
        raise NotAllowedError("收到的事项由主管部门核办；学校的变更由主管领导核办（“变更”页，或命令 change approve）。")
    row = session.execute(select(t.received_item).where(t.received_item.c.id == item_id)).first()
    if row is None:
        raise UserError("找不到这条核办事项，请刷新列表后再试。")
    if row.receipt_id is not None:
        raise UserError(f"“{row.subject_label}”已随回执答复，不能再改。")
    return row


def decide(session: Session, actor: Actor, item_id: str, verdict: Verdict, opinion: str = "") -> None:
    """Say accept, return or refuse of an item; it can be changed until the review is finished (E2, decision 17).

    Raises UserError when an opinion is missing or something stands against accepting it, NotAllowedError for others
    than the registrar of a tier above and for one's own request.
    """
    row = _open_item(session, actor, item_id)
    item = json.loads(row.body)
    if (item.get("initiator") or {}).get("person_id") == actor.person_id:
        raise NotAllowedError(f"“{row.subject_label}”由您本人发起，须由另一位学籍管理员核办。")
    if row.state == _WITHDRAWN:
        raise UserError(f"“{row.subject_label}”已由申请单位撤回，不需要再核办。")
    if verdict is not Verdict.ACCEPT and not opinion.strip():
        raise UserError(f"“{VERDICT_LABELS[verdict]}”须写明意见，让申请单位知道原因和该怎么办。")
    if verdict is Verdict.ACCEPT:
        blockers = accept_blockers(session, row)
        if blockers:
            raise UserError(f"“{row.subject_label}”还不能通过：{joined(blockers)}。")
    _set_state(session, actor, row, verdict.value, opinion.strip())
    body = {"item": item_id, "verdict": verdict.value, "opinion": opinion.strip()}
    audit.append(session, actor, "review.decide", f"change:{item['number']}", body)


def undecide(session: Session, actor: Actor, item_id: str) -> None:
    """Take a verdict back while the review is not finished."""
    row = _open_item(session, actor, item_id)
    if row.state not in (_OPEN, _WITHDRAWN):
        _set_state(session, actor, row, _OPEN, "")
        audit.append(session, actor, "review.undecide", f"item:{item_id}", {})


def _set_state(session: Session, actor: Actor, row: Row[Any], state: str, opinion: str) -> None:
    """Move an item; an accepted withdrawal withdraws the item it names, taking it back opens that again."""
    decided: dict[str, str | None] = {"decided_by": None, "decided_at": None}
    if state != _OPEN:
        decided = {"decided_by": actor.name, "decided_at": now_text()}
    c = t.received_item.c
    session.execute(update(t.received_item).where(c.id == row.id).values(state=state, opinion=opinion, **decided))
    if row.kind != WITHDRAWAL.key:
        return
    original = original_of(session, row)
    if original is None or original.receipt_id is not None:
        return
    if state == Verdict.ACCEPT.value:
        values = {"state": _WITHDRAWN, "opinion": "申请单位撤回", **decided}
    elif original.state == _WITHDRAWN:
        values = {"state": _OPEN, "opinion": "", "decided_by": None, "decided_at": None}
    else:
        return
    session.execute(update(t.received_item).where(c.id == original.id).values(**values))


def _answerable(session: Session, package_id: str) -> list[Row[Any]]:
    c = t.received_item.c
    query = select(t.received_item).where(c.package_id == package_id, c.receipt_id.is_(None), c.state != _OPEN)
    return list(session.execute(query.order_by(c.position)))


def count_decided(session: Session, package_id: str) -> int:
    """How many items of a package the next receipt would answer."""
    return len(_answerable(session, package_id))


def receipt_body(session: Session, package_id: str) -> dict[str, Any]:
    """The body of the receipt for what is decided and not answered yet; the rest waits for a later one.

    Certificates in force and the countersigned audit head are added by whoever signs. Raises UserError when nothing
    is decided.
    """
    rows = _answerable(session, package_id)
    if not rows:
        raise UserError("还没有作出任何核办意见，不能生成回执。")
    return {
        "type": "rollbook.receipt",
        "v": 1,
        "unit": own_unit(session).id,
        "in_reply_to": package_id,
        "package_verdict": "opened",
        "reason": "",
        "at": now_text(),
        "items": [_answer(row) for row in rows],
        "certificates": [],
        "audit_head": None,
    }


def _answer(row: Row[Any]) -> dict[str, Any]:
    accepted = row.state == Verdict.ACCEPT.value and CHANGE_KIND[row.kind].takes_values
    values = json.loads(row.body)["after"] if accepted else None
    return {"id": row.change_id, "attempt": row.attempt, "verdict": row.state, "opinion": row.opinion, "values": values}


def finish(session: Session, actor: Actor, package_id: str, statement_id: str) -> Finished:
    """The signed receipt is out: apply what was accepted and close the answered items, all in this transaction.

    Raises UserError when a verdict changed after the receipt was drawn up.
    """
    require_role(actor, Role.REGISTRAR, "办结核办")
    rows = _answerable(session, package_id)
    _compare_with_receipt(session, rows, statement_id)
    c = t.received_item.c
    session.execute(
        update(t.received_item)
        .where(c.package_id == package_id, c.receipt_id.is_(None), c.state != _OPEN)
        .values(receipt_id=statement_id)
    )
    query = select(func.count()).where(c.package_id == package_id, c.receipt_id.is_(None))
    left = int(session.execute(query).scalar() or 0)
    state = "reviewed" if left else "answered"
    session.execute(update(t.package).where(t.package.c.id == package_id).values(state=state, handled_at=now_text()))
    accepted = [row for row in rows if row.state == Verdict.ACCEPT.value]
    problems = apply_accepted(session, actor, accepted)
    if accepted:
        section = reported.Section(statement_id, package_id, rows[0].unit_id, actor.unit.id, len(accepted))
        reported.note_answered(session, section)
    numbers = {verdict: sum(row.state == verdict for row in rows) for verdict in (*Verdict, _WITHDRAWN)}
    body = {"receipt": statement_id, **{str(verdict): number for verdict, number in numbers.items()}}
    audit.append(session, actor, "review.finish", f"package:{package_id}", body)
    return Finished(
        numbers[Verdict.ACCEPT], numbers[Verdict.RETURN], numbers[Verdict.REFUSE], numbers[_WITHDRAWN], left, problems
    )


def apply_accepted(session: Session, actor: Actor, accepted: Sequence[Row[Any]]) -> int:
    """Bring what was accepted into this tier's copy and look for duplicates among what it touched (E9, E10); the
    number of problems opened.

    Lists come first: a change of the same package is about a pupil as the list has him.
    """
    touched = merging.Touched()
    for row in sorted(accepted, key=lambda one: not CHANGE_KIND[one.kind].subjects):
        item = json.loads(row.body)
        lines = reported.keeping(session, row.package_id, row.change_id, take_rows(session, row.id))
        touched.add(item, apply_item(session, actor, row.unit_id, item, lines))
    return merging.open_duplicates(session, actor, touched)


def _compare_with_receipt(session: Session, rows: Sequence[Row[Any]], statement_id: str) -> None:
    """What is applied is what was signed, item by item."""
    body = session.execute(select(t.statement.c.body).where(t.statement.c.id == statement_id)).scalar()
    if not rows or (body is not None and json.loads(body)["items"] != [_answer(row) for row in rows]):
        raise UserError("核办意见在生成回执之后有变动，请重新办结。")
