"""核办: the queue, one matter in full, its evidence, and the verdict (screen c; E1, E2, decisions 3 and 17)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy

from models.domain.change_kinds import CHANGE_KIND
from models.domain.states import VERDICT_LABELS, Verdict
from models.domain.units import Role
from ui.context import AppContext
from ui.kit import Banner, EmptyState, button, clear, column, frame, holder, label, row, rule
from ui.kit.around import Around
from ui.page import Page
from ui.pages.baseline_list import BaselineList, BaselineRows
from ui.pages.change_cards import checks_card, difference_card, route_card, why_card
from ui.pages.companion_bar import CompanionBar
from ui.pages.decision_queue import QueueEntry, QueueView
from ui.pages.desk_tabs import DeskTabs
from ui.pages.evidence_view import EvidenceView
from ui.pages.review_desks import BureauDesk, Decision, Desk, Matter, desks_of
from ui.pages.review_verdicts import HeldVerdicts, WrittenVerdicts
from ui.pages.verdict_bar import VerdictBar
from ui.tokens import COLLAPSE_BELOW

QUEUE_WIDTH = 236


class ReviewPage(Page):
    """Decides on what waits: at the desk of the own unit, of what came from below, or at either (open line)."""

    TABLES = frozenset({"change", "decision", "received_item", "change_evidence", "evidence"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._desks = desks_of(context.actor)
        self._desk_key, self._desk = next(iter(self._desks.items()))
        self.held = HeldVerdicts(context, self)
        self.held.signed.connect(self._signed)
        self._written = WrittenVerdicts(context, self)
        self._entries: list[QueueEntry] = []
        self._matter: Matter | None = None
        self._wanted = ""
        self._build()
        self._show_matter(None)

    # --- building -----------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.desk_tabs = DeskTabs(self._desks)
        self.desk_tabs.chosen.connect(self.show_desk)
        self.desk_tabs.mark(self._desk_key)
        self.queue = QueueView()
        self.queue.selectionModel().currentChanged.connect(lambda *_: self._open_current())
        self.queue_title = label(kind="h2")
        hint = label(self.tr("J / K 上下一条"), "cap", wrap=True)
        self.companion = CompanionBar(self.context, (14, 0, 10, 10))
        left = column(
            self.desk_tabs, row(self.queue_title, None, margins=(14, 10, 10, 8)), rule(), (self.queue, 1),
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
        area.setAccessibleName(self.tr("核办事项"))
        area.setWidget(holder(self.body))
        self.banner = Banner("info", "")
        self.banner.hide()
        later = self.tr("有新的申请提交或收到数据包时，会出现在这里。")
        self.empty = EmptyState(self.tr("现在没有等您核办的事项。"), hint=later, icon="rubber-stamp")
        self.area = area
        middle = column(head, rule(), Around(self.banner, (16, 8, 16, 0)), (area, 1), (self.empty, 1), spacing=0)
        self.evidence = EvidenceView(self.context)
        self.evidence.seen_changed.connect(self._enable)
        parts = row((self.queue_frame, 3), (holder(middle), 6), (self.evidence, 5), spacing=0)
        self.bar = VerdictBar()
        self.bar.decided.connect(self._decide)
        self.bar.take_back.connect(self._take_back_current)
        self.setLayout(column((holder(parts), 1), self.bar, spacing=0))

    @property
    def _verdicts(self) -> HeldVerdicts | WrittenVerdicts:
        return self.held if self._desk.collects else self._written

    # --- reading ------------------------------------------------------------------------------------------

    def arrive(self, **arguments: Any) -> None:
        """`package`: only the items of a received package; `change` or `item`: go to that one."""
        package = str(arguments.get("package", ""))
        self._wanted = str(arguments.get("change") or arguments.get("item") or "")
        if package or arguments.get("item"):
            self.show_desk("received", BureauDesk(package))
        else:
            self.show_desk("own" if arguments.get("change") else self._desk_key)

    def show_desk(self, key: str, desk: Desk | None = None) -> None:
        """Work at a desk, "own" or "received", when the unit has it."""
        if key in self._desks:
            self._desk_key, self._desk = key, desk or self._desks[key]
        self.desk_tabs.mark(self._desk_key)
        self.refresh()

    def refresh(self) -> None:
        """Read the queue again; the entry in sight stays when it is still there."""
        desk, actor = self._desk, self.context.actor
        self.context.read(desk.queue, actor, done=self._show_queue, owner=self, replaces="review-queue")
        self.companion.refresh()

    def _show_queue(self, entries: list[QueueEntry]) -> None:
        known = {entry.id for entry in entries}
        self._verdicts.keep_only(known)
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
            QueueEntry(e.id, e.title, e.subject, e.by, e.since, e.mine, self._verdicts.of(e)) for e in self._entries
        ]
        self.queue.queue.show_entries(shown)
        waiting = sum(not e.mine and e.verdict is None for e in shown)
        self.queue_title.setText(self._verdicts.title(waiting))
        self.toggle.set_text(self.tr("队列 {n}").format(n=waiting))
        said = self._verdicts.said(self._entries, self._finish)
        if said is None:
            self.banner.hide()
        else:
            self.banner.say("info", *said)
        self.say_hint()

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
        self.evidence.setVisible(
            matter is not None and (bool(matter.evidence) or CHANGE_KIND[matter.kind].needs_evidence)
        )
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
        listed: BaselineRows = matter.extra.get("rows", BaselineRows())
        if listed.rows:
            self.body.addWidget(BaselineList(listed))
        self.body.addWidget(checks_card(matter.checks))
        self.body.addWidget(why_card(matter.kind, matter.origin, matter.policy_version))
        self.body.addWidget(route_card(matter.timeline, matter.next_step))
        self.body.addStretch(1)

    # --- deciding -----------------------------------------------------------------------------------------

    def _decided(self) -> Decision | None:
        return self._verdicts.made(self._matter) if self._matter is not None else None

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
        elif self._desk.collects:
            self.held.sign()
        else:
            self._finish()

    def _decide(self, verdict: Verdict, opinion: str) -> None:
        matter = self._matter
        if matter is not None and not self._decided():
            self._verdicts.decide(matter, verdict, opinion, lambda: self._after(matter, verdict))

    def _after(self, matter: Matter, verdict: Verdict) -> None:
        words = self.tr("{verdict}：{subject}").format(verdict=VERDICT_LABELS[verdict], subject=matter.subject)
        undo = partial(self._take_back, matter.id)
        self.context.toast(words, undo, "ok" if verdict is Verdict.ACCEPT else "info")
        if not self._desk.collects:
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
            self._take_back(self._matter.id)

    def _take_back(self, entry_id: str) -> None:
        self._wanted = entry_id
        self._verdicts.take_back(entry_id, self.refresh)

    # --- finishing ----------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Go on to the receipt of the package in sight."""
        package = self._matter.extra.get("package", "") if self._matter else ""
        if package and self.context.has(Role.REGISTRAR):
            self.context.navigate("packages", finish=package)

    def _signed(self) -> None:
        self._matter = None
        self.refresh()

    # --- the window ---------------------------------------------------------------------------------------

    def run_action(self, key: str) -> bool:
        """Verdicts, J/K, zoom, signing."""
        at = self.queue.currentIndex().row()
        acts: dict[str, Callable[[], object]] = {
            "submit": self._accept, "save": self.held.sign, "refresh": self.refresh,
            "return": lambda: self.bar.decide(Verdict.RETURN), "refuse": lambda: self.bar.decide(Verdict.REFUSE),
            "next_item": lambda: self.queue.select_row(at + 1),
            "previous_item": lambda: self.queue.select_row(at - 1),
            "zoom": lambda: self.evidence.act("toggle"),
        }  # fmt: skip
        act = acts.get(key)
        if act is None:
            return False
        act()
        return True

    def has_draft(self) -> bool:
        """Decisions not confirmed yet would be lost with the person."""
        return bool(self.held.decisions)

    def hint(self) -> str:
        """Where in the queue, and the keys."""
        entries = self.queue.queue.entries
        at = self.queue.currentIndex().row() + 1
        keys = self.tr("Ctrl+Enter 通过 · Ctrl+B 退回 · 空格 放大材料")
        if self._desk.collects and self.held.decisions and self.queue.queue.next_open(-1) < 0:
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
