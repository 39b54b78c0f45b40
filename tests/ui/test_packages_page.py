"""Packages over real stores of a school and its county: sealed, written, received, reviewed, answered, applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from models.domain.units import Role
from sync.formats import describe
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from ui.pages.packages import PackagesPage
from ui.pages.review import ReviewPage


@pytest.fixture
def world(qtbot, tmp_path) -> Iterator:
    found(tmp_path / "school", SCHOOL)
    found(tmp_path / "county", COUNTY)
    with ExitStack() as stack:
        school, county = stack.enter_context(opened(tmp_path, "school", "county"))
        enrol(school, county)
        made = SimpleNamespace(school=school, county=county, stick=tmp_path / "U 盘")
        made.stick.mkdir()
        contexts = []

        def page_of(member, kind=PackagesPage):
            context, said = make_context(member.store, tmp_path)
            context.prompt.target = made.stick
            contexts.append(context)
            page = kind(context)
            qtbot.addWidget(page)
            page.resize(1178, 700)
            context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
            page.refresh()
            settle(qtbot, context)
            with qtbot.waitExposed(page):
                page.show()
            settle(qtbot, context)
            return page, context, said

        made.page_of = page_of
        yield made
        for context in contexts:
            finish(context)


def give_passphrase(page, qtbot, context, role=Role.REGISTRAR):
    dialog = next(w for w in page.findChildren(object) if type(w).__name__ == "PassphrasePrompt")
    dialog.field.setText(PEOPLE[role][1])
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, context)
    settle(qtbot, context)


def test_the_whole_way_up_and_down(world, qtbot):
    ids = world.school.approved(["赵明月", "赵明星"])
    world.school.act(Role.REGISTRAR)
    page, context, said = world.page_of(world.school)
    assert page.seal.text() == "打包已批准的 2 项"
    page.run_action("submit")
    give_passphrase(page, qtbot, context)
    assert len(page.book.outgoing()) == 2, said
    package = next(p for p in page.book.outgoing() if p.row["purpose"] == "changes")
    assert package.progress == (3, 5, False)
    page.run_action("export")
    settle(qtbot, context)
    files = sorted(world.stick.glob("*.rollbook"))
    assert len(files) == 2
    assert "读回核对一致" in page.news.words.text()
    settle(qtbot, context)
    assert next(p for p in page.book.outgoing() if p.id == package.id).progress[0] == 4
    given = next(p for p in page.book.outgoing() if p.id == package.id)
    assert (given.handed, given.steps[3].title) == ("已写出", "已写出"), "a folder is not yet the other side"
    prints = [label.text() for label in page.detail.findChildren(QLabel) if label.text().startswith("指纹")]
    page.hide()
    assert page.news.isHidden(), "what was said is over once the page was left"
    page.show()

    world.county.act(Role.REGISTRAR)
    bureau, theirs, wrong = world.page_of(world.county)
    for file in files:
        bureau.open_file(file)
        settle(qtbot, theirs)
        settle(qtbot, theirs)
    assert "发给“青禾县教育局”的" in bureau.news.words.text()
    arrived = next(p for p in bureau.book.incoming() if p.row["purpose"] == "changes")
    assert arrived.states == {"in_review": 2}
    bureau.show_tab("in")
    bureau.table.select_row(bureau.model.rows.index(arrived))
    theirs_shown = [label.text() for label in bureau.detail.findChildren(QLabel) if label.text().startswith("指纹")]
    at = page.model.rows.index(given)
    assert (at, prints[-1]) == (page.table.currentIndex().row(), theirs_shown[-1])

    desk, desk_context, _ = world.page_of(world.county, ReviewPage)
    desk.arrive(package=arrived.id)
    settle(qtbot, desk_context)
    settle(qtbot, desk_context)
    first = desk.queue.current_entry().id
    desk.bar.opinion.setText("证明材料不清晰，请重新扫描。")
    desk.run_action("return")
    settle(qtbot, desk_context)
    assert desk.queue.current_entry().id != first
    desk.bar.opinion.setText("请补充户籍证明。")
    desk.run_action("refuse")
    settle(qtbot, desk_context)
    assert "回执还没有生成" in desk.banner.words.text()

    bureau.arrive(finish=arrived.id)
    give_passphrase(bureau, qtbot, theirs)
    reply = next(p for p in bureau.book.outgoing() if p.row["purpose"] == "receipt")
    bureau.deliver(reply)
    settle(qtbot, theirs)
    answer = next(f for f in world.stick.glob("*.rollbook") if f not in files)

    page.open_file(answer)
    settle(qtbot, context)
    settle(qtbot, context)
    assert {world.school.state_of(change) for change in ids} == {"draft", "refused"}
    sent = next(p for p in page.book.outgoing() if p.id == package.id)
    assert sent.returned == 1
    assert sent.progress == (5, 5, True)
    assert not said
    assert not wrong


def test_a_package_out_of_turn_is_kept_aside_and_said(world, qtbot):
    world.school.build(["赵明月"])
    second = world.school.build(["赵明星"])
    world.county.act(Role.REGISTRAR)
    bureau, theirs, _ = world.page_of(world.county)
    late = next(path for path in second.paths if describe(path).details["sequence"] == 2)
    bureau.open_file(late)
    settle(qtbot, theirs)
    settle(qtbot, theirs)
    assert "已暂存" in bureau.news.words.text()
    bureau.show_tab("todo")
    assert [p.row["state"] for p in bureau.model.rows] == ["held"]


def test_the_wrong_stick_is_said_in_words(world, qtbot, tmp_path):
    built = world.school.build(["赵明月"])
    world.school.act(Role.REGISTRAR)
    page, context, _ = world.page_of(world.school)
    page.open_file(built.paths[0])
    settle(qtbot, context)
    settle(qtbot, context)
    assert "青禾县教育局" in page.news.words.text()
    strange = tmp_path / "奇怪.rollbook"
    strange.write_bytes(b"\x00\x01nothing")
    page.open_file(strange)
    settle(qtbot, context)
    settle(qtbot, context)
    assert "不认识的文件" in page.news.words.text()
