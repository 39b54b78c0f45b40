"""A school back from an old backup gets from its county what it lost since: items, answers, lists, proofs, notices."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.domain.ids import new_id
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes, evidence, maintenance, roster_edit
from models.store import audit
from models.store import tables as t
from sync.messages import notices
from sync.messages.sending import send
from sync.packages import outbox
from sync.recovery import founding, telling
from sync.refusals import Fault, OutOfTurnError
from tests.sync_world import PEOPLE, SCHOOL, Member, deliver, enrol, found, make_template, open_member, opened


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("recovery") / "units")


@dataclass
class World:
    """A school with a backup of its own, and its county."""

    school: Member
    county: Member
    kept: Path
    closing: list[Member] = field(default_factory=list)

    def save(self) -> None:
        """Write the backup to which `restore` returns."""
        maintenance.backup(self.school.store, self.kept)

    def restore(self) -> Member:
        """The school's computer is lost; the backup comes back on it."""
        home = self.school.store.home
        self.school.store.close()
        maintenance.restore(self.kept, home, *PEOPLE[Role.ADMINISTRATOR])
        self.school = open_member(home)
        self.closing.append(self.school)
        return self.school

    def rejoin(self) -> None:
        """The school asks again and everything that waits is carried in both directions, on an empty stick."""
        for path in self.school.out.glob("*.rollbook"):
            path.unlink()
        enrol(self.school, self.county)
        self.carry()

    def carry(self) -> None:
        """All that waits goes over twice, which settles what asks for more."""
        for _ in range(2):
            for frm, to in ((self.county, self.school), (self.school, self.county)):
                frm.act(Role.REGISTRAR)
                send(frm.store, None, frm.out)
                deliver(frm, to)


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "county") as (school, county):
        made = World(school, county, tmp_path / "旧.rollbook")
        yield made
        for member in made.closing:
            member.store.close()


def name_of(member: Member, pupil: str) -> str:
    return str(member.store.read(lambda s: s.scalar(select(t.student.c.name).where(t.student.c.id == pupil))))


def subject_of(member: Member, change: str) -> str:
    return str(member.store.read(lambda s: s.scalar(select(t.change.c.subject_id).where(t.change.c.id == change))))


def reported(school: Member, county: Member, names: list[str], verdict: Verdict, opinion: str = "") -> list[str]:
    """Changes of name that the county has answered; the receipt is on the stick. Ids of the changes."""
    ids = school.approved(names)
    outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    deliver(school, county)
    county.review_all(package_of(school, ids[0]), verdict, opinion)
    return ids


def package_of(member: Member, change: str) -> str:
    return str(member.store.read(lambda s: s.scalar(select(t.change.c.package_id).where(t.change.c.id == change))))


def test_changes_sent_since_the_backup_come_back_with_their_answers(world: World) -> None:
    pupils = world.school.add_pupils(3)
    world.save()
    sent = [world.school.propose(pupil, name) for pupil, name in zip(pupils, ("赵一", "赵二", "赵三"), strict=True)]
    world.school.approve(sent)
    answers = (Verdict.ACCEPT, Verdict.RETURN, Verdict.REFUSE)
    for change, verdict in zip(sent, answers, strict=True):
        built = outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out, [change])
        deliver(world.school, world.county)
        assert built.package_id is not None
        world.county.review_all(built.package_id, verdict, "请核对")
    deliver(world.county, world.school)
    states = [world.school.state_of(change) for change in sent]
    assert states == ["effective", "draft", "refused"]
    school = world.restore()
    assert [school.state_of(change) for change in sent] == ["None"] * 3
    world.rejoin()
    assert [school.state_of(change) for change in sent] == states
    assert [name_of(school, pupil) for pupil in pupils] == ["赵一", "赵明", "赵明"]
    assert name_of(school, pupils[0]) == "赵一"
    detail = school.store.read(changes.get, sent[0])
    assert [step.person for step in detail.timeline][:4] == ["登记员", "登记员", "负责人", "登记员"]
    assert all(school.store.read(evidence.content, one.digest) for one in detail.evidence)
    assert maintenance.check(school.store).ok
    assert maintenance.check(world.county.store).ok


