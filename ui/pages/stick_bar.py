"""The bar that says a stick is plugged in and what could be written to it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal

from ui.context import AppContext
from ui.drives import Drive, find_drives
from ui.kit import Banner, button

LOOK_EVERY_MS = 4000


class StickBar(Banner):
    """Looks for sticks now and then, off the window's thread and the store's: a drive may hang for seconds."""

    write = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__("info", "", icon="device-usb", closable=True)
        self.context = context
        self.drive: Drive | None = None
        self._packages = 0
        self._ignored: set[Path] = set()
        self.hide()
        self.closed.connect(self._ignore)
        self._look = QTimer(self)
        self._look.setInterval(LOOK_EVERY_MS)
        self._look.timeout.connect(self._find)
        self._look.start()

    def offer(self, packages: int) -> None:
        """So many packages wait to be written."""
        self._packages = packages
        self._draw()

    def _find(self) -> None:
        page = self.parentWidget()
        seen = page is not None and page.window().isVisible() and not page.window().isMinimized()
        if seen and self.context.is_open and not self.context.watch_jobs.busy:
            self.context.watch_jobs.run(find_drives, self._found, lambda _: None, owner=self)

    def _found(self, drives: list[Drive]) -> None:
        self.drive = drives[0] if drives else None
        self._draw()

    def _draw(self) -> None:
        if self.drive is None or not self._packages or self.drive.root in self._ignored:
            self.hide()
            return
        words = self.tr("检测到 U 盘 {name}，可用 {free:.1f} GB。{n} 个包已打包，可以写入。").format(
            name=self.drive.words, free=self.drive.free / (1 << 30), n=self._packages
        )
        if self.isHidden() or self.words.text() != words:
            go = button(self.tr("写入并打印交接单"), kind="link", on_click=self.write.emit)
            self.say("info", words, [go], "device-usb")

    def _ignore(self) -> None:
        if self.drive is not None:
            self._ignored.add(self.drive.root)
