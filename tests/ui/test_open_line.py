"""The open line in the window: a county school imports its teachers, its head approves, its list goes up (A8-A11)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.domain.change_kinds import ACCOUNT_CREATE, ACCOUNT_FILING
from models.domain.fields import ACCOUNTS
from models.domain.units import Role
from models.services import changes
from models.services.filing import calendar
from models.services.filing.proposing import propose_filing
from tests.open_world import LU, TANG, add_account
from tests.sync_world import PEOPLE, Member, deliver, enrol, found, opened
from tests.ui.pagekit import settle
from tests.ui.windowkit import give_passphrase, look, open_window, press, show
from ui.main_window import MainWindow

LIST = """姓名,性别,邮箱,办公电话,聘任方式,是否在编,部门,职务
陈知书,女,a@example.org,0315-2234567,专任,是,教务处,主任
林书讲,男,b@example.org,0315-2234568,兼职,否,教务处,教师
高文员,女,c@example.org,0315-2234569,专任,是,办公室,干事
"""


@pytest.fixture
def units(tmp_path: Path) -> Iterator[tuple[Member, Member]]:
    """A city school and a county school below it, enrolled."""
    for name, unit in (("tang", TANG), ("lu", LU)):
        found(tmp_path / name, unit)
    with opened(tmp_path, "lu", "tang") as (lu, tang):
        enrol(lu, tang)
        yield lu, tang


def enter(qtbot: Any, member: Member, role: Role, folder: Path) -> MainWindow:
    member.act(role)
    window = open_window(qtbot, member.store, folder)
    window.context.prompt.target = member.out  # type: ignore[attr-defined]
    return window


def leave(window: MainWindow) -> None:
    """Close the window; the store stays with its kit."""
    window.context.set_store(None)
    window.close()


def click(qtbot: Any, window: MainWindow, text: str) -> None:
    press(qtbot, window, text)
    settle(qtbot, window.context)


def import_teachers(qtbot: Any, window: MainWindow, folder: Path) -> None:
    """The list is written; those without a user name are new accounts and go to the head at once."""
    path = folder / "教师名单.csv"
    path.write_text(LIST, encoding="utf-8")
    page = show(qtbot, window, "import")
    page.arrive(path=path, kind=ACCOUNTS)
    settle(qtbot, window.context)
    settle(qtbot, window.context)
    click(qtbot, window, "提交 3 个账户")
    look(window, "open-result")


def decide(qtbot: Any, member: Member, folder: Path, kind: str, state: str) -> None:
    """The head finds one change waiting and signs it."""
    window = enter(qtbot, member, Role.HEAD, folder)
    page = show(qtbot, window, "review")
    assert page.queue_title.text() == "待我核办 1"
    assert window.workspace is not None
    assert window.workspace.sidebar._badges["review"].text() == "1"
    look(window, f"open-review-{kind}")
    click(qtbot, page, "通过")
    click(qtbot, page, "签名确认")
    give_passphrase(qtbot, window, PEOPLE[Role.HEAD][1])
    newest = member.store.read(changes.list_changes)[0]
    assert (newest.kind, newest.state) == (kind, state)
    leave(window)


def test_from_a_list_of_teachers_to_a_package(
    qtbot: Any, units: tuple[Member, Member], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calendar, "moment", lambda _: "2027-05-10T02:00:00Z")
    lu, tang = units
    add_account(lu, "周新岚")
    window = enter(qtbot, lu, Role.REGISTRAR, tmp_path)
    import_teachers(qtbot, window, tmp_path)
    leave(window)
    decide(qtbot, lu, tmp_path, ACCOUNT_CREATE.key, "effective")

    lu.act(Role.REGISTRAR)
    change = lu.store.write(propose_filing, lu.store.actor)
    lu.store.write(changes.submit, lu.store.actor, change)
    assert lu.store.read(changes.get, change).summary.subject_label == "2027年5月首次备案：新增 4 个"
    decide(qtbot, lu, tmp_path, ACCOUNT_FILING.key, "approved")

    window = enter(qtbot, lu, Role.REGISTRAR, tmp_path)
    page = show(qtbot, window, "packages")
    click(qtbot, page, "打包已批准的 1 项")
    give_passphrase(qtbot, window, PEOPLE[Role.REGISTRAR][1])
    settle(qtbot, window.context)
    look(window, "open-packages")
    page.deliver(None)
    settle(qtbot, window.context)
    assert list(lu.out.glob("*.rollbook"))
    leave(window)

    assert deliver(lu, tang)
    window = enter(qtbot, tang, Role.REGISTRAR, tmp_path)
    page = show(qtbot, window, "review")
    assert (page.queue_title.text(), page.desk_tabs.tabs["received"].isChecked()) == ("待我核办 1", True)
    look(window, "open-received")
    click(qtbot, page, "本单位")
    assert not page.queue.queue.entries
    click(qtbot, page, "下级报来")
    click(qtbot, page, "通过")
    assert sum(entry.verdict is not None for entry in page.queue.queue.entries) == 1
    leave(window)
