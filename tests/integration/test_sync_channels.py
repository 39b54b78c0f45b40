"""Channels that cannot lock up: refusals, lone schools, clocks, expiry, faults while writing, kills."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from models.domain.errors import NotAllowedError, UserError
from models.domain.ids import new_id
from models.domain.units import Role
from models.services import changes, roster_edit
from models.store import clock
from models.store import tables as t
from sync.formats import FileKind, describe, sniff
from sync.joining import enrolment
from sync.packages import inbox, ledger, outbox, receipts
from sync.refusals import Fault, NotWrittenError, RefusedError
from sync.transport import removable
from sync.transport.removable import written_out
from sync.trust import certificates, identity
from tests.sync_forge import Forge, with_address
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, Member, enrol, make_template, opened


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("channels") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    """School, county (enrolled), and a county of elsewhere."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school", "county", "other") as members:
        yield members


def folder(path: Path) -> Path:
    """The folder, made when it is not there: only a folder that is there is written to."""
    path.mkdir(exist_ok=True)
    return path


def test_refused_package_comes_back_and_goes_again(world: list[Member], tmp_path: Path) -> None:
    """Too late at the county: the number is used up, a receipt says so, the items go with the next package."""
    school, county, _ = world
    built = school.build(["赵明华"])
    monkey = county.store.read(clock.now)
    county.store.write(lambda s: clock.advance(s, "2027-12-31T00:00:00Z"))
    assert monkey
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.packages.arrival.clock.now", lambda session: "2028-01-01T00:00:00Z")
        received = county.receive(built.paths[0])
    assert received.refused
    assert "退回待打包" in received.sentence
    answer = receipts.finish_review(county.store, built.new[0], county.act(Role.REGISTRAR), county.out)
    back = school.receive(answer)
    assert back.counts["reopened"] == 1
    assert "上级拒收了这个包" in back.sentence
    again = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    assert again.package_id is not None
    taken = county.receive(school.out / school.store.read(ledger.find, again.package_id).file_name)
    assert taken.counts["items"] == 1
    with pytest.raises(UserError, match="已经答复过"):
        receipts.finish_review(county.store, built.new[0], county.act(Role.REGISTRAR), county.out)


def test_refusal_is_answered_at_once_with_the_passphrase(world: list[Member], tmp_path: Path) -> None:
    school, county, _ = world
    school.approved(["赵明华"])
    late = Forge(school, address=with_address(not_after="2026-01-01T00:00:00Z")).write(tmp_path / "b")
    received = inbox.receive(county.store, late, county.act(Role.REGISTRAR))
    assert "已生成退包回执" in received.next_step


def test_lone_school_approves_and_joins_later(world: list[Member], tmp_path: Path) -> None:
    """Approvals made without any certificate are good once the persons are certified."""
    school, county, _ = world

    def leave(session: Any) -> None:
        session.execute(update(t.unit).where(t.unit.c.is_self == 1).values(superior_id=None, certificate=None))
        session.execute(t.certificate.delete())
        session.execute(update(t.operator).values(certificate=None))
        session.execute(t.unit.delete().where(t.unit.c.is_self == 0))
        from models.store import audit

        audit.append(session, None, "test.leave", "unit", {})

    school.store.write(leave)
    ids = school.approved(["赵明华"])
    with pytest.raises(UserError, match="还没有加入上级"):
        outbox.build(school.store, school.act(Role.REGISTRAR))
    assert not [i for i in school.store.read(enrolment.list_units) if i.relation == "上级"]
    enrol(school, county)
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    assert county.receive(built.paths[0]).counts["items"] == 1
    assert school.receive(county_answer(county, built)).counts["accepted"] == 1
    assert school.state_of(ids[0]) == "effective"


def county_answer(county: Member, built: outbox.BuiltPackages) -> Path:
    for path in built.paths:
        if sniff(path) is FileKind.EVIDENCE:
            county.receive(path)
    return county.review_all(built.new[0])


def test_evidence_goes_once_and_in_any_order(world: list[Member]) -> None:
    school, county, _ = world
    built = school.build(["赵明华"])
    evidence = next(path for path in built.paths if sniff(path) is FileKind.EVIDENCE)
    assert county.receive(evidence).counts == {"files": 1}
    with pytest.raises(RefusedError, match="无需重复接收"):
        county.receive(evidence)
    assert county.receive(built.paths[0]).kind is FileKind.CHANGES


