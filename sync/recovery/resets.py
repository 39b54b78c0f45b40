"""A bureau that lost a part of its memory, or all of it, begins its channels down anew and asks what it misses.

One document for all units directly below, signed by administrator and officer: the new epoch of the channels down to
them, and how far the bureau still remembers the channel up from each. It is accepted once, from the superior alone,
and never with an older epoch (decisions 7, 9).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import Signer
from models.domain.units import Actor, Tier, Unit
from models.services.units import enrolled_below, own_unit
from models.store import audit, clock
from models.store import tables as t
from sync import policies
from sync.formats import RESET, open_file, require_whole
from sync.messages import sealing
from sync.packages import ledger
from sync.packages.dispatch import file_name
from sync.packages.ledger import Place
from sync.recovery import channels, founding, offering
from sync.recovery.memory import place_json, read_place
from sync.refusals import Fault, MalformedError, RefusedError, UntrustedError
from sync.transport.removable import folder_for
from sync.trust import renewal
from sync.trust.certificates import ISSUING, OPENING, to_time
from sync.trust.identity import certified, ensure, superior_of
from sync.trust.known import in_force, issuing, trust_of
from sync.wire.jsonlines import is_number
from sync.wire.statements import Statement, base64_text, is_signed_by, sign

if TYPE_CHECKING:
    from models.store.store import Store

_MOST_UNITS: Final = 2000


# --- at the bureau --------------------------------------------------------------------------------------


def write_reset(
    store: Store, passphrase: str, officer: tuple[str, str], out_dir: Path | None = None, after: int = 0
) -> Path:
    """Begin the channels to all units directly below anew, and write the notice for them; its file.

    `after`: an epoch the units know of already. Signed by the administrator (logged in) and an officer (name,
    passphrase). Raises NotAllowedError, UserError, WrongSecretError, NotWrittenError.
    """
    folder = folder_for(store.home, out_dir)
    signers = policies.two_signers(store, passphrase, officer, "重建通道")
    statement = store.write(_reset, store.actor, signers, after)
    mark = f"第{statement.content['epoch']}轮"
    return policies.write_statement(statement, folder / file_name("重建通道通知", store.actor.unit, mark))


def _reset(session: Session, actor: Actor, signers: list[Signer], after: int) -> Statement:
    own = ensure(session)
    if own.tier is Tier.SCHOOL:
        raise NotAllowedError("学校之下没有单位，不需要重建通道。从备份恢复后请重新生成入网申请，交上级办理。")
    units = enrolled_below(session)
    if not units:
        raise UserError("本单位之下还没有入网的单位，不需要重建通道。")
    epoch = _next_epoch(session, own, after)
    told = {unit.id: place_json(_place_up(session, own, unit, epoch)) for unit in units}
    body = {
        "type": RESET, "v": 1, "unit": own.id, "line": own.line.value, "epoch": epoch, "at": clock.now(session),
        "certificates": [base64_text(one.der) for one in (*issuing(session, own.id), *in_force(session, own.id))
                         if one.subject.purpose in (ISSUING, OPENING)],
        "channels": told,
    }  # fmt: skip
    for unit in units:
        _begin(session, actor, own, unit, epoch)
    statement = sign(body, [certified(session, signer) for signer in signers])
    ledger.keep(session, statement)
    audit.append(session, actor, "recovery.reset", f"unit:{own.id}", {"epoch": epoch, "units": len(units)})
    return statement


def _next_epoch(session: Session, own: Unit, after: int) -> int:
    """Greater than any known, and than any given since the backup: the time of day is part of it.

    One begun by a clock of 2099 does not count: no unit has taken it.
    """
    c = t.channel.c
    mine = select(func.max(c.epoch)).where(c.issuer_id == own.id, c.epoch <= channels.latest_epoch(session, 0))
    known = session.execute(mine).scalar() or 0
    if after >= channels.latest_epoch(session, known):
        raise UserError(f"第 {after} 轮的数字太大，下级不会接收。请按下级提示中的轮次填写。")
    return max(known + 1, after + 1, channels.stamp(to_time(clock.now(session))))


def _place_up(session: Session, own: Unit, unit: Unit, epoch: int) -> Place:
    """How far the channel up is remembered; where nothing is left it begins anew as well."""
    place = ledger.place_of(session, unit.id, own.id, own.line.value)
    if founding.is_founded_anew(session) and not place.sequence:
        place = Place(epoch, 0, "")
        ledger.place(session, channels.channel(unit, own), place)
    return place


def _begin(session: Session, actor: Actor, own: Unit, unit: Unit, epoch: int) -> None:
    rows = [row for row in ledger.unanswered(session, unit.id) if row.sequence]
    ledger.place(session, channels.channel(own, unit), Place(epoch, 0, ""))
    folder = Path(tempfile.gettempdir())  # only ciphertext is spooled
    channels.messages_wait_again(session, [row.id for row in rows if row.purpose == "messages"])
    sealing.seal_waiting(session, actor, folder, unit.id)
    channels.send_receipts_again(session, actor, unit, [row for row in rows if row.purpose == "receipt"], folder)


# --- at a unit below ------------------------------------------------------------------------------------


def receive_reset(store: Store, path: Path) -> tuple[Unit, str]:
    """Take the superior's notice from a file; the superior, and what was done. Raises RefusedError."""
    file = open_file(path)
    require_whole(file)
    try:
        return store.write(take, store.actor, file.statement)
    except RefusedError as error:
        raise error.told_about("这是重建通道通知。") from None


