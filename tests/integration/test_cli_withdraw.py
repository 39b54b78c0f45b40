"""Taking back on the command line: accounts do not go unasked, and a number that will not be is not named (A8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.domain.units import Role
from tests.integration.test_cli import Done, refused, rollbook

Run = Callable[..., Done]
FACTS = ["sex=女", "office_phone=0317-5551234", "employment=专任", "on_staff=是", "city=沧州", "county=河间市"]


@pytest.fixture
def run(school_store: Any) -> Run:
    def call(role: Role, *arguments: object, text: bool = False) -> Done:
        name, passphrase = school_store.people[role]
        general = [*(() if text else ("--json",)), "--home", school_store.home, "--operator", name]
        return rollbook(*general, "--secret-file", "-", *arguments, given=f"{passphrase}\n")

    return call


def added(run: Run, name: str, *facts: str) -> dict[str, Any]:
    done = run(Role.REGISTRAR, "accounts", "add", f"name={name}", *facts)
    assert done.code == 0, done.err
    found: dict[str, Any] = done.json
    return found


def test_accounts_that_wait_go_only_when_that_is_said(run: Run) -> None:
    made = added(run, "王明", "email=a@example.org", *FACTS)
    number, who = made["change"], made["values"]["username"]
    asked = run(Role.REGISTRAR, "accounts", "set", who, "office_phone=0317-5559999")
    refused(asked, asked.code, number, "正在核办", "change return")
    withdrawn = run(Role.REGISTRAR, "change", "withdraw", number)
    refused(withdrawn, withdrawn.code, "待批准的 1 个账户", "change return", "--drop-accounts")
    assert run(Role.HEAD, "change", "return", number, "--opinion", "电话不对").code == 0
    assert run(Role.REGISTRAR, "accounts", "set", who, "office_phone=0317-5559999").code == 0
    draft = run(Role.REGISTRAR, "change", "withdraw", number)
    refused(draft, draft.code, "accounts set", "--drop-accounts")
    assert run(Role.REGISTRAR, "accounts", "show", who).json["status"] == "pending"
    gone = run(Role.REGISTRAR, "change", "withdraw", number, "--drop-accounts", text=True)
    assert f"{number} 中待批准的 1 个账户已删除" in gone.out
    assert run(Role.REGISTRAR, "accounts", "show", who).code != 0
