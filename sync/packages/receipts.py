"""Receipts: a reviewed (or refused) package is answered and signed; the answer is applied once where it came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.signing import Signer
from models.domain.units import Actor, Role, Unit
from models.services import receipts as services
from models.services import reported, review
from models.services.change_log import Decider
from models.services.receipts import ReceiptOutcome
from models.services.units import find_unit, own_unit
from models.store import audit, clock
from models.store import tables as t
from sync.packages import ledger, outbox
from sync.packages.arrival import Arrival
from sync.packages.dispatch import Draft, dispatch
from sync.packages.opening import RECEIPT
from sync.refusals import ContentRefusedError, Fault
from sync.reports import taking
from sync.transport.removable import folder_for
from sync.trust import renewal
from sync.trust.certificates import parse
from sync.trust.identity import (
    certified,
    ensure,
    require_signer,
)
from sync.wire.jsonlines import long_value
from sync.wire.statements import Statement, base64_text, sign

if TYPE_CHECKING:
    from models.store.store import Store

_ANSWERED: Final = ("changes", "report")
_LABELS: Final = (
    ("accepted", "通过"),
    ("returned", "退回补正"),
    ("refused", "不予通过"),
    ("withdrawn", "撤回"),
    ("conflicts", "有冲突"),
    ("reopened", "退回待打包"),
    ("already", "此前已答复"),
    ("filed", "已上报备案"),
    ("unfiled", "未被上级接收"),
)
_STEPS: Final = (
    ("returned", "退回的已回到草稿，请按意见补正后重新提交"),
    ("refused", "不予通过的没有生效，名册未改动；如仍需变更，请按意见另行发起"),
    ("conflicts", "有冲突的没有写入名册，已另拟草稿，请核对现在的值后处理"),
    ("withdrawn", "撤回的不再办理"),
    ("unfiled", "未被接收的按意见处理后，随下一次打包再报"),
    ("accepted", "通过的已生效，无需其他操作"),
)
_MOST_OPINIONS: Final = 3


@dataclass(frozen=True)
class Answered:
    """The receipt's file, how many problems were found when what was accepted was merged, and the other files."""

    path: Path
    problems: int
    others: tuple[Path, ...] = ()


def finish_review(store: Store, package_id: str, passphrase: str, out_dir: Path | None = None) -> Path:
    """The receipt's file only; see `answer`."""
    return answer(store, package_id, passphrase, out_dir).path


def answer(store: Store, package_id: str, passphrase: str, out_dir: Path | None = None) -> Answered:
    """Sign the receipt of a reviewed package, apply what was accepted, and write the file for the unit below.

    All else that waits for that unit is written with it.

    A package that was refused when it came in is answered the same way. One signature, the registrar's (decision 6).
    Raises UserError, WrongSecretError, NotAllowedError; NotWrittenError when only the file failed.
    """
    folder_for(store.home, out_dir)  # before anything is signed
    signer = store.signer(passphrase)
    receipt_id, problems = store.write(_finish, store.actor, signer, package_id, store.home)
    written = outbox.rewrite_unanswered(store, out_dir, store.read(_audience, receipt_id))
    path = outbox.rewrite(store, receipt_id, out_dir)
    return Answered(path, problems, tuple(other for other in written if other != path))


def _audience(session: Session, package_id: str) -> str:
    row = ledger.find(session, package_id)
    assert row is not None
    return str(row.audience_id)


def _finish(session: Session, actor: Actor, signer: Signer, package_id: str, folder: Path) -> tuple[str, int]:
    """The id of the receipt, and the number of problems found at the merge."""
    require_signer(actor, signer, Role.REGISTRAR, "办结核办")
    row = _answerable(session, package_id)
    ensure(session)
    school = find_unit(session, row.issuer_id)
    assert school is not None
    refused, report, problems = row.state == ledger.REFUSED, row.purpose == "report", 0
    if refused:
        body = _refusal(session, row)
    elif report:
        body = {"unit": own_unit(session).id, **taking.answer(session, row.id)}
    else:
        body = review.receipt_body(session, row.id)
    body |= {
        "at": clock.now(session),
        "certificates": [base64_text(c.der) for c in renewal.renewed(session, school)],
        "audit_head": _countersigned(session, row.id),
    }
    statement = sign(body, [certified(session, signer)])
    ledger.keep(session, statement)
    if refused or report:
        ledger.set_state(session, row.id, ledger.ANSWERED)
    else:
        problems = review.finish(session, actor, row.id, statement.id).problems
    draft = Draft("receipt", school, statement, len(body["items"]), in_reply_to=row.id)
    return dispatch(session, actor, folder, draft, _lines(statement)), problems


def _lines(statement: Statement) -> Iterator[bytes]:
    yield from long_value("c", statement.to_json())


def _answerable(session: Session, package_id: str) -> Row[Any]:
    row = ledger.find(session, package_id)
    if row is None or row.direction != "in" or row.purpose not in _ANSWERED:
        raise UserError(f"找不到收到的变更包“{package_id}”，请核对编号。")
    if row.state in (ledger.HELD, ledger.ANSWERED):
        word = "还在等前面的包" if row.state == ledger.HELD else "已经答复过"
        raise UserError(f"“{row.title}”{word}，不能生成回执。{_earlier(session, row.id)}")
    if row.state != ledger.REFUSED and row.purpose == "changes" and not review.count_decided(session, row.id):
        left = review.count_items(session, row.id).get("in_review", 0)
        raise UserError(f"“{row.title}”没有新的核办意见（还有 {left} 项没有核办）。{_earlier(session, row.id)}")
    return row


