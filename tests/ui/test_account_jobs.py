"""Jobs on accounts in the whole window, counted in clicks and keys: a list of teachers, a morning's queue (ux 4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit
from sqlalchemy import select

from models.domain.fields import ACCOUNTS
from models.domain.units import Line, Role, Tier
from models.services import changes, roster
from models.services.accounts import creation, status
from models.store import tables as t
from tests.open_world import LU
from tests.sync_world import PEOPLE, Member
from tests.ui.accountkit import Counted, centre, in_use, open_changes, status_of, teacher
from tests.ui.pagekit import scan, settle, write_in
from tests.ui.test_layout import faults
from tests.ui.windowkit import give_passphrase, look, open_window, press
from ui.pages.baseline_list import BaselineList
from ui.pages.evidence_box import EvidenceBox
from ui.pages.review_desks import desks_of

SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华"


def list_of_thirty() -> str:
    """Twenty-eight plain names, 章三 who sounds like somebody here, and a name with two readings."""
    people = [f"{surname}志强" for surname in SURNAMES] + ["章三", "覃芳"]
    head = "姓名\t性别\t邮箱\t办公电话\t聘任方式\t是否在编"
    lines = [f"{name}\t女\tn{place}@example.org\t0315-76543{place:02d}\t专任\t是" for place, name in enumerate(people)]
    return "\r\n".join([head, *lines])


@pytest.fixture
def member(tmp_path: Path) -> Iterator[Member]:
    with centre(tmp_path / "units") as opened:
        yield opened


@pytest.fixture
def window(member: Member, qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    opened: list[Any] = []

    def make(role: Role) -> Any:
        member.act(role)
        opened.append(open_window(qtbot, member.store, tmp_path))
        return opened[-1]

    yield make
    for one in opened:
        one.context.set_store(None)
        one.close()


def test_job_4_thirty_accounts_from_a_copied_list(window: Any, member: Member, qtbot: Any) -> None:
    in_use(member, "张三")
    main = window(Role.REGISTRAR)
    person = Counted(qtbot, main)
    QGuiApplication.clipboard().setText(list_of_thirty())
    person.keys += 1  # Ctrl+C in the spreadsheet
    person.click(main.workspace.sidebar._buttons["accounts"])
    person.key(Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    page = main.workspace.page
    check = page.check
    assert len(check.session.sheet.rows) == 30
    assert check.session.checked.counts["error"] == 0
    confirm = check.session.marks.places_to_confirm()
    assert [check.session.text(row, "name") for row, _ in sorted(confirm)] == ["章三", "覃芳"]
    look(main, "job4-check")
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.AltModifier)
    assert not check.session.marks.places_to_confirm()
    assert page.foot.next.text() == "提交 30 个账户"
    person.click(page.foot.next)
    look(main, "job4-result")
    assert (person.clicks, person.keys) <= (3, 5)
    assert person.keys <= 5
    (asked,) = open_changes(member)
    assert (asked.kind, asked.state, asked.subject_label) == ("account.create", "pending", "赵志强等 30 个账户")
    names = {
        row.values["name"]: row.values["username"]
        for row in member.store.read(
            lambda s: roster.page(s, ACCOUNTS, roster.list_ids(s, roster.RosterQuery(kind=ACCOUNTS)))
        )
        if row.status == "pending"
    }
    assert len(set(names.values())) == 30
    assert names["章三"] == "tslnzhangsan2"
    press(qtbot, page, "撤销这次导入")
    settle(qtbot, main.context)
    assert not open_changes(member)
    assert len(member.store.read(roster.list_ids, roster.RosterQuery(kind=ACCOUNTS))) == 1


def ask_for_twelve(member: Member) -> list[str]:
    """A morning's queue: a batch with a number and a second account, five to be disabled, three renamed, three more."""
    ids = in_use(member, "张三", "李四", "王五", "赵六", "钱七", "孙八", "周九", "吴十", "郑一")
    actor, write = member.store.actor, member.store.write
    batch = [teacher("章三", 40), teacher("李四", 1, note="兼任班主任"), teacher("冯二", 42)]
    write(creation.create, actor, batch)
    for serial, name in enumerate(("陈甲", "褚乙", "卫丙")):
        write(creation.create, actor, [teacher(name, 50 + serial)])
    write(status.propose_disable, actor, ids[2:7], "left", "")
    for account, name in zip(ids[7:9], ("吴石", "郑义"), strict=True):
        change = write(status.propose_rename, actor, account, {"name": name}, "姓名录错")
        write(changes.submit, actor, change)
    off = write(status.propose_disable, actor, [ids[0]], "other", "重名账户")
    assert len(off) == 1
    return ids


