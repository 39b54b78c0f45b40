"""The accounts page over a real store: drafts, requests, renames, user names held elsewhere, teachers from a list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from models.domain.fields import ACCOUNTS
from models.domain.units import Role
from models.services import changes, roster
from models.services.accounts import creation
from models.store import tables as t
from tests.open_world import LU
from tests.sync_world import Member, found, open_member
from tests.ui.pagekit import finish, make_context, scan, settle
from tests.ui.test_layout import faults
from tests.ui.windowkit import look, press
from ui.pages.accounts import AccountsPage

ABROAD = "00000900-0000-4000-8000-0000000000ff"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("accounts") / "lu"
    found(home, LU)
    return home


@pytest.fixture
def member(template: Path, tmp_path: Path) -> Iterator[Member]:
    shutil.copytree(template, tmp_path / "lu")
    opened = open_member(tmp_path / "lu")
    yield opened
    opened.store.close()


def teacher(name: str, serial: int, **given: str) -> dict[str, str]:
    """The six truthful fields of an invented teacher."""
    return {
        "name": name, "sex": "女", "email": f"t{serial}@example.org", "office_phone": f"0315-12345{serial:02d}",
        "employment": "专任", "on_staff": "是", **given,
    }  # fmt: skip


def in_use(member: Member, *names: str, **given: str) -> list[str]:
    """Accounts that are approved; their ids."""
    member.act(Role.REGISTRAR)
    records = [teacher(name, serial, **given) for serial, name in enumerate(names)]
    made = member.store.write(creation.create, member.store.actor, records)
    assert not made.missing
    member.approve([made.change_id])
    member.act(Role.REGISTRAR)
    return list(made.ids)


def hold_elsewhere(member: Member, *usernames: str) -> None:
    """Taken names as they come down from above."""
    rows = [
        {"unit_id": LU.id, "username": name, "source_id": ABROAD, "told_at": "2026-09-01T00:00:00Z"}
        for name in usernames
    ]
    member.store.write(lambda session: session.execute(insert(t.taken_name), rows))


def status_of(member: Member, account_id: str) -> str:
    return str(
        member.store.read(lambda s: s.execute(select(t.account.c.status).where(t.account.c.id == account_id)).scalar())
    )


def open_changes(member: Member) -> list[changes.ChangeSummary]:
    return member.store.read(changes.list_changes, changes.ChangeQuery(open_only=True))


@pytest.fixture
def shown(member: Member, qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens the page for the registrar; (page, context, toasts)."""
    contexts: list[Any] = []

    def make() -> Any:
        member.act(Role.REGISTRAR)
        context, said = make_context(member.store, tmp_path)
        contexts.append((context, said))
        page = AccountsPage(context)
        qtbot.addWidget(page)
        page.resize(1178, 700)
        toasts: list[tuple[str, Any]] = []
        context.toasted.connect(lambda text, undo, _tone: toasts.append((text, undo)))
        context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
        page.refresh()
        page.show()
        settle(qtbot, context)
        return page, context, toasts

    yield make
    for context, said in contexts:
        finish(context)
        assert not said


def words_of(page: Any) -> str:
    """Everything the panel says."""
    from PySide6.QtWidgets import QLabel

    return "\n".join(one.text() for one in page.panel.findChildren(QLabel) if one.isVisible())


def choose(qtbot: Any, page: Any, context: Any, *ids: str) -> None:
    page.listing.model.set_checked(list(ids), True)
    settle(qtbot, context)


def test_a_gap_waits_as_a_draft_and_is_filled_where_it_is_marked(shown: Any, member: Member, qtbot: Any) -> None:
    page, context, toasts = shown()
    page.run_action("new")
    form = page.panel.form
    for key, text in teacher("王小明", 1, email="", office_phone="").items():
        form.form.entries[key].set_text({"专任": "1", "是": "1", "女": "2"}.get(text, text))
    form._propose()
    settle(qtbot, context)
    page.run_action("save")
    settle(qtbot, context)
    assert "已存为草稿" in toasts[0][0]
    assert "邮箱、办公电话" in toasts[0][0]
    assert "“待批准”" in toasts[0][0]
    assert page.listing.query.status == "pending"
    settle(qtbot, context)
    assert "未填，须如实填写" in words_of(page)
    assert not faults(page)
    look(page, "accounts-draft")
    press(qtbot, page.panel, "补齐")
    settle(qtbot, context)
    form = page.panel.form
    assert form.form.entries["email"]._fault.text()
    look(page, "accounts-marked")
    form.form.entries["email"].set_text("w@example.org")
    form.form.entries["office_phone"].set_text("0315-7654321")
    page.run_action("save")
    settle(qtbot, context)
    settle(qtbot, context)
    press(qtbot, page.panel, "提交")
    settle(qtbot, context)
    settle(qtbot, context)
    (change,) = open_changes(member)
    assert (change.kind, change.state) == ("account.create", "pending")
    member.approve([change.id])
    page.show_status("active")
    settle(qtbot, context)
    assert len(page.listing.model.ids) == 1
