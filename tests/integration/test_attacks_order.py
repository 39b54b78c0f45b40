"""Acts in the wrong order: the same change twice, numbers at the county, a school back from an old backup."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from desktop.cli import bureau, rosters
from models.domain.errors import DataFaultError, UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes, maintenance, review
from models.store import tables as t
from sync.packages import inbox, ledger, outbox
from sync.refusals import RefusedError
from tests.sync_world import PEOPLE, Member, deliver, enrol, make_template, open_member, opened


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("attacks") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    """School and county, enrolled."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "county") as members:
        yield members


def test_a_change_named_twice_is_one_change(world: list[Member]) -> None:
    school, _ = world
    change = school.propose(school.add_pupils(1)[0], "赵明华")
    school.approve([change, change])
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out, [change, change])
    assert len(built.new) == 2  # the change and its evidence
    assert school.state_of(change) == "sealed"


def test_the_county_finds_an_item_by_the_number_of_its_change(world: list[Member]) -> None:
    school, county = world
    built = school.build(["赵明华"])
    county.receive(built.paths[0])
    number = county.store.read(review.list_items)[0].number
    found = county.store.read(bureau._item_id, number)
    assert found.startswith(built.new[0])
    with pytest.raises(UserError, match="没有"):
        county.store.read(bureau._item_id, number[:-1])


def test_a_request_never_begins_with_a_part_of_a_name(world: list[Member]) -> None:
    school, _ = world
    pupil = school.add_pupils(1)[0]
    assert school.store.read(rosters.find_row, "students", "zm") == pupil
    assert school.store.read(rosters.find_row, "students", "赵明", whole=True) == pupil
    for text in ("zm", "赵", "%"):
        with pytest.raises(UserError):
            school.store.read(rosters.find_row, "students", text, whole=True)
    with pytest.raises(UserError):
        school.store.read(rosters.find_row, "students", "*")


def test_a_reason_as_long_as_a_book_is_refused(world: list[Member]) -> None:
    school, _ = world
    pupil = school.add_pupils(1)[0]
    school.act(Role.REGISTRAR)
    with pytest.raises(DataFaultError, match="1000"):
        school.store.write(
            changes.propose, school.store.actor, "student.key_field", pupil, {"name": "赵明华"}, "长" * 1001
        )


def test_a_school_back_from_an_old_backup_is_heard_again(world: list[Member], tmp_path: Path) -> None:
    """The numbers used since the backup are taken; joining again tells the school where the channel stands."""
    school, county = world
    kept = maintenance.backup(school.store, tmp_path / "旧.rollbook").path
    before = school.build(["赵明华"])
    for path in before.paths:
        county.receive(path)
    lost_answer = county.review_all(before.new[0])
    home = school.store.home
    school.store.close()
    maintenance.restore(kept, home, *PEOPLE[Role.ADMINISTRATOR])
    school = open_member(home)
    try:
        told = inbox.receive(school.store, lost_answer, school.act(Role.REGISTRAR))
        assert told.refused
        assert "不是本单位发出的" in told.sentence
        forked = school.build(["赵明亮"])
        with pytest.raises(RefusedError, match="须重新入网"):
            county.receive(forked.paths[0])
        enrol(school, county)
        again = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
        assert len(again.new) == 2
        assert not set(forked.paths) & set(again.paths)
        for path in again.paths:
            county.receive(path)
        lost_answer.unlink()
        county.review_all(again.new[0])
        outbox.rewrite_unanswered(county.store, county.out)
        back = deliver(county, school)  # what was lost comes first, in a new epoch
        assert [one.counts["accepted"] for one in back if "accepted" in one.counts][-1] == 1
        assert maintenance.check(school.store).ok
    finally:
        school.store.close()


def test_joining_again_without_a_loss_changes_no_channel(world: list[Member]) -> None:
    school, county = world
    first = school.build(["赵明华"])
    county.receive(first.paths[0])
    second = school.build(["赵明亮"])  # sealed, and not yet at the county
    enrol(school, county)
    query = select(t.package.c.state).where(t.package.c.direction == "out")
    assert "refused" not in school.store.read(lambda s: s.execute(query).scalars().all())
    taken = [county.receive(school.out / school.store.read(ledger.find, one).file_name) for one in second.new]
    assert taken[0].counts["items"] == 1
    assert school.receive(county.review_all(second.new[0], Verdict.ACCEPT)).counts["accepted"] == 1