def test_job_8_the_head_approves_a_queue_of_twelve(window: Any, member: Member, qtbot: Any) -> None:
    ids = ask_for_twelve(member)
    assert len(open_changes(member)) == 12
    main = window(Role.HEAD)
    person = Counted(qtbot, main)
    person.click(main.workspace.sidebar._buttons["review"])
    page = main.workspace.page
    assert page.queue_title.text() == "待我核办 12"
    assert page._matter.title == "新建账户"
    (listed,) = page.findChildren(BaselineList)
    marks = [line.mark for line in listed.model.rows]
    assert marks[0] or marks[1]
    assert sorted(mark.partition("，")[0] for mark in marks if mark) == ["第二个账户", "重名"]
    assert "兼任班主任" in "".join(marks)
    look(main, "job8-creation")
    assert not faults(page)
    seen = []
    for _ in range(12):
        seen.append((page._matter.title, [(one.before_text, one.after_text) for one in page._matter.diffs]))
        if page._matter.title == "禁用账户":
            look(main, "job8-disable")
        person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert ("禁用账户", [("使用中", "已禁用"), ("", "人员离岗")]) in seen
    assert ("账户更名", [("吴十", "吴石")]) in seen
    assert page.queue_title.text() == "待核办 0 · 待签名 12"
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    give_passphrase(qtbot, main, PEOPLE[Role.HEAD][1])
    assert (person.clicks, person.keys) == (1, 13)
    assert not open_changes(member)
    assert status_of(member, ids[2]) == "disabled"
    assert member.store.read(roster.get, ACCOUNTS, ids[7]).values["name"] == "吴石"


def test_the_changes_page_names_the_accounts_and_takes_a_proof(
    window: Any, member: Member, qtbot: Any, tmp_path: Path
) -> None:
    (account,) = in_use(member, "张三")
    actor, write = member.store.actor, member.store.write
    write(creation.create, actor, [teacher("李四", 1), teacher("王五", 2)])
    draft = write(status.propose_rename, actor, account, {"username": "tslnjohn"}, "护照拼写")
    main = window(Role.REGISTRAR)
    main.context.navigate("changes", change=draft)
    settle(qtbot, main.context)
    settle(qtbot, main.context)
    page = main.workspace.page
    (box,) = page.side.findChildren(EvidenceBox)
    box.take([scan(tmp_path, "护照.png")])
    settle(qtbot, main.context)
    settle(qtbot, main.context)
    assert any("护照.png" in one.text() for one in page.side.findChildren(QLabel))
    look(main, "changes-rename")
    assert not faults(page)
    page.run_action("submit")
    settle(qtbot, main.context)
    settle(qtbot, main.context)
    page.show_tab("pending")
    settle(qtbot, main.context)
    settle(qtbot, main.context)
    row = next(place for place, one in enumerate(page._shown) if one.kind == "account.create")
    page.table.select_row(row)
    settle(qtbot, main.context)
    settle(qtbot, main.context)
    look(main, "changes-creation")
    said = "\n".join(one.text() for one in page.side.findChildren(QLabel))
    assert "李四 tslnlisi" in said
    assert "王五 tslnwangwu" in said
    assert not faults(page)


def test_the_head_of_a_unit_that_reports_nothing_decides_on_its_accounts(member: Member) -> None:
    member.act(Role.HEAD)
    county = replace(LU, line=Line.BASIC, tier=Tier.COUNTY)
    assert list(desks_of(replace(member.store.actor, unit=county))) == ["received", "own"]
    assert list(desks_of(member.store.actor)) == ["own", "received"]


def test_a_second_account_is_explained_in_its_row(window: Any, member: Member, qtbot: Any) -> None:
    in_use(member, "李四")
    main = window(Role.REGISTRAR)
    person = Counted(qtbot, main)
    lines = ["姓名\t性别\t邮箱\t办公电话\t聘任方式\t是否在编", "李思\t女\tt0@example.org\t0315-7654300\t专任\t是"]
    QGuiApplication.clipboard().setText("\n".join(lines))
    main.context.navigate("import", kind=ACCOUNTS, paste=True)
    person.wait()
    person.key(Qt.Key.Key_F8)
    page = main.workspace.page
    check = page.check
    assert check.grid.place(check.table.currentIndex())[1] == "note"
    assert "李四 已有账户 tslnlisi（邮箱相同）" in check.popover.accessibleName()
    assert "还差 1 行" in page.foot.next.text()
    look(main, "import-second")
    check.retype()
    editor = check.table.findChild(QLineEdit)
    write_in(editor, "兼任班主任")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    settle(qtbot, main.context)
    assert page.foot.next.text() == "提交 1 个账户"
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, main.context)
    (asked,) = open_changes(member)
    assert asked.state == "pending"
    detail = member.store.read(changes.get, asked.id)
    assert any("第二个账户" in one.text for one in detail.checks)
    person_of = t.account.c.person_id
    holders = member.store.read(lambda s: s.execute(select(person_of)).scalars().all())
    assert len(holders) == 2
    assert set(holders) == {holders[0]}
