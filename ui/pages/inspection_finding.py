"""One finding: what platform and register have beside each other, what is to be done, and where."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QGridLayout, QWidget

from models.domain.fields import ACCOUNTS
from models.domain.inspection import CODE, DETAIL_LABELS, DIMENSION_LABELS, PATROL, FindingState
from models.domain.statuses import RECORD_STATUS
from models.domain.units import Role
from ui.context import AppContext
from ui.kit import EmptyState, Item, SidePanel, button, holder, key_value, label, pill, row, rule, section
from ui.moments import moment

if TYPE_CHECKING:
    from models.services.inspection.views import FindingView
    from models.services.roster import Row
    from models.store.store import Session

EDITORS = (Role.REGISTRAR, Role.ADMINISTRATOR)
LOOK = {
    FindingState.OPEN: ("warn", "alert-triangle"), FindingState.DISMISSED: ("mute", "minus"),
    FindingState.LISTED: ("wait", "hourglass"), FindingState.DONE: ("info", "user-off"),
    FindingState.OBJECTED: ("warn", "alert-circle"), FindingState.PROVED: ("ok", "circle-check"),
}  # fmt: skip
_REMEDIES = {
    "not_real_name": "更正姓名", "username_rule": "申请更名", "legacy": "申请更名", "email_format": "更正邮箱",
    "phone_format": "更正电话", "incomplete": "补填信息",
}  # fmt: skip
_LEVELS = {"error": ("bad", "alert-circle"), "warning": ("warn", "alert-triangle")}
_NONE = "—"
_MORE = ("with", "kept", "until", "expected", "row")


def state_look(one: FindingView) -> tuple[str, str]:
    """Tone and icon of where a finding stands."""
    return ("bad", "alert-circle") if one.overdue else LOOK[FindingState(one.state)]


def read_account(session: Session, account_id: str) -> Row | None:
    """The account as the register has it now, None when it is not there."""
    from models.services import roster

    found = roster.page(session, ACCOUNTS, [account_id]) if account_id else []
    return found[0] if found else None


def sides(one: FindingView, account: Row | None) -> list[tuple[str, str, str]]:
    """Line by line what it is about, what the platform's list said, and what the register says now."""
    said = one.details
    listed = one.code != "missing"
    values = account.values if account is not None else {}
    lines = [
        ("用户名", one.username if listed else "", values.get("username", "")),
        ("姓名", said.get("platform_name", ""), values.get("name", "") or said.get("register_name", "")),
        ("状态", _platform_state(one), RECORD_STATUS[account.status] if account is not None else "名册中没有"),
        ("单位", said.get("institution", ""), one.unit_name if account is not None else ""),
        ("最近登录", said.get("last_access", ""), ""),
    ]  # fmt: skip
    return [line for line in lines if line[1] or line[2]]


def _platform_state(one: FindingView) -> str:
    if one.proof and one.proof != "still":
        return one.proof_label
    said = "没有写明" if "没有写明是否停用" in one.why else "没有停用"
    return {"missing": "清单里没有", "suspended": "已停用"}.get(one.code, said)


