"""The first start: a new store, a unit's second PC, one from a backup, or invented data to try things out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from models.domain.units import Role
from ui.context import AppContext
from ui.kit import Banner, Button, EnterArea, Stepper, button, column, holder, label, row
from ui.pages.first_run_forms import InvitedForm, PeopleForm, SecondForm, UnitForm
from ui.pages.unlock import Doorway
from ui.prompt import PACKAGES
from ui.start_hooks import Hooks

if TYPE_CHECKING:
    from models.store.store import CreatedStore
    from sync.joining.invitations import Invitation

HOME = "store/home"


class FirstRun(Doorway):
    """The doors. `opened`: a store that is open; `finished`: one that is there and wants unlocking."""

    opened = Signal(object)
    finished = Signal()

    def __init__(self, context: AppContext, hooks: Hooks) -> None:
        super().__init__(620)
        self.context, self._hooks = context, hooks
        self.steps = QStackedWidget()
        self.notice = Banner("bad", "")
        self.notice.hide()
        self.body.addWidget(self.notice)
        self.body.addWidget(self.steps)
        self._made: CreatedStore | None = None
        self.steps.addWidget(self._doors())

    def _doors(self) -> QWidget:
        new = self._door(self.tr("新建"), self.tr("本单位第一次使用：填写单位和三位人员。"), "building-community")
        new.clicked.connect(self._begin)
        invited = self._door(
            self.tr("按邀请函建立"), self.tr("上级发来了邀请函文件和一次性码：单位资料不用再填。"), "file-import"
        )
        invited.clicked.connect(self._choose_invitation)
        back = self._door(self.tr("从备份恢复"), self.tr("换了电脑，或数据损坏：用备份文件恢复。"), "restore")
        back.clicked.connect(self._restore)
        second = self._door(
            self.tr("作为第二台电脑"), self.tr("主电脑上已有名册，这台只供主管领导核办。"), "arrows-exchange"
        )
        second.clicked.connect(self._begin_second)
        self.first_door, doors = new, [new, invited, second, back]
        if self._hooks.make_demo is not None:
            demo = self._door(self.tr("演示数据"), self.tr("用虚构的学校试用，不影响真实数据。"), "wand")
            demo.clicked.connect(self._demo)
            doors.append(demo)
        title = label(self.tr("欢迎使用名册"), "h1")
        sub = label(self.tr("数据只保存在本机，并且加密。请选择怎样开始。"), "dim", wrap=True)
        return holder(column(title, sub, 6, *doors))

    def _door(self, title: str, sub: str, icon: str) -> Button:
        made = button(f"{title}\n{sub}", icon, "tile", icon_size=24)
        made.setAccessibleName(title)
        made.setMinimumHeight(64)
        return made

    # --- a new store ------------------------------------------------------------------------------------

    def _choose_invitation(self) -> None:
        self.context.prompt.open_files(self, self.tr("打开邀请函"), PACKAGES, lambda paths: self.invite(paths[0]))

    def invite(self, path: Path) -> None:
        """Begin with a unit as its superior invited it."""

        def work() -> Invitation:
            from sync.joining.invitations import read_invitation

            return read_invitation(path)

        self.context.jobs.run(work, self._invited, self._failed, owner=self)

    def _invited(self, invitation: Invitation) -> None:
        self._start_wizard(InvitedForm(self.context, invitation.unit, invitation.superior), invitation)

    def _begin(self) -> None:
        form = UnitForm(self.context)
        self._start_wizard(form, None)
        form.name.setFocus()

    def _start_wizard(self, form: UnitForm | InvitedForm, invitation: Invitation | None) -> None:
        self.notice.hide()
        self.unit_form, self._invitation = form, invitation
        self.people_form = PeopleForm()
        self.stepper = Stepper([self.tr("单位"), self.tr("人员"), self.tr("恢复码")])
        back, go = button(self.tr("上一步"), on_click=self._back), button(self.tr("下一步"), "", "primary")
        self.go, self.back = go, back
        go.clicked.connect(self._next)
        self.inner = QStackedWidget()
        self.inner.addWidget(self.unit_form)
        self.inner.addWidget(self.people_form)
        wizard = EnterArea(column(self.stepper, 4, self.inner, 4, row(back, None, go)), self._enter)
        self.steps.addWidget(wizard)
        self.steps.setCurrentWidget(wizard)

    def _enter(self) -> None:
        """Enter in an input is 下一步 or 建立名册, as long as one of them is offered."""
        if self.go.isVisible() and self.go.isEnabled():
            self.go.click()

    def _back(self) -> None:
        self.notice.hide()
        if self.inner.currentIndex() == 0:
            self._to_doors()
            return
        self._step(0)

    def _to_doors(self) -> None:
        self.steps.setCurrentIndex(0)
        self.first_door.setFocus()

    def _step(self, index: int) -> None:
        self.inner.setCurrentIndex(index)
        self.stepper.set_current(index)
        self.go.set_text(self.tr("下一步") if index == 0 else self.tr("建立名册"))
        (self.unit_form if index == 0 else self.people_form.names[Role.REGISTRAR]).setFocus()

    def _next(self) -> None:
        self.notice.hide()
        if self.inner.currentIndex() == 0:
            if self.unit_form.complete():
                self._step(1)
            return
        if not self.people_form.complete():
            return
        unit, people, invitation = self.unit_form.unit(), self.people_form.people(), self._invitation
        home = self.unit_form.home()
        self._whose = unit.name

        def create() -> CreatedStore:
            from models.store.store import NewOperator, Store
            from sync.joining.invitations import take

            made = Store.create(home, unit, [NewOperator(*person) for person in people])
            if invitation is not None and made.store is not None:
                made.store.write(take, made.store.actor, invitation)
            return made

        self._create(home, create)

    def _create(self, home: Path, create: Callable[[], CreatedStore]) -> None:
        self._home = home
        self.go.setEnabled(False)
        self.notice.say("info", self.tr("正在建立加密的名册，请稍候。"), icon="hourglass")
        self.context.jobs.run(create, self._created, self._failed, owner=self)

    # --- a second PC ------------------------------------------------------------------------------------

    def _begin_second(self) -> None:
        self.second_form = SecondForm(self.context)
        self.stepper = Stepper([self.tr("主管领导"), self.tr("恢复码")])
        self.back = button(self.tr("上一步"), on_click=self._to_doors)
        self.go = button(self.tr("建立"), "", "primary", on_click=self._create_second)
        self.inner = QStackedWidget()
        self.inner.addWidget(self.second_form)
        inside = column(self.stepper, 4, self.inner, 4, row(self.back, None, self.go))
        wizard = EnterArea(inside, self._enter)
        self.steps.addWidget(wizard)
        self.steps.setCurrentWidget(wizard)
        self.second_form.name.setFocus()

    def _create_second(self) -> None:
        self.notice.hide()
        form = self.second_form
        if not form.complete():
            return
        name, passphrase, home = form.name.text(), form.passphrase.text(), form.store_place.home()
        self._whose = name

        def create() -> CreatedStore:
            from sync.companions.pairing import create as create_second

            return create_second(home, name, passphrase)

        self._create(home, create)

    def _created(self, made: CreatedStore) -> None:
        from ui.pages.codes_sheet import CodesSheet

        self._made = made
        self.notice.hide()
        self.context.home = self._home
        if not self.context.home_named:
            self.context.settings.setValue(HOME, str(self.context.home))
        sheet = CodesSheet(self.context, self._whose, made.recovery_code, made.activation_codes)
        sheet.confirmed.connect(self._done)
        self.stepper.set_current(self.inner.count())
        self.inner.addWidget(sheet)
        self.inner.setCurrentWidget(sheet)
        sheet.noted.setFocus()
        self.go.hide()
        self.back.hide()

    def _done(self) -> None:
        if self._made is not None and self._made.store is not None:
            self.opened.emit(self._made.store)
        else:
            self.finished.emit()

    def _failed(self, error: Exception) -> None:
        if hasattr(self, "go"):
            self.go.setEnabled(True)
        shown = self.context.errors.describe(error, "first run")
        self.notice.say(shown.tone, shown.sentence)

    # --- the other doors --------------------------------------------------------------------------------

    def _restore(self) -> None:
        from ui.dialogs.restore import RestoreDialog

        dialog = RestoreDialog(self, self.context, self.context.home)
        dialog.restored.connect(self.finished)
        dialog.open()

    def _demo(self) -> None:
        make, home = self._hooks.make_demo, self.context.home / "demo"
        if make is None:
            return

        def work(progress: object) -> object:
            from models.store.store import Store

            name, passphrase = make(home, progress)  # type: ignore[arg-type]
            return Store.open(home, name, passphrase)

        self.notice.say("info", self.tr("正在准备虚构的学校，请稍候。"), icon="hourglass")
        self.context.home = home
        self.context.jobs.run(work, self.opened.emit, self._failed, owner=self, progress=True)
