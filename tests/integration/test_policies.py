"""What a county sets reaches the school and is combined with what others set (decision 15, E16)."""

from __future__ import annotations

import pytest

from models.domain.errors import FileRefusedError, NotAllowedError, UserError
from models.domain.fields import DEFAULT_CONTROLLED
from models.domain.units import Line, Tier, Unit
from models.services import policies, roster
from tests.integration.conftest import stand_below

CITY = Unit("b0000100-0000-4000-8000-000000000006", "虚州市教育局", "139900", Tier.CITY, Line.BASIC, "虚州市", "")


def test_the_own_settings_hold_once_they_are_issued(county):
    policy = county.write(policies.set_own, county.administrator, controlled_fields=["class_name"], ue="yu")
    assert (policy.version, county.read(policies.own)) == (1, policy)
    assert county.read(policies.own_is_draft)
    assert county.read(policies.effective).ue == "v"
    body = county.read(policies.policy_body)
    assert (body["type"], body["tier"], body["unit"]) == ("rollbook.policy", "county", county.unit.id)
    county.write(policies.mark_issued, county.administrator, 1, "s" * 64)
    effective = county.read(policies.effective)
    assert (effective.ue, effective.origin["class_name"], effective.version) == ("yu", ("county",), 1)
    assert effective.controlled_fields == {*DEFAULT_CONTROLLED, "class_name"}
    assert county.write(policies.set_own, county.administrator, collision="refuse").version == 2
    assert county.write(policies.set_own, county.administrator, ue="u").version == 2
    assert county.read(policies.own).controlled_fields == ("class_name",)


def test_who_sets_and_what_cannot_be_set(county, school):
    for actor in (county.registrar, county.head):
        with pytest.raises(NotAllowedError):
            county.write(policies.set_own, actor, ue="yu")
    with pytest.raises(NotAllowedError, match="学校执行上级"):
        school.write(policies.set_own, school.administrator, ue="yu")
    for wrong in ({"ue": "ü"}, {"collision": "x"}, {"controlled_fields": ["nothing"]}):
        with pytest.raises(UserError):
            county.write(policies.set_own, county.administrator, **wrong)
    with pytest.raises(UserError, match="还没有设置"):
        county.read(policies.policy_body)


def test_a_received_policy_holds_and_an_older_one_changes_nothing(school, county, pupils):
    county.write(policies.set_own, county.administrator, controlled_fields=["phone"], ue="yu")
    body = county.read(policies.policy_body)
    school.take_in(pupils(1))
    school.write(stand_below, county.unit, CITY)
    school.write(policies.record_received_policy, county.unit.id, "county", body, "s" * 64)
    school.write(policies.record_received_policy, county.unit.id, "county", body, "s" * 64)
    newer = {**body, "version": 3, "controlled_fields": ["address", "phone"]}
    school.write(policies.record_received_policy, county.unit.id, "county", {**body, "version": 2}, "u" * 64)
    assert school.read(policies.effective).version == 2
    school.write(policies.record_received_policy, county.unit.id, "county", newer, "v" * 64)
    school.write(policies.record_received_policy, county.unit.id, "county", body, "s" * 64)
    effective = school.read(policies.effective)
    assert (effective.version, effective.ue, effective.origin["phone"]) == (3, "yu", ("county",))
    city = {**body, "version": 1, "controlled_fields": ["phone"], "ue": "u"}
    school.write(policies.record_received_policy, CITY.id, "city", city, "w" * 64)
    effective = school.read(policies.effective)
    assert (effective.ue, effective.origin["phone"]) == ("yu", ("county", "city"))
    subject = school.read(roster.list_ids, roster.RosterQuery())[0]
    with pytest.raises(NotAllowedError, match="联系电话"):
        school.write(roster.set_fields, school.registrar, "students", subject, {"phone": "13911112222"})


def test_a_malformed_policy_is_refused(school):
    for body in ({}, {"version": 1, "controlled_fields": "name"}, {"version": 1, "controlled_fields": [], "ue": "x"}):
        with pytest.raises(FileRefusedError):
            school.write(policies.record_received_policy, "u", "county", body, "s")


def test_a_policy_of_a_former_superior_holds_no_more(school, county):
    county.write(policies.set_own, county.administrator, ue="yu")
    body = county.read(policies.policy_body)
    school.write(stand_below, county.unit)
    school.write(policies.record_received_policy, county.unit.id, "county", body, "s" * 64)
    later = {**body, "version": 2, "effective_from": "2099-01-01T00:00:00Z"}
    school.write(policies.record_received_policy, county.unit.id, "county", later, "t" * 64)
    assert (school.read(policies.effective).ue, len(school.read(policies.coming))) == ("yu", 1)
    school.write(stand_below, CITY)
    assert (school.read(policies.effective).ue, school.read(policies.coming)) == ("v", [])
