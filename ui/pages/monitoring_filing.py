"""At the province: changes of post to be filed or refused with an opinion, under the registrar's passphrase (A4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from models.domain.fields import ACCOUNTS
from models.domain.monitoring import APPLICATION_LABELS, CHANGED_BY_POST
from models.domain.posts import FILING_CLAUSE
from models.domain.units import Role
from models.services.checking import field_label
from models.services.monitoring import filing
from models.services.monitoring.filing import Pending
from sync import monitoring
from ui.context import AppContext
from ui.kit import Banner, Item, button, label, pill
from ui.moments import moment
from ui.pages.letters_out import LettersOut
from ui.pages.opinion_line import OpinionLine
from ui.pages.register_pane import Line, RegisterPane, fact, field, foot_bar
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

LOOK = {"received": ("wait", "hourglass"), "filed": ("ok", "circle-check"), "refused": ("bad", "circle-x")}
_OPINIONS = ("材料齐全，同意备案。", "岗位与任职文件不符，请核对后重新申请。", "该岗位名额已满，请先办理原账户的停用。")


class FilingPane(RegisterPane):
    """Applications of the units below, and the own ones."""

    NAME = "岗位变动备案"
    ICON = "inbox"
    TABS = (*APPLICATION_LABELS.items(), ("all", "全部"))

    def __init__(self, context: AppContext) -> None:
        self._may = context.has(Role.REGISTRAR)
        self.opinion = OpinionLine("意见（不予备案时必填；输入 / 选常用语）", "意见", _OPINIONS)
        self.refuse = button("不予备案", "circle-x", "danger", "Ctrl+Shift+Enter", on_click=self.refuse_)
        self.file = button("备案", "writing", "primary", "Ctrl+Enter", on_click=self.submit)
        self.instead = label(kind="dim", wrap=True)
        self._foot = foot_bar((self.instead, 1), (self.opinion, 1), self.refuse, self.file)
        super().__init__(context, self._foot)
        self.letters = LettersOut(context, self.warning, self)

    def source(self, session: Session) -> list[Pending]:
        """The applications, newest first."""
        return filing.applications(session)

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The same for every tab."""
        return (
            field("unit", "申请单位", 110, lambda a: Cell(a.unit_name, tip=a.unit_name)),
            field("label", "岗位变动", 286, lambda a: Cell(a.label, tip=a.label)),
            field("state", "状态", 104, _state),
            field("at", "收到", 96, lambda a: Cell(moment(a.received_at))),
            field("by", "办理", 100, lambda a: Cell(f"{a.decided_by} {moment(a.decided_at)}".strip(), tip=a.opinion)),
        )

    def lines(self, tab: str) -> list[Line]:
        """Applications in a state; one may come again, so the attempt belongs to the id."""
        return [Line(f"{one.change_id}.{one.attempt}", one) for one in self.found if tab in ("all", one.state)]

    def nothing(self) -> str:
        """What is listed here."""
        if self.found:
            return self.tr("没有这样的申请。")
        return self.tr("还没有岗位变动申请。\n{clause}：岗位变动须报省校备案，备案后才允许修改权限。").format(
            clause=FILING_CLAUSE
        )

    def describe(self, one: Pending) -> Sequence[Item]:
        """An application: what changes, who approved it, what stands against it."""
        self._offer(one)
        parts: list[Item] = [
            label(one.after["name"], "h2"), pill(one.state_label, *LOOK[one.state]),
            fact(self.tr("申请单位"), one.unit_name), fact(self.tr("变更编号"), one.change_number),
        ]  # fmt: skip
        for key in CHANGED_BY_POST:
            before, after = one.before[key], one.after[key]
            if before != after:
                parts.append(fact(field_label(key, ACCOUNTS), f"{before or '（空）'} → {after or '（空）'}"))
        parts += [
            fact(self.tr("原因"), one.reason),
            fact(self.tr("批准"), f"{one.approved_by}（{self.tr('主管领导')}）"),
            fact(self.tr("收到"), moment(one.received_at)),
        ]  # fmt: skip
        parts += [Banner("bad", self.tr("不能备案：{why}。").format(why=fault)) for fault in one.faults]
        if one.decided_by:
            said = f"：{one.opinion}" if one.opinion else ""
            parts.append(label(f"{one.decided_by} {moment(one.decided_at)} {one.state_label}{said}", wrap=True))
        return parts

    def _describe(self, line: Line | None) -> None:
        if line is None:
            self._offer(None)
        super()._describe(line)

    def _offer(self, one: Pending | None) -> None:
        waits = one is not None and one.state == "received"
        for part in (self.opinion, self.refuse, self.file):
            part.setVisible(waits and self._may)
        self.file.setEnabled(waits and one is not None and not one.faults)
        self.instead.setText(self.tr("由本校学籍管理员备案。"))
        self.instead.setVisible(waits and not self._may)
        self._foot.setVisible(waits)

    # --- deciding ---------------------------------------------------------------------------------------

    def submit(self) -> None:
        """File the current application."""
        words = self.tr("对“{label}”备案，允许{unit}修改权限。结果随下次送件发给申请单位。")
        self._decide(monitoring.file, self.tr("签名备案"), words, self.tr("已备案，允许修改权限：{label}。"))

    def refuse_(self) -> None:
        """Refuse the current application; an opinion is needed."""
        if self._may and not self.opinion.text().strip():
            self.opinion.complain(self.tr("请写明意见，让申请单位知道原因。"))
            return
        words = self.tr("对“{label}”不予备案，{unit}不得修改权限。结果随下次送件发给申请单位。")
        self._decide(monitoring.refuse, self.tr("签名：不予备案"), words, self.tr("不予备案：{label}。"))

    def _decide(self, act: Callable[..., Any], title: str, words: str, said: str) -> None:
        one, store, opinion = self.current(), self.context.store, self.opinion.text().strip()
        if one is None or one.state != "received" or not self._may or (act is monitoring.file and one.faults):
            return

        def done(_: Any) -> None:
            self.opinion.setText("")
            if one.unit_id == self.context.actor.unit.id:
                self.did(said.format(label=one.label))
                return
            self.letters.said(said.format(label=one.label) + self.tr("结果等待送出。"))
            self.refresh()

        self.context.with_passphrase(
            self, title, words.format(label=one.label, unit=one.unit_name),
            lambda secret: act(store, secret, one.change_id, opinion), done,
        )  # fmt: skip

    def has_draft(self) -> bool:
        """Whether an opinion is being written."""
        return bool(self.opinion.text())

    def run_action(self, key: str) -> bool:
        """Ctrl+Shift+Enter refuses, Ctrl+E writes the answers out."""
        acts = {"refuse": self.refuse_, "export": self.letters.write}
        if key in acts:
            acts[key]()
            return True
        return super().run_action(key)

    def hint(self) -> str:
        """Keys that help."""
        if not (self._may and self._foot.isVisible()):
            return super().hint()
        return self.tr("Ctrl+Enter 备案 · Ctrl+Shift+Enter 不予备案 · Ctrl+E 写出待发函件 · ") + super().hint()


def _state(one: Any) -> Cell:
    if one.faults:
        return Cell("不能备案", "bad", "alert-triangle", tip="；".join(one.faults))
    return Cell(one.state_label, *LOOK[one.state])
