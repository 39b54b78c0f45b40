"""Every place that prints: the preview paints, survives the collector, and writes a PDF, with and without a printer."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from PySide6.QtPrintSupport import QPrinterInfo
from PySide6.QtWidgets import QApplication, QWidget

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.times import now_text
from models.store.store import Store
from sync.transport.removable import HandoverLine, HandoverSheet
from tests.ui.pagekit import add_pupils, finish, make_context, settle
from ui.pages.codes_sheet import CodesSheet
from ui.pages.handover import handover_html
from ui.pages.listing_output import print_list
from ui.printing import PrintPreview, preview


def _through(qtbot, parent: QWidget, target: Path, pages: int = 1) -> None:  # type: ignore[no-untyped-def]
    """The preview that hangs on `parent` is shown, painted again after a collection, and saved."""
    gc.collect()
    dialog = parent.findChild(PrintPreview)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.pages.pageCount() >= pages, timeout=10000)
    for _ in range(3):
        gc.collect()
        dialog.pages.updatePreview()
        QApplication.processEvents()
    dialog.write_pdf(target)
    assert target.read_bytes().startswith(b"%PDF")
    assert target.stat().st_size > 1000
    assert target.name in dialog.notice.text()
    dialog.reject()
    QApplication.processEvents()
    gc.collect()


@pytest.fixture(params=[[], ["办公室打印机"]], ids=["no printer", "a printer"])
def printers(request, monkeypatch) -> list[str]:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(QPrinterInfo, "availablePrinterNames", lambda: request.param)
    return request.param


def test_the_codes(qtbot, school_store, tmp_path, printers) -> None:  # type: ignore[no-untyped-def]
    from models.domain.units import Role

    store = school_store.open(Role.REGISTRAR)
    context, _said = make_context(store, tmp_path)
    sheet = CodesSheet(context, "青禾县第二小学", "abcd-efgh-ijkl", {"郑重": "1234-5678"})
    qtbot.addWidget(sheet)
    sheet.show()
    sheet._print()
    dialog = sheet.findChild(PrintPreview)
    assert dialog.go.isEnabled() == bool(printers)
    assert dialog.save.isEnabled()
    _through(qtbot, sheet, tmp_path / "恢复码.pdf")
    finish(context)


@pytest.mark.parametrize("kind", [STUDENTS, ACCOUNTS])
def test_the_lists(qtbot, school_store, tmp_path, kind) -> None:  # type: ignore[no-untyped-def]
    from models.domain.units import Role

    store: Store = school_store.open(Role.REGISTRAR)
    context, said = make_context(store, tmp_path)
    ids = add_pupils(store, 90) if kind == STUDENTS else []
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    print_list(page, context, kind, ids, ["name"], "名单")
    settle(qtbot, context)
    _through(qtbot, page, tmp_path / "名单.pdf", pages=3 if ids else 1)
    assert not said
    finish(context)


def test_the_handover_sheet(qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    page = QWidget()
    qtbot.addWidget(page)
    page.show()
    line = HandoverLine("a.rollbook", "变更申请", 3, 2048, "0123456789ABCDEF")
    sheet = HandoverSheet("青禾县第二小学", "青禾县教育局", now_text(), "KINGSTON", "", [line])
    preview(page, "数据包交接单", handover_html(sheet), landscape=True)
    _through(qtbot, page, tmp_path / "交接单.pdf")


def test_a_pdf_that_cannot_be_written_is_said(qtbot, tmp_path) -> None:  # type: ignore[no-untyped-def]
    page = QWidget()
    qtbot.addWidget(page)
    dialog = preview(page, "名单", "<p>张三</p>")
    dialog.write_pdf(tmp_path / "没有" / "名单.pdf")
    assert "没有写成" in dialog.notice.text()
    dialog.reject()
