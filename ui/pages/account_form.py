"""The form for one account: its user name is proposed while the name is typed; several readings are all offered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
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
WIDTH = 272
PROPOSED_BY = ("name", "city", "county")
_BY_REQUEST = ("name", "username")


class Candidates(QWidget):
    """User names to choose from, as many in a line as the panel has room for. `chosen` carries one."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._lines = column(spacing=4)
        self.setLayout(self._lines)
        self.hide()

    def offer(self, usernames: Iterable[str]) -> None:
        """Show these; none hides the lines."""
        clear(self._lines)
        line, room = row(spacing=6), 0
        for username in list(usernames)[:MOST_OFFERED]:
            made = button(username, "", "ghost", on_click=partial(self.chosen.emit, username))
            width = made.sizeHint().width() + 6
            if width > room:
                line, room = row(spacing=6), WIDTH
                line.addStretch(1)
                self._lines.addWidget(holder(line))
            line.insertWidget(line.count() - 1, made)
            room -= width
        self.setVisible(self._lines.count() > 0)


class AccountForm(QWidget):
    """Adds an account (`row_id` "") or edits one. `saved` carries its id.

    The name and user name of an account in use (`named` False) change by a request, so they are not in the form.
    """

    saved = Signal(str)
    cancelled = Signal()

    def __init__(
        self, context: AppContext, row_id: str = "", values: Mapping[str, str] | None = None, *, named: bool = True
    ) -> None:
        super().__init__()
        self.context, self.row_id = context, row_id
        self._before = dict(values or {})
        self._proposed = ""
        self.form = RecordForm(ACCOUNTS, leave_out=() if named else _BY_REQUEST)
        self.form.show_values(self._before)
        self.form.entered.connect(self.save)
        self.notice = Banner("bad", "")
        self.notice.hide()
        self.candidates = Candidates()
        self.candidates.chosen.connect(self._choose)
        self.proposal = label(self.tr("输入姓名后，按规则生成用户名。"), "cap", wrap=True)
        title = self.tr("编辑：{name}").format(name=self._before.get("name", "")) if row_id else self.tr("新增教师账户")
        hint = self.tr("带 * 的须如实填写；暂时不知道的可先留空，存为草稿。")
        if row_id and not named:
            hint = self.tr("带 * 的须如实填写。姓名、用户名请用“申请更名”更改。")
        self.setLayout(column(label(title, "h2"), label(hint, "cap", wrap=True), self.notice, self.form))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._propose)
        if named:
            self._build_naming()
        self.setFocusProxy(next(iter(self.form.entries.values())).widget)
        if row_id:
            self._mark_missing()

    def _build_naming(self) -> None:
        self.form.place_after("username", "name")
        layout = self.form.entries["username"].layout()
        assert layout is not None
        layout.addWidget(self.candidates)
        layout.addWidget(self.proposal)
        for key in PROPOSED_BY:
            self.form.entries[key].edited.connect(self._timer.start)

    def _mark_missing(self) -> None:
        """Every field that must be true and is empty is marked, the caret in the first (A16)."""
        from models.services.accounts.checks import TRUTHFUL

        empty = [self.form.entries[key] for key in TRUTHFUL if key in self.form.entries and not self._before.get(key)]
        for entry in empty:
            entry.fail(self.tr("还没有填写，须如实填写。"))
        if empty:
            QTimer.singleShot(PAUSE // 4, empty[0], empty[0].reach)  # once the panel is laid out

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
        entry = self.form.entries["username"]
        if proposal.problem:
            self.candidates.offer(())
            self.proposal.setText(proposal.problem)
            return
        untouched = entry.text() in ("", self._proposed)
        if proposal.username and untouched and not self.row_id:
            self._proposed = proposal.username
            entry.set_text(proposal.username)
        several = len(proposal.candidates) > 1
        self.candidates.offer(proposal.candidates if several else ())
        if proposal.ambiguous:
            self.proposal.setText(self.tr("姓名有多种读音，请问清本人后选择。"))
        elif several:
            self.proposal.setText(self.tr("按规则：前缀 + 姓名全拼，重名的依次编号。本人另有读法的，可改用。"))
        else:
            self.proposal.setText(self.tr("按规则：前缀 + 姓名全拼，重名的依次编号。"))

    def _choose(self, username: str) -> None:
        self._proposed = username
        self.form.entries["username"].set_text(username)

    # --- saving -----------------------------------------------------------------------------------------

    def offer(self, values: Mapping[str, str]) -> None:
        """Fill in what is known of a new account from elsewhere; it counts as typed."""
        for key, text in values.items():
            if key in self.form.entries:
                self.form.entries[key].set_text(text)
        if "name" in values:
            self._timer.start()

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
            self._write(roster.set_fields, (actor, ACCOUNTS, self.row_id, values), failed, self._kept)
        else:
            self._write(create, (actor, [values]), failed, self._created)

    def _kept(self, _revision: int) -> str:
        self.context.toast(self.tr("已保存。"), None)
        return self.row_id

    def _created(self, made: Created) -> str:
        """Say what becomes of the new account; its id."""
        if made.missing:
            words = self.tr("已存为草稿 {number}，还没有提交：{what}。补齐后在“待批准”里提交。").format(
                number=made.number, what="；".join(made.missing)
            )
            self.context.toast(words, None, "warn")
        else:
            words = self.tr("已提交 {number}，主管领导批准后启用。").format(number=made.number)
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
