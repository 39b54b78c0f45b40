"""What leaves an inspection: the disable list, the findings as a file, the record on paper and signed (A12)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QWidget

from models.services.import_apply import MassChangeError
from ui.context import AppContext
from ui.pages.paper_view import print_pdf

if TYPE_CHECKING:
    from models.services.inspection.handling import Listed
    from models.services.inspection.views import InspectionSummary

FILES = "Excel 表格 (*.xlsx);;PDF 文件 (*.pdf)"


def export_findings(parent: QWidget, context: AppContext, one: InspectionSummary) -> None:
    """Ask for a file and write every finding with what is to be done; a name ending in .pdf gives the record."""
    from models.services.inspection import papers

    def write(path: Path) -> None:
        pdf = path.suffix.lower() == ".pdf"
        act: Callable[..., Any] = papers.write_pdf if pdf else papers.write_xlsx
        context.write(
            act, context.actor, one.id, path, done=lambda made: told(path, made), owner=parent,
            title=parent.tr("导出核查结果"),
        )  # fmt: skip

    def told(path: Path, made: Any) -> None:
        words = parent.tr("已导出到 {name}。文件没有加密，请妥善保管，用完删除。").format(name=path.name)
        context.toast(words + getattr(made, "remark", ""))

    context.prompt.save_file(parent, parent.tr("导出"), f"{one.kind_label}{one.number}.xlsx", FILES, write)


def print_record(parent: QWidget, context: AppContext, one: InspectionSummary) -> None:
    """The record as pages, to be printed and signed by hand."""
    from models.services.inspection import papers

    store = context.store

    def make() -> bytes:
        with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            return store.write(papers.write_pdf, store.actor, one.id, Path(folder) / "record.pdf").content

    title = f"{one.kind_label}记录 {one.number}"
    context.jobs.run(
        make, lambda content: print_pdf(parent, context, title, lambda: content), owner=parent,
        title=parent.tr("准备打印"),
    )  # fmt: skip


Wanted = tuple[Sequence[int], bool, str, bool]
"""(positions, whether orders are given, their deadline, whether many accounts were confirmed)."""


def make_list(
    parent: QWidget, context: AppContext, one: InspectionSummary, wanted: Wanted,
    done: Callable[[Listed | MassChangeError], object],
) -> None:  # fmt: skip
    """Put findings on the disable list: own accounts go to the head, orders for units below are signed. `done` gets
    what was made, or MassChangeError when it is so many that they have to be confirmed."""
    from models.services.inspection import handling
    from sync import inspections

    store, (places, orders, due, confirmed) = context.store, wanted

    def own() -> Listed | MassChangeError:
        return _unless_mass(
            lambda: store.write(handling.disable_list, store.actor, one.id, places, confirmed=confirmed)
        )

    def signed(secret: str) -> Listed | MassChangeError:
        return _unless_mass(lambda: inspections.disable(store, secret, one.id, places, due, confirmed=confirmed))

    if not orders:
        context.jobs.run(own, done, owner=parent, title=parent.tr("列入停用清单"))
        return
    words = parent.tr("所辖单位的账户下达停用通知单，期限 {due}；本单位的报主管领导批准。").format(due=due)
    context.with_passphrase(parent, parent.tr("签名并列入"), words, signed, done)


def _unless_mass(act: Callable[[], Listed]) -> Listed | MassChangeError:
    try:
        return act()
    except MassChangeError as error:
        return error


def close_inspection(parent: QWidget, context: AppContext, one: InspectionSummary, done: Callable[[], object]) -> None:
    """Ask for the passphrase, sign the record and close, after a question when something is left to do: after that
    nothing of it changes."""
    from sync import inspections

    store = context.store
    words = parent.tr("对这次{kind}的全部记录签名，以后不能再改动。").format(kind=one.kind_label)
    # done ones are only waiting for the proof, unless they are overdue
    unsettled = sum(one.states[key] for key in ("open", "listed", "objected"))
    left = bool(unsettled or one.overdue)

    def told(_: Any) -> None:
        context.toast(parent.tr("已办结并签名。"))
        done()

    def ask() -> None:
        context.with_passphrase(
            parent, parent.tr("办结并签名"), words,
            lambda secret: inspections.close(store, secret, one.id, open_left=left), told,
        )  # fmt: skip

    if not left:
        ask()
        return
    late = parent.tr("，逾期未停用 {n:,} 项").format(n=one.overdue) if one.overdue else ""
    counted = parent.tr("待处理 {open:,} 项，已列入未完成 {listed:,} 项").format(
        open=one.states["open"] + one.states["objected"], listed=one.states["listed"]
    )
    question = parent.tr("还有问题没有了结（{counted}{late}）。办结后不能再改动，只能重新核查。确定办结吗？")
    context.prompt.confirm(
        parent, parent.tr("办结并签名"), question.format(counted=counted, late=late), ask, danger=True
    )
