"""The first rows of a platform's list under its columns; what a column is, is corrected by a menu at its head (A6)."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from models.exchange.platform.accounts_list import FIELDS
from models.exchange.sheets import Column
from models.services.inspection.exports import Mapping_, Opened
from ui.kit import column
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

_WIDTH = 132


class ColumnsTable(QWidget):
    """`mapped` carries the whole mapping as a person changed it: field -> letter, None for one that no column is."""

    mapped = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._opened: Opened | None = None
        self.table, self.model = simple_table(self.tr("清单的列和前几行"), (), self)
        self.table.horizontalHeader().setStretchLastSection(False)
        self.table.sort_asked.connect(lambda section, _: self.open_menu(section))
        self.table.columns_asked.connect(self._at)
        self.table.activated.connect(lambda index: self.open_menu(index.column()))
        self.setLayout(column(self.table))

    def show_file(self, opened: Opened) -> None:
        """Show the columns of the first sheet as they are understood."""
        self._opened = opened
        table = opened.tables[0]
        self.model.set_columns(
            [
                TableColumn(one.letter, self._title(one), _WIDTH, partial(_cell, place, bool(one.field)))
                for place, one in enumerate(table.columns)
            ]
        )
        self.model.set_rows([row for row in table.first_rows if any(row)])
        self.table.set_widths([max(_WIDTH, 14 * len(one.title) + 30) for one in self.model.columns])

    def _title(self, one: Column) -> str:
        name = one.title or self.tr("{letter} 列").format(letter=one.letter)
        if not one.field:
            return self.tr("不读取（{name}）").format(name=name) + " ▾"
        label = FIELDS[one.field][0]
        return f"{label} ▾" if label == name else f"{label}（{name}） ▾"

    def _at(self, place: QPoint) -> None:
        head = self.table.horizontalHeader()
        self.open_menu(head.logicalIndexAt(head.mapFromGlobal(place)))

    def open_menu(self, section: int) -> None:
        """Show the menu of a column below its head."""
        if self._opened is not None and 0 <= section < len(self.model.columns):
            head = self.table.horizontalHeader()
            self.menu_of(section).popup(head.mapToGlobal(QPoint(head.sectionViewportPosition(section), head.height())))

    def menu_of(self, section: int) -> QMenu:
        """The fields a column may be; those taken by another column say so."""
        assert self._opened is not None
        letter, now = self.model.columns[section].key, self._opened.tables[0].mapping
        menu = QMenu(self)
        menu.addAction(self.tr("不读取此列")).triggered.connect(lambda: self._choose(letter, ""))
        menu.addSeparator()
        for key, (label, _) in FIELDS.items():
            taken = key in now and now[key] != letter
            words = self.tr("{label}（现在是 {letter} 列）").format(label=label, letter=now[key]) if taken else label
            action = menu.addAction(words)
            action.setCheckable(True)
            action.setChecked(now.get(key) == letter)
            action.triggered.connect(partial(self._choose_checked, letter, key))
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def _choose_checked(self, letter: str, key: str, _checked: bool = False) -> None:
        self._choose(letter, key)

    def _choose(self, letter: str, key: str) -> None:
        """Take the column for a field, from wherever the field was; "" reads it no more."""
        assert self._opened is not None
        now = self._opened.tables[0].mapping
        kept: Mapping_ = {**dict.fromkeys(FIELDS), **{one: at for one, at in now.items() if at != letter}}
        self.mapped.emit({**kept, key: letter} if key else kept)


def _cell(place: int, taken: bool, line: tuple[str, ...]) -> Cell:
    text = line[place] if place < len(line) else ""
    return Cell(text, "" if taken else "mute", tip=text)


def describe(opened: Opened) -> tuple[str, str]:
    """Tone and words of the bar over the columns: what was recognised, what could not be read, what is missing."""
    table, export = opened.tables[0], opened.export
    left = [one.title for one in table.columns if one.title and not one.field]
    if export is None:
        return "bad", (
            f"“{opened.path.name}”的列没有全认出来：请点表头，指定哪一列是“用户名”。"
            if table.first_rows else opened.refusal
        )  # fmt: skip
    words = "已套用上次的对应，" if opened.known else ""
    words += f"读到 {len(export.accounts):,} 个账户，{len(table.columns)} 列中认出 {len(table.mapping)} 列"
    words += f"；不读取：{'、'.join(left[:6])}{'等' if len(left) > 6 else ''}。" if left else "。"
    unread = len(export.problems) + sum(1 for one in export.skipped if one.row)
    words += f"{unread} 处看不懂，按没有填写处理。" if unread else ""
    others = len(export.tables) - 1
    words += f"同一文件的另外 {others} 张工作表按同样的列读取。" if others else ""
    missing = _missing(set(table.mapping))
    return ("warn" if missing else "info"), words + missing


def _missing(present: set[str]) -> str:
    """What cannot be found out without columns the list does not have."""
    said = []
    if not present & {"name", "lastname", "firstname"}:
        said.append("没有姓名，不查是否实名")
    if not present & {"suspended", "enabled", "state"}:
        said.append("没有写明是否停用，所列账户都按可以使用核查")
    if "last_access" not in present:
        said.append("没有最近登录，不查长期未登录")
    return f"清单里{'；'.join(said)}。" if said else ""
