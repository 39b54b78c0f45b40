"""The queue at the left of the review page: what waits for me, then what must wait for somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from models.domain.states import VERDICT_LABELS, Verdict
from ui import icons
from ui.moments import days_since
from ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 1
VERDICT_LOOK = {
    Verdict.ACCEPT: ("ok", "circle-check"),
    Verdict.RETURN: ("warn", "arrow-back-up"),
    Verdict.REFUSE: ("bad", "circle-x"),
}
_LATE, _SOON = 10, 7
"""Days after which an entry is marked: E5 gives ten working days."""


@dataclass(frozen=True)
class QueueEntry:
    """One thing to decide. `mine`: started by the person at the machine, who may not decide it (E1)."""

    id: str
    title: str
    subject: str
    by: str
    since: str
    mine: bool = False
    verdict: Verdict | None = None


class QueueModel(QAbstractListModel):
    """The entries: those of others first, the own ones last under a heading."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[QueueEntry] = []

    def show_entries(self, entries: Sequence[QueueEntry]) -> None:
        """Replace the entries."""
        self.beginResetModel()
        self.entries = sorted(entries, key=lambda entry: entry.mine)
        self.endResetModel()

    def row_of(self, entry_id: str) -> int:
        """The row of an entry, -1 when it is gone."""
        return next((row for row, entry in enumerate(self.entries) if entry.id == entry_id), -1)

    def next_open(self, row: int) -> int:
        """The next entry after `row` that waits for a decision of this person, round the end; -1 when none does."""
        order = [*range(row + 1, len(self.entries)), *range(min(row + 1, len(self.entries)))]
        return next((r for r in order if not self.entries[r].mine and self.entries[r].verdict is None), -1)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Number of entries."""
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The entry itself, or one sentence for a screen reader."""
        entry = self.entries[index.row()]
        if role == ENTRY_ROLE:
            return entry
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            state = VERDICT_LABELS[entry.verdict] if entry.verdict else waiting_words(entry.since)[0]
            mine = self.tr("，须由他人核办") if entry.mine else ""
            return f"{entry.title}，{entry.subject}，{entry.by}，{state}{mine}"
        return None


def waiting_words(since: str) -> tuple[str, str]:
    """How long an entry has waited, and the tone to show it in."""
    days = days_since(since)
    words = "今天" if days <= 0 else f"等了 {days} 天"
    return words, "bad" if days >= _LATE else "warn" if days >= _SOON else "mute"


class QueueDelegate(QStyledItemDelegate):
    """Draws an entry on two lines, with a pill, and the heading over the first own entry."""

    ROW, HEAD = 60, 28

    def sizeHint(self, _option: QStyleOptionViewItem, index: _Index) -> QSize:  # noqa: N802
        """Two lines; the first own entry has the heading above it."""
        return QSize(200, self.ROW + (self.HEAD if self._has_head(index) else 0))

    @staticmethod
    def _has_head(index: _Index) -> bool:
        entry: QueueEntry = index.data(ENTRY_ROLE)
        before = index.sibling(index.row() - 1, 0).data(ENTRY_ROLE) if index.row() else None
        return entry.mine and not (before and before.mine)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw heading, words and pill."""
        theme, entry = Theme.current(), index.data(ENTRY_ROLE)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._has_head(index):
            self._small(painter)
            painter.setPen(theme.colour("text3"))
            head = QRect(rect.x() + 14, rect.y(), rect.width() - 20, self.HEAD)
            painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, self.tr("我发起的 · 须由他人核办"))
            rect = rect.adjusted(0, self.HEAD, 0, 0)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.fillRect(rect, theme.colour("select" if selected else "surface"))
        if selected:
            painter.fillRect(QRect(rect.x(), rect.y(), 3, rect.height()), theme.colour("accent"))
        pill = self._pill(painter, rect, entry)
        self._words(painter, rect, entry, pill)
        painter.setPen(theme.colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()

    @staticmethod
    def _small(painter: QPainter) -> None:
        font = painter.font()
        font.setPixelSize(Theme.current().px("caption"))
        font.setBold(False)
        painter.setFont(font)

    def _pill(self, painter: QPainter, rect: QRect, entry: QueueEntry) -> int:
        theme = Theme.current()
        if entry.verdict:
            words, (tone, icon) = VERDICT_LABELS[entry.verdict], VERDICT_LOOK[entry.verdict]
        else:
            (words, tone), icon = waiting_words(entry.since), "clock"
        width = painter.fontMetrics().horizontalAdvance(words) + 32
        box = QRectF(rect.right() - width - 8, rect.y() + 8, width, 21)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(f"{tone}_bg"))
        painter.drawRoundedRect(box, 4, 4)
        painter.drawPixmap(int(box.x()) + 6, int(box.y()) + 4, icons.pixmap(icon, tone, 14))
        painter.setPen(theme.colour(tone))
        painter.drawText(box.adjusted(24, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)
        return width

    def _words(self, painter: QPainter, rect: QRect, entry: QueueEntry, pill: int) -> None:
        theme = Theme.current()
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(theme.colour("text"))
        self._line(painter, QRect(rect.x() + 14, rect.y() + 8, rect.width() - pill - 28, 21), entry.title)
        self._small(painter)
        by_width = min(110, painter.fontMetrics().horizontalAdvance(entry.by))
        painter.setPen(theme.colour("text3"))
        self._line(painter, QRect(rect.right() - by_width - 10, rect.y() + 33, by_width + 2, 20), entry.by)
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(theme.colour("text2"))
        self._line(painter, QRect(rect.x() + 14, rect.y() + 33, rect.width() - by_width - 34, 20), entry.subject)

    @staticmethod
    def _line(painter: QPainter, rect: QRect, words: str) -> None:
        fitted = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, fitted)


class QueueView(QListView):
    """The list of entries; keys move in it as in any list."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = QueueModel()
        self.setModel(self.queue)
        self.setItemDelegate(QueueDelegate(self))
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(self.tr("核办队列"))
        self.setFrameShape(QListView.Shape.NoFrame)

    def select_row(self, row: int) -> None:
        """Make `row` the current entry and bring it into sight."""
        if 0 <= row < self.queue.rowCount():
            index = self.queue.index(row)
            self.setCurrentIndex(index)
            self.scrollTo(index)

    def current_entry(self) -> QueueEntry | None:
        """The entry that is current."""
        entry = self.currentIndex().data(ENTRY_ROLE) if self.currentIndex().isValid() else None
        return entry if isinstance(entry, QueueEntry) else None
