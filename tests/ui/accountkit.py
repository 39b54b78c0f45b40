"""A unit of the open line with teachers' accounts, and a person whose clicks and keys are counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from sqlalchemy import insert, select

from models.domain.units import Role
from models.services import changes
from models.services.accounts import creation
from models.store import tables as t
from tests.kept import made_once
from tests.open_world import LU
from tests.sync_world import Member, found, open_member
from tests.ui.pagekit import settle, write_in

ABROAD = "00000900-0000-4000-8000-0000000000ff"


@made_once
def make_centre(folder: Path) -> Path:
    """A learning centre with three persons and no accounts."""
    found(folder / "lu", LU)
    return folder


@contextmanager
def centre(folder: Path) -> Iterator[Member]:
    """A copy of it, its registrar acting."""
    member = open_member(make_centre(folder) / "lu")
    yield member
    member.store.close()


def teacher(name: str, serial: int, **given: str) -> dict[str, str]:
    """The six truthful fields of an invented teacher."""
    return {
        "name": name, "sex": "女", "email": f"t{serial}@example.org", "office_phone": f"0315-22345{serial:02d}",
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


class Counted:
    """Clicks and keys a person spends; only these reach the window."""

    def __init__(self, qtbot: Any, window: Any) -> None:
        self._qtbot, self.window = qtbot, window
        self.clicks = self.keys = 0

    def click(self, made: Any) -> None:
        self._qtbot.mouseClick(made, Qt.MouseButton.LeftButton)
        self.clicks += 1
        self.wait()

    def key(self, code: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        self.window.activateWindow()  # shortcuts are of the active window only
        self._qtbot.waitUntil(self.window.isActiveWindow, timeout=5000)
        self._qtbot.keyClick(self.window.focusWidget() or self.window, code, modifier)
        self.keys += 1
        self.wait()

    def type(self, text: str) -> None:
        """Typing of data is not counted (ux 4)."""
        for char in text:
            write_in(self.window.focusWidget(), char)

    def wait(self) -> None:
        """Until the window has nothing to do."""
        for _ in range(2):
            settle(self._qtbot, self.window.context)
