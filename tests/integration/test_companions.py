"""Two PCs of one school: the registrar's, which seals, and the head's, with files between them (decision 2)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from models.domain.errors import NotAllowedError, UserError
from models.domain.signing import canonical
from models.domain.states import Event
from models.domain.times import now_text
from models.domain.units import Role
from models.services import change_views, changes, companions, evidence, operators
from models.services.accounts import creation
from models.services.accounts.status import propose_disable
from models.services.policies import effective
from models.store import audit, members, restoring
from models.store import tables as t
from models.store.errors import WrongSecretError
from models.store.store import Store
from models.store.touched import verify_rows
from sync.companions import decisions, drafts, pairing
from sync.formats import describe
from sync.joining import enrolment
from sync.packages import inbox, outbox
from sync.refusals import Fault, RefusedError
from tests.integration.test_cli import rollbook
from tests.sync_world import CHEAPEST, PEOPLE, PNG, SCHOOL, Member, enrol, make_template, opened

NAME, SECRET = PEOPLE[Role.HEAD]
SECOND_SECRET = "second meadow passage 74"


@dataclass
class Head:
    """The head's PC: its store, open."""

    store: Store

    def receive(self, path: Path) -> inbox.Received:
        return inbox.receive(self.store, path)

    def approve(self, ids: list[str]) -> str:
        signer = self.store.signer(SECOND_SECRET)
        return self.store.write(changes.approve, self.store.actor, signer, ids, "同意")

    def state_of(self, change_id: str) -> str | None:
        return self.store.read(lambda s: s.execute(select(t.change.c.state).where(t.change.c.id == change_id)).scalar())


@dataclass
class Sides:
    """The school's two PCs, its county, another school, and the stick between them."""

    main: Member
    head: Head
    county: Member
    second: Member
    stick: Path

    def drafts(self) -> Path:
        self.main.act(Role.REGISTRAR)
        return drafts.write_drafts(self.main.store, self.stick).path

    def told(self) -> inbox.Received:
        """What waits goes to the head's PC."""
        return self.head.receive(self.drafts())

    def decisions(self) -> Path:
        return decisions.write_decisions(self.head.store, self.stick).path

    def done(self) -> inbox.Received:
        """The head's decisions come back."""
        return self.main.receive(self.decisions())


def pair(main: Member, store: Store, stick: Path) -> None:
    """The whole pairing by files and words."""
    asked = pairing.request(store, stick)
    main.act(Role.ADMINISTRATOR)
    reply = pairing.accept(main.store, asked.path, asked.words, stick)
    pairing.trust(store, reply.path, reply.words, SECOND_SECRET)
    main.act(Role.REGISTRAR)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_template(tmp_path_factory.mktemp("template"))
    stick = folder / "u"
    stick.mkdir()
    with opened(folder, "school", "county") as (main, county):
        made = pairing.create(folder / "head", NAME, SECOND_SECRET, kdf=CHEAPEST)
        assert made.store is not None
        with made.store as store:
            pair(main, store, stick)
        enrol(main, county)
    shutil.rmtree(folder / "stick")
    shutil.rmtree(stick)
    return folder


@contextmanager
def sides_in(folder: Path) -> Iterator[Sides]:
    stick = folder / "u"
    stick.mkdir(exist_ok=True)
    with (
        opened(folder, "school", "county", "second") as (main, county, second),
        Store.open(folder / "head", NAME, SECOND_SECRET) as store,
    ):
        yield Sides(main, Head(store), county, second, stick)


@pytest.fixture
def sides(template: Path, tmp_path: Path) -> Iterator[Sides]:
    shutil.copytree(template, tmp_path / "world")
    with sides_in(tmp_path / "world") as made:
        yield made


def refusal(sides: Sides, act: object, *arguments: object) -> Fault:
    with pytest.raises(RefusedError) as refused:
        act(*arguments)  # type: ignore[operator]
    return refused.value.fault


