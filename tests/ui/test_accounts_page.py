"""The accounts page over a real store: drafts, requests, renames, user names held elsewhere, teachers from a list."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit
from sqlalchemy import insert, select

from models.domain.fields import ACCOUNTS
from models.domain.units import Line, Role, Tier
from models.services import changes, roster
from models.services.accounts import creation, status
from models.store import audit
from models.store import tables as t
from tests.open_world import LU
from tests.sync_world import PEOPLE, Member, found, open_member
from tests.ui.pagekit import finish, make_context, number18, scan, settle, write_in
from tests.ui.test_layout import faults
from tests.ui.windowkit import give_passphrase, look, open_window, press
from ui.pages.accounts import AccountsPage
from ui.pages.baseline_list import BaselineList
from ui.pages.evidence_box import EvidenceBox

ABROAD = "00000900-0000-4000-8000-0000000000ff"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("accounts") / "lu"
    found(home, LU)
    return home


@pytest.fixture
def member(template: Path, tmp_path: Path) -> Iterator[Member]:
    shutil.copytree(template, tmp_path / "lu")
    opened = open_member(tmp_path / "lu")
    yield opened
    opened.store.close()


def teacher(name: str, serial: int, **given: str) -> dict[str, str]:
    """The six truthful fields of an invented teacher."""
    return {
        "name": name, "sex": "女", "email": f"t{serial}@example.org", "office_phone": f"0315-12345{serial:02d}",
        "employment": "专任", "on_staff": "是", **given,
    }  # fmt: skip


def in_use(member: Member, *names: str, **given: str) -> list[str]:
    """Accounts that are approved; their ids."""
    member.act(Role.REGISTRAR)
    records = [teacher(name, serial, **given) for serial, name in enumerate(names)]
    made = member.store.write(creation.create, member.store.actor, records)
    assert not made.missing
    member.approve([made.change_id])
    member.act(Role.REGISTRAR)
    return list(made.ids)


def hold_elsewhere(member: Member, *usernames: str) -> None:
    """Taken names as they come down from above."""
    rows = [
        {"unit_id": LU.id, "username": name, "source_id": ABROAD, "told_at": "2026-09-01T00:00:00Z"}
        for name in usernames
    ]
    member.store.write(lambda session: session.execute(insert(t.taken_name), rows))


def status_of(member: Member, account_id: str) -> str:
    return str(
        member.store.read(lambda s: s.execute(select(t.account.c.status).where(t.account.c.id == account_id)).scalar())
    )


def open_changes(member: Member) -> list[changes.ChangeSummary]:
    return member.store.read(changes.list_changes, changes.ChangeQuery(open_only=True))


@pytest.fixture
def shown(member: Member, qtbot: Any, tmp_path: Path) -> Iterator[Any]:
    """Opens the page for the registrar; (page, context, toasts)."""
    contexts: list[Any] = []

    def make() -> Any:
        member.act(Role.REGISTRAR)
        context, said = make_context(member.store, tmp_path)
        contexts.append((context, said))
        page = AccountsPage(context)
        qtbot.addWidget(page)
        page.resize(1178, 700)
        toasts: list[tuple[str, Any]] = []
        context.toasted.connect(lambda text, undo, _tone: toasts.append((text, undo)))
        context.changed.connect(lambda tables: page.refresh() if page.TABLES & tables else None)
        page.refresh()
        page.show()
        settle(qtbot, context)
        return page, context, toasts

    yield make
    for context, said in contexts:
        finish(context)
        assert not said


def words_of(page: Any) -> str:
    """Everything the panel says."""
    return "\n".join(one.text() for one in page.panel.findChildren(QLabel) if one.isVisible())


def choose(qtbot: Any, page: Any, context: Any, *ids: str) -> None:
    page.listing.model.set_checked(list(ids), True)
    settle(qtbot, context)


def test_a_gap_waits_as_a_draft_and_is_filled_where_it_is_marked(shown: Any, member: Member, qtbot: Any) -> None:
    page, context, toasts = shown()
    page.run_action("new")
    form = page.panel.form
    for key, text in teacher("王小明", 1, email="", office_phone="").items():
        form.form.entries[key].set_text({"专任": "1", "是": "1", "女": "2"}.get(text, text))
    form._propose()
    settle(qtbot, context)
    page.run_action("save")
    settle(qtbot, context)
    assert "已存为草稿" in toasts[0][0]
    assert "邮箱、办公电话" in toasts[0][0]
    assert "“待批准”" in toasts[0][0]
    assert page.listing.query.status == "pending"
    settle(qtbot, context)
    assert "未填，须如实填写" in words_of(page)
    assert not faults(page)
    look(page, "accounts-draft")
    press(qtbot, page.panel, "补齐")
    settle(qtbot, context)
    form = page.panel.form
    assert form.form.entries["email"]._fault.text()
    look(page, "accounts-marked")
    form.form.entries["email"].set_text("w@example.org")
    form.form.entries["office_phone"].set_text("0315-7654321")
    page.run_action("save")
    settle(qtbot, context)
    settle(qtbot, context)
    press(qtbot, page.panel, "提交")
    settle(qtbot, context)
    settle(qtbot, context)
    (change,) = open_changes(member)
    assert (change.kind, change.state) == ("account.create", "pending")
    member.approve([change.id])
    page.show_status("active")
    settle(qtbot, context)
    assert len(page.listing.model.ids) == 1


def test_many_are_disabled_with_a_reason_and_put_back(shown: Any, member: Member, qtbot: Any) -> None:
    ids = in_use(member, "张三", "李四", "王五")
    page, context, toasts = shown()
    choose(qtbot, page, context, *ids[:2])
    press(qtbot, page, "申请禁用 2 个")
    settle(qtbot, context)
    assert page.request.code.widget.accessibleName() == "禁用原因"
    page.request.code.set_text("other")
    page.run_action("submit")
    assert "请用文字写明原因" in page.request.reason._fault.text()
    page.resize(1045, 534)  # 1366x768 at 125 %, the navigation collapsed
    qtbot.wait(1)
    assert not faults(page)
    look(page, "accounts-disable")
    page.request.code.set_text("left")
    page.run_action("submit")
    settle(qtbot, context)
    assert "已提交 2 份申请" in toasts[-1][0]
    assert page.request.isHidden()
    asked = open_changes(member)
    assert {(one.kind, one.state) for one in asked} == {("account.disable", "pending")}
    choose(qtbot, page, context, *ids)
    press(qtbot, page, "申请禁用 3 个")
    settle(qtbot, context)
    assert page.request.go.text() == "申请禁用 1 个"
    assert "2 个已有在办的变更" in page.request.words.text()
    page.run_action("close_panel")
    member.approve([one.id for one in asked])
    member.act(Role.REGISTRAR)
    page.show_status("disabled")
    settle(qtbot, context)
    assert sorted(page.listing.model.ids) == sorted(ids[:2])
    page.listing.show_row(ids[0])
    settle(qtbot, context)
    assert "人员离岗" in words_of(page)
    look(page, "accounts-disabled")
    press(qtbot, page.panel, "申请恢复")
    settle(qtbot, context)
    page.run_action("submit")
    assert "请写明恢复原因" in page.request.reason._fault.text()
    page.request.reason.set_text("返聘")
    page.run_action("submit")
    settle(qtbot, context)
    (asked_again,) = open_changes(member)
    assert "等待主管领导批准" in words_of(page)
    toasts[-1][1]()
    settle(qtbot, context)
    assert not open_changes(member)
    assert changes_of_kind(member, "account.enable") == [asked_again.id]
    assert status_of(member, ids[0]) == "disabled"


def changes_of_kind(member: Member, kind: str) -> list[str]:
    return [one.id for one in member.store.read(changes.list_changes, changes.ChangeQuery(kinds=(kind,)))]


def test_a_rename_offers_readings_and_an_own_spelling_stands_on_a_proof(
    shown: Any, member: Member, qtbot: Any, tmp_path: Path
) -> None:
    (account,) = in_use(member, "单丽")
    before = member.store.read(roster.get, ACCOUNTS, account).values["username"]
    page, context, toasts = shown()
    page.listing.show_row(account)
    settle(qtbot, context)
    press(qtbot, page.panel, "申请更名")
    settle(qtbot, context)
    form = page.panel.form
    qtbot.waitUntil(lambda: form.options.isVisible(), timeout=5000)
    look(page, "accounts-rename")
    assert not faults(page)
    press(qtbot, form.options, "tsln")
    other = form.username.text()
    assert other not in ("", before)
    page.run_action("save")
    assert "请写明更名原因" in form.reason._fault.text()
    form.username.set_text("tslnsanlee")
    form.reason.set_text("护照拼写")
    page.run_action("save")
    settle(qtbot, context)
    assert "存为草稿，还没有提交" in toasts[-1][0]
    (draft,) = open_changes(member)
    assert draft.state == "draft"
    assert "是草稿，还没有提交" in words_of(page)
    toasts[-1][1]()
    settle(qtbot, context)
    settle(qtbot, context)
    press(qtbot, page.panel, "申请更名")
    form = page.panel.form
    form.username.set_text("tslnsanlee")
    form.reason.set_text("护照拼写")
    form.box.take([scan(tmp_path, "护照.png")])
    settle(qtbot, context)
    page.run_action("save")
    settle(qtbot, context)
    assert "已提交" in toasts[-1][0]
    (asked,) = open_changes(member)
    member.approve([asked.id])
    assert member.store.read(roster.get, ACCOUNTS, account).values["username"] == "tslnsanlee"


def test_names_held_elsewhere_are_renamed_with_one_button(shown: Any, member: Member, qtbot: Any) -> None:
    ids = in_use(member, "张三", "李四", "王五")
    hold_elsewhere(member, "tslnzhangsan", "tslnlisi", "tslnlisi2", "tslnnobody")
    page, context, toasts = shown()
    assert "张三 tslnzhangsan" in page.collisions.words.text()
    look(page, "accounts-collisions")
    page.resize(1045, 534)
    qtbot.wait(1)
    assert not faults(page)
    press(qtbot, page, "为 2 个重名账户申请更名")
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.collisions.isHidden()
    asked = open_changes(member)
    assert {(one.kind, one.state) for one in asked} == {("account.rename", "pending")}
    assert "已为 2 个账户申请更名" in toasts[-1][0]
    member.approve([one.id for one in asked])
    names = [member.store.read(roster.get, ACCOUNTS, one).values["username"] for one in ids]
    assert names == ["tslnzhangsan2", "tslnlisi3", "tslnwangwu"]


def test_a_second_account_and_an_irregular_name_are_seen(shown: Any, member: Member, qtbot: Any) -> None:
    (first,) = in_use(member, "赵六", id_type="1", id_number=number18("1990-01-01", 222))
    page, context, _ = shown()
    page.listing.show_row(first)
    settle(qtbot, context)
    said = words_of(page)
    assert "新建" in said
    assert "未备案" in said
    member.store.write(make_older, member.store.actor, first)
    member.act(Role.REGISTRAR)
    again = teacher("赵六", 0, note="兼任班主任")
    made = member.store.write(creation.create, member.store.actor, [again])
    assert not made.missing
    settle(qtbot, context)
    page.arrive(subject_id=made.ids[0])
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.listing.query.status == "pending"
    assert "zhaoliu_old（姓名和电话" in words_of(page) or "zhaoliu_old（邮箱相同" in words_of(page)
    page.arrive(subject_id=first)
    settle(qtbot, context)
    settle(qtbot, context)
    said = words_of(page)
    assert "用户名不符合命名规则" in said
    assert "没有规定保留期限" in said
    assert "已备案" in said
    look(page, "accounts-second")
    assert not faults(page)


def make_older(session: Any, actor: Any, account_id: str) -> None:
    """An account with a user name from before the rule, filed."""
    session.execute(
        t.account.update().where(t.account.c.id == account_id).values(
            username="zhaoliu_old", origin="listed", filed_status="active", filed_revision=1
        )
    )  # fmt: skip
    audit.append(session, actor, "test.older", f"{ACCOUNTS}:{account_id}", {})


class Counted:
    """Clicks and keys a person spends; only these reach the window."""

    def __init__(self, qtbot: Any, window: Any) -> None:
        self._qtbot, self.window = qtbot, window
        self.clicks = self.keys = 0

    def click(self, made: Any) -> None:
        self._qtbot.mouseClick(made, Qt.MouseButton.LeftButton)
        self.clicks += 1
        self._wait()

    def key(self, code: Any, modifier: Any = Qt.KeyboardModifier.NoModifier) -> None:
        self.window.activateWindow()  # shortcuts are of the active window only
        self._qtbot.waitUntil(self.window.isActiveWindow, timeout=5000)
        self._qtbot.keyClick(self.window.focusWidget() or self.window, code, modifier)
        self.keys += 1
        self._wait()

    def type(self, text: str) -> None:
        """Typing of data is not counted (ux 4)."""
        for char in text:
            write_in(self.window.focusWidget(), char)

    def _wait(self) -> None:
        for _ in range(2):
            settle(self._qtbot, self.window.context)


SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华"


def list_of_thirty() -> str:
    """Twenty-eight plain names, 章三 who sounds like somebody here, and a name with two readings."""
    people = [f"{surname}志强" for surname in SURNAMES] + ["章三", "覃芳"]
    head = "姓名\t性别\t邮箱\t办公电话\t聘任方式\t是否在编"
    lines = [f"{name}\t女\tn{place}@example.org\t0315-76543{place:02d}\t专任\t是" for place, name in enumerate(people)]
    return "\r\n".join([head, *lines])


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
    from ui.pages.review_desks import desks_of

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
    person._wait()
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
