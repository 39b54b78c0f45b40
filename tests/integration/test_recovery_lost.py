"""A county whose store and backups are gone is set up again under its UID and asks its schools for everything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from models.domain.units import Role
from models.services import changes, maintenance
from models.services.units import descendants, own_unit
from models.store import tables as t
from sync.joining import enrolment
from sync.messages import notices
from sync.packages import ledger, outbox
from sync.recovery import founding
from sync.refusals import Fault, RefusedError
from tests.integration.test_cli import rollbook
from tests.integration.test_recovery_bureau import with_list
from tests.recovery_world import answer, carry, closing, empty, in_review, names_of, reset, send_changes
from tests.sync_world import (
    COUNTY,
    Member,
    deliver,
    enrol,
    found,
    make_template,
    make_tiers,
    open_member,
    opened,
    settle,
)

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("lost") / "units")


@pytest.fixture(scope="module")
def two_tiers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("lost") / "two")


@pytest.fixture
def tiers(template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    shutil.copytree(template, tmp_path / "units")
    names = ("province", "city", "county", "school", "second")
    with opened(tmp_path / "units", *names) as members:
        found_ = dict(zip(names, members, strict=True))
        with closing(found_):
            yield found_


def lose(county: Member) -> None:
    """The store of the county is gone; a new one is set up for the same unit, with new keys and new persons."""
    home = county.store.home
    county.store.close()
    shutil.rmtree(home)
    found(home, COUNTY)
    again = open_member(home)
    county.store, county.actors = again.store, again.actors
    county.act(Role.ADMINISTRATOR)
    founding.found_anew(county.store)


def submit_drafts(school: Member) -> list[str]:
    """The registrar hands in the list that was drafted, the head approves it, the registrar seals it."""
    c = t.change.c
    query = select(c.id).where(c.kind == "roster.baseline", c.state == "draft")
    ids = list(school.store.read(lambda s: s.execute(query).scalars().all()))
    school.act(Role.REGISTRAR)
    for change in ids:
        school.store.write(changes.submit, school.store.actor, change)
    school.approve(ids)
    return ids


def test_a_county_that_lost_everything_is_known_again_through_its_city(tiers: dict[str, Member]) -> None:
    city, county, school, second = (tiers[name] for name in ("city", "county", "school", "second"))
    pupils = with_list(school, county, 5)
    done, package = send_changes(school, pupils[:1], ["赵甲"])
    answer(county, school, package)
    outbox.build(county.store, county.act(Role.REGISTRAR), county.out)
    settle(tiers)
    open_, _ = send_changes(school, pupils[1:2], ["赵乙"])
    deliver(school, county)
    empty(school.out)
    lose(county)
    enrol(county, city)
    carry([city, county])
    below = county.store.read(lambda s: {unit.name for unit in descendants(s, own_unit(s).id)})
    assert below == {school.store.actor.unit.name, second.store.actor.unit.name}
    empty(county.out)
    told = reset(county, [school, second])
    assert "已重新建立" in told[0].sentence
    carry([city, county, school, second])
    assert school.state_of(open_[0]) == "approved"
    (listed,) = submit_drafts(school)
    built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    assert built.package_id is not None
    deliver(school, county)
    assert sorted(in_review(county)) == sorted([listed, *open_])
    county.review_all(built.package_id)
    carry([city, county, school, second])
    assert names_of(county, pupils) == names_of(school, pupils) == ["赵甲", "赵乙", "赵明", "赵明", "赵明"]
    assert [school.state_of(one) for one in (*done, *open_, listed)] == ["effective"] * 3
    notices.send(county.store, county.act(Role.REGISTRAR), None, "恢复正常", "请阅。")
    outbox.build(county.store, county.act(Role.REGISTRAR), county.out)
    carry([city, county, school, second])
    assert len(second.store.read(notices.list_notices)) == 1
    assert names_of(city, pupils) == names_of(school, pupils)
    for member in tiers.values():
        assert maintenance.check(member.store).ok


def test_without_a_superior_the_schools_compare_words_again(two_tiers: Path, tmp_path: Path) -> None:
    shutil.copytree(two_tiers, tmp_path / "units")
    with opened(tmp_path / "units", "county", "school") as (county, school), closing([county]):
        pupils = with_list(school, county, 3)
        empty(school.out)
        lose(county)
        with pytest.raises(RefusedError) as caught:
            reset_without_schools(county, school)
        assert caught.value.fault is Fault.FOREIGN_ANCHOR
        enrol(school, county)
        carry([county, school])
        submit_drafts(school)
        built = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
        assert built.package_id is not None
        answer(county, school, built.package_id)
        carry([county, school])
        assert names_of(county, pupils) == names_of(school, pupils)
        assert not school.store.read(ledger.unanswered)


def reset_without_schools(county: Member, school: Member) -> None:
    """What the new county signs says nothing to a school that never compared its words."""
    county.act(Role.ADMINISTRATOR)
    other = enrolment.request(school.store, school.out)
    passphrase = county.act(Role.ADMINISTRATOR)
    reply = enrolment.certify(
        county.store, other.path, passphrase, ("登记员", "roster window passage 52"), None, county.out
    )
    reply.path.unlink()
    reset(county, [school])


def test_a_loss_is_mended_by_commands(tmp_path: Path) -> None:
    """init --unit-id under the old UID, and what is wrong with it in a sentence; the notice needs units below."""
    home, secret = tmp_path / "县", "administrator lantern 41"
    general = ("--json", "--home", home, "--operator", "王管", "--secret-file", "-")
    given = {
        "unit": COUNTY.name, "tier": "county", "line": "basic", "code": COUNTY.code, "registrar": "李录",
        "head": "赵长", "administrator": "王管",
    }  # fmt: skip
    options = [text for key, value in given.items() for text in (f"--{key}", value)]
    wrong = rollbook(*general, "init", *options, "--unit-id", "青禾", given=f"{secret}\n")
    assert wrong.code == 2
    assert "不是单位标识" in wrong.err
    made = rollbook(*general, "init", *options, "--unit-id", COUNTY.id.upper(), given=f"{secret}\n").json
    assert made["unit"]["id"] == COUNTY.id
    (own,) = rollbook(*general, "unit", "list", given=secret).json
    assert own["unit"]["id"] == COUNTY.id
    activated = ("--home", home, "--operator", "李录", "--secret-file", "-", "operator", "activate")
    code = made["activation_codes"]["李录"]
    assert rollbook(*activated, "--code", code, given="registrar window 52\n").code == 0
    other = tmp_path / "李录"
    other.write_text("registrar window 52\n")
    reset_ = ("unit", "reset", "--second-operator", "李录", "--second-secret-file", other, "--out", tmp_path)
    nobody = rollbook(*general, *reset_, given=secret)
    assert nobody.code == 2
    assert "还没有入网的单位" in nobody.err
