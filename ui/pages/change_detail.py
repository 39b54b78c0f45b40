"""One change beside the list: what it changes, where it stands, and what this person may do with it now."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.domain.change_kinds import (
    ACCOUNT_CREATE,
    ACCOUNT_DISABLE,
    ACCOUNT_ENABLE,
    ACCOUNT_RENAME,
    KEY_FIELD,
)
from models.domain.states import State
from models.services import changes
from models.services.accounts.drafts import account_label
from models.services.changes import ChangeDetail
from ui.context import AppContext
from ui.kit import Banner, EmptyState, Item, SidePanel, button, card, frame, label, row, section, state_pill
from ui.pages.change_cards import checks_card, difference_card, facts_card, is_returned, returned_words, route_card
from ui.pages.evidence_box import OTHER, EvidenceBox, Exhibit
from ui.pages.evidence_view import size_text
from ui.pages.opinion_line import OpinionLine

ACCOUNT_KINDS = tuple(kind.key for kind in (ACCOUNT_CREATE, ACCOUNT_RENAME, ACCOUNT_DISABLE, ACCOUNT_ENABLE))
"""Changes that are started and mended beside the accounts."""
_NAMED = 12


class ChangePanel(SidePanel):
    """Shows a change; its buttons carry out what is allowed, `edit` asks for the form."""

    edit = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(380)
        self.setMinimumWidth(300)
        self.context = context
        self.detail: ChangeDetail | None = None
        self._foot = row(margins=(16, 8, 16, 8))
        self.foot = frame("foot", self._foot)
        self.set_foot(self.foot)
        self.show_detail(None)

    def show_detail(self, detail: ChangeDetail | None) -> None:
        """Show a change, None for none."""
        self.detail = detail
        if detail is None:
            self.show_parts(EmptyState(self.tr("选中一项变更，这里显示详细情况。"), icon="list-details"))
            self.foot.hide()
            return
        change = detail.summary
        parts: list[Item] = [
            row(label(change.kind_label, "h2"), None, state_pill("return" if is_returned(change) else change.state)),
            label(f"{change.number} · {change.subject_label}", "cap", wrap=True),
        ]
        back = returned_words(detail)
        if back:
            parts.insert(1, Banner("warn", back))
        lines = () if detail.diffs else (change.subject_label,)
        parts.append(difference_card(detail.diffs, lines, narrow=True))
        if change.kind == ACCOUNT_CREATE.key:
            parts.append(self._rows_of(change.id))
        facts = [(self.tr("变更原因"), detail.reason)]
        facts += [(self.tr("证明材料"), f"{one.name} · {size_text(one.size)}") for one in detail.evidence]
        if any(value for _, value in facts):
            parts.append(facts_card(self.tr("原因与材料"), facts))
        if change.kind == ACCOUNT_RENAME.key and "attach" in detail.allowed:
            parts.append(self._proofs(change.id))
        if detail.checks:
            parts.append(checks_card(detail.checks))
        parts.append(route_card(detail.timeline, detail.next_step))
        self.show_parts(*parts)
        self._fill_foot(detail)

    def _rows_of(self, change_id: str) -> QWidget:
        """The accounts a creation asks for; the rest is looked at in their list."""
        lines = label("", wrap=True, selectable=True)

        def show(rows: list[dict[str, Any]]) -> None:
            named = [account_label(one["values"]) for one in rows[:_NAMED]]
            more = [self.tr("……共 {n:,} 个").format(n=len(rows))] if len(rows) > _NAMED else []
            lines.setText("\n".join(named + more))

        self.context.read(changes.pupils, change_id, done=show, owner=lines)
        see = button(self.tr("在账户中查看"), "id-badge", "link", on_click=self.go_to_accounts)
        return card(section(self.tr("名单"), see), lines, margins=(12, 8, 12, 10), spacing=4)

    def _proofs(self, change_id: str) -> QWidget:
        """Where a proof is added to the draft of a rename; those it has are listed above."""
        box = EvidenceBox(self.context, kinds=False)

        def add(exhibit: Exhibit) -> None:
            file = exhibit.file
            if file is not None:
                self.context.write(
                    changes.attach, self.context.actor, change_id, file.name, file.data, file.media_type, OTHER,
                    owner=self,
                )  # fmt: skip

        box.added.connect(add)
        return box

    def go_to_accounts(self) -> None:
        """Show the account of the change in sight, or the new ones it asks for."""
        if self.detail is not None:
            new = self.detail.summary.kind == ACCOUNT_CREATE.key
            where = {"status": "pending"} if new else {"subject_id": self.detail.summary.subject_id}
            self.context.navigate("accounts", **where)

    def _fill_foot(self, detail: ChangeDetail) -> None:
        while (item := self._foot.takeAt(0)) is not None:
            old = item.widget()
            if old is not None:
                old.deleteLater()
        may, made = detail.allowed, []
        if "withdraw" in may:
            made.append(button(self.tr("撤回"), "arrow-back-up", on_click=self._ask_withdraw))
        if "revoke" in may:
            made.append(button(self.tr("撤销批准"), "arrow-back-up", "danger", on_click=self._ask_revoke))
        if "update_draft" in may and detail.summary.kind == ACCOUNT_CREATE.key:
            made.append(button(self.tr("去补齐"), "pencil", tip=self.tr("回车"), on_click=self.go_to_accounts))
        if "update_draft" in may and detail.summary.kind == KEY_FIELD.key:
            made.append(button(self.tr("修改"), "pencil", tip=self.tr("回车"), on_click=self.edit.emit))
        if "submit" in may:
            made.append(button(self.tr("提交核办"), "send", "primary", "Ctrl+Enter", on_click=self.submit))
        if {"approve", "return_"} & may:
            go = button(self.tr("去核办"), "rubber-stamp", "primary")
            go.clicked.connect(lambda: self.context.navigate("review", change=detail.summary.id))
            made.append(go)
        self._foot.addStretch(1)
        for one in made:
            self._foot.addWidget(one)
        self.foot.setVisible(bool(made))

    def submit(self) -> None:
        """Hand in the draft in sight."""
        if self.detail is not None and "submit" in self.detail.allowed:
            done = self.tr("已提交，等待主管领导核办。")
            self.context.write(
                changes.submit, self.context.actor, self.detail.summary.id,
                done=lambda _: self.context.toast(done), owner=self,
            )  # fmt: skip

    def _back(self) -> None:
        self.show_detail(self.detail)

    def _ask_withdraw(self) -> None:
        sealed = self.detail is not None and self.detail.summary.state == State.SEALED
        if self.detail is not None and self.detail.summary.kind == ACCOUNT_CREATE.key:
            change_id = self.detail.summary.id
            self.context.read(
                changes.accounts_lost, change_id, done=partial(self._ask_drop, change_id), owner=self, replaces="lost"
            )  # fmt: skip
            return
        words = (
            self.tr("已打包的变更要由上级同意才能撤回，将随下一个包发出撤回申请。")
            if sealed
            else self.tr("撤回后不再办理。")
        )
        self._ask(words, self.tr("确认撤回"), self.tr("撤回原因"), sealed, changes.withdraw)

    def _ask_drop(self, change_id: str, lost: int) -> None:
        """Withdrawing a creation takes its accounts along: how many, and the better way."""
        if self.detail is None or self.detail.summary.id != change_id:
            return
        pending = self.detail.summary.state == State.PENDING
        better = self.tr("请主管领导退回补正") if pending else self.tr("可以直接修改后提交")
        words = self.tr("撤回会删除其中待批准的 {n:,} 个账户。要修改这些账户，{better}。").format(n=lost, better=better)
        done = self.tr("已撤回，待批准的 {n:,} 个账户已删除。").format(n=lost)
        self._ask(words, self.tr("撤回并删除"), self.tr("撤回原因"), False, changes.withdraw, done)

    def _ask_revoke(self) -> None:
        words = self.tr("撤销批准后变更回到草稿，须重新提交。")

        def revoke(session: Any, actor: Any, change_id: str, opinion: str) -> None:
            changes.revoke(session, actor, [change_id], opinion)

        self._ask(words, self.tr("确认撤销批准"), self.tr("撤销原因"), True, revoke)

    def _ask(self, words: str, act: str, caption: str, must: bool, use_case: Any, done: str = "") -> None:
        """An inline confirmation with a line for the reason; `done` is said afterwards."""
        assert self.detail is not None
        change_id = self.detail.summary.id
        line = OpinionLine(caption, caption)
        bar = Banner("warn", words)

        def go() -> None:
            if must and not line.text().strip():
                line.complain(self.tr("请写明原因"))
                return
            self.context.write(
                use_case, self.context.actor, change_id, line.text().strip(),
                done=lambda _: self.context.toast(done or self.tr("已办理：{act}。").format(act=act)), owner=self,
            )  # fmt: skip

        buttons: list[QWidget] = [
            button(self.tr("取消"), on_click=self._back), button(act, kind="danger", on_click=go),
        ]  # fmt: skip
        self.show_parts(bar, line, row(None, *buttons))
        self.foot.hide()
        line.setFocus()
