"""Every place that prints: the preview paints, survives the collector, and writes a PDF, with and without a printer."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from PySide6.QtPrintSupport import QPrinterInfo
from PySide6.QtWidgets import QApplication, QWidget

from models.domain.fields import ACCOUNTS, STUDENTS
from models.domain.times import now_text
from models.services.matters import Matter, MatterDetail
from models.services.order_views import OrderDetail, OrderItem, OrderSummary
from models.services.problem_views import ProblemDetail, ProblemSummary, SideView
from models.store.store import Store
from sync.messages.notices import Notice
from sync.transport.removable import HandoverLine, HandoverSheet
from tests.ui.pagekit import add_pupils, finish, make_context, settle
from tests.ui.windowkit import look
from ui.pages.codes_sheet import CodesSheet
from ui.pages.handover import handover_html
from ui.pages.letter_book import Entry
from ui.pages.listing_output import print_list
from ui.pages.papers import letter_html, order_html, problem_html
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


def _order() -> OrderDetail:
    unit = ("u", "甲一学习中心")
    done = OrderItem(
        0, *unit, "a", "tslnchen", "陈<教师>", "done", "已禁用", False, now_text(), "登记员", "", "disabled"
    )
    objected = OrderItem(1, *unit, "b", "tslnlin", "林讲师", "objected", "有异议", False, "", "", "仍在岗", "active")
    one = OrderSummary(
        "o", "A1B2C3", True, "p", "虚拟省开放大学", "no_real_name", "未实名", "请核对后执行", "2026-12-01", now_text(),
        "省登记员", "open", "待执行", 2, 1, 1, 0, 0,
    )  # fmt: skip
    return OrderDetail(one, (done, objected))


def _problem() -> ProblemDetail:
    def side(place: int, unit: str, name: str, opinion: str) -> SideView:
        answered = now_text() if opinion else ""
        return SideView(
            place, f"u{place}", unit, "青禾县教育局", "s", f"{name} 三(2)班",
            (("姓名", name), ("出生日期", "2018-03-05")),
            "keep", "本校学籍正确", opinion, "登记员", answered, "", (), (), "", "", "", "", "", "", "", "待答复", True,
        )  # fmt: skip

    one = ProblemSummary(
        "p", "77AA", "id_twice", "证件号重复", "赵明", ("甲", "乙"), "asked", "待答复", "2026-12-01", 3,
        "第 2 方答复", False, False, "青禾县教育局", now_text(),
    )  # fmt: skip
    sides = (side(0, "青禾县第一小学", "赵明", "户口簿已核"), side(1, "青禾县第二小学", "赵鸣", ""))
    return ProblemDetail(
        one, "两名学生证件号相同。", "E8", "", (("证件号", "130999********0018"),), sides, (), "", "", "", "", "", "m"
    )


def _notice() -> tuple[Entry, MatterDetail]:
    matter = Matter("m", "notice", "关于核对学籍的通知", "青禾县教育局", now_text(), now_text(), 2, ("第二小学",), 2, 1)
    words = "各校：\n请于本周内核对 <全部> 学籍。"
    notice = Notice(
        "n", "m", "out", matter.title, words, "青禾县教育局", "登记员", now_text(), "", False, ("青禾县第一小学",),
        ("青禾县第二小学",),
    )  # fmt: skip
    return Entry(matter, False, notice), MatterDetail(matter, ())


@pytest.mark.parametrize(
    ("name", "html", "landscape"),
    [
        ("order", order_html(_order()), True), ("problem", problem_html(_problem()), True),
        ("notice", letter_html(*_notice()), False),
    ],
    ids=["order", "problem", "notice"],
)  # fmt: skip
def test_what_units_tell_each_other(  # type: ignore[no-untyped-def]
    qtbot, tmp_path, printers, name: str, html: str, landscape: bool
) -> None:
    del printers
    parent = QWidget()
    qtbot.addWidget(parent)
    dialog = preview(parent, name, html, landscape=landscape)
    look(dialog, f"paper-{name}")
    _through(qtbot, parent, tmp_path / f"{name}.pdf")


def test_papers_say_all_and_hide_no_markup() -> None:
    order = order_html(_order())
    assert "陈&lt;教师&gt;" in order
    for words in ("登记员", "已禁用", "仍在岗", "请核对后执行", "共 2 个，已禁用 1，有异议 1，待执行 0"):
        assert words in order
    problem = problem_html(_problem())
    for words in (
        "第 1 方：青禾县第一小学",
        "第 2 方：青禾县第二小学",
        "赵明",
        "赵鸣",
        "户口簿已核",
        "逾期 3 天",
        "核实人：",
    ):
        assert words in problem
    notice = letter_html(*_notice())
    assert "各校：<br>请于本周内核对 &lt;全部&gt; 学籍。" in notice
    assert notice.index("青禾县第二小学") < notice.index("已阅</td>"), "who has not read it comes first"
