"""Accounts are filed upward: the first time all, then what was added, disabled and changed (A9-A11, A13-A15)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.domain.change_kinds import ACCOUNT_FILING
from models.domain.errors import DataFaultError, UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes, merged_rows, review, roster_edit
from models.services.accounts import creation, status
from models.services.filing import calendar
from models.services.filing.applying import filed_entries
from models.services.filing.calendar import reminder
from models.services.filing.proposing import propose_filing
from models.services.filing.rows import rows_to_file
from models.services.items import entry_line
from models.services.policies import effective
from models.services.recovered import bring_rows, draft_everything
from models.services.review_apply import apply_item
from models.services.review_intake import check_entry
from models.store import tables as t
from sync.packages import outbox
from tests.open_world import LU, LUAN, add_account, carry, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import Member, deliver

World = dict[str, Member]
MAY, OCTOBER, NOVEMBER = "2027-05-10T02:00:00Z", "2027-10-08T02:00:00Z", "2027-11-08T02:00:00Z"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("filing") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let filings be judged at a time."""
    return lambda moment: monkeypatch.setattr(calendar, "moment", lambda _: moment)


def acts(member: Member) -> list[tuple[str, str]]:
    """(user name, act) of what the next filing would carry, by user name."""
    return sorted((row.values["username"], row.act.value) for row in member.store.read(lambda s: list(rows_to_file(s))))


def stands(member: Member, *account_ids: str) -> list[tuple[str, str, str]]:
    """(status, as filed, name) of accounts."""
    c = t.account.c
    rows = member.store.read(lambda s: s.execute(select(c.id, c.status, c.filed_status, c.name)).all())
    found = {row.id: (row.status, row.filed_status, row.name) for row in rows}
    return [found[one] for one in account_ids]


def filed(member: Member) -> list[tuple[str, str, str, str]]:
    """(period, kind, act, name) of every account filed."""
    rows = member.store.read(lambda s: s.execute(select(t.filed_account)).all())
    return sorted((row.period, row.kind, row.act, json.loads(row.body)["name"]) for row in rows)


def disable(member: Member, account: str) -> None:
    member.act(Role.REGISTRAR)
    member.approve(member.store.write(status.propose_disable, member.store.actor, [account], "left", "调离"))


def edit(member: Member, account: str, **values: str) -> None:
    member.act(Role.REGISTRAR)
    member.store.write(roster_edit.set_fields, member.store.actor, "teachers", account, values)


def sent(member: Member, superior: Member) -> tuple[str, ...]:
    """Carry what waits up; what the superior is told of the filing in it."""
    outbox.build(member.store, member.act(Role.REGISTRAR), member.out)
    deliver(member, superior)
    (item,) = superior.store.read(review.list_items, review.ReviewQuery(open_only=True))
    return superior.store.read(review.get_item, item.id).notes


def receipts_back(member: Member, superior: Member) -> None:
    """Accept what is under review and carry the answer down."""
    (item,) = superior.store.read(review.list_items, review.ReviewQuery(open_only=True))
    superior.review_all(item.package_id)
    deliver(superior, member)


# --- what is filed ------------------------------------------------------------------------------------------


def test_first_all_then_in_october_what_differs(world: World, at: Callable[[str], None]) -> None:
    at(MAY)
    lu, tang, province = world["lu"], world["tang"], world["province"]
    zhang, li, wang = (add_account(lu, name) for name in ("张三", "李四", "王五"))
    lu.act(Role.REGISTRAR)
    facts = {"name": "未批准", "sex": "女", "email": "w@example.org", "office_phone": "0315-2234567"}
    lu.store.write(creation.create, lu.store.actor, [facts | {"employment": "专任", "on_staff": "是"}])
    change = file_accounts(lu, reason="")
    detail = lu.store.read(changes.get, change)
    assert (detail.summary.subject_label, detail.diffs) == ("2027年5月首次备案：新增 3 个", ())
    assert detail.summary.summary == "账户备案"
    edit(lu, zhang, department="教务处")  # after it was handed in: next time
    report(lu, tang)
    assert stands(tang, zhang, li, wang) == [("active", "active", name) for name in ("张三", "李四", "王五")]
    assert filed(tang) == filed(lu) == [("2027-05", "first", "added", name) for name in ("张三", "李四", "王五")]
    assert acts(lu) == [("tslnzhangsan", "changed")]

    at(OCTOBER)
    disable(lu, li)
    short, new = add_account(lu, "赵六"), add_account(lu, "钱七")
    disable(lu, short)  # added and disabled since: told as disabled
    expected = [
        ("tslnlisi", "disabled"),
        ("tslnqianqi", "added"),
        ("tslnzhangsan", "changed"),
        ("tslnzhaoliu", "disabled"),
    ]
    assert acts(lu) == expected
    change = file_accounts(lu, reason="")
    label = lu.store.read(changes.get, change).summary.subject_label
    assert label == "2027年10月新增、禁用账户备案：新增 1 个、禁用 2 个、更改 1 个"
    report(lu, tang)
    assert [one[0] for one in stands(tang, zhang, li, wang, short, new)] == [
        "active", "disabled", "active", "disabled", "active",
    ]  # fmt: skip
    assert acts(lu) == []
    assert [one[2:] for one in filed(tang) if one[0] == "2027-10"] == [
        ("added", "钱七"), ("changed", "张三"), ("disabled", "李四"), ("disabled", "赵六"),
    ]  # fmt: skip
    report(tang, province)
    assert filed(province) == filed(tang)
    assert stands(province, li, new) == stands(tang, li, new)
    lu.act(Role.REGISTRAR)
    lu.approve(lu.store.write(status.propose_enable, lu.store.actor, [li], "回校任教"))
    assert acts(lu) == [("tslnlisi", "added")]


