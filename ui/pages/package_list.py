"""The list of packages and the four figures over it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from models.domain.change_kinds import CHANGE_KIND
from ui.kit import Figure, row
from ui.moments import moment
from ui.pages.package_book import KIND_WORDS, Book, Package, oldest_days
from ui.tables.cell import Cell
from ui.tables.model import TableColumn
from ui.tokens import STATE_LOOK


class PackageFigures(QWidget):
    """What waits to be sealed, handed over, answered, corrected."""

    def __init__(self) -> None:
        super().__init__()
        self._figures = (
            Figure("package", "info", ""), Figure("usb", "wait", ""), Figure("hourglass", "wait", ""),
            Figure("arrow-back-up", "bad", ""),
        )  # fmt: skip
        self.setLayout(row(*((figure, 1) for figure in self._figures), spacing=10))

    def show_book(self, book: Book) -> None:
        """Count what waits, at a school or at a tier above."""
        out = book.outgoing()
        sealed = [p for p in out if p.row["state"] == "sealed"]
        given = [p for p in out if p.row["state"] == "delivered"]
        back = [p for p in out if p.returned]
        kinds = " · ".join(f"{CHANGE_KIND[k].label} {n}" for k, n in book.waiting.kinds.items())
        first, second, third, fourth = self._figures
        if book.upper and not book.superior:
            held = [p for p in book.incoming() if p.row["state"] == "held"]
            reviewed = [
                p for p in book.incoming() if p.row["state"] in ("opened", "reviewed") and not p.states.get("in_review")
            ]
            first.name(self.tr("项待核办")).show_figure(book.to_review)
            third.name(self.tr("包待生成回执")).show_figure(len(reviewed))
            fourth.name(self.tr("包暂存")).show_figure(len(held), self.tr("前面还缺包") if held else "")
        else:
            if book.to_report:
                kinds = " · ".join(text for text in (kinds, self.tr("汇总 {n}").format(n=book.to_report)) if text)
            first.name(self.tr("项待打包")).show_figure(book.waiting.total + book.to_report, kinds)
            third.name(self.tr("包待回执")).show_figure(
                len(given),
                self.tr("最久 {n} 天（通常 4 天）").format(n=oldest_days(given)) if oldest_days(given) else "",
            )
            items = sum(p.returned for p in back)
            fourth.name(self.tr("包有退回")).show_figure(
                len(back), self.tr("{n} 项须补正").format(n=items) if back else ""
            )
        days = oldest_days(sealed)
        since = self.tr("已打包 {n} 天").format(n=days) if days else self.tr("今天打包")
        second.name(self.tr("包待送达")).show_figure(len(sealed), since if sealed else "")


def package_columns() -> tuple[TableColumn, ...]:
    """The columns of the list."""
    return (
        TableColumn("title", _tr("数据包"), 236, lambda p: Cell(p.row["title"], tip=p.row["title"])),
        TableColumn("purpose", _tr("类型"), 84, lambda p: Cell(KIND_WORDS.get(p.row["purpose"], p.row["purpose"]))),
        TableColumn("items", _tr("项数"), 54, lambda p: Cell(f"{p.row['items']:,}", right=True)),
        TableColumn("steps", _tr("进度（5 步）"), 128, _steps),
        TableColumn("state", _tr("状态"), 104, _state),
        TableColumn("at", _tr("最近动作"), 140, lambda p: Cell(_last(p))),
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("PackageList", text)


def _steps(package: Package) -> Cell:
    done, total, failed = package.progress
    return Cell("", steps=(done, total, failed), tip=f"第 {done} 步，共 {total} 步" + ("，有问题" if failed else ""))


def _state(package: Package) -> Cell:
    tone, icon, word = STATE_LOOK.get(package.look, ("mute", "help", str(package.look)))
    if package.returned:
        return Cell("有退回", "bad", "arrow-back-up")
    if package.is_done_here:
        return Cell("已处理", "ok", "circle-check")
    if package.row["purpose"] == "report" and package.look == "opened":
        return Cell("待生成回执", "wait", "receipt")
    special = {"refused": "被拒收", "delivered": package.handed}
    return Cell(special.get(package.look, word), tone, icon)


def _last(package: Package) -> str:
    at = moment(str(package.row["handled_at"]))
    note = package.row["note"]
    return f"{at} · {note}" if note else at
