"""导入: from a spreadsheet or a pasted block to the roster, in five steps (screen b)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedWidget

from models.exchange.writing import write_error_workbook
from models.services import imports
from models.services.imports import ImportDraft, ImportResult, MassChangeError
from ui.context import AppContext
from ui.kit import Banner, button, column
from ui.kit.around import Around
from ui.page import Page
from ui.pages.import_.check_step import CheckStep
from ui.pages.import_.foot import ImportFoot
from ui.pages.import_.head import ImportHead
from ui.pages.import_.loading import Loaded, Mapping_, Source, load, load_draft, reload
from ui.pages.import_.mapping_step import MappingStep
from ui.pages.import_.paste import read_block
from ui.pages.import_.preview_step import PreviewStep, lines_of
from ui.pages.import_.result_step import ResultStep
from ui.pages.import_.start_step import StartStep
from ui.prompt import SPREADSHEETS

START, MAPPING, CHECK, PREVIEW, RESULT = range(5)


class ImportPage(Page):
    """Holds one import at a time; another one waits as a draft."""

    TABLES = frozenset({"import_draft"})

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.loaded: Loaded | None = None
        self.check: CheckStep | None = None
        self._draft_id = ""
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
        for made, act in (
            (self.foot.back, self._back), (self.foot.export, self.export_errors), (self.foot.part, self.to_preview),
            (self.foot.next, self._next),
        ):  # fmt: skip
            made.clicked.connect(lambda _=False, act=act: act())
        around = Around(self.banner, (12, 8, 12, 0))
        self.setLayout(column(self.head, around, (self.steps, 1), self.foot, spacing=0))
        self.start.choose.connect(self.choose)
        self.start.paste.connect(lambda: self.paste())
        self.start.resume.connect(self._resume)
        self.start.discard.connect(self._discard)
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
            self._load(Path(arguments["path"]), kind)
        elif arguments.get("paste"):
            self.paste(kind or self.start.kind)

    def open_file(self, path: Path) -> bool:
        """Import a file; one under work is put aside first."""
        self._load(path, self.start.kind)
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
        widgets = (self.start, self.mapping, self.check, self.preview, self.result)
        self.steps.setCurrentWidget(widgets[step] or self.start)
        self.banner.hide()
        self.head.undo.setVisible(step == CHECK)
        self.head.put_aside.setVisible(step in (CHECK, PREVIEW))
        shown = self.loaded is not None and step not in (START, RESULT)
        self.head.show_step(step, self.loaded.checked.workbook if self.loaded and shown else None)
        if self.isVisible():
            (self.steps.currentWidget() or self).setFocus()
            self.focusNextChild()
        self._fill_foot()
        self.say_hint()

    def _fill_foot(self) -> None:
        if self.step == MAPPING:
            self.foot.show_mapping()
        elif self.step == CHECK and self.check is not None:
            self.foot.show_check(self.check)
        elif self.step == PREVIEW and self.check is not None:
            self.foot.show_preview(self.check.session.checked.counts)
        else:
            self.foot.hide()

    def _next(self) -> None:
        steps = {MAPPING: self._mapped, CHECK: self.to_preview, PREVIEW: self.write}
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
        if self.check is not None:
            self.steps.removeWidget(self.check)
            self.check.deleteLater()
        self.loaded, self.check, self._draft_id, self._written = None, None, "", False
        self._show(START)
        self.refresh()

    # --- reading ------------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Ask for a file."""
        self.context.prompt.open_files(
            self, self.tr("选择要导入的表格"), SPREADSHEETS, lambda paths: self._load(paths[0], self.start.kind)
        )  # fmt: skip

    def paste(self, kind: str | None = None) -> None:
        """Take what was copied in a spreadsheet as the list of pupils or of teachers."""
        block = read_block(QGuiApplication.clipboard().text())
        if len(block) < 2:
            self.banner.say("warn", self.tr("剪贴板里没有表格内容。请在 Excel 中连同列名一起复制，再按 Ctrl+V。"))
            return
        self._load_source(lambda: Source.of_block(block), kind or self.start.kind)

    def _load(self, path: Path, kind: str | None) -> None:
        self._load_source(lambda: Source.of_file(path), kind)

    def _load_source(self, make: Any, kind: str | None) -> None:
        if self.has_draft():
            self._save(lambda: self._load_source(make, kind))
            return
        store = self.context.store
        self.context.jobs.run(
            lambda progress: load(store, make(), kind, None, progress), self._loaded, self._failed, owner=self,
            title=self.tr("读取并检查表格"), progress=True,
        )  # fmt: skip

    def _failed(self, error: Exception) -> None:
        shown = self.context.errors.describe(error, "import")
        self.banner.say(shown.tone, shown.sentence)

    def _loaded(self, loaded: Loaded) -> None:
        """Go to the grid when the columns are clear, else ask for them."""
        self._take(loaded)
        book = loaded.checked.workbook
        known = {column.field for sheet in book.sheets for column in sheet.columns if column.field}
        clear_enough = "name" in known and (loaded.remembered or loaded.source is None or not self._unknown(loaded))
        if clear_enough:
            self._show(CHECK)
        else:
            self._show_mapping()

    @staticmethod
    def _unknown(loaded: Loaded) -> bool:
        """Whether more than a third of the titled columns was not recognised."""
        titled = [c for sheet in loaded.checked.workbook.sheets for c in sheet.columns if c.title]
        return sum(c.field is None for c in titled) * 3 > len(titled)

    def _take(self, loaded: Loaded) -> None:
        if self.check is not None:
            self.steps.removeWidget(self.check)
            self.check.deleteLater()
        self.loaded, self._draft_id, self._written = loaded, loaded.draft_id, False
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
            self._fill_foot()
            self.say_hint()

    def _show_mapping(self) -> None:
        if self.loaded is not None:
            self.mapping.show_workbook(self.loaded.checked.workbook, self.loaded.remembered)
            self._show(MAPPING)

    def _mapped(self) -> None:
        if self.loaded is None:
            return
        if self.mapping.is_changed():
            self._remap(self.mapping.mapping())
        else:
            self._remember()
            self._show(CHECK)

    def _remap(self, mapping: Mapping_) -> None:
        loaded, check = self.loaded, self.check
        if loaded is None or loaded.source is None or check is None:
            return
        store, source, typed = self.context.store, loaded.source, dict(check.session.typed)
        kind = loaded.checked.kind

        def done(again: Loaded) -> None:
            self._take(again)
            self._remember()
            self._show(CHECK)

        self.context.jobs.run(
            lambda progress: reload(store, source, kind, mapping, typed, progress), done, self._failed, owner=self,
            title=self.tr("按新的对应重新检查"), progress=True,
        )  # fmt: skip

    def _remember(self) -> None:
        assert self.loaded is not None
        book = self.loaded.checked.workbook

        def keep(session: Any) -> None:
            for sheet in book.sheets:
                mapping = {column.letter: column.field for column in sheet.columns}
                imports.remember_mapping(session, sheet, book.kind, mapping)

        self.context.write(keep, owner=self)

    # --- putting aside ------------------------------------------------------------------------------------

    def save_and_close(self) -> None:
        """Keep the import as a draft in the store and go back to the first step."""

        def saved() -> None:
            self._reset()
            self.context.toast(self.tr("已存为草稿，可以随时继续。"))

        self._save(saved)

    def _save(self, then: Any) -> None:
        if self.check is None:
            then()
            return
        checked = self.check.session.checked

        def saved(_draft_id: str) -> None:
            self._written = True
            then()

        self.context.write(
            imports.save_draft, self.context.actor, checked, self._draft_id or None, done=saved, owner=self,
            title=self.tr("保存草稿"), failed=self._failed,
        )  # fmt: skip

    def _resume(self, draft_id: str) -> None:
        store = self.context.store
        self.context.jobs.run(
            lambda: load_draft(store, draft_id), self._loaded, self._failed, owner=self, title=self.tr("打开草稿")
        )

    def _discard(self, draft: ImportDraft) -> None:
        text = self.tr("删除后不能恢复，“{name}”里改过的内容都会丢失。").format(name=draft.name)
        self.context.prompt.confirm(
            self, self.tr("删除草稿"), text,
            lambda: self.context.write(imports.delete_draft, draft.id, done=lambda _: self.refresh(), owner=self),
            danger=True,
        )  # fmt: skip

    # --- the end ------------------------------------------------------------------------------------------

    def export_errors(self) -> None:
        """Write rows with faults and their reasons to a workbook that can be imported again."""
        if self.check is None:
            return
        checked = self.check.session.checked
        name = f"{checked.workbook.path.stem}_错误清单.xlsx"

        def write(path: Path) -> None:
            done = self.tr("已导出“{name}”。其中有学生信息，请妥善保管，用完删除。").format(name=path.name)
            self.context.jobs.run(
                lambda: write_error_workbook(path, checked.workbook, checked.findings),
                lambda _: self.context.toast(done), self._failed, owner=self, title=self.tr("导出错误清单"),
            )  # fmt: skip

        self.context.prompt.save_file(self, self.tr("导出错误清单"), name, SPREADSHEETS, write)

    def to_preview(self) -> None:
        """Show what would be written."""
        if self.check is None or self.check.busy:
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
        store, checked, began = self.context.store, self.check.session.checked, time.monotonic()
        self.foot.next.setEnabled(False)

        def work(progress: Any) -> ImportResult:
            result: ImportResult = store.write(imports.apply, store.actor, checked, True, progress, confirmed)
            if self._draft_id:
                store.write(imports.delete_draft, self._draft_id)
            return result

        def done(result: ImportResult) -> None:
            self._written = True
            self.result.show_result(result, checked.kind, time.monotonic() - began)
            self._show(RESULT)

        self.context.jobs.run(work, done, self._not_written, owner=self, title=self.tr("写入名册"), progress=True)

    def _not_written(self, error: Exception) -> None:
        self.foot.next.setEnabled(True)
        if isinstance(error, MassChangeError):
            go = button(self.tr("确认写入"), kind="danger", on_click=lambda: self.write(confirmed=True))
            self.banner.say("warn", str(error), [go])
        else:
            self._failed(error)