def test_what_was_under_review_is_answered_after_the_return(world: World) -> None:
    pupils = world.school.add_pupils(2)
    approved_before = world.school.propose(pupils[0], "赵前")
    world.school.approve([approved_before])
    world.save()
    drafted_after = world.school.propose(pupils[1], "赵后")
    world.school.approve([drafted_after])
    built = outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    school = world.restore()
    world.rejoin()
    both = [approved_before, drafted_after]
    assert [school.state_of(change) for change in both] == ["sealed", "sealed"]
    assert built.package_id is not None
    world.county.review_all(built.package_id)
    world.carry()
    assert [school.state_of(change) for change in both] == ["effective", "effective"]
    assert [name_of(school, pupil) for pupil in pupils] == ["赵前", "赵后"]


def test_a_value_that_was_edited_meanwhile_is_a_conflict_and_is_not_written_over(world: World) -> None:
    (pupil,) = world.school.add_pupils(1)
    world.save()
    change = world.school.propose(pupil, "赵新")
    world.school.approve([change])
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    world.county.review_all(package_of(world.school, change))
    deliver(world.county, world.school)
    school = world.restore()

    def edit(session: Session) -> None:
        session.execute(update(t.student).where(t.student.c.id == pupil).values(name="赵别"))
        audit.append(session, school.store.actor, "test.edit", "student", {})

    school.store.write(edit)
    world.rejoin()
    assert school.state_of(change) == "conflict"
    assert name_of(school, pupil) == "赵别"


def test_a_returned_change_that_went_again(world: World) -> None:
    """The first attempt was returned, the second accepted; both come back in their order."""
    (pupil,) = world.school.add_pupils(1)
    change = world.school.propose(pupil, "赵初")
    world.school.approve([change])
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    world.save()
    deliver(world.school, world.county)
    world.county.review_all(package_of(world.school, change), Verdict.RETURN, "请补材料")
    deliver(world.county, world.school)
    world.school.act(Role.REGISTRAR)
    world.school.store.write(changes.update_draft, world.school.store.actor, change, {"name": "赵终"})
    world.school.store.write(changes.submit, world.school.store.actor, change)
    world.school.approve([change])
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    world.county.review_all(package_of(world.school, change))
    deliver(world.county, world.school)
    assert name_of(world.school, pupil) == "赵终"
    school = world.restore()
    assert school.state_of(change) == "sealed"
    world.rejoin()
    assert school.state_of(change) == "effective"
    assert name_of(school, pupil) == "赵终"
    assert maintenance.check(school.store).ok


def baseline(school: Member, count: int) -> str:
    """An import of pupils whose baseline is approved; the change."""
    ids = school.add_pupils(count)
    batch = new_id()

    def as_batch(session: Any) -> None:
        actor = school.actors[Role.REGISTRAR]
        roster_edit.insert_batch(session, actor, batch, "import.students", "名单.xlsx", len(ids))
        session.execute(update(t.student).where(t.student.c.id.in_(ids)).values(batch_id=batch))
        audit.append(session, actor, "test.batch", f"batch:{batch}", {})

    school.act(Role.REGISTRAR)
    school.store.write(as_batch)
    change = school.store.write(changes.propose, school.store.actor, "roster.baseline", batch, {}, "")
    school.store.write(changes.submit, school.store.actor, change)
    school.approve([change])
    return change


def pupils_of(member: Member) -> set[str]:
    query = select(t.student.c.id).where(t.student.c.unit_id == SCHOOL.id)
    return set(member.store.read(lambda s: s.execute(query).scalars().all()))


@pytest.mark.parametrize("answered", [True, False])
def test_a_list_imported_since_the_backup_comes_back(world: World, answered: bool) -> None:
    world.save()
    change = baseline(world.school, 300)
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    if answered:
        world.county.review_all(package_of(world.school, change))
    had = pupils_of(world.school)
    school = world.restore()
    assert not pupils_of(school)
    world.rejoin()
    if not answered:
        world.county.review_all(package_of(school, change))
        world.carry()
    assert pupils_of(school) == had == pupils_of(world.county)
    assert school.state_of(change) == "effective"


