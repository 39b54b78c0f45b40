"""The grid of an import as a Qt model, the painting of its cells, and its two-line header."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPen, QPolygon
from PySide6.QtWidgets import QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from models.domain.fields import FieldType
from models.domain.findings import Level
from ui import icons
from ui.pages.import_.session import ImportSession, field_of
from ui.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
_DISPLAY, _EDIT = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole
LEVEL_ROLE = Qt.ItemDataRole.UserRole + 1
EDITED_ROLE = Qt.ItemDataRole.UserRole + 2
LEFT_OUT_ROLE = Qt.ItemDataRole.UserRole + 3
LEVEL_TONE = {Level.ERROR: "bad", Level.WARNING: "warn"}
LEVEL_ICON = {Level.ERROR: "alert-circle", Level.WARNING: "alert-triangle"}
_WIDE = {FieldType.ID_NUMBER: 186, FieldType.DATE: 120, FieldType.PHONE: 124, FieldType.EMAIL: 168}


class ImportGrid(QAbstractTableModel):
    """Rows in sight of an ImportSession; typing asks for an edit (`edited`), it writes nothing itself."""

    edited = Signal(int, str, str)  # row of the sheet, field, text

    def __init__(self, session: ImportSession) -> None:
        super().__init__()
        self.session = session

    def refresh(self) -> None:
        """Show the session anew: other rows, columns or sheet."""
        self.beginResetModel()
        self.endResetModel()

    def repaint_cells(self) -> None:
        """Show texts and findings anew while rows and columns stay."""
        if self.rowCount() and self.columnCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def place(self, index: _Index) -> tuple[int, str]:
        """Row of the sheet and field of a cell."""
        return self.session.visible[index.row()], self.session.columns[index.column()].key

    def index_of(self, row: int, key: str) -> QModelIndex:
        """The cell of a row of the sheet and a field; invalid when it is not in sight."""
        column = next((i for i, c in enumerate(self.session.columns) if c.key == key), -1)
        if column < 0 or row not in self.session.visible:
            return QModelIndex()
        return self.index(self.session.visible.index(row), column)

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Rows in sight."""
        return 0 if parent.isValid() else len(self.session.visible)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: N802, B008
        """Columns of the file, then missing columns with findings."""
        return 0 if parent.isValid() else len(self.session.columns)

    def data(self, index: _Index, role: int = _DISPLAY) -> Any:
        """Text as typed or as in the file, its gravest finding, and a sentence for tooltip and screen reader."""
        row, key = self.place(index)
        if role in (_DISPLAY, _EDIT):
            return self.session.text(row, key)
        if role == LEVEL_ROLE:
            return self.session.marks.worst(row, key)
        if role == EDITED_ROLE:
            return self.session.is_edited(row, key)
        if role == LEFT_OUT_ROLE:
            return self.session.is_left_out(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._said(row, key, "\n") or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            column = self.session.columns[index.column()]
            said = self._said(row, key, "；")
            number = self.session.sheet.rows[row]
            return self.tr("第 {row} 行 {column} {text} {said}").format(
                row=number, column=column.label or column.title, text=self.session.text(row, key), said=said
            )
        return None

    def _said(self, row: int, key: str, between: str) -> str:
        if self.session.is_left_out(row):
            return self.tr("这一行不导入")
        return between.join(finding.message for finding in self.session.findings_at(row, key))

    def setData(self, index: _Index, value: Any, role: int = _EDIT) -> bool:  # noqa: N802
        """Ask for the edit; the cell shows it once the page has taken it."""
        row, key = self.place(index)
        if role != _EDIT or not self.session.columns[index.column()].editable:
            return False
        if str(value) != self.session.text(row, key):
            self.edited.emit(row, key, str(value))
        return True

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Cells of columns that are taken over can be edited."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.isValid() and self.session.columns[index.column()].editable:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _DISPLAY) -> Any:  # noqa: N802
        """The field of a column and the title it has in the file; the row as the spreadsheet counts it."""
        if role not in (_DISPLAY, Qt.ItemDataRole.AccessibleTextRole):
            return None
        if orientation is Qt.Orientation.Vertical:
            row = self.session.visible[section]
            return f"{self.session.sheet.rows[row]}{' ×' if self.session.is_left_out(row) else ''}"
        column = self.session.columns[section]
        words = column.label or self.tr("不导入此列")
        return words if role == _DISPLAY else f"{words}，{column.letter} {column.title}"

    def width_of(self, section: int) -> int:
        """A fitting width without looking at all rows."""
        column = self.session.columns[section]
        field = field_of(self.session.checked.workbook.kind, column.key)
        usual = 168 if column.key == "username" else _WIDE.get(field.type, 104) if field else 104
        return max(usual, 22 + 13 * len(column.label or column.title) + 34)


class CellPainter(QStyledItemDelegate):
    """A cell with its finding: tint, corner triangle and icon (ux 3); edited cells have a dot at the right top."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one cell."""
        theme, rect = Theme.current(), _rect(option)
        level = index.data(LEVEL_ROLE)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tone = LEVEL_TONE.get(level, "")
        painter.fillRect(rect, theme.colour(f"{tone}_bg" if tone else "select" if selected else "surface"))
        right = 8
        if tone:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour(tone))
            painter.drawPolygon(
                QPolygon([rect.topLeft(), rect.topLeft() + QPoint(9, 0), rect.topLeft() + QPoint(0, 9)])
            )
            painter.drawPixmap(
                QPoint(rect.right() - 19, rect.center().y() - 7), icons.pixmap(LEVEL_ICON[level], tone, 15)
            )
            right = 24
        if index.data(EDITED_ROLE):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.colour("accent"))
            painter.drawEllipse(QPoint(rect.right() - 5, rect.top() + 5), 2, 2)
        editable = bool(index.flags() & Qt.ItemFlag.ItemIsEditable)
        painter.setPen(theme.colour("text" if editable else "text2"))
        if index.data(LEFT_OUT_ROLE):
            font = painter.font()
            font.setStrikeOut(True)
            painter.setFont(font)
            painter.setPen(theme.colour("text3"))
        text = option.fontMetrics.elidedText(
            str(index.data() or ""), Qt.TextElideMode.ElideRight, rect.width() - 8 - right
        )
        painter.drawText(rect.adjusted(8, 0, -right, 0), Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(theme.colour("line"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(1, 1, -1, -2))
        painter.restore()


def _rect(option: QStyleOptionViewItem) -> QRect:
    rect: QRect = option.rect
    return rect


class MappingHeader(QHeaderView):
    """Two lines a column: the field it goes to (a click or Alt+↓ changes it) and its title in the file."""

    field_clicked = Signal(int)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.unsure: frozenset[str] = frozenset()
        self.setFixedHeight(50)
        self.setSectionsClickable(False)
        self.setHighlightSections(False)
        self.setMinimumSectionSize(54)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Open the menu of the field under the pointer, unless a width was being dragged."""
        was_resizing = self.cursor().shape() == Qt.CursorShape.SplitHCursor
        super().mouseReleaseEvent(event)
        section = self.logicalIndexAt(event.position().toPoint())
        if section >= 0 and not was_resizing and event.button() == Qt.MouseButton.LeftButton:
            self.field_clicked.emit(section)

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:  # noqa: N802
        """Draw one column's head."""
        model = self.model()
        if not isinstance(model, ImportGrid) or section >= model.columnCount():
            return
        column, theme = model.session.columns[section], Theme.current()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(rect, theme.colour("sunken"))
        self._draw_field(painter, rect, column.label or self.tr("不导入此列"), self._look(column.key))
        font = painter.font()
        font.setPixelSize(theme.px("caption"))
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(theme.colour("text3"))
        words = f"{column.letter} {column.title}".strip().replace("\n", " ")
        words = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, rect.width() - 12)
        painter.drawText(
            QRect(rect.x() + 8, rect.y() + 29, rect.width() - 10, 18), Qt.AlignmentFlag.AlignVCenter, words
        )
        painter.setPen(theme.colour("line"))
        painter.drawLine(rect.topRight(), rect.bottomRight())
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        painter.restore()

    def _look(self, key: str) -> tuple[str, str, str]:
        """Tone of frame and icon, and fill, of a column's box."""
        if key.startswith("@"):
            return "minus", "text3", "sunken"
        if key in self.unsure:
            return "alert-triangle", "warn", "warn_bg"
        return "circle-check", "ok", "surface"

    def _draw_field(self, painter: QPainter, rect: QRect, words: str, look: tuple[str, str, str]) -> None:
        theme, (icon, tone, fill) = Theme.current(), look
        box = QRectF(rect.x() + 4, rect.y() + 4, rect.width() - 8, 23)
        painter.setPen(QPen(theme.colour("warn" if tone == "warn" else "control"), 1))
        painter.setBrush(theme.colour(fill))
        painter.drawRoundedRect(box, 4, 4)
        painter.drawPixmap(QPoint(int(box.x()) + 5, int(box.y()) + 5), icons.pixmap(icon, tone, 14))
        font = painter.font()
        font.setBold(tone != "text3")
        painter.setFont(font)
        painter.setPen(theme.colour("text2" if tone == "text3" else "text"))
        fitted = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideRight, int(box.width()) - 42)
        painter.drawText(box.adjusted(23, 0, -18, 0), Qt.AlignmentFlag.AlignVCenter, fitted)
        painter.drawPixmap(QPoint(int(box.right()) - 17, int(box.y()) + 5), icons.pixmap("chevron-down", "text2", 14))