def test_the_whole_way_from_draft_to_the_county(sides: Sides) -> None:
    pupils = sides.main.add_pupils(3)
    ids = [sides.main.propose(pupil, name) for pupil, name in zip(pupils, ("赵一", "赵二", "赵三"), strict=True)]
    got = sides.told()
    assert (got.counts["items"], got.counts["new"], got.counts["files"]) == (3, 3, 3)
    detail = sides.head.store.read(change_views.get_change, ids[0], sides.head.store.actor)
    assert detail.diffs[0].before == "赵明"
    assert "approve" in detail.allowed
    assert not [check for check in detail.checks if check.level == "fault"]
    assert sides.head.store.read(evidence.content, detail.evidence[0].digest)
    statement = sides.head.approve(ids[:1])
    sides.head.store.write(changes.return_, sides.head.store.actor, ids[1:2], "请补正")
    sides.head.store.write(changes.refuse, sides.head.store.actor, ids[2:], "不符合规定")
    back = sides.done()
    assert (back.counts["approved"], back.counts["returned"], back.counts["left"]) == (1, 1, 0)
    assert [sides.main.state_of(change) for change in ids] == ["approved", "draft", "refused"]
    row = sides.main.store.read(
        lambda s: s.execute(select(t.decision).where(t.decision.c.statement_id == statement)).one()
    )
    assert (row.person_name, row.event) == (NAME, Event.APPROVE.value)

    built = outbox.build(sides.main.store, sides.main.act(Role.REGISTRAR), sides.stick)
    received = [sides.county.receive(path) for path in built.paths]
    assert not any(one.refused for one in received)
    reply = sides.county.review_all(str(built.package_id))
    sides.main.receive(reply)
    assert sides.main.state_of(ids[0]) == "effective"

    told = sides.told()  # what became of it; nothing waits any more
    assert told.counts["items"] == 0
    assert [sides.head.state_of(change) for change in ids] == ["effective", "draft", "refused"]
    assert sides.head.store.read(lambda s: s.execute(select(t.evidence.c.digest)).all()) == []
    assert sides.head.store.read(lambda s: s.execute(select(t.student.c.id)).all()) == []
    for store in (sides.main.store, sides.head.store):
        assert store.read(audit.verify).ok
        assert store.read(verify_rows) == ()


def test_accounts_approved_on_the_second_pc_take_effect_on_the_main_one(sides: Sides) -> None:
    main = sides.main
    teacher = {
        "name": "张三", "sex": "女", "email": "zhangsan@example.org", "office_phone": "0315-2234567",
        "employment": "专任", "on_staff": "是", "username": "zhangsan",
    }  # fmt: skip
    main.act(Role.REGISTRAR)
    made = main.store.write(creation.create, main.store.actor, [teacher], "")
    if made.missing:
        main.store.write(changes.attach, main.store.actor, made.change_id, "拼写证明.png", PNG, "image/png")
        main.store.write(changes.update_draft, main.store.actor, made.change_id, None, "姓名拼写以证件为准")
        main.store.write(changes.submit, main.store.actor, made.change_id)
    assert sides.told().counts["items"] == 1
    sides.head.approve([made.change_id])
    assert sides.head.state_of(made.change_id) == "approved"  # nothing takes effect where the accounts are not
    assert sides.done().counts["approved"] == 1
    assert main.state_of(made.change_id) == "effective"
    status = select(t.account.c.status).where(t.account.c.id == made.ids[0])
    assert main.store.read(lambda s: s.execute(status).scalar()) == "active"
    disabling = main.store.write(propose_disable, main.store.actor, [made.ids[0]], "left", "调离")
    sides.told()
    assert sides.head.state_of(made.change_id) == "effective"
    sides.head.approve(disabling)
    sides.done()
    assert main.store.read(lambda s: s.execute(status).scalar()) == "disabled"


