"""Imports that were put aside: kept in the store, gone on with, thrown away."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from models.services import imports
from models.services.imports import CheckedImport, ImportDraft
from ui.context import AppContext
from ui.pages.import_.loading import Loaded, load_draft

Failed = Callable[[Exception], object]


class ImportDrafts:
    """Acts for the page; `current` is the draft the import in front came from or was kept as."""

    def __init__(self, context: AppContext, page: QWidget, failed: Failed) -> None:
        self.context, self._page, self._failed = context, page, failed
        self.current = ""

    def save(self, checked: CheckedImport, then: Callable[[], object]) -> None:
        """Keep an import in the store, then go on."""
        self.context.write(
            imports.save_draft, self.context.actor, checked, self.current or None, done=lambda _draft: then(),
            owner=self._page, title=self._page.tr("保存草稿"), failed=self._failed,
        )  # fmt: skip

    def resume(self, draft_id: str, done: Callable[[Loaded], object]) -> None:
        """Open a draft."""
        store = self.context.store
        self.context.jobs.run(
            lambda: load_draft(store, draft_id), done, self._failed, owner=self._page,
            title=self._page.tr("打开草稿"),
        )  # fmt: skip

    def discard(self, draft: ImportDraft, done: Callable[[], object]) -> None:
        """Throw a draft away, once that is confirmed."""
        text = self._page.tr("删除后不能恢复，“{name}”里改过的内容都会丢失。").format(name=draft.name)
        self.context.prompt.confirm(
            self._page, self._page.tr("删除草稿"), text,
            lambda: self.context.write(imports.delete_draft, draft.id, done=lambda _: done(), owner=self._page),
            danger=True,
        )  # fmt: skip
