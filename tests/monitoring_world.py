"""Quality-monitoring accounts for the tests: asked for, approved, and what a unit has of them."""

from __future__ import annotations

from models.domain.units import Role
from models.services.monitoring import list_accounts
from models.services.monitoring.proposals import propose_close, propose_open, propose_post
from tests.sync_world import Member

LEADER, TEACHING, COMMITTEE = "主管教学校长", "教学部门负责人", "质量保证委员会成员"


def person(name: str, post: str, **given: str) -> dict[str, str]:
    """The fields of an account; the mail follows from the user name."""
    username = given.get("username") or f"zljk{name.encode().hex()}"
    return {
        "name": name, "sex": "女", "department": "教务处", "post": post, "office_phone": "0315-2234567",
        "phone": "", "email": f"{username}@example.org", "username": username, **given,
    }  # fmt: skip


def ask(member: Member, name: str, post: str, **given: str) -> str:
    """The registrar asks for an account; the change's id."""
    member.act(Role.REGISTRAR)
    return member.store.write(propose_open, member.store.actor, person(name, post, **given))


def opened_account(member: Member, name: str, post: str, **given: str) -> str:
    """An account in use; its holder's name."""
    member.approve([ask(member, name, post, **given)])
    return name


def move(member: Member, name: str, post: str, reason: str = "岗位变动") -> str:
    """The registrar asks for another post; the change's id."""
    member.act(Role.REGISTRAR)
    return member.store.write(propose_post, member.store.actor, name, {"post": post}, reason)


def close(member: Member, name: str, reason: str = "离岗") -> str:
    """The registrar asks for the end of an account; the change's id."""
    member.act(Role.REGISTRAR)
    return member.store.write(propose_close, member.store.actor, name, reason)


def accounts_of(member: Member) -> list[tuple[str, str, str]]:
    """(name, post, state) of what a store knows."""
    return [(one.values["name"], one.values["post"], one.state) for one in member.store.read(list_accounts)]
