"""A section of a report: what a county accepted of one school package, with every signature it rests on (decision 4).

The lines of a report after its content statement: x once, the issuing certificates of the bureaus between; then for
each section s, package and receipt by their ids; k, the school's content statement; v, the county's receipt; i an
accepted item in full or h the digest of another leaf, in the order of the school's package; a, the approvals of the
items in full; g and r, rows of baselines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from models.domain.change_kinds import CHANGE_KIND
from models.domain.units import Role, Unit
from models.services import reported
from models.services.units import ancestors, find_unit, own_unit
from sync.packages import ledger
from sync.packages.opening import RECEIPT, Changes, is_receipt, read_items
from sync.refusals import ContentRefusedError, Fault
from sync.trust.certificates import parse
from sync.trust.chains import Trust, require_role
from sync.trust.known import in_force, issuing
from sync.wire import approvals
from sync.wire.content import TYPE, leaf_hash
from sync.wire.jsonlines import LineReader, line, long_value
from sync.wire.statements import Statement, base64_text, unbase64

_PIECES: Final = 512
_MOST_CHAIN: Final = 1000
"""Issuing certificates in one report at most: a province has some hundreds of bureaus."""


def head_of(section: reported.Section) -> dict[str, str]:
    """What the forwarding registrar's root covers; everything else follows from it and the signatures below."""
    return {"package": section.package_id, "receipt": section.receipt_id}


def write_chain(session: Session, bureau_ids: Iterable[str]) -> Iterator[bytes]:
    """The issuing certificates that lead from these bureaus up to the superior of this unit, as known here."""
    own = own_unit(session)
    units = {own.id, *bureau_ids} | {one.id for bureau in bureau_ids for one in ancestors(session, bureau)}
    units -= {one.id for one in ancestors(session, own.id)}
    ders = [certificate.der for unit_id in sorted(units) for certificate in issuing(session, unit_id)]
    yield from long_value("x", [base64_text(der) for der in ders])


def read_chain(reader: LineReader) -> list[bytes]:
    """The issuing certificates (DER) of `write_chain`, worth what their issuers are. Raises ContentRefusedError."""
    try:
        ders = [unbase64(text) for text in reader.take_long("x", _PIECES)]
    except (ValueError, TypeError):
        raise _damaged("签发证书") from None
    if len(ders) > _MOST_CHAIN:
        raise _damaged("签发证书")
    return ders


def write(session: Session, section: reported.Section) -> Iterator[bytes]:
    """The payload lines of a section."""
    content = _recall(session, section.package_id, section.unit_id)
    receipt = _recall(session, section.receipt_id, section.bureau_id)
    yield line("s", head_of(section))
    yield from long_value("k", content.to_json())
    yield from long_value("v", receipt.to_json())
    items = reported.full_items(session, section)
    full = {leaf_hash(item.raw): item for item in items}
    for leaf in _leaves(session, section.package_id):
        item = full.get(leaf)
        yield line("h", leaf.hex()) if item is None else b'["i",%s]\n' % item.raw
    places = {approvals.key_of(reported.parsed(item.raw), item.raw): place for place, item in enumerate(items)}
    for statement_id in dict.fromkeys(item.approval_id for item in items):
        yield from long_value("a", approvals.pack(_recall(session, statement_id, section.unit_id), places))
    for place, item in enumerate(items):
        if item.rows:
            yield line("g", place)
            for raw in reported.rows_of(session, section.package_id, item.change_id):
                yield b'["r",%s]\n' % raw


def _recall(session: Session, statement_id: str, unit_id: str) -> Statement:
    """A statement of a unit with its newest certificates: an older one may hang on an issuing key stolen since."""
    statement = ledger.recall(session, statement_id)
    assert statement is not None
    issuers = {parse(signature.certificate).issuer_id for signature in statement.signatures if signature.certificate}
    known = [one for issuer_id in issuers for one in in_force(session, unit_id, issuer_id)]
    return statement.with_certificates({one.public_key: one.der for one in known})


def _leaves(session: Session, package_id: str) -> list[bytes]:
    stored = reported.stored_leaves(session, package_id)
    return stored or [leaf_hash(raw) for raw in reported.bodies_of(session, package_id)]


# --- reading --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Incoming:
    """A section as it came: whose it is, the county's receipt, verified items, and rows still to be read."""

    section: reported.Section
    school: Unit
    receipt: Statement
    changes: Changes


@dataclass(frozen=True)
class Judge:
    """Who sent the report, whom to believe, and when it was made (`at`, UTC text)."""

    sender: Unit
    trust: Trust
    at: str


