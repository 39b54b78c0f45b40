"""A unit that changes: renamed by its own administrator, or two schools merged by their superior (issue 3, point 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFrame, QWidget

from models.domain.errors import UserError
from models.domain.times import start_of_day
from models.domain.units import Tier, Unit
from ui.context import AppContext
from ui.dialogs.two_people import TwoPeople
from ui.forms.inputs import Entry, choice, fill, line
from ui.kit import Banner, button, column, holder, label, row

if TYPE_CHECKING:
    from models.services.unit_changes import MergerPlan
    from sync.joining.enrolment import UnitInfo


class UnitChangeCard(QFrame):
    """For administrators: 单位更名 everywhere, 学校合并 at a bureau."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.context = context
        self._below: dict[str, Unit] = {}
        unit = context.actor.unit
        self.name = line(self.tr("新的单位名称"), unit.name)
        self.code = line(self.tr("新的单位代码"), unit.code)
        self.since = line(self.tr("从哪天起"), "2026-09-01")
        self.reason = line(self.tr("依据"), self.tr("例如批文名称"))
        self.closed: Entry = choice(self.tr("撤销的学校"), [])
        self.into: Entry = choice(self.tr("并入的学校"), [])
        self.result = Banner("ok", "", closable=True)
        self.result.hide()
        self.rename_button = button(self.tr("更改名称或代码"), "pencil", on_click=self.rename)
        self.merge_button = button(self.tr("合并两所学校"), "replace", on_click=self.merge)
        words = self.tr("更名后要重新生成入网申请交上级办理；以前签名的文件仍按当时的名称。")
        self.mergers = self._mergers()
        self.mergers.setVisible(unit.tier is not Tier.SCHOOL)
        self.setLayout(
            column(
                label(self.tr("单位更名和合并"), "strong"), label(words, "dim", wrap=True), self.result,
                row((self.since, 1), (self.reason, 2)), row((self.name, 2), (self.code, 1)),
                row(self.rename_button, None), self.mergers, margins=(14, 12, 14, 12),
            )
        )  # fmt: skip

    def _mergers(self) -> QWidget:
        words = self.tr("合并：撤销的学校的学生和未办结的问题学籍转到并入的学校，它的证书吊销。合并后不能撤回。")
        parts = row((self.closed, 1), (self.into, 1))
        return holder(column(label(words, "dim", wrap=True), parts, row(self.merge_button, None)))

    def show_units(self, found: Sequence[UnitInfo]) -> None:
        """The schools among the known units, to choose from."""
        self._below = {
            one.unit.id: one.unit
            for one in found
            if one.relation == "下级" and one.state != "closed" and one.unit.tier is Tier.SCHOOL
        }
        items = [("", ""), *((unit.id, f"{unit.name}（{unit.code}）") for unit in self._below.values())]
        for entry in (self.closed, self.into):
            fill(entry.widget, items)  # type: ignore[arg-type]

    def _moment(self) -> str | None:
        """The day as UTC text; says below the inputs what is missing."""
        self.reason.fail("" if self.reason.text() else self.tr("请写明依据，例如批文名称。"))
        try:
            since = start_of_day(self.since.text())
        except ValueError:
            self.since.fail(self.tr("请写成 2026-09-01 的样子。"))
            return None
        self.since.fail("")
        return since if self.reason.text() else None

    # --- renamed ----------------------------------------------------------------------------------------

    def rename(self) -> None:
        """Give this unit the name and code that were filled in."""
        since = self._moment()
        if since is None:
            return
        store, name, code, reason = self.context.store, self.name.text(), self.code.text(), self.reason.text()

        def work(passphrase: str) -> Unit:
            from sync.joining.unit_changes import rename

            return rename(store, passphrase, name, code, since, reason)

        words = self.tr("本单位改为“{name}”（{code}）。").format(
            name=name or self.context.actor.unit.name, code=code or self.context.actor.unit.code
        )
        self.context.with_passphrase(self, self.tr("更改名称或代码"), words, work, self._renamed)

    def _renamed(self, made: Any) -> None:
        text = self.tr("本单位现为“{name}”（{code}）。请在上面生成入网申请交上级办理，上级和下级随后得知。")
        self.result.say("ok", text.format(name=made.name, code=made.code))

    # --- merged -----------------------------------------------------------------------------------------

    def merge(self) -> None:
        """Look at what the merger would do, say that it cannot be taken back, then have it signed."""
        since = self._moment()
        closed, into = self._below.get(self.closed.text()), self._below.get(self.into.text())
        self.closed.fail("" if closed else self.tr("请选择撤销的学校。"))
        self.into.fail("" if into else self.tr("请选择并入的学校。"))
        if since is None or closed is None or into is None:
            return
        store = self.context.store

        def look() -> tuple[MergerPlan, tuple[str, ...]]:
            from models.services.operators import officers
            from models.services.unit_changes import plan_merger

            plan = store.write(plan_merger, closed, into)
            if plan.faults:
                raise UserError("".join(plan.faults))
            return plan, store.read(officers)

        self.context.jobs.run(look, lambda found: self._sign(found[0], found[1], since), owner=self)

    def _sign(self, plan: MergerPlan, officers: tuple[str, ...], since: str) -> None:
        store, reason = self.context.store, self.reason.text()

        def work(passphrase: str, officer: tuple[str, str]) -> MergerPlan:
            from sync.joining.mergers import merge

            return merge(store, plan.closed, plan.into, since, reason, passphrase, officer)

        act = self.tr("合并两所学校")
        TwoPeople(self, self.context, act, plan.warning, officers, work, self._merged).open()

    def _merged(self, plan: MergerPlan) -> None:
        text = self.tr("“{closed}”已并入“{into}”，转移 {pupils} 名学生。通知和名册随下一次送出送往两所学校和上级。")
        self.result.say("ok", text.format(closed=plan.closed.name, into=plan.into.name, pupils=plan.pupils))
