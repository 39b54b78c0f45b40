"""Notices and matters over real stores: written at the city, read at a school, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt

from models.domain.units import Role
from sync.messages import notices
from tests.problem_world import send
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, SECOND, Member, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from tests.ui.test_layout import faults
from ui.pages.letters import LIST, WRITE, LettersPage


@pytest.fixture
def members(tmp_path: Path) -> Iterator[tuple[Member, Member, Member]]:
    for name, unit in (("school", SCHOOL), ("second", SECOND), ("county", COUNTY)):
        found(tmp_path / name, unit)
    with opened(tmp_path, "school", "second", "county") as (school, second, county):
        enrol(school, county)
        enrol(second, county)
        send(school, county)
        send(second, county)
        yield school, second, county


@pytest.fixture
def page_of(qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    contexts: list[Any] = []

    def make(member: Member) -> Any:
        member.act(Role.REGISTRAR)
        context, said = make_context(member.store, tmp_path)
        context.prompt.target = member.out
        contexts.append(context)
        page = LettersPage(context)
        qtbot.addWidget(page)
        page.resize(1178, 700)
        context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
        page.refresh()
        page.show()
        settle(qtbot, context)
        return page, context, said

    yield make
    for context in contexts:
        finish(context)


def sign(page: Any, qtbot: Any, context: Any) -> None:
    dialog = next(w for w in page.findChildren(object) if type(w).__name__ == "PassphrasePrompt" and w.isVisible())
    dialog.field.setText(PEOPLE[Role.REGISTRAR][1])
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, context)
    settle(qtbot, context)


def test_a_notice_is_written_read_and_counted(members: Any, page_of: Any, qtbot: Any) -> None:
    school, _, county = members
    page, context, said = page_of(county)
    page.run_action("new")
    settle(qtbot, context)
    assert page.stack.currentIndex() == WRITE
    form = page.form
    page.resize(1045, 534)  # 1366x768 at 125 %, the navigation collapsed
    form.give()
    qtbot.wait(1)
    assert not faults(page)
    assert "请填写标题和正文" in form.fault.text()
    form.title.set_text("秋季学籍核查")
    form.words.setPlainText("请于月底前完成。")
    form.due.set_text("月底")
    form.give()
    assert "2026-12-01" in form.due._fault.text()
    form.due.set_text("2099-12-01")
    form.whom.choose("chosen")
    form.give()
    assert "请勾选" in form.fault.text()
    form.search.setText("第一")
    shown = [at for at in range(form.units.count()) if not form.units.item(at).isHidden()]
    assert [form.units.item(at).text() for at in shown] == ["青禾县第一小学（学校）"]
    form.search.setText("")
    for at in range(form.units.count()):
        form.units.item(at).setCheckState(Qt.CheckState.Checked)
    assert page.has_draft()
    page.run_action("submit")
    sign(page, qtbot, context)
    assert page.stack.currentIndex() == LIST
    assert not page.has_draft()
    (entry,) = page.list.model.rows
    assert entry.standing.startswith("已阅 0/2，2099-12-01 前办结")
    assert page.letters.total
    page.run_action("export")
    settle(qtbot, context)
    settle(qtbot, context)
    assert not page.letters.total
    assert "个文件" in page.news.words.text()
    send(county, school)

    theirs, context2, wrong = page_of(school)
    (got,) = theirs.list.model.rows
    assert (got.mine, got.notice.direction) == (True, "in")
    assert not theirs.new.isVisible()
    theirs.run_action("submit")
    settle(qtbot, context2)
    settle(qtbot, context2)
    assert not theirs.book.of("mine")
    assert "已确认阅读" in theirs.news.words.text()
    send(school, county)
    page.refresh()
    settle(qtbot, context)
    assert page.list.current().standing.startswith("已阅 1/2")
    page.list.chosen.emit(page.list.current())
    settle(qtbot, context)
    assert page.panel.entry.notice.unread == ("青禾县第二小学",)
    assert not faults(page)
    assert not said
    assert not wrong


def test_a_late_matter_names_where_it_lies(members: Any, page_of: Any, qtbot: Any) -> None:
    school, _, county = members
    secret = county.act(Role.REGISTRAR)
    notices.send(county.store, secret, [school.store.actor.unit.id], "核查", "请办理。", "2026-01-01T15:59:59Z")
    send(county, school)
    page, _, _ = page_of(county)
    (entry,) = page.book.of("open")
    assert entry.standing.startswith("已阅 0/1，逾期 ")
    assert entry.standing.endswith("停在青禾县第一小学")


def test_without_letters_the_page_says_what_comes_here(members: Any, page_of: Any) -> None:
    page, _, _ = page_of(members[1])
    assert "上级的通知" in page.list.empty.sentence.text()
