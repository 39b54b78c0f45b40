"""Which filing an account goes into, and what the command line tells of those that go into none yet (A8, A13-A15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.domain.errors import DataFaultError, UserError
from models.domain.states import Verdict
from models.domain.units import Role
from models.services import changes
from models.services.accounts import creation
from models.services.filing import calendar
from models.services.filing.overview import find_filing
from models.services.filing.proposing import propose_filing, redate_filing
from models.store import audit
from models.store import tables as t
from sync.packages import outbox
from tests.integration.test_cli import refused
from tests.integration.test_filing_forms import call
from tests.open_world import add_account, file_accounts, make_open_tiers, open_world
from tests.sync_world import Member, deliver

World = dict[str, Member]
MAY, OCTOBER, NOVEMBER = "2027-05-10T02:00:00Z", "2027-10-08T02:00:00Z", "2027-11-08T02:00:00Z"
WAITING = {"name": "未批准", "sex": "女", "email": "w@example.org", "office_phone": "0315-2234567",
           "employment": "专任", "on_staff": "是"}  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("periods") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let filings be judged at a time."""
    return lambda moment: monkeypatch.setattr(calendar, "moment", lambda _: moment)


def test_accounts_are_not_filed_in_windows_long_past(world: World, at: Callable[[str], None]) -> None:
    at(NOVEMBER)
    lu = world["lu"]
    add_account(lu, "张三")
    for period in ("2026-10", "2027-05", "2028-10"):
        with pytest.raises(DataFaultError, match=r"--period 2027-10.*--period 2028-05"):
            lu.store.write(propose_filing, lu.store.actor, period, "补报")
    assert lu.store.write(propose_filing, lu.store.actor, "2027-10", "补报")


def test_a_returned_filing_is_filed_in_another_window(world: World, at: Callable[[str], None]) -> None:
    at(MAY)
    lu, tang = world["lu"], world["tang"]
    add_account(lu, "张三")
    assert lu.store.write(redate_filing, lu.store.actor, "2027-05") is None
    change = file_accounts(lu, "")
    built = outbox.build(lu.store, lu.act(Role.REGISTRAR), lu.out)
    deliver(lu, tang)
    tang.review_all(built.package_id or "", Verdict.RETURN, "请核对")
    deliver(tang, lu)
    at(OCTOBER)
    with pytest.raises(UserError, match=r"2027年5月的账户备案草稿 .*--period"):
        lu.store.write(propose_filing, lu.store.actor)
    with pytest.raises(DataFaultError, match="现在不能办理"):
        lu.store.write(redate_filing, lu.store.actor, "2027-05")
    number = lu.store.read(changes.get, change).summary.number
    made = call(lu, "filing", "propose", "--period", "2027-10").json
    assert (made["number"], made["period"], made["state"]) == (number, "2027-10", "pending")
    assert made["label"].startswith("2027年10月")


def test_those_that_wait_for_the_head_are_told(world: World, at: Callable[[str], None]) -> None:
    at(NOVEMBER)
    lu = world["lu"]
    add_account(lu, "张三")
    lu.store.write(creation.create, lu.store.actor, [WAITING])
    said = call(lu, "filing", "status").json
    assert (said["added"], said["waiting"]) == (1, 1)
    told = "另有 1 个新账户还没有经主管领导批准"
    assert told in call(lu, "filing", "status", text=True).out
    late = call(lu, "filing", "propose")
    refused(late, late.code, "没有建立变更", "逾期")
    assert "BG-" not in late.err
    assert told in call(lu, "filing", "propose", "--reason", "休假", text=True).out
    assert "收到上级回执前" in call(lu, "filing", "status", text=True).out


def test_what_is_late_and_what_is_to_be_filed_are_one_number(world: World, at: Callable[[str], None]) -> None:
    at(NOVEMBER)
    lu = world["lu"]
    add_account(lu, "张三")
    later = add_account(lu, "李四")

    def open_later(session: Session) -> None:
        session.execute(update(t.account).where(t.account.c.id == later).values(opened_at="2027-11-05T02:00:00Z"))
        audit.append(session, lu.store.actor, "test.accounts", f"teachers:{later}", {})

    lu.store.write(open_later)
    told = call(lu, "filing", "status", text=True).out
    assert "2027年10月账户备案已逾期 8 天" in told
    numbers = [line.rpartition("待备案")[2].strip("：。 ") for line in told.splitlines() if "待备案" in line]
    assert numbers == ["新增 2 个", "新增 2 个"]


def test_a_form_without_rows_names_the_periods_that_have_some(
    world: World, at: Callable[[str], None], tmp_path: Path
) -> None:
    at(MAY)
    lu = world["lu"]
    add_account(lu, "张三")
    none = call(lu, "filing", "build", "annex3", "--out", tmp_path)
    refused(none, none.code, "还没有任何一次备案", "filing propose")


def test_a_form_of_another_period_names_those_filed(world: World, at: Callable[[str], None], tmp_path: Path) -> None:
    at(MAY)
    lu = world["lu"]
    add_account(lu, "张三")
    change = file_accounts(lu, "")
    assert lu.store.read(find_filing, change)
    at(OCTOBER)
    none = call(lu, "filing", "build", "annex3", "--out", tmp_path)
    refused(none, none.code, "2027年10月没有可以列入", "有备案的是：2027-05", "--period")
