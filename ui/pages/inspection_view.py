"""One inspection or patrol in full: findings by kind and unit, what is done with them, the signature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.domain.inspection import FindingState
from models.services.import_apply import MassChangeError
from models.services.inspection import handling
from models.services.inspection.views import InspectionDetail
from ui.context import AppContext
from ui.kit import Banner, PageHead, button, column, holder, row
from ui.kit.around import Around
from ui.moments import moment
from ui.pages.inspection_acts import ActsBar, DisableBar, listed_words
from ui.pages.inspection_facets import Facets
from ui.pages.inspection_finding import EDITORS, FindingPanel
from ui.pages.inspection_findings import FindingList
from ui.pages.inspection_output import close_inspection, export_findings, make_list, print_record

if TYPE_CHECKING:
    from models.services.inspection.handling import Listed

PANEL_FROM = 820
NOTES = 2
"""How many notes the bar shows: those on logins, which sum up, come last."""


class InspectionView(QWidget):
    """`left`: back to the list; `proving` carries the summary a new export is wanted for."""

    left = Signal()
    proving = Signal(object)
    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.detail: InspectionDetail | None = None
        self._faults: tuple[str, ...] | None = None
        self._build_head()
        self.facets = Facets()
        self.facets.changed.connect(self._draw)
        self.list = FindingList()
        self.list.tab_chosen.connect(lambda _: self._draw())
        self.list.chosen.connect(self._show_current)
        self.list.picked.connect(self._dress)
        self.panel = FindingPanel(context)
        self.acts, self.disable = ActsBar(), DisableBar(context)
        self.acts.dismissed.connect(self.dismiss)
        self.acts.restored.connect(self.restore)
        self.acts.asked.connect(self.ask_disable)
        self.disable.given.connect(self._list)
        middle = row(self.facets, (self.list, 1), self.panel, spacing=0)
        bars = (Around(self.news, (16, 8, 16, 4)), Around(self.note, (16, 8, 16, 4)))
        self.setLayout(column(self.head, *bars, (holder(middle), 1), self.disable, self.acts, spacing=0))

    def _build_head(self) -> None:
        self.prove = button(self.tr("用新导出核实"), "refresh", on_click=self.ask_proof)
        self.export = button(self.tr("导出"), "file-export", tip="Ctrl+E", on_click=self.export_)
        self.paper = button(self.tr("打印"), "printer", tip="Ctrl+P", on_click=self.print_)
        self.close_ = button(self.tr("办结并签名"), "writing", on_click=self.finish)
        back = button(self.tr("返回列表"), "chevron-left", tip="Esc", on_click=self.left.emit)
        self.head = PageHead("", "", [self.prove, self.export, self.paper, self.close_, back])
        self.note, self.news = Banner("info", ""), Banner("ok", "", closable=True)
        self.note.hide()
        self.news.hide()

    @property
    def is_open(self) -> bool:
        """Whether the person may still work on it."""
        return self.detail is not None and self.detail.summary.state == "open" and self.context.has(*EDITORS)

    # --- showing ----------------------------------------------------------------------------------------

    def show_detail(self, detail: InspectionDetail, faults: tuple[str, ...] | None) -> None:
        """Show one; another one from its first tab. `faults`: what is wrong with its signed record, None when it is
        not signed."""
        fresh = self.detail is None or self.detail.summary.id != detail.summary.id
        self.detail, self._faults = detail, faults
        if fresh:
            self.list.forget()
            self.acts.reason.setText("")
            self.news.hide()
            self.disable.hide()
            self.list.first_tab(detail.items)
        self._tell(detail)
        self.facets.show_counts(detail.by_code, detail.by_unit)
        if fresh:
            self.facets.reset()
        self._draw()

    def _tell(self, detail: InspectionDetail) -> None:
        one = detail.summary
        self.head.title.setText(f"{one.kind_label} {one.number}")
        days = self.tr(" · 闲置 {n} 天").format(n=detail.idle_days) if detail.idle_days else ""
        facts = self.tr("{at} {by} · {source} · 核查 {n:,} 个账户，发现 {found:,} 项").format(
            at=moment(one.made_at), by=one.made_by, source=one.source, n=one.checked, found=one.findings
        )
        self.head.set_sub(facts + days + (f" · {one.note}" if one.note else ""))
        tone, words = standing_of(detail, self._faults)
        self.note.say(tone, words)
        self.note.setVisible(bool(words))
        editor = self.context.has(*EDITORS)
        for part, wanted in (
            (self.prove, self.is_open), (self.close_, self.is_open), (self.export, editor), (self.paper, editor),
        ):  # fmt: skip
            part.setVisible(wanted)
        self.prove.setEnabled(any(item.state in ("open", "listed") for item in detail.items))

    def say(self, words: str) -> None:
        """Tell what was done."""
        self.news.say("ok", words)

    def _draw(self) -> None:
        if self.detail is None:
            return
        self.list.show_findings([one for one in self.detail.items if self.facets.wants(one.code, one.unit_id)])
        self._dress()

    def _show_current(self, line: Any) -> None:
        """Show the current finding; between two lists of them the one before stays in sight."""
        if self.detail is not None and (line is not None or not self.list.model.rows):
            self.panel.show_finding(line.item if line is not None else None, self.detail.summary.kind)

    def _dress(self) -> None:
        if self.detail is None:
            return
        words = ""
        if not self.is_open:
            signed = self.tr("已办结并签名，不能再改动。")
            words = signed if self.detail.summary.signed else self.tr("由学籍管理员或系统管理员处理。")
        self.acts.show_chosen(self.list.picked_findings(), words)

    # --- acting -----------------------------------------------------------------------------------------

    def dismiss(self, reason: str) -> None:
        """Leave the chosen findings as they are."""
        places = [one.position for one in self.list.picked_findings(FindingState.OPEN)]

        def done(_: object) -> None:
            self.acts.reason.setText("")
            self.list.forget()
            words = self.tr("已记为不予处理：{n} 项。").format(n=len(places))
            self.context.toast(words, partial(self._again, handling.restore, places, ""))

        self._write(handling.dismiss, places, reason, done=done)

    def restore(self) -> None:
        """Take up the chosen findings again."""
        items = self.list.picked_findings(FindingState.DISMISSED)
        notes = {one.note for one in items}
        places = [one.position for one in items]

        def done(_: object) -> None:
            self.list.forget()
            words = self.tr("已恢复为待处理：{n} 项。").format(n=len(places))
            back = partial(self._again, handling.dismiss, places, *notes) if len(notes) == 1 else None
            self.context.toast(words, back)

        self._write(handling.restore, places, done=done)

    def _again(self, act: Callable[..., Any], places: Sequence[int], note: str) -> None:
        self._write(act, places, note)

    def _write(
        self, act: Callable[..., Any], places: Sequence[int], *more: str, done: Callable[[Any], object] | None = None
    ) -> None:
        if self.detail is None or not places:
            return
        self.context.write(
            act, self.context.actor, self.detail.summary.id, list(places), *more,
            done=lambda result: self._done(result, done), owner=self, title=self.tr("处理核查结果"),
        )  # fmt: skip

    def _done(self, result: Any, done: Callable[[Any], object] | None) -> None:
        if done is not None:
            done(result)
        self.changed.emit()

    def ask_disable(self) -> None:
        """Say what the disable list of the chosen findings will be."""
        items = self.list.picked_findings(FindingState.OPEN)
        if self.is_open and items:
            self.disable.ask(items)

    def _list(self, due: str, confirmed: bool = False) -> None:
        """Make it, after a question when it is very many accounts."""
        if self.detail is None:
            return

        def done(made: Listed | MassChangeError) -> None:
            if isinstance(made, MassChangeError):
                self.context.prompt.confirm(
                    self, self.tr("停用很多账户"), str(made), lambda: self._list(due, True), danger=True
                )
            else:
                self._done(made, self._listed)

        summary, places = self.detail.summary, self.disable.positions
        make_list(self, self.context, summary, (places, self.disable.orders, due, confirmed), done)

    def _listed(self, made: Listed) -> None:
        self.list.forget()
        words, back = listed_words(made), None
        if made.changes and not (made.orders or made.platform or made.under_way):
            from ui.pages.account_requests import take_back

            back = partial(take_back, self.context, self.window(), made.changes)
        if back is not None:
            self.context.toast(words, back)
        go = ("orders", self.tr("写出停用通知单")) if made.orders else ("changes", self.tr("查看申请"))
        link = button(go[1], "arrow-right", "link", on_click=lambda: self.context.navigate(go[0]))
        self.news.say("ok", words, [link] if made.orders or made.changes else [])

    def ask_proof(self) -> None:
        """Take a new export as the proof."""
        if self.is_open and self.detail is not None:
            self.proving.emit(self.detail.summary)

    def finish(self) -> None:
        """Sign the record and close."""
        if self.is_open and self.detail is not None:
            close_inspection(self, self.context, self.detail.summary, self._closed)

    def _closed(self) -> None:
        self.news.hide()
        self.disable.hide()
        self.changed.emit()

    def export_(self) -> None:
        """Everything as a spreadsheet."""
        if self.detail is not None and self.context.has(*EDITORS):
            export_findings(self, self.context, self.detail.summary)

    def print_(self) -> None:
        """The record on paper."""
        if self.detail is not None and self.context.has(*EDITORS):
            print_record(self, self.context, self.detail.summary)

    def submit(self) -> None:
        """Ctrl+Enter: the bar that is open, else the disable list."""
        (self.disable.submit if self.disable.isVisible() else self.ask_disable)()

    def escape(self) -> None:
        """Close the bar, else leave."""
        if self.disable.isVisible():
            self.disable.hide()
            self.list.table.setFocus()
        else:
            self.left.emit()

    def has_draft(self) -> bool:
        """Whether a reason is being written."""
        return bool(self.acts.reason.text())

    def resizeEvent(self, event: Any) -> None:  # noqa: N802
        """Without the panel in a narrow window."""
        super().resizeEvent(event)
        self.panel.setVisible(self.width() >= PANEL_FROM)


def standing_of(detail: InspectionDetail, faults: tuple[str, ...] | None) -> tuple[str, str]:
    """Tone and words of the bar: the signature when it is closed, else what is late and what was not looked at."""
    one = detail.summary
    if faults:
        return "bad", "".join(faults)
    if faults is not None:
        return "ok", "已办结并签名。签名有效，记录与签名时一致。"
    parts = [f"{one.overdue} 项逾期没有停用，请督促或在平台上停用后再核实。"] if one.overdue else []
    if detail.left_out:
        parts.append(f"没有核查的行：{detail.left_words}。")
    parts += detail.notes[-NOTES:]
    if detail.absent:
        named = "、".join(detail.absent[:6]) + (f"等 {len(detail.absent)} 个单位" if len(detail.absent) > 6 else "")
        parts.append(f"清单里没有这些单位的账户，没有核查：{named}。")
    return ("bad" if one.overdue else "info"), "".join(parts)
