"""Draws cells: marks of search hits, pills, corners of faulty cells, check boxes, steps. No widget per row."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygon
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui import icons
from ui.tables.cell import CELL_ROLE, Cell
from ui.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight


class CellDelegate(QStyledItemDelegate):
    """Paints what `CELL_ROLE` gives; a model without it is painted from its display role."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = Theme.current()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one cell with its lower line, and the ring of the current one."""
        area = option.rect
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(option.font)
        painter.fillRect(area, self._theme.colour("select" if selected else "surface"))
        check = index.data(Qt.ItemDataRole.CheckStateRole)
        if check is not None:
            self._check(painter, area, Qt.CheckState(check) == Qt.CheckState.Checked)
        else:
            cell = index.data(CELL_ROLE)
            if cell is None:
                self._placeholder(painter, area)
            else:
                self._cell(painter, area, Cell(*cell), selected)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._theme.colour("line"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(self._theme.colour("focus"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(1, 1, -1, -2))
        painter.restore()

    def _placeholder(self, painter: QPainter, area: QRect) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("sunken"))
        painter.drawRoundedRect(QRect(area.x() + 8, area.center().y() - 4, min(48, area.width() - 16), 8), 4, 4)

    def _check(self, painter: QPainter, area: QRect, on: bool) -> None:
        box = QRectF(area.center().x() - 7, area.center().y() - 7, 14, 14)
        painter.setPen(QPen(self._theme.colour("accent" if on else "control"), 1.2))
        painter.setBrush(self._theme.colour("accent" if on else "surface"))
        painter.drawRoundedRect(box, 3, 3)
        if on:
            painter.drawPixmap(QPointF(box.x() + 1, box.y() + 1), icons.pixmap("check", "on_accent", 12))

    def _cell(self, painter: QPainter, area: QRect, cell: Cell, selected: bool) -> None:
        if cell.corner:
            self._corner(painter, area, cell.corner, tint=not selected)
        if cell.steps:
            self._steps(painter, area, *cell.steps)
        elif cell.tone and cell.icon:
            self._pill(painter, area, cell)
        else:
            self._text(painter, area, cell)

    def _corner(self, painter: QPainter, area: QRect, tone: str, *, tint: bool) -> None:
        if tint:
            painter.fillRect(area, self._theme.colour(f"{tone}_bg"))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(tone))
        at = area.topLeft()
        painter.drawPolygon(QPolygon([at, at + QPoint(9, 0), at + QPoint(0, 9)]))
        sign = icons.pixmap("alert-circle" if tone == "bad" else "alert-triangle", tone, 15)
        painter.drawPixmap(QPoint(area.right() - 19, area.center().y() - 7), sign)

    def _pill(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        width = painter.fontMetrics().horizontalAdvance(cell.text) + 32
        height = min(area.height() - 4, max(21, painter.fontMetrics().height() + 3))
        shape = QRectF(area.x() + 6, area.center().y() - height / 2 + 0.5, min(width, area.width() - 8), height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(f"{cell.tone}_bg"))
        painter.drawRoundedRect(shape, 4, 4)
        painter.drawPixmap(QPoint(int(shape.x()) + 6, area.center().y() - 6), icons.pixmap(cell.icon, cell.tone, 14))
        painter.setPen(self._theme.colour(cell.tone))
        painter.drawText(shape.adjusted(24, 0, -2, 0), _LEFT, cell.text)

    def _text(self, painter: QPainter, area: QRect, cell: Cell) -> None:
        metrics = painter.fontMetrics()
        room = QRect(area.x() + 8, area.y(), area.width() - 14 - (18 if cell.corner else 0), area.height())
        if cell.mark:
            start, end = cell.mark
            left = metrics.horizontalAdvance(cell.text[:start])
            width = metrics.horizontalAdvance(cell.text[start:end])
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.colour("mark"))
            height = metrics.height() + 1
            painter.drawRoundedRect(
                QRectF(room.x() + left - 1, area.center().y() - height / 2, width + 2, height), 2, 2
            )
        painter.setPen(self._theme.colour(cell.tone or "text"))
        shown = metrics.elidedText(cell.text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _RIGHT if cell.right else _LEFT, shown)

    def _steps(self, painter: QPainter, area: QRect, done: int, total: int, failed: bool) -> None:
        gap, y, x = 22, area.center().y() + 0.5, area.x() + 14.0
        for step in range(total):
            reached = step < done
            bad = failed and step == done - 1
            colour = self._theme.colour("bad" if bad else "ok" if done == total else "accent" if reached else "control")
            if step:
                painter.setPen(QPen(self._theme.colour("accent" if reached else "line"), 2))
                painter.drawLine(QPointF(x - gap + 5, y), QPointF(x - 5, y))
            painter.setPen(QPen(colour, 1.2))
            painter.setBrush(colour if reached else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x, y), 4.5, 4.5)
            if bad:
                painter.setPen(QPen(self._theme.colour("surface"), 1.4))
                painter.drawLine(QPointF(x - 2, y - 2), QPointF(x + 2, y + 2))
                painter.drawLine(QPointF(x - 2, y + 2), QPointF(x + 2, y - 2))
            x += gap
