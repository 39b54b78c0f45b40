"""Evidence as a reviewer looks at it: rendered page by page in the child process, never decoded here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from models.services import evidence
from models.services.change_views import EvidenceInfo
from ui.context import AppContext
from ui.kit import button, column, holder, label, row, rule
from ui.pages.page_canvas import PageCanvas

_RENDER_WIDTH = 1600


def size_text(size: int) -> str:
    """A file size as people read it."""
    return f"{size / 1024:.0f} KB" if size < 1 << 20 else f"{size / (1 << 20):.1f} MB"


class EvidenceView(QFrame):
    """The files of one change, one page at a time. `seen_changed`: every file has been shown at least once."""

    seen_changed = Signal()

    def __init__(self, context: AppContext, width: int = 392) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self.setMinimumWidth(min(width, 280))
        self.setMaximumWidth(width)
        self.context = context
        self._files: tuple[EvidenceInfo, ...] = ()
        self._at = self._page = 0
        self._pages: dict[str, int] = {}
        self._seen: set[str] = set()
        self.title = label(kind="strong")
        acts = (
            ("chevron-left", self.tr("上一页（PgUp）"), "previous"),
            ("chevron-right", self.tr("下一页（PgDn）"), "next"),
            ("zoom-out", self.tr("缩小（−）"), "out"), ("zoom-in", self.tr("放大（＋，空格切换）"), "in"),
            ("rotate-clockwise", self.tr("旋转（R）"), "rotate"), ("download", self.tr("另存证明材料"), "save"),
        )  # fmt: skip
        self._buttons = {act: button("", icon, "link", tip, on_click=partial(self.act, act)) for icon, tip, act in acts}
        self.canvas = PageCanvas(self.tr("证明材料"))
        self.canvas.pressed.connect(self.act)
        self.name, self.facts = label(wrap=True), label(kind="cap", wrap=True)
        self._foot = holder(column(self.name, self.facts, margins=(12, 8, 12, 10), spacing=2))
        head = row(self.title, None, *self._buttons.values(), margins=(12, 8, 8, 8), spacing=2)
        self.setLayout(column(head, rule(), (self.canvas, 1), rule(), self._foot, spacing=0))
        self.show_files(())

    @property
    def all_seen(self) -> bool:
        """Whether every file of the change was shown; True when there is none."""
        return all(file.digest in self._seen for file in self._files)

    def show_files(self, files: Sequence[EvidenceInfo]) -> None:
        """Show the files of another change, from its first page."""
        self._files, self._at, self._page = tuple(files), 0, 0
        self.canvas.level()
        self._seen.clear()
        self._load()

    def act(self, act: str) -> None:
        """Carry out a key or button."""
        if act in ("next", "previous"):
            self._step(1 if act == "next" else -1)
        elif act == "save":
            self._save()
        else:
            self.canvas.act(act)

    def _step(self, by: int) -> None:
        """The next or previous page, going over to the next or previous file at its ends."""
        if not self._files:
            return
        pages = self._pages.get(self._files[self._at].digest, 1)
        if 0 <= self._page + by < pages:
            self._page += by
        elif 0 <= self._at + by < len(self._files):
            self._at += by
            self._page = 0 if by > 0 else self._pages.get(self._files[self._at].digest, 1) - 1
        else:
            return
        self._load()

    def _load(self) -> None:
        for act, made in self._buttons.items():
            made.setEnabled(bool(self._files) and (act != "save" or self._files[self._at].here))
        if not self._files:
            self._say(self.tr("没有证明材料。"))
            self._foot.hide()
            self.title.setText(self.tr("证明材料"))
            return
        self._foot.show()
        file, page = self._files[self._at], self._page
        self._label(file)
        if not file.here:
            self._say(self.tr("这份材料还没有送到，随后的材料包会带来。"))
            return
        self._say(self.tr("正在打开"))

        self.context.read(
            evidence.content, file.digest, done=lambda data: self._render(file, page, data), owner=self,
            replaces=f"evidence-{id(self)}", failed=self._refused,
        )  # fmt: skip

    def _render(self, file: EvidenceInfo, page: int, data: bytes | None) -> None:
        """Draw a page in the thread of its own, unless another one has come into sight."""
        if not self._files or (self._files[self._at], self._page) != (file, page):
            return
        if data is None:
            self._say(self.tr("找不到证明材料“{name}”，请退回后重新添加。").format(name=file.name))
            return
        known = self._pages.get(file.digest)

        def work() -> tuple[int, bytes]:
            return known or evidence.page_count(data), evidence.render(data, page, _RENDER_WIDTH)

        self.context.evidence_jobs.run(
            work, lambda result: self._show(file, page, result), self._refused, owner=self,
            replaces=f"evidence-{id(self)}",
        )  # fmt: skip

    def _show(self, file: EvidenceInfo, page: int, result: tuple[int, bytes]) -> None:
        if not self._files or (self._files[self._at], self._page) != (file, page):
            return
        self._pages[file.digest], png = result
        self._seen.add(file.digest)
        self._label(file)
        self.canvas.show_png(png)
        self.seen_changed.emit()

    def _refused(self, error: Exception) -> None:
        self._say(self.context.errors.describe(error, "evidence").sentence)

    def _say(self, text: str) -> None:
        self.canvas.say(text)

    def _label(self, file: EvidenceInfo) -> None:
        number = self.tr("证明材料 {at}/{all}").format(at=self._at + 1, all=len(self._files))
        self.title.setText(number)
        pages = self._pages.get(file.digest, 1)
        self.name.setText(f"{file.name} · {size_text(file.size)}")
        kind = self.tr("户籍证明") if file.kind == "household" else self.tr("其他材料")
        page = self.tr("第 {page}/{pages} 页").format(page=self._page + 1, pages=pages)
        print_ = f"SHA-256 {file.digest[:4]} {file.digest[4:8]} … {file.digest[-4:]}"
        self.facts.setText(f"{kind} · {page} · {print_} · {self.tr('只读')}")
        self.canvas.setAccessibleName(f"{number} {file.name} {page}")

    def _save(self) -> None:
        file, store = self._files[self._at], self.context.store

        def write(path: Path) -> None:
            def work() -> Any:
                path.write_bytes(store.read(evidence.content, file.digest) or b"")

            done = self.tr("已另存“{name}”。这份文件不再受本程序保护，用完请删除。").format(name=file.name)
            self.context.jobs.run(work, lambda _: self.context.toast(done, None, "info"), owner=self)

        self.context.prompt.save_file(self, self.tr("另存证明材料"), file.name, self.tr("所有文件 (*)"), write)
