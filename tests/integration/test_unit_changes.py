"""Units renamed and merged: history kept, everybody told, pupils and open problems moved (issue 3, point 1)."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.domain.errors import NotAllowedError, UserError
from models.domain.units import Role, Unit
from models.services import problems, roster_history
from models.services import unit_changes as services
from models.services.duplicates import Side
from models.services.units import find_unit, own_unit, standing_for
from models.services.unreported import count_unreported
from models.store import audit, clock
from models.store import tables as t
from models.store.errors import UnitClosedError, WrongSecretError
from models.store.store import Store
from sync.formats import open_file
from sync.joining import enrolment, mergers, unit_changes
from sync.joining.requests import read_request
from sync.packages import outbox
from sync.refusals import Fault, RefusedError
from sync.trust.certificates import parse
from tests.integration.test_cli import rollbook
from tests.sync_world import (
    COUNTY,
    PEOPLE,
    SCHOOL,
    SECOND,
    TIERS,
    WHITE_SCHOOL,
    Member,
    enrol,
    make_tiers,
    opened,
    settle,
)

LONG_AGO = "2026-01-01T00:00:00Z"
OFFICER = PEOPLE[Role.REGISTRAR]
World = dict[str, Member]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("tiers"))


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    with opened(folder, *TIERS) as members:
        yield dict(zip(TIERS, members, strict=True))


def rename(member: Member, name: str, code: str = "", since: str = LONG_AGO) -> Unit:
    passphrase = member.act(Role.ADMINISTRATOR)
    made = unit_changes.rename(member.store, passphrase, name, code, since, "青教〔2026〕5号")
    member.actors.clear()
    return made


def name_at(member: Member, unit: Unit) -> str:
    found = member.store.read(find_unit, unit.id)
    assert found is not None
    return found.name


def merge(world: World, closed: Unit = SECOND, into: Unit = SCHOOL) -> services.MergerPlan:
    county = world["county"]
    passphrase = county.act(Role.ADMINISTRATOR)
    done = mergers.merge(county.store, closed, into, LONG_AGO, "青教〔2026〕9号", passphrase, OFFICER)
    county.act(Role.REGISTRAR)
    return done


def build(member: Member, names: list[str]) -> str:
    """A package with changes of name; its id."""
    package_id = member.build(names).package_id
    assert package_id is not None
    return package_id


def state_of(member: Member, package_id: str) -> str:
    """State of a received package."""
    query = select(t.package.c.state).where(t.package.c.id == package_id)
    return str(member.store.read(lambda s: s.execute(query).scalar_one()))


def signed_as(member: Member, package_id: str) -> str:
    """What the certificate on the envelope of a package on the stick calls the unit."""
    (path,) = member.out.glob(f"*{package_id[:8]}.rollbook")
    certificate = open_file(path).statement.signatures[0].certificate
    assert certificate is not None
    return parse(certificate).subject.name


def seal(member: Member) -> str:
    """Seal what is approved; the id of the package."""
    package_id = outbox.build(member.store, member.act(Role.REGISTRAR), member.out).package_id
    assert package_id is not None
    return package_id


def count(store: Store, unit: Unit) -> int:
    query = select(func.count()).where(t.student.c.unit_id == unit.id)
    return int(store.read(lambda s: s.execute(query).scalar()))


def reported(world: World, name: str, pupils: int) -> list[str]:
    """Pupils that stand in a school's store and, as if reported, in its county's and city's copies."""
    ids = world[name].add_pupils(pupils)
    rows = world[name].store.read(lambda s: s.execute(select(t.student).where(t.student.c.id.in_(ids))).all())
    copied = [{key: value for key, value in row._mapping.items() if key not in ("row", "name_order")} for row in rows]
    for above in ("county", "city"):
        store = world[above].store

        def insert(session, store=store):  # type: ignore[no-untyped-def]
            from models.rules.naming import pinyin_keys
            from models.store import bulk

            bulk.insert_students(session, copied, pinyin_keys)
            audit.append(session, store.actor, "test.pupils", "batch:test", {})

        store.write(insert)
    return ids


