"""What a superior tells of user names is taken as far as it is of use: no illegal name, nobody else's (A17)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from models.domain.errors import FileRefusedError
from models.domain.fields import ACCOUNTS
from models.domain.ids import new_id
from models.services import changes, name_offers, roster, taken_names
from models.services.accounts import collisions
from models.store import tables as t
from tests.open_world import LU, LUAN, TANG, add_account, make_open_tiers, open_world
from tests.sync_world import Member

TAKEN = ["tslnzhangsan", "tslnlisi", "tslnwangwu"]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("offers") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[dict[str, Member]]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def told(member: Member, offered: object) -> taken_names.News:
    body = {"taken": TAKEN, "freed": [], "offered": offered}
    return member.store.write(taken_names.take, member.store.actor, TANG.id, body)


@pytest.mark.parametrize(
    "offered",
    [{"a": "张三"}, {"a": "tsln zhangsan2"}, {"a": "TSLN2"}, {"a": 2}, {"a": "x", "b": "x"}, {"": "x"}, ["x"], None],
)  # fmt: skip
def test_a_name_the_platform_does_not_take_is_refused_with_all_that_came(
    world: dict[str, Member], offered: object
) -> None:
    lu = world["lu"]
    with pytest.raises(FileRefusedError, match="格式不对"):
        told(lu, offered)
    assert lu.store.read(taken_names.elsewhere) == set()


def test_names_of_others_are_not_taken_over_and_hold_nobody_up(world: dict[str, Member]) -> None:
    lu = world["lu"]
    ids = [add_account(lu, name) for name in ("张三", "李四", "王五")]
    told(lu, dict(zip(ids, ("tslnlisi", "admin", "tslnwangwu7"), strict=True)))
    made = lu.store.write(collisions.propose_renames, lu.store.actor, ids)
    assert {lu.store.read(changes.get, one).summary.state for one in made} == {"pending"}
    lu.approve(made)
    found = [lu.store.read(roster.get, ACCOUNTS, one).values["username"] for one in ids]
    assert found == ["tslnzhangsan2", "tslnlisi2", "tslnwangwu7"]


def test_what_is_kept_for_a_unit_below_stays_whatever_the_superior_says(world: dict[str, Member]) -> None:
    tang, account = world["tang"], new_id()
    held = {"username": "tslnlisi2", "unit_id": LUAN.id, "account_id": account, "told_at": "2026-09-01T00:00:00Z"}
    tang.store.write(lambda session: session.execute(insert(t.offered_name).values(**held)))
    tang.store.write(name_offers.keep, TANG.id, {account: "tslnlisi3"})
    assert tang.store.read(name_offers.kept_for, LUAN.id) == {account: "tslnlisi2"}
    assert tang.store.read(name_offers.kept_for, LU.id) == {}


def test_long_news_fit_into_messages() -> None:
    names = tuple("tsln" + "汉" * 90 + str(number) for number in range(3000))
    news = taken_names.News(names, (), {new_id(): "a" * 100 for _ in range(3000)})
    found = taken_names.bodies(news)
    assert max(len(json.dumps(one, ensure_ascii=False).encode()) for one in found) < 200 << 10
    assert tuple(name for one in found for name in one["taken"]) == names
    assert sum(len(one["offered"]) for one in found) == 3000
