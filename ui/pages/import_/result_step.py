"""Fifth step: what was written, and the ways on from here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from models.domain.fields import STUDENTS
from models.services import changes, roster
from models.services.class_sizes import ClassSize, own_overfull
from models.services.imports import ImportResult
from ui.context import AppContext
from ui.kit import Banner, Button, Figure, button, clear, column, holder, label, row

_MOST_CLASSES = 8


class ResultStep(QWidget):
    """Numbers and links; `again` asks for the first step."""

    again = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.result: ImportResult | None = None
        self.first: Button | None = None
        self._body = column(margins=(24, 24, 24, 24))
        self.setLayout(self._body)

    def show_result(self, result: ImportResult, kind: str, seconds: float) -> None:
        """Show the numbers of a finished import."""
        self.result = result
        figures = []
        for icon, tone, words, number in (
            ("circle-plus", "ok", self.tr("新增"), result.new), ("pencil", "info", self.tr("更新"), result.updated),
            ("git-pull-request", "wait", self.tr("变更草稿"), result.drafts),
            ("minus", "mute", self.tr("相同"), result.same), ("circle-x", "bad", self.tr("未写入"), result.skipped),
        ):  # fmt: skip
            figure = Figure(icon, tone, words)
            figure.show_figure(number)
            figures.append(figure)
        sent = bool(result.creation_id and not result.missing)
        title = (
            self.tr("已提交主管领导")
            if sent
            else self.tr("已写入名册")
            if result.batch_id
            else self.tr("没有需要写入的内容")
        )
        notes: list[QWidget] = [*self._crowded(result), *self._going_on(result)]
        notes.append(label(self.tr("用时 {s:.1f} 秒。").format(s=seconds), "cap"))
        links = self._links(result, kind)
        self.first = links[0]
        clear(self._body)
        self._body.addWidget(
            holder(column(label(title, "h2"), row(*figures, None), *notes, row(*links, None), spacing=14))
        )
        self._body.addStretch(1)
        self.first.setFocus()

    def take_focus(self) -> None:
        """The keyboard is on the way most people go on."""
        if self.first is not None:
            self.first.setFocus()

    def _going_on(self, result: ImportResult) -> list[QWidget]:
        """What goes up or to the head: the new rows, and pupils of earlier imports whose baseline never arrived."""
        made: list[QWidget] = []
        if result.baseline_id:
            words = self.tr("新增的学生已作为一批名册基线建成草稿，提交核办后上报主管部门备查。")
            made.append(label(words, "dim", wrap=True))
        if result.creation_id and not result.missing:
            made.append(Banner("ok", self.tr("新账户已作为一批提交主管领导，批准后启用；批准之前可以整批撤销。")))
        elif result.creation_id:
            lacking = "\n".join(result.missing)
            made.append(
                Banner(
                    "warn",
                    self.tr("新账户还是草稿，没有提交。请在“教师账户”的“待批准”里补齐后提交：\n{what}").format(
                        what=lacking
                    ),
                )
            )
        if result.reported:
            words = self.tr("文件中另有 {n} 名以前导入、还没有上报成功的学生，已另建一批名册基线草稿，一并提交。")
            made.append(label(words.format(n=f"{result.reported:,}"), "dim", wrap=True))
        return made

    def _crowded(self, result: ImportResult) -> list[QWidget]:
        """Classes over their size; each opens in the roster with one click."""
        if not result.overfull:
            return []
        lines = list(result.overfull[:_MOST_CLASSES])
        more = len(result.overfull) - len(lines)
        if more > 0:
            lines.append(self.tr("还有 {n} 个班，见“学生名册”上方的“班额”。").format(n=more))
        banner, ways = Banner("warn", "\n".join(lines)), row(spacing=4)

        def show(classes: list[ClassSize]) -> None:
            for one in classes[:_MOST_CLASSES]:
                see = button(self.tr("查看{name}").format(name=one.name), "table", "link")
                see.clicked.connect(partial(self._see_class, one))
                ways.addWidget(see)
            ways.addStretch(1)

        self.context.read(own_overfull, done=show, owner=banner)
        return [banner, holder(ways)]

    def _see_class(self, one: ClassSize, _checked: bool = False) -> None:
        self.context.navigate("roster", class_size=one)

    def _links(self, result: ImportResult, kind: str) -> list[Button]:
        def go(page: str, **arguments: str) -> Callable[[], None]:
            return lambda: self.context.navigate(page, **arguments)

        see = "roster" if kind == STUDENTS else "accounts"
        words = self.tr("查看名册") if kind == STUDENTS else self.tr("查看账户")
        there = {"status": "pending"} if result.creation_id else {}
        links = [button(words, "table", "primary", on_click=go(see, **there))]
        if result.creation_id:
            way = go("changes", change=result.creation_id)
            links.append(button(self.tr("查看申请"), "git-pull-request", on_click=way))
        if result.baseline_id or result.reported_id:
            self.hand_in = button(self.tr("提交基线核办"), "rubber-stamp", on_click=self.submit_baseline)
            links.append(self.hand_in)
        if result.drafts:
            links.append(button(self.tr("补充变更材料"), "git-pull-request", on_click=go("changes", state="draft")))
        if result.batch_id:
            links.append(button(self.tr("撤销这次导入"), "arrow-back-up", on_click=self._ask_undo))
        return [*links, button(self.tr("再导入一个文件"), "file-import", on_click=self.again.emit)]

    def submit_baseline(self) -> None:
        """Hand what goes up to the head, each list as one batch (decision 16)."""
        if self.result is None:
            return
        ids = [one for one in (self.result.baseline_id, self.result.reported_id) if one]

        def submit(session: Any) -> None:
            for change in ids:
                changes.submit(session, self.context.actor, change)

        done = self.tr("基线已提交，等待主管领导核办。")

        def submitted(_none: None) -> None:
            self.hand_in.setEnabled(False)
            self.context.toast(done)

        self.context.write(submit, done=submitted, owner=self)

    def _ask_undo(self) -> None:
        text = self.tr("这次导入写入的内容会全部撤销，名册恢复到导入之前。")
        self.context.prompt.confirm(self, self.tr("撤销这次导入"), text, self._undo, danger=True)

    def _undo(self) -> None:
        assert self.result is not None

        def undone(_count: object) -> None:
            self.again.emit()
            self.context.toast(self.tr("已撤销这次导入。"))

        self.context.write(
            roster.undo_batch, self.context.actor, self.result.batch_id, owner=self, title=self.tr("撤销导入"),
            done=undone,
        )  # fmt: skip
