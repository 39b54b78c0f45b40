"""The window: the entrance until a store is open, then the workspace; actions, lock, dropped files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget

from ui.actions import ACTIONS, ActionEntry
from ui.context import AppContext
from ui.idle import IdleWatch
from ui.pages.unlock import UnlockPage
from ui.start_hooks import Hooks

if TYPE_CHECKING:
    from models.store.store import Store
    from ui.status import StatusBar
    from ui.workspace import Workspace

PROGRAM = "名册"


class MainWindow(QMainWindow):
    """A frame: what it shows is made elsewhere."""

    def __init__(self, context: AppContext, hooks: Hooks | None = None) -> None:
        super().__init__()
        self.context = context
        self.hooks = hooks or Hooks()
        self.setWindowTitle(PROGRAM)
        self.setAcceptDrops(True)
        self._stack = QStackedWidget()
        self.setCentralWidget(self._stack)
        self.workspace: Workspace | None = None
        self._status: StatusBar | None = None
        self._person = ""
        self._actions: dict[str, QAction] = {}
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self._idle = IdleWatch(app)
        self._idle.expired.connect(self.lock)
        context.lock_requested.connect(self.lock)
        context.restore_requested.connect(self.restore)
        self.entrance: QWidget = self._entrance()
        self._stack.addWidget(self.entrance)
        self._size()

    def _entrance(self) -> QWidget:
        if (self.context.home / "keys.json").exists() or (self.context.home / "keys.copy.json").exists():
            page = UnlockPage(self.context, self.hooks)
            page.opened.connect(self.enter)
            return page
        from ui.pages.first_run import FirstRun

        first = FirstRun(self.context, self.hooks)
        first.opened.connect(self.enter)
        first.finished.connect(self._to_unlock)
        return first

    def _to_unlock(self) -> None:
        """The store was made or restored: go on at the unlock page."""
        old, self.entrance = self.entrance, self._entrance()
        self._stack.addWidget(self.entrance)
        self._stack.setCurrentWidget(self.entrance)
        old.deleteLater()

    def _size(self) -> None:
        stored = self.context.settings.value("window/geometry")
        if not (isinstance(stored, QByteArray) and self.restoreGeometry(stored)):
            room = QGuiApplication.primaryScreen().availableGeometry()
            self.resize(min(1366, room.width()), min(768, room.height()))

    # --- in and out -------------------------------------------------------------------------------------

    def enter(self, store: Store) -> None:
        """Show the pages of an opened store; after a lock those that were there, if it is the same person."""
        self.context.set_store(store)
        same = self.workspace is not None and self._person == store.actor.person_id
        if not same:
            self._build(store)
        assert self.workspace is not None
        assert self._status is not None
        self._status.show()
        self._stack.setCurrentWidget(self.workspace)
        self._set_actions(True)
        if same:
            self.workspace.resume()
        else:
            self.workspace.show_page(next(iter(self.workspace.entries)))
        from models.services.preferences import idle_minutes

        self.context.read(idle_minutes, done=self._idle.start, owner=self)
        for warning in store.warnings:
            self.context.toast(warning, None, "warn")

    def _build(self, store: Store) -> None:
        from ui.status import StatusBar
        from ui.workspace import Workspace

        if self.workspace is not None:
            self._stack.removeWidget(self.workspace)
            self.workspace.deleteLater()
        self._person = store.actor.person_id
        self._status = StatusBar([entry.key for entry in _entries(self.context)])
        self.setStatusBar(self._status)
        self.workspace = Workspace(self.context, self._status)
        self._stack.addWidget(self.workspace)
        self._status.lock_clicked.connect(self.lock)
        self._idle.left.connect(self._status.show_minutes)
        self.context.jobs.started.connect(self._status.follow)
        self.context.jobs.ended.connect(self._status.leave)
        self.workspace.arrived.connect(self._arrived)
        self.setWindowTitle(f"{store.actor.unit.name} — {PROGRAM}")
        if not self._actions:
            self._actions = {entry.key: self._action(entry) for entry in ACTIONS}

    def lock(self) -> None:
        """Put the entrance in front and close the store; what is typed stays in the pages behind it (ux 1)."""
        if self.workspace is None or not self.context.is_open:
            return
        self.workspace.remember_focus()
        draft = self.workspace.has_draft()
        self._idle.stop()
        self._set_actions(False)
        if self._status is not None:
            self._status.hide()
        store = self.context.store
        self.context.set_store(None)
        self._to_unlock()
        if isinstance(self.entrance, UnlockPage):
            self.entrance.locked(store.actor.name, draft=draft)
        self.context.jobs.run(store.close)
        self.context.locked.emit()

    def restore(self, path: Path) -> None:
        """Close the store and restore a backup over it; everyone unlocks anew afterwards."""
        from ui.dialogs.restore import RestoreDialog

        self.lock()
        dialog = RestoreDialog(self, self.context, self.context.home, path)
        dialog.restored.connect(self._restored)
        dialog.open()

    def _restored(self) -> None:
        self._person = ""  # other data lies behind the entrance now: pages are made anew
        self._to_unlock()

    # --- actions ----------------------------------------------------------------------------------------

    def _action(self, entry: ActionEntry) -> QAction:
        action = QAction(entry.name, self)
        action.setShortcut(QKeySequence(entry.keys))
        action.triggered.connect(lambda: self.run_action(entry.key))
        self.addAction(action)
        return action

    def _set_actions(self, on: bool) -> None:
        current = self.workspace.current if self.workspace is not None else ""
        for entry in ACTIONS:
            if entry.key in self._actions:
                self._actions[entry.key].setEnabled(on and (not entry.pages or current in entry.pages))

    def _arrived(self, key: str) -> None:
        self._set_actions(True)
        assert self.workspace is not None
        title = self.workspace.entries[key].title
        self.setWindowTitle(f"{title} — {self.context.actor.unit.name} — {PROGRAM}")

    def run_action(self, key: str) -> None:
        """Give an action to the page in front, else do what concerns the window."""
        workspace = self.workspace
        if workspace is None:
            return
        if key == "close_panel" and workspace.close_notice():
            return
        page = workspace.page
        if page is not None and page.run_action(key):
            return
        own: dict[str, Any] = {"lock": self.lock, "help": self._help, "open": self._open, "import": self._import}
        if key in own:
            own[key]()
        elif key == "refresh" and page is not None:
            page.refresh()

    def _help(self) -> None:
        from ui.dialogs.keyboard import KeyboardList

        KeyboardList(self).open()

    def _open(self) -> None:
        from ui.prompt import ANY_FILE

        self.context.prompt.open_files(self, self.tr("打开文件"), ANY_FILE, self._take_files)

    def _take_files(self, paths: list[Path]) -> None:
        for path in paths:
            self.context.open_file(path)

    def _import(self) -> None:
        self.context.navigate("import")

    # --- Qt's side --------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Any file may be dropped while a store is open."""
        if self.context.is_open and any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take dropped files one after the other."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.context.open_file(Path(url.toLocalFile()))
        event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Remember the place and size, make the closing backup, end the thread."""
        self.context.settings.setValue("window/geometry", self.saveGeometry())
        self._idle.stop()
        if self.context.is_open:
            store = self.context.store
            self.context.set_store(None)
            self.hide()
            self.context.jobs.run(store.close)
        self.context.jobs.shut()
        super().closeEvent(event)


def _entries(context: AppContext) -> tuple[Any, ...]:
    from ui.navigation import pages_for

    return pages_for(context.actor)
