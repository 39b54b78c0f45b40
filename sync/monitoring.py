"""Changes of post between a unit and the province: applied for under the unit's key, answered by a registrar (A4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from models.domain.monitoring import FILED, REFUSED
from models.domain.signing import Signer
from models.domain.units import Actor, Role
from models.services.monitoring import filing
from models.services.monitoring.filing import Pending
from sync.messages import traces
from sync.messages.message import Message
from sync.messages.post import post
from sync.trust.identity import require_signer

if TYPE_CHECKING:
    from models.store.store import Store

APPLY: Final = "monitoring.apply"
ANSWER: Final = "monitoring.answer"


def tell(session: Session, actor: Actor) -> None:
    """Post what the own head has approved and nobody has sent; called before anything is sealed.

    An application that was refused as a file, on its way or there, is a draft again.
    """
    filing.take_back_refused(session, actor, APPLY)
    province = filing.province_of(session)
    if province is None:
        return
    for one in filing.to_send(session):
        title = f"岗位变动备案申请：{one.after['name']} {one.before['post']} → {one.after['post']}"
        post(session, actor, APPLY, province.id, one.to_json(), title=title[:200], matter=one.change)
        filing.mark_sent(session, actor, one.change)


def take_application(session: Session, actor: Actor, message: Message) -> str:
    """Handler at the province: it stays open until the registrar files or refuses it. Raises as filing.receive."""
    return filing.receive(session, actor, message.id, message.origin_id, message.body)


def take_answer(session: Session, actor: Actor, message: Message) -> str:
    """Handler at the unit. Raises as filing.settle."""
    return filing.settle(session, actor, message.origin_id, message.body)


def file(store: Store, passphrase: str, number: str, opinion: str = "") -> Pending:
    """The province's registrar files a change of post; the answer goes with the next delivery.

    Raises NotAllowedError, UserError (with the clause beyond the quota), WrongSecretError.
    """
    return store.write(_decide, store.actor, store.signer(passphrase), number, (FILED, opinion))


def refuse(store: Store, passphrase: str, number: str, opinion: str) -> Pending:
    """The province's registrar refuses a change of post with an opinion. Raises as `file`."""
    return store.write(_decide, store.actor, store.signer(passphrase), number, (REFUSED, opinion))


def _decide(session: Session, actor: Actor, signer: Signer, number: str, said: tuple[str, str]) -> Pending:
    require_signer(actor, signer, Role.REGISTRAR, "办理岗位变动备案")
    one, answer = filing.decide(session, actor, number, *said)
    if one.unit_id != actor.unit.id:
        words = "已备案，允许修改权限" if answer.verdict == FILED else "不予备案"
        title = f"岗位变动备案结果：{one.label}，{words}"[:200]
        post(
            session, actor, ANSWER, one.unit_id, answer.to_json(),
            title=title, signers=[signer], matter=one.change_id, in_reply_to=one.message_id,
        )  # fmt: skip
        traces.finish(session, actor, one.message_id, words)
    return one