def test_the_head_has_one_id_and_no_way_into_the_main_pc(sides: Sides) -> None:
    here = {row.name: row for row in sides.main.store.read(operators.list_operators)}
    assert here[NAME].elsewhere
    assert here[NAME].person_id == sides.head.store.actor.person_id
    assert NAME not in operators.names(sides.main.store.home)
    with pytest.raises(WrongSecretError):
        sides.main.store.signer_of(NAME, PEOPLE[Role.HEAD][1])
    sides.main.act(Role.ADMINISTRATOR)
    operators.renew_recovery(sides.main.store)  # a new data key, wrapped to those who are here
    assert set(operators.names(sides.main.store.home)) == {PEOPLE[Role.ADMINISTRATOR][0], PEOPLE[Role.REGISTRAR][0]}
    sides.main.store.read(companions.find)
    assert sides.told().counts["items"] == 0
    with pytest.raises(NotAllowedError, match="只有系统管理员"):  # the store of the second PC has one person
        operators.renew_recovery(sides.head.store)


def test_the_second_pc_says_which_pc_does_the_rest(sides: Sides) -> None:
    store = sides.head.store
    for act in (
        lambda: outbox.build(store, SECOND_SECRET),
        lambda: enrolment.request(store, sides.stick),
        lambda: drafts.write_drafts(store, sides.stick),
        lambda: inbox.receive(store, enrolment.request(sides.main.store, sides.stick).path),
    ):
        with pytest.raises(NotAllowedError, match="学籍管理员的电脑"):
            act()
    with pytest.raises(NotAllowedError, match="第二台电脑"):
        decisions.write_decisions(sides.main.store, sides.stick)
    with pytest.raises(UserError, match="没有新的核办结果"):
        decisions.write_decisions(store, sides.stick)
    assert not store.read(
        lambda s: s.execute(select(t.unit_key.c.purpose).where(t.unit_key.c.purpose == "signing")).all()
    )


def test_a_possible_duplicate_is_noted_as_on_the_main_pc(sides: Sides) -> None:
    first, second = sides.main.add_pupils(2)
    change = sides.main.propose(first, "赵二")

    def rename(session) -> None:  # type: ignore[no-untyped-def]
        session.execute(update(t.student).where(t.student.c.id == second).values(name="赵二"))
        audit.append(session, sides.main.store.actor, "test.rename", "student:test", {})

    sides.main.store.write(rename)
    sides.told()
    for store in (sides.main.store, sides.head.store):
        notes = [one.text for one in store.read(change_views.get_change, change).checks if one.level == "note"]
        assert len(notes) == 1
        assert "赵二" in notes[0]


def test_changed_meanwhile_is_left_and_told_one_by_one(sides: Sides) -> None:
    pupils = sides.main.add_pupils(4)
    ids = [sides.main.propose(pupil, f"赵{n}") for pupil, n in zip(pupils, "一二三四", strict=True)]
    sides.told()
    sides.head.approve(ids)
    store, registrar = sides.main.store, sides.main.actors[Role.REGISTRAR]
    store.write(changes.withdraw, registrar, ids[0])

    def elsewhere(session) -> None:  # type: ignore[no-untyped-def]
        session.execute(update(t.student).where(t.student.c.id == pupils[1]).values(name="赵明明"))
        session.execute(update(t.change).where(t.change.c.id == ids[2]).values(reason="另一个理由"))
        audit.append(session, registrar, "test.elsewhere", "student:test", {})

    store.write(elsewhere)
    got = sides.done()
    assert got.counts["approved"] == 1
    assert len(got.warnings) == 3
    assert any("已撤回" in text for text in got.warnings)
    assert any("不能批准" in text and "在申请后已改变" in text for text in got.warnings)
    assert [sides.main.state_of(change) for change in ids] == ["withdrawn", "pending", "pending", "approved"]
    again = sides.told()  # the one withdrawn waits no more, the edited one waits anew
    assert (again.counts["items"], again.counts["new"], again.counts["gone"]) == (2, 1, 1)
    assert sides.head.state_of(ids[0]) is None
    assert sides.head.state_of(ids[2]) == "pending"
    assert sides.head.store.read(verify_rows) == ()


