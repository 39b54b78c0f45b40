"""Paper: every print goes through a preview (ux 2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from PySide6.QtGui import QPageLayout, QTextDocument
from PySide6.QtPrintSupport import QPrinter, QPrintPreviewDialog
from PySide6.QtWidgets import QWidget


def preview(parent: QWidget, title: str, html: str, *, landscape: bool = False) -> QPrintPreviewDialog:
    """Show pages made of `html` (its texts already escaped) before they are printed."""
    printer = QPrinter(QPrinter.PrinterMode.ScreenResolution)
    printer.setDocName(title)
    if landscape:
        printer.setPageOrientation(QPageLayout.Orientation.Landscape)
    document = QTextDocument(parent)
    document.setHtml(html)
    dialog = QPrintPreviewDialog(printer, parent)
    dialog.setWindowTitle(title)
    dialog.paintRequested.connect(document.print_)
    dialog.finished.connect(dialog.deleteLater)
    dialog.finished.connect(document.deleteLater)
    dialog.open()
    return dialog


def table_html(title: str, sub: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A titled table as HTML, every text escaped; the head line repeats on each page."""
    head = "".join(f"<th align='left'>{escape(text)}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in line) + "</tr>" for line in rows)
    return (
        f"<h2>{escape(title)}</h2><p>{escape(sub)}</p>"
        "<table border='1' cellspacing='0' cellpadding='4' width='100%' style='border-collapse:collapse'>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
