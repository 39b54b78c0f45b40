"""Problems over real stores: asked at the county, answered at the school with evidence, decided, put right."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt

from models.domain.problems import Claim
from models.domain.units import Role
from models.services.problem_views import get_problem
from tests.problem_world import SHARED, answer, ask, open_at, put, send, side, state, unit_of
from tests.sync_world import PEOPLE, TIERS, Member, make_tiers, opened
from tests.ui.pagekit import finish, make_context, scan, settle
from tests.ui.test_layout import faults
from tests.unit.spreadsheets import xlsx
from ui.kit.difference import MarkedText
from ui.pages.problem_sides import sides_card
from ui.pages.problems import LIST, UNMATCHED, VIEW, ProblemsPage

UNITS = ("city", "county", "other", "school", "second", "white_school")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_tiers(tmp_path_factory.mktemp("problem_pages"))
    with opened(folder, *TIERS) as members:
        units = dict(zip(TIERS, members, strict=True))
        for name, (_, above) in TIERS.items():
            if above:
                send(units[above], units[name])
    return folder


@pytest.fixture
def world(qtbot: Any, template: Path, tmp_path: Path) -> Iterator[Any]:
    shutil.copytree(template, tmp_path / "tiers")
    contexts: list[Any] = []
    with opened(tmp_path / "tiers", *UNITS) as members:
        made = SimpleNamespace(**dict(zip(UNITS, members, strict=True)), folder=tmp_path)

        def page_of(member: Member) -> Any:
            member.act(Role.REGISTRAR)
            context, said = make_context(member.store, tmp_path)
            context.prompt.target = member.out
            contexts.append(context)
            page = ProblemsPage(context)
            qtbot.addWidget(page)
            page.resize(1178, 700)
            context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
            page.refresh()
            page.show()
            settle(qtbot, context)
            return page, context, said

        made.page_of = page_of
        yield made
        for context in contexts:
            finish(context)


def give_passphrase(page: Any, qtbot: Any, context: Any) -> None:
    dialog = next(w for w in page.findChildren(object) if type(w).__name__ == "PassphrasePrompt" and w.isVisible())
    dialog.field.setText(PEOPLE[Role.REGISTRAR][1])
    qtbot.keyClick(dialog.field, Qt.Key.Key_Return)
    settle(qtbot, context)
    settle(qtbot, context)


def twice(world: Any, number: int = 1) -> list[str]:
    """Pupils of both schools of the county with one number; ids of the problems found there."""
    found = []
    for _ in range(number):
        sides = []
        for member, name in ((world.school, "赵明月"), (world.second, "赵明日")):
            pupil = put([member, world.county], unit_of(member), name, SHARED)
            sides.append(side(member, pupil, name))
        found.append(open_at(world.county, "id_twice", sides))
    return [one for one in found if one]


def open_first(page: Any, qtbot: Any, context: Any) -> None:
    page.open_row(page.list.current())
    settle(qtbot, context)


def test_from_finding_to_decision(world: Any, qtbot: Any) -> None:
    (problem,) = twice(world)
    page, context, said = world.page_of(world.county)
    page.resize(1045, 534)  # 1366x768 at 125 %, the navigation collapsed
    assert page.ask.text() == "下发 1 个"
    page.ask_all()
    give_passphrase(page, qtbot, context)
    assert "已下发 1 个问题给 2 个单位" in page.news.words.text()
    page.run_action("export")
    settle(qtbot, context)
    assert "个文件" in page.news.words.text()
    for member in (world.school, world.second):
        send(world.county, member)

    school, theirs, wrong = world.page_of(world.school)
    assert [one.my_turn for one in school.list.model.rows] == [True]
    open_first(school, qtbot, theirs)
    assert school.stack.currentIndex() == VIEW
    assert list(school.view.acts) == ["answer"]
    school.run_action("submit")
    form = school.view.form
    form.give()
    qtbot.wait(1)
    assert not faults(school)
    assert "请先选择答复" in form.fault.text()
    form.claim.choose("keep")
    form.opinion.setText("户口簿无误")
    assert school.has_draft()
    assert school.open_file(scan(world.folder))
    qtbot.waitUntil(lambda: len(form.box.exhibits) == 1, timeout=20000)
    school.run_action("submit")
    give_passphrase(school, qtbot, theirs)
    assert school.view.form is None
    assert school.view.detail.sides[0].claim == "keep"
    assert not school.has_draft()
    send(world.school, world.county)
    answer(world.second, problem, Claim.CHANGE, "录入有误")
    send(world.second, world.county)

    page.refresh()
    settle(qtbot, context)
    open_first(page, qtbot, context)
    assert page.view.evidence.isVisible()
    assert "decide" in page.view.acts
    assert not faults(page)
    for act in ("close", "ask", "decide"):
        page.view.begin(act)
        qtbot.wait(1)
        assert not faults(page), act
    assert {place: made.chosen() for place, made in page.view.form.outcomes.items()} == {0: "keep", 1: "change"}
    page.view.form.give()
    assert page.view.form.opinion.property("wrong")
    page.view.form.opinion.setText("第一小学户籍材料齐全")
    page.run_action("submit")
    give_passphrase(page, qtbot, context)
    assert state(world.county, problem) == "decided"
    send(world.county, world.second)

    loser, third, wrong_too = world.page_of(world.second)
    open_first(loser, qtbot, third)
    assert list(loser.view.acts) == ["change"]
    loser.run_action("submit")
    loser.view.form.entries["id_number"].set_text("130999201803050134")
    loser.run_action("submit")
    settle(qtbot, third)
    assert loser.view.detail.sides[1].change_number
    assert not said
    assert not wrong
    assert not wrong_too


def test_a_list_from_above_and_what_fitted_nobody(world: Any, qtbot: Any) -> None:
    put([world.school, world.county], unit_of(world.school), "赵明月", SHARED)
    page, context, said = world.page_of(world.county)
    rows = [
        ["姓名", "身份证件号", "问题类型"],
        ["赵明月", SHARED, "身份证号错误"],
        ["钱无名", "130999201803050011", "错误"],
    ]
    page.import_list(xlsx(world.folder / "清单.xlsx", rows))
    settle(qtbot, context)
    settle(qtbot, context)
    assert "新建 1 个问题，1 行没有对上学生" in page.news.words.text()
    assert page.list.current().kind == "id_wrong"
    page._go(UNMATCHED)
    assert [one.name for one in page.unmatched.model.rows] == ["钱无名"]
    page.run_action("close_panel")
    assert page.stack.currentIndex() == LIST
    assert not said


def test_several_answers_are_confirmed_at_once(world: Any, qtbot: Any) -> None:
    problems = []
    for serial in range(2):
        name = f"赵明{'月日'[serial]}"
        a = put([world.school, world.county, world.city], unit_of(world.school), name, SHARED)
        b = put([world.white_school, world.city], unit_of(world.white_school), name, SHARED)
        problems.append(
            open_at(world.city, "identity_twice", [side(world.school, a, name), side(world.white_school, b, name)])
        )
    assert all(problems)
    ask(world.city)
    send(world.city, world.county)
    send(world.county, world.school)
    for problem in problems:
        answer(world.school, problem, Claim.KEEP)
    send(world.school, world.county)
    page, context, said = world.page_of(world.county)
    page.list.table.selectAll()
    assert page.confirm.text() == "确认所选 2 个"
    page.confirm_selected()
    give_passphrase(page, qtbot, context)
    assert "已确认 2 个问题的答复" in page.news.words.text()
    assert not page.list.model.rows, "nothing is this unit's turn any more"
    assert "轮到本单位" in page.list.empty.sentence.text()
    assert not said


def test_a_school_without_problems_reads_what_comes_here(world: Any, qtbot: Any) -> None:
    page, _, _ = world.page_of(world.school)
    assert "上级下发核实" in page.list.empty.sentence.text()
    assert not page.take.isVisible()
    assert not page.ask.isVisible()


def test_what_an_answer_proposes_is_marked(world: Any, qtbot: Any) -> None:
    """Beside each other: the new value with what differs from the present."""
    (problem,) = twice(world)
    detail = world.county.store.read(get_problem, problem)
    first = replace(detail.sides[0], answered_at=detail.summary.opened_at, proposed=(("姓名", "赵明", "赵鸣"),))
    card = sides_card(replace(detail, sides=(first, *detail.sides[1:])), "")
    qtbot.addWidget(card)
    assert "赵鸣，标出的字不同" in [label.accessibleName() for label in card.findChildren(MarkedText)]


def test_a_matter_opens_its_problem_or_the_list(world: Any, qtbot: Any) -> None:
    """From 往来: a matter about one problem shows it, one about a whole list shows the list and no fault."""
    (problem,) = twice(world)
    page, context, said = world.page_of(world.county)
    page.arrive(matter=problem)
    settle(qtbot, context)
    assert page.stack.currentIndex() == VIEW
    assert page.view.detail.summary.id == problem
    page.arrive(matter="0" * 32)
    settle(qtbot, context)
    assert page.stack.currentIndex() == LIST
    assert not said
