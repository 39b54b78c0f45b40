"""Changes of monitoring accounts in the window: the head sees what is asked and why, and signs it (A3, A4)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QLabel

from models.domain.change_kinds import MONITORING_POST
from models.domain.units import Role
from tests.monitoring_world import COMMITTEE, TEACHING, move, opened_account
from tests.open_world import TANG
from tests.sync_world import found, opened
from tests.ui.test_open_line import decide, enter, leave
from tests.ui.windowkit import look, show


def test_the_head_signs_a_change_of_post(qtbot: Any, tmp_path: Path) -> None:
    found(tmp_path / "tang", TANG)
    with opened(tmp_path, "tang") as (tang,):
        opened_account(tang, "韩梅", COMMITTEE)
        change = move(tang, "韩梅", TEACHING, "任教学部主任")
        decide(qtbot, tang, tmp_path, MONITORING_POST.key, "approved")
        window = enter(qtbot, tang, Role.REGISTRAR, tmp_path)
        window.context.navigate("changes", change=change)
        page = show(qtbot, window, "changes")
        look(window, "monitoring-change")
        said = " ".join(label.text() for label in page.findChildren(QLabel))
        assert "等待省校备案" in said
        assert "省校教务处教学督导与质量监控科备案" in said
        assert TEACHING in said
        assert tang.state_of(change) == "approved"
        leave(window)
