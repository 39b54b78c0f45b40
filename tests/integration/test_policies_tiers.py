"""Policies of the province, the city and the county meet at the school, and say who set what (E16, E29-E31)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from models.domain.errors import DataFaultError, UserError
from models.domain.policy import EffectivePolicy
from models.domain.times import local_day
from models.domain.units import Role
from models.services import changes, class_sizes, policies, policy_views, review, roster
from models.store import audit
from models.store.clock import now_text
from sync import policies as packages
from sync.joining import enrolment
from sync.messages import sending
from sync.packages import outbox
from sync.refusals import Fault, RefusedError
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, Member, deliver, enrol, found, make_tiers, opened

NAMES = ("province", "city", "county", "school")
SIZE = "class_size.primary"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiers(tmp_path_factory.mktemp("tiers") / "units")


@pytest.fixture
def tiers(template: Path, tmp_path: Path) -> Iterator[list[Member]]:
    """Province, city, county and school of one line of superiors."""
    shutil.copytree(template, tmp_path / "units")
    with opened(tmp_path / "units", *NAMES) as members:
        yield members


def issue(bureau: Member, **settings: Any) -> Path:
    """Edit a bureau's settings and sign them with two persons; the file."""
    passphrase = bureau.act(Role.ADMINISTRATOR)
    bureau.store.write(policies.set_own, bureau.store.actor, **settings)
    return packages.issue_policy(bureau.store, passphrase, PEOPLE[Role.HEAD], bureau.out)


def test_issuing_without_a_change_writes_what_was_signed_once_more(tiers: list[Member]) -> None:
    province = tiers[0]
    issue(province, controlled_fields=["phone"])
    path = issue(province, values={SIZE: "50"})
    before = path.read_bytes()
    path.unlink()
    entries = province.store.read(audit.verify).entries
    again = packages.issue_policy(
        province.store, province.act(Role.ADMINISTRATOR), PEOPLE[Role.REGISTRAR], province.out
    )
    assert (again, again.read_bytes()) == (path, before)
    assert province.store.read(audit.verify).entries == entries
    assert issue(province, values={SIZE: "49"}).name != path.name


def pass_down(members: list[Member]) -> None:
    """Send what waits from each tier to the next."""
    for above, below in pairwise(members):
        above.act(Role.REGISTRAR)
        sending.send(above.store, below.store.actor.unit.id, above.out)
        deliver(above, below)


def held(member: Member) -> EffectivePolicy:
    return member.store.read(policies.effective)


def test_a_policy_goes_down_by_itself_and_every_setting_says_who_set_it(tiers: list[Member]) -> None:
    province, city, county, school = tiers
    issue(
        province, controlled_fields=["phone"], values={SIZE: "50", "switch.expel.primary": "off"}, locks={SIZE: False}
    )
    issue(city, values={SIZE: "45", "ue": "yu"})
    issue(county, controlled_fields=["class_name"], values={SIZE: "40", "legacy_until": "2027-06-30"})
    pass_down(tiers)
    for member in (county, school):
        policy = held(member)
        assert {"phone", "class_name"} <= policy.controlled_fields
        assert policy.class_size("primary") == 40
        assert policy.origin[SIZE] == ("county",)
        assert policy.origin["phone"] == ("province",)
        assert policy.origin["ue"] == ("city",)
        assert policy.is_tight("expel", "primary")
        assert policy.version == 3
    assert held(city).class_size("primary") == 45
    seen = {one.key: one for one in school.store.read(policy_views.view).settings}
    assert [(said.tier, said.text) for said in seen[SIZE].said] == [
        ("县级", "不超过 40 人"), ("市级", "不超过 45 人"), ("省级", "不超过 50 人"),
    ]  # fmt: skip
    assert (seen[SIZE].text, seen[SIZE].origin_text) == ("不超过 40 人", "县级")
    assert (seen["switch.expel.primary"].text, seen["switch.expel.primary"].origin_text) == ("不允许", "省级")


