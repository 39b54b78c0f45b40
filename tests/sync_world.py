"""Units of up to four tiers for the tests of sync: real stores, enrolled by files, with invented pupils."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.states import Verdict
from models.domain.units import Actor, Line, Role, Tier, Unit
from models.rules.naming import pinyin_keys
from models.services import changes, operators, review
from models.store import audit, bulk
from models.store import tables as t
from models.store.store import NewOperator, Store
from models.store.vault.passphrase import KdfParameters
from sync.formats import open_file
from sync.joining import enrolment
from sync.messages import sending
from sync.packages import inbox, outbox, receipts
from sync.refusals import Fault, OutOfTurnError
from tests.kept import made_once

CHEAPEST = KdfParameters(memory=19456, passes=2, lanes=1)
PNG = b"\x89PNG\r\n\x1a\n" + b"invented picture " * 40
PEOPLE = {
    Role.ADMINISTRATOR: ("管理员", "admin lantern passage 41"),
    Role.REGISTRAR: ("登记员", "roster window passage 52"),
    Role.HEAD: ("负责人", "leader garden passage 63"),
}


@dataclass
class Member:
    """A unit's store, open, with one of its persons acting."""

    store: Store
    out: Path
    actors: dict[Role, Actor] = field(default_factory=dict)

    def act(self, role: Role) -> str:
        """From now on the person of `role` acts; that person's passphrase."""
        name, passphrase = PEOPLE[role]
        if role not in self.actors:
            row = self.store.read(lambda s: s.execute(select(t.operator).where(t.operator.c.name == name)).one())
            self.actors[role] = replace(self.store.actor, person_id=row.person_id, name=name, roles=frozenset({role}))
        self.store.actor = self.actors[role]
        return passphrase

    def add_pupils(self, count: int) -> list[str]:
        """Insert pupils with all that a key-field change looks at; their ids."""
        ids = [new_id() for _ in range(count)]
        rows: list[dict[str, str | int]] = [
            {
                "id": pupil, "unit_id": self.store.actor.unit.id, "status": "enrolled", "revision": 1,
                "updated_at": "2026-09-01T00:00:00Z", "updated_by": "登记员", "name": "赵明", "sex": "1",
                "birth_date": "2018-03-05", "class_name": "三(2)班", "id_type": "1", "id_number": "",
                "ethnicity": "01", "nationality": "CHN",
            }
            for pupil in ids
        ]  # fmt: skip

        def insert(session: Session) -> None:
            bulk.insert_students(session, rows, pinyin_keys)
            audit.append(session, self.store.actor, "test.pupils", "batch:test", {"count": count})

        self.store.write(insert)
        return ids

    def propose(self, pupil: str, name: str, *, evidence: bool = True) -> str:
        """A change of name, submitted; its id."""
        self.act(Role.REGISTRAR)
        change = self.store.write(
            changes.propose, self.store.actor, "student.key_field", pupil, {"name": name}, "户口簿姓名变更"
        )
        if evidence:
            self.store.write(
                changes.attach, self.store.actor, change, "户口簿.png", PNG + change.encode(), "image/png", "household"
            )
        self.store.write(changes.submit, self.store.actor, change)
        return change

    def approve(self, ids: list[str]) -> str:
        """The head approves with a signature; the statement's id."""
        passphrase = self.act(Role.HEAD)
        signer = self.store.signer(passphrase)
        return self.store.write(changes.approve, self.store.actor, signer, ids, "同意")

    def approved(self, names: list[str]) -> list[str]:
        """Pupils whose change of name is approved; ids of the changes."""
        ids = [self.propose(pupil, name) for pupil, name in zip(self.add_pupils(len(names)), names, strict=True)]
        self.approve(ids)
        return ids

    def build(self, names: list[str]) -> outbox.BuiltPackages:
        """A package with changes of name."""
        self.approved(names)
        return outbox.build(self.store, self.act(Role.REGISTRAR), self.out)

    def receive(self, path: Path) -> inbox.Received:
        """The registrar receives a file."""
        self.act(Role.REGISTRAR)
        return inbox.receive(self.store, path)

    def state_of(self, change_id: str) -> str:
        """State of a change."""
        return str(
            self.store.read(lambda s: s.execute(select(t.change.c.state).where(t.change.c.id == change_id)).scalar())
        )

    def review_all(self, package_id: str, verdict: Verdict = Verdict.ACCEPT, opinion: str = "") -> Path:
        """The bureau's registrar says the same of every item and finishes; the receipt's file."""
        passphrase = self.act(Role.REGISTRAR)
        rows = self.store.read(
            lambda s: s.execute(
                select(t.received_item.c.id).where(t.received_item.c.package_id == package_id)
            ).scalars().all()
        )  # fmt: skip
        for item in rows:
            self.store.write(review.decide, self.store.actor, item, verdict, opinion)
        return receipts.finish_review(self.store, package_id, passphrase, self.out)


