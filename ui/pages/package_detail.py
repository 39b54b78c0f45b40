"""One package in full: its way as a line of steps with the next one enabled, what it holds, what can be done."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from models.domain.ids import check_code
from ui import icons
from ui.kit import (
    EmptyState,
    IconLabel,
    Item,
    SidePanel,
    button,
    clear,
    column,
    frame,
    holder,
    label,
    row,
    rule,
    state_pill,
)
from ui.moments import moment
from ui.pages.evidence_view import size_text
from ui.pages.package_book import KIND_WORDS, Package
from ui.pages.package_steps import Step
from ui.theme import Theme
from ui.tokens import STATE_LOOK


class _Rail(QWidget):
    """Dot and line of a step; the word beside it says the same."""

    def __init__(self, step: Step, last: bool) -> None:
        super().__init__()
        self._step, self._last = step, last
        self.setFixedWidth(28)
        self.setMinimumHeight(46)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Filled for done, ringed for now, hollow for later, red for failed."""
        theme, state = Theme.current(), self._step.state
        tone = {"done": "accent", "now": "accent", "bad": "bad"}.get(state, "control")
        fill = {"done": "accent", "now": "accent_bg", "bad": "bad_bg"}.get(state, "surface")
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._last:
            painter.setPen(QPen(theme.colour("accent" if state == "done" else "line"), 2))
            painter.drawLine(13, 26, 13, self.height())
        painter.setPen(QPen(theme.colour(tone), 1.5))
        painter.setBrush(theme.colour(fill))
        painter.drawEllipse(QPointF(13, 13), 11, 11)
        colour = {"done": "on_accent", "now": "accent", "bad": "bad"}.get(state, "text3")
        painter.drawPixmap(6, 6, icons.pixmap(self._step.icon, colour, 14))
        painter.end()


