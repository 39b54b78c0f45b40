"""The bar at the bottom: a hint at the left, at the right what waits, clickable, and how long until the lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QStatusBar

from models.domain.traffic import Traffic
from models.domain.units import Actor, Line, Role, Tier
from ui.jobs import Job
from ui.kit import Button, button, label
from ui.travel import filing_words, reminder, travel_tip, travel_words

if TYPE_CHECKING:
    from models.services.filing.calendar import Reminder
    from models.store.store import Session

TABLES = frozenset(
    {"change", "decision", "received_item", "package", "policy", "channel", "problem", "problem_side", "message"}
    | {"disable_order", "disable_order_item", "report_section", "account", "filed_account"}
    | {"monitoring_application", "password_loan"}
)


@dataclass(frozen=True)
class Figures:
    """What waits in the store, for the status bar and the navigation."""

    to_decide: int
    returned: int
    policy_version: int
    backup: str
    problems: int = 0
    letters: int = 0
    orders: int = 0
    monitoring: int = 0
    duties: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    filing: Reminder | None = None

    @property
    def filing_due(self) -> int:
        """Accounts that wait to be filed while the window is open or after it."""
        due = self.filing
        return due.added + due.disabled + due.changed if due is not None and due.state != "soon" else 0


def read_figures(session: Session, actor: Actor, home: Path) -> Figures:
    """Count what waits for `actor`, from the services."""
    from models.domain.times import to_text
    from models.services import (
        change_views,
        maintenance,
        matters,
        order_views,
        policies,
        problem_views,
        review_views,
        traffic,
    )
    from ui.moments import moment

    drafts = change_views.list_changes(session, change_views.ChangeQuery(states=("draft",)))
    to_decide = 0
    if actor.has(Role.HEAD):
        to_decide += change_views.count_changes(session).get("pending", 0)
    if actor.has(Role.REGISTRAR) and actor.unit.tier is not Tier.SCHOOL:
        to_decide += review_views.count_items(session).get("in_review", 0)
    due = None
    if actor.unit.line is Line.OPEN:
        from models.services.filing.calendar import reminder as filing_due

        due = filing_due(session)
    backups = maintenance.list_backups(home)
    from datetime import UTC, datetime

    last = moment(to_text(datetime.fromtimestamp(backups[0].stat().st_mtime, UTC))) if backups else ""
    return Figures(
        to_decide,
        sum(1 for draft in drafts if draft.attempt > 1),
        policies.effective(session).version,
        last,
        problem_views.count_problems(session)["mine"],
        len(matters.matters_to_do(session)),
        order_views.count_to_do(session),
        _filings_asked(session, actor),
        _loans_to_do(session, actor),
        traffic.traffic(session),
        due,
    )


def _filings_asked(session: Session, actor: Actor) -> int:
    """Changes of post the registrar of the province has to file (A4)."""
    from models.services.monitoring.filing import applications

    files = actor.has(Role.REGISTRAR) and (actor.unit.tier, actor.unit.line) == (Tier.PROVINCE, Line.OPEN)
    return len(applications(session, open_only=True)) if files else 0


def _loans_to_do(session: Session, actor: Actor) -> int:
    """Lent passwords that are late, and for the administrator those that wait for consent (E36)."""
    from models.domain.lending import ASKED
    from models.services.lending import list_loans

    asked = actor.has(Role.ADMINISTRATOR)
    return sum(bool(one.overdue) or (asked and one.state == ASKED) for one in list_loans(session, open_only=True))


class StatusBar(QStatusBar):
    """Emits `chosen` with the key of the page a count stands for."""

    chosen = Signal(str)
    lock_clicked = Signal()

    def __init__(self, pages: Sequence[str]) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.hint = label("", "dim")
        self.hint.setContentsMargins(10, 0, 0, 0)
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self.hint, 1)
        self._job: Job | None = None
        self._bar = QProgressBar()
        self._bar.setFixedWidth(120)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("进度"))
        self._words = label("", "dim")
        self._stop = button(self.tr("取消"), "x", "status", on_click=self._cancel)
        for part in (self._words, self._bar, self._stop):
            self.addPermanentWidget(part)
            part.hide()
        self._pages = pages
        self.to_decide = self._count("rubber-stamp", "wait", "review")
        self.filing = self._count("calendar", "warn", "filing")
        self.to_send = self._count("package", "info", "packages")
        self.contact = self._count("clock", "warn", "packages")
        self.returned = self._count("arrow-back-up", "warn", "changes")
        self.policy = self._count("book", "", "settings")
        self.backup = self._count("database", "", "backup")
        self.lock = button("", "lock", "status", self.tr("立即锁定（Ctrl+L）"), on_click=self.lock_clicked.emit)
        self.addPermanentWidget(self.lock)
        self._narrow = False
        self._figures: Figures | None = None

    def _count(self, icon: str, tone: str, page: str) -> Button:
        made = button("", icon, "status", tone=tone, on_click=lambda: self.chosen.emit(page))
        made.setVisible(page in self._pages)
        self.addPermanentWidget(made)
        return made

    def show_figures(self, figures: Figures) -> None:
        """Show the counts; what is zero is not shown."""
        self._figures = figures
        for made, page, number, words in (
            (self.to_decide, "review", figures.to_decide, self.tr("待我核办 {n}")),
            (self.returned, "changes", figures.returned, self.tr("退回待补 {n}")),
        ):
            made.set_text(words.format(n=number))
            made.setVisible(number > 0 and page in self._pages)
        for made, words, tip in (
            (self.to_send, travel_words(figures.traffic), travel_tip(figures.traffic)),
            (self.filing, filing_words(figures.filing), figures.filing.sentence if figures.filing else ""),
            (self.contact, reminder(figures.traffic), self.tr("请送一次文件，或打电话与上级确认；离线办理不受影响。")),
        ):
            made.set_text(words)
            made.setToolTip(tip)
            made.setVisible(bool(words) and ("filing" if made is self.filing else "packages") in self._pages)
        version = self.tr("政策 总第 {n} 版").format(n=figures.policy_version)
        self.policy.set_text(version if figures.policy_version else self.tr("尚无政策"))
        self.backup.set_text(
            self.tr("备份 {at}").format(at=figures.backup) if figures.backup else self.tr("还没有备份")
        )
        self._dress()

    def collapse(self, narrow: bool) -> None:
        """Leave the less urgent ones out in a narrow window."""
        self._narrow = narrow
        self._dress()

    def _dress(self) -> None:
        self.policy.setVisible(not self._narrow and "settings" in self._pages)
        self.backup.setVisible(not self._narrow and "backup" in self._pages)

    def show_minutes(self, minutes: int) -> None:
        """Show when the window locks by itself."""
        self.lock.set_text(self.tr("{n} 分钟后锁定").format(n=minutes))

    # --- progress of a long work ------------------------------------------------------------------------

    def follow(self, job: Job) -> None:
        """Show how far a titled job is, with 取消."""
        if not job.shown:
            return
        self._job = job
        job.progressed.connect(self._advance)
        self._words.setText(job.title)
        self._bar.setRange(0, 0)
        for part in (self._words, self._bar, self._stop):
            part.show()

    def _advance(self, done: int, total: int, what: str) -> None:
        if self.sender() is not self._job:
            return
        self._bar.setRange(0, max(total, 0))
        self._bar.setValue(max(done, 0))
        amount = f" {done:,} / {total:,}" if total > 0 else ""
        self._words.setText(f"{what}{amount}")

    def leave(self, job: Job) -> None:
        """The job has ended."""
        if job is self._job:
            self._job = None
            for part in (self._words, self._bar, self._stop):
                part.hide()

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
