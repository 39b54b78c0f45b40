"""核办: the queue, one matter in full, its evidence, and the verdict (screen c; E1, E2, decisions 3 and 17)."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy

from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.units import Role, Tier
from models.services import review
from ui.context import AppContext
from ui.kit import Banner, EmptyState, button, clear, column, frame, holder, label, row, rule
from ui.kit.around import Around
from ui.page import Page
from ui.pages.baseline_list import BaselineList
from ui.pages.change_cards import checks_card, difference_card, route_card, why_card
from ui.pages.companion_bar import CompanionBar
from ui.pages.decision_queue import QueueEntry, QueueView
from ui.pages.evidence_view import EvidenceView
from ui.pages.review_desks import Decision, Matter, carry_out, desk_for
from ui.pages.verdict_bar import VerdictBar
from ui.tokens import COLLAPSE_BELOW

QUEUE_WIDTH = 236


class ReviewPage(Page):
    """Decides on what waits. At a school verdicts are collected and signed once; above they are written at once and
    answered by a receipt."""

    TABLES = frozenset({"change", "decision", "received_item", "change_evidence", "evidence"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._desk = desk_for(context.actor)
        self._at_school = context.actor.unit.tier is Tier.SCHOOL
        self._decisions: dict[str, Decision] = {}
        self._entries: list[QueueEntry] = []
        self._matter: Matter | None = None
        self._wanted = ""
        self._build()
        self._show_matter(None)

    # --- building -----------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.queue = QueueView()
        self.queue.selectionModel().currentChanged.connect(lambda *_: self._open_current())
        self.queue_title = label(kind="h2")
        hint = label(self.tr("J / K 上下一条"), "cap", wrap=True)
        self.companion = CompanionBar(self.context, (14, 0, 10, 10))
        left = column(
            row(self.queue_title, None, margins=(14, 10, 10, 8)), rule(), (self.queue, 1),
            row(hint, margins=(14, 4, 8, 8)), self.companion, spacing=0,
        )  # fmt: skip
        self.queue_frame = frame("plain", left)
        self.queue_frame.setMinimumWidth(160)
        self.queue_frame.setMaximumWidth(QUEUE_WIDTH)
        self.toggle = button(self.tr("队列"), "list-details", checkable=True, tip=self.tr("显示或隐藏核办队列"))
        self.toggle.toggled.connect(self._fold_queue)
        self.title, self.subject = label(kind="h1"), label(kind="dim", wrap=True)
        self.caption = label(kind="cap", wrap=True)
        self.title.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.title.setMinimumWidth(80)
        head = row(
            self.toggle, (column(row(self.title, (self.subject, 1), spacing=10), self.caption, spacing=0), 1),
            margins=(16, 8, 16, 8),
        )  # fmt: skip
        self.body = column(margins=(16, 4, 16, 8))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(holder(self.body))
        self.banner = Banner("info", "")
        self.banner.hide()
        self.empty = EmptyState(
            self.tr("现在没有等您核办的事项。"),
            hint=self.tr("有新的申请提交或收到数据包时，会出现在这里。"),
            icon="rubber-stamp",
        )
        self.area = area
        middle = column(head, rule(), Around(self.banner, (16, 8, 16, 0)), (area, 1), (self.empty, 1), spacing=0)
        self.evidence = EvidenceView(self.context)
        self.evidence.seen_changed.connect(self._enable)
        parts = row((self.queue_frame, 3), (holder(middle), 6), (self.evidence, 5), spacing=0)
        self.bar = VerdictBar()
        self.bar.decided.connect(self._decide)
        self.bar.take_back.connect(self._take_back_current)
        self.setLayout(column((holder(parts), 1), self.bar, spacing=0))

    # --- reading ------------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`package`: only the items of a received package; `change` or `item`: go to that one."""
        package = str(arguments.get("package", ""))
        if not self._at_school:
            self._desk = desk_for(self.context.actor, package)
        self._wanted = str(arguments.get("change") or arguments.get("item") or "")
        self.refresh()

    def refresh(self) -> None:
        """Read the queue again; the entry in sight stays when it is still there."""
        desk, actor = self._desk, self.context.actor
        self.context.read(desk.queue, actor, done=self._show_queue, owner=self, replaces="review-queue")
        self.companion.refresh()

    def _show_queue(self, entries: list[QueueEntry]) -> None:
        known = {entry.id for entry in entries}
        self._decisions = {key: value for key, value in self._decisions.items() if key in known}
        self._entries = entries
        current = self.queue.current_entry()
        wanted = self._wanted or (current.id if current else "")
        self._wanted = ""
        self._draw_queue()
        at = self.queue.queue.row_of(wanted)
        if at < 0:
            at = self.queue.queue.next_open(-1)
        if at < 0 and entries:
            at = 0
        if at >= 0:
            self.queue.select_row(at)
            self._open_current()
        else:
            self._show_matter(None)

    def _draw_queue(self) -> None:
        shown = [
            QueueEntry(e.id, e.title, e.subject, e.by, e.since, e.mine, self._verdict_of(e)) for e in self._entries
        ]
        self.queue.queue.show_entries(shown)
        waiting = sum(not e.mine and e.verdict is None for e in shown)
        words = self.tr("待我核办 {n}").format(n=waiting)
        if self._decisions:  # the sidebar counts them until they are signed
            words = self.tr("待核办 {n} · 待签名 {m}").format(n=waiting, m=len(self._decisions))
        self.queue_title.setText(words)
        self.toggle.set_text(self.tr("队列 {n}").format(n=waiting))
        self._say_collected()
        self.say_hint()

    def _verdict_of(self, entry: QueueEntry) -> Verdict | None:
        decided = self._decisions.get(entry.id)
        return decided.verdict if decided else entry.verdict

    def _open_current(self) -> None:
        entry = self.queue.current_entry()
        if entry is None:
            return
        self.say_hint()
        desk, actor = self._desk, self.context.actor
        self.context.read(desk.matter, actor, entry.id, done=self._show_matter, owner=self, replaces="review-matter")

    def _show_matter(self, matter: Matter | None) -> None:
        same = matter is not None and self._matter is not None and matter.id == self._matter.id
        self._matter = matter
        self.area.setVisible(matter is not None)
        self.empty.setVisible(matter is None)
        self.title.setText(matter.title if matter else self.tr("核办"))
        self.subject.setText(matter.subject if matter else "")
        self.caption.setText(matter.caption if matter else "")
        clear(self.body)
        if matter is None:
            self.evidence.show_files(())
        else:
            self._fill(matter)
            if not same:
                self.bar.opinion.setText("")
                self.evidence.show_files(matter.evidence)
        self._enable()

    def _fill(self, matter: Matter) -> None:
        self.body.addWidget(difference_card(matter.diffs, matter.lines))
        pupils = matter.extra.get("pupils", ())
        if pupils:
            self.body.addWidget(BaselineList(pupils))
        self.body.addWidget(checks_card(matter.checks))
        self.body.addWidget(why_card(matter.kind, matter.origin, matter.policy_version))
        self.body.addWidget(route_card(matter.timeline, matter.next_step))
        self.body.addStretch(1)

    # --- deciding -----------------------------------------------------------------------------------------

    def _decided(self) -> Decision | None:
        if self._matter is None:
            return None
        return self._decisions.get(self._matter.id) or self._matter.decided

    def _enable(self) -> None:
        self.bar.show_matter(self._matter, self._decided(), seen=self.evidence.all_seen)

    def _accept(self) -> None:
        """Pass what is in sight; from what is decided go to the next open entry, and after the last one to the end."""
        if self._matter is None or self._decided() is None:
            self.bar.decide(Verdict.ACCEPT)
            return
        after = self.queue.queue.next_open(self.queue.currentIndex().row())
        if after >= 0:
            self.queue.select_row(after)
        elif self._at_school:
            self.sign()
        else:
            self._finish()

    def _decide(self, verdict: Verdict, opinion: str) -> None:
        matter = self._matter
        if matter is None or self._decided():
            return
        if self._at_school:
            self._decisions[matter.id] = Decision(verdict, opinion)
            self._after(matter, verdict, lambda: self._take_back(matter.id))
        else:
            self.context.write(
                review.decide, self.context.actor, matter.id, verdict, opinion,
                done=lambda _: self._after(matter, verdict, lambda: self._undecide(matter.id)), owner=self,
            )  # fmt: skip

    def _after(self, matter: Matter, verdict: Verdict, undo: Any) -> None:
        words = self.tr("{verdict}：{subject}").format(verdict=VERDICT_LABELS[verdict], subject=matter.subject)
        self.context.toast(words, undo, "ok" if verdict is Verdict.ACCEPT else "info")
        if not self._at_school:
            self._entries = [
                QueueEntry(e.id, e.title, e.subject, e.by, e.since, e.mine, verdict if e.id == matter.id else e.verdict)
                for e in self._entries
            ]
        at = self.queue.queue.row_of(matter.id)
        self._draw_queue()
        after = self.queue.queue.next_open(at)
        self.queue.select_row(after if after >= 0 else at)
        self._open_current()

    def _take_back_current(self) -> None:
        if self._matter is not None:
            if self._at_school:
                self._take_back(self._matter.id)
            else:
                self._undecide(self._matter.id)

    def _take_back(self, entry_id: str) -> None:
        self._decisions.pop(entry_id, None)
        self._go_to(entry_id)

    def _undecide(self, entry_id: str) -> None:
        self._wanted = entry_id
        self.context.write(review.undecide, self.context.actor, entry_id, done=lambda _: self.refresh(), owner=self)

    def _go_to(self, entry_id: str) -> None:
        self._draw_queue()
        self.queue.select_row(self.queue.queue.row_of(entry_id))
        self._open_current()

    # --- finishing ----------------------------------------------------------------------------------------

    def _say_collected(self) -> None:
        if self._at_school:
            self._say_to_sign()
            return
        decided = sum(e.verdict is not None for e in self._entries)
        if not decided or not self.context.has(Role.REGISTRAR):
            self.banner.hide()
            return
        left = len(self._entries) - decided
        rest = self.tr("还有 {n} 项未核办，可以先答复已核办的。").format(n=left) if left else ""
        key = "" if left else "Ctrl+Enter"
        go = button(self.tr("完成核办并生成回执"), "receipt", "link", key, on_click=self._finish)
        text = self.tr("已核办 {n} 项，回执还没有生成，此前都可以改变决定。{rest}").format(n=decided, rest=rest)
        self.banner.say("info", text, [go])

    def _finish(self) -> None:
        """Go on to the receipt of the package in sight."""
        package = self._matter.extra.get("package", "") if self._matter else ""
        if package and self.context.has(Role.REGISTRAR):
            self.context.navigate("packages", finish=package)

    def _say_to_sign(self) -> None:
        numbers = {v: sum(d.verdict is v for d in self._decisions.values()) for v in Verdict}
        if not self._decisions:
            self.banner.hide()
            return
        parts = "、".join(f"{VERDICT_LABELS[v]} {n}" for v, n in numbers.items() if n)
        act = self.tr("签名确认") if numbers[Verdict.ACCEPT] else self.tr("确认")
        text = self.tr("已作出 {n} 项决定（{parts}），确认后生效，此前都可以改变。").format(
            n=len(self._decisions), parts=parts
        )
        self.banner.say("info", text, [button(act, "writing", "primary", "Ctrl+Enter", on_click=self.sign)])

    def sign(self) -> None:
        """Carry out the collected decisions: one passphrase and one signature for the queue (decision 3)."""
        if not self._decisions:
            return
        store, decisions = self.context.store, dict(self._decisions)
        if any(d.verdict is Verdict.ACCEPT for d in decisions.values()):
            n = sum(d.verdict is Verdict.ACCEPT for d in decisions.values())
            sentence = self.tr("您将对 {n} 项通过的变更签名。签名后交学籍管理员打包上报。").format(n=n)

            def work(passphrase: str) -> Any:
                return store.write(carry_out, store.actor, store.signer(passphrase), decisions)

            self.context.with_passphrase(
                self, self.tr("签名确认"), sentence, work, lambda _: self._signed(len(decisions))
            )
        else:
            self.context.write(
                carry_out, store.actor, None, decisions, done=lambda _: self._signed(len(decisions)), owner=self
            )

    def _signed(self, number: int) -> None:
        self._decisions.clear()
        self._matter = None
        self.context.toast(self.tr("{n} 项决定已生效。").format(n=number))
        self.refresh()

    # --- the window ---------------------------------------------------------------------------------------

    def run_action(self, key: str) -> bool:
        """Verdicts, J/K, zoom, signing."""
        acts = {
            "submit": self._accept,
            "return": lambda: self.bar.decide(Verdict.RETURN),
            "refuse": lambda: self.bar.decide(Verdict.REFUSE),
            "next_item": lambda: self.queue.select_row(self.queue.currentIndex().row() + 1),
            "previous_item": lambda: self.queue.select_row(self.queue.currentIndex().row() - 1),
            "zoom": lambda: self.evidence.act("toggle"),
            "save": self.sign,
            "refresh": self.refresh,
        }
        act = acts.get(key)
        if act is None:
            return False
        act()
        return True

    def has_draft(self) -> bool:
        """Decisions not confirmed yet would be lost with the person."""
        return bool(self._decisions)

    def hint(self) -> str:
        """Where in the queue, and the keys."""
        entries = self.queue.queue.entries
        at = self.queue.currentIndex().row() + 1
        keys = self.tr("Ctrl+Enter 通过 · Ctrl+B 退回 · 空格 放大材料")
        if self._at_school and self._decisions and self.queue.queue.next_open(-1) < 0:
            keys = self.tr("Ctrl+Enter 签名确认")
        return f"{at}/{len(entries)} · {keys}" if entries else self.tr("没有待核办的事项")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fold the queue away in a narrow window."""
        super().resizeEvent(event)
        narrow = self.window().width() < COLLAPSE_BELOW
        self.toggle.setVisible(narrow)
        self._fold_queue(self.toggle.isChecked() or not narrow)

    def _fold_queue(self, shown: bool) -> None:
        self.queue_frame.setVisible(shown or not self.toggle.isVisibleTo(self))
