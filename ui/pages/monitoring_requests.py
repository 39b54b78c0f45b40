"""What the unit has asked for its monitoring accounts, and how far each is; filed means 允许修改权限 (A4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.domain.change_kinds import MONITORING_CLOSE, MONITORING_OPEN, MONITORING_POST
from models.domain.fields import ACCOUNT_FIELD
from models.domain.masking import mask
from models.domain.states import State
from models.domain.units import Role, Tier
from models.services.change_views import ChangeDetail, ChangeQuery, ChangeSummary, FieldDiff, get_change, list_changes
from ui.context import AppContext
from ui.kit import Item, button, column, label, pill
from ui.moments import moment
from ui.pages.register_pane import Line, RegisterPane, fact, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

KINDS = (MONITORING_OPEN.key, MONITORING_POST.key, MONITORING_CLOSE.key)
OPEN = frozenset({State.DRAFT, State.PENDING, State.APPROVED, State.SEALED})
_DONE = {MONITORING_OPEN.key: "已开通", MONITORING_CLOSE.key: "已停用", MONITORING_POST.key: "已备案，允许修改权限"}
_REFUSED = {MONITORING_POST.key: "未予备案，权限不得修改"}


def standing(one: ChangeSummary, tier: Tier) -> tuple[str, str, str]:
    """How far a request is: words, tone, icon."""
    if one.state == State.EFFECTIVE:
        return _DONE[one.kind], "ok", "circle-check"
    if one.state == State.REFUSED:
        return _REFUSED.get(one.kind, "不予通过"), "bad", "circle-x"
    if one.state == State.APPROVED:
        own = tier is Tier.PROVINCE
        return ("已批准，待本校备案" if own else "已批准，待送出"), "wait", "send"
    words = {
        State.DRAFT: ("草稿，尚未提交", "mute", "pencil"), State.PENDING: ("待主管领导核办", "wait", "hourglass"),
        State.SEALED: ("已报省校，待备案", "wait", "hourglass"),
    }  # fmt: skip
    return words.get(State(one.state), (one.state_label, "mute", "arrow-back-up"))


class RequestsPane(RegisterPane):
    """The own requests."""

    NAME = "质量监控账户的申请"
    ICON = "git-pull-request"
    TABS = (("open", "办理中"), ("done", "已办结"))

    def __init__(self, context: AppContext) -> None:
        self._detail: ChangeDetail | None = None
        super().__init__(context)

    def source(self, session: Session) -> list[ChangeSummary]:
        """The requests, the last touched first."""
        return list_changes(session, ChangeQuery(kinds=KINDS))

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The same for both tabs."""
        tier = self.context.actor.unit.tier
        return (
            field("number", "编号", 112, lambda c: Cell(c.number)),
            field("who", "申请", 190, lambda c: Cell(c.subject_label, tip=c.subject_label)),
            field("kind", "事项", 86, lambda c: Cell(c.kind_label.replace("质量监控账户", ""))),
            field("standing", "办到哪一步", 190, lambda c: Cell(*standing(c, tier))),
            field("at", "更新", 100, lambda c: Cell(moment(c.updated_at))),
        )

    def lines(self, tab: str) -> list[Line]:
        """Requests under way, or settled."""
        return [Line(one.id, one) for one in self.found if (one.state in OPEN) == (tab == "open")]

    def nothing(self) -> str:
        """What is listed here."""
        if self.found:
            return self.tr("这里没有申请。")
        return self.tr("还没有申请过质量监控账户的开通、岗位变动或停用。申请办到哪一步、何时允许修改权限，都列在这里。")

    def describe(self, one: ChangeSummary) -> Sequence[Item]:
        """A request; its steps follow once they are read."""
        words, tone, icon = standing(one, self.context.actor.unit.tier)
        self._steps = column(spacing=6)
        self._next = label("", "dim", wrap=True)
        self.context.read(
            get_change, one.id, self.context.actor, done=self._show_steps, owner=self, replaces="monitoring-request"
        )
        parts: list[Item] = [
            label(one.subject_label, "h2", wrap=True), pill(words, tone, icon), self._next,
            fact(self.tr("事项"), one.kind_label), fact(self.tr("发起人"), one.initiator_name),
            self._steps, 8,
        ]  # fmt: skip
        if one.state == State.PENDING and self.context.has(Role.HEAD):
            parts.append(button(self.tr("去核办"), "rubber-stamp", on_click=lambda: self.open_(one)))
        elif self.context.has(Role.REGISTRAR, Role.HEAD):
            parts.append(button(self.tr("在账户变更中打开"), "arrow-right", "link", on_click=lambda: self._go(one)))
        return parts

    def _show_steps(self, detail: ChangeDetail) -> None:
        current = self.current()
        if current is None or current.id != detail.summary.id:
            return
        self._next.setText(detail.next_step)
        for diff in detail.diffs:
            self._steps.addLayout(fact(diff.label, _moved(diff)))
        if detail.reason:
            self._steps.addLayout(fact(self.tr("原因"), detail.reason))
        for step in detail.timeline:
            if step.done:
                said = f"：{step.opinion}" if step.opinion else ""
                text = f"{moment(step.at)} {step.person} {step.text}{said}"
                self._steps.addWidget(label(text, "cap", wrap=True))

    def open_(self, one: ChangeSummary) -> None:
        """The head goes to decide, everybody else to the change."""
        if one.state == State.PENDING and self.context.has(Role.HEAD):
            self.context.navigate("review", change=one.id)
        elif self.context.has(Role.REGISTRAR, Role.HEAD):
            self._go(one)

    def _go(self, one: ChangeSummary) -> None:
        self.context.navigate("changes", change=one.id)


def _moved(diff: FieldDiff) -> str:
    declared = ACCOUNT_FIELD[diff.field]
    before, after = (mask(declared, text) if declared.mask else text for text in (diff.before_text, diff.after_text))
    return f"{before} → {after}" if before else after
