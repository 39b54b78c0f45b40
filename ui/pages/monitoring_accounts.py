"""The quality-monitoring accounts: who holds which post, how many places are left, opened, moved, closed (A3-A5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from models.domain.change_kinds import MONITORING_OPEN
from models.domain.codes import code_table
from models.domain.fields import ACCOUNT_FIELD
from models.domain.masking import mask
from models.domain.monitoring import ACT_LABELS, REQUIRED, STATE_LABELS
from models.domain.posts import CLAUSE, TIER_WORDS, Post, post_text, posts_of
from models.domain.times import local_day
from models.domain.units import Line as SchoolLine
from models.services.monitoring import list_accounts
from models.services.monitoring.annex import MonitoringAccount, reveal_phone
from models.services.monitoring.proposals import propose_close, propose_open, propose_post
from ui.context import AppContext
from ui.forms.inputs import Entry, choice, line
from ui.kit import Item, MaskedValue, button, key_value, label, pill
from ui.moments import moment
from ui.pages.entry_form import EntryForm
from ui.pages.register_pane import Line, RegisterPane, fact, field
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

if TYPE_CHECKING:
    from models.store.store import Session

LOOK = {"active": ("ok", "circle-check"), "applied": ("wait", "hourglass"), "closed": ("mute", "user-off")}
_FACTS = (
    ("部门", "department"), ("用户名", "username"), ("办公电话", "office_phone"), ("手机", "phone"), ("邮箱", "email"),
)  # fmt: skip


class AccountsPane(RegisterPane):
    """Accounts of this unit and of those below."""

    NAME = "质量监控账户"
    ICON = "shield-check"
    TABS = tuple(STATE_LABELS.items())
    NEW = "申请开通"

    def __init__(self, context: AppContext) -> None:
        self._may = context.has(*MONITORING_OPEN.initiators) and context.actor.unit.line is SchoolLine.OPEN
        self._posts = posts_of(context.actor.unit.tier)
        super().__init__(context)

    def source(self, session: Session) -> list[MonitoringAccount]:
        """The accounts known here."""
        return list_accounts(session)

    def columns(self, tab: str) -> Sequence[TableColumn]:
        """The same for every tab."""
        return (
            field("name", "姓名", 66, lambda a: Cell(a.values["name"])),
            field("post", "岗位", 144, lambda a: Cell(a.values["post"], tip=a.values["post"])),
            field("unit", "单位", 104, lambda a: Cell(a.unit_name, tip=a.unit_name)),
            field("since", "自", 88, lambda a: Cell(local_day(a.since) if a.since else "")),
            field("state", "状态", 108, lambda a: Cell(a.state_label, *LOOK[a.state])),
            field("username", "用户名", 100, lambda a: Cell(a.values["username"])),
            field("filed", "省校备案", 90, _filed),
        )

    def lines(self, tab: str) -> list[Line]:
        """Accounts in a state."""
        return [Line(one.id, one) for one in self.found if one.state == tab]

    def nothing(self) -> str:
        """What the register is for."""
        if self.found:
            return {"closed": self.tr("没有已停用的质量监控账户。")}.get(
                self.list.tab, self.tr("没有这样的质量监控账户。")
            )
        words = self.tr("还没有质量监控账户。\n{clause}规定，{tier}只对这些岗位开通：{posts}。").format(
            clause=CLAUSE, tier=TIER_WORDS[self.context.actor.unit.tier], posts="、".join(map(post_text, self._posts))
        )
        return words + (self.tr("\n按 Ctrl+N 申请开通，本单位主管领导批准后生效。") if self._may else "")

    def sum_up(self) -> None:
        """The quota of each post, as it is used."""
        own = self.context.actor.unit.id
        held = Counter(one.values["post"] for one in self.found if one.unit_id == own and one.state == "active")
        used = "　".join(_quota(post, held[post.label]) for post in self._posts)
        self.about.setText(self.tr("本单位名额：{used}　依据：{clause}").format(clause=CLAUSE, used=used))
        self.about.show()

    def describe(self, one: MonitoringAccount) -> Sequence[Item]:
        """An account and what may be asked for."""
        facts: list[Item] = [
            label(one.values["name"], "h2"), pill(one.state_label, *LOOK[one.state]),
            fact(self.tr("单位"), one.unit_name), fact(self.tr("岗位"), one.values["post"]),
            *(self._fact(name, key, one) for name, key in _FACTS if one.values[key]),
            fact(self.tr("最近办理"), f"{ACT_LABELS[one.act]} {moment(one.since)}".strip()),
        ]  # fmt: skip
        facts += [fact(self.tr("原因"), one.reason)] if one.reason else []
        if one.filed_at:
            words = self.tr("{who} {at} 已备案，允许修改权限。").format(who=one.filed_by, at=moment(one.filed_at))
            facts.append(label(words, tone="ok", wrap=True))
        if one.state == "applied":
            facts.append(label(self.tr("省校备案之前，权限不得修改。"), tone="warn", wrap=True))
        if self._may and one.state == "active" and one.unit_id == self.context.actor.unit.id:
            facts += [8, button(self.tr("岗位变动"), "replace", on_click=lambda: self.change_post(one))]
            facts += [button(self.tr("停用"), "user-off", "danger", on_click=lambda: self.close_account(one))]
        return facts

    def _fact(self, name: str, key: str, one: MonitoringAccount) -> Item:
        """A value; what lists show masked is revealed on request, which the audit keeps."""
        text, declared = one.values[key], ACCOUNT_FIELD[key]
        if not declared.mask:
            return fact(name, text)

        def reveal(show: Callable[[str], None]) -> None:
            self.context.write(reveal_phone, self.context.actor, one.id, done=show, owner=self)

        return key_value(name, MaskedValue(mask(declared, text), name, None if one.state == "applied" else reveal))

    def open_(self, one: MonitoringAccount) -> None:
        """An own account in use: another post."""
        if self._may and one.state == "active" and one.unit_id == self.context.actor.unit.id:
            self.change_post(one)

    # --- asking -----------------------------------------------------------------------------------------

    def may_begin(self) -> bool:
        """Whether the person may ask for an account here."""
        return self._may and bool(self._posts)

    def _post(self) -> Entry:
        return choice(self.tr("岗位 *"), [(one.label, post_text(one)) for one in self._posts]).without_room()

    def begin(self) -> None:
        """Ask for an account."""
        entries = {
            "name": line(self.tr("姓名 *")).without_room(),
            "sex": choice(self.tr("性别 *"), [("", ""), *list(code_table("sex").items())]).without_room(),
            "post": self._post(),
            "department": line(self.tr("部门")).without_room(),
            "username": line(self.tr("用户名 *")).without_room(),
            "office_phone": line(self.tr("办公电话 *"), "0317-5042876").without_room(),
            "phone": line(self.tr("手机")).without_room(),
            "email": line(self.tr("邮箱 *")).without_room(),
            "reason": line(self.tr("说明（可不填）")).without_room(),
        }
        words = self.tr("须如实填写，一人只能有一个账户。提交后由本单位主管领导核办，批准后生效。")
        form = EntryForm(self.tr("申请开通质量监控账户"), words, entries, self.tr("提交核办"), required=REQUIRED)

        def act(values: dict[str, str]) -> None:
            given = {key: text for key, text in values.items() if key != "reason" and text}
            said = self.tr("已提交，由本单位主管领导核办。")
            self.write(said, propose_open, given, values["reason"])

        self.open_form(form, act)

    def change_post(self, one: MonitoringAccount) -> None:
        """Ask for another post of its holder."""
        entries = {
            "post": self._post(),
            **{
                key: line(name).without_room()
                for name, key in _FACTS if key in ("department", "office_phone", "phone", "email")
            },
            "reason": line(self.tr("变动的原因 *")).without_room(),
        }  # fmt: skip
        for key, entry in entries.items():
            entry.set_text(one.values.get(key, ""))
        words = self.tr("主管领导批准后报省校教务处教学督导与质量监控科，备案后才允许修改权限。")
        title = self.tr("岗位变动：{name}").format(name=one.values["name"])
        form = EntryForm(title, words, entries, self.tr("提交核办"), required=("post", "reason"))

        def act(values: dict[str, str]) -> None:
            given = {key: text for key, text in values.items() if key != "reason" and text}
            said = self.tr("已提交，由本单位主管领导核办，批准后报省校备案。")
            self.write(said, propose_post, one.id, given, values["reason"])

        self.open_form(form, act)

    def close_account(self, one: MonitoringAccount) -> None:
        """Ask for the end of an account."""
        title = self.tr("停用：{name}").format(name=one.values["name"])
        words = self.tr("离岗、退休等原因停用，本单位主管领导批准后生效，列入附件1。")
        entries = {"reason": line(self.tr("停用的原因 *")).without_room()}
        form = EntryForm(title, words, entries, self.tr("提交核办"), required=("reason",), danger=True)
        said = self.tr("已提交，由本单位主管领导核办。")
        self.open_form(form, lambda values: self.write(said, propose_close, one.id, values["reason"]))


def _filed(one: Any) -> Cell:
    return Cell(moment(one.filed_at), tip=f"{one.filed_by}备案，允许修改权限") if one.filed_at else Cell()


def _quota(post: Post, held: int) -> str:
    if post.quota is None:
        return f"{post.label} {held}（不限）"
    return f"{post.label} {held}/{post.quota}" + ("（已满）" if held >= post.quota else "（有空额）")
