"""The head of the import: what is imported, the five steps, undo and putting aside."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame

from models.domain.fields import STUDENTS
from models.exchange.sheets import Workbook
from ui.kit import Stepper, button, column, label, row


class ImportHead(QFrame):
    """The page connects the two buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "bar")
        self.title, self.sub = label(self.tr("导入"), "h1"), label(kind="dim")
        self.undo = button(self.tr("撤销"), "arrow-back-up", tip="Ctrl+Z")
        self.put_aside = button(self.tr("存为草稿并关闭"), "device-floppy", tip="Ctrl+S")
        self.stepper = Stepper(
            [self.tr("选择文件"), self.tr("对应列"), self.tr("检查与修改"), self.tr("预览差异"), self.tr("写入名册")]
        )
        top = row(self.title, (self.sub, 1), self.undo, self.put_aside, spacing=12)
        self.setLayout(column(top, self.stepper, margins=(16, 8, 16, 8)))

    def show_step(self, step: int, book: Workbook | None) -> None:
        """Mark the step and say what file it is, None for none."""
        self.stepper.set_current(step)
        if book is None:
            self.title.setText(self.tr("导入"))
            self.sub.setText("")
            return
        rows, columns = sum(len(s.rows) for s in book.sheets), max(len(s.columns) for s in book.sheets)
        sheet = f" › {book.sheets[0].sheet}" if len(book.sheets) == 1 else ""
        self.title.setText(self.tr("导入学生") if book.kind == STUDENTS else self.tr("导入教师账户"))
        facts = self.tr("{rows} 行 · {columns} 列").format(rows=f"{rows:,}", columns=columns)
        self.sub.setText(f"{book.path.name}{sheet} · {facts}")