def take(session: Session, actor: Actor, statement: Statement) -> tuple[Unit, str]:
    """Take packages of the superior in the new epoch from now on, and offer it again what it does not remember.

    In the caller's transaction; what was done, in a sentence. Raises RefusedError.
    """
    own, superior, body = own_unit(session), superior_of(session), statement.content
    channels_told = _shape(body)
    if superior is None or body["unit"] != superior.id:
        raise UntrustedError(Fault.NOT_SUPERIOR)
    if body["line"] != own.line.value:
        raise UntrustedError(Fault.WRONG_LINE)
    if not all(is_signed_by(statement, signature) for signature in statement.signatures):
        raise UntrustedError(Fault.EDITED)
    trust = trust_of(session).extended(channels.unbase64_all(body["certificates"]))
    policies.check_two(statement, trust, body, clock.now(session))
    if own.id not in channels_told:
        raise UntrustedError(Fault.NOT_LISTED)
    place = _read_place(channels_told[own.id])
    if not channels.begin_taking(session, superior, own, body["epoch"]):
        return superior, "这份重建通道通知此前已经接收，没有改动"
    ledger.keep(session, statement)
    clock.advance(session, str(body["at"]))
    renewal.take(session, body["certificates"], superior.id, min(str(body["at"]), clock.now(session)))
    done = offering.offer(session, actor, own, superior, place)
    audit.append(session, actor, "recovery.take_reset", f"unit:{superior.id}", {"epoch": body["epoch"]})
    return superior, done


def _shape(body: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        fits = (body["type"], body["v"]) == (RESET, 1) and is_number(body["epoch"])
        fits = fits and all(isinstance(body[key], str) for key in ("unit", "line", "at"))
        fits = fits and isinstance(body["channels"], dict) and len(body["channels"]) <= _MOST_UNITS
        fits = fits and isinstance(body["certificates"], list)
        to_time(body["at"])
    except (KeyError, TypeError, ValueError):
        fits = False
    if not fits:
        raise MalformedError(Fault.HEADER_DAMAGED)
    found: Mapping[str, Any] = body["channels"]
    return found


def _read_place(value: Any) -> Place:
    try:
        return read_place(value)
    except (KeyError, TypeError, ValueError):
        raise MalformedError(Fault.HEADER_DAMAGED) from None
