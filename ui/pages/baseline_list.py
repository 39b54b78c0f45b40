"""The pupils of a baseline as a person checks them: by class, sorted, searched, numbers masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit

from models.domain.fields import STUDENT_FIELD, STUDENTS
from models.domain.masking import mask
from models.rules.classes import class_order
from models.rules.naming import pinyin_keys
from models.services.checking import value_text
from ui.kit import column, label, row, section
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

_HEIGHT = 330


@dataclass(frozen=True, slots=True)
class PupilLine:
    """One pupil. `number` is masked; `sought` is what the search looks through."""

    name: str
    class_name: str
    sex: str
    number: str
    sought: str


def pupil_lines(rows: Iterable[Mapping[str, Any]]) -> tuple[PupilLine, ...]:
    """Rows of a baseline ({"id", "values"}) in the order of classes, then of names."""
    found = []
    for one in rows:
        values: Mapping[str, str] = one["values"]
        name, class_name = values.get("name", ""), values.get("class_name", "")
        spelled = pinyin_keys(name)
        number = mask(STUDENT_FIELD["id_number"], values.get("id_number", ""))
        sex = value_text("sex", values.get("sex", ""), STUDENTS)
        found.append((class_order(class_name), spelled[0], PupilLine(
            name, class_name, sex, number, " ".join((name, class_name, *spelled)).lower()
        )))  # fmt: skip
    return tuple(line for *_, line in sorted(found, key=lambda entry: entry[:2]))


class BaselineList(QFrame):
    """A card with the pupils: a class chooses its pupils, typing finds some (characters, pinyin, initials)."""

    def __init__(self, lines: Sequence[PupilLine]) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._lines = lines
        self.classes = QComboBox()
        self.classes.setAccessibleName(self.tr("班级"))
        self.classes.addItem(self.tr("全部班级 · {n} 人").format(n=f"{len(lines):,}"), None)
        for name, number in Counter(line.class_name for line in lines).items():
            self.classes.addItem(f"{name or self.tr('没有班级')} · {number:,}", name)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("查找姓名、拼音或班级"))
        self.search.setAccessibleName(self.search.placeholderText())
        self.search.setClearButtonEnabled(True)
        columns = (
            TableColumn("name", self.tr("姓名"), 110, lambda line: Cell(line.name)),
            TableColumn("class_name", self.tr("班级"), 140, lambda line: Cell(line.class_name)),
            TableColumn("sex", self.tr("性别"), 56, lambda line: Cell(line.sex)),
            TableColumn("number", self.tr("证件号"), 150, lambda line: Cell(line.number)),
        )
        self.table, self.model = simple_table(self.tr("名册基线中的学生"), columns, self)
        self.table.setFixedHeight(_HEIGHT)
        self.found = label(kind="cap")
        tools = row(self.classes, (self.search, 1), spacing=8)
        self.setLayout(
            column(section(self.tr("名单"), self.found), tools, self.table, margins=(12, 8, 12, 10), spacing=6)
        )
        self.classes.activated.connect(lambda _: self._filter())
        self.search.textChanged.connect(lambda _: self._filter())
        self._filter()

    def _filter(self) -> None:
        chosen, words = self.classes.currentData(), self.search.text().lower().split()
        shown = [
            line for line in self._lines
            if chosen in (None, line.class_name) and all(word in line.sought for word in words)
        ]  # fmt: skip
        self.model.set_rows(shown)
        boys, girls = (sum(line.sex == sex for line in shown) for sex in ("男", "女"))
        said = self.tr("{n} 人 · 男 {boys} · 女 {girls}")
        self.found.setText(said.format(n=f"{len(shown):,}", boys=boys, girls=girls))
