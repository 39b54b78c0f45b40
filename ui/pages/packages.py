"""数据包收发: what goes up and comes down, how far each package is, and the next step with it (screen d)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QButtonGroup

from models.domain.units import Role
from models.services import merging
from sync.packages import outbox, receipts
from sync.packages.outbox import BuiltPackages
from sync.packages.receipts import Answered
from ui.context import AppContext
from ui.kit import Banner, EmptyState, PageHead, button, card, column, holder, label, row, rule
from ui.kit.around import Around
from ui.page import Page
from ui.pages.package_book import Book, Package, read_book
from ui.pages.package_delivery import PackageDelivery
from ui.pages.package_detail import PackageDetail
from ui.pages.package_intake import PackageIntake
from ui.pages.package_list import PackageFigures, package_columns
from ui.pages.simple_table import simple_table
from ui.pages.stick_bar import StickBar
from ui.prompt import PACKAGES


class PackagesPage(Page):
    """Figures, list and detail; the buttons do the next step."""

    TABLES = frozenset({"package", "change", "received_item", "channel", "report_section"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.book = Book()
        self._tab = "out"
        self._wanted = ""
        self._may_send = context.has(Role.REGISTRAR)
        self._build()

    # --- building -----------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.take = button(
            self.tr("接收文件"), "download", tip=self.tr("也可以把文件拖进窗口（Ctrl+O）"), on_click=self.choose
        )
        self.seal = button(self.tr("打包"), "package", "primary", on_click=self.build)
        self.head = PageHead(self.tr("数据包收发"), "", [self.take, self.seal])
        self.news, self.usb = Banner("info", "", closable=True), StickBar(self.context)
        self.news.hide()
        self.intake = PackageIntake(self.context, self.news, self)
        self.intake.taken.connect(self._taken)
        self.delivery = PackageDelivery(self.context, self.news, self.usb, self.intake.fail, self)
        self.usb.write.connect(lambda: self.deliver(None, also_print=True))
        self.figures = PackageFigures()
        self.table, self.model = simple_table(self.tr("数据包"), package_columns(), self)
        self.table.verticalHeader().setDefaultSectionSize(36)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_current())
        self.table.activated.connect(lambda _: self._main_act())
        self.tabs = QButtonGroup(self)
        self._tab_of = {}
        for place, key in enumerate(("out", "in", "todo")):
            tab = button(kind="tab", checkable=True, on_click=lambda key=key: self.show_tab(key))  # type: ignore[misc]
            self.tabs.addButton(tab, place)
            self._tab_of[key] = tab
        self.empty = EmptyState("", icon="package")
        legend = label(self.tr("○ 未到  ● 已完成"), "cap")
        tabs = row(*self._tab_of.values(), None, legend, margins=(0, 0, 12, 0), spacing=0)
        listing = card(tabs, rule(), (self.table, 1), (self.empty, 1), margins=(1, 1, 1, 1), spacing=0)
        left = column(
            Around(self.news, (0, 0, 0, 10)), Around(self.usb, (0, 0, 0, 10)),
            self.figures, 10, (listing, 1), margins=(16, 10, 16, 12), spacing=0,
        )  # fmt: skip
        self.detail = PackageDetail()
        self.detail.act.connect(self._act)
        body = holder(row((holder(left), 1), self.detail, spacing=0))
        self.setLayout(column(self.head, (body, 1), spacing=0))

    # --- reading ------------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`package`: go to it; `finish`: finish the review of that received package."""
        self._wanted = str(arguments.get("finish") or arguments.get("package") or "")
        if arguments.get("finish"):
            self._tab = "in"
            self.finish(str(arguments["finish"]))
        if self._wanted:
            self.refresh()

    def refresh(self) -> None:
        """Read the packages again."""
        self.context.read(read_book, done=self._show_book, owner=self, replaces="packages")

    def _show_book(self, book: Book) -> None:
        self.book = book
        who = self.tr("与{name}之间 · 离线方式（U 盘 / 内网邮箱）").format(name=book.superior)
        none = (
            self.tr("还没有上级单位，请先在“设置 › 单位”中入网。")
            if not book.upper
            else self.tr("与下级单位之间 · 离线方式")
        )
        self.head.set_sub(who if book.superior else none)
        number = book.waiting.total + book.to_report
        self.seal.set_text(self._seal_words(book))
        self.seal.setVisible(bool(book.superior) and self._may_send)
        self.seal.setEnabled(bool(number))
        self.take.setEnabled(self._may_send)
        self.figures.show_book(book)
        self._draw()
        sealed = [p for p in self._unanswered(None) if p.row["state"] == "sealed"]
        self.usb.offer(len(sealed) if self._may_send else 0)

    def _seal_words(self, book: Book) -> str:
        """What the next package would carry: what was approved here, and what was accepted from below."""
        own, below = book.waiting.total, book.to_report
        if own and below:
            return self.tr("打包 {n} 项，汇总 {m} 项").format(n=own, m=below)
        if below:
            return self.tr("汇总上报 {n} 项").format(n=below)
        return self.tr("打包已批准的 {n} 项").format(n=own) if own else self.tr("没有待打包的事项")

    def _draw(self) -> None:
        lists = {"out": self.book.outgoing(), "in": self.book.incoming(), "todo": self.book.to_do()}
        for key, words in (("out", self.tr("发出 {n}")), ("in", self.tr("收到 {n}")), ("todo", self.tr("须处理 {n}"))):
            self._tab_of[key].set_text(words.format(n=len(lists[key])))
            self._tab_of[key].setChecked(key == self._tab)
        if self._wanted and all(p.id != self._wanted for p in lists[self._tab]):
            self._tab = next(
                (key for key, found in lists.items() if any(p.id == self._wanted for p in found)), self._tab
            )
            self._tab_of[self._tab].setChecked(True)
        current = self._wanted or (p.id if (p := self.current()) else "")
        self._wanted = ""
        shown = lists[self._tab]
        self.model.set_rows(shown)
        self.table.setVisible(bool(shown))
        self.empty.setVisible(not shown)
        self.empty.sentence.setText(self._nothing())
        if shown:
            self.table.select_row(next((i for i, p in enumerate(shown) if p.id == current), 0))
        self._show_current()
        self.say_hint()

    def _nothing(self) -> str:
        if self._tab == "out":
            return (
                self.tr("还没有发出数据包。主管领导批准变更后，在这里打包。")
                if self.book.reports
                else self.tr("还没有发出回执。")
            )
        if self._tab == "in":
            return self.tr("还没有收到数据包。插上 U 盘，把文件拖进窗口。")
        return self.tr("没有须处理的数据包。")

    def show_tab(self, key: str) -> None:
        """Show packages sent, received, or to be dealt with."""
        self._tab = key
        self._draw()

    def current(self) -> Package | None:
        """The package in sight."""
        at = self.table.currentIndex().row()
        return self.model.rows[at] if 0 <= at < len(self.model.rows) else None

    def _show_current(self) -> None:
        self.detail.show_package(self.current(), may_send=self._may_send, may_review=self._may_send and self.book.upper)

    # --- acts ---------------------------------------------------------------------------------------------

    def _act(self, act: str) -> None:
        package = self.current()
        if package is None:
            return
        acts: dict[str, Any] = {
            "deliver": lambda: self.deliver(package), "mail": lambda: self.delivery.split(package),
            "sheet": lambda: self.delivery.print_sheet(package),
            "review": lambda: self.context.navigate("review", package=package.id),
            "finish": lambda: self.finish(package.id),
            "returned": lambda: self.context.navigate("changes", state="draft"),
        }  # fmt: skip
        acts[act]()

    def _main_act(self) -> None:
        package = self.current()
        if package is None:
            return
        if package.out and package.row["state"] in ("sealed", "delivered"):
            self._act("deliver")
        elif package.returned:
            self._act("returned")
        elif not package.out and package.states.get("in_review"):
            self._act("review")

    def build(self) -> None:
        """Seal what is approved: irreversible, so the passphrase is asked in a window of its own."""
        if not self.seal.isEnabled() or self.seal.isHidden():
            return
        store, book = self.context.store, self.book
        own = self.tr("把已批准的 {n} 项签名打包，交给{who}。打包后不能改回，只能申请撤回。")
        below = self.tr("把核办通过的 {m} 项连同核办回执汇总，签名上报{who}。")
        sentence = (own if book.waiting.total else "") + (below if book.to_report else "")
        sentence = sentence.format(n=book.waiting.total, m=book.to_report, who=book.superior)
        self.context.with_passphrase(
            self, self.tr("签名打包"), sentence, lambda passphrase: outbox.build(store, passphrase), self._built
        )

    def _built(self, built: BuiltPackages) -> None:
        self._tab, self._wanted = "out", built.package_id or ""
        words = self.tr("已打包 {n} 个文件，下一步写入 U 盘或文件夹交给{who}。").format(
            n=len(built.new), who=self.book.superior
        )
        go = button(self.tr("写入并打印交接单"), kind="link", on_click=lambda: self.deliver(None, also_print=True))
        self.news.say("ok", words, [go])
        self.refresh()

    def deliver(self, package: Package | None, *, also_print: bool = False) -> None:
        """Write a package, and everything else its receiver has not answered (decision 7), to a stick or folder."""
        ids = [p.id for p in self._unanswered(package)]
        self.delivery.deliver(ids, self.detail.carrier.text().strip(), also_print=also_print)

    def _unanswered(self, package: Package | None) -> list[Package]:
        audience = package.row["audience_id"] if package else None
        return [
            p for p in self.book.outgoing()
            if p.row["state"] in ("sealed", "delivered") and (audience is None or p.row["audience_id"] == audience)
        ]  # fmt: skip

    def finish(self, package_id: str) -> None:
        """Sign the receipt of a reviewed (or refused) package and apply what was accepted."""
        store = self.context.store
        sentence = self.tr("对已作出的决定签名并生成回执，通过的内容写入本级数据。此后不能再改变这些决定。")
        if any(one.id == package_id and one.row["purpose"] == "report" for one in self.book.packages):
            sentence = self.tr("对收到的汇总签名并生成回执，告知报送单位哪些已并入、哪些没有接收。")

        def done(made: Answered) -> None:
            self._tab = "out"
            go = button(self.tr("写入 U 盘或文件夹"), kind="link", on_click=lambda: self.deliver(None))
            words = self.tr("回执“{name}”已生成，请写入 U 盘送回。").format(name=made.path.name)
            self.news.say("ok", words + merging.found_words(made.problems), [go])
            self.refresh()

        self.context.with_passphrase(
            self, self.tr("完成核办并生成回执"), sentence,
            lambda passphrase: receipts.answer(store, package_id, passphrase), done,
        )  # fmt: skip

    # --- files coming in ----------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for files from a stick."""
        self.context.prompt.open_files(self, self.tr("接收文件"), PACKAGES, self.open_files)

    def open_file(self, path: Path) -> bool:
        """Say what a file is, whose and for whom; then take it, or send it to the page it belongs to."""
        return self.open_files([path])

    def open_files(self, paths: list[Path]) -> bool:
        """Take several files, parts of a mail or folders at once."""
        if len(paths) == 1 and not paths[0].is_dir():
            self.intake.take(paths[0])
        else:
            self.intake.take_all(paths)
        return True

    def _taken(self, package_id: str) -> None:
        self._tab, self._wanted = "in", package_id
        self.refresh()

    # --- the window ---------------------------------------------------------------------------------------

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """What was said here is over once another page is in front."""
        super().hideEvent(event)
        if not event.spontaneous():
            self.news.hide()

    def run_action(self, key: str) -> bool:
        """Write to the stick, print the sheet, seal."""
        package = self.current()
        if key == "export" and package is not None and package.out and self._may_send:
            self.deliver(package)
        elif key == "print" and package is not None and package.out:
            self.delivery.print_sheet(package)
        elif key == "submit":
            self.build()
        elif key == "open":
            self.choose()
        else:
            return False
        return True

    def hint(self) -> str:
        """Number and keys."""
        n = len(self.book.outgoing())
        return self.tr("{n} 个发出 · 回车 下一步 · Ctrl+E 写入 U 盘 · Ctrl+P 交接单 · Ctrl+Enter 打包").format(n=n)
