"""What a list gives away: a spreadsheet, or paper by way of a preview."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from models.domain.fields import FIELDS_OF, STUDENTS
from ui.context import AppContext
from ui.pages.listing_columns import shown_value

if TYPE_CHECKING:
    from models.domain.progress import Progress
    from models.store.store import Session

WORKBOOK = "Excel 表格 (*.xlsx)"
CHUNK = 500


def _records(session: Session, kind: str, ids: Sequence[str]) -> list[dict[str, str]]:
    from models.services import roster

    return [
        found.values
        for start in range(0, len(ids), CHUNK)
        for found in roster.page(session, kind, ids[start : start + CHUNK])
    ]


def export(parent: QWidget, context: AppContext, kind: str, ids: Sequence[str], keys: Sequence[str], name: str) -> None:
    """Ask for a file and write the rows with these fields; numbers stay text, formulas are defused."""
    from models.services import exports

    store, actor, fields = context.store, context.actor, [key for key in keys if key in _keys_of(kind)]

    def write(path: Path) -> None:
        def work(progress: Progress) -> int:
            return store.write(exports.to_workbook, actor, kind, path, progress, ids=list(ids), keys=fields)

        tell = partial(_tell, parent, context, path)
        context.jobs.run(work, tell, owner=parent, title=parent.tr("导出"), progress=True)

    context.prompt.save_file(parent, parent.tr("导出"), f"{name}.xlsx", WORKBOOK, write)


def _keys_of(kind: str) -> frozenset[str]:
    return frozenset(field.key for field in FIELDS_OF[kind])


def _tell(parent: QWidget, context: AppContext, path: Path, number: int) -> None:
    text = parent.tr("已导出 {n:,} 人到 {name}。文件没有加密，请妥善保管，用完删除。")
    context.toast(text.format(n=number, name=path.name), None)


def print_list(
    parent: QWidget, context: AppContext, kind: str, ids: Sequence[str], keys: Sequence[str], name: str
) -> None:
    """Show the rows with these fields as pages; numbers stay masked."""
    fields = [field for key in keys for field in FIELDS_OF[kind] if field.key == key]

    def show(records: list[dict[str, str]]) -> None:
        from ui.printing import preview, table_html

        lines = ([str(place), *(shown_value(field, record[field.key]) for field in fields)] for place, record in
                 enumerate(records, start=1))  # fmt: skip
        sub = f"{context.actor.unit.name}　{len(records):,} {'人' if kind == STUDENTS else '个账户'}"
        preview(
            parent, name, table_html(name, sub, ["序号", *(field.label for field in fields)], lines), landscape=True
        )

    context.read(_records, kind, list(ids), done=show, owner=parent)
