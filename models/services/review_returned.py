"""What a unit had decided and forgot, as its own signed receipts say (decision 9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.domain.states import Verdict
from models.domain.units import Actor
from models.services.change_log import Decider
from models.services.review import apply_accepted
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text


def take_back(
    session: Session, actor: Actor, package_id: str, statement_id: str, receipt: Mapping[str, Any], decider: Decider
) -> int:
    """Decide the items of a package, which came again, as the verified receipt did; how many were still open.

    What was accepted is applied to this tier's copy as it was then. A package refused whole keeps nothing to review.
    """
    c = t.received_item.c
    query = select(t.received_item).where(c.package_id == package_id, c.receipt_id.is_(None))
    rows = session.execute(query.order_by(c.position)).all()
    answers = {(one["id"], one["attempt"]): one for one in receipt["items"]}
    if receipt["package_verdict"] == "refused":
        gone = {"verdict": "withdrawn", "opinion": receipt["reason"]}
        answers = {(row.change_id, row.attempt): gone for row in rows}
    decided = [row for row in rows if (row.change_id, row.attempt) in answers]
    for row in decided:
        answer = answers[row.change_id, row.attempt]
        values = {"state": answer["verdict"], "opinion": answer["opinion"], "receipt_id": statement_id}
        named = {"decided_by": decider.name, "decided_at": receipt["at"]}
        session.execute(update(t.received_item).where(c.id == row.id).values(**values, **named))
    accepted = [row for row in decided if answers[row.change_id, row.attempt]["verdict"] == Verdict.ACCEPT.value]
    apply_accepted(session, actor, accepted)
    left = session.execute(select(func.count()).where(c.package_id == package_id, c.receipt_id.is_(None))).scalar()
    if decided or not rows:
        values = {"state": "reviewed" if left else "answered", "handled_at": now_text()}
        session.execute(update(t.package).where(t.package.c.id == package_id).values(**values))
    audit.append(
        session, actor, "review.finish", f"package:{package_id}", {"receipt": statement_id, "again": len(decided)}
    )
    return len(decided)
