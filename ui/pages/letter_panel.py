"""One matter beside the list: the words of a notice, who has read it, and every letter's way as a line of steps."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

from models.domain.message_kinds import kind_label
from models.services.change_views import TimelineEntry
from models.services.matters import EVENT_LABELS, STATE_LABELS, Letter, MatterDetail, Step, last_day
from ui.context import AppContext
from ui.kit import Banner, EmptyState, Item, SidePanel, button, card, clear, frame, label, pill, row, section
from ui.moments import moment
from ui.pages.change_cards import route_card
from ui.pages.letter_book import Entry

MOST_LETTERS = 12
"""Letters whose steps are drawn; a notice to all schools has hundreds, and those that are late come first."""
_PAGE_OF = {
    "problem": ("problems", "matter", "去问题学籍", "alert-octagon"),
    "order": ("orders", "order", "去停用通知单", "user-off"),
}
"""First part of a kind -> page, what it takes the matter as, words, icon."""


class LetterPanel(SidePanel):
    """Shows an entry. `read` carries the id of the notice that was read."""

    read = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__(404)
        self.setMinimumWidth(300)
        self.context = context
        self.entry: Entry | None = None
        self._detail: MatterDetail | None = None
        self._buttons = row(margins=(16, 8, 16, 8))
        self.foot = frame("foot", self._buttons)
        self.set_foot(self.foot)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No entry is chosen."""
        self.entry = None
        self.show_parts(EmptyState(self.tr("选中一个事项，这里显示它经过了哪些单位。"), icon="arrows-exchange"))
        self.foot.hide()

    def show_entry(self, entry: Entry, detail: MatterDetail) -> None:
        """Show an entry with its letters."""
        self.entry, self._detail = entry, detail
        matter, notice = detail.matter, entry.notice
        tone = "bad" if matter.days_late else "wait" if entry.mine else "info" if matter.is_open else "ok"
        due = self.tr(" · 期限 {day}").format(day=last_day(matter.due)) if matter.due else ""
        parts: list[Item] = [
            label(matter.title, "h2", wrap=True),
            label(
                f"{kind_label(matter.kind)} · {matter.from_name} · {moment(matter.started_at)}{due}", "cap", wrap=True
            ),
            Banner(tone, entry.standing),
        ]
        if notice is not None:
            signed = self.tr("{unit} {person}（已签名）").format(unit=notice.from_name, person=notice.signer)
            parts.append(card(label(notice.text, wrap=True, selectable=True), label(signed, "cap", wrap=True)))
            if notice.direction == "out":
                parts.append(self._readers(notice.read_by, notice.unread))
        letters = sorted(detail.letters, key=lambda one: (-one.days_late, not one.holder))
        parts += [self._letter(one) for one in letters[:MOST_LETTERS]]
        if len(letters) > MOST_LETTERS:
            late = sum(one.days_late > 0 for one in letters[MOST_LETTERS:])
            more = self.tr("还有 {n} 件函件，其中 {late} 件逾期。") if late else self.tr("还有 {n} 件函件，没有逾期。")
            parts.append(label(more.format(n=len(letters) - MOST_LETTERS, late=late), "cap"))
        self.show_parts(*parts)
        self._fill_foot(entry)

    def _readers(self, read: Sequence[str], unread: Sequence[str]) -> QFrame:
        items: list[Item] = [section(self.tr("谁已阅"))]
        for tone, icon, words, names in (
            ("wait", "hourglass", self.tr("未阅 {n}"), unread), ("ok", "circle-check", self.tr("已阅 {n}"), read),
        ):  # fmt: skip
            if names:
                items.append(row(pill(words.format(n=len(names)), tone, icon), None))
                items.append(label("、".join(names), wrap=True, selectable=True))
        return card(*items, margins=(12, 8, 12, 10), spacing=5)

    def _letter(self, one: Letter) -> QFrame:
        events = [TimelineEntry(step.at, "", "", _step_words(step), "", done=True) for step in one.steps]
        if one.holder:
            late = self.tr("，逾期 {n} 天").format(n=one.days_late) if one.days_late else ""
            words = self.tr("现在在{unit}{late}").format(unit=one.holder, late=late)
            events.append(TimelineEntry("", "", "", words, "", done=False))
        title = f"{kind_label(one.kind)}：{one.from_name} → {one.to_name}"
        said = f"{STATE_LABELS['refused']}：{one.note}" if one.state == "refused" else ""
        return route_card(events, said, title)

    def _fill_foot(self, entry: Entry) -> None:
        clear(self._buttons)
        self._buttons.addWidget(button(self.tr("打印"), "printer", tip="Ctrl+P", on_click=self.print_))
        self._buttons.addStretch(1)
        notice = entry.notice
        if notice is not None and notice.direction == "in" and entry.mine:
            read = button(self.tr("确认已阅"), "check", "primary", "Ctrl+Enter")
            read.clicked.connect(self.confirm)
            self._buttons.addWidget(read)
        page = _PAGE_OF.get(entry.matter.kind.partition(".")[0])
        if page is not None:
            key, argument, words, icon = page
            go = button(self.tr(words), icon, "primary" if entry.mine else "")
            go.clicked.connect(lambda: self.context.navigate(key, **{argument: entry.id}))
            self._buttons.addWidget(go)
        self.foot.show()

    def print_(self) -> None:
        """The matter on paper."""
        if self.entry is not None and self._detail is not None:
            from ui.pages.papers import letter_html
            from ui.printing import preview

            preview(self, self._detail.matter.title, letter_html(self.entry, self._detail))

    def confirm(self) -> None:
        """Say that the notice in sight was read."""
        entry = self.entry
        if entry is not None and entry.notice is not None and entry.notice.direction == "in" and entry.mine:
            self.read.emit(entry.notice.id)


def _step_words(step: Step) -> str:
    """A step with what the unit said of it."""
    said = f"{step.unit_name}：{EVENT_LABELS.get(step.event, step.event)}"
    if step.event in ("sent", "passed"):  # the note is where it went
        return f"{said}{step.note}"
    return f"{said}，{step.note}" if step.note else said
