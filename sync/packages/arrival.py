"""Whether an envelope is authentic, for this unit, and in its turn; nothing is decrypted here (decisions 7, 8)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.domain.ids import id_end
from models.domain.units import Unit
from models.services.units import find_unit, own_unit
from models.store import clock
from models.store import tables as t
from sync.packages import ledger
from sync.refusals import Fault, OutOfTurnError, RefusedError, UntrustedError
from sync.trust.certificates import RENEW_DAYS, to_time
from sync.trust.chains import Trust
from sync.trust.identity import superior_of, trust_of
from sync.wire.envelope import Address, Envelope, check_payload
from sync.wire.signedfile import SignedFile
from sync.wire.statements import is_signed_by

_CLOCK_DOUBT: Final = dt.timedelta(days=1)
_BOTH_WAYS: Final = ("messages", "evidence")


@dataclass(frozen=True)
class Arrival:
    """An authentic envelope: whom to believe, the time its certificates are judged at, and what is still missing."""

    file: SignedFile
    envelope: Envelope
    issuer: Unit
    trust: Trust
    at: str
    missing: tuple[int, ...]
    warnings: tuple[str, ...]

    @property
    def address(self) -> Address:
        """Who sends what to whom."""
        return self.envelope.address


def about(session: Session, address: Address) -> str:
    """What a file is, whose and for whom, before anything is said of what is wrong with it."""
    names = [called(session, unit_id) for unit_id in (address.issuer, address.audience)]
    label = ledger.PURPOSE_LABELS.get(address.purpose, "文件")
    number = f"（第 {address.sequence} 号）" if address.sequence else ""
    return f"这是“{names[0]}”发给“{names[1]}”的{label}{number}。"


def called(session: Session, unit_id: str) -> str:
    """The name of a unit; of one nobody has told of, what tells it from others."""
    unit = find_unit(session, unit_id)
    return unit.name if unit else f"未登记的单位 {id_end(unit_id)}"


def authenticate(session: Session, file: SignedFile, envelope: Envelope) -> Arrival:
    """Judge signature, audience, issuer, relation, certificates, replay, ciphertext and turn, in this order.

    Raises UntrustedError, OutOfTurnError or MalformedError; the channel stays where it is.
    """
    address, statement = envelope.address, envelope.statement
    if len(statement.signatures) != 1:
        raise UntrustedError(Fault.UNSIGNED)
    if not is_signed_by(statement, statement.signatures[0]):
        raise UntrustedError(Fault.EDITED)
    own = own_unit(session)
    if address.audience != own.id:
        raise UntrustedError(Fault.NOT_FOR_US)
    trust = trust_of(session)
    at, warnings = _judged_at(session, address)
    if address.line != own.line.value:
        raise UntrustedError(Fault.WRONG_LINE)
    certificate, late = trust.signed_by_unit(statement, address.issuer, address.line, at)
    issuer = find_unit(session, address.issuer)
    if issuer is None:
        raise UntrustedError(Fault.UNKNOWN_ISSUER, issuer=certificate.subject.name)
    _check_relation(session, own, issuer, address)
    if late:
        warnings += (f"“{issuer.name}”的证书已于 {certificate.not_after[:10]} 到期，本次仍予接收，请尽快更新。",)
    elif to_time(certificate.not_after) - to_time(at) < dt.timedelta(days=RENEW_DAYS):
        warnings += (f"“{issuer.name}”的证书将于 {certificate.not_after[:10]} 到期，下次回执时会更新。",)
    _check_replay(session, address)
    check_payload(file, envelope)
    missing = ledger.check_turn(session, address, issuer.name) if address.sequence else []
    return Arrival(file, envelope, issuer, trust, at, tuple(missing), warnings)


def _judged_at(session: Session, address: Address) -> tuple[str, tuple[str, ...]]:
    """Certificates are judged when the content was made, but not before the last receipt nor after our own now.

    So a clock of 2009 or 2099 gets a sentence and never locks a school out (decision 8).
    """
    now = clock.now(session)
    c = t.package.c
    answered = select(func.max(c.created_at)).where(
        c.issuer_id == address.audience, c.audience_id == address.issuer, c.purpose == "receipt", c.direction == "out"
    )
    at = max(address.created, session.execute(answered).scalar() or "")
    if to_time(at) > to_time(now) + _CLOCK_DOUBT:
        return now, (f"打包时间（{address.created[:10]}）晚于本机时间，对方或本机的电脑时钟可能不准，请核对。",)
    return at, ()


def _check_relation(session: Session, own: Unit, issuer: Unit, address: Address) -> None:
    """Receipts come down, changes go up; messages, and proofs given back (decision 9), pass both ways."""
    superior = superior_of(session)
    if address.purpose == "receipt":
        if superior is None or superior.id != issuer.id:
            raise UntrustedError(Fault.NOT_SUPERIOR)
        return
    if address.purpose in _BOTH_WAYS and superior is not None and superior.id == issuer.id:
        return
    above = session.execute(select(t.unit.c.superior_id).where(t.unit.c.id == issuer.id)).scalar()
    if above != own.id:
        raise UntrustedError(Fault.NOT_SUBORDINATE)


def _check_replay(session: Session, address: Address) -> None:
    """The same package again is told politely; another unit's package under this id must not be touched by it."""
    known = ledger.find(session, address.content)
    if known is None:
        return
    if (known.direction, known.issuer_id) != ("in", address.issuer):
        if known.state not in (ledger.HELD, ledger.REFUSED) or known.direction != "in":
            raise OutOfTurnError(Fault.FORK, sequence=address.sequence, issuer=called(session, address.issuer))
    elif known.state != ledger.HELD and not ledger.is_renumbered(session, address, known):
        raise OutOfTurnError(Fault.ALREADY_RECEIVED, what=f"第 {address.sequence} 号" if address.sequence else "")


def check_still(session: Session, arrival: Arrival) -> None:
    """Judge the turn again where it is taken: another part of the program may have taken the same file meanwhile.

    Raises OutOfTurnError.
    """
    address = arrival.address
    _check_replay(session, address)
    if address.sequence:
        ledger.check_turn(session, address, arrival.issuer.name)


def check_deadline(session: Session, address: Address) -> None:
    """Refuse what lay too long; the channel advances and a receipt says so. Evidence is sent once and never late."""
    now = clock.now(session)
    if address.sequence and address.not_after < now:
        raise RefusedError(Fault.EXPIRED, until=address.not_after[:10])