def test_every_delivery_carries_what_is_not_answered(world: list[Member], tmp_path: Path) -> None:
    school, county, _ = world
    first = school.build(["赵明华"])
    second = school.build(["赵明亮"])
    assert len(second.paths) == 4
    sheet = outbox.hand_over(school.store, [*first.new, *second.new], folder(tmp_path / "U盘"), "王老师")
    assert (sheet.audience, sheet.carrier, len(sheet.lines)) == ("青禾县教育局", "王老师", 4)
    assert {p["state"] for p in school.store.read(ledger.list_packages)} == {"delivered"}
    again = outbox.build(school.store, school.act(Role.REGISTRAR), folder(tmp_path / "another"))
    assert (again.new, len(again.paths)) == ((), 4)
    for path in again.paths:
        county.receive(path)
    school.receive(county.review_all(first.new[0]))
    left = outbox.build(school.store, school.act(Role.REGISTRAR), folder(tmp_path / "third"))
    assert len(left.paths) == 2
    third = school.build(["赵明月"])
    county.receive(school.out / school.store.read(ledger.find, third.new[0]).file_name)
    down = county.store.read(ledger.list_packages, "out")
    assert [p["state"] for p in down] == ["receipted"]  # the school's next package said it has the receipt


def test_nothing_to_build(world: list[Member]) -> None:
    school = world[0]
    with pytest.raises(UserError, match="没有已批准"):
        outbox.build(school.store, school.act(Role.REGISTRAR))
    with pytest.raises(NotAllowedError):
        outbox.build(school.store, school.act(Role.HEAD))
    with pytest.raises(UserError, match="找不到"):
        outbox.rewrite(school.store, "0" * 64)


def test_person_without_certificate(world: list[Member]) -> None:
    """Approved by a head who has no certificate yet: a sentence says what to do."""
    school = world[0]
    head = school.actors.get(Role.HEAD)
    assert head is None
    school.act(Role.HEAD)
    gone = t.certificate.c.person_id == school.actors[Role.HEAD].person_id

    def forget(session: Any) -> None:
        session.execute(t.certificate.delete().where(gone))
        session.execute(update(t.operator).where(t.operator.c.name == "负责人").values(certificate=None))
        identity.audit.append(session, None, "test.forget", "operator", {})

    school.store.write(forget)
    school.approved(["赵明华"])
    with pytest.raises(UserError, match="批准人“负责人”还没有"):
        outbox.build(school.store, school.act(Role.REGISTRAR), school.out)


def test_expired_certificate_is_renewed_by_the_receipt(world: list[Member]) -> None:
    """One delivery after the expiry is still taken, and the receipt brings new certificates."""
    school, county, _ = world
    built = school.build(["赵明华"])
    later = "2032-06-01T00:00:00Z"
    assert built.new
    school.approved(["赵明亮"])
    with pytest.MonkeyPatch.context() as patch:
        for module in ("sync.packages.arrival.clock", "sync.packages.dispatch.clock"):
            patch.setattr(f"{module}.now", lambda session: later)
        patch.setattr("sync.trust.identity.now", lambda session: later)
        second = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
        first = county.receive(built.paths[0])
        assert first.refused
        assert "有效期" in first.sentence
        path = school.out / school.store.read(ledger.find, second.new[0]).file_name
        taken = county.receive(path)
        assert any("到期" in warning for warning in taken.warnings)
        for extra in second.paths:
            if sniff(extra) is FileKind.EVIDENCE:
                county.receive(extra)
        answer = county.review_all(second.new[0])
        assert school.receive(answer).counts["accepted"] == 1
    renewed = school.store.read(identity.newest, SCHOOL.id, "signing")
    assert renewed is not None
    assert renewed.not_after > "2037"


