"""安全事件: found, what was done, reported to whom, settled with its outcome (D7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.services import incidents
from models.services.duties.register import NAMERS
from models.services.incidents import Incident
from ui.forms.inputs import line
from ui.kit import Item, button, label, pill
from ui.pages.entry_form import EntryForm
from ui.pages.register_pane import Line, RegisterPane, fact, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

LOOK = {"open": ("wait", "hourglass"), "closed": ("ok", "circle-check")}


class IncidentsPane(RegisterPane):
    """The incidents."""

    NAME = "安全事件登记"
    ICON = "alert-octagon"
    TABS = (("open", "处理中"), ("closed", "已办结"))
    NEW = "登记事件"

    def source(self, session: Session) -> list[Incident]:
        """The incidents, newest first."""
        return incidents.list_incidents(session)

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The same for both tabs."""
        return (
            field("number", "编号", 50, lambda i: Cell(str(i.number), right=True)),
            field("found", "发现", 88, lambda i: Cell(i.found_on)),
            field("state", "状态", 92, lambda i: Cell(i.state_label, *LOOK[i.state])),
            field("reported", "报告", 130, _reported),
            field("what", "事件经过", 200, lambda i: Cell(i.what, tip=i.what)),
            field("affected", "影响范围", 130, lambda i: Cell(i.affected, tip=i.affected)),
        )

    def lines(self, tab: str) -> list[Line]:
        """Incidents in a state."""
        return [Line(str(one.number), one) for one in self.found if one.state == tab]

    def nothing(self) -> str:
        """What the register is for."""
        if self.found:
            return self.tr("这里没有安全事件。")
        return self.tr(
            "没有登记过安全事件。\n账户被盗用、数据泄露、设备遗失等发现后在这里登记：采取了什么措施、向谁报告、怎样处理。"
        )

    def describe(self, one: Incident) -> Sequence[Item]:
        """An incident in full."""
        facts = (
            ("发现", one.found_on), ("经过", one.what), ("影响范围", one.affected), ("措施", one.measures),
            ("报告", f"{one.reported_to} {one.reported_on}".strip() or self.tr("尚未报告")), ("处理结果", one.outcome),
            ("登记人", one.recorded_by), ("办结人", one.closed_by),
        )  # fmt: skip
        parts: list[Item] = [
            label(self.tr("第 {n} 号").format(n=one.number), "h2"), pill(one.state_label, *LOOK[one.state]),
            *(fact(name, text) for name, text in facts if text),
        ]  # fmt: skip
        if one.state == "open" and self.may_begin():
            parts += [8, button(self.tr("办结"), "check", on_click=lambda: self.settle(one))]
        return parts

    def open_(self, one: Incident) -> None:
        """One that is open is settled."""
        if one.state == "open" and self.may_begin():
            self.settle(one)

    def may_begin(self) -> bool:
        """Whether the person keeps the register."""
        return self.context.has(*NAMERS)

    def begin(self) -> None:
        """Enter an incident."""
        entries = {
            "what": line(self.tr("事件经过 *")).without_room(),
            "affected": line(self.tr("影响范围 *")).without_room(),
            "measures": line(self.tr("已采取的措施 *")).without_room(),
            "found_on": line(self.tr("发现日期（留空为今天）"), "2026-09-01").without_room(),
            "reported_to": line(self.tr("已向谁报告")).without_room(),
            "reported_on": line(self.tr("报告日期"), "2026-09-01").without_room(),
        }
        words = self.tr("只写经过，不写密码和证件号码。")
        form = EntryForm(
            self.tr("登记安全事件"), words, entries, self.tr("登记"), required=("what", "affected", "measures")
        )  # fmt: skip
        self.open_form(form, lambda values: self.write(self.tr("已登记。"), incidents.add, values))

    def settle(self, one: Incident) -> None:
        """End an incident."""
        entries = {
            "outcome": line(self.tr("处理结果和责任追究 *")).without_room(),
            "to": line(self.tr("已向谁报告 *")).without_room(),
            "on": line(self.tr("报告日期（留空为今天）"), "2026-09-01").without_room(),
        }
        entries["to"].set_text(one.reported_to)
        entries["on"].set_text(one.reported_on)
        words = self.tr("办结前须已向本单位负责人、上级主管部门或公安机关报告。")
        title = self.tr("办结第 {n} 号安全事件").format(n=one.number)
        form = EntryForm(title, words, entries, self.tr("办结"), required=("outcome", "to"))
        said = self.tr("第 {n} 号安全事件已办结。").format(n=one.number)
        self.open_form(
            form,
            lambda values: self.write(said, incidents.close, one.number, values["outcome"], values["to"], values["on"]),
        )


def _reported(one: Incident) -> Cell:
    if not one.reported_to:
        return Cell("尚未报告", "warn", "alert-triangle")
    return Cell(f"{one.reported_to} {one.reported_on}", tip=one.reported_to)
