"""Paper: every print goes through a preview (ux 2), which also writes a PDF when no printer is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from PySide6.QtGui import QFont, QPageLayout, QPageSize, QTextDocument
from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo, QPrintPreviewWidget
from PySide6.QtWidgets import QDialog, QWidget

from ui.kit import button, column, holder, label, row
from ui.prompt import Prompt, QtPrompt

PDF = "PDF 文件 (*.pdf)"
BODY_POINTS = 10.5


class PrintPreview(QDialog):
    """Pages on the screen, then on paper or in a PDF file.

    Qt's preview borrows its printer without owning it, so printer and document live as long as the dialog.
    """

    def __init__(self, parent: QWidget, title: str, html: str, *, landscape: bool, prompt: Prompt | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._title, self._prompt = title, prompt or QtPrompt()
        self._landscape = landscape
        self.document = QTextDocument(self)
        font = QFont(self.font())
        font.setPointSizeF(BODY_POINTS)  # the window's font is in px, which paper would show tiny
        self.document.setDefaultFont(font)
        self.document.setHtml(html)
        self.printers = QPrinterInfo.availablePrinterNames()
        self.printer = self._printer(QPrinter.PrinterMode.ScreenResolution)
        self.pages = QPrintPreviewWidget(self.printer, self)
        self.pages.paintRequested.connect(self._paint)
        self.notice = label(
            "" if self.printers else self.tr("这台电脑没有打印机，可以存为 PDF 后到别处打印。"), "dim", wrap=True
        )
        self.setLayout(column((self.pages, 1), self._foot(), margins=(12, 12, 12, 12)))
        self.resize(960, 620)

    def _foot(self) -> QWidget:
        smaller = button("", "zoom-out", tip=self.tr("缩小"), on_click=self.pages.zoomOut)
        larger = button("", "zoom-in", tip=self.tr("放大"), on_click=self.pages.zoomIn)
        whole = button(self.tr("整页"), on_click=self.pages.fitInView)
        paper, file = ("primary", "") if self.printers else ("", "primary")
        self.save = button(self.tr("存为 PDF"), "file-export", file, on_click=self._ask_pdf)
        self.go = button(self.tr("打印"), "printer", paper, on_click=self._ask_printer, enabled=bool(self.printers))
        (self.go if self.printers else self.save).setDefault(True)
        close = button(self.tr("关闭"), on_click=self.reject)
        return holder(row(smaller, larger, whole, (self.notice, 1), close, self.save, self.go))

    def _printer(self, mode: QPrinter.PrinterMode) -> QPrinter:
        printer = QPrinter(mode)
        if not self.printers:
            printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setDocName(self._title)
        printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
        if self._landscape:
            printer.setPageOrientation(QPageLayout.Orientation.Landscape)
        return printer

    def _paint(self, printer: QPrinter) -> None:
        self.document.print_(printer)

    # --- paper and file ---------------------------------------------------------------------------------

    def _ask_printer(self) -> None:
        target = self._printer(QPrinter.PrinterMode.HighResolution)
        dialog = QPrintDialog(target, self)
        dialog.setWindowTitle(self._title)

        def print_() -> None:
            self._paint(target)
            self.accept()

        dialog.accepted.connect(print_)
        dialog.finished.connect(dialog.deleteLater)
        QDialog.open(dialog)  # QPrintDialog's own open wants a receiver

    def _ask_pdf(self) -> None:
        self._prompt.save_file(self, self.tr("存为 PDF"), f"{self._title}.pdf", PDF, self.write_pdf)

    def write_pdf(self, path: Path) -> None:
        """Write the pages to `path`; what did not work is said at the foot."""
        try:
            path.open("wb").close()  # Qt does not say why it cannot write
        except OSError:
            words = self.tr("没有写成“{path}”，请换一个文件夹，或关闭已打开的同名文件。")
            self.notice.setText(words.format(path=path))
            return
        target = self._printer(QPrinter.PrinterMode.HighResolution)
        target.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        target.setOutputFileName(str(path))
        self._paint(target)
        self.notice.setText(self.tr("已存为“{path}”。").format(path=path))


def preview(
    parent: QWidget, title: str, html: str, *, landscape: bool = False, prompt: Prompt | None = None
) -> PrintPreview:
    """Show pages made of `html` (its texts already escaped) before they are printed."""
    dialog = PrintPreview(parent, title, html, landscape=landscape, prompt=prompt)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def grid_html(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A ruled table, every text escaped and its lines kept; the head line repeats on each page."""
    head = "".join(f"<th align='left'>{_escaped(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{_escaped(text)}</td>" for text in line) + "</tr>" for line in rows)
    return (
        "<table border='1' cellspacing='0' cellpadding='4' width='100%'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def text_html(text: str) -> str:
    """A paragraph, escaped, its lines kept."""
    return f"<p>{_escaped(text)}</p>"


def signing_html(*who: str) -> str:
    """A line of places to sign by hand; `who` ending in a colon and a name is filled in already."""
    cells = "".join(f"<td>{_escaped(one if '：' in one else f'{one}：＿＿＿＿＿＿＿＿')}</td>" for one in who)
    return f"<p>&nbsp;</p><table width='100%' cellpadding='6'><tr>{cells}</tr></table>"


def page_html(title: str, facts: Iterable[tuple[str, str]], *parts: str) -> str:
    """A document: its title, what is known of it line by line (empty values are left out), then `parts` as they are."""
    lines = "".join(
        f"<tr><td width='16%'>{_escaped(name)}</td><td>{_escaped(text)}</td></tr>" for name, text in facts if text
    )
    known = f"<table width='100%' cellpadding='2'>{lines}</table><p></p>" if lines else ""
    return f"<h2>{_escaped(title)}</h2>{known}" + "".join(parts)


def table_html(title: str, sub: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled table as HTML."""
    return page_html(title, (), text_html(sub), grid_html(heads, rows))


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>")