def test_clock_of_2099_at_the_school(world: list[Member]) -> None:
    school, county, _ = world
    school.approved(["赵明华"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.packages.dispatch.clock.now", lambda session: "2099-01-01T00:00:00Z")
        built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    taken = county.receive(built.paths[0])
    assert not taken.refused
    assert any("时钟" in warning for warning in taken.warnings)


def test_clock_of_2009_at_the_school(world: list[Member]) -> None:
    school, county, _ = world
    school.approved(["赵明华"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.packages.dispatch.clock.now", lambda session: "2009-01-01T00:00:00Z")
        patch.setattr("sync.packages.arrival.clock.now", lambda session: "2009-06-01T00:00:00Z")
        built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
        taken = county.receive(built.paths[0])
    assert not taken.refused


def test_replaced_unit_key_seals_anew(world: list[Member]) -> None:
    """A new certificate of the unit: the waiting package gets a fresh signature and keeps its id."""
    school, county, _ = world
    built = school.build(["赵明华"])

    def revoke(session: Any) -> None:
        certificate = identity.newest(session, SCHOOL.id, "signing")
        assert certificate is not None
        identity.revoke(session, county.store.actor, certificate.fingerprint, "2026-01-01T00:00:00Z", "换发")

    county.store.write(revoke)
    with pytest.raises(RefusedError) as caught:
        county.receive(built.paths[0])
    assert caught.value.fault is Fault.REVOKED
    enrol(school, county)
    path = outbox.rewrite(school.store, built.new[0], school.out)
    assert county.receive(path).package_id == built.new[0]


def test_leaver_is_revoked_by_the_next_request(world: list[Member]) -> None:
    school, county, _ = world

    def disable(session: Any) -> None:
        session.execute(update(t.operator).where(t.operator.c.name == "负责人").values(state="disabled"))
        identity.audit.append(session, None, "test.disable", "operator", {})

    school.store.write(disable)
    enrol(school, county)
    info = next(i for i in county.store.read(enrolment.list_units) if i.unit.id == SCHOOL.id)
    assert info.persons == ("登记员", "管理员")


def test_enrolment_is_refused_in_plain_words(world: list[Member], tmp_path: Path) -> None:
    school, county, other = world
    asked = enrolment.request(school.store, tmp_path)
    passphrase = county.act(Role.ADMINISTRATOR)
    with pytest.raises(RefusedError) as caught:
        enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.HEAD], "高山 大海", tmp_path)
    assert caught.value.fault is Fault.OTHER_WORDS
    with pytest.raises(NotAllowedError, match="两人签名"):
        enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.ADMINISTRATOR], asked.words, tmp_path)
    with pytest.raises(UserError, match="没有叫"):
        enrolment.certify(county.store, asked.path, passphrase, ("某人", "x"), asked.words, tmp_path)
    reply = enrolment.certify(county.store, asked.path, passphrase, PEOPLE[Role.HEAD], asked.words, tmp_path)
    with pytest.raises(RefusedError) as caught:
        enrolment.trust(school.store, reply.path, "高山 大海")
    assert caught.value.fault is Fault.OTHER_WORDS
    with pytest.raises(RefusedError) as caught:
        enrolment.trust(county.store, reply.path, reply.words)
    assert caught.value.fault is Fault.OTHER_AUDIENCE
    assert describe(reply.path, school.store).issuer == COUNTY.name
    assert describe(asked.path).issuer == SCHOOL.name
    assert school.receive(asked.path).kind is FileKind.ENROLMENT_REQUEST
    assert enrolment.read_request(asked.path).persons[0].role_names
    foreign = enrolment.certify(
        other.store, asked.path, other.act(Role.ADMINISTRATOR), PEOPLE[Role.HEAD], asked.words, folder(tmp_path / "o")
    )
    with pytest.raises(RefusedError) as caught:
        enrolment.trust(school.store, foreign.path, foreign.words)
    assert caught.value.fault is Fault.OTHER_SUPERIOR
    from_above = enrolment.request(county.store, folder(tmp_path / "c"))
    with pytest.raises(NotAllowedError, match="不是本单位"):
        enrolment.certify(
            other.store, from_above.path, other.act(Role.ADMINISTRATOR), PEOPLE[Role.HEAD], None, folder(tmp_path / "o")
        )


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "空间不足"), (errno.EACCES, "写保护"), (errno.EIO, "拔出"), (errno.EMFILE, "出错")],
)
def test_faults_while_writing(world: list[Member], tmp_path: Path, number: int, words: str) -> None:
    """The package stays in the store and is written again later; no half file has its name."""
    school = world[0]
    school.approved(["赵明华"])

    def fail(handle: int) -> None:
        raise OSError(number, "x")

    stick = SimpleNamespace(fsync=fail, replace=os.replace, open=os.open, close=os.close, O_RDONLY=os.O_RDONLY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(removable, "os", stick)
        with pytest.raises(NotWrittenError, match=words):
            outbox.build(school.store, school.act(Role.REGISTRAR), folder(tmp_path / "stick"))
    assert not list((tmp_path / "stick").iterdir())
    again = outbox.build(school.store, school.act(Role.REGISTRAR), folder(tmp_path / "stick"))
    assert (again.new, len(again.paths)) == ((), 2)


def test_stick_that_is_not_plugged_in(world: list[Member], tmp_path: Path) -> None:
    """Nothing is signed, nothing is made; afterwards the same packages and receipts are written again."""
    school, county, _ = world
    (change,) = school.approved(["赵明华"])
    with pytest.raises(UserError, match="U 盘"):
        outbox.build(school.store, school.act(Role.REGISTRAR), tmp_path / "none")
    assert not (tmp_path / "none").exists()
    assert school.state_of(change) == "approved"
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    again = outbox.rewrite_unanswered(school.store, folder(tmp_path / "again"))
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in built.paths]
    for path in again:
        county.receive(path)
    receipt = county.review_all(built.new[0])
    receipt.unlink()
    (rewritten,) = outbox.rewrite_unanswered(county.store, county.out)
    assert rewritten == receipt
    school.receive(rewritten)
    assert school.state_of(change) == "effective"


