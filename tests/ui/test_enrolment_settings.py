"""Joining in the window: the file goes where one says, words stand large, one's own file asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from models.domain.units import Role
from sync.formats import FileKind
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from ui.dialogs.two_people import TwoPeople
from ui.pages.reset_card import ResetCard
from ui.pages.settings_units import UnitSettings


@pytest.fixture
def sides(tmp_path: Path) -> Iterator:  # type: ignore[type-arg]
    found(tmp_path / "school", SCHOOL)
    found(tmp_path / "county", COUNTY)
    with ExitStack() as stack:
        yield stack.enter_context(opened(tmp_path, "school", "county"))


def test_the_request_goes_to_the_stick_and_is_known_again(qtbot, sides, tmp_path) -> None:  # type: ignore[no-untyped-def]
    school, county = sides
    stick = tmp_path / "U 盘"
    stick.mkdir()
    context, said = make_context(school.store, tmp_path)
    context.prompt.target = stick
    part = UnitSettings(context)
    qtbot.addWidget(part)
    part.show()
    part.request()
    settle(qtbot, context)
    (path,) = stick.glob("*.rollbook")
    assert not part.written.isHidden()
    assert part.written.grid.count() == 10
    assert str(path) in part.written.sentence.text()
    part.written.hide()
    part.take(path)
    settle(qtbot, context)
    assert part.confirm.isHidden()  # nobody compares words with oneself
    assert not part.written.isHidden()
    assert not said
    finish(context)

    other, _said = make_context(county.store, tmp_path)
    theirs = UnitSettings(other)
    qtbot.addWidget(theirs)
    theirs.show()
    theirs.take(path)
    settle(qtbot, other)
    assert not theirs.confirm.isHidden()
    assert theirs.findChild(TwoPeople) is None
    finish(other)


def test_a_bureau_writes_the_notice_of_reset_and_a_school_has_none(qtbot, sides, tmp_path) -> None:  # type: ignore[no-untyped-def]
    school, county = sides
    enrol(school, county)
    stick = tmp_path / "通知"
    stick.mkdir()
    context, said = make_context(county.store, tmp_path)
    county.act(Role.ADMINISTRATOR)
    context.prompt.target = stick
    part = UnitSettings(context)
    qtbot.addWidget(part)
    part.show()
    cards = part.findChildren(ResetCard)
    assert len(cards) == 1
    cards[0].write()
    settle(qtbot, context)
    (dialog,) = cards[0].findChildren(TwoPeople)
    dialog.own.widget.setText(PEOPLE[Role.ADMINISTRATOR][1])
    dialog.officer.set_text("登记员")
    dialog.other.widget.setText(PEOPLE[Role.REGISTRAR][1])
    dialog.go.click()
    settle(qtbot, context)
    (path,) = stick.glob("重建通道通知*.rollbook")
    assert not cards[0].result.isHidden()
    assert not said
    assert school.receive(path).kind is FileKind.RESET
    finish(context)

    other, _said = make_context(school.store, tmp_path)
    theirs = UnitSettings(other)
    qtbot.addWidget(theirs)
    theirs.show()
    assert not any(one.go.isVisible() for one in theirs.findChildren(ResetCard))
    finish(other)
