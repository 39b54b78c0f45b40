"""The window: the entrance until a store is open, then the workspace; actions, lock, dropped files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMainWindow, QStackedWidget, QWidget

from ui.context import AppContext
from ui.idle import IdleWatch
from ui.pages.unlock import UnlockPage
from ui.start_hooks import Hooks

if TYPE_CHECKING:
    from models.store.store import Store
    from ui.window_actions import WindowActions
    from ui.workspace import Workspace

PROGRAM = "名册"


class MainWindow(QMainWindow):
    """A frame: what it shows is made elsewhere."""

    def __init__(self, context: AppContext, hooks: Hooks | None = None) -> None:
        super().__init__()
        self.context = context
        self.hooks = hooks or Hooks()
        self.setWindowTitle(PROGRAM)
        self._stack = QStackedWidget()
        self.setCentralWidget(self._stack)
        self.workspace: Workspace | None = None
        self._person = ""
        self.actions_map: WindowActions | None = None
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self._idle = IdleWatch(app)
        self._idle.expired.connect(self.lock)
        context.lock_requested.connect(self.lock)
        context.leave_requested.connect(self.leave)
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
        same = self.workspace is not None and self._person == _who(store)
        if not same:
            self._build(store)
        workspace = self.workspace
        assert workspace is not None
        self.statusBar().show()
        self._stack.setCurrentWidget(workspace)
        if same:
            workspace.resume()
            self._arrived(workspace.current)
        else:
            workspace.show_page(next(iter(workspace.entries)))
        from models.services.companions import wants_pairing
        from models.services.preferences import idle_minutes

        self.context.read(wants_pairing, done=self._pair, owner=self)
        self.context.read(idle_minutes, done=self._idle.start, owner=self)
        for warning in store.warnings:
            self.context.toast(warning, None, "warn")

    def _pair(self, wanted: bool) -> None:
        """A second PC that belongs to no unit yet has nothing else to do."""
        if wanted:
            self.context.navigate("settings", part="companions")

    def _build(self, store: Store) -> None:
        from ui.navigation import pages_for
        from ui.status import StatusBar
        from ui.window_actions import WindowActions
        from ui.workspace import Workspace

        if self.workspace is not None:
            self._stack.removeWidget(self.workspace)
            self.workspace.deleteLater()
        self._person = _who(store)
        self.actions_map = self.actions_map or WindowActions(self, self.context)
        status = StatusBar([entry.key for entry in pages_for(store.actor)])
        self.setStatusBar(status)
        self.workspace = Workspace(self.context, status)
        self._stack.addWidget(self.workspace)
        status.lock_clicked.connect(self.lock)
        self._idle.left.connect(status.show_minutes)
        for jobs in (self.context.jobs, self.context.evidence_jobs):
            jobs.started.connect(status.follow)
            jobs.ended.connect(status.leave)
        self.workspace.arrived.connect(self._arrived)
        self.setWindowTitle(f"{store.actor.unit.name} — {PROGRAM}")

    def lock(self) -> None:
        """Put the entrance in front and close the store; what is typed stays in the pages behind it (ux 1)."""
        if self.workspace is None or not self.context.is_open:
            return
        self.workspace.remember_focus()
        draft = self.workspace.has_draft()
        self._idle.stop()
        if self.actions_map is not None:
            self.actions_map.switch(None)
        self.statusBar().hide()
        store = self.context.store
        self.context.set_store(None)
        self._to_unlock()
        if isinstance(self.entrance, UnlockPage):
            self.entrance.locked(store.actor.name, draft=draft)
        self.context.jobs.run(store.close)
        self.context.locked.emit()

    def leave(self) -> None:
        """Lock, and ask who comes."""
        self.lock()
        if isinstance(self.entrance, UnlockPage):
            self.entrance.ask_anew()

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

    def _arrived(self, key: str) -> None:
        assert self.workspace is not None and self.actions_map is not None  # noqa: PT018
        self.actions_map.switch(self.workspace)
        title = self.workspace.entries[key].title
        self.setWindowTitle(f"{title} — {self.context.actor.unit.name} — {PROGRAM}")

    def run_action(self, key: str) -> None:
        """Start an action of ui/actions.py."""
        if self.actions_map is not None:
            self.actions_map.run(key)

    # --- Qt's side --------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Remember the place and size, make the closing backup, end the thread."""
        self.context.settings.setValue("window/geometry", self.saveGeometry())
        self._idle.stop()
        self.context.evidence_jobs.shut(wait=False)
        self.context.watch_jobs.shut(wait=False)
        if self.context.is_open:
            store = self.context.store
            self.context.set_store(None)
            self.hide()
            self.context.jobs.shut(store.close)
        else:
            self.context.jobs.shut()
        super().closeEvent(event)


def _who(store: Store) -> str:
    """Whose pages they are: another person's, or another unit's after a pairing, are made anew."""
    return f"{store.actor.person_id} {store.actor.unit.id}"
