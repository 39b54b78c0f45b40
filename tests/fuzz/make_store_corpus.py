"""Seeds of the targets between tiers and between the PCs of a unit, from files of invented units."""

from __future__ import annotations

import base64
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl

from models.domain.units import Role
from sync.companions import decisions, drafts, keys, pairing
from sync.recovery import resets
from sync.transport import parts
from sync.trust.identity import opening_keys
from sync.wire import signedfile
from sync.wire.jsonlines import encode
from tests.attack_world import make_attack_world, scene
from tests.insider import Insider, plain_lines
from tests.integration.test_companions import NAME, SECOND_SECRET, Sides, pair, sides_in
from tests.letters import letters
from tests.sync_world import CHEAPEST, CITY, COUNTY, PEOPLE, SCHOOL, Member, enrol, make_template, opened

Keep = Callable[[str, str, bytes], None]
_ORIGINS = {"city": CITY, "county": COUNTY, "school": SCHOOL}
_SHARED = (
    b'<?xml version="1.0" encoding="UTF-8"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    b'count="2" uniqueCount="2"><si><t>\xe5\xa7\x93\xe5\x90\x8d</t></si><si><r><t>a</t></r></si></sst>'
)


def between_tiers(keep: Keep) -> None:
    """Reports, messages of every kind, lists of revocations, parts of a mail."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = make_attack_world(folder / "world")
        for purpose in ("report", "messages"):
            (folder / purpose).mkdir()
            with scene(world, folder / purpose, purpose) as it:
                made = Insider(it.file, it.frm, it.to)
                if purpose == "report":
                    keep("report_lines", "report.jsonl", b"".join(made.rest))
                else:
                    _, lines = plain_lines(it.file, it.to.store.read(opening_keys))
                    keep("payload_lines", "messages.jsonl", b"".join(lines))
                keep("signed_file", f"{purpose}.rollbook", it.file.read_bytes())
        for number, path in enumerate(parts.split(world / "files" / "messages.rollbook", folder, 1 << 20)):
            keep("mail_part", f"{number}.dat", path.read_bytes())
        with opened(world / "units", "county", "city") as (county, city):
            for kind, (origin, body) in letters(county, city).items():
                value = {"kind": kind, "from": _ORIGINS[origin].id, "body": body}
                keep("message_body", f"{kind}.json", encode(value))
                if kind == "revocation":
                    keep("revocation_list", "list.json", base64.b64decode(body["statement"]["body"]))
            keep_reset(keep, city)


def keep_reset(keep: Keep, city: Member) -> None:
    """The notice that a city begins its channels anew."""
    passphrase = city.act(Role.ADMINISTRATOR)
    path = resets.write_reset(city.store, passphrase, PEOPLE[Role.REGISTRAR], city.out)
    keep("reset_notice", "reset.json", signedfile.read(path).statement.body)
    keep("signed_file", "reset.rollbook", path.read_bytes())


def between_pcs(keep: Keep) -> None:
    """Pairing files, drafts and decisions of a school's two PCs."""
    with tempfile.TemporaryDirectory() as name:
        folder = make_template(Path(name) / "units")
        (folder / "u").mkdir()
        with opened(folder, "school", "county") as (main, county):
            made = pairing.create(folder / "head", NAME, SECOND_SECRET, kdf=CHEAPEST)
            assert made.store is not None
            with made.store as store:
                pair(main, store, folder / "u")
            enrol(main, county)
        for path in (folder / "u").iterdir():
            keep("pairing_file", "request.rollbook" if "申请" in path.name else "reply.rollbook", path.read_bytes())
        with sides_in(folder) as sides:
            _exchange(sides, keep)


def _exchange(sides: Sides, keep: Keep) -> None:
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    path = drafts.write_drafts(sides.main.store, sides.stick).path
    keep("companion_lines", "drafts.jsonl", b"".join(plain_lines(path, sides.head.store.read(keys.opening_keys))[1]))
    sides.head.receive(path)
    sides.head.approve([change])
    path = decisions.write_decisions(sides.head.store, sides.stick).path
    keep("companion_lines", "decisions.jsonl", b"".join(plain_lines(path, sides.main.store.read(keys.opening_keys))[1]))


def spreadsheets(keep: Keep, book: Path) -> None:
    """The parts of a workbook beside its sheet, and lists that other offices send."""
    with zipfile.ZipFile(book) as archive:
        for name in ("xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels"):
            keep("book_parts", name.rsplit("/", 1)[-1], name.encode()[3:5] + archive.read(name))
    keep("book_parts", "sharedStrings.xml", b"sh" + _SHARED)
    for name, titles, row in (
        ("problems.xlsx", ("姓名", "身份证件号", "问题类型", "学校"), ("赵明", "", "身份证号重复", SCHOOL.name)),
        ("accounts.xlsx", ("用户名", "姓名"), ("tslna", "赵明")),
    ):
        made = openpyxl.Workbook()
        made.active.append(titles)
        made.active.append(row)
        with tempfile.TemporaryDirectory() as folder:
            made.save(Path(folder) / name)
            keep("lists", name, (Path(folder) / name).read_bytes())


def make(keep: Keep, book: Path) -> None:
    """All of them."""
    between_tiers(keep)
    between_pcs(keep)
    spreadsheets(keep, book)
