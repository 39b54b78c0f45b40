"""Every parser of foreign bytes, each as a function of bytes that may only refuse with a sentence.

A target raises nothing for good input, swallows the refusals its callers expect, and lets everything else through:
that is a finding. Pictures and PDF that are shown are not here: a child process that may die without harm decodes them.
"""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import UserError
from models.domain.filing import is_head
from models.domain.forms import LOCAL_TEACHERS, FilingKind, FormData
from models.domain.policy import Policy
from models.exchange.forms.template import fill_template
from models.exchange.problem_list import read_problem_list
from models.exchange.reading import read_data
from models.services.orders import names_in_file
from models.services.review_intake import check_entry
from models.store import backup
from models.store.errors import DamagedKeysError, NewerStoreError
from models.store.vault import keyfile
from sync import formats
from sync.companions import papers
from sync.joining import invitations, requests
from sync.messages.message import read_message
from sync.packages import opening
from sync.refusals import RefusedError
from sync.trust.certificates import load_public, parse
from sync.trust.chains import Trust
from sync.wire import approvals, envelope, signedfile
from sync.wire.content import check_item, is_row
from sync.wire.jsonlines import LineReader, decode
from sync.wire.statements import Statement
from tests.fuzz import store_targets

CORPUS = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Target:
    """A parser under test."""

    name: str
    run: Callable[[bytes], None]
    rounds: int = 300
    """Damages to seeds in the quick test."""

    def seeds(self) -> list[bytes]:
        """The seed corpus kept for it, in a fixed order."""
        return [path.read_bytes() for path in sorted((CORPUS / self.name).iterdir())]


@cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="rollbook-fuzz-"))


def _as_file(data: bytes, name: str = "input.rollbook") -> Path:
    path = _folder() / name
    path.write_bytes(data)
    return path


def signed_file(data: bytes) -> None:
    """What `package inspect` and `receive` do before any key is known."""
    described = formats.describe(_as_file(data))
    described.to_json()


def enrolment_file(data: bytes) -> None:
    """Requests, replies and invitations, as they are read before words are compared."""
    path = _as_file(data)
    for read in (requests.read_request, requests.read_reply, invitations.read_invitation):
        try:
            read(path)
        except RefusedError:
            continue


def envelope_head(data: bytes) -> None:
    """A signed statement and the envelope in it."""
    try:
        envelope.parse_statement(signedfile.read_statement(io.BytesIO(data)))
    except RefusedError:
        return


def certificate(data: bytes) -> None:
    """A certificate in DER, and a public key."""
    for read in (parse, load_public):
        try:
            read(data)
        except ValueError:
            continue


def canonical_json(data: bytes) -> None:
    """Canonical JSON and nothing else."""
    try:
        decode(data)
    except ValueError:
        return


class _Lines:
    def __init__(self, data: bytes) -> None:
        self._lines = iter(data.split(b"\n"))

    def next_line(self) -> bytes | None:
        return next(self._lines, None)


_UNIT, _AT = "5c0001a0-0000-4000-8000-000000000001", "2026-11-22T00:00:00Z"


def _address(purpose: str) -> envelope.Address:
    return envelope.Address(purpose, _UNIT, _UNIT, "basic", 1, 1, "", "0" * 64, _AT, _AT)


def _read_messages(reader: LineReader, address: envelope.Address, trust: Trust, at: str) -> None:
    for statement, _ in opening.read_messages(reader, address, trust, at)[1]:
        read_message(statement)


def payload_lines(data: bytes) -> None:
    """The lines of a payload that was decrypted: a sender who holds the keys may still write anything."""
    nobody = Trust(())
    for purpose, read in (
        ("changes", opening.read_changes),
        ("evidence", opening.read_evidence),
        ("receipt", opening.read_receipt),
        ("messages", _read_messages),
    ):
        with suppress(RefusedError):
            read(LineReader(_Lines(data)), _address(purpose), nobody, _AT)


def item_parts(data: bytes) -> None:
    """Items, approvals and rows after the signatures were found to be right: a member may still write anything."""
    try:
        value = decode(data)
    except ValueError:
        return
    for read in (
        lambda: check_item(value, _UNIT),
        lambda: approvals.unpack(value, [("id", 1, "0" * 64)]),
        lambda: is_row(value) and check_entry(value, ACCOUNT_FILING),
        lambda: is_head(value),
        lambda: Statement.from_json(value),
    ):
        try:
            read()
        except (UserError, ValueError):
            continue


