"""Packages lost, doubled, swapped, refused, expired: ordinary deliveries end in agreement, whatever they carry.

Every delivery carries what is not answered; what was refused or came too late comes again by itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.domain.errors import UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import review
from models.store import clock
from models.store import tables as t
from sync.formats import open_file
from sync.messages import notices
from sync.messages.sending import send
from sync.packages import inbox, ledger, outbox, receipts
from sync.refusals import ContentRefusedError, Fault, OutOfTurnError, RefusedError
from tests.integration.test_recovery_school import baseline
from tests.recovery_world import names_of
from tests.sync_world import CITY, COUNTY, SCHOOL, Member, enrol, found, opened

pytestmark = pytest.mark.filterwarnings("error")
LOST, DOUBLED, SWAPPED, REFUSED, EXPIRED = "lost", "doubled", "swapped", "refused", "expired"
FAULTS = (LOST, DOUBLED, SWAPPED, REFUSED, EXPIRED)
WAYS = {
    ("changes", "school", "county"),
    ("evidence", "school", "county"),
    ("receipt", "county", "school"),
    ("messages", "county", "school"),
    ("report", "county", "city"),
    ("receipt", "city", "county"),
    ("messages", "school", "county"),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages") / "units"
    for name, unit in (("city", CITY), ("county", COUNTY), ("school", SCHOOL)):
        found(folder / name, unit)
    with opened(folder, "city", "county", "school") as (city, county, school):
        enrol(county, city)
        enrol(school, county)
        carrier = Carrier({"city": city, "county": county, "school": school})
        change = baseline(school, 4)
        carrier.settle()
        assert school.state_of(change) == "effective"
    shutil.rmtree(folder / "stick")
    return folder


@dataclass
class Carrier:
    """Carries everything between neighbours; one fault befalls the first delivery of each purpose each way."""

    members: dict[str, Member]
    fault: str = ""
    struck: set[tuple[str, str, str]] = field(default_factory=set)

    def settle(self) -> None:
        """Answer and carry until nothing is left to carry, as people would in some weeks."""
        for _ in range(6):
            for frm, to in (("school", "county"), ("county", "city"), ("city", "county"), ("county", "school")):
                self.build(self.members[frm])
                self.answer(self.members[frm])
                self._deliver(frm, to)

    def build(self, member: Member) -> None:
        """The registrar seals what there is."""
        try:
            outbox.build(member.store, member.act(Role.REGISTRAR), member.out)
        except UserError:  # nothing to seal, or no superior here
            member.act(Role.REGISTRAR)

    def answer(self, member: Member) -> None:
        """The registrar accepts everything and answers every package."""
        passphrase = member.act(Role.REGISTRAR)
        c = t.received_item.c
        query = select(c.id).where(c.state == "in_review")
        for item in member.store.read(lambda s: s.execute(query).scalars().all()):
            try:
                member.store.write(review.decide, member.store.actor, item, Verdict.ACCEPT, "")
            except UserError:  # its proof has not come yet
                continue
        for package in member.store.read(ledger.list_packages, "in", [ledger.OPENED, ledger.REFUSED, "reviewed"]):
            if package["purpose"] in ("changes", "report"):
                try:
                    receipts.finish_review(member.store, package["id"], passphrase, member.out)
                except UserError:  # nothing new to say of it
                    continue

    def _deliver(self, frm: str, to: str) -> None:
        sender, receiver = self.members[frm], self.members[to]
        send(sender.store, receiver.store.actor.unit.id, sender.out)
        found_ = []
        for path in sender.out.glob("*.rollbook"):
            body = open_file(path).statement.content
            if (body.get("issuer"), body.get("audience")) == (sender.store.actor.unit.id, receiver.store.actor.unit.id):
                found_.append((body["epoch"], int(body["sequence"]) or 1 << 40, body["purpose"], path))
        found_.sort()
        new = {(purpose, frm, to) for _, _, purpose, _ in found_} - self.struck if self.fault else set()
        self.struck |= new
        for _, _, purpose, path in found_[::-1] if new and self.fault == SWAPPED else found_:
            self._receive(receiver, path, self.fault if (purpose, frm, to) in new else "")
            path.unlink()

    def _receive(self, receiver: Member, path: Path, fault: str) -> None:
        if fault == LOST:
            return
        with ExitStack() as stack:
            if fault in (REFUSED, EXPIRED):
                patch = stack.enter_context(pytest.MonkeyPatch.context())
                if fault == REFUSED:
                    patch.setattr("sync.packages.inbox.envelopes.unwrap", _refuse)
                else:
                    patch.setattr("sync.packages.inbox.check_deadline", _too_late)
            self._try(receiver, path)
        if fault == DOUBLED:
            with pytest.raises(OutOfTurnError) as caught:
                receiver.receive(path)
            assert caught.value.fault is Fault.ALREADY_RECEIVED

    @staticmethod
    def _try(receiver: Member, path: Path) -> None:
        try:
            receiver.receive(path)
        except RefusedError as error:  # NOT_A_RECIPIENT: a package of proofs, which has no number to use up
            if error.fault not in (Fault.ALREADY_RECEIVED, Fault.NOT_A_RECIPIENT):
                raise


def _refuse(*_: object) -> Any:
    raise ContentRefusedError(Fault.NOT_A_RECIPIENT)


def _too_late(session: Any, address: Any) -> None:
    if address.sequence:
        raise ContentRefusedError(Fault.EXPIRED, until=clock.now(session)[:10])


@pytest.fixture
def members(template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "city", "county", "school") as (city, county, school):
        yield {"city": city, "county": county, "school": school}


def proposed(school: Member, names: list[str]) -> tuple[list[str], list[str]]:
    """Pupils of the list whose change of name is approved, each in a package of its own; (pupils, changes)."""
    query = select(t.student.c.id).where(t.student.c.batch_id.is_not(None)).order_by(t.student.c.id)
    pupils = list(school.store.read(lambda s: s.execute(query).scalars().all()))[: len(names)]
    made = []
    for pupil, name in zip(pupils, names, strict=True):
        made.append(school.propose(pupil, name))
        school.approve(made[-1:])
        outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    return pupils, made


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_every_purpose_and_everybody_agrees_in_the_end(members: dict[str, Member], fault: str) -> None:
    county, school, city = members["county"], members["school"], members["city"]
    pupils, made = proposed(school, ["赵甲", "赵乙"])
    for title in ("第一号", "第二号"):
        notices.send(county.store, county.act(Role.REGISTRAR), None, title, "请阅。")
        send(county.store, school.store.actor.unit.id, county.out)
    carrier = Carrier(members, fault)
    carrier.settle()
    assert carrier.struck >= WAYS
    assert [school.state_of(one) for one in made] == ["effective", "effective"]
    for member in (school, county, city):
        assert names_of(member, pupils) == ["赵甲", "赵乙"]
    assert {one.title for one in school.store.read(notices.list_notices)} == {"第一号", "第二号"}
    for member in (school, county):
        left = {row.purpose for row in member.store.read(ledger.unanswered)}
        assert left <= set(ledger.ACKNOWLEDGED)  # the last word of each side, which nobody has acknowledged yet


def test_items_of_an_expired_package_are_approved_again(members: dict[str, Member]) -> None:
    school, county = members["school"], members["county"]
    _, (change,) = proposed(school, ["赵甲"])
    (path,) = school.out.glob("变更包*")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.packages.inbox.check_deadline", _too_late)
        refused: inbox.Received = county.receive(path)
    assert refused.refused
    assert "有效期" in refused.sentence
    answer = receipts.finish_review(county.store, str(refused.package_id), county.act(Role.REGISTRAR), county.out)
    assert school.receive(answer).counts["reopened"] == 1
    assert school.state_of(change) == "approved"
    assert outbox.build(school.store, school.act(Role.REGISTRAR), school.out).package_id is not None
