"""密码借用登记: asked for, consented to before, returned, the password changed; late ones are marked (E36)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.domain import lending as domain
from models.domain.units import Role
from models.services import lending
from models.services.lending import Loan
from ui.context import AppContext
from ui.forms.inputs import choice, line
from ui.kit import Item, button, label, pill
from ui.moments import moment
from ui.pages.entry_form import EntryForm
from ui.pages.register_pane import Line, RegisterPane, fact, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

LOOK = {
    domain.ASKED: ("wait", "hourglass"), domain.CONSENTED: ("info", "key"), domain.RETURNED: ("warn", "alert-triangle"),
    domain.CHANGED: ("ok", "circle-check"), domain.REFUSED: ("mute", "circle-x"),
}  # fmt: skip
ENDED = (domain.CHANGED, domain.REFUSED)


class LendingPane(RegisterPane):
    """The loans."""

    NAME = "密码借用登记"
    ICON = "key"
    TABS = (("open", "未办结"), ("late", "逾期"), ("ended", "已办结"))
    NEW = "申请借用"

    def __init__(self, context: AppContext) -> None:
        self._consents = context.has(Role.ADMINISTRATOR)
        super().__init__(context)

    def source(self, session: Session) -> list[Loan]:
        """The loans, newest first."""
        return lending.list_loans(session)

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The same for every tab."""
        return (
            field("account", "账户", 120, lambda x: Cell(x.label, tip=f"{x.kind_label} {x.label}")),
            field("holder", "持有人", 66, lambda x: Cell(x.holder)),
            field("borrower", "借用人", 66, lambda x: Cell(x.borrower)),
            field("days", "借用期", 168, lambda x: Cell(f"{x.first_day} 至 {x.last_day}")),
            field("state", "状态", 152, _state),
            field("purpose", "用途", 120, lambda x: Cell(x.purpose, tip=x.purpose)),
        )

    def lines(self, tab: str) -> list[Line]:
        """Loans under way, late ones, or settled ones."""
        if tab == "late":
            return [Line(one.id, one) for one in self.found if one.overdue]
        return [Line(one.id, one) for one in self.found if (one.state in ENDED) == (tab == "ended")]

    def nothing(self) -> str:
        """What the register is for."""
        if self.list.tab == "late":
            return self.tr("没有逾期的借用。")
        words = self.tr(
            "还没有密码借用。\n密码原则上不外借；确需借用的，事先经本级系统管理员同意，归还后立即修改密码。\n"
            "学员、学生的账户不得出借。"
        )
        return self.tr("没有这样的借用登记。") if self.found else words

    def sum_up(self) -> None:
        """What is late, in one line."""
        late = [one.overdue for one in self.found if one.overdue]
        more = self.tr("（共 {n} 次逾期）").format(n=len(late)) if len(late) > 1 else ""
        self.warning.say("bad", f"{late[0]}。{more}" if late else "")
        self.warning.setVisible(bool(late))

    def describe(self, one: Loan) -> Sequence[Item]:
        """A loan, its steps, and the next one."""
        parts: list[Item] = [label(one.label, "h2", wrap=True), pill(one.state_label, *LOOK[one.state])]
        parts += [label(f"{one.overdue}。", tone="bad", wrap=True)] if one.overdue else []
        facts = (
            ("编号", one.number), ("种类", one.kind_label), ("持有人", one.holder), ("借用人", one.borrower),
            ("用途", one.purpose), ("借用期", f"{one.first_day} 至 {one.last_day}"),
            ("申请", f"{one.asked_by} {moment(one.asked_at)}"),
            ("办理", f"{one.decided_by} {moment(one.decided_at)}"), ("意见", one.opinion),
            ("归还", moment(one.returned_at)), ("改密码", f"{one.changed_by} {moment(one.changed_at)}"),
        )  # fmt: skip
        parts += [fact(name, text) for name, text in facts if text.strip()]
        return [*parts, 8, *self._acts(one)]

    def _acts(self, one: Loan) -> list[Item]:
        if one.state == domain.ASKED:
            if not self._consents:
                return [label(self.tr("由本单位系统管理员事先同意，同意前不得借出。"), "dim", wrap=True)]
            if one.asker_id == self.context.actor.person_id:
                return [label(self.tr("由您本人申请，须由另一位系统管理员同意。"), "dim", wrap=True)]
            return [
                button(self.tr("同意借出"), "check", on_click=lambda: self.consent(one)),
                button(self.tr("不同意"), "circle-x", "danger", on_click=lambda: self.refuse(one)),
            ]
        if one.state == domain.CONSENTED:
            return [button(self.tr("登记归还"), "arrow-back-up", on_click=lambda: self.give_back(one))]
        if one.state == domain.RETURNED:
            return [button(self.tr("登记已改密码"), "key", on_click=lambda: self.changed(one))]
        return []

    def open_(self, one: Loan) -> None:
        """The next step of a loan."""
        consents = self._consents and one.asker_id != self.context.actor.person_id
        if one.state == domain.ASKED and consents:
            self.consent(one)
        elif one.state == domain.RETURNED:
            self.changed(one)

    # --- steps ------------------------------------------------------------------------------------------

    def may_begin(self) -> bool:
        """Everybody may ask."""
        return True

    def begin(self) -> None:
        """Ask for a password."""
        kinds = [(key, words) for key, words in domain.KIND_LABELS.items() if key != domain.STUDENT]
        entries = {
            "kind": choice(self.tr("账户种类"), kinds).without_room(),
            "account": line(self.tr("用户名或系统账户名称 *")).without_room(),
            "holder": line(self.tr("持有人（教师账户可不填）")).without_room(),
            "borrower": line(self.tr("借用人 *")).without_room(),
            "purpose": line(self.tr("用途 *")).without_room(),
            "from": line(self.tr("从哪一天起（留空为今天）"), "2026-09-01").without_room(),
            "until": line(self.tr("到哪一天 *"), "2026-09-03").without_room(),
        }
        words = self.tr("一次最多 {n} 天，系统管理员同意后方可借出。学员、学生的账户不得出借。")
        form = EntryForm(
            self.tr("申请借用密码"), words.format(n=domain.LONGEST_DAYS), entries, self.tr("申请"),
            required=("account", "borrower", "purpose", "until"),
        )  # fmt: skip

        def act(values: dict[str, str]) -> None:
            kind, account = values.pop("kind"), values.pop("account")
            self.write(self.tr("已登记，系统管理员同意后方可借出。"), lending.ask, kind, account, values)

        self.open_form(form, act)

    def consent(self, one: Loan) -> None:
        """The administrator consents."""
        words = self.tr("{borrower}借用 {label}，{first} 至 {last}：{purpose}").format(
            borrower=one.borrower, label=one.label, first=one.first_day, last=one.last_day, purpose=one.purpose
        )
        entries = {"opinion": line(self.tr("意见（可不填）")).without_room()}
        form = EntryForm(self.tr("同意借出"), words, entries, self.tr("同意"))
        said = self.tr("已同意，可以借出；归还后须修改密码。")
        self.open_form(form, lambda values: self.write(said, lending.consent, one.id, values["opinion"]))

    def refuse(self, one: Loan) -> None:
        """The administrator does not consent."""
        entries = {"opinion": line(self.tr("意见 *")).without_room()}
        words = self.tr("写明意见，让申请人知道原因。")
        form = EntryForm(
            self.tr("不同意借用"), words, entries, self.tr("不同意"), required=("opinion",), danger=True
        )  # fmt: skip
        self.open_form(
            form, lambda values: self.write(self.tr("不同意，已登记。"), lending.refuse, one.id, values["opinion"])
        )

    def give_back(self, one: Loan) -> None:
        """The password is given back."""
        self.write(self.tr("已归还。请持有人{name}立即修改密码。").format(name=one.holder), lending.return_, one.id)

    def changed(self, one: Loan) -> None:
        """The password was changed, which ends the loan."""
        by = line(self.tr("由谁修改 *")).without_room()
        by.set_text(one.holder)
        words = self.tr("{label} 的密码已由持有人修改，不能由借用人{name}修改。").format(
            label=one.label, name=one.borrower
        )
        form = EntryForm(self.tr("登记已改密码"), words, {"by": by}, self.tr("登记"), required=("by",))
        said = self.tr("密码已修改，办结。")
        self.open_form(form, lambda values: self.write(said, lending.changed, one.id, values["by"]))


def _state(one: Loan) -> Cell:
    if one.overdue:
        late = "逾期未归还" if one.state == domain.CONSENTED else "逾期未改密码"
        return Cell(late, "bad", "alert-circle", tip=one.overdue)
    tone, icon = LOOK[one.state]
    return Cell(one.state_label, tone, icon)
