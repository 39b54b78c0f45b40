"""First step: drop, choose or paste a list; or go on with an import that was put aside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QRadioButton, QWidget

from models.domain.fields import ACCOUNTS, STUDENTS
from models.services.imports import ImportDraft
from ui.kit import IconLabel, button, card, clear, column, holder, label, row, rule, section
from ui.moments import moment

KINDS = (("", "自动识别"), (STUDENTS, "学生名册"), (ACCOUNTS, "教师账户"))


class StartStep(QWidget):
    """What to import. `choose` and `paste` ask the page; `resume` and `discard` carry the id of a draft."""

    choose = Signal()
    paste = Signal()
    resume = Signal(str)
    discard = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.kinds = QButtonGroup(self)
        buttons = []
        for place, (_, words) in enumerate(KINDS):
            radio = QRadioButton(self.tr(words))
            self.kinds.addButton(radio, place)
            buttons.append(radio)
        buttons[0].setChecked(True)
        self.pick = button(self.tr("选择文件"), "folder-open", "primary", "Ctrl+O", on_click=self.choose.emit)
        self.take = button(self.tr("粘贴表格内容"), "clipboard", tip="Ctrl+V", on_click=self.paste.emit)
        sign = IconLabel("file-import", "text3", 32)
        drop = column(
            row(None, sign, None),
            row(None, label(self.tr("把 Excel 或 CSV 文件拖到这里"), "h2"), None),
            row(None, label(self.tr("也可以在 Excel 里复制一块单元格（含列名），回到这里按 Ctrl+V。"), "dim"), None),
            row(None, *buttons, None, spacing=16),
            row(None, self.pick, self.take, None),
            row(None, label(self.tr("支持 xlsx、xls、csv；先检查、后写入，原文件不会被改动。"), "cap"), None),
            margins=(24, 28, 24, 28), spacing=12,
        )  # fmt: skip
        frame = QFrame()
        frame.setProperty("role", "card")
        frame.setLayout(drop)
        self._drafts = column(spacing=6)
        self.drafts = card(section(self.tr("放下的导入")), holder(self._drafts))
        self.drafts.hide()
        self.setLayout(column(frame, self.drafts, None, margins=(24, 24, 24, 24), spacing=16))

    @property
    def kind(self) -> str | None:
        """The kind of list chosen, None for one that is told from the titles."""
        return KINDS[self.kinds.checkedId()][0] or None

    def show_drafts(self, drafts: Sequence[ImportDraft]) -> None:
        """Show what was put aside."""
        clear(self._drafts)
        for draft in drafts:
            words = self.tr("学生名册") if draft.kind == STUDENTS else self.tr("教师账户")
            line = row(
                (label(draft.name), 1), label(f"{words} · {moment(draft.saved_at)}", "cap"),
                button(self.tr("继续"), "arrow-right", "link", self.tr("继续导入 {name}").format(name=draft.name),
                       on_click=partial(self.resume.emit, draft.id)),
                button("", "trash", "link", self.tr("删除草稿 {name}").format(name=draft.name),
                       on_click=partial(self.discard.emit, draft)),
            )  # fmt: skip
            self._drafts.addWidget(holder(line))
            self._drafts.addWidget(rule())
        self.drafts.setVisible(bool(drafts))

    def take_focus(self) -> None:
        """Put the caret on the first thing to do."""
        self.pick.setFocus(Qt.FocusReason.OtherFocusReason)