def test_returned_and_handed_in_again_is_a_new_matter(sides: Sides) -> None:
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    sides.told()
    sides.head.store.write(changes.return_, sides.head.store.actor, [change], "请补正")
    first = sides.decisions()
    sides.main.receive(first)
    sides.main.store.write(changes.submit, sides.main.store.actor, change)
    assert sides.told().counts["new"] == 1
    sides.head.approve([change])
    assert sides.done().counts["approved"] == 1
    assert refusal(sides, sides.main.receive, first) is Fault.OLDER_EXCHANGE
    assert sides.main.state_of(change) == "approved"


def test_decisions_not_taken_yet_stay_and_go_again(sides: Sides) -> None:
    one, two = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    sides.told()
    statement = sides.head.approve([one])
    lost = sides.decisions()
    assert sides.told().counts["new"] == 0  # the main PC still shows it as waiting: the approval stands
    assert sides.head.state_of(one) == "approved"
    sides.head.approve([two])
    assert sides.done().counts["approved"] == 2
    assert refusal(sides, sides.main.receive, lost) is Fault.OLDER_EXCHANGE
    kept = sides.main.store.read(lambda s: s.execute(select(t.statement.c.id)).scalars().all())
    assert statement in kept
    late = sides.done()  # nothing was told back yet, so it goes once more and changes nothing
    assert (late.counts["approved"], late.counts["known"], late.counts["left"]) == (0, 2, 0)


def test_an_approval_taken_back_at_the_second_pc(sides: Sides) -> None:
    one, two = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    sides.told()
    sides.head.approve([one, two])
    sides.done()
    sides.head.store.write(changes.revoke, sides.head.store.actor, [one], "再看看")
    sides.told()  # the main PC has the approval only: the revocation stays on top of it
    assert sides.head.state_of(one) == "draft"
    outbox.build(sides.main.store, sides.main.act(Role.REGISTRAR), sides.stick, [two])
    sides.head.store.write(changes.revoke, sides.head.store.actor, [two], "也再看看")
    got = sides.done()
    assert len(got.warnings) == 1
    assert "已打包" in got.warnings[0]
    assert [sides.main.state_of(change) for change in (one, two)] == ["draft", "sealed"]
    sides.told()
    assert sides.head.state_of(two) == "sealed"


