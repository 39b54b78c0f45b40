"""导入: from a spreadsheet or a pasted block to the roster, in five steps (screen b)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedWidget

from models.services import imports
from models.services.imports import ImportResult, MassChangeError
from ui.context import AppContext
from ui.kit import Banner, button, column
from ui.kit.around import Around
from ui.page import Page
from ui.pages.import_.check_step import CheckStep
from ui.pages.import_.drafts import ImportDrafts
from ui.pages.import_.ending import accounts_to_submit, export_errors, write_rows
from ui.pages.import_.foot import ImportFoot
from ui.pages.import_.head import ImportHead
from ui.pages.import_.loading import Loaded, Mapping_, Source, columns_clear, remember
from ui.pages.import_.mapping_step import MappingStep
from ui.pages.import_.paste import read_block
from ui.pages.import_.preview_step import PreviewStep, lines_of
from ui.pages.import_.reading import read_again, read_source
from ui.pages.import_.result_step import ResultStep
from ui.pages.import_.start_step import StartStep
from ui.pages.import_.steps import CHECK, MAPPING, PREVIEW, RESULT, START
from ui.prompt import SPREADSHEETS


class ImportPage(Page):
    """Holds one import at a time; another one waits as a draft."""

    TABLES = frozenset({"import_draft"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.loaded: Loaded | None = None
        self.check: CheckStep | None = None
        self.drafts = ImportDrafts(context, self, self._failed)
        self._written = False
        self.head = ImportHead()
        self.head.undo.clicked.connect(lambda: self.run_action("undo"))
        self.head.put_aside.clicked.connect(lambda: self.save_and_close())
        self.banner = Banner("warn", "")
        self.banner.hide()
        self.start, self.mapping = StartStep(), MappingStep()
        self.preview, self.result = PreviewStep(), ResultStep(context)
        self.steps = QStackedWidget()
        for step in (self.start, self.mapping, self.preview, self.result):
            self.steps.addWidget(step)
        self.foot = ImportFoot()
        acts = (self._back, self.export_errors, self.to_preview, self._next)
        for made, act in zip((self.foot.back, self.foot.export, self.foot.part, self.foot.next), acts, strict=True):
            made.clicked.connect(lambda _=False, act=act: act())
        around = Around(self.banner, (12, 8, 12, 0))
        self.setLayout(column(self.head, around, (self.steps, 1), self.foot, spacing=0))
        self.start.choose.connect(self.choose)
        self.start.paste.connect(lambda: self.paste())
        self.start.resume.connect(lambda draft_id: self.drafts.resume(draft_id, self._loaded))
        self.start.discard.connect(lambda draft: self.drafts.discard(draft, self.refresh))
        self.result.again.connect(self._reset)
        self._show(START)

    # --- the window ---------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the drafts that were put aside."""
        self.context.read(imports.list_drafts, done=self.start.show_drafts, owner=self)

    def arrive(self, **arguments: Any) -> None:
        """`path`: import this file; `kind`: students or teachers; `paste`: a copied block."""
        kind = arguments.get("kind")
        if arguments.get("path"):
            self._load_source(lambda: Source.of_file(Path(arguments["path"])), kind)
        elif arguments.get("paste"):
            self.paste(kind or self.start.kind)

    def open_file(self, path: Path) -> bool:
        """Import a file; one under work is put aside first."""
        self._load_source(lambda: Source.of_file(path), self.start.kind)
        return True

    def has_draft(self) -> bool:
        """An import that is neither written nor put aside."""
        return self.check is not None and not self._written

    def hint(self) -> str:
        """What the keys do in the step in sight."""
        if self.step == CHECK and self.check is not None:
            return self.check.hint()
        return self.tr("把表格拖到窗口任意位置即可导入 · Ctrl+O 选择文件 · Ctrl+V 粘贴")

    def run_action(self, key: str) -> bool:
        """Keys of the step in sight."""
        if key == "save" and self.check is not None and not self._written:
            self.save_and_close()
        elif key == "submit" and self.step in (MAPPING, CHECK, PREVIEW):
            self.foot.next.click()
        elif key == "export" and self.step == CHECK:
            self.export_errors()
        elif self.step == CHECK and self.check is not None:
            return self.check.act(key)
        elif key == "paste" and self.step == START:
            self.paste()
        else:
            return False
        return True

    # --- steps --------------------------------------------------------------------------------------------

    def _show(self, step: int) -> None:
        self.step = step
        parts = (self.start, self.mapping, self.check, self.preview, self.result)
        self.steps.setCurrentWidget(parts[step] or self.start)
        self.banner.hide()
        self.head.undo.setVisible(step == CHECK)
        self.head.put_aside.setVisible(step in (CHECK, PREVIEW))
        book = self.loaded.checked.workbook if self.loaded and step not in (START, RESULT) else None
        self.head.show_step(step, book)
        self.foot.show_step(self.step, self.check)
        if self.isVisible():
            QTimer.singleShot(0, self, self.take_focus)  # what a step has just made is not in sight yet
        self.say_hint()

    def take_focus(self) -> None:
        """The keyboard is where the step in sight begins."""
        step: Any = self.steps.currentWidget()
        step.take_focus()

    def _next(self) -> None:
        direct = self.check is not None and bool(accounts_to_submit(self.check.session.checked))
        steps = {MAPPING: self._mapped, CHECK: self.write if direct else self.to_preview, PREVIEW: self.write}
        steps[self.step]()

    def _back(self) -> None:
        if self.step == MAPPING:
            self.run_action("save") if self.check else self._reset()
        elif self.step == CHECK:
            if self.loaded is not None and self.loaded.source is not None:
                self._show_mapping()
            else:
                self.save_and_close()
        else:
            self._show(CHECK)

    def _reset(self) -> None:
        self._drop_check()
        self.loaded, self.check, self.drafts.current, self._written = None, None, "", False
        self._show(START)
        self.refresh()

    # --- reading ------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for a file."""
        title = self.tr("选择要导入的表格")
        self.context.prompt.open_files(self, title, SPREADSHEETS, lambda paths: self.open_file(paths[0]))

    def paste(self, kind: str | None = None) -> None:
        """Take what was copied in a spreadsheet as the list of pupils or of teachers."""
        if len(block := read_block(QGuiApplication.clipboard().text())) < 2:
            self.banner.say("warn", self.tr("剪贴板里没有表格内容。请在 Excel 中连同列名一起复制，再按 Ctrl+V。"))
            return
        self._load_source(lambda: Source.of_block(block), kind or self.start.kind)

    def _load_source(self, make: Any, kind: str | None) -> None:
        if self.has_draft():
            self._save(lambda: self._load_source(make, kind))
            return
        read_source(self.context, self, make, kind, self._loaded, self._failed)

    def _failed(self, error: Exception) -> None:
        shown = self.context.errors.describe(error, "import")
        self.banner.say(shown.tone, shown.sentence)

    def _loaded(self, loaded: Loaded) -> None:
        """Go to the grid when the columns are clear, else ask for them."""
        self._take(loaded)
        if columns_clear(loaded):
            self._show(CHECK)
        else:
            self._show_mapping()

    def _drop_check(self) -> None:
        if self.check is not None:
            self.steps.removeWidget(self.check)
            self.check.deleteLater()

    def _take(self, loaded: Loaded) -> None:
        self._drop_check()
        self.loaded, self.drafts.current, self._written = loaded, loaded.draft_id, False
        self.check = CheckStep(self.context, loaded)
        self.check.judged.connect(self._judged)
        self.check.remap.connect(self._remap)
        self.check.show_mapping.connect(self._show_mapping)
        self.check.table.moved.connect(self.say_hint)
        self.steps.addWidget(self.check)

    def _judged(self) -> None:
        if self.check is not None and self.step == CHECK:
            words = self.check.session.history.undo_words
            self.head.undo.setEnabled(bool(words))
            self.head.undo.setToolTip(f"Ctrl+Z {words}")
            self.foot.show_step(self.step, self.check)
            self.say_hint()

    def _show_mapping(self) -> None:
        if self.loaded is not None:
            self.mapping.show_workbook(self.loaded.checked.workbook, self.loaded.remembered)
            self._show(MAPPING)

    def _mapped(self) -> None:
        if self.mapping.is_changed():
            self._remap(self.mapping.mapping())
        elif self.loaded is not None:
            self._use(self.loaded)

    def _remap(self, mapping: Mapping_) -> None:
        loaded, check = self.loaded, self.check
        if loaded is None or loaded.source is None or check is None:
            return

        def done(again: Loaded) -> None:
            self._take(again)
            self._use(again)

        read_again(self.context, self, check, loaded.source, mapping, done, self._failed)

    def _use(self, loaded: Loaded) -> None:
        """The columns are right: keep them in mind and go on to the rows."""
        self.context.write(remember, loaded.checked.workbook, owner=self)
        self._show(CHECK)

    # --- putting aside ------------------------------------------------------------------------------------

    def save_and_close(self) -> None:
        """Keep the import as a draft in the store and go back to the first step."""
        self._save(self._put_aside)

    def _put_aside(self) -> None:
        self._reset()
        self.context.toast(self.tr("已存为草稿，可以随时继续。"))

    def _save(self, then: Any) -> None:
        if self.check is None:
            then()
            return

        def saved() -> None:
            self._written = True
            then()

        self.drafts.save(self.check.session.checked, saved)

    # --- the end ------------------------------------------------------------------------------------------

    def export_errors(self) -> None:
        """Write rows with faults and their reasons to a workbook that can be imported again."""
        if self.check is not None:
            export_errors(self.context, self, self.check.session.checked, self._failed)

    def to_preview(self) -> None:
        """Show what would be written."""
        if self.check is None or self.check.editor.busy:
            return
        checked = self.check.session.checked

        def done(lines: Any) -> None:
            self.preview.show_lines(lines, checked.counts, checked.kind)
            self._show(PREVIEW)

        self.context.jobs.run(lambda: lines_of(checked), done, self._failed, owner=self)

    def write(self, *, confirmed: bool = False) -> None:
        """Write the sound rows in one transaction; nothing when it fails or is stopped."""
        if self.check is None:
            return
        checked = self.check.session.checked
        self.foot.next.setEnabled(False)

        def done(result: ImportResult, seconds: float) -> None:
            self._written = True
            self.result.show_result(result, checked.kind, seconds)
            self._show(RESULT)

        write_rows(
            self.context, self, checked, self.drafts.current, confirmed=confirmed, done=done, failed=self._not_written
        )

    def _not_written(self, error: Exception) -> None:
        self.foot.next.setEnabled(True)
        if isinstance(error, MassChangeError):
            go = button(self.tr("确认写入"), kind="danger", on_click=lambda: self.write(confirmed=True))
            self.banner.say("warn", str(error), [go])
        else:
            self._failed(error)
