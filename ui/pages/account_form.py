"""The form for one account: its user name is proposed while the name is typed; two readings are both offered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from models.domain.errors import DataFaultError
from models.domain.fields import ACCOUNTS
from models.domain.findings import Finding, joined
from ui.context import AppContext
from ui.forms.record import RecordForm, find_faults
from ui.kit import Banner, button, clear, column, holder, label, row

if TYPE_CHECKING:
    from models.rules.naming import Proposal
    from models.services.accounts.creation import Created

PAUSE = 200
MOST_OFFERED = 6
PROPOSED_BY = ("name", "city", "county")


class AccountForm(QWidget):
    """Adds an account (`row_id` "") or edits one. `saved` carries its id."""

    saved = Signal(str)
    cancelled = Signal()

    def __init__(self, context: AppContext, row_id: str = "", values: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.context, self.row_id = context, row_id
        self._before = dict(values or {})
        self._proposed = ""
        self.form = RecordForm(ACCOUNTS)
        self.form.show_values(self._before)
        self.form.entered.connect(self.save)
        self.notice = Banner("bad", "")
        self.notice.hide()
        title = self.tr("编辑：{name}").format(name=self._before.get("name", "")) if row_id else self.tr("新增教师账户")
        self._options = row(spacing=6)
        self.proposal = label(self.tr("输入姓名后，按规则生成用户名。"), "cap", wrap=True)
        username = self.form.entries["username"]
        self.form.place_after("username", "name")
        layout = username.layout()
        assert layout is not None
        layout.addWidget(holder(self._options))
        layout.addWidget(self.proposal)
        hint = label(self.tr("带 * 的须如实填写。"), "cap")
        self.setLayout(column(label(title, "h2"), hint, self.notice, self.form))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._propose)
        for key in PROPOSED_BY:
            self.form.entries[key].edited.connect(self._timer.start)
        self.form.entries["name"].setFocus()

    # --- user name --------------------------------------------------------------------------------------

    def _propose(self) -> None:
        from models.services.accounts.usernames import propose_usernames

        record = {key: self.form.entries[key].text() for key in PROPOSED_BY}
        if not record["name"]:
            return
        self.context.read(
            propose_usernames,
            [record],
            done=lambda found: self._show(found[0]),
            owner=self,
            replaces="propose",
        )

    def _show(self, proposal: Proposal) -> None:
        clear(self._options)
        entry = self.form.entries["username"]
        if proposal.problem:
            self.proposal.setText(proposal.problem)
            return
        untouched = entry.text() in ("", self._proposed)
        if proposal.username and untouched and not self.row_id:
            self._proposed = proposal.username
            entry.set_text(proposal.username)
        if proposal.ambiguous:
            self.proposal.setText(self.tr("姓名有多种读音，请问清本人后选择："))
        elif len(proposal.candidates) > 1:
            self.proposal.setText(self.tr("按规则：前缀 + 姓名全拼，重名的依次编号。本人另有读法的，可改用："))
        else:
            self.proposal.setText(self.tr("按规则：前缀 + 姓名全拼，重名的依次编号。"))
            return
        for candidate in proposal.candidates[:MOST_OFFERED]:
            self._options.addWidget(button(candidate, "", "ghost", on_click=partial(self._choose, candidate)))
        self._options.addStretch(1)

    def _choose(self, username: str) -> None:
        self._proposed = username
        self.form.entries["username"].set_text(username)

    # --- saving -----------------------------------------------------------------------------------------

    def has_draft(self) -> bool:
        """Whether something was typed that is not saved."""
        return bool(self.form.changed())

    def save(self) -> None:
        """Check and write; faults appear below their inputs."""
        from models.services import roster
        from models.services.accounts.creation import create

        values = self.form.changed()
        if not values:
            self.cancelled.emit()
            return
        actor, failed = self.context.actor, partial(self._refused, values)
        if self.row_id:
            self._write(roster.set_fields, (actor, ACCOUNTS, self.row_id, values), failed, lambda _new: self.row_id)
        else:
            self._write(create, (actor, [values]), failed, self._created)

    def _created(self, made: Created) -> str:
        """Say what becomes of the new account; its id."""
        words = self.tr("已提交 {number}，主管领导批准后启用。").format(number=made.number)
        if made.missing:
            words = self.tr("已保存；{what}，补齐后在“变更”中提交。").format(what="；".join(made.missing))
        self.context.toast(words, None)
        return made.ids[0]

    def _write(
        self,
        use_case: Callable[..., Any],
        arguments: tuple[Any, ...],
        failed: Callable[[Exception], None],
        id_of: Callable[[Any], str],
    ) -> None:
        def done(result: Any) -> None:
            self.saved.emit(id_of(result))

        self.context.write(use_case, *arguments, done=done, owner=self, failed=failed)

    def _refused(self, values: dict[str, str], error: Exception) -> None:
        shown = self.context.errors.describe(error)
        self.notice.say(shown.tone, shown.sentence)
        if isinstance(error, DataFaultError):
            self.context.read(find_faults, ACCOUNTS, self._before, values, done=self._show_faults, owner=self)

    def _show_faults(self, findings: list[Finding]) -> None:
        if findings:
            rest = self.form.show_faults(findings)
            self.notice.say("bad", joined(rest)) if rest else self.notice.hide()