class PackageDetail(SidePanel):
    """Shows a package. `act` carries deliver, mail, sheet, rewrite, review, finish, returned or refusal."""

    act = Signal(str)

    def __init__(self) -> None:
        super().__init__(318)
        self.carrier = QLineEdit()
        self.carrier.setPlaceholderText(self.tr("送交人（可不填，写入交接单）"))
        self.carrier.setAccessibleName(self.tr("送交人"))
        self.carrier.setMaxLength(30)
        self._buttons = column(spacing=6)
        self._foot = frame("foot", column(self.carrier, self._buttons, margins=(16, 8, 16, 12), spacing=6))
        self.set_foot(self._foot)
        self.show_package(None, may_send=False, may_review=False)

    def show_package(self, package: Package | None, *, may_send: bool, may_review: bool) -> None:
        """Show `package`; `may_send`, `may_review`: what the person's role allows."""
        clear(self._buttons)
        if package is None:
            self.show_parts(EmptyState(self.tr("选中一个数据包，这里显示它走到哪一步。"), icon="package"))
            self._foot.hide()
            return
        r = package.row
        words = self.tr("已处理") if package.is_done_here else STATE_LOOK.get(package.look, ("", "", ""))[2]
        words = package.handed if package.look == "delivered" else words
        tone_word = self.tr("有退回") if package.returned else words
        title = label(str(r["title"]), "h2", wrap=True)
        facts = label(f"{r['file_name']} · {size_text(r['size'])}", "cap", wrap=True, selectable=True)
        items: list[Item] = [title, row(state_pill(package.look, tone_word), None), facts, 4]
        items += [self._step(step, place == len(package.steps) - 1) for place, step in enumerate(package.steps)]
        items += [rule(), label(self.tr("包内内容"), "strong")]
        contents = package.contents or ((KIND_WORDS.get(r["purpose"], r["purpose"]), r["items"]),)
        for words, number in contents:
            items.append(
                row(
                    IconLabel("file-text", "text2", 16),
                    (label(words, wrap=True), 1),
                    label(f"{number:,}", "dim"),
                    spacing=6,
                )
            )
        seal = self.tr("已签名并加密给{who}") if package.out else self.tr("由{who}签名")
        words = seal.format(who=package.partner)
        items.append(row(IconLabel("shield-check", "ok", 16), (label(words, tone="ok", wrap=True), 1), spacing=6))
        copy = button("", "copy", "link", self.tr("复制数据包指纹"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(package.id))
        finger = label(self.tr("指纹 {print}").format(print=check_code(package.id)), "cap", selectable=True)
        finger.setToolTip(self.tr("内容的指纹，收发双方看到的相同，可以在电话里核对"))
        items.append(row(IconLabel("fingerprint", "text3", 16), finger, None, copy, spacing=6))
        items += self._handed(package)
        self.show_parts(*items)
        self._fill(package, may_send, may_review)

    def _step(self, step: Step, last: bool) -> QWidget:
        words = column(
            row(label(step.title, "strong"), None, label(step.side, "cap"), spacing=4),
            label(step.text, "cap" if step.state == "todo" else "dim", wrap=True), margins=(0, 2, 0, 8), spacing=0,
        )  # fmt: skip
        made = holder(row(_Rail(step, last), (words, 1), spacing=8))
        state = {"done": self.tr("已完成"), "now": self.tr("下一步"), "bad": self.tr("有问题")}.get(
            step.state, self.tr("未到")
        )
        made.setAccessibleName(f"{step.title}，{state}，{step.text}")
        return made

    def _handed(self, package: Package) -> list[Item]:
        """When, on what and by whom it was handed over."""
        if not package.deliveries:
            return []
        items: list[Item] = [rule(), label(self.tr("交接记录"), "strong")]
        for one in package.deliveries:
            when = label(moment(one.at), "cap")
            items.append(row((label(one.words, "dim", wrap=True, selectable=True), 1), when, spacing=6))
        return items

    def _fill(self, package: Package, may_send: bool, may_review: bool) -> None:
        state, out = package.row["state"], package.out
        second: list[Item] = []
        main: tuple[str, str, str] | None = None
        self.carrier.hide()
        if out and may_send:
            if state in ("sealed", "delivered"):
                words = self.tr("写入 U 盘或文件夹") if state == "sealed" else self.tr("再次写入")
                main = (words, "device-usb", "deliver")
                split = button(self.tr("拆分成邮件附件"), "arrows-split", on_click=lambda: self.act.emit("mail"))
                second.append(split)
                self.carrier.show()
            if state != "sealed":
                second.append(
                    button(self.tr("交接单"), "printer", tip="Ctrl+P", on_click=lambda: self.act.emit("sheet"))
                )
        if out and package.returned:
            main = (self.tr("查看退回的 {n} 项").format(n=package.returned), "arrow-back-up", "returned")
        if not out and package.row["purpose"] in ("changes", "report"):
            main = self._incoming(package, may_review, second)
        if second:
            self._buttons.addWidget(holder(row(*second, None)))
        if main:
            act = main[2]
            self._buttons.addWidget(button(main[0], main[1], "primary", on_click=lambda: self.act.emit(act)))
        self._foot.setVisible(bool(main or second))

    def _incoming(self, package: Package, may_review: bool, second: list[Item]) -> tuple[str, str, str] | None:
        state = package.row["state"]
        decided = sum(n for s, n in package.states.items() if s != "in_review")
        if state in ("opened", "reviewed"):
            if package.states.get("in_review"):
                if decided and may_review:
                    words = self.tr("先答复已核办的 {n} 项").format(n=decided)
                    second.append(button(words, "receipt", on_click=lambda: self.act.emit("finish")))
                return self.tr("去核办"), "rubber-stamp", "review"
            words = self.tr("生成回执") if package.row["purpose"] == "report" else self.tr("完成核办并生成回执")
            return (words, "receipt", "finish") if may_review else None
        if state == "refused" and may_review:
            return self.tr("生成退包回执"), "receipt", "finish"
        return None
