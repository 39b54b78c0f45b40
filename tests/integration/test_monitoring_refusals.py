"""What a unit may not bring: the applications of others, older ones, days of another shape, one person twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.domain.errors import DataFaultError, FileRefusedError
from models.domain.ids import new_id
from models.services import registers
from models.services.duties import register
from models.services.duties.register import list_named
from models.services.monitoring.filing import applications, receive
from models.store import tables as t
from tests.monitoring_world import COMMITTEE, TEACHING, accounts_of, ask, move, opened_account
from tests.open_world import BAO, LU, TANG, carry, make_open_tiers, open_world
from tests.sync_world import Member

World = dict[str, Member]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("refusals") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members


def test_one_person_is_not_asked_for_twice_in_one_queue(world: World) -> None:
    tang = world["tang"]
    first = ask(tang, "韩梅", COMMITTEE, username="hanmei1", email="h@example.org")
    with pytest.raises(DataFaultError, match="正在核办"):
        ask(tang, "韩梅", COMMITTEE, username="hanmei2", email="h@example.org")
    with pytest.raises(DataFaultError, match="正在核办"):
        ask(tang, "李雷", COMMITTEE, username="hanmei1", email="l@example.org")
    tang.approve([first])
    assert accounts_of(tang) == [("韩梅", COMMITTEE, "active")]


def test_a_unit_applies_for_its_own_changes_and_accounts_only(world: World) -> None:
    tang, province = world["tang"], world["province"]
    opened_account(tang, "韩梅", COMMITTEE)
    change = move(tang, "韩梅", TEACHING)
    tang.approve([change])
    carry(world)
    row = province.store.read(lambda session: session.execute(select(t.monitoring_application)).one())
    body: dict[str, Any] = {
        "change": row.change_id, "attempt": row.attempt + 1, "number": row.number, "account": row.account_id,
        "before": json.loads(row.before), "after": json.loads(row.after), "reason": "岗位变动", "initiator": "登记员",
        "approved_by": "负责人", "approved_at": row.approved_at,
    }  # fmt: skip

    def said(origin: str, **other: Any) -> str:
        return province.store.write(receive, province.store.actor, new_id(), origin, {**body, **other})

    for other in ({}, {"account": new_id()}, {"change": new_id()}):
        with pytest.raises(FileRefusedError, match="其他单位"):
            said(BAO.id, **other)
    assert "请备案或不予备案" in said(TANG.id)
    with pytest.raises(FileRefusedError, match="更新的一次"):
        said(TANG.id, attempt=row.attempt)
    assert [(one.unit_id, one.attempt) for one in province.store.read(applications)] == [(TANG.id, row.attempt + 1)]


@pytest.mark.parametrize("day", ["20260901", "2026-W36-2", "九月一日"])
def test_a_day_of_another_shape_leaves_what_was_told_before(world: World, day: str) -> None:
    tang = world["tang"]
    entry = {"register": "duty", **dict.fromkeys(register.TOLD, ""), "id": new_id(), "code": "account_admin",
             "name": "韩梅", "since": "2026-09-01"}  # fmt: skip

    def told(*entries: dict[str, str]) -> str:
        body = {"entries": list(entries), "goes_on": False}
        return tang.store.write(registers.take, tang.store.actor, LU.id, "2026-09-01T00:00:00Z", body)

    told(entry)
    with pytest.raises(ValueError, match=r"since|Invalid isoformat"):
        told({**entry, "id": new_id()}, {**entry, "id": new_id(), "since": day})
    assert [one.id for one in tang.store.read(list_named)] == [entry["id"]]
