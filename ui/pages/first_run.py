"""The first start: a new store, one from a backup, or invented data to try things out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QRadioButton, QStackedWidget, QWidget

from models.domain.units import LINE_LABELS, ROLE_LABELS, TIER_LABELS, Line, Role, Tier, Unit
from ui.context import AppContext
from ui.forms.inputs import Entry, choice, fill, level, line, secret
from ui.kit import Banner, Button, EnterArea, Stepper, button, column, holder, label, row
from ui.pages.unlock import Doorway
from ui.start_hooks import Hooks

if TYPE_CHECKING:
    from models.store.store import CreatedStore

HOME = "store/home"


class FirstRun(Doorway):
    """Three doors. `opened`: a store that is open; `finished`: one that is there and wants unlocking."""

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
        back = self._door(self.tr("从备份恢复"), self.tr("换了电脑，或数据损坏：用备份文件恢复。"), "restore")
        back.clicked.connect(self._restore)
        doors = [new, back]
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

    def _begin(self) -> None:
        self.unit_form = UnitForm(self.context)
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
        self.unit_form.name.setFocus()

    def _enter(self) -> None:
        """Enter in an input is 下一步 or 建立名册, as long as one of them is offered."""
        if self.go.isVisible() and self.go.isEnabled():
            self._next()

    def _back(self) -> None:
        self.notice.hide()
        if self.inner.currentIndex() == 0:
            self.steps.setCurrentIndex(0)
            return
        self._step(0)

    def _step(self, index: int) -> None:
        self.inner.setCurrentIndex(index)
        self.stepper.set_current(index)
        self.go.set_text(self.tr("下一步") if index == 0 else self.tr("建立名册"))

    def _next(self) -> None:
        self.notice.hide()
        if self.inner.currentIndex() == 0:
            if self.unit_form.complete():
                self._step(1)
                self.people_form.names[Role.REGISTRAR].setFocus()
            return
        if not self.people_form.complete():
            return
        unit, people = self.unit_form.unit_values(), self.people_form.people()
        home = self.unit_form.home()

        def create() -> CreatedStore:
            from models.domain.ids import new_id
            from models.store.store import NewOperator, Store

            made = Unit(new_id(), *unit)
            return Store.create(home, made, [NewOperator(*person) for person in people])

        self.go.setEnabled(False)
        self.notice.say("info", self.tr("正在建立加密的名册，请稍候。"), icon="hourglass")
        self.context.jobs.run(create, self._created, self._failed, owner=self)

    def _created(self, made: CreatedStore) -> None:
        from ui.pages.codes_sheet import CodesSheet

        self._made = made
        self.notice.hide()
        self.context.home = self.unit_form.home()
        if not self.context.home_named:
            self.context.settings.setValue(HOME, str(self.context.home))
        sheet = CodesSheet(self.context, self.unit_form.name.text(), made.recovery_code, made.activation_codes)
        sheet.confirmed.connect(self._done)
        self.stepper.set_current(2)
        self.inner.addWidget(sheet)
        self.inner.setCurrentWidget(sheet)
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


class UnitForm(QWidget):
    """Name, tier, line, code, places, and where the store lies."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.name = line(self.tr("单位名称"), self.tr("与公章一致的全称"))
        self.tier: Entry = choice(self.tr("层级"), [(tier.value, TIER_LABELS[tier]) for tier in Tier])
        self.line: Entry = choice(self.tr("教育类别"), [(it.value, LINE_LABELS[it]) for it in (Line.BASIC, Line.OPEN)])
        self.code = line(self.tr("单位代码"), self.tr("学校标识码等 10 位代码"))
        self.city: Entry = choice(self.tr("设区市（定州、辛集也在此选）"), [], editable=True)
        self.county: Entry = choice(self.tr("县（市、区）"), [], editable=True)
        self.place = line(self.tr("数据存放在"), hint=self.tr("几个人共用一台电脑时，请选一个大家都能打开的文件夹。"))
        self.place.set_text(str(context.home))
        choose = button(self.tr("选择文件夹"), "folder", on_click=self._choose)
        place = row((self.place, 1), level(choose), spacing=8)
        self.city.edited.connect(self._show_counties)
        self.setLayout(
            column(
                self.name, row((self.tier, 1), (self.line, 1), (self.code, 1)),
                row((self.city, 1), (self.county, 1)), place,
            )
        )  # fmt: skip
        self._load_places()

    def _load_places(self) -> None:
        from models.domain.places import CITY_TIER_COUNTIES, hebei

        cities = [place.name for place in hebei() if place.is_city or place.name in CITY_TIER_COUNTIES]
        fill(self.city.widget, [("", ""), *((name, name) for name in cities)])  # type: ignore[arg-type]
        self._show_counties()

    def _show_counties(self) -> None:
        from models.domain.places import hebei

        code = next((place.code for place in hebei() if place.name == self.city.text()), None)
        names = [place.name for place in hebei() if not place.is_city and place.city_code == code]
        present = self.county.text()
        fill(self.county.widget, [("", ""), *((name, name) for name in names)])  # type: ignore[arg-type]
        if present in names:
            self.county.set_text(present)

    def _choose(self) -> None:
        self.context.prompt.folder(self, self.tr("数据存放在"), lambda path: self.place.set_text(str(path)))

    def home(self) -> Path:
        """The folder chosen for the store."""
        return Path(self.place.text()).expanduser().absolute()

    def complete(self) -> bool:
        """Whether everything needed is there; says below the inputs what is not."""
        from models.domain.errors import UserError
        from models.rules.naming import prefix_for

        faults = {
            self.name: "" if self.name.text() else self.tr("请填写单位名称。"),
            self.code: "" if self.code.text() else self.tr("请填写单位代码。"),
            self.place: "" if self.place.text() else self.tr("请选择数据存放的文件夹。"),
            self.city: "",
            self.county: "",
        }
        tier = Tier(self.tier.text())
        try:
            place_tier = Tier.COUNTY if tier is Tier.SCHOOL else tier
            prefix_for(place_tier, self.city.text() or None, self.county.text() or None)
        except UserError as error:
            if not self.city.text():
                faults[self.city] = self.tr("请选择设区市。")
            else:
                faults[self.county] = str(error) if self.county.text() else self.tr("请选择县（市、区）。")
        for entry, sentence in faults.items():
            entry.fail(sentence)
        wrong = next((entry for entry, sentence in faults.items() if sentence), None)
        if wrong is not None:
            wrong.setFocus()
        return wrong is None

    def unit_values(self) -> tuple[str, str, Tier, Line, str, str]:
        """Name, code, tier, line, city, county."""
        tier, line_ = Tier(self.tier.text()), Line(self.line.text())
        return (self.name.text(), self.code.text(), tier, line_, self.city.text(), self.county.text())