class FindingPanel(SidePanel):
    """`show_finding`; the page of accounts is where a finding is put right."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(300)
        self.context = context
        self.finding: FindingView | None = None
        self._kind = ""
        self.clear_up()

    def clear_up(self) -> None:
        """Show nothing."""
        self.finding = None
        self.show_parts(EmptyState(self.tr("选中一项，这里对照平台和名册。"), icon="list-details"))

    def show_finding(self, one: FindingView | None, kind: str) -> None:
        """Read the register's side and show both; None for no finding."""
        self._kind = kind
        if one is None:
            self.clear_up()
            return
        self.finding = one
        self.context.read(
            read_account, one.account_id, done=partial(self._show, one), owner=self, replaces="finding-account"
        )

    def _show(self, one: FindingView, account: Row | None) -> None:
        if one is not self.finding:
            return
        parts: list[Item] = [
            label(one.name or one.username, "h2", wrap=True),
            row(pill(one.label, *_LEVELS[one.level]), None),
            row(pill(one.state_label, *state_look(one)), None),
            label(one.why, wrap=True, selectable=True),
            self._compared(sides(one, account)),
            *(key_value(DETAIL_LABELS[key], one.details[key]) for key in _MORE if one.details.get(key)),
            rule(),
            section(self.tr("应如何办理")),
            label(one.advice, wrap=True),
            label(self.tr("依据：{basis}").format(basis=one.basis), "cap", wrap=True),
            *self._remedies(one, account),
            *self._history(one),
        ]
        self.show_parts(*parts)

    def _compared(self, lines: Sequence[tuple[str, str, str]]) -> QWidget:
        grid = QGridLayout()
        grid.setContentsMargins(0, 4, 0, 4)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        patrol = self._kind == PATROL
        heads = ["", self.tr("名册现在")] if patrol else ["", self.tr("平台清单"), self.tr("名册现在")]
        for place, words in enumerate(heads):
            grid.addWidget(label(words, "cap"), 0, place)
        for line, (what, platform, register) in enumerate(lines, 1):
            differs = not patrol and bool(platform) and bool(register) and platform != register and what != "单位"
            grid.addWidget(label(what, "cap"), line, 0)
            texts = [register] if patrol else [platform, register]
            for place, text in enumerate(texts, 1):
                tone = "bad" if differs else ""
                grid.addWidget(label(text or _NONE, "", tone, wrap=True, selectable=True), line, place)
        for place in range(1, len(heads)):
            grid.setColumnStretch(place, 1)
        return holder(grid)

    def _remedies(self, one: FindingView, account: Row | None) -> list[Item]:
        """Ways to where it is put right: the account, or a new one."""
        own = one.unit_id == self.context.actor.unit.id
        may = own and self.context.has(*EDITORS)
        if account is not None:
            if may and one.code == "unfiled":
                file = button(self.tr("去上报备案"), "arrow-right", on_click=lambda: self.context.navigate("filing"))
                return [row(file, None)]
            words = self.tr("查看账户")
            if may and account.status == "active":
                words = self.tr(_REMEDIES.get(one.code, "查看账户"))
            go = button(words, "arrow-right", on_click=lambda: self._go(subject_id=one.account_id))
            return [row(go, None)]
        if may and one.code == "unknown":
            values = {"name": one.details.get("platform_name", ""), "username": one.username}
            go = button(self.tr("登记为本单位账户"), "user-plus", on_click=lambda: self._go(values=values))
            return [row(go, None)]
        return []

    def _go(self, **arguments: object) -> None:
        self.context.navigate("accounts", **arguments)

    def _history(self, one: FindingView) -> Sequence[Item]:
        parts: list[Item] = []
        if one.handled_at:
            words = f"{one.handled_by} {moment(one.handled_at)}"
            parts.append(key_value(self.tr("处理"), f"{words}：{one.note}" if one.note else words))
        if one.change:
            parts.append(key_value(self.tr("变更申请"), one.change))
        if one.order:
            go = button(one.order, "arrow-right", "link", self.tr("打开停用通知单"))
            go.clicked.connect(lambda: self.context.navigate("orders", order=one.order))
            parts.append(key_value(self.tr("停用通知单"), row_widget(go)))
        if one.proof:
            parts.append(key_value(self.tr("核实"), f"{one.proof_label}，{moment(one.proved_at)}"))
        parts.append(key_value(self.tr("数据质量"), DIMENSION_LABELS[one.dimension]))
        return [rule(), section(self.tr("办理经过")), *parts]


def row_widget(widget: QWidget) -> QWidget:
    """A widget at the left of its room."""
    return holder(row(widget, None))


def is_to_disable(one: FindingView) -> bool:
    """Whether the disable list takes the account of a finding: others are only to be put right."""
    code = CODE[one.code]
    return bool(code.reason) or code.on_platform
