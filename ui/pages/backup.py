"""Backups: make one now, see what there is, bring one back, check the store (E35, decision 9)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QStorageInfo

from models.domain.errors import UserError
from ui.context import AppContext
from ui.kit import Banner, EmptyState, PageHead, SidePanel, button, card, column, holder, key_value, label, row
from ui.moments import moment
from ui.page import Page
from ui.pages.simple_table import simple_table
from ui.prompt import PACKAGES
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.services.maintenance import CheckReport
    from models.store.backup import Description

Found = tuple[Path, "Description | None", str]
"""A file, what it says of itself, or the sentence why it cannot be read."""


def describe_all(home: Path) -> list[Found]:
    """Every backup in the data folder, newest first."""
    from models.services import maintenance

    found: list[Found] = []
    for path in maintenance.list_backups(home):
        try:
            found.append((path, maintenance.describe_backup(path), ""))
        except UserError as error:
            found.append((path, None, str(error)))
    return found


def size_text(size: int) -> str:
    """A file size in words."""
    return f"{size / 1024 / 1024:.1f} MB" if size >= 1024 * 1024 else f"{max(1, size // 1024)} KB"


class BackupPage(Page):
    """List at the left, what a backup holds at the right."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.notice = Banner("info", "", closable=True)
        self.notice.hide()
        columns = (
            TableColumn("at", self.tr("备份时间"), 150, self._at),
            TableColumn("kind", self.tr("方式"), 110, self._kind),
            TableColumn("content", self.tr("内容"), 210, self._content),
            TableColumn("size", self.tr("大小"), 90, self._size_cell),
            TableColumn("file", self.tr("文件"), 200, lambda found: Cell(found[0].name, "text2", tip=str(found[0]))),
        )
        self.table, self.model = simple_table(self.tr("备份列表"), columns, self)
        self.table.selectionModel().currentRowChanged.connect(lambda *_rows: self._show_selected())
        self.panel = SidePanel(320)
        actions = [
            button(self.tr("检查数据"), "shield-check", on_click=self.check),
            button(self.tr("从文件恢复"), "restore", on_click=self._choose),
            button(self.tr("备份到别处"), "device-usb", on_click=self._elsewhere),
            button(self.tr("立即备份"), "database", "primary", on_click=self.backup_now),
        ]
        self.head = PageHead(self.tr("备份与恢复"), self.tr("每天打开和关闭时自动备份，保留最近的若干份"), actions)
        words = self.tr(
            "备份文件和名册一样加密。请每月至少复制一份到 U 盘，与这台电脑分开保管；"
            "恢复时要用某位操作员的口令或恢复码。"
        )
        left = holder(
            column(card(label(words, "dim", wrap=True)), self.notice, (self.table, 1), margins=(16, 12, 16, 12))
        )
        self.setLayout(column(self.head, (holder(row((left, 1), self.panel, spacing=0)), 1), spacing=0))
        self._nothing()

    def _nothing(self) -> None:
        self.panel.show_parts(EmptyState(self.tr("选中一份备份，这里显示它的内容。"), icon="database"))

    # --- the list ---------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Look at the backup files again."""
        home = self.context.home
        self.context.jobs.run(lambda: describe_all(home), self._show, owner=self, replaces="backups")

    def _show(self, found: list[Found]) -> None:
        self.model.set_rows(found)
        if found:
            self.table.select_row(0)
        else:
            self._nothing()

    @staticmethod
    def _at(found: Found) -> Cell:
        return Cell(moment(found[1].created)) if found[1] else Cell("读不出", "bad", "circle-x", tip=found[2])

    @staticmethod
    def _kind(found: Found) -> Cell:
        automatic = found[0].name.startswith("rollbook-")
        return Cell("自动", "mute", "clock") if automatic else Cell("手动", "info", "device-floppy")

    @staticmethod
    def _content(found: Found) -> Cell:
        about = found[1]
        return Cell(f"学生 {about.students:,} · 账户 {about.accounts:,}" if about else "—")

    @staticmethod
    def _size_cell(found: Found) -> Cell:
        return Cell(size_text(found[1].size) if found[1] else "—", right=True)

    def _selected(self) -> Found | None:
        rows = self.table.selected_rows()
        return self.model.rows[rows[0]] if rows else None

    def _show_selected(self) -> None:
        found = self._selected()
        if found is None:
            return
        path, about, sentence = found
        if about is None:
            self.panel.show_parts(label(path.name, "h2", wrap=True), Banner("bad", sentence))
            return
        back = button(self.tr("恢复这份备份"), "restore", "danger", on_click=lambda: self.restore(path))
        self.panel.show_parts(
            label(about.unit_name, "h2", wrap=True),
            key_value(self.tr("备份时间"), moment(about.created)),
            key_value(self.tr("学生"), f"{about.students:,}"),
            key_value(self.tr("账户"), f"{about.accounts:,}"),
            key_value(self.tr("变更"), f"{about.changes:,}"),
            key_value(self.tr("审计记录"), f"{about.audit_head[0]:,}"),
            key_value(self.tr("操作员"), "、".join(about.operators)),
            key_value(self.tr("签名"), about.signed_words),
            key_value(self.tr("文件"), str(path)),
            row(None, back),
        )

    # --- acts -------------------------------------------------------------------------------------------

    def backup_now(self) -> None:
        """Make a backup beside the automatic ones."""
        self._backup(None)

    def _elsewhere(self) -> None:
        self.context.prompt.folder(self, self.tr("备份到哪个文件夹（如 U 盘）"), self._to_folder)

    def _to_folder(self, folder: Path) -> None:
        if QStorageInfo(str(folder)).device() == QStorageInfo(str(self.context.home)).device():
            self.context.toast(self.tr("备份和名册在同一块盘上，盘坏时会一起丢失；建议再备份到 U 盘。"), None, "warn")
        self._backup(folder)

    def _backup(self, folder: Path | None) -> None:
        from models.services import maintenance

        store = self.context.store
        self.context.jobs.run(
            lambda: maintenance.backup(store, folder), self._backed_up, owner=self, title=self.tr("正在备份")
        )

    def _backed_up(self, about: Description) -> None:
        words = self.tr("已备份：{name}（学生 {n:,} 人）。").format(name=about.path.name, n=about.students)
        self.context.toast(words, None)
        self.refresh()

    def check(self) -> None:
        """Read every page of the store, the whole audit chain and the rows it vouches for."""
        from models.services import maintenance

        store = self.context.store
        work: Callable[[Any], CheckReport] = lambda progress: maintenance.check(store, None, progress)  # noqa: E731
        self.context.jobs.run(work, self._checked, owner=self, title=self.tr("检查数据"), progress=True)

    def _checked(self, report: CheckReport) -> None:
        if report.ok:
            words = self.tr("检查完成：数据文件完好，{n:,} 条审计记录前后相接，没有被改动。")
            self.notice.say("ok", words.format(n=report.chain.entries if report.chain else 0))
        else:
            words = self.tr("检查发现问题：{what} 请不要再写入，用最近一份完好的备份恢复。")
            self.notice.say("bad", words.format(what="；".join(report.problems[:5])))

    def _choose(self) -> None:
        self.context.prompt.open_files(self, self.tr("选择备份文件"), PACKAGES, lambda paths: self.restore(paths[0]))

    def restore(self, path: Path) -> None:
        """Restoring closes the store; the present one is kept aside and everyone unlocks anew."""
        text = self.tr(
            "名册将回到备份时的样子，之后的修改不再看得到。现在的数据会另存一份，不会删除。恢复后需要重新解锁。"
        )
        self.context.prompt.confirm(self, self.tr("恢复备份"), text, lambda: self._restore(path), danger=True)

    def _restore(self, path: Path) -> None:
        self.context.restore_requested.emit(path)

    def open_file(self, path: Path) -> bool:
        """Offer to restore a backup file that was dropped on the window."""
        self.restore(path)
        return True

    def hint(self) -> str:
        """Where the data lies."""
        return self.tr("数据存放在 {home}").format(home=self.context.home)
