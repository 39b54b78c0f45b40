"""The end of an import: faulty rows to a workbook, sound ones into the roster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from models.exchange.writing import write_error_workbook
from models.services import imports
from models.services.imports import CheckedImport, ImportResult
from ui.context import AppContext
from ui.prompt import SPREADSHEETS

Failed = Callable[[Exception], object]


def export_errors(context: AppContext, page: QWidget, checked: CheckedImport, failed: Failed) -> None:
    """Write rows with faults and their reasons to a workbook that can be imported again."""
    title = page.tr("导出错误清单")

    def write(path: Any) -> None:
        done = page.tr("已导出“{name}”。其中有学生信息，请妥善保管，用完删除。").format(name=path.name)
        context.jobs.run(
            lambda: write_error_workbook(path, checked.workbook, checked.findings),
            lambda _: context.toast(done), failed, owner=page, title=title,
        )  # fmt: skip

    name = page.tr("{stem}_错误清单.xlsx").format(stem=checked.workbook.path.stem)
    context.prompt.save_file(page, title, name, SPREADSHEETS, write)


def write_rows(
    context: AppContext, page: QWidget, checked: CheckedImport, draft_id: str, *, confirmed: bool,
    done: Callable[[ImportResult, float], object], failed: Failed,
) -> None:  # fmt: skip
    """Write the sound rows in one transaction; nothing when it fails or is stopped. `done` gets the seconds too.

    The draft of this import goes with it. `confirmed`: many rows may be changed (MassChangeError otherwise).
    """
    store, began = context.store, time.monotonic()

    def work(progress: Any) -> ImportResult:
        result: ImportResult = store.write(imports.apply, store.actor, checked, True, progress, confirmed)
        if draft_id:
            store.write(imports.delete_draft, draft_id)
        return result

    context.jobs.run(
        work, lambda result: done(result, time.monotonic() - began), failed, owner=page, title=page.tr("写入名册"),
        progress=True,
    )  # fmt: skip
