"""Invitations: a superior announces units below, each with a one-time code on paper (issue 3, point 6).

The code stands for the words two people would compare: the request and the reply each carry an HMAC under it, over
all they say. A code has 128 bits, so that nobody who holds the files can guess it (decision 5).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.ids import new_id
from models.domain.progress import SILENT, Progress
from models.domain.signing import Signer
from models.domain.units import Actor, Unit
from models.exchange.writing import write_table
from models.services import invitations as services
from models.services.units import own_unit
from models.store import audit, clock
from models.store import tables as t
from models.store.vault.codes import CodeKind, decode, encode
from sync import policies
from sync.formats import INVITATION, FileKind, open_file, require_kind, require_whole
from sync.joining.requests import Reply, Request, unit_from, unit_json
from sync.packages import ledger
from sync.packages.dispatch import file_name
from sync.refusals import Fault, MalformedError, RefusedError, UntrustedError
from sync.transport.removable import folder_for
from sync.trust.certificates import ISSUING, Certificate, parse, to_time
from sync.trust.chains import Trust
from sync.trust.identity import certificates_by, certified, ensure, own_anchor, unit_signer
from sync.wire.jsonlines import encode as canonical
from sync.wire.statements import Signs, Statement, base64_text, sign, unbase64

if TYPE_CHECKING:
    from models.store.store import Store

SLIP_TITLES: Final = ("单位名称", "单位代码", "联系人", "一次性码", "邀请函文件")
_SECRET_BYTES: Final = 16


@dataclass(frozen=True)
class Slip:
    """What is printed for one unit; `code` is shown on paper only."""

    unit: Unit
    contact: str
    code: str
    path: Path


@dataclass(frozen=True)
class Invited:
    """The invitations written, the list of slips, and the rows of the list that were left out."""

    slips: tuple[Slip, ...]
    sheet: Path
    findings: tuple[services.ListFinding, ...]


@dataclass(frozen=True)
class Invitation:
    """An invitation as it was read: signed rightly by the key it brings; whose that is the code will show."""

    id: str
    unit: Unit
    superior: Unit
    at: str
    statement: Statement


# --- the proof --------------------------------------------------------------------------------------------


def proven(body: Mapping[str, Any], secret: bytes) -> dict[str, Any]:
    """`body` with the proof that who made it holds the code; it covers all else that the body says."""
    return {**body, "proof": _proof(body, secret)}


def is_proven(body: Mapping[str, Any], secret: bytes) -> bool:
    """Whether the proof of a body was made with the code."""
    given = body.get("proof")
    return isinstance(given, str) and hmac.compare_digest(given.encode(), _proof(body, secret).encode())


def _proof(body: Mapping[str, Any], secret: bytes) -> str:
    key = hmac.digest(secret, f"rollbook-code-1/{body['type']}".encode(), hashlib.sha256)
    said = {name: value for name, value in body.items() if name != "proof"}
    return hmac.digest(key, canonical(said), hashlib.sha256).hex()


# --- at the superior --------------------------------------------------------------------------------------


def invite(
    store: Store,
    plan: services.InvitationPlan,
    passphrase: str,
    officer: tuple[str, str],
    out_dir: Path | None = None,
    progress: Progress = SILENT,
) -> Invited:
    """Write an invitation for each unit of a plan and one list of slips, signed by administrator and officer once.

    All or nothing: when a file cannot be written or the person stops, no code counts. Raises NotAllowedError,
    UserError, WrongSecretError, NotWrittenError, CancelledError.
    """
    folder = folder_for(store.home, out_dir)
    signers = policies.two_signers(store, passphrase, officer, "发出入网邀请函")
    if not plan.units:
        raise UserError("名单中没有可以邀请的单位，请按提示改正名单后再试。")
    written: list[Path] = []
    try:
        return store.write(_invite, store.actor, plan, signers, folder, written, progress)
    except BaseException:
        for path in written:
            with suppress(OSError):
                path.unlink()
        raise


def _invite(
    session: Session, actor: Actor, plan: services.InvitationPlan, signers: Sequence[Signer], folder: Path,
    written: list[Path], progress: Progress,
) -> Invited:  # fmt: skip
    own, at = ensure(session), clock.now(session)
    anchor = own_anchor(session)
    assert anchor is not None
    who: list[Signs] = [unit_signer(session), *(certified(session, signer) for signer in signers)]
    known = certificates_by(session, own.id)
    slips: list[Slip] = []
    for number, (unit, contact) in enumerate(plan.units):
        progress.report(number, len(plan.units), "写邀请函")
        secret, invitation_id = secrets.token_bytes(_SECRET_BYTES), new_id()
        body = {
            "type": INVITATION, "v": 1, "id": invitation_id, "unit": unit_json(unit), "superior": unit_json(own),
            "line": own.line.value, "anchor": base64_text(anchor.der), "at": at,
        }  # fmt: skip
        statement = sign(proven(body, secret), who).with_certificates(known)
        services.enter(session, invitation_id, unit, contact, secret, statement.id)
        path = folder / file_name("邀请函", unit, unit.code)
        written.append(path)
        policies.write_statement(statement, path)
        slips.append(Slip(unit, contact, encode(secret, CodeKind.INVITATION), path))
    sheet = folder / f"一次性码_{at.replace(':', '').replace('T', '_').rstrip('Z')}.xlsx"
    written.append(sheet)
    rows = [(one.unit.name, one.unit.code, one.contact, one.code, one.path.name) for one in slips]
    write_table(sheet, "一次性码", SLIP_TITLES, rows)
    facts = {"units": len(slips), "signed_by": [signer.person_id for signer in signers]}
    audit.append(session, actor, "invitation.issue", f"unit:{own.id}", facts)
    return Invited(tuple(slips), sheet, plan.findings)


def shown_by(session: Session, asked: Request) -> Row[Any] | None:
    """The open invitation whose code made a request and whose unit it is; None when words are needed."""
    row = services.find(session, asked.invitation) if asked.invitation else None
    return row if row is not None and code_fault(session, asked, row) is None else None


def code_fault(session: Session, asked: Request, row: Row[Any] | None) -> str | None:
    """Why a request is not shown by its code, in a sentence; None when it is."""
    if not asked.invitation:
        return "申请里没有一次性码，须打电话逐词核对核对词。"
    if row is None or row.unit_id == own_unit(session).id:
        return "申请所依据的邀请函不是本单位发出的，须打电话逐词核对核对词。"
    if not is_proven(asked.body, row.secret):
        other = next((one for one in services.sent(session) if is_proven(asked.body, one.secret)), None)
        return (
            f"所用的一次性码是“{other.name}”的，请核实是谁提出的申请。" if other else "一次性码不对，请核实申请来源。"
        )
    if row.state != services.OPEN:
        return _STATE_FAULTS[row.state]
    if asked.unit != services.unit_of(row):
        return f"申请的单位与邀请函上的“{row.name}”（{row.code}）不一致，须打电话逐词核对核对词。"
    return None


_STATE_FAULTS: Final = {
    services.USED: "这个一次性码已经用过，只能用一次；再次申请须逐词核对核对词，或重新邀请。",
    services.LOCKED: "这份邀请函因多次出现错误的一次性码已锁定，须逐词核对核对词，或重新邀请。",
    services.REPLACED: "这份邀请函已换发新的，原来的一次性码作废。请该单位用新的邀请函，或逐词核对核对词。",
}


# --- at the unit that was invited -------------------------------------------------------------------------


def read_invitation(path: Path) -> Invitation:
    """What an invitation says; no store is needed. Raises RefusedError."""
    require_kind(path, FileKind.INVITATION)
    file = open_file(path)
    require_whole(file)
    statement = file.statement
    body = statement.content
    try:
        unit, superior, anchor = unit_from(body["unit"]), unit_from(body["superior"]), parse(unbase64(body["anchor"]))
        to_time(body["at"])
        invitation = Invitation(str(body["id"]), unit, superior, body["at"], statement)
        if body["v"] != 1 or not isinstance(body["proof"], str) or len(invitation.id) > 36:
            raise ValueError("invitation")
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
    _check(invitation, anchor)
    return invitation


def _check(invitation: Invitation, anchor: Certificate) -> None:
    """Signed by a unit that stands above, and by two of its persons, under the anchor it brings."""
    body, superior = invitation.statement.content, invitation.superior
    rising = superior.tier.rank > invitation.unit.tier.rank
    if not rising or superior.line is not invitation.unit.line or superior.id == invitation.unit.id:
        raise UntrustedError(Fault.TIERS_CROSSED)
    if (anchor.subject.purpose, anchor.subject.unit_id) != (ISSUING, superior.id):
        raise UntrustedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    fresh = Trust((anchor.der,))
    fresh.signed_by_unit(invitation.statement, superior.id, superior.line.value, invitation.at)
    head = {"unit": superior.id, "line": superior.line.value, "at": body["at"]}
    policies.check_two(invitation.statement, fresh, head, invitation.at)


def take(session: Session, actor: Actor, invitation: Invitation) -> None:
    """Keep the invitation a new store was founded by. Raises UntrustedError when it is for another unit."""
    own = own_unit(session)
    if own.id != invitation.unit.id:
        raise UntrustedError(Fault.NOT_INVITED, unit=invitation.unit.name)
    ledger.keep(session, invitation.statement)
    services.enter(session, invitation.id, own, "", b"", invitation.statement.id)
    facts = {"superior": invitation.superior.id, "statement": invitation.statement.id}
    audit.append(session, actor, "invitation.take", f"unit:{own.id}", facts)


def enter_code(session: Session, code: str) -> None:
    """Keep the code that came on paper, once it is shown to belong to the invitation.

    Raises UserError without an invitation, WrongSecretError for a slip of the pen, UntrustedError for another code.
    """
    row = services.own_invitation(session)
    if row is None:
        raise UserError("本单位不是按邀请函建立的，或邀请函已经用过，没有一次性码可用。请按核对词办理入网。")
    secret = decode(code, CodeKind.INVITATION)
    statement = ledger.recall(session, row.statement_id)
    if statement is None or not is_proven(statement.content, secret):
        raise UntrustedError(Fault.NOT_OUR_CODE, unit=row.name)
    session.execute(update(t.invitation).where(t.invitation.c.id == row.id).values(secret=secret))


def waits_for_code(session: Session) -> bool:
    """Whether this unit was founded by an invitation whose code nobody has typed yet."""
    row = services.own_invitation(session)
    return row is not None and not row.secret


def with_code(session: Session, body: Mapping[str, Any]) -> dict[str, Any]:
    """A request's body, shown by the code when this unit has one that was not used."""
    row = services.own_invitation(session)
    return dict(body) if row is None or not row.secret else proven({**body, "invitation": row.id}, row.secret)


def check_reply(session: Session, reply: Reply) -> None:
    """Believe a reply by the code instead of words. Raises UntrustedError."""
    row = services.own_invitation(session)
    body = reply.statement.content
    if row is None or not row.secret or body.get("invitation") != row.id:
        raise UntrustedError(Fault.NEEDS_WORDS, what="入网批复")
    if not is_proven(body, row.secret):
        raise UntrustedError(Fault.WRONG_CODE, what="入网批复")


def is_shown(session: Session, reply: Reply) -> bool:
    """Whether the code shows a reply, so that no words need be compared."""
    try:
        check_reply(session, reply)
    except RefusedError:
        return False
    return True


def close_own(session: Session) -> None:
    """The unit has joined: its code is used, by whatever way it joined."""
    row = services.own_invitation(session)
    if row is not None:
        services.mark_used(session, row.id)
