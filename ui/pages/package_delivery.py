"""Packages going out from the window: to a stick or folder with a sheet, or as attachments of a mail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from models.domain.ids import check_code
from models.domain.times import now_text
from sync.packages import outbox
from sync.transport.deliveries import Delivery
from sync.transport.removable import HandoverLine, HandoverSheet
from ui.context import AppContext
from ui.dialogs.split_mail import SplitMail
from ui.kit import Banner, button
from ui.pages.handover import handover_html
from ui.pages.package_book import Package
from ui.pages.stick_bar import StickBar


class PackageDelivery(QObject):
    """Writes packages out and tells of it in a bar; keeps the last hand-over sheet."""

    def __init__(
        self, context: AppContext, news: Banner, usb: StickBar, fail: Callable[[Exception], object], page: QWidget
    ) -> None:
        super().__init__(page)
        self.context, self.news, self.usb = context, news, usb
        self._fail, self._page = fail, page
        self.sheet: HandoverSheet | None = None

    def deliver(self, ids: list[str], carrier: str, *, also_print: bool = False) -> None:
        """Write packages to the stick that is plugged in, or to a folder that is asked for."""
        if not ids:
            return
        if self.usb.drive is not None:
            self._write(ids, self.usb.drive.root, carrier, also_print)
        else:
            self.context.prompt.folder(
                self._page, self.tr("选择 U 盘或文件夹"), lambda folder: self._write(ids, folder, carrier, also_print)
            )

    def _write(self, ids: list[str], folder: Path, carrier: str, also_print: bool) -> None:
        store = self.context.store
        self.context.jobs.run(
            lambda: outbox.hand_over(store, ids, folder, carrier),
            lambda sheet: self._written(sheet, folder, also_print),
            self._fail, owner=self, title=self.tr("写入并核对"),
        )  # fmt: skip

    def _written(self, sheet: HandoverSheet, folder: Path, also_print: bool) -> None:
        self.sheet = sheet
        words = self.tr("已写入“{where}”{n} 个文件，读回核对一致。").format(where=sheet.medium, n=len(sheet.lines))
        stick = self.usb.drive is not None and self.usb.drive.root == folder
        rest = self.tr("拔出前请先安全弹出。") if stick else self.tr("请把文件送交{who}。")
        words += rest.format(who=sheet.audience)
        show = button(self.tr("打印交接单"), "printer", "link", on_click=lambda: self._preview(sheet))
        self.news.say("ok", words, [show])
        self.usb.hide()
        if also_print:
            self._preview(sheet)

    def split(self, package: Package) -> SplitMail:
        """Write a package, and all else its receiver has not answered, as attachments with a text to send along."""
        dialog = SplitMail(self._page, self.context, package.id, package.partner)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def print_sheet(self, package: Package) -> None:
        """Show the handover sheet of a package again."""
        names = {line.file_name for line in self.sheet.lines} if self.sheet else set()
        if self.sheet is not None and package.row["file_name"] in names:
            self._preview(self.sheet)
            return
        r = package.row
        line = HandoverLine(r["file_name"], r["title"], r["items"], r["size"], check_code(package.id))
        unit = self.context.actor.unit.name
        last = package.deliveries[0] if package.deliveries else Delivery(now_text(), r["note"], "", "")
        self._preview(HandoverSheet(unit, package.partner, last.at, last.medium, last.carrier, [line]))

    def _preview(self, sheet: HandoverSheet) -> None:
        from ui.printing import preview

        preview(self._page, self.tr("数据包交接单"), handover_html(sheet), landscape=True)
