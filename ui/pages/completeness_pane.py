"""信息完整度: how many of the truthful values are there and right, by unit and field, and the worst accounts (A16)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QProgressBar

from models.services.completeness import FieldFigure, Gap, UnitCompleteness, completeness
from ui.kit import Item, button, column, holder, label, pill, row
from ui.pages.register_pane import Line, RegisterPane, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

WORST = 50
GOOD, FAIR = 99.0, 90.0
"""Per cent from which a figure is told as good, and as fair."""


class CompletenessPane(RegisterPane):
    """Units with their figure, and the accounts to be mended."""

    NAME = "账户信息完整度"
    ICON = "list-check"
    TABS = (("units", "各单位"), ("accounts", "须改的账户"))

    def source(self, session: Session) -> list[UnitCompleteness]:
        """The figures of this unit, then of those below, the lowest first."""
        own, *below = completeness(session, WORST)
        return [own, *sorted(below, key=lambda one: one.percent or 0.0)]

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """Units, or accounts."""
        if tab == "accounts":
            return (
                field("name", "姓名", 80, lambda g: Cell(g.name)),
                field("username", "用户名", 120, lambda g: Cell(g.username)),
                field("of", "单位", 120, lambda g: Cell(g.unit_name, tip=g.unit_name)),
                field("n", "处数", 50, lambda g: Cell(str(len(g.faults)), right=True)),
                field("faults", "缺什么、错在哪里", 320, lambda g: Cell("；".join(g.faults), tip="\n".join(g.faults))),
            )
        return (
            field("unit", "单位", 170, lambda u: Cell(u.unit_name, tip=u.unit_name)),
            field("percent", "完整率", 104, _percent),
            field("accounts", "账户", 62, lambda u: Cell(f"{u.accounts:,}", right=True)),
            field("complete", "全部无误", 76, lambda u: Cell(f"{u.complete:,}", right=True)),
            field("open", "须改", 62, lambda u: Cell(f"{u.accounts - u.complete:,}", right=True)),
            field("worst", "缺得最多的", 220, _worst),
        )

    def lines(self, tab: str) -> list[Line]:
        """Units, or the accounts to be mended, the worst first."""
        if tab == "units":
            return [Line(one.unit_id, one) for one in self.found]
        gaps = [gap for one in self.found for gap in one.worst]
        return [Line(one.account_id, one) for one in sorted(gaps, key=lambda gap: -len(gap.faults))]

    def nothing(self) -> str:
        """What the figure is for."""
        return self.tr("没有须改的账户。六项须如实填写的内容都已填写，格式正确。")

    def sum_up(self) -> None:
        """What is counted."""
        self.about.setText(
            self.tr(
                "姓名、性别、邮箱、办公电话、聘任方式、是否在编须真实、完整。只算在用的账户，"
                "每个单位列出缺得最多的 {n} 个。"
            ).format(n=WORST)
        )  # fmt: skip
        self.about.show()

    def describe(self, one: UnitCompleteness | Gap) -> Sequence[Item]:
        """A unit by field, or an account with its faults."""
        if isinstance(one, Gap):
            return [
                label(one.name, "h2"), label(f"{one.username}　{one.unit_name}", "cap", wrap=True),
                *(label(f"· {fault}", wrap=True) for fault in one.faults), 8,
                button(self.tr("打开账户"), "arrow-right", on_click=lambda: self.open_(one)),
            ]  # fmt: skip
        title = label(one.unit_name, "h2", wrap=True)
        if one.percent is None:
            return [title, label(self.tr("没有在用的账户。"), "dim")]
        parts: list[Item] = [
            title, pill(f"{one.percent:g}%", *_tone(one.percent)),
            label(self.tr("应填 {asked:,} 项，无误 {good:,} 项").format(asked=one.asked, good=one.good), "cap"),
        ]  # fmt: skip
        parts += [self._field(figure, one.accounts) for figure in one.fields]
        if one.worst:
            show = lambda: self.list.show_tab("accounts")  # noqa: E731
            parts += [8, button(self.tr("看须改的账户"), "list-details", on_click=show)]
        return parts

    def _field(self, figure: FieldFigure, accounts: int) -> Item:
        bar = QProgressBar()
        bar.setRange(0, max(accounts, 1))
        bar.setValue(figure.good)
        bar.setTextVisible(False)
        bar.setFixedHeight(6)
        gaps = [f"未填 {figure.empty:,}"] if figure.empty else []
        gaps += [f"有误 {figure.wrong:,}"] if figure.wrong else []
        words = "，".join(gaps) or self.tr("无误")
        bar.setAccessibleName(f"{figure.label}：{words}")
        return holder(column(row(label(figure.label), None, label(words, "cap")), bar, spacing=3))

    def open_(self, one: UnitCompleteness | Gap) -> None:
        """An account is opened where it is mended; a unit shows its accounts."""
        if isinstance(one, Gap):
            self.context.navigate("accounts", subject_id=one.account_id)
        elif one.worst:
            self.list.show_tab("accounts")


def _tone(percent: float) -> tuple[str, str]:
    if percent >= GOOD:
        return "ok", "circle-check"
    return ("warn", "alert-triangle") if percent >= FAIR else ("bad", "alert-circle")


def _percent(one: UnitCompleteness) -> Cell:
    if one.percent is None:
        return Cell("没有账户")
    tone, icon = _tone(one.percent)
    return Cell(f"{one.percent:g}%", tone, icon)


def _worst(one: Any) -> Cell:
    gaps = sorted((f for f in one.fields if f.empty + f.wrong), key=lambda f: -(f.empty + f.wrong))[:3]
    return Cell("、".join(f"{f.label} {f.empty + f.wrong:,}" for f in gaps))
