"""Reading a list off the window's thread: first as the columns seem, then as a person maps them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from ui.context import AppContext
from ui.pages.import_.check_step import CheckStep
from ui.pages.import_.loading import Loaded, Mapping_, Source, load, reload

Done = Callable[[Loaded], object]
Failed = Callable[[Exception], object]


def read_source(
    context: AppContext, page: QWidget, make: Callable[[], Source], kind: str | None, done: Done, failed: Failed
) -> None:
    """Read and check a file or a copied block; `kind` None is told from the titles."""
    store = context.store
    context.jobs.run(
        lambda progress: load(store, make(), kind, None, progress), done, failed, owner=page,
        title=page.tr("读取并检查表格"), progress=True,
    )  # fmt: skip


def read_again(
    context: AppContext, page: QWidget, check: CheckStep, source: Source, mapping: Mapping_, done: Done, failed: Failed
) -> None:
    """Read `source` with other columns; what was typed in the grid stays where its column is still taken over."""
    store, typed, kind = context.store, dict(check.session.typed), check.session.checked.kind
    context.jobs.run(
        lambda progress: reload(store, source, kind, mapping, typed, progress), done, failed, owner=page,
        title=page.tr("按新的对应重新检查"), progress=True,
    )  # fmt: skip