def test_a_superior_cannot_give_back_what_the_school_never_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An item that does not stand under the root the school's registrar signed is refused, and said to the county."""
    (pupil,) = world.school.add_pupils(1)
    world.save()
    change = world.school.propose(pupil, "赵真")
    world.school.approve([change])
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    world.county.review_all(package_of(world.school, change))
    honest = telling._entry

    def forged(*given: Any) -> dict[str, Any]:
        entry = honest(*given)
        return {**entry, "raw": entry["raw"].replace("赵真", "赵伪")}

    monkeypatch.setattr(telling, "_entry", forged)
    school = world.restore()
    world.rejoin()
    assert school.state_of(change) == "None"
    assert name_of(school, pupil) == "赵明"
    query = select(t.message.c.note).where(t.message.c.kind == "recovery.items", t.message.c.state == "refused")
    (note,) = school.store.read(lambda s: s.execute(query).scalars().all())
    assert "签名的清单不一致" in note


def test_a_school_that_lost_everything_gets_its_pupils_and_changes_back(world: World) -> None:
    """No backup is left: the store is set up again under the school's UID, with new persons and keys."""
    listed = baseline(world.school, 40)
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    world.county.review_all(package_of(world.school, listed))
    deliver(world.county, world.school)
    pupil = sorted(pupils_of(world.school))[0]
    change = world.school.propose(pupil, "赵新")
    world.school.approve([change])
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    had, home = pupils_of(world.school), world.school.store.home
    world.school.store.close()
    shutil.rmtree(home)
    time.sleep(1.1)  # revocations count from a second on; in life more than that lies between signing and loss
    found(home, SCHOOL)
    school = world.school = open_member(home)
    world.closing.append(school)
    founding.found_anew(school.store)
    world.rejoin()
    assert pupils_of(school) == had
    assert [school.state_of(one) for one in (listed, change)] == ["effective", "sealed"]
    world.county.review_all(package_of(school, change))
    world.carry()
    assert school.state_of(change) == "effective"
    assert name_of(school, pupil) == name_of(world.county, pupil) == "赵新"
    assert maintenance.check(school.store).ok


def test_old_files_on_a_stick_do_no_harm(world: World) -> None:
    world.save()
    reported(world.school, world.county, ["赵甲"], Verdict.ACCEPT)
    old = [path.read_bytes() for path in world.school.out.glob("回执*.rollbook")]
    school = world.restore()
    world.rejoin()
    for raw in old:
        path = school.out / "旧回执.rollbook"
        path.write_bytes(raw)
        with pytest.raises(OutOfTurnError) as caught:
            school.receive(path)
        assert caught.value.fault is Fault.ALREADY_RECEIVED
    late = world.county.out / "late.rollbook"
    late.write_bytes(old[0])
    school.store.write(lambda s: s.execute(t.package.delete().where(t.package.c.purpose == "receipt")))
    with pytest.raises(OutOfTurnError) as caught:
        school.receive(late)
    assert caught.value.fault is Fault.OLD_NUMBERING


def test_notices_since_the_backup_come_again(world: World) -> None:
    world.save()
    for title in ("第一号", "第二号"):
        notices.send(world.county.store, world.county.act(Role.REGISTRAR), None, title, "请阅。")
        world.carry()
    assert len(world.school.store.read(notices.list_notices)) == 2
    school = world.restore()
    world.rejoin()
    assert {one.title for one in school.store.read(notices.list_notices)} == {"第一号", "第二号"}
    enrol(school, world.county)  # a second reply finds nothing lost
    world.carry()
    assert len(school.store.read(notices.list_notices)) == 2


def test_work_after_the_return_goes_on(world: World) -> None:
    (pupil,) = world.school.add_pupils(1)
    world.save()
    change = world.school.propose(pupil, "赵甲")
    world.school.approve([change])
    outbox.build(world.school.store, world.school.act(Role.REGISTRAR), world.school.out)
    deliver(world.school, world.county)
    world.county.review_all(package_of(world.school, change))
    deliver(world.county, world.school)
    school = world.restore()
    forked = school.build(["赵乙"])
    world.rejoin()
    again = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    assert again.new
    assert not set(again.new) & set(forked.new)
    deliver(school, world.county)
    world.county.review_all(again.new[0])
    world.carry()
    rows = school.store.read(lambda s: s.execute(select(t.change.c.state, t.change.c.number)).all())
    assert [row.state for row in rows] == ["effective", "effective"]
    assert len({row.number for row in rows}) == 2
