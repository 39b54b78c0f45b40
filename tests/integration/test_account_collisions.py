"""Own accounts under user names other units hold: listed and renamed by the rule, also on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from models.domain.errors import UserError
from models.domain.fields import ACCOUNTS
from models.domain.units import Role
from models.services import changes, roster
from models.services.accounts import collisions, creation
from models.services.accounts.facts import facts_of
from models.services.accounts.usernames import candidates_for
from models.store import tables as t
from tests.integration.test_cli_registers import at
from tests.open_world import LU, PROVINCE, add_account
from tests.sync_world import Member, found, open_member


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Member]:
    found(tmp_path / "lu", LU)
    opened = open_member(tmp_path / "lu")
    yield opened
    opened.store.close()


def hold(member: Member, *usernames: str) -> None:
    told = {"unit_id": LU.id, "source_id": PROVINCE.id, "told_at": "2026-09-01T00:00:00Z"}
    rows = [{**told, "username": name} for name in usernames]
    member.store.write(lambda session: session.execute(insert(t.taken_name), rows))


def username(member: Member, account_id: str) -> str:
    return str(member.store.read(roster.get, ACCOUNTS, account_id).values["username"])


def test_what_can_be_renamed_what_waits_and_what_is_on_its_way(member: Member) -> None:
    zhang, li = add_account(member, "张三"), add_account(member, "李四")
    add_account(member, "王五")
    new = {"name": "赵六", "sex": "女", "email": "z@example.org", "office_phone": "0315-7654321"}
    waiting = member.store.write(creation.create, member.store.actor, [new]).ids[0]
    hold(member, "tslnzhangsan", "tslnlisi", "tslnlisi2", "tslnzhaoliu")
    held = member.store.read(collisions.held_elsewhere)
    assert [(one.name, one.waiting, one.can_rename) for one in held] == [
        ("李四", False, True), ("张三", False, True), ("赵六", True, False),
    ]  # fmt: skip
    made = member.store.write(collisions.propose_renames, member.store.actor, [zhang, li])
    number = member.store.read(changes.get, made[0]).summary.number
    (again,) = [one for one in member.store.read(collisions.held_elsewhere) if one.id == zhang]
    assert (again.change, again.can_rename) == (number, False)
    with pytest.raises(UserError, match=number):
        member.store.write(collisions.propose_renames, member.store.actor, [zhang])
    member.approve(made)
    assert (username(member, zhang), username(member, li)) == ("tslnzhangsan2", "tslnlisi3")
    assert [one.id for one in member.store.read(collisions.held_elsewhere)] == [waiting]


def test_who_cannot_be_named_by_the_rule_is_left_and_it_is_said_why(member: Member) -> None:
    rare, usual = add_account(member, "㐂明", username="tslnximing"), add_account(member, "张三")
    hold(member, "tslnximing", "tslnzhangsan")
    with pytest.raises(UserError, match="没有可以申请更名的账户。㐂明："):
        member.store.write(collisions.propose_renames, member.store.actor, [rare])
    assert len(member.store.write(collisions.propose_renames, member.store.actor, [rare, usual])) == 1
    with pytest.raises(UserError, match="没有选中"):
        member.store.write(collisions.propose_renames, member.store.actor, [])


def test_only_free_readings_are_offered_and_the_own_name_is_free(member: Member) -> None:
    add_account(member, "单丽", username="tslnshanli")
    hold(member, "tslndanli")
    record = {"name": "单丽"}
    assert "tslnshanli" in member.store.read(candidates_for, record, "tslnshanli").candidates
    offered = member.store.read(candidates_for, record).candidates
    assert "tslnshanli" not in offered
    assert "tslndanli" not in offered
    assert offered


def test_the_facts_of_an_account_say_what_is_missing_and_what_is_asked(member: Member) -> None:
    new = {"name": "赵六", "sex": "女", "email": "z@example.org"}
    made = member.store.write(creation.create, member.store.actor, [new])
    facts = member.store.read(facts_of, made.ids[0])
    assert facts.missing == ("办公电话", "聘任方式", "是否在编")
    assert [one.id for one in facts.changes] == [made.change_id]
    assert "办公电话" in "".join(facts.faults)
    assert (facts.own, facts.origin, facts.filed, facts.filed_at) == (True, "created", "", "")


def test_the_command_lists_them_and_asks_for_renames(member: Member, tmp_path: Path) -> None:
    account = add_account(member, "张三")
    hold(member, "tslnzhangsan")
    member.store.close()
    run: Any = at(tmp_path / "lu")
    listed = run(Role.REGISTRAR, "accounts", "rename-taken").json
    assert [one["username"] for one in listed["held"]] == ["tslnzhangsan"]
    assert listed["changes"] == []
    asked = run(Role.REGISTRAR, "accounts", "rename-taken", "--submit").json["changes"]
    assert [(one["kind"], one["subject_id"], one["state"]) for one in asked] == [("account.rename", account, "pending")]
    assert run(Role.HEAD, "change", "approve", asked[0]["number"]).code == 0
    assert run(Role.REGISTRAR, "accounts", "rename-taken").json["held"] == []
