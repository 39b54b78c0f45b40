"""Files coming in: first what a file is, whose and for whom; then whether it is to be believed and what it did."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from models.domain.errors import UserError
from models.domain.progress import Progress
from sync.formats import PAIRING_KINDS, Description, FileKind, describe
from sync.packages import receiving
from sync.packages.inbox import Received
from sync.packages.receiving import Taken
from sync.transport.watching import remember_refused
from ui.context import AppContext
from ui.kit import Banner, button

if TYPE_CHECKING:
    from models.store.store import Store

_SHOWN = 4
OTHER_DOORS = (
    FileKind.ENROLMENT_REQUEST,
    FileKind.ENROLMENT_REPLY,
    *PAIRING_KINDS,
    FileKind.BACKUP,
    FileKind.SPREADSHEET,
)
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
            lambda: _describe(path, store), lambda found: self._described(path, found), self.fail, owner=self
        )

    def take_all(self, paths: list[Path]) -> None:
        """Receive several files, parts or folders in an order that works, and tell of all in one bar."""
        store = self.context.store

        def work(progress: Progress) -> tuple[list[Taken], str]:
            brought = receiving.look_through(store, paths)
            return receiving.receive_all(store, brought.files, None, progress), brought.sentence

        self.context.jobs.run(
            work, lambda found: self._all_taken(*found), self.fail,
            owner=self, title=self.tr("接收并核对"), progress=True,
        )  # fmt: skip

    def _all_taken(self, taken: list[Taken], elsewhere: str) -> None:
        bad = [one for one in taken if one.refused]
        good = [one.received for one in taken if one.received is not None and not one.refused]
        told = [got for one in good for got in (one, *one.also)]
        waiting = {one.title: one for one in told if one.state == "waiting"}
        whole = [one for one in told if one.kind is not FileKind.PART]
        lines = [self.tr("{n} 个文件，接收 {good} 个。").format(n=len(taken), good=len(good))]
        lines += [f"{one.title}：{one.sentence}" for one in whole[:_SHOWN]]
        lines += [f"{one.title}：{one.sentence}" for one in waiting.values()]
        known = sum(one.known for one in taken)
        lines += [self.tr("{n} 个此前已接收。").format(n=known)] if known else []
        lines += [elsewhere] if elsewhere else []
        lines += [f"“{one.path.name}”：{one.sentence}" for one in bad[:_SHOWN]]
        if len(bad) > _SHOWN:
            lines.append(self.tr("另有 {n} 个没有接收。").format(n=len(bad) - _SHOWN))
        tone = "bad" if bad else "wait" if waiting else "ok"
        actions = []
        changes = next((one for one in whole if one.kind is FileKind.CHANGES and one.state != "held"), None)
        if changes is not None:
            go = button(self.tr("去核办"), "rubber-stamp", "link")
            go.clicked.connect(lambda: self.context.navigate("review", package=changes.package_id or ""))
            actions.append(go)
        self.news.say(tone, "\n".join(lines), actions)
        self.taken.emit(whole[0].package_id or "" if whole else "")

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
            lambda progress: receiving.receive(store, path, None, progress), lambda got: self._received(words, got),
            lambda error: self.fail(error, words), owner=self, title=self.tr("接收并核对"), progress=True,
        )  # fmt: skip

    def _received(self, what: str, got: Received) -> None:
        everything = (got, *got.also)
        waits = got.state in ("held", "waiting")
        tone = "bad" if got.refused else "wait" if waits else "warn" if got.warnings else "ok"
        parts = [what, *(one.sentence for one in everything), *got.warnings, got.next_step]
        actions = []
        if got.kind in (FileKind.CHANGES, FileKind.DRAFTS) and not got.refused and got.state != "held":
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


def _describe(path: Path, store: Store) -> Description:
    """What a file is; a damaged one is not offered again."""
    found = describe(path, store)
    if found.faults and not store.read_only:
        remember_refused(store, path)
    return found
