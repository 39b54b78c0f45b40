"""What every page is given: the store and its thread, questions, errors, ways to other pages, news of changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QWidget

from models.domain.units import Actor, Role
from ui.errors import Errors
from ui.jobs import Job, Jobs
from ui.kit.secret import PassphrasePrompt
from ui.prompt import Prompt, QtPrompt
from ui.theme import Theme

if TYPE_CHECKING:
    from models.store.store import Store


class AppContext(QObject):
    """Handed to every page. The store may be another object after a lock: ask `context.store` each time."""

    changed = Signal(object)
    """frozenset of store tables that changed, in the window's thread."""
    hint_changed = Signal(object)
    navigated = Signal(str, object)
    file_opened = Signal(object)
    noticed = Signal(object)
    toasted = Signal(str, object, str)
    locked = Signal()
    lock_requested = Signal()
    leave_requested = Signal()
    """Lock, and let another person unlock."""
    restore_requested = Signal(object)
    """A backup file (Path) the person decided to restore; the window closes the store first."""
    _news = Signal(object)

    def __init__(
        self,
        home: Path,
        *,
        prompt: Prompt | None = None,
        errors: Errors | None = None,
        settings: QSettings | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.home = home
        self.home_named = True
        """Whether a person named the data folder for this start; then it is not remembered for the next."""
        self.jobs = Jobs(self)
        self.evidence_jobs = Jobs(self, "rollbook-evidence")
        """Decoding of evidence: a bad file takes up to 30 s and must not hold up the store. Never touches the store."""
        self.watch_jobs = Jobs(self, "rollbook-watch")
        """Looking through folders and drives, which may hang for seconds. Never touches the store."""
        self.errors = errors or Errors()
        self.theme = Theme.current()
        self.settings = settings or QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Rollbook", "Rollbook"
        )
        self.prompt: Prompt = prompt or QtPrompt(self.settings)
        self._store: Store | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self.jobs.failed.connect(self.show_error)
        self.evidence_jobs.failed.connect(self.show_error)
        self._news.connect(self.changed, Qt.ConnectionType.QueuedConnection)

    # --- the store --------------------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """The open store. Raises RuntimeError while locked (a bug: pages are out of sight then)."""
        if self._store is None:
            raise RuntimeError("no store is open")
        return self._store

    @property
    def is_open(self) -> bool:
        """Whether a store is open."""
        return self._store is not None

    @property
    def actor(self) -> Actor:
        """The person at the machine."""
        return self.store.actor

    def has(self, *roles: Role) -> bool:
        """Whether the person holds one of `roles`."""
        return any(self.actor.has(role) for role in roles)

    def set_store(self, store: Store | None) -> None:
        """Take over an opened store, or give the present one up (None); its listeners follow."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._store = store
        if store is not None:
            self._unsubscribe = store.subscribe(self._news.emit)

    def read(
        self, use_case: Callable[..., Any], *arguments: Any, done: Callable[[Any], object],
        owner: QObject | None = None, replaces: str = "", failed: Callable[[Exception], object] | None = None,
    ) -> Job:  # fmt: skip
        """Run `use_case(session, *arguments)` in a reading transaction off the window's thread; `done(result)`.

        While the window is locked nothing is read: pages read again when it is unlocked.
        """
        store = self._store
        if store is None:
            return self.jobs.never()
        return self.jobs.run(
            lambda: store.read(use_case, *arguments), done, failed, owner=owner, replaces=replaces
        )  # fmt: skip

    def write(
        self, use_case: Callable[..., Any], *arguments: Any, done: Callable[[Any], object] | None = None,
        owner: QObject | None = None, title: str = "", failed: Callable[[Exception], object] | None = None,
    ) -> Job:  # fmt: skip
        """Run `use_case(session, *arguments)` in a writing transaction off the window's thread; `done(result)`."""
        store = self.store
        return self.jobs.run(lambda: store.write(use_case, *arguments), done, failed, owner=owner, title=title)

    def with_passphrase(
        self, parent: QWidget, act: str, sentence: str, work: Callable[[str], Any],
        done: Callable[[Any], object] | None = None, person: str = "",
    ) -> PassphrasePrompt:  # fmt: skip
        """Ask for the passphrase, then run `work(passphrase)` in the store's thread.

        A wrong passphrase is said in the dialog, which stays; any other error closes it and is shown as usual.
        """
        dialog = PassphrasePrompt(parent, act, sentence, person or self.actor.name)

        def finished(result: Any) -> None:
            dialog.accept()
            if done is not None:
                done(result)

        def failed(error: Exception) -> None:
            from models.store.errors import WrongSecretError

            if isinstance(error, WrongSecretError):
                dialog.fail(str(error))
            else:
                dialog.reject()
                self.show_error(error)

        dialog.given.connect(
            lambda passphrase: self.jobs.run(lambda: work(passphrase), finished, failed, owner=dialog, title=act)
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    # --- the window -------------------------------------------------------------------------------------

    def navigate(self, page: str, **arguments: Any) -> None:
        """Go to the page of that key (ui/navigation.py); `arguments` reach its `arrive`."""
        self.navigated.emit(page, arguments)

    def open_file(self, path: Path) -> None:
        """Take a file to the page that knows its kind, as if it was dropped on the window."""
        self.file_opened.emit(path)

    def show_error(self, error: Exception, doing: str = "window") -> None:
        """Show an error in the bar of the window, with 详情 and 复制."""
        self.noticed.emit(self.errors.describe(error, doing))

    def toast(self, text: str, undo: Callable[[], object] | None = None, tone: str = "ok") -> None:
        """Tell what was done for 8 s, with 撤销 when `undo` is given."""
        self.toasted.emit(text, undo, tone)

    def lock(self) -> None:
        """Lock the window now."""
        self.lock_requested.emit()
