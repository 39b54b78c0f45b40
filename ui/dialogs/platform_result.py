"""What was exported for the platform: what to upload in which order, the slips, who was left out."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from models.services.platform_state import ONEROSTER
from ui.context import AppContext
from ui.dialogs.platform_export import PASSWORDS, Exported
from ui.kit import Banner, button, clear, column, label, row, set_tone
from ui.kit.around import Around
from ui.pages.paper_view import print_pdf
from ui.pages.simple_table import simple_table
from ui.tables.cell import Cell
from ui.tables.model import TableColumn

_HOW = {
    "rename.csv": "上传方式选“仅更新已有用户”，允许重命名",
    "suspend.csv": "上传方式选“仅更新已有用户”，允许停用和激活账户",
    "add.csv": "上传方式选“只添加新用户”，密码用文件里的",
    "passwords.csv": "上传方式选“仅更新已有用户”，已有用户的密码改为文件里的",
    "oneroster.zip": "整个 zip 文件交给平台，不要解压",
}
"""File -> what to choose on the platform's page, in the order of uploading."""


class PlatformResult(QWidget):
    """Shows an Exported. `take_back`: the export is to be taken back; `left`: nothing more is wanted."""

    take_back = Signal()
    left = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self._shown: Exported | None = None
        self.title, self.where = label(kind="h2", wrap=True), label(kind="cap", wrap=True, selectable=True)
        self._steps = column(spacing=6)
        self.note = Banner("warn", "")
        self.out_title = label(kind="strong")
        columns = (
            TableColumn("who", self.tr("未导出的账户"), 140, lambda one: Cell(one.label)),
            TableColumn("why", self.tr("原因"), 380, lambda one: Cell(one.reason, tip=one.reason)),
        )
        self.table, self.model = simple_table(self.tr("未导出的账户"), columns, self)
        self.table.setMinimumHeight(110)
        folder = button(self.tr("打开文件夹"), "folder-open", on_click=self._open)
        tip = self.tr("没有上传就作废：下次重新导出这些内容")
        self.back = button(self.tr("撤销这次导出"), "arrow-back-up", "danger", tip, on_click=self.take_back.emit)
        self.slips = button("", "printer", "primary", self.tr("裁开、折好、封口后交给本人"), on_click=self.print_slips)
        close = button(self.tr("关闭"), on_click=self.left.emit)
        self._folder = folder
        self.setLayout(
            column(
                self.title, self.where, self._steps, Around(self.note, (0, 0, 0, 0)), self.out_title, (self.table, 1),
                row(self.back, None, close, folder, self.slips), spacing=10,
            )
        )  # fmt: skip

    def show_result(self, made: Exported) -> None:
        """Show what was written."""
        self._shown = made
        self.title.setText(made.counted)
        self.where.setText(str(made.folder) if made.paths else self.tr("没有写出文件。"))
        clear(self._steps)
        names = [path.name for path in made.paths]
        order = [name for name in _HOW if name in names]
        for place, name in enumerate(order, start=1):
            words = self.tr("{place}. 上传 {name}：{how}").format(place=place, name=name, how=_HOW[name])
            self._steps.addWidget(label(words, wrap=True))
        self._say(made)
        self.slips.set_text(self.tr("打印密码条（{n:,} 张）").format(n=made.slips))
        self.slips.setVisible(made.slips_path is not None)
        self._folder.setVisible(bool(made.paths))
        self.back.setVisible(bool(made.paths) and made.kind != PASSWORDS)
        self.model.set_rows(list(made.left_out))
        self.out_title.setText(self.tr("未导出 {n:,} 个，改好后再导出一次").format(n=len(made.left_out)))
        for part in (self.out_title, self.table):
            part.setVisible(bool(made.left_out))

    def _say(self, made: Exported) -> None:
        said = list(made.remarks)
        if made.slips_path is not None:
            words = self.tr("密码没有保存，只在 {csv} 和 slips.pdf 里；上传并发完后请删除这两个文件。")
            said.append(words.format(csv="passwords.csv" if made.kind == PASSWORDS else "add.csv"))
        elif made.kind == ONEROSTER and made.paths:
            said.append(self.tr("文件没有加密，请妥善保管，用完删除。"))
        self.note.say("warn", "\n".join(said))
        self.note.setVisible(bool(said))
        set_tone(self.note, "warn", "pill")

    def _open(self) -> None:
        if self._shown is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._shown.folder)))

    def print_slips(self) -> None:
        """The slips on paper, by way of a preview."""
        path = self._shown.slips_path if self._shown is not None else None
        if path is not None:
            print_pdf(self, self.context, self.tr("初始密码条"), path.read_bytes)
