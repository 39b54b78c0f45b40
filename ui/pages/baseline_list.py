"""The rows of a baseline as a person checks them: by class or department, sorted, searched, numbers masked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QComboBox, QFrame, QLineEdit

from models.domain.fields import ACCOUNTS, FIELDS_OF, STUDENTS
from models.domain.filing import ACT_LABELS, Act
from models.domain.masking import mask
from models.rules.classes import class_order
from models.rules.naming import pinyin_keys
from models.services.checking import value_text
from ui.kit import column, label, row, section
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

_HEIGHT = 330
_GIVE_WAY = ("department", "post")
"""Columns that leave their room to what is to be looked at."""
_ACT = "act"
"""What a filing says of an account; rows of other lists have none."""


@dataclass(frozen=True)
class _Look:
    """How rows of a kind of roster are shown: `group` is the field they are chosen by, `columns` field and width."""

    title: str
    every: str
    groupless: str
    hint: str
    counted: str
    group: str
    columns: tuple[tuple[str, int], ...]


_LOOKS = {
    STUDENTS: _Look(
        "名册基线中的学生", "全部班级 · {n} 人", "没有班级", "查找姓名、拼音或班级", "{n} 人", "class_name",
        (("name", 110), ("class_name", 140), ("sex", 56), ("id_number", 150)),
    ),
    ACCOUNTS: _Look(
        "这一批账户", "全部部门 · {n} 个", "没有部门", "查找姓名、拼音、用户名或部门", "{n} 个账户", "department",
        (
            ("name", 100), ("username", 150), ("sex", 48), ("email", 160), ("office_phone", 120), ("department", 110),
            ("post", 96), ("employment", 80), ("on_staff", 72),
        ),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One pupil or account. `texts` by field, numbers masked; `sought` is what the search looks through; `mark` what is
    to be looked at before it is approved."""

    texts: Mapping[str, str]
    group: str
    sought: str
    mark: str = ""


@dataclass(frozen=True)
class BaselineRows:
    """The rows of one baseline and the kind of roster they belong to."""

    kind: str = STUDENTS
    rows: tuple[BaselineRow, ...] = ()


def baseline_rows(
    kind: str, rows: Iterable[Mapping[str, Any]], marks: Mapping[str, str] | None = None
) -> BaselineRows:  # fmt: skip
    """Rows of a baseline ({"id", "values"}, those of a filing with "act") by class or department, then by name; those
    with a mark (by id) stand first."""
    look, found = _LOOKS[kind], []
    fields = [field for field in FIELDS_OF[kind] if field.key in dict(look.columns)]
    for one in rows:
        values: Mapping[str, str] = one["values"]
        texts = {field.key: value_text(field.key, values.get(field.key, ""), kind) for field in fields}
        texts |= {field.key: mask(field, values.get(field.key, "")) for field in fields if field.mask}
        if "act" in one:
            texts[_ACT] = ACT_LABELS[Act(one["act"])]
        name, group = values.get("name", ""), values.get(look.group, "")
        spelled = pinyin_keys(name)
        sought = " ".join((name, group, values.get("username", ""), *spelled)).lower()
        mark = (marks or {}).get(one.get("id", ""), "")
        found.append((not mark, class_order(group), spelled[0], BaselineRow(texts, group, sought, mark)))
    return BaselineRows(kind, tuple(line for *_, line in sorted(found, key=lambda entry: entry[:3])))


def _cell(key: str) -> Callable[[BaselineRow], Cell]:
    return lambda line: Cell(line.texts[key])


def _mark(line: BaselineRow) -> Cell:
    return Cell(line.mark, "warn" if line.mark else "text3", tip=line.mark)


class BaselineList(QFrame):
    """A card with the rows: a class or department chooses its own, typing finds some (characters, pinyin, initials)."""

    def __init__(self, baseline: BaselineRows) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self._lines, self._look = baseline.rows, _LOOKS[baseline.kind]
        self._sexes = baseline.kind == STUDENTS
        look, labels = self._look, {field.key: field.label for field in FIELDS_OF[baseline.kind]}
        self.groups = QComboBox()
        self.groups.setAccessibleName(labels[look.group])
        self.groups.addItem(self.tr(look.every).format(n=f"{len(self._lines):,}"), None)
        for name, number in Counter(line.group for line in self._lines).items():
            self.groups.addItem(f"{name or self.tr(look.groupless)} · {number:,}", name)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr(look.hint))
        self.search.setAccessibleName(self.search.placeholderText())
        self.search.setClearButtonEnabled(True)
        columns = [TableColumn(key, labels[key], width, _cell(key)) for key, width in look.columns]
        if any(line.mark for line in self._lines):
            columns = [column for column in columns if column.key not in _GIVE_WAY]
            columns.insert(2, TableColumn("mark", self.tr("请核对"), 340, _mark))
        if any(_ACT in line.texts for line in self._lines):
            columns.insert(0, TableColumn(_ACT, self.tr("变动"), 56, _cell(_ACT)))
        self.table, self.model = simple_table(self.tr(look.title), columns, self)
        self._fit()
        self.found = label(kind="cap")
        tools = row(self.groups, (self.search, 1), spacing=8)
        self.setLayout(
            column(section(self.tr("名单"), self.found), tools, self.table, margins=(12, 8, 12, 10), spacing=6)
        )
        self.groups.activated.connect(lambda _: self._filter())
        self.search.textChanged.connect(lambda _: self._filter())
        self._filter()

    def _fit(self) -> None:
        """As high as the rows need, up to a limit; the same while somebody searches."""
        head, bar = self.table.horizontalHeader().height(), self.table.horizontalScrollBar().sizeHint().height()
        rows = len(self._lines) * self.table.verticalHeader().defaultSectionSize()
        self.table.setFixedHeight(min(_HEIGHT, head + rows + bar + 4))

    def _filter(self) -> None:
        chosen, words = self.groups.currentData(), self.search.text().lower().split()
        shown = [
            line for line in self._lines
            if chosen in (None, line.group) and all(word in line.sought for word in words)
        ]  # fmt: skip
        self.model.set_rows(shown)
        said = self.tr(self._look.counted).format(n=f"{len(shown):,}")
        if self._sexes:
            boys, girls = (sum(line.texts["sex"] == sex for line in shown) for sex in ("男", "女"))
            said += self.tr(" · 男 {boys} · 女 {girls}").format(boys=boys, girls=girls)
        self.found.setText(said)
