"""What becomes of a verdict: the head's are held and signed together, a bureau's are written and answered by a receipt
(decisions 3 and 17)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.units import Role
from models.services import review
from ui.context import AppContext
from ui.kit import Button, button
from ui.pages.decision_queue import QueueEntry
from ui.pages.review_desks import Decision, Matter, carry_out

Then = Callable[[], object]
Said = tuple[str, list[Button]]


class HeldVerdicts(QObject):
    """Verdicts on what the own unit reports: in memory until they are carried out with one signature."""

    signed = Signal()

    def __init__(self, context: AppContext, page: QWidget) -> None:
        super().__init__(page)
        self.context, self._page = context, page
        self.decisions: dict[str, Decision] = {}

    def keep_only(self, known: Collection[str]) -> None:
        """Forget verdicts on what waits no more."""
        self.decisions = {key: value for key, value in self.decisions.items() if key in known}

    def of(self, entry: QueueEntry) -> Verdict | None:
        """What was said of an entry."""
        held = self.decisions.get(entry.id)
        return held.verdict if held else entry.verdict

    def made(self, matter: Matter) -> Decision | None:
        """What was said of a matter, with the opinion."""
        return self.decisions.get(matter.id) or matter.decided

    def decide(self, matter: Matter, verdict: Verdict, opinion: str, done: Then) -> None:
        """Hold a verdict, then `done`."""
        self.decisions[matter.id] = Decision(verdict, opinion)
        done()

    def take_back(self, entry_id: str, done: Then) -> None:
        """Drop a verdict, then `done`."""
        self.decisions.pop(entry_id, None)
        done()

    def title(self, waiting: int) -> str:
        """Heading of the queue; the sidebar counts what is held until it is signed."""
        if not self.decisions:
            return self.tr("待我核办 {n}").format(n=waiting)
        return self.tr("待核办 {n} · 待签名 {m}").format(n=waiting, m=len(self.decisions))

    def said(self, _entries: Sequence[QueueEntry], _finish: Then) -> Said | None:
        """Words and buttons above the matter; None while nothing is held."""
        numbers = {v: sum(d.verdict is v for d in self.decisions.values()) for v in Verdict}
        if not self.decisions:
            return None
        parts = "、".join(f"{VERDICT_LABELS[v]} {n}" for v, n in numbers.items() if n)
        act = self.tr("签名确认") if numbers[Verdict.ACCEPT] else self.tr("确认")
        text = self.tr("已作出 {n} 项决定（{parts}），确认后生效，此前都可以改变。").format(
            n=len(self.decisions), parts=parts
        )
        return text, [button(act, "writing", "primary", "Ctrl+Enter", on_click=self.sign)]

    def sign(self) -> None:
        """Carry out what is held: one passphrase and one signature for the queue (decision 3)."""
        if not self.decisions:
            return
        store, decisions = self.context.store, dict(self.decisions)
        number = sum(d.verdict is Verdict.ACCEPT for d in decisions.values())
        if not number:
            self.context.write(carry_out, store.actor, None, decisions, done=self._signed, owner=self)
            return
        words = self.tr("您将对 {n} 项通过的变更签名。签名后账户变更即生效，须上报的由学籍管理员打包上报。")
        sentence = words.format(n=number)

        def work(passphrase: str) -> Any:
            return store.write(carry_out, store.actor, store.signer(passphrase), decisions)

        self.context.with_passphrase(self._page, self.tr("签名确认"), sentence, work, self._signed)

    def _signed(self, _approved: int) -> None:
        number = len(self.decisions)
        self.decisions.clear()
        self.context.toast(self.tr("{n} 项决定已生效。").format(n=number))
        self.signed.emit()


class WrittenVerdicts(QObject):
    """Verdicts on what came from below: in the store at once, final with the receipt."""

    def __init__(self, context: AppContext, page: QWidget) -> None:
        super().__init__(page)
        self.context = context

    def keep_only(self, _known: Collection[str]) -> None:
        """Nothing is held here."""

    def of(self, entry: QueueEntry) -> Verdict | None:
        """What was said of an entry."""
        return entry.verdict

    def made(self, matter: Matter) -> Decision | None:
        """What was said of a matter, with the opinion."""
        return matter.decided

    def decide(self, matter: Matter, verdict: Verdict, opinion: str, done: Then) -> None:
        """Write a verdict, then `done`."""
        actor = self.context.actor
        self.context.write(review.decide, actor, matter.id, verdict, opinion, done=lambda _: done(), owner=self)

    def take_back(self, entry_id: str, done: Then) -> None:
        """Take a verdict back, then `done`."""
        self.context.write(review.undecide, self.context.actor, entry_id, done=lambda _: done(), owner=self)

    def title(self, waiting: int) -> str:
        """Heading of the queue."""
        return self.tr("待我核办 {n}").format(n=waiting)

    def said(self, entries: Sequence[QueueEntry], finish: Then) -> Said | None:
        """Words and buttons above the matter; None while nothing was decided."""
        decided = sum(e.verdict is not None for e in entries)
        if not decided or not self.context.has(Role.REGISTRAR):
            return None
        left = len(entries) - decided
        rest = self.tr("还有 {n} 项未核办，可以先答复已核办的。").format(n=left) if left else ""
        go = button(
            self.tr("完成核办并生成回执"), "receipt", "link", "" if left else "Ctrl+Enter", on_click=finish
        )  # fmt: skip
        text = self.tr("已核办 {n} 项，回执还没有生成，此前都可以改变决定。{rest}").format(n=decided, rest=rest)
        return text, [go]
