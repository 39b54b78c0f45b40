"""生成备案表: which annex, for when, filled in by whom, on the upper tier's own sheet or ours, into which folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QWidget

from models.domain.filing import period_text
from models.domain.forms import FORMS, PROVINCE_TEACHERS
from models.domain.units import Tier
from ui.context import AppContext
from ui.forms.inputs import choice, line
from ui.kit import Banner, button, column, label, row
from ui.kit.around import Around
from ui.prompt import SPREADSHEETS

if TYPE_CHECKING:
    from models.domain.progress import Progress
    from sync.documents.forms import Built

FOLDER = "filing/folder"
TEMPLATE = "filing/template"


def forms_of(tier: Tier) -> list[tuple[str, str]]:
    """(key, words) of the annexes a unit of that tier writes; annex 2 is the province's (A13)."""
    shown = [form for form in FORMS.values() if form is not PROVINCE_TEACHERS or tier is Tier.PROVINCE]
    return [(form.key, f"{form.annex} {form.title}") for form in shown]


class FilingFiles(QDialog):
    """Asks, writes the files off the window's thread, and stays open when that is refused. `built` carries a Built."""

    built = Signal(object)

    def __init__(self, parent: QWidget, context: AppContext, form_key: str, period: str) -> None:
        super().__init__(parent)
        self.context, self._period = context, period
        self.setWindowTitle(self.tr("生成备案表"))
        self.setModal(True)
        self.form = choice(self.tr("哪一张表"), forms_of(context.actor.unit.tier)).without_room()
        self.form.set_text(form_key)
        self.form.edited.connect(self._show_template)
        self.name, self.phone = line(self.tr("填表人")).without_room(), line(self.tr("填表人电话")).without_room()
        self.date = line(self.tr("填表日期（留空为今天）"), "2026-10-20").without_room()
        self.template, self.folder = label(wrap=True), label(wrap=True, selectable=True)
        self._template: Path | None = None
        self._folder = Path(str(context.settings.value(FOLDER) or ""))
        self.fault = Banner("bad", "")
        self.fault.hide()
        self.plain = button(self.tr("不用"), "x", "link", on_click=lambda: self._keep_template(None))
        self.go = button(self.tr("生成"), "file-certificate", "primary", on_click=self.write)
        self.go.setDefault(True)
        self._lay_out()
        self._show_template()
        self._show_folder()
        context.read(_last_filler, done=self._show_filler, owner=self)

    def _lay_out(self) -> None:
        pick = button(self.tr("选择表样"), "file-spreadsheet", "link", on_click=self._pick_template)
        into = button(self.tr("选择文件夹"), "folder-open", "link", on_click=self._pick_folder)
        cancel = button(self.tr("取消"), on_click=self.reject)
        words = self.tr("{period}的表，写成 Excel 和带单位签名的 PDF 各一份，不覆盖已有的文件。")
        about = label(words.format(period=period_text(self._period)), "dim", wrap=True)
        self.setLayout(
            column(
                label(self.windowTitle(), "h2"), about, self.form, row((self.name, 1), (self.phone, 1), (self.date, 1)),
                label(self.tr("上级发的空白表"), "cap"), row((self.template, 1), self.plain, pick),
                label(self.tr("写到"), "cap"), row((self.folder, 1), into),
                Around(self.fault, (0, 4, 0, 0)), row(None, cancel, self.go), margins=(20, 16, 20, 16),
            )
        )  # fmt: skip
        self.setFixedWidth(620)

    def _show_filler(self, kept: dict[str, str]) -> None:
        self.name.set_text(kept.get("name") or self.context.actor.name)
        self.phone.set_text(kept.get("phone", ""))

    # --- where and on what ------------------------------------------------------------------------------

    def _key(self) -> str:
        return f"{TEMPLATE}_{self.form.text()}"

    def _show_template(self) -> None:
        """The sheet that was filled in last for this annex, as long as it is there."""
        kept = Path(str(self.context.settings.value(self._key()) or ""))
        self._template = kept if kept.name and kept.is_file() else None
        self.template.setText(self._template.name if self._template else self.tr("不用，按本程序的版式"))
        self.template.setToolTip(str(self._template or ""))
        self.plain.setVisible(self._template is not None)

    def _keep_template(self, path: Path | None) -> None:
        self.context.settings.setValue(self._key(), str(path or ""))
        self._show_template()

    def _pick_template(self) -> None:
        words = self.tr("上级发的空白表")
        self.context.prompt.open_files(self, words, SPREADSHEETS, lambda paths: self._keep_template(paths[0]))

    def _show_folder(self) -> None:
        there = bool(self._folder.name) and self._folder.is_dir()
        self.folder.setText(str(self._folder) if there else self.tr("还没有选择"))
        self.go.setEnabled(there)

    def _pick_folder(self) -> None:
        def chosen(path: Path) -> None:
            self._folder = path
            self.context.settings.setValue(FOLDER, str(path))
            self._show_folder()

        self.context.prompt.folder(self, self.tr("备案表写到"), chosen)

    # --- writing ----------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the files."""
        from models.services.filing.forms import Filler
        from sync.documents.forms import build_form

        store, form, folder, template = self.context.store, self.form.text(), self._folder, self._template
        filler = Filler(self.name.text(), self.phone.text(), self.date.text())
        self.go.setEnabled(False)
        self.fault.hide()

        def work(progress: Progress) -> Built:
            return build_form(store, form, folder, self._period, template, filler, progress)

        self.context.jobs.run(work, self._written, self._refused, owner=self, title=self.windowTitle(), progress=True)

    def _written(self, built: Built) -> None:
        self.accept()
        self.built.emit(built)

    def _refused(self, error: Exception) -> None:
        self.go.setEnabled(True)
        self.fault.say("bad", self.context.errors.describe(error, "filing").sentence)


def _last_filler(session: object) -> dict[str, str]:
    from models.services.preferences import form_filler

    return form_filler(session)  # type: ignore[arg-type]


def built_words(built: Built) -> str:
    """What was written, in sentences."""
    signed = "，PDF 已由单位签名" if built.signed else ""
    words = f"已生成“{built.xlsx.name}”和 PDF{signed}：共 {len(built.prepared.data.rows)} 行，在“{built.xlsx.parent}”。"
    return "".join([words, *built.remarks])
