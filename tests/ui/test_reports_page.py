"""A report of a county at its city: who and how many, the receipt, and what the county sees of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from models.domain.units import Role
from sync.packages import outbox
from tests.sync_world import CITY, COUNTY, PEOPLE, SCHOOL, Member, deliver, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from ui.pages.packages import PackagesPage


@pytest.fixture
def members(tmp_path: Path) -> Iterator[tuple[Member, Member, Member]]:
    for name, unit in (("school", SCHOOL), ("county", COUNTY), ("city", CITY)):
        found(tmp_path / name, unit)
    with opened(tmp_path, "school", "county", "city") as (school, county, city):
        enrol(county, city)
        enrol(school, county)
        yield school, county, city


def page_of(member: Member, qtbot: Any, folder: Path) -> Any:
    member.act(Role.REGISTRAR)
    context, said = make_context(member.store, folder)
    page = PackagesPage(context)
    qtbot.addWidget(page)
    page.resize(1178, 700)
    page.refresh()
    page.show()
    settle(qtbot, context)
    return page, context, said


def test_a_report_is_told_by_school_and_answered(members: Any, qtbot: Any, tmp_path: Path) -> None:
    school, county, city = members
    package = school.build(["赵明月", "赵明星"]).package_id
    deliver(school, county)
    county.review_all(package)
    page, context, said = page_of(county, qtbot, tmp_path)
    assert page.seal.text() == "汇总上报 2 项"
    finish(context)
    outbox.build(county.store, county.act(Role.REGISTRAR), county.out)
    deliver(county, city)

    above, theirs, wrong = page_of(city, qtbot, tmp_path)
    above.show_tab("todo")
    (report,) = above.model.rows
    assert report.contents == ((SCHOOL.name, 2),)
    assert [step.title for step in report.steps] == ["已收到", "已核对", "已并入", "生成回执", "送回回执"]
    assert "1 个单位 2 项" in report.steps[2].text
    above.finish(report.id)
    dialog = next(w for w in above.findChildren(object) if type(w).__name__ == "PassphrasePrompt")
    dialog.field.setText(PEOPLE[Role.REGISTRAR][1])
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, theirs)
    settle(qtbot, theirs)
    above.refresh()
    settle(qtbot, theirs)
    assert next(one for one in above.book.incoming() if one.id == report.id).row["state"] == "answered"
    finish(theirs)
    outbox.rewrite_unanswered(city.store, city.out)
    deliver(city, county)

    page, context, said_too = page_of(county, qtbot, tmp_path)
    sent = next(one for one in page.book.outgoing() if one.row["purpose"] == "report")
    assert sent.progress == (5, 5, False)
    finish(context)
    assert [*said, *wrong, *said_too] == []