def found(home: Path, unit: Unit) -> None:
    """Create a store with three persons who all have keys."""
    operators_ = [NewOperator(name, frozenset({role})) for role, (name, _) in PEOPLE.items()]
    operators_[0] = replace(operators_[0], passphrase=PEOPLE[Role.ADMINISTRATOR][1])
    created = Store.create(home, unit, operators_, kdf=CHEAPEST)
    assert created.store is not None
    created.store.close()
    for role in (Role.REGISTRAR, Role.HEAD):
        name, passphrase = PEOPLE[role]
        operators.activate(home, name, created.activation_codes[name], passphrase, kdf=CHEAPEST)


def open_member(home: Path) -> Member:
    """Open a store and let the registrar act."""
    member = Member(Store.open(home, *PEOPLE[Role.ADMINISTRATOR]), home.parent / "stick")
    member.out.mkdir(exist_ok=True)
    member.act(Role.REGISTRAR)
    return member


def deliver(frm: Member, to: Member) -> list[inbox.Received]:
    """Carry every file that waits on one unit's stick for another to it, in order of the channel; the stick is empty.

    What the other has received before says so and does no harm: such files are left out of the list.
    """
    received = []
    for path in _carried(frm, to):
        try:
            received.append(to.receive(path))
        except OutOfTurnError as error:
            if error.fault is not Fault.ALREADY_RECEIVED:
                raise
        path.unlink()
    return received


def settle(members: Mapping[str, Member], tiers: Mapping[str, tuple[Unit, str]] | None = None) -> None:
    """Carry what waits between the units of the four-tier world, up and down, until nothing new arrives."""
    pairs = [(name, above) for name, (_, above) in (tiers or TIERS).items() if name in members and above in members]
    news = True
    while news:
        for member in members.values():
            sending.send(member.store, None, member.out)
        news = False
        for low, high in pairs:
            for frm, to in ((members[low], members[high]), (members[high], members[low])):
                news = bool(deliver(frm, to)) or news


def _carried(frm: Member, to: Member) -> list[Path]:
    """Packages on the stick whose envelope names the two units."""
    found = []
    for path in frm.out.glob("*.rollbook"):
        body = open_file(path).statement.content
        if (body.get("issuer"), body.get("audience")) == (frm.store.actor.unit.id, to.store.actor.unit.id):
            found.append((int(body["sequence"]) or 1 << 40, path))
    return [path for _, path in sorted(found)]


def enrol(school: Member, county: Member) -> None:
    """The whole enrolment of a unit with its superior by files and words."""
    asked = enrolment.request(school.store, school.out)
    passphrase = county.act(Role.ADMINISTRATOR)
    reply = enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.REGISTRAR], asked.words, county.out)
    enrolment.trust(school.store, reply.path, reply.words)
    county.act(Role.REGISTRAR)


