"""Duties and registers in the window: named people, certificates, lent passwords, incidents, completeness."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.domain.duties import ATTENDED, FAILED, PASSED
from models.domain.errors import UserError
from models.domain.units import Role
from models.services import incidents, lending
from models.services.duties.register import name_person, today
from models.services.duties.training import Attendance
from models.store import audit
from models.store import tables as t
from tests.open_world import LU, add_account, carry, file_accounts, make_open_tiers, open_world, report
from tests.sync_world import Member
from tests.ui.pagekit import settle
from tests.ui.test_layout import faults
from tests.ui.test_monitoring_page import click, fill, leave, words
from tests.ui.windowkit import look, open_window, show
from ui.main_window import MainWindow
from ui.pages.duty_training import attendances
from ui.theme import Look, Theme

World = dict[str, Member]
SMALL = (1093, 534)
PHONE = "0315-2864173"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_open_tiers(tmp_path_factory.mktemp("duties_pages") / "units")


@pytest.fixture
def world(template: Path, tmp_path: Path) -> Iterator[World]:
    with open_world(template, tmp_path / "units") as members:
        yield members
    if Theme.current().look != Look():
        Theme.current().apply(Look())


def day(ahead: int) -> str:
    return (date.fromisoformat(today()) + timedelta(days=ahead)).isoformat()


def enter(
    qtbot: Any, member: Member, folder: Path, role: Role, tab: str, size: tuple[int, int] = (1366, 768)
) -> tuple[MainWindow, Any]:
    member.act(role)
    window = open_window(qtbot, member.store, folder, size)
    page = show(qtbot, window, "duties")
    page.arrive(tab=tab)
    settle(qtbot, window.context)
    return window, page


def give(qtbot: Any, window: MainWindow, page: Any, values: dict[str, str]) -> None:
    fill(page.pane.form, values)
    page.run_action("submit")
    settle(qtbot, window.context)


def set_back(member: Member, table: Any, **columns: str) -> None:
    """As if time had passed, or a list had come from elsewhere."""

    def work(session: Any, actor: Any) -> None:
        session.execute(update(table).values(**columns))
        audit.append(session, actor, "test.time", "test:time", {})

    member.store.write(work, member.store.actor)


def test_people_are_named_and_vacancies_told(world: World, tmp_path: Path, qtbot: Any) -> None:
    lu, tang = world["lu"], world["tang"]
    window, page = enter(qtbot, lu, tmp_path, Role.ADMINISTRATOR, "people", SMALL)
    pane = page.pane
    assert pane.warning.words.text() == "本单位没有指定账户管理员、业务联系人。"
    assert [line.one.state for line in pane.list.model.rows] == ["vacancy", "vacancy"]
    assert "没有指定账户管理员" in words(pane.panel)
    look(window, "duties-vacant-125")
    assert not faults(page)
    click(qtbot, window, pane.panel, "指定专人")
    assert pane.form.entries["code"].text() == "account_admin"
    assert not pane.form.entries["business"].isVisible()
    give(qtbot, window, page, {"name": "王敏", "phone": "1380000"})
    assert "11 位手机号" in pane.form.fault.text()
    look(window, "duties-name-125")
    assert not faults(page)
    give(qtbot, window, page, {"phone": "13800000001", "email": "wangmin@example.org"})
    assert pane.form is None
    assert (pane.current().named.name, pane.current().state) == ("王敏", "uncertified")
    assert "王敏未持证" in pane.warning.words.text()
    page.run_action("new")
    assert pane.form.entries["code"].text() == "contact"
    give(qtbot, window, page, {"name": "李强", "phone": PHONE, "business": "考务"})
    assert "没有指定" not in pane.warning.words.text()
    look(window, "duties-people-125")
    leave(window)

    carry(world)
    Theme.current().apply(Look("dark"))
    window, page = enter(qtbot, tang, tmp_path, Role.HEAD, "people")
    pane = page.pane
    assert "下级 2 个单位有缺：甲一学习中心、甲二学习中心" in pane.warning.words.text()
    assert not page.new_button.isVisible()
    click(qtbot, window, pane, "只看有缺的")
    assert pane.list.tab == "missing"
    look(window, "duties-missing-dark")
    assert not faults(page)
    leave(window)
    Theme.current().apply(Look())

    window, page = enter(qtbot, lu, tmp_path, Role.REGISTRAR, "people")
    pane = page.pane
    pane.list.table.select_row(
        next(at for at, line in enumerate(pane.list.model.rows) if line.one.named.name == "李强")
    )
    click(qtbot, window, pane.panel, "解除")
    give(qtbot, window, page, {"until": day(0)})
    assert "没有指定业务联系人" in pane.warning.words.text()
    pane.list.show_tab("ended")
    assert pane.current().named.name == "李强"
    leave(window)


def test_people_of_a_training_are_pasted() -> None:
    text = "王敏\t考试合格\t冀培001\t2028-12-31\n\n李强，参加\n周全，冀培002\n赵六 不合格\n钱七"
    assert attendances(text) == [
        Attendance("王敏", PASSED, "冀培001", "2028-12-31"), Attendance("李强", ATTENDED),
        Attendance("周全", PASSED, "冀培002"), Attendance("赵六", FAILED), Attendance("钱七", ATTENDED),
    ]  # fmt: skip
    with pytest.raises(UserError, match="第 1 行（王敏）"):
        attendances("王敏，合格，冀培001，2028-12-31，多余")


def test_certificates_are_told_before_they_end(world: World, tmp_path: Path, qtbot: Any) -> None:
    lu = world["lu"]
    lu.act(Role.ADMINISTRATOR)
    lu.store.write(name_person, lu.store.actor, "account_admin", {"name": "王敏", "phone": PHONE})
    window, page = enter(qtbot, lu, tmp_path, Role.ADMINISTRATOR, "training", (1180, 700))
    pane = page.pane
    assert "到期前 60 天提醒" in pane.list.empty.sentence.text()
    look(window, "duties-training-empty-1180")
    page.run_action("new")
    give(qtbot, window, page, {"held_on": day(-30), "title": "账户管理员培训"})
    assert "请填写" in words(pane.form)
    people = f"王敏，合格，冀培001，{day(40)}\n李强，合格，冀培002，{day(900)}\n周全，参加"
    pane.form.entries["people"].edit.setPlainText(people)
    look(window, "duties-training-form-1180")
    assert not faults(page)
    page.run_action("submit")
    settle(qtbot, window.context)
    assert pane.form is None
    standing = [(line.one.name, line.one.standing, line.one.left) for line in pane.list.model.rows]
    assert standing == [("王敏", "soon", 40), ("李强", "valid", 900)]
    assert "1 人的证书已到期或即将到期：王敏" in pane.warning.words.text()
    look(window, "duties-certificates-1180")
    assert not faults(page)
    pane.list.show_tab("trainings")
    assert "参加，未考试" in words(pane.panel)
    look(window, "duties-trainings-1180")
    page.show_tab("people")
    settle(qtbot, window.context)
    assert "王敏即将到期" in page.pane.warning.words.text()
    leave(window)


def test_a_password_is_lent_with_consent_and_changed_after(world: World, tmp_path: Path, qtbot: Any) -> None:
    lu = world["lu"]
    window, page = enter(qtbot, lu, tmp_path, Role.REGISTRAR, "lending", SMALL)
    pane = page.pane
    assert "学员、学生的账户不得出借" in pane.list.empty.sentence.text()
    page.run_action("new")
    give(qtbot, window, page, {
        "kind": "system", "account": "学习网管理账户", "holder": "王敏", "borrower": "李强", "purpose": "代为核对",
        "until": day(2),
    })  # fmt: skip
    assert pane.form is None
    assert "由本单位系统管理员事先同意" in words(pane.panel)
    leave(window)

    window, page = enter(qtbot, lu, tmp_path, Role.ADMINISTRATOR, "lending", SMALL)
    pane = page.pane
    assert window.workspace is not None
    assert window.workspace.sidebar._counts["duties"] == 1
    look(window, "duties-lending-125")
    assert not faults(page)
    click(qtbot, window, pane.panel, "同意借出")
    give(qtbot, window, page, {"opinion": "限两天"})
    assert pane.current().state_label == "借出中"
    leave(window)

    set_back(lu, t.password_loan, first_day=day(-5), last_day=day(-3))
    window, page = enter(qtbot, lu, tmp_path, Role.REGISTRAR, "lending")
    pane = page.pane
    assert "已逾期" in pane.warning.words.text()
    pane.list.show_tab("late")
    look(window, "duties-lending-late")
    assert not faults(page)
    click(qtbot, window, pane.panel, "登记归还")
    pane.list.show_tab("open")
    click(qtbot, window, pane.panel, "登记已改密码")
    assert pane.form.entries["by"].text() == "王敏"
    give(qtbot, window, page, {"by": "李强"})
    assert "不能由借用人李强修改" in pane.form.fault.text()
    give(qtbot, window, page, {"by": "王敏"})
    leave(window)
    (loan,) = lu.store.read(lending.list_loans)
    assert (loan.state_label, loan.changed_by) == ("已办结", "王敏")


def test_an_incident_is_entered_and_settled(world: World, tmp_path: Path, qtbot: Any) -> None:
    lu = world["lu"]
    window, page = enter(qtbot, lu, tmp_path, Role.HEAD, "incidents")
    assert not page.new_button.isVisible()
    assert "怎样处理" in page.pane.list.empty.sentence.text()
    leave(window)
    Theme.current().apply(Look("dark"))
    window, page = enter(qtbot, lu, tmp_path, Role.ADMINISTRATOR, "incidents", (1180, 700))
    pane = page.pane
    page.run_action("new")
    give(
        qtbot,
        window,
        page,
        {"what": "一个账户被他人使用", "affected": "甲同学的学习记录", "measures": "已禁用并改密码"},
    )
    assert "尚未报告" in words(pane.panel)
    look(window, "duties-incident-dark-1180")
    assert not faults(page)
    click(qtbot, window, pane.panel, "办结")
    give(qtbot, window, page, {"outcome": "已批评教育", "to": "本单位负责人"})
    assert pane.form is None
    leave(window)
    (one,) = lu.store.read(incidents.list_incidents)
    assert (one.state, one.reported_to) == ("closed", "本单位负责人")


def test_completeness_leads_to_the_account(world: World, tmp_path: Path, qtbot: Any) -> None:
    lu, tang = world["lu"], world["tang"]
    ids = [add_account(lu, name, office_phone=PHONE) for name in ("张三", "李四", "王五")]
    set_back(lu, t.account, employment="借调")
    window, page = enter(qtbot, lu, tmp_path, Role.REGISTRAR, "completeness", SMALL)
    pane = page.pane
    assert [line.one.percent for line in pane.list.model.rows] == [83.3]
    assert "应填 18 项，无误 15 项" in words(pane.panel)
    look(window, "duties-completeness-125")
    assert not faults(page)
    click(qtbot, window, pane.panel, "看须改的账户")
    assert {line.id for line in pane.list.model.rows} == set(ids)
    look(window, "duties-gaps-125")
    assert not faults(page)
    wanted = pane.current().account_id
    pane.list.opened.emit(pane.list.current())
    settle(qtbot, window.context)
    assert window.workspace is not None
    assert window.workspace.current == "accounts"
    assert window.workspace.page.panel.row_id == wanted
    leave(window)

    set_back(lu, t.account, employment="1")
    file_accounts(lu)
    report(lu, tang)
    window, page = enter(qtbot, tang, tmp_path, Role.HEAD, "completeness")
    assert [line.one.unit_name for line in page.pane.list.model.rows][1:] == [LU.name]
    look(window, "duties-completeness-city")
    leave(window)


def test_a_register_is_printed(world: World, tmp_path: Path, qtbot: Any) -> None:
    from ui.printing import PrintPreview

    lu = world["lu"]
    lu.act(Role.ADMINISTRATOR)
    lu.store.write(name_person, lu.store.actor, "account_admin", {"name": "王<敏>", "phone": PHONE})
    window, page = enter(qtbot, lu, tmp_path, Role.HEAD, "people")
    page.run_action("print")
    (dialog,) = page.pane.findChildren(PrintPreview)
    text = dialog.document.toPlainText()
    assert "管理员与责任人" in text
    assert "王<敏>" in text
    assert LU.name in text
    dialog.reject()
    leave(window)
