"""Joining in the window: the file goes where one says, words stand large, one's own file asks for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.sync_world import COUNTY, SCHOOL, found, opened
from tests.ui.pagekit import finish, make_context, settle
from ui.dialogs.two_people import TwoPeople
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
