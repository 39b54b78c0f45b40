"""The life of a change in the unit that started it, computed from append-only decisions (decision 13)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class State(StrEnum):
    """Where a change stands in its origin."""

    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    SEALED = "sealed"
    EFFECTIVE = "effective"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CONFLICT = "conflict"


class Event(StrEnum):
    """What is recorded as a decision; the state follows from the list of events."""

    PROPOSE = "propose"
    SUBMIT = "submit"
    RETURN = "return"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    REVOKE = "revoke"
    APPLY = "apply"
    SEAL = "seal"
    RECEIPT_ACCEPT = "receipt_accept"
    RECEIPT_RETURN = "receipt_return"
    RECEIPT_REFUSE = "receipt_refuse"
    PACKAGE_REFUSED = "package_refused"
    RECEIPT_WITHDRAWN = "receipt_withdrawn"
    CONFLICT = "conflict"


class Verdict(StrEnum):
    """What a reviewer says, everywhere (decision 17)."""

    ACCEPT = "accept"
    RETURN = "return"
    REFUSE = "refuse"


STATE_LABELS = {
    State.DRAFT: "草稿",
    State.PENDING: "待核办",
    State.APPROVED: "已批准",
    State.SEALED: "已打包",
    State.EFFECTIVE: "已生效",
    State.REFUSED: "不予通过",
    State.WITHDRAWN: "已撤回",
    State.CONFLICT: "有冲突",
}
VERDICT_LABELS = {Verdict.ACCEPT: "通过", Verdict.RETURN: "退回补正", Verdict.REFUSE: "不予通过"}

END_STATES = frozenset({State.EFFECTIVE, State.REFUSED, State.WITHDRAWN, State.CONFLICT})

TRANSITIONS: dict[tuple[State | None, Event], State] = {
    (None, Event.PROPOSE): State.DRAFT,
    (State.DRAFT, Event.SUBMIT): State.PENDING,
    (State.DRAFT, Event.WITHDRAW): State.WITHDRAWN,
    (State.PENDING, Event.RETURN): State.DRAFT,
    (State.PENDING, Event.REFUSE): State.REFUSED,
    (State.PENDING, Event.WITHDRAW): State.WITHDRAWN,
    (State.PENDING, Event.APPROVE): State.APPROVED,
    (State.APPROVED, Event.REVOKE): State.DRAFT,
    (State.APPROVED, Event.APPLY): State.EFFECTIVE,
    (State.APPROVED, Event.REFUSE): State.REFUSED,
    (State.APPROVED, Event.SEAL): State.SEALED,
    (State.SEALED, Event.RECEIPT_ACCEPT): State.EFFECTIVE,
    (State.SEALED, Event.RECEIPT_RETURN): State.DRAFT,
    (State.SEALED, Event.RECEIPT_REFUSE): State.REFUSED,
    (State.SEALED, Event.PACKAGE_REFUSED): State.APPROVED,
    (State.SEALED, Event.RECEIPT_WITHDRAWN): State.WITHDRAWN,
    (State.SEALED, Event.CONFLICT): State.CONFLICT,
    (State.APPROVED, Event.CONFLICT): State.CONFLICT,
}

NEW_ATTEMPT = frozenset({Event.RETURN, Event.REVOKE, Event.RECEIPT_RETURN})
"""Events after which the change goes on as a draft with its attempt raised by one."""


def follow(events: Iterable[Event]) -> State | None:
    """State after `events` in their order; None for no events. Raises KeyError for an impossible step."""
    state: State | None = None
    for event in events:
        state = TRANSITIONS[state, event]
    return state