# --- renamed ----------------------------------------------------------------------------------------------


def test_a_school_renamed_is_certified_anew_and_known_by_both_names(world: World, tmp_path: Path) -> None:
    school, county = world["school"], world["county"]
    before = build(school, ["赵鸣"])  # not yet delivered
    assert signed_as(school, before) == SCHOOL.name
    rename(school, "青禾县实验小学", "2113099977")
    assert school.store.read(own_unit).name == "青禾县实验小学"
    assert school.store.actor.unit.code == "2113099977"
    asked = enrolment.request(school.store, tmp_path)
    assert read_request(asked.path).former[0].name == SCHOOL.name
    enrol(school, county)
    settle(world)
    for tier in ("county", "city", "province"):
        assert name_at(world[tier], SCHOOL) == "青禾县实验小学", tier
        (former,) = world[tier].store.read(services.former_names, SCHOOL.id)
        assert (former.name, former.code, former.reason) == (SCHOOL.name, SCHOOL.code, "青教〔2026〕5号")
    assert state_of(county, before) == "opened"  # what was signed before stays good
    after = build(school, ["钱鸣"])
    assert signed_as(school, after) == "青禾县实验小学"
    settle(world)
    assert state_of(county, after) == "opened"
    infos = {info.unit.id: info for info in county.store.read(enrolment.list_units)}
    assert infos[SCHOOL.id].unit.name == "青禾县实验小学"
    assert infos[SCHOOL.id].former == (SCHOOL.name,)


def test_certificates_of_the_old_name_are_not_revoked(world: World) -> None:
    school, county = world["school"], world["county"]
    rename(school, "青禾县实验小学")
    enrol(school, county)
    c = t.certificate.c
    query = select(c.der, c.revoked_since).where(c.unit_id == SCHOOL.id, c.purpose == "signing")
    found = {
        parse(row.der).subject.name: row.revoked_since for row in county.store.read(lambda s: s.execute(query).all())
    }
    assert found == {SCHOOL.name: None, "青禾县实验小学": None}


def test_a_county_renamed_is_known_to_its_schools_and_above(world: World) -> None:
    county, city = world["county"], world["city"]
    rename(county, "青禾市教育局")
    assert name_at(world["school"], COUNTY) == COUNTY.name
    enrol(county, city)
    settle(world)
    for who in ("city", "province", "school", "second"):
        assert name_at(world[who], COUNTY) == "青禾市教育局", who
    sent = build(world["school"], ["赵鸣"])
    settle(world)
    assert state_of(county, sent) == "opened"


def test_a_new_name_must_be_one_and_dated(world: World) -> None:
    school = world["school"]
    for name, code, since, reason, words in (
        (SCHOOL.name, "", LONG_AGO, "批文", "没有要更改的"),
        ("新名", "12", LONG_AGO, "批文", "10 位数字"),
        ("新名", "", "2099-01-01T00:00:00Z", "批文", "不能晚于今天"),
        ("新名", "", LONG_AGO, " ", "依据或原因"),
        ("新\u200b名", "", LONG_AGO, "批文", "看不见"),
    ):
        passphrase = school.act(Role.ADMINISTRATOR)
        with pytest.raises(UserError, match=words):
            unit_changes.rename(school.store, passphrase, name, code, since, reason)
    with pytest.raises(WrongSecretError):
        unit_changes.rename(school.store, "wrong wrong wrong 11", "新名", "", LONG_AGO, "批文")
    passphrase = school.act(Role.REGISTRAR)
    with pytest.raises(NotAllowedError):
        unit_changes.rename(school.store, passphrase, "新名", "", LONG_AGO, "批文")
    assert school.store.read(own_unit) == SCHOOL


# --- merged -----------------------------------------------------------------------------------------------


