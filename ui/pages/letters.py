"""往来: what units tell each other and where it stands, notices, and what waits to be written out (decision 7, E16)."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QStackedWidget

from models.domain.units import Role, Tier
from models.services.matters import show_matter
from models.services.units import descendants
from sync.messages import notices
from ui.context import AppContext
from ui.kit import Banner, PageHead, button, column, holder, row
from ui.kit.around import Around
from ui.page import Page
from ui.pages.letter_book import TABS, Entry, LetterBook, letter_columns, read_letters
from ui.pages.letter_panel import LetterPanel
from ui.pages.letters_out import LettersOut
from ui.pages.notice_form import Draft, NoticeForm
from ui.pages.tabbed_list import TabbedList

LIST, WRITE = range(2)


class LettersPage(Page):
    """List and the matter in sight; a notice is written in their place."""

    TABLES = frozenset({"message", "message_step", "package"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.book = LetterBook()
        self._wanted = ""
        self._signs = context.has(Role.REGISTRAR)
        self._above = context.actor.unit.tier is not Tier.SCHOOL
        self._build()

    def _build(self) -> None:
        self.out = button(self.tr("写出待发函件"), "device-usb", tip=self.tr("写入 U 盘或文件夹（Ctrl+E）"))
        self.new = button(self.tr("写通知"), "pencil", "primary", "Ctrl+N", on_click=self.write_notice)
        self.new.setVisible(self._signs and self._above)
        self.head = PageHead(self.tr("往来"), "", [self.out, self.new])
        self.news = Banner("info", "", closable=True)
        self.news.hide()
        self.letters = LettersOut(self.context, self.news, self)
        self.letters.changed.connect(self._show_waiting)
        self.out.clicked.connect(self.letters.write)
        self.list = TabbedList(self.tr("往来事项"), TABS, letter_columns(), "arrows-exchange")
        self.list.tab_chosen.connect(lambda _: self._draw())
        self.list.chosen.connect(self._read)
        self.panel = LetterPanel(self.context)
        self.list.opened.connect(lambda _: self.panel.confirm())
        self.panel.read.connect(self._confirm)
        left = column(Around(self.news, (12, 8, 12, 4)), (self.list, 1), spacing=0)
        front = column(self.head, (holder(row((holder(left), 1), self.panel, spacing=0)), 1), spacing=0)
        self.form = NoticeForm()
        self.form.left.connect(lambda: self._go(LIST))
        self.form.given.connect(self._send)
        self.stack = QStackedWidget()
        for part in (holder(front), self.form):
            self.stack.addWidget(part)
        self.setLayout(column(self.stack))

    # --- reading ----------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`matter`: go to that one."""
        if arguments.get("matter"):
            self._wanted = str(arguments["matter"])
            self.list.show_tab("all")

    def refresh(self) -> None:
        """Read the matters again."""
        self.context.read(read_letters, done=self._show, owner=self, replaces="letters-list")
        self.letters.refresh()

    def _show(self, book: LetterBook) -> None:
        first = not self.book.entries and bool(book.entries)
        self.book = book
        if first and not book.of("mine") and self.list.tab == "mine":
            self.list.show_tab("open" if book.of("open") else "all")
        self._draw()

    def _draw(self) -> None:
        self.list.show_counts({key: len(self.book.of(key)) for key, _ in TABS})
        self.list.show_rows(self.book.of(self.list.tab), self._nothing(), self._wanted)
        self._wanted = ""
        self.say_hint()

    def _nothing(self) -> str:
        if self.book.entries:
            return self.tr("这里没有事项。")
        if self._above:
            return self.tr("还没有往来。发给下级的通知、问题核查、停用通知单，和下级的答复，走到哪里都列在这里。")
        return self.tr("还没有往来。上级的通知、问题核查和本校的答复，走到哪里都列在这里。")

    def _show_waiting(self) -> None:
        waiting, number = self.letters.waiting, self.letters.total
        names = "、".join(f"{one.unit_name} {one.number}" for one in waiting[:3]) + ("等" if len(waiting) > 3 else "")
        none = self.tr("没有待发的函件")
        self.head.set_sub(self.tr("待发 {n} 件：{names}").format(n=number, names=names) if number else none)
        self.out.set_text(self.tr("写出待发函件 {n}").format(n=number) if number else self.tr("写出待发函件"))
        self.out.setEnabled(bool(number))

    def _read(self, entry: Entry | None) -> None:
        if entry is None:
            self.panel.show_nothing()
            return
        self.context.read(
            show_matter, entry.id, done=lambda detail: self.panel.show_entry(entry, detail), owner=self,
            replaces="letter-detail",
        )  # fmt: skip

    def _go(self, place: int) -> None:
        self.stack.setCurrentIndex(place)
        self.say_hint()

    # --- acting -----------------------------------------------------------------------------------------

    def _confirm(self, notice_id: str) -> None:
        words = self.tr("已确认阅读，回执随下一次送出的文件告知对方。")
        self.context.write(
            notices.confirm, self.context.actor, notice_id, done=lambda _: self.letters.said(words), owner=self
        )

    def write_notice(self) -> None:
        """Start a notice."""
        if self._signs and self._above:
            self.context.read(descendants, self.context.actor.unit.id, done=self._begin, owner=self)

    def _begin(self, units: Any) -> None:
        self.form.begin(units)
        self._go(WRITE)
        self.form.title.setFocus()

    def _send(self, draft: Draft) -> None:
        store = self.context.store
        sentence = self.tr("通知《{title}》签名后发给 {who}，不能收回。").format(title=draft.title, who=draft.words)

        def work(secret: str) -> str:
            return notices.send(
                store, secret, draft.to, draft.title, draft.text, draft.due, draft.tiers
            )  # fmt: skip

        def done(matter: str) -> None:
            self._wanted = matter
            self._go(LIST)
            self.form.begin(())
            self.list.show_tab("notices")
            self.letters.said(self.tr("通知《{title}》已签名，等待送出。").format(title=draft.title))
            self.refresh()

        self.context.with_passphrase(self, self.tr("签名发出通知"), sentence, work, done)

    # --- the window -------------------------------------------------------------------------------------

    def has_draft(self) -> bool:
        """Whether a notice is being written."""
        return self.form.has_draft()

    def run_action(self, key: str) -> bool:
        """Keys of list and form."""
        writing = self.stack.currentIndex() == WRITE
        acts: dict[str, Any] = {
            "new": self.write_notice, "export": self.letters.write, "print": self.panel.print_,
            "submit": self.form.give if writing else self.panel.confirm,
            "next_item": lambda: self.list.step(1), "previous_item": lambda: self.list.step(-1),
        }  # fmt: skip
        if writing:
            acts["close_panel"] = lambda: self._go(LIST)
        if key not in acts:
            return False
        acts[key]()
        return True

    def hint(self) -> str:
        """Keys of what is in front."""
        if self.stack.currentIndex() == WRITE:
            return self.tr("Ctrl+Enter 签名发出 · Esc 返回")
        number = len(self.list.model.rows)
        return self.tr("{n} 个事项 · Ctrl+Enter 确认已阅 · J / K 上下一条 · Ctrl+E 写出待发函件").format(n=number)