def test_outside_of_the_window_a_reason_is_needed(world: World, at: Callable[[str], None]) -> None:
    at(NOVEMBER)
    lu, tang = world["lu"], world["tang"]
    add_account(lu, "张三")
    lu.act(Role.REGISTRAR)
    change = lu.store.write(propose_filing, lu.store.actor)
    words = "2027-11-08 已过2027年10月首次备案的时间（2027-10-01 至 2027-10-31），请填写逾期或提前备案的原因"
    with pytest.raises(DataFaultError) as caught:
        lu.store.write(changes.submit, lu.store.actor, change)
    assert words in str(caught.value)
    lu.store.write(changes.update_draft, lu.store.actor, change, None, "系统管理员休假")
    lu.store.write(changes.submit, lu.store.actor, change)
    lu.approve([change])
    built = outbox.build(lu.store, lu.act(Role.REGISTRAR), lu.out)
    deliver(lu, tang)
    (item,) = tang.store.read(review.list_items, review.ReviewQuery(package_id=built.package_id or ""))
    notes = tang.store.read(review.get_item, item.id).notes
    assert "2027年10月首次备案：新增 1 个。" in notes
    assert "不在备案时间内提出（2027-11-08），填报的原因：系统管理员休假。" in notes


def test_a_period_nobody_knows_is_refused_and_an_early_filing_needs_a_reason(
    world: World, at: Callable[[str], None]
) -> None:
    at(NOVEMBER)
    lu = world["lu"]
    add_account(lu, "张三")
    lu.act(Role.REGISTRAR)
    for period in ("2027-07", "202705", "2027-13", "x"):
        with pytest.raises(DataFaultError, match="这一备案时间，请写成 年-月"):
            lu.store.write(propose_filing, lu.store.actor, period)
    change = lu.store.write(propose_filing, lu.store.actor, "2028-05")
    with pytest.raises(DataFaultError, match="2027-11-08 未到2028年5月首次备案的时间"):
        lu.store.write(changes.submit, lu.store.actor, change)


def test_a_returned_filing_is_filed_again_with_what_stands_then(world: World, at: Callable[[str], None]) -> None:
    at(MAY)
    lu, tang = world["lu"], world["tang"]
    teacher = add_account(lu, "张三")
    change = file_accounts(lu, "")
    built = outbox.build(lu.store, lu.act(Role.REGISTRAR), lu.out)
    deliver(lu, tang)
    tang.review_all(built.package_id or "", Verdict.RETURN, "请核对")
    deliver(tang, lu)
    assert (lu.state_of(change), acts(lu), filed(lu)) == ("draft", [("tslnzhangsan", "added")], [])
    disable(lu, teacher)
    lu.act(Role.REGISTRAR)
    lu.store.write(changes.submit, lu.store.actor, change)
    lu.approve([change])
    assert lu.store.read(changes.get, change).summary.subject_label == "2027年5月首次备案：禁用 1 个"
    report(lu, tang)
    assert stands(tang, teacher) == stands(lu, teacher) == [("disabled", "disabled", "张三")]


def test_a_refused_filing_is_filed_with_the_next(world: World, at: Callable[[str], None]) -> None:
    at(MAY)
    lu, tang = world["lu"], world["tang"]
    add_account(lu, "张三")
    file_accounts(lu, "")
    with pytest.raises(UserError, match="已有在办的账户备案"):
        lu.store.write(propose_filing, lu.store.actor)
    built = outbox.build(lu.store, lu.act(Role.REGISTRAR), lu.out)
    deliver(lu, tang)
    tang.review_all(built.package_id or "", Verdict.REFUSE, "不是本县教师")
    deliver(tang, lu)
    assert acts(lu) == [("tslnzhangsan", "added")]
    assert lu.store.read(changes.get, file_accounts(lu, "")).summary.subject_label.startswith("2027年5月首次备案")


