"""What is done with a message that is for this unit: one function a kind, in the module of its subject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sqlalchemy.orm import Session

from models.domain.units import Actor
from sync import monitoring, orders, policies, registers, taken_names
from sync.joining import mergers
from sync.messages import missing, notices, traces
from sync.messages.message import Message
from sync.problems import handlers as problems
from sync.recovery import founding, offering, taking, telling
from sync.trust import authority, directory, revocation

Handler = Callable[[Session, Actor, Message], str]
"""Carries out a verified message in the caller's transaction and says in a sentence what was done.

Raising UserError (FileRefusedError for what is wrong with the message) refuses this one message: nothing of it is
kept but the sentence, which goes back to the origin. KeyError, TypeError and ValueError stand for a body of another
shape. A kind that `awaits` a person stays open until `traces.finish`.
"""

HANDLERS: Final[Mapping[str, Handler]] = {
    authority.KIND: authority.take_message,
    directory.KIND: directory.take,
    revocation.KIND: revocation.take_message,
    "trace": traces.take,
    "notice": notices.take,
    missing.KIND: missing.take,
    policies.KIND: policies.take_message,
    "names.taken": taken_names.take,
    orders.ORDER: orders.take_order,
    orders.PROOF: orders.take_proof,
    monitoring.APPLY: monitoring.take_application,
    monitoring.ANSWER: monitoring.take_answer,
    registers.KIND: registers.take,
    mergers.KIND: mergers.take,
    mergers.ROWS: mergers.take_rows,
    telling.ITEMS: taking.take_items,
    telling.ROWS: taking.take_rows,
    telling.EVIDENCE: telling.take_confirmation,
    founding.UNITS: founding.take_units,
    offering.RECEIPTS: offering.take_receipts,
    problems.ASK: problems.take_ask,
    problems.ANSWER: problems.take_answer,
    problems.DECISION: problems.take_decision,
    problems.CLOSED: problems.take_closed,
}
