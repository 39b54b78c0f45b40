"""Settings of several tiers become one: a tier more never widens anything (decision 15; E16, E29-E31)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.domain.policy import EffectivePolicy, Policy, combine
from models.domain.policy_settings import SETTINGS, Combining, read_periods, read_value, shared_periods
from models.rules.businesses import closed_because
from models.rules.stages import stage_of

MANY = ",".join(["2026-09-01..2026-09-01"] * 13)
DAYS = [f"2026-{month:02d}-{day:02d}" for month in (3, 5, 9, 10) for day in (1, 9, 20, 28)]
PERIODS = st.lists(st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)), min_size=1, max_size=3).map(
    lambda pairs: ",".join(f"{min(p)}..{max(p)}" for p in sorted(pairs, key=lambda p: (min(p), max(p))))
)


def _value(key: str) -> st.SearchStrategy[str]:
    setting = next(one for one in SETTINGS if one.key == key)
    match setting.combining:
        case Combining.MINIMUM:
            return st.integers(1, 60).map(str)
        case Combining.TIGHTEN:
            return st.just(setting.tight)
        case Combining.WINDOW:
            return PERIODS
    if setting.choices:
        return st.sampled_from(sorted(setting.choices))
    if key == "employment_words":
        return st.sampled_from(["专任 兼职", "外聘"])
    return st.sampled_from(["蠡县=bdl", "定州市=dingz"]) if key == "prefixes" else st.sampled_from(DAYS)


VALUES = st.fixed_dictionaries({}, optional={one.key: _value(one.key) for one in SETTINGS})
SIZES = [one.key for one in SETTINGS if one.lockable]
POLICIES = st.builds(
    Policy,
    version=st.integers(1, 9),
    controlled_fields=st.sets(st.sampled_from(["phone", "class_name", "name"])).map(lambda s: tuple(sorted(s))),
    values=VALUES,
    locks=st.sets(st.sampled_from(SIZES)).map(lambda s: tuple(sorted(s))),
    effective_from=st.just("2026-01-01T00:00:00Z"),
)
TIERS = ("county", "city", "province")


def _stack(policies: list[Policy]) -> EffectivePolicy:
    return combine(zip(TIERS, policies, strict=False))


def _open_days(policy: EffectivePolicy, business: str) -> set[str]:
    return {day for day in DAYS if closed_because(policy, business, (), day) is None}


@given(st.lists(POLICIES, min_size=1, max_size=2), POLICIES)
def test_a_tier_above_never_widens_anything(below: list[Policy], added: Policy) -> None:
    before, after = _stack(below), _stack([*below, added])
    assert before.controlled_fields <= after.controlled_fields
    for setting in SETTINGS:
        was, now = before.values.get(setting.key), after.values.get(setting.key)
        match setting.combining:
            case Combining.MINIMUM if setting.key in added.locks and setting.key in added.values:
                assert now == added.values[setting.key]  # inherited, whatever those below say (E29)
            case Combining.MINIMUM if was is not None and not any(setting.key in one.locks for one in (*below, added)):
                # a lock inherits, also what a tier above it sets later (E29)
                assert now is not None
                assert int(now) <= int(was)
            case Combining.TIGHTEN:
                assert was is None or now == was
            case Combining.WINDOW:
                business = setting.key.partition(".")[2]
                assert _open_days(after, business) <= _open_days(before, business)
            case Combining.NEAREST:
                assert now == was or setting.key not in {key for one in below for key in one.values}


@given(st.lists(POLICIES, min_size=1, max_size=3))
def test_no_cap_is_above_one_of_a_tier_above_and_every_value_has_an_origin(policies: list[Policy]) -> None:
    held = _stack(policies)
    assert set(held.values) <= set(held.origin)
    for key in SIZES:
        said = [policy.values[key] for policy in policies if key in policy.values]
        if said:
            assert held.values[key] in said
            assert int(held.values[key]) <= int(said[-1])
        names = [name for name, policy in zip(TIERS, policies, strict=False) if policy.values.get(key)]
        assert set(held.overruled.get(key, ())) <= set(names) - set(held.origin.get(key, ()))


@given(POLICIES)
def test_a_policy_is_read_as_it_was_written(policy: Policy) -> None:
    values = {key: read_value(next(s for s in SETTINGS if s.key == key), text) for key, text in policy.values.items()}
    policy = replace(policy, values=values)
    assert Policy.from_json(policy.to_json()) == policy
    newer = {**policy.to_json(), "later": 1}
    newer["settings"] = {**newer["settings"], "dance_hours": {"x": 1}}
    newer["locks"] = [*newer["locks"], "dance_hours"]
    assert Policy.from_json(newer) == policy


def test_the_first_form_is_still_read() -> None:
    body = {"version": 2, "controlled_fields": ["phone"], "ue": "yu", "collision": None, "effective_from": ""}
    assert Policy.from_json(body) == Policy(2, ("phone",), {"ue": "yu"})


@pytest.mark.parametrize(
    "change",
    [
        {"settings": {"class_size.primary": "many"}}, {"settings": {"class_size.primary": 45}}, {"settings": []},
        {"settings": {"window.key_field": "2026-09-30..2026-09-01"}}, {"settings": {"switch.expel.primary": "maybe"}},
        {"settings": {"window.key_field": MANY}},
        {"locks": "class_size.primary"}, {"locks": [1]}, {"ue": 3},
    ],
)  # fmt: skip
def test_a_policy_with_a_value_nobody_understands_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Policy.from_json({**Policy(1).to_json(), **change})


def test_a_locked_cap_is_inherited_and_a_higher_one_ignored() -> None:
    city = Policy(1, values={"class_size.primary": "50"}, locks=("class_size.primary",))
    province = Policy(1, values={"class_size.primary": "55", "class_size.junior": "50"})
    county = Policy(1, values={"class_size.primary": "40", "class_size.junior": "60"})
    held = combine([("county", county), ("city", city), ("province", province)])
    assert (held.class_size("primary"), held.origin["class_size.primary"]) == (50, ("city",))
    assert held.locked == {"class_size.primary": "city"}
    assert held.overruled == {"class_size.primary": ("county",), "class_size.junior": ("county",)}
    assert (held.class_size("junior"), held.class_size("senior")) == (50, None)


def test_a_period_that_ends_before_it_begins_is_told_so() -> None:
    setting = next(one for one in SETTINGS if one.key == "window.key_field")
    with pytest.raises(ValueError, match="起始日期 2026-09-30 不能晚于截止日期 2026-09-01。"):
        read_value(setting, "2026-09-30..2026-09-01")
    with pytest.raises(ValueError, match="请写成 起始日期"):
        read_value(setting, "九月")


def test_periods_are_those_all_tiers_share() -> None:
    one, other = read_periods("2026-03-01..2026-05-31,2026-09-01..2026-09-30"), read_periods("2026-05-01..2026-09-10")
    assert shared_periods(one, other) == (("2026-05-01", "2026-05-31"), ("2026-09-01", "2026-09-10"))
    held = combine(
        [
            ("county", Policy(1, values={"window.baseline": "2026-03-01..2026-03-31"})),
            ("city", Policy(1, values={"window.baseline": "2026-09-01..2026-09-30"})),
        ]
    )
    said = closed_because(held, "baseline", (), "2026-09-02")
    assert said is not None
    assert "没有重合" in said
    assert "县级、市级" in said


def test_a_closed_business_says_who_closed_it() -> None:
    held = combine([("county", Policy(1)), ("province", Policy(1, values={"switch.key_field.senior": "off"}))])
    assert closed_because(held, "key_field", ("primary", ""), "2026-09-01") is None
    said = closed_because(held, "key_field", ("senior",), "2026-09-01")
    assert said == "现行政策不允许高中办理“关键信息变更”（由省级设置）"
    window = combine([("city", Policy(1, values={"window.key_field": "2026-09-01..2026-09-30"}))])
    assert closed_because(window, "key_field", (), "2026-09-30") is None
    late = closed_because(window, "key_field", (), "2026-10-01")
    assert late is not None
    assert "2026-09-01 至 2026-09-30（由市级设置），2026-10-01 不在其中" in late


@pytest.mark.parametrize(
    ("code", "grade", "class_name", "stage"),
    [
        ("2113099901", "", "一(3)班", "primary"), ("3113099901", "", "一(3)班", "junior"),
        ("3113099901", "三年级", "2班", "primary"), ("3413099901", "", "七(1)班", "junior"),
        ("3413099901", "", "3班", "senior"), ("", "", "高一(2)班", "senior"), ("", "初二", "3班", "junior"),
        ("", "", "五(1)班", "primary"), ("", "十二年级", "", "senior"), ("", "", "3班", ""),
        ("", "初中部一年级", "", "junior"), ("", "高中2024级", "", "senior"), ("4113099901", "", "", ""),
        ("", "", "小班", ""), ("", "", "中一班", ""),
    ],
)  # fmt: skip
def test_the_stage_as_far_as_grade_class_and_school_say(code: str, grade: str, class_name: str, stage: str) -> None:
    assert stage_of(code, grade, class_name) == stage
