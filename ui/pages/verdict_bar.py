"""The foot of the review page: the opinion and the three verdicts, or who decides instead."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from models.domain.states import VERDICT_LABELS, Verdict
from ui.kit import button, label, row
from ui.pages.opinion_line import OpinionLine
from ui.pages.review_desks import Decision, Matter


class VerdictBar(QFrame):
    """`decided` carries verdict and opinion; `take_back` asks to change a decision that is made."""

    decided = Signal(object, str)
    take_back = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "foot")
        self.opinion = OpinionLine(self.tr("核办意见（退回、不予通过时必填；输入 / 选常用语）"), self.tr("核办意见"))
        self.send_back = button(self.tr("退回补正"), "arrow-back-up", tip="Ctrl+B")
        self.refuse = button(self.tr("不予通过"), "x", "danger", "Ctrl+Shift+Enter")
        self.accept = button(self.tr("通过，看下一条"), "check", "primary", "Ctrl+Enter")
        self._button = {Verdict.ACCEPT: self.accept, Verdict.RETURN: self.send_back, Verdict.REFUSE: self.refuse}
        for verdict, made in self._button.items():
            made.clicked.connect(partial(self.decide, verdict))
        self.instead = label(kind="dim", wrap=True)
        self.undo = button(self.tr("改变决定"), "arrow-back-up", on_click=self.take_back.emit)
        parts = (self.undo, self.send_back, self.refuse, self.accept)
        self.setLayout(row((self.opinion, 1), (self.instead, 1), *parts, margins=(16, 8, 16, 8)))

    def show_matter(self, matter: Matter | None, made: Decision | None, *, seen: bool) -> None:
        """Offer what the person may do with `matter`; passing needs that the evidence was `seen`."""
        may = matter.may if matter and made is None else frozenset()
        offered = matter is not None and not matter.instead and made is None
        for verdict, one in self._button.items():
            one.setVisible(offered)
            one.setEnabled(verdict in may and (seen or verdict is not Verdict.ACCEPT))
        self.accept.setToolTip("Ctrl+Enter" if seen else self.tr("请先看过全部证明材料"))
        self.opinion.setVisible(offered)
        self.undo.setVisible(made is not None and not (matter and matter.instead))
        words = matter.instead if matter else ""
        if made:
            said = self.tr("已决定：{verdict}。{opinion}")
            words = said.format(verdict=VERDICT_LABELS[made.verdict], opinion=made.opinion)
        self.instead.setText(words)
        self.instead.setVisible(bool(words))

    def decide(self, verdict: Verdict, _checked: bool = False) -> None:
        """Say a verdict when it is offered; anything but passing needs an opinion."""
        if self._button[verdict].isHidden() or not self._button[verdict].isEnabled():
            return
        opinion = self.opinion.text().strip()
        if verdict is not Verdict.ACCEPT and not opinion:
            self.opinion.complain(self.tr("请先写明意见，让发起人知道原因和该怎么办。"))
            return
        self.decided.emit(verdict, opinion)
