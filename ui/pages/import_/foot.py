"""The foot of the import: back, the error list, the clean part, and the one button that goes on."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame

from models.services.imports import Outcome
from ui.kit import button, row
from ui.pages.import_.check_step import CheckStep
from ui.pages.import_.ending import accounts_to_submit
from ui.pages.import_.steps import CHECK, MAPPING, PREVIEW


class ImportFoot(QFrame):
    """Four buttons that stay; each step says what they are for. The page connects their clicks."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "foot")
        self.back = button(self.tr("上一步"))
        tip = self.tr("错误写在表中，可发给班主任改好再导入（Ctrl+E）")
        self.export = button(self.tr("导出错误清单.xlsx"), "file-spreadsheet", tip=tip)
        self.part = button()
        self.next = button(kind="primary")
        self.setLayout(row(self.back, None, self.export, self.part, self.next, margins=(16, 8, 16, 8)))

    def _offer(self, words: str, tip: str = "Ctrl+Enter", *, enabled: bool = True, check: bool = False) -> None:
        self.export.setVisible(check)
        self.part.setVisible(check)
        self.next.set_text(words)
        self.next.setToolTip(tip)
        self.next.setEnabled(enabled)
        self.show()

    def show_step(self, step: int, check: CheckStep | None) -> None:
        """The buttons of a step; none where there is nothing to go on to."""
        if step == MAPPING:
            self.show_mapping()
        elif step == CHECK and check is not None:
            self.show_check(check)
        elif step == PREVIEW and check is not None:
            self.show_preview(check.session.checked.counts)
        else:
            self.hide()

    def show_mapping(self) -> None:
        """On to the check of the rows."""
        self._offer(self.tr("检查数据"))

    def show_check(self, check: CheckStep) -> None:
        """On to the preview, of everything or of the rows without errors."""
        total, errors, warned = check.session.totals()
        new = accounts_to_submit(check.session.checked)
        if new:
            self.show_submit(new, check)
            return
        words = self.tr("全部改好后继续（还差 {n} 行）").format(n=errors) if errors else self.tr("预览差异")
        tip = self.tr("按 F8 逐处修改，或先导入没有错误的行") if errors else "Ctrl+Enter"
        self._offer(words, tip, enabled=not errors and not check.editor.busy, check=True)
        self.export.setEnabled(bool(check.session.checked.findings))
        some = self.tr("（其中 {n} 行有提醒）").format(n=f"{warned:,}") if warned else ""
        self.part.set_text(self.tr("先导入 {n} 行{some}").format(n=f"{total - errors:,}", some=some))
        self.part.setEnabled(total > errors and not check.editor.busy)
        self.part.setVisible(bool(errors))

    def show_submit(self, number: int, check: CheckStep) -> None:
        """New accounts go to the head at once; what would be written can still be looked at first."""
        tip = self.tr("交主管领导批准后启用（Ctrl+Enter）")
        words = self.tr("提交 {n} 个账户").format(n=f"{number:,}")
        self._offer(words, tip, enabled=not check.editor.busy, check=True)
        self.export.setEnabled(bool(check.session.checked.findings))
        self.part.set_text(self.tr("预览差异"))
        self.part.setEnabled(not check.editor.busy)

    def show_preview(self, counts: dict[Outcome, int]) -> None:
        """On to writing."""
        number = counts[Outcome.NEW] + counts[Outcome.UPDATE] + counts[Outcome.CHANGES]
        words = self.tr("写入 {n} 行").format(n=f"{number:,}") if number else self.tr("没有需要写入的内容")
        self._offer(words, enabled=bool(number))
