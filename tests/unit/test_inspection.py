"""The comparison of an inspection, in memory: each kind of finding with an example that has it, and one without."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from models.domain.inspection import CODES
from models.domain.orders import REASON
from models.exchange.platform.accounts_list import ListedAccount
from models.rules.naming import propose_all
from models.rules.real_names import name_fault, same_name
from models.services.inspection.comparing import Outcome, compare, later_list, look_through
from models.services.inspection.judging import Grounds, Registered

OWN, BELOW = "own", "below"
GROUNDS = Grounds(
    date(2026, 11, 22),
    OWN,
    legacy_until="2027-06-30",
    names={"甲市分院": OWN, "甲一学习中心": BELOW},
    prefixes={OWN: "ts", BELOW: "tsln"},
    outside=frozenset({"乙市分院"}),
    foreign=frozenset({"bd", "heb"}),
    taken=frozenset({"tsqita"}),
)
ACCOUNT = Registered("1", OWN, "active", "tswangming", "王明", "ts", filed_status="active", files=True)
ROW = ListedAccount("表", 2, "tswangming", "王明", False, "2026-11-01", "2020-09-01", "", "", "", "", "", "", "")
OTHER = replace(ACCOUNT, id="2", username="tsligang", name="李刚")
OTHER_ROW = replace(ROW, row=3, username="tsligang", name="李刚")

Case = tuple[ListedAccount, Registered | None]
GOOD: dict[str, Case] = {
    "unknown": (ROW, ACCOUNT),
    "left": (replace(ROW, suspended=True), replace(ACCOUNT, status="disabled", disabled_reason="left")),
    "still_active": (replace(ROW, suspended=True), replace(ACCOUNT, status="disabled", disabled_reason="idle")),
    "not_real_name": (replace(ROW, name="王 明"), ACCOUNT),
    "shared": (replace(ROW, email="a@example.org", phone="0315-2234567"), ACCOUNT),
    "duplicate": (ROW, ACCOUNT),
    "username_rule": (replace(ROW, username="tswangming2"), replace(ACCOUNT, username="tswangming2")),
    "unfiled": (ROW, replace(ACCOUNT, filed_status="", opened_at="2026-11-03T08:00:00Z")),
    "idle": (replace(ROW, last_access=""), ACCOUNT),
    "missing": (ROW, ACCOUNT),
    "suspended": (replace(ROW, suspended=True), replace(ACCOUNT, status="disabled")),
    "legacy": (ROW, ACCOUNT),
    "email_format": (replace(ROW, email="wang.ming@example.org"), ACCOUNT),
    "phone_format": (replace(ROW, mobile="13900000000", phone="0315-2234567"), ACCOUNT),
    "incomplete": (ROW, ACCOUNT),
}
BAD: dict[str, Case] = {
    "unknown": (replace(ROW, username="admin9"), None),
    "left": (ROW, replace(ACCOUNT, status="disabled", disabled_reason="left")),
    "still_active": (ROW, replace(ACCOUNT, status="disabled", disabled_reason="idle")),
    "not_real_name": (replace(ROW, name="教务处"), ACCOUNT),
    "shared": (replace(ROW, name="公用"), ACCOUNT),
    "duplicate": (ROW, ACCOUNT),
    "username_rule": (replace(ROW, username="wm"), replace(ACCOUNT, username="wm", origin="created")),
    "unfiled": (ROW, replace(ACCOUNT, filed_status="", opened_at="2026-05-03T08:00:00Z")),
    "idle": (replace(ROW, last_access="2026-05-25"), ACCOUNT),
    "missing": (OTHER_ROW, ACCOUNT),
    "suspended": (replace(ROW, suspended=True), ACCOUNT),
    "legacy": (replace(ROW, username="wm"), replace(ACCOUNT, username="wm")),
    "email_format": (replace(ROW, email="wang.ming@"), ACCOUNT),
    "phone_format": (replace(ROW, mobile="1390"), ACCOUNT),
    "incomplete": (ROW, replace(ACCOUNT, empty=("邮箱", "办公电话"))),
}
BESIDE: dict[str, Case] = {  # accounts that the example stands beside
    "shared": (replace(OTHER_ROW, email="b@example.org", phone="0315-2234567"), OTHER),
    "duplicate": (replace(ROW, username="tswangming3", mobile="13900000001", row=4), None),
}
ANY: Case = (OTHER_ROW, OTHER)


def outcome(*cases: Case, grounds: Grounds = GROUNDS) -> Outcome:
    return compare([row for row, _ in cases], [held for _, held in cases if held], grounds)


def codes(found: Outcome) -> set[tuple[str, str]]:
    return {(one.code, one.username) for one in found.findings}


@pytest.mark.parametrize("code", [code.key for code in CODES])
def test_every_code_is_found_where_it_is_and_only_there(code: str) -> None:
    beside = BESIDE.get(code, ANY)
    assert code not in {one.code for one in outcome(GOOD[code], beside).findings}
    bad = BAD[code]
    if code == "duplicate":
        bad, beside = (replace(ROW, mobile="13900000001"), ACCOUNT), (replace(beside[0], username="tswangming3"), None)
    found = [one for one in outcome(bad, beside).findings if one.code == code]
    assert [one.username for one in found] == [
        beside[0].username if code == "duplicate" else bad[1].username if bad[1] else "admin9"
    ]
    assert found[0].details["why"]


def test_codes_are_declared_for_what_is_done_with_them() -> None:
    assert GOOD.keys() == BAD.keys() == {code.key for code in CODES}
    for code in CODES:
        assert code.label
        assert code.advice
        assert code.dimension in ("legal", "accurate", "true", "complete")
        assert not code.reason or code.reason in REASON
        assert not (code.reason and code.on_platform)


@pytest.mark.parametrize(
    "name",
    ["", "教务处", "test01", "管理员", "张*", "张某某", "学生", "王", "李四2", "赵主任", "teacher", "电大分校", "？？"],
)
def test_what_is_no_real_name(name: str) -> None:
    assert name_fault(name)


@pytest.mark.parametrize(
    "name", ["王明", "买买提·艾力", "欧阳明月", "王学生", "李登科", "王䶮", "John Smith", "吕布", "张 三"]
)
def test_what_can_be_a_real_name(name: str) -> None:
    assert name_fault(name) == ""


def test_spellings_of_one_name() -> None:
    assert same_name("买买提.艾力", "买买提·艾力")
    assert same_name("張三", "张 三")
    assert not same_name("张三", "张山")
    found = outcome((replace(ROW, name="李明"), ACCOUNT))
    assert ("not_real_name", "tswangming") in codes(found)
    assert found.findings[0].details["why"] == "平台姓名“李明”与名册姓名“王明”不一致"


def test_irregular_older_names_are_tolerated_until_their_day() -> None:
    older: Case = (replace(ROW, username="wm"), replace(ACCOUNT, username="wm"))
    (found,) = outcome(older).findings
    assert (found.code, found.details["until"]) == ("legacy", "2027-06-30")
    late = replace(GROUNDS, legacy_until="2026-06-30")
    assert {one.code for one in outcome(older, grounds=late).findings} == {"username_rule"}
    unlimited = replace(GROUNDS, legacy_until="")
    assert outcome(older, grounds=unlimited).findings[0].details["until"] == "没有规定"


def test_who_was_never_there_is_idle_from_the_day_the_account_was_made() -> None:
    never = replace(ROW, last_access="never")
    for created, idle in (("2020-09-01", True), ("2026-11-01", False), ("", True)):
        assert (("idle", "tswangming") in codes(outcome((replace(never, created=created), ACCOUNT)))) is idle
    assert not outcome((replace(ROW, last_access="2026-05-26"), ACCOUNT)).findings  # 180 days are not more than 180


def test_several_accounts_of_one_person() -> None:
    old = (replace(ROW, row=5, username="wangming_old", last_access="2026-10-01", email="WM@example.org"), None)
    kept = (replace(ROW, email="wm@example.org"), ACCOUNT)
    (found,) = [one for one in outcome(old, kept).findings if one.code == "duplicate"]
    assert (found.username, found.details["kept"]) == ("wangming_old", "tswangming")
    second = replace(ACCOUNT, id="3", username="tswangming2", person_id="p", note="兼任班主任")
    first = replace(ACCOUNT, person_id="p")
    (found,) = outcome((ROW, first), (replace(ROW, username="tswangming2"), second)).findings
    assert (found.code, found.username) == ("duplicate", "tswangming2")
    assert "兼任班主任" in found.details["why"]
    suspended = (replace(old[0], suspended=True), None)
    assert not outcome(suspended, kept).findings


def test_two_persons_of_one_name_are_no_double() -> None:
    first = (replace(ROW, phone="0315-2234567"), ACCOUNT)
    namesake = replace(ACCOUNT, id="5", username="tswangming2")
    assert not outcome(first, (replace(ROW, username="tswangming2", phone="0315-2234567"), namesake)).findings
    mobile = replace(ROW, username="tswangming2", mobile="13900000001")
    both = [(replace(ROW, mobile="13900000001"), replace(ACCOUNT, id_number="x1")), (mobile, namesake)]
    assert codes(outcome(*both)) == {("duplicate", "tswangming2")}
    both[1] = (mobile, replace(namesake, id_number="x2"))
    assert not outcome(*both).findings


def test_one_mail_or_mobile_for_several_persons() -> None:
    both = [(replace(row, mobile="139 0000 0001"), held) for row, held in ((ROW, ACCOUNT), (OTHER_ROW, OTHER))]
    found = outcome(*both)
    assert codes(found) == {("shared", "tswangming"), ("shared", "tsligang")}
    assert {one.details["with"] for one in found.findings} == {"tsligang", "tswangming"}
    assert ("shared", "tsgonggong") in codes(outcome((replace(ROW, username="tsgonggong"), None)))


def test_whose_account_it_is() -> None:
    def unit_of(username: str = "zhangwei", institution: str = "", role: str = "") -> str | None:
        one = replace(ROW, username=username, name="张伟", institution=institution, role=role)
        found = outcome((one, None), ANY)
        return next((one.unit_id for one in found.findings if one.code == "unknown"), None)

    assert unit_of(institution="甲一学习中心") == BELOW
    assert unit_of(institution="乙市分院") is None
    assert unit_of(username="tslnzhangwei") == BELOW
    assert unit_of(username="tszhangwei") == OWN
    assert unit_of(username="bdzhangwei") is None
    assert unit_of(username="hebzhangwei2") is None
    assert unit_of(username="tsqita") is None
    assert unit_of(username="zhangwei") == OWN
    assert unit_of(role="学生") is None
    assert unit_of(role="学生,教师") == OWN


def test_units_the_list_does_not_have_are_named_and_not_missed() -> None:
    below = replace(OTHER, id="9", unit_id=BELOW, username="tslnzhaoyun", name="赵云", prefix="tsln")
    found = compare([ROW], [ACCOUNT, below], GROUNDS)
    assert (found.findings, found.absent) == ((), (BELOW,))
    assert ("missing", "tsligang") in codes(compare([ROW], [ACCOUNT, OTHER], GROUNDS))


def test_a_row_twice_counts_once_and_the_one_in_use_counts() -> None:
    found = outcome((replace(ROW, suspended=True), ACCOUNT), (ROW, None))
    assert (found.findings, found.left_out, found.checked) == ((), {"repeated": 1}, 1)


def test_a_pending_account_in_use_and_a_list_without_states() -> None:
    pending = (ROW, replace(ACCOUNT, status="pending", filed_status=""))
    assert codes(outcome(pending)) == {("unfiled", "tswangming")}
    silent = (replace(ROW, suspended=None), replace(ACCOUNT, status="disabled"))
    (found,) = outcome(silent).findings
    assert "没有写明" in found.details["why"]


def test_a_patrol_needs_no_list() -> None:
    role = replace(ACCOUNT, id="4", username="tsjiaowuchu", name="教务处", phone="139", empty=("邮箱",))
    found = look_through([ACCOUNT, role, replace(OTHER, status="disabled")], GROUNDS)
    assert {one.code for one in found.findings} == {"not_real_name", "phone_format", "incomplete"}
    assert found.checked == 2


def test_a_later_list_speaks_for_units_it_has_most_of() -> None:
    many = [replace(ACCOUNT, id=str(n), username=f"tswangming{n}") for n in range(4)]
    rows = [replace(ROW, username=f"tswangming{n}") for n in range(4)]
    assert later_list(rows[:2], many, GROUNDS).whole_units == {OWN}
    assert later_list(rows[:1], many, GROUNDS).whole_units == frozenset()


def big(count: int) -> tuple[Sequence[ListedAccount], Sequence[Registered]]:
    surnames, given = "赵钱孙李周吴郑王冯陈褚卫", "明华芳强丽军娜静磊洋艳勇"
    names = [surnames[n % 12] + given[n // 12 % 12] + given[n // 144 % 12] for n in range(count)]
    usernames = [f"{one.username}{n}" for n, one in enumerate(propose_all(names, "ts"))]
    rows = [
        replace(ROW, row=n, username=usernames[n], name=names[n], email=f"u{n}@example.org", mobile=f"139{n:08d}")
        for n in range(count)
    ]
    held = [replace(ACCOUNT, id=str(n), username=usernames[n], name=names[n]) for n in range(0, count, 2)]
    return rows, held


def test_fifty_thousand_rows_take_seconds() -> None:
    rows, held = big(50_000)
    begun = time.process_time()
    found = compare(rows, held, GROUNDS)
    assert time.process_time() - begun < 15  # 3 s on an idle machine
    assert found.checked == 50_000
    assert sum(one.code == "unknown" for one in found.findings) == 25_000
