"""Paper made elsewhere, page by page as pictures: previewed and printed like the rest, kept as the PDF it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtWidgets import QWidget

from models.domain.errors import UserError
from models.exchange.placing import PDF, place
from ui.printing import PrintPreview
from ui.prompt import Prompt

_FINER = 1.25
"""Pixels of a picture for one of the device: what is drawn at 96 dots an inch is looked at larger and smaller."""


class PagesPreview(PrintPreview):
    """Pictures of pages; 存为 PDF writes the PDF they were made from, with its signature and its text."""

    def __init__(
        self, parent: QWidget, title: str, pages: Sequence[bytes], content: bytes, prompt: Prompt | None
    ) -> None:
        self._images = [QImage.fromData(page, "PNG") for page in pages]  # type: ignore[arg-type]
        self._content = content
        wide = bool(self._images) and self._images[0].width() > self._images[0].height()
        super().__init__(parent, title, "", landscape=wide, prompt=prompt)

    def _printer(self, mode: QPrinter.PrinterMode) -> QPrinter:
        printer = super()._printer(mode)
        printer.setFullPage(True)  # the pictures have their margins
        return printer

    def _paint(self, printer: QPrinter) -> None:
        painter = QPainter(printer)
        room = printer.pageLayout().fullRectPixels(printer.resolution())
        for number, image in enumerate(self._images):
            if number:
                printer.newPage()
            size = image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
            near = size * _FINER
            smooth = Qt.TransformationMode.SmoothTransformation  # the preview's own shrinking drops thin strokes
            drawn = (
                image.scaled(near, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
                if near.width() < image.width()
                else image
            )
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRect(0, 0, size.width(), size.height()), drawn)
        painter.end()

    def write_pdf(self, path: Path) -> None:
        """Write the PDF to `path`; what did not work is said at the foot."""
        try:
            place(path, self._content, PDF)
        except UserError as error:
            self.notice.setText(str(error))
            return
        self.notice.setText(self.tr("已存为“{path}”。").format(path=path))


def preview_pages(
    parent: QWidget, title: str, pages: Sequence[bytes], content: bytes, prompt: Prompt | None = None
) -> PagesPreview:
    """Show the pages of the PDF `content`, given as PNG, before they are printed."""
    dialog = PagesPreview(parent, title, pages, content, prompt)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
