"""Giving a package its place: sealed, addressed, recorded and kept, in the caller's transaction."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from sqlalchemy import Row, update
from sqlalchemy.orm import Session

from models.domain.errors import UserError
from models.domain.units import Actor, Unit
from models.services.units import has_below, own_unit
from models.store import audit, clock
from models.store import tables as t
from sync.packages import ledger
from sync.trust.certificates import TIME, to_time
from sync.trust.identity import UnitSigner, is_above, opening_certificate, unit_signer
from sync.wire.envelope import Address, address_sealed, seal
from sync.wire.signedfile import SUFFIX, header_bytes, read_statement
from sync.wire.statements import Statement, sign

PIECE: Final = 1 << 20
VALID_DAYS: Final = 365
"""A package lies this long before it is too late; nine months without a line are borne."""
_UNFIT_FOR_NAMES = re.compile(r'[\\/:*?"<>|\x00-\x1f\s]+')


@dataclass(frozen=True)
class Draft:
    """A content about to be sent: its statement (the id of the package) and how lists name it."""

    purpose: str
    audience: Unit
    content: Statement
    items: int
    in_reply_to: str | None = None


def dispatch(session: Session, actor: Actor, folder: Path, draft: Draft, lines: Iterable[bytes]) -> str:
    """Seal `lines` for the audience and record the package as sent; its id.

    Only ciphertext is spooled, in `folder`. Evidence stands outside of the channel, so that a missing picture never
    holds up a change. Raises UserError when the content passes a limit every reader checks.
    """
    own = own_unit(session)
    opening = opening_certificate(session, draft.audience)
    with tempfile.TemporaryFile(dir=folder) as spool_file:
        spool = cast(BinaryIO, spool_file)  # a wrapper on Windows
        try:
            sealed = seal(lines, spool)
        except ValueError:
            raise UserError("一次打包的内容太多，超过了包的上限。请减少选中的事项，分几次打包。") from None
        address = _address(session, own, draft)
        statement = address_sealed(address, sealed, [opening.public_key], _signer(session, draft.audience.id))
        spool.seek(0)
        file = ledger.keep_file(session, draft.content.id, _blocks(header_bytes(statement), spool))
    ledger.keep(session, draft.content)
    name = _file_name(session, own, draft.audience, address)
    ledger.add(session, address, direction="out", state=ledger.SEALED, items=draft.items, file=(name, *file))
    if address.sequence:
        ledger.move(session, address)
    act = {"purpose": draft.purpose, "sequence": address.sequence, "items": draft.items, "audience": draft.audience.id}
    audit.append(session, actor, "package.build", f"package:{draft.content.id}", act)
    return draft.content.id


def _signer(session: Session, audience_id: str) -> UnitSigner:
    signer = unit_signer(session, is_above(session, audience_id))
    if signer.certificate is None:
        raise UserError(
            "本单位现用的密钥没有有效的证书（刚更换过，或已被吊销）。请重新生成入网申请，交上级办理并导入批复后再试。"
        )
    return signer


def _address(session: Session, own: Unit, draft: Draft) -> Address:
    line = own.line.value
    place = ledger.place_of(session, own.id, draft.audience.id, line)
    back = ledger.place_of(session, draft.audience.id, own.id, line)
    created = str(draft.content.content.get("created") or draft.content.content["at"])
    sealed = max(created, clock.now(session))  # a receipt sent once more lies again as long as a new one
    not_after = (to_time(sealed) + dt.timedelta(days=VALID_DAYS)).strftime(TIME)
    address = Address(
        draft.purpose,
        own.id,
        draft.audience.id,
        line,
        place.epoch,
        place.sequence + 1,
        place.last_id,
        draft.content.id,
        created,
        not_after,
        back.sequence,
        draft.in_reply_to,
        back.epoch,
    )
    return replace(address, sequence=0, previous="") if draft.purpose == "evidence" else address


def _blocks(head: bytes, rest: BinaryIO) -> Iterator[bytes]:
    yield head
    while block := rest.read(PIECE):
        yield block


def _file_name(session: Session, own: Unit, audience: Unit, address: Address) -> str:
    unit = _in_names(own) + (f"_致{_in_names(audience)}" if has_below(session, own.id) else "")
    number = f"第{address.sequence}号" if address.sequence else address.created[:10]
    return f"{ledger.PURPOSE_LABELS[address.purpose]}_{unit}_{number}_{address.content[:8]}{SUFFIX}"


def file_name(kind: str, own: Unit, mark: str) -> str:
    """Name of a signed file that is not a package: 入网申请_某某小学_2026-11-22.rollbook."""
    return f"{kind}_{_in_names(own)}_{mark}{SUFFIX}"


def _in_names(unit: Unit) -> str:
    return _UNFIT_FOR_NAMES.sub("", unit.name)[:24] or unit.code


def content_head(session: Session, purpose: str) -> dict[str, Any]:
    """What every content statement says of where and when it was made."""
    own = own_unit(session)
    sequence, head = audit.head(session)
    return {
        "purpose": purpose,
        "issuer": own.id,
        "line": own.line.value,
        "created": clock.now(session),
        "audit_head": {"sequence": sequence, "hash": head},
    }


def renew_signature(session: Session, row: Row[Any]) -> Row[Any]:
    """Sign the envelope anew when the unit's key was replaced since; the package keeps its id (decision 4)."""
    signer = _signer(session, row.audience_id)
    blocks = ledger.file_of(session, row.id)
    head = _statement(next(blocks))
    if head.signatures[0].public_key == signer.public_key and head.signatures[0].certificate == signer.certificate:
        return row
    fresh = header_bytes(sign(head.content, [signer]))
    size, digest = ledger.keep_file(session, row.id, [fresh, *blocks])
    values = {"size": size, "file_digest": digest}
    session.execute(update(t.package).where(t.package.c.id == row.id).values(**values))
    found = ledger.find(session, row.id)
    assert found is not None
    return found


def _statement(head: bytes) -> Statement:
    return read_statement(BytesIO(head))