def test_a_merged_school_rests_and_its_pupils_go_on_in_the_other(world: World) -> None:
    second, school, county = world["second"], world["school"], world["county"]
    ids = reported(world, "second", 40)
    change = second.propose(ids[0], "钱新名")
    second.approve([change])
    sealed = seal(second)
    settle(world)
    county.review_all(sealed)
    outbox.build(county.store, county.act(Role.REGISTRAR), county.out)
    settle(world)
    plan = merge(world)
    assert (plan.pupils, plan.faults) == (40, ())
    assert "不能撤回" in plan.warning
    settle(world)
    for who in ("county", "city", "school"):
        store = world[who].store
        assert (count(store, SECOND), count(store, SCHOOL)) == (0, 40), who
        assert store.read(services.is_closed, SECOND.id), who
        assert store.read(standing_for, SECOND.id) == SCHOOL.id, who
    assert school.store.read(count_unreported) == 0
    told = [entry.text for entry in school.store.read(roster_history.history, "students", ids[0])]
    assert any(SECOND.name in text and "户口簿姓名变更" in text for text in told)
    assert any(f"导入自 “{SECOND.name}”并入" in text for text in told)
    again = school.propose(ids[0], "钱又改")
    school.approve([again])
    sealed = seal(school)
    settle(world)
    assert state_of(county, sealed) == "opened"
    assert world["province"].store.read(services.is_closed, SECOND.id)
    with pytest.raises(UnitClosedError, match=SCHOOL.name):
        second.add_pupils(1)
    with pytest.raises(NotAllowedError, match="已经并入"):
        enrol(second, county)


def test_what_a_closed_school_signed_before_is_taken_and_after_is_not(world: World) -> None:
    second, county = world["second"], world["county"]
    ids = reported(world, "second", 2)
    done = second.propose(ids[0], "钱新名")
    second.approve([done])
    early = seal(second)
    time.sleep(1.1)  # the keys end with the second that is named
    passphrase = county.act(Role.ADMINISTRATOR)
    mergers.merge(county.store, SECOND, SCHOOL, county.store.read(clock.now), "青教〔2026〕9号", passphrase, OFFICER)
    for path in sorted(second.out.glob("*.rollbook"), key=lambda one: "证明" in one.name):
        county.receive(path)
    county.review_all(early)
    name = county.store.read(lambda s: s.execute(select(t.student.c.name).where(t.student.c.id == ids[0])).scalar())
    assert name == "钱新名"  # the pupil is the other school's now


def test_what_a_closed_school_signs_afterwards_is_refused(world: World) -> None:
    second, county = world["second"], world["county"]
    merge(world)
    second.build(["孙鸣"])  # its store has not heard of the merger yet
    (path,) = second.out.glob("变更包*.rollbook")
    with pytest.raises(RefusedError) as refused:
        county.receive(path)
    assert refused.value.fault is Fault.REVOKED


def test_open_problems_go_with_the_pupils(world: World) -> None:
    county = world["county"]
    (mine,) = reported(world, "second", 1)
    (other,) = reported(world, "school", 1)

    def open_problem(session):  # type: ignore[no-untyped-def]
        sides: list[Side] = [
            (SECOND.id, "student", mine, "赵明", {"name": "赵明"}),
            (SCHOOL.id, "student", other, "赵明", {"name": "赵明"}),
        ]
        return problems.open_found(session, county.store.actor, "identity_twice", sides, details={"name": "赵明"})

    problem = county.store.write(open_problem)
    assert problem
    assert merge(world).problems == 1
    query = select(t.problem_side.c.unit_id, t.problem_side.c.unit_name).where(t.problem_side.c.problem_id == problem)
    found = county.store.read(lambda s: s.execute(query).all())
    assert {tuple(row) for row in found} == {(SCHOOL.id, SCHOOL.name)}