SCHOOL = Unit(
    "5c0001a0-0000-4000-8000-000000000001", "青禾县第一小学", "2113099901", Tier.SCHOOL, Line.BASIC, "虚州市", "青禾县"
)
SECOND = Unit(
    "5c0002a0-0000-4000-8000-000000000002", "青禾县第二小学", "2113099902", Tier.SCHOOL, Line.BASIC, "虚州市", "青禾县"
)
COUNTY = Unit(
    "c0000100-0000-4000-8000-000000000003", "青禾县教育局", "130999", Tier.COUNTY, Line.BASIC, "虚州市", "青禾县"
)
OTHER = Unit(
    "c0000200-0000-4000-8000-000000000004", "白石县教育局", "130998", Tier.COUNTY, Line.BASIC, "虚州市", "白石县"
)


PROVINCE = Unit("a0000100-0000-4000-8000-000000000005", "虚省教育厅", "130000", Tier.PROVINCE, Line.BASIC, "", "")
CITY = Unit("b0000100-0000-4000-8000-000000000006", "虚州市教育局", "139900", Tier.CITY, Line.BASIC, "虚州市", "")
CLOUD_CITY = Unit("b0000200-0000-4000-8000-000000000007", "云州市教育局", "139800", Tier.CITY, Line.BASIC, "云州市", "")
BLACK = Unit(
    "c0000300-0000-4000-8000-000000000008", "黑水县教育局", "139801", Tier.COUNTY, Line.BASIC, "云州市", "黑水县"
)
WHITE_SCHOOL = Unit(
    "5c0003a0-0000-4000-8000-000000000009", "白石县中心小学", "2113099903", Tier.SCHOOL, Line.BASIC, "虚州市", "白石县"
)
BLACK_SCHOOL = Unit(
    "5c0004a0-0000-4000-8000-000000000010", "黑水县第一小学", "2113980104", Tier.SCHOOL, Line.BASIC, "云州市", "黑水县"
)
TIERS = {
    "province": (PROVINCE, ""),
    "city": (CITY, "province"),
    "cloud_city": (CLOUD_CITY, "province"),
    "county": (COUNTY, "city"),
    "other": (OTHER, "city"),
    "black": (BLACK, "cloud_city"),
    "school": (SCHOOL, "county"),
    "second": (SECOND, "county"),
    "white_school": (WHITE_SCHOOL, "other"),
    "black_school": (BLACK_SCHOOL, "black"),
}
"""The four-tier world: {folder: (unit, folder of its superior)}, upper tiers first."""


@made_once
def make_tiers(folder: Path) -> Path:
    """A province, two cities, three counties and four schools, enrolled from the top down."""
    return enrol_all(make_apart(folder), TIERS)


def make_apart(folder: Path, tiers: Mapping[str, tuple[Unit, str]] = TIERS) -> Path:
    """The units of `tiers`, none of them enrolled yet."""
    for name, (unit, _) in tiers.items():
        found(folder / name, unit)
    return folder


def enrol_all(folder: Path, tiers: Mapping[str, tuple[Unit, str]]) -> Path:
    """Enrol each unit with the one above it, and carry what they have to tell each other."""
    for name, (_, above) in tiers.items():
        if above:
            with opened(folder, name, above) as (member, superior):
                enrol(member, superior)
    with opened(folder, *tiers) as members:
        settle(dict(zip(tiers, members, strict=True)), tiers)
    shutil.rmtree(folder / "stick")
    return folder


@made_once
def make_template(folder: Path) -> Path:
    """Two schools and two counties; both schools are enrolled with the first county."""
    for name, unit in (("school", SCHOOL), ("second", SECOND), ("county", COUNTY), ("other", OTHER)):
        found(folder / name, unit)
    with opened(folder, "school", "second", "county") as (school, second, county):
        enrol(school, county)
        enrol(second, county)
    shutil.rmtree(folder / "stick")
    return folder


@contextmanager
def opened(folder: Path, *names: str) -> Iterator[list[Member]]:
    """Open some of the units in `folder`; all are closed at the end."""
    members = [open_member(folder / name) for name in names]
    try:
        yield members
    finally:
        for member in members:
            member.store.close()