class PeopleForm(QWidget):
    """Three people for the three roles, who is sitting here, and that person's passphrase."""

    def __init__(self) -> None:
        super().__init__()
        words = self.tr("三个角色须由三个人分别担任：录入的人不能核办自己的申请，系统管理员不参与学籍业务。")
        self.names: dict[Role, Entry] = {}
        self.me: dict[Role, QRadioButton] = {}
        self._group = QButtonGroup(self)
        box = column(label(words, "dim", wrap=True))
        for role in Role:
            self.names[role] = line(ROLE_LABELS[role], self.tr("姓名"))
            self.me[role] = QRadioButton(self.tr("是我，现在设口令"))
            self.me[role].setAccessibleName(self.tr("{role}是我").format(role=ROLE_LABELS[role]))
            self._group.addButton(self.me[role])
            inner: QHBoxLayout = row((self.names[role], 1), level(self.me[role]), spacing=12)
            box.addLayout(inner)
        self.me[Role.REGISTRAR].setChecked(True)
        self.passphrase = secret(self.tr("我的口令（至少 12 个字符，例如几个不相干的词）"))
        self.again = secret(self.tr("再输入一次口令"))
        box.addLayout(row((self.passphrase, 1), (self.again, 1)))
        self.setLayout(box)

    def complete(self) -> bool:
        """Whether names and passphrase are there; says below the inputs what is not."""
        from models.domain.errors import UserError
        from models.store.vault.passphrase import check_new

        typed = [entry.text() for entry in self.names.values()]
        for entry in self.names.values():
            name = entry.text()
            twice = self.tr("三个角色须由不同的人担任；同名的人请在名字后加数字区分。")
            entry.fail(self.tr("请填写姓名。") if not name else twice if typed.count(name) > 1 else "")
        fault = ""
        try:
            check_new(self.passphrase.text(), *typed)
        except UserError as error:
            fault = str(error)
        self.passphrase.fail(fault)
        differs = self.again.text() != self.passphrase.text()
        self.again.fail(self.tr("两次输入的口令不一样，请重新输入。") if differs else "")
        return all(typed) and len(set(typed)) == len(typed) and not fault and not differs

    def people(self) -> list[tuple[str, frozenset[Role], str | None]]:
        """(name, roles, passphrase or None), the person at the keyboard first."""
        mine = next(role for role, choice_ in self.me.items() if choice_.isChecked())
        others = [role for role in Role if role is not mine]
        first = (self.names[mine].text(), frozenset({mine}), self.passphrase.text())
        return [first, *((self.names[role].text(), frozenset({role}), None) for role in others)]