def test_an_older_filing_does_not_bring_back_what_an_order_disabled(world: World, at: Callable[[str], None]) -> None:
    from models.services import orders as services
    from sync import orders

    at(MAY)
    lu, tang = world["lu"], world["tang"]
    teacher = add_account(lu, "张三")
    file_accounts(lu, "")
    report(lu, tang)
    edit(lu, teacher, department="教务处")
    at(OCTOBER)
    change = file_accounts(lu, "")  # approved, and still here while the order comes and is carried out
    order = orders.issue(tang.store, tang.act(Role.REGISTRAR), [teacher], "idle", "", "")
    assert services.number_of(order.order_id)
    carry(world)
    lu.act(Role.REGISTRAR)
    lu.store.write(orders.execute, lu.store.actor, order.order_id)
    carry(world)
    assert stands(tang, teacher) == [("disabled", "active", "张三")]
    assert "本级已有更新的情况（如已按停用通知单禁用），收下后不作改动：张三 tslnzhangsan" in sent(lu, tang)
    receipts_back(lu, tang)
    assert lu.state_of(change) == "effective"
    assert stands(tang, teacher)[0][0] == "disabled"
    assert acts(lu) == [("tslnzhangsan", "disabled")]
    file_accounts(lu, "")
    report(lu, tang)
    lu.approve(lu.store.write(status.propose_enable, lu.store.actor, [teacher], "市分院电话同意"))
    file_accounts(lu, "")
    words = "本级登记为已禁用，这次报为使用中，请核实是否同意恢复：张三 tslnzhangsan"
    assert words in sent(lu, tang)
    receipts_back(lu, tang)
    assert stands(tang, teacher)[0][0] == "active"


# --- what a superior sees -----------------------------------------------------------------------------------


def test_the_review_says_what_is_wrong_with_a_filing(world: World, at: Callable[[str], None]) -> None:
    at(MAY)
    lu, luan, tang = world["lu"], world["luan"], world["tang"]
    add_account(lu, "张三", id_number="11010519491231002X", id_type="1")
    file_accounts(lu, "")
    report(lu, tang)
    add_account(luan, "张三", id_number="11010519491231002X", id_type="1", username="zhang3", note="两处任课")
    other = add_account(luan, "李四")
    luan.store.write(blank, other)
    file_accounts(luan, "")
    built = outbox.build(luan.store, luan.act(Role.REGISTRAR), luan.out)
    deliver(luan, tang)
    (item,) = tang.store.read(review.list_items, review.ReviewQuery(package_id=built.package_id or ""))
    said = "\n".join(tang.store.read(review.get_item, item.id).notes)
    assert "新增 2 个" in said
    assert "须真实填写的内容还空着：李四 的办公电话" in said
    assert "不符合规则：张三 zhang3" in said
    who = "张三 zhang3，甲一学习中心的张三 已有账户 tslnzhangsan（身份证件号相同），备注：两处任课"
    assert f"本人在别处已有账户：{who}" in said


def blank(session: Session, account: str) -> None:
    """Take a truthful field away, as an older list may lack it."""
    from sqlalchemy import update

    from models.store import audit

    session.execute(update(t.account).where(t.account.c.id == account).values(office_phone=""))
    audit.append(session, None, "test.blank", f"teachers:{account}", {})


# --- hostile shapes -----------------------------------------------------------------------------------------

HEAD = {"period": "2027-05", "kind": "first", "as_of": MAY}
ROW: dict[str, Any] = {"id": "a", "values": {"username": "tslna"}, "status": "active", "act": "added", "revision": 3}


def test_a_filing_does_not_take_another_units_account(world: World) -> None:
    tang = world["tang"]
    own = add_account(tang, "王五")
    item = {"kind": "account.filing", "id": "c" * 36, "after": HEAD, "batch": {"rows_digest": ""}}
    row = {**ROW, "id": own, "status": "disabled", "act": "disabled", "revision": 1 << 30}
    assert tang.store.write(apply_item, tang.store.actor, LU.id, item, [entry_line(row)]) == []
    assert stands(tang, own) == [("active", "", "王五")]


# --- windows ------------------------------------------------------------------------------------------------