def test_edited_foreign_and_misled_files_are_refused(sides: Sides, tmp_path: Path) -> None:
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    path = sides.drafts()
    raw = path.read_bytes()
    for place, wanted in (
        (len(raw) // 2, {Fault.PAYLOAD_DAMAGED, Fault.EDITED, Fault.HEADER_DAMAGED}),
        (-3, {Fault.PAYLOAD_DAMAGED}),
    ):
        broken = bytearray(raw)
        broken[place] ^= 1
        (tmp_path / "x.rollbook").write_bytes(broken)
        assert refusal(sides, sides.head.receive, tmp_path / "x.rollbook") in wanted
    (tmp_path / "x.rollbook").write_bytes(
        raw.replace(b'\\"sequence\\":1', b'\\"sequence\\":9') if b'\\"sequence' in raw else raw[:-9]
    )
    assert refusal(sides, sides.head.receive, tmp_path / "x.rollbook") in (Fault.CUT_SHORT, Fault.EDITED)
    assert refusal(sides, sides.main.receive, path) is Fault.OTHER_PC  # the wrong PC of the right unit
    assert refusal(sides, sides.second.receive, path) is Fault.OTHER_UNITS_PC
    sides.head.receive(path)
    assert refusal(sides, sides.head.receive, path) is Fault.ALREADY_RECEIVED
    sides.head.approve([change])
    back = sides.decisions()
    assert refusal(sides, sides.head.receive, back) is Fault.OTHER_PC
    assert refusal(sides, sides.county.receive, back) is Fault.OTHER_UNITS_PC
    assert sides.main.state_of(change) == "pending"
    told = describe(back, sides.main.store)
    assert (told.audience, told.faults) == (SCHOOL.name, ())
    assert NAME in told.issuer
    assert sides.main.receive(back).counts["approved"] == 1


def test_an_approval_that_is_not_the_heads_is_refused(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has the PC's key but not the person's passphrase can seal a file, and approve nothing by it."""
    one, two = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    sides.told()
    sides.head.approve([one])
    honest = decisions._undelivered

    def lying(session):  # type: ignore[no-untyped-def]
        told = honest(session)
        row = session.execute(select(t.companion_change).where(t.companion_change.c.change_id == two)).one()
        forged = {"id": two, "attempt": row.attempt, "digest": row.digest, "after": row.decisions}
        return [*told, {**forged, "decisions": told[0]["decisions"]}]

    monkeypatch.setattr(decisions, "_undelivered", lying)
    assert refusal(sides, sides.main.receive, sides.decisions()) is Fault.APPROVAL_EDITED
    assert [sides.main.state_of(change) for change in (one, two)] == ["pending", "pending"]  # nothing half done
    monkeypatch.undo()
    assert sides.done().counts["approved"] == 1


def test_a_head_whose_key_was_taken_away_decides_nothing(sides: Sides) -> None:
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    sides.told()
    sides.head.approve([change])
    back = sides.decisions()
    sides.main.act(Role.ADMINISTRATOR)
    operators.reissue(sides.main.store, NAME)  # the head works at the main PC again
    with pytest.raises(UserError, match="已停用"):
        sides.main.receive(back)
    with pytest.raises(UserError, match="已停用"):
        sides.drafts()
    assert sides.main.state_of(change) == "pending"
    assert not sides.main.store.read(companions.list_companions)[0].ready
    pair(sides.main, sides.head.store, sides.stick)  # and back to his own PC: the same key counts again
    assert sides.main.receive(back).counts["approved"] == 1


def test_the_main_pc_restored_from_a_backup(sides: Sides, template: Path, tmp_path: Path) -> None:
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    sides.told()
    sides.drafts()
    backup = tmp_path / "backup.rbb"
    sides.main.store.write_backup(backup)
    sides.head.approve([change])
    sides.done()
    sides.told()
    home = sides.main.store.home
    sides.main.store.close()
    restoring.restore(backup, home, *PEOPLE[Role.REGISTRAR], kdf=CHEAPEST)
    sides.main.store = Store.open(home, *PEOPLE[Role.REGISTRAR])
    assert sides.main.state_of(change) == "pending"
    assert sides.told().counts["items"] == 1  # its numbers begin anew and count as later ones
    assert sides.head.state_of(change) == "approved"  # what was signed stays signed and goes once more
    assert sides.done().counts["approved"] == 1


def test_the_second_pc_restored_from_a_backup(sides: Sides, tmp_path: Path) -> None:
    one, two = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    sides.told()
    backup = tmp_path / "backup.rbb"
    sides.head.store.write_backup(backup)
    sides.head.approve([one])
    sides.done()
    home = sides.head.store.home
    sides.head.store.close()
    restoring.restore(backup, home, NAME, SECOND_SECRET, kdf=CHEAPEST)
    with Store.open(home, NAME, SECOND_SECRET) as store:
        sides.head.store = store
        sides.told()
        assert sides.head.state_of(one) == "approved"
        sides.head.approve([two])
        assert sides.done().counts["approved"] == 1


def test_a_baseline_is_approved_on_the_second_pc(sides: Sides) -> None:
    pupils = sides.main.add_pupils(3)
    store = sides.main.store
    change = store.write(changes.propose, store.actor, "roster.baseline", "", {}, "")
    store.write(changes.submit, store.actor, change)
    sides.told()
    lines = sides.head.store.read(change_views.pupils, change)
    assert {line["id"] for line in lines} == set(pupils)
    sides.head.approve([change])
    sides.done()
    built = outbox.build(store, sides.main.act(Role.REGISTRAR), sides.stick)
    assert not any(sides.county.receive(path).refused for path in built.paths)


def test_policies_follow_to_the_second_pc(sides: Sides) -> None:
    body = canonical({"version": 1, "controlled_fields": ["name"], "effective_from": "2026-01-01T00:00:00Z"}).decode()

    def put(session) -> None:  # type: ignore[no-untyped-def]
        row = {"unit_id": sides.county.store.actor.unit.id, "version": 1, "tier": "county", "body": body}
        row |= {"effective_from": "2026-01-01T00:00:00Z", "received_at": "2026-01-01T00:00:00Z", "state": "received"}
        session.execute(t.policy.insert().values(**row))
        audit.append(session, sides.main.store.actor, "test.policy", "policy:1", {})

    sides.main.store.write(put)
    sides.told()
    assert sides.head.store.read(effective) == sides.main.store.read(effective)


def test_pairing_is_refused_to_others(sides: Sides, tmp_path: Path) -> None:
    made = pairing.create(tmp_path / "other", "登记员", SECOND_SECRET, kdf=CHEAPEST)
    assert made.store is not None
    with made.store as store:
        asked = pairing.request(store, sides.stick)
        sides.main.act(Role.REGISTRAR)
        with pytest.raises(NotAllowedError, match="系统管理员"):
            pairing.accept(sides.main.store, asked.path, asked.words, sides.stick)
        sides.main.act(Role.ADMINISTRATOR)
        with pytest.raises(NotAllowedError, match="学籍管理员"):  # a registrar approves nothing, here or elsewhere
            pairing.accept(sides.main.store, asked.path, asked.words, sides.stick)
        assert refusal(sides, pairing.accept, sides.main.store, asked.path, "别的 词", sides.stick) is Fault.OTHER_WORDS
        sides.county.act(Role.ADMINISTRATOR)
        with pytest.raises(NotAllowedError, match="不需要第二台"):
            pairing.accept(sides.county.store, asked.path, asked.words, sides.stick)
    again = pairing.request(sides.head.store, sides.stick)
    reply = pairing.accept(sides.main.store, again.path, again.words, sides.stick)
    assert refusal(sides, pairing.trust, sides.head.store, reply.path, "别的 词", SECOND_SECRET) is Fault.OTHER_WORDS
    with pytest.raises(WrongSecretError):
        pairing.trust(sides.head.store, reply.path, reply.words, "another wrong passage 1")
    third = pairing.create(tmp_path / "third", NAME, SECOND_SECRET, kdf=CHEAPEST)
    assert third.store is not None
    with third.store as store:
        assert refusal(sides, pairing.trust, store, reply.path, reply.words, SECOND_SECRET) is Fault.NOT_OUR_PAIRING
        pair(sides.main, store, sides.stick)  # a new PC of the same person ends the old one
        assert refusal(sides, sides.head.receive, sides.drafts()) is Fault.OTHER_PC
        assert inbox.receive(store, sides.drafts()).counts["items"] == 0
    states = {one.id: one.state for one in sides.main.store.read(companions.list_companions)}
    assert sorted(states.values()) == ["active", "ended"]


def test_stopped_in_the_middle_nothing_is_half_taken(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    change = sides.main.propose(sides.main.add_pupils(1)[0], "赵一")
    path = sides.drafts()

    def stop(*_: object) -> None:
        raise RuntimeError("stopped")

    monkeypatch.setattr("sync.companions.taking.note_received", stop)
    with pytest.raises(RuntimeError):
        sides.head.receive(path)
    monkeypatch.undo()
    assert sides.head.state_of(change) is None
    assert sides.head.receive(path).counts["items"] == 1
    sides.head.approve([change])
    back = sides.decisions()
    monkeypatch.setattr("sync.companions.decisions.note_received", stop)
    with pytest.raises(RuntimeError):
        sides.main.receive(back)
    monkeypatch.undo()
    assert sides.main.state_of(change) == "pending"
    assert sides.main.receive(back).counts["approved"] == 1
    with pytest.raises(UserError, match="找不到文件夹"):  # a stick that is not plugged in
        drafts.write_drafts(sides.main.store, sides.stick / "gone")


def test_what_does_not_fit_into_one_file_follows(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    monkeypatch.setattr(drafts, "EVIDENCE_LIMIT", 1)
    got = sides.told()
    assert got.counts["items"] == 1
    assert "随下一份" in got.warnings[0]
    sides.head.approve([one])
    assert sides.done().counts["approved"] == 1
    sides.told()
    sides.head.approve([two])
    assert sides.done().counts["approved"] == 1


def test_the_commands_make_the_whole_round(template: Path, tmp_path: Path) -> None:
    world = tmp_path / "world"
    shutil.copytree(template, world)
    stick = tmp_path / "u"
    stick.mkdir()
    with opened(world, "school") as (main,):
        change = main.propose(main.add_pupils(1)[0], "赵一")

    def run(home: str, person: tuple[str, str], *words: object) -> Any:
        general = ["--json", "--home", world / home, "--operator", person[0], "--secret-file", "-"]
        done = rollbook(*general, *words, given=f"{person[1]}\n")
        assert done.code == 0, done.err
        return done.json

    registrar, administrator, head = PEOPLE[Role.REGISTRAR], PEOPLE[Role.ADMINISTRATOR], (NAME, SECOND_SECRET)
    run("new", head, "pc", "init")
    asked = run("new", head, "pc", "pair-request", "--out", stick)
    reply = run("school", administrator, "pc", "accept", asked["path"], "--words", asked["words"], "--out", stick)
    assert run("new", head, "pc", "trust", reply["path"], "--words", reply["words"])["id"] == SCHOOL.id
    given = run("school", registrar, "pc", "drafts", "--out", stick)
    assert run("new", head, "receive", given["path"])["counts"]["items"] == 1
    run("new", head, "change", "approve", change)
    back = run("new", head, "pc", "decisions", "--out", stick)
    assert run("school", registrar, "receive", back["path"])["counts"]["approved"] == 1
    assert run("school", registrar, "change", "show", change)["summary"]["state"] == "approved"
    listed = run("school", registrar, "pc", "list")
    assert [one["state"] for one in listed] == ["active", "ended"]


def test_a_head_with_new_keys_is_paired_again_and_decides_anew(sides: Sides) -> None:
    one, two = (sides.main.propose(pupil, "赵一") for pupil in sides.main.add_pupils(2))
    sides.told()
    sides.head.approve([two])
    approved = now_text()
    home = sides.head.store.home
    sides.head.store.close()
    with Store.open(home, NAME, SECOND_SECRET) as store:
        code = new_recovery_code(store)
    operators.recover(home, code, NAME, SECOND_SECRET + " new", kdf=CHEAPEST)
    with Store.open(home, NAME, SECOND_SECRET + " new") as store:
        sides.head.store = store

        def approve(change: str) -> None:
            signer = store.signer(SECOND_SECRET + " new")
            store.write(changes.approve, store.actor, signer, [change], "同意")

        approve(one)
        assert refusal(sides, sides.main.receive, sides.decisions()) is Fault.OTHER_PERSON_KEY
        asked = pairing.request(store, sides.stick)
        sides.main.act(Role.ADMINISTRATOR)
        reply = pairing.accept(sides.main.store, asked.path, asked.words, sides.stick)
        pairing.trust(store, reply.path, reply.words, SECOND_SECRET + " new")
        assert (sides.head.state_of(one), sides.head.state_of(two)) == ("approved", None)  # two: under the old key
        assert sides.told().counts["new"] == 1
        while now_text() == approved:  # the same approval within a second is the same statement
            time.sleep(0.05)
        approve(two)
        assert sides.done().counts["approved"] == 2


def new_recovery_code(store: Store) -> str:
    """The recovery code of a store, made anew, as if the printed one had been kept."""
    code = ""

    def change(session, file, data_key):  # type: ignore[no-untyped-def]
        nonlocal code
        file, code = members.new_recovery(session, file, data_key)
        return file

    store.change_keys(change)
    return code