def read_head(reader: LineReader) -> tuple[dict[str, str], bytes]:
    """The head of the next section and its leaf hash. Raises ContentRefusedError."""
    head, raw = reader.take("s")
    if not isinstance(head, dict) or set(head) != {"package", "receipt"}:
        raise _damaged("上报的分段")
    if not all(isinstance(value, str) and len(value) == 64 for value in head.values()):
        raise _damaged("上报的分段")
    return head, leaf_hash(raw)


def read(session: Session, reader: LineReader, head: dict[str, str], judge: Judge) -> Incoming:
    """Read a section after its head and verify all but the rows, which are verified while they are taken.

    School below the county below the sender; the school's registrar signed the content, its heads approved each item,
    the county's registrar accepted exactly these. Raises ContentRefusedError or UntrustedError.
    """
    content, receipt = _statement(reader, "k", head["package"]), _statement(reader, "v", head["receipt"])
    school, bureau = _relation(session, content.content, receipt.content, judge.sender)
    if not is_receipt(receipt.content, bureau.id, content.id) or receipt.type != RECEIPT:
        raise _damaged("回执的格式")
    _check_head(content, school)
    at = min(str(content.content["created"]), str(receipt.content["at"]), judge.at)
    _check_signed(content, school, judge.trust, at)
    _check_signed(receipt, bureau, judge.trust, min(str(receipt.content["at"]), judge.at))
    changes = read_items(reader, content, (school.id, school.line.value), judge.trust, at)
    _check_accepted(changes, receipt.content)
    section = reported.Section(receipt.id, content.id, school.id, bureau.id, len(changes.items))
    return Incoming(section, school, receipt, changes)


def require_end(reader: LineReader) -> None:
    """Nothing stands between a section that was read and the next one. Raises ContentRefusedError."""
    if reader.peek() not in (None, "s"):
        raise _damaged("末尾有多余的记录")


def skip(reader: LineReader) -> None:
    """Pass over the rest of a section that is not taken."""
    while (tag := reader.peek()) not in (None, "s"):
        reader.take(str(tag))


def _damaged(what: str) -> ContentRefusedError:
    return ContentRefusedError(Fault.CONTENT_DAMAGED, what=what)


def _statement(reader: LineReader, tag: str, statement_id: str) -> Statement:
    try:
        statement = Statement.from_json(reader.take_long(tag, _PIECES))
    except ValueError:
        raise _damaged("学校的清单或主管部门的回执") from None
    if statement.id != statement_id or len(statement.signatures) != 1:
        raise ContentRefusedError(Fault.CONTENT_EDITED)
    return statement


def _relation(session: Session, content: dict[str, Any], receipt: dict[str, Any], sender: Unit) -> tuple[Unit, Unit]:
    """The school and the bureau that accepted: the school's superior, and the sender or below it."""
    school, bureau = (find_unit(session, str(one)) for one in (content.get("issuer"), receipt.get("unit")))
    if school is None:
        raise ContentRefusedError(Fault.REPORT_UNKNOWN_UNIT, sender=sender.name)
    above = ancestors(session, school.id)
    if bureau is None or above[:1] != [bureau] or sender not in above or own_unit(session) not in above:
        raise ContentRefusedError(Fault.REPORT_FOREIGN_UNIT, unit=school.name, sender=sender.name)
    return school, bureau


def _check_head(content: Statement, school: Unit) -> None:
    body = content.content
    if (content.type, body.get("v"), body.get("purpose")) != (TYPE, 1, "changes"):
        raise _damaged("学校的清单")
    if body.get("line") != school.line.value:
        raise ContentRefusedError(Fault.ISSUER_UNLIKE_CERTIFICATE)
    if not isinstance(body.get("created"), str):
        raise _damaged("学校的清单")


def _check_signed(statement: Statement, unit: Unit, trust: Trust, at: str) -> None:
    (signature,) = statement.signatures
    certificate = trust.signed_by_person(statement, signature, unit.id, unit.line.value, at)
    require_role(certificate, Role.REGISTRAR)


def _check_accepted(changes: Changes, receipt: dict[str, Any]) -> None:
    """The items in full are those the receipt accepted, with the values that were asked for."""
    accepted = reported.accepted_of(receipt["items"]) if receipt["package_verdict"] == "opened" else {}
    for item in changes.items:
        key = (item["id"], item["attempt"])
        if key not in accepted:
            raise ContentRefusedError(Fault.REPORT_NOT_ACCEPTED, label=item["label"])
        kind = CHANGE_KIND.get(item["kind"])
        if kind is not None and kind.takes_values and accepted[key] != item["after"]:
            raise ContentRefusedError(Fault.REPORT_NOT_ACCEPTED, label=item["label"])
    if len(accepted) != len(changes.items):
        raise ContentRefusedError(Fault.REPORT_LEFT_OUT)
