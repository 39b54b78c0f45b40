"""Evidence of a draft: files dropped or chosen are tried in the child process, then kept with the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QPixmap
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QWidget

from models.services import evidence
from models.services.evidence import EvidenceFile
from ui.context import AppContext
from ui.kit import Banner, Item, button, clear, column, holder, label, row, section
from ui.kit.around import Around
from ui.pages.evidence_view import size_text
from ui.prompt import EVIDENCE

THUMBNAIL = 120
HOUSEHOLD, OTHER = "household", "other"


@dataclass(frozen=True)
class Exhibit:
    """One file: `file` holds the bytes of one not kept yet, `digest` names one that is kept with the draft."""

    name: str
    size: int
    pages: int
    kind: str
    thumbnail: bytes
    digest: str = ""
    file: EvidenceFile | None = None


def examine(path: Path, kind: str) -> Exhibit:
    """Try a file and draw its first page, both in the child process. Raises FileRefusedError."""
    file = evidence.inspect(path)
    picture = evidence.render(file.data, 0, THUMBNAIL * 2)
    return Exhibit(file.name, file.size, file.pages, kind, picture, "", file)


class EvidenceBox(QFrame):
    """The list of files with thumbnails. `added`, `removed` and `kind_changed` carry an Exhibit."""

    added = Signal(object)
    removed = Signal(object)
    kind_changed = Signal(object)

    def __init__(self, context: AppContext, most: str = "", *, kinds: bool = True) -> None:
        """`most`: how large files may be, in words; `kinds`: whether a person says what paper each is."""
        super().__init__()
        self.context = context
        self._kinds = kinds
        self.setProperty("role", "card")
        self.setAcceptDrops(True)
        self.exhibits: list[Exhibit] = []
        self.usual_kind = HOUSEHOLD
        self.pick = button(self.tr("选择文件"), "paperclip", "link", on_click=self.choose)
        self.fault = Banner("bad", "", closable=True)
        self.fault.hide()
        self._list = column(spacing=8)
        words = self.tr("把扫描件拖到这里：JPG、PNG 或 PDF，{most}。")
        hint = label(words.format(most=most or self.tr("每份不超过 10 MB")), "cap", wrap=True)
        self.setLayout(
            column(section(self.tr("证明材料"), self.pick), hint, Around(self.fault, (0, 0, 0, 0)), holder(self._list),
                   margins=(14, 12, 14, 12))
        )  # fmt: skip

    def choose(self) -> None:
        """Ask for files."""
        self.context.prompt.open_files(self, self.tr("选择证明材料"), EVIDENCE, self.take)

    def take(self, paths: Sequence[Path]) -> None:
        """Try files and add those that can be shown."""
        self.fault.hide()
        for path in paths:
            kind = self.usual_kind
            self.context.evidence_jobs.run(
                partial(examine, path, kind), self._add, self._refuse, owner=self, title=self.tr("检查证明材料")
            )

    def _add(self, exhibit: Exhibit) -> None:
        self.show_exhibits([*self.exhibits, exhibit])
        self.added.emit(exhibit)

    def _refuse(self, error: Exception) -> None:
        self.fault.say("bad", self.context.errors.describe(error, "evidence").sentence)

    def show_exhibits(self, exhibits: Sequence[Exhibit]) -> None:
        """Show these files."""
        self.exhibits = list(exhibits)
        clear(self._list)
        for exhibit in self.exhibits:
            self._list.addWidget(self._line(exhibit))

    def show_picture(self, digest: str, picture: bytes) -> None:
        """Give the kept file of that digest its thumbnail."""
        drawn = [replace(one, thumbnail=picture) if one.digest == digest else one for one in self.exhibits]
        self.show_exhibits(drawn)

    def _line(self, exhibit: Exhibit) -> QWidget:
        picture = QLabel()
        picture.setFixedSize(64, 64)
        pixmap = QPixmap()
        if pixmap.loadFromData(exhibit.thumbnail, "PNG"):
            picture.setPixmap(
                pixmap.scaled(64, 64, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
            )
        picture.setAccessibleName(self.tr("{name} 的缩略图").format(name=exhibit.name))
        kind = QComboBox()
        kind.addItem(self.tr("户籍证明"), HOUSEHOLD)
        kind.addItem(self.tr("其他材料"), OTHER)
        kind.setCurrentIndex(0 if exhibit.kind == HOUSEHOLD else 1)
        kind.setAccessibleName(self.tr("{name} 是什么材料").format(name=exhibit.name))
        if not self._kinds:
            kind.hide()
        kind.activated.connect(lambda _: self._set_kind(exhibit, str(kind.currentData())))
        tip = self.tr("移除 {name}").format(name=exhibit.name)
        drop = button("", "trash", "link", tip, on_click=partial(self._remove, exhibit))
        pages = self.tr("{n} 页").format(n=exhibit.pages) if exhibit.pages else ""
        facts = " · ".join(part for part in (size_text(exhibit.size), pages) if part)
        words: list[Item] = [label(exhibit.name, wrap=True), label(facts, "cap")]
        return holder(row(picture, (column(*words, spacing=2), 1), kind, drop))

    def _set_kind(self, exhibit: Exhibit, kind: str) -> None:
        changed = replace(exhibit, kind=kind)
        self.show_exhibits([changed if one is exhibit else one for one in self.exhibits])
        self.kind_changed.emit(changed)

    def _remove(self, exhibit: Exhibit) -> None:
        self.show_exhibits([one for one in self.exhibits if one is not exhibit])
        self.removed.emit(exhibit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Files may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take dropped files."""
        self.take([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])
        event.acceptProposedAction()
