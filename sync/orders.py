"""Orders to disable accounts between units: given with a registrar's signature, proved with the unit's key (A9-A12)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.orders import REASON_LABELS, ProofLine
from models.domain.signing import Signer
from models.domain.units import Actor, Role
from models.services import order_execution, orders
from models.services.units import own_unit
from models.store import tables as t
from sync.messages import traces
from sync.messages.message import Message
from sync.messages.post import post
from sync.trust.identity import require_signer

if TYPE_CHECKING:
    from models.store.store import Store

ORDER: Final = "order.disable"
PROOF: Final = "order.proof"


def issue(
    store: Store, passphrase: str, account_ids: Sequence[str], reason: str, note: str = "", due: str = ""
) -> orders.Issued:
    """Give an order on accounts of units below; it goes with the next delivery to each unit that holds some.

    `reason`: key of models.domain.orders.REASONS; `due`: day YYYY-MM-DD (default: in 15 days). Signed by the
    registrar. Raises NotAllowedError, UserError, WrongSecretError.
    """
    return store.write(give, store.actor, store.signer(passphrase), account_ids, (reason, note, due))


def give(
    session: Session, actor: Actor, signer: Signer, account_ids: Sequence[str], said: tuple[str, str, str]
) -> orders.Issued:
    """`issue` inside a transaction; `said`: reason, note, due."""
    require_signer(actor, signer, Role.REGISTRAR, "下达停用通知单")
    issued = orders.issue(session, actor, account_ids, *said)
    due = orders.end_of_day(issued.due)
    for unit_id, body in issued.letters:
        title = f"停用账户通知单：{REASON_LABELS[body.reason]}，{len(body.lines)} 个账户"
        post(
            session, actor, ORDER, unit_id, body.to_json(),
            title=title, signers=[signer], matter=issued.order_id, due=due,
        )  # fmt: skip
    return issued


# --- at the unit that holds the accounts ----------------------------------------------------------------------


def take_order(session: Session, actor: Actor, message: Message) -> str:
    """Handler: keep an order; accounts that are disabled already are proved at once. Raises as order_execution.take."""
    already = order_execution.take(session, actor, message.matter, message.origin_id, message.body)
    if already:
        _prove(session, actor, message.matter, order_execution.proof_of(session, message.matter, already))
    count = len(message.body["items"])
    said = f"，其中 {len(already)} 个此前已禁用" if already else ""
    return f"收到停用通知单，涉及 {count} 个账户{said}，请执行或提出异议"


def execute(session: Session, actor: Actor, order_id: str, positions: Sequence[int] | None = None) -> list[ProofLine]:
    """Disable accounts of an order (None: all open ones) and let the proof wait for the next delivery.

    Raises as order_execution.execute.
    """
    lines = order_execution.execute(session, actor, order_id, positions)
    return _prove(session, actor, orders.find_order(session, order_id).id, lines)


def object_(
    session: Session, actor: Actor, order_id: str, positions: Sequence[int] | None, reason: str
) -> list[ProofLine]:
    """Object to accounts of an order (None: all open ones) and tell the issuer. Raises as order_execution.object_."""
    lines = order_execution.object_(session, actor, order_id, positions, reason)
    return _prove(session, actor, orders.find_order(session, order_id).id, lines)


def _prove(session: Session, actor: Actor, order_id: str, lines: list[ProofLine]) -> list[ProofLine]:
    """Tell every tier above; an order nothing is open of is finished."""
    done = sum(line.state == "done" for line in lines)
    for unit_id in order_execution.told(session, order_id):
        for body in order_execution.proof_bodies(order_id, lines):
            title = f"停用账户回执：已禁用 {done} 个，有异议 {len(lines) - done} 个"
            post(session, actor, PROOF, unit_id, body, title=title, matter=order_id)
    if orders.find_order(session, order_id).state == "closed":
        for message_id in _letters(session, order_id):
            traces.finish(session, actor, message_id, "已全部办理")
    return lines


def _letters(session: Session, order_id: str) -> list[str]:
    """The messages an order came in."""
    c = t.message.c
    this = (c.kind == ORDER, c.matter == order_id, c.to_id == own_unit(session).id, c.direction == "in")
    return list(session.execute(select(c.id).where(*this)).scalars())


# --- at the tiers above ---------------------------------------------------------------------------------------


def take_proof(session: Session, actor: Actor, message: Message) -> str:
    """Handler: the order's items and the own copy of the accounts follow the proof. Raises as orders.take_proof."""
    return orders.take_proof(session, actor, message.origin_id, message.body)
