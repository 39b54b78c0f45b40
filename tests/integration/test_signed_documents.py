"""PDF with the unit's signature: valid for poppler, judged by the tiers' own trust, never mistaken for a seal."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pypdfium2
import pytest

from models.domain.errors import FileRefusedError, UserError
from models.domain.forms import LOCAL_TEACHERS, FilingKind, FormData
from models.domain.units import Role
from models.exchange.forms import fonts
from models.exchange.forms.pdf import STAMP_INSET, STAMP_SIZE, form_pdf, stamp_pdf
from models.store import audit
from models.store.clock import now
from sync.documents import signing
from sync.trust import identity
from sync.trust.certificates import PERSON, SIGNING, parse
from sync.trust.known import in_force, revoke
from tests.kept import made_once
from tests.sync_world import CITY, COUNTY, OTHER, PROVINCE, SCHOOL, Member, enrol_all, found, make_apart, opened

_CHAIN = {
    "province": (PROVINCE, ""),
    "city": (CITY, "province"),
    "county": (COUNTY, "city"),
    "school": (SCHOOL, "county"),
}
_ROW = {"city": "虚州市校", "county": "青禾县校", "name": "赵明", "username": "xzqhzhaoming", "state": "新增"}


def _has_font() -> bool:
    try:
        return bool(fonts.families(fonts.installed()))
    except UserError:
        return False


pytestmark = pytest.mark.skipif(not _has_font(), reason="no Chinese font on this computer")


@made_once
def _make_chain(folder: Path) -> Path:
    found(folder / "stranger", OTHER)
    return enrol_all(make_apart(folder, _CHAIN), _CHAIN)


@pytest.fixture
def units(tmp_path: Path) -> Iterator[Mapping[str, Member]]:
    """Four tiers, enrolled, and a bureau that none of them knows."""
    folder = _make_chain(tmp_path / "world")
    names = (*_CHAIN, "stranger")
    with opened(folder, *names) as members:
        yield dict(zip(names, members, strict=True))


def _form(unit: str, rows: int = 2) -> bytes:
    given = [_ROW] * rows
    data = FormData(LOCAL_TEACHERS, unit, "2026年5月", FilingKind.DELTA, given, "李四", "0310-5550001", "2026-05-20")
    return form_pdf(data).content


def _signed(member: Member, folder: Path, rows: int = 2) -> Path:
    path = folder / "备案表.pdf"
    path.write_bytes(_form(member.store.actor.unit.name, rows))
    return member.store.write(signing.sign_file, member.store.actor, path)


def test_a_countys_form_is_known_from_the_school_to_the_province(units: Mapping[str, Member], tmp_path: Path) -> None:
    path = _signed(units["county"], tmp_path)
    for name in _CHAIN:
        report = units[name].store.read(signing.verify, path)
        assert report.good, (name, report)
        assert (report.signer, report.unit_id) == (COUNTY.name, COUNTY.id)
        assert "登记员" in report.reason
        assert "电子签名不代替公章" in report.sentence
    acts = units["county"].store.read(lambda s: [one.act for one in audit.entries(s)])
    assert "document.sign" in acts


def test_every_tier_signs_and_the_province_knows_all(units: Mapping[str, Member], tmp_path: Path) -> None:
    for name in _CHAIN:
        report = units["province"].store.read(signing.verify, _signed(units[name], tmp_path))
        assert report.good, (name, report)
        assert report.unit_id == units[name].store.actor.unit.id


def test_a_stranger_is_not_known_though_the_document_is_intact(units: Mapping[str, Member], tmp_path: Path) -> None:
    report = units["county"].store.read(signing.verify, _signed(units["stranger"], tmp_path))
    assert (report.intact, report.whole, report.known, report.good) == (True, True, False, False)
    assert report.signer == OTHER.name
    assert "电话" in report.sentence


def test_a_changed_and_a_longer_document_are_told(units: Mapping[str, Member], tmp_path: Path) -> None:
    path = _signed(units["county"], tmp_path)
    whole = path.read_bytes()
    at = whole.index(b"/MediaBox")
    (tmp_path / "edited.pdf").write_bytes(whole[:at] + whole[at:].replace(b"841.", b"842.", 1))
    edited = units["county"].store.read(signing.verify, tmp_path / "edited.pdf")
    assert not edited.intact
    assert "改动" in edited.sentence
    tail = b"\n%appended\n"
    (tmp_path / "longer.pdf").write_bytes(whole + tail)
    longer = units["county"].store.read(signing.verify, tmp_path / "longer.pdf")
    assert not longer.good


def test_no_change_of_what_is_signed_goes_unseen(units: Mapping[str, Member], tmp_path: Path) -> None:
    from sync.documents import pades

    whole = _signed(units["county"], tmp_path).read_bytes()
    found = re.search(rb"/ByteRange\s*\[\s*0 (\d+) (\d+) (\d+)", whole)
    assert found is not None
    first, second, rest = map(int, found.groups())
    assert second + rest == len(whole)
    chance, taken = random.Random(20260520), 0
    for _ in range(200):
        at = chance.choice([chance.randrange(first), chance.randrange(second, len(whole))])
        changed = bytearray(whole)
        changed[at] ^= 1 << chance.randrange(8)
        try:
            read = pades.signatures(bytes(changed))
        except ValueError:
            continue
        taken += 1
        assert not any(one.intact and one.whole for one in read), at
    assert taken > 20


def test_a_revoked_key_signs_nothing_that_holds(units: Mapping[str, Member], tmp_path: Path) -> None:
    path = _signed(units["school"], tmp_path)
    county = units["county"]

    def take_out_of_force(session: object) -> None:
        for one in in_force(session, SCHOOL.id, COUNTY.id):  # type: ignore[arg-type]
            if one.subject.purpose == SIGNING:
                revoke(session, None, one.fingerprint, now(session), "测试")  # type: ignore[arg-type]

    assert county.store.read(signing.verify, path).good
    county.store.write(take_out_of_force)
    report = county.store.read(signing.verify, path)
    assert (report.intact, report.known) == (True, False)
    assert "吊销" in report.sentence


def test_a_persons_key_is_not_the_units(units: Mapping[str, Member], tmp_path: Path) -> None:
    from sync.documents import pades

    county = units["county"]
    signer = county.store.signer(county.act(Role.REGISTRAR))
    certified = county.store.read(identity.certified, signer, above=True)
    assert certified.certificate is not None
    assert parse(certified.certificate).subject.purpose == PERSON
    stamp = pades.Stamp(stamp_pdf("假", "假"), STAMP_SIZE, STAMP_INSET)
    moment = datetime.now(UTC).replace(microsecond=0)
    path = tmp_path / "person.pdf"
    path.write_bytes(pades.sign(_form("甲"), certified, certified.certificate, [], moment, "", stamp))
    report = county.store.read(signing.verify, path)
    assert (report.intact, report.known) == (True, False)


def test_the_stamp_says_what_it_is_on_the_last_page_and_covers_nothing(
    units: Mapping[str, Member], tmp_path: Path
) -> None:
    path = _signed(units["county"], tmp_path, rows=60)
    document = pypdfium2.PdfDocument(path)
    document.init_forms()
    last = document[len(document) - 1]
    before = pypdfium2.PdfDocument(_form(COUNTY.name, 60))
    changed = _difference(before[len(before) - 1].render().to_pil(), last.render(may_draw_forms=True).to_pil())
    width, height = last.get_size()
    left, top, right, bottom = changed
    assert left >= width - STAMP_INSET[0] - STAMP_SIZE[0] - 2
    assert top >= height - 24 / 25.4 * 72  # inside the bottom margin
    assert right <= width
    assert bottom <= height
    assert len(document) > 1
    first = _difference(before[0].render().to_pil(), document[0].render(may_draw_forms=True).to_pil())
    assert first is None


def _difference(one: object, other: object) -> tuple[int, int, int, int] | None:
    from PIL import ImageChops

    return ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox()  # type: ignore[attr-defined]


def test_what_cannot_be_signed_or_checked_has_a_sentence(units: Mapping[str, Member], tmp_path: Path) -> None:
    county = units["county"]
    path = _signed(county, tmp_path)
    signed = path.read_bytes()
    with pytest.raises(UserError, match="已经有签名"):
        county.store.write(signing.sign_file, county.store.actor, path)
    assert path.read_bytes() == signed
    plain = tmp_path / "plain.pdf"
    plain.write_bytes(_form("甲"))
    with pytest.raises(FileRefusedError, match="没有电子签名"):
        county.store.read(signing.verify, plain)
    for name, content in (("text", b"no pdf"), ("cut", signed[: len(signed) // 2]), ("empty", b"")):
        plain.write_bytes(content)
        with pytest.raises(FileRefusedError, match="不是完好的 PDF"):
            county.store.read(signing.verify, plain)
        with pytest.raises(UserError, match="不能签名"):
            county.store.write(signing.sign_file, county.store.actor, plain)
        assert plain.read_bytes() == content, name


def test_a_school_alone_has_no_certificate(tmp_path: Path) -> None:
    found(tmp_path / "alone", SCHOOL)
    with opened(tmp_path, "alone") as (school,), pytest.raises(UserError, match="还没有证书"):
        school.store.write(signing.sign, school.store.actor, _form("甲"), "备案表")


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed")
def test_poppler_finds_the_signature_valid(units: Mapping[str, Member], tmp_path: Path) -> None:
    path = _signed(units["county"], tmp_path)
    said = _pdfsig(path)
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert COUNTY.name in said
    assert "SHA-256" in said
    whole = path.read_bytes()
    at = whole.index(b"/MediaBox")
    path.write_bytes(whole[:at] + whole[at:].replace(b"841.", b"842.", 1))
    assert "Signature is Valid." not in _pdfsig(path)


def _pdfsig(path: Path) -> str:
    environment = {**os.environ, "HOME": str(path.parent)}  # where no database of trusted certificates lies
    command = ["pdfsig", "-nocert", str(path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False, env=environment)
    return done.stdout


def test_pyhanko_alone_trusts_the_chain_that_goes_along(units: Mapping[str, Member], tmp_path: Path) -> None:
    """Only the province's anchor is given: the way from it to the county lies in the document."""
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    path = _signed(units["county"], tmp_path)
    anchor = units["province"].store.read(identity.own_anchor)
    assert anchor is not None
    context = ValidationContext(trust_roots=[x509.Certificate.load(anchor.der)], allow_fetching=False)
    with path.open("rb") as file:
        status = validate_pdf_signature(PdfFileReader(file).embedded_signatures[0], context)
        assert status.bottom_line, status.pretty_print_details()


def test_nothing_of_it_is_loaded_at_the_start() -> None:
    imports = "import sys, json, desktop.__main__, sync.documents.signing, models.exchange.forms.pdf"
    code = f"{imports}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    assert not loaded & {"pyhanko", "typst", "aiohttp", "lxml", "openpyxl"}