def test_what_stands_in_the_way_of_a_merger_is_said(world: World) -> None:
    county = world["county"]
    build(world["second"], ["赵鸣"])
    settle(world)
    with pytest.raises(UserError, match="没有核办完"):
        merge(world)
    with pytest.raises(UserError, match="同一个"):
        merge(world, SCHOOL, SCHOOL)
    with pytest.raises(UserError, match="不是本单位的直接下级"):
        merge(world, WHITE_SCHOOL, SCHOOL)
    city = world["city"]
    passphrase = city.act(Role.ADMINISTRATOR)
    with pytest.raises(UserError, match="不是学校"):
        mergers.merge(city.store, TIERS["other"][0], COUNTY, LONG_AGO, "批文", passphrase, OFFICER)
    county.act(Role.ADMINISTRATOR)
    with pytest.raises(NotAllowedError):
        mergers.merge(county.store, SECOND, SCHOOL, LONG_AGO, "批文", passphrase, (PEOPLE[Role.ADMINISTRATOR]))
    assert not county.store.read(services.is_closed, SECOND.id)


def test_a_merger_told_by_who_may_not_is_refused(world: World) -> None:
    """A sister county, or the school itself, cannot close a school."""
    from sync.joining.requests import unit_json
    from sync.messages.message import Message
    from sync.policies import two_signers
    from sync.wire.statements import sign

    other, city = world["other"], world["city"]
    passphrase = other.act(Role.ADMINISTRATOR)
    signers = two_signers(other.store, passphrase, OFFICER, "合并单位")
    own = TIERS["other"][0]
    body = {
        "type": mergers.TYPE, "v": 1, "id": "x", "unit": own.id, "line": "basic", "closed": unit_json(SECOND),
        "into": unit_json(SCHOOL), "since": LONG_AGO, "reason": "批文", "at": LONG_AGO,
    }  # fmt: skip
    from sync.trust.identity import certified

    statement = other.store.write(lambda s: sign(body, [certified(s, one) for one in signers]))
    message = Message("m", mergers.KIND, "", own.id, city.store.actor.unit.id, LONG_AGO, "", "", "",
                      {"statement": statement.to_json()}, (), statement)  # fmt: skip
    with pytest.raises(RefusedError) as refused:
        city.store.write(mergers.take, city.store.actor, message)
    assert refused.value.fault is Fault.NOT_ITS_UNIT
    for who, fault in (("second", Fault.NOT_SUPERIOR), ("county", Fault.NOT_SUBORDINATE)):
        with pytest.raises(RefusedError) as refused:
            world[who].store.write(mergers.take, world[who].store.actor, replace(message, to_id="x"))
        assert refused.value.fault is fault
    edited = {**statement.to_json()}
    forged = sign({**body, "reason": "别的"}, []).to_json()
    edited["body"] = forged["body"]
    with pytest.raises(RefusedError) as refused:
        city.store.write(mergers.take, city.store.actor, replace(message, body={"statement": edited}))
    assert refused.value.fault is Fault.EDITED


def test_a_merger_by_commands_is_said_before_it_is_done(template: Path, tmp_path: Path) -> None:
    folder = tmp_path / "world"
    shutil.copytree(template, folder)
    (tmp_path / "admin").write_text(PEOPLE[Role.ADMINISTRATOR][1], "utf-8")
    (tmp_path / "other").write_text(OFFICER[1], "utf-8")
    general = ("--json", "--home", folder / "county", "--operator", "管理员", "--secret-file", tmp_path / "admin")
    words = ("unit", "merge", SECOND.name, SCHOOL.code, "--since", "2026-09-01", "--reason", "青教〔2026〕9号")
    told = rollbook(*general, *words)
    assert (told.code, told.json["done"]) == (1, False)
    done = rollbook(
        *general, *words, "--yes", "--second-operator", OFFICER[0], "--second-secret-file", tmp_path / "other"
    )
    assert (done.code, done.json["done"]) == (0, True)
    units = {one["unit"]["name"]: one["state"] for one in rollbook(*general, "unit", "list").json}
    assert units[SECOND.name] == "closed"
    again = rollbook(*general, *words)
    assert again.code == 2
    assert "此前已经并入" in again.err
