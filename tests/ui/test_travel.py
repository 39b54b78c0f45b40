"""What waits to be sent and a superior not heard of for long: counted, in the status bar, once after unlocking."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.domain.times import now_text, to_text
from models.domain.traffic import Traffic
from models.domain.units import Role
from models.services.traffic import traffic
from models.store import audit
from models.store import tables as t
from sync.packages import outbox
from tests.sync_world import COUNTY, SCHOOL, Member, deliver, enrol, found, opened
from tests.ui.windowkit import look, open_window
from ui.status import StatusBar
from ui.travel import reminder, travel_tip, travel_words


def days_ago(days: int) -> str:
    return to_text(datetime.now(UTC) - timedelta(days=days))


@pytest.fixture
def units(tmp_path: Path) -> Iterator[tuple[Member, Member]]:
    found(tmp_path / "school", SCHOOL)
    found(tmp_path / "county", COUNTY)
    with opened(tmp_path, "school", "county") as (school, county):
        enrol(school, county)
        yield school, county


def _long_ago(session: Session, member: Member) -> None:
    """All that was sent was sent 35 days ago."""
    session.execute(update(t.package).values(created_at=days_ago(35)))
    audit.append(session, member.store.actor, "test.clock", "package:all", {})


def test_words_for_what_travels() -> None:
    nothing = Traffic(superior="青禾县教育局", heard=days_ago(29))
    assert (travel_words(nothing), reminder(nothing)) == ("", "")
    some = Traffic(2, 1, 0, 3, days_ago(8), "青禾县教育局", days_ago(41))
    assert travel_words(some) == "待报送 6 项 · 已等 8 天"
    assert travel_tip(some).startswith("已批准待打包 2 项，待发函件 1 件，已打包待送出 3 个文件。与青禾县教育局最近")
    assert reminder(some) == "与青禾县教育局已有 41 天没有往来"
    assert travel_words(Traffic(1, since=now_text())) == "待报送 1 项"


def test_what_waits_is_counted_until_it_was_answered(units: tuple[Member, Member]) -> None:
    school, county = units
    assert school.store.read(traffic) == Traffic(superior=COUNTY.name)
    school.approved(["赵明月", "赵明星"])
    waiting = school.store.read(traffic)
    assert (waiting.changes, waiting.files, waiting.total) == (2, 0, 2)
    assert waiting.since <= now_text()
    outbox.build(school.store, school.act(Role.REGISTRAR), school.out)
    sealed = school.store.read(traffic)
    assert sealed.changes == 0
    assert sealed.heard, "counted from the first package while nothing has come"
    deliver(school, county)
    assert county.store.read(traffic).superior == ""


def test_a_superior_not_heard_of_is_told_of_once(qtbot: Any, units: tuple[Member, Member], tmp_path: Path) -> None:
    school, _ = units
    school.build(["赵明月"])
    school.approved(["赵明星"])
    school.act(Role.REGISTRAR)
    school.store.write(_long_ago, school)
    window = open_window(qtbot, school.store, tmp_path)
    status, workspace = window.statusBar(), window.workspace
    assert isinstance(status, StatusBar)
    assert workspace is not None
    assert status.contact.text().strip() == "与青禾县教育局已有 35 天没有往来"
    assert "待报送" in status.to_send.text()
    assert workspace.notice.words.text().startswith("与青禾县教育局已有 35 天没有往来。")
    look(window, "travel")
    workspace.close_notice()
    workspace._read_figures()
    qtbot.waitUntil(lambda: not window.context.jobs.busy)
    qtbot.wait(20)
    assert not workspace.notice.isVisible()
    window.context.set_store(None)
    window.close()
