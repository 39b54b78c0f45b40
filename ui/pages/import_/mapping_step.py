"""Second step: which column of the file goes to which field; what the list must have and lacks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QScrollArea, QWidget

from models.domain.fields import FIELDS_OF
from models.exchange.sheets import Workbook
from models.rules.about_presence import missing_columns
from ui.kit import Banner, clear, column, holder, label, pill, row
from ui.pages.import_.loading import Mapping_, mapping_of


class FieldBox(QComboBox):
    """The fields of a kind of list, grouped as in forms, with 不导入此列 first; typing finds one."""

    def __init__(self, kind: str, current: str | None, name: str) -> None:
        super().__init__()
        self.addItem(self.tr("不导入此列"), "")
        for field in FIELDS_OF[kind]:
            if field.key != "hidden_47":
                self.addItem(field.label, field.key)
        self.setCurrentIndex(max(0, self.findData(current or "")))
        self.setAccessibleName(name)
        self.setMaxVisibleItems(16)
        self.setMinimumWidth(200)


class MappingStep(QWidget):
    """Every column of every sheet with its first cells. `changed` tells that a box was set."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._boxes: dict[tuple[str, str], FieldBox] = {}
        self._workbook: Workbook | None = None
        self.note = Banner("info", "", icon="wand")
        self._grids = column(spacing=12)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(holder(column(self._grids, None, margins=(16, 8, 16, 16))))
        self.setLayout(column(row(self.note, margins=(12, 8, 12, 4)), (area, 1), spacing=0))

    def show_workbook(self, workbook: Workbook, remembered: bool) -> None:
        """Show the columns as they are mapped now."""
        self._workbook = workbook
        self._boxes.clear()
        clear(self._grids)
        for sheet in workbook.sheets:
            self._grids.addWidget(self._sheet(workbook, sheet.sheet))
        self.note.say(*describe(workbook, remembered))

    def take_focus(self) -> None:
        """The first column that is not taken over has the keyboard, else the first of all."""
        boxes = list(self._boxes.values())
        open_ = [box for box in boxes if not box.currentData()]
        for box in (open_ or boxes)[:1]:
            box.setFocus()

    def _sheet(self, workbook: Workbook, name: str) -> QWidget:
        sheet = next(one for one in workbook.sheets if one.sheet == name)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        heads = (self.tr("列"), self.tr("文件中的列名"), self.tr("内容举例"), self.tr("导入到"), "")
        for place, words in enumerate(heads):
            grid.addWidget(label(words, "cap"), 0, place)
        for line, one in enumerate(sheet.columns, 1):
            texts = sheet.raw.get(one.field or "") or sheet.other.get(one.letter, [])
            examples = "、".join(text for text in texts[:20] if text)[:60]
            title = " ".join(part for part in (one.group, one.title) if part).replace("\n", " ")
            box = FieldBox(
                workbook.kind, one.field, self.tr("{letter} 列 {title} 导入到").format(letter=one.letter, title=title)
            )
            box.activated.connect(lambda _: self.changed.emit())
            self._boxes[name, one.letter] = box
            grid.addWidget(label(one.letter, "dim"), line, 0)
            grid.addWidget(label(title), line, 1)
            grid.addWidget(label(examples, "dim"), line, 2)
            grid.addWidget(box, line, 3)
            taken = (
                pill(self.tr("已对应"), "ok", "circle-check") if one.field else pill(self.tr("不导入"), "mute", "minus")
            )
            grid.addWidget(taken, line, 4)
        grid.setColumnStretch(2, 1)
        head = self.tr("工作表“{name}” · {n} 行").format(name=name, n=f"{len(sheet.rows):,}")
        return holder(column(label(head, "strong"), grid, spacing=8))

    def mapping(self) -> Mapping_:
        """The boxes as they stand; of two with the same field the later one wins."""
        found: Mapping_ = {}
        for (sheet, letter), box in self._boxes.items():
            key = str(box.currentData()) or None
            columns = found.setdefault(sheet, {})
            for other, taken in columns.items():
                if key and taken == key:
                    columns[other] = None
            columns[letter] = key
        return found

    def is_changed(self) -> bool:
        """Whether the boxes differ from how the file was read."""
        return self._workbook is not None and self.mapping() != mapping_of(self._workbook)


def describe(workbook: Workbook, remembered: bool) -> tuple[str, str]:
    """Tone and words of the bar over the columns: how many were recognised, which are left out, what is missing."""
    columns = [column for sheet in workbook.sheets for column in sheet.columns]
    taken = [column for column in columns if column.field]
    left = "、".join(
        dict.fromkeys(column.title.replace("\n", "") for column in columns if not column.field and column.title)
    )
    words = "已套用上次的对应方案，" if remembered else ""
    words += f"自动对应 {len(columns)} 列中的 {len(taken)} 列"
    words += f"；不导入：{left}。" if left else "。"
    present = {column.field for column in taken if column.field}
    missing = [finding.message for finding in missing_columns(workbook.kind, present)]
    if "name" not in present:
        return "bad", words + missing[0]
    if missing:
        labels = {field.key: field.label for field in FIELDS_OF[workbook.kind]}
        names = [labels[f.field] for f in missing_columns(workbook.kind, present)]
        shown = "、".join(names[:4]) + (f"等 {len(names)} 列" if len(names) > 4 else "")
        words += f"文件中没有{shown}，可以以后在名册中补充。"
    return "info", words
