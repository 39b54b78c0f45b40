"""Make the seed corpus anew from files of invented units: `python tests/fuzz/make_corpus.py` (then look at the diff).

Keys, certificates and times differ each time, so it is run only when a format changes.
"""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

import zstandard

from models.domain.forms import LOCAL_TEACHERS, FilingKind, FormData
from models.domain.units import Role
from models.exchange.forms.pdf import form_pdf
from models.exchange.unit_list import ListedUnit
from models.services import invitations as invited
from models.services import policies as policy_service
from sync import policies
from sync.documents import signing
from sync.joining import enrolment, invitations
from sync.trust.identity import opening_keys, own_anchor
from sync.wire import envelope, signedfile
from sync.wire.jsonlines import encode
from sync.wire.suites import open_chunks
from tests.fuzz import make_store_corpus
from tests.fuzz.targets import CORPUS
from tests.sync_world import PEOPLE, Member, make_template, opened

ROSTERS = Path(__file__).parents[1] / "data" / "rosters"


def keep(target: str, name: str, data: bytes) -> None:
    """One seed of a target."""
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def plain_lines(path: Path, member: Member) -> bytes:
    """The payload of a package as its receiver sees it."""
    file = signedfile.read(path)
    head = envelope.parse(file)
    key = envelope.unwrap(head, member.store.read(opening_keys))
    with path.open("rb") as source:
        source.seek(file.offset)
        chunks = b"".join(open_chunks(head.suite, key, source, head.size))
    keep("compressed", f"{head.address.purpose}.zst", chunks)
    return zstandard.ZstdDecompressor().decompressobj().decompress(chunks)


def package(path: Path, member: Member) -> None:
    """Seeds from one package."""
    purpose = envelope.parse(signedfile.read(path)).address.purpose
    raw = path.read_bytes()
    keep("signed_file", f"{purpose}.rollbook", raw)
    keep("envelope_head", f"{purpose}.head", raw[: signedfile.read(path).offset])
    plain = plain_lines(path, member)
    keep("payload_lines", f"{purpose}.jsonl", plain)
    for line in plain.splitlines():
        tag, value = json.loads(line)
        if tag in "iae":
            keep("item_parts", f"{purpose}-{tag}.json", encode(value))


def filing() -> None:
    """What a filing says of itself, and a row of it."""
    row = {"id": "a", "values": {"name": "赵明", "username": "tslnzhaoming"}, "status": "active", "act": "added"}
    keep("item_parts", "filing-row.json", encode({**row, "revision": 3}))
    keep(
        "item_parts",
        "filing-head.json",
        encode({"period": "2026-05", "kind": "first", "as_of": "2026-05-20T08:00:00Z"}),
    )


def documents(school: Member, county: Member) -> None:
    """Enrolment files, a policy, a certificate, a backup, the key slots."""
    asked = enrolment.request(school.store, school.out)
    passphrase = county.act(Role.ADMINISTRATOR)
    reply = enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.REGISTRAR], asked.words, county.out)
    plan = county.store.read(invited.plan, [ListedUnit(2, "青禾县第三小学", "2113099903")])
    slip = invitations.invite(county.store, plan, passphrase, PEOPLE[Role.REGISTRAR], county.out).slips[0]
    county.store.write(policy_service.set_own, county.store.actor, controlled_fields=["phone"], ue="yu")
    form = form_pdf(FormData(LOCAL_TEACHERS, "甲", "2026年5月", FilingKind.FIRST, [])).content
    signed = county.store.write(signing.sign, county.store.actor, form, "备案表")
    keep("signed_pdf", "unit.pdf", signed)
    policy = policies.issue_policy(county.store, passphrase, PEOPLE[Role.REGISTRAR], county.out)
    for name, path in (("request", asked.path), ("reply", reply.path), ("invitation", slip.path), ("policy", policy)):
        keep("signed_file", f"{name}.rollbook", path.read_bytes())
        if name != "policy":
            keep("enrolment_file", f"{name}.rollbook", path.read_bytes())
    keep("policy_body", "policy.json", signedfile.read(policy).statement.body)
    keep("canonical_json", "policy.json", signedfile.read(policy).statement.body)
    anchor = county.store.read(own_anchor)
    assert anchor is not None
    keep("certificate", "anchor.der", anchor.der)
    keep("certificate", "key.der", anchor.public_key)
    for text in signedfile.read(reply.path).statement.content["certificates"]:
        der = base64.b64decode(text)
        keep("certificate", f"leaf-{len(der)}.der", der)
    keep("key_slots", "keys.json", (school.store.home / "keys.json").read_bytes())
    target = school.out / "a.backup"
    school.store.write_backup(target)
    keep("backup_file", "head.backup", target.read_bytes()[:6000])


def main() -> None:
    """Make everything; what was there goes."""
    shutil.rmtree(CORPUS, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        units = make_template(Path(folder) / "units")
        with opened(units, "school", "county") as (school, county):
            built = school.build(["赵明华", "赵明亮"])
            for path in built.paths:
                package(path, county)
                county.receive(path)
            package(county.review_all(built.new[0]), school)
            documents(school, county)
    filing()
    for path in sorted(ROSTERS.iterdir()):
        if path.suffix in (".xlsx", ".xls", ".csv", ".html") and path.stat().st_size < 60_000:
            keep("spreadsheet", f"{path.stem}{path.suffix}", path.read_bytes())
        if path.name.startswith("02_"):
            with zipfile.ZipFile(path) as book:
                keep("sheet_part", "sheet1.xml", book.read("xl/worksheets/sheet1.xml"))
            make_store_corpus.make(keep, path)


if __name__ == "__main__":
    main()
