"""The operators of the store: add, activation codes, disable, the recovery code (E1-E3, decisions 10, 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from models.domain.statuses import PERSON_STATUS
from models.domain.units import ROLE_LABELS, Role
from ui.context import AppContext
from ui.forms.inputs import Entry, choice, level, line, on_enter
from ui.kit import button, card, column, label, row
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn
from ui.tokens import STATE_LOOK

if TYPE_CHECKING:
    from models.store.members import OperatorRow
    from ui.pages.codes_sheet import CodesSheet


class PeopleSettings(QWidget):
    """The list and what an administrator does with it."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.sheet: CodesSheet | None = None
        columns = (
            TableColumn("name", self.tr("姓名"), 130, lambda person: Cell(person.name)),
            TableColumn("roles", self.tr("角色"), 160, lambda person: Cell(_roles(person))),
            TableColumn("state", self.tr("状态"), 130, self._state),
        )
        self.table, self.model = simple_table(self.tr("操作员列表"), columns, self)
        self.table.setMinimumHeight(180)
        self.name = line(self.tr("姓名"), self.tr("本人真实姓名"))
        on_enter(self.name, self.add)
        self.role: Entry = choice(self.tr("角色"), [(role.value, ROLE_LABELS[role]) for role in Role])
        self.reason = line(self.tr("停用原因"), self.tr("如：调离、退休"))
        self._may = context.has(Role.ADMINISTRATOR)
        add = button(self.tr("添加并生成激活码"), "user-plus", "primary", on_click=self.add)
        again = button(self.tr("重发激活码"), "refresh", on_click=self.reissue)
        stop = button(self.tr("停用"), "user-off", "danger", on_click=self.disable)
        renew = button(self.tr("更换恢复码"), "shield-lock", on_click=self.renew_recovery)
        edits = card(
            label(self.tr("添加操作员"), "strong"), row((self.name, 1), (self.role, 1), level(add)),
            label(self.tr("选中的操作员"), "strong"), row((self.reason, 1), level(again, stop)),
            label(self.tr("恢复码"), "strong"),
            label(self.tr("恢复码丢失或被别人看到时更换，旧的立即失效。"), "dim", wrap=True), row(renew, None),
        )  # fmt: skip
        edits.setVisible(self._may)
        only = label(self.tr("操作员由系统管理员管理。每个角色由不同的人担任；至少三人。"), "cap", wrap=True)
        self.setLayout(column(card(only, self.table), edits, spacing=12))

    def _state(self, person: OperatorRow) -> Cell:
        tone, icon, word = STATE_LOOK[person.state]
        word = PERSON_STATUS["disabled"] if person.state == "disabled" else word  # an operator, not an account
        return Cell(self.tr("在第二台电脑上") if person.elsewhere else word, tone, icon)

    def refresh(self) -> None:
        """Read the operators."""
        from models.services import operators

        self.context.read(operators.list_operators, done=self.model.set_rows, owner=self)

    def _selected(self) -> OperatorRow | None:
        rows = self.table.selected_rows()
        if not rows:
            self.context.toast(self.tr("请先在列表中选中一位操作员。"), None, "warn")
            return None
        found: OperatorRow = self.model.rows[rows[0]]
        return found

    # --- acts: each asks for the administrator's passphrase ---------------------------------------------

    def _with_passphrase(self, act: str, sentence: str, work: Callable[[], str], done: Callable[[str], None]) -> None:
        store = self.context.store

        def run(passphrase: str) -> str:
            store.elevate(passphrase)
            return work()

        self.context.with_passphrase(self, act, sentence, run, done)

    def add(self) -> None:
        """Enter a person and show their activation code once."""
        from models.services import operators
        from models.store.store import NewOperator

        name, role = self.name.text(), Role(self.role.text())
        if not name:
            self.name.fail(self.tr("请填写姓名。"))
            return
        store = self.context.store

        def done(code: str) -> None:
            self.name.set_text("")
            self._show_codes("", {name: code})

        words = self.tr("添加{role}“{name}”，并生成只显示一次的激活码。").format(role=ROLE_LABELS[role], name=name)
        self._with_passphrase(
            self.tr("添加操作员"), words, lambda: operators.add(store, NewOperator(name, frozenset({role}))), done
        )

    def reissue(self) -> None:
        """A new activation code for the selected person."""
        from models.services import operators

        person = self._selected()
        if person is None:
            return
        store = self.context.store
        words = self.tr("“{name}”现在的口令立即失效，须用新激活码重新设置。").format(name=person.name)
        self._with_passphrase(
            self.tr("重发激活码"), words, lambda: operators.reissue(store, person.name),
            lambda code: self._show_codes("", {person.name: code}),
        )  # fmt: skip

    def disable(self) -> None:
        """Take the selected person's key away; everything is encrypted anew."""
        from models.services import operators

        person = self._selected()
        if person is None:
            return
        reason = self.reason.text()
        if not reason:
            self.reason.fail(self.tr("请写明停用原因。"))
            return
        store = self.context.store

        def work() -> str:
            operators.disable(store, person.name, reason)
            return ""

        def done(_nothing: str) -> None:
            self.reason.set_text("")
            self.refresh()
            self.context.toast(self.tr("已停用“{name}”，名册已用新的密钥重新加密。").format(name=person.name), None)

        words = self.tr("停用“{name}”后，此人的口令不能再打开名册。").format(name=person.name)
        self._with_passphrase(self.tr("停用操作员"), words, work, done)

    def renew_recovery(self) -> None:
        """A new recovery code."""
        from models.services import operators

        store = self.context.store
        words = self.tr("旧恢复码立即失效，新的只显示一次。")
        self._with_passphrase(
            self.tr("更换恢复码"),
            words,
            lambda: operators.renew_recovery(store),
            lambda code: self._show_codes(code, {}),
        )

    def _show_codes(self, recovery: str, activations: dict[str, str]) -> None:
        from ui.pages.codes_sheet import CodesSheet

        self.sheet = CodesSheet(self.context, self.context.actor.unit.name, recovery, activations)
        self.sheet.setParent(self, Qt.WindowType.Dialog)
        self.sheet.setWindowModality(Qt.WindowModality.WindowModal)
        self.sheet.confirmed.connect(self.sheet.close)
        self.sheet.show()
        self.refresh()


def _roles(person: OperatorRow) -> str:
    return "、".join(ROLE_LABELS[role] for role in sorted(person.roles))
