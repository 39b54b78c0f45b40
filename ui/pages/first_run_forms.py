"""What is filled in at the first start: the unit, its people, or the one person of a second PC."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QRadioButton, QWidget

from models.domain.ids import new_id
from models.domain.units import LINE_LABELS, ROLE_LABELS, TIER_LABELS, Line, Role, Tier, Unit
from ui.context import AppContext
from ui.forms.inputs import Entry, choice, fill, level, line, secret
from ui.kit import button, column, label, row


class StorePlace(QWidget):
    """Where the store lies."""

    def __init__(self, context: AppContext, hint: str = "") -> None:
        super().__init__()
        self.context = context
        self.place = line(self.tr("数据存放在"), hint=hint)
        self.place.set_text(str(context.home))
        choose = button(self.tr("选择文件夹"), "folder", on_click=self._choose)
        self.setLayout(column(row((self.place, 1), level(choose), spacing=8), None))

    def _choose(self) -> None:
        self.context.prompt.folder(self, self.tr("数据存放在"), lambda path: self.place.set_text(str(path)))

    def home(self) -> Path:
        """The folder chosen for the store."""
        return Path(self.place.text()).expanduser().absolute()


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
        self.store_place = StorePlace(context, self.tr("几个人共用一台电脑时，请选一个大家都能打开的文件夹。"))
        self.place = self.store_place.place
        self.city.edited.connect(self._show_counties)
        self.setLayout(
            column(
                self.name, row((self.tier, 1), (self.line, 1), (self.code, 1)),
                row((self.city, 1), (self.county, 1)), self.store_place,
            )
        )  # fmt: skip
        self.setFocusProxy(self.name)
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

    def home(self) -> Path:
        """The folder chosen for the store."""
        return self.store_place.home()

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

    def unit(self) -> Unit:
        """The unit as it was filled in, with a UID of its own."""
        tier, line_ = Tier(self.tier.text()), Line(self.line.text())
        return Unit(new_id(), self.name.text(), self.code.text(), tier, line_, self.city.text(), self.county.text())


class InvitedForm(QWidget):
    """A unit as its superior invited it; only where the store lies is asked."""

    def __init__(self, context: AppContext, unit: Unit, superior: Unit) -> None:
        super().__init__()
        self._unit = unit
        self.store_place = StorePlace(context, self.tr("几个人共用一台电脑时，请选一个大家都能打开的文件夹。"))
        facts = (
            (self.tr("单位名称"), unit.name), (self.tr("单位代码"), unit.code),
            (self.tr("层级"), f"{TIER_LABELS[unit.tier]} · {LINE_LABELS[unit.line]}"),
            (self.tr("所在地"), f"{unit.city} {unit.county}".strip()), (self.tr("上级"), superior.name),
        )  # fmt: skip
        words = self.tr("以下内容以邀请函为准。不对时请不要继续，联系上级换发邀请函。")
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for place, (title, text) in enumerate(facts):
            grid.addWidget(label(title, "dim"), place, 0)
            grid.addWidget(label(text, "strong", selectable=True), place, 1)
        self.setLayout(column(label(words, "dim", wrap=True), grid, 4, self.store_place, None))
        self.setFocusProxy(self.store_place.place)

    def home(self) -> Path:
        """The folder chosen for the store."""
        return self.store_place.home()

    def complete(self) -> bool:
        """Whether a folder is named; says below the input when not."""
        place = self.store_place.place
        place.fail("" if place.text() else self.tr("请选择数据存放的文件夹。"))
        return bool(place.text())

    def unit(self) -> Unit:
        """The invited unit."""
        return self._unit


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


class SecondForm(QWidget):
    """A unit's second PC: the head's name and passphrase, and where the store lies (decision 2)."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        words = self.tr(
            "主管领导在这台电脑上核办，学籍管理员的电脑（主电脑）保存名册、打包上报，两台电脑之间用文件交换。"
            "姓名要与主电脑上登记的一致。"
        )
        self.name = line(self.tr("主管领导姓名"), self.tr("姓名"))
        self.passphrase = secret(self.tr("我的口令（至少 12 个字符，例如几个不相干的词）"))
        self.again = secret(self.tr("再输入一次口令"))
        self.store_place = StorePlace(context)
        secrets = row((self.passphrase, 1), (self.again, 1))
        self.setLayout(column(label(words, "dim", wrap=True), self.name, secrets, self.store_place, None))

    def complete(self) -> bool:
        """Whether name and passphrase are there; says below the inputs what is not."""
        from models.domain.errors import UserError
        from models.store.vault.passphrase import check_new

        fault = ""
        try:
            check_new(self.passphrase.text(), self.name.text())
        except UserError as error:
            fault = str(error)
        differs = self.again.text() != self.passphrase.text()
        self.name.fail("" if self.name.text() else self.tr("请填写姓名。"))
        self.passphrase.fail(fault)
        self.again.fail(self.tr("两次输入的口令不一样，请重新输入。") if differs else "")
        return bool(self.name.text()) and not fault and not differs