def test_a_policy_sets_other_windows(world: World, at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    from models.domain.policy import Policy, combine

    policy = combine([("city", Policy(1, (), {"window.account_filing": "2027-03-15..2027-04-15"}))])
    lu = world["lu"]
    add_account(lu, "张三")
    monkeypatch.setattr(calendar, "effective", lambda _: policy)
    at("2027-04-01T02:00:00Z")
    assert lu.store.read(effective).version == 0
    change = file_accounts(lu, "")
    assert lu.store.read(changes.get, change).summary.subject_label == "2027年3月首次备案：新增 1 个"


def test_what_is_due_is_reminded_of(world: World, at: Callable[[str], None]) -> None:
    lu, tang, province = world["lu"], world["tang"], world["province"]
    at(MAY)
    assert lu.store.read(reminder) is None
    teacher = add_account(lu, "张三")
    add_account(province, "周八")
    assert province.store.read(reminder) is None  # nobody above to file with
    found = lu.store.read(reminder)
    assert found is not None
    assert (found.state, found.days, found.sentence) == (
        "open", 51, "2027年5月账户备案：还有 51 天（2027-06-30 止）；待备案 新增 1 个。",
    )  # fmt: skip
    change = file_accounts(lu, "")
    assert lu.store.read(reminder) is None  # under way
    report(lu, tang)
    assert lu.state_of(change) == "effective"
    disable(lu, teacher)
    at("2027-09-20T02:00:00Z")
    found = lu.store.read(reminder)
    assert found is not None
    assert (found.state, found.days, found.disabled) == ("soon", 11, 1)
    at("2027-08-20T02:00:00Z")
    assert lu.store.read(reminder) is None
    at("2028-11-03T02:00:00Z")
    found = lu.store.read(reminder)
    assert found is not None
    assert (found.state, found.days) == ("missed", 3)
    assert "已逾期 3 天，补报须写明原因" in found.sentence


# --- units that lost their memory, and units that were merged ------------------------------------------------


def told(entry: dict[str, Any], **given: Any) -> tuple[dict[str, Any], bytes]:
    """An entry as a superior tells it, and its bytes."""
    made = {**entry, **given}
    check_entry(made, ACCOUNT_FILING)
    return made, entry_line(made)


def test_accounts_come_back_as_they_were_filed(world: World, at: Callable[[str], None]) -> None:
    at(MAY)
    lu, tang = world["lu"], world["tang"]
    zhang, li = add_account(lu, "张三"), add_account(lu, "李四")
    file_accounts(lu, "")
    report(lu, tang)
    entries = {one["id"]: one for one in tang.store.read(lambda s: list(filed_entries(s, LU.id)))}
    assert set(entries) == {zhang, li}
    edit(lu, li, department="教务处")  # newer here than what is told: stays, and is filed next time
    lost = {**entries[zhang], "id": "e" * 36, "values": {**entries[zhang]["values"], "username": "tslnsunba"}}
    rows = [
        told(entries[zhang], status="disabled", act="disabled", revision=9),  # disabled after the backup was made
        told(entries[li]),
        told(lost, revision=4),
    ]
    actor = lu.store.actor
    assert lu.store.write(bring_rows, actor, "teachers", "batch", "", rows) == 1
    assert [one[:2] for one in stands(lu, zhang, li, "e" * 36)] == [
        ("disabled", "disabled"), ("active", "active"), ("active", "active"),
    ]  # fmt: skip
    assert acts(lu) == [("tslnlisi", "changed")]
    waiting = told({**lost, "id": "f" * 36}, revision=2)  # under review above: not filed yet
    assert lu.store.write(bring_rows, actor, "teachers", "batch", "c" * 36, [waiting]) == 1
    assert stands(lu, "f" * 36)[0][:2] == ("active", "")


def test_a_superior_that_lost_everything_is_filed_with_anew(world: World, at: Callable[[str], None]) -> None:
    at(NOVEMBER)
    lu, tang = world["lu"], world["tang"]
    add_account(lu, "张三")
    gone = add_account(lu, "李四")
    file_accounts(lu)
    report(lu, tang)
    disable(lu, gone)
    lu.act(Role.ADMINISTRATOR)
    assert lu.store.write(draft_everything, lu.store.actor) == 1
    (draft,) = [one for one in lu.store.read(changes.list_changes) if one.state == "draft"]
    assert draft.subject_label == "2027年10月首次备案：新增 1 个、禁用 1 个"
    assert lu.store.write(draft_everything, lu.store.actor) == 0  # it waits already


def test_accounts_of_a_merged_unit_are_not_filed_twice(world: World) -> None:
    lu = world["lu"]
    row = {"id": "e" * 36, "values": {"name": "孙八", "username": "tslnsunba"}, "status": "active", "revision": 5}
    lu.store.write(merged_rows.take, lu.store.actor, "teachers", LUAN, [{**row, "history": []}], "d" * 64)
    assert stands(lu, "e" * 36) == [("active", "active", "孙八")]
    assert acts(lu) == []
