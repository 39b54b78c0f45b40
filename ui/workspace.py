"""What is shown while a store is open: navigation, the page in front, the notice bar, the toast."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

from models.domain.units import Role
from ui.context import AppContext
from ui.errors import Shown
from ui.intake import Route, route
from ui.kit import Banner, Toast, button, column, holder, row
from ui.kit.around import Around
from ui.navigation import pages_for
from ui.offer_bar import OfferBar
from ui.page import Page
from ui.sidebar import Sidebar
from ui.status import TABLES, Figures, StatusBar, read_figures
from ui.tokens import COLLAPSE_BELOW
from ui.travel import reminder, travel_tip


class Workspace(QWidget):
    """Pages are made when they are first shown; a hidden page reads again when it is next shown."""

    arrived = Signal(str)

    def __init__(self, context: AppContext, status: StatusBar) -> None:
        super().__init__()
        self.context, self._status = context, status
        self.entries = {entry.key: entry for entry in pages_for(context.actor)}
        self._pages: dict[str, Page] = {}
        self._stale: set[str] = set()
        self.current = ""
        self._focus: QWidget | None = None
        self._reminded = False
        self.sidebar = Sidebar(context.actor, list(self.entries.values()))
        self.notice = Banner("bad", "", closable=True)
        self.notice.hide()
        self.stack = QStackedWidget()
        around = holder(row(self.notice, margins=(12, 8, 12, 0)))
        around.setVisible(False)
        self._around = around
        self.notice.closed.connect(around.hide)
        self.offers = self._offers()
        pages = column(around, *self._bars(), (self.stack, 1), spacing=0)
        self.setLayout(row(self.sidebar, (holder(pages), 1), spacing=0))
        self.toast = Toast(self)
        self.setAcceptDrops(True)
        self._connect()
        self._read_figures()

    def _offers(self) -> OfferBar | None:
        """The bar that offers what was found, for those who may receive it."""
        if "packages" not in self.entries:
            return None
        offers = OfferBar(self.context)
        offers.take.connect(self._take_offered)
        return offers

    def _bars(self) -> list[QWidget]:
        return [Around(self.offers, (12, 8, 12, 4))] if self.offers is not None else []

    def _take_offered(self, paths: list[Path]) -> None:
        page = self.show_page("packages")
        if page is not None:
            page.open_files(paths)

    def _connect(self) -> None:
        context = self.context
        self.sidebar.chosen.connect(self.show_page)
        self.sidebar.asked.connect(self._asked)
        self._status.chosen.connect(self.show_page)
        context.navigated.connect(self._navigated)
        context.file_opened.connect(self.take_file)
        context.noticed.connect(self.show_notice)
        context.toasted.connect(self.toast.say)
        context.changed.connect(self._tables_changed)
        context.hint_changed.connect(self._hint_changed)

    # --- pages ------------------------------------------------------------------------------------------

    @property
    def page(self) -> Page | None:
        """The page in front."""
        return self._pages.get(self.current)

    def _navigated(self, key: str, arguments: Mapping[str, Any]) -> None:
        self.show_page(key, **arguments)

    def show_page(self, key: str, **arguments: Any) -> Page | None:
        """Bring a page to the front; None when the person has no such page."""
        entry = self.entries.get(key)
        if entry is None:
            self._status.hint.setText(self.tr("当前角色没有这个页面。"))
            self.sidebar.mark(self.current)
            return None
        new = key not in self._pages
        if new:
            self._pages[key] = entry.make(self.context)
            self.stack.addWidget(self._pages[key])
        page = self._pages[key]
        if key != self.current:
            self.close_notice()
        self.current = key
        self.stack.setCurrentWidget(page)
        self.sidebar.mark(key)
        if new or key in self._stale:
            self._stale.discard(key)
            page.refresh()
        page.arrive(**arguments)
        page.take_focus()
        self._show_hint()
        self.arrived.emit(key)
        return page

    def _asked(self, what: str) -> None:
        if what == "passphrase":
            self.show_page("settings", part="access")
        elif what == "lock":
            self.context.lock()
        else:
            self.context.leave_requested.emit()

    def _tables_changed(self, tables: frozenset[str]) -> None:
        if not self.context.is_open:
            return
        for key, page in self._pages.items():
            if page.TABLES & tables:
                if key == self.current:
                    page.refresh()
                else:
                    self._stale.add(key)
        if TABLES & tables:
            self._read_figures()

    def _hint_changed(self, page: object) -> None:
        if page is self.page:
            self._show_hint()

    def _show_hint(self) -> None:
        page = self.page
        self._status.hint.setText(page.hint() if page is not None else "")

    def _read_figures(self) -> None:
        context = self.context
        context.read(
            read_figures, context.actor, context.store.home, done=self._show_figures, owner=self, replaces="figures"
        )

    def _show_figures(self, figures: Figures) -> None:
        self._status.show_figures(figures)
        self._remind(figures)
        self.sidebar.show_counts(
            {
                "review": figures.to_decide,
                "packages": figures.traffic.total,
                "changes": figures.returned,
                "problems": figures.problems,
                "letters": figures.letters,
                "orders": figures.orders,
                "filing": figures.filing_due,
                "monitoring": figures.monitoring,
                "duties": figures.duties,
            }
        )

    def _remind(self, figures: Figures) -> None:
        """Once after unlocking, whoever carries the files is reminded of a superior not heard of for long, and of
        accounts to be filed."""
        if self._reminded:
            return
        self._reminded = True
        words, due = reminder(figures.traffic), figures.filing
        if not self.context.has(Role.REGISTRAR):
            return
        said = [self.tr("{words}。{more}").format(words=words, more=travel_tip(figures.traffic))] if words else []
        if due is not None:
            said.append(due.sentence)
            go = button(self.tr("去备案"), "arrow-right", "link", on_click=lambda: self.show_page("filing", change=""))
            self.show_notice(Shown("\n".join(said), "", "warn" if due.state == "missed" else "info", False), go)
        elif said:
            self.show_notice(Shown(said[0], "", "info", False))

    # --- files, notices ---------------------------------------------------------------------------------

    def take_file(self, path: Path) -> None:
        """Give a file to the page that knows its kind, and say so when none does."""
        shown = self.current
        self.context.jobs.run(lambda: route(path, shown), lambda found: self._give(path, found), owner=self)

    def _give(self, path: Path, found: Route) -> None:
        if not found.page:
            self.show_notice(Shown(found.sentence, "", "warn", False))
            return
        page = self.show_page(found.page) if found.page in self.entries else None
        if page is None or not page.open_file(path):
            text = self.tr("“{name}”要由别的角色打开：导入表格由学籍管理员办理，恢复备份由系统管理员办理。请换人登录。")
            self.show_notice(Shown(text.format(name=path.name), "", "warn", False))

    def show_notice(self, shown: Shown, *acts: QWidget) -> None:
        """Show a sentence in the bar above the page, with 详情, 复制 and what can be done about it."""
        copied = "\n".join(part for part in (shown.sentence, shown.detail) if part)
        actions = [
            button(self.tr("复制"), "copy", "link", on_click=lambda: QGuiApplication.clipboard().setText(copied))
        ]
        if shown.detail:
            detail = button(self.tr("详情"), "info-circle", "link")
            detail.clicked.connect(lambda: self.notice.words.setText(copied))
            actions.insert(0, detail)
        self.notice.say(shown.tone, shown.sentence, [*actions, *acts])
        self._around.show()

    def close_notice(self) -> bool:
        """Close the notice bar when it is open; whether it was."""
        if self._around.isVisible():
            self.notice.close_bar()
            return True
        return False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Any file may be dropped anywhere."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take dropped files one after the other."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.context.open_file(Path(url.toLocalFile()))
        event.acceptProposedAction()

    # --- lock -------------------------------------------------------------------------------------------

    def has_draft(self) -> bool:
        """Whether any page holds something that is not saved."""
        return any(page.has_draft() for page in self._pages.values())

    def remember_focus(self) -> None:
        """Keep in mind where the caret is."""
        focus = QApplication.focusWidget()
        self._focus = focus if focus is not None and self.isAncestorOf(focus) else None
        if self._focus is not None:
            self._focus.destroyed.connect(self._forget_focus)

    def _forget_focus(self, _gone: QObject) -> None:
        self._focus = None

    def resume(self) -> None:
        """Be as before the lock: what was typed is still there, the caret too; data is read again."""
        self._stale.update(key for key in self._pages if key != self.current)
        page = self.page
        if page is not None:
            page.refresh()
        if self._focus is not None:
            self._focus.setFocus()
        self._read_figures()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Shrink the navigation in a narrow window."""
        super().resizeEvent(event)
        self.narrow(event.size().width() < COLLAPSE_BELOW)

    def narrow(self, on: bool) -> None:
        """Icons only, fewer counts."""
        self.sidebar.collapse(on)
        self._status.collapse(on)
