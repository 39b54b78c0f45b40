"""The panel beside the grid: how many rows are sound, and the findings in groups with what mends them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from models.domain.findings import Level
from ui.kit import IconLabel, Item, SidePanel, button, column, holder, label, row, rule, section
from ui.pages.import_.findings import Group, Show
from ui.pages.import_.session import ImportSession
from ui.pages.import_.suggestions import bulk_words
from ui.theme import Theme


class _Bar(QWidget):
    """Sound, remarked and faulty rows as a bar."""

    def __init__(self, parts: list[tuple[str, int]]) -> None:
        super().__init__()
        self._parts = parts
        self.setFixedHeight(8)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Draw the parts, none narrower than its height."""
        painter, theme = QPainter(self), Theme.current()
        shown = [(tone, number) for tone, number in self._parts if number]
        total, room = sum(n for _, n in shown) or 1, self.width() - 10 * max(0, len(shown) - 1)
        x = 0
        for tone, number in shown:
            width = max(8, round(room * number / total))
            painter.fillRect(x, 0, min(width, self.width() - x), 8, theme.colour(tone))
            x += width + 2
        painter.end()


class FindingsPanel(SidePanel):
    """Groups: the number shows only these rows, the wand mends them or goes through them."""

    chosen = Signal(object)
    mend = Signal(object)

    def __init__(self) -> None:
        super().__init__(304)

    def show_session(self, session: ImportSession, seconds: float) -> None:
        """Show the state of the sheet in sight."""
        marks = session.marks
        only_warned = marks.only_warned
        sound = marks.count(Show.CLEAN) - only_warned
        took = self.tr("刚刚 · {s:.1f} 秒").format(s=seconds)
        items: list[Item] = [
            row(label(self.tr("检查结果"), "h2"), None, label(took, "cap")),
            _Bar([("ok", sound), ("warn", only_warned), ("bad", len(marks.error_rows))]),
            row(
                self._figure(sound, "ok", "circle-check", self.tr("没有问题")),
                self._figure(only_warned, "warn", "alert-triangle", self.tr("有提醒")),
                self._figure(len(marks.error_rows), "bad", "circle-x", self.tr("有错误")),
            ),
        ]
        errors = [group for group in marks.groups if group.level is Level.ERROR]
        warnings = [group for group in marks.groups if group.level is Level.WARNING]
        if errors:
            hint = label(self.tr("点数字只看这些行"), "cap")
            items += [rule(), section(self.tr("必须修改"), hint), *(self._group(group, session) for group in errors)]
        if warnings:
            items += [rule(), section(self.tr("建议处理（不影响导入）"))]
            items += [self._group(group, session) for group in warnings]
        if not marks.groups:
            items += [rule(), label(self.tr("没有发现问题，可以预览差异。"), "dim", wrap=True)]
        self.show_parts(*items)

    @staticmethod
    def _figure(number: int, tone: str, icon: str, word: str) -> QWidget:
        words = row(IconLabel(icon, tone, 14), label(word, "cap"), None, spacing=4)
        return holder(column(label(f"{number:,}", "num", tone), words, spacing=0))

    def _group(self, group: Group, session: ImportSession) -> QWidget:
        bad = group.level is Level.ERROR
        sign = IconLabel("circle-x" if bad else "alert-triangle", "bad" if bad else "warn", 16)
        tip = self.tr("只看这 {n} 行：{title}").format(n=len(group.rows), title=group.title)
        count = button(f"{len(group.rows):,}", kind="link", tip=tip, on_click=lambda: self.chosen.emit(group))
        count.setAccessibleName(tip)
        parts: list[Item] = [row((label(group.title, wrap=True), 1), count, spacing=4)]
        words = bulk_words(group.code, group.level)
        sub: list[Item] = [(label(group.hint, "cap", wrap=True), 1)]
        if words:
            sub.append(button(words, "wand", "link", on_click=lambda: self.mend.emit(group)))
        parts.append(row(*sub, spacing=4))
        return holder(row(sign, (column(*parts, spacing=0), 1), spacing=8))


SHOW_WORDS = {Show.ALL: "全部 {n}", Show.ERRORS: "有错误 {n}", Show.WARNINGS: "有提醒 {n}", Show.CLEAN: "可导入 {n}"}
