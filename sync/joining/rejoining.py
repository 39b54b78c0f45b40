"""A channel taken up again after a unit came back from an old backup (decision 9).

The reply to an enrolment request is signed by two persons of the superior, so it carries where the channel stands
there. A unit whose own memory is older goes on from that place; what it sealed in between can never arrive and is
approved again. A superior that lost its own memory begins a new epoch: then everything is reported anew.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models.domain.units import Actor, Unit
from models.services import receipts as services
from models.services import recovered, reported
from models.services.change_log import Decider
from models.store import audit
from models.store import tables as t
from sync.messages import traces
from sync.packages import ledger
from sync.recovery.channels import channel
from sync.refusals import Fault, MalformedError
from sync.wire.jsonlines import is_number

_MOST_TOLD: Final = 200
_REASON: Final = "本单位从备份恢复过，这个包的编号已被用过，上级收不到它。请重新打包"


def place_told(session: Session, own: Unit, below: Unit) -> dict[str, Any]:
    """Where the channel from `below` stands here, and the ids of its packages that were taken, newest first."""
    place = ledger.place_of(session, below.id, own.id, own.line.value)
    c = t.package.c
    query = select(c.id).where(c.issuer_id == below.id, c.direction == "in", c.state != ledger.HELD, c.sequence > 0)
    taken = session.execute(query.order_by(c.epoch.desc(), c.sequence.desc()).limit(_MOST_TOLD)).scalars()
    return {"epoch": place.epoch, "sequence": place.sequence, "last": place.last_id, "taken": list(taken)}


def rejoin(session: Session, actor: Actor, own: Unit, superior: Unit, told: Any) -> None:
    """Go on from the place `told` when the superior has taken a package this store does not remember, or none any more.

    Raises MalformedError.
    """
    place, taken = _read(told)
    anew = not place.sequence and place.epoch > ledger.place_of(session, own.id, superior.id, own.line.value).epoch
    if not anew and (not place.sequence or _sent(session, place.last_id)):
        return
    lost = [row for row in ledger.unanswered(session, superior.id) if row.purpose == "changes" and row.id not in taken]
    for row in lost:
        reply = {"in_reply_to": row.id, "package_verdict": "refused", "reason": _REASON}
        services.apply_receipt(session, actor, reply, Decider(superior.id, "", superior.name))
        _send_evidence_again(session, row.id)
    _post_again(session, actor, superior, taken)
    _report_again(session, superior, taken)
    ledger.place(session, channel(own, superior), place)
    drafted = recovered.draft_everything(session, actor) if anew else 0
    facts = {"epoch": place.epoch, "sequence": place.sequence, "reopened": len(lost), "drafted": drafted}
    audit.append(session, actor, "channel.rejoin", f"unit:{superior.id}", facts)


def _post_again(session: Session, actor: Actor, superior: Unit, taken: frozenset[str]) -> None:
    """Messages of packages that cannot arrive wait for the next one; what was taken needs no delivery."""
    for row in ledger.unanswered(session, superior.id):
        if row.purpose == "messages":
            if row.id not in taken:
                traces.requeue(session, actor, [row.id])
            ledger.set_state(session, row.id, ledger.RECEIPTED if row.id in taken else ledger.REFUSED)


def _report_again(session: Session, superior: Unit, taken: frozenset[str]) -> None:
    """What lay in reports that cannot arrive waits for the next one."""
    for row in ledger.unanswered(session, superior.id):
        if row.purpose == "report" and row.id not in taken:
            reported.settle(session, row.id, None)
            ledger.set_state(session, row.id, ledger.REFUSED, _REASON)


def _send_evidence_again(session: Session, package_id: str) -> None:
    """What was sealed with a lost package goes with the next one, whether it had arrived or not."""
    c = t.package.c
    with_it = (c.purpose == "evidence", c.direction == "out", c.in_reply_to == package_id)
    sent = t.evidence_sent.c.package_id.in_(select(c.id).where(*with_it))
    session.execute(delete(t.evidence_sent).where(sent))
    session.execute(update(t.package).where(*with_it).values(state=ledger.REFUSED))


def _sent(session: Session, package_id: str) -> bool:
    row = ledger.find(session, package_id)
    return row is not None and row.direction == "out" and row.id == package_id


def _read(told: Any) -> tuple[ledger.Place, frozenset[str]]:
    try:
        place = ledger.Place(told["epoch"], told["sequence"], told["last"])
        taken = frozenset(told["taken"])
        fits = is_number(place.epoch) and is_number(place.sequence)
        fits = fits and all(isinstance(text, str) for text in (place.last_id, *taken))
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise MalformedError(Fault.HEADER_DAMAGED)
    return place, taken
