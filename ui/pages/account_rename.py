"""Another name or user name for an account: readings of the name as buttons, a proof for an own spelling (A17)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from models.domain.errors import UserError
from ui.context import AppContext
from ui.forms.inputs import line
from ui.kit import Banner, column, label
from ui.pages.account_form import PAUSE, Candidates
from ui.pages.account_requests import take_back
from ui.pages.evidence_box import OTHER, EvidenceBox

if TYPE_CHECKING:
    from models.rules.naming import Proposal
    from models.services.evidence import EvidenceFile
    from models.services.roster import Row
    from models.store.store import Session


def ask_rename(
    session: Session, actor: Any, account_id: str, values: Mapping[str, str], words: str, files: Sequence[EvidenceFile]
) -> tuple[str, str, list[str]]:
    """A rename with its proofs: id, number, and why it is still a draft (none when it was submitted)."""
    from models.services import changes
    from models.services.accounts.status import propose_rename

    change_id = propose_rename(session, actor, account_id, values, words)
    for file in files:
        changes.attach(session, actor, change_id, file.name, file.data, file.media_type, OTHER)
    detail = changes.get(session, change_id)
    faults = [check.text for check in detail.checks if check.level == "fault"]
    if not faults:
        changes.submit(session, actor, change_id)
    return change_id, detail.summary.number, faults


class RenameForm(QWidget):
    """`saved` when it was asked for, `cancelled` when nothing differs."""

    saved = Signal(str)
    cancelled = Signal()

    def __init__(self, context: AppContext, account: Row) -> None:
        super().__init__()
        self.context, self.account = context, account
        self.notice = Banner("bad", "")
        self.notice.hide()
        self.name = line(self.tr("姓名"))
        self.username = line(self.tr("用户名"))
        self.name.set_text(account.values["name"])
        self.username.set_text(account.values["username"])
        self.proposal = label("", "cap", wrap=True)
        self.options = Candidates()
        self.options.chosen.connect(self._choose)
        self.reason = line(self.tr("更名原因 *"), self.tr("如：姓名录错、按规则规范"))
        hint = self.tr("本人姓名的法定拼写与规则不同的，填写该拼写并附证明（护照、户口簿等）。")
        self.box = EvidenceBox(context, kinds=False)
        title = label(self.tr("更名：{name}").format(name=account.values["name"]), "h2")
        self.setLayout(
            column(
                title, label(self.tr("经主管领导批准后生效。"), "cap"), self.notice, self.name, self.username,
                self.options, self.proposal, self.reason, label(hint, "cap", wrap=True), self.box,
            )
        )  # fmt: skip
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._propose)
        self.name.edited.connect(self._timer.start)
        self._propose()
        self.setFocusProxy(self.username.widget)

    def _propose(self) -> None:
        from models.services.accounts.usernames import candidates_for

        record = {**self.account.values, "name": self.name.text(), "username": ""}
        if record["name"]:
            own = self.account.values["username"]
            self.context.read(candidates_for, record, own, done=self._show, owner=self, replaces="offer")

    def _show(self, proposal: Proposal) -> None:
        self.options.offer(one for one in proposal.candidates if one != self.account.values["username"])
        several = self.tr("按规则可用的用户名；姓名有几种读音的，请问清本人后选择。")
        self.proposal.setText(proposal.problem or several)

    def _choose(self, username: str) -> None:
        self.username.set_text(username)
        self.username.fail("")

    def changed(self) -> dict[str, str]:
        """What differs from the account."""
        texts = {"name": self.name.text(), "username": self.username.text()}
        return {key: text for key, text in texts.items() if text and text != self.account.values[key]}

    def has_draft(self) -> bool:
        """Whether something was typed that is not kept."""
        return bool(self.changed() or self.reason.text() or self.box.exhibits)

    def save(self) -> None:
        """Ask for it; without a proof that it needs it waits as a draft."""
        values = self.changed()
        if not values and not self.has_draft():
            self.cancelled.emit()
            return
        if not values:
            self.username.fail(self.tr("请填写新的姓名或用户名。"))
            self.username.reach()
            return
        if not self.reason.text():
            self.reason.fail(self.tr("请写明更名原因。"))
            self.reason.reach()
            return
        files = [one.file for one in self.box.exhibits if one.file is not None]
        self.context.write(
            ask_rename, self.context.actor, self.account.id, values, self.reason.text(), files,
            done=self._asked, owner=self, failed=self._refused,
        )  # fmt: skip

    def _asked(self, asked: tuple[str, str, list[str]]) -> None:
        change_id, number, faults = asked
        words = self.tr("已提交 {number}，主管领导批准后生效。").format(number=number)
        if faults:
            what = "；".join(faults)
            words = self.tr("{number} 存为草稿，还没有提交：{what}。可在“变更”中补充材料后提交。").format(
                number=number, what=what
            )
        undo = partial(take_back, self.context, self.window(), [change_id])
        self.context.toast(words, undo, "warn" if faults else "ok")
        self.saved.emit(self.account.id)

    def _refused(self, error: Exception) -> None:
        shown = self.context.errors.describe(error)
        self.notice.say("bad" if isinstance(error, UserError) else shown.tone, shown.sentence)