def test_a_file_of_the_province_is_taken_anywhere_below_and_known_when_it_comes_again(tiers: list[Member]) -> None:
    province, _, county, school = tiers
    path = issue(province, values={"ue": "u"})
    assert "“虚省教育厅”第 1 版政策，从现在起执行" in school.receive(path).sentence
    assert held(school).origin["ue"] == ("province",)
    told = county.receive(path)
    assert "等待转发给 2 个下级单位" in told.sentence
    assert "package send" in told.next_step
    with pytest.raises(RefusedError) as caught:
        school.receive(path)
    assert caught.value.fault is Fault.KNOWN_POLICY
    county.act(Role.REGISTRAR)
    sending.send(county.store, school.store.actor.unit.id, county.out)
    received = deliver(county, school)
    assert any("此前已经接收" in one.sentence for one in received)


def test_who_joins_later_gets_the_policies_of_all_tiers(tiers: list[Member], template: Path, tmp_path: Path) -> None:
    province, _, county, _ = tiers
    issue(province, values={SIZE: "50"})
    issue(province, values={SIZE: "48"}, effective_from="2099-09-01")
    issue(county, values={"ue": "yu"})
    pass_down(tiers[:3])
    with opened(tmp_path / "units", "second") as (second,):
        asked = enrolment.request(second.store, second.out)
        passphrase = county.act(Role.ADMINISTRATOR)
        officer = PEOPLE[Role.REGISTRAR]
        reply = enrolment.certify(county.store, asked.path, passphrase, officer, asked.words, county.out)
        enrolment.trust(second.store, reply.path, reply.words)
        assert (held(second).class_size("primary"), held(second).ue) == (50, "yu")
        assert [(one.tier, one.version) for one in second.store.read(policies.coming)] == [("province", 2)]


def test_a_policy_of_a_unit_that_is_no_tier_above_is_refused(tiers: list[Member], tmp_path: Path) -> None:
    with opened(tmp_path / "units", "other") as (other,):
        path = issue(other, values={"ue": "u"})
        with pytest.raises(RefusedError) as caught:
            tiers[3].receive(path)
    assert caught.value.fault is Fault.NOT_SUPERIOR
    with pytest.raises(RefusedError) as caught:
        tiers[0].receive(issue(tiers[2], values={"ue": "u"}))  # nor does a superior take one from below
    assert caught.value.fault is Fault.NOT_SUPERIOR


def test_what_a_tier_above_does_not_admit_cannot_be_set(tiers: list[Member]) -> None:
    province, city, county, _ = tiers
    issue(
        province,
        values={SIZE: "50", "switch.repeat.primary": "off", "window.key_field": "2026-03-01..2026-11-30"},
    )
    issue(city, values={"class_size.junior": "55"}, locks={"class_size.junior": True})
    pass_down(tiers[:3])
    county.act(Role.ADMINISTRATOR)
    for values, sentence in (
        ({SIZE: "51"}, "“小学班额”不可高于上级：省级设置为不超过 50 人"),
        ({"class_size.junior": "50"}, "市级规定下级不得修改“初中班额”"),
        ({"switch.repeat.primary": "on"}, "省级已设置“留级（小学）：不允许”，本级不能放宽"),
        ({"window.key_field": "2026-11-01..2026-12-31"}, "不能超出上级：省级设置为 2026-03-01 至 2026-11-30"),
        ({SIZE: "many"}, "请填写 1 至 200 的人数"), ({"nothing": "1"}, "没有名为“nothing”的政策设置"),
        ({"prefixes": "京州=jz"}, "不是河北省"),
    ):  # fmt: skip
        with pytest.raises(UserError, match=sentence):
            county.store.write(policies.set_own, county.store.actor, values=values)
    with pytest.raises(UserError, match="只有班额可以"):
        county.store.write(policies.set_own, county.store.actor, locks={"ue": True})
    with pytest.raises(UserError, match="请先填写数值"):
        county.store.write(policies.set_own, county.store.actor, locks={"class_size.senior": True})
    county.store.write(policies.set_own, county.store.actor, values={SIZE: "45"}, locks={SIZE: True})
    issue(county)
    issue(province, values={SIZE: "40"})
    pass_down(tiers[:3])
    seen = next(one for one in county.store.read(policy_views.view).settings if one.key == SIZE)
    assert (seen.text, seen.origin_text) == ("不超过 40 人", "省级")
    assert [(said.tier, said.holds) for said in seen.said] == [("县级", False), ("省级", True)]


