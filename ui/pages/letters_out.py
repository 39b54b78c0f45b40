"""What waits to be sent to other units, and writing it to a stick or folder, from any page that makes letters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from models.services.matters import Waiting, waiting_letters
from sync.messages import sending
from ui.context import AppContext
from ui.kit import Banner, button


class LettersOut(QObject):
    """`changed`: the number of waiting letters was read again."""

    changed = Signal()

    def __init__(self, context: AppContext, news: Banner, page: QWidget) -> None:
        super().__init__(page)
        self.context, self.news, self._page = context, news, page
        self.waiting: Sequence[Waiting] = ()

    @property
    def total(self) -> int:
        """How many letters wait."""
        return sum(one.number for one in self.waiting)

    def refresh(self) -> None:
        """Count again."""
        self.context.read(waiting_letters, done=self._show, owner=self, replaces=f"letters-{id(self)}")

    def _show(self, waiting: Sequence[Waiting]) -> None:
        self.waiting = waiting
        self.changed.emit()

    def said(self, sentence: str) -> None:
        """Say what was done, with writing it out as the next step."""
        go = button(self.tr("写出待发函件"), "device-usb", "link", on_click=self.write)
        self.news.say("ok", sentence, [go])

    def write(self) -> None:
        """Ask for a stick or folder and write everything that waits there."""
        self.context.prompt.folder(self._page, self.tr("选择 U 盘或文件夹"), self.write_to)

    def write_to(self, folder: Path) -> None:
        """Seal what waits and write all unanswered packages to `folder`, each for the unit its name says."""
        store = self.context.store
        self.context.jobs.run(
            lambda: sending.send(store, None, folder), lambda paths: self._written(paths, folder),
            owner=self, title=self.tr("写出函件"),
        )  # fmt: skip

    def _written(self, paths: list[Path], folder: Path) -> None:
        if not paths:
            self.news.say("info", self.tr("现在没有要送出的文件。"))
            return
        words = self.tr("已写入“{where}”{n} 个文件，连同以前没有回复的。请交给收件单位，或在“数据包收发”中打印交接单。")
        go = button(self.tr("数据包收发"), "package", "link", on_click=lambda: self.context.navigate("packages"))
        self.news.say("ok", words.format(where=folder.name or str(folder), n=len(paths)), [go])
        self.refresh()
