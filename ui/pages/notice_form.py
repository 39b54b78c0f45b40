"""A notice to units below: to all, to some tiers, or to chosen units, with a day until when it is to be read (E16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QScrollArea,
    QWidget,
)

from models.domain.times import end_of_day
from models.domain.units import TIER_LABELS, Tier, Unit
from sync.messages.message import MAX_TITLE
from sync.messages.notices import MAX_TEXT
from ui.forms.inputs import line
from ui.kit import PageHead, button, card, column, frame, holder, label, row, set_tone
from ui.pages.problem_forms import Choices

ALL, TIERS, CHOSEN = "all", "tiers", "chosen"


@dataclass(frozen=True)
class Draft:
    """A notice as it was written; `to` and `tiers` as sync.messages.notices.send takes them, `words`: who gets it."""

    title: str
    text: str
    due: str
    to: tuple[str, ...] | None
    tiers: tuple[Tier, ...] | None
    words: str


class NoticeForm(QWidget):
    """`given` carries a Draft, `left` gives up."""

    given = Signal(object)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._units: Sequence[Unit] = ()
        self.title = line(self.tr("标题"))
        assert isinstance(self.title.widget, QLineEdit)
        self.title.widget.setMaxLength(MAX_TITLE)
        self.words = QPlainTextEdit()
        self.words.setAccessibleName(self.tr("正文"))
        self.words.setTabChangesFocus(True)
        self.words.setMinimumHeight(120)
        self.due = line(self.tr("请在这一天之前（含）确认已阅（可不填）"), "2026-12-01")
        self.whom = Choices(
            [(ALL, self.tr("全部下级")), (TIERS, self.tr("按层级")), (CHOSEN, self.tr("指定单位"))], self.tr("发给")
        )
        self.whom.choose(ALL)
        self.whom.changed.connect(self._dress)
        self.tiers = {tier: QCheckBox(TIER_LABELS[tier]) for tier in Tier}
        self._tier_row = holder(row(*self.tiers.values(), None, spacing=16))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("查找单位"))
        self.search.setAccessibleName(self.tr("查找单位"))
        self.search.textChanged.connect(self._filter)
        self.units = QListWidget()
        self.units.setAccessibleName(self.tr("收件单位"))
        self.units.setMinimumHeight(110)
        self.units.itemChanged.connect(lambda _: self._count())
        self._unit_part = holder(column(self.search, self.units))
        self.number = label(kind="cap")
        self.fault = label("", tone="bad", wrap=True)
        self.fault.hide()
        self._lay_out()
        self._dress()

    def _lay_out(self) -> None:
        words = card(
            label(self.tr("内容"), "strong"), self.title, label(self.tr("正文"), "cap"), (self.words, 1), self.due
        )
        whom = card(
            label(self.tr("发给"), "strong"), self.whom, self._tier_row, (self._unit_part, 1), self.number, None
        )
        body = holder(row((words, 3), (whom, 2), margins=(16, 12, 16, 12), spacing=12))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(body)
        cancel = button(self.tr("取消"), tip="Esc", on_click=self.left.emit)
        go = button(self.tr("签名发出"), "writing", "primary", "Ctrl+Enter", on_click=self.give)
        foot = frame("foot", row((self.fault, 1), None, cancel, go, margins=(16, 8, 16, 8)))
        head = PageHead(self.tr("写通知"), self.tr("由学籍管理员签名，随下一次送出的文件逐级送达，对方阅后确认。"))
        self.setLayout(column(head, (area, 1), foot, spacing=0))

    def begin(self, units: Sequence[Unit]) -> None:
        """Start anew, for these units below."""
        self._units = units
        self.title.set_text("")
        self.words.clear()
        self.due.set_text("")
        self.whom.choose(ALL)
        present = {unit.tier for unit in units}
        for tier, check in self.tiers.items():
            check.setVisible(tier in present)
            check.setChecked(False)
        self.units.clear()
        for unit in units:
            item = QListWidgetItem(f"{unit.name}（{TIER_LABELS[unit.tier]}）")
            item.setData(Qt.ItemDataRole.UserRole, unit.id)
            item.setCheckState(Qt.CheckState.Unchecked)
            self.units.addItem(item)
        self.fault.hide()
        self._dress()
        self.title.setFocus()

    def _dress(self) -> None:
        self._tier_row.setVisible(self.whom.chosen() == TIERS)
        self._unit_part.setVisible(self.whom.chosen() == CHOSEN)
        self._count()

    def _count(self) -> None:
        words = self.tr("所辖单位共 {n} 个").format(n=len(self._units))
        if self.whom.chosen() == CHOSEN:
            words = self.tr("已选 {n} 个单位").format(n=len(self._chosen()))
        self.number.setText(words)

    def _filter(self, text: str) -> None:
        for at in range(self.units.count()):
            self.units.item(at).setHidden(text.strip() not in self.units.item(at).text())

    def _chosen(self) -> tuple[str, ...]:
        items = [self.units.item(at) for at in range(self.units.count())]
        return tuple(
            str(one.data(Qt.ItemDataRole.UserRole)) for one in items if one.checkState() is Qt.CheckState.Checked
        )

    def has_draft(self) -> bool:
        """Whether something was written."""
        return bool(self.title.text() or self.words.toPlainText().strip())

    def give(self) -> None:
        """Hand the notice on when all is there; what is missing is said where it stands."""
        self.fault.hide()
        title, text = self.title.text(), self.words.toPlainText().strip()
        set_tone(self.words, "" if text else "true", "wrong")
        if not title or not text or len(text) > MAX_TEXT:
            self.title.fail("" if title else self.tr("请填写标题。"))
            self._complain(self.tr("请填写标题和正文，正文最多 {n} 字。").format(n=MAX_TEXT))
            return
        try:
            due = end_of_day(self.due.text()) if self.due.text() else ""
        except ValueError:
            self.due.fail(self.tr("请写成 2026-12-01 这样的日期。"))
            return
        kind = self.whom.chosen()
        tiers = tuple(tier for tier, check in self.tiers.items() if check.isChecked()) if kind == TIERS else None
        to = self._chosen() if kind == CHOSEN else None
        if tiers == () or to == ():
            self._complain(self.tr("请勾选层级或收件单位。"))
            return
        number = len(to) if to else sum(tiers is None or unit.tier in tiers for unit in self._units)
        self.given.emit(Draft(title, text, due, to, tiers, self.tr("{n} 个单位").format(n=number)))

    def _complain(self, sentence: str) -> None:
        self.fault.setText(sentence)
        self.fault.show()