def test_a_closed_business_stops_at_submit_approve_and_build(tiers: list[Member]) -> None:
    _, city, county, school = tiers
    today = local_day(now_text())
    first, second, third = school.add_pupils(3)
    built, pending = school.propose(first, "赵明一"), school.propose(second, "赵明二")
    school.approve([built])
    issue(city, values={"window.key_field": "2020-01-01..2020-01-31"})
    pass_down(tiers[1:])
    sentence = rf"“关键信息变更”的办理时间为 2020-01-01 至 2020-01-31（由市级设置），{today} 不在其中"
    with pytest.raises(DataFaultError, match=sentence):
        school.propose(third, "赵明三")
    with pytest.raises(DataFaultError, match=sentence):
        school.approve([pending])
    with pytest.raises(DataFaultError, match=sentence):
        outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    issue(city, values={"window.key_field": "", "switch.key_field.senior": "off"})
    pass_down(tiers[1:])
    package = outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    issue(county, values={"switch.key_field.primary": "off"})
    for path in reversed(package.paths):
        county.receive(path)
    item = county.store.read(review.list_items, review.ReviewQuery(package_id=package.new[0]))[0]
    notes = county.store.read(review.get_item, item.id).notes
    assert any("较早的政策版本" in note for note in notes)
    pass_down(tiers[2:])
    with pytest.raises(DataFaultError, match="现行政策不允许小学办理“关键信息变更”（由县级设置）"):
        school.approve([pending])
    school.store.write(changes.withdraw, school.actors[Role.REGISTRAR], pending, "不办了")


def test_a_receiver_says_what_its_policy_has_against_an_item(tiers: list[Member]) -> None:
    _, _, county, school = tiers
    package = school.build(["赵明一"])
    issue(county, values={"window.key_field": "2020-01-01..2020-01-31"})
    for path in reversed(package.paths):
        county.receive(path)
    item = county.store.read(review.list_items, review.ReviewQuery(package_id=package.new[0]))[0]
    notes = county.store.read(review.get_item, item.id).notes
    assert any(note.startswith("不在办理时间内") and "政策已调整" in note for note in notes)


def test_classes_over_their_size_are_named_with_the_tier(tiers: list[Member]) -> None:
    province, _, _, school = tiers
    school.add_pupils(3)
    assert school.store.read(class_sizes.overfull) == ()
    issue(province, values={SIZE: "2", "class_size.junior": "1"})
    pass_down(tiers)
    (found,) = school.store.read(class_sizes.class_sizes)
    assert (found.class_name, found.stage, found.size, found.cap, found.tier) == ("三(2)班", "primary", 3, 2, "省级")
    assert school.store.read(class_sizes.overfull) == (
        "“三(2)班”有 3 人，超过小学班额 2 人（由省级设置），请核对分班情况。",
    )
    pupil = school.store.read(roster.list_ids, roster.RosterQuery())[0]
    school.act(Role.REGISTRAR)  # the others, without a grade, are in the same class
    school.store.write(roster.set_fields, school.store.actor, "students", pupil, {"grade": "初一"})
    assert school.store.read(class_sizes.overfull) == (
        "“初一三(2)班”有 3 人，超过初中班额 1 人（由省级设置），请核对分班情况。",
    )


def test_schools_of_a_county_that_joins_later_get_the_policies_of_the_tiers_it_came_under(
    template: Path, tmp_path: Path
) -> None:
    units = tmp_path / "late"
    units.mkdir()
    for name, unit in (("county", COUNTY), ("school", SCHOOL)):
        found(units / name, unit)
    for name in ("province", "city"):
        shutil.copytree(template / name, units / name)
    with opened(units, *NAMES) as (province, city, county, school):
        enrol(school, county)
        issue(province, values={SIZE: "50"})
        issue(city, values={"ue": "yu"})
        pass_down([province, city])
        enrol(county, city)
        assert held(school).class_size("primary") is None
        pass_down([county, school])
        assert (held(school).class_size("primary"), held(school).ue) == (50, "yu")
        assert held(school).versions == {"city": 1, "province": 1}
