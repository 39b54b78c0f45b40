"""How files come and go: the mailbox's size, folders that are looked through, parts that wait for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QSpinBox, QWidget

from models.services import preferences
from sync.transport import incoming, mail
from sync.transport.incoming import PartSet
from sync.transport.watching import Watch
from ui.context import AppContext
from ui.kit import button, card, clear, column, holder, label, row


class TransportSettings(QWidget):
    """Three cards."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._watch = Watch()
        self.size_ = QSpinBox()
        self.size_.setRange(preferences.LEAST_MAILBOX, preferences.MOST_MAILBOX)
        self.size_.setSuffix(" MB")
        self.size_.setAccessibleName(self.tr("对方邮箱的附件上限"))
        self.growth = label("", "cap", wrap=True)
        self.size_.valueChanged.connect(lambda n: self.growth.setText(mail.growth_words(n)))
        keep = button(self.tr("保存"), "check", on_click=self.keep_size)
        self.folders: list[Path] = []
        self.folder_rows, self.part_rows = column(spacing=2), column(spacing=2)
        add = button(self.tr("添加文件夹"), "plus", on_click=self._choose)
        explained = self.tr(
            "打开程序时查看这些文件夹和插入的 U 盘，发现给本单位的文件就提示；不点“接收”不会接收。"
            "可以添加内网共享文件夹、邮件附件的下载位置。"
        )
        waiting = self.tr("用邮件分几次收到的附件，收齐后自动合并接收。不会再来的可以丢弃。")
        self.setLayout(
            column(
                card(
                    label(self.tr("邮件附件"), "strong"),
                    row(label(self.tr("对方邮箱的附件上限")), self.size_, keep, None), self.growth,
                ),
                card(
                    label(self.tr("收件文件夹"), "strong"), label(explained, "dim", wrap=True),
                    holder(self.folder_rows), row(add, None),
                ),
                card(
                    label(self.tr("未收齐的邮件分卷"), "strong"), label(waiting, "dim", wrap=True),
                    holder(self.part_rows),
                ),
                spacing=12,
            )
        )  # fmt: skip

    def refresh(self) -> None:
        """Read settings and what waits."""
        self.context.read(_state, self.context.home, done=self._show, owner=self, replaces="transport settings")

    def _show(self, state: tuple[int, list[Path], list[PartSet]]) -> None:
        megabytes, self.folders, sets = state
        self.size_.setValue(megabytes)
        self.growth.setText(mail.growth_words(megabytes))
        self._show_folders([])
        clear(self.part_rows)
        for one in sets:
            drop = button(self.tr("丢弃"), "trash", "link", on_click=lambda one=one: self.discard(one))  # type: ignore[misc]
            words = f"{one.name}：{incoming.progress_words(one)}"
            self.part_rows.addLayout(row((label(words, wrap=True), 1), drop))
        if not sets:
            self.part_rows.addWidget(label(self.tr("没有。"), "cap"))
        if self.folders:
            folders = self.folders
            self.context.watch_jobs.run(
                lambda: self._watch.look(folders, {})[1], self._show_folders, lambda _: None, owner=self
            )

    def _show_folders(self, troubles: list[str]) -> None:
        clear(self.folder_rows)
        for folder in self.folders:
            trouble = next((one for one in troubles if f"“{folder}”" in one), "")
            words = column(label(str(folder), wrap=True, selectable=True), spacing=0)
            if trouble:
                words.addWidget(label(trouble, tone="warn", wrap=True))
            tip = self.tr("移除收件文件夹 {name}").format(name=folder)
            drop = button("", "x", "link", tip, on_click=lambda folder=folder: self.remove(folder))  # type: ignore[misc]
            self.folder_rows.addLayout(row((words, 1), drop))
        if not self.folders:
            self.folder_rows.addWidget(label(self.tr("还没有收件文件夹；插入的 U 盘总会查看。"), "cap"))

    def keep_size(self) -> None:
        """Remember the mailbox's size."""
        self.context.write(
            preferences.set_mailbox_megabytes, self.context.actor, self.size_.value(),
            done=lambda _none: self.context.toast(self.tr("已保存。"), None), owner=self,
        )  # fmt: skip

    def _choose(self) -> None:
        self.context.prompt.folder(self, self.tr("选择收件文件夹"), self.add)

    def add(self, folder: Path) -> None:
        """Look through another folder from now on."""
        self.context.write(preferences.watch_folder, self.context.actor, folder.absolute(), owner=self)

    def remove(self, folder: Path) -> None:
        """Leave a folder alone again."""
        self.context.write(preferences.unwatch_folder, self.context.actor, folder, owner=self)

    def discard(self, one: PartSet) -> None:
        """Give up a set of parts, after a question."""
        words = self.tr("丢弃后，已收到的 {n} 卷须请对方重发才能再收。").format(n=len(one.have))
        home = self.context.home

        def drop() -> None:
            self.context.jobs.run(lambda: incoming.discard(home, one.key), lambda _none: self.refresh(), owner=self)

        self.context.prompt.confirm(self, self.tr("丢弃分卷"), words, drop, danger=True)


def _state(session: Any, home: Path) -> tuple[int, list[Path], list[PartSet]]:
    return preferences.mailbox_megabytes(session), preferences.watched_folders(session), incoming.sets(home)
