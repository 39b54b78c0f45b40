"""Files coming in: first what a file is, whose and for whom; then whether it is to be believed and what it did."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from models.domain.errors import UserError
from sync import inbox
from sync.formats import Description, FileKind, describe
from sync.inbox import Received
from ui.context import AppContext
from ui.kit import Banner, button

OTHER_DOORS = (FileKind.ENROLMENT_REQUEST, FileKind.ENROLMENT_REPLY, FileKind.BACKUP, FileKind.SPREADSHEET)
"""Kinds another page takes."""


class PackageIntake(QObject):
    """Takes files and tells of them in a bar; `taken` carries the package's id, "" for a policy."""

    taken = Signal(str)

    def __init__(self, context: AppContext, news: Banner, parent: QObject) -> None:
        super().__init__(parent)
        self.context, self.news = context, news

    def take(self, path: Path) -> None:
        """Describe a file, then receive it when it is for this page."""
        store = self.context.store
        self.context.jobs.run(
            lambda: describe(path, store), lambda found: self._described(path, found), self.fail, owner=self
        )

    def _described(self, path: Path, found: Description) -> None:
        if found.kind in OTHER_DOORS:
            self.context.open_file(path)
            return
        words = self.tr("这是{title}。").format(title=found.title)
        if found.faults or found.kind in (FileKind.UNKNOWN, FileKind.PICTURE):
            self.news.say("bad", " ".join([f"“{path.name}”：{words}", *found.faults, found.next_step]))
            return
        self.news.say("info", self.tr("{what}正在核对签名。").format(what=words))
        store = self.context.store
        self.context.jobs.run(
            lambda progress: inbox.receive(store, path, None, progress), lambda got: self._received(words, got),
            lambda error: self.fail(error, words), owner=self, title=self.tr("接收并核对"), progress=True,
        )  # fmt: skip

    def _received(self, what: str, got: Received) -> None:
        everything = (got, *got.also)
        tone = "bad" if got.refused else "wait" if got.state == "held" else "warn" if got.warnings else "ok"
        parts = [what, *(one.sentence for one in everything), *got.warnings, got.next_step]
        actions = []
        if got.kind is FileKind.CHANGES and not got.refused and got.state != "held":
            go = button(self.tr("去核办"), "rubber-stamp", "link")
            go.clicked.connect(lambda: self.context.navigate("review", package=got.package_id or ""))
            actions.append(go)
        if got.counts.get("returned"):
            go = button(self.tr("打开退回的"), "arrow-back-up", "link")
            go.clicked.connect(lambda: self.context.navigate("changes", state="draft"))
            actions.append(go)
        self.news.say(tone, " ".join(dict.fromkeys(part for part in parts if part)), actions)
        self.taken.emit(got.package_id or "")

    def fail(self, error: Exception, what: str = "") -> None:
        """Say in the bar why something could not be done."""
        if isinstance(error, UserError):
            said = str(error)
            self.news.say("bad", said if what and what in said else f"{what}{said}")
        else:
            self.context.show_error(error, "packages")
