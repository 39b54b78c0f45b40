"""A county back from an old backup: its schools deliver again, nothing is decided twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.errors import NotAllowedError, UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import maintenance, review
from models.store import tables as t
from sync.formats import open_file
from sync.messages import notices
from sync.packages import ledger, outbox, receipts
from sync.recovery import resets
from sync.refusals import Fault, OutOfTurnError, RefusedError
from sync.wire.signedfile import header_bytes
from tests.integration.test_cli import Done, rollbook
from tests.integration.test_recovery_clocks import clock_of
from tests.integration.test_recovery_school import baseline
from tests.recovery_world import (
    answer,
    carry,
    closing,
    come_back,
    empty,
    in_review,
    names_of,
    reset,
    save,
    send_changes,
)
from tests.sync_world import PEOPLE, Member, deliver, make_template, opened

pytestmark = pytest.mark.filterwarnings("error")
World = tuple[Member, Member, Member]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("bureau") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "county", "school", "second") as (county, school, second), closing([county]):
        yield county, school, second


def with_list(school: Member, county: Member, count: int) -> list[str]:
    """Pupils whose list the county has accepted; their ids."""
    change = baseline(school, count)
    query = select(t.student.c.id).where(t.student.c.batch_id.is_not(None)).order_by(t.student.c.id)
    pupils = list(school.store.read(lambda s: s.execute(query).scalars().all()))
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    assert built.package_id is not None
    answer(county, school, built.package_id)
    deliver(county, school)
    assert school.state_of(change) == "effective"
    return pupils


def test_a_county_back_from_an_old_backup_asks_again(world: World, tmp_path: Path) -> None:
    county, school, second = world
    pupils = with_list(school, county, 6)
    carry(world)
    kept = save(county, tmp_path / "旧.rollbook")
    accepted, first = send_changes(school, pupils[:2], ["赵甲", "赵乙"])
    answer(county, school, first)
    returned, third = send_changes(school, pupils[2:3], ["赵丙"])
    answer(county, school, third, Verdict.RETURN)
    deliver(county, school)
    open_, _ = send_changes(school, pupils[3:4], ["赵丁"])
    deliver(school, county)
    notices.send(county.store, county.act(Role.REGISTRAR), None, "备份之后的通知", "请阅。")
    carry(world)
    waiting, _ = send_changes(school, pupils[4:5], ["赵戊"])
    empty(school.out)
    come_back(county, kept)
    assert names_of(county, pupils[:2]) == ["赵明", "赵明"]
    told = reset(county, [school, second])
    assert "重新送出" in told[0].sentence
    assert "1 个数据包和 0 份回执" in told[1].sentence  # it said that the notice had come
    carry(world)
    assert names_of(county, pupils[:4]) == ["赵甲", "赵乙", "赵明", "赵明"]
    assert sorted(in_review(county)) == sorted([*open_, *waiting])
    for row in county.store.read(lambda s: s.execute(select(t.received_item.c.id)).scalars().all()):
        found = county.store.read(review.get_item, row)
        if found.item.state == "in_review":
            county.store.write(review.decide, county.store.actor, row, Verdict.ACCEPT, "")
    packages = county.store.read(ledger.list_packages, "in", [ledger.OPENED])
    for one in packages:
        receipts.finish_review(county.store, one["id"], county.act(Role.REGISTRAR), county.out)
    carry(world)
    assert names_of(county, pupils) == names_of(school, pupils) == ["赵甲", "赵乙", "赵明", "赵丁", "赵戊", "赵明"]
    assert [school.state_of(one) for one in (*accepted, *returned, *open_, *waiting)] == [
        "effective", "effective", "draft", "effective", "effective",
    ]  # fmt: skip
    assert not school.store.read(ledger.unanswered)
    again, package = send_changes(school, pupils[5:6], ["赵己"])
    answer(county, school, package)
    carry(world)
    assert school.state_of(again[0]) == "effective"
    for member in world:
        assert maintenance.check(member.store).ok


def test_a_notice_of_reset_is_taken_once_and_from_the_superior_alone(world: World, tmp_path: Path) -> None:
    county, school, second = world
    passphrase = county.act(Role.ADMINISTRATOR)
    older = resets.write_reset(county.store, passphrase, PEOPLE[Role.REGISTRAR], county.out, 3)
    old = older.read_bytes()
    begun = open_file(older).statement.content["epoch"]
    with pytest.raises(UserError, match="太大"):
        resets.write_reset(county.store, passphrase, PEOPLE[Role.HEAD], county.out, 999912312359)
    newer = resets.write_reset(county.store, passphrase, PEOPLE[Role.HEAD], county.out, begun + 40)
    assert "重建的通道" in school.receive(newer).sentence
    assert "此前已经接收" in school.receive(newer).sentence
    older.write_bytes(old)
    with pytest.raises(OutOfTurnError) as caught:
        school.receive(older)
    assert caught.value.fault is Fault.OLDER_EPOCH
    edited = tmp_path / "edited.rollbook"
    statement = open_file(newer).statement
    body = statement.body.replace(b"%d" % (begun + 41), b"%d" % (begun + 42))
    edited.write_bytes(header_bytes(replace(statement, body=body)))
    with pytest.raises(RefusedError) as refused:
        second.receive(edited)
    assert refused.value.fault is Fault.EDITED
    with pytest.raises(RefusedError) as refused:
        county.receive(newer)
    assert refused.value.fault is Fault.NOT_SUPERIOR
    with pytest.raises(NotAllowedError, match="学校之下没有单位"):
        resets.write_reset(school.store, school.act(Role.ADMINISTRATOR), PEOPLE[Role.HEAD], school.out)


def test_a_notice_written_in_2099_leaves_room_for_the_next(world: World) -> None:
    county, school, second = world
    passphrase = county.act(Role.ADMINISTRATOR)
    with clock_of(2099):
        wrong = resets.write_reset(county.store, passphrase, PEOPLE[Role.REGISTRAR], county.out)
    with pytest.raises(OutOfTurnError) as caught:
        school.receive(wrong)
    assert caught.value.fault is Fault.EPOCH_AHEAD
    wrong.unlink()
    assert all("重建的通道" in taken.sentence for taken in reset(county, [school, second]))
    notices.send(county.store, county.act(Role.REGISTRAR), None, "时钟已校正", "请阅。")
    carry(world)
    assert [len(one.store.read(notices.list_notices)) for one in (school, second)] == [1, 1]


def test_packages_of_a_new_epoch_wait_for_the_notice(world: World) -> None:
    county, school, second = world
    notices.send(county.store, county.act(Role.REGISTRAR), None, "通知", "请阅。")
    passphrase = county.act(Role.ADMINISTRATOR)
    path = resets.write_reset(county.store, passphrase, PEOPLE[Role.REGISTRAR], county.out)
    with pytest.raises(RefusedError) as caught:
        carry(world)
    assert caught.value.fault is Fault.NEWER_EPOCH
    for member in (school, second):
        member.receive(path)
    path.unlink()
    carry(world)
    assert [len(one.store.read(notices.list_notices)) for one in (school, second)] == [1, 1]


def test_a_school_the_backup_does_not_know_is_told_to_ask(world: World) -> None:
    county, school, second = world

    def forget(session: Session) -> None:
        session.execute(t.unit.delete().where(t.unit.c.id == second.store.actor.unit.id))

    county.store.write(forget)
    with pytest.raises(RefusedError) as caught:
        reset(county, [school, second])
    assert caught.value.fault is Fault.NOT_LISTED


def test_the_notice_by_commands(template: Path, tmp_path: Path) -> None:
    shutil.copytree(template, tmp_path / "units")
    files = {}
    for role in (Role.ADMINISTRATOR, Role.REGISTRAR):
        files[role] = tmp_path / role.value
        files[role].write_text(PEOPLE[role][1] + "\n")

    def run(unit: str, role: Role, *arguments: object) -> Done:
        home = tmp_path / "units" / unit
        general = ("--json", "--home", home, "--operator", PEOPLE[role][0], "--secret-file", files[role])
        return rollbook(*general, *arguments)

    second = ("--second-operator", PEOPLE[Role.REGISTRAR][0], "--second-secret-file", files[Role.REGISTRAR])
    path = run("county", Role.ADMINISTRATOR, "unit", "reset", *second, "--out", tmp_path).json["path"]
    told = run("school", Role.REGISTRAR, "package", "inspect", path).json
    assert told["title"].endswith("重建通道通知")
    taken = run("school", Role.REGISTRAR, "receive", path).json
    assert taken["kind"] == "reset"
    assert "没有它缺少的数据包" in taken["sentence"]
    epoch = open_file(Path(path)).statement.content["epoch"]
    again = run("county", Role.ADMINISTRATOR, "unit", "reset", *second, "--after", str(epoch + 5), "--out", tmp_path)
    assert run("school", Role.REGISTRAR, "receive", again.json["path"]).code == 0
    old = run("school", Role.REGISTRAR, "receive", path)
    assert old.code == 1
    assert f"--after {epoch + 6}" in old.err