def test_stick_that_reads_back_wrong(world: list[Member], tmp_path: Path) -> None:
    school = world[0]
    school.approved(["赵明华"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.transport.removable.digest_of", lambda path: "0" * 64)
        with pytest.raises(NotWrittenError, match="读回后"):
            outbox.build(school.store, school.act(Role.REGISTRAR), folder(tmp_path / "stick"))


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(NotWrittenError):
        removable.write_out([b"x"], tmp_path / "x" / "y", "")
    with pytest.raises(NotWrittenError), written_out(tmp_path):
        raise OSError(errno.ESTALE, "x")


BUILDER = """
import sys
from pathlib import Path
from models.store.store import Store
from sync.packages import outbox
home, out, passphrase = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
store = Store.open(home, "登记员", passphrase)
print("go", flush=True)
outbox.build(store, passphrase, out)
print("done", flush=True)
"""


def test_killed_while_building(template: Path, tmp_path: Path) -> None:
    """At any moment: the store opens, and the package is there whole or not at all."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", "school") as (school,):
        ids = school.approved(["赵明华"] * 8)
    seen: set[bool] = set()
    for delay in (0.0, 0.02, 0.05, 0.1, 0.2, 0.4):
        home = tmp_path / f"kill-{delay}"
        shutil.copytree(tmp_path / "units" / "school", home)
        out = folder(tmp_path / f"out-{delay}")
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(BUILDER), str(home), str(out), PEOPLE[Role.REGISTRAR][1]],
            stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"go"
        time.sleep(delay)
        process.kill()
        process.wait()
        process.stdout.close()
        seen.add(whole(home, out, ids))
    assert seen


def whole(home: Path, out: Path, ids: list[str]) -> bool:
    from tests.sync_world import open_member

    member = open_member(home)
    try:
        packages = member.store.read(ledger.list_packages, "out")
        assert {member.state_of(i) for i in ids} == {"sealed" if packages else "approved"}
        assert len(packages) in (0, 2)
        for path in out.glob("*.rollbook"):
            assert not describe(path).faults
        again = outbox.build(member.store, member.act(Role.REGISTRAR), out)
        assert len(again.paths) == 2
        return bool(packages)
    finally:
        member.store.close()


def test_baseline_travels_with_its_rows(world: list[Member]) -> None:
    school, county, _ = world
    ids = school.add_pupils(30)
    batch = new_id()

    def as_batch(session: Any) -> None:
        actor = school.actors[Role.REGISTRAR]
        roster_edit.insert_batch(session, actor, batch, "import.students", "名单.xlsx", len(ids))
        session.execute(update(t.student).where(t.student.c.id.in_(ids)).values(batch_id=batch))
        identity.audit.append(session, actor, "test.batch", f"batch:{batch}", {})

    school.act(Role.REGISTRAR)
    school.store.write(as_batch)
    change = school.store.write(changes.propose, school.store.actor, "roster.baseline", batch, {}, "")
    school.store.write(changes.submit, school.store.actor, change)
    school.approve([change])
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    taken = county.receive(built.paths[0])
    assert taken.counts == {"items": 1, "rows": 30}
    answer = county.review_all(built.new[0])
    assert school.receive(answer).counts["accepted"] == 1
    count = county.store.read(lambda s: len(s.execute(select(t.student.c.id)).all()))
    assert count == 30


def test_squatting_on_another_units_id(world: list[Member], tmp_path: Path) -> None:
    """A package that claims the id of another unit's package does not keep that one out."""
    school, county, _ = world
    built = school.build(["赵明华"])

    def squat(session: Any) -> None:
        address = replace(certificates_address(built.new[0]), issuer="5c0002a0-0000-4000-8000-000000000002", sequence=1)
        ledger.add(session, address, direction="in", state=ledger.HELD, items=0, file=("x", 1, "0" * 64))
        ledger.keep_file(session, built.new[0], [b"x"])

    county.store.write(squat)
    assert county.receive(built.paths[0]).package_id == built.new[0]
    with pytest.raises(RefusedError) as caught:
        county.receive(built.paths[0])
    assert caught.value.fault is Fault.ALREADY_RECEIVED


def certificates_address(content: str) -> Any:
    from sync.wire.envelope import Address

    at = "2026-11-22T00:00:00Z"
    assert certificates.to_time(at)
    return Address("changes", SCHOOL.id, COUNTY.id, "basic", 1, 1, "", content, at, at)
