"""What a unit takes back that it once sent and lost: changes, rows of lists (decision 9)."""

from __future__ import annotations

import json
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.domain.change_kinds import BASELINE_OF
from models.domain.units import Actor, Role, Unit
from models.services import recovered
from models.services.change_log import Decider
from models.services.records import COUNTED
from models.services.recovered import Told
from models.services.review_intake import check_entry, check_shape
from models.services.units import own_unit
from models.store import audit
from models.store import tables as t
from models.store.clock import now_text
from sync.messages.message import Message
from sync.packages import ledger
from sync.recovery.memory import read_place
from sync.recovery.proofs import root_by
from sync.refusals import ContentRefusedError, Fault, UntrustedError
from sync.trust.certificates import parse
from sync.trust.chains import require_role
from sync.trust.identity import superior_of, trust_of
from sync.wire.content import TYPE, check_item, leaf_hash
from sync.wire.statements import Statement

_MOST_PATH: Final = 32


def require_from_above(session: Session, unit_id: str) -> Unit:
    """The superior, who alone gives back what it took. Raises UntrustedError."""
    superior = superior_of(session)
    if superior is None or superior.id != unit_id:
        raise UntrustedError(Fault.NOT_SUPERIOR)
    return superior


def take_items(session: Session, actor: Actor, message: Message) -> str:
    """Let changes stand again as this unit had handed them in; what was done. Raises RefusedError."""
    superior, own = require_from_above(session, message.origin_id), own_unit(session)
    content = Statement.from_json(message.body["content"])
    registrar = _registrar(session, own, content)
    told = [_told(own, content, entry) for entry in message.body["items"]]
    place = {key: message.body[key] for key in ("epoch", "sequence")}
    _keep_package(session, own, superior, content, place)
    count = recovered.bring_back(session, actor, content.id, registrar, told)
    if not count:
        return "已报送的事项本单位都有记录，无需补回"
    facts = {"package": content.id, "items": len(told), "brought": count}
    audit.append(session, actor, "recovery.items", f"package:{content.id}", facts)
    return f"已补回本单位报送过的 {count} 项变更，随后按上级的回执办理"


def _registrar(session: Session, own: Unit, content: Statement) -> Decider:
    """Who signed the package at this unit. Raises UntrustedError."""
    body = content.content
    if (content.type, body["v"], body["purpose"], body["issuer"]) != (TYPE, 1, "changes", own.id):
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="补回的事项")
    (signature,) = content.signatures
    line, at = own.line.value, str(body["created"])
    certificate = trust_of(session).signed_by_person(content, signature, own.id, line, at)
    require_role(certificate, Role.REGISTRAR)
    return Decider(own.id, signature.person_id, parse(certificate.der).subject.name)


def _told(own: Unit, content: Statement, entry: Any) -> Told:
    """An item that stands where the signed root says. Raises ContentRefusedError, KeyError, TypeError, ValueError."""
    raw = entry["raw"].encode()
    path = [bytes.fromhex(text) for text in entry["path"][:_MOST_PATH]]
    if root_by(leaf_hash(raw), path, entry["position"], content.content["count"]) != content.content["root"]:
        raise ContentRefusedError(Fault.CONTENT_EDITED)
    item = check_item(json.loads(raw), own.id)
    check_shape(item, own.id, own.line)
    who = entry["approver"]
    return Told(item, Decider(own.id, str(who["id"]), str(who["name"])[:64]), str(who["statement"])[:64])


def _keep_package(session: Session, own: Unit, superior: Unit, content: Statement, place: dict[str, Any]) -> None:
    """The package itself is known again, so that its receipt finds it; there is nothing of it to deliver."""
    ledger.keep(session, content)
    if ledger.find(session, content.id) is not None:
        return
    at = read_place({**place, "last": content.id})
    count = content.content["count"]
    title = f"{own.name} {ledger.PURPOSE_LABELS['changes']} 第 {at.sequence} 号（{count} 项）"
    row = {
        "id": content.id, "direction": "out", "purpose": "changes", "issuer_id": own.id, "audience_id": superior.id,
        "title": title, "line": own.line.value,
        "epoch": at.epoch, "sequence": at.sequence, "previous": "", "created_at": content.content["created"],
        "items": count, "state": ledger.RECEIPTED, "in_reply_to": None, "note": "由上级补回", "file_name": "",
        "size": 0, "file_digest": "", "handled_at": now_text(),
    }  # fmt: skip
    session.execute(insert(t.package).values(**row))


def take_rows(session: Session, actor: Actor, message: Message) -> str:
    """Enter pupils or accounts that this unit had reported and lost; what was done.

    Rows are not signed by this unit, so they are taken only after it asked its superior again and two persons there
    replied: then the channel goes on in a new epoch. Raises RefusedError.
    """
    superior, own = require_from_above(session, message.origin_id), own_unit(session)
    if ledger.place_of(session, superior.id, own.id, own.line.value).epoch == 1:
        raise UntrustedError(Fault.NOTHING_LOST)
    body = message.body
    kind, batch, change = (str(body[key])[:64] for key in ("kind", "batch", "change"))
    listed = BASELINE_OF.get(kind)
    if listed is None:
        raise ContentRefusedError(Fault.CONTENT_DAMAGED, what="补回的名册")
    rows = [(json.loads(text), text.encode()) for text in body["rows"]]
    for row, _ in rows:
        check_entry(row, listed)
    count = recovered.bring_rows(session, actor, kind, batch, change, rows)
    return f"已补回 {count} {COUNTED[kind]}" if count else "名册中的记录本单位都有，无需补回"
