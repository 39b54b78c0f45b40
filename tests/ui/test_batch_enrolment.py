"""批量入网 in the window: list in, slips out, a folder of requests in; the school's side; certificates and changes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLineEdit, QPushButton

from models.domain.units import Role
from models.exchange.writing import write_table
from models.services.units import own_unit
from tests.integration.test_invitations import asked_from_memory, school_from
from tests.sync_world import COUNTY, PEOPLE, SCHOOL, SECOND, Member, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from ui.dialogs.two_people import TwoPeople
from ui.kit.secret import PassphrasePrompt
from ui.pages.first_run import FirstRun
from ui.pages.settings_units import UnitSettings
from ui.start_hooks import Hooks


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Member]:
    found(tmp_path / "county", COUNTY)
    with ExitStack() as stack:
        (member,) = stack.enter_context(opened(tmp_path, "county"))
        member.act(Role.ADMINISTRATOR)
        yield member


def sign(qtbot, context, part) -> None:  # type: ignore[no-untyped-def]
    """Both persons type their passphrases into the dialog that is open."""
    settle(qtbot, context)
    dialog = next(one for one in part.findChildren(TwoPeople) if one.isVisible())
    for entry, role in ((dialog.own, Role.ADMINISTRATOR), (dialog.other, Role.REGISTRAR)):
        assert isinstance(entry.widget, QLineEdit)
        entry.widget.setText(PEOPLE[role][1])
    dialog.officer.set_text(PEOPLE[Role.REGISTRAR][0])
    dialog.go.click()
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=20000)
    settle(qtbot, context)


def test_a_list_goes_in_and_slips_and_replies_come_out(qtbot, county: Member, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    context, said = make_context(county.store, tmp_path)
    part = UnitSettings(context)
    qtbot.addWidget(part)
    part.resize(900, 1500)
    part.show()
    part.refresh()
    stick = tmp_path / "U 盘"
    stick.mkdir()
    context.prompt.target = stick
    rows = [(f"青禾县第{n}小学", f"211309990{n}", "赵主任") for n in (1, 2)] + [("青禾县第三小学", "12", "")]
    write_table(tmp_path / "名单.xlsx", "名单", ("单位名称", "学校标识码", "联系人"), rows)
    part.batch.invite(tmp_path / "名单.xlsx")
    sign(qtbot, context, part)
    assert len(list(stick.glob("邀请函*.rollbook"))) == 2
    assert [row[1] for row in part.batch.model.rows] == ["不邀请", "已邀请", "已邀请"]
    assert "第 4 行" in part.batch.model.rows[0][4]
    html = part.batch.slips_html()
    slips = part.batch._slips
    assert all(slip.code in html for slip in slips)
    assert not part.batch.print.isHidden()

    school = school_from(slips[0], tmp_path / "school")
    theirs, _said = make_context(school.store, tmp_path)
    theirs.prompt.target = tmp_path / "申请"
    (tmp_path / "申请").mkdir()
    other = UnitSettings(theirs)
    qtbot.addWidget(other)
    other.show()
    other.request()
    settle(qtbot, theirs)
    assert not other.code.isHidden()
    other.code.code.set_text("123")
    other.code.go.click()
    assert not list((tmp_path / "申请").iterdir())
    other.code.code.set_text(slips[0].code)
    other.code.go.click()
    settle(qtbot, theirs)
    assert other.code.isHidden()
    assert len(list((tmp_path / "申请").iterdir())) == 1
    asked_from_memory(slips[1], tmp_path / "申请", code=slips[0].code)

    part.batch.certify(tmp_path / "申请", stick)
    sign(qtbot, context, part)
    assert [row[1] for row in part.batch.model.rows] == ["未办理", "已批复"]
    assert f"是“{slips[0].unit.name}”的" in part.batch.model.rows[0][4]
    shot(part, "batch")
    (reply,) = stick.glob("入网批复*.rollbook")
    other.take(reply)
    settle(qtbot, theirs)
    assert other.confirm.isHidden()  # the code has shown it: no words
    assert "已与上级" in other.result.words.text()
    other.refresh()
    settle(qtbot, theirs)
    assert COUNTY.name in other.certificates.chain.text()
    assert not said
    finish(theirs)
    finish(context)
    school.store.close()


def shot(widget, name: str) -> None:  # type: ignore[no-untyped-def]
    """A picture, when somebody wants to look."""
    if folder := os.environ.get("ROLLBOOK_SHOTS"):
        widget.grab().save(f"{folder}/{name}.png")


def test_first_start_by_an_invitation(qtbot, county: Member, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from models.exchange.unit_list import ListedUnit
    from tests.integration.test_invitations import invite

    (slip,) = invite(county, [ListedUnit(2, SCHOOL.name, SCHOOL.code, "")]).slips
    context, _said = make_context(county.store, tmp_path)
    context.home, context.home_named = tmp_path / "new", True
    first = FirstRun(context, Hooks())
    qtbot.addWidget(first)
    first.resize(760, 700)
    first.show()
    context.prompt.files = [slip.path]
    door = next(one for one in first.findChildren(QPushButton) if one.accessibleName() == "按邀请函建立")
    shot(first, "doors")
    door.click()
    settle(qtbot, context)
    shot(first, "invited")
    first.unit_form.store_place.place.set_text(str(tmp_path / "new"))
    first.go.click()
    for entry, name in zip(first.people_form.names.values(), ("登记员", "负责人", "管理员"), strict=True):
        entry.set_text(name)
    for entry in (first.people_form.passphrase, first.people_form.again):
        entry.widget.setText("roster window passage 52")
    opened_: list[object] = []
    first.opened.connect(opened_.append)
    first.go.click()
    settle(qtbot, context)
    first.inner.currentWidget().confirmed.emit()
    (store,) = opened_
    from sync.joining.invitations import waits_for_code

    assert store.read(own_unit) == slip.unit  # type: ignore[attr-defined]
    assert store.read(waits_for_code)  # type: ignore[attr-defined]
    store.close()  # type: ignore[attr-defined]
    finish(context)


def test_certificates_are_revoked_and_schools_merged_by_two(qtbot, county: Member, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name, unit in (("school", SCHOOL), ("second", SECOND)):
        found(tmp_path / name, unit)
        with opened(tmp_path, name) as (school,):
            enrol(school, county)
    county.act(Role.ADMINISTRATOR)
    context, said = make_context(county.store, tmp_path)
    part = UnitSettings(context)
    qtbot.addWidget(part)
    part.resize(900, 1700)
    part.show()
    part.refresh()
    settle(qtbot, context)
    card = part.certificates
    names = [(info.unit, info.purpose) for info, _ in card.model.rows]
    row = names.index((SECOND.name, "opening"))
    card.revoke.click()
    assert "选中" in card.reason._fault.text()
    card.table.selectRow(row)
    card.reason.set_text("U 盘遗失")
    card.revoke.click()
    sign(qtbot, context, part)
    assert "第 1 号" in card.result.words.text()
    assert card.model.rows[-1][0].revoked
    card.new_keys.click()
    prompt = next(one for one in card.findChildren(PassphrasePrompt) if one.isVisible())
    prompt.field.setText(PEOPLE[Role.ADMINISTRATOR][1])
    prompt.go.click()
    settle(qtbot, context)
    assert "第 2 代" in card.result.words.text()

    change = part.changes
    assert len(change._below) == 2
    change.merge_button.click()
    assert "请选择" in change.closed._fault.text()
    change.since.set_text("2026-09-01")
    change.reason.set_text("青教〔2026〕9号")
    change.closed.set_text(SECOND.id)
    change.into.set_text(SCHOOL.id)
    change.merge_button.click()
    sign(qtbot, context, part)
    assert "已并入" in change.result.words.text()
    part.refresh()
    settle(qtbot, context)
    states = {info.unit.name: info.state for info in part.model.rows}
    assert states[SECOND.name] == "closed"
    change.name.set_text("青禾市教育局")
    change.rename_button.click()
    prompt = next(one for one in change.findChildren(PassphrasePrompt) if one.isVisible())
    prompt.field.setText(PEOPLE[Role.ADMINISTRATOR][1])
    prompt.go.click()
    settle(qtbot, context)
    assert county.store.read(own_unit).name == "青禾市教育局"
    shot(part, "changes")
    assert not said
    finish(context)
