"""The window's side of transport: offers from watched folders, attachments of a mail, settings, parts and folders."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from models.domain.units import Role
from models.services import preferences
from sync.packages import ledger
from sync.transport import incoming, parts
from sync.transport.removable import medium_of
from tests.sync_world import COUNTY, SCHOOL, enrol, found, opened
from tests.ui.pagekit import finish, make_context, settle
from tests.ui.windowkit import open_window
from ui import offer_bar
from ui.intake import route
from ui.pages.packages import PackagesPage
from ui.pages.settings_transport import TransportSettings


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    found(folder / "school", SCHOOL)
    found(folder / "county", COUNTY)
    with opened(folder, "school", "county") as (school, county):
        enrol(school, county)
        school.build(["赵明月", "赵明星"])
    return folder


@pytest.fixture
def world(qtbot: Any, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    shutil.copytree(template, tmp_path / "units")
    monkeypatch.setattr(offer_bar, "find_drives", lambda *, writable: [])
    with ExitStack() as stack:
        school, county = stack.enter_context(opened(tmp_path / "units", "school", "county"))
        made = SimpleNamespace(school=school, county=county, mail=tmp_path / "邮件", inbox=tmp_path / "收件")
        made.mail.mkdir()
        made.inbox.mkdir()
        made.files = sorted((tmp_path / "units" / "stick").glob("*.rollbook"))
        made.files = [path for path in made.files if path.name.startswith(("变更包", "证明材料包"))]
        contexts = []

        def page_of(member: Any, kind: Any) -> Any:
            context, said = make_context(member.store, tmp_path)
            contexts.append(context)
            page = kind(context)
            qtbot.addWidget(page)
            page.resize(1178, 700)
            tables = getattr(page, "TABLES", frozenset({"setting"}))
            context.changed.connect(lambda changed: page.refresh() if tables & changed else None)
            page.refresh()
            page.show()
            settle(qtbot, context)
            return page, context, said

        made.page_of = page_of
        yield made
        for context in contexts:
            context.watch_jobs.shut()
            finish(context)


def calm(qtbot: Any, context: Any) -> None:
    """Wait for the looks through folders too."""
    for _ in range(3):
        qtbot.waitUntil(lambda: not (context.jobs.busy or context.watch_jobs.busy), timeout=20000)
        QApplication.processEvents()


def look(qtbot: Any, window: Any) -> Any:
    bar = window.workspace.offers
    calm(qtbot, window.context)
    bar.look()
    calm(qtbot, window.context)
    return bar


def test_files_in_a_watched_folder_are_offered_and_taken_only_by_a_click(
    world: SimpleNamespace, qtbot: Any, tmp_path: Path
) -> None:
    store = world.county.store
    world.county.act(Role.REGISTRAR)
    store.write(preferences.watch_folder, store.actor, world.inbox)
    window = open_window(qtbot, store, tmp_path)
    bar = look(qtbot, window)
    assert bar.isHidden()
    for path in world.files:
        shutil.copy(path, world.inbox)
    bar = look(qtbot, window)
    assert f"在“收件”发现 {len(world.files)} 个文件：" in bar.words.text()
    assert "青禾县第一小学" in bar.words.text()
    assert store.read(ledger.list_packages, "in") == [], "nothing is taken without a click"
    bar._take()
    calm(qtbot, window.context)
    settle(qtbot, window.context)
    assert len(store.read(ledger.list_packages, "in")) == len(world.files)
    page = window.workspace.page
    assert isinstance(page, PackagesPage)
    assert f"接收 {len(world.files)} 个" in page.news.words.text()
    assert look(qtbot, window).isHidden(), "what is received is not offered again"
    window.close()


def test_what_is_ignored_or_refused_is_not_offered_again(world: SimpleNamespace, qtbot: Any, tmp_path: Path) -> None:
    store = world.county.store
    world.county.act(Role.REGISTRAR)
    store.write(preferences.watch_folder, store.actor, world.inbox)
    first, second = world.files
    shutil.copy(first, world.inbox)
    window = open_window(qtbot, store, tmp_path)
    bar = look(qtbot, window)
    bar._ignore()
    assert look(qtbot, window).isHidden()
    (world.inbox / "坏.rollbook").write_bytes(second.read_bytes()[:-9] + bytes(9))
    bar = look(qtbot, window)
    assert "发现 1 个" in bar.words.text()
    bar._take()
    calm(qtbot, window.context)
    settle(qtbot, window.context)
    assert "坏.rollbook" in window.workspace.page.news.words.text()
    assert look(qtbot, window).isHidden()
    window.close()


def test_a_share_that_hangs_does_not_hold_up_the_store(
    world: SimpleNamespace, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.transport import watching

    store = world.county.store
    world.county.act(Role.REGISTRAR)
    store.write(preferences.watch_folder, store.actor, world.inbox)
    window = open_window(qtbot, store, tmp_path)
    calm(qtbot, window.context)
    release = threading.Event()
    monkeypatch.setattr(watching, "files_in", lambda folder: release.wait(20) and iter(()))
    window.workspace.offers.look()
    qtbot.waitUntil(lambda: window.context.watch_jobs.busy, timeout=5000)
    read: list[int] = []
    window.context.read(preferences.mailbox_megabytes, done=read.append)
    qtbot.waitUntil(lambda: bool(read), timeout=3000)
    assert window.context.watch_jobs.busy, "the look still hangs while the store has answered"
    release.set()
    calm(qtbot, window.context)
    window.close()


def test_a_locked_window_looks_at_nothing(world: SimpleNamespace, qtbot: Any, tmp_path: Path) -> None:
    store = world.county.store
    world.county.act(Role.REGISTRAR)
    store.write(preferences.watch_folder, store.actor, world.inbox)
    window = open_window(qtbot, store, tmp_path)
    bar = look(qtbot, window)
    shutil.copy(world.files[0], world.inbox)
    bar.look()
    window.lock()
    bar.look()
    calm(qtbot, window.context)
    assert bar.isHidden()
    window.close()


def test_who_may_not_receive_is_offered_nothing(world: SimpleNamespace, qtbot: Any, tmp_path: Path) -> None:
    store = world.county.store
    store.write(preferences.watch_folder, store.actor, world.inbox)
    shutil.copy(world.files[0], world.inbox)
    world.county.act(Role.HEAD)
    window = open_window(qtbot, store, tmp_path)
    assert window.workspace.offers is None or look(qtbot, window).isHidden()
    window.close()


def test_a_package_becomes_attachments_with_a_text(world: SimpleNamespace, qtbot: Any) -> None:
    world.school.act(Role.REGISTRAR)
    page, context, said = world.page_of(world.school, PackagesPage)
    context.prompt.target = world.mail
    dialog = page.delivery.split(page.current())
    settle(qtbot, context)
    assert dialog.size_.text() == "20"
    dialog.size_.set_text("zwei")
    dialog.go.click()
    assert "MB" in dialog.size_._fault.text()
    dialog.size_.set_text("1 MB")
    dialog._say_growth()
    assert "1 MB" in dialog.growth.text()
    dialog.go.click()
    settle(qtbot, context)
    assert len(list(world.mail.glob("*.dat"))) == len(world.files), said
    assert "青禾县教育局" in dialog.body.toPlainText()
    assert "赵明" not in dialog.body.toPlainText()
    QApplication.processEvents()
    dialog.accept()
    settle(qtbot, context)
    package = page.current()
    assert package.handed == "已写出"
    assert package.deliveries[0].medium.startswith("邮件")
    assert context.store.read(preferences.mailbox_megabytes) == 1


def test_the_carrier_is_noted_and_shown(world: SimpleNamespace, qtbot: Any) -> None:
    world.school.act(Role.REGISTRAR)
    page, context, _ = world.page_of(world.school, PackagesPage)
    context.prompt.target = world.mail
    page.detail.carrier.setText("王老师")
    page.deliver(page.current())
    settle(qtbot, context)
    settle(qtbot, context)
    assert page.delivery.sheet.carrier == "王老师"
    assert page.current().deliveries[0].words == f"{medium_of(world.mail)}，由王老师送交"


def test_parts_and_folders_opened_in_the_window(world: SimpleNamespace, qtbot: Any) -> None:
    world.county.act(Role.REGISTRAR)
    page, context, _ = world.page_of(world.county, PackagesPage)
    piece = -(-world.files[0].stat().st_size // 2)
    first, second = parts.split(world.files[0], world.mail, piece)
    assert route(first, "roster").page == "packages"
    assert route(world.mail, "roster").page == "packages"
    assert "没有数据包" in route(world.inbox, "roster").sentence
    page.open_file(first)
    settle(qtbot, context)
    settle(qtbot, context)
    assert "还缺第 2 卷" in page.news.words.text()
    page.open_file(world.mail)
    settle(qtbot, context)
    assert len(page.book.incoming()) == 1
    assert second.exists()


def test_settings_keep_folders_and_size_and_give_up_parts(world: SimpleNamespace, qtbot: Any) -> None:
    store = world.county.store
    world.county.act(Role.REGISTRAR)
    incoming.keep(store.home, parts.split(world.files[0], world.mail, world.files[0].stat().st_size - 1)[0])
    card, context, _ = world.page_of(world.county, TransportSettings)
    card.add(world.inbox)
    calm(qtbot, context)
    assert store.read(preferences.watched_folders) == [world.inbox]
    card.add(world.inbox.parent / "不见了")
    calm(qtbot, context)
    calm(qtbot, context)
    card.size_.setValue(50)
    card.keep_size()
    calm(qtbot, context)
    assert store.read(preferences.mailbox_megabytes) == 50
    card.remove(world.inbox.parent / "不见了")
    calm(qtbot, context)
    assert store.read(preferences.watched_folders) == [world.inbox]
    (waiting,) = incoming.sets(store.home)
    card.discard(waiting)
    calm(qtbot, context)
    assert incoming.sets(store.home) == []
    assert context.prompt.said == ["丢弃分卷"]
