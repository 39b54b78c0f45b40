"""A PDF of our own as pages on the screen: set in a thread of its own, rendered in the child process, never stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtWidgets import QFrame, QWidget

from models.domain.errors import UserError
from models.domain.forms import FormData
from models.exchange.forms.pdf import Paper, form_pdf
from models.services import evidence
from ui.context import AppContext
from ui.kit import Banner, button, column, label, row, rule
from ui.kit.around import Around
from ui.pages.page_canvas import PageCanvas

RENDER_WIDTH = 1800
PRINT_WIDTH = 3000
"""Pixels across a page: on the screen, and on paper (about 260 to an inch of A4 landscape)."""
MOST_SHOWN = 500
"""Rows of a form that are shown here; setting a province's form as a whole takes longer than a look at it is worth."""
MOST_PRINTED = 100
"""Pages that are printed from here."""


@dataclass(frozen=True)
class _Sheet:
    """A paper, how many pages it has, and one of them as PNG."""

    paper: Paper
    pages: int
    png: bytes


class PaperView(QFrame):
    """Shows the form for some data, one page at a time."""

    def __init__(self, context: AppContext, name: str) -> None:
        super().__init__()
        self.setProperty("role", "plain")
        self.context = context
        self._data: FormData | None = None
        self._paper: Paper | None = None
        self._page = self._pages = 0
        self.place = label(kind="strong")
        acts = (
            ("chevron-left", self.tr("上一页（PgUp）"), "previous"),
            ("chevron-right", self.tr("下一页（PgDn）"), "next"),
            ("zoom-out", self.tr("缩小（−）"), "out"), ("zoom-in", self.tr("放大（＋，空格切换）"), "in"),
        )  # fmt: skip
        self._tools = [button("", icon, "link", tip, on_click=partial(self.act, act)) for icon, tip, act in acts]
        self.note = Banner("warn", "")
        self.note.hide()
        self.canvas = PageCanvas(name)
        self.canvas.pressed.connect(self.act)
        head = row(self.place, None, *self._tools, margins=(12, 4, 8, 4), spacing=2)
        self.setLayout(column(head, rule(), Around(self.note, (12, 8, 12, 4)), (self.canvas, 1), spacing=0))
        self.say("")

    @property
    def data(self) -> FormData | None:
        """What the form in sight says, None while there is none."""
        return self._data if self._paper is not None else None

    def say(self, text: str) -> None:
        """Show a sentence instead of a paper."""
        self._data = self._paper = None
        self.note.hide()
        self.place.setText("")
        self._enable(False)
        self.canvas.say(text)

    def _enable(self, on: bool) -> None:
        for tool in self._tools:
            tool.setEnabled(on)

    def show_form(self, data: FormData) -> None:
        """Set the form and show its first page; the one in sight stays when it says the same."""
        if data == self._data and self._paper is not None:
            return
        self.say(self.tr("正在排版"))
        self._data, self._page = data, 0
        self.canvas.level()

        def work() -> _Sheet:
            paper = form_pdf(replace(data, rows=data.rows[:MOST_SHOWN]))
            return _Sheet(paper, evidence.page_count(paper.content), evidence.render(paper.content, 0, RENDER_WIDTH))

        self._run(work, lambda sheet: self._show_first(data, sheet))

    def _run(self, work: Callable[[], object], done: Callable[[_Sheet], object]) -> None:
        self.context.evidence_jobs.run(work, done, self._refused, owner=self, replaces=f"paper-{id(self)}")

    def _show_first(self, data: FormData, sheet: _Sheet) -> None:
        if data != self._data:
            return
        self._paper, self._pages = sheet.paper, sheet.pages
        more = self.tr("共 {n:,} 行，这里只显示前 {most} 行；生成的文件是全的。").format(
            n=len(data.rows), most=MOST_SHOWN
        )
        said = [sheet.paper.remark, more if len(data.rows) > MOST_SHOWN else ""]
        if any(said):
            self.note.say("warn", " ".join(filter(None, said)))
        self._show(0, sheet.png)
        self._enable(True)

    def _show(self, page: int, png: bytes) -> None:
        if self._paper is None or page != self._page:
            return
        self.place.setText(self.tr("第 {page}/{pages} 页").format(page=page + 1, pages=self._pages))
        self.canvas.show_png(png)

    def _refused(self, error: Exception) -> None:
        self.say(self.context.errors.describe(error, "paper").sentence)

    def act(self, act: str) -> None:
        """Carry out a key or button: next, previous, or what the picture knows."""
        if act not in ("next", "previous"):
            self.canvas.act(act)
            return
        page, paper = self._page + (1 if act == "next" else -1), self._paper
        if paper is None or not 0 <= page < self._pages:
            return
        self._page = page
        self.context.evidence_jobs.run(
            lambda: evidence.render(paper.content, page, RENDER_WIDTH), lambda png: self._show(page, png),
            self._refused, owner=self, replaces=f"paper-{id(self)}",
        )  # fmt: skip


def print_pdf(parent: QWidget, context: AppContext, title: str, make: Callable[[], bytes]) -> None:
    """Show the pages of the PDF that `make` gives (in a thread of its own) before they are printed."""
    from ui.printing_pages import preview_pages

    def work() -> tuple[list[bytes], bytes]:
        content = make()
        number = evidence.page_count(content)
        if number > MOST_PRINTED:
            words = parent.tr("共 {n} 页，超过了 {most} 页。请先生成 PDF，再用 PDF 阅读器打印。")
            raise UserError(words.format(n=number, most=MOST_PRINTED))
        return [evidence.render(content, page, PRINT_WIDTH) for page in range(number)], content

    context.evidence_jobs.run(
        work, lambda made: preview_pages(parent, title, made[0], made[1], context.prompt), owner=parent,
        title=parent.tr("准备打印"),
    )  # fmt: skip