def compressed(data: bytes) -> None:
    """What comes out of the decryption, inflated within limits."""
    try:
        for _ in envelope._decompressed(iter((data,)), 1 << 16):
            pass
    except RefusedError:
        return


def policy_body(data: bytes) -> None:
    """A policy's body."""
    try:
        Policy.from_json(decode(data))
    except (KeyError, TypeError, ValueError):
        return


def key_slots(data: bytes) -> None:
    """keys.json, which anybody with the PC in hand can edit."""
    try:
        keyfile.parse(data)
    except (DamagedKeysError, NewerStoreError, ValueError, KeyError, TypeError):
        return


def backup_file(data: bytes) -> None:
    """The head of a backup."""
    try:
        header = backup.read_header(io.BytesIO(data), Path("备份.rbk"))
        backup.key_file(header, Path("备份.rbk"))
    except UserError:
        return


def spreadsheet(data: bytes) -> None:
    """Tables as they come: xlsx, xls, csv, HTML under an xls name."""
    try:
        read_data(data, Path("名单.xlsx"))
    except UserError:
        return


def _book_with(part_name: str, data: bytes) -> bytes:
    """An xlsx whose parts are good but for one."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as book:
        for name, part in _workbook_parts():
            book.writestr(name, data if name == part_name else part)
        if part_name not in book.namelist():
            book.writestr(part_name, data)
    return made.getvalue()


def sheet_part(data: bytes) -> None:
    """The XML of a worksheet inside an xlsx whose other parts are good."""
    spreadsheet(_book_with("xl/worksheets/sheet1.xml", data))


def book_parts(data: bytes) -> None:
    """Any other part of an xlsx; the first bytes choose which."""
    chosen = next((name for name in BOOK_PARTS if name.encode()[3:5] == data[:2]), BOOK_PARTS[0])
    spreadsheet(_book_with(chosen, data[2:]))


BOOK_PARTS = ("xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels")
"""Named in the corpus by the two letters after `xl/`."""


def lists(data: bytes) -> None:
    """Lists of problems and of accounts that other offices send as spreadsheets."""
    for read in (read_problem_list, names_in_file):
        with suppress(UserError):
            read(_as_file(data, "list.xlsx"))


@cache
def _workbook_parts() -> tuple[tuple[str, bytes], ...]:
    with zipfile.ZipFile(CORPUS / "spreadsheet" / "02_students_dates_ids.xlsx") as book:
        return tuple((name, book.read(name)) for name in book.namelist())


def template(data: bytes) -> None:
    """The XML of a sheet that an upper tier gives as a template, filled in."""
    form = FormData(
        LOCAL_TEACHERS, "甲", "2026年5月", FilingKind.DELTA, [{"name": "赵明"}] * 4, "李四", "1", "2026-05-20"
    )
    path = _as_file(_book_with("xl/worksheets/sheet1.xml", data), "template.xlsx")
    with suppress(UserError):
        fill_template(path, _folder() / "filled.xlsx", form)


def signed_pdf(data: bytes) -> None:
    """A signed PDF as pyHanko reads it."""
    from sync.documents import pades

    with suppress(ValueError):
        pades.signatures(data)


def pairing_file(data: bytes) -> None:
    """The two files of a pairing, before words are compared."""
    path = _as_file(data)
    for read in (papers.read_request, papers.read_reply):
        with suppress(RefusedError):
            read(path)


TARGETS: tuple[Target, ...] = (
    Target("signed_file", signed_file),
    Target("enrolment_file", enrolment_file, 80),
    Target("envelope_head", envelope_head),
    Target("certificate", certificate),
    Target("canonical_json", canonical_json),
    Target("payload_lines", payload_lines),
    Target("item_parts", item_parts),
    Target("compressed", compressed),
    Target("policy_body", policy_body),
    Target("key_slots", key_slots),
    Target("backup_file", backup_file),
    Target("spreadsheet", spreadsheet, 80),
    Target("sheet_part", sheet_part, 80),
    Target("book_parts", book_parts, 80),
    Target("lists", lists, 80),
    Target("template", template, 60),
    Target("signed_pdf", signed_pdf, 80),
    Target("pairing_file", pairing_file),
    Target("mail_part", store_targets.mail_part),
    Target("message_body", store_targets.message_body, 80),
    Target("report_lines", store_targets.report_lines, 80),
    Target("companion_lines", store_targets.companion_lines, 80),
    Target("revocation_list", store_targets.revocation_list),
    Target("reset_notice", store_targets.reset_notice),
)
TARGET: dict[str, Target] = {target.name: target for target in TARGETS}
