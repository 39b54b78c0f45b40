"""The end of an import: faulty rows to a workbook, sound ones into the roster."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from models.domain.fields import ACCOUNTS, STUDENTS
from models.exchange.writing import write_error_workbook
from models.services import imports
from models.services.imports import CheckedImport, ImportResult, Outcome
from ui.context import AppContext
from ui.prompt import SPREADSHEETS

Failed = Callable[[Exception], object]


def accounts_to_submit(checked: CheckedImport) -> int:
    """How many new accounts can go to the head as they stand; 0 while something else has to be looked at first."""
    counts = checked.counts
    if checked.kind != ACCOUNTS or counts[Outcome.ERROR] or counts[Outcome.UPDATE] or counts[Outcome.CHANGES]:
        return 0
    plans = ((place, index, plan) for place, rows in enumerate(checked.plans) for index, plan in enumerate(rows))
    created = sum(checked.is_created(place, index) for place, index, plan in plans if plan.outcome is Outcome.NEW)
    return created if created == counts[Outcome.NEW] else 0


def export_errors(context: AppContext, page: QWidget, checked: CheckedImport, failed: Failed) -> None:
    """Write rows with faults and their reasons to a workbook that can be imported again."""
    title = page.tr("导出错误清单")

    def write(path: Any) -> None:
        whose = page.tr("学生") if checked.kind == STUDENTS else page.tr("教师")
        said = page.tr("已导出“{name}”。其中有{whose}信息，请妥善保管，用完删除。")
        done = said.format(name=path.name, whose=whose)
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
