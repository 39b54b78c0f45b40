"""The bar that offers files found in watched folders and on sticks; it takes none by itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal

from models.domain.units import Actor, Role
from models.services import companions, preferences
from ui.context import AppContext
from ui.drives import find_drives
from ui.kit import Banner, button

if TYPE_CHECKING:
    from sync.transport.watching import Found, Seen, Watch

LOOK_EVERY_MS, FIRST_LOOK_MS = 10_000, 1_500
_SHOWN = 3
_NEWS = frozenset({"package", "policy", "setting"})


class OfferBar(Banner):
    """Looks now and then while the window is seen: files in a thread of their own, the store in the store's.

    What looking needs is imported in those threads: the window is there sooner.
    """

    take = Signal(object)
    """The files (list of Path) a person wants to receive."""

    def __init__(self, context: AppContext) -> None:
        super().__init__("info", "", icon="inbox")
        self.context = context
        self.found: list[Found] = []
        self._watch: Watch | None = None
        self._ignored: set[tuple[Path, int]] = set()
        self.hide()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        QTimer.singleShot(FIRST_LOOK_MS, self, self.look)
        context.changed.connect(self._changed)

    def _changed(self, tables: frozenset[str]) -> None:
        if tables & _NEWS:
            QTimer.singleShot(0, self, self.look)

    def look(self) -> None:
        """Look through the folders and drives once, unless nobody would see it or a look is under way."""
        window = self.window()
        if not self.context.is_open:
            return
        if not window.isVisible() or window.isMinimized() or self.context.watch_jobs.busy:
            return
        self.context.read(
            _what_to_look_for,
            self.context.actor,
            done=self._search,
            owner=self,
            failed=lambda _: None,
            replaces="watch",
        )

    def _search(self, wanted: tuple[list[Path], dict[str, str]] | None) -> None:
        if wanted is None:
            return
        folders, refused = wanted

        def search() -> list[Seen]:
            from sync.transport.watching import Watch

            self._watch = self._watch or Watch()
            drives = [drive.root for drive in find_drives(writable=False)]
            return self._watch.look([*folders, *drives], refused)[0]

        self.context.watch_jobs.run(search, self._judge, lambda _: None, owner=self)

    def _judge(self, seen: list[Seen]) -> None:
        self.context.read(
            _offered, self.context.home, seen, done=self._show, owner=self, failed=lambda _: None, replaces="offered"
        )

    def _show(self, found: list[Found]) -> None:
        self.found = [one for one in found if (one.path, one.size) not in self._ignored]
        if not self.found:
            self.hide()
            return
        words = self._words(self.found)
        if self.isHidden() or self.words.text() != words:
            take = button(self.tr("接收"), "download", "link", on_click=self._take)
            ignore = button(self.tr("忽略"), "", "link", self.tr("这次不再提示这些文件"), on_click=self._ignore)
            self.say("info", words, [take, ignore], "inbox")

    def _words(self, found: Sequence[Found]) -> str:
        places = list(dict.fromkeys(one.folder for one in found))
        where = self.tr("在“{name}”").format(name=places[0].name or str(places[0]))
        if len(places) > 1:
            where += self.tr("等 {n} 处").format(n=len(places))
        titles = list(dict.fromkeys(one.title for one in found))
        rest = self.tr(" 等") if len(titles) > _SHOWN else ""
        return self.tr("{where}发现 {n} 个文件：{what}{rest}。").format(
            where=where, n=len(found), what="、".join(titles[:_SHOWN]), rest=rest
        )

    def _take(self) -> None:
        paths = [one.path for one in self.found]
        self.hide()
        self.take.emit(paths)

    def _ignore(self) -> None:
        self._ignored |= {(one.path, one.size) for one in self.found}
        self.found = []
        self.hide()


def _what_to_look_for(session: Any, actor: Actor) -> tuple[list[Path], dict[str, str]] | None:
    """Folders and refused files; None for a person who receives nothing here."""
    if not actor.has(Role.REGISTRAR) and not companions.own_pc(session):
        return None
    return preferences.watched_folders(session), preferences.refused_files(session)


def _offered(session: Any, home: Path, seen: Sequence[Seen]) -> list[Found]:
    from sync.transport.watching import offered

    return offered(session, home, seen)
