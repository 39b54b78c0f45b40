"""The second PC in the window: first start, pairing on both sides, drafts out, decisions back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from models.domain.units import Role
from models.services import changes, companions
from models.store.store import Store
from sync.companions import pairing
from tests.sync_world import CHEAPEST, PEOPLE, SCHOOL, Member, found, open_member
from tests.ui.pagekit import finish, make_context, settle
from tests.ui.windowkit import make_window, open_window, show
from ui.intake import page_for_signed
from ui.kit.secret import PassphrasePrompt
from ui.pages.changes import ChangesPage
from ui.pages.codes_sheet import CodesSheet
from ui.pages.first_run import FirstRun
from ui.pages.packages import PackagesPage
from ui.pages.settings_companions import CompanionSettings

NAME = PEOPLE[Role.HEAD][0]
SECRET = "second meadow passage 74"


@pytest.fixture
def main(tmp_path: Path) -> Iterator[Member]:
    found(tmp_path / "school", SCHOOL)
    member = open_member(tmp_path / "school")
    yield member
    member.store.close()


@pytest.fixture
def second(tmp_path: Path) -> Iterator[Store]:
    made = pairing.create(tmp_path / "head", NAME, SECRET, kdf=CHEAPEST)
    assert made.store is not None
    yield made.store
    made.store.close()


def picture(widget: object, name: str) -> None:
    """A picture to look at, when a folder is named for it."""
    if folder := os.environ.get("ROLLBOOK_SHOTS"):
        widget.grab().save(str(Path(folder) / f"{name}.png"))  # type: ignore[attr-defined]


def test_first_start_of_a_second_pc_leads_to_the_pairing(qtbot, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    window = make_window(tmp_path / "二", tmp_path)
    qtbot.addWidget(window)
    first = window.entrance
    assert isinstance(first, FirstRun)
    picture(window, "second-doors")
    first._begin_second()
    form = first.second_form
    first._create_second()
    assert form.name._fault.text()
    form.name.set_text(NAME)
    form.passphrase.set_text(SECRET)
    form.again.set_text(SECRET)
    picture(window, "second-form")
    first.go.click()
    qtbot.waitUntil(lambda: bool(first.findChildren(CodesSheet)), timeout=60000)
    sheet = first.findChildren(CodesSheet)[0]
    sheet.noted.setChecked(True)
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)
    settle(qtbot, window.context)
    assert window.workspace is not None
    assert window.workspace.current == "settings"
    part = show(qtbot, window, "settings").parts["companions"]
    assert part.isVisible()
    assert part.ask.isVisible()
    picture(window, "second-pairing")
    window.close()


def test_pairing_in_two_windows_and_one_round(qtbot, tmp_path: Path, main: Member, second: Store) -> None:  # type: ignore[no-untyped-def]
    stick = tmp_path / "U 盘"
    stick.mkdir()
    window = open_window(qtbot, second, tmp_path)
    qtbot.addWidget(window)
    window.context.prompt.target = stick
    there = show(qtbot, window, "settings").parts["companions"]
    assert isinstance(there, CompanionSettings)
    there.request()
    settle(qtbot, window.context)
    (asked,) = stick.glob("配对申请*")
    assert there.written.grid.count() == 10
    assert page_for_signed(asked) == "settings"

    main.act(Role.ADMINISTRATOR)
    context, said = make_context(main.store, tmp_path)
    context.prompt.target = stick
    here = CompanionSettings(context)
    qtbot.addWidget(here)
    here.show()
    here.take(asked)
    settle(qtbot, context)
    here.words.set_text("不是 这些 词")
    here._confirmed()
    assert here.words._fault.text()
    here.words.set_text(pairing.read_request(asked).words)
    here._confirmed()
    settle(qtbot, context)
    (reply,) = stick.glob("配对批复*")
    assert not here.written.isHidden()
    assert here.model.rowCount() == 1
    here.resize(860, 640)
    picture(here, "main-paired")
    assert not said

    there.take(reply)
    settle(qtbot, window.context)
    there.words.set_text(pairing.read_reply(reply).words)
    there._confirmed()
    prompt = there.findChild(PassphrasePrompt)
    prompt.given.emit(SECRET)
    qtbot.waitUntil(lambda: not window.context.is_open, timeout=20000)  # locked: who comes in is of the unit now
    settle(qtbot, window.context)
    window.enter(Store.open(second.home, NAME, SECRET))
    settle(qtbot, window.context)
    assert window.context.actor.unit == SCHOOL

    change = main.propose(main.add_pupils(1)[0], "赵一")
    desk = ChangesPage(context)
    qtbot.addWidget(desk)
    desk.resize(1100, 600)
    desk.show()
    desk.refresh()
    settle(qtbot, context)
    assert desk.companion.isVisible()
    picture(desk, "main-changes")
    desk.companion.go.click()
    settle(qtbot, context)
    (drafts,) = stick.glob("待核办*")
    assert page_for_signed(drafts) == "packages"

    intake = show(qtbot, window, "packages")
    assert isinstance(intake, PackagesPage)
    intake.open_file(drafts)
    settle(qtbot, window.context)
    store = window.context.store
    review = show(qtbot, window, "review")
    assert review.companion.isVisible()
    assert not review.companion.go.isEnabled()
    store.write(changes.approve, store.actor, store.signer(SECRET), [change], "同意")
    settle(qtbot, window.context)
    qtbot.waitUntil(review.companion.go.isEnabled, timeout=10000)
    picture(window, "second-review")
    review.companion.go.click()
    settle(qtbot, window.context)
    (decided,) = stick.glob("核办结果*")
    main.receive(decided)
    assert main.state_of(change) == "approved"
    assert store.read(companions.list_companions)[0].sent == 1
    finish(context)
    window.close()