def _earlier(session: Session, package_id: str) -> str:
    """Which receipt there is already, and how it is written again; "" for none."""
    c = t.package.c
    condition = (c.purpose == "receipt", c.direction == "out", c.in_reply_to == package_id)
    last = session.execute(select(c.id, c.file_name).where(*condition).order_by(c.sequence.desc())).first()
    if last is None:
        return ""
    return f"此前的回执是“{last.file_name}”，需要时可以再写一份（“收发”页，或命令 package write {last.id[:12]}）。"


def _refusal(session: Session, row: Row[Any]) -> dict[str, Any]:
    head = {"type": RECEIPT, "v": 1, "unit": own_unit(session).id, "in_reply_to": row.id}
    return {**head, "package_verdict": "refused", "reason": row.note, "items": []}


def _countersigned(session: Session, package_id: str) -> dict[str, Any] | None:
    """The audit head the school signed; kept by both sides from now on (decision 12)."""
    content = ledger.recall(session, package_id)
    return None if content is None else dict(content.content["audit_head"])


# --- at the unit that asked -----------------------------------------------------------------------------


def apply(session: Session, actor: Actor, statement: Statement, arrival: Arrival) -> ReceiptOutcome:
    """Apply a verified receipt: items once, the certificates in force, the superior's time.

    Raises ContentRefusedError for a package that this unit never sent.
    """
    body = statement.content
    sent = ledger.find(session, body["in_reply_to"])
    if (
        sent is None
        or sent.direction != "out"
        or sent.audience_id != arrival.issuer.id
        or sent.id != body["in_reply_to"]
    ):
        raise ContentRefusedError(Fault.UNKNOWN_REPLY)
    clock.advance(session, body["at"])
    renewal.take(session, body["certificates"], arrival.issuer.id, body["at"])
    if sent.purpose == "report":
        outcome = _settle_report(session, sent.id, body)
    else:
        outcome = services.apply_receipt(session, actor, body, _decider(statement, arrival.issuer))
    after = ledger.find(session, sent.id)
    if after is not None and after.state in (ledger.RECEIPTED, ledger.REFUSED):
        _close_evidence(session, sent.id)
    facts = {"receipt": statement.id, "verdict": body["package_verdict"], "items": len(body["items"])}
    audit.append(session, actor, "receipt.receive", f"package:{sent.id}", facts)
    return outcome


def _settle_report(session: Session, report_id: str, body: Mapping[str, Any]) -> ReceiptOutcome:
    """What the superior did not take waits for the next report; the rest is filed (decision 14)."""
    whole = body["package_verdict"] == "refused"
    refused = None if whole else {answer["id"]: answer["opinion"] for answer in body["items"]}
    filed, unfiled = reported.settle(session, report_id, refused)
    ledger.set_state(session, report_id, ledger.REFUSED if whole else ledger.RECEIPTED, body["reason"] or None)
    return ReceiptOutcome(filed=filed, unfiled=unfiled)


def _decider(statement: Statement, superior: Unit) -> Decider:
    """The person whose signature the receipt carries, as the certificate names them."""
    signature = statement.signatures[0]
    name = parse(signature.certificate).subject.name if signature.certificate else ""
    return Decider(superior.id, signature.person_id, name)


def _close_evidence(session: Session, package_id: str) -> None:
    c = t.package.c
    condition = (c.purpose == "evidence", c.direction == "out", c.in_reply_to == package_id)
    session.execute(update(t.package).where(*condition).values(state=ledger.RECEIPTED))


def told(body: Mapping[str, Any], outcome: ReceiptOutcome) -> tuple[str, str, dict[str, int]]:
    """What a receipt did: the sentence, the next step, the numbers."""
    counts = {key: int(getattr(outcome, key)) for key, _ in _LABELS}
    said = "、".join(f"{label} {counts[key]} 项" for key, label in _LABELS if counts[key])
    if body["package_verdict"] == "refused":
        sentence = f"上级拒收了这个包：{body['reason']}{said and f'（{said}）'}"
        return sentence, "请按原因改正后重新打包。", counts
    return f"回执已处理：{said or '没有新的答复'}。{_opinions(body)}", _next_step(counts), counts


def _next_step(counts: Mapping[str, int]) -> str:
    """What follows from each outcome that occurred, what needs work first."""
    steps = [text for key, text in _STEPS if counts[key]]
    return f"{'；'.join(steps)}。" if steps else "没有需要办理的事项。"


def _opinions(body: Mapping[str, Any]) -> str:
    """Why something was returned or refused, in the words of who decided; each reason once."""
    given = [item["opinion"] for item in body["items"] if item["verdict"] in ("return", "refuse") and item["opinion"]]
    shown = list(dict.fromkeys(given))
    more = f"等 {len(shown)} 条" if len(shown) > _MOST_OPINIONS else ""
    return f"意见：{'；'.join(shown[:_MOST_OPINIONS])}{more}。" if shown else ""
